"""Store: features on disk, one Lance table per recipe, with the recipe written into the table."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from triptych.catalogue.tables import Tables
from triptych.errors import ExtractionError, UnknownName
from triptych.features.feature import Feature, Presence
from triptych.features.recipe import Recipe
from triptych.features.table import FeatureTable

PREFIX = "feature."


def schema_of(recipe: Recipe) -> pa.Schema:
    """``steps`` is 0 for a vector; a sequence ``[t, d]`` is flattened row by row, with ``steps`` = t."""
    return pa.schema(
        [
            pa.field("item_id", pa.string(), nullable=False),
            pa.field("presence", pa.string()),
            pa.field("reason", pa.string()),
            pa.field("steps", pa.int32()),
            pa.field("values", pa.list_(pa.float32())),
            pa.field("times_s", pa.list_(pa.float64())),
        ],
        metadata={"recipe": recipe.to_json()},
    )


class FeatureStore:
    """Reads and writes the features of one catalogue."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def write(self, recipe: Recipe, features: Mapping[str, Feature]) -> None:
        """Upsert features by item id, in one commit."""
        rows = {
            "item_id": list(features),
            "presence": [f.presence.value for f in features.values()],
            "reason": [f.reason for f in features.values()],
            "steps": [len(f.values) if f.values is not None and f.values.ndim == 2 else 0 for f in features.values()],
            "values": [f.values.ravel() if f.values is not None else None for f in features.values()],
            "times_s": [f.times_s for f in features.values()],
        }
        self._tables.upsert(_name(recipe), pa.table(rows, schema=schema_of(recipe)), key="item_id")

    def recipes(self) -> list[Recipe]:
        """The recipes of which there are features, by title and hash."""
        found = [
            Recipe.from_json(self._tables.metadata(name)["recipe"])
            for name in self._tables.names()
            if name.startswith(PREFIX)
        ]
        return sorted(found, key=lambda recipe: (recipe.title, recipe.hash))

    def recipe_of(self, title: str, *, prefer: str = "") -> Recipe:
        """The one recipe with this title; of several, the one whose hash is ``prefer``."""
        found = [recipe for recipe in self.recipes() if recipe.title == title]
        if not found:
            raise UnknownName("feature", title, {r.title for r in self.recipes()}, hint="Measure it: triptych extract")
        chosen = [recipe for recipe in found if recipe.hash == prefer] or found
        if len(chosen) > 1:
            hashes = ", ".join(recipe.hash for recipe in chosen)
            raise ExtractionError(f"{title} was measured by several recipes ({hashes}); say which.")
        return chosen[0]

    def read(self, recipe: Recipe) -> FeatureTable:
        """Vectors of all items that were measured. Sequences are read one by one with :meth:`sequences`."""
        rows = self._tables.read(_name(recipe)).combine_chunks()
        if any(rows["steps"].to_pylist()):
            raise ExtractionError(f"{recipe.title} holds sequences; align them to one length before using them as vectors.")
        item_ids = rows["item_id"].to_pylist()
        presence = np.array(rows["presence"].to_pylist(), dtype="U8")
        present = presence == Presence.PRESENT.value
        flat = rows["values"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
        count = int(present.sum())
        width = len(flat) // count if count else 0
        if width * count != len(flat):
            raise ExtractionError(f"{recipe.title} holds vectors of unlike length; extract it anew into another catalogue.")
        values = np.zeros((len(item_ids), width), np.float32)
        values[present] = flat.reshape(count, width) if count else 0
        return FeatureTable(recipe=recipe, item_ids=tuple(item_ids), values=values, presence=presence)

    def sequences(self, recipe: Recipe) -> dict[str, Feature]:
        """Every measured item's feature as it was extracted, sequences with their times."""
        found: dict[str, Feature] = {}
        for row in self._tables.read(_name(recipe)).to_pylist():
            presence = Presence(row["presence"])
            if presence is not Presence.PRESENT:
                found[row["item_id"]] = Feature(presence=presence, reason=row["reason"])
                continue
            values = np.asarray(row["values"], np.float32)
            times = np.asarray(row["times_s"], np.float64) if row["steps"] else None
            shaped = values.reshape(row["steps"], -1) if row["steps"] else values
            found[row["item_id"]] = Feature(values=shaped, times_s=times)
        return found


def _name(recipe: Recipe) -> str:
    return f"{PREFIX}{recipe.panel}.{recipe.name}.{recipe.hash}"
