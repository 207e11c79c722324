"""seeing/colour: what moves it, what must not, and what each entry means."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.worlds.clips import scene, tone, write_clip
from triptych.catalogue.records import Item
from triptych.errors import UsageError
from triptych.features.extractor import Showing
from triptych.features.feature import Feature, Presence
from triptych.features.seeing.colour import Colour
from triptych.media.loader import open_reel
from triptych.media.probe import PictureFacts, Probe
from triptych.media.reel import Frames, Reel
from triptych.media.sampling import TWO_PASS, Sampling

COLUMNS = Colour().columns()
PICTURE = PictureFacts(
    codec="raw", width_px=48, height_px=32, rate_fps=8, pixel_aspect=1, pixel_format="rgb24", transfer=""
)


def feature(frames: np.ndarray, **params: int) -> Feature:
    """What is measured of these pictures, uint8 ``[n, height, width, 3]``."""
    probe = Probe(container="raw", declared_s=None, duration_s=len(frames) / 8, picture=PICTURE, sounds=())
    rgb = np.ascontiguousarray(frames)
    reel = Reel(name="x", probe=probe, frames={TWO_PASS: Frames(rgb=rgb, times_s=np.arange(len(rgb)) / 8)})
    [found] = Colour(**params).extract([Showing(item=Item(item_id="x"), reel=reel)])
    return found


def vector(frames: np.ndarray) -> np.ndarray:
    values = feature(frames).values
    assert values is not None
    return values


def measured(frames: np.ndarray) -> dict[str, float]:
    return dict(zip(COLUMNS, vector(frames).tolist(), strict=True))


def plain(rgb: tuple[int, int, int], count: int = 3) -> np.ndarray:
    return np.full((count, 32, 48, 3), rgb, np.uint8)


def film(seed: int = 0, count: int = 6, *, high: int = 256) -> np.ndarray:
    """Pictures of blocks of all colours, each picture unlike the others."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, high, (count, 8, 12, 3), np.uint8).repeat(4, axis=1).repeat(4, axis=2)


def test_mirrored_pictures_have_the_same_colours_bit_for_bit() -> None:
    frames = film()
    assert vector(frames[:, :, ::-1]).tobytes() == vector(frames).tobytes()
    assert vector(frames[:, ::-1]).tobytes() == vector(frames).tobytes()


def test_the_order_of_the_pictures_does_not_matter() -> None:
    frames = film(count=20)
    shuffled = frames[np.random.default_rng(1).permutation(20)]
    np.testing.assert_allclose(vector(shuffled), vector(frames), rtol=1e-6, atol=1e-7)


def test_the_colours_themselves_matter() -> None:
    frames = film()
    assert np.abs(vector(frames[..., ::-1]) - vector(frames)).max() > 0.01  # red and blue exchanged


def test_a_fifth_more_light_moves_value_and_levels_by_a_fifth_and_not_the_hue() -> None:
    frames = film(high=200)
    before, after = measured(frames), measured((frames * 1.2).round().astype(np.uint8))
    for name in ("red_level", "green_level", "blue_level", "value_level", "value_spread"):
        assert after[f"{name}_mean"] == pytest.approx(1.2 * before[f"{name}_mean"], rel=0.01)
    assert after["key_mean"] == pytest.approx(1.2**2 * before["key_mean"], rel=0.02)
    for name in ("hue_x", "hue_y", "saturation_level", "saturation_spread"):
        assert after[f"{name}_mean"] == pytest.approx(before[f"{name}_mean"], abs=0.01)


@pytest.mark.parametrize("level", [0, 1, 77, 128, 254, 255])
def test_grey_has_no_hue_and_no_saturation(level: int) -> None:
    found = measured(plain((level, level, level)))
    assert found["hue_x_mean"] == found["hue_y_mean"] == 0
    assert found["saturation_level_mean"] == 0
    assert found["value_level_mean"] == pytest.approx(level / 255)
    assert found["value_spread_mean"] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("rgb", "degrees"),
    [((255, 0, 0), 0), ((255, 255, 0), 60), ((0, 255, 0), 120), ((0, 255, 255), 180), ((0, 0, 255), 240)],
)
def test_a_pure_colour_lies_on_the_rim_of_the_circle_at_its_angle(rgb: tuple[int, int, int], degrees: int) -> None:
    found = measured(plain(rgb))
    assert found["hue_x_mean"] == pytest.approx(np.cos(np.deg2rad(degrees)), abs=1e-6)
    assert found["hue_y_mean"] == pytest.approx(np.sin(np.deg2rad(degrees)), abs=1e-6)


def test_opposite_hues_in_equal_parts_cancel() -> None:
    frames = plain((255, 0, 0))
    frames[:, :, :24] = (0, 255, 255)
    found = measured(frames)
    assert abs(found["hue_x_mean"]) < 1e-6
    assert abs(found["hue_y_mean"]) < 1e-6


