"""Table files: rows become items, clips and interactions, or are refused by number."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from triptych.catalogue.records import Item
from triptych.catalogue.sources.source import Addition
from triptych.catalogue.sources.table import TableFile
from triptych.errors import SourceError, UnknownName

Read = Callable[[str, str], Addition]
FILM = Item(
    item_id="tt1",
    title="Nosferatu",
    year=1922,
    genres=("Horror", "Fantasy"),
    plot="A count.\nA ship.",
    people=("Max Schreck",),
    languages=("German",),
    released_at="1922-03-04",
)


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def table(name: str, text: str) -> Addition:
        (tmp_path / name).write_text(text, encoding="utf-8", newline="")
        return TableFile(path=tmp_path / name).read(tmp_path / "catalogue")

    return table


def reasons(addition: Addition) -> dict[str, str]:
    return {refusal.what: refusal.reason for refusal in addition.refused}


def test_the_four_formats_say_the_same(tmp_path: Path, read: Read) -> None:
    row: dict[str, Any] = {
        "item_id": "tt1",
        "title": "Nosferatu",
        "year": 1922,
        "genres": ["Horror", "Fantasy"],
        "plot": "A count.\nA ship.",
        "people": ["Max Schreck"],
        "languages": ["German"],
        "released_at": "1922-03-04",
    }
    head = ",".join(row)
    line = 'tt1,Nosferatu,(1922),Horror|Fantasy,"A count.\nA ship.",Max Schreck,German,1922-03-04'
    pl.DataFrame([{**row, "released_at": date(1922, 3, 4), "year": 1922.0}]).write_parquet(tmp_path / "t.parquet")
    found = [
        read("t.csv", f"{head}\n{line}\n"),
        read("t.tsv", f"{head}\n{line}\n".replace(",", "\t")),
        read("t.jsonl", json.dumps(row)),
        TableFile(path=tmp_path / "t.parquet").read(tmp_path),
    ]
    for addition in found:
        assert list(addition.items) == [FILM]
        assert (addition.refused, addition.unused_columns, addition.clips) == ((), (), [])


def test_cells_that_say_nothing(read: Read) -> None:
    for name, text in [
        ("t.csv", "item_id,title,year,genres\n1,NaN,,\n"),
        ("t.csv", "item_id,title,year,genres\n1\n"),
        ("t.jsonl", '{"item_id": 1, "title": NaN, "year": NaN, "genres": null}'),
        ("t.jsonl", '{"item_id": "1", "year": "nan", "genres": [null, NaN]}'),
    ]:
        assert list(read(name, text).items) == [Item(item_id="1")]


def test_lists_may_be_lists_in_one_row_and_text_in_the_next(read: Read) -> None:
    items = read("t.jsonl", '{"item_id": 1, "genres": ["Drama", "War"]}\n{"item_id": 2, "genres": "Drama|War"}').items
    assert [item.genres for item in items] == [("Drama", "War")] * 2


def test_blank_lines_are_passed_over_and_rows_keep_their_numbers(read: Read) -> None:
    addition = read("t.csv", "item_id,year\n1,1999\n\n\n2,abc\n\n")
    assert [item.item_id for item in addition.items] == ["1"]
    assert list(reasons(addition)) == ["t.csv row 4"]


@pytest.mark.parametrize("text", ["item_id,title\n", "path"])
def test_a_table_without_rows_adds_nothing(read: Read, text: str) -> None:
    addition = read("t.csv", text)
    assert (list(addition.items), addition.refused) == ([], ())


def test_interactions_without_rows_add_nothing(read: Read) -> None:
    addition = read("t.csv", "user_id,item_id,rating,timestamp\n")
    assert addition.interactions is not None
    assert (addition.interactions.num_rows, addition.refused) == (0, ())


def test_columns_without_an_id_are_no_items(read: Read) -> None:
    with pytest.raises(
        SourceError, match=r"'t.csv' has the columns name, title; a table of items needs item_id or path"
    ):
        read("t.csv", "name,title\n1,Alpha\n")


def test_columns_that_are_not_used_are_told(read: Read) -> None:
    assert read("t.csv", "item_id,budget,TITLE\n1,2,3\n").unused_columns == ("budget",)
    assert read("t.jsonl", '{"item_id": 1}\n{"item_id": 2, "budget": 1}').unused_columns == ("budget",)
    assert read("t.csv", "user_id,item_id,value,rating,mood\n1,2,3,4,5\n").unused_columns == ("mood", "rating")


# -- rows that are refused -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"item_id": None, "title": "Alpha"}, "it has neither an item_id nor a path"),
        ({"item_id": " 1"}, "its id ' 1' begins or ends with white space"),
        ({"item_id": 1.5}, "its id 1.5 is neither text nor a whole number"),
        ({"item_id": "1", "year": "abc"}, "its year is 'abc'; a year is four digits from 1870 to 2200, or empty"),
        ({"item_id": "1", "title": ["a", "b"]}, "its title is list, not text"),
        ({"item_id": "1", "genres": {"a": 1}}, "its genres is dict, not text"),
        ({"item_id": "1", "path": 7}, "its path 7 is no path"),
        ({"item_id": "1", "path": "a\x00.mp4"}, "its path 'a\\x00.mp4' is no path"),
        ({"path": "a\ud800.mp4"}, "its id 'a\\ud800.mp4' holds half of a surrogate pair"),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_a_row_that_cannot_be_taken_is_refused_and_the_rest_goes_in(
    read: Read, row: dict[str, Any], reason: str
) -> None:
    addition = read(
        "t.jsonl", "\n".join(json.dumps(each) for each in [{"item_id": "before"}, row, {"item_id": "after"}])
    )
    assert [item.item_id for item in addition.items] == ["before", "after"]
    (refusal,) = addition.refused
    assert refusal.what == "t.jsonl row 2"
    assert refusal.reason.startswith(reason)


def test_the_same_row_twice_is_one_item_and_another_row_of_its_id_is_refused(read: Read) -> None:
    addition = read("t.csv", "item_id,title\n1,Alpha\n2,Beta\n1,Alpha\n1,Gamma\n")
    assert [(item.item_id, item.title) for item in addition.items] == [("1", "Alpha"), ("2", "Beta")]
    assert reasons(addition) == {"t.csv row 4": "its id '1' is that of row 1, and they differ; the first one stands"}


def test_rows_that_differ_in_their_file_alone_differ(tmp_path: Path, read: Read) -> None:
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / name).write_bytes(b"x")
    addition = read("t.csv", "item_id,path\n1,a.mp4\n1,b.mp4\n")
    assert [Path(clip.path).name for clip in addition.clips] == ["a.mp4"]
    assert "t.csv row 2" in reasons(addition)


# -- files -----------------------------------------------------------------------------------------------------------


def test_paths_are_read_from_the_folder_of_the_table_and_may_not_leave_it(tmp_path: Path, read: Read) -> None:
    films = tmp_path / "films"
    films.mkdir()
    for path in (films / "a.mp4", films / " odd  name.mp4", tmp_path / "out.mp4"):
        path.write_bytes(path.name.encode())
    (films / "link.mp4").symlink_to("../out.mp4")
    rows = {
        "in": "a.mp4",
        "odd": " odd  name.mp4",
        "up": "../out.mp4",
        "root": str(tmp_path / "out.mp4"),
        "link": "link.mp4",
        "gone": "gone.mp4",
        "folder": ".",
        "long": "x" * 5000,
    }
    (films / "t.jsonl").write_text("\n".join(json.dumps({"item_id": k, "path": v}) for k, v in rows.items()))
    addition = TableFile(path=films / "t.jsonl").read(tmp_path)
    assert [item.item_id for item in addition.items] == list(rows)
    assert {clip.item_id: clip.path for clip in addition.clips} == {
        "in": str(films / "a.mp4"),
        "odd": str(films / " odd  name.mp4"),
    }
    found = reasons(addition)
    assert all("leaves the folder of the table" in found[item_id] for item_id in ("up", "root", "link"))
    assert "'gone.mp4': there is no such file" in found["gone"]
    assert "not a regular file" in found["folder"]
    assert "no such file" in found["long"]


def test_without_an_id_the_path_is_the_id(tmp_path: Path, read: Read) -> None:
    (tmp_path / "two\nlines.mp4").write_bytes(b"x")
    addition = read("t.csv", 'path,title\n"two\nlines.mp4",Alpha\n')
    assert [item.item_id for item in addition.items] == ["two\nlines.mp4"]
    assert [clip.item_id for clip in addition.clips] == ["two\nlines.mp4"]


def test_users_and_items_in_one_table_are_interactions(read: Read) -> None:
    addition = read("t.csv", "user_id,item_id,rating\nu,1,4\n")
    assert not addition.items
    assert addition.interactions is not None
    assert addition.interactions.to_pylist() == [
        {"user_id": "u", "item_id": "1", "value": 4.0, "timestamp": None, "kind": "rating"}
    ]


def test_a_column_that_is_none_of_ours_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("uid,iid\na,b\n")
    with pytest.raises(UnknownName, match="no column of ours 'usr_id'; there is 'user_id'"):
        TableFile(path=tmp_path / "t.csv", columns={"usr_id": "uid", "item_id": "iid"}).read(tmp_path)


def test_whole_numbers_out_of_a_database_are_ids(tmp_path: Path) -> None:
    whole = pl.Series("item_id", [Decimal(31), Decimal(7)], pl.Decimal(38, 0))
    year = pl.Series("year", [Decimal(1999), None], pl.Decimal(38, 0))
    pl.DataFrame([whole, year]).write_parquet(tmp_path / "t.parquet")
    found = TableFile(path=tmp_path / "t.parquet").read(tmp_path)
    assert [(item.item_id, item.year) for item in found.items] == [("31", 1999), ("7", None)]
    pl.DataFrame([whole.alias("user_id"), whole]).write_parquet(tmp_path / "t.parquet")
    events = TableFile(path=tmp_path / "t.parquet").read(tmp_path).interactions
    assert events is not None
    assert events["user_id"].to_pylist() == events["item_id"].to_pylist() == ["31", "7"]


def test_numbers_that_no_column_can_hold_refuse_their_row(read: Read) -> None:
    found = read("t.csv", f"item_id,imdb_votes\na,{10**30}\nb,930K\n")
    assert [item.imdb_votes for item in found.items] == [930_000]
    assert "its imdb_votes is '1000000000000000000000000000000'; nothing is counted" in reasons(found)["t.csv row 1"]
