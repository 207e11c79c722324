"""``triptych trailers``: the table of reasons, its JSON, and what it refuses."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.cli.conftest import Triptych
from tests.gather.trailers.faulty import Server, painted, serving

QUICK = ("--allow-private", "--per-second", "100", "--tries", "1")


@pytest.fixture
def server(tmp_path: Path) -> Generator[Server]:
    with serving({"a": painted(tmp_path / "made", 1, seconds=6)[0]}) as server:
        yield server


@pytest.fixture
def films(tmp_path: Path, triptych: Triptych, server: Server) -> Path:
    items = tmp_path / "items.csv"
    items.write_text(f"item_id,title,url\n1,One,{server.url('good', 'a')}\n2,Two,{server.url('404', 'a')}\n3,Three,\n")
    folder = tmp_path / "films"
    triptych("init", folder)
    triptych("add", folder, items)
    return folder


def test_the_table_of_reasons(triptych: Triptych, films: Path) -> None:
    answer = triptych("trailers", films, *QUICK)
    assert answer.status == 0
    assert [line.split("\t") for line in answer.out.splitlines()] == [
        ["outcome", "items", "% of the list"],
        ["fetched", "1", "33.3"],
        ["no link", "1", "33.3"],
        ["unavailable", "1", "33.3"],
        ["all", "3", "100.0"],
    ]
    assert str(films / "media" / "trailers") in answer.err
    assert triptych("info", films, "--json").status == 0


def test_a_list_and_json(triptych: Triptych, films: Path, server: Server, tmp_path: Path) -> None:
    wanted = tmp_path / "list.csv"
    wanted.write_text(f"item_id,url\n2,{server.url('good', 'a')}\n3,file:///etc/passwd\n9,{server.base}\n2,x\n")
    found = triptych("trailers", films, wanted, *QUICK, "--json").json
    assert found["counts"] == {"fetched": 1, "refused address": 1}
    assert (found["listed"], found["rows"], found["unknown"], found["doubled"], found["arrived"]) == (2, 4, 1, 1, 1)
    assert "Passed over: 1 of 4 rows of items" in triptych("trailers", films, wanted, *QUICK).err


def test_what_it_refuses(triptych: Triptych, films: Path, tmp_path: Path) -> None:
    missing = triptych("trailers", films, tmp_path / "no.csv")
    assert missing.status == 3
    assert "there is no file" in missing.err
    assert triptych("trailers", films, "--per-second", "0").status == 2
    assert triptych("trailers", tmp_path / "nothing").status == 3
