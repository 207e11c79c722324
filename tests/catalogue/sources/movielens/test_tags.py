"""Tags: whatever the numbers around it leave of a line, once."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triptych.catalogue.sources.movielens.account import Account
from triptych.catalogue.sources.movielens.tags import read_tags
from triptych.catalogue.tags import TAGS
from triptych.errors import SourceError

HEAD = "userId,movieId,tag,timestamp\n"
WORD = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1).map(str.strip).filter(bool)


def tags(layout: str, text: str) -> tuple[list[tuple[object, ...]], list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "tags")
        path.write_bytes(text.encode())
        account = Account()
        found = read_tags(layout, path, account)
    assert found.schema.equals(TAGS)
    return [tuple(row.values()) for row in found.to_pylist()], [refusal.reason for refusal in account.refused]


def test_quotes_and_separators_within_a_tag() -> None:
    lines = '15,339,"a, b",1\n15,339,"""c"" d",2\n15,339,e "f" g,3\n"15","340","h","4"\n15,341,",",5\n'
    found, refused = tags("csv", HEAD + lines)
    assert found == [
        ("15", "339", "a, b", 1),
        ("15", "339", '"c" d', 2),
        ("15", "339", 'e "f" g', 3),
        ("15", "340", "h", 4),
        ("15", "341", ",", 5),
    ]
    assert refused == []


@given(st.lists(WORD, unique=True))
def test_any_word_survives_both_layouts(words: list[str]) -> None:
    rows = [("1", str(k), word, k) for k, word in enumerate(words)]
    sheet = io.StringIO(newline="")
    csv.writer(sheet, lineterminator="\n").writerows(rows)
    assert tags("csv", HEAD + sheet.getvalue()) == (rows, [])
    assert tags("dat", "".join(f"1::{k}::{word}::{k}\n" for _, k, word, _ in rows)) == (rows, [])


def test_repeats_are_dropped_and_counted() -> None:
    found, refused = tags("csv", f"{HEAD}1,2,fun,9\n1,2,Fun,8\n1,2,fun,7\n")
    assert found == [("1", "2", "Fun", 8), ("1", "2", "fun", 7)]
    assert refused == ["1 tags repeated by a later line of the same user and item"]


def test_bad_lines_are_counted_by_reason() -> None:
    found, refused = tags(
        "csv", f"{HEAD}1,2\n\n,2,x,1\n1,2,,1\n1,2,y,-1\n1,2,z,soon\n1.0,2.0,w,1.0\n1,2,{'n' * 5000},1\n"
    )
    assert found == [("1", "2", "z", None), ("1", "2", "w", 1)]
    assert refused == [
        "1 lines that are not userid,movieid,tag,timestamp",
        "2 tags without a user, an item or a word",
        "1 tags with a word, user or item longer than 4,096 characters",
        "1 tags with a negative time",
    ]


def test_columns_in_another_order_and_without_a_time() -> None:
    assert tags("csv", "tag,userId,movieId\n1,2,3\n")[0] == [("2", "3", "1", None)]
    with pytest.raises(SourceError, match="no column tag"):
        tags("csv", "userId,movieId\n1,2\n")
