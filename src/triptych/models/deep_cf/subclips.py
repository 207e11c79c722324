"""Subclips: a sequence of any length becomes equally many equal parts in time, and each part becomes one vector."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from triptych.errors import UnknownName, UsageError
from triptych.models.similarity import Sequences

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]


def _mean(rows: F64) -> list[F64]:
    return [rows.mean(axis=0)]


def _mean_variance(rows: F64) -> list[F64]:
    return [rows.mean(axis=0), rows.var(axis=0)]


def _median(rows: F64) -> list[F64]:
    return [np.median(rows, axis=0)]


def _median_mad(rows: F64) -> list[F64]:
    middle = np.median(rows, axis=0)
    return [middle, np.median(np.abs(rows - middle), axis=0)]


#: What a part becomes, by the name that settings use: one vector, or two end to end.
STATISTICS: Mapping[str, Callable[[F64], list[F64]]] = {
    "mean": _mean,
    "mean-variance": _mean_variance,
    "median": _median,
    "median-mad": _median_mad,
}


def ends(given: Sequence[Sequences], items: int) -> F64:
    """float64 ``[items]``: where each item ends, in seconds, by the longest of its sequences; 0 where it has none.

    A sequence tells when its vectors begin and not for how long the last holds: it holds as long as the middle one of
    the others. What is seen and what is heard so have one end, and their parts are the same stretches of the trailer.
    """
    found = np.zeros(items)
    for sequence in given:
        for item, times in enumerate(sequence.times_s):
            if len(times):
                hold = float(np.median(np.diff(times))) if len(times) > 1 else 1.0
                found[item] = max(found[item], float(times[-1]) + max(hold, 0.0))
    return found


def aggregated(given: Sequences, ends_s: F64, *, subclips: int, statistic: str = "mean") -> F32:
    """float32 ``[items, subclips, d]``, or ``[…, 2 d]`` of two statistics; zeros where an item has no vector.

    Part p of S is what begins between p/S and (p+1)/S of the item's length. One in which nothing begins takes the
    vector that holds in its middle: an item of fewer vectors than parts names some of them twice. The variance is that
    of a population, and the deviation the median of what values are off their median.
    """
    if subclips < 1:
        raise UsageError(f"a sequence cannot be cut into {subclips} parts; ask for 1 or more.")
    if statistic not in STATISTICS:
        raise UnknownName("statistic of a subclip", statistic, STATISTICS)
    some = [rows for rows in given.values if len(rows)]
    widths = {rows.shape[1] for rows in some}
    if len(widths) > 1:
        raise UsageError(f"{given.title} holds vectors of {' and '.join(map(str, sorted(widths)))} entries; give one.")
    of_one = STATISTICS[statistic]
    width = widths.pop() * len(of_one(np.zeros((1, 1)))) if some else 0
    found = np.zeros((len(given.values), subclips, width), np.float32)
    for item, (rows, times) in enumerate(zip(given.values, given.times_s, strict=True)):
        if not len(rows):
            continue
        wide, length = rows.astype(np.float64), max(float(ends_s[item]), 1e-9)
        parts = np.clip(times / length * subclips, 0, subclips - 1).astype(np.int64)
        for part in range(subclips):
            own = wide[parts == part]
            if not len(own):
                middle = (part + 0.5) / subclips * length
                own = wide[max(int(np.searchsorted(times, middle, side="right")) - 1, 0)][None]
            found[item, part] = np.concatenate(of_one(own))
    return found
