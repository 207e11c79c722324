"""Pieces: whatever the size, the pieces are the file, and none ends inside a line or a quoted field."""

from __future__ import annotations

import io
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triptych.catalogue.sources.events import EventFile, read_events
from triptych.catalogue.sources.pieces import pieces
from triptych.catalogue.sources.sheet import Sheet
from triptych.errors import SourceError

FIELD = st.text(alphabet='ab,"\n', max_size=6).map(lambda text: '"' + text.replace('"', '""') + '"')


@given(rows=st.lists(st.lists(FIELD, min_size=2, max_size=2), min_size=1, max_size=30), size=st.integers(1, 64))
def test_pieces_are_the_file_and_end_where_rows_do(rows: list[list[str]], size: int) -> None:
    lines = [",".join(row).encode() + b"\n" for row in rows]
    ends = {sum(map(len, lines[: k + 1])) for k in range(len(lines))}
    raw = b"".join(lines)
    longest = max(map(len, lines))
    size = max(size, longest)  # else a piece may lose its patience
    found = list(pieces(io.BytesIO(raw), size, quotes=True))
    assert b"".join(piece for piece, _ in found) == raw
    at = 0
    for piece, line in found:
        assert line == raw[:at].count(b"\n")
        at += len(piece)
        assert at in ends


def test_a_quote_that_nothing_closes_does_not_read_on_for_ever() -> None:
    with pytest.raises(ValueError, match="from line 2 on no line ends"):
        list(pieces(io.BytesIO(b'a,b\n"x' + b",y\n" * 1000), 16, quotes=True))


@pytest.mark.parametrize("raw", [b"", b"\n\n", b"\xef\xbb\xbf\r\n"])
def test_a_file_that_holds_nothing_says_so(raw: bytes) -> None:
    with pytest.raises(ValueError, match="it is empty"):
        list(pieces(io.BytesIO(raw), 4))


def sheet_of(path: Path, text: str, size: int, **how: object) -> list[dict[str, object]]:
    path.write_text(text, encoding="utf-8")
    return [dict(row) for sheet in Sheet.blocks(path, block_bytes=size, **how) for row in sheet.rows()]  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [8, 16, 33, 1000])
def test_blocks_of_a_table_are_its_rows(tmp_path: Path, size: int) -> None:
    text = "item_id,title\n" + "".join(f'{k},"t, {k}\n"\n' for k in range(40))
    expected = [{"item_id": str(k), "title": f"t, {k}\n"} for k in range(40)]
    assert sheet_of(tmp_path / "t.csv", text, size) == expected
    lines = "".join(f'{{"item_id": {k}}}\n' for k in range(40))
    assert sheet_of(tmp_path / "t.jsonl", lines, size) == [{"item_id": k} for k in range(40)]


def test_a_fault_in_a_later_block_names_the_line_of_the_file(tmp_path: Path) -> None:
    text = "item_id,title\n" + "1,a\n" * 20
    for more, told in (
        ("2,b,c\n", "line 22 has 3 fields, the line of column names 2"),
        ('2,"b"x\n', "line 22 has a quoted field that does not end where it should"),
    ):
        with pytest.raises(SourceError, match=told):
            sheet_of(tmp_path / "t.csv", text + more, 16)
    (tmp_path / "t.csv").write_bytes(text.encode() + b"2,\xe9\n")
    with pytest.raises(SourceError, match="it is not UTF-8: line 22 holds the byte 0xe9"):
        list(Sheet.blocks(tmp_path / "t.csv", block_bytes=16))
    with pytest.raises(SourceError, match="line 22 is no JSON"):
        sheet_of(tmp_path / "t.jsonl", "{}\n" * 21 + "{\n", 16)


def test_a_file_without_a_line_of_names_and_with_a_separator_of_two_signs(tmp_path: Path) -> None:
    path = tmp_path / "ratings.dat"
    path.write_text("".join(f"{user}::{item}::3.5::{user}\n" for user in range(1, 30) for item in range(5, 8)))
    names = ("user_id", "", "item_id", "", "rating", "", "timestamp")
    table, refused, unused = read_events(EventFile(path=path, separator=":", names=names))
    assert (table.num_rows, refused) == (87, [])
    assert table["item_id"].to_pylist()[:4] == ["5", "6", "7", "5"]
    assert table["timestamp"].to_pylist()[-1] == 29
    assert unused == ()


@given(raw=st.text(alphabet='a"\n', min_size=1, max_size=200), size=st.integers(1, 40))
def test_every_piece_but_the_last_ends_outside_quotes(raw: str, size: int) -> None:
    text = b"x" + raw.encode()  # blank lines at the start are passed over
    found: list[bytes] = []
    with suppress(ValueError):  # a quote that is not closed
        for piece, _ in pieces(io.BytesIO(text), size, quotes=True):
            found.append(piece)
    assert text.startswith(b"".join(found))
    for piece in found if b"".join(found) != text else found[:-1]:
        assert piece.endswith(b"\n")
        assert piece.count(b'"') % 2 == 0
