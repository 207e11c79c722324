"""Commits: every change is one, each can be seen again; removing, and moving the folder, lose nothing."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest

from tests.worlds.catalogues import Listed, catalogue_of
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.interactions import INTERACTIONS
from triptych.catalogue.records import Item
from triptych.catalogue.sources.source import Addition
from triptych.catalogue.tables import Tables
from triptych.errors import CatalogueError, UnknownName


@dataclass(frozen=True, kw_only=True)
class Events:
    """A source that offers interactions and nothing else."""

    rows: pa.Table

    def read(self, folder: Path) -> Addition:
        return Addition(interactions=self.rows)


def items(*item_ids: str) -> Listed:
    return Listed(items=[Item(item_id=item_id) for item_id in item_ids])


# -- commits ---------------------------------------------------------------------------------------------------------


def test_each_commit_shows_the_catalogue_as_it_was_and_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"x")
    catalogue = Catalogue.init(tmp_path / "C")
    catalogue.add(items("a"))
    catalogue.add(Listed(items=[Item(item_id="a", title="Alpha"), Item(item_id="b")], paths={"b": tmp_path / "a.mp4"}))
    catalogue.add(Events(rows=pa.table([["u"], ["a"], [1.0], [1], ["like"]], schema=INTERACTIONS)))
    catalogue.remove(["a"])
    assert [(row["commit"], row["purpose"]) for row in catalogue.commits()] == [
        (1, "add"),
        (2, "add"),
        (3, "add"),
        (4, "remove"),
    ]
    seen = [Catalogue.open(tmp_path / "C", commit=n) for n in (1, 2, 3, 4)]
    assert [sorted(then.item_ids()) for then in seen] == [["a"], ["a", "b"], ["a", "b"], ["b"]]
    assert [len(then.clips()) for then in seen] == [0, 1, 1, 1]
    assert [then.interactions().num_rows for then in seen] == [0, 0, 1, 1]
    assert all(then.interactions().schema == INTERACTIONS for then in seen)
    assert [then.items(["b"])[0].item_id for then in seen[1:]] == ["b"] * 3
    assert seen[0].items(["a"])[0].title == ""
    assert seen[1].items(["a"])[0].title == "Alpha"
    with pytest.raises(UnknownName):
        seen[0].items(["b"])
    assert seen[0].commits() == catalogue.commits()
    for write in (lambda: seen[1].add(items("c")), lambda: seen[1].remove(["a"]), lambda: seen[1].tables.sweep()):
        with pytest.raises(CatalogueError, match="opened at an earlier commit and cannot be written"):
            write()
    assert [sorted(then.item_ids()) for then in seen] == [["a"], ["a", "b"], ["a", "b"], ["b"]]


def test_what_others_keep_in_the_tables_is_seen_as_it_was_too(tmp_path: Path) -> None:
    catalogue = catalogue_of(tmp_path / "C", Item(item_id="a"))
    for k in (1, 2):
        with catalogue.writing("measure"):
            catalogue.tables.replace("feature.x", pa.table({"item_id": ["a"], "v": [k]}))
    assert Catalogue.open(tmp_path / "C", commit=1).tables.names() == ["clips", "items"]
    assert Catalogue.open(tmp_path / "C", commit=2).tables.read("feature.x")["v"].to_pylist() == [1]
    assert Catalogue.open(tmp_path / "C", commit=3).tables.read("feature.x")["v"].to_pylist() == [2]


@pytest.mark.parametrize("commit", [0, -1, 3, 10**9])
def test_an_unknown_commit_is_said_with_those_there_are(tmp_path: Path, commit: int) -> None:
    catalogue_of(tmp_path / "C", Item(item_id="full")).add(items("b"))
    with pytest.raises(CatalogueError, match=rf"there is no commit {commit} in .*; they go from 1 to 2: triptych info"):
        Catalogue.open(tmp_path / "C", commit=commit)
    Catalogue.init(tmp_path / "new")
    with pytest.raises(CatalogueError, match="there is none yet"):
        Catalogue.open(tmp_path / "new", commit=1)


def test_a_session_that_fails_is_a_commit_of_what_it_had_written(tmp_path: Path) -> None:
    catalogue = catalogue_of(tmp_path / "C", Item(item_id="a"))

    def stopped(*item_ids: str) -> None:
        with catalogue.writing("measure"):
            if item_ids:
                catalogue.add(items(*item_ids))
            raise KeyboardInterrupt

    for item_ids in (("b",), ()):
        with pytest.raises(KeyboardInterrupt):
            stopped(*item_ids)
    assert [row["purpose"] for row in catalogue.commits()] == ["add", "measure (stopped)"]
    assert sorted(Catalogue.open(tmp_path / "C", commit=2).item_ids()) == ["a", "b"]


def test_many_small_commits_stay_quick_to_read_and_can_be_opened(tmp_path: Path) -> None:
    catalogue = Catalogue.init(tmp_path / "C")
    for k in range(40):
        catalogue.add(items(f"i{k}"))
    assert catalogue.tables.fragments("items") < 26
    assert catalogue.tables.fragments("commits") < 26
    assert len(catalogue.items()) == 40
    for k in (1, 20, 26, 40):
        assert len(Catalogue.open(tmp_path / "C", commit=k).item_ids()) == k


# -- removing --------------------------------------------------------------------------------------------------------


def test_removing_takes_clips_features_and_ledger_and_leaves_interactions(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"x")
    catalogue = catalogue_of(
        tmp_path / "C", Item(item_id="a"), Item(item_id="b"), paths={"a": tmp_path / "a.mp4", "b": tmp_path / "a.mp4"}
    )
    event = pa.table([["u"], ["a"], [1.0], [None], ["play"]], schema=INTERACTIONS)
    catalogue.add(Events(rows=event))
    with catalogue.writing("by hand"):
        for name in ("feature.x", "ledger", "space.y"):
            catalogue.tables.append(name, pa.table({"item_id": ["a", "b"], "v": [1, 2]}))
        catalogue.tables.append("model.z", pa.table({"weight": [1.0]}))
    catalogue.remove(["a"])
    for name in ("items", "clips", "feature.x", "ledger", "space.y"):
        assert catalogue.tables.read(name)["item_id"].to_pylist() == ["b"], name
    assert catalogue.interactions().num_rows == catalogue.tables.count("model.z") == 1
    assert [item.item_id for item in Catalogue.open(tmp_path / "C", commit=3).items()] == ["a", "b"]


@pytest.mark.parametrize("step", range(4))
def test_a_removal_that_is_stopped_can_be_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    (tmp_path / "a.mp4").write_bytes(b"x")
    catalogue = catalogue_of(tmp_path / "C", Item(item_id="a"), paths={"a": tmp_path / "a.mp4"})
    with catalogue.writing("measure"):
        for name in ("feature.x", "ledger"):
            catalogue.tables.append(name, pa.table({"item_id": ["a"]}))
    done: list[str] = []
    delete = Tables.delete

    def stopped(tables: Tables, name: str, column: str, values: Sequence[str]) -> None:
        if len(done) == step:
            raise KeyboardInterrupt
        delete(tables, name, column, values)
        done.append(name)

    with monkeypatch.context() as patch:
        patch.setattr(Tables, "delete", stopped)
        with pytest.raises(KeyboardInterrupt):
            catalogue.remove(["a"])
    assert len(done) == step
    # The ledger never tells of a feature that is gone, and the item can still be named.
    assert catalogue.tables.count("ledger") <= catalogue.tables.count("feature.x")
    catalogue.remove(["a"])
    assert {name: catalogue.tables.count(name) for name in ("items", "clips", "feature.x", "ledger")} == {
        "items": 0,
        "clips": 0,
        "feature.x": 0,
        "ledger": 0,
    }


def test_removing_what_is_not_there_removes_nothing(tmp_path: Path) -> None:
    catalogue = catalogue_of(tmp_path / "C", Item(item_id="alpha"), Item(item_id="beta"))
    with pytest.raises(UnknownName, match="no item 'alphas'; there is 'alpha'"):
        catalogue.remove(["beta", "alphas"])
    catalogue.remove([])
    assert (sorted(catalogue.item_ids()), len(catalogue.commits())) == (["alpha", "beta"], 1)


# -- on the move -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("through", ["its own name", "a link", "a relative path"])
def test_a_moved_catalogue_keeps_the_clips_within_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, through: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "outside.mp4").write_bytes(b"o")
    (tmp_path / "C2").mkdir()
    (tmp_path / "C2" / "near.mp4").write_bytes(b"n")  # its folder's name begins like the catalogue's
    Catalogue.init(tmp_path / "C")
    (tmp_path / "link").symlink_to("C")
    place = {"its own name": tmp_path / "C", "a link": tmp_path / "link", "a relative path": Path("C")}[through]
    catalogue = Catalogue.open(place)
    (place / "media").mkdir()
    (place / "media" / "own.mp4").write_bytes(b"own")
    source = Listed(
        items=[Item(item_id=k) for k in ("own", "out", "near")],
        paths={
            "own": place / "media" / "own.mp4",
            "out": tmp_path / "outside.mp4",
            "near": tmp_path / "C2" / "near.mp4",
        },
    )
    catalogue.add(source)
    assert catalogue.add(source).clips_changed == 0
    shutil.move(tmp_path / "C", tmp_path / "elsewhere")
    found = {clip.item_id: Path(clip.path) for clip in Catalogue.open(tmp_path / "elsewhere").clips()}
    assert found == {
        "own": tmp_path / "elsewhere" / "media" / "own.mp4",
        "out": tmp_path / "outside.mp4",
        "near": tmp_path / "C2" / "near.mp4",
    }
    assert all(path.is_file() for path in found.values())
