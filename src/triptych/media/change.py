"""Change: how much each picture of the track differs from the one before it. Cuts and motion are read from this."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from triptych.media.reel import Reel
from triptych.media.sampling import TRACK, Sampling

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]

#: Levels of each channel that count as one in the histogram difference: 256 / 32 of them.
HISTOGRAM_BINS = 32
#: Wang et al. 2004, *Image quality assessment*: the window's deviation in pixels, and the two constants.
SSIM_SIGMA_PX = 1.5
SSIM_K1, SSIM_K2 = 0.01, 0.03


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

    @property
    def gaps_s(self) -> F64:
        """Seconds between the two pictures of each difference."""
        return np.diff(self.times_s)


def change_of(reel: Reel, sampling: Sampling = TRACK) -> Change | None:
    """What changes on the track; None without a picture track. Ask with ``reel.once(change_of)``."""
    frames = reel.frames_of(sampling)
    return None if frames is None else change(frames.rgb, frames.times_s)


def change(rgb: npt.NDArray[np.uint8], times_s: F64) -> Change:
    """``rgb``: uint8 ``[n, h, w, 3]``; ``times_s``: float64 ``[n]``."""
    count, height, width, _ = rgb.shape
    if count == 0:
        none = np.zeros(0)
        return Change(
            times_s=times_s,
            mean=none,
            spread=none,
            pixels=none,
            hue=none,
            saturation=none,
            value=none,
            histogram=none,
            similarity=none,
        )
    # One tall picture: the conversions are then one call each.
    tall = np.ascontiguousarray(rgb).reshape(count * height, width, 3)
    grey = cast(npt.NDArray[np.uint8], cv2.cvtColor(tall, cv2.COLOR_RGB2GRAY)).reshape(count, height, width)
    hsv = cast(npt.NDArray[np.uint8], cv2.cvtColor(tall, cv2.COLOR_RGB2HSV)).reshape(count, height, width, 3)
    luma = grey.astype(np.float32)
    hue, saturation, value = (hsv[..., k].astype(np.float32) for k in range(3))
    turn = np.abs(np.diff(hue, axis=0))
    turn = np.minimum(turn, 180 - turn) / 90 * np.minimum(saturation[1:], saturation[:-1]) / 255
    shares = _histograms(rgb)
    return Change(
        times_s=times_s,
        mean=_mean(luma) / 255,
        spread=luma.reshape(count, -1).std(axis=1, dtype=np.float64) / 255,
        pixels=_mean(np.abs(np.diff(luma, axis=0))) / 255,
        hue=_mean(turn),
        saturation=_mean(np.abs(np.diff(saturation, axis=0))) / 255,
        value=_mean(np.abs(np.diff(value, axis=0))) / 255,
        histogram=np.abs(np.diff(shares, axis=0)).sum(axis=2).mean(axis=1) / 2,
        similarity=ssim(luma),
    )


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
    return cast(F32, cv2.GaussianBlur(picture, (11, 11), SSIM_SIGMA_PX, borderType=cv2.BORDER_REFLECT))


def _mean(pictures: npt.NDArray[np.floating]) -> F64:
    """Mean over each picture ``[n, h, w]``."""
    return pictures.reshape(len(pictures), -1).mean(axis=1, dtype=np.float64)


def _histograms(rgb: npt.NDArray[np.uint8]) -> F64:
    """Share of pixels in each bin: float64 ``[n, 3, HISTOGRAM_BINS]``."""
    count = len(rgb)
    pixels = rgb.shape[1] * rgb.shape[2]
    shift = 8 - HISTOGRAM_BINS.bit_length() + 1
    first = (np.arange(count, dtype=np.int64) * HISTOGRAM_BINS)[:, None]
    channels = [
        np.bincount(((rgb[..., k].reshape(count, pixels) >> shift) + first).ravel(), minlength=count * HISTOGRAM_BINS)
        for k in range(3)
    ]
    return np.stack([found.reshape(count, HISTOGRAM_BINS) for found in channels], axis=1) / pixels
