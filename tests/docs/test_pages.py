"""The pages are found, and their tables of settings name every setting with the default that it has."""

from __future__ import annotations

import re
import tomllib
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

import pytest

from triptych.fusion.fusion import METHODS, Fusion
from triptych.fusion.normalise import SCALINGS
from triptych.fusion.reduction import REDUCTIONS
from triptych.fusion.select import Selecting
from triptych.models.predictors import PREDICTORS
from triptych.programme.programme import Programme
from triptych.studies.predicting import Searching
from triptych.studies.protocol import SPLITS, Protocol
from triptych.studies.study import (
    CONTROLS,
    ORACLE,
    SOURCES,
    Bracket,
    Claim,
    Data,
    Given,
    Study,
    Table,
    Tuning,
)
from triptych.studies.variant import Variant

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = {page.name: page.read_text(encoding="utf-8") for page in sorted(DOCS.glob("*.md"))}


def rows(page: str, after: str) -> dict[str, list[str]]:
    """Of the first table after a text: its first cell's names, each with the other cells."""
    table = re.search(r"(?:^\|.*\n)+", PAGES[page][PAGES[page].index(after) :], re.MULTILINE)
    assert table, f"{page} has no table after {after!r}"
    found: dict[str, list[str]] = {}
    for line in table[0].splitlines()[2:]:
        first, *rest = (cell.strip() for cell in line.removeprefix("|").removesuffix("|").split("|"))
        names = re.findall(r"`([^`]+)`", first)
        values = rest[0].split(", ") if len(names) > 1 and rest[0].count(", ") == len(names) - 1 else [rest[0]]
        for k, name in enumerate(names):
            found[name] = [values[k % len(values)], *rest[1:]]
    return found


def default_of(one: Field[Any]) -> Any:
    value = one.default_factory() if one.default_factory is not MISSING else one.default
    return list(value) if isinstance(value, tuple) else value


def written(cell: str) -> Any:
    """What a cell says is the default: the first thing in it that is set as code, or a word."""
    code = re.match(r"`([^`]+)`", cell)
    if not code:
        return {"needed": MISSING, "none": None}.get(cell, cell)
    return None if code[1] == "None" else tomllib.loads(f"x = {code[1]}")["x"]


#: Page, text before the table, class, fields that the table leaves to others, fields whose default is not the class's.
TABLES = [
    ("lists.md", "## Settings", Programme, ("boosts",), {}),
    ("fusion.md", "## Settings", Fusion, (), {}),
    ("fusion.md", "is `Selecting.paper(0.9)`", Selecting, (), {}),
    (
        "studies.md",
        "### At the top",
        Study,
        ("data", "protocols", "tables", "tuning", "claims", "brackets", "source"),
        {},
    ),
    ("studies.md", "### data", Data, ("given",), {"source": "catalogue", "clips": 96, "users": 400, "seconds": 6}),
    ("studies.md", "`[[data.given]]`, once", Given, (), {}),
    ("studies.md", "### protocol", Protocol, (), {"kind": "ranking", "split": "cold-items", "least": 1}),
    ("studies.md", "### table, rows", Table, ("rows",), {"against": "the first row", "metrics": ...}),
    ("studies.md", "A row is laid over", Variant, (), {}),
    ("studies.md", "| key of `search`", Searching, (), {}),
    ("studies.md", "### tuning", Tuning, (), {}),
    ("studies.md", "| key of `[[claim]]`", Claim, (), {"sign": "higher"}),
    ("studies.md", "| key of `[[bracket]]`", Bracket, (), {}),
]
#: Keys of a table in TOML that are no fields of its class.
BESIDE = {Study: {"extends"}, Table: {"variant", "row"}}


@pytest.mark.parametrize(("page", "after", "owner", "left", "other"), TABLES, ids=[one[2].__name__ for one in TABLES])
def test_every_setting_is_told_with_its_default(
    page: str, after: str, owner: type, left: tuple[str, ...], other: dict[str, Any]
) -> None:
    told = rows(page, after)
    known = {one.name: default_of(one) for one in fields(owner) if one.name not in left}
    assert set(told) == set(known) | BESIDE.get(owner, set())
    for name, value in known.items():
        if other.get(name) is not ...:
            assert written(told[name][0]) == other.get(name, value), name


def test_the_default_of_a_key_is_the_one_that_a_file_without_it_gets() -> None:
    study = Study.of_toml(
        'name = "x"\ntitle = "x"\n[[protocol]]\nname = "p"\nfolds = 2\n[[protocol]]\nname = "q"\nkind = "item-based"\n'
        '[[table]]\nname = "t"\ntitle = "t"\n[[table.row]]\nname = "first"\n[[table.row]]\nname = "second"\n'
        '[[claim]]\nsays = "x"\ntable = "t"\nrow = "second"\nagainst = "first"\nmetric = "auc"\n'
    )
    protocol, table = rows("studies.md", "### protocol"), rows("studies.md", "### table, rows")
    ranking, lists = study.protocols
    for name in ("kind", "split", "like", "least"):
        first, _, second = protocol[name][0].partition("; item-based ")
        assert written(first) == getattr(ranking, name), name
        assert not second or written(second) == getattr(lists, name), name
    assert written(table["metrics"][0]) == list(study.tables[0].metrics)
    assert (study.tables[0].against, study.claims[0].sign, study.data.source) == ("first", "higher", "catalogue")


def test_the_rule_of_the_paper_is_told_as_it_is() -> None:
    usual, paper = Selecting(), Selecting.paper()
    for name, cells in rows("fusion.md", "is `Selecting.paper(0.9)`").items():
        differs = getattr(paper, name) != getattr(usual, name)
        assert (written(cells[1]) if cells[1] else getattr(usual, name)) == getattr(paper, name), name
        assert bool(cells[1]) == differs, name


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("fusion.md", [*METHODS, *SCALINGS, *REDUCTIONS]),
        ("studies.md", [*CONTROLS, ORACLE, *SOURCES, *SPLITS]),
    ],
    ids=["fusion", "studies"],
)
def test_every_choice_has_a_word(page: str, names: list[str]) -> None:
    assert [name for name in names if f"`{name}" not in PAGES[page]] == []


@pytest.mark.parametrize("where", ["index.md", "../mkdocs.yml"])
def test_every_page_is_found_from_the_first_one(where: str) -> None:
    text = (DOCS / where).read_text(encoding="utf-8")
    linked = set(re.findall(r"[\w-]+\.md", text))
    assert set(PAGES) - linked - {"index.md"} == set()
    assert {name for name in linked if not (DOCS / name).exists()} <= {"cli.md", "api.md"}


def test_links_within_and_between_pages_lead_somewhere() -> None:
    headings = {
        name: {
            re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).strip().replace(" ", "-")
            for line in text.splitlines()
            if line.startswith("#")
        }
        for name, text in PAGES.items()
    }
    broken = [
        f"{name}: {page}#{part}"
        for name, text in PAGES.items()
        for page, part in re.findall(r"\]\(([\w-]+\.md)?#([^)]+)\)", text)
        if part not in headings[page or name]
    ]
    assert broken == []


def test_the_page_of_ratings_has_every_model() -> None:
    told = rows("ratings.md", "## The models")
    assert set(told) == set(PREDICTORS)
