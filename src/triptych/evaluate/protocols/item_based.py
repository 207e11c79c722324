"""Item-based: lists of similar items, judged by the users who like the item that the list is of (Maes 2025, §3.6).

For each item m that has a list, and each user u who likes m and something else, with at least ``least`` liked items:

    precision@k   hits within k / k, a hit being an item that u likes
    recall@k      hits within k / (items that u likes − 1)
    hit-rate@k    1 where there is a hit within k
    mrr@k         1 / rank of the first hit within k, else 0
    ndcg-graded@k Σ_{i≤k} (2^rating_i − 1) / log2(i + 1) over u's ratings of the listed items, liked or not, divided by
                  the same of u's k best of *all* ratings, that of m among them

each averaged over the users of an item, then over the items. An item whose list nobody can judge is not counted. The
ideal list may hold m, which the list may not, so 1 is out of reach; that is the definition, not an oversight here.

The thesis judges by all ratings there are. Where something learns from ratings, those who judge must not have taught
it: under a split by users the test's users judge, by all that they rated. Under one by users *and* items they judge by
all that they rated too, what they were given included, since a list may name any item; but only lists of items that
nothing was learned of are judged, see :func:`judges`: the others' content has taught.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import History
from triptych.errors import UsageError
from triptych.evaluate.measured import Measured
from triptych.evaluate.metrics.ranking import CUTOFFS
from triptych.evaluate.split import GIVEN, TEST, Split

METRICS = ("precision", "recall", "hit-rate", "ndcg-graded", "mrr")
#: Cells of a block of users that is laid out whole, user by item, and judgements that are made at a time: both stay
#: within a processor's cache.
CELLS = 1 << 22
PAIRS = 1 << 15

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
_Codes = npt.NDArray[Any]


def item_based(
    lists: npt.NDArray[np.integer[Any]],
    history: History,
    *,
    name: str = "item-based",
    like: float = 3.5,
    least: int = 5,
    cutoffs: Sequence[int] = CUTOFFS,
    cells: int = CELLS,
) -> Measured:
    """Figures of each item that was judged, in the order of ``history.item_ids``.

    ``lists``: int ``[items, n]``, places in ``history.item_ids``, best first; −1 where a list ends early; a row of
    nothing but −1 is no list. The list of an item may not name that item, nor any other twice. ``like``: ratings of
    this or more are liked. ``cells``: how many cells of users × items are held at a time, a byte or two each.

    ``whole`` tells ``listed`` (items with a list), ``users`` and ``pairs`` (who judged, and how many judgements).
    """
    depth = _depth(cutoffs)
    _check(lists, history, depth, least)
    ratings = _Ratings.of(history, like)
    item_count, columns = len(history.item_ids), len(METRICS) * len(cutoffs)
    # Rank by rank; an absent item is a column that nobody has rated.
    ranks: I64 = np.where(lists < 0, item_count, lists)[:, :depth].T.astype(np.int64, order="C")
    listed = np.asarray((lists >= 0).any(axis=1))
    sums, judged = np.zeros((columns, item_count)), np.zeros(item_count, np.int64)
    users = 0
    for block in ratings.blocks(max(1, cells // max(item_count + 1, len(ratings.gains)))):
        enough = block.liked >= max(least, 2)  # m and something else
        row, item = block.pairs(enough, listed)
        users += int(np.count_nonzero(np.bincount(row)))
        judged += np.bincount(item, minlength=item_count)
        ideal = block.ideal(depth, cutoffs)
        for start in range(0, len(row), PAIRS):
            who, of = row[start : start + PAIRS], item[start : start + PAIRS]
            found = _judge(block, who, ranks[:, of], ideal, cutoffs)
            for column, values in enumerate(found):
                sums[column] += np.bincount(of, weights=values, minlength=item_count)
    counted = np.flatnonzero(judged)
    means = sums[:, counted] / judged[counted]
    names = [f"{metric}@{k}" for k in cutoffs for metric in METRICS]
    return Measured(
        name=name,
        unit="item",
        ids=tuple(history.item_ids[k] for k in counted),
        values=dict(zip(names, means, strict=True)),
        whole={"listed": float(listed.sum()), "users": float(users), "pairs": float(judged.sum())},
    )


def judges(split: Split) -> tuple[npt.NDArray[np.bool_], History]:
    """bool ``[items]``, whose lists are judged, and the rows that judge: those of the test, with those that are given
    of its users. Where some are, they make up all that these users rated, and lists are of cold items alone."""
    if not len(split.given):
        return np.ones(len(split.history.item_ids), bool), split.test
    return split.cold_items, split.history.take(np.isin(split.side, (TEST, GIVEN)))


def _judge(block: _Block, who: I64, ranks: I64, ideal: F64, cutoffs: Sequence[int]) -> Iterator[F64]:
    """``[pairs]`` for each cutoff and metric. ``ranks``: ``[depth, pairs]``, the listed items; ``ideal``: ``[users,
    cutoffs]``."""
    start = who * block.cells.shape[1]
    flat = block.cells.ravel()
    share = 1 / (block.liked[who] - 1.0)
    hits, first, gained = np.zeros(len(who)), np.zeros(len(who)), np.zeros(len(who))
    for rank, items in enumerate(ranks, start=1):
        codes = flat[start + items]
        hit = codes >= block.liked_code
        np.maximum(first, hit * (1 / rank), out=first)
        hits += hit
        gained += (block.gains / np.log2(rank + 1))[codes]
        if rank in cutoffs:  # which rise, so that they are told in their order
            best = ideal[who, cutoffs.index(rank)]
            yield hits / rank
            yield hits * share
            yield (hits > 0).astype(np.float64)
            yield np.divide(gained, best, out=np.zeros(len(who)), where=best > 0)
            yield first


@dataclass(frozen=True, kw_only=True, eq=False)
class _Block:
    """Some users. ``rows``, ``items``, ``codes``: each of their ratings, user by user; ``liked``: int ``[users]``.

    ``cells``: the same codes laid out, ``[users, items + 1]``, 0 for no rating and in the last column.
    """

    rows: I64
    items: I64
    codes: _Codes
    cells: _Codes
    liked: I64
    liked_code: int
    gains: F64

    def pairs(self, users: npt.NDArray[np.bool_], items: npt.NDArray[np.bool_]) -> tuple[I64, I64]:
        """User and item of each rating that is a liking, of these users and these items."""
        which = (self.codes >= self.liked_code) & users[self.rows] & items[self.items]
        return self.rows[which], self.items[which]

    def ideal(self, depth: int, cutoffs: Sequence[int]) -> F64:
        """``[users, cutoffs]``: what the best of all of a user's ratings would gain."""
        width = len(self.gains)
        counts = np.bincount(self.rows * width + self.codes, minlength=len(self.liked) * width)
        counts = counts.reshape(-1, width)[:, :0:-1]  # from the best code down
        upto = np.cumsum(counts, axis=1)
        # Of all places of a list, those from one rating's first to its last, as sums of 1 / log2(rank + 1).
        sums = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(2, depth + 2)))])
        places = (sums[np.minimum(upto, k)] - sums[np.minimum(upto - counts, k)] for k in cutoffs)
        return np.stack([place @ self.gains[:0:-1] for place in places], axis=1)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Ratings:
    """Ratings by user: those of user k from ``indptr[k]`` to ``indptr[k + 1]``.

    ``gains[code]``: 2^rating − 1; code 0 is no rating, and the others rise with it.
    """

    indptr: I64
    items: npt.NDArray[np.integer[Any]]
    codes: _Codes
    liked_code: int
    gains: F64
    width: int

    @classmethod
    def of(cls, history: History, like: float) -> _Ratings:
        """Ratings become numbers of a list of levels, so that a user's row takes a byte for each item, not eight."""
        levels = np.unique(history.values)
        with np.errstate(over="ignore"):
            gains = np.concatenate([[0.0], np.exp2(levels.astype(np.float64)) - 1])
        if len(levels) and levels[0] < 0:
            raise UsageError(
                f"there is a rating of {levels[0]:g}; the gain 2^rating − 1 needs ratings of 0 or more. Move the scale."
            )
        if not np.isfinite(gains).all():
            raise UsageError(f"there is a rating of {levels[-1]:g}, whose gain 2^rating − 1 is beyond all numbers.")
        codes = (np.searchsorted(levels, history.values) + 1).astype(np.min_scalar_type(len(levels)))
        order = _by_user(history.users)
        return cls(
            indptr=np.concatenate([[0], np.cumsum(history.user_counts)]),
            items=history.items[order],
            codes=codes[order],
            liked_code=int(np.count_nonzero(levels < np.float32(like))) + 1,
            gains=gains,
            width=len(history.item_ids),
        )

    def blocks(self, users: int) -> Iterator[_Block]:
        """The users that have ratings, so many at a time."""
        counts = np.diff(self.indptr)
        for start in range(0, len(counts), users):
            part = counts[start : start + users]
            inside = slice(self.indptr[start], self.indptr[start + len(part)])
            codes = self.codes[inside]
            rows, items = np.repeat(np.arange(len(part)), part), self.items[inside].astype(np.int64)
            cells = np.zeros((len(part), self.width + 1), codes.dtype)
            cells[rows, items] = codes
            yield _Block(
                rows=rows,
                items=items,
                codes=codes,
                cells=cells,
                liked=np.bincount(rows[codes >= self.liked_code], minlength=len(part)),
                liked_code=self.liked_code,
                gains=self.gains,
            )


