"""Gap: whether a network that tells alike from unlike better also ranks better, told by its own epochs.

Two figures are followed while training goes on: AUC of held-out pairs, and a ranking metric of the side that judges.
Each fold has a path through both. What is said of a path is said of each fold, and then of their mean, with Student's
interval over folds; folds share most of what they learn from, so that such an interval is rather too narrow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

LEVEL = 0.95
#: What may become of a row.
APPEARS, LATE, TOGETHER = "the gap appears", "the gap appears late", "no gap: ranking rises too"
UNDECIDED, UNTAUGHT, ALONE = "undecided", "no certain rise of AUC", "one fold alone"
#: And of one that has no AUC.
FALLS, RISES = "ranking falls", "ranking rises"


@dataclass(frozen=True, kw_only=True)
class Step:
    """What was found after an epoch. ``auc`` is None where nothing was classified."""

    epoch: int
    ranking: float
    auc: float | None = None


@dataclass(frozen=True, kw_only=True)
class Mean:
    """Of one value of each fold. ``low`` and ``high``: Student's 95 % interval, None of a single fold."""

    value: float
    low: float | None
    high: float | None
    folds: int

    @classmethod
    def of(cls, values: Sequence[float], *, most: float = math.inf) -> Mean | None:
        """``most``: what no value can be beyond, such as 1 of a correlation, nor then the interval.

        >>> Mean.of([1.0, 2.0, 3.0])
        Mean(value=2.0, low=-0.484..., high=4.484..., folds=3)
        >>> Mean.of([1.5])
        Mean(value=1.5, low=None, high=None, folds=1)
        """
        if not values:
            return None
        mean, n = float(np.mean(values)), len(values)
        if n == 1:
            return cls(value=mean, low=None, high=None, folds=1)
        from scipy import stats

        half = float(stats.t.ppf((1 + LEVEL) / 2, n - 1) * np.std(values, ddof=1) / np.sqrt(n))
        return cls(value=mean, low=max(mean - half, -most), high=min(mean + half, most), folds=n)

    @property
    def sign(self) -> int:
        """1 or -1 where the interval leaves out 0 on that side, else 0."""
        if self.low is None or self.high is None:
            return 0
        return 1 if self.low > 0 else -1 if self.high < 0 else 0


@dataclass(frozen=True, kw_only=True)
class Gap:
    """Paths of all folds. ``first``, ``top``, ``last``: epochs of each fold, ``top`` where its AUC is highest; of a row
    without AUC the last.

    ``rise`` and ``change``: of AUC and of the ranking from first to top. ``later``: of the ranking from first to last.
    ``spearman``: rank correlation of AUC and ranking over epochs (Spearman, 1904); ``slope``: ranking per unit of AUC,
    by least squares; ``trend``: rank correlation of epoch and ranking. ``peak``: the epoch at which the mean ranking of
    all folds is highest, among ``epochs`` that all folds have; ``descent`` and ``climb``: of the ranking and of AUC
    from a peak to the last of these. The peak of a fold is looked up in the *other* folds: the highest of many noisy
    figures of its own would be followed by a fall in any case.
    """

    first: tuple[int, ...]
    top: tuple[int, ...]
    last: tuple[int, ...]
    epochs: tuple[int, ...]
    rise: Mean | None
    change: Mean
    later: Mean
    spearman: Mean | None
    slope: Mean | None
    trend: Mean | None
    peak: int | None
    descent: Mean | None
    climb: Mean | None
    verdict: str

    @property
    def folds(self) -> int:
        return len(self.first)


