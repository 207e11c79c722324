"""Evaluate ratings: from two files to a table, what was known, and what cannot be done."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Triptych
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.sources.movielens.movielens import MovieLens
from triptych.cli.evaluate_ratings import in_time, split_of
from triptych.evaluate.described import Described
from triptych.features.feature import Feature
from triptych.features.recipe import Recipe
from triptych.features.store import FeatureStore

DAMPED = ("-m", "bias", "--set", "user_damping=1", "--set", "item_damping=1")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty users and twelve items, a fifth of whose ratings judge; item 13 is cold, and user 21."""
    folder = tmp_path_factory.mktemp("u1")
    rng = np.random.default_rng(0)
    sides: dict[str, list[str]] = {"base": [], "test": ["1\t13\t4\t100\n", "21\t1\t2\t100\n"]}
    for user in range(1, 21):
        for item in range(1, 13):
            rating = int(np.clip(np.rint(3 + (user % 5 - 2) * 0.6 + (item % 3 - 1) + rng.normal(0, 0.5)), 1, 5))
            side = "test" if rng.random() < 0.2 else "base"
            sides[side].append(f"{user}\t{item}\t{rating}\t{100 + user + item}\n")
    for side, lines in sides.items():
        (folder / f"u1.{side}").write_text("".join(lines))
    films = "".join(f"{k},Film {k} (199{k % 10}),{('Action', 'Drama', 'Comedy')[k % 3]}\n" for k in range(1, 14))
    (folder / "movies.csv").write_text(f"movieId,title,genres\n{films}")
    people = "".join(f"{k}|{20 + k}|{'MF'[k % 2]}|writer|{k:05d}\n" for k in range(1, 21))
    (folder / "u.user").write_text(people)
    return folder


def given(files: Path) -> tuple[str | Path, ...]:
    return ("evaluate", "ratings", "--train", files / "u1.base", "--test", files / "u1.test")


def test_one_model_as_json(files: Path, triptych: Triptych) -> None:
    known = ("--items", files / "movies.csv", "--users", files / "u.user")
    answer = triptych(*given(files), *known, *DAMPED, "--json")
    assert answer.status == 0, answer.err
    facts = answer.json
    assert facts["train"]["ratings"] + facts["test"]["ratings"] == 242
    assert [facts["test"][name] for name in ("cold_users", "cold_items", "cold_ratings")] == [1, 1, 2]
    assert (facts["scale"], facts["scale_given"]) == ([1, 5], False)
    assert facts["known_at_prediction"]["items"]["genres"] == 13
    assert facts["known_at_prediction"]["users"]["gender"] == 20
    assert facts["known_at_prediction"]["time"]
    (bias,) = facts["models"]
    assert (bias["model"], bias["key"]["user_damping"]) == ("bias", 1)
    overall = bias["rows"]["overall"]
    assert 0.3 < overall["metrics"]["rmse"] < 0.9
    assert overall["intervals"]["rmse"]["low"] < overall["metrics"]["rmse"] < overall["intervals"]["rmse"]["high"]
    assert 0.5 < overall["chosen"]["pooled-precision"] <= 1
    assert "diversity@4" in overall["chosen"]
    assert bias["rows"]["cold"]["ratings"] == 2
    assert bias["rows"]["warm"]["ratings"] + 2 == overall["ratings"]
    assert {"fit_s", "predict_s", "peak_bytes"} <= set(bias["cost"])
    assert bias["search"] is None


def test_a_table_of_several_models_and_what_is_said(files: Path, triptych: Triptych) -> None:
    models = ("-m", "random", "-m", "bias", "--set", "bias.user_damping=1", "--set", "bias.item_damping=1")
    answer = triptych(*given(files), *models, "--scale", "0,10")
    assert answer.status == 0, answer.err
    head, *rows = [line.split("\t") for line in answer.out.splitlines()]
    assert head == ["model", "rmse", "mae", "precision", "recall", "fit s", "predict s", "peak MiB"]
    assert [row[0] for row in rows] == ["random", "bias"]
    assert rows[1][1] < rows[0][1]
    assert "[" in rows[1][3]
    assert "1 cold users or 1 cold items" in answer.err
    assert "The scale is 0 to 10, as given." in answer.err
    assert "rated 4 or more, predicted 3.5 or more" in answer.err


def test_a_search_is_kept_and_goes_on(files: Path, tmp_path: Path, triptych: Triptych) -> None:
    asked = ("-m", "bias", "--set", "user_damping=1", "--try", "item_damping=0.1,1,100", "--search", "grid")
    first = triptych(*given(files), *asked, "--to", tmp_path, "--json")
    assert first.status == 0, first.err
    (bias,) = first.json["models"]
    assert len(bias["search"]["trials"]) == 3
    assert bias["search"]["chosen_on"] == "held-back"
    assert bias["key"]["item_damping"] == bias["search"]["chosen"]["item_damping"] < 100
    assert len(list((tmp_path / "bias" / "trials").glob("trial-*.json"))) == 3
    again = triptych(*given(files), *asked, "--to", tmp_path)
    assert "of 3 trials the best is item_damping" in again.err
    other = triptych(*given(files), *asked, "--to", tmp_path, "--seed", "1")
    assert (other.status, other.out) == (2, "")
    assert "holds the trials of another search" in other.err


