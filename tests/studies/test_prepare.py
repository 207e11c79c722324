"""Prepare: what was half attached is attached to its end, and what is the caller's is left as it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.worlds.judged import judged
from triptych.catalogue.catalogue import Catalogue
from triptych.errors import TriptychError, UsageError
from triptych.features.ledger import TABLE
from triptych.features.store import FeatureStore
from triptych.studies.prepare import prepare
from triptych.studies.study import Data, Given

LOOK = Data(source="synthetic", given=(Given(title="seeing/given", file="look.csv"),))


def quiet(what: str, done: int, total: int) -> None:
    """Nobody is told."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A catalogue that a study made, with a feature whose attaching was killed between two batches."""
    made = judged(tmp_path / "catalogue")
    rows = [f"{item_id},{k},{k % 7}" for k, item_id in enumerate(made.item_ids())]
    (tmp_path / "look.csv").write_text("item_id,a,b\n" + "\n".join(rows) + "\n")
    prepare(LOOK, made.folder, given=tmp_path, catalogue=None, report=quiet)
    recipe = FeatureStore(made.tables).recipe_of("seeing/given")
    with made.writing("forget"):
        for table in (TABLE, *(name for name in made.tables.names() if recipe.hash in name)):
            made.tables.delete(table, "item_id", made.item_ids()[20:])
    assert held(made) == 20
    return tmp_path


def held(catalogue: Catalogue) -> int:
    store = FeatureStore(catalogue.tables)
    return len(store.read(store.recipe_of("seeing/given")).item_ids)


def test_what_was_attached_to_half_the_items_is_attached_to_all(folder: Path) -> None:
    with pytest.raises(UsageError, match="--data"):
        prepare(LOOK, folder / "catalogue", given=None, catalogue=None, report=quiet)
    assert held(prepare(LOOK, folder / "catalogue", given=folder, catalogue=None, report=quiet)) == 40
    # What stands whole needs no file any more.
    assert held(prepare(LOOK, folder / "catalogue", given=None, catalogue=None, report=quiet)) == 40


def test_a_feature_of_the_callers_catalogue_is_taken_as_it_is(folder: Path) -> None:
    named = folder / "catalogue"
    assert held(prepare(LOOK, folder / "other", given=folder, catalogue=named, report=quiet)) == 20
    assert not (folder / "other").exists()


def test_what_cannot_be_measured_is_told_before_a_catalogue_is_made(tmp_path: Path) -> None:
    with pytest.raises(TriptychError, match="seeing/absent"):
        prepare(
            Data(source="synthetic", extract=("seeing/absent",)),
            tmp_path / "catalogue",
            given=None,
            catalogue=None,
            report=quiet,
        )
    assert not (tmp_path / "catalogue").exists()
