"""Score: what one pair of rows scores, in float64, whatever else is asked.

Rows are made of blocks, one for each feature, and either row may lack some. A block is of a panel, and with the
panels' weights w, the blocks A that the query a has and those S that both rows have, the *cosine* is

    score(a, b) = Σ_{p∈S} w_p a_p·b_p / sqrt(Σ_{p∈A} w_p |a_p|²  ·  Σ_{p∈S} w_p |b_p|²)

which is the cosine of what they share, times the share of the query that they share. So what a query lacks neither
pulls towards a row nor away from it, and a row of which little is known does not pass for one that is alike in
everything. Rows that share no block have no score, and the score of a row of length 0 is 0.

The *Euclidean* score is the distance with its sign turned, so that here too the higher is the nearer:

    score(a, b) = −sqrt( Σ_{p∈A} w_p D_p / Σ_{p∈S} w_p D_p  ·  Σ_{p∈S} w_p |a_p − b_p|² )

with D_p the entries of block p. What a row lacks of the query's blocks is taken to be as far away, entry by entry and
weight by weight, as what it has: no nearer, as a plain sum over S would have it, which would put the items of which
least is known in front; and no farther. Where nothing is missing and weights are 1 it is the root of the squared
distance of Eq. 3.3 of the thesis, and gives the same order.

A cosine is a whole multiple of 1 / GRAIN, and a distance a float32: what is closer than that is a tie.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from triptych.errors import UnknownName
from triptych.spaces.blocks import F32, F64, I64, Blocks

METRICS = ("cosine", "euclidean")
#: Scores are whole multiples of 1 / GRAIN, what float32 can tell apart near 1. Sums that cancel to nothing leave some
#: 1e-17 of rounding, which must not put one of two equal rows before the other.
GRAIN = 2.0**24
#: Bytes of float64 rows that are held against queries at a time, which stay in a core's own cache.
CACHE = 1 << 20
#: Pairs that are a thread's share of work, and numbers that are: below, it is not worth starting another.
PAIRS = 1 << 16
_ALONE = 1 << 23
#: Pairs whose rows are looked up once for several weights.
FEW = 1 << 12


def known(metric: str) -> str:
    if metric not in METRICS:
        raise UnknownName("metric", metric, METRICS)
    return metric


def exact(metric: str, a: Blocks, of: I64, b: Blocks, to: I64, w: F64, *, first: int | None = None) -> F32:
    """Scores ``[k]`` of the pairs (``of[i]`` in ``a``, ``to[i]`` in ``b``), which must share a block.

    ``w`` ``[P]``: the weight of each block. ``first``: row k of ``a`` is row ``first + k`` of ``b``; then what two rows
    make together is computed once for both of their lists. What a pair scores depends on its two rows alone, to the
    last bit. Quickest where pairs of one query stand together.
    """
    used: list[int] = np.flatnonzero(w > 0).tolist()
    _ = a.squares, b.squares  # before threads would each find them
    if first is None:
        together = _together(metric, a, of, b, to, w, used)
    else:
        once, back = _once(of, to, first, len(a), len(b))
        together = _together(metric, a, once[0], b, once[1], w, used)[back]
    scores = np.zeros(len(of), np.float32)

    def work(part: slice) -> None:
        scores[part] = _scored(metric, together[part], a, of[part], b, to[part], w, used)

    _spread(work, len(of), PAIRS)
    return scores


def each(metric: str, a: Blocks, of: I64, b: Blocks, to: I64, weights: F64) -> F32:
    """The same by several weights, ``[m, k]`` of ``[m, P]``, each of which counts a block by 1 or not at all; 0 where a
    pair shares nothing of them. The rows of a few pairs are looked up once for all."""
    every = list(range(len(a.values)))
    chosen: list[list[int]] = [np.flatnonzero(w > 0).tolist() for w in weights]
    if metric != "cosine" or len(of) > FEW or any(used != list(range(used[0], used[-1] + 1)) for used in chosen):
        return np.stack([exact(metric, a, of, b, to, w) for w in weights])
    edges: list[int] = np.cumsum([0, *(values.shape[1] for values in a.values)]).tolist()
    together = np.zeros((len(weights), len(of)))
    for part, left, right in _meetings(a, of, b, to, every):
        for k, used in enumerate(chosen):
            run = slice(edges[used[0]], edges[used[-1] + 1])
            together[k, part] = np.vecdot(left[:, run], right[:, run])
    pairs = _Pairs.of(a, of, b, to)
    return np.stack([pairs.cosine(own, w, used) for own, w, used in zip(together, weights, chosen, strict=True)])


def _once(of: I64, to: I64, first: int, queries: int, rows: int) -> tuple[tuple[I64, I64], I64]:
    """The pairs, each once whichever of its rows asks, and where each of all is among them."""
    other = to - first
    both = (other >= 0) & (other < queries)
    left = np.where(both, np.minimum(of, other), of)
    keys = left * rows + np.where(both, np.maximum(of, other) + first, to)
    found, back = np.unique(keys, return_inverse=True)
    return (found // rows, found % rows), back


def _together(metric: str, a: Blocks, of: I64, b: Blocks, to: I64, w: F64, used: list[int]) -> F64:
    """Σ w a·b, or Σ w |a − b|², over what both rows have: the same to the last bit whichever of the two asks."""
    found = np.zeros(len(of))
    widths = [a.values[p].shape[1] for p in used]
    pair = _apart if metric == "euclidean" else _dots

    def work(part: slice) -> None:
        found[part] = pair(a, of[part], b, to[part], w[used], used)

    _spread(work, len(of), max(min(PAIRS, _ALONE // max(sum(widths), 1)), 1))
    return found


def _spread(work: Callable[[slice], None], count: int, size: int) -> None:
    """Work on ``count`` pairs, ``size`` at a time, by threads where that is more than one's."""
    shares = [slice(k, min(k + size, count)) for k in range(0, count, size)]
    threads = min(os.cpu_count() or 1, len(shares)) if count > size else 1
    if threads > 1:
        with ThreadPoolExecutor(threads, thread_name_prefix="triptych-score") as pool:
            list(pool.map(work, shares))
    else:
        for share in shares:
            work(share)


