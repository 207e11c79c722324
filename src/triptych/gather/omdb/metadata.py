"""Metadata: what a source of metadata knew of each item: found, missing, ambiguous or failed, and what it gave."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pyarrow as pa

from triptych.catalogue.tables import Tables

TABLE = "metadata"
KEY = ("item_id", "source")
SCHEMA = pa.schema(
    [
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("status", pa.string()),
        pa.field("matched_by", pa.string()),
        pa.field("imdb_id", pa.string()),
        pa.field("filled", pa.list_(pa.string())),
        pa.field("reason", pa.string()),
        pa.field("at", pa.float64()),
    ]
)


class Status(StrEnum):
    """``AMBIGUOUS``: several films may be meant, so none was taken. ``FAILED``: the source gave no usable answer."""

    FOUND = "found"
    MISSING = "missing"
    AMBIGUOUS = "ambiguous"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Account:
    """One row. ``matched_by`` is "id" or "title"; ``filled`` are the fields of the item that come from the source.

    ``at`` [s since 1970] is when it was written, now if 0.
    """

    item_id: str
    status: Status
    source: str = "omdb"
    matched_by: str = ""
    imdb_id: str = ""
    filled: tuple[str, ...] = ()
    reason: str = ""
    at: float = 0.0


class Metadata:
    """The accounts of one catalogue."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def read(self) -> list[Account]:
        if not self._tables.exists(TABLE):
            return []
        rows: list[dict[str, Any]] = self._tables.read(TABLE).to_pylist()
        known: list[dict[str, Any]] = [
            {**row, "status": Status(row["status"]), "filled": tuple(row["filled"] or ())} for row in rows
        ]
        return [Account(**row) for row in known]

    def write(self, accounts: Sequence[Account]) -> None:
        """Upsert by item and source."""
        now = time.time()
        rows: dict[str, list[Any]] = {name: [getattr(account, name) for account in accounts] for name in SCHEMA.names}
        rows["at"] = [account.at or now for account in accounts]
        rows["status"] = [account.status.value for account in accounts]
        rows["filled"] = [list(account.filled) for account in accounts]
        self._tables.upsert(TABLE, pa.table(rows, schema=SCHEMA), key=KEY)
