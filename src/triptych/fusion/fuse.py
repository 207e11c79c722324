"""Fuse: make a space of a catalogue's features, or place in the space that stands what is new or has changed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from triptych.catalogue.catalogue import Catalogue
from triptych.errors import SpaceError, UnknownName, UsageError
from triptych.features.bits import is_packed
from triptych.features.recipe import Recipe
from triptych.features.store import FeatureStore
from triptych.features.table import FeatureTable
from triptych.fusion.align import Alignment, aligned_table
from triptych.fusion.fusion import FEWEST, Fitted, Fusion
from triptych.fusion.normalise import ZScore
from triptych.fusion.parts import Part, in_order
from triptych.spaces.shelf import Shelf
from triptych.spaces.space import Space

#: What a space is made by where nothing else is said.
BASELINE = Fusion()


@dataclass(frozen=True, kw_only=True, eq=False)
class Fused:
    """The space, and what was written: all of it (``fitted``), or the items placed into the standing fit.

    ``fusion``: the settings that it was made by. ``sequences``: what was left out, having a vector for each moment.
    ``unmeasured``: for each feature that was not yet measured on all items, on how many it was not. To the space
    they are masked like items that have nothing to measure; extract, then fuse again.
    """

    space: Space
    fitted: bool
    placed: int
    removed: int
    unmeasured: Mapping[str, int] = field(default_factory=dict[str, int])
    sequences: tuple[str, ...] = ()
    fusion: Fusion = BASELINE


def fuse(
    catalogue: Catalogue,
    *,
    name: str = "fused",
    features: Sequence[str] | None = None,
    items: Sequence[str] | None = None,
    train: Sequence[str] | None = None,
    refit: bool = False,
    fusion: Fusion | None = None,
) -> Fused:
    """Make or bring up to date a space from features.

    ``features``: titles, such as ``"seeing/colour"``; all that were measured by default. A title that several
    recipes measured is given with the hash of one: ``"seeing/colour@0123456789ab"``. ``items``: those that the space
    holds, such as what cleaning kept; all by default. ``train``: the items that the fusion is learned from, all by
    default; give the training side when there is a split. ``fusion``: how; as the space was made that stands, and by
    the baseline where there is none. A space that stands keeps its fit, and only new and changed items are placed in
    it, unless the features or the settings changed or ``refit`` is set. One that was fitted on ``train`` is never
    fitted on all items without being told to.

    By the baseline each feature is z-scored, kept within three deviations, and divided by the square root of its width
    and of how many its panel has, so that panels weigh alike, and the features of a panel too, however wide they are:
    for an average item that has all features each panel has about length 1. An item that lacks some of a panel's
    features is compared on the others, see :mod:`triptych.spaces.search`. What else can be had says
    :class:`~triptych.fusion.fusion.Fusion`.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", name):
        raise UsageError(f"a space cannot be called {name!r}; use letters, digits, - and _, at most 64.")
    store, shelf = FeatureStore(catalogue.tables), Shelf(catalogue.tables)
    with catalogue.writing("fuse"):
        item_ids = _item_ids(catalogue, items)
        held = shelf.fit(name)
        how = fusion or (BASELINE if held is None else _settings(held[1]))
        tables, sequences = tables_of(store, features, how)
        recipe = how.recipe(tables)
        chosen = items is not None
        anew = train is not None or refit
        fit = None if anew else _standing(shelf, name, item_ids, tables, recipe, chosen=chosen)
        fitted = fit is None
        if fit is None:
            learned_from = _learned_from(item_ids, train)
            declared = 0 if train is None else len(learned_from)
            fit = _Standing(fitted=how.fit(tables, learned_from), train=declared, chosen=chosen)
        blocks = fit.fitted.blocks(tables, item_ids)
        space = Space(name=name, item_ids=item_ids, blocks=blocks, recipe=recipe.to_json())
        if fitted:
            shelf.replace(space, fit.to_json(), fit.fitted.arrays())
            placed, removed = len(item_ids), 0
        else:
            placed, removed = _place(shelf, space)
        return Fused(
            space=space,
            fitted=fitted,
            placed=placed,
            removed=removed,
            unmeasured=_unmeasured(tables, item_ids),
            sequences=sequences,
            fusion=how,
        )


def tables_of(
    store: FeatureStore, features: Sequence[str] | None, fusion: Fusion
) -> tuple[list[FeatureTable], tuple[str, ...]]:
    """The features that a fusion is made of, sequences aligned as it says, and the sequences that it leaves out."""
    recipes, sequences = _recipes(store, features, fusion.align)
    tables: list[FeatureTable] = []
    for recipe in recipes:
        if fusion.takes(recipe.title):
            if fusion.align is not None and store.holds_sequences(recipe):
                tables.append(aligned_table(store, recipe, fusion.align))
            else:
                tables.append(store.read(recipe))
    return tables, sequences


def _learned_from(item_ids: Sequence[str], train: Sequence[str] | None) -> list[str]:
    learned_from = list(dict.fromkeys(item_ids if train is None else train))
    known = set(item_ids)
    for item_id in learned_from:
        if item_id not in known:
            raise UnknownName("item", item_id, known)
    return learned_from


