"""Lists: of every item its nearest others, by content or by what a control knows. Equals are told apart by lot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.models import lot
from triptych.spaces.search import Blocks, nearest

F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]
#: Rows of a score matrix that are held at a time, and places of lists that are looked for at a time.
ROWS, CELLS = 512, 1 << 21


def by_content(
    blocks: Blocks, *, n: int, weights: Mapping[str, float], metric: str, item_ids: tuple[str, ...], seed: int
) -> I64:
    """int64 ``[items, n]``, −1 where a list ends early. Equals are told apart by a lot for each pair.

    The search leaves equals in the order of rows. One order drawn for all lists would be no lot but a favour: by genres
    alone hundreds tie, and whoever came first would stand in all lists of a kind. On ML-100K precision at 10 of the
    genre control is then .086 to .104 by seed; with a lot for each pair it is .099 to .102.
    """
    keys, count = lot.keys(item_ids), len(item_ids)
    lists = np.full((count, n), -1, np.int64)
    left, size = np.arange(count), min(2 * n, count)
    while len(left):
        longer: list[I64] = []
        for rows in np.array_split(left, -(-len(left) * size // CELLS)):
            found, near = nearest(blocks.rows(rows), blocks, n=size, weights=weights, exclude=rows, metric=metric)
            if size < count:
                # Those whose last place is tied with the last that was found may be tied with more.
                open_ended = (found[:, -1] >= 0) & (near[:, -1] == near[:, n - 1])
                longer.append(rows[open_ended])
            # Of those too, for now: what is found of them later is written over it.
            lots = lot.drawn(keys[rows, None], keys[found], seed=seed)
            best = np.lexsort((lots, np.where(found >= 0, -near, np.inf)), axis=1)[:, :n]
            lists[rows, : best.shape[1]] = np.take_along_axis(found, best, axis=1)
        left, size = np.concatenate([np.zeros(0, np.int64), *longer]), min(4 * size, count)
    return lists


def by_rows(scores: Any, *, n: int, order: I64, among: I64 | None = None) -> I64:
    """int64 ``[items, n]``: ``scores(rows) -> [len(rows), items]`` gives how near all items are to some. ``among``:
    the only rows whose lists are wanted, ``[among, n]``."""
    wanted = np.arange(len(order)) if among is None else among
    lists = np.full((len(wanted), n), -1, np.int64)
    for start in range(0, len(wanted), ROWS):
        rows = wanted[start : start + ROWS]
        near = np.asarray(scores(rows), np.float64)
        near[np.arange(len(rows)), rows] = -np.inf
        best = np.argsort(-near[:, order], axis=1, kind="stable")[:, :n]
        found = order[best]
        kept = np.isfinite(np.take_along_axis(near, found, axis=1))
        lists[start : start + ROWS, : found.shape[1]] = np.where(kept, found, -1)
    return lists


def chance(item_ids: tuple[str, ...], seed: int, *, n: int, among: I64 | None = None) -> I64:
    """int64 ``[items, n]``, or of the rows ``among``: others drawn by lot, for every item its own."""
    keys = lot.keys(item_ids)

    def lots(rows: I64) -> npt.NDArray[np.float64]:
        return lot.drawn(keys[rows, None], keys[None, :], seed=seed).astype(np.float64)

    return by_rows(lots, n=n, order=drawn(item_ids, seed), among=among)


def filled(lists: I64, item_ids: tuple[str, ...], seed: int) -> I64:
    """Empty places taken by items drawn by lot that the list does not have yet, so that no item goes without a list."""
    short = np.flatnonzero((lists < 0).any(axis=1))
    whole = lists.copy()
    for row, spare in zip(short, chance(item_ids, seed, n=2 * lists.shape[1], among=short), strict=True):
        known = lists[row][lists[row] >= 0]
        fresh = spare[(spare >= 0) & ~np.isin(spare, known)]
        own = np.concatenate([known, fresh])[: lists.shape[1]]
        whole[row, : len(own)] = own
    return whole


def drawn(item_ids: tuple[str, ...], seed: int) -> I64:
    """A permutation of the items that hangs on their ids and the seed alone."""
    return np.argsort(lot.scattered(lot.keys(item_ids), seed), kind="stable").astype(np.int64)
