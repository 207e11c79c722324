"""A blend leans on the part that is better on rows it did not learn from, and the test never reaches it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from triptych.catalogue.history import UNTIMED, History
from triptych.errors import TriptychError, UnknownName, UsageError
from triptych.models import blend as subject
from triptych.models.blend import Blend
from triptych.models.predictor import Asked, RatingLessons


def _history(values: np.ndarray) -> History:
    """A row for each cell that is no NaN."""
    users, items = np.nonzero(np.isfinite(values))
    return History(
        user_ids=tuple(f"u{k}" for k in range(len(values))),
        item_ids=tuple(f"i{k}" for k in range(values.shape[1])),
        users=users.astype(np.int32),
        items=items.astype(np.int32),
        values=values[users, items].astype(np.float32),
        times=np.full(len(users), UNTIMED),
    )


@pytest.fixture(scope="module")
def lessons() -> RatingLessons:
    """Items differ, users do not: a guess at random is worth nothing, biases tell all but the noise."""
    generator = np.random.default_rng(0)
    values = np.linspace(1, 5, 20) + 0.3 * generator.standard_normal((30, 20))
    values[generator.random(values.shape) < 0.3] = np.nan
    return RatingLessons(train=_history(np.clip(values, 1, 5)), scale=(1, 5))


def test_of_two_parts_the_better_has_the_weight_and_the_curve_is_kept(lessons: RatingLessons):
    fitted = Blend(parts=("bias", "random")).fit(lessons)
    weights = [part["weight"] for part in fitted.facts["parts"]]
    assert weights[0] >= 0.9
    assert sum(weights) == pytest.approx(1)
    curve = fitted.facts["curve"]
    assert [one["k"] for one in curve] == pytest.approx(np.arange(21) / 20)
    assert min(one["rmse"] for one in curve) == pytest.approx(fitted.facts["validation_rmse"])
    assert curve[-1]["rmse"] == pytest.approx(fitted.facts["parts"][0]["validation_rmse"])
    assert fitted.facts["refitted"]


def test_of_many_parts_none_has_less_than_nothing_and_intervals_hold(lessons: RatingLessons):
    fitted = Blend(parts={"bias": {}, "random": {}, "item-knn-z": {}}).fit(lessons)
    weights = [part["weight"] for part in fitted.facts["parts"]]
    assert min(weights) >= 0
    assert weights[1] < 0.15
    train = lessons.train
    told = fitted.predict(Asked.of(train))
    assert told.sd is not None
    assert 0.7 < np.mean(np.abs(told.mean - train.values) <= subject.MIDDLE * told.sd) < 0.95


def test_a_given_validation_decides_and_nothing_is_fitted_twice(lessons: RatingLessons):
    train, held = lessons.held_back(seed=5, share=0.2)
    upside = replace(held, values=(6 - held.values).astype(np.float32))
    told = replace(lessons, train=train, validation=held)
    fitted = Blend(parts=("bias", "random")).fit(told)
    turned = Blend(parts=("bias", "random")).fit(replace(told, validation=upside))
    assert not fitted.facts["refitted"]
    assert fitted.facts["parts"][0]["weight"] > turned.facts["parts"][0]["weight"]


def test_parts_never_learn_from_what_they_are_weighed_on(lessons: RatingLessons, monkeypatch: pytest.MonkeyPatch):
    seen: list[RatingLessons] = []

    @dataclass(frozen=True)
    class Spy:
        name: str = "bias"

        def fit(self, lessons: RatingLessons, *, folder=None, report=None):
            seen.append(lessons)
            return subject.model_of("bias").fit(lessons)

    made = Blend(parts=("bias", "random"), seed=4)
    monkeypatch.setattr(Blend, "_model", lambda self, part: Spy())
    made.fit(lessons)
    _, held = lessons.held_back(seed=4)
    for one in seen[:2]:
        assert one.validation is None
        assert not np.isin(held.keys, one.train.keys).any()
    assert [len(one.train) for one in seen[2:]] == [len(lessons.train)] * 2
    seen.clear()
    replace(made, refit=False).fit(lessons)
    assert len(seen) == 2


def test_a_pair_is_told_alone_as_among_others(lessons: RatingLessons):
    fitted = Blend(parts=("bias", "item-knn-z")).fit(lessons)
    asked = Asked.of(lessons.train)
    whole, part = fitted.predict(asked), fitted.predict(asked.take(np.array([9, 2])))
    assert part.mean == pytest.approx(whole.mean[[9, 2]], abs=1e-9)
    assert part.sd == pytest.approx(whole.sd[[9, 2]], abs=1e-9)


@pytest.mark.parametrize("scale", [(0.0, 10.0), (0.5, 5.0)])
@pytest.mark.parametrize(
    "values", [[[3.0, np.nan], [np.nan, np.nan]], [[5.0, 5.0], [5.0, np.nan]], [[0.5, 5.0], [np.nan, 2.0]]]
)
def test_whatever_there_is_to_learn_from_it_answers_within_the_scale(values, scale):
    fitted = Blend(parts=("bias", "item-knn", "random")).fit(
        RatingLessons(train=_history(np.array(values)), scale=scale)
    )
    told = fitted.predict(Asked(users=np.array([0, 0, 1, 1]), items=np.array([0, 1, 0, 1])))
    assert ((told.mean >= scale[0]) & (told.mean <= scale[1])).all()


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"parts": ()}, "needs parts"),
        ({"parts": "bias"}, "needs parts"),
        ({"parts": ({"settings": {}},)}, "names no model"),
        ({"parts": ({"model": "bias", "weight": 1},)}, "'weight'"),
        ({"parts": ("biass",)}, "'bias'"),
        ({"parts": {"bias": {"dampimg": 1}}}, "setting of bias"),
        ({"step": 0.3}, "whole number of times"),
        ({"held": 1.0}, "held is 1"),
        ({"penalty": -1.0}, "penalty"),
    ],
)
def test_settings_that_cannot_be_are_refused_before_anything_is_fitted(settings, says):
    with pytest.raises(TriptychError, match=says):
        Blend(**settings)


def test_an_unknown_preset_offers_those_there_are():
    with pytest.raises(UnknownName, match="best"):
        Blend.preset("bset")
    assert issubclass(UnknownName, UsageError)


def test_its_key_tells_all_that_decides_a_number():
    one = Blend(parts=("bias", "random"))
    assert one.key == Blend(parts={"bias": {}, "random": {}}).key
    assert one.key != replace(one, seed=1).key
    assert one.key != replace(one, parts=("random", "bias")).key


def test_the_best_is_made_of_models_there_are():
    pytest.importorskip("myfm")
    best = subject.model_of("best", {"held": 0.2})
    assert best.name == "best"
    assert [part["model"] for part in best.key["parts"]] == ["Gaussian", "FM"]
