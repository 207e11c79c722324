"""Effect: how large a difference is, which a p-value does not tell.

With enough items every difference is significant. What it is called here (negligible, small, medium, large) goes by
its size alone, on the customary scales: Cohen (1988) for d, h and V (there w), Romano et al. (2006) for delta.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

MAGNITUDES = ("negligible", "small", "medium", "large")
#: Where an effect begins to be small, medium, large.
COHENS_D = "Cohen's d"
CLIFFS_DELTA = "Cliff's delta"
COHENS_H = "Cohen's h"
CRAMERS_V = "Cramér's V"
SCALES = {
    COHENS_D: (0.2, 0.5, 0.8),
    COHENS_H: (0.2, 0.5, 0.8),
    CLIFFS_DELTA: (0.147, 0.33, 0.474),
    CRAMERS_V: (0.1, 0.3, 0.5),
}
#: Two-sided 95 %.
Z = 1.959963984540054


@dataclass(frozen=True, kw_only=True)
class Effect:
    """One effect size with its 95 % interval, where one is known.

    ``magnitude`` is a word of MAGNITUDES, ``at_least`` and ``up_to`` those of the nearest to 0 and of the furthest
    that the interval holds: with few items a negligible difference may really be a medium one, and a large one none.
    They are None for a distance that has no such scale; without an interval all three are one word.
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    unit: str = ""
    magnitude: str | None = None
    at_least: str | None = None
    up_to: str | None = None


def effect(name: str, value: float, low: float | None = None, high: float | None = None, *, unit: str = "") -> Effect:
    """With the words that belong to its name."""
    magnitude = at_least = up_to = None
    if name in SCALES:
        ends = [end for end in (low, high, value) if end is not None]
        nearest = 0.0 if min(ends) <= 0 <= max(ends) else min(map(abs, ends))
        magnitude, at_least = magnitude_of(name, value), magnitude_of(name, nearest)
        up_to = magnitude_of(name, max(map(abs, ends)))
    return Effect(
        name=name, value=value, low=low, high=high, unit=unit, magnitude=magnitude, at_least=at_least, up_to=up_to
    )


def magnitude_of(name: str, value: float) -> str:
    """
    >>> magnitude_of("Cohen's d", -0.3), magnitude_of("Cliff's delta", 0.5)
    ('small', 'large')
    """
    return MAGNITUDES[sum(abs(value) >= least for least in SCALES[name])]


def largest(words: Sequence[str]) -> str:
    return MAGNITUDES[max((MAGNITUDES.index(word) for word in words), default=0)]


def cohens_d(a: Numbers, b: Numbers) -> Effect | None:
    """(mean a − mean b) / pooled sd; interval by Hedges and Olkin (1985). None where nothing varies."""
    n, m = len(a), len(b)
    if n < 2 or m < 2:
        return None
    pooled = math.sqrt(((n - 1) * float(a.var(ddof=1)) + (m - 1) * float(b.var(ddof=1))) / (n + m - 2))
    gap = float(a.mean() - b.mean())
    if pooled <= 1e-12 * max(abs(float(a.mean())), abs(float(b.mean())), 1e-300):
        return effect(COHENS_D, 0.0) if abs(gap) < 1e-12 else None
    d = gap / pooled
    se = math.sqrt((n + m) / (n * m) + d * d / (2 * (n + m)))
    return effect(COHENS_D, d, d - Z * se, d + Z * se)


