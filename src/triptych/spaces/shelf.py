"""Shelf: the spaces of a catalogue on disk, one Lance table each, recipe and fit in the table's metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
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
        blocks = _blocks(metadata)
        names, widths = [block["name"] for block in blocks], [int(block["width"]) for block in blocks]
        rows = self._tables.read(PREFIX + name).sort_by("item_id")
        item_ids: list[Any] = rows["item_id"].to_pylist()
        held: list[Any] = rows["panels"].to_pylist()
        matrix = np.zeros((len(item_ids), sum(widths)), np.float32)
        if item_ids:
            vectors: list[Any] = rows["vector"].chunks
            flat = np.concatenate([part.flatten().to_numpy(zero_copy_only=False) for part in vectors])
            matrix[:] = flat.reshape(matrix.shape)
        edges: list[int] = np.cumsum([0, *widths]).tolist()
        return Space(
            name=name,
            item_ids=tuple(item_ids),
            blocks=Blocks(
                panels=tuple(block["panel"] for block in blocks),
                names=tuple(names),
                values=tuple(np.ascontiguousarray(matrix[:, a:b]) for a, b in pairwise(edges)),
                mask=np.array([[name in had for name in names] for had in held], bool).reshape(-1, len(names)),
            ),
            recipe=metadata["recipe"],
        )


def _blocks(metadata: Mapping[str, str]) -> list[dict[str, Any]]:
    """Name, panel and width of each block. Spaces written before features had masks of their own have whole panels."""
    if "blocks" in metadata:
        return json.loads(metadata["blocks"])
    widths: dict[str, int] = json.loads(metadata["widths"])
    return [{"name": panel, "panel": panel, "width": width} for panel, width in widths.items()]


def _rows(space: Space, which: Sequence[int], fit: Any) -> pa.Table:
    index = np.array(which, np.int64)
    matrix = np.concatenate([values[index] for values in space.blocks.values], axis=1)
    vector = cast("pa.DataType", pa.list_(pa.float32(), matrix.shape[1]))
    numbers = pa.array(matrix.ravel(), pa.float32())
    schema = pa.schema(
        [
            pa.field("item_id", pa.string(), nullable=False),
            # Of the blocks, the names of those that the item has; the column is older than they are.
            pa.field("panels", pa.list_(pa.string())),
            pa.field("vector", vector),
        ],
        metadata={
            "recipe": space.recipe,
            "fit": json.dumps(fit, allow_nan=False),
            "blocks": json.dumps(
                [
                    {"name": name, "panel": panel, "width": values.shape[1]}
                    for name, panel, values in zip(
                        space.blocks.names, space.blocks.panels, space.blocks.values, strict=True
                    )
                ]
            ),
        },
    )
    return pa.table(
        {
            "item_id": [space.item_ids[k] for k in index],
            "panels": [
                [p for p, held in zip(space.blocks.names, space.blocks.mask[k], strict=True) if held] for k in index
            ],
            "vector": cast("pa.Array[Any]", pa.FixedSizeListArray.from_arrays(numbers, matrix.shape[1])),
        },
        schema=schema,
    )
