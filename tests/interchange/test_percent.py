"""Percent: any text comes back, and in between it is one cell."""

from __future__ import annotations

import io

import pandas as pd
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from triptych.interchange import percent

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@settings(deadline=None)
@given(st.lists(st.none() | TEXT | st.sampled_from(["nan", "NA", "%", "%41", "", '"', "\t", "N/A"]), max_size=8))
def test_any_text_comes_back_and_null_stays_null(texts: list[str | None]) -> None:
    column = pl.Series("x", texts, pl.String)
    cells = percent.written(column)
    assert percent.read(cells).to_list() == texts
    for cell in cells:
        assert cell is None or (cell and not set(cell) & set('\t\n\r"'))


@settings(deadline=None)
@given(st.lists(st.lists(TEXT, max_size=4), max_size=5))
def test_any_lists_come_back(lists: list[list[str]]) -> None:
    cells = percent.written_lists(pl.Series("x", lists, pl.List(pl.String))).replace({"": None})
    assert percent.read_lists(cells).to_list() == lists
    for cell, parts in zip(cells, lists, strict=True):
        assert (cell or "").count(" ") == max(len(parts) - 1, 0)


@settings(deadline=None)
@given(st.lists(TEXT | st.sampled_from(["nan", "NULL", "None", "-nan", "#N/A"]), min_size=1, max_size=6))
def test_pandas_reads_every_cell_as_text_and_none_as_missing(texts: list[str]) -> None:
    cells = percent.written(pl.Series("x", texts))
    file = io.StringIO("x\ty\n" + "".join(f"{cell}\tend\n" for cell in cells), newline="")
    found = pd.read_csv(file, delimiter="\t", dtype=str, engine="python")
    assert found["x"].tolist() == cells.to_list()
