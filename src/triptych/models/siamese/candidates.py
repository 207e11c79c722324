"""Candidates: the pairs that a kind of pairs may be taken from, of which there are far too many to write down.

A candidate is a row of an *anchor* and one of its partners. Anchors stand user by user, and a user's partners are
the same for all of that user's anchors, so that n candidates are told by their rows and the places of their partners.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
#: Which of many pairs, given by their items, may be taken: bool ``[n]``.
Sieve = Callable[[I64, I64], npt.NDArray[np.bool_]]

#: Candidates that are looked at in one go.
_AT_ONCE = 1 << 20
#: Up to so many candidates for each pair that is wanted, all are looked at rather than some drawn.
_FEW = 4
#: All are looked at for want of enough among those drawn, unless they are more than this.
ALL = 1 << 24
#: So many are drawn of one kind and stratum before it is given up.
MOST = 1 << 26


@dataclass(frozen=True, kw_only=True, eq=False)
class Taken:
    """``first``, ``second``, ``users``: int64 ``[n]``, by lot. ``looked_at``: how many candidates were;
    ``all_of_them``: whether that was each of them once, so that there is nothing more to be found."""

    first: I64
    second: I64
    users: I64
    looked_at: int
    all_of_them: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidates:
    """Row r: item ``items[r]`` of ``users[r]`` (−1 for nobody), whose partners are the ``many[r]`` places from
    ``starts[r]`` on in ``partners``, leaving out the place ``own[r]`` after the start, or none where it is −1.

    All int64; rows of one user stand together.
    """

    items: I64
    users: I64
    partners: I64
    starts: I64
    many: I64
    own: I64

    def of(self, rows: npt.NDArray[np.bool_]) -> Candidates:
        """Some of the anchors; those without a partner are left out."""
        rows = rows & (self.many > 0)
        return Candidates(
            items=self.items[rows],
            users=self.users[rows],
            partners=self.partners,
            starts=self.starts[rows],
            many=self.many[rows],
            own=self.own[rows],
        )

    @cached_property
    def ends(self) -> I64:
        return np.cumsum(self.many)

    @property
    def total(self) -> int:
        return int(self.ends[-1]) if len(self.ends) else 0

    @cached_property
    def runs(self) -> tuple[I64, I64, I64]:
        """Of each user the first row, how many rows, and the candidates of all of them."""
        first = np.flatnonzero(np.append(True, self.users[1:] != self.users[:-1])[: len(self.users)])
        rows = np.diff(np.append(first, len(self.users)))
        return first, rows, np.add.reduceat(self.many, first) if len(first) else rows

    def pairs(self, rows: I64, places: I64) -> tuple[I64, I64]:
        """The two items of each candidate."""
        skipped = places + ((self.own[rows] >= 0) & (places >= self.own[rows]))
        return self.items[rows], self.partners[self.starts[rows] + skipped]

    def take(
        self, wanted: int, *, by_user: bool, sieve: Sieve, taken: I64, width: int, rng: np.random.Generator
    ) -> Taken:
        """So many different pairs that pass the sieve, whichever way round, or all that there are.

        ``by_user``: users come up equally often, else candidates do; either way one pair after the other, and one that
        came up before is passed over. ``taken``: keys of pairs that are not wanted, sorted, see :func:`pair_keys`.
        """
        pool = _Pool(self, sieve, taken, width)
        all_of_them = self.total <= max(_FEW * wanted, _AT_ONCE // 16)
        size = 2 * wanted
        while not all_of_them and pool.looked_at < MOST and len(pool) < wanted:
            size = min(max(size, _AT_ONCE // 16), 8 * _AT_ONCE)
            if pool.looked_at + size > self.total and self.total <= ALL:
                all_of_them = True
                break
            before = len(pool)
            for n in _cut(size):
                lots = pool.looked_at + np.arange(n, dtype=np.float64)
                pool.add(*(self._by_user(n, rng) if by_user else self._drawn(n, rng)), lots)
            # As many as it takes if they go on coming up as often.
            size = int(1.25 * size * (wanted - len(pool)) / max(len(pool) - before, 1))
        if all_of_them:
            pool = _Pool(self, sieve, taken, width)
            for rows, places in self._all():
                lots = rng.standard_exponential(len(rows))
                if by_user:
                    # The first of exponential waits comes of those with rates w by lot of weight w; w = 1 / candidates.
                    lots *= self._of_user[rows]
                pool.add(rows, places, lots)
        first, second, users = pool.best(wanted)
        return Taken(first=first, second=second, users=users, looked_at=pool.looked_at, all_of_them=all_of_them)

    @cached_property
    def _of_user(self) -> I64:
        """``[rows]``: the candidates of the row's user."""
        _, rows, many = self.runs
        return np.repeat(many, rows)

    def _drawn(self, n: int, rng: np.random.Generator) -> tuple[I64, I64]:
        flat = rng.integers(self.total, size=n)
        # Looked up in order and put back: jumping about in the ends takes several times as long.
        order = np.argsort(flat)
        rows = np.empty(n, np.int64)
        rows[order] = np.searchsorted(self.ends, flat[order], side="right")
        return rows, flat - (self.ends[rows] - self.many[rows])

    def _by_user(self, n: int, rng: np.random.Generator) -> tuple[I64, I64]:
        first, count, _ = self.runs
        of = rng.integers(len(first), size=n)
        rows = first[of] + rng.integers(count[of])
        return rows, rng.integers(self.many[rows])

    def _all(self) -> Iterator[tuple[I64, I64]]:
        for start in range(0, self.total, _AT_ONCE):
            flat = np.arange(start, min(start + _AT_ONCE, self.total))
            rows = np.searchsorted(self.ends, flat, side="right")
            yield rows, flat - (self.ends[rows] - self.many[rows])


