"""Rulebook: what is written is what is applied, and what is wrong is named with its line."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triptych.curation.rulebook import RULES, Entry, Rulebook, built_in_names, built_in_text
from triptych.curation.rules.acted import Core, Interactions, Sample, Top
from triptych.curation.rules.duplicates import Duplicates
from triptych.curation.rules.filmed import BlackAndWhite, ClipFile, Duration, Trailer
from triptych.curation.rules.patterns import SETS
from triptych.curation.rules.title import Title
from triptych.curation.rules.written import Genres, Link, Text, Years
from triptych.errors import UnknownName, UsageError

TEXT = """
title = "What the study needs"

[[rule]]
use = "title"
patterns = ["parts", "full-movie"]
regex = ['(?i)^test']
spare = ["it's", "b"]

[[rule]]  # the second
use = "years"
name = "recent"
title = "Recent films"
issue = "Old films"
from = 1970

[[rule]]
use = "interactions"
from = 1998-04-22
to = 1998-04-22T12:00:00+02:00
scale = [1, 5]

[[rule]]
use = "years"
to = 2020
"""


def test_rules_are_read_in_their_order() -> None:
    book = Rulebook.of_toml(TEXT)
    assert book.title == "What the study needs"
    assert [entry.name for entry in book.entries] == ["title", "recent", "interactions", "years"]
    assert book.entries[0].rule == Title(patterns=("parts", "full-movie"), regex=("(?i)^test",))
    assert book.entries[0].spare == ("it's", "b")
    assert book.entries[1] == Entry(rule=Years(from_=1970), name="recent", title="Recent films", issue="Old films")
    assert book.entries[2].rule == Interactions(from_=893203200, to=893239200, scale=(1.0, 5.0))
    assert book.entries[3].title == "Up to 2020"


def test_rules_of_one_kind_have_names_of_their_own() -> None:
    book = Rulebook.of(Years(from_=1970), Trailer(), Years(to=2000), Years(to=1990))
    assert [entry.name for entry in book.entries] == ["years", "trailer", "years-2", "years-3"]
    with pytest.raises(UsageError, match="two rules are called 'a'"):
        Rulebook(entries=(Entry(rule=Trailer(), name="a"), Entry(rule=Trailer(), name="a")))


def test_every_kind_is_written_and_read_again() -> None:
    book = Rulebook.of(
        Title(regex=('"quoted" \\d+\t\x7f é',)),
        Duration(max_s=1e22),
        Text(fields=("plot",), min_words=3),
        ClipFile(whole=0.5),
        Link(require=("imdb_id", "url")),
        Trailer(),
        Years(from_=1970),
        BlackAndWhite(threshold=1e-7),
        Genres(exclude=("Film-Noir", "it's")),
        Duplicates(keep="best-clip"),
        Interactions(kinds=("rating",), scale=(0.5, 5.0), from_=7),
        Core(min_per_user=5),
        Top(items=400),
        Sample(per_user=20, seed=2**62),
    )
    assert {entry.rule.use for entry in book.entries} == set(RULES)
    again = Rulebook.of_toml(book.to_toml())
    assert again == book
    assert again.to_toml() == book.to_toml()


@settings(deadline=None, max_examples=60)
@given(
    st.text(st.characters(blacklist_categories=["Cs"]), max_size=20),
    st.lists(st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=9), min_size=1, max_size=3),
    st.floats(min_value=0, allow_nan=False, allow_infinity=False),
    st.integers(0, 2**63 - 1),
)
def test_whatever_the_settings_are(text: str, genres: list[str], number: float, seed: int) -> None:
    rules = (Genres(require=tuple(genres)), Duration(min_s=number), Sample(items=1, seed=seed))
    entries = tuple(
        Entry(rule=rule, name=f"r{k}", title=text, issue=text, spare=tuple(genres)) for k, rule in enumerate(rules)
    )
    book = Rulebook(entries=entries, title=text, notes=text)
    assert Rulebook.of_toml(book.to_toml()) == book


def _wrong(body: str) -> str:
    with pytest.raises(UsageError) as caught:
        Rulebook.of_toml(body, source="'rules.toml'")
    return str(caught.value)


def test_an_unknown_setting_is_named_with_its_line_and_those_there_are() -> None:
    said = _wrong('[[rule]]\nuse = "trailer"\n\n[[rule]]\nuse = "duration"\n\nmax = 5\n')
    assert said == "'rules.toml': rule 2 (duration), line 7 has no setting 'max'; it has max_s, min_s, unknown."


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('use = "duration"\nmax_s = "ten"', r"line 3: max_s is 'ten'; it takes a finite number\."),
        ('use = "duration"\nmax_s = inf', r"line 3: max_s is inf; it takes a finite number\."),
        ('use = "duration"\nmax_s = true', r"line 3: max_s is True; it takes a finite number\."),
        ('use = "duration"\nmin_s = 9\nmax_s = 5', r"line 1: min_s is 9 and max_s is 5; no clip is in between\."),
        ('use = "duration"\nmax_s = 5\nunknown = "drop"', r"line 4: unknown is 'drop'; it may be 'keep' or 'remove'\."),
        ('use = "years"\nfrom = 1970.5', r"line 3: from is 1970\.5; it takes a whole number\."),
        ('use = "years"\nfrom_ = 1970', r"line 3 has no setting 'from_'; it has from, to, unknown\."),
        ('use = "title"\npatterns = "parts"', r"line 3: patterns is 'parts'; it takes a list of text, in \[ \]\."),
        ('use = "title"\npatterns = [1]', r"line 3: patterns is \[1\]; it takes a list of text\."),
        ('use = "title"\nregex = ["(a"]', r"line 1: '\(a' is no regular expression that is taken here: unclosed group"),
        ('use = "title"\npatterns = ["full"]', r"line 1: no set of patterns 'full'; there is 'full-movie'"),
        ('use = "text"\nfields = ["plots"]', r"line 1: no field of an item 'plots'; there is 'plot'"),
        ('use = "clip"\nreadable = "yes"', r"line 3: readable is 'yes'; it takes true or false\."),
        ('use = "interactions"\nscale = [1]', r"line 3: scale is \[1\]; it takes a list of 2 numbers, in \[ \]\."),
        ('use = "interactions"\nfrom = "1998"', r"line 3: from is '1998'; it takes a date such as 1998-04-22"),
        ('use = "interactions"\nfrom = 12:00:00', r"line 3: from is .*; it takes a date"),
        ('use = "core"', r"line 1: it needs min_per_user, or min_per_item, or both\."),
        ('use = "yeers"', r"line 2: no rule 'yeers'; there is 'years'"),
        ("use = 3", r"line 2 does not say which rule it is: use = one of title, duration, "),
        ("from = 3", r"line 1 does not say which rule it is"),
        ('use = "trailer"\nname = "A b"', r"line 3: a rule cannot be called 'A b'"),
        ('use = "trailer"\nspare = "a"', r"line 3: spare is 'a'; it takes a list of item ids"),
        ('use = "trailer"\ntitle = 3', r"line 3: title is 3; it takes text"),
    ],
)
def test_what_is_wrong_is_said(line: str, said: str) -> None:
    found = _wrong(f"[[rule]]\n{line}\n")
    assert re.search(said, found), found


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("[[rule]\n", r"'rules\.toml' is no TOML: .*line 1"),
        ("x = 1\n", r"has the key 'x'; it may have title, notes and \[\[rule\]\] tables"),
        ('[rule]\nuse = "trailer"\n', r"double brackets"),
        ("rule = [1]\n", r"double brackets"),
        ("title = 1\n", r"title is 1; it takes text"),
        ("a = " + "[" * 5000 + "\n", r"is no TOML"),
    ],
)
def test_a_file_that_is_no_rulebook(body: str, said: str) -> None:
    assert re.search(said, _wrong(body))


def test_lines_that_cannot_be_told_are_not_made_up() -> None:
    said = _wrong('notes = """\n[[rule]]\n"""\n[[rule]]\nuse = "core"\n')
    assert "line" not in said
    assert _wrong('rule = [{use = "core"}]').startswith("'rules.toml': rule 1 (core): it needs")


def test_a_rulebook_without_rules_is_one() -> None:
    assert Rulebook.of_toml("") == Rulebook(entries=())
    assert Rulebook.of_toml(Rulebook(entries=()).to_toml()) == Rulebook(entries=())


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text("\ufeff" + TEXT, encoding="utf-8")
    assert Rulebook.read(path) == Rulebook.of_toml(TEXT)
    path.write_bytes(b'title = "\xff"')
    with pytest.raises(UsageError, match="not in UTF-8"):
        Rulebook.read(path)
    path.write_bytes(b"#" * 2_000_000)
    for other in (path, tmp_path, tmp_path / "none.toml"):
        with pytest.raises(UsageError, match="no rulebook"):
            Rulebook.read(other)


@pytest.mark.parametrize("name", built_in_names())
def test_the_built_in_ones_are_read_and_written_again(name: str) -> None:
    book = Rulebook.built_in(name)
    assert book.title
    assert book.entries
    assert Rulebook.of_toml(book.to_toml()) == book
    assert tomllib.loads(built_in_text(name))["title"] == book.title


def test_which_are_built_in() -> None:
    assert {"audiovisual-cf", "lehmann-2021", "maes-2025"} <= set(built_in_names())
    with pytest.raises(UnknownName, match="no rulebook 'lehman-2021'; there is 'lehmann-2021'"):
        Rulebook.built_in("lehman-2021")
    with pytest.raises(UnknownName):
        Rulebook.built_in("../rulebook")


def test_what_the_papers_say_is_in_theirs() -> None:
    lehmann: dict[str, Any] = {entry.rule.use: entry.rule for entry in Rulebook.built_in("lehmann-2021").entries}
    assert lehmann["duration"] == Duration(max_s=600)
    assert lehmann["core"] == Core(min_per_user=5)
    assert set(lehmann["title"].patterns) == {"parts", "full-movie"}
    cf: dict[str, Any] = {entry.rule.use: entry.rule for entry in Rulebook.built_in("audiovisual-cf").entries}
    assert (cf["years"], cf["duration"]) == (Years(from_=1970), Duration(max_s=300))
    assert (cf["top"].items, cf["top"].users, cf["sample"].per_user) == (400, 600, 20)
    maes: dict[str, Any] = {entry.rule.use: entry.rule for entry in Rulebook.built_in("maes-2025").entries}
    assert maes["text"] == Text(fields=("title", "plot"))


def test_every_rule_has_words_for_both_tables() -> None:
    needed: dict[str, dict[str, Any]] = {
        "title": {"patterns": ("parts",)},
        "duration": {"max_s": 1.0},
        "years": {"to": 1},
        "genres": {"exclude": ("War",)},
        "interactions": {"kinds": ("like",)},
        "core": {"min_per_item": 1},
        "top": {"users": 1},
        "sample": {"users": 1},
    }
    for use, kind in RULES.items():
        rule = kind(**needed.get(use, {}))
        assert rule.title
        assert rule.issue
        assert rule.title[0].isupper()


def test_all_sets_of_patterns_can_be_asked_for() -> None:
    assert Title(patterns=tuple(SETS)).issue.count(";") == len(SETS) - 1
