"""``triptych clean``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Triptych
from tests.worlds.holdings import holdings
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Item
from triptych.curation.rulebook import Rulebook, built_in_names, built_in_text
from triptych.curation.selection import Selections

RULES = '[[rule]]\nuse = "years"\nfrom = 1970\n\n[[rule]]\nuse = "core"\nmin_per_user = 2\n'


@pytest.fixture
def films(tmp_path: Path) -> Path:
    items = (Item(item_id="old", year=1950), Item(item_id="new", year=1990), Item(item_id="newer\x1b[2J", year=1999))
    holdings(tmp_path / "films", *items, events=[("u", "old"), ("u", "new"), ("v", "new"), ("v", "newer\x1b[2J")])
    return tmp_path / "films"


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.toml"
    path.write_text(RULES)
    return path


def test_a_file_of_rules_is_applied(triptych: Triptych, films: Path, rules: Path) -> None:
    answer = triptych("clean", films, rules)
    assert answer.status == 0
    stages, issues = (part.splitlines() for part in answer.out.split("\n\n"))
    assert stages[0].split("\t") == ["stage", "items", "loss", "users", "loss", "interactions", "loss"]
    assert stages[3].split("\t") == ["At least 2 per user", "2", "33.3%", "1", "50.0%", "2", "50.0%"]
    assert issues[1].split("\t")[:4] == ["Of other years", "1", "33.3%", "1"]
    assert "years: old: it is of 1950" in answer.err
    assert "nothing was deleted" in answer.err
    assert "Next: triptych report data" in answer.err
    selection = Selections(Catalogue.open(films).tables).read("default")
    assert selection.item_ids == ("new", "newer\x1b[2J")
    assert Catalogue.open(films).item_ids() == ["old", "new", "newer\x1b[2J"]


def test_a_selection_has_the_name_it_is_given(triptych: Triptych, films: Path, rules: Path) -> None:
    assert triptych("clean", films, rules, "--name", "strict").status == 0
    assert Selections(Catalogue.open(films).tables).names() == ["strict"]
    assert "strict" in triptych("clean", films).err
    assert triptych("clean", films, rules, "--name", "Not So").status == 2


def test_a_dry_run_writes_nothing(triptych: Triptych, films: Path, rules: Path) -> None:
    answer = triptych("clean", films, rules, "--dry-run")
    assert answer.status == 0
    assert "Nothing was written" in answer.err
    assert Selections(Catalogue.open(films).tables).names() == []


def test_json(triptych: Triptych, films: Path, rules: Path) -> None:
    answer = triptych("clean", films, rules, "--json")
    told = answer.json
    assert (told["name"], told["written"]) == ("default", True)
    assert told["tables"]["stages"][2]["users"] == 1
    assert told["steps"][1]["examples"] == [["old", "it is of 1950"]]
    assert Rulebook.of_toml(told["rules"]) == Rulebook.of_toml(RULES)


def test_built_in_rulebooks_by_name(triptych: Triptych, films: Path) -> None:
    for name in built_in_names():
        assert triptych("clean", films, name, "--dry-run").status == 0


def test_one_is_shown_as_it_is_written(triptych: Triptych) -> None:
    answer = triptych("clean", "--show", "lehmann-2021")
    assert answer.out == built_in_text("lehmann-2021")
    assert triptych("clean", "--show", "lehmann-2021", "--json").json["rules"] == answer.out
    unknown = triptych("clean", "--show", "lehman")
    assert unknown.status == 2
    assert "'lehmann-2021'" in unknown.err


def test_without_rules_it_says_what_there_is(triptych: Triptych, films: Path) -> None:
    for answer in (triptych("clean"), triptych("clean", films)):
        assert answer.status == 0
        assert {line.split("\t")[0] for line in answer.out.splitlines()[1:]} == set(built_in_names())
        assert "use = title | duration" in answer.err
        assert "--show" in answer.err
    assert set(json.loads(triptych("clean", "--json").out)["rulebooks"]) == set(built_in_names())


def test_what_is_wrong_is_said(triptych: Triptych, films: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('[[rule]]\nuse = "core"\nmin_user = 2\n')
    answer = triptych("clean", films, wrong)
    assert answer.status == 2
    assert "rule 1 (core), line 3 has no setting 'min_user'; it has min_per_item, min_per_user" in answer.err
    assert triptych("clean", films, "nothing.toml").status == 2
    assert "no rulebook 'lehman'" in triptych("clean", films, "lehman").err
    assert triptych("clean", tmp_path / "nowhere", wrong.with_name("rules2.toml")).status == 2
    assert triptych("clean", tmp_path / "nowhere", "lehmann-2021").status == 3


def test_what_a_terminal_would_obey_is_written_out(triptych: Triptych, films: Path, tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text('[[rule]]\nuse = "years"\nto = 1960\n')
    answer = triptych("clean", films, path)
    assert "\x1b" not in answer.err + answer.out
    assert "newer\\x1b[2J" in answer.err