def test_the_columns_name_what_stands_there() -> None:
    """Worked out by hand for two pictures, one red and one black."""
    frames = np.concatenate([plain((255, 0, 0), 1), plain((0, 0, 0), 1)])
    expected = dict.fromkeys(COLUMNS, 0.0)
    expected |= {"red_31_mean": 0.5, "red_31_std": 0.5, "red_00_mean": 0.5, "red_00_std": 0.5}
    expected |= {"green_00_mean": 1, "blue_00_mean": 1}
    for name in ("red_level", "saturation_level", "value_level", "hue_x"):
        expected |= {f"{name}_mean": 0.5, f"{name}_std": 0.5}
    assert measured(frames) == pytest.approx(expected, abs=1e-7)
    assert len(set(COLUMNS)) == len(COLUMNS) == 2 * (3 * 32 + 13)


def test_a_red_clip_sits_in_the_top_bins_of_red(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "red.mp4", picture=scene((235, 25, 20), contrast=0.06))
    reel = open_reel(path, Colour().needs.want)
    [found] = Colour().extract([Showing(item=Item(item_id="red"), reel=reel)])
    assert found.values is not None
    shares = dict(zip(COLUMNS, found.values.tolist(), strict=True))
    assert sum(shares[f"red_{k:02d}_mean"] for k in range(26, 32)) > 0.95
    assert sum(shares[f"blue_{k:02d}_mean"] for k in range(8)) > 0.95


@settings(max_examples=60, deadline=None)
@given(bins=st.integers(1, 256), seed=st.integers(0, 99))
def test_the_shares_of_each_channel_sum_to_one(bins: int, seed: int) -> None:
    values = feature(film(seed, count=2), bins=bins).values
    assert values is not None
    shares = values[: 3 * bins].reshape(3, bins)
    assert (shares >= 0).all()
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)
    assert len(Colour(bins=bins).columns()) == len(values)


@settings(max_examples=40, deadline=None)
@given(level=st.integers(0, 254))
def test_one_level_more_moves_the_shares_by_little(level: int) -> None:
    """Hard bins would move a whole picture from one bin to the next."""
    moved = vector(plain((level + 1, 90, 90))) - vector(plain((level, 90, 90)))
    assert np.abs(moved[:96]).sum() <= 2 * 32 / 256 + 1e-6


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1)])
def test_pictures_of_one_pixel_or_row(size: tuple[int, int]) -> None:
    found = measured(np.full((2, *size, 3), (0, 0, 255), np.uint8))
    assert found["blue_31_mean"] == 1


def test_one_picture_has_no_deviation() -> None:
    values = vector(film(count=1))
    assert (values[len(values) // 2 :] == 0).all()


def test_a_clip_without_a_picture_of_the_film_is_missing() -> None:
    found = feature(np.zeros((0, 1, 1, 3), np.uint8))
    assert found.presence is Presence.MISSING
    assert "no picture" in found.reason


@pytest.mark.parametrize("bins", [0, -1, 257])
def test_bins_that_cannot_be(bins: int) -> None:
    with pytest.raises(UsageError, match="1 to 256"):
        Colour(bins=bins)


def test_the_sampling_is_part_of_the_recipe() -> None:
    hashes = {
        Colour().recipe.hash,
        Colour(bins=16).recipe.hash,
        Colour(sampling=Sampling(count=60)).recipe.hash,
        Colour(sampling=Sampling(count=120, tolerance=0.0)).recipe.hash,
        Colour(sampling=Sampling(count=120, where="all")).recipe.hash,
    }
    assert len(hashes) == 5


#: Muted colours, some only a shade apart.
LOOKS = (
    (130, 110, 100),
    (120, 112, 104),
    (104, 120, 110),
    (100, 110, 130),
    (96, 100, 112),
    (128, 126, 110),
    (112, 104, 120),
    (90, 90, 90),
)


def test_a_re_encoding_moves_a_clip_less_than_another_clip_is_away(tmp_path: Path) -> None:
    """Another codec, another rate, another size: still nearer to itself than to any of the others."""
    again = [
        {"suffix": ".webm", "codec": "libvpx", "crf": 12},
        {"suffix": ".mp4", "crf": 38},
        {"suffix": ".mp4", "crf": 24, "scale": 2.0},
        {"suffix": ".webm", "codec": "libvpx", "crf": 30},
    ]

    def of(path: Path) -> np.ndarray:
        reel = open_reel(path, Colour().needs.want, threads=1)
        [found] = Colour().extract([Showing(item=Item(item_id=path.name), reel=reel)])
        assert found.values is not None
        return found.values

    first, second = [], []
    for k, rgb in enumerate(LOOKS):
        look, options = scene(rgb, seed=k), dict(again[k % len(again)])
        first.append(of(write_clip(tmp_path / f"{k}.mp4", picture=look, sound=tone(200), seconds=3)))
        path = tmp_path / f"{k}-again{options.pop('suffix')}"
        second.append(of(write_clip(path, picture=look, seconds=3, **options)))  # type: ignore[arg-type]
    away = np.linalg.norm(np.stack(second)[:, None] - np.stack(first)[None], axis=2)
    others = np.where(np.eye(len(LOOKS), dtype=bool), np.inf, away)
    assert (away.diagonal() < 0.5 * others.min(axis=1)).all()
