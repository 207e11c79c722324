"""Percent: text as cells of tab-separated files, so that no reader takes a part of it for something else.

In a cell ``%``, quotation marks and control characters (tabs and line breaks among them) are written as ``%`` and two
hex digits, in parts of a list blanks too. A cell that a reader would take for a missing value (``nan``, ``None``) has
its first character written so. ``%`` alone is an empty text where an empty cell is none.
"""

from __future__ import annotations

import polars as pl

EMPTY = "%"
_PLAIN = {chr(k): f"%{k:02X}" for k in (*range(0x20), 0x22, 0x25, 0x7F)}
_PART = {**_PLAIN, " ": "%20"}
_BACK = {f"%{k:02X}": chr(k) for k in range(0x80)}
#: What pandas, which reads these files for other programs, takes for a missing value.
_ABSENT = (
    *("#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN"),
    *("<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
)
_ABSENT_CODED = {text: f"%{ord(text[0]):02X}{text[1:]}" for text in _ABSENT}
_HOSTILE = '[\\x00-\\x1f"%\\x7f]'


def written(column: pl.Series, *, none: bool = True) -> pl.Series:
    """Text [n] as cells. With ``none`` an empty text becomes ``%``, since an empty cell is null; else an empty cell.

    >>> written(pl.Series(["50% off", "nan", "", None])).to_list()
    ['50%25 off', '%6Ean', '%', None]
    """
    cells = column
    # Ids of many rows are seldom hostile; looking is a tenth of replacing.
    if column.str.contains(_HOSTILE).any():
        cells = cells.str.replace_many(_PLAIN)
    if cells.is_in(list(_ABSENT)).any():
        cells = cells.replace(_ABSENT_CODED)
    return cells.replace({"": EMPTY}) if none else cells


def written_lists(column: pl.Series) -> pl.Series:
    """Lists of text [n] as cells of parts with blanks between them; an empty list is an empty cell.

    >>> written_lists(pl.Series([["Film Noir", "War"], [], [""]])).to_list()
    ['Film%20Noir War', '', '%']
    """
    part = pl.element().str.replace_many(_PART)
    part = pl.when(part == "").then(pl.lit(EMPTY)).otherwise(part)
    parts = column.cast(pl.List(pl.String)).to_frame()
    return parts.select(pl.all().list.eval(part).list.join(" ")).to_series().replace(_ABSENT_CODED)


def read(column: pl.Series) -> pl.Series:
    """The text [n] that cells stand for; empty cells are null.

    >>> read(pl.Series(["50%25 off", "%6Ean", "%", None])).to_list()
    ['50% off', 'nan', '', None]
    """
    if not column.str.contains("%", literal=True).any():
        return column
    # All that is %XX is replaced in one pass: what a replacement makes is not looked at again.
    return column.replace({EMPTY: ""}).str.replace_many(_BACK)


def read_lists(column: pl.Series) -> pl.Series:
    """The lists of text [n] that cells stand for; an empty cell is an empty list.

    >>> read_lists(pl.Series(["Film%20Noir War", None, "%"])).to_list()
    [['Film Noir', 'War'], [], ['']]
    """
    part = pl.element()
    part = pl.when(part == EMPTY).then(pl.lit("")).otherwise(part.str.replace_many(_BACK))
    parts = column.to_frame().select(pl.all().str.split(" ").list.eval(part).fill_null([])).to_series()
    return parts.cast(pl.List(pl.String))
