"""Chance: lists drawn at random, below which nothing can be said to have been learned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from triptych.catalogue.history import History
from triptych.models import lot, scores


@dataclass(frozen=True, kw_only=True)
class Chance:
    """Scores from 0 to below 1, another one for each user and item, as ``seed`` and the two ids decide."""

    seed: int = 0
    name: str = "chance"

    def fit(self, history: History) -> Drawn:
        """Learns nothing but who there is."""
        scores.needed(history, self.name)
        # Lots of its own: those that break ties, of the same seed, would make these lists the others' last items.
        # A stranger has no id, and is drawn for as one whose id is empty; ids of users never are.
        return Drawn(
            users=lot.keys([*history.user_ids, ""], "chance"),
            items=lot.keys(history.item_ids, "chance"),
            seed=self.seed,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Drawn:
    """``users``: uint64 ``[users + 1]``, the last for strangers; ``items``: uint64 ``[items]``."""

    users: lot.U64
    items: lot.U64
    seed: int

    def scores(self, users: scores.I64) -> scores.F32:
        own = self.users[scores.asked(users, len(self.users) - 1)]
        found = np.empty((len(own), len(self.items)), np.float32)
        for k in range(len(own)):
            found[k] = lot.fractions(lot.drawn(own[k : k + 1], self.items, seed=self.seed))
        return found
