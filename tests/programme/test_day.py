"""Days: from scores to lists, on a dozen films with known answers and on drawn worlds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triptych.catalogue.records import Item
from triptych.curation.groups import Group
from triptych.errors import UnknownName, UsageError
from triptych.models.ranked import recommend
from triptych.programme.arranged import Arranged, places
from triptych.programme.boost import Boost
from triptych.programme.facts import Facts
from triptych.programme.programme import Programme

ON = date(2020, 6, 11)
HORROR = Boost(name="Halloween", where=("genres=Horror",), since="10-15", until="11-01", strength=2.0)
#: Falling by the order of the films: alien first.
FALLING = np.arange(12, 0, -1) / 4


def ids(found: Arranged) -> str:
    return " ".join(found.item_ids)


def test_a_list_is_by_score_with_one_of_a_series_and_one_of_a_film(facts: Facts) -> None:
    found = Programme().arrange(None, FALLING, facts=facts, on=ON)
    assert ids(found) == "alien thelma heat love paris saw ring bare young"
    assert found.left_out == {"the same film": 1, "same family": 2}
    assert found.short == (
        "9 of 10 places are filled: of 12 candidates these were left out: 1 (the same film), 2 (same family)."
    )
    assert [one.rank for one in found.placed] == list(range(1, 10))
    assert [one.by_score for one in found.placed] == [1, 4, 5, 7, 8, 9, 10, 11, 12]
    assert found.placed[1].moved == 2
    # Of two of one film the better stands, whichever it is.
    turned = Programme(n=3).arrange(None, FALLING[::-1], facts=facts, on=ON)
    assert "heat-dvd" in Programme().arrange(None, FALLING[::-1], facts=facts, on=ON).item_ids
    assert turned.left_out == {}
    assert turned.short == ""


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"most_of_a_family": 2}, "alien alien2 thelma heat"),
        ({"most_of_a_family": None}, "alien alien2 alien3 thelma"),
        ({"most_of_a_director": 1}, "alien heat love paris"),
        ({"most_of_a_director": 1, "most_of_a_family": None}, "alien alien2 alien3 heat"),
        ({"where": ("genres=Drama",)}, "thelma heat paris young"),
        ({"where": ("genres=Drama", "year<2000")}, "thelma heat"),
        ({"n": 1}, "alien"),
    ],
)
def test_caps_and_conditions(facts: Facts, told: dict[str, Any], expected: str) -> None:
    assert ids(Programme(**{"n": 4, **told}).arrange(None, FALLING, facts=facts, on=ON)) == expected


def test_what_was_seen_is_left_out_under_every_id(facts: Facts) -> None:
    found = Programme(n=3, where=("genres!=Sci-Fi",)).arrange(None, FALLING, facts=facts, on=ON, history=[3, 4])
    assert ids(found) == "love paris saw"
    assert found.left_out == {"seen": 2, "seen under another id": 1, "genres!=Sci-Fi": 3}
    for had in (4, 5):
        either = Programme(where=("year=1995",)).arrange(None, FALLING, facts=facts, on=ON, history=[had])
        assert (len(either), either.left_out["seen under another id"]) == (0, 1)
    assert ids(Programme(n=3, seen=True).arrange(None, FALLING, facts=facts, on=ON, history=[0])) == "alien thelma heat"


def test_groups_that_were_found_before_are_taken_as_they_are() -> None:
    items = [Item(item_id=one, title=f"Heat {one}") for one in "abcd"]
    groups = [Group(kind="content", item_ids=("a", "b")), Group(kind="franchise", item_ids=("b", "c"))]
    facts = Facts.of(items, groups=groups)
    # One film is of its own series: a and c are of one, by b.
    assert (facts.same.tolist(), facts.family.tolist()) == ([0, 0, 2, 3], [0, 0, 0, 3])
    found = Programme().arrange(None, np.array([4.0, 3, 2, 1]), facts=facts, on=ON)
    assert (ids(found), found.left_out) == ("a d", {"the same film": 1, "same family": 1})
    assert ids(Programme().arrange(None, np.ones(4), facts=Facts.of(items, groups=()), on=ON)).count(" ") == 3


def test_a_boost_adds_deviations_of_the_scores_and_says_so(facts: Facts) -> None:
    halloween = date(2020, 10, 31)
    programme = Programme(n=4, boosts=(HORROR, Boost(name="less", where=("year<1980",), strength=-0.5)))
    found = programme.arrange(None, FALLING, facts=facts, on=halloween)
    unit = FALLING.std()
    assert ids(found) == "alien saw ring thelma"
    assert found.placed[0].boosts == (("Halloween", 2 * unit), ("less", -0.5 * unit))
    assert found.placed[3].boosts == ()
    assert found.placed[1].by_score == 9
    # The same for any other measure of the scores; and out of season as if there were none.
    wide = programme.arrange(None, FALLING * 1024 - 7, facts=facts, on=halloween)
    assert wide.item_ids == found.item_ids
    summer = replace(programme, boosts=(HORROR,)).arrange(None, FALLING, facts=facts, on=ON)
    assert summer == replace(programme, boosts=()).arrange(None, FALLING, facts=facts, on=ON)
    # Where all are equal there is no deviation, and a boost still lifts.
    even = programme.arrange(None, np.zeros(12), facts=facts, on=halloween)
    assert set(even.item_ids[:2]) == {"saw", "ring"}
    assert even.placed[0].boosts == (("Halloween", 2.0),)


def test_what_does_nothing_is_noted(facts: Facts) -> None:
    programme = Programme(where=("genres=Dramma",), boosts=(replace(HORROR, where=("genres=Horor",)),))
    found = programme.arrange(None, FALLING, facts=facts, on=date(2020, 10, 31))
    assert len(found) == 0
    assert found.notes == (
        "Of no item at all does genres=Dramma hold.",
        "The boost 'Halloween' is on, and no item gets any of it.",
    )
    assert found.short == "0 of 10 places are filled: of 12 candidates these were left out: 12 (genres=Dramma)."


def test_new_titles_get_their_places_and_no_more(facts: Facts) -> None:
    plain = Programme(n=4, most_of_a_family=None)
    found = replace(plain, explore=1).arrange(None, FALLING, facts=facts, on=ON, user="ann")
    (new,) = (one for one in found.placed if one.chosen_by == "exploration")
    # bare and young have no ratings, and bare scores better; the last of the others makes room.
    assert new.item_id == "bare"
    assert new.rank > 1
    assert [one for one in found.item_ids if one != "bare"] == ["alien", "alien2", "alien3"]
    two = replace(plain, explore=2, explore_at=(2, 4)).arrange(None, FALLING, facts=facts, on=ON)
    assert ids(two) == "alien bare alien2 young"
    # A title whose scores list it anyway costs nothing, and is not thrown out for another new one.
    lifted = FALLING.copy()
    lifted[11] = 2.5  # fourth
    kept = replace(plain, n=5, explore=2, explore_at=(2, 3)).arrange(None, lifted, facts=facts, on=ON)
    assert {one.item_id: one.chosen_by for one in kept.placed}["young"] == "score"
    assert [one.item_id for one in kept.placed if one.chosen_by == "exploration"] == ["bare"]
    dated = replace(plain, explore=2, new_below=0, new_days=11, explore_at=(2, 3))
    assert ids(dated.arrange(None, FALLING, facts=facts, on=ON)) == "alien young alien2 alien3"
    assert ids(replace(dated, new_days=10).arrange(None, FALLING, facts=facts, on=ON)) == "alien alien2 alien3 thelma"


def test_a_new_title_makes_no_room_for_another_and_the_first_place_is_never_given_away() -> None:
    facts = Facts.of([Item(item_id=one) for one in "abcdef"], ratings=np.array([9, 9, 0, 0, 0, 0]), groups=())

    def listed(n: int, explore: int) -> list[tuple[str, str]]:
        programme = Programme(n=n, explore=explore, explore_at=tuple(range(2, n + 1)))
        found = programme.arrange(None, np.arange(6, 0, -1), facts=facts, on=ON)
        return [(one.item_id, one.chosen_by) for one in found.placed]

    by = ("score", "exploration")
    assert listed(3, 2) == [("a", by[0]), ("d", by[1]), ("c", by[0])]  # c is new and stays, b makes room
    assert listed(2, 1) == [("a", by[0]), ("c", by[1])]
    turned = Programme(n=3, explore=2).arrange(None, np.array([6, 0, 5, 4, 3, 2]), facts=facts, on=ON)
    assert ids(turned) == "a c d"  # all but the first are new by their scores


def test_exploring_by_uncertainty(facts: Facts) -> None:
    doubt = np.zeros(12)
    doubt[11] = 0.5  # young stands a quarter below bare
    programme = Programme(n=4, explore=1, explore_by="ucb")
    one = programme.arrange(None, FALLING, facts=facts, on=ON, uncertainty=doubt)
    assert "young" in one.item_ids
    none = replace(programme, optimism=0.1).arrange(None, FALLING, facts=facts, on=ON, uncertainty=doubt)
    assert "bare" in none.item_ids
    drawn = replace(programme, explore_by="thompson")
    lists = [drawn.arrange(None, FALLING, facts=facts, on=ON, user=str(user), uncertainty=doubt) for user in range(400)]
    # P(z > 1/2) = .309; four hundred users, a standard deviation of .023.
    share = np.mean(["young" in one.item_ids for one in lists])
    assert 0.22 < share < 0.4
    again = drawn.arrange(None, FALLING, facts=facts, on=ON, user="7", uncertainty=doubt)
    assert again == lists[7]
    later = [
        drawn.arrange(None, FALLING, facts=facts, on=date(2020, 6, 12), user=str(user), uncertainty=doubt)
        for user in range(40)
    ]
    assert any(a.item_ids != b.item_ids for a, b in zip(later, lists, strict=False))
    with pytest.raises(UsageError, match="needs the uncertainty"):
        drawn.arrange(None, FALLING, facts=facts, on=ON)


def test_a_share_of_a_place_is_had_by_that_share_of_users(facts: Facts) -> None:
    day = Programme(n=4, explore=0.3, most_of_a_family=None).on(ON, facts)  # 1.2 places
    lists = [day.arrange(None, FALLING, user=str(user)) for user in range(300)]
    counts = [sum(one.chosen_by == "exploration" for one in found.placed) for found in lists]
    assert set(counts) == {1, 2}
    assert 1.1 < np.mean(counts) < 1.3
    ranks = {one.rank for found in lists for one in found.placed if one.chosen_by == "exploration"}
    assert ranks == {2, 3, 4}


def test_nothing_to_list_is_an_empty_list_and_says_why(facts: Facts) -> None:
    day = Programme(explore=2, diversify="mmr", boosts=(HORROR,)).on(ON, facts)
    none = day.arrange(np.zeros(0, int), np.zeros(0))
    assert (len(none), none.short) == (0, "0 of 10 places are filled: there were no candidates.")
    never = day.arrange(None, np.full(12, -np.inf))
    assert (len(never), never.left_out) == (0, {"no score": 12})
    few = Programme().arrange([4, 6], np.array([1.0, -np.inf]), facts=facts, on=ON)  # type: ignore[arg-type]
    assert (ids(few), few.candidates) == ("heat", 2)
    two = Programme().arrange(np.array([6, 4]), np.array([1.0, 2]), facts=facts, on=ON)
    assert (ids(two), two.short) == (
        "heat love",
        "2 of 10 places are filled: there were no more than 2 candidates.",
    )
    assert len(Programme().arrange(None, np.zeros(0), facts=Facts.of([]), on=ON)) == 0


@pytest.mark.parametrize(
    ("candidates", "scores", "more", "says"),
    [
        (None, np.full(12, np.nan), {}, "NaN or"),
        (None, np.full(12, np.inf), {}, r"\+inf"),
        (None, np.ones(11), {}, "one for each"),
        ([0, 0], np.ones(2), {}, "given twice"),
        ([12], np.ones(1), {}, "none of theirs"),
        ([-1], np.ones(1), {}, "none of theirs"),
        (np.ones(12, bool), np.ones(12), {}, "np.flatnonzero"),
        (None, np.ones(12), {"history": [12]}, "the history name a place"),
        (None, np.ones(12), {"history": ["alien"]}, "whole numbers"),
        (None, np.ones(12), {"uncertainty": -np.ones(12)}, "0 or more"),
        (None, np.ones(12), {"uncertainty": np.full(12, np.nan)}, "0 or more"),
    ],
)
def test_what_is_no_score_is_refused(facts: Facts, candidates: Any, scores: Any, more: Any, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Programme().arrange(candidates, scores, facts=facts, on=ON, **more)


def test_what_the_facts_lack_is_asked_for(facts: Facts) -> None:
    with pytest.raises(UsageError, match="give them a space"):
        Programme(diversify="mmr", diversify_by="vectors").on(ON, facts)
    with pytest.raises(UsageError, match="no counts"):
        Programme(explore=1).on(ON, Facts.of(facts.items))
    for told, says in (
        ({"vectors": np.ones((3, 2), np.float32)}, "one row for each"),
        ({"vectors": np.full((12, 2), np.nan, np.float32)}, "NaN"),
        ({"ratings": np.ones(3, int)}, "one for each"),
        ({"item_ids": ("a", "a")}, "stands twice"),
    ):
        with pytest.raises(UsageError, match=says):
            Facts.of(facts.items, **told)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Same:
    """A recommender that says of every user what was written down, and of half the items the same."""

    given: np.ndarray

    def scores(self, users: np.ndarray) -> np.ndarray:
        return self.given[users]


def test_lists_of_many_users_are_those_of_each_and_without_settings_the_rankers(
    make: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    names = tuple(f"i{k}" for k in range(30))
    users = [f"u{k}" for k in range(6)]
    rows = [(user, names[k], float(rng.integers(1, 6)), ON) for user in users for k in rng.permutation(30)[:5]]
    history = make.history(rows, names)
    facts = Facts.of(
        [Item(item_id=one) for one in names[3:]], history=history, like=4
    )  # three of which is nothing known
    model = Same(rng.integers(0, 4, (6, 30)).astype(np.float32))
    day = Programme(n=12, seed=3).on(ON, facts)
    found = day.arrange_all(model, history, users[::-1])
    assert all(one.by_score == one.rank for whole in found for one in whole.placed)
    ranking = recommend(model, history, users[::-1], n=12, seed=3)
    assert [list(one.item_ids) for one in found] == ranking.items.tolist()
    assert np.array_equal(places(found, 12) >= 0, ranking.items != "")
    monkeypatch.setattr("triptych.programme.day.CELLS", 60)
    assert day.arrange_all(model, history, users[::-1]) == found
    some = day.arrange_all(model, history, ["u1"], candidates=["i9", "i4"])
    assert set(some[0].item_ids) <= {"i9", "i4"}
    # One title without ratings of which nothing is sure is what an upper bound picks for everyone.
    doubt = np.zeros((6, 30))
    fresh = np.flatnonzero(history.item_counts == 0)
    assert len(fresh) > 1
    pick = fresh[-1]
    doubt[:, pick] = 100
    model.given[:, fresh] = -1
    doubting = Programme(n=3, explore=1, explore_by="ucb", new_below=1).on(ON, facts)
    lists = doubting.arrange_all(model, history, users, uncertainty=lambda places: doubt[places])
    assert [names[pick] in one.item_ids for one in lists] == [True] * 6
    assert day.arrange_all(model, history, ["who"], strangers=True)[0].candidates == 30
    for users_, more, error in ((["who"], {}, UnknownName), (["u1"], {"candidates": ["x"]}, UnknownName)):
        with pytest.raises(error):
            day.arrange_all(model, history, users_, **more)
    with pytest.raises(UsageError, match="other items"):
        Programme().on(ON, Facts.of([Item(item_id="x")])).arrange_all(model, history, ["u1"])


N = 24
GENRES = ("Drama", "Horror", "Western")


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Facts, np.ndarray, list[int], Programme]:
    """Items of few genres, directors and series; scores with ties; any programme."""
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    items = [
        Item(
            item_id=f"i{k}",
            year=None if rng.random() < 0.2 else int(rng.integers(1980, 2020)),
            genres=tuple(rng.permutation(GENRES)[: rng.integers(0, 3)].tolist()),
            directors=tuple(f"d{d}" for d in rng.permutation(5)[: rng.integers(0, 3)]),
        )
        for k in range(N)
    ]
    groups = [
        Group(kind="title", item_ids=("i0", "i1")),
        Group(kind="franchise", item_ids=tuple(f"i{k}" for k in range(2, 9))),
        Group(kind="franchise", item_ids=("i1", "i20")),
    ]
    facts = Facts.of(
        items, groups=groups, ratings=rng.integers(0, 12, N), vectors=rng.normal(size=(N, 3)).astype(np.float32)
    )
    scores = rng.integers(0, 8, N) / 8
    scores[rng.random(N) < 0.1] = -np.inf
    n = draw(st.integers(2, 12))
    programme = Programme(
        n=n,
        where=draw(st.sampled_from([(), ("year>=1995",), ("genres!=Western", "year<2015")])),
        most_of_a_family=draw(st.sampled_from([None, 1, 2])),
        most_of_a_director=draw(st.sampled_from([None, 1, 2])),
        diversify=draw(st.sampled_from(["none", "mmr", "calibrated"])),
        diversify_by=draw(st.sampled_from(["genres", "vectors"])),
        strength=draw(st.sampled_from([0.0, 0.4, 1.0])),
        pool=draw(st.sampled_from([1, 5, 200])),
        explore=draw(st.one_of(st.integers(0, n - 1), st.sampled_from([0.15, 0.5]))),
        boosts=draw(st.sampled_from([(), (HORROR, Boost(name="old", where=("year<2000",), strength=-0.7))])),
        seed=draw(st.integers(0, 3)),
    )
    return facts, scores, rng.permutation(N)[:4].tolist(), programme


@settings(max_examples=150)
@given(worlds())
def test_no_list_breaks_a_rule(world: tuple[Facts, np.ndarray, list[int], Programme]) -> None:
    facts, scores, had, programme = world
    day = programme.on(date(2020, 10, 31), facts)
    found = day.arrange(None, scores, user="ann", history=had)
    listed = [one.place for one in found.placed]
    items = [facts.items[place] for place in listed]
    # Who may not be listed is not.
    assert not set(listed) & set(had)
    assert np.isfinite(scores[listed]).all()
    assert not day.failed[listed].size or (day.failed[listed] == -1).all()
    assert len(set(facts.same[listed].tolist())) == len(listed)
    for most, held in (
        (programme.most_of_a_family, facts.family[listed].tolist()),
        (programme.most_of_a_director, [name for item in items for name in item.directors]),
    ):
        assert most is None or all(held.count(one) <= most for one in held)
    # Sums are the sums, and every candidate is told of or merely too low.
    for one in found.placed:
        assert one.base + sum(amount for _, amount in one.boosts) == pytest.approx(one.score, abs=1e-12)
        assert one.base == scores[one.place]
    assert len(listed) + sum(found.left_out.values()) <= found.candidates == N
    if found.short:
        assert len(listed) + sum(found.left_out.values()) == N
    # The budget holds, and what is explored is new and never first.
    new = [one for one in found.placed if one.chosen_by == "exploration"]
    assert len(new) <= (programme.explore if programme.explore >= 1 else np.ceil(programme.explore * programme.n))
    assert all(one.rank > 1 and day.new[one.place] for one in new)
    plain = replace(programme, explore=0).on(date(2020, 10, 31), facts).arrange(None, scores, user="ann", history=had)
    assert not {one.item_id for one in new} & set(plain.item_ids)
    assert len(plain) == len(found)
    # The order in which candidates come says nothing, nor does the pool where nothing is diversified.
    turned = np.random.default_rng(1).permutation(N)
    assert day.arrange(turned, scores[turned], user="ann", history=had[::-1]) == found
    if programme.diversify == "none":
        assert replace(programme, pool=7).on(day.on, facts).arrange(None, scores, user="ann", history=had) == found


@settings(max_examples=40)
@given(worlds())
def test_a_filter_takes_items_away_and_brings_none(world: tuple[Facts, np.ndarray, list[int], Programme]) -> None:
    facts, scores, had, programme = world
    whole = replace(programme, n=N, explore=0, where=(), most_of_a_family=None, most_of_a_director=None)
    wide = whole.arrange(None, scores, facts=facts, on=ON, history=had)
    narrow = replace(whole, where=("year>=1995",)).arrange(None, scores, facts=facts, on=ON, history=had)
    # All that may be listed is, but the worse of one film, which may be the one that the filter keeps.
    assert set(narrow.item_ids) - {"i0", "i1"} <= set(wide.item_ids)
    told = {one.item_id: one.score for one in wide.placed}
    assert all(told.get(one.item_id, one.score) == one.score for one in narrow.placed)
    assert all((facts.items[one.place].year or 0) >= 1995 for one in narrow.placed)


@settings(max_examples=60)
@given(worlds())
def test_the_order_of_the_catalogue_says_nothing(world: tuple[Facts, np.ndarray, list[int], Programme]) -> None:
    facts, scores, had, programme = world
    order = np.random.default_rng(2).permutation(N)
    assert facts.vectors is not None
    assert facts.ratings is not None
    other = Facts.of(
        [facts.items[k] for k in order],
        groups=facts.groups,
        ratings=facts.ratings[order],
        vectors=facts.vectors[order],
    )
    place = np.argsort(order)
    one = programme.arrange(None, scores, facts=facts, on=ON, user="bob", history=had)
    two = programme.arrange(None, scores[order], facts=other, on=ON, user="bob", history=place[had])
    assert [replace(held, place=0) for held in one.placed] == [replace(held, place=0) for held in two.placed]
    assert one.left_out == two.left_out
