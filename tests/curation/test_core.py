"""Core: the bounds hold, nothing more could have stayed, and order does not matter."""

from __future__ import annotations

from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from triptych.curation.core import Cored, core

USERS, ITEMS = 7, 6


def run(pairs: list[tuple[int, int]], *, per_user: int, per_item: int, users: int = USERS, items: int = ITEMS) -> Cored:
    both = np.array(pairs, np.int32).reshape(-1, 2)
    return core(
        both[:, 0],
        both[:, 1],
        users=np.ones(users, bool),
        items=np.ones(items, bool),
        min_per_user=per_user,
        min_per_item=per_item,
    )


def naive(pairs: list[tuple[int, int]], per_user: int, per_item: int) -> tuple[set[int], set[int]]:
    """One at a time, as a person would."""
    users, items = set(range(USERS)), set(range(ITEMS))
    while True:
        left = [(u, i) for u, i in pairs if u in users and i in items]
        poor_user = next((u for u in sorted(users) if sum(a == u for a, _ in left) < per_user), None)
        if poor_user is not None:
            users.remove(poor_user)
            continue
        poor_item = next((i for i in sorted(items) if sum(b == i for _, b in left) < per_item), None)
        if poor_item is None:
            return users, items
        items.remove(poor_item)


events = st.lists(st.tuples(st.integers(0, USERS - 1), st.integers(0, ITEMS - 1)), max_size=50)


@settings(deadline=None)
@given(events, st.integers(0, 4), st.integers(0, 4))
def test_it_is_what_taking_out_one_at_a_time_leaves(pairs: list[tuple[int, int]], per_user: int, per_item: int) -> None:
    found = run(pairs, per_user=per_user, per_item=per_item)
    users, items = naive(pairs, per_user, per_item)
    assert set(np.flatnonzero(found.users)) == users
    assert set(np.flatnonzero(found.items)) == items


@settings(deadline=None)
@given(events, st.integers(1, 4), st.integers(1, 4))
def test_whoever_is_in_it_has_enough_and_the_counts_say_so(
    pairs: list[tuple[int, int]], per_user: int, per_item: int
) -> None:
    found = run(pairs, per_user=per_user, per_item=per_item)
    left = [(u, i) for u, i in pairs if found.users[u] and found.items[i]]
    for user in np.flatnonzero(found.users):
        assert sum(u == user for u, _ in left) == found.user_counts[user] >= per_user
    for item in np.flatnonzero(found.items):
        assert sum(i == item for _, i in left) == found.item_counts[item] >= per_item


@settings(deadline=None)
@given(events, st.sets(st.integers(0, USERS - 1)), st.sets(st.integers(0, ITEMS - 1)))
def test_every_part_that_satisfies_the_bounds_lies_within_it(
    pairs: list[tuple[int, int]], some_users: set[int], some_items: set[int]
) -> None:
    part = [(u, i) for u, i in pairs if u in some_users and i in some_items]
    if not part:
        return
    least_user = min(sum(u == user for u, _ in part) for user in {u for u, _ in part})
    least_item = min(sum(i == item for _, i in part) for item in {i for _, i in part})
    found = run(pairs, per_user=least_user, per_item=least_item)
    assert {u for u, _ in part} <= set(np.flatnonzero(found.users))
    assert {i for _, i in part} <= set(np.flatnonzero(found.items))


@settings(deadline=None)
@given(events, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(pairs: list[tuple[int, int]], chance: Random) -> None:
    shuffled = list(pairs)
    chance.shuffle(shuffled)
    one, other = run(pairs, per_user=2, per_item=2), run(shuffled, per_user=2, per_item=2)
    assert np.array_equal(one.users, other.users)
    assert np.array_equal(one.items, other.items)


def test_a_chain_falls_link_by_link() -> None:
    # Each user leans on the next item: taking out the first brings all down, one a round.
    pairs = [(k, k) for k in range(5)] + [(k + 1, k) for k in range(5)]
    found = run(pairs, per_user=2, per_item=2, users=6, items=5)
    assert not found.users.any()
    assert not found.items.any()
    assert found.rounds > 2


def test_counts_of_those_who_go_are_what_they_had_left_at_their_turn() -> None:
    # Item 2 has one interaction, and goes; user 2 then has only one of its two.
    pairs = [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 2)]
    found = run(pairs, per_user=2, per_item=2, users=3, items=3)
    assert found.users.tolist() == [True, True, False]
    assert found.items.tolist() == [True, True, False]
    assert found.user_counts[2] == 1
    assert found.item_counts[2] == 1
    assert found.item_counts[0] == 2


def test_without_a_bound_on_items_those_that_nobody_acted_on_stay() -> None:
    found = run([(0, 0)], per_user=1, per_item=0, users=2, items=3)
    assert found.items.all()
    assert found.users.tolist() == [True, False]


def test_without_interactions() -> None:
    found = run([], per_user=1, per_item=1)
    assert not found.users.any()
    assert not found.items.any()


def test_what_is_given_is_not_changed() -> None:
    users, items = np.ones(1, bool), np.ones(1, bool)
    core(np.zeros(1, np.int32), np.zeros(1, np.int32), users=users, items=items, min_per_user=2, min_per_item=0)
    assert users.all()
    assert items.all()
