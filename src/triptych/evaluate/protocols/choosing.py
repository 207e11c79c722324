"""Choosing: predicted ratings read as a choice of what to recommend, from a rating on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import History
from triptych.errors import UsageError
from triptych.evaluate.measured import Measured
from triptych.evaluate.metrics.content import diversity
from triptych.evaluate.metrics.exposure import exposure_metrics
from triptych.evaluate.metrics.roc import auc_of_rows, roc_curve
from triptych.evaluate.metrics.thresholds import threshold_metrics

F64 = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Choosing:
    """``recommended_from``: predicted so much or more is recommended; ``relevant_from``: rated so much or more is
    relevant. ``vectors``: float ``[items, d]``, such as genres, for the diversity of lists; without it there is none.
    ``seed``: of the lot by which equal predictions stand."""

    relevant_from: float = 3.5
    recommended_from: float = 3.5
    cutoffs: tuple[int, ...] = (4, 10)
    vectors: npt.NDArray[np.floating] | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.relevant_from) and np.isfinite(self.recommended_from)):
            raise UsageError("what is relevant and what is recommended begins at a rating, which is a finite number.")

    def of(self, name: str, judged: History, predicted: F64) -> Measured:
        """Of the users who like something: ``threshold-…@k`` (see :func:`threshold_metrics`) and ``diversity@k``.

        Of all together: ``pooled-precision``, ``-recall`` and ``-f1``, the mean lengths of what is recommended and
        relevant, ``auc`` over all rows and ``auc-by-user``, the mean of those who have both kinds; and ``coverage@k``,
        ``gini@k`` and ``personalisation@k`` of the lists of all users, among the items that are judged.
        """
        if not len(judged):
            return Measured(name=name, unit="user", ids=(), values={}, whole={})
        found = threshold_metrics(
            judged.users,
            judged.items,
            judged.values,
            predicted,
            seed=self.seed,
            relevant_from=self.relevant_from,
            recommended_from=self.recommended_from,
            cutoffs=self.cutoffs,
        )
        values, whole = dict(found.values), dict(found.whole)
        if self.vectors is not None:
            lists = found.lists[np.isin(found.users, found.measured)]
            values |= diversity(lists, self.vectors, cutoffs=self.cutoffs)
        liked = judged.values >= self.relevant_from
        if liked.any() and not liked.all():
            whole["auc"] = roc_curve(liked, predicted).area
            _, areas = auc_of_rows(judged.users, liked, predicted)
            if len(areas):
                whole["auc-by-user"] = float(areas.mean())
        whole |= exposure_metrics(found.lists, judged.item_counts > 0, cutoffs=self.cutoffs)
        places: list[int] = found.measured.tolist()
        ids = tuple(judged.user_ids[k] for k in places)
        return Measured(name=name, unit="user", ids=ids, values=values, whole=whole)

    def sums(self, judged: History, predicted: F64) -> Mapping[str, tuple[F64, F64]]:
        """Of ``pooled-precision``, ``-recall`` and ``-f1``: two sums of each user who is judged, by place, rising; the
        metric is the first over all users by the second."""
        count = len(judged.user_ids)
        liked, chosen = judged.values >= self.relevant_from, predicted >= self.recommended_from

        def sums(rows: npt.NDArray[np.bool_]) -> F64:
            return np.bincount(judged.users, rows, minlength=count)[judged.user_counts > 0].astype(np.float64)

        both, relevant, recommended = sums(liked & chosen), sums(liked), sums(chosen)
        return {
            "pooled-precision": (both, recommended),
            "pooled-recall": (both, relevant),
            "pooled-f1": (2 * both, recommended + relevant),
        }
