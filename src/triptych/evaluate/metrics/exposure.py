"""Exposure: how often each item is recommended, over all lists together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from triptych.errors import UsageError
from triptych.evaluate.metrics.lists import END, F64, I64, checked
from triptych.evaluate.metrics.ranking import CUTOFFS
from triptych.evaluate.metrics.table import Table


def exposure_metrics(
    lists: npt.NDArray[np.integer], candidates: npt.NDArray[np.bool_], *, cutoffs: Sequence[int] = CUTOFFS
) -> dict[str, float]:
    """``coverage@k``, ``gini@k`` and ``personalisation@k``, one number each for all lists together.

    ``candidates``: bool ``[items]``, what could have been recommended to anyone.
    """
    cut = checked(lists, items=len(candidates), cutoffs=cutoffs)
    if not candidates.any():
        raise UsageError("there is no candidate, so that nothing can be covered.")
    if not candidates[cut[cut != END]].all():
        raise UsageError("a list holds an item that is no candidate; give all that may be recommended.")
    found: dict[str, float] = {}
    for k in cutoffs:
        times = exposures(cut[:, :k], items=len(candidates))[candidates]
        found[f"coverage@{k}"] = float((times > 0).mean())
        found[f"gini@{k}"] = gini(times)
        found[f"personalisation@{k}"] = personalisation(cut[:, :k], items=len(candidates))
    return found


def exposures(lists: I64, *, items: int) -> I64:
    """int64 ``[items]``: in how many lists each item stands."""
    return np.bincount(lists[lists != END], minlength=items).astype(np.int64)


def gini(times: npt.NDArray[np.integer]) -> float:
    """Σᵢ (2i − n − 1) xᵢ / (n Σ x), x rising: 0 where all items are shown alike, near 1 where one item has all.

    1 where nothing is shown at all, as of the worst.
    """
    x = np.sort(times).astype(np.float64)
    if not x.sum():
        return 1.0
    n = len(x)
    return float(((2 * np.arange(1, n + 1) - n - 1) * x).sum() / (n * x.sum()))


def personalisation(lists: I64, *, items: int) -> float:
    """1 − the mean cosine of all pairs of lists as sets; lists without an item are left out, 0 where two are not left.

    The cosines of all pairs add up to (|Σ v|² − m) / 2 for m vectors v of length 1, so that no table of pairs is made.
    """
    lengths = (lists != END).sum(axis=1)
    held = lengths > 0
    m = int(held.sum())
    if m < 2:
        return 0.0
    weights: F64 = 1 / np.sqrt(lengths[held])
    together = Table.of_lists(lists[held], items=items).times_turned(weights)
    alike = (float((together**2).sum()) - m) / (m * (m - 1))
    return 1 - min(max(alike, 0.0), 1.0)  # rounding may leave a hair beyond either end
