"""Selection: what is written is read again, filters pass what they should, and a torn writing is found out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from tests.worlds.catalogues import catalogue_of
from triptych.catalogue.interactions import INTERACTIONS
from triptych.catalogue.records import Item
from triptych.curation.selection import EVENTS, REMOVED_USERS, EventFilter, Selection, Selections, Step
from triptych.errors import CatalogueError, UnknownName, UsageError

STEP = Step(
    rule="years",
    title="From 1970 on",
    items_removed=1,
    items_left=2,
    users_removed=1,
    users_left=2,
    interactions_removed=3,
    interactions_left=4,
    examples=(("c", "it is of 1950"),),
    issue="Of other years",
    reasons=(("Before 1970", 1),),
    items_unknown=1,
    items_alone=1,
)


def selection(**change: Any) -> Selection:
    given: dict[str, Any] = {
        "name": "default",
        "rules": '[[rule]]\nuse = "years"\n',
        "steps": (STEP,),
        "item_ids": ("a", "it's"),
        "removed": {"c": ("years", "it is of 1950")},
    }
    return Selection(**{**given, **change})


def interactions(*rows: tuple[str, str, float, int | None, str]) -> pa.Table:
    names = ("user_id", "item_id", "value", "timestamp", "kind")
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows], schema=INTERACTIONS)


ROWS = interactions(
    ("u", "a", 4.0, 100, "rating"),
    ("u", "it's", 2.0, None, "rating"),
    ("v", "a", 1.0, 200, "play"),
    ("v", "c", 5.0, 300, "rating"),
    ("w", "a", 3.0, 300, "rating"),
    ("w", "new", 3.0, 300, "rating"),
)


@pytest.fixture
def selections(tmp_path: Path) -> Selections:
    return Selections(catalogue_of(tmp_path / "films", Item(item_id="a")).tables)


def test_what_is_written_is_read(selections: Selections) -> None:
    gone = pa.table({"user_id": ["w"], "rule": ["years"]}, schema=REMOVED_USERS)
    drawn = pa.table({"user_id": ["u"], "item_id": ["a"], "kind": ["rating"]}, schema=EVENTS)
    filters = (EventFilter(kinds=("rating",), scale=(0.5, 5.0), from_s=7, timeless=False),)
    written = selection(user_ids=pa.array(["u", "v"]), removed_users=gone, filters=filters, events=drawn)
    selections.write(written)
    read = selections.read("default")
    assert read.rules == written.rules
    assert read.steps == written.steps
    assert read.item_ids == written.item_ids
    assert read.removed == written.removed
    assert read.user_ids is not None
    assert read.user_ids.to_pylist() == ["u", "v"]
    assert read.removed_users.to_pylist() == [{"user_id": "w", "rule": "years"}]
    assert read.filters == filters
    assert read.events is not None
    assert read.events.to_pylist() == drawn.to_pylist()
    assert read.interactions(ROWS).to_pylist() == written.interactions(ROWS).to_pylist()


def test_all_users_are_none(selections: Selections) -> None:
    selections.write(selection())
    read = selections.read("default")
    assert read.user_ids is None
    assert read.events is None
    assert read.removed_users.num_rows == 0


def test_interactions_are_those_of_kept_items_in_their_order() -> None:
    assert selection().interactions(ROWS)["user_id"].to_pylist() == ["u", "u", "v", "w"]


def test_interactions_of_users_who_came_later_count_while_no_user_was_removed() -> None:
    late = interactions(("late", "a", 1.0, 1, "play"))
    assert selection().interactions(late).num_rows == 1
    assert selection(user_ids=pa.array(["u"])).interactions(late).num_rows == 0


def test_filters_and_draws_hold_together() -> None:
    drawn = pa.table({"user_id": ["u", "v"], "item_id": ["a", "a"], "kind": ["rating", "play"]}, schema=EVENTS)
    kept = selection(filters=(EventFilter(kinds=("rating",)),), events=drawn).interactions(ROWS)
    assert kept.to_pylist() == ROWS.slice(0, 1).to_pylist()
    assert kept.schema == ROWS.schema


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ({}, [0, 1, 2, 3, 4, 5]),
        ({"kinds": ("play", "like")}, [2]),
        ({"min_value": 3.0}, [0, 3, 4, 5]),
        ({"max_value": 2.0}, [1, 2]),
        ({"scale": (2.0, 4.0)}, [0, 1, 2, 4, 5]),  # the play of 1.0 is no rating
        ({"from_s": 200}, [1, 2, 3, 4, 5]),
        ({"to_s": 300}, [0, 1, 2]),
        ({"from_s": 200, "to_s": 300, "timeless": False}, [2]),
        ({"min_value": 9.0}, []),
    ],
)
def test_a_filter_passes(asked: dict[str, Any], kept: list[int]) -> None:
    frame = pl.DataFrame(ROWS)
    passes = frame.with_row_index().filter(EventFilter(**asked).passes())["index"].to_list()
    assert passes == kept


def test_names(selections: Selections) -> None:
    assert selections.names() == []
    for name in ("strict", "default"):
        selections.write(selection(name=name))
    assert selections.names() == ["default", "strict"]


def test_an_unknown_name_offers_those_there_are(selections: Selections) -> None:
    selections.write(selection(name="strict"))
    with pytest.raises(UnknownName, match="no selection 'strit'; there is 'strict'"):
        selections.read("strit")


@pytest.mark.parametrize("name", ["", "A", "../x", "a.b", "a" * 65, "-a"])
def test_a_name_that_no_table_could_have(selections: Selections, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be called"):
        selections.write(selection(name=name))


def test_the_same_is_not_written_twice(selections: Selections) -> None:
    tables = selections._tables
    selections.write(selection())
    version = tables.version("selection.default.items")
    selections.write(selection())
    assert tables.version("selection.default.items") == version
    selections.write(selection(item_ids=("a",)))
    assert tables.version("selection.default.items") > version
    assert selections.read("default").item_ids == ("a",)


def test_one_that_was_being_replaced_is_not_taken_for_whole(selections: Selections) -> None:
    tables = selections._tables
    selections.write(selection(user_ids=pa.array(["u"])))
    before = tables.read("selection.default.items")
    selections.write(selection(user_ids=pa.array(["v"])))
    tables.replace("selection.default.items", before)
    with pytest.raises(CatalogueError, match="was being replaced"):
        selections.read("default")


def test_an_item_that_is_removed_from_the_catalogue_leaves_its_selections(tmp_path: Path) -> None:
    catalogue = catalogue_of(tmp_path / "films", Item(item_id="a"), Item(item_id="it's"))
    with catalogue.writing("clean"):
        Selections(catalogue.tables).write(selection())
    catalogue.remove(["it's"])
    assert Selections(catalogue.tables).read("default").item_ids == ("a",)


def test_nothing_at_all(selections: Selections) -> None:
    selections.write(selection(item_ids=(), removed={}, steps=(), user_ids=pa.array([], pa.string())))
    read = selections.read("default")
    assert (read.item_ids, dict(read.removed), read.steps) == ((), {}, ())
    assert read.interactions(ROWS).num_rows == 0
