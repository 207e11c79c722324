"""Interactions: who did what with which item, when. Columns from end to end, never objects."""

from __future__ import annotations

from typing import Any

import polars as pl
import pyarrow as pa

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


def from_frame(frame: pl.DataFrame, *, name: str) -> tuple[pa.Table, list[Refusal]]:
    """Columns ``user_id, item_id`` and perhaps ``rating`` (or ``value``), ``timestamp``, ``kind``, of any types.

    Rows without user or item, with a value that is no finite number, with a negative time or an unknown kind
    are refused, counted by reason; of two rows of the same user, item and kind the later one stands.
    """
    value = next((column for column in ("value", "rating") if column in frame.columns), None)
    tidy = frame.select(
        pl.col("user_id").cast(pl.String).str.strip_chars(),
        pl.col("item_id").cast(pl.String).str.strip_chars(),
        (pl.col(value).cast(pl.Float32, strict=False) if value else pl.lit(1.0, pl.Float32)).alias("value"),
        (_time(frame) if "timestamp" in frame.columns else pl.lit(None, pl.Int64)).alias("timestamp"),
        (
            pl.col("kind").cast(pl.String).str.strip_chars().str.to_lowercase()
            if "kind" in frame.columns
            else pl.lit("rating" if value else "play")
        ).alias("kind"),
    )
    faults: dict[str, Any] = {
        "without a user or item id": pl.col("user_id").fill_null("").eq("") | pl.col("item_id").fill_null("").eq(""),
        "whose value is not a finite number": pl.col("value").is_null() | ~pl.col("value").is_finite(),
        "with a negative time": pl.col("timestamp").fill_null(0) < 0,
        f"of a kind other than {', '.join(KINDS)}": ~pl.col("kind").is_in(list(KINDS)),
    }
    refused: list[Refusal] = []
    for reason, test in faults.items():
        bad = tidy.select(test.fill_null(True).alias("bad"))["bad"]
        if count := int(bad.sum()):
            refused.append(Refusal(what=name, reason=f"{count:,} interactions {reason}"))
            tidy = tidy.filter(~bad)
    kept = tidy.unique(["user_id", "item_id", "kind"], keep="last", maintain_order=True)
    if repeated := tidy.height - kept.height:
        refused.append(Refusal(what=name, reason=f"{repeated:,} interactions repeated by a later row of the same pair"))
    try:
        return kept.to_arrow().cast(INTERACTIONS), refused
    except (pa.ArrowInvalid, ValueError) as fault:
        raise SourceError(f"{name!r}: interactions cannot be read: {fault}.") from fault


def _time(frame: pl.DataFrame) -> pl.Expr:
    """Whole seconds; a fraction is cut off, and what is no number is unknown."""
    return pl.col("timestamp").cast(pl.Float64, strict=False).cast(pl.Int64, strict=False)
