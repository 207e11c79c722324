"""Write: a catalogue as RecBole's atomic files, from which the same catalogue can be read again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Item
from triptych.interchange import percent
from triptych.interchange.parcel import Parcel, Written, packing
from triptych.interchange.recbole import atomic
from triptych.interchange.recbole.layout import ESCAPE, EVENT, FORMAT, FRACTIONS, ITEM, LISTS, TAG, USER, WHOLE

_SAID = (
    "In every cell % and two hex digits stand for that ASCII character. Blanks stand between the parts of a list and "
    "between the words of a text; within a part they are %20. An empty cell is an absent number, an absent text of a "
    "user, an empty text of an item or an empty list; % alone is an empty text of a user or an empty part of a list."
)


def write_recbole(
    catalogue: Catalogue,
    folder: Path,
    name: str,
    *,
    item_ids: Sequence[str] | None = None,
    interactions: pa.Table | None = None,
) -> Written:
    """Write ``NAME.inter``, ``NAME.item``, ``NAME.user`` and a manifest; ``NAME.tag`` where there are tags.

    ``item_ids`` and ``interactions``: those of a selection; all by default. With either, users who did nothing in
    the selection are left out, and so are tags of other items. Fields that are empty throughout are not written.
    """
    selected = item_ids is not None or interactions is not None
    items = catalogue.items(item_ids)
    events = _frame(catalogue.interactions() if interactions is None else interactions)
    if item_ids is not None and interactions is None:
        events = events.filter(pl.col("item_id").is_in(list(item_ids)))
    users, tags = _frame(catalogue.users()), _frame(catalogue.tags())
    if selected:
        users = users.join(events.select("user_id").unique(), on="user_id", how="semi")
        tags = tags.filter(pl.col("item_id").is_in([item.item_id for item in items]))
    notes: list[str] = []
    if clips := len(catalogue.clips()):
        notes.append(f"{clips:,} clips are files of their own and were not written")
    with packing(folder, name=name, kind=FORMAT) as parcel:
        _write(parcel, f"{name}.inter", EVENT, _event_cells(events), keep=("user_id", "item_id", "rating"))
        _write(parcel, f"{name}.item", ITEM, _item_cells(items), keep=("item_id",))
        if users.height:
            _write(parcel, f"{name}.user", USER, _cells(users, USER, none=True), keep=("user_id",))
        if tags.height:
            _write(parcel, f"{name}.tag", TAG, _cells(tags, TAG, none=True), keep=("user_id", "item_id", "tag"))
        counts = {"items": len(items), "users": users.height, "interactions": events.height}
        parcel.facts.update(version=1, name=name, escape=ESCAPE, cells=_SAID, **counts, tags=tags.height)
    return Written(
        folder=str(folder),
        format=FORMAT,
        name=name,
        files=tuple(sorted(parcel.files)),
        items=len(items),
        users=users.height,
        interactions=events.height,
        notes=tuple(notes),
    )


def _write(parcel: Parcel, name: str, types: Mapping[str, str], cells: pl.DataFrame, *, keep: Sequence[str]) -> None:
    said = {
        field: kind
        for field, kind in types.items()
        if field in cells.columns and (field in keep or cells[field].null_count() < cells.height)
    }
    atomic.write(parcel.path(name), said, cells)


def _event_cells(events: pl.DataFrame) -> pl.DataFrame:
    events = events.rename({"value": "rating"})
    if (events["kind"] == "rating").all():
        events = events.drop("kind")  # said by there being a rating
    return _cells(events, EVENT, none=True)


def _item_cells(items: Sequence[Item]) -> pl.DataFrame:
    columns: list[pl.Series] = []
    for field in ITEM:
        values: list[Any] = [getattr(item, field) for item in items]
        if field in LISTS:
            column = percent.written_lists(pl.Series(field, values, pl.List(pl.String)))
        elif field in WHOLE or field in FRACTIONS:
            column = pl.Series(field, values, pl.Int64 if field in WHOLE else pl.Float64)
        else:
            column = percent.written(pl.Series(field, values, pl.String), none=False)
        columns.append(column.replace({"": None}) if column.dtype == pl.String else column)
    return pl.DataFrame(columns)


def _cells(frame: pl.DataFrame, types: Mapping[str, str], *, none: bool) -> pl.DataFrame:
    texts = [field for field in types if field in frame.columns and frame.schema[field] == pl.String]
    return frame.with_columns(percent.written(frame[field], none=none) for field in texts)


def _frame(table: pa.Table) -> pl.DataFrame:
    """Ids may come encoded by a dictionary."""
    return pl.DataFrame(pl.from_arrow(table)).with_columns(pl.col(pl.Categorical).cast(pl.String))
