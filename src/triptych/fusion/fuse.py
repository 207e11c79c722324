"""Fuse: z-score each feature, lay the features of a panel side by side, keep the panels' masks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

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


@dataclass(frozen=True, kw_only=True, eq=False)
class Fused:
    """The space, and what was written: all of it (``fitted``), or the items placed into the standing fit."""

    space: Space
    fitted: bool
    placed: int
    removed: int


def fuse(
    catalogue: Catalogue,
    *,
    name: str = "fused",
    features: Sequence[str] | None = None,
    train: Sequence[str] | None = None,
    refit: bool = False,
) -> Fused:
    """Make or bring up to date a space from features.

    ``features``: titles, such as ``"seeing/colour"``; all that were measured by default. ``train``: the items
    that the scaling is learned from, all by default; give the training side when there is a split. A space
    that stands keeps its fit, and only new and changed items are placed in it, unless the features changed
    or ``refit`` is set.

    Each feature is z-scored and divided by the square root of its panel's width, so that panels of unlike
    width weigh alike: for an average item each panel has length 1.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", name):
        raise UsageError(f"a space cannot be called {name!r}; use letters, digits, - and _, at most 64.")
    store, shelf = FeatureStore(catalogue.tables), Shelf(catalogue.tables)
    with catalogue.writing("fuse"):
        tables = [store.read(recipe) for recipe in _recipes(store, features)]
        item_ids = tuple(sorted(catalogue.item_ids()))
        if not item_ids:
            raise SpaceError("the catalogue has no items. Add some: triptych add CATALOGUE SOURCE")
        recipe = _recipe(tables)
        standing = shelf.fit(name)
        if standing is not None and standing[0] == recipe.to_json() and not refit and train is None:
            return _place(shelf, name, item_ids, tables, recipe, standing[1])
        fit = _fit(tables, train or item_ids, set(item_ids))
        space = _transform(name, item_ids, tables, recipe, fit)
        shelf.replace(space, fit)
        return Fused(space=space, fitted=True, placed=len(item_ids), removed=0)


def _recipes(store: FeatureStore, titles: Sequence[str] | None) -> list[Recipe]:
    if titles is None:
        titles = sorted({recipe.title for recipe in store.recipes()})
    if not titles:
        raise SpaceError("no features were measured yet. Measure them: triptych extract CATALOGUE")
    found = [store.recipe_of(title) for title in dict.fromkeys(titles)]
    return sorted(found, key=lambda recipe: (PANELS.index(recipe.panel), recipe.name))


def _recipe(tables: Sequence[FeatureTable]) -> Recipe:
    parts = {table.recipe.title: table.recipe.hash for table in tables}
    return Recipe(panel="all", name="concatenation", version=1, params={"features": parts, "scaling": "z-score"})


def _fit(tables: Sequence[FeatureTable], train: Sequence[str], known: set[str]) -> dict[str, Any]:
    """Scaling of each feature, learned from the training items alone. JSON, kept with the space."""
    for item_id in train:
        if item_id not in known:
            raise UnknownName("item", item_id, known)
    fit: dict[str, Any] = {}
    for table in tables:
        values, mask = table.aligned(train)
        if mask.sum() < FEWEST:
            continue  # a feature that next to no item has says nothing; its panel stays masked
        fit[table.recipe.title] = ZScore.fit(values, mask).to_json()
    if not fit:
        titles = ", ".join(table.recipe.title for table in tables)
        raise SpaceError(f"of {titles}, none is present in {FEWEST} items or more. See why: triptych ledger CATALOGUE")
    return fit


def _transform(
    name: str, item_ids: tuple[str, ...], tables: Sequence[FeatureTable], recipe: Recipe, fit: dict[str, Any]
) -> Space:
    """A panel is present where all its features are: half a panel would be compared with a whole one."""
    panels: list[str] = []
    blocks: list[np.ndarray] = []
    masks: list[np.ndarray] = []
    for panel in PANELS:
        own = [table for table in tables if table.recipe.panel == panel and table.recipe.title in fit]
        if not own:
            continue
        parts: list[np.ndarray] = []
        present = np.ones(len(item_ids), bool)
        for table in own:
            values, mask = table.aligned(item_ids)
            scale = ZScore.from_json(fit[table.recipe.title])
            if len(scale.mean) != values.shape[1] and mask.any():
                raise SpaceError(f"{table.recipe.title} has {values.shape[1]} entries, space {name!r} was fitted on {len(scale.mean)}.")
            parts.append(scale(values, mask) if mask.any() else np.zeros((len(item_ids), len(scale.mean)), np.float32))
            present &= mask
        block = np.concatenate(parts, axis=1) / np.float32(np.sqrt(sum(part.shape[1] for part in parts)))
        panels.append(panel)
        blocks.append(np.where(present[:, None], block, 0).astype(np.float32))
        masks.append(present)
    return Space(
        name=name,
        item_ids=item_ids,
        blocks=Blocks(panels=tuple(panels), values=tuple(blocks), mask=np.stack(masks, axis=1)),
        recipe=recipe.to_json(),
    )


def _place(
    shelf: Shelf, name: str, item_ids: tuple[str, ...], tables: Sequence[FeatureTable], recipe: Recipe, fit: dict[str, Any]
) -> Fused:
    """Bring a standing space up to date: write only the rows that are new or differ, drop those that are gone."""
    space = _transform(name, item_ids, tables, recipe, fit)
    old = shelf.read(name)
    before = {item_id: k for k, item_id in enumerate(old.item_ids)}
    fresh = [item_id for k, item_id in enumerate(item_ids) if not _same(space, k, old, before.get(item_id))]
    gone = sorted(before.keys() - set(item_ids))
    if fresh:
        shelf.place(space, fresh, fit)
    if gone:
        shelf.remove(name, gone)
    return Fused(space=space, fitted=False, placed=len(fresh), removed=len(gone))


def _same(space: Space, k: int, old: Space, j: int | None) -> bool:
    return (
        j is not None
        and bool((space.blocks.mask[k] == old.blocks.mask[j]).all())
        and all((a[k] == b[j]).all() for a, b in zip(space.blocks.values, old.blocks.values, strict=True))
    )
