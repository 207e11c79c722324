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
from triptych.models.recommender import Recommender
from triptych.spaces.ranking import Ranking

I64 = npt.NDArray[np.int64]

#: Scores held at a time: 32 MB.
CELLS = 8_000_000


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
    def _barred(self) -> npt.NDArray[np.bool_]:
        barred = np.ones(len(self.history.item_ids), bool)
        barred[slice(None) if self.candidates is None else self.candidates] = False
        return barred

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
            self._fill(self.allowed(recommender, some), some, found[start : start + size], values[start : start + size])
        return found, values

    def allowed(self, recommender: Recommender, users: npt.NDArray[Any]) -> scores.F32:
        """The scores ``[u, items]`` of some users, −inf where an item may not be listed for them."""
        given = np.array(recommender.scores(np.asarray(users, np.int64)), np.float32)
        if given.shape != (len(users), len(self.history.item_ids)):
            raise TriptychError(
                f"a recommender gave scores of shape {given.shape} for {len(users)} users and "
                f"{len(self.history.item_ids)} items; it was fitted on another history, or breaks its contract."
            )
        if np.isnan(given).any() or np.isposinf(given).any():
            raise TriptychError("a recommender gave scores that are NaN or +inf; they must be finite, or −inf.")
        given[:, self._barred] = -np.inf
        if not self.seen:
            user, item = scores.cells(scores.rows(self.history.pairs, users))
            given[user, item] = -np.inf
        return given

    def _fill(self, given: scores.F32, users: I64, found: I64, values: scores.F32) -> None:
        """Lists of some users, written into ``found`` and ``values``."""
        n = found.shape[1]
        least = np.partition(given, -n, axis=1)[:, -n, None] if n else given[:, :0]
        user, item = np.nonzero((given >= least) & (given > -np.inf))
        if not len(user):
            return
        score = given[user, item]
        lots = lot.scattered(self._user_lots[users[user]] ^ self._item_keys[item], self.seed)
        order = np.lexsort((lots, -score, user))
        user, item, score = user[order], item[order], score[order]
        at = np.arange(len(user)) - np.searchsorted(user, user)
        keep = at < n
        found[user[keep], at[keep]] = item[keep]
        values[user[keep], at[keep]] = score[keep]


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
