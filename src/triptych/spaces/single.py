"""Single: the nearest of one row, where the vectors are laid out for that. To the last bit what search finds, sooner.

One product of a vector and a matrix takes most of the time there is for one query, so that nothing else may take long.
What is below a bound that n rows reach, by more than the rounding of :mod:`triptych.spaces.sieve`, is none of the n
best; the few others are scored in float64, by all panels and by each, as :mod:`triptych.spaces.score` does it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

import numpy as np

from triptych.spaces.blocks import F32, F64, I64, Blocks
from triptych.spaces.score import GRAIN
from triptych.spaces.sieve import rounding, scaled
from triptych.spaces.top import reached

#: More rows than this beside the n that may be among the best are left to a search, which has room for any number.
ROOM = 256
#: Ways of measuring the rows that are kept: queries that lack the same measure them alike.
KEPT = 64
#: A search among fewer than this share of the rows takes less time than the product with all.
SHARE = 0.125


def single(
    blocks: Blocks, row: int, among: I64 | None, *, n: int, weights: Mapping[str, float]
) -> tuple[I64, F32, dict[str, F32]] | None:
    """Of one row, by cosine, without itself: rows ``[1, n]``, best first, −1 where there are fewer; their scores, 0
    there; and for each panel that of it alone, NaN where it is not shared. None where a search is to find it.

    ``among``: int64, rising, the only rows to choose from.
    """
    if among is not None and len(among) < SHARE * len(blocks):
        return None
    plan = _plan(blocks.panels, tuple(one.shape[1] for one in blocks.values), tuple(weights.items()))
    high = _bounds(blocks, row, plan)
    high[row] = -np.inf
    if among is not None:
        high = high[among]
    least = np.maximum(reached(high[None], n)[0] - np.float32(2 * plan.error), np.finfo(np.float32).min)
    near = np.flatnonzero(high >= least)
    if len(near) > n + ROOM:
        return None
    if among is not None:
        near = among[near]
    scores = _scores(blocks, row, near, plan)
    # Stable: of equal scores the row that came first stands first.
    order = np.argsort(-scores[0], kind="stable")[:n]
    rows, best = np.full((1, n), -1, np.int64), np.zeros((1, n), np.float32)
    rows[0, : len(order)], best[0, : len(order)] = near[order], scores[0, order]
    shared = blocks.mask[near[order]] & blocks.mask[row]
    alone = np.full((len(plan.alone), 1, n), np.nan, np.float32)
    alone[:, 0, : len(order)] = np.where((shared @ plan.alone.T > 0).T, scores[1:, order], np.nan)
    return rows, best, dict(zip(plan.names, alone, strict=True))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Plan:
    """What hangs on the weights alone. ``w``: float64 ``[P]``, that of each block. ``factor``: float32 ``[entries]``.
    ``runs``: of blocks that count and stand side by side, their first and last entry. ``names``: of the panels;
    ``alone``: float64 ``[panels, P]``, 1 for the blocks that each has. ``every``: float64 ``[1 + panels, P]``: ``w``,
    and then the weights of each panel alone. ``sums``: for each of these, what its products are added up over: the
    places of entries, and their weight."""

    w: F64
    factor: F32
    runs: tuple[slice, ...]
    names: tuple[str, ...]
    alone: F64
    every: F64
    sums: tuple[tuple[tuple[slice | I64, float], ...], ...]
    error: float


@lru_cache(maxsize=64)
def _plan(panels: tuple[str, ...], widths: tuple[int, ...], weights: tuple[tuple[str, float], ...]) -> _Plan:
    told = dict(weights)
    w = scaled(np.array([told[panel] for panel in panels], np.float64))
    used: list[int] = np.flatnonzero(w > 0).tolist()
    edges: list[int] = np.cumsum([0, *widths]).tolist()
    names = tuple(dict.fromkeys(panels))
    alone = np.array([[float(own == panel) for own in panels] for panel in names])
    every = np.vstack([w, alone])
    return _Plan(
        w=w,
        factor=np.repeat(w.astype(np.float32), widths),
        runs=tuple(slice(edges[a], edges[b]) for a, b in _runs(used)),
        names=names,
        alone=alone,
        every=every,
        sums=tuple(tuple(_sums(one, edges)) for one in every),
        error=rounding([widths[p] for p in used]),
    )


def _runs(blocks: list[int]) -> list[tuple[int, int]]:
    """Of blocks, rising: where each run of neighbours begins, and where it has ended."""
    edges = [k for k, p in enumerate(blocks) if not k or blocks[k - 1] != p - 1]
    return [(blocks[a], blocks[b - 1] + 1) for a, b in zip(edges, [*edges[1:], len(blocks)], strict=True)]


def _sums(w: F64, edges: list[int]) -> Iterator[tuple[slice | I64, float]]:
    """Blocks of one weight that follow one another, those that do not count left out, are added up as one."""
    used: list[int] = np.flatnonzero(w > 0).tolist()
    for weight, blocks in groupby(used, key=lambda p: float(w[p])):
        runs = [(edges[a], edges[b]) for a, b in _runs(list(blocks))]
        places = np.concatenate([np.arange(first, last) for first, last in runs])
        yield (slice(*runs[0]) if len(runs) == 1 else places), weight


def _bounds(blocks: Blocks, row: int, plan: _Plan) -> F32:
    """``[n]``: what no row scores more than, and none less than by 2 ``error``, beginning half of that too low; −inf
    where nothing is shared."""
    has = blocks.mask[row]
    w = plan.w * has
    length = np.sqrt(w @ blocks.squares[row])
    query = np.concatenate([values[row] for values in blocks.values])
    query *= np.float32(1 / length if length > 0 else 0)
    query *= plan.factor
    high, *others = (query[run] @ blocks.turned[run] for run in plan.runs)
    for other in others:
        high += other
    inverse, nothing = _lengths(blocks, w)
    high *= inverse
    if len(nothing):
        high[nothing] = -np.inf
    return high


def _lengths(blocks: Blocks, w: F64) -> tuple[F32, I64]:
    """One over the length of each row, of those blocks that ``w`` counts; and which rows have none of them. Kept for
    the next query that has the same ones."""
    kept, key = blocks.measured, w.tobytes()
    if (found := kept.get(key)) is None:
        lengths = np.sqrt(blocks.squares @ w)
        inverse = np.divide(1, lengths, out=np.zeros(len(lengths)), where=lengths > 0).astype(np.float32)
        kinds, of = blocks.kinds
        shared = np.asarray(kinds[:, w > 0].any(axis=1))
        found = inverse, np.flatnonzero(~shared[of])
        if len(kept) >= KEPT:
            kept.clear()
        kept[key] = found
    return found


def _scores(blocks: Blocks, row: int, to: I64, plan: _Plan) -> F32:
    """``[1 + panels, k]`` of the pairs of a row with others, by each of ``plan.every``; 0 where they share nothing of
    it. As :func:`triptych.spaces.score.exact` has them, in the same order of every sum."""
    wide = np.empty((len(to) + 1, len(plan.factor)))
    both, at = np.concatenate([[row], to]), 0
    for values in blocks.values:
        wide[:, at : at + values.shape[1]] = values.take(both, axis=0)
        at += values.shape[1]
    together = np.zeros((len(plan.sums), len(to)))
    for k, sums in enumerate(plan.sums):
        for places, weight in sums:
            part = wide[:, places] if isinstance(places, slice) else np.take(wide, places, axis=1)
            together[k] += weight * np.vecdot(part[:1], part[1:])
    squares = blocks.squares[both]
    squares[1:] *= blocks.mask[row]
    # One block after another, in an order that does not hang on how many there are.
    lengths = np.sqrt(np.add.accumulate(plan.every[:, None] * squares, axis=2)[:, :, -1])
    bottom = lengths[:, :1] * lengths[:, 1:]
    cosine = np.divide(together, bottom, out=np.zeros(together.shape), where=bottom > 0)
    return (np.rint(cosine * GRAIN) / GRAIN).astype(np.float32)
