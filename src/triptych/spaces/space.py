"""Space: items as points, panel by panel, with the recipe they were made by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from triptych.errors import SpaceError, UnknownName, UsageError
from triptych.spaces.ranking import Ranking
from triptych.spaces.search import Blocks, nearest, panel_scores


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
    ) -> Ranking:
        """The ``n`` items nearest to each of ``items``, itself left out, by masked cosine.

        ``weights``: panel → weight; all count alike when left out, and when given those that are not named count 0.
        ``candidates``: the only items to choose from, all by default.
        """
        if n < 1:
            raise UsageError(f"n is {n}; ask for at least 1 neighbour.")
        chosen = self._weights(weights)
        asked = self._places(items)
        queries = self.blocks.rows(asked)
        if candidates is None:
            found, scores = nearest(queries, self.blocks, n=self._length(n, self.blocks), weights=chosen, exclude=asked)
        else:
            among = np.unique(self._places(candidates))
            rows = self.blocks.rows(among)
            place = np.searchsorted(among, asked)
            own = np.where(np.isin(asked, among), place, -1)
            found, scores = nearest(queries, rows, n=self._length(n, rows), weights=chosen, exclude=own)
            found = np.append(among, -1)[found]
        return Ranking(
            queries=tuple(items),
            items=self._ids[found],
            scores=scores,
            panels=panel_scores(queries, self.blocks, found),
        )

    @staticmethod
    def _length(n: int, rows: Blocks) -> int:
        """Lists are no longer than there are rows to stand in them."""
        return max(min(n, len(rows)), 1)

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
