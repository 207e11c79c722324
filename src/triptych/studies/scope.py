"""Scope: which items a row of a study is judged on."""

from __future__ import annotations

import json
from dataclasses import dataclass

from triptych.studies.variant import Variant


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Which items are studied: all, ``""``, those of some genres, and those that have all of some features."""

    name: str
    genres: tuple[str, ...] = ()
    most: int = 0
    having: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What it is known by in the names of cells: genres may be called anything, a comma in them too."""
        of_genres = [*self.genres, self.most] if self.genres else []
        if self.having:
            return json.dumps([of_genres, sorted(self.having)])
        return json.dumps(of_genres) if of_genres else ""


def scope_of(variant: Variant) -> Scope:
    parts = (
        [f"{', '.join(variant.genres)}{f' ({variant.most} each)' if variant.most else ''}"] if variant.genres else []
    )
    if variant.having:
        parts.append(f"having {', '.join(variant.having)}")
    return Scope(name="; ".join(parts), genres=variant.genres, most=variant.most, having=variant.having)
