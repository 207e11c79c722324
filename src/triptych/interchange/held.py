"""Held: one feature of a catalogue as arrays, with the reasons of what is masked: what an export writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.catalogue.catalogue import Catalogue
from triptych.errors import SourceError, UsageError
from triptych.features.feature import Presence
from triptych.features.recipe import Recipe
from triptych.features.store import PREFIX, FeatureStore

_UNMEASURED = "it was not measured"


@dataclass(frozen=True, kw_only=True, eq=False)
class Held:
    """``values``: float32 ``[n, d]``, finite, zero where ``presence[i]`` is not present, for which ``reasons[i]``."""

    recipe: Recipe
    item_ids: tuple[str, ...]
    values: npt.NDArray[np.float32]
    presence: tuple[str, ...]
    reasons: tuple[str, ...]

    def __post_init__(self) -> None:
        lengths = {len(self.item_ids), len(self.values), len(self.presence), len(self.reasons)}
        title = self.recipe.title
        if len(lengths) > 1 or self.values.ndim != 2:
            raise SourceError(f"{title}: ids, vectors, presence and reasons differ in length.")
        if unknown := set(self.presence) - {presence.value for presence in Presence}:
            raise SourceError(f"{title} has an item whose presence is {min(unknown)[:40]!r}.")
        if len(set(self.item_ids)) != len(self.item_ids):
            raise SourceError(f"{title} has two vectors for one item.")
        if not np.isfinite(self.values[self.present]).all():
            raise SourceError(f"{title} holds numbers that are not finite.")

    @property
    def present(self) -> npt.NDArray[np.bool_]:
        return np.array([presence == Presence.PRESENT.value for presence in self.presence], bool)

    @classmethod
    def of(cls, catalogue: Catalogue, title: str, item_ids: Sequence[str]) -> Held:
        """A feature, ``PANEL/NAME`` or ``PANEL/NAME@HASH``, of these items; one that was not measured says so."""
        store = FeatureStore(catalogue.tables)
        name, _, prefer = title.partition("@")
        recipe = store.recipe_of(name, prefer=prefer)
        values, _ = store.read(recipe).aligned(item_ids)
        columns = ["item_id", "presence", "reason"]
        table = catalogue.tables.read(f"{PREFIX}{recipe.panel}.{recipe.name}.{recipe.hash}", columns=columns)
        cells: list[list[Any]] = [table[column].to_pylist() for column in columns]
        known = {item_id: (presence, reason or "") for item_id, presence, reason in zip(*cells, strict=True)}
        states = [known.get(item_id, (Presence.MISSING.value, _UNMEASURED)) for item_id in item_ids]
        return cls(
            recipe=recipe,
            item_ids=tuple(item_ids),
            values=values,
            presence=tuple(presence for presence, _ in states),
            reasons=tuple(reason for _, reason in states),
        )


def held(catalogue: Catalogue, titles: Sequence[str] | None, item_ids: Sequence[str]) -> list[Held]:
    """Features of a catalogue, all by default."""
    if titles is None:
        titles = sorted({recipe.title for recipe in FeatureStore(catalogue.tables).recipes()})
    if not titles:
        raise UsageError("there is no feature to write. Measure some: triptych extract CATALOGUE")
    return [Held.of(catalogue, title, item_ids) for title in dict.fromkeys(titles)]
