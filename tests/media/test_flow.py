"""Flow: movements of known size and direction, what a cut does to them, and what they must not hang on."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from triptych.media.change import change, change_of
from triptych.media.flow import DIRECTIONS, STILL_PER_S, Flow, cuts, flow, flow_of
from triptych.media.probe import PictureFacts, Probe
from triptych.media.reel import Frames, Reel
from triptych.media.sampling import TRACK

HEIGHT, WIDTH = 64, 96
GAP_S = 1 / 6
PICTURE = PictureFacts(
    codec="raw", width_px=WIDTH, height_px=HEIGHT, rate_fps=6, pixel_aspect=1, pixel_format="rgb24", transfer=""
)
PROBE = Probe(container="raw", declared_s=None, duration_s=2.0, picture=PICTURE, sounds=())


def ground(seed: int = 0, *, height: int = 300, width: int = 400) -> np.ndarray:
    """A large soft texture of full contrast to look at through a window, uint8 ``[height, width, 3]``."""
    noise = np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)
    soft = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 3), None, 0, 255, cv2.NORM_MINMAX)
    return np.repeat(soft[..., None], 3, axis=2)


def sliding(x_px: int, y_px: int, *, count: int = 8, seed: int = 0) -> np.ndarray:
    """Pictures whose content moves by so much to the right and down from each to the next."""
    from_y, from_x = (120 if y_px >= 0 else 30), (200 if x_px >= 0 else 60)
    whole = ground(seed)
    return np.stack([whole[from_y - k * y_px :, from_x - k * x_px :][:HEIGHT, :WIDTH] for k in range(count)])


def times(count: int, gap_s: float = GAP_S) -> np.ndarray:
    return np.arange(count) * gap_s


def seen(rgb: np.ndarray, gap_s: float = GAP_S) -> Flow:
    return flow(np.ascontiguousarray(rgb), times(len(rgb), gap_s))


def reel(rgb: np.ndarray, times_s: np.ndarray | None = None) -> Reel:
    at_s = times(len(rgb)) if times_s is None else times_s
    return Reel(name="x", probe=PROBE, frames={TRACK: Frames(rgb=np.ascontiguousarray(rgb), times_s=at_s)})


def arrays(found: Flow) -> dict[str, np.ndarray]:
    return vars(found)


@pytest.mark.parametrize(
    ("x_px", "y_px", "way"),
    [
        (3, 0, "right"),
        (2, 2, "down_right"),
        (0, 3, "down"),
        (-2, 2, "down_left"),
        (-3, 0, "left"),
        (-2, -2, "up_left"),
        (0, -3, "up"),
        (2, -2, "up_right"),
    ],
)
def test_a_known_translation_has_its_speed_and_its_direction(x_px: int, y_px: int, way: str) -> None:
    found = seen(sliding(x_px, y_px))
    speed = np.hypot(x_px, y_px) / HEIGHT / GAP_S
    np.testing.assert_allclose(found.magnitude, speed, rtol=0.1)
    np.testing.assert_allclose(found.fast, speed, rtol=0.2)
    np.testing.assert_allclose(found.camera, np.full((7, 2), (x_px, y_px)) / HEIGHT / GAP_S, atol=0.08 * speed)
    at = DIRECTIONS.index(way)
    assert (found.directions[:, at] > 0.8).all()
    np.testing.assert_allclose(found.directions.sum(axis=1), speed / (speed + STILL_PER_S), atol=0.01)
    assert (found.coherence > 0.9).all()
    assert (found.still < 0.05).all()
    assert (found.local < 0.15 * speed).all()


def test_times_are_the_middles_and_gaps_are_true() -> None:
    at_s = np.array([0.0, 0.1, 0.4, 0.6, 0.7, 1.2, 1.4, 1.5])
    found = flow(sliding(3, 0), at_s)
    np.testing.assert_allclose(found.times_s, (at_s[1:] + at_s[:-1]) / 2)
    np.testing.assert_allclose(found.magnitude * found.gaps_s, 3 / HEIGHT, rtol=0.1)


def test_twice_the_speed_is_twice_the_magnitude() -> None:
    """The same pictures in half the time, exactly; every second picture in the same time, nearly."""
    frames = sliding(2, 1, count=13)
    slow, hurried, skipping = seen(frames), seen(frames, GAP_S / 2), seen(frames[::2])
    for name in ("magnitude", "fast", "local", "divergence", "camera"):
        np.testing.assert_allclose(arrays(hurried)[name], 2 * arrays(slow)[name], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(skipping.magnitude.mean(), 2 * slow.magnitude.mean(), rtol=0.1)
    np.testing.assert_allclose(hurried.coherence, slow.coherence, rtol=0.1)


def test_the_size_of_the_picture_does_not_matter() -> None:
    frames = sliding(3, 0)
    large = np.stack([cv2.resize(one, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR) for one in frames])
    np.testing.assert_allclose(seen(large).magnitude.mean(), seen(frames).magnitude.mean(), rtol=0.1)
    np.testing.assert_allclose(seen(large).divergence, 0, atol=0.1)


@pytest.mark.parametrize("growth", [1.05, 1 / 1.05])
def test_a_zoom_has_divergence_and_no_camera_movement(growth: float) -> None:
    whole, frames = ground(), []
    for k in range(8):
        turn = cv2.getRotationMatrix2D((200, 150), 0, growth ** (k - 4))
        frames.append(cv2.warpAffine(whole, turn, (400, 300))[118 : 118 + HEIGHT, 152 : 152 + WIDTH])
    found = seen(np.stack(frames))
    expected = 2 * np.log(growth) / GAP_S
    assert found.divergence.mean() == pytest.approx(expected, rel=0.15)
    assert (found.coherence < 0.3).all()
    assert (np.hypot(*found.camera.T) < 0.3 * found.magnitude).all()
    assert found.local.mean() > 0.8 * found.magnitude.mean()


def test_what_moves_before_a_still_ground_is_local() -> None:
    frames = np.repeat(ground()[None, :HEIGHT, :WIDTH], 6, axis=0)
    for k in range(6):
        frames[k, 20:44, 20 + 3 * k : 44 + 3 * k] = ground(5)[:24, :24]
    found = seen(frames)
    assert np.hypot(*found.camera.T).max() < 0.02
    assert (found.still > 0.5).all()
    np.testing.assert_allclose(found.local, found.magnitude, rtol=0.1)
    assert (found.directions[:, DIRECTIONS.index("right")] > 0.4).all()


@pytest.mark.parametrize("level", [0, 128, 255])
def test_what_stands_still_does_not_move_and_is_no_nan(level: int) -> None:
    plain = np.full((4, HEIGHT, WIDTH, 3), level, np.uint8)
    for frames in (plain, np.repeat(ground()[None, :HEIGHT, :WIDTH], 4, axis=0)):
        found = seen(frames)
        for name in ("magnitude", "fast", "directions", "coherence", "camera", "local", "divergence"):
            assert (np.abs(arrays(found)[name]) < 1e-6).all(), name
        assert (found.still == 1).all()


def test_a_mirror_swaps_left_and_right_and_nothing_else() -> None:
    frames = sliding(2, 1)
    found, mirrored = seen(frames), seen(frames[:, :, ::-1])
    swapped = [
        DIRECTIONS.index(way.replace("right", "x").replace("left", "right").replace("x", "left")) for way in DIRECTIONS
    ]
    np.testing.assert_allclose(mirrored.directions, found.directions[:, swapped], atol=0.05)
    np.testing.assert_allclose(mirrored.camera, found.camera * [-1, 1], atol=0.02)
    for name in ("magnitude", "fast", "coherence"):
        np.testing.assert_allclose(arrays(mirrored)[name], arrays(found)[name], rtol=0.05)


def test_played_backwards_it_goes_the_other_way() -> None:
    frames = sliding(2, 1)
    np.testing.assert_allclose(seen(frames[::-1]).camera[::-1], -seen(frames).camera, atol=0.05)


def test_a_pair_between_which_a_cut_lies_is_left_out() -> None:
    dark = np.clip(sliding(2, 0, seed=1) // 3, 0, 255).astype(np.uint8)
    frames = np.concatenate([sliding(2, 0)[:4], dark[:4], 255 - sliding(2, 0, seed=3)[:4] // 4])
    held = reel(frames)
    found = held.once(flow_of)
    assert found is not None
    assert cuts(held.once(change_of)).nonzero()[0].tolist() == [3, 7]
    assert found.pairs.tolist() == [0, 1, 2, 4, 5, 6, 8, 9, 10]
    np.testing.assert_allclose(found.times_s, (found.pairs + 0.5) * GAP_S)
    assert (found.coherence > 0.9).all()
    every = seen(frames)
    assert every.local[[3, 7]].min() > 3 * np.delete(every.local, [3, 7]).max()


def test_a_flash_and_a_fast_pan_are_no_cuts() -> None:
    flash = np.repeat(ground()[None, :HEIGHT, :WIDTH] // 3, 6, axis=0)
    flash[3] += 90
    pan = sliding(25, 0, count=6)
    for frames in (flash, pan):
        assert not cuts(change(frames, times(6))).any()


def test_the_numbers_hang_neither_on_the_threads_nor_on_the_other_pairs(threads: None) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (6, HEIGHT, WIDTH, 3), np.uint8)
    cv2.setNumThreads(1)
    one = seen(frames)
    for count in (2, 3, 8):
        cv2.setNumThreads(count)
        again = seen(frames)
        assert all(arrays(again)[name].tobytes() == part.tobytes() for name, part in arrays(one).items())
    for k in range(5):
        alone = flow(frames, times(6), pairs=np.array([k]))
        for name, part in arrays(one).items():
            np.testing.assert_allclose(arrays(alone)[name][0], part[k], rtol=1e-12, err_msg=name)


@pytest.fixture
def threads() -> Iterator[None]:
    before = cv2.getNumThreads()
    yield
    cv2.setNumThreads(before)


@pytest.mark.parametrize("size", [(1, 1), (1, 30), (30, 1), (7, 9), (11, 16), (13, 200), (96, 64)])
def test_pictures_of_any_shape(size: tuple[int, int]) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (3, *size, 3), np.uint8)
    found = seen(frames)
    assert len(found) == 2
    assert all(np.isfinite(part).all() for part in arrays(found).values())


def test_a_small_picture_moves_as_a_large_one_does() -> None:
    frames = np.stack([cv2.resize(one, (15, 10), interpolation=cv2.INTER_AREA) for one in sliding(6, 0)])
    np.testing.assert_allclose(seen(frames).magnitude.mean(), 6 / HEIGHT / GAP_S, rtol=0.25)


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_pictures_have_no_flow(count: int) -> None:
    found = reel(sliding(1, 0)[:count]).once(flow_of)
    assert found is not None
    assert len(found) == 0
    assert found.directions.shape == (0, 8)
    assert found.camera.shape == (0, 2)


def test_it_is_of_all_arrays_float64_and_shares_what_changes() -> None:
    held = reel(sliding(2, 0))
    found = held.once(flow_of)
    assert found is not None
    assert held.once(flow_of) is found
    assert {part.dtype for name, part in arrays(found).items() if name != "pairs"} == {np.dtype(np.float64)}
    assert held.once(change_of) is not None


def test_a_clip_without_pictures_has_none() -> None:
    probe = Probe(container="raw", declared_s=None, duration_s=1.0, picture=None, sounds=())
    assert Reel(name="x", probe=probe).once(flow_of) is None


def test_the_size_of_the_blocks_moves_not_a_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A film of two hours is worked on a block at a time; what a block ends with must not show."""
    frames = np.concatenate([sliding(2, 1, seed=1), sliding(-3, 0, seed=2)])
    chosen = np.array([0, 1, 2, 4, 5, 9, 10, 14])
    whole = flow(frames, times(len(frames)), pairs=chosen)
    for size in (1, 3, 5):
        monkeypatch.setattr("triptych.media.flow.BLOCK", size)
        parted = flow(frames, times(len(frames)), pairs=chosen)
        assert {
            name for name, part in arrays(whole).items() if arrays(parted)[name].tobytes() != part.tobytes()
        } == set()


def test_two_hours_are_not_held_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is held besides the pictures does not grow with them, but for the numbers themselves."""
    monkeypatch.setattr("triptych.media.flow.BLOCK", 16)

    def peak(count: int) -> int:
        frames = np.repeat(sliding(1, 0)[:1], count, axis=0)
        tracemalloc.start()
        try:
            flow(frames, times(count))
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(160) < 1.3 * peak(20)


def test_pictures_at_one_time_have_no_speed() -> None:
    found = flow(sliding(2, 0, count=4), np.array([0.0, 0.5, 0.5, 1.0]))
    assert found.pairs.tolist() == [0, 2]
    assert all(np.isfinite(part).all() for part in arrays(found).values())
    assert len(flow(sliding(2, 0, count=4), np.zeros(4))) == 0


def test_a_default_that_is_given_is_the_same_question() -> None:
    held = reel(sliding(2, 0))
    assert held.once(flow_of, TRACK) is held.once(flow_of)
    assert held.once(change_of) is held.once(change_of, TRACK)
