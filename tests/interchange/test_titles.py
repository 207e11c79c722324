"""Titles: ids that mean other films are found out by what the films are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.interchange.worlds import catalogue_of
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Item
from triptych.interchange.given import Join, attach, read_given
from triptych.interchange.given.titles import alike

FILMS = ["Nosferatu", "The General", "Metropolis", "Faust", "M", "Sunrise", "Amélie"]
THERE = [
    "Nosferatu (1922)",
    "General, The (1926)",
    "METROPOLIS",
    "Faust: A Tale",
    "M (1931)",
    "Sunrise (1927)",
    "Amelie",
]


@pytest.fixture
def films(tmp_path: Path) -> Catalogue:
    return catalogue_of(tmp_path / "films", items=[Item(item_id=str(k), title=t) for k, t in enumerate(FILMS)])


def offered(folder: Path, titles: list[str]) -> Path:
    path = folder / "given.csv"
    rows = "".join(f'{k},"{title}","{k},1"\n' for k, title in enumerate(titles))
    path.write_text(f"itemId,Title,embedding\n{rows}", encoding="utf-8")
    return path


def doubts(catalogue: Catalogue, path: Path, title: str, join: Join | None = None) -> list[str]:
    made = attach(catalogue, read_given(path, panel="seeing"), title, join=join)
    return [note for note in made.notes if "called otherwise" in note]


def test_the_same_films_spelt_otherwise_raise_no_doubt(tmp_path: Path, films: Catalogue) -> None:
    assert doubts(films, offered(tmp_path, THERE), "seeing/a") == []


def test_another_numbering_is_told_and_the_map_cures_it(tmp_path: Path, films: Catalogue) -> None:
    turned = THERE[1:] + THERE[:1]
    path = offered(tmp_path, turned)
    (note,) = doubts(films, path, "seeing/a")
    assert note.startswith(
        "of 7 items whose title the file tells too, 7 are called otherwise there: '0' is 'Nosferatu' here and "
        "'General, The (1926)' there"
    )
    assert "--map" in note
    (tmp_path / "map.csv").write_text("theirs,ours\n" + "".join(f"{k},{(k + 1) % 7}\n" for k in range(7)))
    join = Join.read(tmp_path / "map.csv", theirs="theirs", ours="ours")
    assert doubts(films, path, "seeing/b", join) == []


def test_a_few_titles_or_none_decide_nothing(tmp_path: Path, films: Catalogue) -> None:
    assert doubts(films, offered(tmp_path, ["x"] * 4), "seeing/a") == []
    assert doubts(films, offered(tmp_path, [""] * 7), "seeing/b") == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Usual Suspects, The (1995)", "The Usual Suspects", True),
        ("Léon: The Professional", "Leon", True),
        ("12 Monkeys", "Twelve Monkeys", False),
        ("Alien", "Aliens", False),
        ("七人の侍", "七人の侍 (1954)", True),
    ],
)
def test_titles_are_alike_by_their_words(one: str, other: str, same: bool) -> None:
    assert alike(one, other) is same
    assert alike(other, one) is same
