"""Recency: what a user had last counts most; rows of one moment share their places."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.contracts.recommender import GIVEN, history_of
from triptych.catalogue.history import UNTIMED, History
from triptych.errors import UsageError
from triptych.models.recency import ages, ranks, weights


def rows() -> History:
    """One user with five rows, of which two are of one moment and one of none; another with one row."""
    return History(
        user_ids=("a", "b"),
        item_ids=tuple("vwxyz"),
        users=np.array([0, 0, 0, 0, 0, 1], np.int32),
        items=np.array([0, 1, 2, 3, 4, 4], np.int32),
        values=np.array([5, 3, 4, 2, 5, 1], np.float32),
        times=np.array([30, 20, 20, UNTIMED, 40, 10], np.int64),
    )


def test_a_row_counts_by_how_many_are_later_and_by_what_it_is_worth() -> None:
    np.testing.assert_array_equal(ranks(rows()), [1, 2.5, 2.5, 4, 0, 0])
    found = weights(rows(), half_life_rows=2.0, floor=0.25, like=4.0, other=0.5).toarray()
    k = np.array([1, 2.5, 2.5, 4, 0])
    expected = (0.5 ** (k / 2) + 0.25) * [1, 0.5, 1, 0.5, 1]
    np.testing.assert_allclose(found, [expected, [0, 0, 0, 0, 0.5 * 1.25]])


def test_what_counts_nothing_is_left_out_and_without_forgetting_all_count_alike() -> None:
    found = weights(rows(), half_life_rows=None, like=4.0, other=0.0)
    assert found.nnz == 3
    assert (found.data == 1).all()
    whole = weights(rows(), half_life_rows=None, like=None)
    np.testing.assert_array_equal(whole.toarray() > 0, rows().pairs.toarray() > 0)


def test_the_clock_ticks_with_each_row_of_anybody() -> None:
    np.testing.assert_allclose(ages(rows()), np.array([1, 2.5, 2.5, 5, 0, 4]) / 6)


def test_the_order_of_rows_and_the_rows_of_others_change_nothing() -> None:
    history = history_of(GIVEN)
    order = np.random.default_rng(0).permutation(len(history))
    np.testing.assert_array_equal(ranks(history.take(order)), ranks(history)[order])
    later = replace(history, times=np.where(history.users == 0, history.times + 1000, history.times))
    np.testing.assert_array_equal(weights(later).toarray(), weights(history).toarray())


@pytest.mark.parametrize("wrong", [{"half_life_rows": 0.0}, {"floor": -1.0}, {"other": float("nan")}])
def test_what_cannot_be_weighed_by_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=r"is above 0|of 0 or more"):
        weights(rows(), **wrong)
