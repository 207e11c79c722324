"""Search: the best on held-back ratings, the same budget by either method, and what was killed goes on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from triptych.catalogue.history import UNTIMED, History
from triptych.errors import CatalogueLocked, MissingExtra, UnknownName, UsageError
from triptych.models import proposals
from triptych.models.background import Background, Field
from triptych.models.grids import GRIDS, grid_of
from triptych.models.predictor import RatingLessons
from triptych.models.predictors import PREDICTORS, model_of
from triptych.models.proposals import propose
from triptych.models.search import fingerprint, search
from triptych.models.trials import Trial, Trials

GRID = {"user_damping": (0.01, 1.0, 100.0), "item_damping": (0.01, 1.0, 100.0)}


def lessons(background: Background | None = None) -> RatingLessons:
    """Users differ by much more than their ratings are noisy: damping them much is wrong."""
    rng = np.random.default_rng(0)
    users, items = (axis.ravel() for axis in np.mgrid[:20, :12])
    values = np.clip(rng.uniform(1.5, 4.5, 20)[users] + rng.normal(0, 0.5, 240), 1, 5)
    history = History(
        user_ids=tuple(f"u{k}" for k in range(20)),
        item_ids=tuple(f"i{k}" for k in range(12)),
        users=users.astype(np.int32),
        items=items.astype(np.int32),
        values=values.astype(np.float32),
        times=np.full(240, UNTIMED),
    )
    return RatingLessons(train=history, scale=(1, 5), background=background or Background())


@pytest.mark.parametrize("method", ["grid", "tpe"])
def test_it_finds_what_is_there_and_goes_on_where_it_was_killed(method: str, tmp_path: Path) -> None:
    asked: dict[str, Any] = {"grid": GRID, "method": method, "budget": 9, "clock": count(0.0, 1.0).__next__}
    whole = search("bias", lessons(), **asked)
    assert len({json.dumps(trial.params) for trial in whole.trials}) == len(whole.trials) == 9
    assert whole.chosen["user_damping"] < 10
    assert whole.best.score == max(trial.score for trial in whole.trials) < 0
    assert (whole.train_rows, whole.validation_rows, whole.chosen_on) == (216, 24, "held-back")
    assert whole.to_json()["method"] == method
    assert whole.model.key["user_damping"] == whole.chosen["user_damping"]

    class Killed(Exception):
        pass

    def kill(trial: Trial, number: int, of: int) -> None:
        if number == 4:
            raise Killed

    with pytest.raises(Killed):
        search("bias", lessons(), **asked, folder=tmp_path, progress=kill)
    assert len(list(tmp_path.glob("trial-*.json"))) == 4
    clock = count(0.0, 1.0)
    again = search("bias", lessons(), **{**asked, "clock": clock.__next__}, folder=tmp_path)
    assert next(clock) == 2 * 5  # five were tried
    assert [(one.params, one.score) for one in again.trials] == [(one.params, one.score) for one in whole.trials]
    with pytest.raises(UsageError, match=r"another search: it differs in .*seed"):
        search("bias", lessons(), **asked, folder=tmp_path, seed=1)


def test_a_folder_is_of_one_search_and_one_searcher(tmp_path: Path) -> None:
    kept = Trials(tmp_path / "a", {"model": "bias"})
    with kept.held() as done, pytest.raises(CatalogueLocked), Trials(tmp_path / "a", {"model": "bias"}).held():
        pass
    assert done == {}
    (tmp_path / "a" / "trial-x.json").write_text("{")
    with pytest.raises(UsageError, match="cannot be read"), kept.held():
        pass
    (tmp_path / "a" / "trial-x.json").write_text("{}")
    with pytest.raises(UsageError, match="is no trial: it lacks 'params'"), kept.held():
        pass
    (tmp_path / "a" / "search.json").unlink()
    with pytest.raises(UsageError, match="not of what search"), kept.held():
        pass
    (tmp_path / "b").write_text("")
    with pytest.raises(UsageError, match="is a file"), Trials(tmp_path / "b", {}).held():
        pass


def test_the_fingerprint_knows_all_that_is_taught() -> None:
    def told(value: float, name: str = "genres") -> Background:
        return Background(items={name: Field(values=np.full((12, 2), value, np.float32), mask=np.ones(12, bool))})

    plain = lessons()
    prints = {fingerprint(one) for one in (plain, lessons(told(1)), lessons(told(2)), lessons(told(1, "people")))}
    assert len(prints) == 4
    assert fingerprint(lessons()) == fingerprint(plain)


def test_proposals_stay_within_the_ends_and_try_nothing_twice() -> None:
    grid: Mapping[str, tuple[Any, ...]] = {"k": (1, 2, 8), "rate": (1e-3, 1e-1), "kind": ("a", ("b", "c")), "one": (7,)}

    def score(params: Mapping[str, Any]) -> float:
        assert isinstance(params["k"], int)
        assert 1 <= params["k"] <= 8
        assert 1e-3 <= params["rate"] <= 1e-1
        return -abs(params["k"] - 8) - abs(np.log10(params["rate"]) + 2) + (params["kind"] == "a")

    trials, edges = propose(score, grid, check=lambda params: None, budget=25)
    assert len(trials) == 25
    best = max(trials, key=lambda trial: trial.score)
    assert best.params["kind"] == "a"
    assert best.score > -0.5
    assert [edge.setting for edge in edges] == ["k"]
    # There are but two of them.
    few, _ = propose(score, {**grid, "k": (1,), "rate": (0.01,)}, check=lambda params: None, budget=25)
    assert len(few) == 2
    with pytest.raises(UsageError, match="give a budget"):
        propose(score, grid, check=lambda params: None, budget=None)


def test_what_cannot_be_searched_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnknownName, match="'tpe'"):
        search("bias", lessons(), grid=GRID, method="tpee")
    with pytest.raises(UsageError, match="cannot both be set and be searched"):
        search("bias", lessons(), grid=GRID, settings={"user_damping": 1.0})
    with pytest.raises(UnknownName, match="rating model"):
        grid_of("biass")
    monkeypatch.setattr(proposals, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"triptych\[tune\]"):
        search("bias", lessons(), grid=GRID, method="tpe", budget=2)


@pytest.mark.parametrize("name", GRIDS)
def test_every_grid_is_of_settings_that_the_model_has(name: str) -> None:
    if PREDICTORS[name].needs:
        for package in PREDICTORS[name].needs:
            pytest.importorskip(package)
    for setting, values in GRIDS[name].items():
        for value in values:
            assert model_of(name, {setting: value}).key
