"""Told: what users have rated, held beside the items that are asked about.

A rating is told from the user's own ratings, each of which counts by how like its item is to the item asked about:

    r̂_ui = c_ui + (Σ_j w_ij (r_uj − c_uj) + λ (b_ui − c_ui)) / (Σ_j w_ij + λ)

over the items j that u rated in training, with b the bias prediction μ + b_u + b_i, c what ratings are *centred* on (0,
or that same b) and λ the damping, which is as much weight as the bias has. Where nothing weighs anything (a user
without ratings, an item of which nothing is known, or none that is like it) what is said is b_ui. An item that is
asked about is never told of by its own rating. How the weights w come from the likenesses is up to the models.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.errors import UsageError
from triptych.models.collaborative.bias import Bias, Biases
from triptych.models.content_rating.likeness import BLOCK, Content, Likeness
from triptych.models.predictor import Asked, RatingLessons
from triptych.models.settings import not_below_zero, one_of

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

CENTRES = ("none", "bias")
#: The last resort, and what ratings may be centred on.
BIAS = Bias(user_damping=5.0, item_damping=3.0)
#: Cells of a meeting: few enough for what is made of them to stay in a core's own cache.
CELLS = 1 << 16


@dataclass(frozen=True, kw_only=True, eq=False)
class Questions:
    """Pairs that are asked about, each once: by the user, the ``kind`` of the item's content, and ``own``, the row of
    the pair's own rating, −1 where it has none. ``of``: which of them each asked pair is."""

    users: I64
    kinds: I64
    own: I64
    of: I64


@dataclass(frozen=True, kw_only=True, eq=False)
class Meeting:
    """Some questions, ``rows`` ``[n]``, each beside its user's ratings. Items of one kind are one of the ``l`` cells:
    ``similar`` float32 ``[n, l]``, how like it is, 0 where not at all; ``counts`` float64 ``[n, l]``, how many the user
    rated, 0 where none; ``sums`` float64 ``[n, l]``, of these ratings, each less what it is centred on."""

    rows: I64
    similar: F32
    counts: F64
    sums: F64


def check(*, centre: str, damping: float, model: str) -> None:
    one_of("centre of ratings", centre, CENTRES)
    not_below_zero(model, damping=damping)


