"""Ids are kept character for character, or refused with a reason. Two never become one."""

from __future__ import annotations

import re

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triptych.catalogue.ids import LONGEST, PADDED, fault_of_id, id_of, text_of_id

KEPT = [
    "nan",
    "None",
    "null",
    "N/A",
    "0",
    "007",
    "1.0",
    "a/b",
    "it's",
    'say "so"',
    "'; DROP TABLE items; --",
    "two\nlines",
    "a\tb",
    "100%",
    "_",
    "\\",
    "🎬👩‍🚀",
    "فيلم",
    "\u202eabc",
    "é",
    "e\u0301",
    "x" * 1000,
    "a  b",
    "a\ufeffb",
]
REFUSED = {
    " a": "white space",
    "a ": "white space",
    "\u00a0a": "white space",
    "a\n": "white space",
    "  ": "white space",
    "\ufeffa": "byte-order mark",
    "a\x00b": "NUL",
    "a\ud800": "surrogate",
    "x" * (LONGEST + 1): "longer than 4,096",
}


@pytest.mark.parametrize("text", KEPT, ids=ascii)
def test_an_id_is_kept_as_it_is(text: str) -> None:
    assert id_of(text) == text


@pytest.mark.parametrize(("text", "reason"), REFUSED.items(), ids=lambda text: ascii(text)[:20])
def test_an_id_that_would_pass_for_another_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        id_of(text)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, ""),
        ("", ""),
        (float("nan"), ""),
        (7, "7"),
        (7.0, "7"),
        (-0.0, "0"),
        (10**30, str(10**30)),
        (2.0**52, str(2**52)),
    ],
)
def test_numbers_stand_for_their_digits_and_nothing_for_nothing(cell: object, text: str) -> None:
    assert id_of(cell) == text


@pytest.mark.parametrize("cell", [1.5, 2.0**53, float("inf"), True, ["a"], {"a": 1}, b"a"])
def test_what_is_neither_text_nor_a_whole_number_is_no_id(cell: object) -> None:
    assert text_of_id(cell) is None
    with pytest.raises(ValueError, match="neither text nor a whole number"):
        id_of(cell)


@given(st.text())
def test_what_is_kept_is_kept_exactly(text: str) -> None:
    if fault_of_id(text) is None:
        assert id_of(text) == text


@settings(max_examples=200)
@given(st.text(alphabet=st.characters(categories=["Zs", "Zl", "Zp", "Cc", "Lu"]), min_size=1, max_size=4))
def test_rows_and_columns_agree_on_what_white_space_is(text: str) -> None:
    column = pl.Series([text]).str.contains(PADDED)[0]
    assert column == bool(re.search(PADDED, text)) == (text != text.strip())
