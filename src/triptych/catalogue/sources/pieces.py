"""Pieces: a text file read piece by piece, cut where a line ends and never inside a quoted field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

#: A piece that has grown to so many times what was asked for, and has no end of a line outside quotes, has none.
_PATIENCE = 4
_EMPTY = "it is empty. A table starts with a line of column names, such as item_id,title"


def pieces(handle: BinaryIO, about_bytes: int | None, *, quotes: bool = False) -> Iterator[tuple[bytes, int]]:
    """Bytes that end where a line does, and the number of lines before them; None: all at once.

    With ``quotes`` a line end between an odd and an even quotation mark is part of a field. ValueError for a file
    that holds nothing, or a quotation mark that nothing closes.
    """
    held, line, first = b"", 0, True
    while True:
        read = handle.read(-1 if about_bytes is None else about_bytes)
        held += read
        at_end = about_bytes is None or len(read) < about_bytes
        cut = len(held) if at_end else _cut(held, quotes=quotes)
        if not at_end and not cut:
            if len(held) > _PATIENCE * (about_bytes or 0):
                raise ValueError(
                    f"from line {line + 1} on no line ends within {len(held) >> 20} MB: a quote is not closed"
                )
            continue
        piece, held = held[:cut], held[cut:]
        if first and not piece.strip(b"\xef\xbb\xbf \t\r\n"):
            if not at_end:
                continue  # blank lines before the names
            raise ValueError(_EMPTY)
        if piece:
            yield piece, line
        line += piece.count(b"\n")
        first = False
        if at_end:
            return


def _cut(held: bytes, *, quotes: bool) -> int:
    """Behind the last line end before which no quotation mark is open; 0 if there is none.

    Quotation marks are counted once and taken off on the way back: where one stays open, each line is tried.
    """
    end = len(held)
    odd = quotes and held.count(b'"') % 2 == 1  # before ``end``
    while (at := held.rfind(b"\n", 0, end)) >= 0:
        odd ^= quotes and held.count(b'"', at, end) % 2 == 1
        if not odd:
            return at + 1
        end, odd = held.rfind(b'"', 0, at), False  # where the field begins that this line end is part of
    return 0