@dataclass(frozen=True, kw_only=True, eq=False)
class Told:
    """Cell k, of those between a user's ``starts``: the user's ratings of the kind that stands at ``columns[k]`` among
    the learned ones; ``counts`` and ``sums`` of them. ``keys``, rising: of each rating, one number for user and item;
    ``ratings``, ``[n]``: the same rows. All ratings are less what they are centred on."""

    starts: I64
    columns: I64
    counts: F64
    sums: F64
    keys: I64
    ratings: F64
    content: Content
    bias: Biases
    lessons: RatingLessons
    centre: str
    damping: float

    @classmethod
    def of(cls, lessons: RatingLessons, likeness: Likeness, *, centre: str, damping: float, model: str) -> Told:
        # By user, and by item within a user, so that the order of the rows decides nothing.
        rows = lessons.train.take(np.argsort(lessons.train.keys))
        content = likeness.of(lessons.background, learned=lessons.learned_items, model=model)
        bias = BIAS.fit(lessons)
        ratings = rows.values.astype(np.float64)
        if centre == "bias":
            ratings -= bias.offsets.of(rows.users, rows.items)
        width = len(content.learned)
        cells, cell = np.unique(
            rows.users.astype(np.int64) * width + content.column[content.kind[rows.items]], return_inverse=True
        )
        cell = cell.reshape(-1)
        return cls(
            starts=np.searchsorted(cells, np.arange(len(rows.user_ids) + 1) * width),
            columns=cells % width,
            counts=np.bincount(cell).astype(np.float64),
            sums=np.bincount(cell, ratings).astype(np.float64),
            keys=rows.keys,
            ratings=ratings,
            content=content,
            bias=bias,
            lessons=lessons,
            centre=centre,
            damping=damping,
        )

    @property
    def facts(self) -> Mapping[str, Any]:
        """JSON: what is compared, of how many items and learned ones anything is known, and of how many kinds."""
        known, learned = self.content.known, self.lessons.learned_items
        return {
            "fields": list(self.content.names),
            "items": len(known),
            "known": int(known.sum()),
            "known_learned": int((known & learned).sum()),
            "kinds": len(self.content.column),
        }

    def questions(self, asked: Asked) -> Questions:
        """UsageError where a user or an item is none of the history's."""
        items = len(self.content.kind)
        for places, count, unit in ((asked.users, len(self.starts) - 1, "user"), (asked.items, items, "item")):
            wrong = (places < 0) | (places >= count)
            if wrong.any():
                raise UsageError(f"there is no {unit} at place {places[wrong][0]}; there are {count:,}, from 0 on.")
        users = asked.users.astype(np.int64)
        keys = users * items + asked.items
        own = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        own = np.where(self.keys[own] == keys, own, -1)
        kinds = self.content.kind[asked.items]
        # A pair with a rating of its own is a question of its own.
        many = len(self.content.column)
        alike = np.where(own < 0, users * many + kinds, (len(self.starts) - 1) * many + own)
        _, first, of = np.unique(alike, return_index=True, return_inverse=True)
        return Questions(users=users[first], kinds=kinds[first], own=own[first], of=of.reshape(-1))

    def meetings(self, questions: Questions, *, shifted: bool = False) -> Iterator[Meeting]:
        """All questions whose users have any rating, some at a time. Likenesses below 0 are 0; or ``shifted``, from
        −1…1 to 0…1."""
        cells = np.diff(self.starts)[questions.users]
        # As wide as a power of two: how a row is added up hangs on its width, which then hangs on the user alone.
        widths = np.where(cells > 0, 2 ** np.ceil(np.log2(np.maximum(cells, 1))), 0).astype(np.int64)
        blocks = questions.kinds // BLOCK
        order = np.lexsort((widths, blocks))
        order = order[widths[order] > 0]
        changes = (np.diff(blocks[order]) != 0) | (np.diff(widths[order]) != 0)
        edges: list[int] = [0, *(np.flatnonzero(changes) + 1).tolist(), len(order)]
        at, like = -1, np.zeros((0, 0), np.float32)
        for start, stop in pairwise(edges):
            if start == stop:
                continue
            width, block = int(widths[order[start]]), int(blocks[order[start]])
            if block != at:
                at, like = block, self.content.like(block)
                like = np.maximum(np.float32(0.5) * (like + 1) if shifted else like, 0)
            step = max(CELLS // width, 1)
            for first in range(start, stop, step):
                yield self._meeting(questions, order[first : min(first + step, stop)], width, like)

    def _meeting(self, questions: Questions, rows: I64, width: int, like: F32) -> Meeting:
        users, kinds, own = questions.users[rows], questions.kinds[rows], questions.own[rows]
        at = self.starts[users, None] + np.arange(width)
        missing = at >= self.starts[users + 1, None]
        at[missing] = 0
        columns = self.columns[at]
        similar = like[kinds[:, None] % BLOCK, columns]
        counts, sums = self.counts[at], self.sums[at]
        if (own >= 0).any():
            mine = (columns == self.content.column[kinds, None]) & (own >= 0)[:, None]
            counts -= mine
            sums -= mine * self.ratings[own, None]
            missing |= counts == 0
        for cell in (similar, counts, sums):
            cell[missing] = 0
        return Meeting(rows=rows, similar=similar, counts=counts, sums=sums)

    def said(self, asked: Asked, total: F64, weight: F64) -> F64:
        """``[…, n]``, on the scale: what the sums of weighted ratings and of weights ``[…, n]`` come to."""
        bias = self.bias.offsets.of(asked.users, asked.items)
        centre = bias if self.centre == "bias" else np.zeros(len(bias))
        weighed = weight + self.damping
        off = np.divide(total + self.damping * (bias - centre), weighed, out=np.zeros(weight.shape), where=weighed > 0)
        return self.lessons.clipped(np.where(weight > 0, centre + off, bias))
