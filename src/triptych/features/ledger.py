"""Ledger: for every (item, recipe) what came of it, so that a run goes on where the last one stopped.

A row is the commit point: the feature is written first, its ledger row after it. A feature without a row is
measured again and overwritten with the same numbers.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from triptych.catalogue.tables import Tables, quote
from triptych.features.status import Status

__all__ = ["Entry", "Ledger", "Status"]

TABLE = "ledger"
KEY = ("item_id", "recipe")
SCHEMA = pa.schema(
    [
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("recipe", pa.string(), nullable=False),
        pa.field("feature", pa.string()),
        pa.field("status", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("warnings", pa.list_(pa.string())),
        pa.field("seconds", pa.float64()),
        pa.field("attempts", pa.int32()),
        pa.field("source", pa.string()),
        pa.field("at", pa.float64()),
    ]
)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One row: what came of measuring one recipe on one item. ``source`` is what was measured, by fingerprint."""

    item_id: str
    recipe: str
    feature: str
    status: Status
    reason: str = ""
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0
    attempts: int = 1
    source: str = ""
    at: float = 0.0

    @property
    def account(self) -> str:
        """Reason and warnings as one line."""
        return "; ".join(part for part in (self.reason, *self.warnings) if part)


class Ledger:
    """The ledger of one catalogue."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def entries(self, *, item_id: str | None = None) -> list[Entry]:
        """Every row, or those of one item."""
        if not self._tables.exists(TABLE):
            return []
        where = None if item_id is None else f"item_id = {quote(item_id)}"
        rows: list[dict[str, Any]] = self._tables.read(TABLE, where=where).to_pylist()
        changed: list[dict[str, Any]] = [
            {**row, "status": Status(row["status"]), "warnings": tuple(row["warnings"] or ())} for row in rows
        ]
        return [Entry(**row) for row in changed]

    def settled(self, *, retry_failed: bool = False) -> dict[tuple[str, str], str]:
        """(item, recipe) → the source that was measured, for all that need not be measured again."""
        if not self._tables.exists(TABLE):
            return {}
        names = ["item_id", "recipe", "status", "source"]
        rows = self._tables.read(TABLE, columns=names)
        columns: list[list[Any]] = [rows[name].to_pylist() for name in names]
        return {
            (item_id, recipe): source
            for item_id, recipe, status, source in zip(*columns, strict=True)
            if not (retry_failed and status == Status.FAILED)
        }

    def write(self, entries: Sequence[Entry]) -> None:
        now = time.time()
        rows: dict[str, list[Any]] = {name: [getattr(entry, name) for entry in entries] for name in SCHEMA.names}
        rows["at"] = [entry.at or now for entry in entries]
        rows["status"] = [entry.status.value for entry in entries]
        self._tables.upsert(TABLE, pa.table(rows, schema=SCHEMA), key=KEY)
