"""Replace: what was attached can be replaced and forgotten, and what it was made of does not linger."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.interchange.worlds import COLOUR, catalogue_of, store
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Item
from triptych.errors import UnknownName, UsageError
from triptych.features.feature import Presence
from triptych.features.forget import forget
from triptych.features.ledger import Ledger
from triptych.features.recipe import Recipe
from triptych.features.store import FeatureStore
from triptych.fusion.fuse import fuse
from triptych.interchange.given import Attached, attach, read_given


@pytest.fixture
def films(tmp_path: Path) -> Catalogue:
    return catalogue_of(tmp_path / "films", items=[Item(item_id=str(k)) for k in range(1, 4)])


def given(
    catalogue: Catalogue, folder: Path, text: str, title: str = "seeing/avf", *, replace: bool = False
) -> Attached:
    path = folder / "given.csv"
    path.write_text(text)
    return attach(catalogue, read_given(path, panel="seeing"), title, replace=replace)


OLD = 'id,embedding\n1,"1,1"\n2,"5,0"\n'
NEW = 'id,embedding\n1,"7,7"\n2,"8,0"\n3,"9,1"\n'


def test_a_changed_file_takes_the_place_of_the_old_one_when_told_to(tmp_path: Path, films: Catalogue) -> None:
    old = given(films, tmp_path, OLD)
    beside = given(films, tmp_path, NEW)
    assert (beside.replaced, beside.rivals) == ((), (old.recipe,))
    assert "--replace" in beside.notes[-1]
    made = given(films, tmp_path, NEW, replace=True)
    assert (made.written, made.replaced, made.rivals, made.notes) == (0, (old.recipe,), (), ())
    features = FeatureStore(films.tables)
    assert features.recipe_of("seeing/avf").hash == made.recipe
    assert {entry.recipe for entry in Ledger(films.tables).entries()} == {made.recipe}
    assert fuse(films).space.blocks.mask[:, 0].tolist() == [True, True, True]
    assert given(films, tmp_path, NEW, replace=True).replaced == (), "nothing is left to be taken out"


def test_the_old_file_can_come_back(tmp_path: Path, films: Catalogue) -> None:
    old = given(films, tmp_path, OLD)
    given(films, tmp_path, NEW, replace=True)
    back = given(films, tmp_path, OLD, replace=True)
    assert (back.recipe, back.written, len(back.replaced)) == (old.recipe, 3, 1)
    features = FeatureStore(films.tables)
    values, mask = features.read(features.recipe_of("seeing/avf")).aligned(["1", "2", "3"])
    assert values.tolist() == [[1, 1], [5, 0], [0, 0]]
    assert mask.tolist() == [True, True, False]


def test_only_the_same_title_is_replaced_and_only_what_was_attached(tmp_path: Path, films: Catalogue) -> None:
    given(films, tmp_path, OLD, "seeing/other")
    measured = Recipe(panel="seeing", name="avf", params={"bins": 4})
    store(films, measured, {"1": [1.0, 2.0]})
    made = given(films, tmp_path, NEW, replace=True)
    assert (made.replaced, made.rivals) == ((), (measured.hash,))
    assert [recipe.title for recipe in FeatureStore(films.tables).recipes()] == [
        "seeing/avf", "seeing/avf", "seeing/other",
    ]  # fmt: skip


def test_what_cannot_be_attached_replaces_nothing(tmp_path: Path, films: Catalogue) -> None:
    old = given(films, tmp_path, OLD)
    with pytest.raises(UsageError, match="none is in the catalogue"):
        given(films, tmp_path, 'id,embedding\n77,"1,1"\n', replace=True)
    assert FeatureStore(films.tables).recipe_of("seeing/avf").hash == old.recipe


def test_a_feature_is_forgotten_with_its_ledger_rows(tmp_path: Path, films: Catalogue) -> None:
    old = given(films, tmp_path, OLD)
    new = given(films, tmp_path, NEW)
    store(films, COLOUR, {"1": [1, 2]})
    assert forget(films, f"seeing/avf@{old.recipe}").hash == old.recipe
    features = FeatureStore(films.tables)
    assert features.presence(features.recipe_of("seeing/avf")) == {
        Presence.PRESENT: 3, Presence.MISSING: 0, Presence.SILENT: 0,
    }  # fmt: skip
    assert forget(films, "seeing/avf").hash == new.recipe
    assert Ledger(films.tables).entries() == []
    with pytest.raises(UnknownName):
        forget(films, "seeing/avf")
    assert [recipe.title for recipe in FeatureStore(films.tables).recipes()] == ["seeing/tint"]
    assert given(films, tmp_path, NEW).written == 3
