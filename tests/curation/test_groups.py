"""Groups: what is written is read, kind by kind, and items that left are left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.worlds.catalogues import catalogue_of
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Item
from triptych.curation.groups import Group, Groups, by_item, components
from triptych.errors import CatalogueError, UnknownName, UsageError

PAIR = Group(kind="content", item_ids=("a", "b"), name="A", evidence=("a and b: the same bytes",))
SERIES = Group(kind="franchise", item_ids=("b", "c", "d"), name="saga")


@pytest.fixture
def films(tmp_path: Path) -> Catalogue:
    return catalogue_of(tmp_path / "films", *(Item(item_id=name) for name in "abcd"))


def test_what_is_written_is_read(films: Catalogue) -> None:
    groups = Groups(films.tables)
    assert groups.read() == ()
    groups.write("content", [PAIR])
    groups.write("franchise", [SERIES])
    assert set(groups.read()) == {PAIR, SERIES}
    assert groups.read("content") == (PAIR,)
    assert groups.read("title") == ()


def test_a_kind_is_replaced_and_the_others_stay(films: Catalogue) -> None:
    groups = Groups(films.tables)
    groups.write("content", [PAIR])
    groups.write("franchise", [SERIES])
    other = Group(kind="content", item_ids=("c", "d"))
    groups.write("content", [other])
    assert groups.read("content") == (other,)
    groups.write("content", [])
    assert groups.read() == (SERIES,)


def test_items_that_left_the_catalogue_are_left_out(films: Catalogue) -> None:
    groups = Groups(films.tables)
    groups.write("content", [PAIR])
    groups.write("franchise", [SERIES])
    films.remove(["b"])
    assert [group.item_ids for group in groups.read()] == [("c", "d")]


def test_an_earlier_commit_has_its_own_groups(films: Catalogue) -> None:
    with films.writing("duplicates"):
        Groups(films.tables).write("content", [PAIR])
    with films.writing("duplicates"):
        Groups(films.tables).write("content", [])
    before = Catalogue.open(films.folder, commit=len(films.commits()) - 1)
    assert Groups(before.tables).read() == (PAIR,)
    with pytest.raises(CatalogueError, match="cannot be written to"):
        Groups(before.tables).write("content", [])


@pytest.mark.parametrize("item_ids", [(), ("a",), ("a", "a")])
def test_a_group_has_two_items_each_once(item_ids: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="two items or more"):
        Group(kind="content", item_ids=item_ids)


def test_kinds_are_known(films: Catalogue) -> None:
    with pytest.raises(UnknownName, match="'content'"):
        Group(kind="contents", item_ids=("a", "b"))  # type: ignore[arg-type]
    with pytest.raises(UnknownName):
        Groups(films.tables).read("films")  # type: ignore[arg-type]
    with pytest.raises(UnknownName):
        Groups(films.tables).write("films", [])  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="'content' was to be written among those of kind 'title'"):
        Groups(films.tables).write("title", [PAIR])


def test_components_do_not_hang_on_the_order_of_links() -> None:
    links = [("d", "c"), ("a", "b"), ("e", "d"), ("x", "y"), ("b", "e")]
    expected = [("a", "b", "c", "d", "e"), ("x", "y")]
    assert components(links) == expected
    assert components(reversed(links)) == expected


def test_each_item_knows_its_groups() -> None:
    held = by_item([PAIR, SERIES])
    assert held["b"] == (PAIR, SERIES)
    assert held["d"] == (SERIES,)
    assert "z" not in held
