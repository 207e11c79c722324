"""Atomic: one of RecBole's files as a table. Fields are separated by tabs and named in the first line as ``name:type``.

=============  ==============================================
token          text without a tab
token_seq      the same with blanks between its parts
float          a number
float_seq      numbers with blanks between them
=============  ==============================================
"""

from __future__ import annotations

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


@dataclass(frozen=True, kw_only=True, eq=False)
class Atomic:
    """A file, or a block of one. ``types``: field → one of TYPES; ``frame``: a column of text for each field."""

    name: str
    types: Mapping[str, str]
    frame: pl.DataFrame

    def column(self, field: str) -> pl.Series | None:
        return self.frame[field] if field in self.types else None


def blocks(folder: Path, name: str, columns: Mapping[str, str], *, whole: bool = False) -> Generator[Atomic]:
    """A file of a folder in blocks, or ``whole``. ``columns``: what is called otherwise in it, our name → its name."""
    path = inside(folder, name)
    if path is None:
        raise SourceError(f"{name!r} in {str(folder)!r} is a link that leads out of the folder. Copy it there.")
    for sheet in Sheet.blocks(path, separator="\t", block_bytes=None if whole else BLOCK_BYTES):
        types = _types(name, sheet.columns)
        ours = {theirs.lower(): own for own, theirs in columns.items() if theirs.lower() in types}
        for own in ours.values():
            if own in types and columns[own].lower() != own:
                raise SourceError(f"{name!r} has a field {own} beside the one that is to be called so.")
        frame = sheet.frame(sheet.columns)
        frame.columns = [ours.get(field, field) for field in types]
        yield Atomic(name=name, types=dict(zip(frame.columns, types.values(), strict=True)), frame=frame)


def write(path: Path, types: Mapping[str, str], frame: pl.DataFrame) -> None:
    """``frame``: for each field a column of cells that hold no tab, line break or quotation mark, or of numbers."""
    named = frame.select([pl.col(field).alias(f"{field}:{kind}") for field, kind in types.items()])
    with path.open("wb") as handle:
        for k in range(0, max(named.height, 1), _SLICE):
            rows = named.slice(k, _SLICE)
            rows.write_csv(handle, separator="\t", include_header=k == 0, quote_style="never")


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
