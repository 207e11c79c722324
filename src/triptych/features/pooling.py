"""Pooling: how what was measured of each picture, or of each frame of sound, becomes one feature of the clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from triptych.errors import UnknownName, UsageError
from triptych.features.feature import Feature
from triptych.media.subclips import borders_s, members

F64 = npt.NDArray[np.float64]

#: What is said of many rows, by name: the ends of the columns' names, in the order of the entries.
STATISTICS = {
    "mean": ("mean",),
    "mean-std": ("mean", "std"),
    "mean-var": ("mean", "var"),
    "median": ("median",),
    "median-mad": ("median", "mad"),
}


@dataclass(frozen=True, kw_only=True)
class Pooling:
    """``parts`` 1: one vector of the whole clip. ``parts`` 10, 20, …: a sequence with one row for each equal subclip
    (audiovisual-cf §4), at the middle of its subclip; a subclip in which nothing was measured is stood for by what
    was measured nearest its middle. ``parts`` 0: the rows as they are, with their times.

    ``statistic`` is one of :data:`STATISTICS`; ``mad`` is the median of the absolute deviations from the median. With
    no parts there is nothing to pool, and the statistic does not count.
    """

    parts: int = 1
    statistic: str = "mean-std"

    def __post_init__(self) -> None:
        if self.statistic not in STATISTICS:
            raise UnknownName("statistic", self.statistic, STATISTICS)
        if not 0 <= self.parts <= 10_000:
            raise UsageError(f"parts is {self.parts}; 0 keeps every row, 1 is the whole clip, else up to 10,000 parts.")
        if self.parts == 0:
            # So that two recipes that do the same are the same.
            object.__setattr__(self, "statistic", "mean")

    def columns(self, names: Sequence[str]) -> tuple[str, ...]:
        """The name of each entry, where ``names`` are those of a row's entries."""
        if self.parts == 0:
            return tuple(names)
        return tuple(f"{name}_{what}" for what in STATISTICS[self.statistic] for name in names)

    def of(self, rows: npt.NDArray[np.floating], times_s: F64, *, duration_s: float) -> Feature:
        """``rows``: ``[n, d]``, n ≥ 1; ``times_s``: float64 ``[n]``, not decreasing.

        >>> Pooling().of(np.array([[1.0], [3.0]]), np.array([0.0, 1.0]), duration_s=2.0).values
        array([2., 1.], dtype=float32)
        """
        if self.parts == 0:
            return Feature(values=rows.astype(np.float32), times_s=times_s.astype(np.float64))
        if self.parts == 1:
            return Feature(values=_said(rows, self.statistic).astype(np.float32))
        pooled = [_said(rows[inside], self.statistic) for inside in members(times_s, duration_s, self.parts)]
        borders = borders_s(duration_s, self.parts)
        return Feature(values=np.stack(pooled).astype(np.float32), times_s=(borders[:-1] + borders[1:]) / 2)


#: Mean and standard deviation over the whole clip.
MEAN_STD = Pooling()
#: The mean over the whole clip.
MEAN = Pooling(statistic="mean")
#: Every row, with its time.
EACH = Pooling(parts=0)


def _said(rows: npt.NDArray[np.floating], statistic: str) -> F64:
    """float64 ``[d × statistics]``."""
    wide = rows.astype(np.float64)
    found: list[F64] = []
    middle = np.median(wide, axis=0) if statistic.startswith("median") else wide.mean(axis=0)
    for what in STATISTICS[statistic]:
        if what == "std":
            found.append(wide.std(axis=0))
        elif what == "var":
            found.append(wide.var(axis=0))
        elif what == "mad":
            found.append(np.median(np.abs(wide - middle), axis=0))
        else:
            found.append(middle)
    return np.concatenate(found)
