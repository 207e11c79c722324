"""Table: vectors out of a table: one column with all their numbers, or one column for each entry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from triptych.catalogue.sources.sheet import Sheet
from triptych.errors import SourceError, UsageError
from triptych.interchange.array import ids_of
from triptych.interchange.offering import Offering, digest_of

#: What the column of ids is called, if no one says.
ID_COLUMNS = ("item_id", "itemid", "movieid", "movie_id", "ml_id", "asin", "id")
#: What the column of vectors is called.
VECTOR_COLUMNS = ("embedding", "embeddings", "vector", "vectors", "feature", "features", "values", "emb")
#: What the column of titles is called, if there is one; they are only compared.
TITLE_COLUMNS = ("title", "movie_title", "name")
_BETWEEN = r"[\s\[\](){},;|]+"


def read_table(path: Path, *, columns: Sequence[str] = (), id_column: str = "") -> Offering:
    """CSV, TSV, JSON Lines or Parquet.

    ``columns``: the one that holds whole vectors (numbers separated by commas, blanks or semicolons, in brackets or
    not; or lists), or those that hold an entry each. Without them: a column called embedding, vector or the like;
    else the only one of lists; else all columns of numbers but the ids.
    """
    sheet = Sheet.open(path)
    chosen = id_column_of(sheet, id_column)
    cells = sheet.cells if isinstance(sheet.cells, pl.DataFrame) else pl.DataFrame(sheet.cells, strict=False)
    if not cells.height:
        raise SourceError(f"{sheet.name!r} has column names and no rows.")
    wanted = [name.strip().lower() for name in columns] or _guess(sheet, cells, chosen)
    if missing := [name for name in wanted if name not in cells.columns]:
        raise UsageError(f"{sheet.name!r} has no column {missing[0]!r}; it has {', '.join(sheet.columns)}.")
    whole = len(wanted) == 1 and _holds_vectors(cells[wanted[0]])
    values, absent = vectors_of(cells[wanted[0]], path.name) if whole else _entries(cells, wanted, path.name)
    notes: list[str] = []
    if not whole:
        passed = [name for name in cells.columns if name not in (chosen, *wanted)]
        notes.append(f"its columns {_shown(wanted)} are the entries" + (f"; not {_shown(passed)}" if passed else ""))
    return Offering(
        ids=ids_of(cells[chosen].to_list()),
        values=values,
        absent=absent,
        facts={"file": path.name, "digest": digest_of([path]), "ids": chosen, "columns": wanted},
        notes=tuple(notes),
        titles=_titles(cells),
    )


def id_column_of(sheet: Sheet, asked: str) -> str:
    """The column that holds the ids of items."""
    asked = asked.strip().lower()
    if asked:
        if asked not in sheet.columns:
            raise UsageError(f"{sheet.name!r} has no column {asked!r}; it has {', '.join(sheet.columns)}.")
        return asked
    for name in ID_COLUMNS:
        if name in sheet.columns:
            return name
    if len(sheet.columns) == 1:
        return sheet.columns[0]
    raise UsageError(
        f"which column of {sheet.name!r} holds the ids? It has {', '.join(sheet.columns)}. Say so: --id-column NAME"
    )


def vectors_of(column: pl.Series, name: str) -> tuple[npt.NDArray[np.float64], dict[int, str]]:
    """Vectors float64 ``[n, d]`` of a column of lists or of text, and for each row without one the reason.

    d is what more than half of the vectors have; without such a width they cannot be told to be of one measure.
    """
    if column.dtype == pl.String:
        blank = pl.all().str.replace_all(_BETWEEN, " ").str.strip_chars(" ")
        texts = column.to_frame().select(blank).to_series()
        parts = texts.replace({"": None}).str.split(" ")
    else:
        parts = column.cast(pl.List(pl.Float64), strict=False)
    lengths = [int(length or 0) for length in parts.list.len().to_list()]
    widths = Counter(length for length in lengths if length)
    if not widths:
        raise SourceError(f"{name!r} holds no vectors: every cell of the column {column.name!r} is empty.")
    (width, count), *_ = widths.most_common(1)
    if 2 * count <= widths.total():
        told = ", ".join(f"{n:,} of {w:,} entries" for w, n in widths.most_common(4))
        raise SourceError(f"the vectors of {name!r} are of several widths, {told}; they must be of one.")
    fits = np.array([length == width for length in lengths])
    flat = parts.filter(pl.Series(fits)).explode()
    numbers = flat.cast(pl.Float64, strict=False)
    if 2 * numbers.null_count() > len(numbers):
        such = next((str(cell) for cell in flat if cell is not None), "")
        raise SourceError(f"the column {column.name!r} of {name!r} holds no numbers, but {such[:40]!r}.")
    values = np.full((len(lengths), width), np.nan)
    values[fits] = numbers.to_numpy().reshape(-1, width)
    absent: dict[int, str] = {}
    for k in np.flatnonzero(~fits):
        length = lengths[k]
        absent[int(k)] = f"its vector has {length:,} entries, others have {width:,}" if length else "its cell is empty"
    return values, absent


def _titles(cells: pl.DataFrame) -> tuple[str, ...]:
    for name in TITLE_COLUMNS:
        if cells.schema.get(name) == pl.String:
            return tuple(cells[name].fill_null("").to_list())
    return ()


def _entries(
    cells: pl.DataFrame, columns: Sequence[str], name: str
) -> tuple[npt.NDArray[np.float64], Mapping[int, str]]:
    parts = [_numbers(cells[column]) for column in columns]
    for column, numbers in zip(columns, parts, strict=True):
        if np.isnan(numbers).all():
            raise SourceError(f"the column {column!r} of {name!r} holds no numbers.")
    return np.stack(parts, axis=1), {}


def _numbers(column: pl.Series) -> npt.NDArray[np.float64]:
    """float64 ``[n]``, NaN where a cell is no number."""
    column = column.str.strip_chars() if column.dtype == pl.String else column
    return np.array(column.cast(pl.Float64, strict=False).to_numpy(), np.float64)


def _guess(sheet: Sheet, cells: pl.DataFrame, ids: str) -> list[str]:
    for name in VECTOR_COLUMNS:
        if name in cells.columns:
            return [name]
    lists = [name for name, dtype in cells.schema.items() if dtype.base_type() in (pl.List, pl.Array)]
    if len(lists) == 1:
        return lists
    found = [name for name in cells.columns if name != ids and not lists and _mostly_numbers(cells[name])]
    if not found:
        raise UsageError(
            f"which column of {sheet.name!r} holds the vectors? It has {', '.join(sheet.columns)}. "
            "Say so: --column NAME"
        )
    return found


def _mostly_numbers(column: pl.Series) -> bool:
    if column.dtype != pl.String and not column.dtype.is_numeric():
        return False
    return bool(2 * np.isfinite(_numbers(column)).sum() > len(column) - column.null_count() > 0)


def _holds_vectors(column: pl.Series) -> bool:
    if column.dtype.base_type() in (pl.List, pl.Array):
        return True
    return column.dtype == pl.String and not _mostly_numbers(column)


def _shown(names: Sequence[Any]) -> str:
    more = f" … ({len(names)})" if len(names) > 8 else ""
    return ", ".join(map(str, names[:8])) + more
