"""Character: what lists are like, be they right or not: how popular, how varied, how alike those of different users."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from triptych.catalogue.history import History
from triptych.errors import UsageError
from triptych.evaluate.metrics.content import calibration, diversity
from triptych.evaluate.metrics.exposure import exposure_metrics
from triptych.evaluate.metrics.popularity import novelty, popularity_lift, serendipity
from triptych.evaluate.metrics.table import Table
from triptych.models.scores import rows as rows_of

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Character:
    """``train``: what was learned from. ``vectors`` float ``[items, d]``, for diversity, and ``genres`` float ``[items,
    g]``, for calibration: without them there is no such figure."""

    train: History
    vectors: npt.NDArray[np.floating] | None
    genres: npt.NDArray[np.floating] | None

    def __post_init__(self) -> None:
        for what, rows in (("vectors", self.vectors), ("genres", self.genres)):
            if rows is not None and len(rows) != len(self.train.item_ids):
                raise UsageError(
                    f"{what} of {len(rows)} items do not fit {len(self.train.item_ids)}; one row is for each."
                )

    def of(
        self,
        lists: I64,
        users: I64,
        relevant: sp.csr_array,
        expected: I64 | None,
        candidates: Mask,
        *,
        cutoffs: Sequence[int],
    ) -> tuple[dict[str, F64], dict[str, float], dict[str, int]]:
        """Values of each user, values of all lists together, and of how many users something could not be told.

        ``popularity-lift`` and ``calibration`` hold a list against what its user had before. Where some had nothing,
        they are means over the others, and stand with the values of all lists together.
        """
        values: dict[str, F64] = {}
        whole: dict[str, float] = {}
        untold: dict[str, int] = {}
        counts = self.train.item_counts
        active = int(np.count_nonzero(self.train.user_counts))
        if candidates.any():
            whole |= exposure_metrics(lists, candidates, cutoffs=cutoffs)
        if active:
            values |= novelty(lists, counts, active, cutoffs=cutoffs)
        if expected is not None:
            values |= serendipity(lists, relevant, expected, cutoffs=cutoffs)
        if self.vectors is not None:
            values |= diversity(lists, self.vectors, cutoffs=cutoffs)
        profile = rows_of(self.train.pairs, users)
        known: Mask = self.train.user_counts[users] > 0

        def told(measure: Callable[[I64, sp.csr_array], dict[str, F64]], told_of: Mask, what: str) -> None:
            if told_of.all():
                values.update(measure(lists, profile))
                return
            untold[f"{what} is not told of"] = int(np.count_nonzero(~told_of))
            if told_of.any():
                some = measure(lists[told_of], rows_of(profile, np.flatnonzero(told_of)))
                whole.update({metric: float(one.mean()) for metric, one in some.items()})

        told(lambda of, own: popularity_lift(of, counts, own, cutoffs=cutoffs), known, "popularity-lift")
        if (genres := self.genres) is not None:
            held = np.asarray((genres > 0).any(axis=1), np.float64)
            with_genre: Mask = Table.of(profile).ones().times(held) > 0
            told(lambda of, own: calibration(of, genres, own, cutoffs=cutoffs), with_genre, "calibration")
        return values, whole, untold
