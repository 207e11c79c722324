"""Holdings: catalogues of a few items with who rated what, for rules to work on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.interactions import INTERACTIONS
from triptych.catalogue.records import Item
from triptych.catalogue.sources.clipfile import clip_of
from triptych.catalogue.sources.source import Addition


@dataclass(frozen=True, kw_only=True)
class Told:
    """A source that offers just this. Interactions are ``(user, item, value, timestamp, kind)``, cut short at will."""

    items: Sequence[Item] = ()
    paths: Mapping[str, Path] = field(default_factory=dict)
    events: Sequence[tuple[Any, ...]] = ()

    def read(self, folder: Path) -> Addition:
        clips = [clip_of(item_id, path) for item_id, path in self.paths.items()]
        return Addition(items=self.items, clips=clips, interactions=events_of(*self.events) if self.events else None)


def events_of(*rows: tuple[Any, ...]) -> pa.Table:
    """``(user, item)`` is a rating of 4 at an unknown time."""
    names, rest = ("user_id", "item_id", "value", "timestamp", "kind"), (4.0, None, "rating")
    whole = [dict(zip(names, (*row, *rest[len(row) - 2 :]), strict=True)) for row in rows]
    return pa.Table.from_pylist(whole, schema=INTERACTIONS)


def holdings(
    folder: Path,
    *items: Item | str,
    events: Sequence[tuple[Any, ...]] = (),
    paths: Mapping[str, Path] | None = None,
) -> Catalogue:
    """A new catalogue of these items; a text is an id and a title."""
    made = Catalogue.init(folder)
    records = [Item(item_id=item, title=item) if isinstance(item, str) else item for item in items]
    made.add(Told(items=records, paths=paths or {}, events=events))
    return made
