"""Known: what a rating model is told of items and users besides ratings, on one fold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from triptych.errors import UsageError
from triptych.evaluate.record import Fit
from triptych.evaluate.split import Split
from triptych.features.table import FeatureTable
from triptych.models.background import Background, Field
from triptych.models.similarity import Snapshot
from triptych.models.written import written
from triptych.studies.folds import learned_items
from triptych.studies.material import Material
from triptych.studies.predicting import LEARNED, titles_of


@dataclass(frozen=True, kw_only=True, eq=False)
class Known:
    """Of the items and users of ``material``. Features that stand are told of whole; those that learn are learned again
    from the training items of a fold, if a model names them, and those in time are read if it does."""

    material: Material
    _standing: dict[str, Field] = field(default_factory=dict[str, Field])

    @cached_property
    def written(self) -> Background:
        history = self.material.history
        ids = {"item_ids": history.item_ids, "user_ids": history.user_ids}
        return written(self.material.items, self.material.users, **ids)

    def of(self, split: Split, key: Mapping[str, Any], learned: Field | None = None) -> tuple[Background, list[Fit]]:
        """``key``: that of the model. ``learned``: what the row learned of items on this fold."""
        material, train = self.material, list(learned_items(split))
        items: dict[str, Field] = dict(self.written.items)
        again = titles_of(key, material.asked)
        fits: list[Fit] = []
        for title in material.titles:
            if title not in material.asked:
                if title not in self._standing:
                    self._standing[title] = _field(material.standing[title], material.item_ids)
                items[title] = self._standing[title]
            elif title in again:
                items[title] = _field(material.tables([title], train)[0], material.item_ids)
                fits.append(Fit(name=f"vocabulary of {title}", kind="vocabulary", learned_from=train))
        if learned is not None:
            items[LEARNED] = learned
        sequences = material.sequences(titles_of(key, material.running))
        return Background(items=items, users=dict(self.written.users), sequences=sequences), fits


def learned_field(snapshot: Snapshot) -> Field:
    """Where items were placed, as a field."""
    there = snapshot.mask.astype(np.bool_)
    return Field(values=np.where(there[:, None], snapshot.vectors, 0).astype(np.float32), mask=there)


def scale_of(told: tuple[float, ...], split: Split) -> tuple[float, float]:
    """The least and the greatest rating there can be: as the protocol has it, or else as they are, on all sides. It is
    how people may rate, which is no secret of the test."""
    if told:
        return told[0], told[1]
    low, high = float(split.history.values.min()), float(split.history.values.max())
    if low >= high:
        raise UsageError(f"all ratings are {low:g}, so that their scale is not known; give scale to the protocol.")
    return low, high


def _field(table: FeatureTable, item_ids: tuple[str, ...]) -> Field:
    values, mask = table.aligned(item_ids)
    return Field(values=np.where(mask[:, None], values, 0).astype(np.float32), mask=mask)
