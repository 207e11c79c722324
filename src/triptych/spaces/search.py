"""Search: exact nearest rows by masked cosine, in batches, without ever holding all pairs.

Rows are made of blocks, one for each feature, and either row may lack some. A block is of a panel, and with the
panels' weights w, the blocks A that the query has and those S that both rows have,

    score(a, b) = Σ_{p∈S} w_p a_p·b_p / sqrt(Σ_{p∈A} w_p |a_p|²  ·  Σ_{p∈S} w_p |b_p|²)

which is the cosine of what they share, times the share of the query that they share. So what a query lacks neither
pulls towards a row nor away from it, and a row of which little is known does not pass for one that is alike in
everything. Rows that share no block have no score, and the score of a row of length 0 is 0.

It goes in two steps. Matrix products in float32 find which rows can be among the best, and leave a margin as
wide as their rounding can be; the score of those few is then computed pair by pair in float64. What a pair scores
depends on the two rows alone, so the answer does not depend on what else was asked or how the work was cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from triptych.errors import SpaceError

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

#: Queries and rows that meet in one matrix product: 8 MB of scores, which stay in the cache while they are sifted.
QUERIES = 512
ROWS = 4096
#: Scores are whole multiples of 1 / GRAIN, what float32 can tell apart near 1. Sums that cancel to nothing leave some
#: 1e-17 of rounding, which must not put one of two equal rows before the other.
GRAIN = 2.0**24
#: Pairs that are scored exactly at a time.
PAIRS = 1024


@dataclass(frozen=True, kw_only=True, eq=False)
class Blocks:
    """The blocks of many rows: ``values[p]`` float32 ``[n, d_p]``, zero where masked; ``mask`` bool ``[n, P]``.

    ``panels[p]`` is the panel of block p, and ``names[p]`` the feature it holds, or the panel again where that is all
    there is to say. Blocks of one panel stand together.
    """

    panels: tuple[str, ...]
    values: tuple[F32, ...]
    mask: npt.NDArray[np.bool_]
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.names:
            object.__setattr__(self, "names", self.panels)
        shapes = [values.shape for values in self.values]
        if (
            len(self.panels) != len(shapes)
            or len(set(self.names)) != len(shapes)
            or any(len(shape) != 2 or shape[0] != len(self.mask) for shape in shapes)
            or self.mask.shape[1:] != (len(shapes),)
        ):
            raise SpaceError(
                f"the blocks {', '.join(self.names)} do not fit values of {shapes} and a mask of {self.mask.shape}; "
                "every block has one row for each item, and the mask one column for each block."
            )

    def rows(self, which: I64 | slice) -> Blocks:
        values = tuple(v[which] for v in self.values)
        return Blocks(panels=self.panels, values=values, mask=self.mask[which], names=self.names)

    def __len__(self) -> int:
        return len(self.mask)

    @cached_property
    def squares(self) -> F64:
        """``[n, P]``: squared length of each block, kept for the next search among the same rows."""
        found = np.zeros(self.mask.shape)
        for start in range(0, len(self), PAIRS):
            part = slice(start, start + PAIRS)
            for p, values in enumerate(self.values):
                found[part, p] = _dots(values[part], values[part])
        return found


def nearest(
    queries: Blocks,
    rows: Blocks,
    *,
    n: int,
    weights: Mapping[str, float],
    exclude: Sequence[int] | I64 | None = None,
) -> tuple[I64, F32]:
    """Indices ``[q, n]`` of the best rows, best first, −1 where there are fewer, and their scores.

    ``exclude``: for each query one row that is left out (itself), −1 for none. Equal scores keep the order
    of the rows.
    """
    w = _relative([weights[panel] for panel in queries.panels])
    own = np.full(len(queries), -1, np.int64) if exclude is None else np.asarray(exclude, np.int64)
    best = _Best(len(queries), n)
    for group in _alike(queries, w):
        for k in range(0, len(group), QUERIES):
            asked = group[k : k + QUERIES]
            sieve = _Sieve(queries.rows(asked), w)
            for start in range(0, len(rows), ROWS):
                part = slice(start, start + ROWS)
                scores = sieve.scores(rows.rows(part), rows.squares[part])
                inside = np.flatnonzero((own[asked] >= start) & (own[asked] < start + ROWS))
                scores[inside, own[asked[inside]] - start] = -np.inf
                which, near = sieve.passing(scores, best.reach(asked), n)
                best.take(asked, which, near + start, _exact(queries, asked[which], rows, near + start, w))
    return best.rows, best.filled()


def panel_scores(a: Blocks, b: Blocks, pairs: I64) -> dict[str, F32]:
    """Cosine of each panel alone, over the blocks of it that both rows have.

    ``pairs``: ``[q, n]``, row of ``b`` for each row of ``a``, −1 for none. NaN where a panel is not shared.
    """
    found: dict[str, F32] = {}
    query, place = np.nonzero(pairs >= 0)
    row = pairs[query, place]
    for panel in dict.fromkeys(a.panels):
        alone = np.array([float(one == panel) for one in a.panels])
        shared = (a.mask[query] & b.mask[row])[:, alone > 0].any(axis=1)
        scores = np.full(pairs.shape, np.nan, np.float32)
        scores[query[shared], place[shared]] = _exact(a, query[shared], b, row[shared], alone)
        found[panel] = scores
    return found


def _relative(weights: Sequence[float]) -> F64:
    """Weights of at most 1: only their ratios count. Divided by a power of two, which rounds nothing."""
    w = np.array(weights, np.float64)
    return np.ldexp(w, -int(np.frexp(w.max(initial=0.0))[1]))


def _alike(queries: Blocks, w: F64) -> Iterator[I64]:
    """Groups of queries that have the same blocks, of those that count; a query that has none is in no group."""
    held = queries.mask & (w > 0)
    for pattern in np.unique(held, axis=0):
        if pattern.any():
            yield np.flatnonzero((held == pattern).all(axis=1))


def _exact(a: Blocks, of: I64, b: Blocks, to: I64, w: F64) -> F32:
    """Scores ``[k]`` of the pairs (``of[i]`` in ``a``, ``to[i]`` in ``b``), which must share a block."""
    scores = np.zeros(len(of), np.float32)
    for k in range(0, len(of), PAIRS):
        here, there = of[k : k + PAIRS], to[k : k + PAIRS]
        top, left, right = np.zeros((3, len(here)))
        for p in np.flatnonzero(w):
            weight = w[p] * (a.mask[here, p] & b.mask[there, p])
            top += weight * _dots(a.values[p][here], b.values[p][there])
            left += w[p] * a.mask[here, p] * a.squares[here, p]
            right += weight * b.squares[there, p]
        bottom = np.sqrt(left) * np.sqrt(right)
        cosine = np.divide(top, bottom, out=np.zeros(len(here)), where=bottom > 0)
        scores[k : k + PAIRS] = np.rint(cosine * GRAIN) / GRAIN
    return scores


def _dots(x: F32, y: F32) -> F64:
    """Dot products row by row, in float64. Not ``np.dot``: how BLAS adds up one row depends on how many there are."""
    return np.einsum("ij,ij->i", x.astype(np.float64), y.astype(np.float64))


class _Sieve:
    """Tells which rows may be among the nearest to some queries that all have the same blocks."""

    def __init__(self, queries: Blocks, w: F64) -> None:
        self._panels: list[int] = np.flatnonzero(queries.mask[0] & (w > 0)).tolist()
        self._w = w[self._panels]
        length = np.sqrt((queries.squares[:, self._panels] * self._w).sum(axis=1))
        scale = np.divide(1, length, out=np.zeros(len(length)), where=length > 0)
        self._left = [(queries.values[p] * (w[p] * scale)[:, None]).astype(np.float32) for p in self._panels]
        # What a dot product of unit vectors can lose in float32 (Higham 2002, §3.1, and a few roundings more), twice:
        # once for the row that is judged, and once for the n-th best that it is held against.
        width = sum(left.shape[1] for left in self._left)
        self._margin = np.float32(2 * (width + 16) * 2.0**-24)

    def scores(self, rows: Blocks, squares: F64) -> F32:
        """``[q, r]`` masked cosine as float32 products have it; −inf where nothing is shared."""
        found = self._left[0] @ rows.values[self._panels[0]].T
        for left, p in zip(self._left[1:], self._panels[1:], strict=True):
            found += left @ rows.values[p].T
        held = rows.mask[:, self._panels]
        length = np.sqrt((squares[:, self._panels] * held) @ self._w)
        found *= np.divide(1, length, out=np.zeros(len(length)), where=length > 0).astype(np.float32)
        if not held.all():
            found[:, ~held.any(axis=1)] = -np.inf
        return found

    def passing(self, scores: F32, reach: F32, n: int) -> tuple[I64, I64]:
        """Query and row of every pair that may be among a query's ``n`` best; ``reach``: the n-th best so far."""
        least = np.maximum(reach - self._margin, np.finfo(np.float32).min)  # above −inf, which is no score
        if scores.shape[1] > n and len(unfilled := np.flatnonzero(np.isneginf(reach))):
            nth = np.partition(scores[unfilled], -n, axis=1)[:, -n]
            least[unfilled] = np.maximum(least[unfilled], nth - self._margin)
        # In one dimension: three times as fast as np.nonzero in two.
        which, near = np.divmod(np.flatnonzero(scores >= least[:, None]), scores.shape[1])
        return which, near


