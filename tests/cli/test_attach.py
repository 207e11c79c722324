"""``triptych attach``: from a file of numbers to a feature that the other commands know."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Triptych
from tests.worlds.catalogues import catalogue_of
from triptych.catalogue.records import Item


@pytest.fixture
def films(tmp_path: Path) -> Path:
    catalogue_of(tmp_path / "films", *(Item(item_id=str(k), title=f"Film {k}") for k in range(1, 5)))
    return tmp_path / "films"


@pytest.fixture
def avf(tmp_path: Path) -> Path:
    path = tmp_path / "avf.csv"
    path.write_text('itemId,embedding\n10,"1,2,3"\n20,"4,5,6"\n30,"7,nan,inf"\n40,"1,1,1"\n')
    (tmp_path / "map.csv").write_text("ours,theirs\n1,10\n2,20\n3,30\n")
    return path


def test_info_and_fuse_know_what_was_attached(triptych: Triptych, films: Path, avf: Path) -> None:
    how = ("--as", "seeing/avf", "--map", avf.with_name("map.csv"), "--map-from", "theirs", "--map-to", "ours")
    answer = triptych("attach", films, avf, *how)
    assert answer.status == 0, answer.err
    rows = dict(line.split("\t") for line in answer.out.splitlines())
    assert rows["with a vector"] == "2"
    assert rows["masked"] == "1"
    assert rows["without a vector"] == "1"
    assert rows["vectors in the file"] == "4"
    assert rows["width"] == "3"
    assert rows["cells that are not finite"] == "2"
    assert (rows["of them in column 1"], rows["of them in column 2"]) == ("1", "1")
    assert rows["ids that no item has"] == "1"
    assert "Next: triptych fuse" in answer.err
    (feature,) = triptych("info", films, "--json").json["features"]
    assert (feature["feature"], feature["present"], feature["missing"]) == ("seeing/avf", 2, 2)
    assert triptych("ledger", films, "--status", "skipped", "--json").json[0]["feature"] == "seeing/avf"
    fused = triptych("fuse", films, "--json").json
    assert fused["panels"] == {"seeing": {"width": 3, "items": 2}}
    again = triptych("attach", films, avf, *how)
    assert "stood already" in again.err


def test_json_has_every_column_and_bad_columns_can_be_dropped(triptych: Triptych, films: Path, avf: Path) -> None:
    how = ("--as", "seeing/avf", "--map", avf.with_name("map.csv"), "--map-from", "theirs", "--map-to", "ours")
    body = triptych("attach", films, avf, *how, "--on-bad-cells", "columns", "--json").json
    assert (body["covered"], body["width"], body["dropped"]) == (3, 1, [1, 2])
    assert body["bad"] == {"cells": 2, "columns": {"1": 1, "2": 1}, "ids": ["30"]}


def test_an_array_takes_its_ids_from_a_table(triptych: Triptych, films: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", np.ones((3, 2), np.float32))
    (tmp_path / "ids.csv").write_text("movieId,ours\n7,1\n8,\n9,2\n")
    how = ("--as", "hearing/theirs", "--ids", tmp_path / "ids.csv", "--id-column", "ours")
    body = triptych("attach", films, tmp_path / "v.npy", *how, "--json").json
    assert (body["covered"], body["nameless"]) == (2, 1)


@pytest.mark.parametrize(
    ("how", "status", "said"),
    [
        (("--as", "seeing/avf"), 2, "none is in the catalogue"),
        (("--as", "avf"), 2, "PANEL/NAME"),
        (("--as", "seeing/avf", "--on-bad-cells", "guess"), 2, "rows, columns"),
        (("--as", "seeing/avf", "--column", "nothing"), 2, "no column 'nothing'"),
        (("--as", "seeing/avf", "--map", "none.csv"), 3, "none.csv"),
    ],
)
def test_what_cannot_be_attached_says_why(
    triptych: Triptych, films: Path, avf: Path, how: tuple[str, ...], status: int, said: str
) -> None:
    answer = triptych("attach", films, avf, *how)
    assert answer.status == status
    assert said in answer.err
    assert "Traceback" not in answer.err
    assert triptych("info", films, "--json").json["features"] == []


def test_a_changed_file_leads_to_a_command_that_works(triptych: Triptych, films: Path, tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text('id,embedding\n1,"1,2"\n2,"5,6"\n')
    triptych("attach", films, path, "--as", "seeing/avf")
    path.write_text('id,embedding\n1,"1,3"\n2,"5,6"\n')
    beside = triptych("attach", films, path, "--as", "seeing/avf")
    assert "--replace" in beside.err
    following = beside.err.split("Next: triptych ")[1].split(",", maxsplit=1)[0].split()
    assert triptych(*following).status == 0
    assert triptych("fuse", films, "--name", "all").status != 0, "which of the two?"
    replaced = triptych("attach", films, path, "--as", "seeing/avf", "--replace")
    assert "nothing was written" in replaced.err
    assert "Taken out: seeing/avf@" in replaced.err
    assert replaced.err.rstrip().endswith(f"Next: triptych fuse {films}")
    assert triptych("fuse", films, "--name", "all").status == 0