def gap_of(folds: Sequence[Sequence[Step]]) -> Gap | None:
    """The steps of each fold, in any order; None where no fold has two of them, as nothing can then be followed."""
    paths = [sorted(steps, key=lambda one: one.epoch) for steps in folds if len(steps) > 1]
    if not paths:
        return None
    classified = all(one.auc is not None for path in paths for one in path)
    tops = [max(path, key=_auc) if classified else path[-1] for path in paths]
    change = Mean.of([top.ranking - path[0].ranking for top, path in zip(tops, paths, strict=True)])
    later = Mean.of([path[-1].ranking - path[0].ranking for path in paths])
    rise = Mean.of([_auc(top) - _auc(path[0]) for top, path in zip(tops, paths, strict=True)]) if classified else None
    assert change is not None
    assert later is not None
    own = [{one.epoch for one in path} for path in paths]
    epochs = sorted(epoch for epoch in own[0] if all(epoch in other for other in own))
    peak, descent, climb = _after_peak(paths, epochs, classified=classified)
    return Gap(
        first=tuple(path[0].epoch for path in paths),
        top=tuple(top.epoch for top in tops),
        last=tuple(path[-1].epoch for path in paths),
        epochs=tuple(epochs),
        rise=rise,
        change=change,
        later=later,
        spearman=_over(paths, _spearman, _auc, _ranking) if classified else None,
        slope=_over(paths, _slope, _auc, _ranking) if classified else None,
        trend=_over(paths, _spearman, _epoch, _ranking),
        peak=peak,
        descent=descent,
        climb=climb,
        verdict=_verdict(rise, change, descent, climb),
    )


def _verdict(rise: Mean | None, change: Mean, descent: Mean | None, climb: Mean | None) -> str:
    if change.folds < 2:
        return ALONE
    if rise is None:
        return {1: RISES, -1: FALLS, 0: UNDECIDED}[change.sign]
    if rise.sign < 1:
        return UNTAUGHT
    if change.sign < 0:
        return APPEARS
    if descent is not None and descent.sign < 0 and climb is not None and climb.value > 0:
        return LATE
    return TOGETHER if change.sign > 0 else UNDECIDED


def _after_peak(
    paths: Sequence[Sequence[Step]], epochs: Sequence[int], *, classified: bool
) -> tuple[int | None, Mean | None, Mean | None]:
    if len(epochs) < 2:
        return None, None, None
    at = [{one.epoch: one for one in path} for path in paths]
    table = np.array([[own[epoch].ranking for epoch in epochs] for own in at])
    peak = epochs[int(table.mean(axis=0).argmax())]
    if len(paths) < 2:
        return peak, None, None
    others = (table.sum(axis=0) - table) / (len(paths) - 1)
    places = others.argmax(axis=1)
    descent = Mean.of([float(row[-1] - row[k]) for row, k in zip(table, places, strict=True)])
    if not classified:
        return peak, descent, None
    climbs = [_auc(own[epochs[-1]]) - _auc(own[epochs[int(k)]]) for own, k in zip(at, places, strict=True)]
    return peak, descent, Mean.of(climbs)


def _over(
    paths: Sequence[Sequence[Step]],
    measure: Callable[[Sequence[float], Sequence[float]], float | None],
    x: Callable[[Step], float],
    y: Callable[[Step], float],
) -> Mean | None:
    """The mean over folds that have one: where nothing varies there is none."""
    found = [measure([x(one) for one in path], [y(one) for one in path]) for path in paths]
    return Mean.of([one for one in found if one is not None], most=1.0 if measure is _spearman else math.inf)


def _spearman(x: Sequence[float], y: Sequence[float]) -> float | None:
    if len(set(x)) < 2 or len(set(y)) < 2 or len(x) < 3:
        return None
    from scipy import stats

    a, b = (np.asarray(stats.rankdata(values), np.float64) for values in (x, y))
    return float(np.corrcoef(a, b)[0, 1])


def _slope(x: Sequence[float], y: Sequence[float]) -> float | None:
    if len(set(x)) < 2 or len(x) < 3:
        return None
    a, b = np.subtract(x, np.mean(x)), np.subtract(y, np.mean(y))
    return float(a @ b / (a @ a))


def _auc(one: Step) -> float:
    return -np.inf if one.auc is None else one.auc


def _ranking(one: Step) -> float:
    return one.ranking


def _epoch(one: Step) -> float:
    return one.epoch
