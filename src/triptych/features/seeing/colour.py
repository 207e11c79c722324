"""Colour: what colours a clip has, how strong and how light, and how much they change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import cv2
import numpy as np
import numpy.typing as npt

from triptych.errors import UsageError
from triptych.features.extractor import Needs, Showing
from triptych.features.feature import Feature
from triptych.features.pooling import EACH, MEAN_STD, Pooling
from triptych.features.recipe import Recipe
from triptych.features.seeing import pictures
from triptych.media.reel import Frames
from triptych.media.sampling import EACH_SECOND, TWO_PASS, Sampling

F64 = npt.NDArray[np.float64]

#: What the 256 levels of a channel stand for, and OpenCV's 180 steps of hue as points on the colour circle.
LEVELS: F64 = np.arange(256) / 255
_ANGLES = np.arange(180) * (2 * np.pi / 180)
HUE_X, HUE_Y = np.cos(_ANGLES), np.sin(_ANGLES)


@dataclass(frozen=True, kw_only=True)
class Colour:
    """Mean and standard deviation, over the sampled pictures, of each picture's colour statistics.

    Another ``pooling`` keeps each picture's row, or pools by subclips.

    Per picture, all in 0…1 but for the hue:

    - ``red_00`` … ``blue_31``: share of pixels in ``bins`` steps of each channel; a value between two steps
      counts to both, so that a re-encoding's small shifts stay small.
    - mean and standard deviation of each channel, of saturation and of value (HSV).
    - ``hue_x, hue_y``: the mean hue as a point on the colour circle, weighted by saturation, since the hue of
      grey means nothing: near (0, 0) where a picture is grey or of all colours.
    - ``key``: lighting key, mean times standard deviation of value (Rasheed et al. 2005, as in Deldjoo et al. 2016).
    """

    NAME: ClassVar[str] = "colour"

    sampling: Sampling = TWO_PASS
    pooling: Pooling = MEAN_STD
    bins: int = 32

    def __post_init__(self) -> None:
        if not 1 <= self.bins <= 256:
            raise UsageError(f"bins is {self.bins}; a channel of 256 levels has 1 to 256 bins.")

    @property
    def recipe(self) -> Recipe:
        params = {"bins": self.bins, **pictures.recipe_params(self.sampling, self.pooling)}
        return Recipe(panel="seeing", name=self.NAME, version=1, params=params)

    @property
    def needs(self) -> Needs:
        return pictures.needs(self.sampling)

    def ready(self) -> None:
        """Needs nothing beyond the core."""

    def columns(self) -> tuple[str, ...]:
        """The name of each entry of the vector."""
        shares = [f"{channel}_{k:02d}" for channel in ("red", "green", "blue") for k in range(self.bins)]
        parts = ("red", "green", "blue", "saturation", "value")
        rest = [f"{part}_{what}" for part in parts for what in ("level", "spread")]
        return self.pooling.columns([*shares, *rest, "hue_x", "hue_y", "key"])

    def extract(self, showings: Sequence[Showing]) -> Sequence[Feature]:
        return [pictures.pooled(showing, self.sampling, self.pooling, self._rows) for showing in showings]

    def _rows(self, frames: Frames) -> F64:
        blend = _soft_bins(self.bins)
        return np.stack([_picture(rgb, blend) for rgb in frames.rgb])


@dataclass(frozen=True, kw_only=True)
class ColourFrames(Colour):
    """The colours of one picture a second, each with its time: a sequence that takes no weights.

    It is :class:`Colour` of each picture, under a name of its own: a sequence cannot stand where a vector is looked
    for.
    """

    NAME: ClassVar[str] = "colour-frames"

    sampling: Sampling = EACH_SECOND
    pooling: Pooling = EACH


def _picture(rgb: npt.NDArray[np.uint8], blend: F64) -> F64:
    """Statistics of one picture, float64 ``[3 * bins + 13]``; ``blend`` is from :func:`_soft_bins`."""
    parts: list[F64] = []
    moments: list[float] = []
    for channel in range(3):
        shares = _shares(rgb, channel)
        parts.append(shares @ blend)
        moments += _level_and_spread(shares)
    hsv: npt.NDArray[Any] = cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV)
    # Counts are whole, so those of saturation are sums of those of hue and saturation, to the last bit.
    counts: npt.NDArray[Any] = cv2.calcHist([hsv], [0, 1], None, [180, 256], [0, 180, 0, 256])
    pixels = hsv[..., 0].size
    moments += _level_and_spread(counts.sum(axis=0, dtype=np.float64) / pixels)
    moments += _level_and_spread(_shares(hsv, 2))
    weight = (counts.astype(np.float64) / pixels) @ LEVELS
    hue = [float(weight @ HUE_X), float(weight @ HUE_Y)]
    key = moments[-2] * moments[-1]
    return np.concatenate([*parts, moments, hue, [key]])


def _shares(picture: npt.NDArray[Any], channel: int) -> F64:
    """Share of pixels at each of the 256 levels of one channel."""
    counts: npt.NDArray[Any] = cv2.calcHist([picture], [channel], None, [256], [0, 256])
    return counts[:, 0].astype(np.float64) / picture[..., 0].size


def _level_and_spread(shares: F64) -> list[float]:
    mean = float(shares @ LEVELS)
    return [mean, float(np.sqrt(max(shares @ (LEVELS - mean) ** 2, 0.0)))]


def _soft_bins(bins: int) -> F64:
    """Matrix ``[256, bins]`` that shares each of 256 levels between its two nearest bin centres."""
    centres = (np.arange(256) + 0.5) * bins / 256 - 0.5
    low = np.clip(np.floor(centres), 0, bins - 1).astype(int)
    high = np.minimum(low + 1, bins - 1)
    share = np.clip(centres - low, 0, 1)
    blend = np.zeros((256, bins))
    np.add.at(blend, (np.arange(256), low), 1 - share)
    np.add.at(blend, (np.arange(256), high), share)
    return blend
