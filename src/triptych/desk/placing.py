"""Placing: how features become the content that a model was fitted on, kept with the model.

A space may be fused anew while a model that learned from it stands. So a model keeps the fusion that it was fitted
with, and the recipes of what it was made of: what comes later is placed as all before it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.tables import Tables, quote
from triptych.errors import SpaceError, UnknownName
from triptych.features.feature import Feature, Presence
from triptych.features.recipe import Recipe
from triptych.features.store import FeatureStore
from triptych.features.table import FeatureTable
from triptych.fusion.align import aligned_recipe, aligned_table
from triptych.fusion.fusion import Fitted
from triptych.spaces.blocks import Blocks
from triptych.spaces.shelf import Shelf, digest_of

#: Of more items than this all are read: that is quicker than asking for each.
FEW = 200
#: Tables that are read side by side.
READERS = 4


@dataclass(frozen=True, kw_only=True, eq=False)
class Placing:
    """``space``: the name and recipe of the one that was learned from. ``recipes``: title → what measured it."""

    space: str
    space_recipe: str
    fusion: Fitted
    recipes: Mapping[str, Recipe]

    @classmethod
    def of(cls, catalogue: Catalogue, space: str) -> Placing:
        """What a space of the catalogue is placed by."""
        shelf = Shelf(catalogue.tables)
        held = shelf.fit(space)
        if held is None:
            hint = f"Make one: triptych fuse {catalogue.folder}" + (f" --name {space}" if space != "fused" else "")
            raise UnknownName("space", space, shelf.names(), hint=hint)
        recipe, body = held
        if "features" not in body:
            raise SpaceError(
                f"the space {space!r} does not keep how its items were placed, so that nothing could be placed later. "
                f"Make it anew: triptych fuse {catalogue.folder} --name {space} --refit"
            )
        fusion = Fitted.again(body, shelf.arrays(space))
        return cls(space=space, space_recipe=recipe, fusion=fusion, recipes=_measured(catalogue, fusion))

    @cached_property
    def tables(self) -> Mapping[str, Recipe]:
        """Title → what a table of it goes by: of sequences, that of their alignment."""
        found: dict[str, Recipe] = {}
        for part in self.fusion.parts:
            recipe = self.recipes[part.title]
            align = self.fusion.fusion.align
            found[part.title] = recipe if recipe.hash == part.recipe or align is None else aligned_recipe(recipe, align)
        return found

    def blocks(self, tables: Mapping[str, FeatureTable], item_ids: Sequence[str]) -> Blocks:
        """``[n]`` rows, a feature of which no table is given masked in all."""
        whole = [tables.get(title) or _none(recipe) for title, recipe in self.tables.items()]
        return self.fusion.blocks(whole, item_ids)

    def of_features(self, features: Mapping[str, Feature]) -> Blocks:
        """One row, of what was measured of something that need be no item. What is not named is masked."""
        found: dict[str, FeatureTable] = {}
        for title, feature in features.items():
            values = feature.values
            align = self.fusion.fusion.align
            if values is not None and values.ndim == 2:
                values = None if align is None else align(values, feature.times_s)
            if values is not None:
                found[title] = FeatureTable(
                    recipe=self.tables[title],
                    item_ids=("",),
                    values=values[None].astype(np.float32),
                    presence=np.array([Presence.PRESENT.value], dtype="U8"),
                )
        return self.blocks(found, [""])

    def items(self, catalogue: Catalogue, item_ids: Sequence[str]) -> Blocks:
        """Rows of items of the catalogue, of what was measured of them so far by these recipes."""
        tables = catalogue.tables
        if len(item_ids) <= FEW and tables.writable:
            tables = _Some(catalogue.folder / "lance", item_ids)
        store, align = FeatureStore(tables), self.fusion.fusion.align

        def read(title: str) -> FeatureTable | None:
            recipe = self.recipes[title]
            try:
                if align is not None and self.tables[title].hash != recipe.hash:
                    return aligned_table(store, recipe, align)
                return store.read(recipe)
            except UnknownName:  # nothing measured by it stands any more: masked, as where it was never measured
                return None

        # A table of a few rows takes longer to open than to read, and reading waits for the disk.
        with ThreadPoolExecutor(max_workers=READERS) as readers:
            tables_read = dict(zip(self.recipes, readers.map(read, self.recipes), strict=True))
        found = {title: table for title, table in tables_read.items() if table is not None}
        return self.blocks(found, item_ids)

    def stands(self, catalogue: Catalogue) -> bool:
        """Whether the space is still as it was learned from: made of the same, by the same fit."""
        shelf = Shelf(catalogue.tables)
        held = shelf.fit(self.space)
        if held is None or held[0] != self.space_recipe:
            return False
        return digest_of(shelf.arrays(self.space)) == digest_of(self.fusion.arrays())

    def to_json(self) -> dict[str, Any]:
        """All but the arrays, which are the fusion's."""
        return {
            "space": self.space,
            "space_recipe": self.space_recipe,
            "fusion": self.fusion.to_json(),
            "recipes": {title: recipe.to_json() for title, recipe in self.recipes.items()},
        }

    @classmethod
    def again(cls, body: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Placing:
        return cls(
            space=body["space"],
            space_recipe=body["space_recipe"],
            fusion=Fitted.again(body["fusion"], arrays),
            recipes={title: Recipe.from_json(text) for title, text in body["recipes"].items()},
        )


class _Some(Tables):
    """The tables of a catalogue, of which only the rows of some items are read."""

    def __init__(self, folder: Path, item_ids: Sequence[str]) -> None:
        super().__init__(folder)
        self._where = f"item_id IN ({', '.join(quote(item_id) for item_id in item_ids)})"

    def read(
        self, name: str, *, columns: Sequence[str] | None = None, where: str | None = None, version: int | None = None
    ) -> pa.Table:
        chosen = self._where if where is None else f"({where}) AND {self._where}"
        return super().read(name, columns=columns, where=chosen, version=version)


def _measured(catalogue: Catalogue, fusion: Fitted) -> dict[str, Recipe]:
    """Title → the recipe of what measured each part of a fusion."""
    known = FeatureStore(catalogue.tables).recipes()
    align = fusion.fusion.align
    found: dict[str, Recipe] = {}
    for part in fusion.parts:
        for recipe in known:
            if recipe.title == part.title and part.recipe in (
                recipe.hash,
                None if align is None else aligned_recipe(recipe, align).hash,
            ):
                found[part.title] = recipe
        if part.title not in found:
            raise SpaceError(
                f"the space was made of {part.title} as recipe {part.recipe} measured it, of which there is nothing "
                f"any more. Make it anew: triptych fuse {catalogue.folder}"
            )
    return found


def _none(recipe: Recipe) -> FeatureTable:
    return FeatureTable(recipe=recipe, item_ids=(), values=np.zeros((0, 0), np.float32), presence=np.zeros(0, "U8"))
