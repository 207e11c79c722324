"""Ranking metrics: how well a list finds what a user likes. One lookup of the hits serves all of them.

``relevant`` marks what the user likes: every value above 0. Of an empty list all are 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from triptych.errors import UsageError
from triptych.evaluate.metrics.lists import F64, I64, checked
from triptych.evaluate.metrics.table import Table

CUTOFFS = (1, 3, 5, 10)
#: A value of this much is worth 2^500 − 1: of larger ones the sums might overflow.
LARGEST = 500


def measurable(relevant: sp.csr_array) -> npt.NDArray[np.bool_]:
    """bool ``[u]``: users who like something. Of the others no metric says anything; leave them out, and count them."""
    return Table.of(relevant).marks().counts > 0


def ranking_metrics(
    lists: npt.NDArray[np.integer],
    relevant: sp.csr_array,
    *,
    gains: sp.csr_array | None = None,
    cutoffs: Sequence[int] = CUTOFFS,
) -> dict[str, F64]:
    """For each metric, ``ndcg@10`` and the like, float64 ``[u]``.

    ``lists``: int64 ``[u, n]``, see :mod:`~triptych.evaluate.metrics.lists`. ``relevant``: ``[u, items]``. ``gains``:
    ``[u, items]``, what each user gave, relevant or not; with it there is ``ndcg-graded``. The definitions are in
    :data:`~triptych.evaluate.metrics.definition.METRICS`.

    A user without any relevant item is an error, for the caller to leave out and to count: see :func:`measurable`.
    """
    liked = Table.of(relevant).marks()
    cut = checked(lists, items=liked.width, cutoffs=cutoffs)
    n = liked.counts
    if (n == 0).any():
        raise UsageError(
            f"{int((n == 0).sum())} of {len(n)} users have nothing relevant (first that of row {int(n.argmin())}); "
            "leave them out, and say how many they are."
        )
    hit = liked.looked_up(cut)
    ranks = np.arange(1, max(cutoffs) + 1)
    hits = np.cumsum(hit, axis=1)
    first = np.maximum.accumulate(hit / ranks, axis=1)
    precisions = np.cumsum(hit * hits / ranks, axis=1)
    gained = np.cumsum(hit * _discount(ranks), axis=1)
    ideal = np.cumsum(_discount(ranks))
    found: dict[str, F64] = {}
    for k in cutoffs:
        at, most = k - 1, np.minimum(k, n)
        found[f"precision@{k}"] = hits[:, at] / k
        found[f"recall@{k}"] = hits[:, at] / n
        found[f"adjusted-recall@{k}"] = hits[:, at] / most
        found[f"f1@{k}"] = 2 * hits[:, at] / (k + n)
        found[f"hit-rate@{k}"] = (hits[:, at] > 0).astype(np.float64)
        found[f"mrr@{k}"] = first[:, at]
        found[f"map@{k}"] = precisions[:, at] / most
        found[f"ndcg@{k}"] = gained[:, at] / ideal[most - 1]
    if gains is not None:
        found |= graded(cut, gains, cutoffs=cutoffs)
    return found


def graded(lists: I64, gains: sp.csr_array, *, cutoffs: Sequence[int]) -> dict[str, F64]:
    """``ndcg-graded@k``, float64 ``[u]``: gain 2^value − 1 (Burges et al., 2005), the ideal list from all of a user's
    values. A user without a value above 0 has no ideal, which is an error."""
    values = Table.of(gains)
    if (values.values < 0).any():
        raise UsageError("gains of nDCG must be 0 or more; a value below 0 would make a list worse than an empty one.")
    if values.values.max(initial=0) > LARGEST:
        raise UsageError(f"gains of nDCG are 2^value − 1; values may be {LARGEST} at most.")
    worth = replace(values, values=np.exp2(values.values) - 1)
    most = max(cutoffs)
    discount = _discount(np.arange(1, most + 1))
    best = np.cumsum(worth.largest(most) * discount, axis=1)
    if (best[:, 0] == 0).any():
        raise UsageError(
            f"{int((best[:, 0] == 0).sum())} of {len(best)} users have no value above 0, so that no list is ideal for "
            "them; leave them out, and say how many they are."
        )
    gained = np.cumsum(worth.looked_up(lists[:, :most]) * discount, axis=1)
    return {f"ndcg-graded@{k}": gained[:, k - 1] / best[:, k - 1] for k in cutoffs}


def _discount(ranks: npt.NDArray[np.integer]) -> F64:
    """1 / log2(rank + 1), from Järvelin and Kekäläinen (2002)."""
    return 1 / np.log2(ranks + 1.0)
