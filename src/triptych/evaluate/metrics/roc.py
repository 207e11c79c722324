"""ROC: how well scores tell what is relevant from what is not, over all places to draw the line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from triptych.errors import UsageError
from triptych.evaluate.metrics.lists import F64, I64
from triptych.evaluate.metrics.table import Table

#: So many scores are put in order at a time.
_AT_ONCE = 1 << 20


@dataclass(frozen=True, kw_only=True, eq=False)
class Curve:
    """From (0, 0) to (1, 1): shares of the irrelevant and of the relevant that score ``thresholds`` or more.

    All float64 ``[n]``; a point for each score that there is, the first threshold being infinite. ``area``: that under
    the curve, which is AUC with ties by mid-ranks.
    """

    false_positives: F64
    true_positives: F64
    thresholds: F64
    area: float


def auc(
    scores: npt.NDArray[np.floating],
    relevant: sp.csr_array,
    *,
    candidates: npt.NDArray[np.bool_] | None = None,
) -> F64:
    """float64 ``[u]``: the chance that a relevant candidate scores above an irrelevant one, ties counting half.

    ``scores``: ``[u, items]``; −inf is the lowest score, no exemption. ``relevant``: as for lists. ``candidates``: bool
    ``[u, items]``, those that are held against one another, such as all that the user has not seen; all unless given.
    A user of whom one kind is missing has no AUC, which is an error, for the caller to leave out and to count.
    """
    marked = Table.of(relevant).marks()
    if scores.shape != (len(marked), marked.width):
        raise UsageError(f"scores of the shape {scores.shape} do not fit {len(marked)} users and {marked.width} items.")
    if np.isnan(scores).any():
        raise UsageError("scores hold NaN; −inf says that an item is not to be recommended.")
    row = marked.rows
    if candidates is not None and not candidates[row, marked.items].all():
        raise UsageError("something relevant is no candidate; it must be ranked with the rest, or be no test at all.")
    sizes = np.full(len(marked), marked.width) if candidates is None else np.count_nonzero(candidates, axis=1)
    own, starts, above = scores[row, marked.items], marked.starts.tolist(), np.zeros(len(marked))
    step = max(1, _AT_ONCE // max(marked.width, 1))
    for start in range(0, len(marked), step):
        part = slice(start, start + step)
        # What is no candidate comes after all that is. Values are sorted many times as fast as places by value.
        ordered = np.sort(scores[part] if candidates is None else np.where(candidates[part], scores[part], np.nan))
        for user, values in enumerate(ordered, start=start):
            rising, mine = values[: sizes[user]], own[starts[user] : starts[user + 1]]
            # Twice the mid-ranks, counted from 1.
            above[user] = (np.searchsorted(rising, mine) + np.searchsorted(rising, mine, "right") + 1).sum() / 2
    found = _shares(above, marked.counts, sizes)
    without = int(np.isnan(found).sum())
    if without:
        raise UsageError(
            f"{without} of {len(found)} users have nothing relevant among their candidates, or nothing else; "
            "leave them out, and say how many they are."
        )
    return found


def auc_of_rows(
    users: npt.NDArray[np.integer], positive: npt.NDArray[np.bool_], scores: npt.NDArray[np.floating]
) -> tuple[I64, F64]:
    """AUC of each user over the rows that are theirs, such as their ratings: users int64 ``[u]`` and float64 ``[u]``.

    Only users with rows of both kinds are there; whoever is not has no AUC.
    """
    if not len(users) == len(positive) == len(scores):
        raise UsageError(f"{len(users)} users, {len(positive)} marks and {len(scores)} scores were given.")
    if np.isnan(scores).any():
        raise UsageError("scores hold NaN; leave those rows out, and say how many they are.")
    who, of = np.unique(users, return_inverse=True)
    order = np.lexsort((scores, of))
    found = _areas(of[order].astype(np.int64), positive[order], scores[order], len(who))
    return who[~np.isnan(found)].astype(np.int64), found[~np.isnan(found)]


def roc_curve(positive: npt.NDArray[np.bool_], scores: npt.NDArray[np.floating]) -> Curve:
    """The curve of all rows together. ``positive``: bool ``[n]``; ``scores``: ``[n]``, higher is better."""
    if len(positive) != len(scores) or np.isnan(scores).any():
        raise UsageError("a curve is of rows that each have a mark and a score that is a number.")
    if positive.all() or not positive.any():
        raise UsageError("a curve needs rows of both kinds, relevant and not.")
    order = np.argsort(-scores, kind="stable")
    falling = scores[order].astype(np.float64)
    last = np.flatnonzero(np.append(falling[1:] != falling[:-1], True))  # of each run of equal scores
    true = np.append(0, np.cumsum(positive[order])[last]) / positive.sum()
    false = np.append(0, np.cumsum(~positive[order])[last]) / (~positive).sum()
    return Curve(
        false_positives=false,
        true_positives=true,
        thresholds=np.append(np.inf, falling[last]),
        area=float(np.trapezoid(true, false)),
    )


def _areas(groups: I64, positive: npt.NDArray[np.bool_], scores: npt.NDArray[np.floating], n: int) -> F64:
    """float64 ``[n]``: the area of each group.

    Rows come by group, and within it by score, rising. NaN where p or q is 0, for the caller to see to.
    """
    starts = np.append(True, (groups[1:] != groups[:-1]) | (scores[1:] != scores[:-1]))[: len(groups)]
    edges = np.append(np.flatnonzero(starts), len(groups))
    middle = np.repeat((edges[:-1] + edges[1:] + 1) / 2, np.diff(edges))  # counted from 1, over all groups
    sizes = np.bincount(groups, minlength=n)
    p = np.bincount(groups[positive], minlength=n)
    above = np.bincount(groups[positive], middle[positive], minlength=n)
    return _shares(above - p * (np.cumsum(sizes) - sizes), p, sizes)


def _shares(ranks: npt.NDArray[Any], p: I64, sizes: I64) -> F64:
    """(Σ mid-ranks of the positive − p (p + 1) / 2) / (p q) (Mann and Whitney, 1947), NaN where p or q is 0.

    ``ranks``: those sums, counted from 1; ``p``: how many are positive of ``sizes``, p + q.
    """
    pairs = p * (sizes - p)
    return np.divide(ranks - p * (p + 1) / 2, pairs, out=np.full(len(p), np.nan), where=pairs > 0)
