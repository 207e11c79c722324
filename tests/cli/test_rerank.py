"""--rerank: fit learns a re-ranker, recommend and explain go by it, and what cannot be asked says what to do."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

import polars as pl
import pytest

from tests.cli.conftest import Triptych
from tests.desk import seasons, world
from triptych.catalogue.catalogue import Catalogue
from triptych.cli import fit
from triptych.models.rerank import lambdamart

SMALL = ("--set", "seed=1", *seasons.SMALL)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rerank") / "films"
    seasons.made(folder)
    fit.command(folder, settings=[one for one in SMALL if one != "--set"], rerank=True)
    return folder


@pytest.fixture
def films(fitted: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(fitted, tmp_path / "films"))


def listed(told: object) -> list[str]:
    return [one["item_id"] for one in told["items"]]  # type: ignore[index]


def test_lists_are_re_ranked_unless_that_is_declined(fitted: Path, tmp_path: Path, triptych: Triptych) -> None:
    users = ("--user", "user-0", "--user", "user-7")
    both = triptych("recommend", fitted, *users, "--json").json
    own = triptych("recommend", fitted, *users, "--no-rerank", "--json").json
    assert [one["scored_by"] for one in (*both, *own)] == ["re-ranker"] * 2 + ["model"] * 2
    assert [listed(one) for one in both] != [listed(one) for one in own]
    assert triptych("recommend", fitted, *users, "--rerank", "--json").json == both
    (stranger,) = triptych("recommend", fitted, "--json").json
    assert stranger["scored_by"] == "model"
    assert stranger["notes"] == ["In the model's own order: the re-ranker knows users alone, by what they had."]
    out = tmp_path / "lists.csv"
    assert triptych("recommend", fitted, "--all", "--out", out, "--json").json["scored_by"] == "re-ranker"
    rows = pl.read_csv(out).filter(pl.col("user_id") == "user-7")
    assert rows["item_id"].to_list() == listed(both[1])


def test_it_is_told_why(fitted: Path, triptych: Triptych) -> None:
    found = triptych("explain", fitted, "--user", "user-7", "-n", "3", "--no-scenes", "--json").json
    (told,) = triptych("recommend", fitted, "--user", "user-7", "-n", "3", "--why", "--json").json
    assert [one["item"]["item_id"] for one in found] == listed(told)
    assert [one["sentence"] for one in found] == [one["why"] for one in told["items"]]
    for one, placed in zip(found, told["items"], strict=True):
        assert sum(reason["value"] for reason in one["reasons"]) == pytest.approx(placed["base"], abs=1e-6)
        assert one["history"]["of"] == "hybrid"
        assert {"hybrid", "succession"} <= {reason["group"] for reason in one["reasons"]}
    own = triptych("explain", fitted, "--user", "user-7", "-n", "1", "--no-scenes", "--no-rerank", "--json").json
    assert own[0]["history"]["of"] == ""


def test_a_schedule_fits_both(films: Path, triptych: Triptych) -> None:
    assert "No fit is due" in triptych("fit", films, "--due", "rows=1").err
    Catalogue.open(films).add(
        world.Offered(rows=[("new", "item-0", 5.0, 9_000_000), ("new", "item-9", 5.0, 9_000_001)])
    )
    # What came since is folded in for whoever asks why as well as for whoever asks what.
    why = triptych("explain", films, "--user", "new", "-n", "1", "--no-scenes", "--json").json
    assert why[0]["item"]["item_id"] == listed(triptych("recommend", films, "--user", "new", "--json").json[0])[0]
    answer = triptych("fit", films, *SMALL, "--due", "rows=1")
    assert "The re-ranker learned from 4 pasts and" in answer.err
    assert "where the model's own order has" in answer.err
    assert (films / "models" / "hybrid" / "2" / "ranker.txt").exists()
    told = triptych("fit", films, "--set", "seed=1", "--no-rerank", "--json").json
    assert (told["version"], told["rerank"]) == (3, None)
    assert triptych("recommend", films, "--user", "user-0", "--json").json[0]["scored_by"] == "model"
    answer = triptych("recommend", films, "--user", "user-0", "--rerank")
    assert answer.status == 2
    assert "was fitted without a re-ranker. Fit one: triptych fit CATALOGUE --rerank" in answer.err
    assert triptych("fit", films, "--set", "seed=1", "--json").json["rerank"] is None
    told = triptych("fit", films, *SMALL, "--rerank", "--json").json
    assert told["rerank"]["settings"]["ranker"]["leaves"] == seasons.RANKER.leaves
    assert told["rerank"]["validated"]["metric"] == "ndcg@10"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["--set", "rerank.each=50", "--no-rerank"],
            "rerank.each is a setting of the re-ranker; learn one with --rerank",
        ),
        (["--rerank", "--set", "rerank.like=3"], "goes by the likes of its model"),
        (["--rerank", "--set", "rerank.depth=3"], "no setting of the re-ranker 'depth'"),
        (["--rerank", "--set", "rerank.ranker=3"], "settings of its own"),
        (["--rerank", "--set", "rerank.later=ever"], "no way of cutting a history by time 'ever'"),
        (["--rerank", "--set", 'rerank.sources=["fortune"]'], "no source of candidates 'fortune'"),
        (["--rerank", "--set", "rerank.sources=ease"], "a list of one or more"),
        (["--rerank", "--set", "rerank.cuts=1"], "too little to learn a re-ranker from"),
    ],
)
def test_what_cannot_be_asked(arguments: list[str], words: str, fitted: Path, triptych: Triptych) -> None:
    answer = triptych("fit", fitted, *arguments)
    assert (answer.status, answer.out) == (2, "")
    assert words in answer.err
    assert "Traceback" not in answer.err
    assert not (fitted / "models" / "hybrid" / "2").exists()


def test_without_lightgbm_it_is_said_how_to_get_it(
    fitted: Path, triptych: Triptych, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lambdamart, "find_spec", lambda name: None if name == "lightgbm" else find_spec(name))
    for command in (["fit", fitted, "--rerank"], ["recommend", fitted, "--user", "user-0"]):
        answer = triptych(*command)
        assert (answer.status, answer.out) == (2, "")
        assert "pip install 'triptych[rank]'" in answer.err
    assert triptych("recommend", fitted, "--user", "user-0", "--no-rerank").status == 0


def test_where_the_manifest_cannot_be_read_a_re_ranker_is_not_guessed(films: Path, triptych: Triptych) -> None:
    path = films / "models" / "hybrid" / "1" / "manifest.json"
    path.write_text(path.read_text()[:-1])
    answer = triptych("fit", films, "--set", "seed=1")
    assert answer.status == 0
    assert "Whether it was re-ranked cannot be told; it is fitted without, unless --rerank is given." in answer.err
