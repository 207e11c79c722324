"""Padded: rows of unequal length, worked on many at a time.

Rows are padded to one of a few lengths, each a quarter longer than the one before. What a row adds up to then hangs on
the row alone, never on which rows are beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

STEP, SHORTEST = 1.25, 8


@dataclass(frozen=True, kw_only=True, eq=False)
class Padded:
    """Entries that belong to units, in the order of the units: those of unit ``g`` stand from ``starts[g]`` on, and are
    ``counts[g]``; ``order`` ``[n]`` are their places where they came from, in the order they had there."""

    order: I64
    starts: I64
    counts: I64

    @classmethod
    def by(cls, units: npt.NDArray[Any], number: int) -> Padded:
        counts = np.bincount(units, minlength=number)
        return cls(order=np.argsort(units, kind="stable"), starts=np.cumsum(counts) - counts, counts=counts)

    def alike(self, which: I64, most: int) -> Iterator[tuple[I64, int]]:
        """Places in ``which``, a list of units with entries, of those that are padded to one length, and that length.
        Together they take no more than about ``most`` places at a time."""
        counts = self.counts[which]
        length, shorter = SHORTEST, 0
        while shorter < counts.max(initial=0):
            these = np.flatnonzero((counts > shorter) & (counts <= length))
            size = max(1, most // length)
            for start in range(0, len(these), size):
                yield these[start : start + size], length
            shorter, length = length, int(length * STEP)

    def window(self, units: I64, length: int) -> tuple[I64, Bool]:
        """``[units, length]``: where in ``order`` each unit's entries stand, and whether there is one there."""
        steps = np.arange(length)
        held = steps < self.counts[units][:, None]
        return np.where(held, self.starts[units][:, None] + steps, 0), held
