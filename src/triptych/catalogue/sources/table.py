"""Table: items and interactions from CSV, TSV, JSON Lines and Parquet files."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, fields
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

from triptych.catalogue.ids import id_of
from triptych.catalogue.records import Clip, Item
from triptych.catalogue.sources.cell import list_of, number_of, text_of, whole_of, year_of
from triptych.catalogue.sources.clipfile import clip_of, fault_of, inside
from triptych.catalogue.sources.events import EVENT_COLUMNS, events_of
from triptych.catalogue.sources.prose import prose_of
from triptych.catalogue.sources.sheet import SUFFIXES, Sheet
from triptych.catalogue.sources.source import Addition, Refusal
from triptych.errors import SourceError, UnknownName

ITEM_COLUMNS = (*(part.name for part in fields(Item)), "path")
_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class TableFile:
    """One table file. With ``user_id`` and ``item_id`` columns it holds interactions, otherwise items.

    Item columns: the fields of :class:`~triptych.catalogue.records.Item`, and ``path``; lists are separated by ``|``
    or given as lists. ``path`` is relative to the table's folder and may not leave it. Ids are kept character for
    character (see :mod:`triptych.catalogue.ids`); other text is cleaned, plots of
    markup and e-mail addresses too (:mod:`triptych.catalogue.sources.prose`).

    ``columns``: what is called otherwise in the file, our name → its name. ``scale``: the least and the greatest
    rating there can be; interactions outside it are refused. ``progress``: told how many bytes of how many are read.
    """

    path: Path
    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    scale: tuple[float, float] | None = None
    progress: Callable[[int, int], None] | None = None

    def read(self, folder: Path) -> Addition:
        for name in self.columns:
            if name not in (known := {*ITEM_COLUMNS, *EVENT_COLUMNS}):
                raise UnknownName("column of ours", name, known)
        sheets = Sheet.blocks(self.path, progress=self.progress)
        with closing(sheets):
            first = next(sheets).renamed(self.columns)
            if not {"user_id", "item_id"} <= set(first.columns):
                rest = [sheet.renamed(self.columns) for sheet in sheets]
                return read_items(first, *rest, folder=self.path.parent)
            later = (sheet.renamed(self.columns) for sheet in sheets)
            events, refused, unused = events_of(chain([first], later), name=self.path.name, scale=self.scale)
        return Addition(interactions=events, refused=tuple(refused), unused_columns=unused)


def read_items(*sheets: Sheet, folder: Path) -> Addition:
    """Items and their clips; each row that cannot be taken is refused with its number, the first row being 1.

    More than one sheet are the blocks of one table.
    """
    sheet = sheets[0]
    if not {"item_id", "path"} & set(sheet.columns):
        raise SourceError(
            f"{sheet.name!r} has the columns {', '.join(sheet.columns)}; a table of items needs item_id or path, "
            "a table of interactions user_id and item_id."
        )
    if "user_id" in sheet.columns and {*ITEM_COLUMNS} & {*sheet.columns} == {"item_id"}:
        raise SourceError(
            f"{sheet.name!r} holds interactions, for of items it has no more than item_id; "
            f"call it interactions{Path(sheet.name).suffix}."
        )
    items: dict[str, Item] = {}
    clips: list[Clip] = []
    refused: list[Refusal] = []
    first: dict[str, tuple[int, str]] = {}
    for number, row in enumerate(chain.from_iterable(part.rows() for part in sheets), start=1):
        if all(cell is None for cell in row.values()):
            continue  # a blank line
        try:
            item, path = item_of(row)
        except ValueError as fault:
            refused.append(Refusal(what=f"{sheet.name} row {number}", reason=str(fault)))
            continue
        if item.item_id in items:
            at, claimed = first[item.item_id]
            if (items[item.item_id], claimed) != (item, path):
                reason = f"its id {item.item_id!r} is that of row {at}, and they differ; the first one stands"
                refused.append(Refusal(what=f"{sheet.name} row {number}", reason=reason))
            continue
        items[item.item_id] = item
        first[item.item_id] = (number, path)
        if path:
            clip = _clip(item.item_id, folder, path)
            if isinstance(clip, Clip):
                clips.append(clip)
            else:
                refused.append(Refusal(what=item.item_id, reason=clip))
    return Addition(
        items=list(items.values()),
        clips=clips,
        refused=tuple(refused),
        unused_columns=tuple(sorted(set(sheet.columns) - set(ITEM_COLUMNS))),
    )


def item_of(row: Mapping[str, Any]) -> tuple[Item, str]:
    """One row as an Item and the path of its clip ("" if none). Without an item_id the path is the id."""
    path = row.get("path")
    path = "" if path is None or path != path else path  # NaN is unlike itself
    if not isinstance(path, str) or "\x00" in path:
        raise ValueError(f"its path {repr(path)[:60]} is no path")
    item_id = id_of(row.get("item_id")) or id_of(path)
    if not item_id:
        raise ValueError("it has neither an item_id nor a path")
    return (
        Item(
            item_id=item_id,
            title=_field(row, "title", text_of),
            year=_field(row, "year", year_of),
            released_at=_field(row, "released_at", text_of),
            runtime_min=_field(row, "runtime_min", number_of),
            genres=_field(row, "genres", list_of),
            plot=_field(row, "plot", prose_of),
            people=_field(row, "people", list_of),
            directors=_field(row, "directors", list_of),
            languages=_field(row, "languages", list_of),
            countries=_field(row, "countries", list_of),
            certificate=_field(row, "certificate", text_of),
            url=_field(row, "url", text_of),
            poster=_field(row, "poster", text_of),
            imdb_id=_field(row, "imdb_id", text_of),
            tmdb_id=_field(row, "tmdb_id", text_of),
            imdb_rating=_field(row, "imdb_rating", number_of),
            imdb_votes=_field(row, "imdb_votes", whole_of),
        ),
        path,
    )


def table_at(folder: Path, stem: str) -> Path | None:
    """The one table ``stem.csv|tsv|jsonl|ndjson|parquet`` in a folder; two of them are an error."""
    names = [f"{stem}{suffix}" for suffix in SUFFIXES if os.path.lexists(folder / f"{stem}{suffix}")]
    if len(names) > 1:
        raise SourceError(f"{str(folder)!r} holds {' and '.join(names)}; keep one of them.")
    if not names:
        return None
    if inside(folder, names[0]) is None:
        raise SourceError(f"{names[0]!r} in {str(folder)!r} is a link that leads out of the folder. Copy it there.")
    return folder / names[0]


def _field(row: Mapping[str, Any], name: str, read: Callable[[Any], _T]) -> _T:
    try:
        return read(row.get(name))
    except ValueError as fault:
        raise ValueError(f"its {name} {fault}") from fault


def _clip(item_id: str, folder: Path, path: str) -> Clip | str:
    """The clip at a path that a table names, or why there is none."""
    try:
        target = inside(folder, path)
        if target is None:
            return f"its path {path!r} leaves the folder of the table"
        fault = fault_of(target)
        return f"its path {path!r}: {fault}" if fault else clip_of(item_id, target)
    except OSError as fault:
        return f"its path {path!r} cannot be read: {fault.strerror}"