def cliffs_delta(a: Numbers, b: Numbers) -> Effect | None:
    """P(a > b) − P(a < b), ties counting nothing; interval by Feng and Cliff (2004), which stays within [−1, 1]."""
    n, m = len(a), len(b)
    if not n or not m:
        return None
    won, lost = _dominance(a, b), -_dominance(b, a)
    delta = int(won.sum()) / (n * m)
    rows, columns = won / m, lost / n
    if n < 2 or m < 2:
        return effect(CLIFFS_DELTA, delta)
    # Σᵢⱼ (dᵢⱼ − δ)² without the n × m table: dᵢⱼ² is 1 but where the two are equal.
    cells = n * m - _ties(a, b) - n * m * delta * delta
    by_row = float(((rows - delta) ** 2).sum())
    by_column = float(((columns - delta) ** 2).sum())
    variance = (m * m * by_row + n * n * by_column - cells) / (n * m * (n - 1) * (m - 1))
    variance = max(variance, (1 - delta * delta) / (n * m - 1))
    s = math.sqrt(variance)
    spread = Z * s * math.sqrt((1 - delta * delta) ** 2 + Z * Z * variance)
    scale = 1 - delta * delta + Z * Z * variance
    if scale <= 0:  # the two do not overlap at all
        return effect(CLIFFS_DELTA, delta)
    middle = delta - delta**3
    return effect(CLIFFS_DELTA, delta, max((middle - spread) / scale, -1.0), min((middle + spread) / scale, 1.0))


def cohens_h(p: float, q: float) -> float:
    """2 asin √p − 2 asin √q of two shares."""
    return 2 * math.asin(math.sqrt(min(max(p, 0.0), 1.0))) - 2 * math.asin(math.sqrt(min(max(q, 0.0), 1.0)))


def cramers_v(chi2: float, df: int, n: float, *, inflation: float = 1.0) -> Effect:
    """Of a table of two rows, less what chance alone brings: V² = max(0, χ² − c·df) / n, after Bergsma (2013).

    The interval turns the noncentral χ² distribution round (Smithson, 2003). ``inflation`` c is how much larger χ²
    is than its degrees of freedom when rows mean nothing: 1, unless one item stands in several columns.
    """
    from scipy import optimize, stats

    fair = chi2 / inflation

    def lies_below(centre: float) -> float:
        return float(stats.ncx2.cdf(fair, df, centre))

    def centre_at(share: float) -> float:
        if lies_below(1e-9) <= share:
            return 0.0
        far = max(fair, 1.0)
        while lies_below(far) > share:
            far *= 2

        def over(centre: float) -> float:
            return lies_below(centre) - share

        return cast("float", optimize.brentq(over, 1e-9, far))

    value = math.sqrt(max(0.0, chi2 - inflation * df) / n)
    low, high = (math.sqrt(centre_at(share) * inflation / n) for share in (0.975, 0.025))
    return effect(CRAMERS_V, min(value, 1.0), min(low, 1.0), min(high, 1.0))


def jensen_shannon(p: Numbers, q: Numbers) -> float:
    """Jensen–Shannon distance in [0, 1] (base 2) of two rows of counts: 0 if they have the same shares."""
    from scipy.spatial import distance

    # Rounding may leave the divergence of equal shares a hair below zero, and its root no number.
    if np.allclose(p / p.sum(), q / q.sum(), rtol=0, atol=1e-12):
        return 0.0
    return float(distance.jensenshannon(p, q, base=2))


def holm(p: Sequence[float]) -> list[float]:
    """p-values adjusted for their number (Holm, 1979), in their order.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    adjusted, worst = [0.0] * len(p), 0.0
    for rank, k in enumerate(sorted(range(len(p)), key=lambda k: p[k])):
        worst = max(worst, min(1.0, (len(p) - rank) * p[k]))
        adjusted[k] = worst
    return adjusted


def _dominance(a: Numbers, b: Numbers) -> NDArray[np.int64]:
    """int64 ``(n,)``: for each of a, how many of b are less, minus how many are greater."""
    ordered = np.sort(b)
    less = np.searchsorted(ordered, a, side="left")
    greater = len(b) - np.searchsorted(ordered, a, side="right")
    return (less - greater).astype(np.int64, copy=False)


def _ties(a: Numbers, b: Numbers) -> int:
    ordered = np.sort(b)
    return int((np.searchsorted(ordered, a, side="right") - np.searchsorted(ordered, a, side="left")).sum())
