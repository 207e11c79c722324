"""Certainty: whether a predictor that says how sure it is of a rating is as sure as it may be.

A prediction is read as a normal distribution of the rating. Ratings are whole or half numbers and have two ends, so
that even the best of such predictions is not quite normal; what is measured is how far that goes wrong.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from triptych.errors import UsageError
from triptych.evaluate.metrics.lists import F64

LEVELS = (0.5, 0.8, 0.9, 0.95)
#: The points of the calibration curve.
CURVE = tuple(k / 20 for k in range(1, 20))


@dataclass(frozen=True, kw_only=True, eq=False)
class Certainty:
    """``inside[k]``: bool ``[n]``, whether each rating lies within the interval of ``levels[k]`` around its mean;
    ``covered[k]``: the share of them, which is to be the level; ``widths[k]``: how wide these intervals are, the mean.

    ``nominal`` and ``found``: float64 ``[19]``, the calibration curve: levels, and the shares that they cover.
    ``error``: the mean distance between the two, 0 of a predictor that is just as sure as it may be. ``nll``: −ln of
    the density at the rating, the mean, in nats; None where a deviation of 0 makes it infinite. ``crps``: the
    continuous ranked probability score of Gneiting and Raftery (2007), in units of the ratings: MAE where nothing is
    unsure. Of both, less is better.
    """

    levels: tuple[float, ...]
    inside: tuple[npt.NDArray[np.bool_], ...]
    covered: tuple[float, ...]
    widths: tuple[float, ...]
    nominal: F64
    found: F64
    error: float
    nll: float | None
    crps: float


def certainty(rated: npt.NDArray[np.floating], mean: F64, sd: F64, *, levels: Sequence[float] = LEVELS) -> Certainty:
    """Of ratings ``[n]``, their predicted means and standard deviations. An interval reaches from mean − z sd to mean +
    z sd, its ends being inside, and is not cut at the ends of the scale."""
    from scipy.special import ndtr, ndtri

    if not len(rated) == len(mean) == len(sd) or not len(rated):
        raise UsageError(f"{len(rated)} ratings, {len(mean)} means and {len(sd)} deviations were given; one of each.")
    if not (np.isfinite(rated).all() and np.isfinite(mean).all() and np.isfinite(sd).all() and (sd >= 0).all()):
        raise UsageError("ratings, means and deviations are finite numbers, and no deviation is below 0.")
    if not all(0 < level < 1 for level in levels):
        raise UsageError(f"levels of {', '.join(map(str, levels))} were given; each is between 0 and 1, such as 0.8.")
    off = np.abs(np.asarray(rated, np.float64) - mean)

    def reach(level: float) -> float:
        return float(ndtri((1 + level) / 2))

    inside = tuple(off <= reach(level) * sd for level in levels)
    nominal = np.array(CURVE)
    found = np.array([float((off <= reach(level) * sd).mean()) for level in CURVE])
    sure = sd == 0
    scale = np.where(sure, 1.0, sd)
    z = off / scale
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    below = np.asarray(ndtr(z), np.float64)
    crps = np.where(sure, off, scale * (z * (2 * below - 1) + 2 * density - 1 / math.sqrt(math.pi)))
    nll = None if sure.any() else float((z**2 / 2 + np.log(scale) + math.log(2 * math.pi) / 2).mean())
    return Certainty(
        levels=tuple(levels),
        inside=inside,
        covered=tuple(float(one.mean()) for one in inside),
        widths=tuple(2 * reach(level) * float(sd.mean()) for level in levels),
        nominal=nominal,
        found=found,
        error=float(np.abs(found - nominal).mean()),
        nll=nll,
        crps=float(crps.mean()),
    )
