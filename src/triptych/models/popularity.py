"""Popularity: the same list for everyone. Hard to beat by what is shown, and of no use for what is new."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from triptych.catalogue.history import History
from triptych.errors import UsageError
from triptych.models import scores


@dataclass(frozen=True, kw_only=True)
class Popularity:
    """How many rows of the training history an item has; with ``like``, how many with a value of that or more."""

    like: float | None = None
    name: str = "popularity"

    def fit(self, history: History) -> Counted:
        chosen = scores.needed(history, self.name, like=self.like)
        return Counted(counts=chosen.item_counts.astype(np.float32), users=len(history.user_ids))


@dataclass(frozen=True, kw_only=True, eq=False)
class OraclePopularity:
    """Not a model, but an oracle: it counts the rows of ``judged``, the very history that judges it.

    Nothing could know these counts beforehand. It tells how far a list that is the same for everyone can come, also
    over items of which nothing was learned, and so how much of a figure is owed to popularity. Its name in tables
    says so. Items are matched by their ids; the training history only says which items and users there are.
    """

    judged: History
    like: float | None = None
    name: str = "oracle: popularity in hindsight"

    def fit(self, history: History) -> Counted:
        scores.needed(history, self.name)
        judged = scores.needed(self.judged, self.name, like=self.like)
        found = dict(zip(judged.item_ids, judged.item_counts.tolist(), strict=True))
        unknown = [one for one, count in found.items() if count] if found.keys().isdisjoint(history.item_ids) else []
        if unknown:
            raise UsageError(
                f"the history that {self.name!r} looks ahead at shares no item with the training history; "
                f"give it the test side of the same split."
            )
        counts = np.array([found.get(one, 0) for one in history.item_ids], np.float32)
        return Counted(counts=counts, users=len(history.user_ids))


@dataclass(frozen=True, kw_only=True, eq=False)
class Counted:
    """``counts``: float32 ``[items]``. Exact up to 2²⁴ rows of one item."""

    counts: scores.F32
    users: int

    def scores(self, users: scores.I64) -> scores.F32:
        return np.tile(self.counts, (len(scores.asked(users, self.users)), 1))
