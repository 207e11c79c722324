"""Reply: what came of one question to OMDb."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from triptych.gather.omdb.film import Film, Hit


class Kind(StrEnum):
    """``BROAD``: too many films for OMDb to list. ``LIMIT`` and ``KEY`` end a run: it answers no one else either."""

    FOUND = "found"
    MISSING = "missing"
    BROAD = "broad"
    FAILED = "failed"
    LIMIT = "limit"
    KEY = "key"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """Where the kind is FOUND: the ``film`` asked for, or the ``hits`` of one page of a search, ``total`` on all.

    ``reason`` is a sentence without its full stop where it is not.
    """

    kind: Kind
    film: Film | None = None
    hits: tuple[Hit, ...] = ()
    total: int = 0
    reason: str = ""
