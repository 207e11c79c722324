"""EASE: which items are seen with which, solved in one step.

Steck 2019, *Embarrassingly shallow autoencoders for sparse data*, doi:10.1145/3308558.3313710. With X the users' rows
(1 for each interaction), G = XᵀX + λI its Gram matrix and P = G⁻¹,

    B_ij = −P_ij / P_jj,  B_jj = 0,     score(u, j) = Σ_{i ∈ X_u} B_ij

B is the linear model of each item by all others with the least squared error under an L2 penalty of λ.

This is the one place that holds a matrix of items × items: the closed form is that inverse, and there is no smaller
one. Items without rows are left out of it, and with more than ``most_items`` the model refuses.
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

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

#: What a tuned EASE is chosen from, unless a study says otherwise.
GRID: Mapping[str, Sequence[float]] = {"regularisation": (10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0)}
#: Rows of the square matrix that are worked on at a time.
ROWS = 512


@dataclass(frozen=True, kw_only=True)
class EASE:
    """``regularisation`` λ. ``like``: the least value that counts as an interaction, None for all rows.

    ``most_items``: the model refuses above it; it holds one float64 matrix of items × items. An item without rows
    scores 0, and so does everything for a user without rows.
    """

    regularisation: float = 300.0
    like: float | None = None
    most_items: int = 20_000
    name: str = "EASE"

    def __post_init__(self) -> None:
        if not self.regularisation > 0:
            raise UsageError(f"regularisation is {self.regularisation:g}; it is above 0.")

    def fit(self, history: History) -> ItemWeights:
        chosen = scores.needed(history, self.name, like=self.like)
        items = np.flatnonzero(chosen.item_counts)
        if len(items) > self.most_items:
            raise UsageError(
                f"{self.name} holds a matrix of items × items, which for {len(items):,} items takes "
                f"{8 * len(items) ** 2 / 2**30:.1f} GiB; it refuses above {self.most_items:,}. Clean the "
                "catalogue to fewer items, raise most_items if there is memory for it, or choose ALS, which needs no "
                "such matrix."
            )
        rows = scores.sparse(cast(Any, chosen.pairs)[:, items].astype(np.float64))
        return ItemWeights(rows=rows, items=items, weights=self._weights(rows), count=len(chosen.item_ids))

    def _weights(self, rows: Any) -> F64:
        """B, float64 ``[n, n]``, in the memory of G."""
        square = np.empty((rows.shape[1], rows.shape[1]))
        turned: Any = scores.sparse(rows.T)
        for start in range(0, len(square), ROWS):
            square[start : start + ROWS] = (turned[start : start + ROWS] @ rows).toarray()
        square[np.diag_indices_from(square)] += self.regularisation
        _invert(square)
        scale = -1 / np.diag(square)
        square *= scale
        square[np.diag_indices_from(square)] = 0
        return square


@dataclass(frozen=True, kw_only=True, eq=False)
class ItemWeights:
    """``rows`` ``[users, n]``: 1 for each interaction, of the ``n`` items that have any, which stand at ``items``.

    ``weights``: B, float64 ``[n, n]``; ``count``: of all items.
    """

    rows: sp.csr_array
    items: I64
    weights: F64
    count: int

    def scores(self, users: scores.I64) -> scores.F32:
        own = scores.rows(self.rows, users)
        found = np.zeros((own.shape[0], self.count), np.float32)
        found[:, self.items] = scores.even(own @ self.weights)
        return found


def _invert(square: F64) -> None:
    """A symmetric positive definite matrix becomes its inverse, in place, by its Cholesky factor."""
    from scipy.linalg import lapack

    routines = cast(Any, lapack)
    # As columns, which the transpose of a symmetric matrix in rows already is, so that nothing is copied.
    factor, failed = routines.dpotrf(square.T, lower=0, overwrite_a=1, clean=0)
    if not failed:
        factor, failed = routines.dpotri(factor, lower=0, overwrite_c=1)
    if failed:
        raise UsageError("the matrix of which items are seen together cannot be inverted; raise regularisation.")
    if not np.shares_memory(factor, square):
        square.T[...] = factor
    # One triangle holds the answer: above the diagonal in columns, below it in rows.
    for start in range(0, len(square), ROWS):
        stop = min(start + ROWS, len(square))
        square[start:stop, stop:] = square[stop:, start:stop].T
        corner = square[start:stop, start:stop]
        corner[...] = np.tril(corner) + np.tril(corner, -1).T
