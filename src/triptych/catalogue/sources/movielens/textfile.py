"""Text file: one file of MovieLens as numbered lines, whatever its encoding."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from triptych.catalogue.sources.movielens.account import Account
from triptych.errors import SourceError


@dataclass(frozen=True, kw_only=True, eq=False)
class TextFile:
    """``text`` has line feeds only and no byte-order mark; ``mended`` counts the lines that were not UTF-8."""

    name: str
    text: str
    mended: int

    @classmethod
    def open(cls, path: Path, account: Account) -> Self:
        """A line that is valid UTF-8 is read so, any other as Windows-1252, which Latin-1 text is part of.

        The older generations are Latin-1, and files that were edited later mix the two. SourceError for what can
        be neither.
        """
        try:
            raw = path.read_bytes()
        except OSError as fault:
            raise SourceError(f"{str(path)!r} cannot be read: {fault.strerror or fault}.") from fault
        if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in raw[:4096]:
            raise SourceError(f"{path.name!r} holds NUL characters or begins as UTF-16 does. Save it as UTF-8.")
        raw = raw.replace(b"\r\n", b"\n")
        mended = 0
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            lines: list[str] = []
            for line in raw.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
                decoded, whole = _decoded(line)
                lines.append(decoded)
                mended += not whole
            text = "\n".join(lines)
        account.note(mended, f"lines of {path.name} are not UTF-8; they were read as Windows-1252")
        return cls(name=path.name, text=text, mended=mended)

    def lines(self) -> Iterator[tuple[int, str]]:
        """Those that are not blank, numbered from 1."""
        for number, line in enumerate(self.text.split("\n"), start=1):
            if line.strip():
                yield number, line

    def at(self, number: int) -> str:
        """How a line is spoken of."""
        return f"{self.name} line {number}"

    def header(self) -> tuple[str, ...]:
        """The names in the first line, in lower case."""
        first = next((line for _, line in self.lines()), "")
        try:
            return tuple(name.strip().lower() for name in _cells(first))
        except csv.Error as fault:
            raise SourceError(f"the line of names of {self.name!r} cannot be read: {fault}.") from fault

    def records(self, needs: Sequence[str], account: Account) -> Iterator[tuple[int, dict[str, str]]]:
        """The rows of a CSV file by the names in its first line, a line each, so that a bad one spoils no other."""
        names = self.header()
        if missing := [name for name in needs if name not in names]:
            have = ", ".join(filter(None, names)) or "nothing"
            raise SourceError(f"{self.name!r} has no column {' and no '.join(missing)}; its first line says {have}.")
        lines = self.lines()
        next(lines)
        for number, line in lines:
            try:
                cells = _cells(line)
            except csv.Error as fault:
                account.refuse(self.at(number), f"its quotes are broken: {fault}")
                continue
            if len(cells) != len(names):
                account.refuse(self.at(number), f"it has {len(cells)} fields, the line of names {len(names)}")
                continue
            yield number, dict(zip(names, cells, strict=True))


def first_line(path: Path) -> str:
    """In lower case; "" where there is none, or no file that can be read."""
    try:
        with path.open("rb") as handle:
            return handle.read(4096).decode("utf-8-sig", "replace").split("\n", 1)[0].strip().lower()
    except OSError:
        return ""


def _cells(line: str) -> list[str]:
    return next(csv.reader([line or '""'], strict=True))


def _decoded(line: bytes) -> tuple[str, bool]:
    """A line, and whether it was UTF-8."""
    try:
        return line.decode("utf-8"), True
    except UnicodeDecodeError:
        pass
    try:
        return line.decode("cp1252"), False
    except UnicodeDecodeError:
        return line.decode("latin-1"), False  # five bytes say nothing in Windows-1252
