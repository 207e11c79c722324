"""Titles: spellings of one title are one; parts of a series are told."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from triptych.curation.titles import normal_title


@pytest.mark.parametrize(
    ("title", "key", "year"),
    [
        ("American President, The (1995)", "american president", 1995),
        ("The American President", "american president", None),
        ("Misérables, Les (1995)", "miserables", 1995),
        ("Les Misérables", "miserables", None),
        ("Die Hard (1988)", "die hard", 1988),
        ("I, Robot (2004)", "i robot", 2004),
        ("As Good as It Gets (1997)", "as good as it gets", 1997),
        ("Batman & Robin (1997)", "batman and robin", 1997),
        ("Ocean’s Eleven (2001)", "oceans 11", 2001),
        ("Ocean's 11", "oceans 11", None),
        ("(500) Days of Summer (2009)", "500 days of summer", 2009),
        ("Big Bang Theory, The (2007-)", "big bang theory", 2007),
        ("Fawlty Towers (1975-1979)", "fawlty towers", 1975),
        ("10 (1979)", "10", 1979),
        ("2001: A Space Odyssey (1968)", "2001 space odyssey", 1968),
        ("七人の侍 (1954)", "七人の侍", 1954),
        ("  THE   Godfather ", "godfather", None),
        ("The", "the", None),
        ("", "", None),
        ("!!!", "", None),
    ],
)
def test_spelling_is_taken_away(title: str, key: str, year: int | None) -> None:
    found = normal_title(title)
    assert (found.key, found.year) == (key, year)


@pytest.mark.parametrize(
    ("title", "base", "number"),
    [
        ("Godfather: Part II, The (1974)", "godfather", 2),
        ("Toy Story 2", "toy story", 2),
        ("Part Two", "part two", None),
        ("Che: Part Two", "che", 2),
        ("Hot Shots! Part Deux", "hot shots", 2),
        ("Star Wars: Episode IV - A New Hope", "star wars", 4),
        ("Friday the 13th Part VIII: Jason Takes Manhattan", "friday the 13th", 8),
        ("Friday the 13th", "friday the 13th", None),
        ("Kill Bill: Vol. 1", "kill bill", 1),
        ("Alien³ (a.k.a. Alien 3)", "alien", 3),
        ("Naked Gun 2 1/2: The Smell of Fear, The", "naked gun", 2),
        ("The Naked Gun 2½: The Smell of Fear", "naked gun", 2),
        ("Naked Gun 33 1/3: The Final Insult", "naked gun", 33),
        ("Mission: Impossible II", "mission impossible", 2),
        ("Samurai I: Musashi Miyamoto", "samurai", 1),
        ("Rocky V", "rocky", 5),
        ("Ocean's Twelve", "oceans", 12),
        ("Malcolm X", "malcolm x", None),
        ("American History X", "american history x", None),
        ("Henry V", "henry v", None),
        ("Fantastic Four", "fantastic four", None),
        ("Fahrenheit 451", "fahrenheit 451", None),
        ("Blade Runner 2049", "blade runner 2049", None),
        ("Airport 1975", "airport 1975", None),
    ],
)
def test_parts_of_a_series(title: str, base: str, number: int | None) -> None:
    found = normal_title(title)
    assert (found.base, found.number) == (base, number)


def test_subtitles_and_what_leads_to_them() -> None:
    found = normal_title("Mission: Impossible - Ghost Protocol (2011)")
    assert found.leads == ("mission", "mission impossible", "mission impossible ghost protocol")
    assert found.subtitle == "impossible ghost protocol"
    assert normal_title("Star Trek III: The Search for Spock").subtitle == "search for spock"
    assert normal_title("Spider-Man").base == "spider man"


@pytest.mark.parametrize(
    ("title", "alternatives"),
    [
        ("Golden Age, The (Âge d'Or, L') (1930)", ("age dor",)),
        (
            "Way of the Dragon, The (a.k.a. Return of the Dragon) (Meng long) (1972)",
            ("return of the dragon", "meng long"),
        ),
        ("Through the Olive Trees (aka Zire darakhatan) (1994)", ("zire darakhatan",)),
        ("Alien³ (a.k.a. Alien 3) (1992)", ()),
        ("Emma (TV) (1996)", ()),
        ("Brazil (Director's Cut) (1985)", ()),
        ("Fog (1980)", ()),
    ],
)
def test_other_names_stand_in_brackets(title: str, alternatives: tuple[str, ...]) -> None:
    assert normal_title(title).alternatives == alternatives


def test_a_part_in_brackets_is_a_part() -> None:
    assert normal_title("Nymphomaniac (Part 2) (2013)").number == 2


@settings(max_examples=200, deadline=None)
@example("[0]")
@given(st.text(max_size=40))
def test_no_text_is_too_odd(text: str) -> None:
    found = normal_title(text)
    assert found.key == " ".join(found.key.split())
    assert found.number is None or found.number > 0
    assert normal_title(f"  {text.upper()}\t").key == normal_title(text.upper()).key


@pytest.mark.parametrize("name", ["Apartment", "Long Goodbye", "Third Man"])
def test_a_moved_article_and_case_make_no_difference(name: str) -> None:
    forms = [name, f"The {name}", f"{name}, The", f"{name}, The (1960)", name.upper(), f"the {name.lower()}!"]
    assert len({normal_title(form).key for form in forms}) == 1
