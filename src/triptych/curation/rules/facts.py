"""Facts: what the rules may know of items and their clips, read from the catalogue when first asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, cast

from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Clip, Item
from triptych.curation.groups import TABLE as GROUPS
from triptych.curation.groups import Groups, Kind
from triptych.curation.probes import ClipFacts, Probes
from triptych.errors import UsageError

TRAILERS = "trailers"
FETCHED = "fetched"


@dataclass(frozen=True, kw_only=True)
class Availability:
    """What came of fetching the trailer of an item from ``url``.

    ``reason`` is a word or two, ``detail`` more of it; ``title`` is that of the video, where it is known.
    """

    status: str
    reason: str = ""
    detail: str = ""
    url: str = ""
    title: str = ""


class Facts:
    """What is known of the items of one catalogue. Everything is read once, when a rule first asks for it.

    ``look`` finds out what is in the clips' files; without it what was found out before is all that is known.
    """

    def __init__(self, catalogue: Catalogue, *, look: Callable[[], Mapping[str, ClipFacts]] | None = None) -> None:
        self._catalogue = catalogue
        self._look = look

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """All of the catalogue, in its order."""
        return tuple(self._catalogue.items())

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Item id → its place in :attr:`items`."""
        return {item.item_id: place for place, item in enumerate(self.items)}

    @cached_property
    def clips(self) -> Mapping[str, Clip]:
        return {clip.item_id: clip for clip in self._catalogue.clips()}

    @cached_property
    def probes(self) -> Mapping[str, ClipFacts]:
        """Of the clips as they are; what is known of a file that was replaced is left out."""
        known = Probes(self._catalogue.tables).read() if self._look is None else self._look()
        clips = self.clips
        return {
            item_id: fact
            for item_id, fact in known.items()
            if item_id in clips and fact.fingerprint in ("", clips[item_id].fingerprint)
        }

    @cached_property
    def trailers(self) -> Mapping[str, Availability]:
        """The availability table; empty if nothing was ever fetched."""
        tables = self._catalogue.tables
        if not tables.exists(TRAILERS):
            return {}
        wanted = ("item_id", *(part.name for part in fields(Availability)))
        columns = [name for name in wanted if name in tables.columns(TRAILERS)]
        rows: list[dict[str, Any]] = tables.read(TRAILERS, columns=columns).to_pylist()
        # A cell that is null, or that the table has no column for, is empty.
        return {row["item_id"]: Availability(**{name: row.get(name) or "" for name in wanted[1:]}) for row in rows}

    @cached_property
    def unmeasurable(self) -> Mapping[str, str]:
        """Item id → why, where extraction looked at the clip and every feature of picture and sound failed."""
        from triptych.features.ledger import Ledger
        from triptych.features.status import Status

        failed: dict[str, str] = {}
        able: set[str] = set()
        for entry in Ledger(self._catalogue.tables).entries():
            if not entry.feature.startswith(("seeing/", "hearing/")):
                continue
            if entry.status is Status.FAILED:
                failed.setdefault(entry.item_id, entry.reason)
            elif entry.status is Status.DONE:
                able.add(entry.item_id)
        return {item_id: reason for item_id, reason in failed.items() if item_id not in able}

    @cached_property
    def saturations(self) -> Mapping[str, float]:
        """Mean saturation [0, 1] of the sampled pictures, for the items whose ``seeing/colour`` was measured."""
        from triptych.features.seeing.colour import Colour
        from triptych.features.store import FeatureStore

        found: dict[str, float] = {}
        store = FeatureStore(self._catalogue.tables)
        for recipe in store.recipes():
            if recipe.title != "seeing/colour":
                continue
            table = store.read(recipe)
            names = Colour(bins=int(recipe.params.get("bins", 32))).columns()
            if table.values.shape[1] != len(names):
                continue  # of a version with other entries, or all masked
            column = table.values[:, names.index("saturation_level_mean")]
            for item_id, level, present in zip(table.item_ids, column.tolist(), table.present.tolist(), strict=True):
                if present:
                    found.setdefault(item_id, level)
        return found

    def groups(self, kind: str) -> tuple[tuple[str, ...], ...]:
        """The groups of items that were found to be the same, each as its ids."""
        if not self._catalogue.tables.exists(GROUPS):
            raise UsageError(
                "the rule 'duplicates' needs to know which items are the same, and they were not looked for yet. "
                f"Run: triptych duplicates {self._catalogue.folder}"
            )
        return tuple(tuple(group.item_ids) for group in Groups(self._catalogue.tables).read(cast(Kind, kind)))
