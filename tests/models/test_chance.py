"""Chance is even, and hangs on the seed and two ids alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.contracts.recommender import history_of
from triptych.models.chance import Chance


def test_scores_are_spread_evenly_and_unlike_for_each_user_item_and_seed() -> None:
    history = history_of(np.ones((60, 80), np.float32))
    users = np.arange(60)
    one, other = (Chance(seed=seed).fit(history).scores(users) for seed in (0, 1))
    for drawn in (one, other):
        assert ((drawn >= 0) & (drawn < 1)).all()
        assert len(np.unique(drawn)) > 0.999 * drawn.size
        counts = np.histogram(drawn, bins=10, range=(0, 1))[0]
        assert ((counts - 480) ** 2 / 480).sum() < 27.9  # χ² of nine degrees of freedom at .001
    assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.05
    assert abs(np.corrcoef(one[:-1].ravel(), one[1:].ravel())[0, 1]) < 0.05


def test_what_else_is_there_moves_nothing() -> None:
    history = history_of(np.ones((6, 8), np.float32))
    fewer = replace(history.take(history.items < 5), item_ids=history.item_ids[:5])
    one, other = (Chance(seed=3).fit(each).scores(np.arange(6)) for each in (history, fewer))
    assert (one[:, :5] == other).all()
