"""People: films that share somebody are alike, by hashed names and by learned ones."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from triptych.catalogue.records import Item
from triptych.errors import ExtractionError, UsageError
from triptych.features.extractor import Extractor, Learner, Showing
from triptych.features.feature import Feature, Presence
from triptych.features.reading.people import People, people_top
from triptych.features.recipe import Recipe

FILMS = [
    Item(item_id="both", people=("Ida Marr", "Jon Vale"), directors=("Ann Ode",)),
    Item(item_id="other", people=("jon  vale", "Lu Penn"), directors=("Ann Ode",)),
    Item(item_id="mute"),
    Item(item_id="third", people=("Ida Márr", "Sid Ash")),
]


def measure(extractor: Extractor, *cast: str, by: tuple[str, ...] = ()) -> Feature:
    [feature] = extractor.extract([Showing(item=Item(item_id="x", people=cast, directors=by))])
    return feature


def vector(extractor: Extractor, *cast: str, by: tuple[str, ...] = ()) -> np.ndarray:
    feature = measure(extractor, *cast, by=by)
    assert feature.values is not None, feature.reason
    return feature.values


def test_hashed_names_give_the_weighted_share_of_names_in_common() -> None:
    wide = People(width=65_536)  # so wide that no two names of this test meet
    a = vector(wide, "Ida Marr", "Jon Vale", by=("Ann Ode",))
    b = vector(wide, "Jon Vale", "Lu Penn")
    second = 1 / math.log2(3)
    length_a, length_b = math.sqrt(1 + second**2 + 1), math.sqrt(1 + second**2)
    assert a @ b == pytest.approx(second * 1 / (length_a * length_b), abs=1e-6)
    assert np.linalg.norm(a) == pytest.approx(1, abs=1e-6)
    assert a @ vector(wide, "Ann Ode") == pytest.approx(0, abs=1e-6), "a director is another name than an actor"
    assert np.count_nonzero(a) == 3 * 8


def test_the_hash_is_of_the_name_and_of_no_process() -> None:
    found = vector(People(width=16, places=1), "Ida Marr")
    assert np.flatnonzero(found).tolist() == [9]
    assert found[9] == -1


def test_names_are_compared_without_case_accents_and_points_and_count_once() -> None:
    made = People()
    one = vector(made, "J.J. Abrams", "Penélope Cruz")
    assert (one == vector(made, "j. j.  ABRAMS", "JJ Abrams", "Penelope Cruz", "N/A", "")).all()
    assert not (one == vector(made, "Penélope Cruz", "J.J. Abrams")).all(), "the order of the bill counts"


def test_more_places_tell_sharing_from_collisions() -> None:
    """Unlike casts in 256 columns: their false likeness is smaller with eight places than with one, at its worst."""
    names = [f"Player {k}" for k in range(1_200)]
    casts = [names[k : k + 6] for k in range(0, 1_200, 6)]
    worst = {}
    for places in (1, 8):
        rows = np.stack([vector(People(places=places), *cast) for cast in casts])
        likeness = np.abs(rows @ rows.T)[~np.eye(len(rows), dtype=bool)]
        worst[places] = np.quantile(likeness, 0.999)
        assert likeness.max() < 1
    assert worst[8] < 0.6 * worst[1]


def test_top_people_are_those_in_several_items_and_the_rest_shortens_the_vector() -> None:
    learned = people_top().learn(FILMS)
    assert learned.columns() == ("cast_ida_marr", "cast_jon_vale", "director_ann_ode")
    second = 1 / math.log2(3)
    length = math.sqrt(1 + second**2 + 1)
    assert vector(learned, "Ida Marr", "Nobody Known", by=("Ann Ode",)) == pytest.approx([1 / length, 0, 1 / length])
    assert "none of the 1 people" in measure(learned, "Lu Penn").reason
    assert people_top(min_items=1, limit=2).learn(FILMS).columns() == ("cast_ida_marr", "cast_jon_vale")


def test_what_is_learned_hangs_on_the_items_alone() -> None:
    learner = people_top()
    assert isinstance(learner, Learner)
    one = learner.learn(FILMS)
    assert learner.learn(random.Random(3).sample(FILMS, len(FILMS))).recipe == one.recipe
    twice = [Item(item_id=f.item_id, people=f.people * 2, directors=f.directors * 2) for f in FILMS]
    assert learner.learn(twice).recipe == one.recipe
    again = learner.again(Recipe.from_json(one.recipe.to_json()))
    assert again.recipe.hash == one.recipe.hash
    assert (vector(again, "Ida Marr", "X Y") == vector(one, "Ida Marr", "X Y")).all()
    one.extract([Showing(item=Item(item_id="late", people=("Lu Penn",)))] * 3)
    assert learner.learn(FILMS).recipe == one.recipe
    assert learner.learn(FILMS[:2]).recipe.params["learned"] != one.recipe.params["learned"]
    with pytest.raises(ExtractionError, match="learn anew"):
        people_top(limit=3).again(one.recipe)
    assert "--relearn" in measure(learner.learn([]), "Ida Marr").reason


def test_nobody_is_missing_with_a_reason() -> None:
    for made in (People(), people_top().learn(FILMS)):
        assert measure(made).reason == "the item has neither a cast nor directors"
        feature = measure(made, "N/A", "\ud800", by=("nan",))
        assert feature.presence is Presence.MISSING
        feature.reason.encode()


def test_names_that_cancel_out_are_missing_and_no_nan() -> None:
    """In two columns, one place each: some pair of a director and a player meets with opposite signs."""
    made = People(width=2, places=1)
    found = [measure(made, f"Player {k}", by=("Ann Ode",)) for k in range(64)]
    gone = [feature for feature in found if feature.presence is Presence.MISSING]
    assert 0 < len(gone) < len(found)
    assert all("cancel one another out" in feature.reason for feature in gone)


def test_hostile_casts_do_no_harm() -> None:
    crowd = tuple(f"Extra {k}" for k in range(10_000))
    assert (vector(People(), *crowd) == vector(People(), *crowd[:50])).all()
    odd = ("x" * 5_000_000, "\ud800Ida", "a\x00b", "\u0301" * 100_000, "村上 春樹")
    learned = people_top(min_items=1).learn([*FILMS, Item(item_id="h", people=odd), Item(item_id="c", people=crowd)])
    assert Recipe.from_json(learned.recipe.to_json()) == learned.recipe
    for made in (People(), learned):
        assert np.isfinite(vector(made, *odd)).all()
    assert "cast_村上_春樹" in learned.columns()


@pytest.mark.parametrize(
    "asked", [{"width": 1}, {"places": 0}, {"places": 9}, {"cast": 0}, {"director_weight": math.nan}]
)
def test_what_cannot_be_asked_is_refused(asked: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="reading/people was asked"):
        People(**asked)  # type: ignore[arg-type]
