"""Interactions: who did what with which item, when. Columns from end to end, never objects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

KINDS = ("rating", "like", "play", "skip")

INTERACTIONS = pa.schema(
    [
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("value", pa.float32()),
        pa.field("timestamp", pa.int64()),
        pa.field("kind", pa.string(), nullable=False),
    ]
)
#: An event is told apart by these; of two of the same the later in the source stands.
EVENT_KEY = ("user_id", "item_id", "kind")
#: Text of which each is held once, however many rows it has.
ENCODED: Any = pa.dictionary(pa.int32(), pa.string())
#: What stands for nothing where rows are compared; no time is negative.
_ABSENT = {"value": np.float32(np.nan), "timestamp": np.int64(-1)}
#: Rows that are made text, or written, at a time.
_SLICE = 1 << 20


def plain(rows: pa.Table) -> pa.Table:
    """As INTERACTIONS has them, where ids and kinds may be encoded by a dictionary."""
    rows = rows.select(INTERACTIONS.names)
    if rows.schema.equals(INTERACTIONS):
        return rows
    parts = [rows.slice(k, _SLICE).cast(INTERACTIONS) for k in range(0, rows.num_rows, _SLICE)]
    return pa.concat_tables(parts) if parts else INTERACTIONS.empty_table()


def against(rows: pa.Table, old: Iterable[pa.RecordBatch]) -> tuple[pa.Table, pa.Table]:
    """Those of ``rows`` that ``old`` does not know, and those that it knows otherwise; each in their order.

    Keys are unique within both. Compared by numbers: the text of each id is looked at once. ``old`` goes by batch
    after batch, so that it need not fit into memory.
    """
    names = {name: codes(rows[name]) for name in EVENT_KEY}
    texts = {name: pa.array(values, pa.string()) for name, (_, values) in names.items()}
    keys = _joined([(numbers, len(values)) for numbers, values in names.values()], rows.num_rows)
    del names
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    mine = {name: _numbers(rows[name], absent) for name, absent in _ABSENT.items()}
    known, same = np.zeros(len(keys), bool), np.zeros(len(keys), bool)
    for batch in old:
        found = {name: _places(batch[name], among) for name, among in texts.items()}
        there = np.flatnonzero(np.logical_and.reduce([places >= 0 for places in found.values()]))
        wanted = _joined([(found[name][there], len(among)) for name, among in texts.items()], len(there))
        place = np.searchsorted(keys, wanted)
        met = place < len(keys)
        met[met] = keys[place[met]] == wanted[met]
        here, there = order[place[met]], there[met]
        alike = np.ones(len(here), bool)
        for name, absent in _ABSENT.items():
            one, other = mine[name][here], _numbers(batch[name], absent)[there]
            alike &= (one == other) | ((one != one) & (other != other))
        known[here], same[here] = True, alike
    return _taken(rows, ~known), _taken(rows, known & ~same)


def repeated(rows: pa.Table) -> npt.NDArray[np.bool_]:
    """bool ``[n]``: where a later row is of the same user, item and kind."""
    keys = _keys(rows)
    order = np.argsort(keys, kind="stable")
    found = np.zeros(len(keys), bool)
    found[order[:-1][keys[order[:-1]] == keys[order[1:]]]] = True
    return found


def codes(column: Any) -> tuple[npt.NDArray[np.int32], list[str]]:
    """int32 ``[n]`` of a chunked Arrow column of text, and the text that each number from 0 on stands for."""
    chunks = _encoded(column).unify_dictionaries().chunks
    if not chunks:
        return np.zeros(0, np.int32), []
    numbers = [np.asarray(chunk.indices.to_numpy(zero_copy_only=False), np.int32) for chunk in chunks]
    return np.concatenate(numbers), chunks[0].dictionary.to_pylist()


def _keys(table: pa.Table) -> npt.NDArray[np.uint64]:
    """uint64 ``[n]``; two rows of the same user, item and kind have the same."""
    found = ((numbers, len(values)) for numbers, values in (codes(table[name]) for name in EVENT_KEY))
    return _joined(found, table.num_rows)


def _joined(parts: Iterable[tuple[npt.NDArray[np.int32], int]], count: int) -> npt.NDArray[np.uint64]:
    """One number for those of several columns, each with how many it may be."""
    keys = np.zeros(count, np.uint64)
    room = 1
    for numbers, width in parts:
        room *= width
        if room > 2**64:
            raise OverflowError("more combinations of user, item and kind than 64 bits can tell apart")
        keys *= np.uint64(width)
        np.add(keys, numbers, out=keys, casting="unsafe")  # none is negative
    return keys


def _places(column: Any, among: Any) -> npt.NDArray[np.int32]:
    """int32 ``[n]``: where the text of each row stands among others; -1 where it does not."""
    encoded = column.cast(pa.string()).dictionary_encode()
    place = cast("Any", pc.index_in(encoded.dictionary, among))  # pyright: ignore[reportUnknownVariableType]
    return place.fill_null(-1).to_numpy()[encoded.indices.to_numpy()]


def _encoded(column: Any) -> Any:
    if pa.types.is_dictionary(column.type):
        return column
    # A table is read in thousands of pieces, and each would come to hold the whole dictionary.
    joined: Any = pa.table([column.cast(pa.string())], names=["id"]).combine_chunks()
    return joined["id"].dictionary_encode()


def _numbers(column: Any, absent: np.generic) -> npt.NDArray[Any]:
    return column.cast(pa.from_numpy_dtype(absent.dtype)).fill_null(absent.item()).to_numpy(zero_copy_only=False)


def _taken(rows: pa.Table, mask: npt.NDArray[np.bool_]) -> pa.Table:
    return rows if mask.all() else rows.filter(pa.array(mask))
