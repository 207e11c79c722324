"""seeing/mise-en-scene: the contract, and clips whose shots, light, colours and motion are known."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.contracts.extractor import ExtractorContract, Make
from tests.worlds.clips import HEIGHT, WIDTH, Picture, write_clip
from triptych.catalogue.records import Item
from triptych.features.extractor import Extractor, Showing
from triptych.features.feature import Feature, Presence
from triptych.features.seeing.mise_en_scene import (
    COLUMNS,
    FLOOR,
    MiseEnScene,
    colour_variance,
    lighting_key,
    thinned,
)
from triptych.media.loader import open_reel
from triptych.media.probe import PictureFacts, Probe
from triptych.media.reel import Frames, Reel
from triptych.media.sampling import TRACK, TWO_PASS
from triptych.media.shots import ShotRules

PICTURE = PictureFacts(
    codec="raw", width_px=WIDTH, height_px=HEIGHT, rate_fps=6, pixel_aspect=1, pixel_format="rgb24", transfer=""
)


class TestMiseEnScene(ExtractorContract):
    @pytest.fixture(scope="class")
    @classmethod
    def make(cls) -> Make:
        return MiseEnScene

    @pytest.fixture(scope="class")
    @classmethod
    def changed(cls) -> Extractor | None:
        return MiseEnScene(rules=ShotRules(least_s=2.0))


def feature(frames: np.ndarray, *, gap_s: float = 1 / 6) -> Feature:
    """Of pictures that are both those of the film and those of the track."""
    probe = Probe(container="raw", declared_s=None, duration_s=len(frames) * gap_s, picture=PICTURE, sounds=())
    held = Frames(rgb=np.ascontiguousarray(frames), times_s=np.arange(len(frames)) * gap_s)
    reel = Reel(name="x", probe=probe, frames={TRACK: held, TWO_PASS: held})
    [found] = MiseEnScene().extract([Showing(item=Item(item_id="x"), reel=reel)])
    return found


def raw(found: Feature) -> dict[str, float]:
    """The numbers before their logarithm."""
    assert found.values is not None
    return dict(zip(COLUMNS, (np.exp(found.values.astype(float)) - FLOOR).tolist(), strict=True))


def measured(frames: np.ndarray, *, gap_s: float = 1 / 6) -> dict[str, float]:
    return raw(feature(frames, gap_s=gap_s))


def look(seed: int) -> np.ndarray:
    """One picture of soft patches around a colour and a light of its own."""
    rng = np.random.default_rng(seed)
    patches = rng.uniform(0.4, 1, (8, 12, 3)).repeat(HEIGHT // 8, axis=0).repeat(WIDTH // 12, axis=1)
    return cv2.GaussianBlur((patches * rng.uniform(30, 255, 3)).astype(np.uint8), (0, 0), 2)


def film(shots: int, pictures: int, *, speed_px: int = 1) -> np.ndarray:
    return np.concatenate(
        [np.stack([np.roll(look(k), speed_px * i, axis=1) for i in range(pictures)]) for k in range(shots)]
    )


def test_shots_of_known_lengths_are_counted_and_measured() -> None:
    found = measured(film(6, 12))
    assert found["shots"] == pytest.approx(6, rel=1e-4)
    assert found["shot_length"] == pytest.approx(2, rel=0.05)


def test_at_twice_the_speed_shots_are_half_as_long_and_motion_is_twice_as_fast() -> None:
    frames = film(5, 18)
    slow, fast = measured(frames), measured(frames, gap_s=1 / 12)
    assert fast["shots"] == pytest.approx(slow["shots"], rel=1e-4)
    assert fast["shot_length"] == pytest.approx(slow["shot_length"] / 2, rel=1e-3)
    assert fast["motion_mean"] == pytest.approx(2 * slow["motion_mean"], rel=1e-3)
    for name in ("lighting_key", "colour_variance_mean", "colour_variance_std"):
        assert fast[name] == pytest.approx(slow[name], rel=1e-4)


def test_the_key_is_mean_times_deviation_of_the_value() -> None:
    frames = np.zeros((12, HEIGHT, WIDTH, 3), np.uint8)
    frames[:, : HEIGHT // 2, :, 0] = 204  # of red alone: the value is that of the strongest channel
    assert measured(frames)["lighting_key"] == pytest.approx(0.4 * 0.4, rel=1e-3)
    assert lighting_key(frames) == pytest.approx(np.full(12, 0.16), rel=1e-5)
    assert lighting_key(np.full((2, 5, 5, 3), 255, np.uint8)).max() < 1e-6


def test_a_fifth_more_light_is_44_percent_more_key() -> None:
    frames = np.clip(film(2, 12), 0, 210)
    before, after = measured(frames), measured((frames * 1.2).astype(np.uint8))
    assert after["lighting_key"] == pytest.approx(1.44 * before["lighting_key"], rel=0.03)
    assert after["shots"] == pytest.approx(before["shots"], rel=1e-4)


def test_colour_variance_is_the_determinant_of_the_covariance_of_luv() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (1, 20, 30, 3), np.uint8)
    luv = cv2.cvtColor(picture[0].astype(np.float32) / 255, cv2.COLOR_RGB2Luv).reshape(-1, 3).astype(float)
    expected = np.linalg.det(np.cov(luv.T, bias=True))
    assert colour_variance(picture)[0] == pytest.approx(expected, rel=1e-3)


def test_one_colour_has_no_colour_variance_and_many_have_much() -> None:
    plain = np.full((2, 24, 24, 3), (200, 30, 90), np.uint8)
    grey = np.repeat(np.random.default_rng(0).integers(0, 256, (2, 24, 24, 1), np.uint8), 3, axis=3)
    many = np.random.default_rng(0).integers(0, 256, (2, 24, 24, 3), np.uint8)
    assert colour_variance(plain).max() < 1e-6
    assert colour_variance(grey).max() < 1e-3 * colour_variance(many).min()


def test_the_order_of_the_pixels_does_not_matter() -> None:
    frames = film(2, 12)
    found, mirrored = measured(frames), measured(frames[:, :, ::-1])
    for name in ("shots", "shot_length", "lighting_key", "colour_variance_mean", "colour_variance_std"):
        assert mirrored[name] == pytest.approx(found[name], rel=1e-3)
    assert mirrored["motion_mean"] == pytest.approx(found["motion_mean"], rel=0.1)


def test_thinned_pictures_are_small_and_vary_as_the_large_ones() -> None:
    large = np.stack([cv2.resize(look(k), (398, 224)) for k in range(4)])
    assert thinned(large).shape == (4, 56, 100, 3)
    np.testing.assert_allclose(lighting_key(thinned(large)), lighting_key(large), rtol=0.03)
    np.testing.assert_allclose(colour_variance(thinned(large)), colour_variance(large), rtol=0.1)


def test_a_still_clip_of_one_shot_has_neither_motion_nor_deviation() -> None:
    found = measured(np.repeat(look(1)[None], 18, axis=0))
    assert found["shots"] == pytest.approx(1, abs=1e-5)
    assert found["shot_length"] == pytest.approx(3, rel=1e-4)
    for name in ("motion_mean", "motion_std"):
        assert found[name] == pytest.approx(0, abs=1e-6)
    assert found["colour_variance_std"] < 1e-4 * found["colour_variance_mean"]


@pytest.mark.parametrize("level", [0, 90, 255])
def test_constant_pictures_are_finite(level: int) -> None:
    found = feature(np.full((8, 96, 64, 3), level, np.uint8))
    assert found.values is not None
    assert found.values[1:6] == pytest.approx(np.log(FLOOR), abs=1e-3)


def test_one_picture_has_no_motion_and_is_missing() -> None:
    found = feature(look(0)[None])
    assert found.presence is Presence.MISSING
    assert "motion" in found.reason


def cutting(shot_s: float, *, first: int = 0) -> Picture:
    def picture(at_s: float) -> np.ndarray:
        shot, into = divmod(at_s + 1e-6, shot_s)
        return np.roll(look(first + int(shot)), round(into * 6), axis=1)

    return picture


def test_encoded_clips_have_their_shot_lengths_whatever_the_encoding(tmp_path: Path) -> None:
    def of(path: Path) -> dict[str, float]:
        reel = open_reel(path, MiseEnScene().needs.want, threads=1)
        [found] = MiseEnScene().extract([Showing(item=Item(item_id=path.name), reel=reel)])
        return raw(found)

    quick = of(write_clip(tmp_path / "quick.mp4", picture=cutting(1.5), seconds=9))
    slow = of(write_clip(tmp_path / "slow.mp4", picture=cutting(3.0, first=20), seconds=9))
    again = of(write_clip(tmp_path / "again.webm", picture=cutting(1.5), seconds=9, codec="libvpx"))
    assert quick["shots"] == pytest.approx(6, rel=1e-3)
    assert again["shots"] == pytest.approx(6, rel=1e-3)
    assert slow["shots"] == pytest.approx(3, rel=1e-3)
    assert slow["shot_length"] == pytest.approx(2 * quick["shot_length"], rel=0.05)
    assert again["lighting_key"] == pytest.approx(quick["lighting_key"], rel=0.05)
