"""Together: EASE, and what it is brought up to date to is what a new fit gives."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from tests.contracts.recommender import checkerboard, everyone
from triptych.models.ease import EASE
from triptych.models.hybrid.together import Together


def drawn(users: int, items: int, *, seed: int = 0) -> np.ndarray:
    """What rows count; the last items have none."""
    rng = np.random.default_rng(seed)
    counts = np.where(rng.random((users, items)) < 0.3, rng.choice([0.5, 1.0], (users, items)), 0.0)
    counts[:, -3:] = 0
    return counts


def of(counts: np.ndarray, *, most: int = 1000) -> Together:
    return Together.of(sp.csr_array(counts), regularisation=7.0, most=most)


def agree(one: Together, other: Together, counts: np.ndarray) -> None:
    assert one.items.tolist() == other.items.tolist()
    assert one.count == other.count
    np.testing.assert_allclose(one.precision, other.precision, atol=1e-8)
    rows = sp.csr_array(counts)
    np.testing.assert_allclose(one.scores(rows), other.scores(rows), atol=1e-8)


def changed(together: Together, before: np.ndarray, after: np.ndarray) -> Together:
    """Brought up to date by those users who are unlike; new ones come last."""
    taller = np.vstack([before, np.zeros((len(after) - len(before), before.shape[1]))])
    who = np.flatnonzero((taller != after).any(axis=1))
    return together.renewed(sp.csr_array(taller[who]), sp.csr_array(after[who]))


def test_on_rows_that_all_count_one_it_is_ease() -> None:
    history, _ = checkerboard()
    ease = EASE(regularisation=7.0).fit(history)
    together = Together.of(history.pairs.astype(np.float64), regularisation=7.0, most=1000)
    everything = np.arange(len(history.item_ids))
    np.testing.assert_allclose(together.between(everything, everything)[np.ix_(ease.items, ease.items)], ease.weights)
    found = together.scores(history.pairs)
    np.testing.assert_allclose(found, ease.scores(everyone(history)), atol=1e-6)


def test_scores_are_sums_of_what_lies_between() -> None:
    counts = drawn(20, 12)
    together = of(counts)
    everything = np.arange(12)
    np.testing.assert_allclose(
        together.scores(sp.csr_array(counts)), counts @ together.between(everything, everything), atol=1e-12
    )
    assert not together.between(everything, everything)[:, -3:].any()
    assert not together.between(everything, everything).diagonal().any()


@pytest.mark.parametrize("many", [2, 25])
def test_it_is_brought_up_to_date_to_what_a_new_fit_gives(many: int) -> None:
    """By way of Woodbury for few users, and of a new inverse for many; with items that had no rows, and new users."""
    before = drawn(30, 12)
    after = np.vstack([before, drawn(3, 12, seed=2)])
    who = np.random.default_rng(3).permutation(30)[:many]
    after[who] = drawn(many, 12, seed=4)
    after[who[0], -2] = 1.0  # of an item that nobody had
    after[who[1]] = 0.0  # who has nothing any more
    agree(changed(of(before), before, after), of(after), after)


def test_many_small_changes_come_to_the_same() -> None:
    rng = np.random.default_rng(5)
    counts = drawn(30, 12)
    together = of(counts)
    for step in range(30):
        after = counts.copy()
        user, item = rng.integers(30), rng.integers(12)
        after[user, item] = [1.0, 0.5, 0.0][step % 3] if counts[user, item] else 1.0
        together, counts = changed(together, counts, after), after
    # Whose last row went away is still there, and says nothing.
    held = counts.any(axis=0)
    gone = ~held[together.items]
    np.testing.assert_allclose(together.precision[gone][:, ~gone], 0, atol=1e-10)
    np.testing.assert_allclose(
        together.scores(sp.csr_array(counts)), of(counts).scores(sp.csr_array(counts)), atol=1e-8
    )


def test_nothing_that_changed_changes_no_bit() -> None:
    counts = drawn(20, 12)
    together = of(counts)
    assert changed(together, counts, counts).precision.tobytes() == together.precision.tobytes()


def test_of_too_many_items_those_with_most_rows_take_part_and_none_joins_half_way() -> None:
    counts = drawn(40, 12)
    together = of(counts, most=5)
    held = (counts > 0).sum(axis=0)
    assert held[together.items].min() >= np.delete(held, together.items).max()
    after = counts.copy()
    after[:2] = 1.0  # of those left out too, which others had rows of that are not told here
    again = changed(together, counts, after)
    assert again.items.tolist() == together.items.tolist()
    np.testing.assert_allclose(again.precision, of(after[:, together.items]).precision, atol=1e-8)


def test_items_join_while_there_is_room() -> None:
    before = drawn(40, 12)
    after = np.vstack([before, np.zeros((3, 12))])
    after[40:, -1] = 1.0
    after[40, -2] = 1.0
    together = changed(of(before, most=10), before, after)
    assert together.items.tolist() == [*range(9), 11]
    kept = after.copy()
    kept[:, -2] = 0
    np.testing.assert_allclose(together.precision, of(kept).precision, atol=1e-8)
