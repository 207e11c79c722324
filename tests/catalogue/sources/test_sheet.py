"""Sheets: a table file is read as it was written, or refused with the line that is wrong. Never something else."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from triptych.catalogue.sources.sheet import Sheet
from triptych.errors import SourceError

Write = Callable[[str, str | bytes], Path]
UNHURRIED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def at(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return at


def cells(path: Path) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in Sheet.open(path).rows()]


# -- text that goes in comes out -------------------------------------------------------------------------------------

TEXT = st.text(alphabet=st.one_of(st.characters(codec="utf-8"), st.sampled_from('",\t\n\r|\x00\ufeff ')), max_size=12)


@UNHURRIED
@given(rows=st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=8), tabs=st.booleans(), dos=st.booleans())
def test_any_text_survives_csv_and_tsv(tmp_path: Path, rows: list[tuple[str, str]], tabs: bool, dos: bool) -> None:
    text = io.StringIO()
    writer = csv.writer(
        text, delimiter="\t" if tabs else ",", lineterminator="\r\n" if dos else "\n", quoting=csv.QUOTE_ALL
    )
    writer.writerow(["item_id", "plot"])
    writer.writerows(rows)
    path = tmp_path / ("t.tsv" if tabs else "t.csv")
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    assert [tuple(cell or "" for cell in row) for row in cells(path)] == rows


@UNHURRIED
@given(rows=st.lists(st.dictionaries(st.sampled_from(["item_id", "plot"]), TEXT, min_size=1), min_size=1, max_size=8))
def test_any_text_survives_json_lines_and_parquet(tmp_path: Path, rows: list[dict[str, str]]) -> None:
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert Sheet.open(tmp_path / "t.jsonl").rows() == rows
    pl.DataFrame(rows, schema={"item_id": pl.String, "plot": pl.String}).write_parquet(tmp_path / "t.parquet")
    assert Sheet.open(tmp_path / "t.parquet").rows() == [{"item_id": None, "plot": None, **row} for row in rows]


def test_no_csv_is_read_otherwise_than_the_standard_library_reads_it(write: Write) -> None:
    """On text drawn to be nasty: both read the same, or ours refuses. It never passes over what is broken."""
    drawn = random.Random(0)
    outcomes = {"same": 0, "refused": 0}
    for _ in range(1500):
        body = "".join(
            drawn.choice(["a", "b", ",", '"', "\n", '"', ",", "\r\n", " ", "\r"]) for _ in range(drawn.randint(1, 12))
        )
        text = f"h,i\n{body}"
        try:
            got = cells(write("t.csv", text))
        except SourceError:
            outcomes["refused"] += 1
            continue
        expected = list(csv.reader(io.StringIO(text, newline=""), strict=True))[1:]
        assert all(len(row) <= 2 for row in expected), text
        assert [[cell or "" for cell in row] for row in got] == [row + [""] * (2 - len(row)) for row in expected], text
        outcomes["same"] += 1
    assert min(outcomes.values()) > 200


def test_a_plot_of_ten_megabytes_with_lines_and_quotes(write: Write) -> None:
    plot = 'He said "no",\nand again.\r\n' * 400_000
    assert len(plot) > 10e6
    text = io.StringIO()
    csv.writer(text).writerows([["item_id", "plot"], ["a", "short"], ["b", plot], ["c", "last"]])
    assert cells(write("t.csv", text.getvalue())) == [("a", "short"), ("b", plot), ("c", "last")]
    assert cells(write("t.jsonl", json.dumps({"plot": plot}))) == [(plot,)]


# -- what the first line may hold ------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["", "\ufeff", "\ufeff\ufeff", "\n\n", "\ufeff\r\n"], ids=ascii)
def test_names_are_read_through_marks_blank_lines_spaces_and_capitals(write: Write, mark: str) -> None:
    sheet = Sheet.open(write("t.csv", f"{mark} Item_ID ,Title\n1,Alpha\n"))
    assert sheet.columns == ("item_id", "title")
    assert sheet.rows() == [{"item_id": "1", "title": "Alpha"}]


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n\n"], ids=ascii)
def test_the_last_line_may_end_as_it_likes(write: Write, end: str) -> None:
    assert [row for row in cells(write("t.csv", f"item_id,title\n1,Alpha{end}")) if any(row)] == [("1", "Alpha")]


def test_line_ends_of_old_macs(write: Write) -> None:
    assert cells(write("t.csv", "item_id,title\r1,Alpha\r2,Beta\r")) == [("1", "Alpha"), ("2", "Beta")]


def test_a_short_line_has_empty_cells_and_a_nameless_column_gets_a_name(write: Write) -> None:
    sheet = Sheet.open(write("t.csv", "item_id,title,\n1\n2,Beta,x\n"))
    assert sheet.columns == ("item_id", "title", "column 3")
    assert cells(write("t.csv", "item_id,title,\n1\n2,Beta,x\n")) == [("1", None, None), ("2", "Beta", "x")]


def test_only_a_line_of_names_is_a_table_without_rows(write: Write) -> None:
    assert Sheet.open(write("t.csv", "item_id,title")).columns == ("item_id", "title")
    assert cells(write("t.csv", "item_id,title\n")) == []


# -- what is refused, and in which words -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.csv", b"", "it is empty"),
        ("t.csv", b"\xef\xbb\xbf \r\n\n", "it is empty"),
        ("t.jsonl", b"\n", "it is empty"),
        ("t.csv", "item_id,title\n1,Caf\xe9\n".encode("latin-1"), "not UTF-8: line 2 holds the byte 0xe9"),
        ("t.jsonl", b'{"item_id": 1}\n{"title": "\xff"}', "not UTF-8: line 2 holds the byte 0xff"),
        ("t.csv", "item_id,title\n1,A\n".encode("utf-16"), "not UTF-8: line 1 holds the byte 0xff"),
        ("t.csv", "item_id,title\n1,A\n".encode("utf-16-le"), "as UTF-16 does"),
        ("t.csv", b"item_id,title\n1,A\n2,B,b\n", "line 3 has 3 fields, the line of column names 2"),
        ("t.csv", b'\n\nitem_id,title\n"a\nb",A\n2,B,b\n', "line 6 has 3 fields"),
        ("t.tsv", b"item_id\ttitle\n1\tA\tB\n", "line 2 has 3 fields"),
        ("t.csv", b"item_id,item_id\n1,A\n", "two of its columns are called 'item_id'"),
        ("t.csv", b"Title,title \n1,A\n", "two of its columns are called 'title'"),
        ("t.jsonl", b'{"Title": 1, "title": 2}', "two of its columns are called 'title'"),
        ("t.csv", b'item_id,title\n1,"A\n2,B\n', "line 2 has a quoted field that does not end"),
        ("t.csv", b'item_id,title\n1,"A "big" one"\n2,B\n', "line 2 has a quoted field that does not end"),
        ("t.csv", b'item_id,title\n1,A\n2,5" disc\n', "line 3 has a quotation mark inside a field"),
        ("t.csv", b"item_id,title\n1,A\rB\n", "line 2 holds a carriage return"),
        ("t.jsonl", b'{"item_id": 1}\nnot json\n', "line 2 is no JSON"),
        ("t.jsonl", b'{"item_id": 1}\n[1]\n', "line 2 is not an object"),
        ("t.jsonl", b"[" * 100_000, "line 1 is no JSON"),
        ("t.parquet", b"PAR1 but no more", "cannot be read as parquet"),
        ("t.parquet", b"", "cannot be read as parquet"),
        ("t.xlsx", b"PK", "not a table that is read here; these are: .csv"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said_with_its_line(write: Write, name: str, content: bytes, said: str) -> None:
    with pytest.raises(SourceError) as caught:
        Sheet.open(write(name, content))
    assert said in str(caught.value)
    assert repr(name) in str(caught.value)
    assert len(str(caught.value)) < 300


def test_the_name_of_a_file_is_no_pattern(tmp_path: Path) -> None:
    (tmp_path / "year=1922").mkdir()
    for k, name in enumerate(("t[12].parquet", "t1.parquet", "year=1922/t*.parquet", "year=1922/tx.parquet")):
        pl.DataFrame({"item_id": [k]}).write_parquet(tmp_path / name)
    assert cells(tmp_path / "t[12].parquet") == [(0,)]
    assert cells(tmp_path / "year=1922" / "t*.parquet") == [(2,)]


def test_what_is_not_there_or_no_file(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="No such file"):
        Sheet.open(tmp_path / "t.csv")
    with pytest.raises(SourceError, match="cannot be read: File name too long"):
        Sheet.open(tmp_path / f"{'x' * 5000}.csv")
    (tmp_path / "t.csv").mkdir()
    with pytest.raises(SourceError, match="not a regular file"):
        Sheet.open(tmp_path / "t.csv")


def test_damaged_parquet_is_refused_never_a_crash(write: Write) -> None:
    """Bytes changed, and every other file cut off. Changes that Parquet does not notice may pass.

    Among these is one on which the reader panics instead of raising its own error.
    """
    drawn = random.Random(3)
    whole = io.BytesIO()
    pl.DataFrame({"item_id": [f"a{k}" for k in range(300)], "genres": [["a", "b"]] * 300}).write_parquet(whole)
    refused = 0
    for k in range(60):
        raw = bytearray(whole.getvalue())
        for _ in range(drawn.choice([1, 5, 50])):
            raw[drawn.randrange(len(raw))] = drawn.randrange(256)
        if k % 2:
            raw = raw[: drawn.randrange(len(raw))]
        try:
            cells(write("t.parquet", bytes(raw)))
        except SourceError:
            refused += 1
    assert refused > 40


# -- columns for interactions ----------------------------------------------------------------------------------------


def test_ids_out_of_json_are_exact_text(write: Write) -> None:
    ids = [1, "1x", 12345678901234567890123, 3.0, None, "a\ud800", True, "nan"]
    path = write("t.jsonl", "".join(json.dumps({"user_id": "u", "item_id": cell}) + "\n" for cell in ids))
    column = Sheet.open(path).frame(["item_id"])["item_id"].to_list()
    assert column == ["1", "1x", "12345678901234567890123", "3", "", "", "", "nan"]


@pytest.mark.parametrize("cell", ["[4]", '{"stars": 4}', '"\\ud800"'])
def test_what_cannot_stand_in_a_column(write: Write, cell: str) -> None:
    path = write(
        "t.jsonl", f'{{"user_id": 1, "item_id": 1, "rating": {cell}}}\n{{"user_id": 1, "item_id": 2, "rating": 4}}\n'
    )
    with pytest.raises(SourceError, match=r"'t.jsonl': the column rating"):
        Sheet.open(path).frame(["user_id", "rating"])


# -- names, and what is not as it seems ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("t.csv", "user_id;item_id;rating\na;1;4,5\n", "its line of column names has ';' between them, and not ','"),
        ("t.csv", "\n\nuser_id\titem_id\na\t1\n", r"has '\\t' between them, and not ','"),
        ("t.tsv", "user_id,item_id\na,1\n", r"has ',' between them, and not '\\t'"),
    ],
)
def test_another_separator_is_told_by_the_line_of_names(write: Write, name: str, text: str, told: str) -> None:
    with pytest.raises(SourceError, match=told):
        Sheet.open(write(name, text))


def test_one_column_is_a_table_whatever_its_cells_hold(write: Write) -> None:
    assert cells(write("t.csv", "item_id\na;b\nc|d\n")) == [("a;b",), ("c|d",)]


def test_a_column_that_is_called_as_one_of_ours_makes_way_and_no_other_is_lost(write: Write) -> None:
    sheet = Sheet.open(write("t.csv", "uid,user_id,user_id (other)\na,b,c\n")).renamed({"user_id": "UID"})
    assert sheet.columns == ("user_id", "user_id (other) (other)", "user_id (other)")
    assert [tuple(row.values()) for row in sheet.rows()] == [("a", "b", "c")]


def test_one_column_cannot_be_two(write: Write) -> None:
    with pytest.raises(SourceError, match=r"the column 'uid' of 't\.csv' cannot be user_id and item_id; give each"):
        Sheet.open(write("t.csv", "uid,iid\na,b\n")).renamed({"user_id": "uid", "item_id": "uid"})


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl"])
def test_a_file_that_grows_while_it_is_read_is_refused_for_its_end_is_torn(write: Write, name: str) -> None:
    line = '{"item_id": 1}\n' if name == "t.jsonl" else "item_id,title\n"
    path = write(name, line * 20)
    blocks = Sheet.blocks(path, block_bytes=64)
    next(blocks)
    with path.open("a") as handle:
        handle.write(line)
    with pytest.raises(SourceError, match=f"'{name}' .* written to meanwhile. Add it again when it is complete"):
        list(blocks)
