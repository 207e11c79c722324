"""Space: items as points, panel by panel, with the recipe they were made by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from triptych.errors import SpaceError, UnknownName, UsageError
from triptych.spaces.blocks import F32, I64, Blocks
from triptych.spaces.ranking import Ranking
from triptych.spaces.score import known
from triptych.spaces.search import Progress, nearest, neighbours, panel_scores
from triptych.spaces.shortlist import Shortlist, numbers, parts
from triptych.spaces.single import single

#: Bytes of memory that the shortlists of a batch may take, unless the caller says how large batches are.
BATCH = 1 << 28
#: Bytes of vectors that are held a second time, laid out for single queries.
TURNED = 1 << 28


class Batch(NamedTuple):
    """Lists of some items. ``items`` int64 ``[q]``: their rows in the space; ``neighbours`` int64 ``[q, n]``: the rows
    of those nearest to each, best first, −1 where there are fewer; ``scores`` float32 ``[q, n]``, 0 there."""

    items: I64
    neighbours: I64
    scores: F32


@dataclass(frozen=True, kw_only=True, eq=False)
class Space:
    """``item_ids[k]`` stands in row k of ``blocks``. ``recipe``: JSON of what made it."""

    name: str
    item_ids: tuple[str, ...]
    blocks: Blocks
    recipe: str

    def __post_init__(self) -> None:
        if len(self.item_ids) != len(self.blocks):
            raise SpaceError(f"space {self.name!r} has {len(self.item_ids)} ids for {len(self.blocks)} rows.")
        if len(self._rows) != len(self.item_ids):
            raise SpaceError(f"an item id stands twice in space {self.name!r}.")
        for p, (name, values) in enumerate(zip(self.blocks.names, self.blocks.values, strict=True)):
            if not np.isfinite(values).all():
                raise SpaceError(f"{name} in space {self.name!r} holds NaN or infinite values; mask, do not guess.")
            if values[~self.blocks.mask[:, p]].any():
                raise SpaceError(f"{name} in space {self.name!r} has values in rows that are masked; they must be 0.")

    @property
    def panels(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.blocks.panels))

    def width(self, panel: str) -> int:
        """Entries of all blocks of a panel."""
        pairs = zip(self.blocks.panels, self.blocks.values, strict=True)
        return sum(values.shape[1] for own, values in pairs if own == panel)

    def holding(self, panel: str) -> int:
        """How many items have a block of a panel at least."""
        own = np.array([one == panel for one in self.blocks.panels])
        return int(self.blocks.mask[:, own].any(axis=1).sum())

    @property
    def _bytes(self) -> int:
        return sum(values.nbytes for values in self.blocks.values)

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {item_id: row for row, item_id in enumerate(self.item_ids)}

    @cached_property
    def _ids(self) -> npt.NDArray[np.object_]:
        """The ids, and at the end what stands where a list ends early: index −1."""
        return np.array([*self.item_ids, ""], dtype=object)

    def similar(
        self,
        items: Sequence[str],
        *,
        n: int = 10,
        weights: Mapping[str, float] | None = None,
        candidates: Sequence[str] | None = None,
        metric: str = "cosine",
    ) -> Ranking:
        """The ``n`` items nearest to each of ``items``, itself left out.

        ``weights``: panel → weight; all count alike when left out, and when given those that are not named count 0.
        ``candidates``: the only items to choose from, all by default. ``metric``: cosine, or euclidean, whose scores
        are distances with their sign turned; see :mod:`triptych.spaces.score`.
        """
        chosen, among = self._asked(n, weights, candidates, metric)
        asked = self._places(items)
        # Whoever asks a second time goes on asking, and then it is worth the memory.
        if "_again" in self.__dict__ and self._bytes <= TURNED:
            _ = self.blocks.turned
        self.__dict__["_again"] = True
        made = None
        if len(asked) == 1 and metric == "cosine" and "turned" in self.blocks.__dict__:
            made = single(self.blocks, int(asked[0]), among, n=self._length(n, among), weights=chosen)
        if made is None:
            found, scores = self._nearest(asked, among, n, chosen, metric, None)
            made = found, scores, panel_scores(self.blocks.rows(asked), self.blocks, found, metric=metric)
        found, scores, panels = made
        return Ranking(queries=tuple(items), items=self._ids[found], scores=scores, panels=panels)

    def lists(
        self,
        n: int,
        *,
        items: Sequence[str] | None = None,
        weights: Mapping[str, float] | None = None,
        metric: str = "cosine",
        candidates: Sequence[str] | None = None,
        batch: int | None = None,
        progress: Progress | None = None,
    ) -> Iterator[Batch]:
        """The same of many items, all by default, ``batch`` of them at a time.

        Never all pairs, and never more than a batch of lists are in memory; by default a batch is as large as its
        shortlists fit into a quarter of a GiB. The larger it is the better where all items are asked about: the
        product of two of the same batch is made once for both. ``progress`` is told how many items' worth of work of
        how many is done.
        """
        chosen, among = self._asked(n, weights, candidates, metric)
        if batch is not None and batch < 1:
            raise UsageError(f"a batch is of {batch} items; let it be at least 1.")
        size = batch or max(BATCH // Shortlist.bytes_each(self._length(n, among)), 1)
        asked = None if items is None else self._places(items)
        return self._batches(asked, among, n, chosen, metric, size, progress)

    def _batches(
        self,
        asked: I64 | None,
        among: I64 | None,
        n: int,
        weights: Mapping[str, float],
        metric: str,
        size: int,
        progress: Progress | None,
    ) -> Iterator[Batch]:
        total = len(self.item_ids) if asked is None else len(asked)
        for part in parts(total, size):
            before = part.start

            def told(done: int, _: int, before: int = before) -> None:
                if progress is not None:
                    progress(before + done, total)

            here = numbers(part) if asked is None else asked[part]
            if asked is None and among is None:
                length = self._length(n, among)
                found, scores = neighbours(self.blocks, part, n=length, weights=weights, metric=metric, progress=told)
            else:
                found, scores = self._nearest(here, among, n, weights, metric, told)
            yield Batch(here, found, scores)

    def _nearest(
        self,
        asked: I64,
        among: I64 | None,
        n: int,
        weights: Mapping[str, float],
        metric: str,
        progress: Progress | None,
    ) -> tuple[I64, F32]:
        """Rows of the space nearest to those asked for, of all or of some, and their scores."""
        own, rows = asked, self.blocks
        if among is not None:
            rows = self.blocks.rows(among)
            own = np.where(np.isin(asked, among), np.searchsorted(among, asked), -1)
        found, scores = nearest(
            self.blocks.rows(asked),
            rows,
            n=self._length(n, among),
            weights=weights,
            exclude=own,
            metric=metric,
            progress=progress,
        )
        return found if among is None else np.append(among, -1)[found], scores

    def _asked(
        self, n: int, weights: Mapping[str, float] | None, candidates: Sequence[str] | None, metric: str
    ) -> tuple[dict[str, float], I64 | None]:
        if n < 1:
            raise UsageError(f"n is {n}; ask for at least 1 neighbour.")
        known(metric)
        among = None if candidates is None else np.unique(self._places(candidates))
        return self._weights(weights), among

    def _length(self, n: int, among: I64 | None) -> int:
        """Lists are no longer than there are rows to stand in them."""
        return max(min(n, len(self.blocks) if among is None else len(among)), 1)

    def _places(self, items: Sequence[str]) -> npt.NDArray[np.int64]:
        if isinstance(items, str):
            raise UsageError(f"items are given as a list of ids; write [{items!r}].")
        return np.array([self._row(item_id) for item_id in items], np.int64)

    def _row(self, item_id: str) -> int:
        row = self._rows.get(item_id)
        if row is None:
            raise UnknownName(
                "item", item_id, self.item_ids, hint=f"If it is new, measure it and run triptych fuse ({self.name!r})"
            )
        return row

    def _weights(self, weights: Mapping[str, float] | None) -> dict[str, float]:
        if weights is None:
            return dict.fromkeys(self.panels, 1.0)
        for panel, weight in weights.items():
            if panel not in self.panels:
                raise UnknownName("panel", panel, self.panels)
            if not (np.isfinite(weight) and weight >= 0):
                raise UsageError(f"the weight of {panel} is {weight}; a weight is 0 or above.")
        chosen = {panel: float(weights.get(panel, 0.0)) for panel in self.panels}
        if not any(chosen.values()):
            raise UsageError("all weights are 0; give at least one panel a weight above 0.")
        return chosen
