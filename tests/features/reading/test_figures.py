"""Figures: years and running times as numbers; what cannot be true is missing, and says why."""

from __future__ import annotations

import math

import pytest

from triptych.catalogue.records import Item
from triptych.features.extractor import Extractor, Showing
from triptych.features.feature import Feature, Presence
from triptych.features.reading.figures import Runtime, Year

FILMS = [
    Item(item_id="both", year=1954, runtime_min=92),
    Item(item_id="other", year=2012, runtime_min=7.5),
    Item(item_id="mute"),
]


def measure(extractor: Extractor, **fields: object) -> Feature:
    [feature] = extractor.extract([Showing(item=Item(item_id="x", **fields))])  # type: ignore[arg-type]
    return feature


def value(extractor: Extractor, **fields: object) -> float:
    values = measure(extractor, **fields).values
    assert values is not None
    assert values.shape == (1,)
    return float(values[0])


def test_a_century_of_cinema_goes_from_minus_one_to_one() -> None:
    assert [value(Year(), year=year) for year in (1920, 1970, 2020)] == [-1, 0, 1]


def test_the_release_stands_in_for_the_year_and_says_so() -> None:
    feature = measure(Year(), released_at="1995-03-08")
    assert feature.values is not None
    assert feature.values[0] == pytest.approx(0.5)
    assert "1995" in feature.warnings[0]
    assert value(Year(), year=1970, released_at="1995-03-08") == 0
    assert measure(Year(), year=1970, released_at="1995-03-08").warnings == ()


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "no year and no release date"),
        ({"year": 0}, "the item's year is 0; a film is of 1874 to 2100"),
        ({"year": 3000}, "the item's year is 3000"),
        ({"year": math.nan}, "the item's year is nan"),
        ({"released_at": "in spring"}, "the item has no year"),
        ({"released_at": "19950308"}, "the item has no year"),
        ({"released_at": "0000-00-00"}, "the item's year is 0"),
        ({"released_at": "\ud800" * 1_000_000}, "the item has no year"),
    ],
)
def test_a_year_that_cannot_be_is_missing(fields: dict[str, object], reason: str) -> None:
    feature = measure(Year(), **fields)
    assert feature.presence is Presence.MISSING
    assert reason in feature.reason


def test_running_times_are_logarithms_of_minutes() -> None:
    assert value(Runtime(), runtime_min=90.0) == pytest.approx(math.log(90))
    assert value(Runtime(), runtime_min=20) - value(Runtime(), runtime_min=10) == pytest.approx(
        value(Runtime(), runtime_min=200) - value(Runtime(), runtime_min=100), abs=1e-6
    )


@pytest.mark.parametrize(
    ("minutes", "reason"),
    [
        (None, "is not told"),
        (0, "said to run 0 minutes"),
        (-5.0, "said to run -5 minutes"),
        (5_400.0, "may be seconds"),
        (100_000, r"0.1 to 1,440 are believed"),
        (math.inf, "said to run inf"),
        (math.nan, "said to run nan"),
    ],
)
def test_a_running_time_that_cannot_be_is_missing(minutes: float | None, reason: str) -> None:
    feature = measure(Runtime(), runtime_min=minutes)
    assert feature.presence is Presence.MISSING
    assert reason in feature.reason
