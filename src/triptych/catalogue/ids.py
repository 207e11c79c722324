"""Ids: how items and users are told apart. An id is kept character for character, so that two never become one.

Nothing is cleaned away: ``nan``, ``None``, ``a/b``, ``it's`` and an id with a line break in it are ids like any other.
One that could not be told from another, or not be written down, is refused instead of being mended.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal

#: White space at an end, or a byte-order mark, as stands amid files that were joined. The regular expressions of
#: Python and of Polars read this alike.
PADDED = r"^[\s\x1c-\x1f\ufeff]|[\s\x1c-\x1f\ufeff]$"
#: Characters. A path, which is the id of a file without another, is no longer than this; a runaway quote is.
LONGEST = 4096
#: Above this, neighbouring whole numbers are the same float.
_EXACT = 2.0**53


def text_of_id(cell: object) -> str | None:
    """The id that a cell of any type stands for; "" when it is empty, None when it can be no id.

    A whole number stands for its digits: a column of whole numbers with one missing is read as floats, and some
    databases export whole numbers as decimals of no places.

    >>> text_of_id(7.0), text_of_id("007"), text_of_id("nan"), text_of_id(float("nan")), text_of_id(7.5)
    ('7', '007', 'nan', '', None)
    """
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < _EXACT:
        return str(int(cell))
    if isinstance(cell, int) and not isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, Decimal) and cell.as_tuple().exponent == 0:
        return str(cell)
    return cell if isinstance(cell, str) else None


def fault_of_id(text: str) -> str | None:
    """Why this text can be no id, or None.

    >>> fault_of_id("tt0013442 ")
    'begins or ends with white space'
    """
    if not text:
        return "is empty"
    if re.search(PADDED, text):
        return "begins or ends with " + ("a byte-order mark" if "\ufeff" in (text[0], text[-1]) else "white space")
    if "\x00" in text:
        return "holds a NUL character"
    if len(text) > LONGEST:
        return f"is longer than {LONGEST:,} characters"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "holds half of a surrogate pair, which is no character"
    return None


def id_of(cell: object) -> str:
    """The id in a cell, "" when the cell is empty. ValueError, as the end of a sentence, when it can be none."""
    text = text_of_id(cell)
    if text is None:
        raise ValueError(f"its id {_shown(cell)} is neither text nor a whole number")
    if text and (fault := fault_of_id(text)):
        raise ValueError(f"its id {_shown(text)} {fault}")
    return text


def _shown(cell: object) -> str:
    """As Python writes it, cut to a line."""
    text = repr(cell)
    return text if len(text) <= 80 else f"{text[:60]}…"
