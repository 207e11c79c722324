"""Palette: the few colours that a clip is made of, and how much of it each is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from triptych.errors import UsageError
from triptych.features.extractor import Needs, Showing
from triptych.features.feature import Feature
from triptych.features.recipe import Recipe
from triptych.features.seeing import pictures
from triptych.features.seeing.film import bar_params, window_of
from triptych.media.sampling import TWO_PASS, Sampling
from triptych.media.subclips import borders_s, members

RGB = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]

#: Pixels looked at along each side of a picture, evenly spread, the same from either end.
GRID = 48
#: Bits of each channel by which pixels of nearly one colour are gathered into one point, at their mean.
BITS = 5
#: CIELAB counts lightness to 100.
UNIT = 100.0
#: How near two colours must be for a point to be of both: its share of each falls with the square of its distance over
#: twice the square of this. An eighth of the way from black to white: with less of it, colours that a re-encoding
#: moves by little fall to the other of two neighbours, and draw it along.
SOFTNESS = 0.12
ROUNDS = 10
#: A colour that takes less than this share of the clip stays where it is.
LEAST_SHARE = 1e-6


@dataclass(frozen=True, kw_only=True)
class Palette:
    """The ``count`` dominant colours of a clip, by k-means on pixels pooled over its sampled pictures.

    Each has ``light`` (CIELAB L*, 0…1), ``green_red`` and ``blue_yellow`` (a* and b*, in hundreds, about −1…1) and
    ``share``, 0…1; black bars that the whole clip has do not count. With ``parts`` above 1 there is a row for each
    equal subclip, at its middle.

    K-means is soft (MacKay 2003, chapter 20.2) and starts from the mean colours of as many equal parts of the clip's
    pixels, from the darkest to the lightest. Colour k stays the one that grew from part k, and is sorted by nothing:
    in any order, by share or by lightness, two colours that are nearly equal in it change places when a clip is
    encoded again. So the vector moves by little with whatever moves the pixels by little.
    """

    sampling: Sampling = TWO_PASS
    count: int = 5
    parts: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.count <= 64:
            raise UsageError(f"count is {self.count}; a palette has 1 to 64 colours.")
        if not 1 <= self.parts <= 10_000:
            raise UsageError(f"parts is {self.parts}; 1 is the whole clip, else up to 10,000 parts.")

    @property
    def recipe(self) -> Recipe:
        params = {
            "count": self.count,
            "parts": self.parts,
            "grid": GRID,
            "bits": BITS,
            "softness": SOFTNESS,
            "rounds": ROUNDS,
            "least_share": LEAST_SHARE,
            "bars": bar_params(),
            **pictures.recipe_params(self.sampling),
        }
        return Recipe(panel="seeing", name="palette", version=1, params=params)

    @property
    def needs(self) -> Needs:
        return pictures.needs(self.sampling)

    def ready(self) -> None:
        """Needs nothing beyond the core."""

    def columns(self) -> tuple[str, ...]:
        """The name of each entry of the vector."""
        entries = ("light", "green_red", "blue_yellow", "share")
        return tuple(f"colour_{k}_{entry}" for k in range(self.count) for entry in entries)

    def extract(self, showings: Sequence[Showing]) -> Sequence[Feature]:
        return [self._measure(showing) for showing in showings]

    def _measure(self, showing: Showing) -> Feature:
        frames = pictures.pictures_of(showing, self.sampling)
        if isinstance(frames, Feature):
            return frames
        assert showing.reel is not None  # or there were no pictures
        rows, columns = showing.reel.once(window_of, self.sampling)
        film = frames.rgb[:, rows, columns]
        if self.parts == 1:
            return Feature(values=palette(film, self.count).ravel().astype(np.float32))
        duration_s = showing.reel.probe.duration_s
        borders = borders_s(duration_s, self.parts)
        parts = members(frames.times_s, duration_s, self.parts)
        values = np.stack([palette(film[inside], self.count).ravel() for inside in parts])
        return Feature(values=values.astype(np.float32), times_s=(borders[:-1] + borders[1:]) / 2)


def palette(film: RGB, count: int) -> F32:
    """The dominant colours of pictures ``[n, h, w, 3]``: float32 ``[count, 4]``, L*, a*, b* over 100, and share."""
    points, weights = _points(film)
    weighed = np.concatenate([points * weights[:, None], weights[:, None]], axis=1)
    centres = _start(points, weights, count)
    shares = np.full(count, 1 / count, np.float32)
    for _ in range(ROUNDS):
        # Squared distance less that of the point itself, which is the same for all colours.
        far = (centres**2).sum(axis=1, keepdims=True) - 2 * centres @ points.T
        near = np.exp((far.min(axis=0) - far) / np.float32(2 * SOFTNESS**2))
        near /= near.sum(axis=0)
        taken = near @ weighed
        shares = taken[:, 3]
        some = shares > LEAST_SHARE
        centres[some] = taken[some, :3] / shares[some, None]
    return np.concatenate([centres, shares[:, None]], axis=1)


def _points(film: RGB) -> tuple[F32, F32]:
    """The colours that occur, in CIELAB over 100, ``[p, 3]``, and the share of pixels of each, ``[p]``.

    Counted and summed in whole numbers, so the order of pixels and pictures does not change a bit.
    """
    rows, columns = (_places(side) for side in film.shape[1:3])
    pixels = film[:, rows][:, :, columns].reshape(-1, 3)
    steps = (pixels >> (8 - BITS)).astype(np.int64)
    kind = (steps[:, 0] << (2 * BITS)) | (steps[:, 1] << BITS) | steps[:, 2]
    found = np.bincount(kind)
    there = np.flatnonzero(found)
    counts = found[there].astype(np.float64)
    sums = np.stack([np.bincount(kind, pixels[:, channel])[there] for channel in range(3)], axis=1)
    rgb = (sums / (255 * counts[:, None])).astype(np.float32)
    lab = cast(F32, cv2.cvtColor(rgb[None], cv2.COLOR_RGB2LAB))[0] / np.float32(UNIT)
    return lab, (counts / len(pixels)).astype(np.float32)


def _places(side_px: int) -> npt.NDArray[np.int64]:
    """Up to GRID places along a side, the second half mirrored from the first."""
    if side_px <= GRID:
        return np.arange(side_px)
    first = (np.arange(GRID // 2) * 2 + 1) * side_px // (2 * GRID)
    return np.concatenate([first, side_px - 1 - first[::-1]])


def _start(points: F32, weights: F32, count: int) -> F32:
    """The mean colour of each of ``count`` equal parts of the pixels in order of lightness: ``[count, 3]``.

    A point that reaches over a border counts to both sides.
    """
    order = np.lexsort(points.T[::-1])
    ends = np.cumsum(weights[order], dtype=np.float64)
    ends /= ends[-1]
    starts = np.concatenate([[0.0], ends[:-1]])
    borders = np.arange(count + 1)[:, None] / count
    inside = np.clip(np.minimum(ends, borders[1:]) - np.maximum(starts, borders[:-1]), 0, None)
    return (inside @ points[order] * count).astype(np.float32)
