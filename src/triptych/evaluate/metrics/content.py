"""Content: how unlike one another the items of a list are, and whether its genres are those that the user watches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from triptych.errors import UsageError
from triptych.evaluate.metrics.lists import F64, checked
from triptych.evaluate.metrics.popularity import profiled
from triptych.evaluate.metrics.ranking import CUTOFFS
from triptych.evaluate.metrics.table import Table

#: Of the profile so much is mixed into the list's genres, so that the divergence is finite (Steck, 2018).
ALPHA = 0.01
#: So many numbers are held at a time.
_AT_ONCE = 1 << 23


def diversity(
    lists: npt.NDArray[np.integer], vectors: npt.NDArray[np.floating], *, cutoffs: Sequence[int] = CUTOFFS
) -> dict[str, F64]:
    """``diversity@k``, float64 ``[u]``: 1 − the mean cosine of the pairs of a list, after Smyth and McClave (2001).

    ``vectors``: float ``[items, d]``, genres or any feature. An item whose vector is 0 is unknown, not unlike: its
    pairs are left out. 0 of a list that is left no pair. The cosines of all pairs add up to (|Σ v|² − n) / 2.
    """
    cut = checked(lists, items=len(vectors), cutoffs=cutoffs)
    if not np.isfinite(vectors).all():
        raise UsageError("vectors of items hold NaN or infinite values; give 0 for an item of which nothing is known.")
    scale = np.abs(vectors).max(axis=1, initial=0, keepdims=True).astype(np.float64)
    unit = np.divide(vectors, scale, out=np.zeros(vectors.shape), where=scale > 0)
    lengths = np.sqrt((unit**2).sum(axis=1, keepdims=True))
    unit = np.vstack([np.divide(unit, lengths, out=unit, where=lengths > 0), np.zeros(vectors.shape[1])])  # no item
    known = (unit != 0).any(axis=1)
    found = {k: np.zeros(len(cut)) for k in cutoffs}
    step = max(1, _AT_ONCE // max(unit.shape[1] * cut.shape[1], 1))
    for start in range(0, len(cut), step):
        part = slice(start, start + step)
        total, at = np.zeros((len(cut[part]), unit.shape[1])), 0
        for k in sorted(found):
            total += unit[cut[part, at:k]].sum(axis=1)
            at = k
            n = known[cut[part, :k]].sum(axis=1)
            alike = ((total**2).sum(axis=1) - n) / np.maximum(n * (n - 1), 1)
            found[k][part] = np.where(n > 1, 1 - np.clip(alike, -1, 1), 0)
    return {f"diversity@{k}": values for k, values in found.items()}


def calibration(
    lists: npt.NDArray[np.integer],
    genres: npt.NDArray[np.floating],
    profile: sp.csr_array,
    *,
    cutoffs: Sequence[int] = CUTOFFS,
) -> dict[str, F64]:
    """``calibration@k``, float64 ``[u]``, in nats: KL(p ‖ (1 − α) q + α p) of Steck (2018), α = 0.01. 0 is the best.

    ``genres``: float ``[items, g]``, 0 or more, of which each item's add up to 1 in what follows; an item without any
    is left out. p: the mean over the items of the profile, each counting once whatever its value; q: over the list's.
    Of a list without genres it is ln(1/α). A user whose profile has no genre is an error, for the caller to leave out.
    """
    cut = checked(lists, items=len(genres), cutoffs=cutoffs)
    if not np.isfinite(genres).all() or (genres < 0).any():
        raise UsageError("genres of items are weights of 0 or more.")
    p = _shares(profiled(profile, users=len(cut)), genres)
    if (p.sum(axis=1) == 0).any():
        raise UsageError(
            f"{int((p.sum(axis=1) == 0).sum())} of {len(p)} users have nothing with a genre in their profile; "
            "leave them out, and say how many they are."
        )
    found: dict[str, F64] = {}
    for k in cutoffs:
        q = (1 - ALPHA) * _shares(Table.of_lists(cut[:, :k], items=len(genres)), genres) + ALPHA * p
        ratio = np.divide(p, q, out=np.ones(p.shape), where=p > 0)
        found[f"calibration@{k}"] = np.maximum((p * np.log(ratio)).sum(axis=1), 0)  # rounding: a hair below
    return found


def _shares(held: Table, genres: npt.NDArray[np.floating]) -> F64:
    """float64 ``[u, g]``: the mean over the items held of their genres, which add up to 1; 0 where none has any."""
    weights = genres.astype(np.float64)
    own = weights.sum(axis=1, keepdims=True)
    total = held.times(np.divide(weights, own, out=np.zeros(weights.shape), where=own > 0))
    whole = total.sum(axis=1, keepdims=True)
    return np.divide(total, whole, out=np.zeros(total.shape), where=whole > 0)
