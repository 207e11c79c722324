"""``triptych export``: every format, from the shell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Triptych
from tests.interchange.worlds import COLOUR, SOUND, catalogue_of, events, store
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Item
from triptych.curation.selection import Selection, Selections
from triptych.interchange.recbole import RecBole


@pytest.fixture
def films(tmp_path: Path) -> Path:
    made = catalogue_of(
        tmp_path / "films",
        items=[Item(item_id="a"), Item(item_id="b")],
        interactions=events(("u", "a", 4, 1, "rating"), ("v", "b", 3, 2, "rating")),
    )
    store(made, COLOUR, {"a": [1, 2], "b": "no picture"})
    store(made, SOUND, {"a": [5], "b": [6]})
    with made.writing("test"):
        Selections(made.tables).write(
            Selection(name="half", rules="", steps=(), item_ids=("b",), removed={"a": ("years", "too old")})
        )
    return tmp_path / "films"


@pytest.mark.parametrize(
    ("kind", "files"),
    [
        ("recbole", {"out.inter", "out.item"}),
        (
            "mmrec",
            {"out.inter", "i_id_mapping.csv", "u_id_mapping.csv", "image_feat.npy", "image_feat_mask.npy"}
            | {"audio_feat.npy", "audio_feat_mask.npy"},
        ),
        ("parquet", {"out.parquet"}),
        (
            "npy",
            {"item_ids.csv", "seeing-tint.npy", "seeing-tint.mask.npy", "seeing-tint.masked.csv"}
            | {"hearing-hum.npy", "hearing-hum.mask.npy", "hearing-hum.masked.csv"},
        ),
    ],
)
def test_every_format_is_written_and_written_over(
    triptych: Triptych, films: Path, tmp_path: Path, kind: str, files: set[str]
) -> None:
    body = triptych("export", films, tmp_path / "out", "--as", kind, "--json").json
    assert set(body["files"]) == files
    found = {path.name for path in (tmp_path / "out").iterdir()}
    assert found == files | {"out.triptych.json"}
    assert triptych("export", films, tmp_path / "out", "--as", kind).status == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == found


def test_ducho_gets_one_feature(triptych: Triptych, films: Path, tmp_path: Path) -> None:
    how = ("--as", "ducho", "--feature", "seeing/tint", "--name", "films")
    assert triptych("export", films, tmp_path / "out", *how).status == 0
    (array,) = (tmp_path / "out").rglob("*.npy")
    assert np.load(array, allow_pickle=False).tolist() == [[1, 2]]
    assert array.relative_to(tmp_path / "out").parts[:3] == ("visual_embeddings", "triptych", "tint")
    body = triptych("attach", films, tmp_path / "out", "--as", "seeing/again", "--json").json
    assert (body["covered"], body["masked"]) == (1, 1)


def test_a_selection_is_all_that_is_written(triptych: Triptych, films: Path, tmp_path: Path) -> None:
    body = triptych("export", films, tmp_path / "out", "--as", "recbole", "--selection", "half", "--json").json
    assert (body["items"], body["interactions"]) == (1, 1)
    new = Catalogue.init(tmp_path / "new")
    new.add(RecBole(path=tmp_path / "out"))
    assert new.item_ids() == ["b"]
    assert new.interactions()["user_id"].to_pylist() == ["v"]
    triptych("export", films, tmp_path / "m", "--as", "mmrec", "-f", "hearing/hum", "--selection", "half")
    assert np.load(tmp_path / "m" / "audio_feat.npy", allow_pickle=False).tolist() == [[6]]
    answer = triptych("export", films, tmp_path / "x", "--as", "recbole", "--selection", "quarter")
    assert answer.status == 2
    assert "no selection 'quarter'; there is 'half'" in answer.err


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (("--as", "recbol"), "no format 'recbol'"),
        (("--as", "recbole", "--feature", "seeing/tint"), "atomic files hold no features"),
        (("--as", "parquet", "--feature", "seeing/tin"), "no feature 'seeing/tin'"),
        (("--as", "mmrec", "--missing", "error"), "masked for 1 items"),
        (("--as", "npy", "--name", "a/b"), "cannot be called 'a/b'"),
    ],
)
def test_what_cannot_be_written_says_why(
    triptych: Triptych, films: Path, tmp_path: Path, how: tuple[str, ...], said: str
) -> None:
    answer = triptych("export", films, tmp_path / "out", *how)
    assert answer.status == 2
    assert said in answer.err
    assert not list((tmp_path / "out").glob("*"))


def test_a_folder_of_others_is_left_alone(triptych: Triptych, films: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("all of it")
    answer = triptych("export", films, tmp_path / "out", "--as", "recbole")
    assert answer.status == 2
    assert "thesis.txt" in answer.err
    assert (tmp_path / "out" / "thesis.txt").read_text() == "all of it"