def _scored(metric: str, together: F64, a: Blocks, of: I64, b: Blocks, to: I64, w: F64, used: list[int]) -> F32:
    if metric == "euclidean":
        shared = a.mask[of] & b.mask[to]
        whole, part = np.zeros((2, len(of)))
        for p in used:
            entries = w[p] * a.values[p].shape[1]
            whole += entries * a.mask[of, p]
            part += entries * shared[:, p]
        # First the ratio: it is exactly 1 where all is there.
        ratio = np.divide(whole, part, out=np.zeros(len(of)), where=part > 0)
        found: F32 = np.sqrt(ratio * together).astype(np.float32)
        return np.negative(found, out=found, where=found > 0)  # and no -0
    return _Pairs.of(a, of, b, to).cosine(together, w, used)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Pairs:
    """Squared lengths of the blocks of pairs: of the one row, and of the other where both have a block."""

    left: F64
    right: F64

    @classmethod
    def of(cls, a: Blocks, of: I64, b: Blocks, to: I64) -> _Pairs:
        return cls(left=a.squares[of], right=b.squares[to] * a.mask[of])

    def cosine(self, together: F64, w: F64, used: list[int]) -> F32:
        left, right = np.zeros((2, len(together)))
        for p in used:
            left += w[p] * self.left[:, p]
            right += w[p] * self.right[:, p]
        bottom = np.sqrt(left) * np.sqrt(right)
        cosine = np.divide(together, bottom, out=np.zeros(len(together)), where=bottom > 0)
        return (np.rint(cosine * GRAIN) / GRAIN).astype(np.float32)


def _dots(a: Blocks, of: I64, b: Blocks, to: I64, w: F64, used: list[int]) -> F64:
    """Weighted dot products: what is masked is 0 and adds nothing."""
    found = np.zeros(len(of))
    widths = [a.values[p].shape[1] for p in used]
    edges: list[int] = np.cumsum([0, *widths]).tolist()
    # Blocks of one weight that stand side by side are one.
    starts: list[int] = np.flatnonzero(np.diff(w, prepend=-1)).tolist()
    runs = [(float(w[k]), slice(edges[k], edges[end])) for k, end in zip(starts, [*starts[1:], len(used)], strict=True)]
    for part, left, right in _meetings(a, of, b, to, used):
        for weight, run in runs:
            # Row by row: how a product of matrices adds up one row depends on how many there are.
            found[part] += weight * np.vecdot(left[:, run], right[:, run])
    return found


def _apart(a: Blocks, of: I64, b: Blocks, to: I64, w: F64, used: list[int]) -> F64:
    """Weighted squared distances over what both rows have."""
    found = np.zeros(len(of))
    widths = [a.values[p].shape[1] for p in used]
    weight = np.repeat(w, widths)
    edges: list[int] = np.cumsum([0, *widths]).tolist()
    plain = bool((weight == 1).all())
    shared = a.mask[of][:, used] & b.mask[to][:, used]
    for part, left, right in _meetings(a, of, b, to, used):
        apart = np.subtract(right, left, out=right)
        for k, here in enumerate(shared[part].T):
            if not here.all():
                apart[~here, edges[k] : edges[k + 1]] = 0
        found[part] = np.vecdot(apart if plain else apart * weight, apart)
    return found


def _meetings(a: Blocks, of: I64, b: Blocks, to: I64, used: list[int]) -> Iterator[tuple[slice, F64, F64]]:
    """Pairs, part by part: where they stand, the queries' values ``[1 or k, d]`` and the rows' ``[k, d]``, float64.

    The arrays are the caller's until the next are asked for.
    """
    width = sum(a.values[p].shape[1] for p in used)
    room = min(max(CACHE // max(8 * width, 1), 16), max(len(of), 1))
    rows, queries = _Widened(b, used, room), _Widened(a, used, room)
    for start in range(0, len(of), room):
        stop = min(start + room, len(of))
        right = rows(to[start:stop])
        starts: list[int] = np.flatnonzero(np.diff(of[start:stop], prepend=-1)).tolist()
        if 4 * len(starts) > stop - start:
            yield slice(start, stop), queries(of[start:stop]), right
            continue
        for k, end in zip(starts, [*starts[1:], stop - start], strict=True):
            yield slice(start + k, start + end), queries(of[start + k : start + k + 1]), right[k:end]


class _Widened:
    """Some rows with their blocks side by side, as float64, in memory that is used again."""

    def __init__(self, blocks: Blocks, used: list[int], room: int) -> None:
        self._values = [blocks.values[p] for p in used]
        self._narrow = [np.empty((room, values.shape[1]), np.float32) for values in self._values]
        self._wide = np.empty((room, sum(values.shape[1] for values in self._values)))

    def __call__(self, rows: I64) -> F64:
        found, at = self._wide[: len(rows)], 0
        for values, narrow in zip(self._values, self._narrow, strict=True):
            # With a mode, or numpy would write into memory of its own first. No row is out of bounds.
            np.take(values, rows, axis=0, out=narrow[: len(rows)], mode="clip")
            found[:, at : at + values.shape[1]] = narrow[: len(rows)]
            at += values.shape[1]
        return found
