"""Significance: how far a figure can be trusted, and whether one system is better than another beyond chance.

Users (or items, under a protocol that measures items) are what is drawn: of those measured here, others might have been
met. What a system itself would learn from other data, or by another seed, no interval here tells.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.curation.effect import holm
from triptych.errors import UnknownName, UsageError
from triptych.evaluate.measured import Measured

F64 = npt.NDArray[np.float64]

#: So many users are drawn at a time, over all draws.
_AT_ONCE = 1 << 21
#: Differences that are less than this share of the largest apart are rounding, and count as equal.
_EQUAL = 1e-12
#: Up to so many users the distribution of signed ranks is counted out, unless some are tied.
_FEW = 50


@dataclass(frozen=True, kw_only=True)
class Interval:
    """Of ``value``: percentiles of ``draws`` bootstrap samples of ``n`` users (Efron, 1979). ``level``: such as 0.95.

    ``high`` is None where there is no upper bound, which only a ratio can have.
    """

    value: float
    low: float
    high: float | None
    level: float
    draws: int
    n: int


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Of a less b in ``metric``, user by user, ``n`` of them.

    ``low`` and ``high``: paired bootstrap interval of the mean ``difference``. ``p_permutation``: two-sided, by drawing
    the sign of each user's difference ``permutations`` times, (k + 1) / (permutations + 1) where k draws are as far
    from 0. ``p_wilcoxon``: signed ranks, two-sided; users who differ in nothing are left out of it, ``ties`` in number
    (Wilcoxon, 1945), and where all are it is 1. ``p_holm``: ``p_permutation`` adjusted for the number of comparisons
    that it was reported with, None until :func:`adjusted`.

    ``d_z``: mean difference / its standard deviation over users (Cohen, 1988), None where all differ by the same.
    ``rank_biserial``: from −1 to 1, the share of the rank sum that favours a, less that which favours b (Kerby, 2014).
    """

    a: str
    b: str
    metric: str
    difference: float
    low: float
    high: float
    level: float
    draws: int
    p_permutation: float
    permutations: int
    p_wilcoxon: float
    d_z: float | None
    rank_biserial: float
    ties: int
    n: int
    p_holm: float | None = None


def interval(values: F64, *, seed: int, weights: F64 | None = None, level: float = 0.95, draws: int = 1000) -> Interval:
    """Of the mean of ``values`` float64 ``[n]``, weighted where ``weights`` ``[n]`` are given, all above 0.

    Weighted by how much each user rated, the mean of users' MSE is MSE over all ratings; its root, and the roots of the
    ends, are RMSE and its interval.
    """
    return intervals({"": values}, seed=seed, weights=weights, level=level, draws=draws)[""]


def intervals(
    values: Mapping[str, F64], *, seed: int, weights: F64 | None = None, level: float = 0.95, draws: int = 1000
) -> dict[str, Interval]:
    """Of several metrics of the same users at once; each is as :func:`interval` of it alone has it."""
    if not values:
        return {}
    table = _table(values)
    n = len(table)
    w = np.ones(n) if weights is None else np.asarray(weights, np.float64)
    if w.shape != (n,) or not np.isfinite(w).all() or (w <= 0).any():
        raise UsageError(f"weights are {n} finite numbers above 0, one for each user.")
    drawn = _bootstrap(np.column_stack([table * w[:, None], w]), seed=seed, level=level, draws=draws)
    means = drawn[:, :-1] / drawn[:, -1:]
    low, high = np.quantile(means, _ends(level), axis=0)
    # Column by column, so that it is to the last bit what a table shows as the mean.
    whole = [
        float(one.mean()) if weights is None else float((one * w).sum() / w.sum()) for one in map(_column, table.T)
    ]
    return {
        metric: Interval(value=whole[k], low=float(low[k]), high=float(high[k]), level=level, draws=draws, n=n)
        for k, metric in enumerate(values)
    }


def ratios(
    sums: Mapping[str, tuple[F64, F64]], *, seed: int, level: float = 0.95, draws: int = 1000
) -> dict[str, Interval]:
    """Of Σ a / Σ b over users, of several pairs a, b float64 ``[n]`` of 0 or more at once, as of precision over all
    lists: what is relevant in each user's by how long it is. 0 where Σ b is 0."""
    if not sums:
        return {}
    table = _table(
        {f"{side} {metric}": one for metric, pair in sums.items() for side, one in zip("ab", pair, strict=True)}
    )
    if (table < 0).any():
        raise UsageError("a ratio of sums is of values of 0 or more.")
    drawn = _bootstrap(table, seed=seed, level=level, draws=draws)
    found: dict[str, Interval] = {}
    for k, metric in enumerate(sums):
        above, below = drawn[:, 2 * k], drawn[:, 2 * k + 1]
        low, high = np.quantile(np.divide(above, below, out=np.zeros(draws), where=below > 0), _ends(level))
        part, whole = (float(_column(table[:, 2 * k + side]).sum()) for side in (0, 1))
        value = part / whole if whole else 0.0
        found[metric] = Interval(value=value, low=float(low), high=float(high), level=level, draws=draws, n=len(table))
    return found


