"""Shelf: the spaces of a catalogue on disk, one Lance table each, recipe and fit in the table's metadata."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, cast

import numpy as np
import pyarrow as pa

from triptych.catalogue.tables import Tables
from triptych.errors import UnknownName
from triptych.spaces.search import Blocks
from triptych.spaces.space import Space

PREFIX = "space."


class Shelf:
    """Reads and writes spaces. ``fit`` is whatever its maker needs to place new items later."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def names(self) -> list[str]:
        return [name.removeprefix(PREFIX) for name in self._tables.names() if name.startswith(PREFIX)]

    def fit(self, name: str) -> tuple[str, Any] | None:
        """Recipe and fit of a space, or None if there is no such space."""
        if not self._tables.exists(PREFIX + name):
            return None
        metadata = self._tables.metadata(PREFIX + name)
        return metadata["recipe"], json.loads(metadata["fit"])

    def holds_all(self, name: str) -> bool:
        """Whether a space is of all items that there were, and not of some that were chosen."""
        held = self.fit(name)
        return held is None or not held[1].get("chosen", False)

    def replace(self, space: Space, fit: Any) -> None:
        """Write the whole space in one commit."""
        self._tables.replace(PREFIX + space.name, _rows(space, range(len(space.item_ids)), fit))

    def place(self, space: Space, item_ids: Sequence[str], fit: Any) -> None:
        """Write only these items of a space whose fit has not changed."""
        row = {item_id: k for k, item_id in enumerate(space.item_ids)}
        self._tables.upsert(PREFIX + space.name, _rows(space, [row[i] for i in item_ids], fit), key="item_id")

    def remove(self, name: str, item_ids: Sequence[str]) -> None:
        self._tables.delete(PREFIX + name, "item_id", item_ids)

    def read(self, name: str) -> Space:
        if not self._tables.exists(PREFIX + name):
            raise UnknownName(
                "space", name, self.names(), hint="Name another with --space, or make one: triptych fuse CATALOGUE"
            )
        metadata = self._tables.metadata(PREFIX + name)
        widths: dict[str, int] = json.loads(metadata["widths"])
        rows = self._tables.read(PREFIX + name).sort_by("item_id")
        columns: tuple[list[Any], list[Any]] = rows["item_id"].to_pylist(), rows["panels"].to_pylist()
        item_ids, held = columns
        matrix = np.zeros((len(item_ids), sum(widths.values())), np.float32)
        if item_ids:
            vectors: list[Any] = rows["vector"].chunks
            flat = np.concatenate([part.flatten().to_numpy(zero_copy_only=False) for part in vectors])
            matrix[:] = flat.reshape(matrix.shape)
        edges: list[int] = np.cumsum([0, *widths.values()]).tolist()
        return Space(
            name=name,
            item_ids=tuple(item_ids),
            blocks=Blocks(
                panels=tuple(widths),
                values=tuple(np.ascontiguousarray(matrix[:, a:b]) for a, b in pairwise(edges)),
                mask=np.array([[panel in had for panel in widths] for had in held], bool).reshape(-1, len(widths)),
            ),
            recipe=metadata["recipe"],
        )


def _rows(space: Space, which: Sequence[int], fit: Any) -> pa.Table:
    index = np.array(which, np.int64)
    matrix = np.concatenate([values[index] for values in space.blocks.values], axis=1)
    vector = cast("pa.DataType", pa.list_(pa.float32(), matrix.shape[1]))
    numbers = pa.array(matrix.ravel(), pa.float32())
    schema = pa.schema(
        [
            pa.field("item_id", pa.string(), nullable=False),
            pa.field("panels", pa.list_(pa.string())),
            pa.field("vector", vector),
        ],
        metadata={
            "recipe": space.recipe,
            "fit": json.dumps(fit, allow_nan=False),
            "widths": json.dumps(
                {panel: v.shape[1] for panel, v in zip(space.panels, space.blocks.values, strict=True)}
            ),
        },
    )
    return pa.table(
        {
            "item_id": [space.item_ids[k] for k in index],
            "panels": [[p for p, held in zip(space.panels, space.blocks.mask[k], strict=True) if held] for k in index],
            "vector": cast("pa.Array[Any]", pa.FixedSizeListArray.from_arrays(numbers, matrix.shape[1])),
        },
        schema=schema,
    )
