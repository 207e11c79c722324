"""seeing/picture-hash: what leaves it as it is, what does not, and what is no picture at all."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.worlds.clips import HEIGHT, RATE_FPS, WIDTH, Picture, write_clip
from triptych.catalogue.records import Item
from triptych.errors import ExtractionError, UsageError
from triptych.features.bits import packed, unpacked, words
from triptych.features.extractor import Showing
from triptych.features.feature import Feature, Presence
from triptych.features.seeing.picture_hash import PICTURES, PictureHash, lowest, without_bars
from triptych.media.loader import open_reel
from triptych.media.probe import PictureFacts, Probe
from triptych.media.reel import Frames, Reel

FACTS = PictureFacts(
    codec="raw", width_px=96, height_px=64, rate_fps=8, pixel_aspect=1, pixel_format="rgb24", transfer=""
)


def feature(frames: np.ndarray) -> Feature:
    """What is measured of these pictures, uint8 ``[n, height, width, 3]``, eight a second."""
    probe = Probe(container="raw", declared_s=None, duration_s=len(frames) / 8, picture=FACTS, sounds=())
    rgb = np.ascontiguousarray(frames)
    reel = Reel(name="x", probe=probe, frames={PICTURES: Frames(rgb=rgb, times_s=np.arange(len(rgb)) / 8)})
    [found] = PictureHash().extract([Showing(item=Item(item_id="x"), reel=reel)])
    return found


def bits(frames: np.ndarray) -> np.ndarray:
    values = feature(frames).values
    assert values is not None
    return unpacked(words(values))


def apart(a: np.ndarray, b: np.ndarray) -> float:
    return float((bits(a) != bits(b)).mean())


def film(seed: int = 0, count: int = 6, size: tuple[int, int] = (WIDTH, HEIGHT)) -> np.ndarray:
    """Pictures of soft patches, 40 to 215, each unlike the others."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(40, 216, (count, 7, 9, 3), np.uint8)
    return np.stack([cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC) for picture in coarse])


def test_another_size_or_shape_is_the_same_picture() -> None:
    for size in ((48, 32), (192, 128), (128, 64)):
        assert apart(film(), film(size=size)) < 0.05


def test_other_pictures_differ_in_about_half_of_the_bits() -> None:
    assert 0.35 < apart(film(), film(seed=1)) < 0.65


def test_lighter_and_of_more_contrast_is_the_same_picture() -> None:
    frames = film()
    assert apart(frames, (frames * 0.8 + 20).astype(np.uint8)) < 0.03
    assert apart(frames, np.clip(frames * 1.1, 0, 255).astype(np.uint8)) < 0.05


@pytest.mark.parametrize("bars", [((0, 0), (11, 11), (0, 0), (0, 0)), ((0, 0), (0, 0), (16, 16), (0, 0))])
def test_black_bars_count_for_nothing(bars: tuple[tuple[int, int], ...]) -> None:
    frames = film()
    assert bits(np.pad(frames, bars)).tobytes() == bits(frames).tobytes()


def test_noise_like_that_of_an_encoder_in_the_bars_changes_nothing() -> None:
    frames = np.pad(film(), ((0, 0), (11, 11), (0, 0), (0, 0)))
    noise = np.random.default_rng(0).integers(0, 9, frames.shape).astype(np.uint8)
    assert apart(np.maximum(frames, noise), film()) < 0.02


def test_all_pictures_lose_the_same_bars() -> None:
    """A night between two days keeps its dark borders."""
    night = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    night[20:40, 30:60] = 200
    frames = np.concatenate([film(count=1), night[None], film(count=1, seed=2)])
    grey = frames.mean(axis=3).astype(np.uint8)
    kept = without_bars(grey)
    assert kept is not None
    assert kept.shape == grey.shape


def test_flat_pictures_are_left_out_and_the_others_keep_their_times() -> None:
    frames = film(count=5)
    frames[0] = 0
    frames[3] = (90, 20, 200)
    found = feature(frames)
    assert found.times_s is not None
    assert found.times_s.tolist() == [1 / 8, 2 / 8, 4 / 8]


@pytest.mark.parametrize(
    ("frames", "reason"),
    [
        (np.zeros((3, 8, 8, 3), np.uint8), "every picture of the clip is black"),
        (np.full((3, 8, 8, 3), 200, np.uint8), "every picture of the clip is flat"),
        (np.zeros((0, 1, 1, 3), np.uint8), "the clip has no picture"),
    ],
)
def test_what_has_nothing_to_hash_is_missing(frames: np.ndarray, reason: str) -> None:
    found = feature(frames)
    assert found.presence is Presence.MISSING
    assert reason in found.reason


def test_an_item_without_a_clip_is_missing() -> None:
    [found] = PictureHash().extract([Showing(item=Item(item_id="x"))])
    assert found.reason == "the item has no clip"


def test_a_picture_of_one_pixel_is_flat_and_no_fault() -> None:
    assert feature(np.full((2, 1, 1, 3), 90, np.uint8)).presence is Presence.MISSING


def test_the_lowest_frequencies_come_first_and_the_mean_not_at_all() -> None:
    rows, columns = lowest(128)
    assert (rows + columns).min() == 1
    assert (np.diff(rows + columns) >= 0).all()
    assert len(set(zip(rows.tolist(), columns.tolist(), strict=True))) == 128


def test_sixteen_bits_go_into_a_number_and_come_back() -> None:
    given = np.random.default_rng(0).random((5, 128)) < 0.5
    values = packed(given)
    assert values.dtype == np.float32
    assert values.shape == (5, 8)
    assert (unpacked(words(values)) == given).all()
    with pytest.raises(ExtractionError, match="multiple of 16"):
        packed(given[:, :100])
    with pytest.raises(ExtractionError, match="whole numbers from 0 to 65535"):
        words(values + np.float32(0.5))


@pytest.mark.parametrize("count", [0, 8, 100, 1024])
def test_bits_that_cannot_be(count: int) -> None:
    with pytest.raises(UsageError, match="multiple of 16"):
        PictureHash(bits=count)


def drifting(seed: int) -> Picture:
    """A wide landscape that the camera moves over."""
    wide = film(seed, count=1, size=(4 * WIDTH, HEIGHT))[0]
    return lambda at_s: wide[:, (first := round(at_s * 3 * RATE_FPS)) : first + WIDTH]


def test_a_re_encoding_is_nearer_than_any_other_clip(tmp_path: Path) -> None:
    def of(path: Path) -> np.ndarray:
        reel = open_reel(path, PictureHash().needs.want, threads=1)
        [found] = PictureHash().extract([Showing(item=Item(item_id="x"), reel=reel)])
        assert found.values is not None
        return unpacked(words(found.values))

    first = [of(write_clip(tmp_path / f"{k}.mp4", picture=drifting(k), seconds=3)) for k in range(4)]
    again = [
        of(write_clip(tmp_path / f"{k}.webm", picture=drifting(k), seconds=3, codec="libvpx", crf=30, scale=1.5))
        for k in range(4)
    ]
    for k in range(4):
        assert (first[k] != again[k]).mean() < 0.1
        assert all((first[k] != again[j]).mean() > 0.3 for j in range(4) if j != k)
