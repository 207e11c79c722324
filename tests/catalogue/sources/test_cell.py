"""Cells: what text, lists and years become, and what they never become."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triptych.catalogue.sources.cell import list_of, text_of, year_of

CELLS = st.one_of(st.none(), st.text(), st.integers(), st.floats(), st.booleans())


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, ""),
        (float("nan"), ""),
        (float("inf"), ""),
        ("NaN", ""),
        ("N/A", ""),
        (" null ", ""),
        ("Nannies", "Nannies"),
        ("\ufeffNosferatu", "Nosferatu"),
        ("a\x00b\x1b[2J", "a b [2J"),
        ("two\r\nlines", "two lines"),
        ("a\ud800b", "a?b"),
        (1917, "1917"),
        (1917.0, "1917"),
        (8.5, "8.5"),
        (True, "True"),
        ("  ", ""),
    ],
    ids=ascii,
)
def test_text(cell: Any, text: str) -> None:
    assert text_of(cell) == text


@pytest.mark.parametrize(
    "text",
    [
        "👩‍👩‍👧",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "❤️",
        "שלום\u200f!",
        "می\u200cخواهم",
        "Wahr\u00adscheinlich",
        "\U0001fae8",
    ],
    ids=ascii,
)
def test_joiners_marks_and_new_emoji_are_part_of_the_text(text: str) -> None:
    assert text_of(text) == text


def test_lines_stay_where_they_are_asked_for() -> None:
    assert text_of("one\r\ntwo\rthree\tfour\x0b", keep_lines=True) == "one\ntwo\nthree\tfour"


@pytest.mark.parametrize("cell", [["a"], ("a",), {"a": 1}, b"a"])
def test_what_is_no_text_is_no_text(cell: Any) -> None:
    with pytest.raises(ValueError, match="not text"):
        text_of(cell)


@given(CELLS, st.booleans())
def test_text_is_clean_and_cleaning_it_again_changes_nothing(cell: Any, keep_lines: bool) -> None:
    text = text_of(cell, keep_lines=keep_lines)
    assert text_of(text, keep_lines=keep_lines) == text
    assert text == text.strip()
    text.encode()
    assert all(unicodedata.category(c) != "Cc" or (keep_lines and c in "\n\t") for c in text)
    assert "\ufeff" not in text


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "S"])))
def test_letters_and_signs_are_never_touched(text: str) -> None:
    assert text_of(text) in (text, "")
    assert text_of(f"a{text}") == f"a{text}"


@given(st.lists(st.text()))
def test_a_list_in_one_cell_reads_like_a_list_of_cells(parts: list[str]) -> None:
    names = list_of(parts)
    assert all(name and name == text_of(name) for name in names)
    if not any("|" in name for name in names):
        assert list_of("|".join(names)) == names


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("Drama|Comedy", ("Drama", "Comedy")),
        (["Drama", None, float("nan"), " Comedy "], ("Drama", "Comedy")),
        (["one|part"], ("one|part",)),
        (None, ()),
        ("|", ()),
        ("N/A", ()),
    ],
)
def test_lists(cell: Any, names: tuple[str, ...]) -> None:
    assert list_of(cell) == names


@pytest.mark.parametrize("cell", [{"a": 1}, [["nested"]]])
def test_what_is_no_list(cell: Any) -> None:
    with pytest.raises(ValueError, match="not text"):
        list_of(cell)


@given(st.integers())
def test_a_year_however_it_is_written_is_one_year(year: int) -> None:
    spellings: list[Any] = [year, str(year), f"({year})", f"{year}.0", f" {year} "]
    if abs(year) < 10_000:
        spellings.append(float(year))
    if 1870 <= year <= 2200:
        assert {year_of(cell) for cell in spellings} == {year}
        return
    for cell in spellings:
        with pytest.raises(ValueError, match="four digits from 1870 to 2200"):
            year_of(cell)


@pytest.mark.parametrize("cell", ["abc", "19944", "1994.5", "[1994]", "94", "1994-05-01", True, "1994 (re-release)"])
def test_what_is_no_year(cell: Any) -> None:
    with pytest.raises(ValueError, match="four digits"):
        year_of(cell)


@given(CELLS)
def test_a_year_is_a_year_or_none_or_refused(cell: Any) -> None:
    try:
        year = year_of(cell)
    except ValueError:
        return
    assert year is None or 1870 <= year <= 2200
