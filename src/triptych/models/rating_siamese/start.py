"""Start: what a rating is before a network adds to it: nothing, the mean, or the biases of user and item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import History

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Kind = Literal["none", "mean", "bias"]
#: So many ratings of no deviation are added to those of each item and each user.
ITEM_DAMPING, USER_DAMPING = 5.0, 10.0
ROUNDS = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class Told:
    """Ratings that may be looked at, by user: row k is of user ``users[k]`` and item ``items[k]``, both int64;
    ``values``: float64, on the scale."""

    users: I64
    items: I64
    values: F64

    @classmethod
    def of(cls, rows: History) -> Told:
        order = np.argsort(rows.users, kind="stable")
        return cls(
            users=rows.users[order].astype(np.int64),
            items=rows.items[order].astype(np.int64),
            values=rows.values[order].astype(np.float64),
        )

    def take(self, which: npt.NDArray[np.bool_] | I64) -> Told:
        return Told(users=self.users[which], items=self.items[which], values=self.values[which])

    def __len__(self) -> int:
        return len(self.users)


@dataclass(frozen=True, kw_only=True, eq=False)
class Base:
    """``start`` + ``users[u]`` + ``items[i]``, float64; ``start`` of whom nothing was learned. ``counts``: ratings of
    each item, where biases were learned."""

    start: float
    users: F64
    items: F64
    counts: F64 | None = None

    @classmethod
    def of(cls, kind: Kind, told: Told, *, users: int, items: int) -> Base:
        """``none`` is 0. ``bias``: in turns, the damped means of what the other leaves of users and of items."""
        of_users, of_items = np.zeros(users), np.zeros(items)
        start = 0.0 if kind == "none" else float(told.values.mean())
        if kind != "bias":
            return cls(start=start, users=of_users, items=of_items)
        off = told.values - start
        for _ in range(ROUNDS):
            of_items = _damped(told.items, off - of_users[told.users], items, ITEM_DAMPING)
            of_users = _damped(told.users, off - of_items[told.items], users, USER_DAMPING)
        counts = np.bincount(told.items, minlength=items).astype(np.float64)
        of_items = _damped(told.items, off - of_users[told.users], items, ITEM_DAMPING)
        return cls(start=start, users=of_users, items=of_items, counts=counts)

    def __call__(self, users: I64, items: I64) -> F64:
        return self.start + self.users[users] + self.items[items]

    def without(self, shown: Told, hidden: Told) -> Base:
        """As it is when ``hidden`` was never rated, of the users of ``shown``, which are all that they have besides.

        A damped mean of which a rating is part tells of it: what is left of a user's other ratings is then what this
        one is off, with the sign turned, and a network that is told the others learns just that.
        """
        if self.counts is None or not len(hidden):
            return self
        off = hidden.values - self.start - self.users[hidden.users]
        taken = np.bincount(hidden.items, minlength=len(self.items))
        sums = self.items * (self.counts + ITEM_DAMPING) - np.bincount(
            hidden.items, weights=off, minlength=len(self.items)
        )
        items = sums / (self.counts - taken + ITEM_DAMPING)
        rest = shown.values - self.start - items[shown.items]
        found = _damped(shown.users, rest, len(self.users), USER_DAMPING)
        users = self.users.copy()
        users[hidden.users] = found[hidden.users]
        users[shown.users] = found[shown.users]
        return Base(start=self.start, users=users, items=items)


def _damped(of: I64, off: F64, count: int, damping: float) -> F64:
    return np.bincount(of, weights=off, minlength=count) / (np.bincount(of, minlength=count) + damping)
