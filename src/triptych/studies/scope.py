"""Scope: which items a row of a study is judged on."""

from __future__ import annotations

import json
from dataclasses import dataclass

from triptych.studies.variant import Variant


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Which items are studied: all, ``""``, or those of some genres."""

    name: str
    genres: tuple[str, ...] = ()
    most: int = 0

    @property
    def key(self) -> str:
        """What it is known by in the names of cells: genres may be called anything, a comma in them too."""
        return json.dumps([*self.genres, self.most]) if self.genres else ""


def scope_of(variant: Variant) -> Scope:
    name = (
        "" if not variant.genres else f"{', '.join(variant.genres)}{f' ({variant.most} each)' if variant.most else ''}"
    )
    return Scope(name=name, genres=variant.genres, most=variant.most)
