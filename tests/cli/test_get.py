"""``triptych get`` as the shell sees it."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Triptych
from tests.gather.omdb.servers import Site, serving
from tests.gather.test_datasets import GroupLens

NAME = "movielens-latest-small"


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serving(GroupLens()) as running:
        yield running


def test_without_a_name_they_are_listed(triptych: Triptych) -> None:
    said = triptych("get")
    assert said.status == 0
    assert [line.split("\t")[0] for line in said.out.splitlines()][1:] == [
        "movielens-100k",
        "movielens-1m",
        "movielens-10m",
        "movielens-20m",
        "movielens-25m",
        "movielens-32m",
        "movielens-latest-small",
        "movielens-latest",
    ]
    assert [entry["name"] for entry in triptych("get", "--json").json] == [
        line.split("\t")[0] for line in said.out.splitlines()
    ][1:]


def test_terms_are_shown_and_not_taken_for_agreed(triptych: Triptych, site: Site, tmp_path: Path) -> None:
    said = triptych("get", NAME, "--to", tmp_path / "ml", "--address", site.address)
    assert said.status == 2
    assert "it is not handed on to others" in said.err
    assert f"triptych get {NAME} --accept" in said.err
    assert site.seen == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("typed", "status"), [("y\n", 0), ("n\n", 2), ("\n", 2)])
def test_on_a_terminal_it_asks(
    typed: str, status: int, triptych: Triptych, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = io.StringIO(typed)
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    said = triptych("get", NAME, "--to", tmp_path / "ml", "--address", site.address)
    assert said.status == status
    assert said.out == ""
    assert "Do you agree?" in said.err
    assert (tmp_path / "ml").exists() == (status == 0)


def test_it_is_fetched_once_and_the_next_command_is_told(triptych: Triptych, site: Site, tmp_path: Path) -> None:
    said = triptych("get", NAME, "--accept", "--to", tmp_path / "ml", "--address", site.address)
    assert said.status == 0
    assert "without warranty" in said.err
    assert f"Next: triptych add CATALOGUE {tmp_path / 'ml'}" in said.err
    assert (tmp_path / "ml" / "movies.csv").exists()
    asked = len(site.seen)
    again = triptych("get", NAME, "--to", tmp_path / "ml", "--address", site.address, "--json")
    assert again.status == 0
    assert again.json["fetched"] is False
    assert again.json["folder"] == str(tmp_path / "ml")
    assert len(site.seen) == asked


def test_it_goes_into_a_folder_of_its_own_name(
    triptych: Triptych, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert triptych("get", NAME, "--accept", "--address", site.address.rstrip("/")).status == 0
    assert [path.name for path in tmp_path.iterdir()] == ["ml-latest-small"]


def test_a_name_or_a_server_without_it(triptych: Triptych, site: Site, tmp_path: Path) -> None:
    said = triptych("get", "movielens-3m", "--accept")
    assert said.status == 2
    assert "List them: triptych get" in said.err
    said = triptych("get", "movielens-1m", "--accept", "--to", tmp_path / "ml", "--address", site.address)
    assert said.status == 6
    assert "404" in said.err
