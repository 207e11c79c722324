"""Correlation: how much of a number of each item, such as its mean rating, a linear regression on its vector tells.

In sample, as it is commonly reported, every further entry raises R², also of noise: n items with vectors of n − 1
entries or more are told perfectly. So the same is told of items that were held out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.errors import UsageError
from triptych.evaluate.scenarios import folds as drawn_folds

F64 = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

#: Items that are drawn at a time, over all draws.
_AT_ONCE = 1 << 21


@dataclass(frozen=True, kw_only=True)
class Score:
    """``r``: Pearson's correlation of target and prediction, 0 where all predictions are one. ``r2``: 1 − Σ(y − ŷ)² /
    Σ(y − ȳ)²; held out, ȳ is the mean of what was learned from, so that 0 is what that mean achieves, and it may be
    below 0. The intervals are percentiles of a bootstrap over the ``n`` items (Efron, 1979), predictions standing.
    """

    n: int
    r: float
    r_low: float
    r_high: float
    r2: float
    r2_low: float
    r2_high: float
    level: float

    @property
    def told(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "n": self.n,
            "level": self.level,
            "r": {"value": self.r, "low": self.r_low, "high": self.r_high},
            "r2": {"value": self.r2, "low": self.r2_low, "high": self.r2_high},
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Correlation:
    """``in_sample``: of the items that were learned from; ``held_out``: of others. ``rank``: in how many directions the
    vectors of the former vary, ``width`` entries that they have. ``adjusted_r2``: 1 − (1 − R²)(n − 1) / (n − f − 1), f
    the degrees of freedom of the fit, which is the rank without ridge; None where none are left.

    For plots, each ``[n]``: ``target``, ``fitted`` in sample, and ``predicted`` where ``judged``, 0 elsewhere.
    """

    width: int
    rank: int
    ridge: float
    in_sample: Score
    adjusted_r2: float | None
    held_out: Score
    target: F64
    fitted: F64
    predicted: F64
    judged: Bools

    @property
    def residuals(self) -> F64:
        """``[n]``: target less fitted."""
        return self.target - self.fitted

    @property
    def told(self) -> dict[str, Any]:
        """All but the columns, as JSON has it."""
        return {
            "width": self.width,
            "rank": self.rank,
            "ridge": self.ridge,
            "in_sample": self.in_sample.told | {"adjusted_r2": self.adjusted_r2},
            "held_out": self.held_out.told,
        }


def correlation(
    vectors: npt.NDArray[np.floating],
    target: npt.NDArray[np.floating],
    *,
    ridge: float = 0.0,
    folds: int = 5,
    train: Bools | None = None,
    test: Bools | None = None,
    seed: int = 0,
    level: float = 0.95,
    draws: int = 1000,
) -> Correlation:
    """Of ``target`` ``[n]`` from ``vectors`` ``[n, d]`` by least squares with a constant.

    Held out are ``folds`` of the items in turn, by ``seed``; or, where the vectors themselves were learned from some
    items, those of ``test`` ``[n]``, being all that are not of ``train`` ``[n]`` unless given: the regression then
    learns from ``train`` alone, in sample too. ``ridge``: λ of Σ(y − ŷ)² + λ‖b‖², the constant being free (Hoerl and
    Kennard, 1970); entries are not scaled here. Where entries hang together, of all solutions the shortest b is taken.
    (In sample with all items: the study ``trailer-embeddings``, §3.5.)
    """
    x, y = np.asarray(vectors, np.float64), np.asarray(target, np.float64)
    if x.ndim != 2 or y.shape != (len(x),):
        raise UsageError(
            f"vectors of {x.shape} do not fit a target of {y.shape}; give each item one row and one number."
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise UsageError(
            "vectors or target hold NaN or infinite ones; leave those items out, and say how many they are."
        )
    if not (np.isfinite(ridge) and ridge >= 0):
        raise UsageError(f"a ridge of {ridge} was given; it is 0 or above.")
    if not 0 < level < 1 or draws < 1:
        raise UsageError(
            f"a level of {level} and {draws} draws were given; one lies between 0 and 1, of the other is 1."
        )
    sides, own, judged = _sides(len(x), folds, train, test, seed)
    line = _Line(x[own], y[own], ridge)
    fitted = line(x)
    predicted, means = np.zeros(len(y)), np.zeros(len(y))
    for learned, held in sides:
        same = len(sides) == 1
        other = line if same else _Line(x[learned], y[learned], ridge)
        predicted[held], means[held] = other(x[held]), other.mean
    n, left = int(own.sum()), int(own.sum()) - line.freedom - 1
    in_sample = _score(y[own], fitted[own], np.full(n, line.mean), seed, level, draws)
    return Correlation(
        width=x.shape[1],
        rank=line.rank,
        ridge=ridge,
        in_sample=in_sample,
        adjusted_r2=float(1 - (1 - in_sample.r2) * (n - 1) / left) if left > 1e-9 else None,
        held_out=_score(y[judged], predicted[judged], means[judged], seed, level, draws),
        target=y,
        fitted=fitted,
        predicted=predicted,
        judged=judged,
    )


class _Line:
    """ŷ = ȳ + (x − x̄)·b. ``freedom``: the degrees of freedom, Σ s² / (s² + λ) over the singular values s."""

    def __init__(self, x: F64, y: F64, ridge: float) -> None:
        if len(y) < 3 or np.ptp(y) == 0:
            raise UsageError(
                f"a regression needs 3 items or more with unlike targets; {len(y)} were there to learn from."
            )
        self.mean, self._middle = float(y.mean()), x.mean(axis=0)
        u, s, v = np.linalg.svd(x - self._middle, full_matrices=False)
        # What varies by rounding alone tells nothing; a constant column is rounded by as much as it is large.
        least = (
            max(x.shape)
            * np.finfo(np.float64).eps
            * max(float(s[0]) if len(s) else 0.0, float(np.abs(x).max(initial=0)))
        )
        u, s, v = u[:, s > least], s[s > least], v[s > least]
        self.rank = len(s)
        self.freedom = float((s**2 / (s**2 + ridge)).sum())
        self._b = v.T @ (s / (s**2 + ridge) * (u.T @ (y - self.mean)))

    def __call__(self, x: F64) -> F64:
        return self.mean + (x - self._middle) @ self._b


def _sides(
    n: int, folds: int, train: Bools | None, test: Bools | None, seed: int
) -> tuple[list[tuple[Bools, Bools]], Bools, Bools]:
    """What is learned from and what is judged by it, in turn; what is learned from in sample; all that is judged."""
    if train is None:
        if test is not None:
            raise UsageError("a test was given without what to learn from; give train as well.")
        fold = drawn_folds(n, folds, seed)
        everything = np.ones(n, bool)
        return [(fold != k, fold == k) for k in range(folds)], everything, everything
    held = ~train if test is None else test
    if train.shape != (n,) or held.shape != (n,):
        raise UsageError(f"train and test are masks of {n} items.")
    if (train & held).any():
        raise UsageError(f"{int((train & held).sum())} items are learned from and judged as well; give them one side.")
    return [(train, held)], train, held


def _score(y: F64, predicted: F64, mean: F64, seed: int, level: float, draws: int) -> Score:
    n = len(y)
    if n < 3 or np.ptp(y) == 0:
        raise UsageError(f"a correlation is of 3 items or more with unlike targets; {n} were there to judge.")
    # About the middle, so that differences of sums of squares lose no digits.
    a, b = y - y.mean(), predicted - predicted.mean()
    if float(np.abs(b).max()) <= 1e-12 * float(np.abs(predicted).max()):
        b = np.zeros(n)
    columns = np.column_stack([np.ones(n), a, b, a * a, b * b, a * b, (y - predicted) ** 2, (y - mean) ** 2])
    whole_r, whole_r2 = _ratios(columns.sum(axis=0)[None])
    rng = np.random.default_rng(seed)
    found = [_ratios(_times(size, n, rng) @ columns) for size in _parts(draws, n)]
    r, r2 = (np.concatenate(one) for one in zip(*found, strict=True))
    ends = [(1 - level) / 2, (1 + level) / 2]
    # Draws of one item alone have no variance, and tell nothing.
    (r_low, r_high), (r2_low, r2_high) = (np.nanquantile(one, ends) for one in (r, r2))
    return Score(
        n=n,
        r=float(whole_r[0]),
        r_low=float(r_low),
        r_high=float(r_high),
        r2=float(whole_r2[0]),
        r2_low=float(r2_low),
        r2_high=float(r2_high),
        level=level,
    )


def _ratios(sums: F64) -> tuple[F64, F64]:
    """R and R² of each row of sums over items."""
    n, a, b, aa, bb, ab, errors, total = sums.T
    scale = np.sqrt(np.maximum(aa - a * a / n, 0) * np.maximum(bb - b * b / n, 0))
    r = np.divide(ab - a * b / n, scale, out=np.zeros(len(n)), where=scale > 0)
    r2 = 1 - np.divide(errors, total, out=np.full(len(n), np.nan), where=total > 0)
    return np.clip(r, -1, 1), r2


def _times(draws: int, n: int, rng: np.random.Generator) -> F64:
    """``[draws, n]``: how often each item comes up."""
    drawn = rng.integers(n, size=(draws, n)) + np.arange(draws)[:, None] * n
    return np.bincount(drawn.ravel(), minlength=draws * n).reshape(draws, n).astype(np.float64)


def _parts(draws: int, n: int) -> Iterator[int]:
    step = max(1, _AT_ONCE // n)
    for start in range(0, draws, step):
        yield min(step, draws - start)
