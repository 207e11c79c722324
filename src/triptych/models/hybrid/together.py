"""Together: what is had by the same users, item by item, kept so that it can be brought up to date without a new fit.

It is EASE (Steck 2019, doi:10.1145/3308558.3313710; see :mod:`triptych.models.ease`) on rows that need not be 1: with X
what each row of a history counts, and P = (XᵀX + λI)⁻¹,

    B_ij = −P_ij / P_jj,  B_jj = 0

P is kept. When c users get new rows, XᵀX changes by what those rows add and what the old ones no longer do, a matrix of
rank 2c, and P by Woodbury's identity: exactly what a new fit would give, at the cost of c products with P.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from triptych.models import scores

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

#: When more users than this share of the items change, a new inverse is cheaper than the update of the old one.
MANY = 0.25


@dataclass(frozen=True, kw_only=True, eq=False)
class Together:
    """``items``: places of the n items with rows; ``precision``: P, float64 ``[n, n]``, the one such matrix that is
    held: B follows from it. ``count``: of all items; ``most``: n at most."""

    items: I64
    precision: F64
    regularisation: float
    count: int
    most: int

    @classmethod
    def of(cls, counted: sp.csr_array, *, regularisation: float, most: int) -> Together:
        """``counted``: X, float64 ``[users, items]``. Of more items than ``most`` those with most rows take part."""
        held = np.diff(cast(Any, counted).tocsc().indptr)
        items = np.flatnonzero(held)
        if len(items) > most:
            items = np.sort(items[np.argsort(-held[items], kind="stable")[:most]])
        own: Any = cast(Any, counted)[:, items]
        square = (own.T @ own).toarray()
        square[np.diag_indices_from(square)] += regularisation
        return cls(
            items=items,
            precision=_inverted(square),
            regularisation=regularisation,
            count=cast(Any, counted).shape[1],
            most=most,
        )

    @cached_property
    def place(self) -> I64:
        """``[count]``: which of ``items`` each item is, −1 for none."""
        found = np.full(self.count, -1, np.int64)
        found[self.items] = np.arange(len(self.items))
        return found

    def scores(self, rows: Any) -> F64:
        """``[u, count]`` of sparse ``rows`` ``[u, count]``."""
        found = np.zeros((rows.shape[0], self.count))
        found[:, self.items] = self.said(rows)
        return found

    def said(self, rows: Any) -> F64:
        """``[u, n]``: the same of ``items`` alone, of which something is said."""
        own = rows[:, self.items]
        # Scipy adds up a row by itself, whatever rows are beside it. What an item says of itself is −1 in P's ratio.
        said: F64 = own @ self.precision
        said /= -np.diag(self.precision)
        row, column = scores.cells(own)
        said[row, column] += own.data
        return said

    def between(self, history: I64, items: I64) -> F64:
        """``[history, items]``: B between some items and others; 0 where either has no rows."""
        one, other = self.place[history], self.place[items]
        said = -self.precision[np.maximum(one, 0)[:, None], np.maximum(other, 0)[None, :]]
        said /= self.precision[np.maximum(other, 0), np.maximum(other, 0)]
        both = (one[:, None] >= 0) & (other[None, :] >= 0)
        return np.where(both & (one[:, None] != other[None, :]), said, 0)

    def grown(self, count: int) -> Together:
        """With more items, of which nothing is known."""
        return replace(self, count=count)

    def renewed(self, before: sp.csr_array, after: sp.csr_array) -> Together:
        """``before`` and ``after``: X of the users whose rows changed, ``[c, count]`` each, in the same order.

        Items join until there are ``most``. Where some were left out, others have had rows of them all along that are
        not among these, so that none may join.
        """
        held = np.diff(cast(Any, after).tocsc().indptr)
        new = np.flatnonzero((held > 0) & (self.place < 0))
        if len(new) > (room := self.most - len(self.items)):
            new = np.sort(new[np.argsort(-held[new], kind="stable")[:room]])
        items = np.concatenate([self.items, new])
        precision = np.eye(len(items)) / self.regularisation
        precision[: len(self.items), : len(self.items)] = self.precision
        old: F64 = cast(Any, before)[:, items].toarray()
        now: F64 = cast(Any, after)[:, items].toarray()
        if len(old) > MANY * len(items):
            square = _inverted(precision) + now.T @ now - old.T @ old
            precision = _inverted((square + square.T) / 2)
        else:
            rows = np.vstack([now, old])
            sign = np.r_[np.ones(len(now)), -np.ones(len(old))]
            turned = rows @ precision
            middle = np.diag(sign) + rows @ turned.T
            precision = precision - turned.T @ np.linalg.solve(middle, turned)
            precision = (precision + precision.T) / 2
        order = np.argsort(items)
        return replace(self, items=items[order], precision=np.ascontiguousarray(precision[np.ix_(order, order)]))


def _inverted(square: F64) -> F64:
    from scipy import linalg

    solver = cast(Any, linalg)
    found: F64 = solver.cho_solve(solver.cho_factor(square, lower=True), np.eye(len(square)))
    return (found + found.T) / 2
