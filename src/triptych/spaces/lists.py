"""Lists: which items are most like which, of many items at once, as columns; and as a file, written and read.

A file has a row for each place in a list: ``item_id, rank, neighbour_id, score``. It is CSV, TSV or Parquet, as its
name ends. Files of other programs may call a column otherwise, see :data:`SPELLINGS`, and may leave the scores out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Self, cast

import numpy as np
import numpy.typing as npt
import polars as pl

from triptych.catalogue.sources.sheet import Sheet
from triptych.errors import SourceError, UsageError
from triptych.spaces import row_file
from triptych.spaces.blocks import I64
from triptych.spaces.space import Batch, Space

#: What a column may be called: ours first. Upper and lower case are alike.
SPELLINGS = {
    "item_id": ("item_id", "item", "query_id"),
    "rank": ("rank", "position"),
    "neighbour_id": ("neighbour_id", "neighbor_id", "neighbour", "neighbor", "recommended_id", "recommended"),
    "score": ("score", "similarity"),
}
SCHEMA = {"item_id": pl.String, "rank": pl.Int32, "neighbour_id": pl.String, "score": pl.Float64}


class Positions(NamedTuple):
    """Lists as places among ids. ``queries`` int64 ``[q]``; ``lists`` int64 ``[q, n]``, −1 where there is no item or
    one that is not among the ids: it keeps its place, so that what comes after it keeps its rank.

    ``unknown_items``: lists of items that are not among the ids, and are therefore not here. ``unknown_neighbours``:
    places, in the lists that are here, of items that are not.
    """

    queries: I64
    lists: I64
    unknown_items: int
    unknown_neighbours: int

    @property
    def told(self) -> str:
        """A sentence about what is not known, "" where all is."""
        parts = [
            f"{self.unknown_items} lists are of items that are not known, and are left out" * (self.unknown_items > 0),
            f"{self.unknown_neighbours} places in lists are held by items that are not known"
            * (self.unknown_neighbours > 0),
        ]
        return "; ".join(part for part in parts if part)


@dataclass(frozen=True, kw_only=True, eq=False)
class Lists:
    """``rows``: item_id, rank (1, 2, … in each list), neighbour_id, and score (float64, null where none was given).

    The places of a list stand together, in order; the lists in the order in which their items came.
    """

    rows: pl.DataFrame

    @classmethod
    def of(cls, space: Space, batch: Batch) -> Self:
        """The lists of a batch, by their ids. An item that nothing is near to has no row."""
        ids = pl.Series(space.item_ids, dtype=pl.String)
        query, place = np.nonzero(batch.neighbours >= 0)
        columns = {
            "item_id": ids.gather(batch.items[query]),
            "rank": place + 1,
            "neighbour_id": ids.gather(batch.neighbours[query, place]),
            "score": batch.scores[query, place].astype(np.float64),
        }
        return cls(rows=pl.DataFrame(columns, schema=SCHEMA))

    @classmethod
    def read(cls, path: Path, *, progress: Callable[[int, int], None] | None = None) -> Self:
        """SourceError, naming the row where there is one, for a file that holds no lists or faulty ones.

        Rows may come in any order, but ranks may not be missing: a gap is where something was lost. No item may be in
        its own list, nor another one twice. ``progress`` is told how many bytes of how many are read.
        """
        if path.suffix.lower() not in row_file.SUFFIXES:
            raise SourceError(f"{path.name!r} holds no lists; they are read from {', '.join(row_file.SUFFIXES)}.")
        frames = [_columns(sheet) for sheet in Sheet.blocks(path, progress=progress)]
        rows = pl.concat(frames)
        there = ~pl.all_horizontal(pl.exclude("score").is_null())  # a blank line is no row
        numbers, rows = (rows.select(there).to_series().arg_true() + 1).to_numpy(), rows.filter(there)
        if rows.is_empty():
            raise SourceError(f"{path.name!r} has no row under its names; a list has one for each of its places.")
        return cls(rows=_checked(rows, numbers, path.name))

    def write(self, path: Path) -> None:
        """See :func:`write`."""
        write(path, [self])

    @cached_property
    def item_ids(self) -> list[str]:
        """Of which items there are lists."""
        return self.rows["item_id"].unique(maintain_order=True).to_list()

    @property
    def longest(self) -> int:
        """Places of the longest list, 0 where there is none."""
        return int(self.rows["rank"].to_numpy().max(initial=0))

    def positions(self, item_ids: Sequence[str]) -> Positions:
        """The lists by places in ``item_ids``."""
        query, neighbour = _places(self.rows["item_id"], item_ids), _places(self.rows["neighbour_id"], item_ids)
        first = self.rows["rank"].to_numpy() == 1
        known = query >= 0
        queries = query[first & known]
        row = np.cumsum(first & known) - 1
        lists = np.full((len(queries), self.longest), -1, np.int64)
        lists[row[known], self.rows["rank"].to_numpy()[known] - 1] = neighbour[known]
        return Positions(
            queries=queries,
            lists=lists,
            unknown_items=int((first & ~known).sum()),
            unknown_neighbours=int((neighbour[known] < 0).sum()),
        )


def write(path: Path, parts: Iterable[Lists]) -> int:
    """Lists into a file, part by part, each let go of when it is written. Returns how many rows there are.

    All scores keep their full precision. When it ends early, what stood there still stands.
    """
    return row_file.write(path, (part.rows for part in parts), schema=SCHEMA)


def _columns(sheet: Sheet) -> pl.DataFrame:
    """Ours of the columns, under our names and with our types."""
    found: dict[str, str] = {}
    for ours, names in SPELLINGS.items():
        held = [name for name in names if name in sheet.columns]
        if len(held) > 1:
            raise SourceError(f"{sheet.name!r} has the columns {' and '.join(held)}, which are both {ours}; keep one.")
        found.update(dict.fromkeys(held, ours))
    if missing := [name for name in SPELLINGS if name not in found.values() and name != "score"]:
        raise SourceError(
            f"{sheet.name!r} has no column {' and no '.join(missing)}; lists have the columns "
            f"{', '.join(SPELLINGS)}, and it has {', '.join(sheet.columns)}."
        )
    given = sheet.frame(list(found)).rename(found)
    if "score" not in given.columns:
        given = given.with_columns(pl.lit(None, pl.Float64).alias("score"))
    given = given.select(list(SCHEMA))
    try:
        return pl.DataFrame(
            [
                _text(given["item_id"]),
                _whole(given["rank"]),
                _text(given["neighbour_id"]),
                _number(given["score"]),
            ]
        )
    except pl.exceptions.PolarsError as fault:
        raise SourceError(f"{sheet.name!r} cannot be read as lists: {str(fault).splitlines()[0]}.") from fault


def _text(column: pl.Series) -> pl.Series:
    """Whole numbers that another program wrote as 1.0 are ids like 1."""
    return (column.cast(pl.Int64) if column.dtype.is_float() else column).cast(pl.String)


def _whole(column: pl.Series) -> pl.Series:
    """Null where there is no whole number, which is told with its row later."""
    number = column.cast(pl.Float64, strict=False)
    return number.set(number != number.floor(), None).cast(pl.Int32, strict=False)


def _number(column: pl.Series) -> pl.Series:
    """NaN where there is something that is no number, which is told with its row later; null where there is nothing."""
    number = column.cast(pl.Float64, strict=False)
    return number.set(number.is_null() & column.is_not_null(), float("nan"))


def _checked(rows: pl.DataFrame, numbers: npt.NDArray[Any], name: str) -> pl.DataFrame:
    """The rows list by list, in order of rank; SourceError for the first that is amiss, by its number in the file."""

    def refuse(wrong: npt.NDArray[np.bool_], fault: str) -> None:
        if wrong.any():
            at = int(wrong.argmax())
            item_id, rank, neighbour_id, score = rows.row(at)
            more = f", and {int(wrong.sum()) - 1} more" if wrong.sum() > 1 else ""
            told = fault.format(item=repr(item_id), rank=rank, neighbour=repr(neighbour_id), score=score)
            raise SourceError(f"{name!r} row {numbers[at]}{more}: {told}.")

    def empty(column: str) -> npt.NDArray[np.bool_]:
        return (rows[column].fill_null("") == "").to_numpy()

    refuse(empty("item_id"), "it does not say of which item the list is")
    refuse(empty("neighbour_id"), "it does not say which item has rank {rank} in the list of {item}")
    ranks = rows["rank"].fill_null(0).to_numpy()
    refuse(ranks < 1, "its rank in the list of {item} is no whole number from 1 on")
    refuse(~np.isfinite(rows["score"].fill_null(0).to_numpy()), "its score in the list of {item} is no finite number")
    refuse(
        (rows["item_id"] == rows["neighbour_id"]).to_numpy(),
        "item {item} stands in its own list, at rank {rank}. Leave such rows out and number the ranks anew",
    )
    items = _numbers(rows["item_id"])
    order = np.lexsort((ranks, items))
    sorted_items, sorted_ranks = items[order], ranks[order]
    same = np.concatenate([[False], sorted_items[1:] == sorted_items[:-1]])
    twice = np.zeros(len(rows), bool)
    twice[order[1:]] = same[1:] & (sorted_ranks[1:] == sorted_ranks[:-1])
    refuse(twice, "rank {rank} stands twice in the list of {item}")
    gap = np.zeros(len(rows), bool)
    gap[order] = sorted_ranks != np.where(same, np.concatenate([[0], sorted_ranks[:-1]]), 0) + 1
    refuse(gap, "rank {rank} stands in the list of {item}, and the one before it does not. Number ranks from 1 on")
    pairs = items * (len(rows) + 1) + _numbers(rows["neighbour_id"])
    _, first = np.unique(pairs, return_index=True)
    if len(first) < len(rows):
        again = np.ones(len(rows), bool)
        again[first] = False
        refuse(again, "item {neighbour} stands in the list of {item} a second time")
    return rows[order]


def _numbers(column: pl.Series) -> I64:
    """A number for each text, from 0 on, in the order in which they first stand there."""
    text = cast("Any", column.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest()))
    return text.dictionary_encode().indices.to_numpy(zero_copy_only=False).astype(np.int64)


def _places(column: pl.Series, ids: Sequence[str]) -> I64:
    """int64 ``[n]``: where each id of a column stands among others, −1 where it does not."""
    among = pl.DataFrame({"id": pl.Series(ids, dtype=pl.String), "place": np.arange(len(ids))})
    if among["id"].n_unique() < len(ids):
        raise UsageError("an id stands twice among those that lists are to be held against.")
    found = column.alias("id").to_frame().join(among, on="id", how="left", maintain_order="left")
    return found["place"].fill_null(-1).to_numpy()
