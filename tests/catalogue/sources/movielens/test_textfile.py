"""Text files: encodings line by line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triptych.catalogue.sources.movielens.account import Account
from triptych.catalogue.sources.movielens.textfile import TextFile, first_line
from triptych.errors import SourceError


def opened(path: Path, raw: bytes) -> tuple[TextFile, Account]:
    path.write_bytes(raw)
    account = Account()
    return TextFile.open(path, account), account


def test_two_encodings_in_one_file(tmp_path: Path) -> None:
    raw = "Léon\n".encode() + "Léon\n".encode("latin-1") + b"plain\n\x93quoted\x94\n\x81\n"
    file, account = opened(tmp_path / "u.item", raw)
    assert [line for _, line in file.lines()] == ["Léon", "Léon", "plain", "\u201cquoted\u201d", "\x81"]
    assert file.mended == 3
    assert account.notes == ["3 lines of u.item are not UTF-8; they were read as Windows-1252"]


def test_marks_line_ends_and_blank_lines(tmp_path: Path) -> None:
    file, account = opened(tmp_path / "f", b"\xef\xbb\xbfa\r\n\r\n  \nb")
    assert list(file.lines()) == [(1, "a"), (4, "b")]
    assert account.notes == []


@given(st.lists(st.text(st.characters(exclude_characters="\n\r\x00\ufeff", exclude_categories=["Cs"]))))
def test_utf8_is_never_touched(lines: list[str]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file, _ = opened(Path(folder, "f"), "\n".join(lines).encode())
    assert file.text == "\n".join(lines)
    assert file.mended == 0


@pytest.mark.parametrize("raw", ["movieId,title\n".encode("utf-16"), b"a\x00b\n"])
def test_what_is_no_text(tmp_path: Path, raw: bytes) -> None:
    with pytest.raises(SourceError, match="Save it as UTF-8"):
        opened(tmp_path / "f", raw)


def test_a_first_line(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"\xef\xbb\xbfMovieId,Title\r\n1,A\r\n")
    assert first_line(tmp_path / "f") == "movieid,title"
    assert first_line(tmp_path / "none") == ""
