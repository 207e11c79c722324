"""Conditions: what they mean on a dozen films, what an unknown field does, and what is refused."""

from __future__ import annotations

from dataclasses import fields
from datetime import date

import pytest

from triptych.catalogue.records import Item
from triptych.errors import UsageError
from triptych.programme.column import FIELDS
from triptych.programme.condition import Condition
from triptych.programme.facts import Facts

ON = date(2020, 6, 11)


def test_every_field_of_an_item_can_be_asked_for() -> None:
    assert list(FIELDS) == sorted(FIELDS, key=list(FIELDS).index)
    assert set(FIELDS) == {one.name for one in fields(Item)}


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("year>=2001", "love saw young"),
        ("year<1986", "alien"),
        ("year > 2001", "saw young"),
        ("year=1995", "heat heat-dvd"),
        ("year=1995|1998", "heat heat-dvd ring"),
        ("runtime_min<=120", "alien"),
        ("genres=horror", "alien saw ring"),
        ("genres=Romance|Crime", "heat love"),
        ("genres~sci", "alien alien2 alien3"),
        ("languages=French", "love paris"),
        ("directors=Ridley Scott", "alien thelma"),
        ("title~love", "love"),
        ("title~Love|ALIEN ", "alien alien2 alien3 love"),
        ("title=paris", "paris"),
        ("plot~NO ONE", "alien"),
        ("has:plot", "alien"),
        ("has:released_at", "alien young"),
        ("released_at>=1979-05-25", "alien young"),
        ("released_at>today-11", "young"),
        ("released_at>today - 10", ""),
        ("released_at<=today", "alien young"),
        ("item_id=bare", "bare"),
        ("lacks:genres", "bare"),
    ],
)
def test_a_condition_holds_of_whom_it_says(facts: Facts, text: str, who: str) -> None:
    condition = Condition.of(text)
    held = condition.holds(facts.column(condition.field), ON)
    assert [one for one, holds in zip(facts.item_ids, held, strict=True) if holds] == who.split()
    again = Condition.of(condition.text)
    assert again == condition


@pytest.mark.parametrize("field", sorted(FIELDS))
def test_what_is_unknown_fails_every_comparison_but_unequal(field: str) -> None:
    bare = Facts.of([Item(item_id=" ")])  # an id that says nothing, so that this holds of ids too
    value = {"number": "5", "day": "2000-01-01"}.get(FIELDS[field], "x")
    told = {
        op: Condition.of(f"{field}{op}{value}").holds(bare.column(field), ON).tolist()
        for op in (("=", "!=", "~") if FIELDS[field] in ("list", "text") else ("=", "!=", "<", "<=", ">", ">="))
    }
    assert told.pop("!=") == [True]
    assert set(map(str, told.values())) == {"[False]"}
    for asked, answer in (("has", False), ("lacks", True)):
        assert Condition.of(f"{asked}:{field}").holds(bare.column(field), ON).tolist() == [answer]


def test_equal_and_unequal_share_the_items_between_them(facts: Facts) -> None:
    for text in ("year{}1995", "genres{}Drama|Horror", "title{}heat", "released_at{}1979-05-25"):
        yes, no = (Condition.of(text.format(op)) for op in ("=", "!="))
        column = facts.column(yes.field)
        assert (yes.holds(column, ON) ^ no.holds(column, ON)).all(), text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("genre=Drama", "'genres'"),
        ("rating>3", "the fields are"),
        ("year", "no condition"),
        ("", "no condition"),
        ("year>=", "does not say what"),
        ("genres=Drama|", "does not say what"),
        ("year>=old", "'old' is no number"),
        ("year>=nan", "no number"),
        ("year>=1990|1995", "give >= one"),
        ("genres>=Drama", "= != ~"),
        ("year~19", "< <= > >="),
        ("released_at>=2020", "2020-01-31"),
        ("released_at>=2020-02-31", "is no day"),
        ("released_at>=2020-01-01T10:00", "more than a day"),
        ("title==x", "one = too many"),
        ("has:director", "'directors'"),
        ("has:", "no field"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_sentence(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Condition.of(text)
