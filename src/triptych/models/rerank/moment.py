"""Moment: how popular and how old items were at different moments of one past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import History

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

#: The past is cut into so many equal pieces by its rows, and popularity is known at the end of each.
PIECES = 256


@dataclass(frozen=True, kw_only=True, eq=False)
class Moments:
    """``times`` ``[n]``: of all rows, rising. ``decayed``: for each half-life float32 ``[PIECES + 1, items]``, the
    likes of each item at the ends of the pieces, each by 2^(−age / half-life), over all of them at that moment.
    ``keys`` ``[n]``: item · (n + 1) + how many rows are earlier, rising: when each item had rows.
    """

    times: I64
    decayed: tuple[F32, ...]
    keys: I64

    @classmethod
    def of(cls, past: History, likes: History, half_lives: Sequence[float]) -> Moments:
        """``likes``: rows of ``past``; ``half_lives``: as shares of all its rows."""
        times = np.sort(past.times)
        n, items = len(times), len(past.item_ids)
        edges = n * np.arange(PIECES + 1) // PIECES
        # A piece ends where a moment does, so that rows of one moment are in one piece.
        piece = np.searchsorted(edges[1:], np.searchsorted(times, likes.times, side="left"), side="right")
        cells = np.bincount(piece.clip(0, PIECES - 1) * items + likes.items, minlength=PIECES * items)
        cells = cells.reshape(PIECES, items)
        found: list[F32] = []
        for half_life in half_lives:
            keep = np.exp2(-1 / (PIECES * half_life))
            state, total = np.zeros(items), 0.0
            table = np.zeros((PIECES + 1, items), np.float32)
            for k in range(PIECES):
                state, total = state * keep + cells[k], total * keep + cells[k].sum()
                table[k + 1] = state / max(total, 1.0)
            found.append(table)
        keys = past.items.astype(np.int64) * (n + 1) + np.searchsorted(times, past.times, side="left")
        return cls(times=times, decayed=tuple(found), keys=np.sort(keys))

    def popularity(self, items: I64, now: I64) -> tuple[F32, ...]:
        """For each half-life ``[m]``: the share of the item in the likes of late, as it stood at ``now`` [s]. Of the
        piece that ``now`` is in nothing is told, unless it is the end of all."""
        reached = np.searchsorted(self.times, now, side="right")
        piece = reached * PIECES // max(1, len(self.times))
        return tuple(one[piece, items] for one in self.decayed)

    def ages(self, items: I64, now: I64) -> tuple[F64, F64]:
        """``[m]``: by the clock of rows, how long before ``now`` the item had its first row, and its last. NaN where it
        had none by then."""
        n = len(self.times)
        reached = np.searchsorted(self.times, now, side="right")
        base = items * (n + 1)
        first = np.searchsorted(self.keys, base, side="left")
        end = np.searchsorted(self.keys, base + reached, side="left")
        known = end > first
        padded = np.append(self.keys, 0)
        age = (reached - (padded[first] - base)) / max(n, 1)
        rest = (reached - (padded[np.maximum(end, 1) - 1] - base)) / max(n, 1)
        return np.where(known, age, np.nan), np.where(known, rest, np.nan)
