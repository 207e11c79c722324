"""seeing/motion: the contract, and what speed, mirrors, cuts and poor clips do to it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage.metrics import structural_similarity

from tests.contracts.extractor import ExtractorContract, Make
from tests.worlds.clips import scene, tone, write_clip
from triptych.catalogue.records import Item
from triptych.features.extractor import Extractor, Showing
from triptych.features.feature import Feature, Presence
from triptych.features.pooling import EACH, Pooling
from triptych.features.seeing.motion import DIFFERENCES, Motion
from triptych.media.flow import DIRECTIONS
from triptych.media.loader import open_reel
from triptych.media.probe import PictureFacts, Probe
from triptych.media.reel import Frames, Reel
from triptych.media.sampling import TRACK, Sampling

HEIGHT, WIDTH = 64, 96
GAP_S = 1 / 6
PICTURE = PictureFacts(
    codec="raw", width_px=WIDTH, height_px=HEIGHT, rate_fps=6, pixel_aspect=1, pixel_format="rgb24", transfer=""
)


class TestMotion(ExtractorContract):
    @pytest.fixture(scope="class")
    @classmethod
    def make(cls) -> Make:
        return Motion

    @pytest.fixture(scope="class")
    @classmethod
    def changed(cls) -> Extractor | None:
        return Motion(sampling=Sampling(count=None, every_s=0.25, where="all", short_side_px=64))


class TestCurve(ExtractorContract):
    @pytest.fixture(scope="class")
    @classmethod
    def make(cls) -> Make:
        return lambda: Motion(pooling=EACH)

    @pytest.fixture(scope="class")
    @classmethod
    def changed(cls) -> Extractor | None:
        return Motion(pooling=Pooling(parts=4))


def feature(frames: np.ndarray, *, gap_s: float = GAP_S, pooling: Pooling | None = None) -> Feature:
    duration_s = len(frames) * gap_s
    probe = Probe(container="raw", declared_s=None, duration_s=duration_s, picture=PICTURE, sounds=())
    track = Frames(rgb=np.ascontiguousarray(frames), times_s=np.arange(len(frames)) * gap_s)
    reel = Reel(name="x", probe=probe, frames={TRACK: track})
    [found] = Motion(pooling=pooling or Pooling()).extract([Showing(item=Item(item_id="x"), reel=reel)])
    return found


def measured(frames: np.ndarray, *, gap_s: float = GAP_S) -> dict[str, float]:
    values = feature(frames, gap_s=gap_s).values
    assert values is not None
    return dict(zip(Motion().columns(), values.tolist(), strict=True))


def ground(seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(0, 256, (200, 400), np.uint8)
    soft = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 3), None, 0, 255, cv2.NORM_MINMAX)
    return np.repeat(soft[..., None], 3, axis=2)


def sliding(x_px: int, *, count: int = 12, seed: int = 0) -> np.ndarray:
    whole, start = ground(seed), 200 if x_px > 0 else 60
    return np.stack([whole[60 : 60 + HEIGHT, start - k * x_px :][:, :WIDTH] for k in range(count)])


def test_the_columns_name_what_stands_there() -> None:
    found = measured(sliding(3))
    assert found["magnitude_mean"] == pytest.approx(3 / HEIGHT / GAP_S, rel=0.1)
    assert found["camera_mean"] == pytest.approx(3 / HEIGHT / GAP_S, rel=0.1)
    assert found["towards_right_mean"] > 0.8
    assert found["coherence_mean"] > 0.9
    assert abs(found["divergence_mean"]) < 0.1
    assert found["local_mean"] < 0.1 * found["magnitude_mean"]
    assert len(set(Motion().columns())) == len(found) == 2 * 18
    assert Motion(pooling=EACH).columns()[: len(DIFFERENCES)] == DIFFERENCES


def test_similarity_is_that_of_the_published_formula() -> None:
    frames = sliding(2, count=5)
    grey = [cv2.cvtColor(one, cv2.COLOR_RGB2GRAY).astype(float) for one in frames]
    expected = [
        structural_similarity(a, b, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False)
        for a, b in pairwise(grey)
    ]
    assert measured(frames)["similarity_mean"] == pytest.approx(np.mean(expected), abs=0.02)


def test_pixel_and_histogram_differences_of_a_lightening_are_known() -> None:
    frames = np.stack([np.full((HEIGHT, WIDTH, 3), 40 + 16 * k, np.uint8) for k in range(5)])
    found = measured(frames)
    assert found["pixels_mean"] == pytest.approx(16 / 255, abs=1e-6)
    assert found["pixels_std"] == pytest.approx(0, abs=1e-6)
    assert found["histogram_mean"] == pytest.approx(1)


def test_in_half_the_time_is_twice_the_movement_and_the_same_difference() -> None:
    frames = sliding(2)
    slow, fast = measured(frames), measured(frames, gap_s=GAP_S / 2)
    for name in ("magnitude", "fast", "camera", "local"):
        assert fast[f"{name}_mean"] == pytest.approx(2 * slow[f"{name}_mean"], rel=1e-4)
    for name in DIFFERENCES:
        assert fast[f"{name}_mean"] == slow[f"{name}_mean"]
    for name in ("coherence", "towards_right"):
        assert fast[f"{name}_mean"] == pytest.approx(slow[f"{name}_mean"], rel=0.1)


def test_a_mirror_swaps_left_and_right() -> None:
    frames = sliding(3)
    found, mirrored = measured(frames), measured(frames[:, :, ::-1])
    for way in DIRECTIONS:
        other = way.replace("right", "x").replace("left", "right").replace("x", "left")
        assert mirrored[f"towards_{other}_mean"] == pytest.approx(found[f"towards_{way}_mean"], abs=0.03)
    for name in ("histogram", "pixels", "similarity", "magnitude", "coherence"):
        assert mirrored[f"{name}_mean"] == pytest.approx(found[f"{name}_mean"], rel=0.03)


def cut_film() -> np.ndarray:
    return np.concatenate([sliding(2), np.clip(sliding(2, seed=4) // 3, 0, 90)]).astype(np.uint8)


def test_a_cut_is_a_difference_and_no_movement() -> None:
    whole, halves = measured(cut_film()), measured(sliding(2))
    assert whole["histogram_mean"] > halves["histogram_mean"] + 0.02
    assert whole["similarity_std"] > halves["similarity_std"] + 0.05
    assert whole["magnitude_mean"] == pytest.approx(halves["magnitude_mean"], rel=0.1)
    assert whole["coherence_mean"] > 0.85


def test_the_curve_has_a_row_for_each_pair_but_the_cut() -> None:
    found = feature(cut_film(), pooling=EACH)
    assert found.values is not None
    assert found.times_s is not None
    assert found.values.shape == (22, 18)
    np.testing.assert_allclose(found.times_s, np.delete(np.arange(23) + 0.5, 11) * GAP_S)
    at = Motion(pooling=EACH).columns().index("magnitude")
    np.testing.assert_allclose(found.values[:, at], 2 / HEIGHT / GAP_S, rtol=0.15)


def test_subclips_are_those_of_the_whole_clip() -> None:
    still = np.repeat(ground()[None, :HEIGHT, :WIDTH], 12, axis=0)
    found = feature(np.concatenate([still, sliding(3)]), pooling=Pooling(parts=2, statistic="mean"))
    assert found.values is not None
    assert found.times_s is not None
    np.testing.assert_allclose(found.times_s, [1, 3])
    at = Motion(pooling=Pooling(parts=2, statistic="mean")).columns().index("magnitude_mean")
    assert found.values[0, at] < 0.3 * found.values[1, at]  # the pair between the halves is of the first


def test_one_picture_does_not_move() -> None:
    found = feature(sliding(1)[:1])
    assert found.presence is Presence.MISSING
    assert "fewer than two" in found.reason


def test_nothing_but_cuts_is_no_motion() -> None:
    found = feature(np.stack([np.full((HEIGHT, WIDTH, 3), 0, np.uint8), sliding(1)[0]]))
    assert found.presence is Presence.MISSING
    assert "cut" in found.reason


@pytest.mark.parametrize("shape", [(2, 1, 1), (3, 5, 4), (4, 96, 64)])
def test_constant_pictures_of_any_shape_stand_still(shape: tuple[int, int, int]) -> None:
    found = measured(np.full((*shape, 3), 99, np.uint8))
    assert found["still_mean"] == found["similarity_mean"] == 1
    for name in ("histogram", "pixels", "magnitude", "coherence", "divergence", "towards_left"):
        assert found[f"{name}_mean"] == pytest.approx(0, abs=1e-6)


#: Unlike each other in how they move, to the right and down [px/s].
MOVES = ((0, 0), (6, 0), (-14, 12), (24, -18), (0, -36), (4, 14))


def test_a_re_encoding_moves_a_clip_less_than_another_clip_is_away(tmp_path: Path) -> None:
    def of(path: Path) -> np.ndarray:
        reel = open_reel(path, Motion().needs.want, threads=1)
        [found] = Motion().extract([Showing(item=Item(item_id=path.name), reel=reel)])
        assert found.values is not None
        return found.values

    first, second = [], []
    for seed, (across, down) in enumerate(MOVES):
        still = scene((150, 120, 100), seed=seed)(0.0)
        soft = cv2.GaussianBlur(still, (0, 0), 2)

        def picture(at_s: float, soft: np.ndarray = soft, across: int = across, down: int = down) -> np.ndarray:
            return np.roll(soft, (round(at_s * down), round(at_s * across)), axis=(0, 1))

        first.append(of(write_clip(tmp_path / f"{seed}.mp4", picture=picture, sound=tone(200), seconds=3)))
        if seed % 2:
            again = write_clip(tmp_path / f"{seed}.webm", picture=picture, seconds=3, codec="libvpx", crf=12)
        else:
            again = write_clip(tmp_path / f"{seed}-again.mp4", picture=picture, seconds=3, crf=32, scale=2.0)
        second.append(of(again))
    scale = np.stack(first).std(axis=0) + 1e-3
    away = np.linalg.norm((np.stack(second)[:, None] - np.stack(first)[None]) / scale, axis=2)
    others = np.where(np.eye(len(MOVES), dtype=bool), np.inf, away)
    assert (away.diagonal() < others.min(axis=1)).all(), away.round(1)
