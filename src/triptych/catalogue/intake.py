"""Intake: rows of any types, block by block, become one table of interactions. What cannot be is counted by reason."""

from __future__ import annotations

from collections import Counter

import polars as pl
import pyarrow as pa

from triptych.catalogue.ids import LONGEST, PADDED
from triptych.catalogue.interactions import ENCODED, INTERACTIONS, KINDS, plain, repeated
from triptych.catalogue.sources.source import Refusal
from triptych.errors import SourceError

#: Whole numbers above this have neighbours that are the same float.
_EXACT = 2.0**53
#: As a block is kept: each id once, however many rows it has.
_KEPT = pa.schema(
    [
        pa.field("user_id", ENCODED, nullable=False),
        pa.field("item_id", ENCODED, nullable=False),
        pa.field("value", pa.float32()),
        pa.field("timestamp", pa.int64()),
        pa.field("kind", ENCODED, nullable=False),
    ]
)


class Intake:
    """Columns ``user_id, item_id`` and perhaps ``rating`` (or ``value``), ``timestamp``, ``kind``, of any types.

    Rows without user or item, with a value that is no finite number, with a negative time or an unknown kind
    are refused, counted by reason; of two rows of the same user, item and kind the later one stands. Without a
    value column every row counts 1 and is a ``play``. With a ``scale``, from the least to the greatest, ratings
    outside it are refused too. ``timestamp`` [s since 1970] loses its fraction; one that is no number is unknown,
    and said so.
    """

    def __init__(self, *, name: str, scale: tuple[float, float] | None = None) -> None:
        self._name = name
        self._row_faults = _row_faults(scale)
        self._faults = {**_text_faults(), **self._row_faults}
        self._refused: Counter[str] = Counter()
        self._lost = 0
        self._kept: list[pa.Table] = []

    def take(self, frame: pl.DataFrame) -> None:
        """One block. SourceError when its columns can be no interactions."""
        try:
            self._take(frame)
        except (pl.exceptions.PolarsError, pa.ArrowInvalid, ValueError) as fault:
            cause = str(fault).strip().split("\n")[0]
            raise SourceError(f"{self._name!r} cannot be read as interactions: {cause}.") from fault

    def table(self) -> tuple[pa.Table, list[Refusal]]:
        """All that was taken, in its order, ids and kinds encoded by a dictionary; and what was refused."""
        rows = (pa.concat_tables(self._kept) if self._kept else _KEPT.empty_table()).unify_dictionaries()
        again = repeated(rows)
        reasons = {reason: self._refused[reason] for reason in self._faults}
        reasons["repeated by a later row of the same pair"] = int(again.sum())
        reasons["whose time is no number: kept without a time"] = self._lost
        if again.any():
            rows = rows.filter(pa.array(~again))
        return rows, [
            Refusal(what=self._name, reason=f"{count:,} interactions {reason}")
            for reason, count in reasons.items()
            if count
        ]

    def _take(self, frame: pl.DataFrame) -> None:
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
        if not self._sound(tidy):
            for reason, test in self._faults.items():
                found = tidy.select(test.fill_null(True).alias("found"))["found"]
                self._refused[reason] += int(found.sum())
                tidy = tidy.filter(~found)
        self._lost += int(tidy.select((pl.col("said") & pl.col("timestamp").is_null()).sum())["said"][0])
        if tidy.height:
            self._kept.append(tidy.select(INTERACTIONS.names).to_arrow().cast(INTERACTIONS).cast(_KEPT))

    def _sound(self, tidy: pl.DataFrame) -> bool:
        """Whether nothing is to be refused. Each id is looked at once, however many rows it has."""
        for name in ("user_id", "item_id"):
            once = tidy[name].unique()
            if _any(pl.DataFrame({"user_id": once, "item_id": once}), _text_faults()):
                return False
        return not _any(tidy, self._row_faults)


def from_frame(
    frame: pl.DataFrame, *, name: str, scale: tuple[float, float] | None = None
) -> tuple[pa.Table, list[Refusal]]:
    """One block as INTERACTIONS, and what was refused; see :class:`Intake`."""
    intake = Intake(name=name, scale=scale)
    intake.take(frame)
    table, refused = intake.table()
    return plain(table), refused


def _any(frame: pl.DataFrame, faults: dict[str, pl.Expr]) -> bool:
    return bool(frame.select(pl.any_horizontal(test.fill_null(True) for test in faults.values()).any()).item())


def _text_faults() -> dict[str, pl.Expr]:
    """What a row is refused for on account of its ids, the first that holds."""
    user, item = pl.col("user_id").fill_null(""), pl.col("item_id").fill_null("")
    return {
        "without a user or item id that is text or a whole number": user.eq("") | item.eq(""),
        "whose user or item id begins or ends with white space or a byte-order mark": (
            user.str.contains(PADDED) | item.str.contains(PADDED)
        ),
        f"whose user or item id holds a NUL or is longer than {LONGEST:,} characters": (
            user.str.contains("\x00", literal=True)
            | item.str.contains("\x00", literal=True)
            | (user.str.len_chars() > LONGEST)
            | (item.str.len_chars() > LONGEST)
        ),
    }


def _row_faults(scale: tuple[float, float] | None) -> dict[str, pl.Expr]:
    """What it is refused for otherwise, the first that holds."""
    faults = {
        "whose value is not a finite number": pl.col("value").is_null() | ~pl.col("value").is_finite(),
        "with a negative time": pl.col("seconds").fill_null(0).fill_nan(0) < 0,
        f"of a kind other than {', '.join(KINDS)}": ~pl.col("kind").is_in(list(KINDS)),
    }
    if scale is not None:
        low, high = scale
        outside = (pl.col("kind") == "rating") & ~pl.col("value").is_between(low, high)
        faults[f"whose rating is outside {low:g} to {high:g}"] = outside
    return faults


def _id(frame: pl.DataFrame, column: str) -> pl.Expr:
    """As text, character for character. A column of whole numbers with one missing is often read as floats."""
    dtype = frame.schema[column]
    if dtype.is_float():
        number = pl.col(column).cast(pl.Float64)
        whole = number.is_finite() & (number == number.floor()) & (number.abs() < _EXACT)
        return pl.when(whole).then(number.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(None)
    if isinstance(dtype, pl.Decimal) and dtype.scale == 0:
        return pl.col(column).cast(pl.String)
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
