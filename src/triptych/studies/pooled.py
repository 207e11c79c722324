"""Pooled: errors of all predicted ratings at once, with intervals and tests over the users who gave them.

The mean over users of RMSE is not RMSE. Users are what is drawn, each with all of their ratings, so that who rates much
weighs more; a difference of two rows is tested by the squared (or absolute) errors of each user in sum, whose mean over
users is, but for a constant, the MSE (or MAE) of all ratings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from triptych.evaluate.measured import Measured
from triptych.evaluate.significance import Comparison, Interval, compare_all, intervals

F64 = npt.NDArray[np.float64]

#: How many ratings of each user judge: among the values, as a weight and no metric.
COUNT = "ratings"
#: Metric → the error that is averaged over ratings, and whether the metric is its root.
OF: Mapping[str, tuple[str, bool]] = {
    "rmse": ("mse", True),
    "mae": ("mae", False),
    "mse": ("mse", False),
    "nrmse": ("mse", True),
    "nmae": ("mae", False),
}
#: Metric → that which it is the same as, but for the range of the scale.
SCALED = {"nrmse": "rmse", "nmae": "mae"}
#: So many numbers are drawn at a time.
_AT_ONCE = 1 << 21


def merged(parts: Sequence[Measured]) -> Measured:
    """Folds or runs together: a user's errors are the means over all of their ratings in any of them, and the whole is
    of all ratings. What else the whole has is the mean over parts that all have it."""
    ids = tuple(dict.fromkeys(one for part in parts for one in part.ids))
    place = {one: k for k, one in enumerate(ids)}
    rows = np.concatenate([np.array([place[one] for one in part.ids], np.int64) for part in parts])

    def summed(values: Sequence[F64]) -> F64:
        return np.bincount(rows, weights=np.concatenate(values), minlength=len(ids)).astype(np.float64)

    counts = summed([_counts(part) for part in parts])
    shared = [metric for metric in parts[0].whole if all(metric in part.whole for part in parts)]
    whole = {metric: float(np.mean([part.whole[metric] for part in parts])) for metric in shared}
    values: dict[str, F64] = {}
    for metric in parts[0].values:
        if metric == COUNT or any(metric not in part.values for part in parts):
            continue
        error, root = OF.get(metric, (metric, False))
        # NRMSE is RMSE but for a constant, which squares with it.
        own = [part.values[metric] ** 2 if root else part.values[metric] for part in parts]
        mean = summed([_counts(part) * one for part, one in zip(parts, own, strict=True)]) / np.maximum(counts, 1)
        values[metric] = np.sqrt(mean) if root else mean
        if error in OF and _counted(parts):
            pooled = float((mean * counts).sum() / counts.sum())
            whole[metric] = float(np.sqrt(pooled)) if root else pooled
    if _counted(parts):
        values[COUNT] = counts
    return Measured(name=parts[0].name, unit=parts[0].unit, ids=ids, values=values, whole=whole)


def figures(found: Measured, *, seed: int, level: float, draws: int) -> dict[str, Interval]:
    """Of each metric that users have. Errors are those of all ratings; they have no interval where it is not known how
    many each user gave, and are then left to the whole."""
    others = {name: values for name, values in found.values.items() if name not in OF and name != COUNT}
    told = intervals(others, seed=seed, level=level, draws=draws)
    errors = {name: values for name, values in found.values.items() if name in OF}
    if COUNT not in found.values or not errors:
        return told
    averaged = {name: values**2 if OF[name][1] else values for name, values in errors.items()}
    drawn = intervals(averaged, seed=seed, weights=found.values[COUNT], level=level, draws=draws)
    return {name: _rooted(one) if OF[name][1] else one for name, one in drawn.items()} | told


def paired(a: Measured, b: Measured) -> bool:
    """Whether the same ratings judge both, as far as can be told: the same users, with as many each."""
    if set(a.ids) != set(b.ids):
        return False
    if COUNT not in a.values or COUNT not in b.values:
        return COUNT not in a.values and COUNT not in b.values
    other = dict(zip(b.ids, b.values[COUNT].tolist(), strict=True))
    return all(other[one] == count for one, count in zip(a.ids, a.values[COUNT].tolist(), strict=True))


def compared(
    a: Measured, b: Measured, metrics: Sequence[str], *, seed: int, level: float, draws: int
) -> dict[str, Comparison]:
    """a less b. p, effect and ties are of users' summed errors; the difference and its interval are of the metric."""
    plain = [name for name in metrics if name not in OF and name in a.values and name in b.values and name != COUNT]
    found = compare_all(a, b, plain, seed=seed, level=level, draws=draws)
    errors = [name for name in metrics if name in OF and all(name in one.values for one in (a, b))]
    if not errors or COUNT not in a.values or COUNT not in b.values:
        return found
    base = {error: error for error in dict.fromkeys(OF[name][0] for name in errors)}
    left, right = _totals(a, base), _totals(b, base)
    # Their own intervals are not used: those of a root are drawn below.
    tested = compare_all(left, right, list(base), seed=seed, level=level, draws=1)
    at = {one: k for k, one in enumerate(b.ids)}
    order = np.array([at[one] for one in a.ids], np.int64)
    drawn = _drawn(len(a.ids), seed=seed, draws=draws)
    weights = a.values[COUNT]
    for name in errors:
        error, root = OF[name]
        own, other = a.values[name], b.values[name][order]
        pairs = np.column_stack([own**2, other**2] if root else [own, other]) * weights[:, None]
        means = drawn(np.column_stack([pairs, weights]))
        means = means[:, :2] / means[:, 2:]
        whole = pairs.sum(axis=0) / weights.sum()
        if root:
            means, whole = np.sqrt(means), np.sqrt(whole)
        low, high = np.quantile(means[:, 0] - means[:, 1], ((1 - level) / 2, (1 + level) / 2))
        found[name] = replace(
            tested[error],
            metric=name,
            difference=float(whole[0] - whole[1]),
            low=float(low),
            high=float(high),
            draws=draws,
        )
    return {name: found[name] for name in metrics if name in found}


