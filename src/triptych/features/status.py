"""Status: what came of measuring one feature of one item. Apart from the ledger, since workers need no database."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """``SKIPPED``: nothing to measure (no sound track, no plot). ``FAILED``: quarantined until asked to retry."""

    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
