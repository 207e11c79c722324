"""Change: how much each picture of the track differs from the one before it. Cuts and motion are read from this."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from triptych.media.reel import Reel
from triptych.media.sampling import TRACK, Sampling

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
#: Hue, saturation and value of one picture.
Planes = Sequence[npt.NDArray[np.integer | np.floating]]

#: Cells down and across of the small pictures by which scenes are told apart.
GRID = (9, 16)
#: Levels of each channel that count as one in the histogram difference: 256 / 32 of them.
HISTOGRAM_BINS = 32
#: Wang et al. 2004, *Image quality assessment*: the window's deviation and side in pixels, and the two constants.
SSIM_SIGMA_PX, SSIM_WINDOW_PX = 1.5, 11
SSIM_K1, SSIM_K2 = 0.01, 0.03

#: Pictures that are worked on at a time. It bounds the memory and moves no number.
BLOCK = 1024


@dataclass(frozen=True, kw_only=True, eq=False)
class Change:
    """Of n pictures the n − 1 differences from each to the next, and what each picture is by itself.

    ``times_s``: float64 ``[n]``. ``mean, spread``: float64 ``[n]``, of the luma, 0…1.
    The differences are float64 ``[n - 1]``:

    - ``pixels``: mean absolute difference of luma, 0…1.
    - ``hue, saturation, value``: mean absolute difference in HSV, 0…1; the hue goes round the shorter way and is
      weighted by the lesser saturation of the two, since the hue of grey means nothing.
    - ``histogram``: half the sum of absolute differences of the 32-bin histograms, mean of red, green and blue, 0…1.
    - ``similarity``: mean SSIM of luma (Wang et al. 2004, Gaussian window), −1…1.

    And of each picture, so that any two can be compared:

    - ``grid``: float32 ``[n, 9, 16, 3]``, mean red, green and blue of the cells of a grid, 0…1.
    - ``shares``: float32 ``[n, 3, 32]``, the histogram of red, green and blue, sums of 1.
    """

    times_s: F64
    mean: F64
    spread: F64
    pixels: F64
    hue: F64
    saturation: F64
    value: F64
    histogram: F64
    similarity: F64
    grid: F32
    shares: F32

    @property
    def gaps_s(self) -> F64:
        """Seconds between the two pictures of each difference."""
        return np.diff(self.times_s)


def change_of(reel: Reel, sampling: Sampling = TRACK) -> Change | None:
    """What changes on the track; None without a picture track. Ask with ``reel.once(change_of)``."""
    frames = reel.frames_of(sampling)
    return None if frames is None else change(frames.rgb, frames.times_s)


def change(rgb: npt.NDArray[np.uint8], times_s: F64) -> Change:
    """``rgb``: uint8 ``[n, h, w, 3]``; ``times_s``: float64 ``[n]``.

    A block at a time, each from the last picture of the one before on: a film of two hours has 43,000 pictures.
    """
    starts = range(0, max(len(rgb) - 1, 1), BLOCK)
    blocks = [_change(rgb[start : start + BLOCK + 1], times_s[start : start + BLOCK + 1]) for start in starts]
    if len(blocks) == 1:
        return blocks[0]
    of_pictures = ("times_s", "mean", "spread", "grid", "shares")
    joined = {
        part.name: np.concatenate(
            [
                # The picture that two blocks share is the first one's last.
                getattr(block, part.name)[1 if k and part.name in of_pictures else 0 :]
                for k, block in enumerate(blocks)
            ]
        )
        for part in fields(Change)
    }
    return Change(**joined)


def _change(rgb: npt.NDArray[np.uint8], times_s: F64) -> Change:
    count, height, width, _ = rgb.shape
    # One tall picture: what is done to each pixel alone is then one call.
    tall = np.ascontiguousarray(rgb).reshape(count * height, width, 3)
    grey = _converted(tall, cv2.COLOR_RGB2GRAY).reshape(count, height, width)
    hsv = [cv2.split(part) for part in _converted(tall, cv2.COLOR_RGB2HSV).reshape(count, height, width, 3)]
    moments = np.array([cv2.meanStdDev(picture) for picture in grey]).reshape(count, 2) / 255
    steps = np.array([_steps(a, b) for a, b in pairwise(hsv)]).reshape(-1, 3)
    shares = _histograms(rgb)
    return Change(
        times_s=times_s,
        mean=moments[:, 0],
        spread=moments[:, 1],
        pixels=np.array([cv2.norm(a, b, cv2.NORM_L1) for a, b in pairwise(grey)]) / max(height * width, 1) / 255,
        hue=steps[:, 0],
        saturation=steps[:, 1],
        value=steps[:, 2],
        histogram=np.abs(np.diff(shares, axis=0)).sum(axis=2, dtype=np.float64).mean(axis=1) / 2,
        similarity=ssim(grey.astype(np.float32)),
        grid=_grid(rgb),
        shares=shares,
    )


def _steps(before: Planes, after: Planes) -> list[float]:
    """Mean differences of hue, saturation and value of two pictures, 0…1."""
    size = 255 * before[0].size
    turn = cv2.absdiff(before[0], after[0])
    # OpenCV holds hue in steps of two degrees, 0…179: half a turn is 90.
    turn = cv2.min(turn, cv2.subtract(np.full_like(turn, 180), turn))
    weighed = cv2.mean(cv2.multiply(turn, cv2.min(before[1], after[1]), scale=1 / 90, dtype=cv2.CV_32F))[0]
    return [weighed / 255, *(cv2.norm(before[k], after[k], cv2.NORM_L1) / size for k in (1, 2))]


def _grid(rgb: npt.NDArray[np.uint8]) -> F32:
    down, across = GRID
    found = np.zeros((len(rgb), down, across, 3), np.float32)
    for k, picture in enumerate(rgb):
        found[k] = cv2.resize(picture, (across, down), interpolation=cv2.INTER_AREA)
    return found / np.float32(255)


def ssim(luma: F32) -> F64:
    """Mean SSIM of each picture with the next: float32 ``[n, h, w]`` in 0…255 → float64 ``[n - 1]``."""
    c1, c2 = (SSIM_K1 * 255) ** 2, (SSIM_K2 * 255) ** 2
    found = np.zeros(max(len(luma) - 1, 0))
    before: tuple[F32, F32, npt.NDArray[np.floating]] | None = None
    for k, picture in enumerate(luma):
        mean = _blurred(picture)
        variance = _blurred(picture * picture) - mean * mean
        if before is not None:
            other, other_mean, other_variance = before
            both = _blurred(picture * other) - mean * other_mean
            alike = (2 * mean * other_mean + c1) * (2 * both + c2)
            apart = (mean * mean + other_mean * other_mean + c1) * (variance + other_variance + c2)
            found[k - 1] = float((alike / apart).mean())
        before = (picture, mean, variance)
    return found


def _blurred(picture: F32) -> F32:
    size = (SSIM_WINDOW_PX, SSIM_WINDOW_PX)
    return cast(F32, cv2.GaussianBlur(picture, size, SSIM_SIGMA_PX, borderType=cv2.BORDER_REFLECT))


def _converted(tall: npt.NDArray[np.uint8], code: int) -> npt.NDArray[np.uint8]:
    return cast(npt.NDArray[np.uint8], cv2.cvtColor(tall, code)) if tall.size else tall


def _histograms(rgb: npt.NDArray[np.uint8]) -> F32:
    """Share of pixels in each bin: float32 ``[n, 3, HISTOGRAM_BINS]``."""
    found = np.zeros((len(rgb), 3, HISTOGRAM_BINS), np.float32)
    for k, picture in enumerate(rgb):
        for channel in range(3):
            found[k, channel] = cv2.calcHist([picture], [channel], None, [HISTOGRAM_BINS], [0, 256])[:, 0]
    return found / np.float32(max(rgb.shape[1] * rgb.shape[2], 1))