def _item_ids(catalogue: Catalogue, asked: Sequence[str] | None) -> tuple[str, ...]:
    known = tuple(sorted(catalogue.item_ids()))
    if not known:
        raise SpaceError("the catalogue has no items. Add some: triptych add CATALOGUE SOURCE")
    if asked is None:
        return known
    if not asked:
        raise UsageError("items is empty; name those that the space is to hold, or leave it out to take all.")
    chosen, there = sorted(set(asked)), set(known)
    for item_id in chosen:
        if item_id not in there:
            raise UnknownName("item", item_id, known)
    return tuple(chosen)


def _recipes(
    store: FeatureStore, asked: Sequence[str] | None, align: Alignment | None
) -> tuple[list[Recipe], tuple[str, ...]]:
    """What is fused, and of what was not asked for by name, the sequences that are left out."""
    sequences: tuple[str, ...] = ()
    if asked is None:
        measured = store.recipes()
        moments = {r.title for r in measured if store.holds_sequences(r) and (align is None or is_packed(r))}
        asked = sorted({recipe.title for recipe in measured} - moments)
        sequences = tuple(sorted(moments))
        if not asked:
            raise SpaceError("no features were measured yet. Measure them: triptych extract CATALOGUE")
    if not asked:
        raise UsageError("features is empty; name at least one, or leave it out to take all that were measured.")
    found: dict[str, Recipe] = {}
    for name in asked:
        title, _, wanted = name.partition("@")
        recipe = store.recipe_of(title, prefer=wanted)
        if found.setdefault(title, recipe) != recipe:
            raise UsageError(f"{title} is given by two recipes, {found[title].hash} and {recipe.hash}; give one.")
    return sorted(found.values(), key=lambda recipe: in_order(recipe.title)), sequences


@dataclass(frozen=True, kw_only=True, eq=False)
class _Standing:
    """What a space keeps. ``train``: how many declared items it was learned from, 0 if from all.

    ``chosen``: whether the space holds chosen items, not all.
    """

    fitted: Fitted
    train: int
    chosen: bool

    def to_json(self) -> dict[str, Any]:
        return {**self.fitted.to_json(), "train": self.train, "chosen": self.chosen}


def _settings(body: Mapping[str, Any]) -> Fusion:
    """Those that a space was made by; before there were any, all were made by the baseline."""
    return Fusion.from_json(body["fusion"]) if "fusion" in body else BASELINE


def _older(recipe: str, body: Mapping[str, Any]) -> Fitted:
    """The fit of a space that was written before fits had arrays: a z-score of each feature, and no ids."""
    hashes: Mapping[str, str] = Recipe.from_json(recipe).params["features"]
    parts = {title: Part.scaled(title, hashes[title], ZScore.from_json(own)) for title, own in body["scales"].items()}
    return Fitted(fusion=BASELINE, parts=tuple(parts[title] for title in sorted(parts, key=in_order)))


def _standing(
    shelf: Shelf,
    name: str,
    item_ids: Sequence[str],
    tables: Sequence[FeatureTable],
    recipe: Recipe,
    *,
    chosen: bool,
) -> _Standing | None:
    """What a standing space keeps; None when there is none, or when it must be learned anew.

    A space of chosen items does not become one of all items, or the other way, under the same fit.
    """
    held = shelf.fit(name)
    if held is None:
        return None
    known, body = held
    train: int = body["train"]
    if known == recipe.to_json() and (body["chosen"] == chosen or train):
        fitted = _older(known, body) if "scales" in body else Fitted.again(body, shelf.arrays(name))
        # A feature that too few items had may have come to be measured on enough of them.
        late = [table for table in tables if table.recipe.title not in fitted.features]
        if train or not any(int(table.aligned(item_ids)[1].sum()) >= FEWEST for table in late):
            return _Standing(fitted=fitted, train=train, chosen=body["chosen"])
    elif train:
        raise SpaceError(
            f"space {name!r} was fitted on {train} declared items, and its features are others now, or its settings. "
            "Give those items again as train, or ask for a refit to learn from all items."
        )
    return None


def _place(shelf: Shelf, space: Space) -> tuple[int, int]:
    """Bring a standing space up to date: write the rows that are new or differ, drop those that are gone."""
    old = shelf.read(space.name)
    before = {item_id: row for row, item_id in enumerate(old.item_ids)}
    rows = np.array([before.get(item_id, -1) for item_id in space.item_ids], np.int64)
    same = rows >= 0
    known = np.flatnonzero(same)
    same[known] &= (space.blocks.mask[known] == old.blocks.mask[rows[known]]).all(axis=1)
    for new_values, old_values in zip(space.blocks.values, old.blocks.values, strict=True):
        same[known] &= (new_values[known] == old_values[rows[known]]).all(axis=1)
    fresh = [space.item_ids[k] for k in np.flatnonzero(~same)]
    gone = sorted(before.keys() - set(space.item_ids))
    if fresh:
        shelf.place(space, fresh)
    if gone:
        shelf.remove(space.name, gone)
    return len(fresh), len(gone)


def _unmeasured(tables: Sequence[FeatureTable], item_ids: Sequence[str]) -> dict[str, int]:
    missing = {table.recipe.title: len(set(item_ids) - set(table.item_ids)) for table in tables}
    return {title: count for title, count in missing.items() if count}
