"""Recent EASE and recent popularity."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.contracts.recommender import GIVEN, Fitted, Make, RecommenderContract, everyone, history_of, world
from triptych.errors import UsageError
from triptych.models.ease import EASE
from triptych.models.popularity import Popularity
from triptych.models.recent import RecentEASE, RecentPopularity


class TestRecentEASE(RecommenderContract):
    @pytest.fixture(scope="class")
    @classmethod
    def make(cls) -> Make:
        return lambda: RecentEASE(regularisation=5.0)

    def test_equally_good_items_score_equal(self, fitted: Fitted) -> None:
        """The twins of the world were had at different times; of one moment they are equal."""
        history = replace(world(), times=world().items.astype(np.int64) // 6 * 0)
        scores = fitted.make().fit(history).scores(everyone(history))
        one, other = (history.item_ids.index(name) for name in ("twin-1", "twin-2"))
        assert (scores[:, one] == scores[:, other]).all()


class TestRecentPopularity(RecommenderContract):
    @pytest.fixture(scope="class")
    @classmethod
    def make(cls) -> Make:
        return RecentPopularity

    def test_equally_good_items_score_equal(self, fitted: Fitted) -> None:
        history = replace(world(), times=np.zeros(len(world()), np.int64))
        scores = fitted.make().fit(history).scores(everyone(history))
        one, other = (history.item_ids.index(name) for name in ("twin-1", "twin-2"))
        assert (scores[:, one] == scores[:, other]).all()


def test_without_forgetting_it_is_ease() -> None:
    history = world()
    plain = EASE(regularisation=5.0).fit(history).scores(everyone(history))
    even = RecentEASE(regularisation=5.0, half_life_rows=None, like=None).fit(history).scores(everyone(history))
    assert (even == plain).all()


def test_what_goes_with_the_last_row_comes_first() -> None:
    """Two kinds of items that nobody mixes, but one user, who went from one kind to the other."""
    values = np.kron(np.eye(2), np.full((12, 6), 5)).astype(np.float32)
    values[0, :3], values[0, 3:6], values[0, 6:9] = 5, 0, 5
    history = history_of(values)
    scores = RecentEASE(regularisation=1.0, half_life_rows=1.0, floor=0.0).fit(history).scores(np.array([0]))[0]
    assert scores[9:].min() > scores[3:6].max()
    turned = replace(history, times=-history.times + 10_000)
    scores = RecentEASE(regularisation=1.0, half_life_rows=1.0, floor=0.0).fit(turned).scores(np.array([0]))[0]
    assert scores[3:6].min() > scores[9:].max()


def test_late_likes_count_more_and_of_one_moment_all_count_alike() -> None:
    history = world()
    counts = RecentPopularity(half_life=0.1).fit(history).scores(np.array([0]))[0]
    age = (len(history) - 1 - np.arange(len(history))) / len(history)
    expected = np.bincount(
        history.items, weights=np.where(history.values >= 4, 0.5 ** (age / 0.1), 0), minlength=GIVEN.shape[1]
    )
    np.testing.assert_allclose(counts, expected, rtol=1e-5)
    still = replace(history, times=np.zeros(len(history), np.int64))
    plain = Popularity(like=4.0).fit(history).scores(np.array([0]))[0]
    found = RecentPopularity(half_life=0.1).fit(still).scores(np.array([0]))[0]
    np.testing.assert_allclose(found / found.max(), plain / plain.max(), rtol=1e-5)
    with pytest.raises(UsageError, match="half_life is 0"):
        RecentPopularity(half_life=0.0)
