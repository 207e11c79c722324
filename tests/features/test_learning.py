"""Learning: what was learned stands until it is asked anew, and only what it was allowed to see teaches it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.worlds.catalogues import Listed, catalogue_of
from tests.worlds.measures import Initials, Letters
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Item
from triptych.engine import LocalPool
from triptych.errors import UnknownName, UsageError
from triptych.features.extraction import Extracted, extract
from triptych.features.learning import learned
from triptych.features.ledger import Ledger
from triptych.features.recipe import Recipe
from triptych.features.store import FeatureStore

PLOTS = {"a": "Ants march.", "b": "Bees dance.", "c": ""}


@pytest.fixture
def films(tmp_path: Path) -> Catalogue:
    return catalogue_of(tmp_path / "c", *(Item(item_id=name, plot=plot) for name, plot in PLOTS.items()))


def run(films: Catalogue, pool: LocalPool, **asked: object) -> Extracted:
    return extract(films, extractors=[Initials(), Letters()], engine=pool, **asked)  # type: ignore[arg-type]


def add(films: Catalogue, **plots: str) -> None:
    films.add(Listed(items=[Item(item_id=name, plot=plot) for name, plot in plots.items()]))


def standing(films: Catalogue) -> list[Recipe]:
    return [recipe for recipe in FeatureStore(films.tables).recipes() if recipe.title == "reading/initials"]


def test_what_was_learned_stands_and_new_items_are_measured_by_it(films: Catalogue, pool: LocalPool) -> None:
    assert run(films, pool).done == 4
    [first] = standing(films)
    assert first.params["learned"] == "ab"
    add(films, d="Deer and ants.")
    made = run(films, pool)
    assert (made.done, made.settled, made.notes) == (2, 6, ())
    assert standing(films) == [first]
    table = FeatureStore(films.tables).read(first)
    assert table.values[table.item_ids.index("d")].tolist() == [2, 0]


def test_a_catalogue_that_outgrew_what_was_learned_is_told_and_relearning_replaces_it(
    films: Catalogue, pool: LocalPool
) -> None:
    run(films, pool)
    add(films, d="Deer.", e="Eels.", f="Foxes.", g="Geese.")
    made = run(films, pool)
    assert len(made.notes) == 1
    assert "learned from 3 items and there are 7" in made.notes[0]
    [old] = standing(films)
    assert run(films, pool, relearn=True).notes == ()
    [new] = standing(films)
    assert new.params["learned"] == "abdefg"
    assert old.hash not in {entry.recipe for entry in Ledger(films.tables).entries()}
    assert run(films, pool).done == 0


def test_declared_items_alone_teach(films: Catalogue, pool: LocalPool) -> None:
    run(films, pool, train=["b"])
    [declared] = standing(films)
    assert declared.params["learned"] == "b"
    run(films, pool, train=["a"])
    assert {recipe.params["learned"] for recipe in standing(films)} == {"a", "b"}
    # Both stand, and both are kept up to date; nothing is learned from the item that came.
    add(films, d="Deer, bees.")
    assert run(films, pool).done == 3
    assert {recipe.params["learned"] for recipe in standing(films)} == {"a", "b"}
    assert run(films, pool, train=["b"]).settled == 8


def test_what_learned_of_nothing_learns_as_soon_as_there_is_something(tmp_path: Path, pool: LocalPool) -> None:
    films = catalogue_of(tmp_path / "c", Item(item_id="c"))
    run(films, pool)
    add(films, a="Ants.")
    run(films, pool)
    [recipe] = standing(films)
    assert recipe.params["learned"] == "a"


def test_other_settings_are_another_feature(films: Catalogue, pool: LocalPool) -> None:
    run(films, pool)
    extract(films, extractors=[Initials(most=1)], engine=pool)
    assert sorted(recipe.params["learned"] for recipe in standing(films)) == ["a", "ab"]


def test_items_to_learn_from_must_be_there(films: Catalogue) -> None:
    with pytest.raises(UnknownName, match="no item 'zebra'"):
        learned(films, [Initials()], train=["zebra"])
    with pytest.raises(UsageError, match="train is empty"):
        learned(films, [Initials()], train=[])
