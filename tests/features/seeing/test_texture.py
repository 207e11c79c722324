"""seeing/texture: equal to scikit-image where both measure the same, and pictures whose texture is known."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage.feature import graycomatrix, graycoprops, local_binary_pattern

from tests.contracts.extractor import ExtractorContract, Make
from tests.worlds.clips import HEIGHT, WIDTH, Picture, write_clip
from triptych.catalogue.records import Item
from triptych.errors import UsageError
from triptych.features.extractor import Extractor, Showing
from triptych.features.feature import Feature, Presence
from triptych.features.pooling import EACH
from triptych.features.seeing import texture
from triptych.features.seeing.texture import HARALICK, PATTERNS, PERCENTILES, Texture
from triptych.media.loader import open_reel
from triptych.media.probe import PictureFacts, Probe
from triptych.media.reel import Frames, Reel
from triptych.media.sampling import TWO_PASS, Sampling

NAMES = Texture(pooling=EACH).columns()
RNG = np.random.default_rng(0)
NOISE = RNG.integers(0, 256, (60, 80), np.uint8)
SMOOTH = cv2.resize(RNG.integers(0, 256, (6, 8), np.uint8), (80, 60), interpolation=cv2.INTER_CUBIC)
STEPS = SMOOTH // 40 * 40  # with plain surfaces between the edges
PICTURES = {"noise": NOISE, "smooth": SMOOTH, "steps": STEPS, "plain": np.full_like(NOISE, 90)}


class TestTexture(ExtractorContract):
    @pytest.fixture(scope="class")
    @classmethod
    def make(cls) -> Make:
        return Texture

    @pytest.fixture(scope="class")
    @classmethod
    def changed(cls) -> Extractor | None:
        return Texture(levels=16)


def feature(frames: np.ndarray, extractor: Texture | None = None) -> Feature:
    height, width = frames.shape[1:3]
    facts = PictureFacts(
        codec="raw", width_px=width, height_px=height, rate_fps=8, pixel_aspect=1, pixel_format="rgb24", transfer=""
    )
    probe = Probe(container="raw", declared_s=None, duration_s=len(frames) / 8, picture=facts, sounds=())
    reel = Reel(name="x", probe=probe, frames={TWO_PASS: Frames(rgb=frames, times_s=np.arange(len(frames)) / 8)})
    [found] = (extractor or Texture()).extract([Showing(item=Item(item_id="x"), reel=reel)])
    return found


def row(grey: np.ndarray) -> np.ndarray:
    """What is measured of one picture of luma ``[height, width]``."""
    values = feature(grey.astype(np.uint8)[None, ..., None].repeat(3, axis=3), Texture(pooling=EACH)).values
    assert values is not None
    return values[0]


def measured(grey: np.ndarray) -> dict[str, float]:
    return dict(zip(NAMES, row(grey).tolist(), strict=True))


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
@pytest.mark.parametrize("levels", [8, 32])
def test_the_co_occurrences_and_what_is_read_from_them_equal_those_of_scikit_image(
    picture: np.ndarray, levels: int
) -> None:
    angles = [0, np.pi / 4, np.pi / 2, 3 * np.pi / 4]
    theirs = graycomatrix(picture // (256 // levels), [1], angles, levels, symmetric=True, normed=True)
    ours = texture.cooccurring(picture[None], levels)
    np.testing.assert_allclose(ours[0], theirs[:, :, 0].transpose(2, 0, 1), atol=1e-15)
    found = dict(zip(HARALICK, texture.haralick(ours)[0].T, strict=True))
    for name in ("energy", "contrast", "dissimilarity", "homogeneity", "correlation", "entropy"):
        np.testing.assert_allclose(found[name], graycoprops(theirs, name)[0], rtol=1e-9, atol=1e-9, err_msg=name)


def test_the_other_measures_are_those_of_haralick() -> None:
    """By loops over i and j, as in Haralick et al. 1973, for one direction."""
    levels = 8
    joint = texture.cooccurring(SMOOTH[None], levels)
    p = joint[0, 1]
    by_sum, by_difference, apart = np.zeros(2 * levels - 1), np.zeros(levels), np.zeros_like(p)
    alone = p.sum(axis=0)
    for i in range(levels):
        for j in range(levels):
            by_sum[i + j] += p[i, j]
            by_difference[abs(i - j)] += p[i, j]
            apart[i, j] = alone[i] * alone[j]

    def entropy(q: np.ndarray) -> float:
        return -float(sum(value * np.log(value) for value in q.ravel() if value > 0))

    steps = np.arange(levels)
    expected = {
        "sum_entropy": entropy(by_sum),
        "difference_entropy": entropy(by_difference),
        "difference_variance": float(by_difference @ steps**2 - (by_difference @ steps) ** 2),
        "information": np.sqrt(1 - np.exp(-2 * (entropy(apart) - entropy(p)))),
        "peak": p.max(),
    }
    found = dict(zip(HARALICK, texture.haralick(joint)[0, 1].tolist(), strict=True))
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
def test_the_binary_patterns_equal_those_of_scikit_image(picture: np.ndarray) -> None:
    codes = local_binary_pattern(picture, 8, 1, "default")[1:-1, 1:-1]
    same = texture.local_binary_patterns(picture) == codes
    # Weights in whole numbers tell a near tie otherwise, where neighbours differ by a hundred levels: one in 20,000.
    assert same.mean() > 0.999 if picture is NOISE else same.all()


def test_the_kinds_of_patterns_are_the_rotation_invariant_uniform_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texture, "TOLERANCE", 0)
    for picture in PICTURES.values():
        kinds = local_binary_pattern(picture, 8, 1, "uniform")[1:-1, 1:-1].astype(int)
        expected = np.bincount(kinds.ravel(), minlength=PATTERNS) / kinds.size
        np.testing.assert_allclose(texture.patterns(picture[None])[0], expected, atol=1e-3)


def test_a_neighbour_within_the_tolerance_is_as_light() -> None:
    picture = np.full((3, 3), 100, np.uint8)
    picture[1, 2] = 97
    assert texture.local_binary_patterns(picture)[0, 0] & 1 == 0
    assert texture.local_binary_patterns(picture, tolerance=2)[0, 0] & 1 == 0
    assert texture.local_binary_patterns(picture, tolerance=3)[0, 0] & 1 == 1


@pytest.mark.parametrize("picture", [NOISE, SMOOTH], ids=["noise", "smooth"])
def test_the_gradients_are_those_of_sobel(picture: np.ndarray) -> None:
    wide = picture.astype(np.float64)
    x, y = (cv2.Sobel(wide, cv2.CV_64F, *way) / 8 for way in ((1, 0), (0, 1)))
    steep = np.hypot(x, y)
    angle = np.arctan2(y, x)
    found = texture.gradients(picture[None])[0]
    percentiles = np.percentile(np.minimum(steep, texture.STEEPEST), PERCENTILES)
    np.testing.assert_allclose(found[:2], [steep.mean(), steep.std()], rtol=1e-5)
    np.testing.assert_allclose(found[2:-2], percentiles, atol=texture.STEEPEST / 255)
    turned = [(steep * np.cos(k * angle)).sum() / steep.sum() for k in (2, 4)]
    np.testing.assert_allclose(found[-2:], turned, atol=1e-5)


@pytest.mark.parametrize("level", [0, 90, 255])
def test_a_plain_picture_has_no_texture(level: int) -> None:
    expected = dict.fromkeys(NAMES, 0.0)
    expected |= dict.fromkeys(("energy", "homogeneity", "correlation", "peak", "pattern_8"), 1.0)
    found = measured(np.full((90, 160), level))
    # Of a gradient that is nowhere, the direction is neither: cos 4θ counts as −1.
    assert found.pop("straight") == pytest.approx(-1)
    del expected["straight"]
    assert found == pytest.approx(expected, abs=1e-6)


def test_a_checkerboard_of_pixels_is_the_reverse_across_and_the_same_aslant() -> None:
    board = (np.indices((20, 30)).sum(axis=0) % 2 * 255).astype(np.uint8)
    found = dict(zip(HARALICK, texture.haralick(texture.cooccurring(board[None], 8))[0].T.tolist(), strict=True))
    assert found["correlation"] == pytest.approx([-1, 1, -1, 1], abs=0.01)
    assert found["contrast"] == pytest.approx([49, 0, 49, 0])
    assert found["entropy"] == pytest.approx([np.log(2)] * 4, abs=0.01)


def stripes(across: float, down: float, *, period_px: float = 20) -> np.ndarray:
    y, x = np.indices((160, 240))
    return 128 + 80 * np.sin(2 * np.pi * (across * x + down * y) / period_px)


def test_the_direction_of_stripes() -> None:
    upright, level, slanted = (measured(stripes(*way)) for way in ((1, 0), (0, 1), (0.7, 0.7)))
    assert [found["upright"] for found in (upright, level, slanted)] == pytest.approx([1, -1, 0], abs=0.05)
    assert [found["straight"] for found in (upright, level, slanted)] == pytest.approx([1, 1, -1], abs=0.1)
    assert upright["contrast"] == pytest.approx(level["contrast"], rel=0.05)
    assert upright["contrast_range"] > 3 * measured(NOISE.repeat(3, axis=0).repeat(3, axis=1))["contrast_range"]


def test_where_the_picture_lies_in_memory_does_not_change_a_bit() -> None:
    """Kernels that treat aligned and other elements apart may round them apart."""
    film = np.stack([scenery(k) for k in range(3)])[:, :90, :141]
    first = texture.textures(np.ascontiguousarray(film), 32)
    for shift in range(1, 40, 3):
        room = np.zeros(film.size + 64, np.uint8)
        moved = room[shift : shift + film.size].reshape(film.shape)
        moved[:] = film
        assert texture.textures(moved, 32).tobytes() == first.tobytes()


def test_finer_stripes_are_steeper() -> None:
    coarse, fine = (measured(stripes(1, 0, period_px=period)) for period in (80, 40))
    assert fine["steepness"] == pytest.approx(2 * coarse["steepness"], rel=0.1)
    assert fine["correlation"] < coarse["correlation"]


def scenery(seed: int, *, cell_px: int = 16, high: int = 150) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(40, high, (240 // cell_px, 320 // cell_px), np.uint8)
    return cv2.resize(coarse, (320, 240), interpolation=cv2.INTER_CUBIC)


def distance(a: np.ndarray, b: np.ndarray) -> float:
    """As shares of what the entries come to, so that none outweighs the others."""
    return float(np.linalg.norm((a - b) / (np.abs(a) + np.abs(b) + 0.1)))


@pytest.mark.parametrize("cell_px", [8, 16, 40])
def test_neither_mirroring_nor_more_light_is_another_texture(cell_px: int) -> None:
    picture = scenery(1, cell_px=cell_px)
    here = row(picture)
    other = min(distance(here, row(scenery(2, cell_px=other_px))) for other_px in (8, 16, 40) if other_px != cell_px)
    assert distance(here, row(picture[:, ::-1])) < 0.1 * other
    assert distance(here, row((picture * 1.2).round())) < 0.1 * other
    assert distance(here, row(picture // 2 + 60)) < 0.15 * other  # and neither is less contrast
    assert distance(here, row(scenery(3, cell_px=cell_px))) < 0.5 * other  # the same, elsewhere


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (2, 3), (160, 90)])
def test_tiny_and_portrait_pictures_are_measured(size: tuple[int, int]) -> None:
    values = feature(np.random.default_rng(0).integers(0, 256, (2, *size, 3), np.uint8)).values
    assert values is not None
    assert np.isfinite(values).all()


def test_a_clip_without_a_picture_of_the_film_is_missing() -> None:
    assert feature(np.zeros((0, 1, 1, 3), np.uint8)).presence is Presence.MISSING


@pytest.mark.parametrize("levels", [0, 1, 12, 128])
def test_levels_that_cannot_be(levels: int) -> None:
    with pytest.raises(UsageError, match="2, 4, 8"):
        Texture(levels=levels)


def test_the_recipe_tells_what_counts() -> None:
    extractors = (Texture(), Texture(levels=16), Texture(short_side_px=64), Texture(sampling=Sampling(count=60)))
    assert len({extractor.recipe.hash for extractor in extractors}) == 4


def surface(seed: int, cell_px: int) -> Picture:
    coarse = np.random.default_rng(seed).integers(40, 200, (-(-HEIGHT // cell_px), -(-WIDTH // cell_px)), np.uint8)
    whole = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)[..., None].repeat(3, axis=2)
    return lambda at_s: np.roll(whole, round(at_s * 10), axis=1)


def test_a_re_encoding_moves_a_clip_less_than_another_clip_is_away(tmp_path: Path) -> None:
    """Another codec, another rate, another size; the others are of coarser and of finer surfaces."""
    again = [
        {"suffix": ".webm", "codec": "libvpx", "crf": 12},
        {"suffix": ".mp4", "crf": 30},
        {"suffix": ".mp4", "crf": 24, "scale": 2.0},
    ]

    def of(path: Path) -> np.ndarray:
        reel = open_reel(path, Texture().needs.want, threads=1)
        [found] = Texture().extract([Showing(item=Item(item_id="x"), reel=reel)])
        assert found.values is not None
        return found.values

    first, second = [], []
    for k, cell_px in enumerate((6, 8, 11, 16, 22, 32)):
        look, options = surface(k, cell_px), dict(again[k % len(again)])
        first.append(of(write_clip(tmp_path / f"{k}.mp4", picture=look, seconds=3)))
        path = tmp_path / f"{k}-again{options.pop('suffix')}"
        second.append(of(write_clip(path, picture=look, seconds=3, **options)))  # type: ignore[arg-type]
    away = np.array([[distance(a, b) for b in first] for a in second])
    others = np.where(np.eye(len(away), dtype=bool), np.inf, away)
    assert (away.diagonal() < 0.7 * others.min(axis=1)).all()
