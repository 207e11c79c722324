"""Importance: what each column tells of a target, how much of that chance would tell, and where to stop."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt

from triptych.fusion.step import F32

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

#: Classes of about as many rows each, for a column and for a target. Fewer miss a bend, more drown in their own noise:
#: from 3 to 8 planted columns are found about alike, with 10 fewer are.
BINS = 6
#: Columns that are counted together.
WIDTH = 256
#: Sums of importance that differ by no more are one.
_ROUNDING = 1e-9


def binned(values: F32, targets: F64) -> F64:
    """Nats ``[t, d]``: the mutual information of each column of ``[n, d]`` with each target of ``[t, n]``.

    Both are cut into :data:`BINS` classes at their quantiles; equal values share a class. Of the counts,

        I = Σ_xy p(x,y) ln( p(x,y) / p(x)p(y) ) − (B_x − 1)(B_y − 1) / 2n

    with B the classes that any row is in: the second term is what independent columns get on average (Miller 1955,
    *Note on the bias of information estimates*). So it can fall below 0.
    """
    count, width = values.shape
    marked = np.concatenate([_classes(target[:, None]) == np.arange(BINS) for target in targets], axis=1)
    marked = marked.astype(np.float32)
    found = np.empty((len(targets), width))
    for start in range(0, width, WIDTH):
        classes = _classes(values[:, start : start + WIDTH])
        # Sums of ones in float32 are exact below 2²⁴ rows.
        counts = np.stack([(classes == k).T.astype(np.float32) @ marked for k in range(BINS)], axis=1, dtype=np.float64)
        joint = counts.reshape(len(counts), BINS, len(targets), BINS).transpose(2, 0, 1, 3)
        x, y = joint.sum(axis=3, keepdims=True), joint.sum(axis=2, keepdims=True)
        ratio = np.divide(joint * count, x * y, out=np.ones_like(joint), where=joint > 0)
        nats = (joint * np.log(ratio)).sum(axis=(2, 3)) / count
        free = ((x > 0).sum(axis=(2, 3)) - 1) * ((y > 0).sum(axis=(2, 3)) - 1)
        found[:, start : start + WIDTH] = nats - free / (2 * count)
    return found


def neighbours(values: F32, targets: F64, *, seed: int) -> F64:
    """Nats ``[t, d]``, by distances to the third nearest row (Kraskov et al. 2004, *Estimating mutual information*;
    Ross 2014 gives what scikit-learn does). Never below 0; a hundred times slower than by classes."""
    from sklearn import feature_selection

    estimate = cast(Any, feature_selection).mutual_info_regression
    return np.stack([estimate(values, target, random_state=seed) for target in targets])


def forest(values: F32, target: F64, *, trees: int, leaf: int, seed: int, jobs: int) -> F64:
    """``[d]``, summing to 1: the mean decrease in impurity of a random forest (Breiman 2001).

    Each split looks at √d columns. The trees are seeded one by one, so that ``jobs`` changes nothing.
    """
    from sklearn import ensemble

    grown = (
        cast(Any, ensemble)
        .RandomForestRegressor(
            n_estimators=trees, min_samples_leaf=leaf, max_features="sqrt", random_state=seed, n_jobs=jobs
        )
        .fit(values, target)
    )
    return np.asarray(grown.feature_importances_, np.float64)


@dataclass(frozen=True, kw_only=True, eq=False)
class Curve:
    """Importance added up, the greatest first. ``columns``: int ``[m]``, in that order; ``importance``: float ``[m]``,
    what was added up; ``share``: float ``[m]``, rising to 1, or all 0 where nothing is important; the first ``kept``
    are kept. ``chance``: what was taken off each score first, at most.
    """

    columns: I64
    importance: F64
    share: F64
    kept: int
    chance: float = 0.0

    @classmethod
    def of(cls, importance: F64, keep: float | Literal["elbow"], *, chance: float = 0.0) -> Curve:
        """Importance below 0 counts as 0, and what is not important at all is never kept. Equal ones in their order."""
        floored = np.maximum(importance, 0)
        columns = np.argsort(-floored, kind="stable")
        ranked = floored[columns]
        total = float(ranked.sum())
        share = np.cumsum(ranked) / total if total > 0 else np.zeros(len(ranked))
        return cls(columns=columns, importance=ranked, share=share, kept=0, chance=chance).cut(keep)

    def cut(self, keep: float | Literal["elbow"]) -> Curve:
        """The same curve, of which another part is kept."""
        some = int((self.importance > 0).sum())
        kept = elbow(self.share) if keep == "elbow" else reaching(self.share, keep)
        return replace(self, kept=min(kept, some))


def reaching(share: F64, wanted: float) -> int:
    """How many columns it takes for their sum to reach this share; 0 where nothing is important."""
    if len(share) == 0 or share[-1] <= 0:
        return 0
    return min(int(np.searchsorted(share, wanted - _ROUNDING)) + 1, len(share))


def elbow(share: F64) -> int:
    """How many columns stand before the point furthest from the chord; 0 where nothing is important.

    The points are (k / m, share of the first k), k = 0 … m, and the chord leads from (0, 0) to (1, 1): the distance to
    it is (share − k / m) / √2 (Satopää et al. 2011, *Finding a "kneedle" in a haystack*). The first of equal ones
    counts. Where no point stands above the chord, all columns are alike, and all are kept.
    """
    if len(share) == 0 or share[-1] <= 0:
        return 0
    above = share - np.arange(1, len(share) + 1) / len(share)
    first = int(np.argmax(above > above.max() - _ROUNDING))
    return first + 1 if above[first] > _ROUNDING else len(share)


def _classes(values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """uint8 ``[n, d]``: how many of the inner quantiles each value reaches."""
    ranked = np.sort(values, axis=0)
    classes = np.zeros(values.shape, np.uint8)
    for k in range(1, BINS):
        classes += values >= ranked[k * len(values) // BINS]
    return classes
