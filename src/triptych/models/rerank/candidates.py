"""Candidates: for each user the best items of several sources, with what each source says of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import History
from triptych.errors import UsageError
from triptych.models import scores
from triptych.models.ranked import Ranker
from triptych.models.recommender import Recommender

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

#: Scores of all sources that are held at a time.
CELLS = 4_000_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidates:
    """``users`` ``[m]``: places of users, of one user all rows together; ``items`` ``[m]``: places of items, rising.

    ``scores``: float32 ``[m, sources]``, each source's scores less their mean and by their standard deviation over all
    items that this user could be recommended, 0 where all are equal. ``ranks``: float32 ``[m, sources]``, how many of
    those score higher. What a source says is not to be recommended has NaN in both.
    ``counts`` ``[asked]``: how many candidates each user has who was asked about, in that order. ``first``: float32
    ``[asked, items]``, what the first source says of all items.
    """

    users: I64
    items: I64
    scores: F32
    ranks: F32
    counts: I64
    first: F32

    def __len__(self) -> int:
        return len(self.users)

    def take(self, which: npt.NDArray[np.bool_]) -> Candidates:
        """Some of the rows."""
        rows = np.repeat(np.arange(len(self.counts)), self.counts)[which]
        return Candidates(
            users=self.users[which],
            items=self.items[which],
            scores=self.scores[which],
            ranks=self.ranks[which],
            counts=np.bincount(rows, minlength=len(self.counts)),
            first=self.first,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Pool:
    """``recommenders``, fitted on ``history``, of which each gives its ``each`` best to a pool of at most ``most`` for
    a user: those first that are high in any of them. What the user has a row of is no candidate. Of equals the lot
    (``seed``) tells, as in :class:`~triptych.models.ranked.Ranker`.
    """

    recommenders: Sequence[Recommender]
    history: History
    each: int
    most: int
    seed: int = 0

    def __post_init__(self) -> None:
        if self.each < 1 or self.most < 1:
            raise UsageError(f"{self.each} of each source and {self.most} in all; ask for 1 candidate at least.")

    @cached_property
    def _ranker(self) -> Ranker:
        """Kept, for the lots of all items are drawn but once."""
        return Ranker(history=self.history, seed=self.seed)

    def parts(self, users: npt.NDArray[np.integer]) -> Iterator[tuple[I64, Candidates]]:
        """The candidates of some users at a time, with the places of these users, so that memory stays bounded."""
        places = scores.asked(users, len(self.history.user_ids))
        step = max(1, CELLS // max(1, len(self.history.item_ids) * len(self.recommenders)))
        for start in range(0, len(places), step):
            some = places[start : start + step]
            yield some, self.of(some)

    def of(self, users: I64) -> Candidates:
        """All at once."""
        items, count = len(self.history.item_ids), len(self.recommenders)
        pairs = scores.rows(self.history.pairs, users)
        free = np.ones((len(users), items), bool)
        free[scores.cells(pairs)] = False
        best = np.full((len(users), items), np.iinfo(np.int32).max, np.int32)
        said: list[tuple[F32, F32]] = []
        first = np.zeros((len(users), items), np.float32)
        for k, one in enumerate(self.recommenders):
            table = np.asarray(one.scores(users), np.float32)
            first = first if k else table
            lists, _ = self._ranker.lists(_Given(users=users, table=table), users, n=self.each)
            row, place = (one.astype(np.int64) for one in np.nonzero(lists >= 0))
            at = lists[row, place]
            # Round by round: of two sources' equally high items the earlier source's goes first.
            best[row, at] = np.minimum(best[row, at], place * count + k)
            said.append((standard(table, free), above(table, free)))
        chosen = best < np.iinfo(np.int32).max
        if self.most < items:
            edge = np.partition(best, self.most - 1, axis=1)[:, self.most - 1, None]
            chosen &= best <= edge
        row, item = np.nonzero(chosen)
        return Candidates(
            users=users[row],
            items=item,
            scores=np.stack([one[row, item] for one, _ in said], axis=1),
            ranks=np.stack([one[row, item] for _, one in said], axis=1),
            counts=chosen.sum(axis=1),
            first=first,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Given:
    """Scores that are there already, ``table`` ``[u, items]`` of ``users``, so that none is asked for twice."""

    users: I64
    table: F32

    def scores(self, users: I64) -> F32:
        order = np.argsort(self.users, kind="stable")
        return self.table[order[np.searchsorted(self.users, users, sorter=order)]]


def standard(table: F32, free: npt.NDArray[np.bool_]) -> F32:
    """float32 ``[u, items]``: each row less its mean and by its standard deviation over what is ``free`` and finite."""
    known: npt.NDArray[np.bool_] = free & np.isfinite(table)
    count = np.maximum(known.sum(axis=1, keepdims=True), 1)
    values = np.where(known, table, 0).astype(np.float64)
    mean = values.sum(axis=1, keepdims=True) / count
    apart = np.where(known, values - mean, 0)
    spread: F64 = np.sqrt((apart**2).sum(axis=1, keepdims=True) / count)
    some = spread > 1e-9
    found = np.where(some, (table - mean) / np.where(some, spread, 1), 0)
    return np.where(np.isfinite(table), found, np.nan).astype(np.float32)


def above(table: F32, free: npt.NDArray[np.bool_]) -> F32:
    """float32 ``[u, items]``: how many items that are free score higher. Equal ones share the place."""
    shape, columns = table.shape, np.arange(int(table.shape[1]))
    costs: F32 = np.where(free, -table, np.inf)
    order = np.argsort(costs, axis=1, kind="stable")
    in_order = np.take_along_axis(costs, order, axis=1)
    starts = np.ones(shape, bool)
    starts[:, 1:] = in_order[:, 1:] != in_order[:, :-1]
    place: I64 = np.maximum.accumulate(np.where(starts, columns, 0), axis=1)
    found = np.empty(shape, np.float32)
    np.put_along_axis(found, order, place.astype(np.float32), axis=1)
    found[~np.isfinite(table)] = np.nan
    return found
