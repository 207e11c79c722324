"""Search: exact nearest rows by masked cosine or distance, in batches, without ever holding all pairs.

What two rows score is told in :mod:`triptych.spaces.score`. It goes in two steps. Matrix products in float32 find which
rows can be among the best, and leave a margin as wide as their rounding can be; the score of those few is then
computed pair by pair in float64. What a pair scores depends on the two rows alone, so the answer does not depend on
what else was asked or how the work was cut.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from triptych.spaces.blocks import F32, I64, Blocks
from triptych.spaces.score import each, exact, known
from triptych.spaces.shortlist import Shortlist, parts
from triptych.spaces.sieve import Meeting, Sieve, scaled

__all__ = ["Blocks", "nearest", "neighbours", "panel_scores"]

#: Queries that meet rows in one matrix product, and bounds told at a time: 16 MB.
QUERIES = 2048
CELLS = 1 << 22
#: Rows that few queries meet at a time.
ROWS = 1 << 16

#: Told how many queries' worth of work of how many is done.
Progress = Callable[[int, int], None]


def nearest(
    queries: Blocks,
    rows: Blocks,
    *,
    n: int,
    weights: Mapping[str, float],
    exclude: Sequence[int] | I64 | None = None,
    metric: str = "cosine",
    progress: Progress | None = None,
) -> tuple[I64, F32]:
    """Indices ``[q, n]`` of the best rows, best first, −1 where there are fewer, and their scores.

    ``exclude``: for each query one row that is left out (itself), −1 for none. Equal scores keep the order
    of the rows. ``metric``: cosine, or euclidean, whose scores are distances with their sign turned.
    """
    own = np.full(len(queries), -1, np.int64) if exclude is None else np.asarray(exclude, np.int64)
    search = _Search(queries, rows, own, n, weights, metric, progress)
    search.against(slice(0, len(rows)))
    return search.best()


def neighbours(
    rows: Blocks,
    part: slice,
    *,
    n: int,
    weights: Mapping[str, float],
    metric: str = "cosine",
    progress: Progress | None = None,
) -> tuple[I64, F32]:
    """The same for the rows ``part`` among all, each without itself: in half the time where these are most of them,
    since what two rows make together serves the lists of both."""
    first, last, _ = part.indices(len(rows))
    search = _Search(rows.rows(slice(first, last)), rows, np.arange(first, last), n, weights, metric, progress)
    search.against(slice(0, first))
    search.among(first)
    search.against(slice(last, len(rows)))
    return search.best()


def panel_scores(a: Blocks, b: Blocks, pairs: I64, *, metric: str = "cosine") -> dict[str, F32]:
    """Score of each panel alone, over the blocks of it that both rows have.

    ``pairs``: ``[q, n]``, row of ``b`` for each row of ``a``, −1 for none. NaN where a panel is not shared.
    """
    query, place = np.nonzero(pairs >= 0)
    row = pairs[query, place]
    panels = tuple(dict.fromkeys(a.panels))
    alone = np.array([[float(one == panel) for one in a.panels] for panel in panels])
    shared = a.mask[query] & b.mask[row]
    has = shared @ alone.T > 0
    scores = each(known(metric), a, query, b, row, alone)
    found: dict[str, F32] = {}
    for k, panel in enumerate(panels):
        found[panel] = own = np.full(pairs.shape, np.nan, np.float32)
        own[query[has[:, k]], place[has[:, k]]] = scores[k, has[:, k]]
    return found


class _Search:
    def __init__(
        self,
        queries: Blocks,
        rows: Blocks,
        own: I64,
        n: int,
        weights: Mapping[str, float],
        metric: str,
        progress: Progress | None,
    ) -> None:
        self._metric, self._queries, self._rows, self._own = known(metric), queries, rows, own
        w = np.array([weights[panel] for panel in queries.panels], np.float64)
        self._w = scaled(w) if metric == "cosine" else w
        self._scale = 1.0
        if metric != "cosine":
            longest = [float((made.squares @ self._w).max(initial=0.0)) for made in (queries, rows)]
            self._scale = max(longest) or 1.0
        _ = queries.squares, rows.squares, queries.kinds, rows.kinds  # of all at once, before there are parts
        self._list = Shortlist(len(queries), n, self._exact)
        self._first: int | None = None
        self._progress, self._done = progress, 0

    def best(self) -> tuple[I64, F32]:
        return self._list.best()

    def against(self, among: slice) -> None:
        """All queries against these rows."""
        for asked in parts(len(self._queries), QUERIES):
            if among.start >= among.stop:
                continue
            sieve = self._sieve(asked)
            for part in parts(among.stop, min(max(CELLS // (asked.stop - asked.start), 1), ROWS), among.start):
                self._take(asked, part, sieve.meet(self._rows.rows(part)))

    def among(self, first: int) -> None:
        """All queries against one another; they are the rows from ``first`` on."""
        count, self._first = len(self._queries), first
        for asked in parts(count, QUERIES):
            sieve = self._sieve(asked)
            self._take(asked, _moved(asked, first), sieve.meet(self._queries.rows(asked)))
            for other in parts(count, QUERIES, asked.stop):
                straight, turned = sieve.both(self._queries.rows(other))
                self._take(asked, _moved(other, first), straight)
                self._take(other, _moved(asked, first), turned)

    def _sieve(self, asked: slice) -> Sieve:
        return Sieve(self._metric, self._queries.rows(asked), self._w, self._scale)

    def _take(self, asked: slice, part: slice, meeting: Meeting) -> None:
        own = self._own[asked]
        inside = np.flatnonzero((own >= part.start) & (own < part.stop))
        meeting.high[inside, own[inside] - part.start] = -np.inf
        self._list.take(asked, meeting, part.start)
        self._done += (asked.stop - asked.start) * (part.stop - part.start)
        if self._progress is not None:
            self._progress(self._done // max(len(self._rows), 1), len(self._queries))

    def _exact(self, of: I64, to: I64) -> F32:
        return exact(self._metric, self._queries, of, self._rows, to, self._w, first=self._first)


def _moved(part: slice, by: int) -> slice:
    return slice(part.start + by, part.stop + by)
