"""Item kNN: what is liked by the same users is alike; an item scores by how alike it is to what the user likes.

Sarwar et al. 2001, *Item-based collaborative filtering recommendation algorithms*, doi:10.1145/371920.372071. With x_i
the column of item i, one weighted entry for each user who has a row of it,

    s_ij = x_i·x_j / (|x_i| |x_j| + γ),     score(u, j) = Σ_{i ∈ X_u, j ∈ N(i)} s_ij

where N(i) are the k items most alike to i and γ shrinks what few users tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from triptych.catalogue.history import History
from triptych.errors import UsageError
from triptych.models import scores
from triptych.models.settings import one_of, whole

F64 = npt.NDArray[np.float64]

#: How a row counts: alike for all; less of a user who has many; or less too of an item that many have.
WEIGHTINGS = ("cosine", "tf-idf", "bm25")
#: What a tuned item kNN is chosen from, unless a study says otherwise.
GRID: Mapping[str, Sequence[Any]] = {
    "k": (20, 50, 100, 200, 400),
    "shrinkage": (0.0, 10.0, 100.0),
    "weighting": WEIGHTINGS,
}
#: Of BM25 (Robertson and Zaragoza 2009): how soon more of the same counts no more, and how much an item's length does.
SATURATION, LENGTH = 1.2, 0.75
#: Numbers held at a time.
CELLS = 4_000_000


@dataclass(frozen=True, kw_only=True)
class ItemKNN:
    """``k`` neighbours of each item, those that tie for the last place all of them; ``shrinkage`` γ.

    ``weighting``: one of :data:`WEIGHTINGS`. ``like``: the least value that counts as a row, None for all. An item
    without rows scores 0, and so does everything for a user without rows.
    """

    k: int = 100
    shrinkage: float = 10.0
    weighting: str = "cosine"
    like: float | None = None
    name: str = "item kNN"

    def __post_init__(self) -> None:
        whole(self.name, k=self.k)
        one_of("weighting of an item kNN", self.weighting, WEIGHTINGS)
        if not (np.isfinite(self.shrinkage) and self.shrinkage >= 0):
            raise UsageError(f"shrinkage is {self.shrinkage:g}; it is 0 or above.")

    def fit(self, history: History) -> Alike:
        chosen = scores.needed(history, self.name, like=self.like)
        rows: Any = scores.sparse(chosen.pairs.astype(np.float64))
        return Alike(rows=rows, weights=self._nearest(self._weighed(rows)))

    def _weighed(self, rows: Any) -> Any:
        """The same rows, each entry by its weight."""
        if self.weighting == "cosine":
            return rows
        users, items = rows.shape
        of_user, of_item = np.diff(rows.indptr), np.bincount(rows.indices, minlength=items)
        user, item = scores.cells(rows)
        # A user stands for a word here, and an item for a text: who has everything tells nothing.
        weight = np.log1p(items / of_user[user])
        if self.weighting == "bm25":
            length = 1 - LENGTH + LENGTH * of_item[item] / of_item[of_item > 0].mean()
            weight = weight * (SATURATION + 1) / (SATURATION * length + 1)
        return scores.sparse((weight, (user, item)), shape=(users, items))

    def _nearest(self, weighed: Any) -> sp.csr_array:
        """s ``[items, items]``, row i that of its k neighbours."""
        items = weighed.shape[1]
        turned = scores.sparse(weighed.T)
        length = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=0), np.float64).reshape(-1))
        parts: list[Any] = []
        step = max(1, CELLS // items)
        for start in range(0, items, step):
            part: Any = cast(Any, turned)[start : start + step]
            products: F64 = (part @ weighed).toarray()
            within = np.arange(len(products))
            products[within, start + within] = 0
            below = length[start : start + step, None] * length + self.shrinkage
            near = np.rint(products / np.where(below > 0, below, 1) * scores.GRAIN) / scores.GRAIN
            if self.k < items:
                least = np.partition(near, items - self.k, axis=1)[:, items - self.k, None]
                near[near < least] = 0
            parts.append(sp.csr_array(near))
        return scores.sparse(cast(Any, sp).vstack(parts))


@dataclass(frozen=True, kw_only=True, eq=False)
class Alike:
    """``rows`` ``[users, items]``: how much each row of a user counts; ``weights`` ``[items, items]``: what item i says
    of item j. A score is the sum of what the user's items say."""

    rows: sp.csr_array
    weights: sp.csr_array

    def scores(self, users: scores.I64) -> scores.F32:
        found: Any = scores.rows(self.rows, users) @ self.weights
        return scores.even(found.toarray())
