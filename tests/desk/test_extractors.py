"""Extractors again: from a recipe, the very one that wrote it, whatever settings it had; or a sentence."""

from __future__ import annotations

from typing import Any

import pytest

from tests.desk.world import BY_HAND, film
from triptych.desk.extractors import again
from triptych.features.extractor import Learner, Showing
from triptych.features.recipe import Recipe
from triptych.features.registry import build
from triptych.features.settings import settings


@pytest.mark.parametrize(
    ("title", "given"),
    [
        ("seeing/colour", []),
        ("seeing/colour", ["bins=16", "sampling=each-second"]),
        ("seeing/colour", ["pooling=4:median-mad"]),
        ("hearing/acoustic", []),
        ("reading/tfidf-plot", []),
        ("reading/tfidf-plot", ["terms=7", "ngrams=2"]),
        ("reading/genres", []),
        ("reading/people", []),
        ("reading/year", []),
    ],
)
def test_the_extractor_that_a_recipe_stands_for(title: str, given: list[str]) -> None:
    asked: dict[str, Any] = settings([f"{title}.{one}" for one in given]).get(title, {})
    made = build(title, **asked)
    items = [film(world, k) for world in ("space", "farm") for k in range(3)]
    extractor = made.learn(items) if isinstance(made, Learner) else made
    found = again(Recipe.from_json(extractor.recipe.to_json()))
    assert not isinstance(found, str), found
    assert found.recipe == extractor.recipe
    if not found.needs.reel:
        showings = [Showing(item=item) for item in items]
        for one, other in zip(found.extract(showings), extractor.extract(showings), strict=True):
            assert (one.values is None) == (other.values is None)
            assert one.values is None or (one.values == other.values).all()


@pytest.mark.parametrize("recipe", [BY_HAND, Recipe(panel="seeing", name="colour", version=99)])
def test_what_cannot_be_measured_again_is_told(recipe: Recipe) -> None:
    found = again(recipe)
    assert isinstance(found, str)
    assert recipe.title in found
