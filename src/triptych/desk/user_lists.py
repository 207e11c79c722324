"""User lists: what is recommended to many users, as a file: ``user_id, rank, item_id, score``.

CSV, TSV or Parquet, as the name of the file ends; see :mod:`triptych.spaces.row_file`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl

from triptych.programme.arranged import Arranged
from triptych.spaces import row_file
from triptych.spaces.row_file import checked

__all__ = ["SCHEMA", "checked", "frame", "write"]

SCHEMA = {"user_id": pl.String, "rank": pl.Int32, "item_id": pl.String, "score": pl.Float64}


def write(path: Path, batches: Iterable[Sequence[Arranged]]) -> int:
    """Batch by batch, each let go of when it is written. Returns how many rows there are."""
    return row_file.write(path, map(frame, batches), schema=SCHEMA)


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
