"""Store: features on disk, one Lance table per recipe, with the recipe written into the table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from triptych.catalogue.tables import Tables
from triptych.errors import ExtractionError, UnknownName
from triptych.features.bits import is_packed
from triptych.features.feature import Feature, Presence
from triptych.features.recipe import Recipe
from triptych.features.table import FeatureTable

PREFIX = "feature."


def schema_of(recipe: Recipe) -> pa.Schema:
    """A vector ``[d]`` has ``steps`` 0 and ``width`` d; a sequence ``[t, d]`` is flattened row by row, ``steps`` t.

    What is masked has no values, and ``steps`` and ``width`` 0.
    """
    return pa.schema(
        [
            pa.field("item_id", pa.string(), nullable=False),
            pa.field("presence", pa.string()),
            pa.field("reason", pa.string()),
            pa.field("steps", pa.int32()),
            pa.field("width", pa.int32()),
            pa.field("values", pa.list_(pa.float32())),
            pa.field("times_s", pa.list_(pa.float64())),
        ],
        metadata={"recipe": recipe.to_json()},
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Row:
    """One item's feature as it lies on disk: float32 ``[t, d]`` with float64 ``[t]`` seconds for a sequence, ``[d]``
    and no times for a vector, neither where it is masked. The arrays are views into the column and read-only."""

    item_id: str
    presence: Presence
    values: npt.NDArray[np.float32] | None = None
    times_s: npt.NDArray[np.float64] | None = None


class FeatureStore:
    """Reads and writes the features of one catalogue."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._shapes: dict[str, str] = {}

    def write(self, recipe: Recipe, features: Mapping[str, Feature]) -> None:
        """Upsert features by item id, in one commit. All features of a recipe have one width."""
        for item_id, feature in features.items():
            if refused := self.refusal(recipe, feature):
                raise ExtractionError(f"{recipe.title} of {item_id!r} cannot be kept: {refused}.")
        dimensions = [_dimensions(feature) for feature in features.values()]
        rows = {
            "item_id": list(features),
            "presence": [feature.presence.value for feature in features.values()],
            "reason": [feature.reason for feature in features.values()],
            "steps": [steps for steps, _ in dimensions],
            "width": [width for _, width in dimensions],
            "values": [None if feature.values is None else feature.values.ravel() for feature in features.values()],
            "times_s": [feature.times_s for feature in features.values()],
        }
        self._tables.upsert(_name(recipe), pa.table(rows, schema=schema_of(recipe)), key="item_id")

    def refusal(self, recipe: Recipe, feature: Feature) -> str:
        """Why a feature cannot stand beside those that the recipe has made so far; empty if it can.

        The first present feature of a recipe, on disk or since this store was made, fixes what all must be.
        """
        if feature.values is None:
            return ""
        shape = _shape(*_dimensions(feature))
        known = self._shapes.get(recipe.hash) or self._shape_on_disk(recipe) or shape
        self._shapes[recipe.hash] = known
        return "" if shape == known else f"it is a {shape}, but of the other items it is a {known}"

    def recipes(self) -> list[Recipe]:
        """The recipes of which there are features, by title and hash."""
        return self._recipes(PREFIX)

    def _recipes(self, prefix: str) -> list[Recipe]:
        """Those whose table's name begins so: only these tables are opened."""
        found = [
            Recipe.from_json(self._tables.metadata(name)["recipe"])
            for name in self._tables.names()
            if name.startswith(prefix) and self._tables.count(name)
        ]
        return sorted(found, key=lambda recipe: (recipe.title, recipe.hash))

    def clear(self, recipe: Recipe) -> None:
        """Delete the features of a recipe. Earlier commits still hold them; the ledger is not this room's."""
        self._tables.delete(_name(recipe), "presence", [presence.value for presence in Presence])

    def recipe_of(self, title: str, *, prefer: str = "") -> Recipe:
        """The one recipe with this title; of several, the one whose hash is ``prefer``."""
        found = [recipe for recipe in self._recipes(PREFIX + title.replace("/", ".", 1)) if recipe.title == title]
        if not found:
            raise UnknownName("feature", title, {r.title for r in self.recipes()}, hint="Measure it: triptych extract")
        if prefer:
            for recipe in found:
                if recipe.hash == prefer:
                    return recipe
            raise UnknownName(f"recipe of {title}", prefer, {recipe.hash for recipe in found})
        if len(found) > 1:
            counts = ", ".join(f"{title}@{r.hash} in {self._tables.count(_name(r)):,} items" for r in found)
            raise ExtractionError(
                f"{title} was measured by several recipes ({counts}). Say which, like {title}@HASH, or "
                "take one out: triptych forget"
            )
        return found[0]

    def read(self, recipe: Recipe) -> FeatureTable:
        """Vectors of all items that were measured. Sequences are read with :meth:`sequences`."""
        rows = self._rows(recipe)
        if is_packed(recipe):
            raise ExtractionError(
                f"{recipe.title} holds bits, packed many to a number: it tells whether two clips are the same and is "
                "no vector. Leave it out."
            )
        if any(rows["steps"].to_pylist()):
            raise ExtractionError(
                f"{recipe.title} holds sequences; align them to one length before using them as vectors."
            )
        item_ids: list[Any] = rows["item_id"].to_pylist()
        presence = np.array(rows["presence"].to_pylist(), dtype="U8")
        widths = rows["width"].to_numpy()
        present = presence == Presence.PRESENT.value
        if len(different := np.unique(widths[present])) > 1:
            raise ExtractionError(
                f"{recipe.title} holds vectors of {different.tolist()} entries; they must be of one width. "
                "Give the extractor a new version, so that what it measures is kept apart."
            )
        width = int(different[0]) if len(different) else 0
        values = np.zeros((len(item_ids), width), np.float32)
        # Chunk by chunk: one Arrow list array holds no more than 2³¹ numbers.
        flat = [_numbers(chunk) for chunk in rows["values"].chunks]
        values[present] = np.concatenate(flat).reshape(int(present.sum()), width) if flat else values[present]
        return FeatureTable(recipe=recipe, item_ids=tuple(item_ids), values=values, presence=presence)

    def presence(self, recipe: Recipe) -> dict[Presence, int]:
        """How many items have each presence, without reading a value."""
        held = self._tables.read(_name(recipe), columns=["presence"])["presence"].to_pylist()
        return {presence: held.count(presence.value) for presence in Presence}

    def holds_sequences(self, recipe: Recipe) -> bool:
        """Whether it measured sequences, without reading a value; no when it found nothing to measure so far."""
        return self._shape_on_disk(recipe).startswith("sequence")

    def sequences(self, recipe: Recipe) -> dict[str, Feature]:
        """Every measured item's feature as it was extracted, sequences with their times."""
        found: dict[str, Feature] = {}
        for row in self._rows(recipe).to_pylist():
            presence = Presence(row["presence"])
            if presence is not Presence.PRESENT:
                found[row["item_id"]] = Feature(presence=presence, reason=row["reason"])
                continue
            values = np.asarray(row["values"], np.float32)
            times = np.asarray(row["times_s"], np.float64) if row["steps"] else None
            shaped = values.reshape(row["steps"], row["width"]) if row["steps"] else values
            found[row["item_id"]] = Feature(values=shaped, times_s=times)
        return found

    def rows(self, recipe: Recipe) -> Iterator[Row]:
        """The same, one by one, without a Python number for any entry: for a great many long sequences."""
        for batch in self._rows(recipe).to_batches():
            columns: dict[str, Any] = {name: batch[name] for name in batch.schema.names}
            values, times = _Lists(columns["values"]), _Lists(columns["times_s"])
            told = (columns[name].to_pylist() for name in ("item_id", "presence", "steps", "width"))
            for k, (item_id, presence, steps, width) in enumerate(zip(*told, strict=True)):
                if presence != Presence.PRESENT.value:
                    yield Row(item_id=item_id, presence=Presence(presence))
                    continue
                flat = values.of(k)
                yield Row(
                    item_id=item_id,
                    presence=Presence.PRESENT,
                    values=flat.reshape(steps, width) if steps else flat,
                    times_s=times.of(k) if steps else None,
                )

    def _rows(self, recipe: Recipe) -> pa.Table:
        if not self._tables.exists(_name(recipe)):
            known = {f"{r.title}@{r.hash}" for r in self.recipes()}
            raise UnknownName(
                "feature", f"{recipe.title}@{recipe.hash}", known, hint="Measure it: triptych extract CATALOGUE"
            )
        return self._tables.read(_name(recipe))

    def _shape_on_disk(self, recipe: Recipe) -> str:
        if not self._tables.exists(_name(recipe)):
            return ""
        rows = self._tables.read(_name(recipe), columns=["steps", "width"])
        steps, widths = rows["steps"].to_numpy(), rows["width"].to_numpy()
        present = np.flatnonzero(widths)
        return _shape(int(steps[present[0]]), int(widths[present[0]])) if len(present) else ""


def _dimensions(feature: Feature) -> tuple[int, int]:
    """Steps and width, as :func:`schema_of` has them."""
    values = feature.values
    if values is None:
        return 0, 0
    return (len(values) if values.ndim == 2 else 0), values.shape[-1]


def _shape(steps: int, width: int) -> str:
    return f"{'sequence of vectors' if steps else 'vector'} of {width} entries"


def _numbers(chunk: pa.Array[Any]) -> np.ndarray:
    """The floats of one chunk of lists, end to end; a masked row has none."""
    lists: Any = chunk
    return lists.flatten().to_numpy(zero_copy_only=False)


def _name(recipe: Recipe) -> str:
    return f"{PREFIX}{recipe.panel}.{recipe.name}.{recipe.hash}"


class _Lists:
    """The lists of one Arrow column as slices of one array, without a Python number for any entry."""

    def __init__(self, column: Any) -> None:
        self._flat: npt.NDArray[Any] = column.values.to_numpy(zero_copy_only=False)
        self._ends: npt.NDArray[Any] = column.offsets.to_numpy()

    def of(self, row: int) -> npt.NDArray[Any]:
        return self._flat[int(self._ends[row]) : int(self._ends[row + 1])]
