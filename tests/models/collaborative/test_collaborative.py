"""What all rating models that know ratings alone must do: answer everything, hang on no order, mean the same on any
scale, and find what is planted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.models.collaborative.rated import every, hard, planted
from triptych.catalogue.history import History
from triptych.errors import UsageError
from triptych.models.predictor import Asked, RatingLessons
from triptych.models.predictors import model_of

#: Name → settings that make it quick.
MODELS: Mapping[str, Mapping[str, Any]] = {
    "random": {},
    "bias": {},
    "user-knn": {"k": 7},
    "user-knn-z": {"k": 7, "similarity": "pearson", "shrink": 2},
    "item-knn": {"k": 7, "off": "baseline"},
    "item-knn-z": {"k": 7, "similarity": "msd", "shrink": 2},
    "reg-svd": {"factors": 3, "batch": 100, "rate": 0.03, "spread": 0.1, "penalty": 0.05, "epochs": 30},
    "svd++": {"factors": 3, "batch": 100, "rate": 0.03, "spread": 0.1, "epochs": 30},
    "als": {"factors": 3, "epochs": 6, "penalty": 0.3, "bias_penalty": 0.3},
}
#: The most that each may be off what is asked; the noise alone is .25, and the tastes alone 1.
ERROR = {"random": 1.8, "bias": 1.15, "reg-svd": 0.45, "svd++": 0.5, "als": 0.45}


def told(name: str, lessons: RatingLessons, asked: Asked) -> np.ndarray:
    found = model_of(name, MODELS[name]).fit(lessons).predict(asked)
    assert found.mean.dtype == np.float64
    return found.mean


def error(name: str, train: History, test: History) -> float:
    found = told(name, RatingLessons(train=train, scale=(1, 5)), Asked.of(test))
    return float(np.sqrt(np.mean((found - test.values) ** 2)))


@pytest.mark.parametrize("name", MODELS)
def test_finds_what_is_planted(name: str) -> None:
    train, test = planted()
    assert error(name, train, test) < ERROR.get(name, 0.6)


@pytest.mark.parametrize("name", MODELS)
def test_hard_histories_are_answered_within_the_scale_and_the_cold_by_what_is_known(name: str) -> None:
    for what, lessons in hard().items():
        predictor = model_of(name, MODELS[name]).fit(lessons)
        asked = every(lessons.train)
        found = predictor.predict(asked).mean
        low, high = lessons.scale
        assert ((found >= low) & (found <= high)).all(), what
        assert json.dumps(predictor.facts, allow_nan=False), what
        if name == "random":
            continue
        cold = (lessons.train.user_counts[asked.users] == 0) & (lessons.train.item_counts[asked.items] == 0)
        assert cold.sum() > 0
        np.testing.assert_allclose(found[cold], lessons.mean, atol=1e-6)
        if what == "all of one rating":
            # What is drawn to start with goes on for as long as nothing is learned.
            np.testing.assert_allclose(found, 3.7, atol=0.1 if "svd" in name else 1e-6)


@pytest.mark.parametrize("name", MODELS)
def test_a_pair_hangs_on_itself_alone_and_not_on_the_order_of_the_rows(name: str) -> None:
    train, _ = planted(1, users=20, items=15)
    lessons, asked = RatingLessons(train=train, scale=(1, 5)), every(train)
    model = model_of(name, MODELS[name])
    predictor = model.fit(lessons)
    found = predictor.predict(asked).mean
    assert np.array_equal(found, model.fit(lessons).predict(asked).mean)
    order = np.random.default_rng(0).permutation(len(asked))
    np.testing.assert_allclose(predictor.predict(asked.take(order)).mean, found[order], atol=1e-12)
    for k in order[:10]:
        alone = Asked(users=asked.users[k : k + 1], items=asked.items[k : k + 1])
        np.testing.assert_allclose(predictor.predict(alone).mean, found[k : k + 1], atol=1e-12)
    assert len(predictor.predict(asked.take(order[:0])).mean) == 0
    shuffled = train.take(np.random.default_rng(1).permutation(len(train)))
    np.testing.assert_allclose(told(name, replace(lessons, train=shuffled), asked), found, atol=1e-8)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("scale", [(0.0, 10.0), (0.5, 5.0)])
def test_on_another_scale_the_predictions_are_the_same_on_it(name: str, scale: tuple[float, float]) -> None:
    train, _ = planted(2, users=20, items=15)
    step = (scale[1] - scale[0]) / 4
    moved = replace(train, values=(scale[0] + step * (train.values.astype(np.float64) - 1)).astype(np.float32))
    found = told(name, RatingLessons(train=train, scale=(1, 5)), every(train))
    there = told(name, RatingLessons(train=moved, scale=scale), every(train))
    np.testing.assert_allclose(there, scale[0] + step * (found - 1), atol=2e-5)


def test_a_seed_decides_what_is_drawn() -> None:
    train, _ = planted(3, users=20, items=15)
    lessons = RatingLessons(train=train, scale=(1, 5))
    for name in ("random", "reg-svd", "svd++", "als"):
        model = model_of(name, MODELS[name])
        other = model_of(name, {**MODELS[name], "seed": 1})
        assert model.key != other.key
        assert not np.allclose(
            model.fit(lessons).predict(every(train)).mean, other.fit(lessons).predict(every(train)).mean
        )


def test_guesses_are_normal_with_the_mean_and_spread_of_training() -> None:
    from triptych.models.collaborative.guess import Guess

    train, _ = planted(4, users=100, items=100)
    wide = RatingLessons(train=train, scale=(-50, 50))
    found = Guess().fit(wide).predict(every(train)).mean
    mean, sd = float(train.values.mean()), float(train.values.std())
    assert abs(found.mean() - mean) < 4 * sd / 100
    assert abs(found.std() - sd) < 0.05 * sd
    assert np.mean(np.abs(found - mean) < 1.96 * sd) == pytest.approx(0.95, abs=0.01)
    assert len(np.unique(found)) > 0.99 * len(found)


def test_settings_that_cannot_be_are_refused() -> None:
    bad: list[tuple[str, dict[str, Any]]] = [
        ("user-knn", {"k": 0}),
        ("user-knn", {"similarity": "cosin"}),
        ("user-knn", {"of": "films"}),
        ("user-knn", {"k": "many"}),
        ("item-knn-z", {"shrink": -1}),
        ("item-knn-z", {"ties": "first"}),
        ("bias", {"user_damping": -1}),
        ("reg-svd", {"factors": 1.5}),
        ("reg-svd", {"rate": 0}),
        ("svd++", {"implicit_penalty": float("nan")}),
        ("als", {"penalty": 0}),
        ("als", {"depth": 1}),
    ]
    for name, settings in bad:
        with pytest.raises(UsageError):
            model_of(name, settings)
    assert len({json.dumps(dict(model_of(name).key)) for name in MODELS}) == len(MODELS)
