"""Boosts: when they act, on whom, and how much each gets."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from triptych.catalogue.records import Item
from triptych.errors import UsageError
from triptych.programme.boost import Boost
from triptych.programme.facts import Facts
from triptych.programme.likes import Likes, risen


def boost(**told: Any) -> Boost:
    return Boost(**{"name": "b", "strength": 0.5, "where": ("has:item_id",), **told})


@pytest.mark.parametrize(
    ("since", "until", "acts", "rests"),
    [
        ("10-15", "11-01", ["2026-10-15", "1999-11-01"], ["2026-10-14", "2026-11-02"]),
        ("12-20", "01-06", ["2026-12-20", "2027-01-06", "2026-12-31"], ["2026-12-19", "2027-01-07"]),
        ("02-29", "03-01", ["2024-02-29", "2023-03-01"], ["2024-02-28", "2023-02-28"]),
        ("2026-10-15", "2026-11-01", ["2026-10-15", "2026-11-01"], ["2027-10-20", "2026-11-02"]),
        ("2026-10-15", "", ["2026-10-15", "2030-01-01"], ["2026-10-14"]),
        ("", "2026-10-15", ["1990-01-01", "2026-10-15"], ["2026-10-16"]),
        ("", "", ["2026-10-15"], []),
    ],
)
def test_a_season_has_a_first_and_a_last_day(since: str, until: str, acts: list[str], rests: list[str]) -> None:
    rule = boost(since=since, until=until)
    assert [one for one in (*acts, *rests) if rule.in_season(date.fromisoformat(one))] == acts


def test_a_new_release_is_lifted_whole_on_its_day_and_then_less_every_day() -> None:
    facts = Facts.of([Item(item_id=str(k), released_at=f"2020-06-{k:02d}") for k in (1, 6, 11, 12)])
    facts = Facts.of([*facts.items, Item(item_id="never"), Item(item_id="some day", released_at="2020")])
    shares = boost(released_within_days=10).shares(facts, date(2020, 6, 11))
    assert shares.tolist() == [0, 0.5, 1, 0, 0, 0]


def test_a_rise_is_of_an_items_share_and_chance_is_none() -> None:
    # By hand: all likes 30 and 30, so q = 1/2; the first item has 9 and 0: (9 − 4.5) / √(9/4) = 3 deviations.
    lately, before = np.array([9, 11, 0, 10]), np.array([0, 9, 11, 10])
    first = (lately - (lately + before) / 2) / np.sqrt((lately + before) / 4)
    assert first[0] == 3
    assert risen(lately, before).tolist() == pytest.approx([1, 0, 0, 0], abs=1e-12)
    # Everything ten times as busy is no rise of anything; and with nothing before there is nothing to compare.
    assert risen(before * 10, before).tolist() == pytest.approx([0] * 4)
    assert not risen(lately, lately * 0).any()
    assert not risen(lately * 0, before).any()


def test_a_trend_counts_its_days_and_never_what_came_later(make: SimpleNamespace) -> None:
    on = date(2020, 6, 11)

    def at(days: int) -> date:
        return on + timedelta(days)

    rows = [("u", "a", 5.0, at(0)), ("v", "a", 5.0, at(-6)), ("u", "b", 5.0, at(-7)), ("v", "b", 5.0, at(-13))]
    rows += [("u", "c", 5.0, at(-14)), ("v", "c", 5.0, at(1)), ("w", "a", 1.0, at(0))]
    likes = Likes.of(make.history(rows), like=4)
    lately, before = likes.counts(on, 7)
    assert (lately.tolist(), before.tolist()) == ([2, 0, 0], [0, 2, 0])
    facts = Facts.of([Item(item_id=one) for one in "abc"], history=make.history(rows), like=4)
    shares = boost(trend_days=7).shares(facts, on)
    assert shares[0] > 0
    assert shares[1:].tolist() == [0, 0]
    with pytest.raises(UsageError, match="when items were liked is not known"):
        boost(trend_days=7).shares(Facts.of([Item(item_id="a")]), on)


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"name": " "}, "no name"),
        ({"strength": float("nan")}, "finite"),
        ({"where": ()}, "all items alike"),
        ({"where": ("genre=Horror",)}, "boost 'b': no field"),
        ({"since": "10-15"}, "given as two"),
        ({"since": "10-15", "until": "2026-11-01"}, "given as two"),
        ({"since": "13-01", "until": "11-01"}, "'13-01' is no day"),
        ({"since": "autumn"}, "'autumn' is no day"),
        ({"since": "2026-11-01", "until": "2026-10-01"}, "before it begins"),
        ({"released_within_days": 0}, "1 day or more"),
        ({"trend_days": -1}, "1 day or more"),
    ],
)
def test_a_rule_that_means_nothing_is_refused(told: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        boost(**told)
