"""Programmes: how they are written, and what is refused."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from triptych.errors import UnknownName, UsageError
from triptych.programme.boost import Boost
from triptych.programme.programme import Programme

WRITTEN = """
n = 12
where = ["year >= 1990", "languages=English|French"]
most_of_a_family = "any"
most_of_a_director = 2
diversify = "calibrated"
strength = 1
explore = 0.1
new_days = 30

[[boost]]
name = "Halloween"
where = ["genres=Horror"]
from = "10-15"
to = "11-01"
strength = 0.5

[[boost]]
name = "just out"
released_within_days = 30
from = 2026-01-01
strength = 1

[[boost]]
name = "talked about"
trend_days = 14
strength = -0.25
"""
READ = Programme(
    n=12,
    where=("year>=1990", "languages=English|French"),
    most_of_a_family=None,
    most_of_a_director=2,
    diversify="calibrated",
    strength=1.0,
    explore=0.1,
    new_days=30,
    boosts=(
        Boost(name="Halloween", where=("genres=Horror",), since="10-15", until="11-01", strength=0.5),
        Boost(name="just out", released_within_days=30, since="2026-01-01", strength=1.0),
        Boost(name="talked about", trend_days=14, strength=-0.25),
    ),
)


def test_a_file_is_read_and_told_settings_are_read_again(tmp_path: Path) -> None:
    path = tmp_path / "evening.toml"
    path.write_text(WRITTEN)
    assert Programme.read(path) == READ
    assert Programme.of(READ.told()) == READ
    assert Programme.of(Programme().told()) == Programme() == Programme.of({})
    # Every setting is told, but those that TOML has no word for: None, where that is the default.
    silent = {one.name for one in fields(Programme) if one.default is None} | {"boosts"}
    assert set(Programme().told()) == {one.name for one in fields(Programme)} - silent | {"boost"}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("n = 0", "'list.toml': n of a programme is 0; it is 1 or more"),
        ("n = true", "n is True; it takes a whole number"),
        ("n = 1.5", "n is 1.5; it takes a whole number"),
        ('where = "year>=1990"', "takes a list in square brackets"),
        ("where = [1990]", "where holds 1990"),
        ('where = ["years>=1990"]', "'list.toml': no field of an item 'years'; there is 'year'"),
        ("seen = 1", "seen is 1; it takes true or false"),
        ("strength = 1.1", "goes from 0"),
        ("strength = nan", "goes from 0"),
        ('strength = "much"', "takes a number"),
        ('diversify = "MMR"', "no kind of diversify 'MMR'"),
        ("diversify = 1", "takes text"),
        ("diversity = 1", "no setting in 'list.toml' 'diversity'; there is 'diversify'"),
        ("explore = 10", "leaves the first place alone"),
        ("explore = -1", "leaves the first place alone"),
        ("explore = 1.0", "a share is below 1"),
        ("explore_at = [1]", "ranks from 2 to 10"),
        ("explore_at = [3, 3]", "each once"),
        ("explore_at = [3]\nexplore = 2", "may take 2 places, and explore_at names 1"),
        ("explore_at = [3]\nexplore = 0.11", "may take 2 places"),
        ("explore = 1\nnew_below = 0", "nothing is new"),
        ("new_below = -1", "0 or more"),
        ("optimism = -1", "0 or more"),
        ("most_of_a_family = 0", "1 or more"),
        ('most_of_a_director = "any"', "takes a whole number"),
        ("boost = 3", "takes a list"),
        ("boost = [3]", "beginning with"),
        ("[[boost]]\nname = 'x'", "has no strength, which it needs"),
        ("[[boost]]\nname = 3\nstrength = 1", "name is 3; it takes text"),
        ("[[boost]]\nname = 'x'\nstrength = 1\nsince = '10-15'", r"no key in \[\[boost\]\] 1 'since'"),
        ("[[boost]]\nname = 'x'\nstrength = 1\ntrend_days = 1.5", r"\[\[boost\]\] 1: trend_days is 1.5"),
        ("[[boost]]\nname = 'x'\nstrength = 1\n", "'list.toml': boost 'x' lifts all items alike"),
        ("[[boost]]\nname = 'x'\nstrength = 1\ntrend_days = 3\n" * 2, "two boosts are called 'x'"),
        ("n = ", "'list.toml' is no TOML"),
    ],
)
def test_what_a_file_gets_wrong_is_said_in_a_sentence(line: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Programme.of_toml(line, source="'list.toml'")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no programme"):
        Programme.read(tmp_path / "none.toml")
    with pytest.raises(UnknownName, match="diversify_by"):
        Programme(diversify_by="sound")  # type: ignore[arg-type]
