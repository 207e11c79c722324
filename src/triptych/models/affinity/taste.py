"""Taste: what a user likes, as a vector, and the items that lie that way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from triptych.models import scores

F32 = scores.F32


@dataclass(frozen=True, kw_only=True, eq=False)
class Taste:
    """``likes``: 1 where a user likes an item, ``[users, items]``. ``liked``: float32 ``[items, d]``, what a like of an
    item says of a user, 0 where that is not known; ``vectors``: float32 ``[items, d]``; ``launches``: float32
    ``[items]``, how popular each is taken to become. ``sharpness``, ``evenness`` and ``launch``: τ, ρ and β of
    :mod:`~triptych.models.affinity.scoring`. Of a user of whom nothing is known only launches speak."""

    likes: sp.csr_array
    liked: F32
    vectors: F32
    launches: F32
    sharpness: float
    evenness: float
    launch: float

    def scores(self, users: scores.I64) -> F32:
        told: Any = scores.rows(self.likes, users)
        own = np.asarray(told @ self.liked.astype(np.float64))
        # Likes of items that say nothing do not count.
        count = np.asarray(told @ np.any(self.liked != 0, axis=1).astype(np.float64)).reshape(-1, 1)
        own *= self.sharpness * np.maximum(count, 1) ** -self.evenness
        launch = np.where(count > 0, self.launch, 1.0)
        wide = np.hstack([self.vectors, self.launches[:, None]]).astype(np.float64)
        return scores.products(np.hstack([own, launch]), wide)
