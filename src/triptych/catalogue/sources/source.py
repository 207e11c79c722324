"""Source: where items, clips and interactions come from. One method; everything else is the catalogue's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from triptych.catalogue.records import Clip, Item


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Something a source had that could not be taken, and why."""

    what: str
    reason: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Addition:
    """What a source offers: unique ids, cleaned text, and an account of what it left out.

    ``interactions``, ``users`` and ``tags`` are columns as :mod:`triptych.catalogue` has them, their keys unique.
    ``refused`` did not go in; ``notes``, sentences without their full stop, tell of what did and is worth knowing.
    ``bare`` are the ids of items of which the source knows a file name and nothing else: where the catalogue
    knows more of such an item already, that stands.
    """

    items: Sequence[Item] = ()
    clips: Sequence[Clip] = ()
    interactions: pa.Table | None = None
    users: pa.Table | None = None
    tags: pa.Table | None = None
    refused: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()
    unused_columns: tuple[str, ...] = ()
    bare: frozenset[str] = frozenset()


class Source(Protocol):
    """``read`` is called under the catalogue's writer lock; ``folder`` is the catalogue's own, for sources
    that make or fetch clips and keep them there."""

    def read(self, folder: Path) -> Addition: ...
