"""Tables: atomic writes, versions, sweeping, compaction, and what an error says."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from triptych.catalogue.tables import KEPT, MANY_FRAGMENTS, Tables, quote
from triptych.errors import CatalogueError

ODD = [
    "plain",
    "it's",
    "''",
    "'; DROP TABLE t; --",
    "\\",
    "\\'",
    "%",
    "_",
    "a\nb",
    "a\tb",
    "🎬",
    "\u202eabc",
    '"',
    "x" * 1000,
]


def rows(**values: int) -> pa.Table:
    return pa.table({"item_id": list(values), "v": list(values.values())})


def held(tables: Tables, name: str = "t") -> dict[str, int]:
    found = tables.read(name)
    return dict(zip(found["item_id"].to_pylist(), found["v"].to_pylist(), strict=True))


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return Tables(tmp_path / "lance")


def test_upsert_replaces_by_key_and_leaves_the_rest(tables: Tables) -> None:
    tables.upsert("t", rows(a=1, b=2), key="item_id")
    tables.upsert("t", rows(b=3, c=4), key="item_id")
    assert held(tables) == {"a": 1, "b": 3, "c": 4}
    tables.upsert("t", rows(), key="item_id")
    assert (tables.version("t"), tables.count("t")) == (2, 3)


def test_a_key_of_two_columns(tables: Tables) -> None:
    for value in (1, 2):
        table = pa.table({"item_id": ["a", "a"], "recipe": ["x", "y"], "v": [value, value]})
        tables.upsert("t", table.slice(0, value), key=("item_id", "recipe"))
    assert sorted(map(str, tables.read("t").to_pylist())) == [
        "{'item_id': 'a', 'recipe': 'x', 'v': 2}",
        "{'item_id': 'a', 'recipe': 'y', 'v': 2}",
    ]


def test_replace_takes_another_schema_and_its_metadata(tables: Tables) -> None:
    tables.replace("t", rows(a=1))
    other = pa.table({"item_id": ["b"], "w": [1.5]}, metadata={"recipe": "…"})
    tables.replace("t", other)
    assert tables.columns("t") == ["item_id", "w"]
    assert tables.metadata("t") == {"recipe": "…"}
    assert held_before(tables) == {"a": 1}


def held_before(tables: Tables) -> dict[str, int]:
    found = tables.read("t", version=1)
    return dict(zip(found["item_id"].to_pylist(), found["v"].to_pylist(), strict=True))


def test_any_text_can_be_asked_for_and_deleted_and_nothing_else_goes_with_it(tables: Tables) -> None:
    tables.replace("t", pa.table({"item_id": ODD, "v": list(range(len(ODD)))}))
    for k, text in enumerate(ODD):
        assert tables.read("t", where=f"item_id = {quote(text)}")["v"].to_pylist() == [k]
        assert tables.count("t", f"item_id IN ({quote(text)})") == 1
    for k, text in enumerate(ODD):
        tables.delete("t", "item_id", [text])
        assert sorted(held(tables)) == sorted(ODD[k + 1 :])


def test_more_deletions_than_one_query_holds(tables: Tables) -> None:
    tables.replace("t", rows(**{f"i{k}": k for k in range(1203)}))
    tables.delete("t", "item_id", [f"i{k}" for k in range(1201)])
    assert held(tables) == {"i1201": 1201, "i1202": 1202}


def test_some_columns_of_some_rows(tables: Tables) -> None:
    tables.replace("t", rows(a=1, b=2, c=3))
    assert tables.read("t", columns=["v"], where="item_id != 'a'").to_pydict() == {"v": [2, 3]}
    assert tables.read("t", columns=["item_id"]).num_rows == 3
    assert tables.count("nothing") == 0


def test_tables_as_they_were(tmp_path: Path, tables: Tables) -> None:
    tables.upsert("t", rows(a=1), key="item_id")
    tables.upsert("t", rows(a=2, b=2), key="item_id")
    tables.append("later", rows(z=1))
    then = Tables(tmp_path / "lance", versions={"t": 1})
    assert (then.names(), then.exists("later"), then.count("t"), held(then)) == (["t"], False, 1, {"a": 1})
    assert then.read("t", columns=["v"], where="item_id = 'a'").to_pydict() == {"v": [1]}
    for write in (
        lambda: then.upsert("t", rows(a=3), key="item_id"),
        lambda: then.append("t", rows(a=3)),
        lambda: then.replace("t", rows(a=3)),
        lambda: then.delete("t", "item_id", ["a"]),
        lambda: then.sweep(),
    ):
        with pytest.raises(CatalogueError, match="opened at an earlier commit and cannot be written"):
            write()
    assert held(tables) == {"a": 2, "b": 2}
    with pytest.raises(CatalogueError, match="version 99 of table 't' is not kept any more; versions stay for 7 days"):
        tables.read("t", version=99)


def test_a_folder_without_a_version_is_no_table_yet_and_can_become_one(tmp_path: Path, tables: Tables) -> None:
    (tmp_path / "lance" / "t.lance" / "data").mkdir(parents=True)
    (tmp_path / "lance" / "t.lance" / "data" / "half.lance").write_bytes(b"half")
    assert (tables.names(), tables.exists("t"), tables.count("t")) == ([], False, 0)
    tables.upsert("t", rows(a=1), key="item_id")
    assert held(tables) == {"a": 1}


# -- damage ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["data/*.lance", "_versions/*.manifest"])
@pytest.mark.parametrize("content", [b"", b"not what was here"])
def test_a_damaged_table_is_named_without_the_insides_of_the_library(
    tmp_path: Path, tables: Tables, part: str, content: bytes
) -> None:
    tables.replace("t", rows(a=1))
    for path in (tmp_path / "lance" / "t.lance").glob(part):
        path.write_bytes(content)
    with pytest.raises(CatalogueError, match=r"table 't' cannot be read: .*put them back from a copy") as caught:
        tables.read("t")
    assert ".rs:" not in str(caught.value)


def test_a_missing_file_is_an_error_not_fewer_rows(tmp_path: Path, tables: Tables) -> None:
    tables.append("t", rows(a=1))
    tables.append("t", rows(b=1))
    next((tmp_path / "lance" / "t.lance" / "data").iterdir()).unlink()
    with pytest.raises(CatalogueError, match=r"table 't' cannot be read: .*[Nn]ot found"):
        tables.read("t")


# -- sweeping --------------------------------------------------------------------------------------------------------


def test_what_killed_writers_left_is_swept_and_nothing_else(tmp_path: Path, tables: Tables) -> None:
    outside = tmp_path / "outside"
    for place in (outside / "data", outside / "x.lance" / "data"):
        place.mkdir(parents=True)
        (place / ".tmpKEEP").write_text("someone else's")
    tables.replace("t", rows(a=1))
    lance = tmp_path / "lance"
    table = lance / "t.lance"
    planted = [table / place / ".tmpA1b2C3" for place in ("data", "_versions", "_transactions")]
    for path in planted:
        path.write_bytes(b"half written")
    (table / "data" / ".tmpfolder").mkdir()
    (table / "data" / ".tmplink").symlink_to(outside / "data" / ".tmpKEEP")
    (table / "data" / "tmp").write_text("no dot")
    (table / "_deletions").symlink_to(outside / "data")  # a folder that is a link
    (lance / "linked.lance").symlink_to(outside / "x.lance")  # a table that is a link
    (lance / ".tmpelsewhere").write_text("not in a table")
    before = {path for path in [*lance.rglob("*"), *outside.rglob("*")] if path.is_file()} - set(planted)
    assert tables.sweep() == len(planted)
    after = {path for path in [*lance.rglob("*"), *outside.rglob("*")] if path.is_file()}
    assert after == before
    assert held(tables) == {"a": 1}
    assert tables.sweep() == 0


# -- compaction ------------------------------------------------------------------------------------------------------


def test_many_small_commits_are_merged_and_what_they_held_can_still_be_read(tables: Tables) -> None:
    for k in range(MANY_FRAGMENTS):
        tables.append("t", rows(**{f"i{k}": k}))
    tables.compact()
    assert tables.fragments("t") == MANY_FRAGMENTS  # not yet worth the work
    tables.append("t", rows(last=1))
    now = held(tables)
    tables.compact()
    assert tables.fragments("t") < 3
    assert held(tables) == now
    assert {tables.read("t", version=k).num_rows - k for k in (1, 7, MANY_FRAGMENTS, MANY_FRAGMENTS + 1)} == {0}


def test_a_table_in_one_piece_is_not_written_again_each_time(tables: Tables) -> None:
    for k in range(MANY_FRAGMENTS + 3):
        tables.replace("t", rows(a=k))
    version = tables.version("t")
    tables.compact()
    assert tables.version("t") == version
    tables.append("t", rows(b=1))
    tables.compact()
    assert (tables.fragments("t"), tables.version("t")) == (2, version + 1)


def test_versions_older_than_a_week_go(tmp_path: Path, tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lance goes by its own clock; the week is made short instead, and the files old."""
    for k in range(MANY_FRAGMENTS + 3):
        tables.replace("t", rows(a=k))
    data = tmp_path / "lance" / "t.lance" / "data"
    tables.compact()
    assert len(list(data.iterdir())) == MANY_FRAGMENTS + 3
    week_ago = time.time() - KEPT.total_seconds() - 60
    for path in data.iterdir():
        os.utime(path, (week_ago, week_ago))
    monkeypatch.setattr("triptych.catalogue.tables.KEPT", timedelta(milliseconds=1))
    tables.compact()
    assert len(list(data.iterdir())) == 1
    assert held(tables) == {"a": MANY_FRAGMENTS + 2}
    with pytest.raises(CatalogueError, match="version 1 of table 't' is not kept any more"):
        tables.read("t", version=1)
