"""Wanted: a list of trailers as items and addresses: a table, a plain text file, or the catalogue's own links."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from triptych.catalogue.ids import fault_of_id, id_of
from triptych.catalogue.records import Item
from triptych.catalogue.sources.sheet import SUFFIXES, Sheet
from triptych.errors import SourceError
from triptych.gather.trailers.link import Link, NoLink, link_of, name_of, printed, youtube_link
from triptych.gather.trailers.reason import Reason

_SEPARATORS = {".csv": ",", ".tsv": "\t"}
_MISFIT = {"": "a row of another width"}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One item's trailer: its link, or why it has none. ``new``: the list brings the item itself, with this title."""

    item_id: str
    given: str
    link: Link | None = None
    reason: Reason | None = None
    detail: str = ""
    title: str = ""
    new: bool = False


@dataclass(frozen=True, kw_only=True)
class WantedList:
    """What a list asks for, one entry for each item, in its order.

    ``unknown`` rows name items that the catalogue does not have, ``doubled`` ones an item that an earlier row names
    (the first stands), ``unreadable`` ones no item at all.
    """

    wanted: tuple[Wanted, ...]
    rows: int
    unknown: int = 0
    doubled: int = 0
    unreadable: int = 0


def wanted_of(items: Sequence[Item], path: Path | None = None, *, allow_private: bool = False) -> WantedList:
    """Read a list for a catalogue of ``items``; without one, the items' own ``url``.

    A table has the columns ``youtubeId, movieId`` or ``item_id, url``. Any other file is plain text, an address or
    an id, a tab and an address on each line.
    """
    known = {item.item_id for item in items}
    if path is None:
        entries = [_entry(item.item_id, item.url, allow_private=allow_private) for item in items]
        return WantedList(wanted=tuple(entries), rows=len(entries))
    suffix = path.suffix.lower()
    if suffix in _SEPARATORS:
        columns, rows = _separated(path, _SEPARATORS[suffix])
    elif suffix in SUFFIXES:
        sheet = Sheet.open(path)
        columns, rows = sheet.columns, sheet.rows()
    else:
        return _of_lines(path, known, allow_private=allow_private)
    return _of_table(path.name, columns, rows, known, allow_private=allow_private)


def _of_table(
    name: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]], known: set[str], *, allow_private: bool
) -> WantedList:
    if {"item_id", "url"} <= set(columns):
        item, link, youtube = "item_id", "url", False
    elif {"movieid", "youtubeid"} <= set(columns):
        item, link, youtube = "movieid", "youtubeid", True
    else:
        raise SourceError(
            f"{name!r} has the columns {printed(', '.join(columns))}; a list of trailers has item_id and url, or "
            "movieId and youtubeId."
        )
    rows = [row for row in rows if any(cell not in (None, "") for cell in row.values())]
    pairs = [(_id(row, item), _text(row.get(link))) for row in rows]
    entries = (
        _entry(item_id, text, youtube=youtube, allow_private=allow_private)
        for item_id, text in pairs
        if item_id in known
    )
    unreadable = sum(not item_id for item_id, _ in pairs)
    unknown = sum(bool(item_id) and item_id not in known for item_id, _ in pairs)
    return _listed(entries, rows=len(rows), unknown=unknown, unreadable=unreadable)


def _separated(path: Path, separator: str) -> tuple[tuple[str, ...], list[dict[str, str]]]:
    """A list as people pass it on. Unlike a table of items, it may hold a quotation mark astray in a title.

    A row of another width is one that names no item.
    """
    table = csv.reader(io.StringIO(_decoded(path), newline=""), delimiter=separator, strict=True)
    try:
        given, *found = [row for row in table if row] or [[""]]
    except csv.Error as fault:
        raise SourceError(f"{path.name!r} cannot be read: line {table.line_num}: {fault}.") from fault
    columns = tuple(name.strip().lower() for name in given)
    return columns, [dict(zip(columns, row, strict=True)) if len(row) == len(columns) else _MISFIT for row in found]


def _decoded(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as fault:
        raise SourceError(f"{str(path)!r} cannot be read: {fault.strerror}.") from fault
    except UnicodeDecodeError as fault:
        raise SourceError(f"{path.name!r} is not UTF-8: {fault.reason}. Save it as UTF-8.") from fault


def _of_lines(path: Path, known: set[str], *, allow_private: bool) -> WantedList:
    text = _decoded(path)
    lines = [line for line in re.split(r"\r?\n|\r", text) if line.strip() and not line.startswith("#")]
    entries: list[Wanted] = []
    unknown = unreadable = 0
    for line in lines:
        named, tab, address = line.partition("\t")
        if not tab:
            entries.append(_bare(line.strip(), known, allow_private=allow_private))
        elif fault_of_id(named):
            unreadable += 1
        elif named not in known:
            unknown += 1
        else:
            entries.append(_entry(named, address.strip(), allow_private=allow_private))
    return _listed(entries, rows=len(lines), unknown=unknown, unreadable=unreadable)


def _bare(text: str, known: set[str], *, allow_private: bool) -> Wanted:
    """An address alone: its item is called as it is, and made if the catalogue has none of that name."""
    name = name_of(text)
    # What is no address has no name of its own worth keeping apart from others.
    entry = _entry(name or printed(text, 200), text, allow_private=allow_private)
    if entry.link is None:
        return replace(entry, item_id=printed(text, 200))
    title = re.sub(r"\.[A-Za-z0-9]{2,5}$", "", name).replace("_", " ").strip() or name
    return replace(entry, title=title, new=entry.item_id not in known)


def _entry(item_id: str, text: str, *, youtube: bool = False, allow_private: bool = False) -> Wanted:
    given = printed(text)
    try:
        link = youtube_link(text) if youtube else link_of(text, allow_private=allow_private)
    except NoLink as fault:
        return Wanted(item_id=item_id, given=given, reason=fault.reason, detail=str(fault))
    return Wanted(item_id=item_id, given=given, link=link)


def _listed(entries: Iterable[Wanted], *, rows: int, unknown: int, unreadable: int) -> WantedList:
    first: dict[str, Wanted] = {}
    doubled = 0
    for entry in entries:
        doubled += first.setdefault(entry.item_id, entry) is not entry
    return WantedList(wanted=tuple(first.values()), rows=rows, unknown=unknown, doubled=doubled, unreadable=unreadable)


def _id(row: Mapping[str, Any], column: str) -> str:
    try:
        return id_of(row.get(column))
    except ValueError:
        return ""


def _text(cell: Any) -> str:
    """A link's cell as it stands: it is judged, not mended."""
    return cell.strip() if isinstance(cell, str) else "" if cell is None or cell != cell else str(cell)
