"""seeing/composition: pictures whose layout is known, and what must not move it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.contracts.extractor import ExtractorContract, Make
from tests.worlds.clips import scene, write_clip
from triptych.catalogue.records import Item
from triptych.errors import UsageError
from triptych.features.extractor import Extractor, Showing
from triptych.features.feature import Feature, Presence
from triptych.features.pooling import EACH
from triptych.features.seeing.composition import Composition, laid_out
from triptych.features.seeing.film import scaled, window
from triptych.media.loader import open_reel
from triptych.media.probe import PictureFacts, Probe
from triptych.media.reel import Frames, Reel
from triptych.media.sampling import TWO_PASS, Sampling

NAMES = Composition(pooling=EACH).columns()
HEIGHT, WIDTH = 90, 160


class TestComposition(ExtractorContract):
    @pytest.fixture(scope="class")
    @classmethod
    def make(cls) -> Make:
        return Composition

    @pytest.fixture(scope="class")
    @classmethod
    def changed(cls) -> Extractor | None:
        return Composition(short_side_px=56)


def feature(frames: np.ndarray, extractor: Composition | None = None) -> Feature:
    height, width = frames.shape[1:3]
    facts = PictureFacts(
        codec="raw",
        width_px=width,
        height_px=height,
        rate_fps=8,
        pixel_aspect=1,
        pixel_format="rgb24",
        transfer="",
    )
    probe = Probe(container="raw", declared_s=None, duration_s=len(frames) / 8, picture=facts, sounds=())
    reel = Reel(name="x", probe=probe, frames={TWO_PASS: Frames(rgb=frames, times_s=np.arange(len(frames)) / 8)})
    [found] = (extractor or Composition()).extract([Showing(item=Item(item_id="x"), reel=reel)])
    return found


def measured(grey: np.ndarray) -> dict[str, float]:
    """What is measured of one picture of luma ``[height, width]``."""
    values = feature(grey.astype(np.uint8)[None, ..., None].repeat(3, axis=3), Composition(pooling=EACH)).values
    assert values is not None
    return dict(zip(NAMES, values[0].tolist(), strict=True))


def plain(level: int = 100) -> np.ndarray:
    return np.full((HEIGHT, WIDTH), level, np.uint8)


def scenery(seed: int = 0, *, high: int = 200) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(30, high, (9, 16), np.uint8)
    return cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)


def film(seed: int = 0) -> np.ndarray:
    return np.stack([scenery(seed * 100 + k) for k in range(5)])[..., None].repeat(3, axis=3)


@pytest.mark.parametrize("level", [0, 1, 20, 128, 255])
def test_a_flat_picture_has_a_brightness_and_is_symmetric_and_nothing_else(level: int) -> None:
    expected = dict.fromkeys(NAMES, 0.0) | {"brightness": level / 255, "symmetry_across": 1, "symmetry_down": 1}
    assert measured(plain(level)) == pytest.approx(expected, abs=1e-6)


def test_half_dark_and_half_light() -> None:
    picture = plain(40)
    picture[:, WIDTH // 2 :] = 200
    found = measured(picture)
    assert found["brightness"] == pytest.approx(120 / 255, abs=1e-3)
    assert found["contrast"] == pytest.approx(80 / 255, abs=1e-3)
    assert found["symmetry_across"] == pytest.approx(-1, abs=0.01)
    assert found["symmetry_down"] == pytest.approx(1, abs=1e-6)
    for side, more in (("left", -80), ("right", 80)):
        assert found[f"light_top_{side}"] == pytest.approx(more / 121, abs=1e-3)
        assert found[f"light_bottom_{side}"] == pytest.approx(more / 121, abs=1e-3)
        assert found[f"detail_top_{side}"] < -0.5  # the edge runs through the middle
    assert found["centre_across"] == pytest.approx(0, abs=1e-3)
    assert found["reach_across"] < 0.05
    assert found["reach_down"] == pytest.approx(1 / np.sqrt(3), abs=0.01)  # an even line from top to bottom
    assert found["edges"] == pytest.approx(1 / 142, rel=0.5)  # one pixel of a row of 142


@pytest.mark.parametrize("row", [0, 1])
@pytest.mark.parametrize("column", [0, 1])
def test_something_at_a_point_of_thirds_is_found_there(row: int, column: int) -> None:
    picture = plain(60)
    y, x = round(HEIGHT * (row + 1) / 3), round(WIDTH * (column + 1) / 3)
    picture[y - 5 : y + 5, x - 5 : x + 5] = 255
    found = measured(picture)
    there = ("top", "bottom")[row] + "_" + ("left", "right")[column]
    for what in ("light", "detail"):
        of_all = {name: value for name, value in found.items() if name.startswith(what)}
        assert max(of_all, key=lambda name: of_all[name]) == f"{what}_{there}"
        assert of_all.pop(f"{what}_{there}") > 0.5
        assert max(of_all.values()) < 0.05
    assert found["centre_across"] == pytest.approx((-1 / 3, 1 / 3)[column], abs=0.03)
    assert found["centre_down"] == pytest.approx((-1 / 3, 1 / 3)[row], abs=0.03)


def test_mirroring_exchanges_left_and_right_and_leaves_the_rest() -> None:
    picture = scenery(3)
    before = measured(picture)
    for mirrored, sides, turned in (
        (picture[:, ::-1], ("left", "right"), "centre_across"),
        (picture[::-1], ("top", "bottom"), "centre_down"),
    ):
        after = measured(mirrored)
        swap = {sides[0]: sides[1], sides[1]: sides[0]}
        for name, value in after.items():
            twin = "_".join(swap.get(word, word) for word in name.split("_"))
            # The half-pixels of scaling lie on the other side.
            assert value == pytest.approx(before[twin] * (-1 if name == turned else 1), abs=0.02), name


def test_a_fifth_more_light_moves_brightness_and_contrast_and_not_the_layout() -> None:
    picture = scenery(4, high=150)
    before, after = measured(picture), measured((picture * 1.2).round())
    assert after["brightness"] == pytest.approx(1.2 * before["brightness"], rel=0.01)
    assert after["contrast"] == pytest.approx(1.2 * before["contrast"], rel=0.02)
    for name in NAMES:
        if name.split("_")[0] in ("light", "detail", "symmetry", "centre", "reach"):
            assert after[name] == pytest.approx(before[name], abs=0.03), name


def test_where_the_picture_lies_in_memory_does_not_change_a_bit() -> None:
    """Kernels that treat aligned and other elements apart may round them apart."""
    grey = np.stack([scenery(k) for k in range(3)])[:, :, :141]
    first = laid_out(np.ascontiguousarray(grey))
    for shift in range(1, 40, 3):
        room = np.zeros(grey.size + 64, np.uint8)
        moved = room[shift : shift + grey.size].reshape(grey.shape)
        moved[:] = grey
        assert laid_out(moved).tobytes() == first.tobytes()


def test_a_blurred_picture_is_less_sharp_and_has_fewer_edges() -> None:
    rng = np.random.default_rng(5)
    blocks = rng.integers(0, 2, (18, 32)).repeat(5, axis=0).repeat(5, axis=1) * 200
    sharp = blocks.astype(np.uint8)
    soft = cv2.GaussianBlur(sharp, (0, 0), 4)
    assert measured(soft)["sharpness"] < measured(sharp)["sharpness"] - 0.5
    assert measured(soft)["edges"] < measured(sharp)["edges"]


def test_a_checkerboard_is_symmetric_if_its_squares_are_even_in_number_and_the_reverse_if_odd() -> None:
    board = (np.indices((6, 8)).sum(axis=0) % 2 * 200).repeat(20, axis=0).repeat(20, axis=1)
    found = measured(board)
    assert found["symmetry_across"] == pytest.approx(-1, abs=0.01)
    assert found["symmetry_down"] == pytest.approx(-1, abs=0.01)
    found = measured(board[:100, :140])
    assert found["symmetry_across"] == pytest.approx(1, abs=0.01)
    assert found["symmetry_down"] == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("bars", [((20, 20), (0, 0)), ((0, 0), (35, 35)), ((30, 10), (0, 0))])
def test_black_bars_are_no_part_of_the_picture(bars: tuple[tuple[int, int], tuple[int, int]]) -> None:
    frames = film(1).repeat(2, axis=1).repeat(2, axis=2)
    barred = np.pad(frames, ((0, 0), *bars, (0, 0)), constant_values=14)
    without, with_bars = feature(frames).values, feature(barred).values
    assert without is not None
    assert with_bars is not None
    np.testing.assert_allclose(with_bars, without, atol=0.06)
    other = feature(film(2).repeat(2, axis=1).repeat(2, axis=2)).values
    assert other is not None
    assert np.linalg.norm(with_bars - without) < 0.2 * np.linalg.norm(other - without)


def test_bars_are_what_is_black_in_every_picture() -> None:
    grey = np.full((3, 40, 60), 120, np.uint8)
    assert window(grey) == (slice(0, 40), slice(0, 60))
    grey[:2, :10] = 0  # one picture has a sky
    assert window(grey) == (slice(0, 40), slice(0, 60))
    grey[:, :10] = 0
    assert window(grey) == (slice(12, 40), slice(0, 60))  # less two rows that scaling may have blurred
    grey[:] = 5
    assert window(grey) == (slice(0, 40), slice(0, 60))  # all of it is black: it is the picture


@pytest.mark.parametrize("size", [(224, 398), (224, 399), (398, 224), (167, 398), (80, 80), (30, 50), (1, 1), (1, 9)])
def test_pictures_of_any_size_are_measured_at_one(size: tuple[int, int]) -> None:
    small = scaled(np.full((2, *size), 77, np.uint8), 80)
    assert min(small.shape[1:]) == 80
    assert max(small.shape[1:]) <= 320
    assert (small == 77).all()
    if min(size) > 30:
        assert small.shape[1] / small.shape[2] == pytest.approx(size[0] / size[1], rel=0.01)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (2, 3), (160, 90)])
def test_tiny_and_portrait_pictures_are_measured(size: tuple[int, int]) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (2, *size, 3), np.uint8)
    values = feature(frames).values
    assert values is not None
    assert np.isfinite(values).all()


def test_a_clip_without_a_picture_of_the_film_is_missing() -> None:
    found = feature(np.zeros((0, 1, 1, 3), np.uint8))
    assert found.presence is Presence.MISSING


def test_what_cannot_be() -> None:
    with pytest.raises(UsageError, match="at least 12"):
        Composition(short_side_px=11)


def test_the_recipe_tells_what_counts() -> None:
    extractors = (Composition(), Composition(short_side_px=64), Composition(pooling=EACH))
    extractors += (Composition(sampling=Sampling(count=60)),)
    assert len({extractor.recipe.hash for extractor in extractors}) == 4


def test_a_re_encoding_moves_a_clip_less_than_another_clip_is_away(tmp_path: Path) -> None:
    again = [
        {"suffix": ".webm", "codec": "libvpx", "crf": 12},
        {"suffix": ".mp4", "crf": 34},
        {"suffix": ".mp4", "crf": 24, "scale": 2.0},
    ]

    def of(path: Path) -> np.ndarray:
        [found] = Composition().extract([Showing(item=Item(item_id="x"), reel=open_reel(path, WANT, threads=1))])
        assert found.values is not None
        return found.values

    first, second = [], []
    for k in range(6):
        look, options = scene((120 + 6 * k, 110, 100), seed=k, contrast=0.3 + 0.05 * k), dict(again[k % len(again)])
        first.append(of(write_clip(tmp_path / f"{k}.mp4", picture=look, seconds=3)))
        path = tmp_path / f"{k}-again{options.pop('suffix')}"
        second.append(of(write_clip(path, picture=look, seconds=3, **options)))  # type: ignore[arg-type]
    away = np.linalg.norm(np.stack(second)[:, None] - np.stack(first)[None], axis=2)
    others = np.where(np.eye(len(away), dtype=bool), np.inf, away)
    assert (away.diagonal() < 0.7 * others.min(axis=1)).all()


WANT = Composition().needs.want