def _by_user(users: npt.NDArray[np.int32]) -> I64:
    """int64 ``[n]``: an order that brings each user's rows together; by halves, since 16 bits are sorted by radix."""
    order = np.argsort((users & 0xFFFF).astype(np.uint16), kind="stable")
    upper = (users >> 16).astype(np.uint16)
    return order[np.argsort(upper[order], kind="stable")] if upper.any() else order


def _depth(cutoffs: Sequence[int]) -> int:
    if not cutoffs or min(cutoffs) < 1 or list(cutoffs) != sorted(set(cutoffs)):
        raise UsageError(f"the cutoffs {list(cutoffs)} are no rising whole numbers from 1 on, such as 1, 3, 5, 10.")
    return max(cutoffs)


def _check(lists: npt.NDArray[np.integer[Any]], history: History, depth: int, least: int) -> None:
    item_count = len(history.item_ids)
    if least < 1:
        raise UsageError(f"at least {least} liked items is no condition; 1 or more is.")
    if lists.ndim != 2 or lists.shape[0] != item_count:
        raise UsageError(f"lists of shape {lists.shape} do not fit {item_count} items; there is one row for each.")
    if lists.shape[1] < depth:
        raise UsageError(
            f"the lists have {lists.shape[1]} places, which cannot be judged at {depth}. "
            "Make longer lists, or ask for smaller cutoffs."
        )
    if lists.size and not -1 <= lists.min() <= lists.max() < item_count:
        raise UsageError(f"the lists name places outside 0 to {item_count - 1}, and −1 for none.")
    own: I64 = np.flatnonzero((lists == np.arange(item_count)[:, None]).any(axis=1))
    if len(own):
        raise UsageError(f"the list of {history.item_ids[own[0]]!r} names that item itself, which any user would like.")
    ordered = np.sort(lists, axis=1)
    again: I64 = np.flatnonzero(((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).any(axis=1))
    if len(again):
        raise UsageError(f"the list of {history.item_ids[again[0]]!r} names an item twice; keep its first place.")
