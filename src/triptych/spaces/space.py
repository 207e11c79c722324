"""Space: items as points, panel by panel, with the recipe they were made by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

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

    @property
    def panels(self) -> tuple[str, ...]:
        return self.blocks.panels

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {item_id: row for row, item_id in enumerate(self.item_ids)}

    def similar(
        self,
        items: Sequence[str],
        *,
        n: int = 10,
        weights: Mapping[str, float] | None = None,
        candidates: Sequence[str] | None = None,
    ) -> Ranking:
        """The ``n`` items nearest to each of ``items``, itself left out, by masked cosine.

        ``weights``: panel → weight, 1 where not given; all others 0 when only some panels are to count.
        """
        if n < 1:
            raise UsageError(f"n is {n}; ask for at least 1 neighbour.")
        chosen = self._weights(weights)
        asked = np.array([self._row(item_id) for item_id in items], np.int64)
        among = np.arange(len(self.item_ids))
        if candidates is not None:
            among = np.unique(np.array([self._row(item_id) for item_id in candidates], np.int64))
        place = {int(row): k for k, row in enumerate(among)}
        queries, rows = self.blocks.rows(asked), self.blocks.rows(among)
        own = [place.get(int(row), -1) for row in asked]
        length = max(min(n, len(among)), 1)
        found, scores = nearest(queries, rows, n=length, weights=chosen, exclude=own)
        ids = np.array([*(self.item_ids[row] for row in among), ""], dtype=object)
        return Ranking(
            queries=tuple(items), items=ids[found], scores=scores, panels=panel_scores(queries, rows, found)
        )

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
