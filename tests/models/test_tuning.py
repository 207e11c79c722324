"""Tuning tries what it may, finds the best, goes on where it was stopped, and says where the best is at an edge."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np
import pytest

from tests.contracts.recommender import checkerboard, history_of
from triptych.catalogue.history import History
from triptych.errors import UsageError
from triptych.models.ease import EASE
from triptych.models.recommender import Recommender
from triptych.models.tuning import Trial, Tuned, key_of, tune

TRAIN = history_of(np.ones((3, 4), np.float32))
VALIDATION = history_of(np.eye(3, 4, dtype=np.float32))


@dataclass(frozen=True, kw_only=True, eq=False)
class Hill:
    """Scores best at a place that only the judge knows. ``width`` is above 0 and no more than 8."""

    width: int = 2
    height: float = 1.0
    shape: str = "round"
    name: str = "hill"

    def __post_init__(self) -> None:
        if not 0 < self.width <= 8:
            raise UsageError(f"width is {self.width}; it is from 1 to 8.")

    def fit(self, history: History) -> Recommender:
        assert history is TRAIN, "it was fitted on something else than the training rows"
        return Told(model=self)


@dataclass(frozen=True, kw_only=True, eq=False)
class Told:
    model: Hill

    def scores(self, users: np.ndarray) -> np.ndarray:
        return np.zeros((len(users), 4), np.float32)


@dataclass(frozen=True, kw_only=True, eq=False)
class Judge:
    """Best at one width and height; round is better than square. Counts how often it was asked."""

    width: float = 4
    height: float = 1.0
    calls: Iterator[int] = field(default_factory=count)

    def __call__(self, recommender: Recommender, train: History, validation: History) -> float:
        assert train is TRAIN
        assert validation is VALIDATION
        next(self.calls)
        hill = recommender.model  # type: ignore[attr-defined]
        return -abs(hill.width - self.width) - abs(np.log10(hill.height / self.height)) + (hill.shape == "round")


GRID = {"width": (2, 4, 6), "height": (0.1, 1.0, 10.0), "shape": ("square", "round")}


def run(**changed: Any) -> Tuned:
    asked: dict[str, Any] = {
        "train": TRAIN,
        "validation": VALIDATION,
        "score": Judge(),
        "clock": count(0.0, 0.5).__next__,
    }
    return tune(Hill, GRID, **{**asked, **changed})


def test_the_whole_grid_is_tried_and_written_down() -> None:
    told: list[tuple[int, int]] = []
    tuned = run(progress=lambda trial, number, of: told.append((number, of)))
    assert tuned.chosen == {"width": 4, "height": 1.0, "shape": "round"}
    assert (tuned.model.width, tuned.model.height, tuned.model.shape) == (4, 1.0, "round")
    assert told == [(k, 18) for k in range(1, 19)]
    assert tuned.chosen_on == "validation"
    assert not tuned.warnings
    table = tuned.table()
    assert table.column_names == ["width", "height", "shape", "score", "seconds", "beyond"]
    assert table.num_rows == tuned.cells == 18
    assert set(table["seconds"].to_pylist()) == {0.5}
    body = json.loads(json.dumps(tuned.to_json()))
    assert body["grid"]["height"] == [0.1, 1.0, 10.0]
    assert body["seconds"] == 9.0
    assert (body["train_rows"], body["validation_rows"]) == (12, 3)
    assert [Trial.from_json(one) for one in body["trials"]] == list(tuned.trials)


def test_a_budget_draws_as_many_trials_by_seed() -> None:
    one, same, other = (run(budget=6, seed=seed) for seed in (0, 0, 1))
    assert len(one.trials) == len({key_of(trial.params) for trial in one.trials}) == 6
    assert one.trials == same.trials
    assert [trial.params for trial in one.trials] != [trial.params for trial in other.trials]
    assert one.best.score == max(trial.score for trial in one.trials)
    assert len(run(budget=100).trials) == 18


def test_what_was_done_is_not_done_again() -> None:
    first, judge = run(budget=6), Judge()
    done = {key: Trial.from_json(json.loads(json.dumps(trial.to_json()))) for key, trial in first.done.items()}
    some = dict(list(done.items())[:4])
    again = run(budget=6, score=judge, done=some)
    assert next(judge.calls) == 2
    assert again.trials == first.trials
    assert again.chosen == first.chosen


def test_the_best_at_an_edge_is_said_and_carried_on_past_where_that_is_allowed() -> None:
    far = Judge(width=4, height=3000.0)
    short = run(score=far)
    assert short.warnings == ("hill: height 10 is the highest that was tried; 100 may be better still.",)
    longer = run(score=far, extend=2)
    assert [trial.params["height"] for trial in longer.trials if trial.beyond] == [100.0, 1000.0]
    assert longer.chosen["height"] == 1000.0
    assert longer.warnings
    settled = run(score=far, extend=9)
    assert [trial.params["height"] for trial in settled.trials if trial.beyond] == [100.0, 1000.0, 10000.0]
    assert settled.chosen["height"] == 1000.0
    assert settled.warnings == ()
    assert settled.grid["height"] == (0.1, 1.0, 10.0)


def test_an_end_that_the_model_itself_sets_is_no_edge() -> None:
    wide = run(score=Judge(width=100), extend=5)
    assert [trial.params["width"] for trial in wide.trials if trial.beyond] == []
    assert wide.chosen["width"] == 6
    assert wide.warnings == ()  # 9 is refused
    narrow = run(score=Judge(width=1), extend=5)
    assert narrow.chosen["width"] == 1
    assert narrow.warnings == ()


def test_what_is_in_no_order_or_has_one_value_has_no_edge() -> None:
    fixed = {"width": (4,), "shape": ("round", "square"), "height": (1.0, 100.0, 10.0)}
    tuned = tune(Hill, fixed, train=TRAIN, validation=VALIDATION, score=Judge(width=9, height=1.0))
    assert tuned.warnings == ()


def test_of_equals_the_first_is_chosen() -> None:
    tuned = run(score=lambda *given: 1.0)
    assert tuned.chosen == {"width": 2, "height": 0.1, "shape": "square"}


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(UsageError, match="scored nan on validation"):
        run(score=lambda *given: float("nan"))
    with pytest.raises(UsageError, match="allow at least 1"):
        run(budget=0)
    for values in ((), (1, 1)):
        with pytest.raises(UsageError, match="give at least one, and each once"):
            tune(Hill, {"width": values}, train=TRAIN, validation=VALIDATION, score=Judge())


def test_a_real_control_is_tuned_on_what_a_checkerboard_hides() -> None:
    train, answers = checkerboard()
    hidden = np.zeros((24, 24), np.float32)
    hidden[np.arange(24), answers] = 5

    def found(recommender: Recommender, train: History, validation: History) -> float:
        scores = recommender.scores(np.arange(24))
        scores[train.pairs.toarray() > 0] = -np.inf
        return float((validation.pairs.toarray()[np.arange(24), scores.argmax(axis=1)] > 0).mean())

    tuned = tune(EASE, {"regularisation": (1.0, 10.0)}, train=train, validation=history_of(hidden), score=found)
    assert tuned.best.score == 1.0
    assert tuned.name == "EASE"
