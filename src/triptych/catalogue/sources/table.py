"""Table: items and interactions from CSV, TSV, JSON Lines and Parquet files."""

from __future__ import annotations

import io
import json
import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from triptych.catalogue.interactions import from_frame
from triptych.catalogue.records import Clip, Item
from triptych.catalogue.sources.clipfile import clip_of, inside
from triptych.catalogue.sources.source import Addition, Refusal
from triptych.errors import SourceError

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
LISTS = ("genres", "people", "languages")
TEXTS = ("title", "plot", "released_at")
ITEM_COLUMNS = ("item_id", *TEXTS, "year", *LISTS, "path")
EVENT_COLUMNS = ("user_id", "item_id", "rating", "value", "timestamp", "kind")


@dataclass(frozen=True, kw_only=True)
class TableFile:
    """One table file. With ``user_id`` and ``item_id`` columns it holds interactions, otherwise items.

    Item columns: ``item_id, title, year, genres, plot, people, languages, released_at, path``; lists are
    separated by ``|`` or given as lists. ``path`` is relative to the table's folder and may not leave it.
    """

    path: Path

    def read(self, folder: Path) -> Addition:
        frame = read_frame(self.path)
        if {"user_id", "item_id"} <= set(frame.columns):
            events, refused = from_frame(frame, name=self.path.name)
            unused = tuple(sorted(set(frame.columns) - set(EVENT_COLUMNS)))
            return Addition(interactions=events, refused=tuple(refused), unused_columns=unused)
        return read_items(frame.to_dicts(), name=self.path.name, folder=self.path.parent)


def read_frame(path: Path) -> pl.DataFrame:
    """The file as strings (CSV, TSV) or as typed (JSON Lines, Parquet) columns, names stripped and lower case."""
    try:
        raw = path.read_bytes()
    except OSError as fault:
        raise SourceError(f"{str(path)!r} cannot be read: {fault.strerror}.") from fault
    if not raw.strip(b"\xef\xbb\xbf \t\r\n"):
        raise SourceError(f"{path.name!r} is empty. A table starts with a line of column names, such as item_id,title.")
    suffix = path.suffix.lower()
    try:
        if suffix == ".parquet":
            frame = pl.read_parquet(io.BytesIO(raw))
        elif suffix in (".jsonl", ".ndjson"):
            frame = _json_lines(_decoded(raw, path))
        elif suffix in (".csv", ".tsv"):
            separator = "\t" if suffix == ".tsv" else ","
            text = _decoded(raw, path).replace("\x00", "")
            frame = pl.read_csv(text.encode(), separator=separator, infer_schema=False)
        else:
            raise SourceError(f"{path.name!r} is not a table that is read here; these are: {', '.join(SUFFIXES)}.")
    except (pl.exceptions.PolarsError, ValueError, OSError) as fault:
        cause = re.split(r"\n|You might want", str(fault).strip())[0].strip()
        raise SourceError(f"{path.name!r} cannot be read as {suffix[1:]}: {cause}.") from fault
    names = [column.strip().lstrip("\ufeff").lower() for column in frame.columns]
    if len(set(names)) != len(names):
        raise SourceError(f"{path.name!r} has two columns of the same name: {', '.join(names)}.")
    return frame.rename(dict(zip(frame.columns, names, strict=True)))


def read_items(rows: Sequence[Mapping[str, Any]], *, name: str, folder: Path, need_id: bool = True) -> Addition:
    """Items and their clips from rows of cells; each row that cannot be taken is refused with its number."""
    items: dict[str, Item] = {}
    clips: list[Clip] = []
    refused: list[Refusal] = []
    first: dict[str, int] = {}
    columns = {column for row in rows[:1] for column in row}
    if not columns & {"item_id", "path"}:
        raise SourceError(
            f"{name!r} has the columns {', '.join(sorted(columns)) or '(none)'}; a table of items needs item_id or path, "
            "a table of interactions user_id and item_id."
        )
    for number, row in enumerate(rows, start=1):
        try:
            item, path = item_of(row)
        except ValueError as fault:
            refused.append(Refusal(what=f"{name} row {number}", reason=str(fault)))
            continue
        if item.item_id in items:
            if items[item.item_id] != item:
                refused.append(
                    Refusal(
                        what=f"{name} row {number}",
                        reason=f"its id {item.item_id!r} is that of row {first[item.item_id]}; the first one stands",
                    )
                )
            continue
        if path:
            target = inside(folder, path)
            if target is None:
                refused.append(Refusal(what=item.item_id, reason=f"its path {path!r} leaves the folder of the table"))
            elif not target.is_file():
                refused.append(Refusal(what=item.item_id, reason=f"there is no file at its path {path!r}"))
            else:
                clips.append(clip_of(item.item_id, target))
        items[item.item_id] = item
        first[item.item_id] = number
    return Addition(
        items=list(items.values()),
        clips=clips,
        refused=tuple(refused),
        unused_columns=tuple(sorted(columns - set(ITEM_COLUMNS))),
    )


