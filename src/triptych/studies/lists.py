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
#: Rows of a score matrix that are held at a time.
ROWS = 512


def by_content(blocks: Blocks, *, n: int, weights: Mapping[str, float], metric: str, order: I64) -> I64:
    """int64 ``[items, n]``. ``order``: a permutation drawn by lot, as the search leaves equals in the order of rows."""
    mixed = blocks.rows(order)
    found, _ = nearest(
        mixed, mixed, n=min(n, len(blocks)), weights=weights, exclude=np.arange(len(blocks)), metric=metric
    )
    lists = np.full((len(blocks), n), -1, np.int64)
    lists[order, : found.shape[1]] = np.where(found >= 0, order[found], -1)
    return lists


def by_rows(scores: Any, *, n: int, order: I64) -> I64:
    """int64 ``[items, n]``: ``scores(rows) -> [len(rows), items]`` gives how near all items are to some."""
    count = len(order)
    lists = np.full((count, n), -1, np.int64)
    for start in range(0, count, ROWS):
        rows = np.arange(start, min(start + ROWS, count))
        near = np.asarray(scores(rows), np.float64)
        near[np.arange(len(rows)), rows] = -np.inf
        best = np.argsort(-near[:, order], axis=1, kind="stable")[:, :n]
        found = order[best]
        kept = np.isfinite(np.take_along_axis(near, found, axis=1))
        lists[rows, : found.shape[1]] = np.where(kept, found, -1)
    return lists


def drawn(item_ids: tuple[str, ...], seed: int) -> I64:
    """A permutation of the items that hangs on their ids and the seed alone."""
    return np.argsort(lot.scattered(lot.keys(item_ids), seed), kind="stable").astype(np.int64)
