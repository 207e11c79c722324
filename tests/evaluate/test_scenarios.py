"""Scenarios: cold means cold, validation too; the test stays the same where it must; folds are those of others."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import KFold

from tests.evaluate.test_splits import by_pair, world
from triptych.catalogue.history import History
from triptych.errors import UsageError
from triptych.evaluate import scenarios, splits
from triptych.evaluate.split import TEST, TRAIN, UNUSED, VALIDATION, Split

SEEDS = st.integers(0, 2**20)
COLD: dict[str, Callable[[History, int], list[Split]]] = {
    "items": lambda h, seed: scenarios.cold_items(h, k=3, validation=0.2, seed=seed),
    "users": lambda h, seed: scenarios.cold_users(h, k=3, validation=0.2, seed=seed),
    "both": lambda h, seed: scenarios.cold_both(h, k=2, validation=0.3, seed=seed),
    "newest": lambda h, seed: [scenarios.newest_items(h, share=0.3, validation=0.3)],
    "hard": lambda h, seed: [pair.hard_cold for pair in scenarios.non_cold_and_hard_cold(h, validation=0.3, seed=seed)],
}


def ids(split: Split, unit: str, side: int) -> set[int]:
    return set(getattr(split.history, unit)[split.side == side].tolist())


@pytest.mark.parametrize("way", COLD)
@settings(max_examples=12, deadline=None)
@given(seed=SEEDS)
def test_cold_is_cold_and_so_is_the_validation(way: str, seed: int) -> None:
    history = world(seed, users=20, items=20)
    rows = np.random.default_rng(seed).permutation(len(history))
    made = COLD[way](history, seed)
    for split, other in zip(made, COLD[way](history.take(rows), seed), strict=True):
        for unit in set(split.disjoint) - {"pairs"}:
            sides = [ids(split, unit, side) for side in (TRAIN, VALIDATION, TEST)]
            assert sides[0]
            assert sides[2]
            assert sides[1] or way == "both"  # few rows are of a held user with a held item
            assert len(set.union(*sides)) == sum(map(len, sides))
        assert by_pair(split) == by_pair(other)
    assert {u for split in made for u in split.disjoint} == {
        "pairs",
        *({"both": ("users", "items"), "users": ("users",)}.get(way, ("items",))),
    }


def test_folds_are_those_of_scikit_learn() -> None:
    history = world(4)
    expected = [set(test.tolist()) for _, test in KFold(5, shuffle=True, random_state=0).split(history.item_ids)]
    for split, test in zip(scenarios.cold_items(history), expected, strict=True):
        assert ids(split, "items", TEST) == test & set(history.items.tolist())
        assert len(split.test) + len(split.train) == len(history)
    with pytest.raises(UsageError, match="15 cannot make 16 folds"):
        scenarios.cold_items(history, k=16)


def test_newest_items_by_release_and_by_first_row() -> None:
    history = world(5)
    released = {f"i{k}": f"{1990 + k}-05-01" for k in range(14)}
    split = scenarios.newest_items(history, share=0.3, released=released, validation=0.2)
    # Four of the fourteen that have a date are nearest to three tenths; the undated fifteenth stays in training.
    assert ids(split, "items", TEST) == {10, 11, 12, 13}
    assert split.params["undated"] == 1
    assert 14 in ids(split, "items", TRAIN)
    assert max(ids(split, "items", VALIDATION)) < min(ids(split, "items", TEST))
    first = scenarios.newest_items(history, share=0.3)
    at = np.full(15, 10**9)
    np.minimum.at(at, history.items, history.times)
    assert max(at[list(ids(first, "items", TRAIN))]) < min(at[list(ids(first, "items", TEST))])
    with pytest.raises(UsageError, match="date of no item"):
        scenarios.newest_items(history, released={})


@settings(max_examples=12, deadline=None)
@given(seed=SEEDS)
def test_non_cold_and_hard_cold_have_one_test_and_half_of_its_items_between_them(seed: int) -> None:
    history = world(seed, users=20, items=20)
    tested: list[int] = []
    for pair in scenarios.non_cold_and_hard_cold(history, validation=0.2, seed=seed):
        warm, cold = pair.non_cold, pair.hard_cold
        for side in (TEST, VALIDATION):
            assert ((warm.side == side) == (cold.side == side)).all()
        assert not (warm.side == UNUSED).any()
        assert ((cold.side == UNUSED) == ((warm.side == TRAIN) & (cold.side != TRAIN))).all()
        assert ids(warm, "items", TEST) <= ids(warm, "items", TRAIN)
        assert (warm.test.item_counts[warm.test.items] == history.item_counts[warm.test.items] // 2).all()
        tested += sorted(ids(warm, "items", TEST))
    assert sorted(tested) == np.flatnonzero(history.item_counts > 1).tolist()


def test_masking_takes_from_training_alone_and_more_takes_the_same_and_more() -> None:
    split = splits.random(world(6), shares=(0.6, 0.2, 0.2), seed=2)
    half, most = (scenarios.mask(split, share=share, seed=2) for share in (0.5, 0.8))
    assert len(half.train) == pytest.approx(len(split.train) / 2, abs=0.5)
    assert len(most.train) == pytest.approx(len(split.train) * 0.2, abs=0.5)
    for masked in (half, most):
        changed = masked.side != split.side
        assert (split.side[changed] == TRAIN).all()
        assert (masked.side[changed] == UNUSED).all()
    assert ((half.side != UNUSED) | (most.side == UNUSED)).all()
    assert half.params["masked"] == {"share": 0.5, "seed": 2}


def test_caps_and_tops() -> None:
    history = world(7)
    two, four = scenarios.cap(history, 2, seed=1), scenarios.cap(history, 4, seed=1)
    assert (two.user_counts == np.minimum(2, history.user_counts)).all()
    assert (four.user_counts == np.minimum(4, history.user_counts)).all()
    pairs = [set(zip(h.users.tolist(), h.items.tolist(), strict=True)) for h in (two, four)]
    assert pairs[0] < pairs[1]
    small = scenarios.top(history, items=5, users=4)
    assert (len(small.item_ids), len(small.user_ids)) == (5, 4)
    kept = [history.item_ids.index(name) for name in small.item_ids]
    assert min(history.item_counts[kept]) >= max(np.delete(history.item_counts, kept))
    everything = dict(
        zip(by_pair(Split(history=history, side=np.zeros(len(history), np.int8), name="")), history.values, strict=True)
    )
    side = Split(history=small, side=np.zeros(len(small), np.int8), name="")
    for pair, value in zip(by_pair(side), small.values, strict=True):
        assert everything[pair] == value


def test_as_many_items_as_users_are_not_parted_alike() -> None:
    made = scenarios.cold_both(world(8, users=30, items=30), k=3, validation=0.3)
    assert any(ids(split, "users", TEST) != ids(split, "items", TEST) for split in made)
    everybody = History(
        user_ids=tuple(f"u{k:02}" for k in range(30)),
        item_ids=tuple(f"i{k:02}" for k in range(30)),
        users=np.repeat(np.arange(30, dtype=np.int32), 30),
        items=np.tile(np.arange(30, dtype=np.int32), 30),
        values=np.ones(900, np.float32),
        times=np.zeros(900, np.int64),
    )
    for split in scenarios.cold_both(everybody, k=3, validation=0.3):
        for side in (TEST, VALIDATION):
            assert ids(split, "users", side) != ids(split, "items", side)
