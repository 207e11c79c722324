"""Day: a programme on one day, for one catalogue: all that is the same for every user, and lists made with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import History
from triptych.errors import UnknownName, UsageError
from triptych.models import lot, scores
from triptych.models.recommender import Recommender
from triptych.programme.arranged import Arranged
from triptych.programme.column import F64, I64, Mask, Numbers
from triptych.programme.facts import Facts
from triptych.programme.pile import Given, Pile
from triptych.programme.programme import Programme

#: Scores of a batch that are held at a time.
CELLS = 2_000_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Day:
    """Make it with :meth:`of`, or ``programme.on(day, facts)``.

    ``failed`` int64 ``[items]``: the first condition that an item fails, −1 for none. ``lifts`` float64
    ``[boosts, items]``: strength times share, of the boosts that act on some item that day; ``names``: theirs. ``new``
    bool ``[items]``: who may be explored.
    """

    programme: Programme
    facts: Facts
    on: date
    failed: I64
    names: tuple[str, ...]
    lifts: F64
    new: Mask
    notes: tuple[str, ...] = field(default=())

    @classmethod
    def of(cls, programme: Programme, facts: Facts, on: date) -> Day:
        on = date(on.year, on.month, on.day)
        failed = np.full(len(facts), -1, np.int64)
        notes: list[str] = []
        for number, condition in enumerate(programme.conditions):
            holds = condition.holds(facts.column(condition.field), on)
            failed[(failed < 0) & ~holds] = number
            if len(facts) and not holds.any():
                notes.append(f"Of no item at all does {condition.text} hold.")
        acting = [(boost, boost.strength * boost.shares(facts, on)) for boost in programme.boosts]
        acting = [(boost, lift) for boost, lift in acting if lift.any()]
        names = tuple(boost.name for boost, _ in acting)
        notes += [
            f"The boost {boost.name!r} is on, and no item gets any of it."
            for boost in programme.boosts
            if boost.in_season(on) and boost.strength and boost.name not in names
        ]
        if programme.diversify == "mmr" and programme.diversify_by == "vectors" and facts.vectors is None:
            raise UsageError("diversify_by is vectors, and the facts have none; give them a space, or use genres.")
        return cls(
            programme=programme,
            facts=facts,
            on=on,
            failed=failed,
            names=names,
            lifts=np.array([lift for _, lift in acting]).reshape(len(acting), len(facts)),
            new=_new(programme, facts, on),
            notes=tuple(notes),
        )

    def arrange(
        self,
        candidates: npt.NDArray[Any] | None,
        scores: npt.NDArray[Any],
        *,
        user: str = "",
        history: npt.NDArray[Any] | Sequence[int] = (),
        liked: npt.NDArray[Any] | Sequence[int] | None = None,
        uncertainty: npt.NDArray[Any] | None = None,
    ) -> Arranged:
        """One list.

        ``candidates``: places of items ``[m]``, each once, in any order; None: all. ``scores`` ``[m]``: −inf is never
        listed. ``user``: whose list, for all that is drawn. ``history``: places of what they had; ``liked``: those
        whose genres calibration follows, all they had by default. ``uncertainty`` ``[m]``: a standard deviation of
        each score.
        """
        given = self._given(candidates, scores, uncertainty)
        had = np.unique(_places(history, len(self.facts), "the history"))
        left, may = self._sieved(given, had)
        unit = _unit(given.base[given.base > -np.inf]) if len(self.names) else 1.0
        rows = given.rows(may)
        pile = Pile(
            programme=self.programme,
            facts=self.facts,
            given=rows,
            names=self.names,
            amounts=self.lifts[:, rows.place] * unit,
            new=self.new[rows.place],
            user=lot.scattered(lot.keys([user]), self.programme.seed),
            day=self.on.toordinal(),
        )
        tastes = had if liked is None else np.unique(_places(liked, len(self.facts), "what was liked"))
        found, notes = pile.list(tastes, left)
        return Arranged(
            user=user,
            on=self.on,
            placed=found,
            wanted=self.programme.n,
            candidates=len(given.place),
            left_out={reason: count for reason, count in left.items() if count},
            notes=(*self.notes, *notes),
        )

    def arrange_all(
        self,
        recommender: Recommender,
        history: History,
        users: Sequence[str],
        *,
        candidates: Sequence[str] | None = None,
        like: float | None = None,
        strangers: bool = False,
        uncertainty: Callable[[I64], npt.NDArray[np.floating]] | None = None,
    ) -> list[Arranged]:
        """A list for each of ``users``. ``history``: the one that the recommender was fitted on, whose items the facts
        are of; what its rows say a user had is seen. ``like``: values from which on a row is of what calibration
        follows. ``strangers``: answer for unknown users instead of refusing. ``uncertainty``: of places of users, as
        ``recommender.scores``: a standard deviation of each score ``[users, items]``."""
        if self.facts.item_ids != history.item_ids:
            raise UsageError("the facts are of other items than the history; make them with history=history.")
        known = {user: place for place, user in enumerate(history.user_ids)}
        if not strangers and (unknown := [user for user in users if user not in known]):
            raise UnknownName("user", unknown[0], known)
        who = np.array([known.get(user, scores.STRANGER) for user in users], np.int64)
        among = None if candidates is None else self._named(candidates)
        cut = slice(None) if among is None else among
        liked = history if like is None else history.liked(like)
        found: list[Arranged] = []
        size = max(1, CELLS // max(len(self.facts), 1))
        for start in range(0, len(who), size):
            part = who[start : start + size]
            given = recommender.scores(part)
            doubt = None if uncertainty is None else uncertainty(part)
            had, tastes = scores.rows(history.pairs, part), scores.rows(liked.pairs, part)
            for row, user in enumerate(users[start : start + size]):
                found.append(
                    self.arrange(
                        among,
                        given[row][cut],
                        uncertainty=None if doubt is None else doubt[row][cut],
                        user=user,
                        history=had.indices[had.indptr[row] : had.indptr[row + 1]],
                        liked=tastes.indices[tastes.indptr[row] : tastes.indptr[row + 1]],
                    )
                )
        return found

    def _named(self, item_ids: Sequence[str]) -> I64:
        for one in item_ids:
            if one not in self.facts.places:
                raise UnknownName("item", one, self.facts.places)
        return np.array([self.facts.places[one] for one in item_ids], np.int64)

    def _given(
        self, candidates: npt.NDArray[Any] | None, scores: npt.NDArray[Any], uncertainty: npt.NDArray[Any] | None
    ) -> Given:
        every = np.arange(len(self.facts)) if candidates is None else candidates
        place = _places(every, len(self.facts), "the candidates")
        base = np.asarray(scores, np.float64)
        if base.shape != place.shape:
            raise UsageError(f"{len(place)} candidates came with scores of shape {base.shape}; there is one for each.")
        if not base.max(initial=-np.inf) < np.inf:  # NaN is the maximum of all that holds one
            raise UsageError("scores hold NaN or +inf; they are finite, or −inf for what is never to be listed.")
        if len(place) > 1 and np.bincount(place, minlength=1).max() > 1:
            raise UsageError("a candidate is given twice; give each once, with one score.")
        if uncertainty is None and self.programme.explore and self.programme.explore_by != "score":
            raise UsageError(
                f"explore_by is {self.programme.explore_by}, which needs the uncertainty of each score; "
                "give uncertainty, or explore by score."
            )
        doubt = np.zeros(len(place)) if uncertainty is None else np.asarray(uncertainty, np.float64)
        if doubt.shape != place.shape or not (doubt.min(initial=0) >= 0 and doubt.max(initial=0) < np.inf):
            raise UsageError("uncertainty is a standard deviation for each candidate, 0 or more and finite.")
        return Given(place=place, base=base, doubt=doubt)

    def _sieved(self, given: Given, had: I64) -> tuple[dict[str, int], I64]:
        """How many are left out for what reason, and the rows of those that may be listed."""
        scored = given.base > -np.inf
        seen = again = np.zeros(len(given.place), bool)
        if len(had) and not self.programme.seen:
            known = np.zeros(len(self.facts), bool)
            known[had] = True
            seen = known[given.place]
            known[self.facts.same[had]] = True
            again = known[self.facts.same[given.place]] & ~seen
        failed = np.where(scored & ~seen & ~again, self.failed[given.place], -2)
        counts = np.bincount(failed + 2, minlength=len(self.programme.where) + 2)[2:].tolist()
        left = {
            "no score": int((~scored).sum()),
            "seen": int((scored & seen).sum()),
            "seen under another id": int((scored & again).sum()),
        }
        for text, count in zip(self.programme.where, counts, strict=True):
            left[text] = left.get(text, 0) + count
        return left, np.flatnonzero(failed == -1)


def _new(programme: Programme, facts: Facts, on: date) -> Mask:
    found = np.zeros(len(facts), bool)
    if not programme.explore:
        return found
    if programme.new_below:
        if facts.ratings is None:
            raise UsageError(
                "explore takes items with few ratings for new, and the facts have no counts; make them with "
                "history=…, or give new_below = 0 and new_days."
            )
        found |= facts.ratings < programme.new_below
    if programme.new_days is not None:
        released = facts.column("released_at")
        assert isinstance(released, Numbers)
        age = on.toordinal() - released.values
        found |= released.known & (age >= 0) & (age < programme.new_days)
    return found


def _places(given: npt.NDArray[Any] | Sequence[int], items: int, what: str) -> I64:
    found = np.asarray(given)
    if found.ndim != 1 or (len(found) and not np.issubdtype(found.dtype, np.integer)):
        raise UsageError(f"{what} are given as places of items, a list of whole numbers; use np.flatnonzero on a mask.")
    found = found.astype(np.int64)
    if len(found) and not (found.min() >= 0 and found.max() < items):
        raise UsageError(f"there are {items} items, and {what} name a place that is none of theirs.")
    return found


def _unit(base: F64) -> float:
    """What a boost of strength 1 adds: the standard deviation, 1 where all are equal. In order, so that the sum is the
    same in whatever order they came."""
    if not len(base) or base.min() == base.max():
        return 1.0
    return float(np.sort(base).std())
