"""Co-likes: what is liked by the same users, as a vector for each item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
#: Added to how often an item is liked, so that one like of a rare item is not taken for much.
FEW = 5.0


@dataclass(frozen=True, kw_only=True, eq=False)
class CoLikes:
    """With Y the likes, 1 where a user (row) likes an item, and YᵀY = V diag(σ²) Vᵀ:

    ``vectors``: V, float32 ``[n, d]``, those d of the largest σ²; ``energy``: σ² / users, float32 ``[d]``.
    ``commonness``: float32 ``[n]``, how often an item is liked, and ``FEW`` times more, over what that is on average.
    ``launches``: float32 ``[n]``, log(1 + likes) less its mean.
    """

    vectors: F32
    energy: F32
    commonness: F32
    launches: F32

    @classmethod
    def of(cls, likes: Any, *, width: int) -> CoLikes:
        """``likes``: sparse ``[users, n]``, of which one is not 0 at least. ``width``: the most d."""
        users, n = likes.shape
        wide = likes.astype(np.float64)
        # The smaller of the two squares has the same σ², and of its vectors those of the other are made.
        square: F64 = (wide @ wide.T if users < n else wide.T @ wide).toarray()
        energy, vectors = np.linalg.eigh(square)
        energy, vectors = energy[::-1][:width], vectors[:, ::-1][:, :width]
        kept = energy > energy[0] * 1e-9
        energy, vectors = energy[kept], vectors[:, kept]
        if users < n:
            vectors = np.asarray(wide.T @ vectors) / np.sqrt(energy)
        # Of v and −v, that whose largest entry is above 0.
        largest = np.take_along_axis(vectors, np.abs(vectors).argmax(axis=0)[None, :], axis=0)
        vectors = vectors * np.sign(largest)
        counts = np.asarray(likes.sum(axis=0), np.float64).reshape(-1)
        logs = np.log1p(counts)
        return cls(
            vectors=vectors.astype(np.float32),
            energy=(energy / users).astype(np.float32),
            commonness=((counts + FEW) / (counts + FEW).mean()).astype(np.float32),
            launches=(logs - logs.mean()).astype(np.float32),
        )
