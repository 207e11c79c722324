"""Learning: which extractors a learner stands for in one catalogue, those that stand there or one learned now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Item
from triptych.errors import UnknownName, UsageError
from triptych.features.extractor import Extractor, Learner, learned_from
from triptych.features.feature import Presence
from triptych.features.recipe import Recipe, plain
from triptych.features.store import FeatureStore

#: A catalogue that grew this much since is worth a word: new terms and names have no column.
GROWN = 2.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Learned:
    """Extractors alone. ``outdated`` are the recipes that they replace; ``notes`` are for whoever runs it."""

    extractors: tuple[Extractor, ...]
    outdated: tuple[Recipe, ...] = ()
    notes: tuple[str, ...] = ()


def learned(
    catalogue: Catalogue,
    parts: Sequence[Extractor | Learner],
    *,
    items: Sequence[Item] | None = None,
    train: Sequence[str] | None = None,
    relearn: bool = False,
) -> Learned:
    """Every learner as what it learned; extractors as they are, in their order.

    What was learned before with the same settings stands, whatever items came since, so that a new item is
    measured at once and the others are left alone; if it was learned several times, from several sets of items, all
    of them stand. ``train`` asks for what is learned from these items and no other, ``relearn`` for learning anew, in
    place of all that stands. What found nothing to learn from, so that no item has its feature, is learned anew.
    ``items``: those of the catalogue, if they were read already.
    """
    if not any(isinstance(part, Learner) for part in parts):
        return Learned(extractors=tuple(part for part in parts if not isinstance(part, Learner)))
    known = {item.item_id: item for item in (catalogue.items() if items is None else items)}
    store = FeatureStore(catalogue.tables)
    measured = store.recipes()
    taught = _taught(known, train)
    source = learned_from(taught)
    extractors: list[Extractor] = []
    outdated: list[Recipe] = []
    notes: list[str] = []
    for part in parts:
        if not isinstance(part, Learner):
            extractors.append(part)
            continue
        asked = plain(part.asked, part.title)
        before = [recipe for recipe in measured if recipe.title == part.title and recipe.params.get("asked") == asked]
        told: list[Recipe] = []
        empty: list[Recipe] = []
        for recipe in before:
            if not store.presence(recipe)[Presence.PRESENT]:
                empty.append(recipe)
            elif train is None or recipe.params.get("learned_from") == source:
                told.append(recipe)
        if told and not relearn:
            extractors += [part.again(recipe) for recipe in told]
            # What one that learned of nothing left behind goes once there is one that learned of something.
            outdated += empty
            notes += [
                f"{part.title} was learned from {_count(recipe):,} items and there are {len(known):,} now. Learn anew: "
                "triptych extract CATALOGUE --relearn"
                for recipe in told
                if train is None and len(known) > GROWN * _count(recipe)
            ]
            if train is None and len(told) > 1:
                counts = " and ".join(f"{_count(recipe):,}" for recipe in told)
                notes.append(
                    f"{part.title} was learned {len(told)} times, from {counts} items, and all stand. Keep one: "
                    f"triptych forget CATALOGUE {part.title}@HASH, or: triptych extract CATALOGUE --relearn"
                )
            continue
        fresh = part.learn(taught)
        extractors.append(fresh)
        outdated += [recipe for recipe in (before if relearn else empty) if recipe.hash != fresh.recipe.hash]
    return Learned(extractors=tuple(extractors), outdated=tuple(outdated), notes=tuple(notes))


def _taught(items: dict[str, Item], train: Sequence[str] | None) -> list[Item]:
    """The items to learn from, in order of their ids."""
    if train is None:
        return [items[item_id] for item_id in sorted(items)]
    if not train:
        raise UsageError("train is empty; name the items to learn from, or leave it out to learn from all.")
    for item_id in train:
        if item_id not in items:
            raise UnknownName("item", item_id, items)
    return [items[item_id] for item_id in sorted(set(train))]


def _count(recipe: Recipe) -> int:
    return int(recipe.params.get("learned_from", {}).get("items", 0))
