"""Item kNN equals its definition, and finds what a checkerboard hides."""

from __future__ import annotations

import numpy as np
import pytest

from tests.contracts.recommender import Make, RecommenderContract, checkerboard, everyone, history_of, world
from triptych.errors import UnknownName, UsageError
from triptych.models import item_knn
from triptych.models.item_knn import ItemKNN


class TestItemKNN(RecommenderContract):
    @pytest.fixture(scope="class")
    @classmethod
    def make(cls) -> Make:
        return lambda: ItemKNN(k=3, shrinkage=1.0, weighting="bm25")


def test_a_score_is_the_sum_of_cosines_to_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    values = (rng.random((20, 9)) < 0.5).astype(np.float32) * 5
    values[:, 4] = 0
    history, x, k = history_of(values), values > 0, 3
    alike = np.zeros((9, 9))
    for i in range(9):
        for j in range(9):
            if i != j:
                below = np.sqrt(x[:, i].sum() * x[:, j].sum()) + 2.0
                alike[i, j] = (x[:, i] & x[:, j]).sum() / below
        least = np.sort(alike[i])[-k]
        alike[i, alike[i] < least] = 0
    expected = np.stack([sum((alike[i] for i in np.flatnonzero(row)), np.zeros(9)) for row in x])
    found = ItemKNN(k=k, shrinkage=2.0).fit(history).scores(everyone(history))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    monkeypatch.setattr(item_knn, "CELLS", 20)
    assert (ItemKNN(k=k, shrinkage=2.0).fit(history).scores(everyone(history)) == found).all()


@pytest.mark.parametrize("weighting", item_knn.WEIGHTINGS)
def test_it_finds_what_a_checkerboard_hides(weighting: str) -> None:
    history, answers = checkerboard()
    scores = ItemKNN(k=11, weighting=weighting).fit(history).scores(everyone(history))
    scores[history.pairs.toarray() > 0] = -np.inf
    assert (scores.argmax(axis=1) == answers).all()


def test_who_has_everything_tells_less() -> None:
    """Items a and b share a user with few rows, a and c one with many."""
    values = np.zeros((2, 12), np.float32)
    values[0, [0, 1]] = 5
    values[1, [0, *range(2, 12)]] = 5
    plain = ItemKNN(shrinkage=0.0).fit(history_of(values)).weights.toarray()
    assert plain[0, 1] == plain[0, 2]
    told = ItemKNN(shrinkage=0.0, weighting="tf-idf").fit(history_of(values)).weights.toarray()
    assert told[0, 1] > told[0, 2]


def test_settings_that_mean_nothing_are_refused() -> None:
    with pytest.raises(UsageError, match="whole number"):
        ItemKNN(k=0)
    with pytest.raises(UsageError, match="shrinkage is -1"):
        ItemKNN(shrinkage=-1.0)
    with pytest.raises(UnknownName, match="weighting"):
        ItemKNN(weighting="jaccard")
    assert ItemKNN(like=4.0).fit(world()).rows.nnz < ItemKNN().fit(world()).rows.nnz
