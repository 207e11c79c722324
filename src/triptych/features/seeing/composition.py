"""Composition: how a clip's pictures are laid out: light, sharpness, thirds, symmetry, where the edges are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from triptych.errors import UsageError
from triptych.features.extractor import Needs, Showing
from triptych.features.feature import Feature
from triptych.features.pooling import MEAN_STD, Pooling
from triptych.features.recipe import Recipe
from triptych.features.seeing import pictures
from triptych.features.seeing.film import MEASURED_PX, film_params, slopes, small_film
from triptych.media.sampling import TWO_PASS, Sampling

Grey = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]

#: Canny 1986: a pixel steeper than the higher is an edge, one steeper than the lower is if it touches one. Sobel sums,
#: |across| + |down|, up to 2040.
CANNY_LOW, CANNY_HIGH = 100, 200
#: The region around a point of thirds, as a share of each side.
THIRD_SHARE = 1 / 6
#: What luma and steepness must come to, in grey levels and grey levels a pixel, to be more than that of a flat picture.
#: One of them stands in every quotient, so that a flat picture gives nearly the same as one that is nearly flat.
FLOOR, STEEP_FLOOR = 1.0, 0.25
POINTS = ("top_left", "top_right", "bottom_left", "bottom_right")
SIDES = ("across", "down")


@dataclass(frozen=True, kw_only=True)
class Composition:
    """Mean and standard deviation, over the sampled pictures, of each picture's layout.

    Another ``pooling`` keeps each picture's row, or pools by subclips. Black bars that the whole clip has are no part
    of the picture; luma is measured with a short side of ``short_side_px``. Per picture:

    - ``edges``: share of pixels that are edges (Canny 1986).
    - ``brightness, contrast``: mean and standard deviation of luma, 0…1 (RMS contrast, Peli 1990).
    - ``sharpness``: log₁₀(1 + variance of the Laplacian), luma in 0…255.
    - ``light_…, detail_…``: rule of thirds. Around each of the four points a third from the sides, the mean luma and
      the mean steepness (Sobel magnitude), as what is more than in the whole picture, relative to that: 0 is as much.
    - ``symmetry_across, symmetry_down``: correlation of luma with the picture mirrored left to right, and top to
      bottom; 1 for a flat picture.
    - ``centre_across, centre_down``: centre of mass of the steepness, −1 (left, top) … 1 (right, bottom).
    - ``reach_across, reach_down``: its root mean square distance from the middle; .58 where it is even.
    """

    sampling: Sampling = TWO_PASS
    pooling: Pooling = MEAN_STD
    short_side_px: int = MEASURED_PX

    def __post_init__(self) -> None:
        if self.short_side_px < 12:
            raise UsageError(f"short_side_px is {self.short_side_px}; a picture of thirds has at least 12.")

    @property
    def recipe(self) -> Recipe:
        params = {
            **film_params(self.short_side_px),
            "canny": [CANNY_LOW, CANNY_HIGH],
            "third_share": THIRD_SHARE,
            "floors": [FLOOR, STEEP_FLOOR],
            **pictures.recipe_params(self.sampling, self.pooling),
        }
        return Recipe(panel="seeing", name="composition", version=1, params=params)

    @property
    def needs(self) -> Needs:
        return pictures.needs(self.sampling)

    def ready(self) -> None:
        """Needs nothing beyond the core."""

    def columns(self) -> tuple[str, ...]:
        """The name of each entry of the vector."""
        thirds = [f"{what}_{point}" for what in ("light", "detail") for point in POINTS]
        sides = [f"{what}_{side}" for what in ("symmetry", "centre", "reach") for side in SIDES]
        return self.pooling.columns(["edges", "brightness", "contrast", "sharpness", *thirds, *sides])

    def extract(self, showings: Sequence[Showing]) -> Sequence[Feature]:
        return [self._measure(showing) for showing in showings]

    def _measure(self, showing: Showing) -> Feature:
        return pictures.pooled(
            showing,
            self.sampling,
            self.pooling,
            lambda _: laid_out(small_film(showing, self.sampling, self.short_side_px)),
        )


def laid_out(film: Grey) -> F64:
    """One row for each picture of luma, uint8 ``[n, h, w]`` → float64 ``[n, 18]``; see :class:`Composition`."""
    count, height, width = film.shape
    steep = steepness(film)
    edges, sharpness = np.zeros(count), np.zeros(count)
    picture: Grey
    for k, picture in enumerate(film):
        edges[k] = cv2.countNonZero(cv2.Canny(picture, CANNY_LOW, CANNY_HIGH)) / picture.size
        deviation = cv2.meanStdDev(cv2.Laplacian(picture, cv2.CV_16S))[1]
        sharpness[k] = np.log10(1 + deviation[0, 0] ** 2)
    luma = film.astype(np.float32)
    mean = _mean(luma)
    luma -= mean.astype(np.float32)[:, None, None]
    variance = np.einsum("nhw,nhw->n", luma, luma, dtype=np.float64) / (height * width)
    alike = [
        (np.einsum("nhw,nhw->n", luma, turned) / (height * width) + FLOOR**2) / (variance + FLOOR**2)
        for turned in (luma[:, :, ::-1], luma[:, ::-1])
    ]
    return np.stack(
        [
            edges,
            mean / 255,
            np.sqrt(variance) / 255,
            sharpness,
            *_thirds(film, mean, FLOOR),
            *_thirds(steep, _mean(steep), STEEP_FLOOR),
            *alike,
            *_centre_and_reach(steep),
        ],
        axis=1,
    )


def steepness(film: Grey) -> F32:
    """Sobel magnitude of each picture, per pixel: float32 ``[n, height, width]``, 0…361 (grey levels a pixel × √2)."""
    steep = np.empty(film.shape, np.float32)
    picture: Grey
    for picture, room in zip(film, steep, strict=True):
        room[:] = slopes(picture)[2]
    return steep


def _mean(stack: npt.NDArray[Any]) -> F64:
    return stack.reshape(len(stack), -1).mean(axis=1, dtype=np.float64)


def _thirds(stack: npt.NDArray[Any], mean: F64, floor: float) -> list[F64]:
    """For each of the points what is more around it than in the whole picture, relative to that."""
    _, height, width = stack.shape
    tops, lefts = ([_around(side, third) for third in (1, 2)] for side in (height, width))
    return [(_mean(stack[:, rows, columns]) - mean) / (mean + floor) for rows in tops for columns in lefts]


def _around(side_px: int, third: int) -> slice:
    """The pixels around one of the two thirds of a side, the second mirrored from the first."""
    first = round(side_px * (1 / 3 - THIRD_SHARE / 2))
    end = max(round(side_px * (1 / 3 + THIRD_SHARE / 2)), first + 1)
    return slice(first, end) if third == 1 else slice(side_px - end, side_px - first)


def _centre_and_reach(steep: F32) -> list[F64]:
    _, height, width = steep.shape
    by_column, by_row = steep.sum(axis=1, dtype=np.float64), steep.sum(axis=2, dtype=np.float64)
    total = by_row.sum(axis=1) + STEEP_FLOOR
    places = ((by_column, _from_middle(width)), (by_row, _from_middle(height)))
    centre = [mass @ at / total for mass, at in places]
    return centre + [np.sqrt(mass @ at**2 / total) for mass, at in places]


def _from_middle(side_px: int) -> F64:
    """The middle of each pixel, −1…1."""
    return (2 * np.arange(side_px) + 1) / side_px - 1