def _totals(one: Measured, errors: Mapping[str, str]) -> Measured:
    """The sum of each user's errors, in units of the mean number of ratings, so that the mean is that of ratings."""
    share = one.values[COUNT] / one.values[COUNT].mean()
    values = {error: _error(one, error) * share for error in errors}
    return Measured(name=one.name, unit=one.unit, ids=one.ids, values=values, whole={})


def _error(one: Measured, error: str) -> F64:
    """Of each user, from whichever metric tells it."""
    if error in one.values:
        return one.values[error]
    name = next(name for name, (of, _) in OF.items() if of == error and name in one.values)
    return one.values[name] ** 2 if OF[name][1] else one.values[name]


def _drawn(n: int, *, seed: int, draws: int) -> Callable[[F64], F64]:
    """``[n, columns]`` → float64 ``[draws, columns]``: sums over n users drawn with replacement."""

    def sums(table: F64) -> F64:
        rng = np.random.default_rng(seed)
        step = max(1, _AT_ONCE // n)
        parts = [
            rng.multinomial(n, np.full(n, 1 / n), size=min(step, draws - start)).astype(np.float64) @ table
            for start in range(0, draws, step)
        ]
        return np.concatenate(parts)

    return sums


def _rooted(one: Interval) -> Interval:
    high = None if one.high is None else float(np.sqrt(one.high))
    return replace(one, value=float(np.sqrt(one.value)), low=float(np.sqrt(max(one.low, 0.0))), high=high)


def _counted(parts: Sequence[Measured]) -> bool:
    return all(COUNT in part.values for part in parts)


def _counts(part: Measured) -> F64:
    return part.values[COUNT] if COUNT in part.values else np.ones(len(part.ids))
