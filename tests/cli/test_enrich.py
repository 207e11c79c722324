"""``triptych enrich`` as the shell sees it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Triptych
from tests.gather.omdb.servers import KEY, FakeOmdb, Request, Site, film, serving
from tests.worlds.catalogues import catalogue_of
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Item


@pytest.fixture
def films(tmp_path: Path) -> Path:
    catalogue_of(
        tmp_path / "C",
        Item(item_id="1", imdb_id="114709"),
        Item(item_id="2", title="Twice (1990)"),
        Item(item_id="3", title="American President, The (1995)"),
        Item(item_id="4", title="Nowhere (1997)"),
    )
    return tmp_path / "C"


@pytest.fixture
def fake() -> FakeOmdb:
    return FakeOmdb(
        films=[
            film("tt0114709", "Toy Story"),
            film("tt0112346", "The American President"),
            film("tt0000001", "Twice", "1990"),
            film("tt0000002", "Twice \x1b[2J", "1990", Title="Twice"),
        ]
    )


@pytest.fixture
def site(fake: FakeOmdb, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("OMDB_API_KEY", KEY)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serving(fake) as running:
        yield running


def test_the_account_in_words_and_as_json(triptych: Triptych, films: Path, site: Site) -> None:
    said = triptych("enrich", films, "--address", site.address, "--per-second", "1000")
    assert said.status == 0
    assert said.out == ""
    assert "2 found, 1 missing, 1 ambiguous, 0 failed, 0 left, 0 lacked nothing; 5 questions asked" in said.err
    assert "Filled: plot 2," in said.err
    assert "Ambiguous: 2: Twice (1990) tt0000001; Twice (1990) tt0000002" in said.err
    assert f"Next: triptych extract {films}" in said.err
    again = triptych("enrich", films, "--address", site.address, "--json")
    assert again.err == ""
    assert (again.json["found"], again.json["complete"], again.json["asked"]) == (0, 2, 0)
    assert [account["item_id"] for account in again.json["ambiguities"]] == ["2"]
    assert KEY not in said.err + again.out


def test_without_a_key_it_tells_where_to_get_one(
    triptych: Triptych, films: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMDB_API_KEY", "  ")
    said = triptych("enrich", films, "--address", site.address)
    assert said.status == 2
    assert "omdbapi.com/apikey.aspx" in said.err
    assert "export OMDB_API_KEY=" in said.err
    assert site.seen == []


def test_a_wrong_key_is_named_and_not_shown(
    triptych: Triptych, films: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMDB_API_KEY", "s3cret-k3y")
    said = triptych("enrich", films, "--address", site.address)
    assert said.status == 6
    assert "does not take the key (Invalid API key)" in said.err
    assert "s3cret" not in said.err


@pytest.mark.parametrize("as_json", [False, True])
def test_the_daily_limit_is_exit_6_and_what_was_got_is_there(
    as_json: bool, triptych: Triptych, films: Path, site: Site, fake: FakeOmdb
) -> None:
    served: list[str] = []

    def limited(request: Request) -> bool:
        with site.guard:
            if not served:
                served.append(request.path)
                return False
        request.reply_json({"Response": "False", "Error": "Request limit reached!"}, status=401)
        return True

    fake.before = limited
    said = triptych("enrich", films, "--address", site.address, "--limit", "1")
    assert (said.status, len(served)) == (0, 1)
    said = triptych("enrich", films, "--address", site.address, *(["--json"] if as_json else []))
    assert said.status == 6
    assert "run the same command again tomorrow" in said.err
    assert Catalogue.open(films).items(["1"])[0].plot == "The plot of Toy Story."
    if as_json:
        assert said.json["stopped"]
        assert said.json["left"] == 3


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--address", "file:///etc/passwd"], 2),
        (["--per-second", "0"], 2),
        (["--limit", "0"], 2),
    ],
)
def test_arguments_that_cannot_be_honoured(
    arguments: list[str], status: int, triptych: Triptych, films: Path, site: Site
) -> None:
    assert triptych("enrich", films, *arguments).status == status


def test_no_catalogue(triptych: Triptych, tmp_path: Path, site: Site) -> None:
    said = triptych("enrich", tmp_path / "none")
    assert said.status == 3
    assert "triptych init" in said.err
