"""Shortlist: for each query the rows that may be among its nearest, by all that has been seen so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.spaces.blocks import F32, I64
from triptych.spaces.sieve import Meeting

#: Places beside the n, at least.
ROOM = 256
#: Queries that are looked at together.
_QUERIES = 2048

#: Exact scores of pairs: the queries' numbers, not falling, and the rows they meet.
Scores = Callable[[I64, I64], F32]


class Shortlist:
    """At most ``room(n)`` rows of each query. ``exact`` is asked where bounds cannot tell enough of them apart."""

    def __init__(self, queries: int, n: int, exact: Scores) -> None:
        self._n, self._room, self._exact = n, self.room(n), exact
        self._count = np.zeros(queries, np.int64)
        self._rows = np.full((queries, self._room), -1, np.int32)
        self._high = np.full((queries, self._room), -np.inf, np.float32)
        self._low = self._high.copy()
        #: What a row has to reach; above −inf, which is no score.
        self._least = np.full(queries, np.finfo(np.float32).min, np.float32)

    @staticmethod
    def room(n: int) -> int:
        return n + max(3 * n, ROOM)

    @staticmethod
    def bytes_each(n: int) -> int:
        """What a query takes in memory."""
        return 12 * Shortlist.room(n)

    def take(self, part: slice, meeting: Meeting, start: int) -> None:
        """What queries ``part`` and rows from ``start`` on may score; the rows come after all that have met these."""
        width = meeting.high.shape[1]
        few = np.flatnonzero(self._count[part] < self._n)
        if width > self._n and len(few):
            low = meeting.low_of(slice(None) if len(few) == len(meeting.high) else few)
            self._raise(few + part.start, np.partition(low, width - self._n, axis=1)[:, width - self._n])
        self._sift(part, meeting, start)

    def _sift(self, part: slice, meeting: Meeting, start: int) -> None:
        which, near = _reaching(meeting.high, self._least[part])
        counts = np.bincount(which, minlength=part.stop - part.start)
        if not self._fits(part, counts):
            self._tighten(part)
            self._pack(part)
            width = meeting.high.shape[1]
            if width > ROOM and not self._fits(part, counts):
                for half in parts(width, -(-width // 2)):
                    self._sift(part, meeting.columns(half), start + half.start)
                return
            self._settle(part.start + np.flatnonzero(self._count[part] + counts > self._room))
        at = part.start + which, _ranks(counts) + np.repeat(self._count[part], counts)
        self._high[at] = meeting.high[which, near]
        self._low[at] = meeting.low_at(which, near)
        self._rows[at] = near + start
        self._count[part] += counts
        if 2 * len(which) >= self._n * len(counts):
            self._tighten(part)

    def _fits(self, part: slice, counts: npt.NDArray[np.intp]) -> bool:
        return bool((self._count[part] + counts <= self._room).all())

    def _raise(self, which: I64 | slice, least: F32) -> None:
        self._least[which] = np.maximum(self._least[which], least)

    def _tighten(self, part: slice) -> None:
        """n rows score at least as much as the n-th highest bound from below."""
        width = int(self._count[part].max(initial=0))
        if width >= self._n:
            nth = width - self._n
            self._raise(part, np.partition(self._low[part, :width], nth, axis=1)[:, nth])

    def _pack(self, part: slice) -> None:
        """Let go of rows that have fallen behind."""
        queries = numbers(part)
        self._keep(queries, *self._held(queries))

    def _held(self, queries: I64) -> tuple[I64, I64]:
        """Which of some queries, and in which column, of all that may still be among the n best."""
        width = int(self._count[queries].max(initial=0))
        return _reaching(self._high[queries, :width], self._least[queries])

    def _keep(self, queries: I64, which: I64, column: I64) -> None:
        """Of some queries only these entries, in their order."""
        counts = np.bincount(which, minlength=len(queries))
        of, place = queries[which], _ranks(counts)
        arrays: list[tuple[npt.NDArray[Any], float]] = [(self._rows, -1), (self._high, -np.inf), (self._low, -np.inf)]
        for held, nothing in arrays:
            values = held[of, column]
            held[queries] = nothing
            held[of, place] = values
        self._count[queries] = counts

    def _settle(self, queries: I64) -> None:
        """Keep no more than n of each, by their exact scores."""
        if len(queries):
            order, scores = self._ordered(queries)
            which, place = np.nonzero(scores > -np.inf)
            column = order[which, place]
            back = np.lexsort((column, which))  # in the order in which they came, which is that of the rows
            self._keep(queries, which[back], column[back])

    def _ordered(self, queries: I64) -> tuple[I64, F32]:
        """``[q, n]``: columns by exact score, best first, and the scores, −inf after the last; ties by row."""
        which, column = self._held(queries)
        counts = np.bincount(which, minlength=len(queries))
        scores = np.full((len(queries), max(int(counts.max(initial=0)), self._n)), -np.inf, np.float32)
        columns = np.zeros(scores.shape, np.int64)
        at = which, _ranks(counts)
        scores[at] = self._exact(queries[which], self._rows[queries[which], column].astype(np.int64))
        columns[at] = column
        # Stable: of equal scores the row that came first stands first.
        order = np.argsort(-scores, axis=1, kind="stable")[:, : self._n]
        return np.take_along_axis(columns, order, axis=1), np.take_along_axis(scores, order, axis=1)

    def best(self) -> tuple[I64, F32]:
        """Rows ``[q, n]``, best first, −1 where there are fewer, and their scores, 0 there."""
        whole = slice(0, len(self._count))
        for part in parts(whole.stop, _QUERIES):
            self._tighten(part)
        columns, scores = self._ordered(numbers(whole))
        there = scores > -np.inf
        rows = np.where(there, np.take_along_axis(self._rows, columns, axis=1).astype(np.int64), -1)
        return rows, np.where(there, scores, np.float32(0))


def numbers(part: slice) -> I64:
    """The numbers in a part."""
    return np.arange(int(part.start), int(part.stop), dtype=np.int64)


def parts(count: int, size: int, start: int = 0) -> Iterator[slice]:
    """``start`` to ``count`` in pieces."""
    for k in range(start, count, size):
        yield slice(k, min(k + size, count))


def _reaching(high: F32, least: F32) -> tuple[I64, I64]:
    """Row and column of what is not below the least of its row, row by row. Quick for a turned matrix too."""
    # In one dimension: three times as fast as np.nonzero in two.
    if high.flags.c_contiguous or not high.flags.f_contiguous:
        which, near = np.divmod(np.flatnonzero(high >= least[:, None]), high.shape[1])
        return which, near
    near, which = np.divmod(np.flatnonzero(least <= high.T), len(high))
    order = np.argsort(which.astype(np.int16 if len(high) < 2**15 else np.int64), kind="stable")
    return which[order], near[order]


def _ranks(counts: npt.NDArray[np.intp]) -> I64:
    """0, 1, … for each of several groups that follow one another."""
    ends = np.cumsum(counts)
    return np.arange(int(counts.sum())) - np.repeat(ends - counts, counts)
