"""Thresholds: predicted ratings read as a choice, recommended from a rating on, and held against what was liked.

Only items that the user has rated are ranked here, so that these figures are far higher than those of full ranking;
they have names of their own, ``threshold-…``, and are no substitute for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from triptych.errors import UsageError
from triptych.evaluate.metrics.lists import END, F64, I64
from triptych.evaluate.metrics.ranking import graded, ranking_metrics
from triptych.evaluate.metrics.rating import finite_rows


@dataclass(frozen=True, kw_only=True, eq=False)
class Chosen:
    """``lists``: int64 ``[u, n]``, the items recommended to each of ``users``, best first, −1 after the last.

    ``values[metric]``: float64 ``[m]``, of ``measured`` users, int64 ``[m]``: those who like something. The others are
    ``left_out`` in number. ``whole``: of all ratings together, and the mean lengths over all users.
    """

    users: I64
    lists: I64
    measured: I64
    left_out: int
    values: dict[str, F64]
    whole: dict[str, float]


def threshold_metrics(
    users: npt.NDArray[np.integer],
    items: npt.NDArray[np.integer],
    rated: npt.NDArray[np.floating],
    predicted: npt.NDArray[np.floating],
    *,
    seed: int,
    relevant_from: float = 3.5,
    recommended_from: float = 3.5,
    cutoffs: Sequence[int] = (4, 10),
) -> Chosen:
    """Row k: ``users[k]`` rated ``items[k]``. Recommended: predicted ``recommended_from`` or more; relevant: rated
    ``relevant_from`` or more.

    A user's items stand by prediction; equal ones by a lot of ``seed``, whatever the order of the rows. nDCG judges the
    first k of them, recommended or not; the other metrics only what is recommended.
    """
    finite_rows(users, rated, predicted)
    if len(items) != len(users):
        raise UsageError(f"{len(users)} users and {len(items)} items were given; each row has one of both.")
    width = int(items.max()) + 1
    pairs = users.astype(np.int64) * width + items
    rows = np.argsort(pairs)
    if items.min() < 0 or (np.diff(pairs[rows]) == 0).any():
        raise UsageError("each row must be a rating of an item's place, from 0 on, and a pair may stand only once.")
    lot = np.empty(len(rows))
    lot[rows] = np.random.default_rng(seed).random(len(rows))
    rows = np.lexsort((lot, -predicted, users))
    who, first, of, n = np.unique(users[rows], return_index=True, return_inverse=True, return_counts=True)
    rank, most = np.arange(len(rows)) - first[of], max(cutoffs)
    near = rank < most
    ranked = np.full((len(who), most), END, np.int64)
    ranked[of[near], rank[near]] = items[rows][near]
    chosen = predicted[rows] >= recommended_from
    lists = np.full_like(ranked, END)
    lists[of[near & chosen], rank[near & chosen]] = items[rows][near & chosen]

    liked = rated[rows] >= relevant_from
    kept = np.bincount(of, liked, minlength=len(who)) > 0
    # Only rows of the users who are measured, numbered anew.
    mine, row = kept[of], (np.cumsum(kept) - 1)[of]
    where, shape = (row[mine], items[rows][mine]), (int(kept.sum()), width)
    relevant = sp.csr_array((liked[mine].astype(np.float64), where), shape=shape)
    gains = sp.csr_array((rated[rows][mine].astype(np.float64), where), shape=shape)
    values = _values(lists[kept], ranked[kept], relevant, gains, cutoffs)
    both = int((liked & chosen).sum())
    pooled = {"precision": _share(both, int(chosen.sum())), "recall": _share(both, int(liked.sum()))}
    pooled["f1"] = _share(2 * both, int(chosen.sum()) + int(liked.sum()))
    return Chosen(
        users=who.astype(np.int64),
        lists=lists,
        measured=who[kept].astype(np.int64),
        left_out=int((~kept).sum()),
        values=values,
        whole={f"pooled-{metric}": value for metric, value in pooled.items()}
        | {"recommended-length": float(chosen.sum() / len(n)), "relevant-length": float(liked.sum() / len(n))},
    )


def _values(
    lists: I64, ranked: I64, relevant: sp.csr_array, gains: sp.csr_array, cutoffs: Sequence[int]
) -> dict[str, F64]:
    of_lists = ranking_metrics(lists, relevant, cutoffs=cutoffs)
    of_ranked = graded(ranked, gains, cutoffs=cutoffs)
    found: dict[str, F64] = {}
    for k in cutoffs:
        lengths = (lists[:, :k] != END).sum(axis=1)
        precision = of_lists[f"precision@{k}"] * k / np.maximum(lengths, 1)
        recall = of_lists[f"adjusted-recall@{k}"]
        total = precision + recall
        found[f"threshold-precision@{k}"] = precision
        found[f"threshold-recall@{k}"] = recall
        found[f"threshold-f1@{k}"] = 2 * precision * recall / np.where(total > 0, total, 1)
        found[f"threshold-mrr@{k}"] = of_lists[f"mrr@{k}"]
        found[f"threshold-map@{k}"] = of_lists[f"map@{k}"]
        found[f"threshold-ndcg@{k}"] = of_ranked[f"ndcg-graded@{k}"]
    return found


def _share(part: int, of: int) -> float:
    return part / of if of else 0.0
