"""Shelf: the spaces of a catalogue on disk, one Lance table each, recipe and fit in the table's metadata.

The arrays of a fit stand in a table beside the space, and the space names them by their digest. They are written first:
a kill between the two leaves the old space with its old arrays, and what nothing names is swept at the next write.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from triptych.catalogue.tables import Tables
from triptych.errors import SpaceError, UnknownName
from triptych.spaces.search import Blocks
from triptych.spaces.space import Space

PREFIX = "space."
ARRAYS = "fit."

#: One row for each array: ``dtype`` as numpy writes it, byte order included; ``data`` its bytes, row by row.
SCHEMA = pa.schema(
    [
        pa.field("digest", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("dtype", pa.string()),
        pa.field("shape", pa.list_(pa.int64())),
        pa.field("data", pa.large_binary()),
    ]
)


class Shelf:
    """Reads and writes spaces. ``fit`` and ``arrays`` are whatever its maker needs to place new items later."""

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

    def arrays(self, name: str) -> dict[str, npt.NDArray[Any]]:
        """The arrays of a space's fit, bit for bit and read-only; none where it was written without any."""
        digest = self._digest(name)
        if not digest:
            return {}
        found: dict[str, npt.NDArray[Any]] = {}
        if self._tables.exists(ARRAYS + name):
            for row in self._tables.read(ARRAYS + name, where=f"digest = '{digest}'").to_pylist():
                found[row["name"]] = np.frombuffer(row["data"], np.dtype(row["dtype"])).reshape(row["shape"])
        if digest_of(found) != digest:
            raise SpaceError(
                f"what space {name!r} learned is not on disk as it was written. Put the files back from a copy, or "
                "learn it anew: triptych fuse CATALOGUE --refit"
            )
        return found

    def holds_all(self, name: str) -> bool:
        """Whether a space is of all items that there were, and not of some that were chosen."""
        held = self.fit(name)
        return held is None or not held[1].get("chosen", False)

    def replace(self, space: Space, fit: Any, arrays: Mapping[str, npt.NDArray[Any]] | None = None) -> None:
        """Write the whole space in one commit, after the arrays of its fit."""
        digest = digest_of(arrays) if arrays else ""
        if arrays:
            self._tables.upsert(ARRAYS + space.name, _rows_of(arrays, digest), key=["digest", "name"])
        metadata = {"recipe": space.recipe, "fit": json.dumps(fit, allow_nan=False), "arrays": digest}
        metadata["blocks"] = json.dumps(
            [
                {"name": name, "panel": panel, "width": values.shape[1]}
                for name, panel, values in zip(
                    space.blocks.names, space.blocks.panels, space.blocks.values, strict=True
                )
            ]
        )
        self._tables.replace(PREFIX + space.name, _rows(space, range(len(space.item_ids)), metadata))
        self._sweep(space.name)

    def place(self, space: Space, item_ids: Sequence[str]) -> None:
        """Write only these items of a space; what it was fitted on stays as it was written."""
        row = {item_id: k for k, item_id in enumerate(space.item_ids)}
        metadata = self._tables.metadata(PREFIX + space.name)
        rows = _rows(space, [row[item_id] for item_id in item_ids], metadata)
        self._tables.upsert(PREFIX + space.name, rows, key="item_id")
        self._sweep(space.name)

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

    def _digest(self, name: str) -> str:
        """Of the arrays that a space names; empty where it has none, as those written before arrays had a table."""
        if not self._tables.exists(PREFIX + name):
            return ""
        return self._tables.metadata(PREFIX + name).get("arrays", "")

    def _digests(self, name: str) -> set[str]:
        """Those that are on disk, whether the space names them or not."""
        if not self._tables.exists(ARRAYS + name):
            return set()
        held: list[Any] = self._tables.read(ARRAYS + name, columns=["digest"])["digest"].to_pylist()
        return set(held)

    def _sweep(self, name: str) -> None:
        """Delete the arrays that the space does not name: of fits before this one, and of kills before the commit."""
        if others := sorted(self._digests(name) - {self._digest(name)}):
            self._tables.delete(ARRAYS + name, "digest", others)


def digest_of(arrays: Mapping[str, npt.NDArray[Any]]) -> str:
    """32 hex digits over names, dtypes, shapes and bytes."""
    found = hashlib.blake2b(digest_size=16)
    for name in sorted(arrays):
        values = arrays[name]
        found.update(json.dumps([name, values.dtype.str, values.shape]).encode())
        found.update(np.ascontiguousarray(values).tobytes())
    return found.hexdigest()


def _rows_of(arrays: Mapping[str, npt.NDArray[Any]], digest: str) -> pa.Table:
    for name, values in arrays.items():
        if values.dtype.kind not in "biufU":
            raise SpaceError(f"the array {name} of a fit holds {values.dtype}; arrays of numbers and of text are kept.")
    return pa.table(
        {
            "digest": [digest] * len(arrays),
            "name": list(arrays),
            "dtype": [values.dtype.str for values in arrays.values()],
            "shape": [list(values.shape) for values in arrays.values()],
            "data": [np.ascontiguousarray(values).tobytes() for values in arrays.values()],
        },
        schema=SCHEMA,
    )


def _blocks(metadata: Mapping[str, str]) -> list[dict[str, Any]]:
    """Name, panel and width of each block. Spaces written before features had masks of their own have whole panels."""
    if "blocks" in metadata:
        return json.loads(metadata["blocks"])
    widths: dict[str, int] = json.loads(metadata["widths"])
    return [{"name": panel, "panel": panel, "width": width} for panel, width in widths.items()]


def _rows(space: Space, which: Sequence[int], metadata: Mapping[str, str]) -> pa.Table:
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
        metadata={**metadata},
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
