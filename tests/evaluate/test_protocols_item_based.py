"""The item-based protocol: by hand, against its definition written out, and what it must refuse."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from triptych.catalogue.history import UNTIMED, History
from triptych.errors import UsageError
from triptych.evaluate.protocols.item_based import item_based

ITEMS = ("m", "x", "y", "z")
#: Two users who like m; what u1 thinks of x, u2 thinks of y.
RATINGS = {"u1": {"m": 5.0, "x": 4.0, "y": 2.0}, "u2": {"m": 4.0, "x": 1.0, "y": 5.0}}


def history_of(ratings: Mapping[str, Mapping[str, float]], item_ids: Sequence[str]) -> History:
    rows = [(u, item_ids.index(i), value) for u, of in enumerate(ratings.values()) for i, value in of.items()]
    return History(
        user_ids=tuple(ratings),
        item_ids=tuple(item_ids),
        users=np.array([u for u, _, _ in rows], np.int32),
        items=np.array([i for _, i, _ in rows], np.int32),
        values=np.array([value for _, _, value in rows], np.float32),
        times=np.full(len(rows), UNTIMED),
    )


def test_two_films_by_hand() -> None:
    lists = np.array([[1, 2], [3, 2], [-1, -1], [0, 1]])  # of m: x, y; of x: z, y; of y none; nobody likes z
    found = item_based(lists, history_of(RATINGS, ITEMS), least=2, cutoffs=(1, 2))
    second = 1 / math.log2(3)
    of_m = {
        "precision@1": (1 + 0) / 2,
        "precision@2": (1 / 2 + 1 / 2) / 2,
        "recall@1": (1 + 0) / 2,  # either likes one film beside m
        "recall@2": 1,
        "hit-rate@1": 1 / 2,
        "hit-rate@2": 1,
        "mrr@1": 1 / 2,
        "mrr@2": (1 + 1 / 2) / 2,
        "ndcg-graded@1": (15 / 31 + 1 / 31) / 2,
        "ndcg-graded@2": ((15 + 3 * second) + (1 + 31 * second)) / 2 / (31 + 15 * second),
    }
    of_x = {"ndcg-graded@2": 3 * second / (31 + 15 * second)}  # u1 alone, to whom y is worth something, and no hit
    assert found.ids == ("m", "x")
    assert found.unit == "item"
    assert set(found.values) == set(of_m)
    for metric, value in of_m.items():
        assert found.values[metric].tolist() == pytest.approx([value, of_x.get(metric, 0)], abs=1e-15), metric
    assert found.whole == {"listed": 3, "users": 2, "pairs": 3}


def test_who_may_judge() -> None:
    lists = np.array([[1, 2], [0, 2], [0, 1], [0, 1]])
    history = history_of(RATINGS, ITEMS)
    assert item_based(lists, history, least=3, cutoffs=(1,)).ids == ()
    assert item_based(lists, history, least=2, like=5, cutoffs=(1,)).ids == ()
    # Whoever likes m and nothing else has nothing to find, whatever is asked of users.
    alone = history_of({"u": {"m": 5.0}, "v": {"m": 5.0, "x": 4.0}}, ITEMS)
    assert item_based(lists, alone, least=1, cutoffs=(1,)).whole["users"] == 1


def by_definition(
    lists: np.ndarray, history: History, *, like: float, least: int, cutoffs: Sequence[int]
) -> dict[str, dict[str, float]]:
    """Item → metric → value, one judgement after another."""
    given: dict[int, dict[int, float]] = {}
    for user, item, value in zip(history.users.tolist(), history.items.tolist(), history.values.tolist(), strict=True):
        given.setdefault(user, {})[item] = value
    found: dict[str, dict[str, float]] = {}
    for item, row in enumerate(lists.tolist()):
        sums: dict[str, list[float]] = {}
        for ratings in given.values():
            liked = {one for one, value in ratings.items() if value >= like}
            if item not in liked or len(liked) < max(least, 2) or not any(one >= 0 for one in row):
                continue
            best = sorted((2.0**value - 1 for value in ratings.values()), reverse=True)
            for k in cutoffs:
                hits = [rank for rank, one in enumerate(row[:k], start=1) if one in liked]
                gain = sum((2.0 ** ratings.get(one, 0) - 1) / math.log2(j + 2) for j, one in enumerate(row[:k]))
                ideal = sum(worth / math.log2(j + 2) for j, worth in enumerate(best[:k]))
                figures = {
                    "precision": len(hits) / k,
                    "recall": len(hits) / (len(liked) - 1),
                    "hit-rate": float(bool(hits)),
                    "mrr": 1 / hits[0] if hits else 0.0,
                    "ndcg-graded": gain / ideal,
                }
                for metric, value in figures.items():
                    sums.setdefault(f"{metric}@{k}", []).append(value)
        if sums:
            found[history.item_ids[item]] = {metric: sum(values) / len(values) for metric, values in sums.items()}
    return found


@pytest.mark.parametrize("seed", range(8))
def test_it_equals_its_definition(seed: int) -> None:
    rng = np.random.default_rng(seed)
    users, items, width = 23, 17, 6
    taken = rng.random((users, items)) < rng.uniform(0.2, 0.9)
    who, what = np.nonzero(taken)
    # Stars by halves, and every other time so many values that they take two bytes.
    values = rng.integers(1, 11, len(who)) / 2 if seed % 2 else rng.uniform(0.5, 5, len(who))
    history = History(
        user_ids=tuple(f"u{k}" for k in range(users)),
        item_ids=tuple(f"i{k}" for k in range(items)),
        users=who.astype(np.int32),
        items=what.astype(np.int32),
        values=values.astype(np.float32),
        times=np.full(len(who), UNTIMED),
    )
    lists = np.array([rng.permutation(np.delete(np.arange(items), k))[:width] for k in range(items)])
    lists[np.arange(width)[None, :] >= rng.integers(0, width + 1, items)[:, None]] = -1
    terms = {"like": 3.5, "least": int(rng.integers(1, 6)), "cutoffs": (1, 2, 5, 6)}
    expected = by_definition(lists, history, **terms)
    found = item_based(lists, history, **terms)
    assert found.ids == tuple(expected)
    for metric, measured in found.values.items():
        assert measured == pytest.approx([expected[item][metric] for item in found.ids], abs=1e-12)
    # However many users are laid out at a time, and whatever the order of the rows.
    shuffled = history.take(rng.permutation(len(history)))
    again = item_based(lists, shuffled, cells=1, **terms)
    assert again.whole == found.whole
    for metric, measured in again.values.items():
        assert measured == pytest.approx(found.values[metric], abs=1e-14)


def test_the_order_of_ties_decides_it() -> None:
    # All films are of one genre, so any order of them is a list by similarity; the first ones are the popular ones.
    rng = np.random.default_rng(0)
    items = 40
    ratings = {
        f"u{u}": {f"i{i:02}": 5.0 for i in range(items) if rng.random() < 0.9 * 0.9**i or i == items - 1}
        for u in range(60)
    }
    history = history_of(ratings, [f"i{k:02}" for k in range(items)])
    alike = np.array([np.delete(np.arange(items), k) for k in range(items)])
    by_id, reversed_id = alike[:, :10], alike[:, ::-1][:, :10]
    figures = [item_based(lists, history, least=2).mean("precision@10") for lists in (by_id, reversed_id)]
    assert figures[0] > 2 * figures[1]


@pytest.mark.parametrize(
    ("lists", "terms", "said"),
    [
        ([[1, 2], [0, 2], [0, 1]], {}, "one row for each"),
        ([[1], [0], [0], [0]], {}, "cannot be judged at 2"),
        ([[0, 2], [0, 2], [0, 1], [0, 1]], {}, "list of 'm' names that item itself"),
        ([[1, 1], [0, 2], [0, 1], [0, 1]], {}, "list of 'm' names an item twice"),
        ([[1, 4], [0, 2], [0, 1], [0, 1]], {}, "outside 0 to 3"),
        ([[1, 2], [0, 2], [0, 1], [0, 1]], {"cutoffs": (2, 1)}, "rising"),
        ([[1, 2], [0, 2], [0, 1], [0, 1]], {"cutoffs": ()}, "rising"),
        ([[1, 2], [0, 2], [0, 1], [0, 1]], {"least": 0}, "1 or more"),
    ],
)
def test_what_cannot_be_judged_is_refused(lists: list[list[int]], terms: Mapping[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        item_based(np.array(lists), history_of(RATINGS, ITEMS), **{"cutoffs": (1, 2), **terms})


@pytest.mark.parametrize("value", [-1.0, 2000.0])
def test_ratings_without_a_gain_are_refused(value: float) -> None:
    lists = np.array([[1, 2], [0, 2], [0, 1], [0, 1]])
    history = history_of({"u": {"m": 5.0, "x": value, "y": 4.0}}, ITEMS)
    with pytest.raises(UsageError, match=r"2\^rating"):
        item_based(lists, history, least=2, cutoffs=(1,))
