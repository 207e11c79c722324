"""Scores: what every recommender does alike with the users it is asked about and the numbers it gives.

The same user must get the same scores whoever is asked about beside it, and items that are equally good must get equal
ones. Sums in floating point hang on their order, so scores are rounded to whole multiples of 1 / GRAIN, which is
coarser than what float64 loses on the way, and matrix products are made in blocks of one size.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from triptych.catalogue.history import History
from triptych.errors import UsageError

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

#: Scores are rounded to whole multiples of 1 / GRAIN before they become float32.
GRAIN = 2.0**26
#: Stands for a user who is not among those of the history, and of whom nothing is known.
STRANGER = -1
#: Rows of a matrix product. How BLAS adds up a row depends on how many there are, so there are always as many.
BLOCK = 64


def needed(history: History, model: str, *, like: float | None = None) -> History:
    """The rows that a model learns from: all, or those with a value of ``like`` or more. None is refused."""
    if len(history) == 0:
        raise UsageError(f"{model} was given no interactions to learn from; give it a history with at least one.")
    chosen = history if like is None else history.liked(like)
    if len(chosen) == 0:
        raise UsageError(
            f"{model} learns from values of {like:g} or more, and the highest of {len(history)} interactions is "
            f"{history.values.max():g}; choose a lower 'like', or None for all of them."
        )
    return chosen


def asked(users: npt.NDArray[Any], known: int) -> I64:
    """int64 ``[u]``: the places of the users asked about, or an error; :data:`STRANGER` is allowed."""
    places = np.asarray(users)
    if places.ndim != 1 or (len(places) and not np.issubdtype(places.dtype, np.integer)):
        raise UsageError("users are asked about by their places, a list of whole numbers.")
    places = places.astype(np.int64)
    wrong = (places < STRANGER) | (places >= known)
    if wrong.any():
        raise UsageError(
            f"there is no user at place {places[wrong][0]}; the history has {known} users, at places 0 to {known - 1}, "
            f"and {STRANGER} stands for one who is not among them."
        )
    return places


def sparse(values: Any, **shaped: Any) -> sp.csr_array:
    """Rows with their entries in order. Scipy ships no types: what it gives is narrowed here."""
    found: Any = cast(Any, sp).csr_array(values, **shaped)
    found.sort_indices()
    return cast(sp.csr_array, found)


def rows(matrix: sp.csr_array, users: npt.NDArray[Any]) -> Any:
    """Sparse ``[u, …]``: the row of each user asked about, an empty one for a stranger."""
    held: Any = matrix
    known, width = held.shape
    places = asked(users, known)
    if (places == STRANGER).any():
        held = sparse((held.data, held.indices, np.append(held.indptr, held.indptr[-1])), shape=(known + 1, width))
    return sparse(held[places])


def cells(matrix: Any) -> tuple[I64, I64]:
    """The row and the column of each entry."""
    row, column = matrix.tocoo().coords
    return row.astype(np.int64), column.astype(np.int64)


def even(scores: npt.NDArray[np.float64]) -> F32:
    """float32, rounded to whole multiples of 1 / GRAIN first."""
    return (np.rint(scores * GRAIN) / GRAIN).astype(np.float32)


def products(left: F64, right: F64) -> F32:
    """float32 ``[u, items]``: evened dot products of each row of ``left`` ``[u, f]`` with each of ``right``."""
    wide = _padded(right).T
    found = np.empty((len(left), len(right)), np.float32)
    for start in range(0, len(left), BLOCK):
        part = left[start : start + BLOCK]
        found[start : start + BLOCK] = even((_padded(part) @ wide)[: len(part), : len(right)])
    return found


def _padded(values: F64) -> F64:
    """Rows of 0 added, up to a whole number of blocks."""
    return np.pad(values, ((0, -len(values) % BLOCK), (0, 0)))
