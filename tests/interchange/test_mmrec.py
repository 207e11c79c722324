"""MMRec: row i of every array is item i, whatever becomes of items without interactions or without a feature."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.interchange.worlds import AWKWARD, COLOUR, SOUND, WORDS, catalogue_of, events, store
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Item
from triptych.errors import SourceError, UnknownName, UsageError
from triptych.features.store import FeatureStore
from triptych.interchange.given import attach, read_given
from triptych.interchange.mmrec import MMRec, split, write_mmrec


def world(folder: Path) -> Catalogue:
    """Items a to d; a and c were watched, b only by an event that is left out, d by no one."""
    made = catalogue_of(
        folder,
        items=[Item(item_id=item_id) for item_id in "abcd"],
        interactions=events(
            ("u", "c", 4, 20, "rating"),
            ("u", "a", 5, 10, "rating"),
            ("v", "a", 2, 30, "rating"),
            ("v", "a", 1, 40, "play"),
            ("v", "b", 1, 50, "skip"),
            ("v", "stray", 1, 60, "rating"),
        ),
    )
    store(made, COLOUR, {"a": [1, 2], "b": [3, 4], "c": [5, 6], "d": [7, 8]})
    store(made, SOUND, {"a": [9], "c": "it is silent"})
    return made


def numbers(folder: Path, name: str, column: str) -> dict[str, int]:
    frame = pd.read_csv(folder / name, sep="\t", dtype={0: str}, keep_default_na=False)
    return dict(zip(frame.iloc[:, 0], frame[column], strict=True))


def test_every_row_is_of_the_item_that_the_mapping_says(tmp_path: Path) -> None:
    written = write_mmrec(world(tmp_path / "c"), tmp_path / "out", "films", features=["seeing/tint", "hearing/hum"])
    items = numbers(tmp_path / "out", "i_id_mapping.csv", "itemID")
    users = numbers(tmp_path / "out", "u_id_mapping.csv", "userID")
    assert sorted(items.values()) == [0, 1]
    pictures = np.load(tmp_path / "out" / "image_feat.npy", allow_pickle=False)
    assert pictures.dtype == np.float32
    assert pictures[items["a"]].tolist() == [1, 2]
    assert pictures[items["c"]].tolist() == [5, 6]
    sounds, mask = (np.load(tmp_path / "out" / f"audio_feat{part}.npy", allow_pickle=False) for part in ("", "_mask"))
    assert sounds[items["a"]].tolist() == [9]
    assert sounds[items["c"]].tolist() == [0]
    assert [bool(mask[items[item_id]]) for item_id in "ac"] == [True, False]
    frame = pd.read_csv(tmp_path / "out" / "films.inter", sep="\t")
    assert list(frame.columns) == ["userID", "itemID", "rating", "timestamp", "x_label"]
    assert {tuple(row) for row in frame.iloc[:, :4].itertuples(index=False)} == {
        (users["u"], items["a"], 5.0, 10),
        (users["u"], items["c"], 4.0, 20),
        (users["v"], items["a"], 1.0, 40),
    }
    assert frame["itemID"].max() + 1 == len(pictures) == len(sounds)
    assert (written.items, written.users, written.interactions) == (2, 2, 3)
    told = " / ".join(written.notes)
    for part in ("1 interactions with items that are not in", "1 interactions of the kind skip", "of a pair that has a",
                 "2 items without an interaction", "1 rows of audio_feat.npy are zeros"):  # fmt: skip
        assert part in told
    manifest = json.loads((tmp_path / "out" / "films.triptych.json").read_text())
    assert [(one["file"], one["masked"], one["missing"]) for one in manifest["features"]] == [
        ("image_feat.npy", 0, "zero"),
        ("audio_feat.npy", 1, "zero"),
    ]


def test_mmrec_loads_it_its_own_way(tmp_path: Path) -> None:
    """It reads three columns, counts from the greatest number, and takes row i of an array for item i.

    Users of validation and test whom nobody knows from training it would throw away.
    """
    ids = [f"film {k}" for k in range(40)]
    made = catalogue_of(
        tmp_path / "c",
        items=[Item(item_id=item_id) for item_id in [*ids, "cold"]],
        interactions=events(*((f"u{k % 7}", ids[(3 * k) % 40], 1.0, k, "rating") for k in range(200))),
    )
    store(made, COLOUR, {item_id: [k, -k] for k, item_id in enumerate(ids)} | {"cold": [99, 99]})
    write_mmrec(made, tmp_path / "out", "films")
    columns = ["userID", "itemID", "x_label"]
    frame = pd.read_csv(tmp_path / "out" / "films.inter", usecols=columns, sep="\t")
    assert all(dtype.kind == "i" for dtype in frame.dtypes)
    rows = np.load(tmp_path / "out" / "image_feat.npy")
    assert int(frame["itemID"].max()) + 1 == frame["itemID"].nunique() == len(rows) == 40
    assert int(frame["userID"].max()) + 1 == frame["userID"].nunique() == 7
    assert set(frame["x_label"]) == {0, 1, 2}
    assert set(frame["userID"]) == set(frame["userID"][frame["x_label"] == 0])
    assert not frame.duplicated(["userID", "itemID"]).any()
    items = numbers(tmp_path / "out", "i_id_mapping.csv", "itemID")
    users = numbers(tmp_path / "out", "u_id_mapping.csv", "userID")
    assert {item_id: rows[number].tolist() for item_id, number in items.items()} == {
        item_id: [k, -k] for k, item_id in enumerate(ids)
    }
    pairs = set(zip(frame["userID"], frame["itemID"], strict=True))
    assert pairs == {(users[f"u{k % 7}"], items[ids[(3 * k) % 40]]) for k in range(200)}


def test_masked_rows_can_be_means_or_an_error(tmp_path: Path) -> None:
    made = world(tmp_path / "c")
    store(made, WORDS, {"a": [2, 4], "b": [4, 8], "c": "no plot", "d": [100, 100]})
    with pytest.raises(UsageError, match="masked for 1 items, such as 'c'"):
        write_mmrec(made, tmp_path / "out", "films", features=["reading/wit"], missing="error")
    assert not (tmp_path / "out" / "films.inter").exists()
    write_mmrec(made, tmp_path / "out", "films", features=["reading/wit"], missing="mean")
    items = numbers(tmp_path / "out", "i_id_mapping.csv", "itemID")
    rows = np.load(tmp_path / "out" / "text_feat.npy", allow_pickle=False)
    assert rows[items["c"]].tolist() == [2, 4], "the mean of those that are written, which is a alone"
    with pytest.raises(UsageError, match="one of error, zero, mean"):
        write_mmrec(made, tmp_path / "out", "films", missing="guess")


def test_a_panel_has_one_feature(tmp_path: Path) -> None:
    made = world(tmp_path / "c")
    from triptych.features.recipe import Recipe

    store(made, Recipe(panel="seeing", name="grain"), {"a": [1], "c": [2]})
    with pytest.raises(UsageError, match="one file for a panel"):
        write_mmrec(made, tmp_path / "out", "films")
    with pytest.raises(UnknownName, match="no feature 'seeing/gran'"):
        write_mmrec(made, tmp_path / "out", "films", features=["seeing/gran"])


def test_the_split_is_eight_one_one_for_each_user_and_the_seeds_own() -> None:
    users = np.repeat(np.arange(50), np.arange(50) * 2 + 1)
    labels = split(users, seed=7)
    for user in range(50):
        n = 2 * user + 1
        counts = np.bincount(labels[users == user], minlength=3)
        assert abs(counts - np.array([0.8, 0.1, 0.1]) * n).max() < 1
    assert counts.sum() == 99
    assert labels[users == 0].tolist() == [0], "a user's only event is for learning"
    assert np.array_equal(labels, split(users, seed=7))
    assert not np.array_equal(labels, split(users, seed=8))
    assert split(np.zeros(0, np.int64), seed=0).tolist() == []
    ten = split(np.zeros(10_000, np.int64), seed=1)
    assert np.bincount(ten).tolist() == [8000, 1000, 1000]
    assert 700 < np.bincount(ten[:1000], minlength=3)[0] < 900, "drawn, not cut off at the end"


def test_a_folder_comes_back_as_a_catalogue_and_features(tmp_path: Path) -> None:
    write_mmrec(world(tmp_path / "c"), tmp_path / "out", "films", features=["seeing/tint", "hearing/hum"])
    new = Catalogue.init(tmp_path / "new")
    added = new.add(MMRec(path=tmp_path / "out"))
    assert added.unused_columns == ("x_label",)
    assert sorted(new.item_ids()) == ["a", "c"]
    rows = {
        (row["user_id"], row["item_id"]): (row["value"], row["timestamp"]) for row in new.interactions().to_pylist()
    }
    assert rows == {("u", "a"): (5, 10), ("u", "c"): (4, 20), ("v", "a"): (1, 40)}
    for panel, covered in (("seeing", 2), ("hearing", 1)):
        made = attach(new, read_given(tmp_path / "out", panel=panel), f"{panel}/given")
        assert (made.covered, made.masked) == (covered, 2 - covered)
    store_ = FeatureStore(new.tables)
    values, mask = store_.read(store_.recipe_of("seeing/given")).aligned(["c", "a"])
    assert values.tolist() == [[5, 6], [1, 2]]
    assert mask.all()


def test_awkward_ids_keep_their_rows(tmp_path: Path) -> None:
    ids = [text for text in AWKWARD if text.strip() == text]
    made = catalogue_of(
        tmp_path / "c",
        items=[Item(item_id=text) for text in ids],
        interactions=events(*((text, text, 1, k, "play") for k, text in enumerate(ids))),
    )
    store(made, COLOUR, {text: [k] for k, text in enumerate(ids)})
    write_mmrec(made, tmp_path / "out", "films")
    new = Catalogue.init(tmp_path / "new")
    new.add(MMRec(path=tmp_path / "out"))
    attach(new, read_given(tmp_path / "out", panel="seeing"), "seeing/given")
    assert {row["user_id"]: row["timestamp"] for row in new.interactions().to_pylist()} == {
        text: k for k, text in enumerate(ids)
    }
    store_ = FeatureStore(new.tables)
    values, _ = store_.read(store_.recipe_of("seeing/given")).aligned(ids)
    assert values[:, 0].tolist() == list(range(len(ids)))


def test_a_folder_of_others_without_a_mapping_has_numbers_for_ids(tmp_path: Path) -> None:
    folder = tmp_path / "baby"
    folder.mkdir()
    (folder / "baby.inter").write_text("userID\titemID\tx_label\n0\t1\t0\n1\t0\t2\n")
    np.save(folder / "image_feat.npy", np.array([[1.5], [2.5]]))
    addition = MMRec(path=folder).read(tmp_path)
    assert addition.interactions is not None
    assert addition.interactions.select(["user_id", "item_id"]).to_pylist() == [
        {"user_id": "0", "item_id": "1"},
        {"user_id": "1", "item_id": "0"},
    ]
    offering = read_given(folder, panel="seeing")
    assert dict(zip(offering.ids, offering.values[:, 0], strict=True)) == {"0": 1.5, "1": 2.5}
    with pytest.raises(SourceError, match=r"no audio_feat\.npy"):
        read_given(folder, panel="hearing")


def test_rows_that_do_not_fit_the_mapping_are_refused(tmp_path: Path) -> None:
    write_mmrec(world(tmp_path / "c"), tmp_path / "out", "films", features=["seeing/tint"])
    np.save(tmp_path / "out" / "image_feat.npy", np.zeros((3, 2), np.float32))
    with pytest.raises(SourceError, match=r"3 rows, but i_id_mapping\.csv names 2"):
        read_given(tmp_path / "out", panel="seeing")
    with pytest.raises(SourceError, match="a folder of MMRec has one"):
        MMRec(path=tmp_path / "c").read(tmp_path)
