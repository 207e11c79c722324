"""ALS: users and items as vectors whose products tell what was seen from what was not, by alternating least squares.

Hu, Koren and Volinsky 2008, *Collaborative filtering for implicit feedback datasets*, doi:10.1109/ICDM.2008.22. A row
is a preference of 1 with confidence c_ui = 1 + α (or 1 + α · value), every other pair a preference of 0 with
confidence 1, and the vectors x_u and y_i of f numbers make least

    Σ_ui c_ui (p_ui − x_u·y_i)²  +  Σ_u λ_u |x_u|²  +  Σ_i λ_i |y_i|²

Each x_u is the solution of f normal equations, Yᵀ C_u Y + λ_u I, and so is each y_i when the users are held still.
λ_u = λ s_u^ν, where s_u = Σ_i c_ui is all the confidence there is in the user's row: with ν = 0 everyone is held back
alike, as in the paper; with ν = 1 in proportion, which Rendle et al. 2022, *Revisiting the performance of iALS on item
recommendation benchmarks*, doi:10.1145/3523227.3548486, found to decide how well it does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import History
from triptych.errors import UsageError
from triptych.models import lot, scores

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

#: What a tuned ALS is chosen from, unless a study says otherwise.
GRID: Mapping[str, Sequence[float | int]] = {
    "factors": (16, 32, 64),
    "alpha": (1.0, 4.0, 16.0),
    "regularisation": (0.003, 0.01, 0.03),
}
#: Numbers held at a time for the normal equations: 64 MB.
CHUNK = 8_000_000
#: Rows are padded to one of these lengths, each a quarter longer than the one before. What a row's equations add up
#: to then hangs on the row alone, and equal rows get equal vectors.
STEP, SHORTEST = 1.25, 8
#: A longer row is added up in pieces of this length.
LONGEST = 65_536


@dataclass(frozen=True, kw_only=True)
class ALS:
    """``factors`` f, ``alpha`` α, ``regularisation`` λ, ``power`` ν; ``iterations`` of both sides.

    ``by_value``: whether the confidence of a row grows with its value. ``like``: the least value that counts, None for
    all rows. ``seed`` and the items' ids decide where it starts. What has no row has a vector of 0, and scores 0.
    """

    factors: int = 32
    alpha: float = 4.0
    regularisation: float = 0.01
    power: float = 1.0
    iterations: int = 15
    by_value: bool = False
    like: float | None = None
    seed: int = 0
    name: str = "ALS"

    def __post_init__(self) -> None:
        if self.factors < 1 or self.iterations < 1:
            raise UsageError(f"{self.factors} factors and {self.iterations} iterations; ask for at least 1 of each.")
        if not (self.alpha > 0 and self.regularisation > 0):
            raise UsageError(f"alpha is {self.alpha:g} and regularisation {self.regularisation:g}; both are above 0.")
        if not 0 <= self.power <= 1:
            raise UsageError(f"power is {self.power:g}; it is from 0 to 1.")

    def fit(self, history: History) -> Factors:
        chosen = scores.needed(history, self.name, like=self.like)
        if self.by_value and chosen.values.min() <= 0:
            raise UsageError(
                "with by_value a row's value is its confidence, which must be above 0; leave by_value out."
            )
        extra: Any = chosen.matrix if self.by_value else chosen.pairs
        of_users: Any = scores.sparse(extra.astype(np.float64) * self.alpha)
        of_items: Any = scores.sparse(of_users.T)
        items = self._start(chosen)
        items_known = int(np.count_nonzero(chosen.item_counts))
        users_known = int(np.count_nonzero(chosen.user_counts))
        users = np.zeros((len(chosen.user_ids), self.factors))
        for _ in range(self.iterations):
            users = self._solved(of_users, items, of=items_known)
            items = self._solved(of_items, users, of=users_known)
        # Users last: those who have the same rows then have the same vector, as items have.
        return Factors(users=self._solved(of_users, items, of=items_known), items=items)

    def _start(self, history: History) -> F64:
        """``[items, f]``: small numbers drawn for each item; 0 where there is no row, for nothing would move it."""
        columns = np.arange(self.factors, dtype=np.uint64)
        drawn = lot.fractions(lot.drawn(lot.keys(history.item_ids)[:, None], columns, seed=self.seed))
        return np.where(history.item_counts[:, None] > 0, (drawn - 0.5) / np.sqrt(self.factors), 0).astype(np.float64)

    def _solved(self, extra: Any, other: F64, *, of: int) -> F64:
        """``[rows, f]``: the best vector for each row of ``extra`` (confidence above 1) with ``other`` held still.

        ``of``: how many of ``other`` there are with rows, each of confidence 1.
        """
        base = other.T @ other
        penalty = self.regularisation * (of + extra.sum(axis=1)) ** self.power
        found = np.zeros((extra.shape[0], self.factors))
        for which, length in _alike(np.diff(extra.indptr), self.factors):
            left, right = base + penalty[which, None, None] * np.eye(self.factors), 0.0
            for start in range(0, length, LONGEST):
                held, column, weight = _window(extra, which, start, min(length - start, LONGEST))
                near = other[column]
                left = left + np.matmul((near * weight[:, :, None]).transpose(0, 2, 1), near)
                right = right + np.matmul((held * (1 + weight))[:, None, :], near)
            found[which] = np.linalg.solve(left, np.swapaxes(right, 1, 2))[:, :, 0]
        return found


@dataclass(frozen=True, kw_only=True, eq=False)
class Factors:
    """``users`` float64 ``[users, f]``, ``items`` float64 ``[items, f]``; a score is their product."""

    users: F64
    items: F64

    def scores(self, users: scores.I64) -> scores.F32:
        places = scores.asked(users, len(self.users))
        own = np.where(places[:, None] == scores.STRANGER, 0.0, self.users[places])
        return scores.products(own, self.items)


def _alike(counts: npt.NDArray[np.integer], factors: int) -> Iterator[tuple[I64, int]]:
    """Places of rows that are padded to one length, and that length, as many at a time as memory allows."""
    length, shorter = SHORTEST, 0
    while shorter < counts.max(initial=0):
        which = np.flatnonzero((counts > shorter) & (counts <= length))
        size = max(1, CHUNK // (factors * (2 * min(length, LONGEST) + 2 * factors)))
        for start in range(0, len(which), size):
            yield which[start : start + size], length
        shorter, length = length, int(length * STEP)


def _window(extra: Any, which: I64, start: int, length: int) -> tuple[F64, I64, F64]:
    """Some of each row's entries, ``[rows, length]``: 1 where there is one, its column, and its weight."""
    begin = extra.indptr[which][:, None] + start + np.arange(length)
    held = begin < extra.indptr[which + 1][:, None]
    at = np.where(held, begin, 0)
    return held.astype(np.float64), np.where(held, extra.indices[at], 0), np.where(held, extra.data[at], 0.0)
