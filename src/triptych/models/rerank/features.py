"""Features: what is told of a user and a candidate, one column each, as it stood at some moment.

Columns belong to groups, by which a score is explained: panels (``seeing``, ``hearing``, ``reading``), ``genres``,
fields, and of the history ``history``, ``popularity`` and ``recency``. NaN stands in a column where nothing is known,
and trees send it their own way.

Time is told by a clock that ticks with each row of the past, from 0 to 1 (see
:func:`~triptych.models.recency.ages`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import UNTIMED, History
from triptych.errors import UsageError
from triptych.models import recency, scores
from triptych.models.background import Field
from triptych.models.rerank.candidates import Candidates
from triptych.models.rerank.moment import Moments
from triptych.models.similarity import Lessons
from triptych.spaces.blocks import Blocks

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

#: Half-lives of popularity, as shares of all rows.
HALF_LIVES = (0.01, 0.05, 0.2)
#: So many of a user's last likes are compared one by one.
LAST = 5
#: The half-life of a user's likes in profiles, in rows, and what the oldest keep.
MEMORY_ROWS, FLOOR = 20.0, 0.1
#: What the content that is of genres is called.
GENRES = "genres"
#: Numbers of content that are held at a time.
CELLS = 4_000_000


@dataclass(frozen=True)
class Column:
    """``direction``: 1 where more of it never makes a candidate worse, −1 where it never makes it better, 0 where it
    may do either. Trees that must keep to it learn less of what was chance in few lists."""

    name: str
    group: str
    direction: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Content:
    """What items are compared by: ``vectors`` float32 ``[items, d]`` of length 1, or 0 where ``mask`` is False."""

    name: str
    group: str
    vectors: F32
    mask: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, name: str, group: str, values: F32, mask: Any) -> Content:
        length = np.sqrt(np.einsum("ij,ij->i", values, values, dtype=np.float64))
        known = mask & (length > 0)
        vectors = np.where(known[:, None], values / np.where(known, length, 1)[:, None], 0).astype(np.float32)
        return cls(name=name, group=group, vectors=vectors, mask=known)

    @classmethod
    def all_of(cls, lessons: Lessons) -> tuple[Content, ...]:
        """One for each panel, and one of genres."""
        genres = np.asarray(lessons.genres, np.float32)
        own = (cls.of_genres(genres),) if genres.any() else ()
        return (*cls.of_blocks(lessons.blocks), *own)

    @classmethod
    def of_blocks(cls, blocks: Blocks) -> tuple[Content, ...]:
        """One for each panel."""
        found: list[Content] = []
        for panel in dict.fromkeys(blocks.panels):
            which = [p for p, one in enumerate(blocks.panels) if one == panel]
            values = np.hstack([blocks.values[p] for p in which])
            found.append(cls.of(panel, panel, values, np.any(blocks.mask[:, which], axis=1)))
        return tuple(found)

    @classmethod
    def of_genres(cls, genres: F32) -> Content:
        """Float ``[items, genres]``, 1 where an item is of one."""
        return cls.of(GENRES, GENRES, genres, np.any(genres > 0, axis=1))

    def beside(self, other: Content) -> Content:
        """Of these items, and then of those."""
        vectors, mask = np.concatenate([self.vectors, other.vectors]), np.concatenate([self.mask, other.mask])
        return Content(name=self.name, group=self.group, vectors=vectors, mask=mask)


@dataclass(frozen=True, kw_only=True, eq=False)
class Features:
    """The columns of ``past``. ``contents`` and ``fields`` are of all its items; ``like``: the least value of a like,
    None where every row is one.

    ``later``: whether a user is met when the rows of all end ("all"), or when their own do ("user"): of popularity and
    recency they are then told what was known at that moment.
    """

    past: History
    contents: tuple[Content, ...]
    like: float | None
    later: str
    fields: Mapping[str, Field] = field(default_factory=dict[str, Field])

    def __post_init__(self) -> None:
        for name, one in self.fields.items():
            if len(one) != len(self.past.item_ids):
                raise UsageError(
                    f"the field {name} tells of {len(one)} items, and there are {len(self.past.item_ids)}."
                )

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """In the order of :meth:`table`."""
        found: list[Column] = []
        for one in self.contents:
            found += [Column(f"{one.name}, like the taste", one.group, 1)]
            found += [Column(f"{one.name}, like a recent like", one.group, 1)]
        for name, one in self.fields.items():
            for column in _columns(name, one):
                found += [Column(column, name), Column(f"{column}, from the taste", name)]
        for who in ("user", "item"):
            found += [Column(f"{what} of the {who}", "history") for what in ("rows", "mean", "likes")]
        found += [Column("popularity", "popularity", 1)]
        found += [Column(f"popularity, {half_life:g}", "popularity", 1) for half_life in HALF_LIVES]
        found += [Column("trend", "popularity")]
        found += [Column(what, "recency") for what in ("age of the item", "rest of the item", "rest of the user")]
        return tuple(found)

    def table(self, candidates: Candidates) -> F32:
        """float32 ``[m, columns]``. A row hangs on its user and item alone."""
        found = np.empty((len(candidates), len(self.columns)), np.float32)
        users, place = np.unique(candidates.users, return_inverse=True)
        place, items = place.reshape(-1).astype(np.int64), candidates.items
        at = 0
        taste = scores.rows(self._taste, users)
        last = np.where(users[:, None] == scores.STRANGER, -1, self._last[users])
        for one in self.contents:
            self._compared(one, taste, last, place, items, found[:, at : at + 2])
            at += 2
        for one in self.fields.values():
            width = 2 * one.width
            found[:, at : at + width] = _apart(one, taste, place, items)
            at += width
        told = (*self._counted(candidates.users, items), *self._timed(candidates.users, items))
        for column in told:
            found[:, at] = column
            at += 1
        return found

    # -- content -------------------------------------------------------------------------------------------

    @cached_property
    def _likes(self) -> History:
        return self.past if self.like is None else self.past.liked(self.like)

    @cached_property
    def _taste(self) -> Any:
        """``[users, items]``: the likes of each by recency."""
        return recency.weights(self._likes, half_life_rows=MEMORY_ROWS, floor=FLOOR, like=None, other=1.0)

    @cached_property
    def _last(self) -> I64:
        """``[users, LAST]``: the last likes of each, −1 where there are fewer. Of one moment those with the most rows
        go first."""
        likes = self._likes
        counts = self.past.item_counts
        order = np.lexsort((likes.items, -counts[likes.items], -likes.times, likes.users))
        starts = np.cumsum(likes.user_counts) - likes.user_counts
        place = np.arange(len(likes)) - starts[likes.users[order]]
        found = np.full((len(likes.user_ids), LAST), -1, np.int64)
        near = place < LAST
        found[likes.users[order][near], place[near]] = likes.items[order][near]
        return found

    def _compared(self, one: Content, taste: Any, last: I64, place: I64, items: I64, into: F32) -> None:
        """How alike a candidate is to the mean of what the user likes, and to the nearest of their last likes."""
        weight: F64 = np.asarray(taste @ one.mask.astype(np.float64))
        profile = np.asarray(taste @ one.vectors.astype(np.float64)) / np.where(weight > 0, weight, 1)[:, None]
        profile = profile.astype(np.float32)
        recent = np.where((last >= 0) & one.mask[last], last, -1)
        step = max(1, CELLS // max(1, one.vectors.shape[1]))
        for start in range(0, len(items), step):
            part = slice(start, start + step)
            own, user = one.vectors[items[part]], place[part]
            known = one.mask[items[part]]
            near = np.einsum("ij,ij->i", own, profile[user])
            into[part, 0] = np.where(known & (weight[user] > 0), near, np.nan)
            most = np.full(len(own), -np.inf, np.float32)
            for k in range(recent.shape[1]):
                other = recent[user, k]
                close = np.einsum("ij,ij->i", own, one.vectors[other])
                most = np.maximum(most, np.where(other >= 0, close, -np.inf))
            into[part, 1] = np.where(known & np.isfinite(most), most, np.nan)

    # -- history -------------------------------------------------------------------------------------------

    @cached_property
    def _of_users(self) -> F32:
        """float32 ``[users + 1, 3]``, the last row that of strangers."""
        past, likes = self.past, self._likes
        return _told(past.users, past.values, past.user_counts, likes.user_counts, strangers=1)

    @cached_property
    def _of_items(self) -> F32:
        past, likes = self.past, self._likes
        return _told(past.items, past.values, past.item_counts, likes.item_counts, strangers=0)

    def _counted(self, users: I64, items: I64) -> tuple[F32, ...]:
        return (*self._of_users[users].T, *self._of_items[items].T)

    @cached_property
    def _moments(self) -> Moments:
        return Moments.of(self.past, self._likes, HALF_LIVES)

    @cached_property
    def _latest(self) -> I64:
        """``[users + 1]``: when the last row of each was, the least number there is where there is none."""
        found = np.full(len(self.past.user_ids) + 1, np.iinfo(np.int64).min, np.int64)
        np.maximum.at(found, self.past.users, self.past.times)
        return found

    @cached_property
    def _now(self) -> I64:
        """``[users + 1]``: when each is met, the last that of strangers."""
        end = int(self.past.times.max(initial=0))
        found = np.full(len(self.past.user_ids) + 1, end, np.int64)
        if self.later == "user":
            found = np.where(self._latest > UNTIMED, self._latest, end)
        return found

    @cached_property
    def _rest(self) -> F32:
        """``[users + 1]``: logarithm of days since the last row of each."""
        latest = self._latest
        known = latest > UNTIMED
        return np.where(known, np.log1p((self._now - np.where(known, latest, 0)) / 86_400), np.nan).astype(np.float32)

    def _timed(self, users: I64, items: I64) -> tuple[F32, ...]:
        moments = self._moments
        now = self._now[users]
        likes = np.log1p(self._likes.item_counts[items] / max(1, len(self._likes)) * 1e4)
        recent = [np.log1p(one * 1e4) for one in moments.popularity(items, now)]
        trend = recent[0] - recent[-1]
        age, rest = moments.ages(items, now)
        # Of an item without rows nothing is known, which is not to have been liked by nobody.
        known = self.past.item_counts[items] > 0
        told = [np.where(known, one, np.nan) for one in (likes, *recent, trend)]
        return tuple(one.astype(np.float32) for one in (*told, age, rest, self._rest[users]))


def _columns(name: str, one: Field) -> list[str]:
    if one.width == 1:
        return [name]
    return [f"{name} {part}" for part in (one.names or range(one.width))]


def _apart(one: Field, taste: Any, place: I64, items: I64) -> F32:
    """float32 ``[m, 2 · width]``: the item's value of each column, and how far it is above the mean of the likes."""
    values, mask = one.dense().astype(np.float64), one.mask
    weight: F64 = np.asarray(taste @ mask.astype(np.float64))
    mean = np.asarray(taste @ np.where(mask[:, None], values, 0)) / np.where(weight > 0, weight, 1)[:, None]
    own = np.where(mask[items, None], values[items], np.nan)
    apart = np.where((weight > 0)[place, None], own - mean[place], np.nan)
    return np.stack([own, apart], axis=2).reshape(len(items), -1).astype(np.float32)


def _told(which: npt.NDArray[Any], values: F32, rows: I64, likes: I64, *, strangers: int) -> F32:
    """How many rows (as a logarithm), their mean value, and the share of likes among them, NaN where there are none."""
    n = len(rows)
    total = np.bincount(which, weights=values, minlength=n)
    known = rows > 0
    some = np.maximum(rows, 1)
    found = np.stack([np.log1p(rows), total / some, likes / some], axis=1)
    found[~known] = np.nan
    return np.concatenate([found, np.full((strangers, 3), np.nan)]).astype(np.float32)
