"""fit: what it says of what it learned from, that it can wait until it is due, and what cannot be asked."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Triptych
from tests.desk import world
from triptych.catalogue.catalogue import Catalogue

#: Settings that cost little, for a catalogue of a dozen films.
SMALL = ("--set", "seed=3")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fit") / "films"
    world.made(folder)
    return folder


@pytest.fixture
def films(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "films"))


def test_a_fit_says_what_it_learned_from_and_is_kept(films: Path, triptych: Triptych) -> None:
    answer = triptych("fit", films, *SMALL)
    assert answer.status == 0, answer.err
    assert "Learned from 38 interactions (ratings, 30 of them likes) of 8 users with 10 items" in answer.err
    assert "12 items are known by 4 features of the space 'fused'." in answer.err
    assert f"Kept as version 1 in {films}/models/hybrid/1." in answer.err
    assert f"triptych recommend {films} --user u0" in answer.err
    assert answer.out.splitlines()[0] == "figure\tvalue"
    catalogue = Catalogue.open(films)
    catalogue.add(world.Offered(rows=[("u0", "elsewhere", 5.0, 9)]))
    catalogue.add(world.Offered(rows=[("u0", "farm-5", 1.0, 9)], kind="play"))
    told = triptych("fit", films, *SMALL, "--json", "--like", "2", "--keep", "1").json
    assert (told["fitted"], told["version"], told["interactions"]["like"]) == (True, 2, 2.0)
    assert told["settings"]["seed"] == 3
    assert told["counts"]["likes"] == 38
    assert told["folder"] == f"{films}/models/hybrid/2"
    assert [one.name for one in (films / "models" / "hybrid").iterdir() if one.name.isdigit()] == ["2"]
    said = triptych("fit", films, *SMALL, "--model", "weekend").err
    assert "1 interactions are of items that the catalogue does not have" in said
    assert "Not learned from: 1 of kind play. --implicit takes likes and plays too." in said
    assert "--model weekend" in said
    told = triptych("fit", films, *SMALL, "--implicit", "--json").json
    assert (told["interactions"]["like"], told["counts"]["likes"]) == (None, 39)


def test_a_fit_that_is_not_due_is_not_made(films: Path, triptych: Triptych) -> None:
    assert triptych("fit", films, *SMALL, "--due", "share=0.05", "--json").json["version"] == 1  # there was none
    answer = triptych("fit", films, *SMALL, "--due", "share=0.05,days=7")
    assert (answer.status, answer.out) == (0, "")
    assert "No fit is due: the model 'hybrid' is 0.0 days old." in answer.err
    assert triptych("fit", films, *SMALL, "--due", "rows=1", "--json").json == {
        "fitted": False, "days": pytest.approx(0, abs=1), "rows": 0, "items": 0,
    }  # fmt: skip
    Catalogue.open(films).add(world.Offered(rows=[("new", "farm-0", 5.0, 9), ("new", "farm-1", 5.0, 9)]))
    answer = triptych("fit", films, *SMALL, "--due", "share=0.05", "--json")
    assert answer.json["version"] == 2
    assert "2 interactions are new, 5.3% of the 38 learned from." in answer.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--like", "3", "--implicit"], "give one of the two"),
        (["--like", "3", "--set", "like=4"], "like is set twice"),
        (["--set", "likes=4"], "no setting of hybrid 'likes'; there is 'like'"),
        (["--set", "seed"], "is no setting; write NAME=VALUE"),
        (["--set", "seed=1", "--set", "seed=2"], "seed is set twice"),
        (["--set", "seed.x=1"], "hybrid.seed is no settings of its own; write seed=VALUE"),
        (["--model", "../x"], "cannot be called '../x'"),
        (["--space", "late"], "no space 'late'"),
        (["--due", "weekly"], "no measure of what is due 'weekly'"),
        (["--like", "6"], "6"),
    ],
)
def test_what_cannot_be_asked(arguments: list[str], words: str, made: Path, triptych: Triptych) -> None:
    answer = triptych("fit", made, *arguments)
    assert (answer.status, answer.out) == (2, "")
    assert words in answer.err
    assert "Traceback" not in answer.err
    assert not (made / "models" / "hybrid" / "current.json").exists()


def test_a_damaged_model_is_named_by_whoever_opens_it(films: Path, triptych: Triptych) -> None:
    triptych("fit", films, *SMALL)
    path = films / "models" / "hybrid" / "1" / "arrays.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    for command in (["recommend", films], ["fit", films, "--due", "days=7"]):
        answer = triptych(*command)
        assert (answer.status, answer.out) == (3, "")
        assert "arrays.safetensors" in answer.err
        assert f"triptych fit {films}" in answer.err
    assert json.loads((films / "models" / "hybrid" / "current.json").read_text())["version"] == 1
    assert triptych("fit", films, *SMALL).status == 0
    assert triptych("recommend", films).status == 0
