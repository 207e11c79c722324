"""From nothing to an account: a data set, its metadata and its trailers, all over the network of this machine."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.gather.omdb.servers import KEY, FakeOmdb, film, serving
from tests.gather.test_datasets import GroupLens, zipped
from tests.gather.trailers import faulty
from triptych.cli.main import run

MOVIELENS = {
    "README.txt": "Terms.",
    "movies.csv": "movieId,title,genres\n"
    "1,Toy Story (1995),Animation|Comedy\n"
    "2,Heat (1995),Action\n"
    '3,"American President, The (1995)",(no genres listed)\n'
    "4,Sabrina (1954),Comedy\n"
    "5,Nowhere (1997),Drama\n",
    "ratings.csv": "userId,movieId,rating,timestamp\n"
    + "".join(
        f"{user},{item},{(user + item) % 9 / 2 + 0.5},{10**9 + user}\n" for user in range(6) for item in range(1, 6)
    ),
    "tags.csv": "userId,movieId,tag,timestamp\n1,1,toys,1000000000\n",
    "links.csv": "movieId,imdbId,tmdbId\n1,0114709,862\n2,0113277,949\n3,,\n4,0047437,6620\n5,0119809,\n",
}
OMDB = [
    film("tt0114709", "Toy Story"),
    film("tt0113277", "Heat", Plot=f"Said back: {KEY}."),
    film("tt0112346", "The American President"),
    film("tt0047437", "Sabrina", "1954"),
]
RULES = '[[rule]]\nuse = "years"\nfrom = 1970\n\n[[rule]]\nuse = "trailer"\n'


class Shell:
    """Commands as a shell would run them: what they said, and that with --json stdout is that and nothing else."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys
        self.said = ""

    def __call__(self, *arguments: str) -> Any:
        self._monkeypatch.setattr(sys, "argv", ["triptych", *arguments])
        with pytest.raises(SystemExit) as ended:
            run()
        said = self._capsys.readouterr()
        assert ended.value.code == 0, said.err
        self.said += said.out + said.err
        return json.loads(said.out) if "--json" in arguments else None


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Shell:
    monkeypatch.setenv("OMDB_API_KEY", KEY)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.chdir(tmp_path)
    return Shell(monkeypatch, capsys)


def test_from_nothing_to_an_account(shell: Shell, tmp_path: Path) -> None:
    archive = zipped({f"ml-latest-small/{name}": text.encode() for name, text in MOVIELENS.items()})
    with serving(GroupLens(archive=archive)) as site:
        got = shell("get", "movielens-latest-small", "--accept", "--address", site.address, "--json")
        assert (got["files"], got["fetched"]) == (5, True)
    shell("init", "films")
    shell("add", "films", got["folder"])

    with serving(FakeOmdb(films=OMDB)) as site:
        address = ("--address", site.address, "--per-second", "1000", "--json")
        first = shell("enrich", "films", "--limit", "2", *address)
        assert (first["found"], first["left"]) == (2, 3)
        second = shell("enrich", "films", *address)
        assert (second["found"], second["missing"], second["complete"], second["left"]) == (2, 1, 2, 0)
        asked = len(site.seen)
        assert shell("enrich", "films", *address)["asked"] == 0
        assert len(site.seen) == asked

    short = faulty.painted(tmp_path / "made", 2, seconds=6)
    with faulty.serving({"toys": short[0], "heat": short[1]}) as site:
        links = {
            1: site.url("good", "toys"),
            2: site.url("hops", "heat"),
            3: site.url("404", "x"),
            4: "file:///etc/passwd",
        }
        rows = "".join(f"{item},{url}\n" for item, url in links.items())
        (tmp_path / "list.csv").write_text(f"item_id,url\n{rows}")
        fetch = ("trailers", "films", "list.csv", "--allow-private", "--per-second", "100", "--json")
        fetched = shell(*fetch)
        assert fetched["counts"] == {"fetched": 2, "refused address": 1, "unavailable": 1}
        asked = len(site.log)
        again = shell(*fetch)
        assert (again["counts"], again["tries"], len(site.log)) == (fetched["counts"], 0, asked)

    extracted = shell("extract", "films", "--feature", "seeing/colour", "--workers", "1", "--json")
    assert (extracted["done"], extracted["failed"], extracted["clips_decoded"]) == (2, 0, 2)
    (tmp_path / "rules.toml").write_text(RULES)
    removed = {step["rule"]: step["items_removed"] for step in shell("clean", "films", "rules.toml", "--json")["steps"]}
    assert removed == {"catalogue": 0, "years": 1, "trailer": 2}
    account = shell("report", "data", "films", "--selection", "default", "--to", "films.html", "--json")
    assert (account["counts"]["items"], account["counts"]["interactions"]) == (5, 30)
    known = {row["field"]: row["known"] for row in account["films"]["coverage"]}
    assert (known["title"], known["plot"]) == (5, 4)
    assert (tmp_path / "films.html").exists()

    held = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert KEY not in shell.said
    assert KEY.encode() not in held
