"""User lists: what is recommended to many users, as a file: ``user_id, rank, item_id, score``.

CSV, TSV or Parquet, as the name of the file ends. What stood under that name stands until the new file is whole.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import polars as pl
import pyarrow.parquet as pq

from triptych.errors import UsageError
from triptych.programme.arranged import Arranged

SCHEMA = {"user_id": pl.String, "rank": pl.Int32, "item_id": pl.String, "score": pl.Float64}
SUFFIXES = (".csv", ".tsv", ".parquet")


def checked(path: Path) -> Path:
    """The path, or UsageError where no lists can be written by that name."""
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"lists cannot be written to {path.name!r}; let its name end in {', '.join(SUFFIXES)}.")
    return path


def write(path: Path, batches: Iterable[Sequence[Arranged]]) -> int:
    """Batch by batch, each let go of when it is written. Returns how many rows there are."""
    suffix = checked(path).suffix.lower()
    count = 0
    with _draft(path) as file:
        if suffix == ".parquet":
            schema: Any = pl.DataFrame(schema=SCHEMA).to_arrow().schema
            with pq.ParquetWriter(file, schema) as parquet:
                for batch in batches:
                    rows = frame(batch)
                    parquet.write_table(rows.to_arrow().cast(schema))
                    count += len(rows)
        else:
            separator = "," if suffix == ".csv" else "\t"
            pl.DataFrame(schema=SCHEMA).write_csv(file, separator=separator)
            for batch in batches:
                rows = frame(batch)
                rows.write_csv(file, include_header=False, separator=separator)
                count += len(rows)
    return count


def frame(lists: Sequence[Arranged]) -> pl.DataFrame:
    """A row for each place; a list without any has none."""
    return pl.DataFrame(
        {
            "user_id": [one.user for one in lists for _ in one.placed],
            "rank": [placed.rank for one in lists for placed in one.placed],
            "item_id": [placed.item_id for one in lists for placed in one.placed],
            "score": [placed.score for one in lists for placed in one.placed],
        },
        schema=SCHEMA,
    )


@contextmanager
def _draft(path: Path) -> Generator[IO[bytes]]:
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
