"""Ranked: the one place where scores become lists. Equal scores go by lot, never by the order of the items.

Catalogues are often in an order that tracks popularity, so that whoever lets that order break ties gives popular items
for nothing. The lot of an item for a user hangs on a seed and the two ids alone: the same list comes out whoever else
is asked about, and in whatever order the items stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import History
from triptych.errors import TriptychError, UnknownName, UsageError
from triptych.models import lot, scores
from triptych.models.recommender import Recommender, Roughly
from triptych.spaces.ranking import Ranking
from triptych.spaces.top import reached

I64 = npt.NDArray[np.int64]

#: Scores held at a time: 8 MB, and some of this again for where they stand and what they drew.
CELLS = 2_000_000
#: A user with so many times the items that are asked for, of whom some tie, is looked at alone.
CROWD = 8


@dataclass(frozen=True, kw_only=True, eq=False)
class Ranker:
    """Makes lists for the users of ``history``, the one that the recommender was fitted on.

    ``candidates``: places of the only items to choose from, all by default. ``seen``: whether items that the user has
    a row of in ``history`` may be listed. ``seed``: of the lots.
    """

    history: History
    candidates: npt.NDArray[Any] | None = None
    seen: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        if self.candidates is None:
            return
        if self.candidates.dtype == np.bool_ or not np.issubdtype(self.candidates.dtype, np.integer):
            raise UsageError("candidates are given as places of items, whole numbers; use np.flatnonzero on a mask.")
        if ((self.candidates < 0) | (self.candidates >= len(self.history.item_ids))).any():
            raise UsageError(f"there are {len(self.history.item_ids)} items, and a candidate is none of them.")

    @cached_property
    def _user_lots(self) -> lot.U64:
        """One for each user, and at the end that of strangers."""
        return lot.scattered(lot.keys([*self.history.user_ids, ""]), self.seed)

    @cached_property
    def _item_keys(self) -> lot.U64:
        return lot.keys(self.history.item_ids)

    @cached_property
    def _columns(self) -> I64:
        """Places of the candidates, rising, each once."""
        chosen = np.zeros(len(self.history.item_ids), bool)
        chosen[slice(None) if self.candidates is None else self.candidates] = True
        return np.flatnonzero(chosen)

    def lists(self, recommender: Recommender, users: npt.NDArray[Any], *, n: int) -> tuple[I64, scores.F32]:
        """Places of items ``[u, n]``, best first, −1 where a list ends early, and their scores, 0 there.

        A score of −inf is never listed, and no list has more places than there are items.
        """
        if n < 1:
            raise UsageError(f"n is {n}; ask for lists of at least 1 item.")
        places = scores.asked(users, len(self.history.user_ids))
        n = min(n, len(self.history.item_ids))
        found, values = np.full((len(places), n), -1, np.int64), np.zeros((len(places), n), np.float32)
        size = max(1, CELLS // max(len(self.history.item_ids), 1))
        for start in range(0, len(places), size):
            some = places[start : start + size]
            self._fill(
                self._near(recommender, some, n), some, found[start : start + size], values[start : start + size]
            )
        return found, values

    def _near(self, recommender: Recommender, users: I64, n: int) -> tuple[I64, I64, scores.F32]:
        """Which of some users, which item, and its cost: the score with its sign turned. Of each user's n best, of what
        ties for the last of these places, and seldom of much more. Users rise, and with them the items of each."""
        rough = recommender.rough(users) if isinstance(recommender, Roughly) else None
        given = np.array(recommender.scores(users), np.float32) if rough is None else rough.scores
        if given.shape != (len(users), len(self.history.item_ids)):
            raise TriptychError(
                f"a recommender gave scores of shape {given.shape} for {len(users)} users and "
                f"{len(self.history.item_ids)} items; it was fitted on another history, or breaks its contract."
            )
        if not given.max(initial=-np.inf) < np.inf:  # NaN is the maximum of all that holds one
            raise TriptychError("a recommender gave scores that are NaN or +inf; they must be finite, or −inf.")
        if not self.seen:
            user, item = scores.cells(scores.rows(self.history.pairs, users))
            given[user, item] = -np.inf
        if self.candidates is not None:
            given = given.take(self._columns, axis=1)
        least = reached(given, n)
        if rough is not None:
            least -= 2 * rough.off
        # Not by both axes at once: numpy takes three times as long.
        cell = np.flatnonzero(given >= np.maximum(least, np.finfo(np.float32).min)[:, None])
        user, column = np.divmod(cell, given.shape[1])
        item = self._columns[column]
        cost = np.negative(given.reshape(-1)[cell] if rough is None else rough.exact(user, item))
        keep = cost <= _edges(user, cost, len(users), n)[user]
        return user[keep], item[keep], cost[keep]

    def _fill(self, near: tuple[I64, I64, scores.F32], users: I64, found: I64, values: scores.F32) -> None:
        """Lists of some users, written into ``found`` and ``values``."""
        user, item, cost = near
        n = found.shape[1]
        lots = lot.scattered(self._user_lots[users[user]] ^ self._item_keys[item], self.seed)
        keep = _drawn(user, cost, lots, n)
        user, item, cost, lots = user[keep], item[keep], cost[keep], lots[keep]
        order = np.lexsort((lots, cost, user))
        user, item, cost = user[order], item[order], cost[order]
        at = np.arange(len(user)) - np.searchsorted(user, user)
        keep = at < n
        found[user[keep], at[keep]] = item[keep]
        values[user[keep], at[keep]] = -cost[keep]


def _edges(user: I64, cost: scores.F32, users: int, n: int) -> scores.F32:
    """``[users]``: the n-th least cost of each, inf where there are fewer. ``user`` rises."""
    counts = np.bincount(user, minlength=users)
    starts = np.cumsum(counts) - counts
    edges = np.full(users, np.inf, np.float32)
    crowded = counts > CROWD * n
    for one in np.flatnonzero(crowded).tolist():
        edges[one] = np.partition(cost[starts[one] : starts[one] + counts[one]], n - 1)[n - 1]
    width = int(counts[~crowded].max(initial=0))
    if width >= n:
        few = ~crowded[user]
        side_by_side = np.full((users, width), np.inf, np.float32)
        side_by_side[user[few], (np.arange(len(user)) - starts[user])[few]] = cost[few]
        edges[~crowded] = np.partition(side_by_side, n - 1, axis=1)[~crowded, n - 1]
    return edges


def _drawn(user: I64, cost: scores.F32, lots: lot.U64, n: int) -> npt.NDArray[np.bool_]:
    """bool: the rows that can be among a user's first ``n``. ``user`` rises; the highest cost of each is their n-th.

    Where a thousand items tie for the last places only those that win one need be put in order.
    """
    keep = np.ones(len(user), bool)
    starts = np.flatnonzero(np.diff(user, prepend=-1))
    ends = np.append(starts[1:], len(user))
    crowded = ends - starts > 2 * n
    for start, end in zip(starts[crowded].tolist(), ends[crowded].tolist(), strict=True):
        tied = cost[start:end] == cost[start:end].max()
        mine = lots[start:end]
        places = n - np.count_nonzero(~tied)
        keep[start:end] = ~tied | (mine <= np.partition(mine[tied], places - 1)[places - 1])
    return keep


def recommend(
    recommender: Recommender,
    history: History,
    users: Sequence[str],
    *,
    n: int = 10,
    candidates: Sequence[str] | None = None,
    seen: bool = False,
    strangers: bool = False,
    seed: int = 0,
) -> Ranking:
    """The ``n`` best items for each of ``users``, by ids. ``history``: the one that the recommender was fitted on.

    ``candidates``: the only items to choose from. ``seen``: whether what the user has a row of may be listed.
    ``strangers``: answer for users who are not among those of the history, as for one of whom nothing is known,
    instead of refusing. The ranking has no panels: a score learned from interactions is made of none.
    """
    if isinstance(users, str):
        raise UsageError(f"users are given as a list of ids; write [{users!r}].")
    ranker = Ranker(
        history=history,
        candidates=None if candidates is None else _places("item", candidates, history.item_ids),
        seen=seen,
        seed=seed,
    )
    places = _places("user", users, history.user_ids, absent=scores.STRANGER if strangers else None)
    found, values = ranker.lists(recommender, places, n=n)
    ids = np.array([*history.item_ids, ""], dtype=object)
    return Ranking(queries=tuple(users), items=ids[found], scores=values, panels={})


def _places(kind: str, asked: Sequence[str], known: Sequence[str], *, absent: int | None = None) -> I64:
    places = {one: place for place, one in enumerate(known)}
    if absent is None:
        for one in asked:
            if one not in places:
                raise UnknownName(kind, one, known)
    return np.array([places.get(one, absent) for one in asked], np.int64)
