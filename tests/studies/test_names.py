"""Names: columns are called what their extractor calls them, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.worlds.holdings import holdings
from triptych import FeatureStore, extract
from triptych.catalogue.records import Item
from triptych.features import registry
from triptych.features.table import FeatureTable
from triptych.studies.names import names_of


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, FeatureTable]:
    made = holdings(
        tmp_path_factory.mktemp("named") / "films",
        Item(item_id="a", title="A", year=1990, genres=("Drama",)),
        Item(item_id="b", title="B", year=2001, genres=("Comedy", "Drama")),
    )
    titles = ("reading/genres", "reading/year")
    extract(made, extractors=registry.ready([registry.build(title) for title in titles]), workers=1)
    store = FeatureStore(made.tables)
    return {title: store.read(store.recipe_of(title)) for title in titles}


def test_what_was_learned_names_its_columns(tables: dict[str, FeatureTable]) -> None:
    found = names_of(list(tables.values()))
    assert {"genre_comedy", "genre_drama"} <= set(found["reading/genres"])
    assert len(found["reading/genres"]) == tables["reading/genres"].values.shape[1]
    assert len(found["reading/year"]) == tables["reading/year"].values.shape[1]


def test_a_feature_of_others_or_of_other_settings_has_no_names(tables: dict[str, FeatureTable]) -> None:
    year = tables["reading/year"]
    other = replace(year, recipe=replace(year.recipe, params={"other": 1}))
    foreign = replace(year, recipe=replace(year.recipe, name="given"))
    assert names_of([other]) == names_of([foreign]) == {}
