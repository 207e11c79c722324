"""seeing/palette: films of known colours, and the same film a little otherwise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from skimage.color import rgb2lab

from tests.contracts.extractor import ExtractorContract, Make
from tests.worlds.clips import scene, write_clip
from triptych.catalogue.records import Item
from triptych.errors import UsageError
from triptych.features.extractor import Extractor, Showing
from triptych.features.feature import Feature, Presence
from triptych.features.seeing.palette import Palette
from triptych.media.loader import open_reel
from triptych.media.probe import PictureFacts, Probe
from triptych.media.reel import Frames, Reel
from triptych.media.sampling import TWO_PASS, Sampling


class TestPalette(ExtractorContract):
    @pytest.fixture(scope="class")
    @classmethod
    def make(cls) -> Make:
        return Palette

    @pytest.fixture(scope="class")
    @classmethod
    def changed(cls) -> Extractor | None:
        return Palette(count=3)


def feature(frames: np.ndarray, extractor: Palette | None = None) -> Feature:
    height, width = frames.shape[1:3]
    facts = PictureFacts(
        codec="raw", width_px=width, height_px=height, rate_fps=8, pixel_aspect=1, pixel_format="rgb24", transfer=""
    )
    probe = Probe(container="raw", declared_s=None, duration_s=len(frames) / 8, picture=facts, sounds=())
    times_s = np.arange(len(frames)) / 8
    reel = Reel(name="x", probe=probe, frames={TWO_PASS: Frames(rgb=np.ascontiguousarray(frames), times_s=times_s)})
    [found] = (extractor or Palette()).extract([Showing(item=Item(item_id="x"), reel=reel)])
    return found


def colours(frames: np.ndarray, extractor: Palette | None = None) -> np.ndarray:
    """``[count, 4]``: L*, a*, b* over 100, share."""
    values = feature(frames, extractor).values
    assert values is not None
    return values.reshape(-1, 4)


def lab(*rgb: int) -> np.ndarray:
    return rgb2lab(np.array([[rgb]], np.uint8))[0, 0] / 100


def painted(*parts: tuple[tuple[int, int, int], int]) -> np.ndarray:
    """Three pictures of 48 × 100, of upright stripes so many pixels wide."""
    stripe = np.concatenate([np.tile(np.array(rgb, np.uint8), (width, 1)) for rgb, width in parts])
    return np.broadcast_to(stripe, (3, 48, len(stripe), 3))


def film(seed: int = 0, *, high: int = 256, count: int = 6) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(30, high, (count, 8, 12, 3), np.uint8).repeat(8, axis=1).repeat(8, axis=2)


RED, GREEN, BLUE, GREY = (200, 30, 30), (40, 160, 60), (40, 60, 190), (128, 128, 128)


def test_the_colours_and_their_shares_are_found() -> None:
    found = colours(painted((BLUE, 50), (RED, 30), (GREEN, 20)), Palette(count=3))
    for rgb, share in ((BLUE, 0.5), (RED, 0.3), (GREEN, 0.2)):
        nearest = found[np.linalg.norm(found[:, :3] - lab(*rgb), axis=1).argmin()]
        np.testing.assert_allclose(nearest[:3], lab(*rgb), atol=0.005)
        assert nearest[3] == pytest.approx(share, abs=0.021)  # 48 of 100 columns are looked at


def test_a_film_of_one_colour_is_of_that_colour() -> None:
    for rgb in (RED, GREY, (0, 0, 0), (255, 255, 255)):
        found = colours(painted((rgb, 60)))
        np.testing.assert_allclose(found[:, :3], np.tile(lab(*rgb), (5, 1)), atol=1e-3)
        assert found[:, 3].sum() == pytest.approx(1, abs=1e-5)


def test_the_shares_are_of_all() -> None:
    for seed in range(4):
        found = colours(film(seed))
        assert found[:, 3].sum() == pytest.approx(1, abs=1e-5)
        assert (found[:, 3] > 0.02).all()


def test_mirrored_and_shuffled_pictures_have_the_same_palette_bit_for_bit() -> None:
    for frames in (film(), film().repeat(3, axis=2)[:, :, 1:]):
        here = colours(frames).tobytes()
        assert colours(frames[:, :, ::-1]).tobytes() == here
        assert colours(frames[:, ::-1]).tobytes() == here
        assert colours(frames[[3, 1, 5, 0, 2, 4]]).tobytes() == here


def test_a_fifth_more_light_is_lighter_and_of_the_same_hues() -> None:
    frames = painted((RED, 40), (GREEN, 30), (BLUE, 30))
    before, after = colours(frames, Palette(count=3)), colours((frames * 1.2).astype(np.uint8), Palette(count=3))
    assert (after[:, 0] > before[:, 0] + 0.03).all()
    np.testing.assert_allclose(after[:, 3], before[:, 3], atol=0.01)
    hues = [np.degrees(np.arctan2(found[:, 2], found[:, 1])) for found in (before, after)]
    np.testing.assert_allclose(hues[1], hues[0], atol=4)


def test_two_colours_that_change_places_in_share_do_not_change_places_in_the_vector() -> None:
    more, less = painted((RED, 51), (GREEN, 49)), painted((RED, 49), (GREEN, 51))
    assert np.abs(colours(more) - colours(less)).max() < 0.06
    other = painted((RED, 51), (BLUE, 49))
    assert np.abs(colours(more) - colours(other)).max() > 0.5


def test_two_colours_that_change_places_in_lightness_do_not_change_places_in_the_vector() -> None:
    """Red and blue of nearly one lightness, in a film that has a darker and a lighter colour too."""
    dark, light = (20, 20, 20), (230, 230, 230)
    one = painted((dark, 20), ((190, 40, 40), 30), ((60, 80, 180), 30), (light, 20))
    two = painted((dark, 20), ((186, 36, 36), 30), ((66, 86, 186), 30), (light, 20))
    assert np.abs(colours(one) - colours(two)).max() < 0.12


def test_black_bars_are_no_colour_of_the_film() -> None:
    frames = film()
    barred = np.pad(frames, ((0, 0), (15, 15), (0, 0), (0, 0)))
    np.testing.assert_allclose(colours(barred), colours(frames), atol=0.08)
    assert (colours(barred)[:, 0] > 0.1).all()


def test_each_part_has_a_palette_of_its_own() -> None:
    frames = np.concatenate([painted((RED, 60)), painted((BLUE, 60))])
    found = feature(frames, Palette(count=2, parts=2))
    assert found.values is not None
    assert found.times_s is not None
    np.testing.assert_allclose(found.times_s, [6 / 32, 18 / 32])
    np.testing.assert_allclose(found.values[0].reshape(2, 4)[:, :3], [lab(*RED)] * 2, atol=0.005)
    np.testing.assert_allclose(found.values[1].reshape(2, 4)[:, :3], [lab(*BLUE)] * 2, atol=0.005)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (160, 90)])
def test_tiny_and_portrait_pictures_have_a_palette(size: tuple[int, int]) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (2, *size, 3), np.uint8)
    found = colours(frames, Palette(count=8))
    assert found.shape == (8, 4)
    assert np.isfinite(found).all()


def test_a_clip_without_a_picture_of_the_film_is_missing() -> None:
    assert feature(np.zeros((0, 1, 1, 3), np.uint8)).presence is Presence.MISSING


@pytest.mark.parametrize("given", [{"count": 0}, {"count": 65}, {"parts": 0}, {"parts": 10_001}])
def test_what_cannot_be(given: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="1"):
        Palette(**given)


def test_the_recipe_tells_what_counts() -> None:
    extractors = (Palette(), Palette(count=4), Palette(parts=10), Palette(sampling=Sampling(count=60)))
    assert len({extractor.recipe.hash for extractor in extractors}) == 4


def test_a_re_encoding_moves_a_clip_less_than_another_clip_is_away(tmp_path: Path) -> None:
    """Muted colours, some only a shade apart; another codec, another rate, another size."""
    looks = ((130, 110, 100), (104, 120, 110), (100, 110, 130), (128, 126, 110), (112, 104, 120), (90, 90, 90))
    again = [
        {"suffix": ".webm", "codec": "libvpx", "crf": 12},
        {"suffix": ".mp4", "crf": 38},
        {"suffix": ".mp4", "crf": 24, "scale": 2.0},
    ]

    def of(path: Path) -> np.ndarray:
        reel = open_reel(path, Palette().needs.want, threads=1)
        [found] = Palette().extract([Showing(item=Item(item_id="x"), reel=reel)])
        assert found.values is not None
        return found.values

    first, second = [], []
    for k, rgb in enumerate(looks):
        look, options = scene(rgb, seed=k), dict(again[k % len(again)])
        first.append(of(write_clip(tmp_path / f"{k}.mp4", picture=look, seconds=3)))
        path = tmp_path / f"{k}-again{options.pop('suffix')}"
        second.append(of(write_clip(path, picture=look, seconds=3, **options)))  # type: ignore[arg-type]
    away = np.linalg.norm(np.stack(second)[:, None] - np.stack(first)[None], axis=2)
    others = np.where(np.eye(len(away), dtype=bool), np.inf, away)
    assert (away.diagonal() < 0.9 * others.min(axis=1)).all()
