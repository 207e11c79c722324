"""Sequences: the short overlapping stretches of each trailer, or of each plot, that the network is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.errors import UsageError

I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Windows:
    """Windows of ``length`` frames, each ``stride`` after the one before (Lehmann 2021 §2.3: 10 or 20, and 5), of many
    items. What overlaps is not copied: a window is a place among the frames.

    ``frames``: those of all items end to end, ``[F, …]``: vectors ``[F, d]``, or pictures ``[F, 3, h, w]`` for a
    network that has an encoder. Window k holds ``counts[k]`` of them from ``firsts[k]`` on; it is of item ``items[k]``
    of ``n_items``, and begins at ``starts_s[k]`` of it. All int64 ``[s]`` but the last, which is float64.

    As :func:`triptych.features.windows.windows` has it, an item's rows after its last whole window are in none. But an
    item that is shorter than one window is taken whole, as one window of fewer frames: nothing is filled up, since
    recurrent layers read windows of any length. An item without frames has no window.
    """

    frames: npt.NDArray[Any]
    firsts: I64
    counts: I64
    items: I64
    starts_s: npt.NDArray[np.float64]
    length: int
    n_items: int

    @classmethod
    def of(
        cls,
        values: Sequence[npt.NDArray[Any]],
        times_s: Sequence[npt.NDArray[np.float64]],
        *,
        length: int = 10,
        stride: int = 5,
    ) -> Windows:
        """``values[k]``: ``[t_k, …]`` of item k, t_k may be 0; ``times_s[k]``: float64 ``[t_k]``.

        >>> two = Windows.of([np.zeros((7, 1)), np.zeros((2, 1))], [np.arange(7.0), np.arange(2.0)], length=3, stride=2)
        >>> two.items.tolist(), two.starts_s.tolist(), two.counts.tolist()
        ([0, 0, 0, 1], [0.0, 2.0, 4.0, 0.0], [3, 3, 3, 2])
        """
        if length < 1 or stride < 1:
            raise UsageError(f"length is {length} and stride is {stride}; both must be at least 1 frame.")
        some = [rows for rows in values if len(rows)]
        if len({rows.shape[1:] for rows in some}) > 1:
            shapes = sorted({str(list(rows.shape[1:])) for rows in some})
            raise UsageError(f"frames of the shapes {' and '.join(shapes)} are no frames of one catalogue.")
        frames = np.concatenate(some) if some else np.zeros((0, 1), np.float32)
        firsts: list[I64] = []
        counts: list[I64] = []
        items: list[I64] = []
        starts: list[npt.NDArray[np.float64]] = []
        before = 0
        for item, (rows, times) in enumerate(zip(values, times_s, strict=True)):
            if not len(rows):
                continue
            own = np.arange(0, max(len(rows) - length, 0) + 1, stride, dtype=np.int64)
            firsts.append(before + own)
            counts.append(np.full(len(own), min(length, len(rows)), np.int64))
            items.append(np.full(len(own), item, np.int64))
            starts.append(times[own])
            before += len(rows)
        return cls(
            frames=frames,
            firsts=_joined(firsts, np.int64),
            counts=_joined(counts, np.int64),
            items=_joined(items, np.int64),
            starts_s=_joined(starts, np.float64),
            length=length,
            n_items=len(values),
        )

    def __len__(self) -> int:
        return len(self.firsts)

    def take(self, which: npt.NDArray[Any]) -> Windows:
        """Some of the windows, by a mask or by their numbers; the frames stay whole."""
        return replace(
            self,
            firsts=self.firsts[which],
            counts=self.counts[which],
            items=self.items[which],
            starts_s=self.starts_s[which],
        )

    @property
    def places(self) -> I64:
        """``[s, length]``: where each frame of each window stands. Past a shorter window's end its last frame is
        named again, and never read."""
        steps = np.minimum(np.arange(self.length), self.counts[:, None] - 1)
        return self.firsts[:, None] + steps

    def mean(self, vectors: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Of vectors ``[s, d]`` of the windows the mean over each item's, float32 ``[n_items, d]``, zero where an item
        has none (Lehmann 2021 §2.3: "the average of all sequences")."""
        total = np.zeros((self.n_items, vectors.shape[1]))
        np.add.at(total, self.items, vectors)
        counts = np.bincount(self.items, minlength=self.n_items)
        return (total / np.maximum(counts, 1)[:, None]).astype(np.float32)


def _joined(parts: Sequence[npt.NDArray[Any]], kind: Any) -> npt.NDArray[Any]:
    return np.concatenate(parts) if parts else np.zeros(0, kind)
