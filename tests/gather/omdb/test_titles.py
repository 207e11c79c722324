"""Titles as MovieLens writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triptych.gather.omdb.titles import folded, read_title


@pytest.mark.parametrize(
    ("title", "names", "year"),
    [
        ("American President, The (1995)", ("The American President",), 1995),
        (
            "Shanghai Triad (Yao a yao yao dao waipo qiao) (1995)",
            ("Shanghai Triad", "Yao a yao yao dao waipo qiao"),
            1995,
        ),
        ("Twelve Monkeys (a.k.a. 12 Monkeys) (1995)", ("Twelve Monkeys", "12 Monkeys"), 1995),
        ("Avventura, L' (a.k.a. Adventure, The) (1960)", ("L'Avventura", "The Adventure"), 1960),
        ("Misérables, Les (1995)", ("Les Misérables",), 1995),
        (
            "Good, the Bad and the Ugly, The (Buono, il brutto, il cattivo, Il) (1966)",
            ("The Good, the Bad and the Ugly", "Il Buono, il brutto, il cattivo"),
            1966,
        ),
        ("A (B) (C) (2001)", ("A", "B", "C"), 2001),
        ("A (B (deep) in) (2001)", ("A", "B (deep) in"), 2001),
        ("(500) Days of Summer (2009)", ("(500) Days of Summer",), 2009),
        ("(500)", ("(500)",), None),
        ("2001: A Space Odyssey", ("2001: A Space Odyssey",), None),
        ("1984 (1956)", ("1984",), 1956),
        ("(1994)", ("(1994)",), None),
        ("Heimat (1984-1993)", ("Heimat",), 1984),
        ("Babylon 5", ("Babylon 5",), None),
        ("Hello, Dolly!  (1969) ", ("Hello, Dolly!",), 1969),
        ("M (1931)", ("M",), 1931),
        ("Land Before Time III (1995) (V)", ("Land Before Time III",), 1995),
        ("Human Centipede II (Full Sequence), The (2011)", ("The Human Centipede II (Full Sequence)",), 2011),
        ("M) (1931)", ("M)",), 1931),
        ("Same (Same) (1999)", ("Same",), 1999),
        ("", (), None),
        ("   ", (), None),
    ],
)
def test_readings(title: str, names: tuple[str, ...], year: int | None) -> None:
    read = read_title(title)
    assert (read.names, read.year) == (names, year)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Cité des enfants perdus", "Cite des Enfants Perdus"),
        ("Truth About Cats & Dogs", "truth about cats and dogs"),
        ("Ocean’s Eleven", "Oceans Eleven"),
        ("Face/Off", "Face Off"),
        ("Amélie", "Amélie"),
    ],
)
def test_spellings_that_are_the_same(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@pytest.mark.parametrize(
    ("one", "other"), [("The Thing", "Thing"), ("Alien", "Aliens"), ("???", "!!!"), ("千と", "千年")]
)
def test_spellings_that_are_not(one: str, other: str) -> None:
    assert folded(one) != folded(other)


@given(st.text(max_size=60))
def test_any_text_can_be_read(title: str) -> None:
    read = read_title(title)
    assert all(name.strip() for name in read.names)
    assert bool(read.names) == bool(title.strip())
    assert folded(folded(title)) == folded(title) or not folded(title).isascii()
