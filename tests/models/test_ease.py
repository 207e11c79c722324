"""EASE is the ridge regression of each item on all others."""

from __future__ import annotations

import numpy as np
import pytest

from tests.contracts.recommender import checkerboard, everyone, history_of
from triptych.errors import UsageError
from triptych.models import ease
from triptych.models.ease import EASE


def test_each_column_is_the_ridge_regression_of_one_item_on_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    values = (rng.random((30, 12)) < 0.4).astype(np.float32) * 5
    values[:, 4] = 0
    values[:4] = np.where(values[:4] > 0, 2, 0)
    history = history_of(values)
    x = (values > 0).astype(float)
    expected = np.zeros((30, 12))
    for j in (k for k in range(12) if k != 4):
        others = [k for k in range(12) if k not in (j, 4)]
        a = x[:, others]
        expected[:, j] = a @ np.linalg.solve(a.T @ a + 3.0 * np.eye(len(others)), a.T @ x[:, j])
    whole = EASE(regularisation=3.0).fit(history).scores(everyone(history))
    np.testing.assert_allclose(whole, expected, atol=1e-6)
    monkeypatch.setattr(ease, "ROWS", 5)
    assert (EASE(regularisation=3.0).fit(history).scores(everyone(history)) == whole).all()
    liked = EASE(regularisation=3.0, like=4.0).fit(history).scores(np.arange(4))
    assert not liked.any()


def test_it_finds_what_a_checkerboard_hides() -> None:
    history, answers = checkerboard()
    scores = EASE(regularisation=5.0).fit(history).scores(everyone(history))
    scores[history.pairs.toarray() > 0] = -np.inf
    assert (scores.argmax(axis=1) == answers).all()


def test_above_so_many_items_it_says_what_memory_it_would_need() -> None:
    history = history_of(np.ones((2, 11), np.float32))
    with pytest.raises(UsageError, match=r"for 11 items takes 0\.0 GiB; it refuses above 10\. .*or choose ALS"):
        EASE(most_items=10).fit(history)
    rows = np.ones((2, 11), np.float32)
    rows[:, 10] = 0  # those without rows take no memory
    EASE(most_items=10).fit(history_of(rows))
    with pytest.raises(UsageError, match="regularisation is 0"):
        EASE(regularisation=0.0)
