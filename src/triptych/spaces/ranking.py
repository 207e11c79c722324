"""Ranking: for each thing asked about, items in order, with the score of each and what it is made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from triptych.errors import UnknownName


@dataclass(frozen=True, kw_only=True)
class Neighbour:
    """One place in a ranking. ``panels``: the score of each panel alone; absent where either item lacks it."""

    item_id: str
    rank: int
    score: float
    panels: dict[str, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class Ranking:
    """``queries`` ids; ``items`` ``[q, n]`` ids, best first, "" where a list ends early; ``scores`` float32 ``[q, n]``.

    ``panels``: for each panel float32 ``[q, n]``, NaN where the panel is missing on either side: the one place
    where NaN speaks, since a score of 0 would be a claim.
    """

    queries: tuple[str, ...]
    items: npt.NDArray[np.object_]
    scores: npt.NDArray[np.float32]
    panels: dict[str, npt.NDArray[np.float32]]

    def of(self, query: str) -> list[Neighbour]:
        """One query's list."""
        if query not in self.queries:
            raise UnknownName("query", query, self.queries)
        return self._list(self.queries.index(query))

    def __iter__(self) -> Iterator[tuple[str, list[Neighbour]]]:
        for k, query in enumerate(self.queries):
            yield query, self._list(k)

    def _list(self, k: int) -> list[Neighbour]:
        return [
            Neighbour(
                item_id=item_id,
                rank=place + 1,
                score=float(self.scores[k, place]),
                panels={
                    panel: float(scores[k, place])
                    for panel, scores in self.panels.items()
                    if not np.isnan(scores[k, place])
                },
            )
            for place, item_id in enumerate(self.items[k])
            if item_id
        ]