def compare(
    a: Measured,
    b: Measured,
    metric: str,
    *,
    seed: int,
    level: float = 0.95,
    draws: int = 1000,
    permutations: int = 9999,
) -> Comparison:
    """One metric of two systems that were measured on the same users."""
    return compare_all(a, b, [metric], seed=seed, level=level, draws=draws, permutations=permutations)[metric]


def compare_all(
    a: Measured,
    b: Measured,
    metrics: Sequence[str] | None = None,
    *,
    seed: int,
    level: float = 0.95,
    draws: int = 1000,
    permutations: int = 9999,
) -> dict[str, Comparison]:
    """Several metrics at once, all that both have unless named; each is as :func:`compare` of it alone has it.

    Users are joined by id. If one system was measured on others than the other was, that is an error.
    """
    if permutations < 1:
        raise UsageError(f"{permutations} permutations were asked for; at least 1 is needed.")
    names = [name for name in a.values if name in b.values] if metrics is None else list(metrics)
    if not names:
        return {}
    left, right = _paired(a, b, names)
    apart = left - right
    # Two sums of the same numbers may differ in their last bit, which would be a difference in rank.
    apart[np.abs(apart) <= _EQUAL * np.maximum(np.abs(left), np.abs(right))] = 0
    n = len(apart)
    drawn = _bootstrap(apart, seed=seed, level=level, draws=draws) / n
    low, high = np.quantile(drawn, _ends(level), axis=0)
    p = _permuted(apart, seed=seed, permutations=permutations)
    found: dict[str, Comparison] = {}
    for k, name in enumerate(names):
        d = apart[:, k]
        p_wilcoxon, rank_biserial = _signed_ranks(d)
        found[name] = Comparison(
            a=a.name,
            b=b.name,
            metric=name,
            difference=float(d.mean()),
            low=float(low[k]),
            high=float(high[k]),
            level=level,
            draws=draws,
            p_permutation=float(p[k]),
            permutations=permutations,
            p_wilcoxon=p_wilcoxon,
            d_z=_standardised(d),
            rank_biserial=rank_biserial,
            ties=int((d == 0).sum()),
            n=n,
        )
    return found


def adjusted(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """With ``p_holm`` of ``p_permutation``, for all that are told together (Holm, 1979)."""
    p = holm([one.p_permutation for one in comparisons])
    return [replace(one, p_holm=value) for one, value in zip(comparisons, p, strict=True)]


def relative(a: Measured, b: Measured, metric: str, *, seed: int, level: float = 0.95, draws: int = 1000) -> Interval:
    """Of mean a / mean b, users being drawn in pairs: 1.1 says that a is a tenth better where higher is.

    Draws in which b has nothing count as without bound; b must have something, and neither anything below 0.
    """
    left, right = (side[:, 0] for side in _paired(a, b, [metric]))
    if min(left.min(), right.min()) < 0 or not right.sum():
        raise UsageError(f"a ratio of {metric} needs values of 0 or more, and {b.name!r} to have some above 0.")
    drawn = _bootstrap(np.column_stack([left, right]), seed=seed, level=level, draws=draws)
    ratios = np.divide(drawn[:, 0], drawn[:, 1], out=np.full(draws, np.inf), where=drawn[:, 1] > 0)
    # Between a number and infinity there is nothing to interpolate.
    low = float(np.quantile(ratios, _ends(level)[0], method="lower"))
    high = float(np.quantile(ratios, _ends(level)[1], method="higher"))
    if math.isinf(low):
        raise UsageError(f"{b.name!r} has too little {metric} for a ratio to it; compare the difference instead.")
    return Interval(
        value=float(left.sum() / right.sum()),
        low=low,
        high=None if math.isinf(high) else high,
        level=level,
        draws=draws,
        n=len(left),
    )


def _table(values: Mapping[str, F64]) -> F64:
    """float64 ``[n, metrics]``."""
    lengths = {len(column) for column in values.values()}
    if len(lengths) != 1:
        raise UsageError(f"metrics of {sorted(lengths)} users were given together; they must be of the same users.")
    table = np.column_stack([np.asarray(column, np.float64) for column in values.values()])
    if len(table) < 2:
        raise UsageError(f"{len(table)} users were measured; an interval needs two at least.")
    if not np.isfinite(table).all():
        raise UsageError("values hold NaN or infinite ones; leave those users out, and say how many they are.")
    return table


def _paired(a: Measured, b: Measured, metrics: Sequence[str]) -> tuple[F64, F64]:
    """The values of both, float64 ``[n, metrics]``, in the order of a's ids."""
    for side in (a, b):
        for metric in metrics:
            if metric in side.values:
                continue
            if metric in side.whole:
                raise UsageError(f"{metric} is of all lists together; no {side.unit} has a value to compare by.")
            raise UnknownName("metric", metric, list(side.values))
    if a.unit != b.unit or len(a.ids) != len(b.ids) or set(a.ids) != set(b.ids):
        alone = sorted(set(a.ids) ^ set(b.ids))
        of = f" ({len(alone)} are of one side only, such as {alone[0]!r})" if alone else ""
        raise UsageError(
            f"{a.name!r} was measured on {len(a.ids)} {a.unit}s and {b.name!r} on {len(b.ids)} {b.unit}s, which are "
            f"not the same{of}; measure both on the same ones."
        )
    left, right = (_table({metric: side.values[metric] for metric in metrics}) for side in (a, b))
    if a.ids == b.ids:
        return left, right
    at = {one: k for k, one in enumerate(b.ids)}
    return left, right[[at[one] for one in a.ids]]


def _ends(level: float) -> tuple[float, float]:
    return (1 - level) / 2, (1 + level) / 2


def _bootstrap(table: F64, *, seed: int, level: float, draws: int) -> F64:
    """float64 ``[draws, metrics]``: the sums over n users drawn with replacement, the same ones for every metric."""
    if not 0 < level < 1:
        raise UsageError(f"a level of {level} was given; it lies between 0 and 1, such as 0.95.")
    if draws < 1:
        raise UsageError(f"{draws} draws were asked for; at least 1 is needed, and 1000 are usual.")
    n = len(table)
    rng = np.random.default_rng(seed)
    found: list[F64] = []
    for size in _parts(draws, n):
        drawn = rng.integers(n, size=(size, n)) + np.arange(size)[:, None] * n
        times = np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n)
        found.append(_product(times.astype(np.float64), table))
    return np.concatenate(found)