def pair_keys(first: I64, second: I64, width: int) -> I64:
    """One number for each two items, whichever stands first; ``width`` items there are."""
    return np.minimum(first, second) * width + np.maximum(first, second)


def within(keys: I64, known: I64) -> npt.NDArray[np.bool_]:
    """Which are among the ``known``, which are sorted."""
    if not len(known):
        return np.zeros(len(keys), bool)
    at = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return known[at] == keys


class _Pool:
    """Pairs that passed; of those that came up again the one with the smallest lot."""

    def __init__(self, among: Candidates, sieve: Sieve, taken: I64, width: int) -> None:
        self._among, self._sieve, self._taken, self._width = among, sieve, taken, width
        empty = np.zeros(0, np.int64)
        self._keys, self._rows, self._places, self._lots = empty, empty, empty, np.zeros(0)
        self._fresh: list[tuple[I64, I64, I64, F64]] = []
        self.looked_at = 0

    def add(self, rows: I64, places: I64, lots: F64) -> None:
        first, second = self._among.pairs(rows, places)
        kept = np.flatnonzero(self._sieve(first, second))
        keys = pair_keys(first[kept], second[kept], self._width)
        self._fresh.append((keys, rows[kept], places[kept], lots[kept]))
        self.looked_at += len(rows)

    def __len__(self) -> int:
        self._settle()
        return len(self._keys)

    def best(self, wanted: int) -> tuple[I64, I64, I64]:
        """Items and users of so many with the smallest lots, in that order."""
        self._settle()
        order = np.argsort(self._lots, kind="stable")[:wanted]
        rows = self._rows[order]
        first, second = self._among.pairs(rows, self._places[order])
        return first, second, self._among.users[rows]

    def _settle(self) -> None:
        if not self._fresh:
            return
        new = [(self._keys, self._rows, self._places, self._lots), *self._fresh]
        keys, rows, places, lots = (np.concatenate(column) for column in zip(*new, strict=True))
        self._fresh.clear()
        order = np.argsort(keys)
        ordered, waits = keys[order], lots[order]
        starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)])
        if len(starts):
            run = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(ordered))))
            lowest = np.flatnonzero(waits == np.minimum.reduceat(waits, starts)[run])
            lowest = lowest[np.append(True, run[lowest][1:] != run[lowest][:-1])]
            # In the order of keys, in which many are looked up several times as fast.
            order = order[lowest[~within(ordered[lowest], self._taken)]]
        self._keys, self._rows, self._places, self._lots = keys[order], rows[order], places[order], lots[order]


def _cut(n: int) -> Iterator[int]:
    for start in range(0, n, _AT_ONCE):
        yield min(_AT_ONCE, n - start)
