"""Given: what others measured is a feature like any other, and every cell that is not finite is accounted for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.interchange.worlds import Given, catalogue_of
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Item
from triptych.errors import SourceError, UsageError
from triptych.features.feature import Presence
from triptych.features.ledger import Ledger, Status
from triptych.features.store import FeatureStore
from triptych.fusion.fuse import fuse
from triptych.interchange.given import Attached, Join, attach, read_given


@pytest.fixture
def films(tmp_path: Path) -> Catalogue:
    return catalogue_of(tmp_path / "films", items=[Item(item_id=str(k)) for k in range(1, 7)])


def table(folder: Path, text: str, name: str = "given.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def vectors(catalogue: Catalogue, title: str) -> dict[str, Any]:
    """Item id → its vector, or the reason why it has none."""
    features = FeatureStore(catalogue.tables)
    found = features.sequences(features.recipe_of(title))
    return {k: f.reason if f.values is None else f.values.tolist() for k, f in found.items()}


def attached(catalogue: Catalogue, path: Path, title: str = "seeing/avf", **how: Any) -> Attached:
    reading = {k: how.pop(k) for k in ("columns", "ids", "id_column") if k in how}
    return attach(catalogue, read_given(path, panel=title.split("/", maxsplit=1)[0], **reading), title, **how)


AVF = """itemId,title,genres,embedding
1,One (1991),Drama|War,"0.5,1e3"
2,Two,,"nan,-inf"
9,Nine,,"1,2"
3,Three,,"7,inf"
"""


def test_a_table_with_a_column_of_vectors_becomes_a_feature(tmp_path: Path, films: Catalogue) -> None:
    made = attached(films, table(tmp_path, AVF))
    assert vectors(films, "seeing/avf") == {
        "1": [0.5, 1000],
        "2": "2 of 2 cells are not finite: columns 0–1",
        "3": "1 of 2 cells is not finite: column 1",
        **dict.fromkeys("456", "given.csv has no vector for it"),
    }
    assert (made.items, made.covered, made.masked, made.without, made.written) == (6, 1, 2, 3, 6)
    assert (made.vectors, made.width, made.unknown) == (4, 2, 1)
    assert (made.bad.cells, dict(made.bad.columns), made.bad.ids) == (3, {0: 1, 1: 2}, ("2", "3"))
    entries = {entry.item_id: entry for entry in Ledger(films.tables).entries()}
    assert {k: e.status for k, e in entries.items()} == {"1": Status.DONE, **dict.fromkeys("23456", Status.SKIPPED)}
    assert entries["2"].reason == "2 of 2 cells are not finite: columns 0–1"
    recipe = FeatureStore(films.tables).recipe_of("seeing/avf")
    assert recipe.hash == made.recipe
    given = recipe.params["given"]
    assert (given["file"], given["columns"], given["on_bad_cells"]) == ("given.csv", ["embedding"], "rows")
    assert len(given["digest"]) == 24


def test_columns_with_bad_cells_can_be_dropped_and_the_recipe_says_which(tmp_path: Path, films: Catalogue) -> None:
    path = table(tmp_path, 'id,embedding\n1,"1 2 3"\n2,"4 nan 6"\n8,"7 8 inf"\n')
    made = attached(films, path, on_bad_cells="columns")
    assert made.dropped == (1, 2), "also those whose bad cell is of an item that we do not have"
    assert vectors(films, "seeing/avf") == {
        "1": [1],
        "2": [4],
        **dict.fromkeys("3456", "given.csv has no vector for it"),
    }
    assert FeatureStore(films.tables).recipe_of("seeing/avf").params["given"]["dropped"] == [1, 2]
    with pytest.raises(SourceError, match="dropping them leaves nothing"):
        attached(films, table(tmp_path, 'id,embedding\n1,"inf nan"\n', "all.csv"), on_bad_cells="columns")
    with pytest.raises(UsageError, match="one of rows, columns"):
        attached(films, path, on_bad_cells="guess")


def test_numbers_too_large_for_a_float32_are_bad_and_absurd_ones_are_told(tmp_path: Path, films: Catalogue) -> None:
    made = attached(films, table(tmp_path, 'id,embedding\n1,"1,1e39"\n2,"1,-3e15"\n3,"1,999999"\n'))
    assert made.bad.cells == 1
    assert vectors(films, "seeing/avf")["2"] == [1, np.float32(-3e15)]
    (note,) = made.notes
    assert note.startswith("1 cells are larger than 1,000,000, up to 3e+15, in column 1")


@pytest.mark.parametrize(
    "cell",
    ['"1,2.5"', '"[1, 2.5]"', "1 2.5", '"  1   2.5 "', "1;2.5", "(1|2.5)", '"[1\n 2.5]"', '"1,2.5,"'],
)
def test_vectors_are_read_however_they_are_written(tmp_path: Path, films: Catalogue, cell: str) -> None:
    attached(films, table(tmp_path, f"id,embedding\n1,{cell}\n2,{cell}\n"))
    assert vectors(films, "seeing/avf")["2"] == [1, 2.5]


def test_lists_in_parquet_and_json_are_vectors(tmp_path: Path, films: Catalogue) -> None:
    frame = pl.DataFrame({"item_id": [1, 2, 3], "v": [[1.0, 2.0], [3.0, None], None]})
    frame.write_parquet(tmp_path / "x.parquet")
    fixed = frame.head(1).with_columns(pl.col("v").cast(pl.Array(pl.Float32, 2)))
    fixed.write_parquet(tmp_path / "fixed.parquet")
    frame.write_ndjson(tmp_path / "x.jsonl")
    for name, title in (("x.parquet", "seeing/a"), ("x.jsonl", "seeing/b")):
        made = attached(films, tmp_path / name, title)
        assert (made.covered, made.masked) == (1, 2)
        assert vectors(films, title)["1"] == [1, 2]
        assert vectors(films, title)["2"] == "1 of 2 cells is not finite: column 1"
        assert vectors(films, title)["3"] == "its cell is empty"
    attached(films, tmp_path / "fixed.parquet", "seeing/c")
    assert vectors(films, "seeing/c")["1"] == [1, 2]


def test_a_column_for_each_entry(tmp_path: Path, films: Catalogue) -> None:
    made = attached(films, table(tmp_path, "ML_Id,title,f1,f2\n1,x,0.5,2\n2,y,,4\n3,z,a,6\n4,w,7,8\n"))
    assert vectors(films, "seeing/avf")["1"] == [0.5, 2]
    assert (made.covered, made.masked, dict(made.bad.columns)) == (2, 2, {0: 2})
    assert made.notes == ("its columns f1, f2 are the entries; not title",)
    chosen = attached(films, tmp_path / "given.csv", "seeing/second", columns=["f2"])
    assert (chosen.width, chosen.covered) == (1, 4)


def test_an_array_and_the_table_of_its_rows(tmp_path: Path, films: Catalogue) -> None:
    np.save(tmp_path / "v.npy", np.arange(8, dtype=np.float32).reshape(4, 2))
    ids = table(tmp_path, "movieId,ours\n40,3\n50,\n60,1\n70,x\n\n", "ids.csv")
    with pytest.raises(UsageError, match="--ids FILE"):
        attached(films, tmp_path / "v.npy")
    made = attached(films, tmp_path / "v.npy", ids=ids, id_column="ours")
    assert (made.covered, made.nameless, made.unknown) == (2, 1, 1)
    assert vectors(films, "seeing/avf")["3"] == [0, 1]
    assert vectors(films, "seeing/avf")["1"] == [4, 5]
    np.savez(tmp_path / "v.npz", item_ids=np.array([2.0, np.nan, 1.0, 5.0]), x=np.ones((4, 1)), y=np.zeros((4, 3)))
    with pytest.raises(UsageError, match="which array"):
        attached(films, tmp_path / "v.npz", "seeing/z")
    made = attached(films, tmp_path / "v.npz", "seeing/z", columns=["y"])
    assert (made.covered, made.nameless, made.width) == (3, 1, 3)
    np.savez(tmp_path / "w.npz", np.ones((4, 1)))
    assert attached(films, tmp_path / "w.npz", "seeing/w", ids=ids, id_column="ours").covered == 2


def test_ids_of_another_numbering_are_mapped(tmp_path: Path, films: Catalogue) -> None:
    given = table(tmp_path, 'id,embedding\n100,"1"\n200,"2"\n300,"3"\n400,"4"\n')
    mapping = table(tmp_path, "Ours,Theirs\n1,100\n2,100\n3,200\n3,300\n99,400\n,100\n", "map.csv")
    with pytest.raises(UsageError, match=r"none is in the catalogue.*'100'.*'1'.*give --map"):
        attached(films, given)
    join = Join.read(mapping, theirs="theirs", ours="ours")
    made = attached(films, given, join=join)
    found = vectors(films, "seeing/avf")
    assert [found[k] for k in "123"] == [[1], [1], [3]]
    assert (made.covered, made.unknown, made.doubles, made.differing) == (3, 1, 1, 1)
    facts = FeatureStore(films.tables).recipe_of("seeing/avf").params["given"]["map"]
    assert (facts["from"], facts["to"]) == ("theirs", "ours")
    with pytest.raises(UsageError, match="right way round"):
        attached(films, given, "seeing/b", join=Join.read(mapping, theirs="ours", ours="theirs"))
    with pytest.raises(UsageError, match="needs --map-to; it has ours, theirs"):
        Join.read(mapping, theirs="theirs")
    with pytest.raises(UsageError, match="no column 'other'"):
        Join.read(mapping, theirs="other", ours="ours")


def test_of_two_rows_of_an_item_the_later_stands_and_is_told(tmp_path: Path, films: Catalogue) -> None:
    made = attached(films, table(tmp_path, 'id,embedding\n1,"1"\n1,"1"\n2,"2"\n2,"3"\n3,"4"\n3,"nan"\n'))
    assert (made.doubles, made.differing) == (3, 2)
    found = vectors(films, "seeing/avf")
    assert [found["1"], found["2"]] == [[1], [3]]
    assert "not finite" in found["3"]


def test_attaching_again_writes_nothing_and_new_items_get_theirs(tmp_path: Path, films: Catalogue) -> None:
    path = table(tmp_path, 'id,embedding\n1,"1"\n7,"7"\n')
    first = attached(films, path)
    commits = len(films.commits())
    again = attached(films, path)
    assert (first.written, again.written, again.recipe) == (6, 0, first.recipe)
    assert len(films.commits()) == commits
    renamed = attached(films, table(tmp_path, path.read_text(), "renamed.csv"))
    assert (renamed.written, renamed.recipe) == (0, first.recipe)
    films.add(Given(items=[Item(item_id="7")]))
    later = attached(films, path)
    assert (later.written, later.covered) == (1, 2)
    assert vectors(films, "seeing/avf")["7"] == [7]
    other = attached(films, table(tmp_path, 'id,embedding\n1,"2"\n', "changed.csv"))
    assert other.recipe != first.recipe
    assert f"Say which, seeing/avf@{other.recipe}," in other.notes[-1]


def test_fusion_sees_it_like_any_other_feature(tmp_path: Path, films: Catalogue) -> None:
    attached(films, table(tmp_path, 'id,embedding\n1,"1,1"\n2,"1,2"\n3,"9,9"\n4,"nan,1"\n'))
    attached(films, table(tmp_path, 'id,embedding\n1,"3"\n2,"3.5"\n5,"-4"\n', "b.csv"), "hearing/ivec")
    made = fuse(films)
    assert made.space.panels == ("seeing", "hearing")
    assert made.unmeasured == {}
    mask = dict(zip(made.space.item_ids, made.space.blocks.mask.tolist(), strict=True))
    assert mask == {"1": [True, True], "2": [True, True], "3": [True, False], "4": [False, False], "5": [False, True],
                    "6": [False, False]}  # fmt: skip
    assert made.space.similar(["1"], n=1).of("1")[0].item_id == "2"


def test_what_is_called_otherwise_than_a_feature_is_refused(tmp_path: Path, films: Catalogue) -> None:
    path = table(tmp_path, 'id,embedding\n1,"1"\n')
    for title in ("avf", "smelling/avf", "seeing/", "seeing/../x", "seeing/A"):
        with pytest.raises(UsageError):
            attached(films, path, title)
    with pytest.raises(UsageError, match="what Triptych measures itself"):
        attached(films, path, "seeing/colour")
    assert FeatureStore(films.tables).recipes() == []


def test_a_stop_between_feature_and_ledger_is_made_good(tmp_path: Path, films: Catalogue) -> None:
    path = table(tmp_path, 'id,embedding\n1,"1"\n2,"2"\n')
    made = attached(films, path)
    with films.writing("test"):
        films.tables.delete("ledger", "item_id", ["2"])
    again = attached(films, path)
    assert (again.written, again.recipe) == (1, made.recipe)
    assert len(Ledger(films.tables).entries()) == 6
    assert FeatureStore(films.tables).presence(FeatureStore(films.tables).recipe_of("seeing/avf")) == {
        Presence.PRESENT: 2,
        Presence.MISSING: 4,
        Presence.SILENT: 0,
    }


def test_many_items_are_written_in_batches(tmp_path: Path) -> None:
    count = 5000
    made = catalogue_of(tmp_path / "c", items=[Item(item_id=str(k)) for k in range(count)])
    path = table(tmp_path, "id,a,b\n" + "".join(f"{k},{k},{-k}\n" for k in range(count)))
    seen: list[tuple[int, int]] = []
    offering = read_given(path, panel="seeing")
    assert attach(made, offering, "seeing/x", progress=lambda done, total: seen.append((done, total))).covered == count
    assert seen == [(2048, 5000), (4096, 5000), (5000, 5000)]
    features = FeatureStore(made.tables)
    values, mask = features.read(features.recipe_of("seeing/x")).aligned(["4999", "0", "2048"])
    assert values.tolist() == [[4999, -4999], [0, 0], [2048, -2048]]
    assert mask.all()


def test_an_account_can_be_written_as_json(tmp_path: Path, films: Catalogue) -> None:
    from dataclasses import asdict

    body = json.loads(json.dumps(asdict(attached(films, table(tmp_path, AVF))), allow_nan=False))
    assert body["bad"] == {"cells": 3, "columns": {"0": 1, "1": 2}, "ids": ["2", "3"]}
