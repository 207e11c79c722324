"""Cleaning: in the order written, nothing deleted, and the account adds up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.worlds.clips import scene, write_clip
from tests.worlds.holdings import Told, holdings
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Item
from triptych.curation.cleaning import clean
from triptych.curation.rulebook import Entry, Rulebook
from triptych.curation.rules.acted import Core, Interactions, Sample, Top
from triptych.curation.rules.filmed import ClipFile, Duration
from triptych.curation.rules.stage import Rule
from triptych.curation.rules.title import Title
from triptych.curation.rules.written import Genres, Text, Years
from triptych.curation.selection import Selection, Selections
from triptych.errors import CatalogueLocked, UsageError

ITEMS = (
    Item(item_id="a", title="A", year=1960, plot="x"),
    Item(item_id="b", title="B full movie", year=1990, plot="x"),
    Item(item_id="c", title="C", year=1991),
    Item(item_id="d", title="D", year=1992, plot="x"),
    Item(item_id="e", title="E", plot="x"),
)
EVENTS = (
    *(("u", item) for item in "abd"),
    *(("v", item) for item in "ab"),
    *(("w", item, 2.0) for item in "de"),
    ("x", "b"),
)


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return holdings(tmp_path / "films", *ITEMS, events=EVENTS)


def test_each_step_counts_what_it_removed_and_what_is_left(catalogue: Catalogue) -> None:
    book = Rulebook.of(Title(patterns=("full-movie",)), Years(from_=1970), Text(), Core(min_per_user=2))
    selection = clean(catalogue, book)
    seen = [
        (s.rule, s.items_removed, s.items_left, s.users_removed, s.users_left, s.interactions_removed)
        for s in selection.steps
    ]
    assert seen == [
        ("catalogue", 0, 5, 0, 4, 0),
        ("title", 1, 4, 1, 3, 3),  # x had acted on b alone
        ("years", 1, 3, 1, 2, 2),  # v is left with nothing
        ("text", 1, 2, 0, 2, 0),
        ("core", 0, 2, 1, 1, 1),
    ]
    assert selection.item_ids == ("d", "e")
    assert {item_id: rule for item_id, (rule, _) in selection.removed.items()} == {
        "b": "title",
        "a": "years",
        "c": "text",
    }
    assert selection.removed_users.to_pylist() == [
        {"user_id": "u", "rule": "core"},
        {"user_id": "v", "rule": "years"},
        {"user_id": "x", "rule": "title"},
    ]
    assert selection.steps[1].examples == (("b", "its title says 'full movie'"),)
    assert selection.steps[4].examples == (("u", "fewer than 2 interactions were left of them"),)
    assert selection.steps[2].items_unknown == 1


def test_what_is_kept_of_the_interactions_is_what_the_last_step_left(catalogue: Catalogue) -> None:
    for rules in (
        (Years(from_=1970), Core(min_per_user=2)),
        (Interactions(min_value=3.0), Sample(per_user=1), Title(patterns=("full-movie",))),
        (Top(items=2, users=2), Sample(per_user=1)),
    ):
        selection = clean(catalogue, Rulebook.of(*rules))
        kept = selection.interactions(catalogue.interactions())
        last = selection.steps[-1]
        assert kept.num_rows == last.interactions_left
        assert len(set(kept["user_id"].to_pylist())) == last.users_left
        read = Selections(catalogue.tables).read("default")
        assert read.interactions(catalogue.interactions()).equals(kept)


def test_nothing_is_deleted(catalogue: Catalogue) -> None:
    names = ("items", "clips", "interactions")
    before = {name: catalogue.tables.read(name) for name in names if catalogue.tables.exists(name)}
    versions = {name: catalogue.tables.version(name) for name in before}
    clean(catalogue, Rulebook.of(Genres(require=("Drama",), unknown="remove"), Core(min_per_item=9)))
    assert {name: catalogue.tables.version(name) for name in before} == versions
    for name, table in before.items():
        assert catalogue.tables.read(name).equals(table)
    assert catalogue.commits()[-1]["purpose"] == "clean"


def test_cleaning_again_changes_nothing(catalogue: Catalogue) -> None:
    book = Rulebook.of(Years(from_=1970), Core(min_per_user=2), Sample(per_user=1))
    first = clean(catalogue, book)
    commits = catalogue.commits()
    again = clean(catalogue, book)
    assert catalogue.commits() == commits
    assert (first.item_ids, first.steps, first.removed) == (again.item_ids, again.steps, again.removed)


def test_the_rules_as_applied_are_kept(catalogue: Catalogue) -> None:
    book = Rulebook.of(Years(from_=1970))
    assert Rulebook.of_toml(clean(catalogue, book, name="seventies").rules) == book
    assert Rulebook.of_toml(Selections(catalogue.tables).read("seventies").rules) == book


def test_order_matters_where_a_rule_counts(tmp_path: Path) -> None:
    # v has two interactions, one of them with an old film.
    items = (Item(item_id="old", year=1950), Item(item_id="new", year=1990))
    events = [("u", "new"), ("v", "old"), ("v", "new")]
    catalogue = holdings(tmp_path / "films", *items, events=events)
    years, core = Years(from_=1970), Core(min_per_user=2)
    years_first, core_first = clean(catalogue, Rulebook.of(years, core)), clean(catalogue, Rulebook.of(core, years))
    assert years_first.steps[-1].users_left == 0
    assert core_first.steps[-1].users_left == 1
    assert years_first.item_ids == core_first.item_ids == ("new",)


def test_order_moves_counts_between_rules_that_look_at_items_alone(catalogue: Catalogue) -> None:
    rules = (Title(patterns=("full-movie",)), Years(from_=1990, to=1990, unknown="remove"))
    one, other = clean(catalogue, Rulebook.of(*rules)), clean(catalogue, Rulebook.of(*rules[::-1]))
    assert one.item_ids == other.item_ids
    assert [step.items_removed for step in one.steps] == [0, 1, 4]
    assert [step.items_removed for step in other.steps] == [0, 4, 1]


def test_alone_is_what_a_rule_would_have_removed_from_all(catalogue: Catalogue) -> None:
    rules = (Years(from_=1970), Text(), Core(min_per_user=3), Interactions(min_value=3.0))
    selection = clean(catalogue, Rulebook.of(*rules))
    for rule, step in zip(rules, selection.steps[1:], strict=True):
        only = clean(catalogue, Rulebook.of(rule), write=False).steps[1]
        assert (step.items_alone, step.users_alone, step.interactions_alone) == (
            only.items_removed,
            only.users_removed,
            only.interactions_removed,
        )
        assert (only.items_alone, only.users_alone) == (only.items_removed, only.users_removed)


def test_what_a_rule_spares(catalogue: Catalogue) -> None:
    entry = Entry(rule=Years(from_=1970, unknown="remove"), name="years", spare=("a", "nobody"))
    selection = clean(catalogue, Rulebook(entries=(entry,)))
    assert selection.item_ids == ("a", "b", "c", "d")
    assert selection.steps[1].items_alone == 1
    assert selection.steps[1].reasons == (("Year unknown", 1),)


def test_no_rules_keep_all(catalogue: Catalogue) -> None:
    selection = clean(catalogue, Rulebook(entries=()))
    assert selection.item_ids == tuple("abcde")
    assert selection.user_ids is None
    assert len(selection.steps) == 1
    assert selection.interactions(catalogue.interactions()).equals(catalogue.interactions())


RULES: tuple[Rule, ...] = (
    Title(patterns=("parts",)),
    Duration(max_s=5),
    Text(),
    ClipFile(),
    Years(from_=1970),
    Genres(exclude=("War",)),
    Interactions(kinds=("like",)),
    Core(min_per_user=2, min_per_item=2),
    Top(items=3, users=3),
    Sample(per_user=2, items=3, users=3),
)


def test_an_empty_catalogue(tmp_path: Path) -> None:
    selection = clean(Catalogue.init(tmp_path / "films"), Rulebook.of(*RULES))
    assert (selection.item_ids, selection.steps[-1].users_left, len(selection.steps)) == ((), 0, 11)
    read = Selections(Catalogue.open(tmp_path / "films").tables).read("default")
    assert (read.item_ids, read.steps) == ((), selection.steps)


def test_items_without_interactions(tmp_path: Path) -> None:
    catalogue = holdings(tmp_path / "films", *ITEMS)
    rules = (Years(from_=1970), Interactions(kinds=("like",)), Core(min_per_user=2), Top(users=1), Sample(per_user=1))
    selection = clean(catalogue, Rulebook.of(*rules))
    assert selection.item_ids == ("b", "c", "d", "e")
    assert selection.interactions(catalogue.interactions()).num_rows == 0
    assert clean(catalogue, Rulebook.of(*RULES)).item_ids == ()


def test_interactions_without_items(tmp_path: Path) -> None:
    catalogue = holdings(tmp_path / "films", events=EVENTS)
    selection = clean(catalogue, Rulebook.of(*RULES))
    assert selection.steps[0].interactions_left == len(EVENTS)
    assert selection.steps[1].rule == "strangers"
    assert (selection.steps[1].interactions_left, selection.steps[1].users_left) == (0, 0)


def test_everything_removed(catalogue: Catalogue) -> None:
    selection = clean(catalogue, Rulebook.of(Years(from_=2100, unknown="remove"), *RULES))
    assert selection.item_ids == ()
    assert set(selection.removed) == set("abcde")
    assert len(selection.removed_users) == 4
    read = Selections(catalogue.tables).read("default")
    assert read.user_ids is not None
    assert len(read.user_ids) == 0
    assert read.interactions(catalogue.interactions()).num_rows == 0


def test_interactions_with_items_that_are_not_there_are_their_own_step(catalogue: Catalogue) -> None:
    catalogue.add(Told(events=[("u", "later"), ("y", "later")]))
    selection = clean(catalogue, Rulebook.of(Years(from_=1970)))
    start, strangers, years = selection.steps
    assert (start.interactions_left, start.users_left) == (10, 5)
    assert (strangers.rule, strangers.interactions_removed, strangers.users_removed) == ("strangers", 2, 1)
    assert (years.interactions_removed, years.interactions_alone) == (2, 2)
    assert selection.removed_users.to_pylist() == [{"user_id": "y", "rule": "strangers"}]


def test_what_comes_later_was_not_judged(catalogue: Catalogue) -> None:
    clean(catalogue, Rulebook.of(Years(from_=1970)))
    catalogue.add(Told(items=[Item(item_id="f", year=2000)], events=[("u", "f"), ("late", "d")]))
    selection = Selections(catalogue.tables).read("default")
    assert "f" not in selection.item_ids
    assert "f" not in selection.removed
    kept = selection.interactions(catalogue.interactions())
    assert "f" not in kept["item_id"].to_pylist()


def test_a_trial_writes_nothing(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", picture=scene((90, 60, 30)), seconds=2)
    catalogue = holdings(tmp_path / "films", "a", paths={"a": path})
    names, commits = catalogue.tables.names(), catalogue.commits()
    selection = clean(catalogue, Rulebook.of(Duration(max_s=1)), write=False)
    assert tuple(selection.removed) == ("a",)
    assert (catalogue.tables.names(), catalogue.commits()) == (names, commits)


def test_clips_are_looked_at_when_a_rule_asks_and_not_before(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", picture=scene((90, 60, 30)), seconds=2)
    catalogue = holdings(tmp_path / "films", "a", paths={"a": path})
    told: list[tuple[int, int, str]] = []

    def progress(done: int, total: int, last: str) -> None:
        told.append((done, total, last))

    clean(catalogue, Rulebook.of(Years(from_=1970)), progress=progress)
    assert told == []
    assert not catalogue.tables.exists("probes")
    clean(catalogue, Rulebook.of(Duration(max_s=1)), progress=progress)
    clean(catalogue, Rulebook.of(Duration(max_s=1)), progress=progress)
    assert told == [(1, 1, "a")]
    assert catalogue.commits()[-1]["purpose"] == "clean"


def test_it_is_one_commit_and_waits_for_no_one(catalogue: Catalogue) -> None:
    before = len(catalogue.commits())
    clean(catalogue, Rulebook.of(Years(from_=1970), Core(min_per_user=2), Sample(per_user=1)))
    assert len(catalogue.commits()) == before + 1
    other = Catalogue.open(catalogue.folder)
    with other.writing("add"), pytest.raises(CatalogueLocked):
        clean(catalogue, Rulebook.of(Years(from_=1980)))


def test_an_earlier_state_can_be_tried_out_but_not_written(catalogue: Catalogue) -> None:
    clean(catalogue, Rulebook.of(Years(from_=1970)), name="first")
    old = Catalogue.open(catalogue.folder, commit=1)
    assert clean(old, Rulebook.of(Years(from_=1970)), write=False).item_ids == ("b", "c", "d", "e")
    with pytest.raises(Exception, match="earlier commit"):
        clean(old, Rulebook.of(Years(from_=1970)))


def test_a_name_that_cannot_be_is_found_out_before_the_work(catalogue: Catalogue) -> None:
    with pytest.raises(UsageError, match="cannot be called 'No good'"):
        clean(catalogue, Rulebook.of(Years(from_=1970)), name="No good", write=False)


def test_kinds_that_are_not_known_yet_are_interactions_like_others(tmp_path: Path) -> None:
    catalogue = holdings(tmp_path / "films", "a", events=[("u", "a", 1.0, 1, "rating"), ("v", "a", 1.0, 1, "bookmark")])
    assert clean(catalogue, Rulebook.of(Sample(per_user=1))).steps[-1].interactions_left == 2
    assert clean(catalogue, Rulebook.of(Interactions(kinds=("rating",)))).steps[-1].interactions_left == 1


rules = st.lists(
    st.one_of(
        st.builds(Years, from_=st.integers(1950, 2000)),
        st.builds(Core, min_per_user=st.integers(1, 3), min_per_item=st.integers(0, 3)),
        st.builds(Interactions, min_value=st.sampled_from([1.0, 3.0, 5.0])),
        st.builds(Top, items=st.integers(1, 5), users=st.integers(1, 5)),
        st.builds(Sample, per_user=st.integers(1, 3), seed=st.integers(0, 3)),
    ),
    max_size=4,
)


@settings(deadline=None, max_examples=40)
@given(rules)
def test_the_account_adds_up_whatever_the_rules(tmp_path_factory: pytest.TempPathFactory, rules: list[Any]) -> None:
    catalogue = _fixed(tmp_path_factory)
    selection = clean(catalogue, Rulebook.of(*rules), write=False)
    for before, after in zip(selection.steps, selection.steps[1:], strict=False):
        assert before.items_left == after.items_left + after.items_removed
        assert before.users_left == after.users_left + after.users_removed
        assert before.interactions_left == after.interactions_left + after.interactions_removed
        assert sum(count for _, count in after.reasons) == after.items_removed
        assert len(after.examples) <= 12
    last = selection.steps[-1]
    assert len(selection.item_ids) == last.items_left
    assert len(selection.item_ids) + len(selection.removed) == 12
    interactions = catalogue.interactions()
    kept = selection.interactions(interactions)
    assert kept.num_rows == last.interactions_left
    assert set(kept["item_id"].to_pylist()) <= set(selection.item_ids)
    users = set(kept["user_id"].to_pylist())
    assert len(users) == last.users_left
    assert users == set(_users(selection, interactions))
    assert selection.removed_users.num_rows + len(users) == selection.steps[0].users_left


_MADE: list[Catalogue] = []


def _fixed(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    if not _MADE:
        items = [Item(item_id=f"i{k}", year=1950 + 5 * k) for k in range(12)]
        events = [
            (f"u{u}", f"i{i}", 1.0 + (u * i) % 5) for u in range(9) for i in range(12) if (u * 5 + i * 7) % 4 == 0
        ]
        _MADE.append(holdings(tmp_path_factory.mktemp("fixed") / "films", *items, events=events))
    return _MADE[0]


def _users(selection: Selection, interactions: pa.Table) -> list[str]:
    every = interactions["user_id"].unique().to_pylist()
    return every if selection.user_ids is None else selection.user_ids.to_pylist()


def test_a_catalogue_whose_items_come_in_another_order_is_cleaned_alike(tmp_path: Path) -> None:
    book = Rulebook.of(Years(from_=1970), Core(min_per_user=2), Sample(per_user=1, seed=4))
    one = clean(holdings(tmp_path / "one", *ITEMS, events=EVENTS), book)
    other = clean(holdings(tmp_path / "other", *ITEMS[::-1], events=EVENTS[::-1]), book)
    assert set(one.item_ids) == set(other.item_ids)
    strip = [replace(step, examples=()) for step in one.steps]
    assert strip == [replace(step, examples=()) for step in other.steps]
    assert one.user_ids == other.user_ids
