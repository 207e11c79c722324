"""Popularity counts what it was given, and only the oracle looks ahead."""

from __future__ import annotations

import numpy as np
import pytest

from tests.contracts.recommender import history_of, world
from triptych.errors import UsageError
from triptych.models.popularity import OraclePopularity, Popularity

GIVEN = np.array([[5, 3, 0], [4, 3, 0], [0, 1, 0]], np.float32)


def test_it_counts_rows_or_liked_ones() -> None:
    history = history_of(GIVEN)
    assert Popularity().fit(history).scores(np.array([2])).tolist() == [[2, 3, 0]]
    assert Popularity(like=4.0).fit(history).scores(np.array([2])).tolist() == [[2, 0, 0]]
    with pytest.raises(
        UsageError, match=r"values of 6 or more, and the highest of 5 interactions is 5; choose a lower"
    ):
        Popularity(like=6.0).fit(history)


def test_the_oracle_counts_what_judges_it_by_ids_and_says_so() -> None:
    train = history_of(GIVEN, ("a", "b", "c"))
    judged = history_of(np.array([[5, 0, 4], [3, 0, 0]], np.float32), ("c", "x", "a"))
    oracle = OraclePopularity(judged=judged)
    assert "oracle" in oracle.name
    assert oracle.fit(train).scores(np.array([0])).tolist() == [[1, 0, 2]]
    assert OraclePopularity(judged=judged, like=4.0).fit(train).scores(np.array([0])).tolist() == [[1, 0, 1]]
    with pytest.raises(UsageError, match="shares no item with the training history"):
        OraclePopularity(judged=judged).fit(world())
