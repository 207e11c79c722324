"""Intake: every row is kept or counted under a reason, in columns from end to end."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.intake import Intake, from_frame
from triptych.catalogue.interactions import INTERACTIONS, plain
from triptych.catalogue.sources.table import TableFile
from triptych.errors import SourceError


def rows_of(**columns: list[Any]) -> list[dict[str, Any]]:
    return from_frame(pl.DataFrame(columns, strict=False), name="t")[0].to_pylist()


def reasons_of(**columns: list[Any]) -> list[str]:
    return [refusal.reason for refusal in from_frame(pl.DataFrame(columns, strict=False), name="t")[1]]


def test_without_a_rating_every_row_is_a_play_that_counts_one() -> None:
    table, refused = from_frame(pl.DataFrame({"user_id": ["u"], "item_id": ["i"]}), name="t")
    assert table.schema == INTERACTIONS
    assert table.to_pylist() == [{"user_id": "u", "item_id": "i", "value": 1.0, "timestamp": None, "kind": "play"}]
    assert refused == []


@pytest.mark.parametrize("column", ["rating", "value"])
def test_a_rating_is_a_rating_under_either_name(column: str) -> None:
    (row,) = rows_of(user_id=["u"], item_id=["i"], **{column: [" 4.5 "]})
    assert (row["value"], row["kind"]) == (4.5, "rating")


def test_ids_of_any_type_read_alike_and_are_exact() -> None:
    texts = ["nan", "None", "007", "1.0", "a/b", "it's", "two\nlines", "🎬", "'; DROP", "%", "x" * 1000]
    found = rows_of(user_id=texts, item_id=texts)
    assert [row["user_id"] for row in found] == [row["item_id"] for row in found] == texts
    for cells in ([7, 8], [7.0, 8.0], [7.0, None, 8.0], [7.0, float("nan"), 8.0]):
        assert [row["item_id"] for row in rows_of(user_id=["u"] * len(cells), item_id=cells)] == ["7", "8"]
    column = pl.Series("item_id", ["a", "b"], pl.Categorical)
    table, _ = from_frame(pl.DataFrame([pl.Series("user_id", ["u", "v"]), column]), name="t")
    assert table["item_id"].to_pylist() == ["a", "b"]


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"user_id": ["u", None], "item_id": ["i", "i"]}, "1 interactions without a user or item id"),
        ({"user_id": ["u", "u"], "item_id": ["i", ""]}, "1 interactions without a user or item id"),
        ({"user_id": ["u", "u"], "item_id": [1.0, 1.5]}, "1 interactions without a user or item id"),
        ({"user_id": ["u", "u "], "item_id": ["i", "i"]}, "1 interactions whose user or item id begins or ends with"),
        ({"user_id": ["u", "u"], "item_id": ["i", "\u00a0i"]}, "1 interactions whose user or item id begins or ends"),
        ({"user_id": ["u", "\ufeffu"], "item_id": ["i", "i"]}, "begins or ends with white space or a byte-order mark"),
        ({"user_id": ["u", "u\x00"], "item_id": ["i", "i"]}, "1 interactions whose user or item id holds a NUL"),
        ({"user_id": ["u", "u"], "item_id": ["i", "x" * 5000]}, "longer than 4,096 characters"),
        ({"user_id": ["u", "v"], "item_id": ["i", "i"], "rating": ["4", "four"]}, "not a finite number"),
        ({"user_id": ["u", "v"], "item_id": ["i", "i"], "rating": [4.0, float("nan")]}, "not a finite number"),
        ({"user_id": ["u", "v"], "item_id": ["i", "i"], "rating": [4.0, float("inf")]}, "not a finite number"),
        ({"user_id": ["u", "v"], "item_id": ["i", "i"], "rating": ["4", "1e300"]}, "not a finite number"),
        ({"user_id": ["u", "v"], "item_id": ["i", "i"], "rating": [4.0, None]}, "not a finite number"),
        ({"user_id": ["u", "v"], "item_id": ["i", "i"], "timestamp": [5, -1]}, "1 interactions with a negative time"),
        ({"user_id": ["u", "v"], "item_id": ["i", "i"], "timestamp": ["5", "-0.5"]}, "with a negative time"),
        ({"user_id": ["u", "v"], "item_id": ["i", "i"], "kind": ["like", "love"]}, "of a kind other than rating, like"),
        ({"user_id": ["u", "v"], "item_id": ["i", "i"], "kind": ["like", None]}, "of a kind other than rating, like"),
    ],
    ids=lambda value: ascii(value)[:40] if isinstance(value, str) else "",
)
def test_what_is_refused_is_counted_and_the_rest_is_kept(columns: dict[str, list[Any]], reason: str) -> None:
    assert len(rows_of(**columns)) == 1
    (said,) = reasons_of(**columns)
    assert reason in said


@pytest.mark.parametrize(
    ("cell", "seconds"),
    [
        (1_000_000_000, 1_000_000_000),
        (1_000_000_000.9, 1_000_000_000),
        ("1e9", 1_000_000_000),
        (" 1000000000.0 ", 1_000_000_000),
        (2**60 + 1, 2**60 + 1),
        (0, 0),
        (date(2001, 9, 9), 999_993_600),
        (datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC), 1_000_000_000),
        (datetime(2001, 9, 9, 1, 46, 40), 1_000_000_000),  # noqa: DTZ001 - as tables without zones have it
        (None, None),
        ("", None),
        (float("nan"), None),
    ],
    ids=str,
)
def test_times_are_whole_seconds_since_1970(cell: Any, seconds: int | None) -> None:
    (row,) = rows_of(user_id=["u"], item_id=["i"], timestamp=[cell])
    assert row["timestamp"] == seconds
    assert reasons_of(user_id=["u"], item_id=["i"], timestamp=[cell]) == []


def test_times_of_another_zone_are_the_same_moment() -> None:
    moment = pl.Series("timestamp", [datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)]).dt.convert_time_zone("Asia/Tokyo")
    table, _ = from_frame(pl.DataFrame({"user_id": ["u"], "item_id": ["i"], "timestamp": moment}), name="t")
    assert table["timestamp"].to_pylist() == [1_000_000_000]


@pytest.mark.parametrize("cell", ["2001-09-09", "inf", "1e30", float("inf")])
def test_a_time_that_is_no_number_is_unknown_and_that_is_said(cell: Any) -> None:
    (row,) = rows_of(user_id=["u"], item_id=["i"], timestamp=[cell])
    assert row["timestamp"] is None
    assert reasons_of(user_id=["u"], item_id=["i"], timestamp=[cell]) == [
        "1 interactions whose time is no number: kept without a time"
    ]


def test_of_the_same_user_item_and_kind_the_later_row_stands() -> None:
    columns: dict[str, list[Any]] = {
        "user_id": ["u", "u", "u", "v"],
        "item_id": ["i", "i", "i", "i"],
        "value": [1, 2, 3, 4],
        "kind": ["rating", "LIKE ", "rating", "rating"],
    }
    assert [(row["user_id"], row["kind"], row["value"]) for row in rows_of(**columns)] == [
        ("u", "like", 2.0),
        ("u", "rating", 3.0),
        ("v", "rating", 4.0),
    ]
    assert reasons_of(**columns) == ["1 interactions repeated by a later row of the same pair"]


def test_blank_lines_are_no_interactions_and_no_fault() -> None:
    table, refused = from_frame(pl.DataFrame({"user_id": ["u", None], "item_id": ["i", None]}), name="t")
    assert (table.num_rows, refused) == (1, [])


@pytest.mark.parametrize("column", ["user_id", "item_id", "rating", "timestamp"])
def test_columns_of_lists_are_a_sentence_not_a_crash(column: str) -> None:
    frame = pl.DataFrame({"user_id": ["u"], "item_id": ["i"], "rating": [1], "timestamp": [1], column: [["x"]]})
    with pytest.raises(SourceError, match="'t' cannot be read as interactions"):
        from_frame(frame, name="t")


def test_ratings_outside_the_scale_are_refused_and_counted_and_other_kinds_have_none() -> None:
    frame = pl.DataFrame(
        {
            "user_id": ["u"] * 5,
            "item_id": list("abcde"),
            "value": [0.5, 5.0, 0.4, 5.5, 40.0],
            "kind": ["rating", "rating", "rating", "rating", "play"],
        }
    )
    table, refused = from_frame(frame, name="t", scale=(0.5, 5.0))
    assert table["item_id"].to_pylist() == ["a", "b", "e"]
    assert [refusal.reason for refusal in refused] == ["2 interactions whose rating is outside 0.5 to 5"]


def test_blocks_are_one_table_across_which_the_later_row_stands() -> None:
    intake = Intake(name="t")
    intake.take(pl.DataFrame({"user_id": ["u", "v"], "item_id": ["i", "i"], "rating": ["1", "x"]}))
    intake.take(pl.DataFrame({"user_id": [], "item_id": [], "rating": []}))
    intake.take(pl.DataFrame({"user_id": ["w", "u"], "item_id": ["i", "i"], "rating": ["3", "2"]}))
    table, refused = intake.table()
    assert plain(table).to_pylist() == [
        {"user_id": "w", "item_id": "i", "value": 3.0, "timestamp": None, "kind": "rating"},
        {"user_id": "u", "item_id": "i", "value": 2.0, "timestamp": None, "kind": "rating"},
    ]
    assert [refusal.reason for refusal in refused] == [
        "1 interactions whose value is not a finite number",
        "1 interactions repeated by a later row of the same pair",
    ]


@given(
    rows=st.lists(
        st.tuples(st.sampled_from(["u", "v", " w", ""]), st.sampled_from("ij"), st.sampled_from(["1", "x", "9"]))
    ),
    cuts=st.lists(st.integers(0, 12), max_size=3),
)
def test_however_rows_are_cut_into_blocks_the_same_comes_of_them(
    rows: list[tuple[str, str, str]], cuts: list[int]
) -> None:
    frame = pl.DataFrame(rows, schema=dict.fromkeys(("user_id", "item_id", "rating"), pl.String), orient="row")
    intake = Intake(name="t", scale=(1, 5))
    edges = [0, *sorted(cuts), max(12, frame.height)]
    for start, end in pairwise(edges):
        intake.take(frame[start:end])
    whole, refused = from_frame(frame, name="t", scale=(1, 5))
    table, counted = intake.table()
    assert (plain(table), counted) == (whole, refused)


# -- through the catalogue -------------------------------------------------------------------------------------------


def test_rows_of_unknown_items_are_kept_for_they_may_arrive_later(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("user_id,item_id,rating\nu,not-here-yet,4\n")
    catalogue = Catalogue.init(tmp_path / "C")
    added = catalogue.add(TableFile(path=tmp_path / "t.csv"))
    assert (added.interactions, added.refused) == (1, ())
    assert catalogue.interactions()["item_id"].to_pylist() == ["not-here-yet"]


def test_the_same_again_is_no_commit_and_a_change_is_one_row(tmp_path: Path) -> None:
    catalogue = Catalogue.init(tmp_path / "C")
    for lines in ("u,i,4,1\nu,j,5,\n", "u,i,4,1\nu,j,5,\n"):
        (tmp_path / "t.csv").write_text(f"user_id,item_id,rating,timestamp\n{lines}")
        catalogue.add(TableFile(path=tmp_path / "t.csv"))
    assert [row["commit"] for row in catalogue.commits()] == [1]
    (tmp_path / "t.csv").write_text("user_id,item_id,rating,timestamp\nu,i,4,1\nu,j,2,\nv,i,1,\n")
    catalogue.add(TableFile(path=tmp_path / "t.csv"))
    assert [row["commit"] for row in catalogue.commits()] == [1, 2]
    assert sorted((r["user_id"], r["item_id"], r["value"]) for r in catalogue.interactions().to_pylist()) == [
        ("u", "i", 4.0),
        ("u", "j", 2.0),
        ("v", "i", 1.0),
    ]
    earlier = Catalogue.open(tmp_path / "C", commit=1).interactions()
    assert sorted((r["item_id"], r["value"]) for r in earlier.to_pylist()) == [("i", 4.0), ("j", 5.0)]


def test_what_took_the_place_of_an_earlier_row_is_counted_and_told(tmp_path: Path) -> None:
    catalogue = Catalogue.init(tmp_path / "C")
    counts: list[tuple[int, int, int]] = []
    told: list[bool] = []
    for lines in ("u,i,4,1\nu,j,5,\n", "u,i,4,1\nu,j,2,\nv,i,1,\n", "u,j,5,\nu,j,2,\n", "u,i,4,1\n"):
        (tmp_path / "t.csv").write_text(f"user_id,item_id,rating,timestamp\n{lines}")
        added = catalogue.add(TableFile(path=tmp_path / "t.csv"))
        counts.append((added.interactions, added.interactions_new, added.interactions_changed))
        told.append("1 interactions take the place of earlier ones of the same user, item and kind" in added.notes)
    assert counts == [(2, 2, 0), (3, 1, 1), (1, 0, 0), (1, 0, 0)]
    assert told == [False, True, False, False]


def test_many_changed_rows_are_merged_a_part_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("triptych.catalogue.catalogue._MERGED", 2)
    catalogue = Catalogue.init(tmp_path / "C")
    for value in (1, 2):
        pl.DataFrame({"user_id": list("abcde"), "item_id": "i", "rating": value}).write_csv(tmp_path / "t.csv")
        added = catalogue.add(TableFile(path=tmp_path / "t.csv"))
    assert added.interactions_changed == 5
    assert sorted((r["user_id"], r["value"]) for r in catalogue.interactions().to_pylist()) == [
        (user, 2.0) for user in "abcde"
    ]


@pytest.mark.parametrize(("time", "noted"), [(1_200_000_000, False), (1_200_000_000_000, True)])
def test_times_in_milliseconds_are_kept_and_noticed(tmp_path: Path, time: int, noted: bool) -> None:
    (tmp_path / "t.csv").write_text(f"user_id,item_id,timestamp\nu,i,{time}\nu,j,\nv,i,{time}\n")
    catalogue = Catalogue.init(tmp_path / "C")
    added = catalogue.add(TableFile(path=tmp_path / "t.csv"))
    said = f"2 interactions have a time beyond the year 2200, up to {time}; they are kept, but times are seconds"
    assert any(note.startswith(said) for note in added.notes) == noted
    assert sorted(catalogue.interactions()["timestamp"].drop_null().to_pylist()) == [time, time]


def test_a_million_rows_never_become_python_objects(tmp_path: Path) -> None:
    """A million rows of five objects each would be some 300 MB of them; columns are seen by no Python allocator."""
    count = 1_000_000
    drawn = np.random.default_rng(0)
    pl.DataFrame(
        {
            "user_id": np.arange(count) // 50,
            "item_id": np.arange(count) % 50 + drawn.integers(0, 9000, count) * 50,
            "rating": drawn.integers(1, 11, count) / 2,
            "timestamp": drawn.integers(0, 10**9, count),
        }
    ).write_csv(tmp_path / "t.csv")
    catalogue = Catalogue.init(tmp_path / "C")
    tracemalloc.start()
    try:
        added = catalogue.add(TableFile(path=tmp_path / "t.csv"))
        again = catalogue.add(TableFile(path=tmp_path / "t.csv"))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert added.interactions == again.interactions == catalogue.interactions().num_rows == count
    assert len(catalogue.commits()) == 1
    assert peak < 4 * (tmp_path / "t.csv").stat().st_size  # its text, a few times over
