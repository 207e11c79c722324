"""Atomic: one of RecBole's files as a table. Fields are separated by tabs and named in the first line as ``name:type``.

=============  ==============================================
token          text without a tab
token_seq      the same with blanks between its parts
float          a number
float_seq      numbers with blanks between them
=============  ==============================================
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from triptych.catalogue.sources.clipfile import inside
from triptych.catalogue.sources.sheet import BLOCK_BYTES, Sheet
from triptych.errors import SourceError

TYPES = ("token", "token_seq", "float", "float_seq")
#: What a data set may consist of; of the last three nothing is read here.
SUFFIXES = (".inter", ".user", ".item", ".kg", ".link", ".net")
#: Rows that are made text at a time.
_SLICE = 1 << 20
_QUOTED = re.compile(r'"((?:[^"]|"")*)"')


@dataclass(frozen=True, kw_only=True, eq=False)
class Atomic:
    """A file, or a block of one. ``types``: field → one of TYPES; ``frame``: a column of text for each field.

    ``literal``: its quotation marks did not pair, and were read as letters.
    """

    name: str
    types: Mapping[str, str]
    frame: pl.DataFrame
    literal: bool = False

    def column(self, field: str) -> pl.Series | None:
        return self.frame[field] if field in self.types else None


def blocks(folder: Path, name: str, columns: Mapping[str, str], *, whole: bool = False) -> Generator[Atomic]:
    """A file of a folder in blocks, or ``whole``. ``columns``: what is called otherwise in it, our name → its name."""
    path = inside(folder, name)
    if path is None:
        raise SourceError(f"{name!r} in {str(folder)!r} is a link that leads out of the folder. Copy it there.")
    for sheet, literal in _sheets(path, whole=whole):
        types = _types(name, sheet.columns)
        ours = {theirs.lower(): own for own, theirs in columns.items() if theirs.lower() in types}
        for own in ours.values():
            if own in types and columns[own].lower() != own:
                raise SourceError(f"{name!r} has a field {own} beside the one that is to be called so.")
        frame = sheet.frame(sheet.columns)
        frame.columns = [ours.get(field, field) for field in types]
        yield Atomic(
            name=name, types=dict(zip(frame.columns, types.values(), strict=True)), frame=frame, literal=literal
        )


def write(path: Path, types: Mapping[str, str], frame: pl.DataFrame) -> None:
    """``frame``: for each field a column of cells that hold no tab, line break or quotation mark, or of numbers."""
    named = frame.select([pl.col(field).alias(f"{field}:{kind}") for field, kind in types.items()])
    with path.open("wb") as handle:
        for k in range(0, max(named.height, 1), _SLICE):
            rows = named.slice(k, _SLICE)
            rows.write_csv(handle, separator="\t", include_header=k == 0, quote_style="never")


def _sheets(path: Path, *, whole: bool) -> Generator[tuple[Sheet, bool]]:
    """Each with whether it was read letter by letter."""
    if not whole:
        for sheet in Sheet.blocks(path, separator="\t", block_bytes=BLOCK_BYTES):
            yield sheet, False
        return
    try:
        (sheet,) = Sheet.blocks(path, separator="\t", block_bytes=None)
    except SourceError:
        plain = _literal(path)
        if plain is None:
            raise
        yield plain, True
    else:
        yield sheet, False


def _literal(path: Path) -> Sheet | None:
    """A file in which quotation marks stand as its makers found them: ``"Great Performances" Cats``.

    None where they are not the trouble: there are none, or lines have unlike numbers of fields.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None
    rows = [line.removesuffix("\r").split("\t") for line in text.split("\n") if line.strip()]
    if '"' not in text or len({len(row) for row in rows}) != 1:
        return None
    names = tuple(name.strip().lower() for name in rows[0])
    if len(set(names)) < len(names):
        return None
    columns = [
        pl.Series(name, [_unquoted(row[k]) or None for row in rows[1:]], pl.String) for k, name in enumerate(names)
    ]
    return Sheet(name=path.name, columns=names, cells=pl.DataFrame(columns))


def _unquoted(cell: str) -> str:
    found = _QUOTED.fullmatch(cell)
    return cell if found is None else found[1].replace('""', '"')


def _types(name: str, columns: tuple[str, ...]) -> dict[str, str]:
    types: dict[str, str] = {}
    for column in columns:
        field, _, kind = column.rpartition(":")
        if not field or kind not in TYPES:
            raise SourceError(
                f"{name!r} is no atomic file: its first line has {column[:60]!r} where a field is named like "
                f"item_id:token. Types are {', '.join(TYPES)}."
            )
        if field in types:
            raise SourceError(f"{name!r} has two fields called {field!r}.")
        types[field] = kind
    return types
