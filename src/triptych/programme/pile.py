"""Pile: those that may be listed for one user, and how they become a list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from triptych.models import lot
from triptych.programme import exploration
from triptych.programme.arranged import Chosen, Placed
from triptych.programme.column import F64, I64, Mask
from triptych.programme.diversify import Calibration, Chooser, Cosines, Jaccards, Relevance, chosen, evened, taste
from triptych.programme.facts import Facts
from triptych.programme.programme import Programme
from triptych.programme.room import REASONS, Room

#: The pool grows by so much where too few of it may be listed.
_MORE = 4
#: Up to so many places, ranks by score are counted; for more, all scores are put in order.
_COUNTED = 32


@dataclass(frozen=True, kw_only=True, eq=False)
class Given:
    """Candidates: ``place`` int64 ``[m]``; ``base`` and ``doubt`` float64 ``[m]``. Nothing hangs on their order."""

    place: I64
    base: F64
    doubt: F64

    def rows(self, which: I64) -> Given:
        return Given(place=self.place[which], base=self.base[which], doubt=self.doubt[which])


@dataclass(frozen=True, kw_only=True, eq=False)
class Pile:
    """Those that may be listed. ``names``: of the boosts; ``amounts`` float64 ``[boosts, m]``: what each adds. ``new``
    bool ``[m]``: who may be explored. ``user``: the lot of whose list it is. ``day``: its ordinal, for what is drawn.
    """

    programme: Programme
    facts: Facts
    given: Given
    names: tuple[str, ...]
    amounts: F64
    new: Mask
    user: lot.U64
    day: int

    @cached_property
    def score(self) -> F64:
        """float64 ``[m]``, added up in the order of the boosts, so that whoever adds them up gets the same bits."""
        found = self.given.base.copy()
        for amount in self.amounts:
            found += amount
        return found

    @cached_property
    def lots(self) -> lot.U64:
        """uint64 ``[m]``: of equal scores the smaller lot goes first, as :mod:`triptych.models.ranked` has it."""
        return lot.scattered(self.user ^ self.facts.lots[self.given.place], self.programme.seed)

    def list(self, tastes: I64, left: dict[str, int]) -> tuple[tuple[Placed, ...], list[str]]:
        """The list and its notes. ``left`` is told whom caps held back."""
        notes: list[str] = []
        size = max(self.programme.pool, self.programme.n)
        while True:
            rows = _first(self.score, self.lots, size)
            room = self._room(rows)
            chooser = self._chooser(rows, tastes, notes)
            found, passed = chosen(room, chooser, n=self.programme.n)
            if len(found) >= self.programme.n or size >= len(self.score):
                break
            size *= _MORE
        reach = len(rows) if len(found) < self.programme.n else max(found) + 1
        for reason, count in enumerate(np.bincount(room.why[:reach], minlength=len(REASONS)).tolist()):
            if reason and count:
                left[REASONS[reason]] = count
        by: dict[int, Chosen] = {
            int(rows[at]): "diversity" if over else "score" for at, over in zip(found, passed, strict=True)
        }
        listed = self._explored([int(rows[at]) for at in found], by)
        return self._placed(listed, by), list(dict.fromkeys(notes))

    def _room(self, rows: I64) -> Room:
        most = (self.programme.most_of_a_family, self.programme.most_of_a_director)
        return Room(self.facts, self.given.place[rows], family=most[0], director=most[1])

    def _chooser(self, rows: I64, tastes: I64, notes: list[str]) -> Chooser | None:
        strength = self.programme.strength
        if self.programme.diversify == "none" or strength == 0 or not len(rows):
            return None
        place, relevance = self.given.place[rows], evened(self.score[rows])
        if self.programme.diversify == "calibrated":
            had = taste(self.facts, tastes)
            if not had.any():
                notes.append("Of what the user had no genre is known, so the list is calibrated to none.")
                return None
            return Calibration(relevance, self.facts.genre_shares[place], had, strength=strength)
        if self.programme.diversify_by == "genres":
            return Relevance(relevance, Jaccards(self.facts.genres[place]), strength=strength)
        vectors = self.facts.vectors
        assert vectors is not None
        return Relevance(relevance, Cosines(vectors[place], self.facts.vectored[place]), strength=strength)

    def _explored(self, listed: list[int], by: dict[int, Chosen]) -> list[int]:
        """The list with new titles in the places of its last ones that are not new."""
        n, new = len(listed), self.new
        if not self.programme.explore or n < 2 or n < self.programme.n:
            return listed
        draw = exploration.Draw(user=self.user, seed=self.programme.seed)
        spots = exploration.freed([bool(new[row]) for row in listed], draw.budget(self.programme.explore, n))
        rows = np.flatnonzero(new)
        if not spots or not len(rows):
            return listed
        worth = exploration.hope(
            self.score[rows],
            self.given.doubt[rows],
            by=self.programme.explore_by,
            optimism=self.programme.optimism,
            draw=draw,
            lots=self.facts.lots[self.given.place[rows]],
            day=self.day,
        )
        rows = rows[np.lexsort((self.lots[rows], -worth))]
        # Beside the whole list, those who make room too: else a title would be shown for want of its own sequel. And
        # those who are listed have no room once more.
        room = self._room(np.concatenate([np.array(listed, np.int64), rows]))
        for at in range(n):
            room.take(at)
        found = [int(rows[at - n]) for at in chosen(room, None, n=len(spots))[0]]
        gone = {listed[at] for at in spots[: len(found)]}
        by.update(dict.fromkeys(found, "exploration"))
        stands = [at - 1 for at in sorted(self.programme.explore_at)[: len(found)]] or draw.stands(len(found), n)
        return exploration.inserted([row for row in listed if row not in gone], found, stands)

    def _placed(self, listed: list[int], by: Mapping[int, Chosen]) -> tuple[Placed, ...]:
        amounts: list[list[float]] = self.amounts[:, listed].T.tolist()
        places: list[int] = self.given.place[listed].tolist()
        ranks = _ranks(self.given.base, self.lots, listed)
        return tuple(
            Placed(
                item_id=self.facts.item_ids[places[k]],
                rank=k + 1,
                score=float(self.score[row]),
                base=float(self.given.base[row]),
                boosts=tuple((name, one) for name, one in zip(self.names, amounts[k], strict=True) if one),
                chosen_by=by[row],
                by_score=ranks[k],
                place=places[k],
            )
            for k, row in enumerate(listed)
        )


def _first(score: F64, lots: lot.U64, size: int) -> I64:
    """Rows of the ``size`` highest scores, best first, equals by lot."""
    if size >= len(score):
        return _ordered(score, lots)
    edge = np.partition(score, len(score) - size)[len(score) - size]
    rows = np.flatnonzero(score >= edge)
    return rows[_ordered(score[rows], lots[rows])[:size]]


def _ordered(score: F64, lots: lot.U64) -> I64:
    """All rows by score, best first, equals by lot. Numbers alone are put in order several times as fast, so that only
    those that are equal are looked at by two keys."""
    order = np.argsort(-score)
    equal = np.diff(score[order]) == 0
    at = np.flatnonzero(np.append(equal, False) | np.append(False, equal))
    tied = order[at]
    order[at] = tied[np.lexsort((lots[tied], -score[tied]))]
    return order


def _ranks(base: F64, lots: lot.U64, rows: list[int]) -> list[int]:
    """The rank of some rows by their score alone, equals by lot; from 1."""
    if len(rows) > _COUNTED:
        ranks = np.empty(len(base), np.int64)
        ranks[np.lexsort((lots, -base))] = np.arange(1, len(base) + 1)
        return [int(ranks[row]) for row in rows]
    return [1 + int(np.count_nonzero((base > base[row]) | ((base == base[row]) & (lots < lots[row])))) for row in rows]
