"""ItemRidge against the regression it stands for, solved item by item over all features."""

from __future__ import annotations

import numpy as np
import pytest

from tests.models.collaborative.rated import every, hard, planted
from triptych.errors import UsageError
from triptych.models.collaborative.bias import biases
from triptych.models.collaborative.item_ridge import ItemRidge
from triptych.models.predictor import Asked, RatingLessons


def test_equals_ridge_regression_over_all_other_items() -> None:
    train, _ = planted(1, users=25, items=14)
    model = ItemRidge(penalty=0.7, rated=0.4)
    shape = (len(train.user_ids), len(train.item_ids))
    offsets = biases(train, user=model.damping, item=model.damping, range_=4)
    off, rated = np.zeros(shape), np.zeros(shape)
    off[train.users, train.items] = train.values - offsets.of(train.users, train.items)
    rated[train.users, train.items] = 1
    features = np.hstack([off, np.sqrt(model.rated) * rated]) / np.sqrt(np.maximum(rated.sum(axis=1), 1))[:, None]
    told = offsets.mean + offsets.users[:, None] + offsets.items
    for item in range(shape[1]):
        others = features.copy()
        others[:, [item, shape[1] + item]] = 0
        own = rated[:, item] > 0
        left = others[own].T @ others[own] + model.penalty * np.eye(2 * shape[1])
        told[:, item] += others @ np.linalg.solve(left, others[own].T @ off[own, item])
    found = model.fit(RatingLessons(train=train, scale=(1, 5))).predict(every(train)).mean
    np.testing.assert_allclose(found, np.clip(told, 1, 5).reshape(-1), atol=1e-9)


def test_finds_what_is_planted_and_hangs_on_no_order_or_batch() -> None:
    train, test = planted()
    lessons, asked = RatingLessons(train=train, scale=(1, 5)), Asked.of(test)
    predictor = ItemRidge(penalty=0.3).fit(lessons)
    found = predictor.predict(asked).mean
    assert np.sqrt(np.mean((found - test.values) ** 2)) < 0.45
    for k in range(5):
        np.testing.assert_allclose(predictor.predict(asked.take(slice(k, k + 1))).mean, found[k], atol=1e-12)
    shuffled = RatingLessons(train=train.take(np.random.default_rng(0).permutation(len(train))), scale=(1, 5))
    np.testing.assert_allclose(ItemRidge(penalty=0.3).fit(shuffled).predict(asked).mean, found, atol=1e-9)


def test_hard_histories_are_answered_and_too_many_users_refused() -> None:
    for what, lessons in hard().items():
        asked = every(lessons.train)
        found = ItemRidge().fit(lessons).predict(asked).mean
        low, high = lessons.scale
        assert ((found >= low) & (found <= high)).all(), what
        cold = (lessons.train.user_counts[asked.users] == 0) & (lessons.train.item_counts[asked.items] == 0)
        np.testing.assert_allclose(found[cold], lessons.mean, atol=1e-6)
    with pytest.raises(UsageError, match="refuses above 3"):
        ItemRidge(most_users=3).fit(hard()["a constant rater"])
    with pytest.raises(UsageError, match="above 0"):
        ItemRidge(penalty=0)
