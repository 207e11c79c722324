"""Moments: when a rating is given, as what it has in common with other ratings.

Each kind sorts times into cells, and two ratings of a cell share a column: ``day`` (of all users), ``user-day`` (of one
user), ``user-moment`` (one user in one second: what is rated on a page is sent off together), ``hour`` (of the day, in
universal time), ``weekday`` and ``user-age`` (how long after the user's first training rating, in steps that double).
A time that is not known, or in a cell of which there was no training rating, is in one more cell, of which nothing is
learned: as usual on average.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import UNTIMED, History

I64 = npt.NDArray[np.int64]
#: Seconds of a day.
DAY = 86_400

Cells = Callable[[I64, I64, I64], I64]


def _user_age(users: I64, times: I64, first: I64) -> I64:
    since = np.maximum(times - first[users], 0) / DAY
    return np.where(since < 1, 0, 1 + np.log2(np.maximum(since, 1))).astype(np.int64)


#: What ``(users, times, first)`` have in common: a number for each cell; ``first``: of each user, the time that
#: ``user-age`` counts from. Users are at most 2³¹ and times below 2³², so one number holds a pair.
KINDS: Mapping[str, Cells] = {
    "day": lambda users, times, first: times // DAY,
    "user-day": lambda users, times, first: (users << 32) | (times // DAY),
    "user-moment": lambda users, times, first: (users << 32) | times,
    "hour": lambda users, times, first: times % DAY // 3600,
    "weekday": lambda users, times, first: times // DAY % 7,
    "user-age": _user_age,
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Moments:
    """One kind, learned: ``cells`` are those of training, sorted; ``first`` as :data:`KINDS` has it."""

    kind: str
    cells: I64
    first: I64

    @classmethod
    def of(cls, kind: str, train: History) -> Moments | None:
        """None where no training row has a time."""
        known = train.times != UNTIMED
        if not known.any():
            return None
        users, times = train.users[known].astype(np.int64), train.times[known]
        first = np.full(len(train.user_ids), np.iinfo(np.int64).max)
        np.minimum.at(first, users, times)
        return cls(kind=kind, cells=np.unique(KINDS[kind](users, times, first)), first=first)

    @property
    def count(self) -> int:
        return len(self.cells) + 1

    def places(self, users: I64, times: I64 | None) -> I64:
        """``[n]``: which of :attr:`count` cells each is in; the last is that of times nothing was learned of."""
        if times is None:
            return np.full(len(users), len(self.cells))
        cell = KINDS[self.kind](users, times, self.first)
        place = np.minimum(np.searchsorted(self.cells, cell), len(self.cells) - 1)
        return np.where((times != UNTIMED) & (self.cells[place] == cell), place, len(self.cells))
