"""Cell: what one cell of a table, or one field of a sidecar, says: clean text, a list, a year."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, cast

#: Control characters but tab and line feed, and the two separators that only some programs take for line breaks.
#: Joiners, direction marks and variation selectors stay: emoji and half of the world's scripts are written with them.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_ABSENT = frozenset({"nan", "null", "none", "n/a"})
_NUMBER = re.compile(r"((?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?)\s?(K|M|min|h)?")
_SHORT = {"K": 1e3, "M": 1e6, "h": 60.0}
_YEAR = re.compile(r"\(?(\d{4})(\.0+)?\)?")


def text_of(cell: Any, *, keep_lines: bool = False) -> str:
    """Clean text: no byte-order mark, control character or half surrogate; NaN, null, "N/A" are "".

    With ``keep_lines`` line feeds and tabs stay, otherwise they are spaces. ValueError for what is no text.

    >>> text_of("\\ufeffNosferatu\\x00 ")
    'Nosferatu'
    >>> text_of(float("nan"))
    ''
    """
    if cell is None or (isinstance(cell, float) and not math.isfinite(cell)):
        return ""
    if isinstance(cell, (dict, list, tuple, set, bytes)):
        raise ValueError(f"is {type(cell).__name__}, not text")  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = str(cell).encode("utf-8", "replace").decode().replace("\ufeff", "")
    text = _CONTROL.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n"))
    if not keep_lines:
        text = text.replace("\n", " ").replace("\t", " ")
    text = text.strip()
    return "" if text.lower() in _ABSENT else text


def list_of(cell: Any) -> tuple[str, ...]:
    """A list, or text separated by ``|``; empty parts are passed over.

    >>> list_of("Drama| Comedy |")
    ('Drama', 'Comedy')
    """
    parts = cast("Sequence[Any]", cell) if isinstance(cell, (list, tuple)) else text_of(cell).split("|")
    return tuple(text for part in parts if (text := text_of(part)))


def year_of(cell: Any) -> int | None:
    """A year from 1870 to 2200, or None where there is none. ValueError for anything else.

    >>> year_of("1994.0"), year_of("(1994)"), year_of(None)
    (1994, 1994, None)
    """
    text = text_of(cell)
    if not text:
        return None
    found = _YEAR.fullmatch(text)
    if found is None or not 1870 <= int(found[1]) <= 2200:
        raise ValueError(f"is {text[:40]!r}; a year is four digits from 1870 to 2200, or empty")
    return int(found[1])


def number_of(cell: Any) -> float | None:
    """A finite number of at least 0, thousands separated by commas or not; None where there is none. ValueError else.

    >>> number_of("930,413"), number_of("81 min"), number_of("")
    (930413.0, 81.0, None)
    """
    text = text_of(cell)
    if not text:
        return None
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise ValueError(f"is {text[:40]!r}; it is a number of 0 or more, or empty")
    number = float(found[1].replace(",", "")) * _SHORT.get(found[2], 1.0)
    if not math.isfinite(number):
        raise ValueError(f"is {text[:40]!r}; no number is as large")
    return number


def whole_of(cell: Any) -> int | None:
    """The same as a whole number, which must fit into 64 bits.

    >>> whole_of("930K"), whole_of("")
    (930000, None)
    """
    number = number_of(cell)
    if number is not None and number >= 2.0**63:
        raise ValueError(f"is {text_of(cell)[:40]!r}; nothing is counted as high")
    return None if number is None else round(number)
