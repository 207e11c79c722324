"""Table: values of users and items, row by row, as a sparse matrix stores them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from triptych.errors import UsageError
from triptych.evaluate.metrics.lists import END, F64, I64


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """``values``: float64 ``[nnz]``, of ``items`` ``[nnz]``; those of row u from ``starts[u]`` to ``starts[u + 1]``.

    ``width``: how many items there are. In each row every item stands once, and in order.
    """

    values: F64
    items: npt.NDArray[np.integer]
    starts: npt.NDArray[np.integer]
    width: int

    def __len__(self) -> int:
        return len(self.starts) - 1

    @classmethod
    def of(cls, matrix: sp.csr_array) -> Table:
        """What ``[u, items]`` stores, zeros too."""
        kept: Any = matrix  # scipy's own types say nothing of what is inside
        if not kept.has_canonical_format:
            kept = kept.copy()
            kept.sum_duplicates()
        values: F64 = kept.data.astype(np.float64)
        if not np.isfinite(values).all():
            raise UsageError("a matrix of users and items holds NaN or infinite values.")
        return cls(values=values, items=kept.indices, starts=kept.indptr, width=int(kept.shape[1]))

    @classmethod
    def of_lists(cls, lists: I64, *, items: int) -> Table:
        """1 where the item stands in the list."""
        held = lists != END
        ordered = np.sort(lists, axis=1)
        starts = np.concatenate([[0], np.cumsum(held.sum(axis=1))]).astype(np.int64)
        return cls(values=np.ones(int(starts[-1])), items=ordered[ordered != END], starts=starts, width=items)

    @property
    def rows(self) -> I64:
        """int64 ``[nnz]``: the row of each value."""
        return np.repeat(np.arange(len(self), dtype=np.int64), self.counts)

    @property
    def counts(self) -> I64:
        """int64 ``[u]``: how many values each row stores."""
        return np.diff(self.starts).astype(np.int64)

    def where(self, kept: npt.NDArray[np.bool_]) -> Table:
        """The values for which ``kept`` ``[nnz]`` holds."""
        starts = np.concatenate([[0], np.cumsum(kept)])[self.starts]
        return Table(values=self.values[kept], items=self.items[kept], starts=starts, width=self.width)

    def marks(self) -> Table:
        """1 where a value is above 0, nothing elsewhere."""
        return self.where(self.values > 0).ones()

    def ones(self) -> Table:
        """1 wherever there is a value, even 0."""
        return Table(values=np.ones(len(self.values)), items=self.items, starts=self.starts, width=self.width)

    def looked_up(self, lists: I64) -> F64:
        """float64 ``[u, n]``: the value of row u for each item of list u; 0 where there is none."""
        if len(self) != len(lists):
            raise UsageError(
                f"{len(lists)} lists were given, and a table of {len(self)} users; they must be the same users."
            )
        # One number for each pair, in rising order: all lookups are then one search.
        pairs = np.append(self.rows * self.width + self.items, -1)
        asked = np.arange(len(lists))[:, None] * self.width + lists
        at = np.searchsorted(pairs[:-1], asked)
        return np.where((lists != END) & (pairs[at] == asked), np.append(self.values, 0)[at], 0)

    def times(self, weights: F64) -> F64:
        """float64 ``[u, …]``: Σ value · ``weights[item]`` of each row, for weights ``[items, …]``."""
        matrix: Any = sp.csr_array((self.values, self.items, self.starts), shape=(len(self), self.width))
        return np.asarray(matrix @ weights, np.float64)

    def times_turned(self, weights: F64) -> F64:
        """float64 ``[items]``: Σ value · ``weights[row]`` of each item, for weights ``[u]``."""
        return np.bincount(self.items, self.values * weights[self.rows], minlength=self.width).astype(np.float64)

    def largest(self, n: int) -> F64:
        """float64 ``[u, n]``: the largest values of each row, falling; 0 where it has no more."""
        row = self.rows
        order = np.lexsort((-self.values, row))
        place = np.arange(len(row)) - self.starts[row]
        kept = place < n
        found = np.zeros((len(self), n))
        found[row[kept], place[kept]] = self.values[order][kept]
        return found
