"""Succession: what is liked after what.

Of each user's rows in the order of their times, a row of item i followed by a like of item j, g rows later, counts
2^((1 − g) / h), with a half-life of h rows and none beyond ``reach``. With C_ij the sum of these over all users,

    s_ij = C_ij / ((Σ_j C_ij + γ) n_j^β),     score(u, j) = Σ_{i ∈ X_u} w_ui s_ij

where γ shrinks what was seldom followed by anything, n_j is how often j follows anything at all, so that β = 0 asks
what is likely next and β = 1 how much likelier than ever, and w are the weights of the user's rows by recency
(:mod:`~triptych.models.recency`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from triptych.catalogue.history import History
from triptych.models import lot, recency, scores
from triptych.models.item_knn import Alike
from triptych.models.settings import above_zero, not_below_zero, whole

#: What a tuned one is chosen from, unless a study says otherwise.
GRID: Mapping[str, Sequence[Any]] = {
    "half_life_rows": (2.0, 5.0, 10.0, 20.0),
    "shrinkage": (3.0, 10.0, 30.0),
    "power": (0.0, 0.3, 0.6),
}


@dataclass(frozen=True, kw_only=True)
class Succession:
    """``half_life_rows`` h; ``reach``: of how many rows later a like still counts; ``shrinkage`` γ; ``power`` β.

    ``memory_rows`` and ``floor``: the half-life and the floor of the weights of a user's rows. ``like``: the least
    value that counts as a like, None for all rows. Rows of one moment follow in the order of a lot of their items'
    ids, and those of an unknown time stand before all others.
    """

    half_life_rows: float = 5.0
    reach: int = 30
    shrinkage: float = 10.0
    power: float = 0.3
    memory_rows: float = 5.0
    floor: float = 0.0
    like: float | None = 4.0
    name: str = "succession"

    def __post_init__(self) -> None:
        above_zero(self.name, half_life_rows=self.half_life_rows, shrinkage=self.shrinkage)
        not_below_zero(self.name, power=self.power)
        whole(self.name, reach=self.reach)
        recency.check(half_life_rows=self.memory_rows, floor=self.floor, other=1)

    def fit(self, history: History) -> Alike:
        scores.needed(history, self.name, like=self.like)
        counts = self._counts(history)
        items = len(history.item_ids)
        item, after = scores.cells(counts)
        told: Any = counts
        # Evened, so that no order of rows decides a last bit.
        said = np.rint(told.data * scores.GRAIN) / scores.GRAIN
        of_item = np.bincount(item, weights=said, minlength=items)
        of_after = np.bincount(after, weights=said, minlength=items)
        weight = said / ((of_item[item] + self.shrinkage) * np.maximum(of_after[after], 1.0) ** self.power)
        rows = recency.weights(history, half_life_rows=self.memory_rows, floor=self.floor, like=None, other=1)
        return Alike(rows=rows, weights=scores.sparse((weight, (item, after)), shape=(items, items)))

    def _counts(self, history: History) -> sp.csr_array:
        """C ``[items, items]``."""
        keys = lot.keys(history.item_ids, "succession")
        order = np.lexsort((keys[history.items], history.times, history.users))
        user, item = history.users[order], history.items[order]
        good = np.ones(len(order), bool) if self.like is None else history.values[order] >= self.like
        shape = (len(history.item_ids), len(history.item_ids))
        found: Any = sp.csr_array(shape, dtype=np.float64)
        for gap in range(1, min(self.reach, len(order) - 1) + 1):
            pair = (user[:-gap] == user[gap:]) & good[gap:]
            if not pair.any():
                continue
            weight = np.full(int(pair.sum()), np.exp2((1 - gap) / self.half_life_rows))
            found = found + sp.csr_array((weight, (item[:-gap][pair], item[gap:][pair])), shape=shape)
        return scores.sparse(found)