def test_ratings_that_are_none_are_told(files: Path, tmp_path: Path, triptych: Triptych) -> None:
    base = tmp_path / "base.csv"
    lines = [",".join(line.split("\t")[:3]) for line in (files / "u1.base").read_text().splitlines()]
    base.write_text("\n".join(["user_id,item_id,rating", *lines, "1,13,nan", "2,13,x"]) + "\n")
    answer = triptych("evaluate", "ratings", "--train", base, "--test", files / "u1.test", *DAMPED, "--json")
    assert answer.status == 0, answer.err
    assert "Left out of base.csv: 2 interactions whose value is not a finite number." in answer.err
    assert answer.json["test"]["cold_items"] == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("-m", "biass"), "no rating model 'biass'; there is 'bias'"),
        (("-m", "bias", "--set", "dampings=1"), "no setting of bias in --set 'dampings'"),
        (("-m", "bias", "-m", "random", "--set", "seed=1"), "does not say of which model; write bias.seed=1"),
        (("-m", "bias", "--set", "als.seed=1"), "no model in this run 'als'"),
        (("-m", "bias", "--set", "seed"), "is no setting; write NAME=VALUE"),
        (("-m", "bias", "--set", "seed=1", "--set", "seed=2"), "set twice"),
        (("-m", "bias", "--try", "seed=1"), "ask for one with --search"),
        (("-m", "bias", "--search", "guess"), "no method of search 'guess'"),
        (("-m", "bias", "--scale", "5"), "write the least and the greatest rating like 1,5"),
        (("-m", "bias", "--scale", "2,4"), "lie outside of the scale"),
        (("-m", "random", "--search", "grid"), "random has no grid"),
    ],
)
def test_what_cannot_be_done_is_said(options: tuple[str, ...], said: str, files: Path, triptych: Triptych) -> None:
    answer = triptych(*given(files), *options)
    assert (answer.status, answer.out) == (2, "")
    assert said in answer.err


def test_pairs_on_both_sides_are_refused_and_models_are_listed(files: Path, triptych: Triptych) -> None:
    same = files / "u1.base"
    answer = triptych("evaluate", "ratings", "--train", same, "--test", same, *DAMPED)
    assert answer.status == 2
    assert "stand in training too" in answer.err
    assert "give --train and --test" in triptych("evaluate", "ratings").err
    assert "bias" in [row["model"] for row in triptych("evaluate", "ratings", "--list", "--json").json]


def test_a_network_is_given_what_a_catalogue_has_in_time(files: Path, tmp_path: Path) -> None:
    (tmp_path / "ml").mkdir()
    (tmp_path / "ml" / "movies.csv").write_text((files / "movies.csv").read_text())
    catalogue = Catalogue.init(tmp_path / "films")
    catalogue.add(MovieLens(path=tmp_path / "ml"))
    values = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    seen = {"2": Feature(values=values, times_s=np.arange(4.0))}
    with catalogue.writing("extract"):
        FeatureStore(catalogue.tables).write(Recipe(panel="seeing", name="frames"), seen)
    described, split = Described.of(tmp_path / "films", None), split_of(files / "u1.base", files / "u1.test")
    plain = described.background(split.history)
    assert in_time(described, plain, split, [{"seeing": []}]).sequences == {}
    for key in ({"seeing": ["*"]}, {"parts": [{"seeing": ["seeing/frames"]}]}):
        found = in_time(described, plain, split, [key]).sequences["seeing/frames"]
        place = split.history.item_ids.index("2")
        assert np.flatnonzero(found.mask).tolist() == [place]
        np.testing.assert_array_equal(found.values[place], values)


def test_one_user_and_one_rating_have_no_interval(tmp_path: Path, triptych: Triptych) -> None:
    (tmp_path / "base").write_text("1\t1\t3\t1\n1\t2\t3\t2\n2\t1\t3\t3\n")
    (tmp_path / "test").write_text("1\t3\t2\t1\n")
    asked = ("evaluate", "ratings", "--train", tmp_path / "base", "--test", tmp_path / "test", *DAMPED)
    answer = triptych(*asked)
    assert answer.status == 2
    assert "all ratings to learn from are 3, so that their scale is not known; give --scale" in answer.err
    answer = triptych(*asked, "--scale", "1,5")
    # All said 3, and nobody likes or is recommended anything.
    assert answer.out.splitlines()[1].split("\t")[1:5] == ["1.0000", "1.0000", "0.0000", "0.0000"]
    assert "intervals" not in answer.err
