"""Neighbours: an item is as good for a user as the liked items that are most like it in content.

With L the items that user u liked in training, and N_k(i) the k items of the training history most similar to i, i
itself left out,

    score(u, i) = Σ_{j ∈ L ∩ N_k(i)} sim(i, j)

Two choices that this leaves open. Where several items are equally similar to i and k has no room for all of them, they
share what room there is: with 30 tied for the last 6 places each counts as 6/30 of a neighbour. That is what drawing
lots would give on average, and it matters: by genres, hundreds of items tie. And an item whose similarity is 0 or
less is nobody's neighbour, so fewer than k may be.

sim is the cosine, or 1 / (1 + d) of the Euclidean distance d; both as :mod:`triptych.spaces.score` has them where one
of two items lacks something.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from triptych.catalogue.history import History
from triptych.errors import UnknownName, UsageError
from triptych.models import lot, scores
from triptych.spaces.blocks import Blocks
from triptych.spaces.score import known
from triptych.spaces.search import nearest

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

#: Similarities times shares are whole multiples of 1 / GRAIN, so that float64 adds them up exactly, in any order.
GRAIN = 2.0**30
#: Of so many unlike rows that tie for the last places, those share that a lot says. It bounds the memory: rows that
#: are the same in everything are one row here, so that without it only a freak could reach this.
MOST_TIED = 4096
#: Rows searched for at a time.
QUERIES = 2048


@dataclass(frozen=True, kw_only=True, eq=False)
class ContentNeighbours:
    """``blocks``: the content of ``item_ids``, row by row; items of the history that are not among them score 0.

    ``k``: neighbours of an item. ``like``: the least value that counts as liked, None where every row does; a user who
    liked nothing scores 0 everywhere. ``weights``: panel → weight, all alike by default, and 0 for those that are not
    named. ``metric``: cosine or euclidean. ``seed``: of a lot that hardly anything hangs on, see ``MOST_TIED``.
    Whatever ``blocks`` learned, such as a scaling, must come from training items; that is up to whoever made them.
    """

    item_ids: tuple[str, ...]
    blocks: Blocks
    name: str = "content neighbours"
    k: int = 40
    like: float | None = 4.0
    weights: Mapping[str, float] | None = None
    metric: str = "cosine"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.k < 1:
            raise UsageError(f"k is {self.k}; an item has at least 1 neighbour.")
        if len(self.item_ids) != len(self.blocks) or len(set(self.item_ids)) != len(self.item_ids):
            raise UsageError(
                f"{self.name} was given {len(self.item_ids)} ids, {len(set(self.item_ids))} of them different, for "
                f"{len(self.blocks)} rows of content; give each row an id of its own."
            )

        known(self.metric)
        for panel, weight in (self.weights or {}).items():
            if panel not in self.blocks.panels:
                raise UnknownName("panel", panel, set(self.blocks.panels))
            if not (np.isfinite(weight) and weight >= 0):
                raise UsageError(f"the weight of {panel} is {weight}; a weight is 0 or above.")
        if not any(self.panel_weights.values()):
            raise UsageError("all weights are 0; give at least one panel a weight above 0.")

    @classmethod
    def of_genres(
        cls,
        genres: Mapping[str, Collection[str]],
        *,
        name: str = "genre neighbours",
        k: int = 40,
        like: float | None = 4.0,
    ) -> ContentNeighbours:
        """The control: neighbours by the cosine of multi-hot genres. ``genres``: item id → its genres, maybe none."""
        known = {genre: place for place, genre in enumerate(sorted({one for own in genres.values() for one in own}))}
        values = np.zeros((len(genres), max(len(known), 1)), np.float32)
        for row, own in enumerate(genres.values()):
            values[row, [known[genre] for genre in own]] = 1
        blocks = Blocks(panels=("genres",), values=(values,), mask=np.count_nonzero(values, axis=1)[:, None] > 0)
        return cls(item_ids=tuple(genres), blocks=blocks, name=name, k=k, like=like)

    @property
    def panel_weights(self) -> dict[str, float]:
        """The weight of each panel that the content has."""
        given = dict.fromkeys(self.blocks.panels, 1.0) if self.weights is None else self.weights
        return {panel: float(given.get(panel, 0.0)) for panel in self.blocks.panels}

    def fit(self, history: History) -> Neighbourhood:
        scores.needed(history, self.name)
        place = {item_id: row for row, item_id in enumerate(self.item_ids)}
        rows = np.array([place.get(item_id, -1) for item_id in history.item_ids], np.int64)
        kinds, first, keys = _kinds(self.blocks, self.seed)
        kind = np.append(kinds, -1)[rows]  # of each item of the history, −1 where its content is not known
        learned = (history.item_counts > 0) & (kind >= 0)
        room = np.bincount(kind[learned], minlength=len(first))
        among = np.flatnonzero(room)
        among = among[np.argsort(keys[among], kind="stable")]

        # Items of one kind have the same neighbours, but that a learned one is not its own.
        asked, variant = np.unique(np.where(kind >= 0, kind * 2 + learned, -1), return_inverse=True)
        known = asked >= 0
        queries = _Queries(kind=asked[known] // 2, own=asked[known] % 2 == 1)
        found = _Search(model=self, first=first, among=among, room=room).weighed(queries)
        place_of = np.full(len(first), -1, np.int64)
        place_of[among] = np.arange(len(among))
        mine = np.flatnonzero(queries.own)
        itself = scores.sparse((np.ones(len(mine)), (mine, place_of[queries.kind[mine]])), shape=found.shape)

        liked: Any = (history if self.like is None else history.liked(self.like)).pairs
        cells = np.flatnonzero(learned)
        member = scores.sparse((np.ones(len(cells)), (cells, place_of[kind[cells]])), shape=(len(kind), len(among)))
        return Neighbourhood(
            liked=liked,
            liked_kinds=scores.sparse(liked.astype(np.float64) @ member),
            weights=scores.sparse(found.T),
            variant=variant.reshape(-1) - int(not known.all()),
            self_weight=np.asarray(found.multiply(itself).sum(axis=1)),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Neighbourhood:
    """Items that have the same neighbours with the same weights are one variant.

    ``liked``: 1 where a user liked an item, ``[users, items]``; ``liked_kinds``: how many of each kind of training item
    they liked, ``[users, kinds]``; ``weights``: similarity times share of the room, ``[kinds, variants]``.
    ``variant``: of each item, −1 where its content is unknown; ``self_weight``: ``[variants]``, what a learned item
    would count for itself, which is taken off again.
    """

    liked: sp.csr_array
    liked_kinds: sp.csr_array
    weights: sp.csr_array
    variant: I64
    self_weight: F64

    def scores(self, users: scores.I64) -> scores.F32:
        of_variant: F64 = (scores.rows(self.liked_kinds, users) @ self.weights).toarray()
        blank = np.zeros((len(of_variant), 1))
        found = np.hstack([of_variant, blank])[:, self.variant]
        user, item = scores.cells(scores.rows(self.liked, users))
        found[user, item] -= np.append(self.self_weight, 0)[self.variant[item]]
        return found.astype(np.float32)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Queries:
    """``kind`` ``[q]``: which kind of content; ``own``: bool ``[q]``, whether for one that was learned of."""

    kind: I64
    own: Bool


def _kinds(blocks: Blocks, seed: int) -> tuple[I64, I64, lot.U64]:
    """The kind of each row, those being the same that are equal in everything; a row of each kind; a lot for each."""
    digests: list[bytes] = []
    for row in range(len(blocks)):
        digest = hashlib.blake2b(blocks.mask[row].tobytes(), digest_size=8)
        for values in blocks.values:
            digest.update((values[row] + np.float32(0)).tobytes())  # −0 becomes 0
        digests.append(digest.digest())
    keys = np.frombuffer(b"".join(digests), "<u8").astype(np.uint64)
    unlike, first, kind = np.unique(keys, return_index=True, return_inverse=True)
    return kind.astype(np.int64).reshape(-1), first.astype(np.int64), lot.scattered(unlike, seed)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Search:
    """Among which kinds neighbours are looked for. ``first``: a row of each kind; ``among``: the kinds that training
    items are of, in the order of a lot; ``room``: how many training items are of each kind."""

    model: ContentNeighbours
    first: I64
    among: I64
    room: I64

    def weighed(self, queries: _Queries) -> Any:
        """Sparse ``[q, len(among)]``: similarity times share, of each kind of ``among`` for each query."""
        parts: list[Any] = [scores.sparse((0, len(self.among)), dtype=np.float64)]
        rows = self.model.blocks.rows(self.first[self.among])
        for start in range(0, len(queries.kind), QUERIES):
            part = slice(start, start + QUERIES)
            parts.append(self._part(queries.kind[part], queries.own[part], rows))
        return cast(Any, sp).vstack(parts, format="csr")

    def _part(self, kind: I64, own: Bool, rows: Blocks) -> Any:
        """The same for some queries. Lists are made longer for those whose last places are still tied at the end."""
        shape = (len(kind), len(self.among))
        if not len(self.among):
            return scores.sparse(shape, dtype=np.float64)
        k, metric, weights = self.model.k, self.model.metric, self.model.panel_weights
        most = min(len(self.among), max(MOST_TIED, k + 1))
        cells: list[tuple[I64, I64, F64]] = []
        left, n = np.arange(len(kind)), k + 1
        while len(left):
            n = min(n, most)
            queries = self.model.blocks.rows(self.first[kind[left]])
            found, near = nearest(queries, rows, n=n, weights=weights, metric=metric)
            at = np.where(found >= 0, self.among[found], -1)
            seats = np.where(found >= 0, self.room[at], 0) - ((at == kind[left, None]) & own[left, None])
            share, before = _shares(near, seats, k)
            similar = near.astype(np.float64)
            if metric == "euclidean":  # distances with their sign turned
                similar = 1 / (1 - similar)
            open_ended = (found[:, -1] >= 0) & (similar[:, -1] > 0) & (before[:, -1] < k)
            settled = ~open_ended if n < most else np.ones(len(left), bool)
            weight = np.rint(similar * share * GRAIN) / GRAIN
            query, column = np.nonzero((found >= 0) & (weight > 0) & settled[:, None])
            cells.append((left[query], found[query, column], weight[query, column]))
            left, n = left[~settled], n * 4
        query, column, weight = (np.concatenate(parts) for parts in zip(*cells, strict=True))
        return scores.sparse((weight, (query, column)), shape=shape)


def _shares(similar: npt.NDArray[np.float32], seats: I64, k: int) -> tuple[F64, I64]:
    """How much of each kind's items are among the k nearest, from 0 to 1; and how many items are nearer than it.

    ``similar`` ``[q, n]`` does not rise along a row; ``seats``: how many items each kind has.
    """
    total = np.cumsum(seats, axis=1)
    edge = np.diff(similar, axis=1) != 0
    always = np.ones((len(similar), 1), bool)
    starts, ends = np.hstack([always, edge]), np.hstack([edge, always])
    before = np.maximum.accumulate(np.where(starts, total - seats, 0), axis=1)
    after = np.where(ends, total, np.iinfo(np.int64).max)
    after = np.minimum.accumulate(after[:, ::-1], axis=1)[:, ::-1]
    tied = np.maximum(after - before, 1)
    return np.clip((k - before) / tied, 0, 1), before
