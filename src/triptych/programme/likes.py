"""Likes: how many there were of each item in the last days, and whether that is more than before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import UNTIMED, History
from triptych.errors import UsageError

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

_DAY_S = 86_400
_EPOCH = date(1970, 1, 1).toordinal()
#: Standard deviations: up to the first a rise is taken for chance, from the second on it counts whole.
_CHANCE, _CERTAIN = 1.0, 3.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Likes:
    """Row k: item ``items[k]`` was liked on ``days[k]``, an ordinal of UTC; ``days`` rise. ``size``: how many items."""

    items: I64
    days: I64
    size: int

    def __post_init__(self) -> None:
        if len(self.items) != len(self.days) or (np.diff(self.days) < 0).any():
            raise UsageError("likes are items and days of one length, the earliest day first.")
        if len(self.items) and not (self.items.min() >= 0 and self.items.max() < self.size):
            raise UsageError(f"there are {self.size} items, and a like is of none of them.")

    @classmethod
    def of(cls, history: History, *, like: float | None = None) -> Likes:
        """The rows of a history with a time, and with a value of ``like`` or more. Give it training rows alone."""
        rows = history if like is None else history.liked(like)
        timed = np.flatnonzero(rows.times != UNTIMED)
        timed = timed[np.argsort(rows.times[timed], kind="stable")]
        return cls(
            items=rows.items[timed].astype(np.int64),
            days=rows.times[timed] // _DAY_S + _EPOCH,
            size=len(rows.item_ids),
        )

    def counts(self, on: date, days: int) -> tuple[I64, I64]:
        """int64 ``[items]`` twice: likes in the ``days`` that end with ``on``, and in as many before those.

        What came after ``on`` counts in neither: it is not known on that day.
        """
        last = on.toordinal()
        edges = np.searchsorted(self.days, [last - 2 * days + 1, last - days + 1, last + 1])
        before, lately = self.items[edges[0] : edges[1]], self.items[edges[1] : edges[2]]
        return np.bincount(lately, minlength=self.size), np.bincount(before, minlength=self.size)


def risen(lately: I64, before: I64) -> F64:
    """float64 ``[items]``, 0 to 1: how sure an item's share of all likes rose from one time to the next.

    Of an item's r + b likes, r would fall into the later time by chance with the mean (r + b) q and the variance
    (r + b) q (1 − q), q being the later time's share of the likes of all items (a binomial test, by its normal
    approximation). A rise of one standard deviation or less counts 0, of three or more 1, and in between evenly. So
    it is no rise that all are watched more, nor that one was liked once. Where either time has no likes at all there
    is nothing to compare, and nothing rose.
    """
    if lately.shape != before.shape or (len(lately) and min(lately.min(), before.min()) < 0):
        raise UsageError("a trend compares two counts of each item, of 0 or more.")
    all_lately, all_before = int(lately.sum()), int(before.sum())
    if not all_lately or not all_before:
        return np.zeros(len(lately))
    both = (lately + before).astype(np.float64)
    share = all_lately / (all_lately + all_before)
    spread = np.sqrt(both * share * (1 - share))
    sure = np.divide(lately - both * share, spread, out=np.zeros(len(both)), where=spread > 0)
    return np.clip((sure - _CHANCE) / (_CERTAIN - _CHANCE), 0, 1)
