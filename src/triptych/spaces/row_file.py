"""Row file: lists as rows of a file, written part by part, each let go of when it is written.

CSV, TSV or Parquet, as the name of the file ends. What stood under that name stands until the new file is whole.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import polars as pl
import pyarrow.parquet as pq

from triptych.errors import UsageError

SUFFIXES = (".csv", ".tsv", ".parquet")


def checked(path: Path) -> Path:
    """The path, or UsageError where no lists can be written by that name."""
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"lists cannot be written to {path.name!r}; let its name end in {', '.join(SUFFIXES)}.")
    return path


def write(path: Path, parts: Iterable[pl.DataFrame], *, schema: Mapping[str, Any]) -> int:
    """``schema``: that of each part. Returns how many rows there are."""
    suffix = checked(path).suffix.lower()
    count = 0
    with _draft(path) as file:
        if suffix == ".parquet":
            columns: Any = pl.DataFrame(schema=schema).to_arrow().schema
            with pq.ParquetWriter(file, columns) as parquet:
                for rows in parts:
                    parquet.write_table(rows.to_arrow().cast(columns))
                    count += len(rows)
        else:
            separator = "," if suffix == ".csv" else "\t"
            pl.DataFrame(schema=schema).write_csv(file, separator=separator)
            for rows in parts:
                rows.write_csv(file, include_header=False, separator=separator)
                count += len(rows)
    return count


@contextmanager
def _draft(path: Path) -> Generator[IO[bytes]]:
    """A file that takes the place of ``path`` when the block ends well, and is gone when it does not."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    try:
        try:
            with draft.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            with suppress(FileNotFoundError):
                draft.unlink()
    except OSError as fault:
        raise UsageError(f"{str(path)!r} cannot be written: {fault.strerror or fault}.") from fault