def item_of(row: Mapping[str, Any]) -> tuple[Item, str]:
    """One row as an Item and the path of its clip ("" if none). Without an item_id the path is the id."""
    path = text_of(row.get("path"))
    item_id = text_of(row.get("item_id"), keep_lines=True) or path
    if not item_id:
        raise ValueError("it has neither an item_id nor a path")
    lists: dict[str, tuple[str, ...]] = {name: list_of(row.get(name)) for name in LISTS}
    return (
        Item(
            item_id=item_id,
            title=text_of(row.get("title")),
            year=year_of(row.get("year")),
            plot=text_of(row.get("plot"), keep_lines=True),
            released_at=text_of(row.get("released_at")),
            **lists,
        ),
        path,
    )


def text_of(cell: Any, *, keep_lines: bool = False) -> str:
    """Clean text: no byte-order mark, no control characters, no half surrogates; NaN and null are empty.

    >>> text_of("\\ufeffNosferatu\\x00 ")
    'Nosferatu'
    >>> text_of(float("nan"))
    ''
    """
    if cell is None or (isinstance(cell, float) and not math.isfinite(cell)):
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = str(cell).lstrip("\ufeff").encode("utf-8", "replace").decode()
    kept = "\n\t" if keep_lines else ""
    text = "".join(c if c in kept or c.isprintable() or c in "\u200d\u200c\ufe0f" else " " for c in text) if not text.isprintable() else text
    text = text.strip()
    return "" if text.lower() in ("nan", "null", "none", "n/a") else text


def list_of(cell: Any) -> tuple[str, ...]:
    """A list, or text separated by ``|``.

    >>> list_of("Drama| Comedy |")
    ('Drama', 'Comedy')
    """
    parts: Sequence[Any] = cell if isinstance(cell, (list, tuple)) else text_of(cell).split("|")  # pyright: ignore[reportUnknownVariableType]
    return tuple(text for part in parts if (text := text_of(part)))


def year_of(cell: Any) -> int | None:
    """A year between 1870 and 2200, or None: a wrong year is worse than none."""
    text = text_of(cell)
    if not text:
        return None
    found = re.fullmatch(r"\(?(\d{4})(\.0+)?\)?", text)
    if found is None or not 1870 <= int(found[1]) <= 2200:
        raise ValueError(f"its year is {text[:40]!r}; a year is four digits from 1870 to 2200, or empty")
    return int(found[1])


def _decoded(raw: bytes, path: Path) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = raw.count(b"\n", 0, fault.start) + 1
        raise SourceError(
            f"{path.name!r} is not UTF-8: line {line} holds the byte 0x{raw[fault.start]:02x}. Save it as UTF-8."
        ) from fault


def _json_lines(text: str) -> pl.DataFrame:
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as fault:
            raise ValueError(f"line {number} is no JSON: {fault}") from fault
        if not isinstance(row, dict):
            raise ValueError(f"line {number} is not an object like {{\"item_id\": …}}")
        rows.append(row)  # pyright: ignore[reportUnknownArgumentType]
    return pl.DataFrame(rows, infer_schema_length=None, strict=False)


def table_at(folder: Path, stem: str) -> Path | None:
    """The one table ``stem.csv|tsv|jsonl|ndjson|parquet`` in a folder; two of them are an error."""
    found = [folder / f"{stem}{suffix}" for suffix in SUFFIXES if os.path.lexists(folder / f"{stem}{suffix}")]
    if len(found) > 1:
        raise SourceError(f"{str(folder)!r} holds {' and '.join(p.name for p in found)}; keep one of them.")
    return found[0] if found else None
