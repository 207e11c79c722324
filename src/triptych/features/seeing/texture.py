"""Texture: what the surfaces of a clip look like: co-occurring greys, local binary patterns, gradients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
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
F64 = npt.NDArray[np.float64]

#: The mean and the deviation to which every picture is brought, and the deviation below which it counts as flat and is
#: not amplified further: coding noise is no texture.
MEAN_LUMA, DEVIATION_LUMA, FLAT_LUMA = 128.0, 48.0, 8.0
#: Deviation of the Gaussian, in pixels, that takes off what an encoder adds and leaves out. Without it a film and its
#: re-encoding are on average .39 as far apart as the nearest other clip is, with it .22 (21 re-encodings of 15 clips).
BLUR_PX = 1.0
#: A neighbour that is darker by no more than this is as light: noise in plain surfaces is no pattern.
TOLERANCE = 3
#: The neighbour to the right, below it, below, and below to the left; with p symmetric, those opposite too.
DIRECTIONS = ("right", "below_right", "below", "below_left")
HARALICK = (
    "energy",
    "contrast",
    "dissimilarity",
    "homogeneity",
    "correlation",
    "entropy",
    "sum_entropy",
    "difference_variance",
    "difference_entropy",
    "information",
    "peak",
)
#: Those of which the largest less the smallest of the four directions says more than noise.
RANGED = ("contrast", "dissimilarity", "homogeneity", "correlation")
PATTERNS = 10
PERCENTILES = (50, 75, 90, 99)
ANGLES = 6
#: Weights of a diagonal neighbour at distance 1, between the pixels at its corners: (1 − t) to t, t = 1/√2, in whole
#: numbers that keep the sums of 255 within 16 bits.
SIDE_WEIGHT, CORNER_WEIGHT = 29, 70
#: Less than the least that a Sobel filter gives of whole numbers, an eighth.
LEAST_STEEP = 1e-3
#: The histogram from which percentiles of steepness are read goes to this, in as many steps as a byte has.
STEEPEST = 64.0


@dataclass(frozen=True, kw_only=True)
class Texture:
    """Mean and standard deviation, over the sampled pictures, of each picture's texture.

    Another ``pooling`` keeps each picture's row, or pools by subclips. Black bars are no part of the picture. Luma has
    a short side of ``short_side_px`` and is brought to one mean and one deviation, so that how light and how strong in
    contrast a clip is, which are of its composition, are not measured again; it is blurred by a pixel. Per picture:

    - ``energy`` … ``peak``: of the joint frequencies p(i, j) of ``levels`` greys in neighbouring pixels, symmetric
      (Haralick et al. 1973): √Σp², Σp(i−j)², Σp|i−j|, Σp/(1+(i−j)²), correlation, −Σp ln p, entropy of i+j,
      variance and entropy of |i−j|, information measure of correlation 2, max p; each as the mean over the four
      directions. Four of them also as ``…_range``, the largest of the directions less the smallest.
    - ``pattern_0`` … ``pattern_9``: shares of local binary patterns, 8 neighbours at distance 1, rotation-invariant
      and uniform (Ojala et al. 2002): 0…8 by how many neighbours are lighter, and last all that are not uniform.
    - ``steepness``: mean of the Sobel magnitude, grey levels a pixel; its ``spread`` and percentiles; ``upright`` and
      ``straight``: means of cos 2θ and cos 4θ of its direction, weighted by it. Upright is 1 for upright edges and −1
      for level ones, straight 1 for either and −1 for diagonals. Mirroring moves none of them.
    """

    sampling: Sampling = TWO_PASS
    pooling: Pooling = MEAN_STD
    levels: int = 32
    short_side_px: int = MEASURED_PX

    def __post_init__(self) -> None:
        if not 2 <= self.levels <= 64 or self.levels & (self.levels - 1):
            raise UsageError(f"levels is {self.levels}; greys are told apart in 2, 4, 8, 16, 32 or 64 levels.")
        if self.short_side_px < 3:
            raise UsageError(f"short_side_px is {self.short_side_px}; a pixel with all its neighbours takes 3.")

    @property
    def recipe(self) -> Recipe:
        params = {
            **film_params(self.short_side_px),
            "levels": self.levels,
            "luma": [MEAN_LUMA, DEVIATION_LUMA, FLAT_LUMA],
            "blur_px": BLUR_PX,
            "patterns": {"side": SIDE_WEIGHT, "corner": CORNER_WEIGHT, "tolerance": TOLERANCE},
            "percentiles": list(PERCENTILES),
            "steepest": STEEPEST,
            "least_steep": LEAST_STEEP,
            **pictures.recipe_params(self.sampling, self.pooling),
        }
        return Recipe(panel="seeing", name="texture", version=1, params=params)

    @property
    def needs(self) -> Needs:
        return pictures.needs(self.sampling)

    def ready(self) -> None:
        """Needs nothing beyond the core."""

    def columns(self) -> tuple[str, ...]:
        """The name of each entry of the vector."""
        ranges = [f"{name}_range" for name in RANGED]
        patterns = [f"pattern_{k}" for k in range(PATTERNS)]
        steep = ["steepness", "steepness_spread", *(f"steepness_p{k}" for k in PERCENTILES), "upright", "straight"]
        return self.pooling.columns([*HARALICK, *ranges, *patterns, *steep])

    def extract(self, showings: Sequence[Showing]) -> Sequence[Feature]:
        return [self._measure(showing) for showing in showings]

    def _measure(self, showing: Showing) -> Feature:
        def rows(_: object) -> F64:
            return textures(small_film(showing, self.sampling, self.short_side_px), self.levels)

        return pictures.pooled(showing, self.sampling, self.pooling, rows)


def textures(film: Grey, levels: int) -> F64:
    """One row for each picture of luma, uint8 ``[n, height, width]`` → float64 ``[n, 33]``; see :class:`Texture`."""
    even = evened(film)
    found = haralick(cooccurring(even, levels))
    ranged = found[..., [HARALICK.index(name) for name in RANGED]]
    ranges = ranged.max(axis=1) - ranged.min(axis=1)
    return np.concatenate([found.mean(axis=1), ranges, patterns(even), gradients(even)], axis=1)


def evened(film: Grey) -> Grey:
    """Each picture brought to MEAN_LUMA and DEVIATION_LUMA, clipped to 0…255, and blurred. A flat one is amplified no
    more than one of FLAT_LUMA."""
    even = np.empty_like(film)
    steps = np.arange(256)
    for picture, room in zip(film, even, strict=True):
        mean, deviation = _mean_and_deviation(picture)
        lighter = (steps - mean) * (DEVIATION_LUMA / max(deviation, FLAT_LUMA)) + MEAN_LUMA
        same = cv2.LUT(picture, np.clip(np.rint(lighter), 0, 255).astype(np.uint8))
        cv2.GaussianBlur(same, (0, 0), BLUR_PX, dst=room)
    return even


def _mean_and_deviation(picture: npt.NDArray[Any]) -> tuple[float, float]:
    found: Sequence[npt.NDArray[Any]] = cv2.meanStdDev(picture)
    return float(found[0][0, 0]), float(found[1][0, 0])


def cooccurring(film: Grey, levels: int) -> F64:
    """Joint frequencies of the greys of neighbours, symmetric: float64 ``[n, 4, levels, levels]``, each sum 1.

    ``film``: uint8 ``[n, height, width]``, both sides at least 2. The directions are those of DIRECTIONS.
    """
    grey = film >> (8 - levels.bit_length() + 1)
    bounds = [0, levels, 0, levels]
    found = np.empty((len(film), len(DIRECTIONS), levels, levels))
    for picture, joint in zip(grey, found, strict=True):
        above, below = picture[:-1], picture[1:]
        pairs = (
            (picture[:, :-1], picture[:, 1:]),
            (above[:, :-1], below[:, 1:]),
            (above, below),
            (above[:, 1:], below[:, :-1]),
        )
        for room, pair in zip(joint, pairs, strict=True):
            room[:] = cv2.calcHist(pair, [0, 1], None, [levels, levels], bounds)
    found += found.transpose(0, 1, 3, 2)
    return found / found.sum(axis=(2, 3), keepdims=True)


def haralick(joint: F64) -> F64:
    """float64 ``[n, 4, levels, levels]`` → ``[n, 4, 11]``, in the order of HARALICK; logarithms are natural."""
    count, ways, levels, _ = joint.shape
    p = joint.reshape(count * ways, levels * levels)
    one = joint.sum(axis=3).reshape(count * ways, levels)
    sums, differences = p @ _by_sum(levels), p @ _by_difference(levels)
    steps: F64 = np.arange(levels, dtype=np.float64)
    contrast, dissimilarity = differences @ steps**2, differences @ steps
    variance = one @ steps**2 - (one @ steps) ** 2
    # Σ(i−j)²p = 2(1 − ρ)σ² for a symmetric p; where all is of one grey, neighbours are as alike as can be.
    safe = np.maximum(variance, 1e-12)
    correlation = np.where(variance > 1e-12, 1 - contrast / (2 * safe), 1.0)
    entropy, alone = _entropy(p), _entropy(one)
    # HXY2, the entropy that independent neighbours would have, is twice that of one (Haralick et al. 1973, f13).
    information = np.sqrt(np.maximum(1 - np.exp(-2 * np.maximum(2 * alone - entropy, 0)), 0))
    found = [
        np.sqrt(np.einsum("np,np->n", p, p)),
        contrast,
        dissimilarity,
        differences @ (1 / (1 + steps**2)),
        correlation,
        entropy,
        _entropy(sums),
        contrast - dissimilarity**2,
        _entropy(differences),
        information,
        p.max(axis=1),
    ]
    return np.stack(found, axis=1).reshape(count, ways, len(HARALICK))


def _entropy(p: F64) -> F64:
    return -(p * np.log(np.where(p > 0, p, 1))).sum(axis=1)


@lru_cache(maxsize=8)
def _by_sum(levels: int) -> F64:
    """``[levels², 2 levels − 1]``: which pairs have which sum."""
    i, j = np.indices((levels, levels)).reshape(2, -1)
    return (i + j)[:, None] == np.arange(2 * levels - 1) + 0.0


@lru_cache(maxsize=8)
def _by_difference(levels: int) -> F64:
    i, j = np.indices((levels, levels)).reshape(2, -1)
    return (np.abs(i - j)[:, None] == np.arange(levels)) + 0.0


def patterns(film: Grey) -> F64:
    """Shares of the local binary patterns: float64 ``[n, 10]``, of pixels that have all their neighbours."""
    kinds = _kinds()
    found = np.empty((len(film), PATTERNS))
    for picture, room in zip(film, found, strict=True):
        codes = local_binary_patterns(picture, tolerance=TOLERANCE)
        counts = cv2.calcHist([codes], [0], None, [256], [0, 256])[:, 0].astype(np.float64)
        room[:] = np.bincount(kinds, counts, PATTERNS) / codes.size
    return found


def local_binary_patterns(picture: Grey, *, tolerance: int = 0) -> Grey:
    """Bit k is whether the neighbour at k × 45°, anticlockwise from the right, is as light as the pixel or lighter, or
    darker by no more than the ``tolerance``: uint8 ``[height, width]`` → ``[height - 2, width - 2]``.

    Neighbours on the diagonals lie at distance 1 too, between four pixels: (1−t)² m + t(1−t)(a + b) + t² c ≥ m, where c
    is at the corner and a and b at its sides, is (1−t)(a + b) + t c ≥ (2−t) m.
    """
    wide = picture.astype(np.int16)
    side, corner = SIDE_WEIGHT * wide, CORNER_WEIGHT * wide
    above, below, left, right = side[:-2, 1:-1], side[2:, 1:-1], side[1:-1, :-2], side[1:-1, 2:]
    middle = np.maximum(picture[1:-1, 1:-1], np.uint8(tolerance)) - np.uint8(tolerance)
    weighed = (2 * SIDE_WEIGHT + CORNER_WEIGHT) * middle.astype(np.int16)
    lighter = (
        picture[1:-1, 2:] >= middle,
        above + right + corner[:-2, 2:] >= weighed,
        picture[:-2, 1:-1] >= middle,
        above + left + corner[:-2, :-2] >= weighed,
        picture[1:-1, :-2] >= middle,
        below + left + corner[2:, :-2] >= weighed,
        picture[2:, 1:-1] >= middle,
        below + right + corner[2:, 2:] >= weighed,
    )
    codes = lighter[0].view(np.uint8).copy()
    for k, bits in enumerate(lighter[1:], start=1):
        codes |= bits.view(np.uint8) << np.uint8(k)
    return codes


@lru_cache(maxsize=1)
def _kinds() -> npt.NDArray[np.int64]:
    """For each of 256 codes the number of set bits where they are all side by side on the circle, else 9."""
    bits = (np.arange(256)[:, None] >> np.arange(8)) & 1
    changes = np.abs(bits - np.roll(bits, 1, axis=1)).sum(axis=1)
    return np.where(changes <= 2, bits.sum(axis=1), PATTERNS - 1)


def gradients(film: Grey) -> F64:
    """Mean, deviation and percentiles of steepness, and the two means of its direction: float64 ``[n, 8]``."""
    found = np.empty((len(film), len(PERCENTILES) + 4))
    picture: Grey
    for picture, room in zip(film, found, strict=True):
        across, down, steep = slopes(picture)
        mean, deviation = _mean_and_deviation(steep)
        # cos 2θ = (x² − y²) / m², cos 4θ = 2 cos² 2θ − 1; each weighted by m.
        safe = np.maximum(steep, np.float32(LEAST_STEEP))
        turned = (across * across - down * down) / safe
        total = max(mean, LEAST_STEEP) * steep.size
        straight = float((turned * turned / safe).sum(dtype=np.float64))
        room[0], room[1] = mean, deviation
        room[2:-2] = _percentiles(steep)
        room[-2:] = float(turned.sum(dtype=np.float64)) / total, 2 * straight / total - 1
    return found


def _percentiles(steep: npt.NDArray[np.float32]) -> F64:
    """Read from a histogram, straight within each of its steps."""
    steps = cv2.calcHist([cv2.convertScaleAbs(steep, alpha=255 / STEEPEST)], [0], None, [256], [0, 256])[:, 0]
    reached = np.concatenate([[0.0], np.cumsum(steps, dtype=np.float64)]) / steep.size
    # Rounding puts the borders of the steps at halves; less than half a step is as good as level.
    borders = np.clip(np.arange(257) - 0.5, 0, 255) * (STEEPEST / 255)
    borders[1] = 0
    return np.interp(np.array(PERCENTILES) / 100, reached, borders)
