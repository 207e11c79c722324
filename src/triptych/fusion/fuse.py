"""Fuse: z-score each feature, lay the features of the panels side by side, keep the mask of each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.catalogue.catalogue import Catalogue
from triptych.errors import SpaceError, UnknownName, UsageError
from triptych.features.recipe import PANELS, Recipe
from triptych.features.store import FeatureStore
from triptych.features.table import FeatureTable
from triptych.fusion.normalise import ZScore
from triptych.spaces.search import Blocks
from triptych.spaces.shelf import Shelf
from triptych.spaces.space import Space

#: Fewer items than this have no spread worth dividing by.
FEWEST = 2
#: No entry counts as further from the mean than so many deviations: one rare genre, or the oldest film's year, would
#: else be all that an item is compared by.
FURTHEST = 3.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Fused:
    """The space, and what was written: all of it (``fitted``), or the items placed into the standing fit.

    ``unmeasured``: for each feature that was not yet measured on all items, on how many it was not. To the space
    they are masked like items that have nothing to measure; extract, then fuse again.
    """

    space: Space
    fitted: bool
    placed: int
    removed: int
    unmeasured: Mapping[str, int] = field(default_factory=dict[str, int])
    sequences: tuple[str, ...] = ()


def fuse(
    catalogue: Catalogue,
    *,
    name: str = "fused",
    features: Sequence[str] | None = None,
    items: Sequence[str] | None = None,
    train: Sequence[str] | None = None,
    refit: bool = False,
) -> Fused:
    """Make or bring up to date a space from features.

    ``features``: titles, such as ``"seeing/colour"``; all that were measured by default. A title that several
    recipes measured is given with the hash of one: ``"seeing/colour@0123456789ab"``. ``items``: those that the space
    holds, such as what cleaning kept; all by default. ``train``: the items
    that the scaling is learned from, all by default; give the training side when there is a split. A space
    that stands keeps its fit, and only new and changed items are placed in it, unless the features changed
    or ``refit`` is set. One that was fitted on ``train`` is never fitted on all items without being told to.

    Each feature is z-scored, kept within three deviations, and divided by the square root of its width and of how
    many its panel has, so that panels weigh alike, and the features of a panel too, however wide they are: for an
    average item that has all features each panel has about length 1. An item that lacks some of a panel's features is
    compared on the others, see :mod:`triptych.spaces.search`.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", name):
        raise UsageError(f"a space cannot be called {name!r}; use letters, digits, - and _, at most 64.")
    store, shelf = FeatureStore(catalogue.tables), Shelf(catalogue.tables)
    with catalogue.writing("fuse"):
        item_ids = _item_ids(catalogue, items)
        recipes, sequences = _recipes(store, features)
        tables = [store.read(recipe) for recipe in recipes]
        recipe = _recipe(tables)
        fit = (
            None
            if train is not None or refit
            else _standing(shelf, name, item_ids, tables, recipe, chosen=items is not None)
        )
        if fit is None:
            fit = _Fit.learn(tables, item_ids, train, chosen=items is not None)
            space = _transform(name, item_ids, tables, recipe, fit)
            shelf.replace(space, fit.to_json())
            fitted, placed, removed = True, len(item_ids), 0
        else:
            space = _transform(name, item_ids, tables, recipe, fit)
            placed, removed = _place(shelf, space, fit)
            fitted = False
        return Fused(
            space=space,
            fitted=fitted,
            placed=placed,
            removed=removed,
            unmeasured=_unmeasured(tables, item_ids),
            sequences=sequences,
        )


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


def _recipes(store: FeatureStore, asked: Sequence[str] | None) -> tuple[list[Recipe], tuple[str, ...]]:
    sequences: tuple[str, ...] = ()
    if asked is None:
        measured = store.recipes()
        moments = {recipe.title for recipe in measured if store.holds_sequences(recipe)}
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
    return sorted(found.values(), key=lambda recipe: (PANELS.index(recipe.panel), recipe.name)), sequences


