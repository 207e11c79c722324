"""Availability: for every item of a list, whether it got its trailer, and why not."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from triptych.catalogue.tables import Tables
from triptych.gather.trailers.reason import Reason, Status

TABLE = "trailers"
SCHEMA = pa.schema(
    [
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("url", pa.string()),
        pa.field("status", pa.string()),  # fetched, missing, failed, refused
        pa.field("reason", pa.string()),  # of triptych.gather.trailers.reason; "" when fetched
        pa.field("detail", pa.string()),
        pa.field("http_status", pa.int32()),
        pa.field("title", pa.string()),  # what the site calls it, where it came
        pa.field("bytes", pa.int64()),
        pa.field("duration_s", pa.float64()),
        pa.field("tries", pa.int32()),
        pa.field("seconds", pa.float64()),
        pa.field("at", pa.float64()),  # [s since 1970]
    ]
)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One row: what came of one item. ``seconds`` and ``tries`` are those of the run that found it."""

    item_id: str
    url: str
    reason: Reason | None = None
    detail: str = ""
    http_status: int | None = None
    title: str = ""
    bytes: int | None = None
    duration_s: float | None = None
    tries: int = 0
    seconds: float = 0.0
    at: float = 0.0

    @property
    def status(self) -> Status:
        return self.reason.status if self.reason is not None else Status.FETCHED


class Availability:
    """The table ``trailers`` of a catalogue."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def read(self) -> pa.Table:
        if not self._tables.exists(TABLE):
            return SCHEMA.empty_table()
        return self._tables.read(TABLE)

    def findings(self) -> dict[str, Finding]:
        """By item."""
        rows: list[dict[str, Any]] = self.read().drop_columns(["status"]).to_pylist()
        reasons: list[str] = [row.pop("reason") for row in rows]
        return {
            row["item_id"]: Finding(**row, reason=Reason(reason) if reason else None)
            for row, reason in zip(rows, reasons, strict=True)
        }

    def reasons(self) -> dict[str, int]:
        """How many items were fetched, and how many missed for each reason, the most first."""
        return counted(list(self.findings().values()))

    def write(self, findings: Sequence[Finding]) -> None:
        """Insert rows, replacing those of the same item. The last one of an item stands."""
        last = list({finding.item_id: finding for finding in findings}.values())
        if not last:
            return
        columns = {name: [getattr(finding, name) for finding in last] for name in SCHEMA.names}
        columns["status"] = [finding.status.value for finding in last]
        columns["reason"] = [finding.reason.value if finding.reason is not None else "" for finding in last]
        columns["at"] = [finding.at or time.time() for finding in last]
        self._tables.upsert(TABLE, pa.table(columns, schema=SCHEMA), key="item_id")


def counted(findings: Sequence[Finding]) -> dict[str, int]:
    """Outcome → count: ``fetched`` first, then the reasons, the most frequent first."""
    counts: dict[str, int] = {}
    for finding in findings:
        name = Status.FETCHED.value if finding.reason is None else finding.reason.value
        counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items(), key=lambda pair: (pair[0] != Status.FETCHED.value, -pair[1], pair[0])))
