"""Source: a generated world, or one late title of it, as any other source is added."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from triptych.catalogue.sources.clipfile import clip_of
from triptych.catalogue.sources.folder import Folder
from triptych.catalogue.sources.source import Addition
from triptych.catalogue.sources.synthetic.make import Arrival, make_world


@dataclass(frozen=True, kw_only=True)
class Synthetic:
    """Makes a world in the catalogue's own ``media`` folder, and adds it. Clips that stand are not made again."""

    clips: int = 48
    users: int = 200
    seed: int = 0
    seconds: float = 8.0
    gaps: float = 0.0
    progress: Callable[[int, int], None] | None = None

    def read(self, folder: Path) -> Addition:
        world = make_world(
            folder / "media" / f"synthetic-{self.seed}",
            clips=self.clips,
            users=self.users,
            seed=self.seed,
            seconds=self.seconds,
            gaps=self.gaps,
            progress=self.progress,
        )
        return Folder(path=world.folder).read(folder)


@dataclass(frozen=True, kw_only=True)
class Late:
    """One title that arrives after the others."""

    arrival: Arrival

    def read(self, folder: Path) -> Addition:
        item = self.arrival.item
        return Addition(items=(item,), clips=(clip_of(item.item_id, self.arrival.clip),))
