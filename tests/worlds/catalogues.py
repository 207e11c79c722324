"""Catalogues of a few items, from records and files that a test holds in its hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Item
from triptych.catalogue.sources.clipfile import clip_of
from triptych.catalogue.sources.source import Addition


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A source that offers just these items, and these files as their clips."""

    items: Sequence[Item] = ()
    paths: Mapping[str, Path] = field(default_factory=dict)

    def read(self, folder: Path) -> Addition:
        return Addition(items=self.items, clips=[clip_of(item_id, path) for item_id, path in self.paths.items()])


def catalogue_of(folder: Path, *items: Item, paths: Mapping[str, Path] | None = None) -> Catalogue:
    """A new catalogue of these items."""
    made = Catalogue.init(folder)
    made.add(Listed(items=items, paths=paths or {}))
    return made