class _Best:
    """The best rows of each query so far, best first, and their scores."""

    def __init__(self, queries: int, n: int) -> None:
        self.rows = np.full((queries, n), -1, np.int64)
        self._scores = np.full((queries, n), -np.inf, np.float32)

    def reach(self, asked: I64) -> F32:
        """The last score of each, −inf where the list is not full yet."""
        return self._scores[asked, -1]

    def take(self, asked: I64, which: I64, rows: I64, scores: F32) -> None:
        """Fold in rows for ``asked[which]``; ``which`` does not decrease, and the rows come after all seen before."""
        if len(which) == 0:
            return
        lists, first, counts = np.unique(which, return_index=True, return_counts=True)
        targets, n = asked[lists], self.rows.shape[1]
        at = np.repeat(np.arange(len(lists)), counts), n + np.arange(len(which)) - np.repeat(first, counts)
        values = np.full((len(lists), n + int(counts.max())), -np.inf, np.float32)
        index = np.full(values.shape, -1, np.int64)
        values[:, :n], index[:, :n] = self._scores[targets], self.rows[targets]
        values[at], index[at] = scores, rows
        # Stable: of equal scores the earlier row stands first.
        order = np.argsort(-values, axis=1, kind="stable")[:, :n]
        self._scores[targets] = np.take_along_axis(values, order, axis=1)
        self.rows[targets] = np.take_along_axis(index, order, axis=1)

    def filled(self) -> F32:
        """The scores, 0 where there is no row."""
        return np.where(self.rows < 0, np.float32(0), self._scores)