def _permuted(apart: F64, *, seed: int, permutations: int) -> F64:
    """float64 ``[metrics]``: two-sided p of the mean differences, each user's sign being drawn."""
    n = len(apart)
    # A stream of its own: the signs must have nothing to do with the users that the bootstrap draws.
    rng = np.random.default_rng([seed, 1])
    total, size_of = apart.sum(axis=0), np.abs(apart).sum(axis=0)
    least = np.abs(total) - _EQUAL * size_of
    further = np.zeros(apart.shape[1], np.int64)
    for size in _parts(permutations, n):
        bits = rng.integers(np.iinfo(np.uint64).max, size=(size, -(-n // 64)), dtype=np.uint64, endpoint=True)
        plus = np.unpackbits(bits.view(np.uint8), axis=1, count=n)
        drawn = 2 * _product(plus.astype(np.float64), apart) - total
        further += (np.abs(drawn) >= least).sum(axis=0)
    return (further + 1) / (permutations + 1)


def _parts(draws: int, n: int) -> Iterator[int]:
    """So many draws at a time that memory stays bounded."""
    step = max(1, _AT_ONCE // n)
    for start in range(0, draws, step):
        yield min(step, draws - start)


def _column(values: F64) -> F64:
    """In one piece of memory: sums of numbers that lie apart are added up otherwise."""
    return np.ascontiguousarray(values)


def _product(times: F64, table: F64) -> F64:
    """One metric at a time: how BLAS adds up a column depends on how many there are."""
    return np.column_stack([times @ _column(one) for one in table.T])


def _standardised(d: F64) -> float | None:
    """None where all are the same number, of which the deviation is 0 but for rounding; 0 where that number is 0."""
    if not d.any():
        return 0.0
    sd, mean = float(d.std(ddof=1)), float(d.mean())
    return None if sd <= _EQUAL * abs(mean) else mean / sd


def _signed_ranks(d: F64) -> tuple[float, float]:
    """p of the Wilcoxon test, and the rank-biserial correlation; of differences of 0 alone, 1 and 0."""
    from scipy import stats

    if not d.any():
        return 1.0, 0.0
    signs: F64 = np.sign(d[d != 0])
    # As above: two differences that are equal but for rounding must share a rank.
    sizes: F64 = np.round(np.abs(d[d != 0]) / float(np.abs(d).max()), 12) + _EQUAL
    ranks: F64 = np.asarray(stats.rankdata(sizes), np.float64)
    exact = len(sizes) <= _FEW and len(np.unique(ranks)) == len(ranks)
    tested: Any = stats.wilcoxon(ranks * signs, method="exact" if exact else "asymptotic")
    return float(min(tested.pvalue, 1.0)), float((ranks * signs).sum() / ranks.sum())
