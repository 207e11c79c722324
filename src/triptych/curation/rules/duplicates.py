"""Duplicates: of items that are the same, one is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from triptych.curation.groups import KINDS, components
from triptych.curation.rules.stage import Removal, Stage
from triptych.errors import UnknownName, UsageError


@dataclass(frozen=True, kw_only=True)
class Duplicates:
    """``kinds``: which groups count, of those that were found; what two of them have in common is one group.

    ``keep``: most-interactions, best-clip (one that can be read, then the most pixels, then the longest) or first; of
    equals the first in the catalogue. The interactions of those removed do not pass to the one that is kept.
    """

    use: ClassVar[str] = "duplicates"

    kinds: tuple[str, ...] = ("content", "title")
    keep: Literal["most-interactions", "best-clip", "first"] = "most-interactions"

    def __post_init__(self) -> None:
        if not self.kinds:
            raise UsageError(f"kinds is empty; it takes some of {', '.join(KINDS)}.")
        for kind in self.kinds:
            if kind not in KINDS:
                raise UnknownName("kind of group", kind, KINDS)

    @property
    def title(self) -> str:
        return "One of each"

    @property
    def issue(self) -> str:
        return "Duplicates"

    def judge(self, stage: Stage) -> Removal:
        groups = [group for kind in self.kinds for group in stage.facts.groups(kind)]
        rank = self._rank(stage)
        ids = [item.item_id for item in stage.facts.items]
        gone: dict[str, tuple[str, str]] = {}
        for family in _families(groups, stage):
            best = max(family, key=rank)
            for place in family:
                if place != best:
                    gone[ids[place]] = ("Duplicates", f"it is the same as {ids[best]!r}, which is kept")
        return Removal(items=gone)

    def _rank(self, stage: Stage) -> Callable[[int], tuple[Any, ...]]:
        """By what the best of a family is chosen; a greater one is better."""
        if self.keep == "first":
            return lambda place: (-place,)
        if self.keep == "most-interactions":
            counts = stage.per_item().tolist()
            return lambda place: (counts[place], -place)
        items, probes = stage.facts.items, stage.facts.probes

        def clip(place: int) -> tuple[Any, ...]:
            fact = probes.get(items[place].item_id)
            if fact is None:
                return (False, 0, 0.0, -place)
            return (not fact.fault, (fact.width_px or 0) * (fact.height_px or 0), fact.duration_s or 0.0, -place)

        return clip


def _families(groups: Sequence[Sequence[str]], stage: Stage) -> list[list[int]]:
    """Places of the items left that are the same, also by way of another; families of two or more."""
    places = stage.facts.places
    links: list[tuple[str, str]] = []
    for group in groups:
        left = [item_id for item_id in group if item_id in places and stage.items[places[item_id]]]
        links += [(left[0], item_id) for item_id in left[1:]]
    return [sorted(places[item_id] for item_id in family) for family in components(links)]
