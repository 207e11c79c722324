"""Forget: a feature is taken out of a catalogue, with what the ledger says of it."""

from __future__ import annotations

from triptych.catalogue.catalogue import Catalogue
from triptych.features.ledger import TABLE
from triptych.features.recipe import Recipe
from triptych.features.store import FeatureStore


def forget(catalogue: Catalogue, title: str) -> Recipe:
    """Delete the feature ``PANEL/NAME``, or ``PANEL/NAME@HASH`` where several recipes have it, of every item.

    One that Triptych measures is measured again by the next extraction that asks for it. Spaces stand as they are
    until they are fused again, and earlier commits still hold it.
    """
    name, _, prefer = title.partition("@")
    with catalogue.writing("forget"):
        recipe = FeatureStore(catalogue.tables).recipe_of(name, prefer=prefer)
        clear(catalogue, recipe)
    return recipe


def clear(catalogue: Catalogue, recipe: Recipe) -> None:
    """Delete its rows. The ledger goes first: after a kill it must not vouch for what is gone."""
    if catalogue.tables.exists(TABLE):
        catalogue.tables.delete(TABLE, "recipe", [recipe.hash])
    FeatureStore(catalogue.tables).clear(recipe)