def _recipe(tables: Sequence[FeatureTable]) -> Recipe:
    parts = {table.recipe.title: table.recipe.hash for table in tables}
    return Recipe(
        panel="all",
        name="concatenation",
        version=2,
        params={"features": parts, "scaling": "z-score", "furthest": FURTHEST},
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Fit:
    """The scaling of each feature. ``train``: how many declared items it was learned from, 0 if from all.

    ``chosen``: whether the space holds chosen items, not all.
    """

    scales: Mapping[str, ZScore]
    train: int
    chosen: bool

    @classmethod
    def learn(
        cls, tables: Sequence[FeatureTable], item_ids: Sequence[str], train: Sequence[str] | None, *, chosen: bool
    ) -> _Fit:
        learned_from = list(dict.fromkeys(item_ids if train is None else train))
        known = set(item_ids)
        for item_id in learned_from:
            if item_id not in known:
                raise UnknownName("item", item_id, known)
        scales: dict[str, ZScore] = {}
        for table in tables:
            values, mask = table.aligned(learned_from)
            # A feature that next to no item has says nothing; it is left out of its panel.
            if mask.sum() >= FEWEST:
                scales[table.recipe.title] = ZScore.fit(values, mask)
        if not scales:
            titles = ", ".join(table.recipe.title for table in tables)
            among = "" if train is None else f" of the {len(learned_from)} items to learn from"
            raise SpaceError(
                f"of {titles}, none is present in {FEWEST} items or more{among}. See why: triptych ledger CATALOGUE"
            )
        return cls(scales=scales, train=0 if train is None else len(learned_from), chosen=chosen)

    def to_json(self) -> dict[str, Any]:
        scales = {title: scale.to_json() for title, scale in self.scales.items()}
        return {"scales": scales, "train": self.train, "chosen": self.chosen}

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> _Fit:
        scales = {title: ZScore.from_json(scale) for title, scale in body["scales"].items()}
        return cls(scales=scales, train=body["train"], chosen=body["chosen"])


def _standing(
    shelf: Shelf,
    name: str,
    item_ids: Sequence[str],
    tables: Sequence[FeatureTable],
    recipe: Recipe,
    *,
    chosen: bool,
) -> _Fit | None:
    """The fit that a standing space keeps; None when there is none, or when one must be learned anew.

    A space of chosen items does not become one of all items, or the other way, under the same scaling.
    """
    held = shelf.fit(name)
    if held is None:
        return None
    fit = _Fit.from_json(held[1])
    if held[0] == recipe.to_json() and (fit.chosen == chosen or fit.train):
        # A feature that too few items had may have come to be measured on enough of them.
        late = [table for table in tables if table.recipe.title not in fit.scales]
        if fit.train or not any(int(table.aligned(item_ids)[1].sum()) >= FEWEST for table in late):
            return fit
    elif fit.train:
        raise SpaceError(
            f"space {name!r} was fitted on {fit.train} declared items, and its features are others now. Give those "
            "items again as train, or ask for a refit to learn from all items."
        )
    return None


def _transform(
    name: str, item_ids: tuple[str, ...], tables: Sequence[FeatureTable], recipe: Recipe, fit: _Fit
) -> Space:
    """One block for each feature, masked where the item has none: two items are compared on what both have."""
    names: list[str] = []
    blocks: list[npt.NDArray[np.float32]] = []
    masks: list[npt.NDArray[np.bool_]] = []
    for panel in PANELS:
        own = [table for table in tables if table.recipe.panel == panel and table.recipe.title in fit.scales]
        for table in own:
            values, mask = table.aligned(item_ids)
            scale = fit.scales[table.recipe.title]
            # Of a feature that no item of these has, not even the width is known.
            scaled = scale(values, mask) if mask.any() else np.zeros((len(item_ids), len(scale.mean)), np.float32)
            scaled = np.clip(scaled, -FURTHEST, FURTHEST)
            names.append(table.recipe.title)
            blocks.append((scaled / np.float32(np.sqrt(len(own) * len(scale.mean)))).astype(np.float32))
            masks.append(mask)
    return Space(
        name=name,
        item_ids=item_ids,
        blocks=Blocks(
            panels=tuple(name.partition("/")[0] for name in names),
            names=tuple(names),
            values=tuple(blocks),
            mask=np.stack(masks, axis=1),
        ),
        recipe=recipe.to_json(),
    )


def _place(shelf: Shelf, space: Space, fit: _Fit) -> tuple[int, int]:
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
        shelf.place(space, fresh, fit.to_json())
    if gone:
        shelf.remove(space.name, gone)
    return len(fresh), len(gone)


def _unmeasured(tables: Sequence[FeatureTable], item_ids: Sequence[str]) -> dict[str, int]:
    missing = {table.recipe.title: len(set(item_ids) - set(table.item_ids)) for table in tables}
    return {title: count for title, count in missing.items() if count}
