"""Feature table: one feature of many items, as a matrix with a mask. What fusion and models read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from triptych.errors import ExtractionError
from triptych.features.feature import Presence
from triptych.features.recipe import Recipe


@dataclass(frozen=True, kw_only=True, eq=False)
class FeatureTable:
    """``values``: float32 ``[n, d]``, finite; rows that are not present are zero and masked.

    ``presence``: str ``[n]``, of :class:`~triptych.features.feature.Presence`. Rows are found by id, never by position.
    """

    recipe: Recipe
    item_ids: tuple[str, ...]
    values: npt.NDArray[np.float32]
    presence: npt.NDArray[np.str_]

    def __post_init__(self) -> None:
        if len(self.item_ids) != len(self.values) or len(self.item_ids) != len(self.presence):
            raise ExtractionError(f"{self.recipe.title}: ids, values and presence differ in length.")
        if len(set(self.item_ids)) != len(self.item_ids):
            raise ExtractionError(f"{self.recipe.title}: an item id stands twice.")
        if not np.isfinite(self.values).all():
            raise ExtractionError(f"{self.recipe.title} holds NaN or infinite values; mask them before they get here.")

    @property
    def present(self) -> npt.NDArray[np.bool_]:
        return self.presence == Presence.PRESENT.value

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {item_id: row for row, item_id in enumerate(self.item_ids)}

    def aligned(self, item_ids: Sequence[str]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
        """Values ``[m, d]`` and mask ``[m]`` for these ids in this order; an id that was never measured is masked."""
        rows = np.array([self._rows.get(item_id, -1) for item_id in item_ids], np.int64)
        known = rows >= 0
        values = np.zeros((len(rows), self.values.shape[1]), np.float32)
        values[known] = self.values[rows[known]]
        mask = np.zeros(len(rows), bool)
        mask[known] = self.present[rows[known]]
        return values, mask
