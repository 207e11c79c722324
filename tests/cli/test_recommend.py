"""recommend: to a user, to whoever says what they like, to all; with what came since the fit."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest

from tests.cli.conftest import Triptych
from tests.cli.test_fit import SMALL
from tests.desk import world
from triptych.catalogue.catalogue import Catalogue
from triptych.cli import fit


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recommend") / "films"
    world.made(folder)
    fit.command(folder, settings=[SMALL[1]])
    return folder


def listed(answer: object) -> list[list[str]]:
    lines = answer.out.splitlines()  # type: ignore[attr-defined]
    assert lines[0].split("\t")[:6] == ["for", "rank", "item_id", "title", "score", "by"]
    return [line.split("\t") for line in lines[1:]]


def test_a_user_gets_a_list_and_is_told_why(fitted: Path, triptych: Triptych) -> None:
    answer = triptych("recommend", fitted, "--user", "u0", "--user", "u1", "-n", "3", "--why")
    assert answer.status == 0, answer.err
    rows = listed(answer)
    assert [row[:2] for row in rows] == [[user, str(rank)] for user in ("u0", "u1") for rank in (1, 2, 3)]
    assert all(len(row) == 7 and row[6].endswith(".") for row in rows)
    had = {(user, item) for user, item, *_ in world.rows()}
    assert not had & {(row[0], row[2]) for row in rows}
    (told,) = triptych("recommend", fitted, "--user", "u0", "-n", "3", "--why", "--json", "--on", "2026-10-31").json
    assert [one["item_id"] for one in told["items"]] == [row[2] for row in rows[:3]]
    assert [one["why"] for one in told["items"]] == [row[6] for row in rows[:3]]
    assert (told["user"], told["on"], told["version"], told["candidates"]) == ("u0", "2026-10-31", 1, 12)
    assert told["left_out"]["seen"] == sum(user == "u0" for user, _ in had)


@pytest.mark.parametrize(
    ("arguments", "whom", "expected"),
    [
        (["--likes", "farm-0,farm-1"], "who likes farm-0, farm-1", "farm"),
        (["--likes", "space-0", "--likes", "space-1"], "who likes space-0, space-1", "space"),
        (["--text", "an astronaut on a starship"], "who asks for 'an astronaut on a starship'", "space"),
        ([], "a stranger", ""),
    ],
)
def test_who_is_no_user(arguments: list[str], whom: str, expected: str, fitted: Path, triptych: Triptych) -> None:
    rows = listed(triptych("recommend", fitted, *arguments, "-n", "2"))
    assert [row[0] for row in rows] == [whom, whom]
    # Of twelve films one is liked by all, so that the second place is anybody's.
    assert rows[0][2].startswith(expected), rows


def test_options_stand_over_the_file_of_a_programme(fitted: Path, tmp_path: Path, triptych: Triptych) -> None:
    file = tmp_path / "list.toml"
    file.write_text('n = 2\nwhere = ["genres=Farm"]\n[[boost]]\nname = "old"\nwhere = ["year<1993"]\nstrength = 9.0\n')
    ask = ("recommend", fitted, "--user", "u0", "--programme", file, "--json")
    (told,) = triptych(*ask).json
    assert len(told["items"]) == 2
    assert {one["item_id"].partition("-")[0] for one in told["items"]} == {"farm"}
    assert all(one["boosts"]["old"] > 0 for one in told["items"])
    (told,) = triptych(*ask, "-n", "12", "--where", "year>=1993", "--seen").json
    assert sorted(one["item_id"] for one in told["items"]) == ["farm-3", "farm-4", "farm-5"]
    assert told["left_out"].keys() == {"genres=Farm", "year>=1993"}
    assert told["notes"][-1].startswith("3 of 12 places are filled")
    answer = triptych("recommend", fitted, "--user", "u0", "-n", "12", "--where", "year>=1995")
    assert "user u0: 2 of 12 places are filled" in answer.err
    (told,) = triptych("recommend", fitted, "-n", "4", "--explore", "1", "--diversify", "mmr:0.5", "--json").json
    assert len(told["items"]) == 4
    assert {one["chosen_by"] for one in told["items"]} <= {"score", "diversity", "exploration"}


@pytest.mark.parametrize("name", ["lists.csv", "lists.parquet"])
def test_the_lists_of_all_are_those_of_each(name: str, fitted: Path, tmp_path: Path, triptych: Triptych) -> None:
    out = tmp_path / name
    told = triptych("recommend", fitted, "--all", "--out", out, "-n", "3", "--json").json
    assert {k: told[k] for k in ("users", "lists", "rows", "n", "model", "version")} == {
        "users": 8, "lists": 8, "rows": 24, "n": 3, "model": "hybrid", "version": 1,
    }  # fmt: skip
    rows = pl.read_csv(out) if name.endswith("csv") else pl.read_parquet(out)
    users = [f"--user=u{k}" for k in range(8)]
    alone = triptych("recommend", fitted, *users, "-n", "3", "--json").json
    assert rows.rows() == [
        (one["user"], placed["rank"], placed["item_id"], placed["score"]) for one in alone for placed in one["items"]
    ]
    assert list(tmp_path.iterdir()) == [out]


def test_what_came_since_the_fit_is_listed_without_one(fitted: Path, tmp_path: Path, triptych: Triptych) -> None:
    films = Path(shutil.copytree(fitted, tmp_path / "films"))
    catalogue, new = Catalogue.open(films), [world.film("space", 6), world.film("farm", 7)]
    catalogue.add(world.Offered(items=new, rows=[("new", "space-0", 5.0, 9), ("new", "space-1", 5.0, 9)]))
    world.measure(catalogue, new[:1])
    answer = triptych("recommend", films, "--user", "new", "-n", "12")
    assert "Folded in since the fit: 1 new item, 1 new user, 2 new interactions." in answer.err
    assert "1 new item waits, 'farm-7'" in answer.err
    found = [row[2] for row in listed(answer)]
    assert "space-6" in found
    assert not {"farm-7", "space-0", "space-1"} & set(found)
    assert (films / "models" / "hybrid" / "1").exists()
    assert not (films / "models" / "hybrid" / "2").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--user", "42"], "can be asked for by what they like: items, a text or a clip"),
        (["--user", "u0", "--text", "space"], "somebody who is no user"),
        (["--likes", "space-0,nothing"], "no item 'nothing'"),
        (["--text", " "], "the text is empty"),
        (["--text", "xylophone"], "knows none of its words"),
        (["--clip", "none.mp4"], "there is no clip 'none.mp4'"),
        (["--all"], "--out lists.csv"),
        (["--all", "--user", "u0", "--out", "lists.csv"], "--all is for every user"),
        (["--all", "--why", "--out", "lists.csv"], "have no room"),
        (["--user", "u0", "--out", "lists.csv"], "Give --all"),
        (["--all", "--out", "lists.txt"], "let its name end in .csv"),
        (["--all", "--out", "no/such/lists.csv"], "cannot be written"),
        (["--user", "u0", "--on", "tomorrow"], "is no day; write it like 2026-10-31"),
        (["--user", "u0", "--where", "colour=red"], "colour"),
        (["--user", "u0", "--diversify", "mmr:much"], "write it like mmr:0.5"),
        (["--user", "u0", "--diversify", "shuffle"], "no kind of diversify 'shuffle'"),
        (["--user", "u0", "--programme", "none.toml"], "none.toml"),
        (["--user", "u0", "--model", "weekend"], "no model 'weekend'; there is 'hybrid'"),
    ],
)
def test_what_cannot_be_asked(
    arguments: list[str],
    words: str,
    fitted: Path,
    tmp_path: Path,
    triptych: Triptych,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = triptych("recommend", fitted, *arguments)
    assert answer.status in (2, 3)
    assert answer.out == ""
    assert words in answer.err
    assert "Traceback" not in answer.err
    assert list(tmp_path.iterdir()) == []
