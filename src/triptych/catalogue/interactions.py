"""Interactions: who did what with which item, when. Columns from end to end, never objects."""

from __future__ import annotations

import math

import polars as pl
import pyarrow as pa

from triptych.catalogue.ids import LONGEST, PADDED
from triptych.catalogue.sources.source import Refusal
from triptych.errors import SourceError

KINDS = ("rating", "like", "play", "skip")

INTERACTIONS = pa.schema(
    [
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("value", pa.float32()),
        pa.field("timestamp", pa.int64()),
        pa.field("kind", pa.string(), nullable=False),
    ]
)
#: An event is told apart by these; of two of the same the later in the source stands.
EVENT_KEY = ("user_id", "item_id", "kind")
#: Whole numbers above this have neighbours that are the same float.
_EXACT = 2.0**53


def from_frame(
    frame: pl.DataFrame, *, name: str, scale: tuple[float, float] | None = None
) -> tuple[pa.Table, list[Refusal]]:
    """Columns ``user_id, item_id`` and perhaps ``rating`` (or ``value``), ``timestamp``, ``kind``, of any types.

    Rows without user or item, with a value that is no finite number, with a negative time or an unknown kind
    are refused, counted by reason; of two rows of the same user, item and kind the later one stands. Without a
    value column every row counts 1 and is a ``play``. With a ``scale`` ratings outside it are refused too.
    ``timestamp`` [s since 1970] loses its fraction; one that is no number is unknown, and said so.
    """
    try:
        return _from_frame(frame, name=name, scale=scale)
    except (pl.exceptions.PolarsError, pa.ArrowInvalid, ValueError) as fault:
        cause = str(fault).strip().split("\n")[0]
        raise SourceError(f"{name!r} cannot be read as interactions: {cause}.") from fault


def unlike(rows: pa.Table, old: pa.Table) -> pa.Table:
    """Those of ``rows`` that ``old`` does not hold just so, in their order. Both are INTERACTIONS, no time negative."""
    if not old.num_rows or not rows.num_rows:
        return rows
    unknown = pl.col("timestamp").fill_null(-1)  # nulls never join
    new, held = (pl.DataFrame(table).with_columns(unknown) for table in (rows, old))
    index = new.with_row_index("row").join(held, on=INTERACTIONS.names, how="anti")["row"].sort()
    return rows.take(pa.array(index.to_numpy(), pa.uint32()))


def _from_frame(frame: pl.DataFrame, *, name: str, scale: tuple[float, float] | None) -> tuple[pa.Table, list[Refusal]]:
    frame = frame.filter(~pl.all_horizontal(pl.all().is_null()))  # blank lines
    value = next((column for column in ("value", "rating") if column in frame.columns), None)
    tidy = frame.select(
        _id(frame, "user_id").alias("user_id"),
        _id(frame, "item_id").alias("item_id"),
        (_number(frame, value).cast(pl.Float32, strict=False) if value else pl.lit(1.0, pl.Float32)).alias("value"),
        _seconds(frame).alias("seconds"),
        _said(frame, "timestamp").alias("said"),
        (
            pl.col("kind").cast(pl.String).str.strip_chars().str.to_lowercase()
            if "kind" in frame.columns
            else pl.lit("rating" if value else "play")
        ).alias("kind"),
    ).with_columns(pl.col("seconds").cast(pl.Int64, strict=False).alias("timestamp"))
    refused: list[Refusal] = []

    def account(count: int, what: str) -> None:
        if count:
            refused.append(Refusal(what=name, reason=f"{count:,} interactions {what}"))

    for reason, test in _faults(scale).items():
        bad = tidy.select(test.fill_null(True).alias("bad"))["bad"]
        if count := int(bad.sum()):
            account(count, reason)
            tidy = tidy.filter(~bad)
    kept = tidy.unique(list(EVENT_KEY), keep="last", maintain_order=True)
    account(tidy.height - kept.height, "repeated by a later row of the same pair")
    lost = kept.select((pl.col("said") & pl.col("timestamp").is_null()).sum().alias("lost"))["lost"][0]
    account(int(lost), "whose time is no number: kept without a time")
    return kept.select(INTERACTIONS.names).to_arrow().cast(INTERACTIONS), refused


def _faults(scale: tuple[float, float] | None) -> dict[str, pl.Expr]:
    """What a row is refused for, the first that holds."""
    user, item = pl.col("user_id").fill_null(""), pl.col("item_id").fill_null("")
    low, high = scale or (-math.inf, math.inf)
    return {
        "without a user or item id that is text or a whole number": user.eq("") | item.eq(""),
        "whose user or item id begins or ends with white space": (
            user.str.contains(PADDED) | item.str.contains(PADDED)
        ),
        f"whose user or item id holds a NUL or is longer than {LONGEST:,} characters": (
            user.str.contains("\x00", literal=True)
            | item.str.contains("\x00", literal=True)
            | (user.str.len_chars() > LONGEST)
            | (item.str.len_chars() > LONGEST)
        ),
        "whose value is not a finite number": pl.col("value").is_null() | ~pl.col("value").is_finite(),
        f"whose rating is outside {low:g} to {high:g}": (pl.col("kind") == "rating")
        & ~pl.col("value").is_between(low, high),
        "with a negative time": pl.col("seconds").fill_null(0).fill_nan(0) < 0,
        f"of a kind other than {', '.join(KINDS)}": ~pl.col("kind").is_in(list(KINDS)),
    }


def _id(frame: pl.DataFrame, column: str) -> pl.Expr:
    """As text, character for character. A column of whole numbers with one missing is often read as floats."""
    dtype = frame.schema[column]
    if dtype.is_float():
        number = pl.col(column).cast(pl.Float64)
        whole = number.is_finite() & (number == number.floor()) & (number.abs() < _EXACT)
        return pl.when(whole).then(number.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(None)
    if dtype.is_integer() or any(dtype == kind for kind in (pl.String, pl.Categorical, pl.Enum, pl.Null)):
        return pl.col(column).cast(pl.String)
    raise ValueError(f"its column {column} holds {dtype}; an id is text or a whole number")


def _number(frame: pl.DataFrame, column: str) -> pl.Expr:
    """As float64, null where it is none."""
    cell = pl.col(column)
    return (cell.str.strip_chars() if frame.schema[column] == pl.String else cell).cast(pl.Float64, strict=False)


def _seconds(frame: pl.DataFrame) -> pl.Expr:
    """Seconds since 1970 with their fraction; null where it is no number."""
    if "timestamp" not in frame.columns:
        return pl.lit(None, pl.Float64)
    dtype = frame.schema["timestamp"]
    if dtype.is_temporal():
        return pl.col("timestamp").dt.epoch("s")
    return pl.col("timestamp") if dtype.is_integer() else _number(frame, "timestamp")


def _said(frame: pl.DataFrame, column: str) -> pl.Expr:
    """Where a cell says anything at all."""
    if column not in frame.columns:
        return pl.lit(False)
    cell = pl.col(column)
    dtype = frame.schema[column]
    if dtype == pl.String:
        return cell.str.strip_chars().fill_null("") != ""
    return cell.is_not_null() & ~cell.is_nan() if dtype.is_float() else cell.is_not_null()
