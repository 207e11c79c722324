"""Sheet: a table file as columns and rows, before anyone asks what they mean."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, Self, cast

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from triptych.catalogue.ids import text_of_id
from triptych.catalogue.sources.pieces import pieces
from triptych.errors import SourceError

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
#: Of a text file that are held at a time, and rows of a Parquet file.
BLOCK_BYTES = 32 << 20
PARQUET_ROWS = 1 << 20
_SEPARATORS = {".csv": ",", ".tsv": "\t"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Sheet:
    """Cells of CSV and TSV are text, those of Parquet typed columns, those of JSON Lines Python objects.

    Names of columns are stripped and lower case, and no two are the same.
    """

    name: str
    columns: tuple[str, ...]
    cells: pl.DataFrame | list[dict[str, Any]]

    @classmethod
    def open(cls, path: Path) -> Self:
        """SourceError, naming the line where there is one, for a file that is not what its name says."""
        (sheet,) = cls.blocks(path, block_bytes=None)
        return sheet

    @classmethod
    def blocks(
        cls,
        path: Path,
        *,
        block_bytes: int | None = BLOCK_BYTES,
        separator: str = "",
        names: Sequence[str] = (),
        progress: Callable[[int, int], None] | None = None,
    ) -> Generator[Self]:
        """The table in pieces of about ``block_bytes``, so that it need not fit into memory; None: in one piece.

        ``names``: of the columns of a text file that has no line of names. ``separator``: of one whose suffix does
        not tell it. ``progress`` is told how many bytes of how many have been read.
        """
        suffix = path.suffix.lower()
        if suffix not in SUFFIXES and not separator:
            raise SourceError(f"{path.name!r} is not a table that is read here; these are: {', '.join(SUFFIXES)}.")
        if os.path.exists(path) and not os.path.isfile(path):  # noqa: PTH110, PTH113 - these never raise
            raise SourceError(f"{str(path)!r} is not a regular file.")
        try:
            with path.open("rb") as handle:  # given a path, Polars takes [1] for a pattern and a=b for a column
                total, written = _state(handle)
                if suffix == ".parquet":
                    frames = _parquet(handle, whole=block_bytes is None)
                elif suffix in (".jsonl", ".ndjson"):
                    frames = (
                        (_json_lines(_decoded(raw, line), line), None) for raw, line in pieces(handle, block_bytes)
                    )
                else:
                    frames = _separated_pieces(
                        pieces(handle, block_bytes, quotes=True), separator or _SEPARATORS[suffix], names
                    )
                for cells, given in frames:
                    if isinstance(cells, pl.DataFrame):
                        yield cls._of_frame(path.name, cells, given)
                    else:
                        yield cls._of_rows(path.name, cells)
                    if progress is not None:
                        progress(handle.tell(), total)
                if _state(handle) != (total, written):
                    raise ValueError("it was written to meanwhile. Add it again when it is complete")
        except OSError as fault:
            raise SourceError(f"{str(path)!r} cannot be read: {fault.strerror or fault}.") from fault
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, pa.ArrowException, ValueError) as fault:
            cause = str(fault).strip().split("\n")[0].rstrip(".")
            raise SourceError(f"{path.name!r} cannot be read as {suffix[1:] or 'a table'}: {cause}.") from fault

    @classmethod
    def _of_frame(cls, name: str, frame: pl.DataFrame, given: Sequence[str | None] | None = None) -> Self:
        columns = _names(frame.columns if given is None else given)
        return cls(name=name, columns=columns, cells=frame.rename(dict(zip(frame.columns, columns, strict=True))))

    @classmethod
    def _of_rows(cls, name: str, rows: list[dict[str, Any]]) -> Self:
        given = list(dict.fromkeys(key for row in rows for key in row))
        columns = _names(given)
        if list(columns) != given:
            known = dict(zip(given, columns, strict=True))
            rows = [{known[key]: cell for key, cell in row.items()} for row in rows]
        return cls(name=name, columns=columns, cells=rows)

    def renamed(self, columns: Mapping[str, str]) -> Self:
        """With other names: our name → its name. SourceError for one that it does not have, or that is to be two."""
        if not columns:
            return self
        theirs = {ours: name.strip().lower() for ours, name in columns.items()}
        if missing := [name for name in theirs.values() if name not in self.columns]:
            raise SourceError(
                f"{self.name!r} has no column {' and no '.join(map(repr, missing))}; it has {', '.join(self.columns)}."
            )
        if doubles := [name for name, count in Counter(theirs.values()).items() if count > 1]:
            both = " and ".join(own for own, name in theirs.items() if name == doubles[0])
            raise SourceError(f"the column {doubles[0]!r} of {self.name!r} cannot be {both}; give each its own.")
        # What is called as one of ours, and is not it, makes way.
        ours = {name: own for own, name in theirs.items()}
        known = {name: ours.get(name, self._other(name) if name in theirs else name) for name in self.columns}
        if isinstance(self.cells, pl.DataFrame):
            cells: pl.DataFrame | list[dict[str, Any]] = self.cells.rename(known)
        else:
            cells = [{known[name]: cell for name, cell in row.items()} for row in self.cells]
        return replace(self, columns=tuple(known.values()), cells=cells)

    def _other(self, name: str) -> str:
        while name in self.columns:
            name += " (other)"
        return name

    def rows(self) -> Sequence[Mapping[str, Any]]:
        return self.cells.to_dicts() if isinstance(self.cells, pl.DataFrame) else self.cells

    def frame(self, columns: Sequence[str]) -> pl.DataFrame:
        """Those of the given columns that there are. Ids out of JSON are text already; "" where they can be none."""
        wanted = [name for name in columns if name in self.columns]
        if isinstance(self.cells, pl.DataFrame):
            return self.cells.select(wanted)
        found: list[pl.Series] = []
        for name in wanted:
            cells = [row.get(name) for row in self.cells]
            if any(isinstance(cell, (list, dict)) for cell in cells):
                raise SourceError(f"{self.name!r}: the column {name} holds lists or objects, where one value belongs.")
            try:
                found.append(
                    pl.Series(name, [_id_text(cell) for cell in cells], pl.String)
                    if name.endswith("_id")
                    else pl.Series(name, cells, strict=False)
                )
            except (pl.exceptions.PolarsError, ValueError, TypeError, OverflowError) as fault:
                cause = str(fault).split("\n")[0].rstrip(".")
                raise SourceError(f"{self.name!r}: the column {name} cannot be read: {cause}.") from fault
        return pl.DataFrame(found)


def _id_text(cell: object) -> str:
    """Half surrogates cannot be written into a column; an id with one is as good as none."""
    text = text_of_id(cell) or ""
    return "" if re.search("[\ud800-\udfff]", text) else text


def _state(handle: BinaryIO) -> tuple[int, int]:
    """Size and time of the last change, by which a file that grows while it is read is told: its end is torn."""
    found = os.fstat(handle.fileno())
    return found.st_size, found.st_mtime_ns


def _names(given: Sequence[str | None]) -> tuple[str, ...]:
    names = [(name or "").replace("\ufeff", "").strip().lower() or f"column {k}" for k, name in enumerate(given, 1)]
    if doubles := [repr(name) for name, count in Counter(names).items() if count > 1]:
        raise ValueError(f"two of its columns are called {', and two '.join(doubles)}")
    return tuple(names)


def _parquet(handle: BinaryIO, *, whole: bool) -> Iterator[tuple[pl.DataFrame, None]]:
    if whole:
        yield pl.read_parquet(handle), None
        return
    file = pq.ParquetFile(handle)
    if not file.metadata.num_rows:
        yield pl.DataFrame(pl.from_arrow(file.schema_arrow.empty_table())), None
    for batch in file.iter_batches(PARQUET_ROWS):
        yield pl.DataFrame(pl.from_arrow(batch)), None


def _separated_pieces(
    found: Iterator[tuple[bytes, int]], separator: str, names: Sequence[str]
) -> Iterator[tuple[pl.DataFrame, list[str | None]]]:
    given: list[str | None] = list(names)
    for raw, line in found:
        text = _decoded(raw, line)
        if given:
            # Under a line of stand-ins every piece is read as wide as the names are.
            stand_ins = separator.join("x" * len(given))
            yield _separated(f"{stand_ins}\n{text}", separator, line - 1)[0], given
        else:
            frame, given = _separated(text, separator, line)
            yield frame, given


def _separated(text: str, separator: str, before: int = 0) -> tuple[pl.DataFrame, list[str | None]]:
    """All cells as text, empty ones null, and the names in the first line; ``before`` it are so many lines.

    Polars passes over some broken quotes, losing lines; so where there are quotes their grammar is checked first.
    """
    if "\n" not in text:
        text = text.replace("\r", "\n")  # the line ends of old Macs
    if "\x00" in text.split("\n", 1)[0]:
        raise ValueError("its first line holds NUL characters, as UTF-16 does. Save it as UTF-8")
    first = text.lstrip("\r\n").split("\n", 1)[0]
    if separator not in first and (other := next((sign for sign in ",;\t|" if sign in first), "")):
        raise ValueError(
            f"its line of column names has {other!r} between them, and not {separator!r}. "
            "Write commas in a .csv file and tabs in a .tsv file"
        )
    text += "" if text.endswith("\n") else "\n"
    if ('"' in text or "\r" in text) and (fault := _broken(text, separator, before)):
        raise ValueError(fault)
    try:
        # Blank lines before the names would make it a table without columns.
        data = text.lstrip("\r\n").encode()
        frame = pl.read_csv(data, separator=separator, has_header=False, infer_schema=False)
    except pl.exceptions.PolarsError as fault:
        raise ValueError(_misfit(text, separator, before)) from fault
    return frame.slice(1), list(frame.row(0))


def _broken(text: str, separator: str, before: int) -> str:
    """The first field that begins with a quotation mark and is not well quoted, or lone carriage return; or ""."""
    begins, ends = rf"(?<![^{separator}\n])", rf"(?={separator}|\r?\n)"
    quoted = rf'{begins}"[^"]*(?:""[^"]*)*"{ends}'
    for found in re.finditer(rf'{quoted}|({begins}"|\r(?!\n))', text):
        if found[1]:
            line = before + text.count("\n", 0, found.start()) + 1
            if found[1] == '"':
                return (
                    f"line {line} has a quoted field that does not end where it should. "
                    "Write a quotation mark inside a quoted field twice"
                )
            return f"line {line} holds a carriage return that ends no line"
    return ""


def _misfit(text: str, separator: str, before: int) -> str:
    """What a well quoted text that is no table has: a line with too many fields, or a quotation mark astray."""
    width = fields = breaks = stray = 0
    line = before + 1
    # Each match is a field and the separator or line feed that ends it.
    for found in re.finditer(rf'(?:"[^"]*(?:""[^"]*)*"|(?!")[^{separator}\n]*)\r?[{separator}\n]', text):
        field = found[0]
        fields += 1
        breaks += field.count("\n")
        stray = stray or (line if '"' in field and not field.startswith('"') else 0)
        if field.endswith(separator):
            continue
        blank = fields == 1 and not field.strip()
        width = width or (0 if blank else fields)
        if fields > width and not blank:
            return f"line {line} has {fields} fields, the line of column names {width}"
        fields, line, breaks = 0, line + breaks, 0
    where = f"line {stray}" if stray else "it"
    return f'{where} has a quotation mark inside a field that does not begin with one. Write such a field as "5"" disc"'


def _decoded(raw: bytes, before: int) -> str:
    try:
        return raw.decode("utf-8" if before else "utf-8-sig")
    except UnicodeDecodeError as fault:
        line = before + raw.count(b"\n", 0, fault.start) + 1
        raise ValueError(
            f"it is not UTF-8: line {line} holds the byte 0x{raw[fault.start]:02x}. Save it as UTF-8"
        ) from fault


def _json_lines(text: str, before: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(text.split("\n"), start=before + 1):
        if not line.strip():
            continue
        try:
            row: Any = json.loads(line)
        except (ValueError, RecursionError) as fault:
            raise ValueError(f"line {number} is no JSON: {fault}") from fault
        if not isinstance(row, dict):
            raise ValueError(f'line {number} is not an object like {{"item_id": …}}')
        rows.append(cast("dict[str, Any]", row))
    return rows
