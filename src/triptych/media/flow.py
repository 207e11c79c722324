"""Flow: how what is seen moves from each picture of the track to the next. Motion is read from this."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from triptych.media.change import (
    BLOCK,
    HISTOGRAM_BINS,
    SSIM_K1,
    SSIM_K2,
    SSIM_SIGMA_PX,
    SSIM_WINDOW_PX,
    Change,
    change_of,
)
from triptych.media.reel import Reel
from triptych.media.sampling import TRACK, Sampling

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]

#: The ways that things go in the picture, clockwise from the right; each is the middle of its eighth of the circle.
DIRECTIONS = ("right", "down_right", "down", "down_left", "left", "up_left", "up", "up_right")
#: Two neighbours are of two shots where their colours are so far apart and their shapes so little alike. A flash keeps
#: the shapes and a fast pan keeps the colours, so it takes both. It need not be a rule for shots: a cut that slips
#: through spoils one pair of hundreds, and so does a pair that is left out.
CUT_HISTOGRAM = 0.3
CUT_SIMILARITY = 0.5
#: Slower than this a pixel is still [short sides a second]: a fifth of a pixel from one picture of the track to the
#: next, about what the flow errs by. What has a direction is weighed against it, or coding noise would have one.
STILL_PER_S = 0.02
#: Dense inverse search: the ultrafast preset, but on the pictures at half their size, not a quarter, in patches side by
#: side, not overlapping. It takes as long (0.1 ms a pair) and sees nine tenths of a zoom, where the preset sees seven.
FINEST_SCALE, PATCH_PX, PATCH_STRIDE_PX, ITERATIONS = 1, 8, 8, 12
#: Every so many pixels are counted: a patch is four times as wide, so the others tell next to nothing more.
STRIDE_PX = 4
#: A smaller picture is drawn larger, and one whose longer side is short is continued with what is at its border: the
#: search starts at a quarter of the size, where there must be a patch in both directions, and otherwise chooses other
#: settings of its own (for 4:3, ones that take ten times as long) or crashes the process.
LEAST_SHORT_PX, LEAST_LONG_PX = 32, 92

#: Everything that decides the numbers, for the recipe of whoever measures with it.
FLOW = {
    "search": {
        "method": "dense inverse search",
        "finest_scale": FINEST_SCALE,
        "patch_px": PATCH_PX,
        "patch_stride_px": PATCH_STRIDE_PX,
        "iterations": ITERATIONS,
        "stride_px": STRIDE_PX,
        "least_px": [LEAST_SHORT_PX, LEAST_LONG_PX],
    },
    "directions": len(DIRECTIONS),
    "cut": {
        "histogram": CUT_HISTOGRAM,
        "similarity": CUT_SIMILARITY,
        "bins": HISTOGRAM_BINS,
        "ssim": [SSIM_SIGMA_PX, SSIM_WINDOW_PX, SSIM_K1, SSIM_K2],
    },
    "still_per_s": STILL_PER_S,
    "version": 1,
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Flow:
    """The optical flow of m pairs of neighbouring pictures, those left out that a cut, or no time, lies between.

    Speeds are in short sides of the picture a second, over the true time between the two pictures, so neither the
    size of a clip nor its gaps count. x goes to the right, y goes down; what moves is the picture's content: a camera
    that pans to the right makes it go left.

    ``pairs``: int64 ``[m]``, increasing; pair k is of the pictures k and k + 1 of the track. ``times_s``: float64
    ``[m]``, the middle of the pair. ``gaps_s``: float64 ``[m]``. The others are float64:

    - ``magnitude, fast``: ``[m]``, the mean speed of the pixels, and their 90th percentile.
    - ``still``: ``[m]``, share of the pixels slower than ``STILL_PER_S``, 0…1.
    - ``directions``: ``[m, 8]``, share of the movement that goes each of ``DIRECTIONS``; a movement that lies between
      two ways counts to both, so that a small turn moves little. ``STILL_PER_S`` in no direction is added to it, so
      the sum is near 1 where much moves and 0 where nothing does.
    - ``coherence``: ``[m]``, length of the mean movement over the mean length and ``STILL_PER_S``: near 1 where all
      moves as one, as with a camera; near 0 where things move about, where it is zoomed, and where nothing moves.
    - ``camera``: ``[m, 2]``, the median movement, x and y.
    - ``local``: ``[m]``, the mean speed that is left when the camera's is taken out.
    - ``divergence``: ``[m]``, ∂u/∂x + ∂v/∂y in 1/s of the straight line that fits the flow best; positive where the
      picture is zoomed into, twice the rate at which everything grows.
    """

    pairs: npt.NDArray[np.int64]
    times_s: F64
    gaps_s: F64
    magnitude: F64
    fast: F64
    still: F64
    directions: F64
    coherence: F64
    camera: F64
    local: F64
    divergence: F64

    def __len__(self) -> int:
        return len(self.pairs)


def flow_of(reel: Reel, sampling: Sampling = TRACK) -> Flow | None:
    """The flow of the track; None without a picture track. Ask with ``reel.once(flow_of)``."""
    frames = reel.frames_of(sampling)
    if frames is None:
        return None
    change = reel.once(change_of, sampling)
    assert change is not None  # there are pictures
    return flow(frames.rgb, frames.times_s, pairs=np.flatnonzero(~cuts(change)))


def cuts(change: Change) -> npt.NDArray[np.bool_]:
    """``[n - 1]``: whether a cut lies between each picture and the next."""
    return (change.histogram > CUT_HISTOGRAM) & (change.similarity < CUT_SIMILARITY)


def flow(rgb: npt.NDArray[np.uint8], times_s: F64, *, pairs: npt.NDArray[np.int64] | None = None) -> Flow:
    """``rgb``: uint8 ``[n, h, w, 3]``; ``times_s``: float64 ``[n]``; ``pairs``: which, all of them by default.

    The field is that of dense inverse search (Kroeger et al. 2016), which divides its work alike whatever the number
    of threads, so the result is the same. A block of pairs at a time: a film of two hours has 43,000.
    """
    chosen = np.arange(max(len(rgb) - 1, 0)) if pairs is None else np.asarray(pairs, np.int64)
    # Without time between them, two pictures have no speed.
    chosen = chosen[np.diff(times_s)[chosen] > 0] if len(chosen) else chosen
    if len(chosen) == 0:
        none = np.zeros(0)
        return Flow(
            pairs=chosen,
            times_s=none,
            gaps_s=none,
            magnitude=none,
            fast=none,
            still=none,
            directions=np.zeros((0, len(DIRECTIONS))),
            coherence=none,
            camera=np.zeros((0, 2)),
            local=none,
            divergence=none,
        )
    blocks = [_flow(rgb, times_s, chosen[start : start + BLOCK]) for start in range(0, len(chosen), BLOCK)]
    if len(blocks) == 1:
        return blocks[0]
    return Flow(**{part.name: np.concatenate([getattr(block, part.name) for block in blocks]) for part in fields(Flow)})


def _flow(rgb: npt.NDArray[np.uint8], times_s: F64, chosen: npt.NDArray[np.int64]) -> Flow:
    gaps_s = np.diff(times_s)[chosen]
    field = _field(rgb, chosen)
    count, height, width, _ = field.shape
    field /= gaps_s[:, None, None, None].astype(np.float32)
    u, v = (np.ascontiguousarray(field[..., k]).reshape(count, -1) for k in range(2))
    speed, angle = (np.asarray(part, np.float32) for part in cv2.cartToPolar(u, v))
    magnitude = _mean(speed)
    camera = np.stack([np.median(u, axis=1), np.median(v, axis=1)], axis=1)
    local = np.hypot(u - camera[:, :1].astype(np.float32), v - camera[:, 1:].astype(np.float32))
    return Flow(
        pairs=chosen,
        times_s=(times_s[chosen] + times_s[chosen + 1]) / 2,
        gaps_s=gaps_s,
        magnitude=magnitude,
        fast=_upper_tenth(speed),
        still=(speed < STILL_PER_S).mean(axis=1),
        directions=_directions(angle, speed) / (magnitude + STILL_PER_S)[:, None],
        coherence=np.hypot(_mean(u), _mean(v)) / (magnitude + STILL_PER_S),
        camera=camera.astype(np.float64),
        local=_mean(local),
        divergence=_divergence(u, v, height, width, _short_side(rgb)),
    )


def _field(rgb: npt.NDArray[np.uint8], pairs: npt.NDArray[np.int64]) -> F32:
    """How far each pixel moves in each pair, in short sides, x and y: float32 ``[m, h', w', 2]``."""
    places = np.union1d(pairs, pairs + 1)
    count, (height, width) = len(places), rgb.shape[1:3]
    tall = rgb[places].reshape(count * height, width, 3)
    grey = np.asarray(cv2.cvtColor(tall, cv2.COLOR_RGB2GRAY), np.uint8).reshape(count, height, width)
    larger = LEAST_SHORT_PX / min(height, width)
    if larger > 1:
        size = (max(round(width * larger), LEAST_SHORT_PX), max(round(height * larger), LEAST_SHORT_PX))
        grey = np.stack([np.asarray(cv2.resize(one, size, interpolation=cv2.INTER_LINEAR), np.uint8) for one in grey])
    _, height, width = grey.shape
    lacking = max(LEAST_LONG_PX - max(height, width), 0)
    if lacking:
        grey = np.pad(
            grey, ((0, 0), (0, lacking), (0, 0)) if height > width else ((0, 0), (0, 0), (0, lacking)), "edge"
        )
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    search.setFinestScale(FINEST_SCALE)
    search.setPatchSize(PATCH_PX)
    search.setPatchStride(PATCH_STRIDE_PX)
    search.setGradientDescentIterations(ITERATIONS)
    found = np.empty((len(pairs), -(-height // STRIDE_PX), -(-width // STRIDE_PX), 2), np.float32)
    # No array to write into: what is in it would be taken for a first guess, so a pair would hang on the one before,
    # and an array of anything crashes the process.
    blank = cast(F32, None)  # OpenCV's types do not say that it may be left out
    for k, place in enumerate(np.searchsorted(places, pairs).tolist()):
        found[k] = search.calc(grey[place], grey[place + 1], blank)[:height:STRIDE_PX, :width:STRIDE_PX]
    found /= min(height, width)
    return found


def _directions(angle: F32, speed: F32) -> F64:
    """The mean speed of the pixels, by direction: ``[m, 8]``. ``angle``: 0…2π, clockwise from the right."""
    count, sectors = len(speed), len(DIRECTIONS)
    turn = angle * np.float32(sectors / (2 * np.pi))
    low = turn.astype(np.int64)
    upper = (turn - low) * speed.astype(np.float64)
    # As one long count: a picture's directions stand behind those of the last. A whole turn is none.
    place = (low % sectors + np.arange(count)[:, None] * sectors).ravel()
    first = np.bincount(place, (speed - upper).ravel(), count * sectors).reshape(count, sectors)
    second = np.bincount(place, upper.ravel(), count * sectors).reshape(count, sectors)
    return (first + np.roll(second, 1, axis=1)) / speed.shape[1]


def _divergence(u: F32, v: F32, height: int, width: int, short_side: int) -> F64:
    """Slope of u along x plus slope of v along y, least squares over all pixels: steadier than differences."""
    found = np.zeros(len(u))
    for along, parts, axis in ((u, width, 1), (v, height, 0)):
        steps = (np.arange(parts) - (parts - 1) / 2) * STRIDE_PX / short_side
        if parts > 1:
            lines = along.reshape(-1, height, width).mean(axis=1 if axis == 1 else 2, dtype=np.float64)
            # Not lines @ steps, whose last bit hangs on how many pairs there are.
            found += (lines * steps).sum(axis=1) / (steps @ steps)
    return found


def _short_side(rgb: npt.NDArray[np.uint8]) -> int:
    """Of the picture that the flow is found on [px]."""
    return max(min(rgb.shape[1], rgb.shape[2]), LEAST_SHORT_PX)


def _upper_tenth(speed: F32) -> F64:
    """90th percentile of each row."""
    at = min(int(0.9 * speed.shape[1]), speed.shape[1] - 1)
    return np.partition(speed, at, axis=1)[:, at].astype(np.float64)


def _mean(pixels: F32) -> F64:
    return pixels.mean(axis=1, dtype=np.float64)
