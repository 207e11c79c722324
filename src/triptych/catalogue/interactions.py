"""Interactions: who did what with which item, when. Columns from end to end, never objects."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

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
_TYPES: dict[str, Any] = {name: INTERACTIONS.field(name).type for name in INTERACTIONS.names}
#: Rows that are made text, or written, at a time.
_SLICE = 1 << 20


def plain(rows: pa.Table) -> pa.Table:
    """As INTERACTIONS has them, where ids and kinds may be encoded by a dictionary."""
    rows = rows.select(INTERACTIONS.names)
    if rows.schema.equals(INTERACTIONS):
        return rows
    parts = [rows.slice(k, _SLICE).cast(INTERACTIONS) for k in range(0, rows.num_rows, _SLICE)]
    return pa.concat_tables(parts) if parts else INTERACTIONS.empty_table()


def encoded(rows: pa.Table | pa.RecordBatch) -> pa.Table:
    """The other way: ids and kinds each once, and a number for every row."""
    columns = [rows[name].cast(ENCODED if name in EVENT_KEY else kept) for name, kept in _TYPES.items()]
    return pa.table(columns, names=list(_TYPES))


def against(rows: pa.Table, old: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Those of ``rows`` that ``old`` does not know, and those that it knows otherwise; each in their order.

    Keys are unique within both. Compared by numbers: the text of each id is looked at once.
    """
    if not old.num_rows or not rows.num_rows:
        return rows, rows.slice(0, 0)
    new_keys, old_keys = _keys(rows, old)
    order = np.argsort(old_keys, kind="stable")
    place = np.minimum(np.searchsorted(old_keys, new_keys, sorter=order), len(order) - 1)
    there = order[place]
    known = old_keys[there] == new_keys
    same = known.copy()
    for name, absent in (("value", np.float32(np.nan)), ("timestamp", np.int64(-1))):  # no time is negative
        mine, theirs = (_numbers(table, name, absent)[at] for table, at in ((rows, slice(None)), (old, there)))
        same &= (mine == theirs) | ((mine != mine) & (theirs != theirs))
    return _taken(rows, ~known), _taken(rows, known & ~same)


def repeated(rows: pa.Table) -> npt.NDArray[np.bool_]:
    """bool ``[n]``: where a later row is of the same user, item and kind."""
    (keys,) = _keys(rows)
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


def _keys(*tables: pa.Table) -> list[npt.NDArray[np.uint64]]:
    """uint64 ``[n]`` for each table; two rows of the same user, item and kind have the same."""
    keys = np.zeros(sum(table.num_rows for table in tables), np.uint64)
    room = 1
    for name in EVENT_KEY:
        chunks = [chunk for table in tables for chunk in _encoded(table[name]).chunks]
        numbers, values = codes(pa.chunked_array(chunks, ENCODED))
        room *= len(values)
        if room > 2**64:
            raise OverflowError("more combinations of user, item and kind than 64 bits can tell apart")
        keys *= np.uint64(len(values))
        keys += numbers.astype(np.uint64)
    return np.split(keys, np.cumsum([table.num_rows for table in tables])[:-1])


def _encoded(column: Any) -> Any:
    if pa.types.is_dictionary(column.type):
        return column
    # A table is read in thousands of pieces, and each would come to hold the whole dictionary.
    joined: Any = pa.table([column.cast(pa.string())], names=["id"]).combine_chunks()
    return joined["id"].dictionary_encode()


def _numbers(table: pa.Table, name: str, absent: np.generic) -> npt.NDArray[Any]:
    column: Any = table[name]
    return column.cast(INTERACTIONS.field(name).type).fill_null(absent.item()).to_numpy()


def _taken(rows: pa.Table, mask: npt.NDArray[np.bool_]) -> pa.Table:
    return rows if mask.all() else rows.filter(pa.array(mask))
