"""Pairs: what each strategy promises, equal shares of strata and of users, and nothing on two sides."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triptych.catalogue.history import History
from triptych.errors import UnknownName, UsageError
from triptych.models.siamese import candidates
from triptych.models.siamese.pairs import STRATEGIES, Pairs, Strategy, apart, generate, jaccard, sides, split
from triptych.models.siamese.strata import by_id, stratified

SEEDS = st.integers(0, 2**20)
Marks = set[tuple[int, int, bool]]


def history_of(values: np.ndarray) -> History:
    """``[users, items]``, 0 where there is no rating."""
    users, items = np.nonzero(values)
    return History(
        user_ids=tuple(f"u{k}" for k in range(values.shape[0])),
        item_ids=tuple(f"i{k}" for k in range(values.shape[1])),
        users=users.astype(np.int32),
        items=items.astype(np.int32),
        values=values[users, items].astype(np.float32),
        times=np.full(len(users), -1, np.int64),
    )


def world(seed: int, *, users: int = 12, items: int = 24, share: float = 0.5) -> tuple[History, np.ndarray]:
    rng = np.random.default_rng(seed)
    values = rng.integers(1, 6, (users, items)) * (rng.random((users, items)) < share)
    values[0, :2] = 5, 1
    values[-1] = 0  # nobody
    values[-2] = 5 * (values[-2] > 0)  # dislikes nothing
    genres = (rng.random((items, 6)) < 0.3).astype(np.float32)
    genres[:2] = np.eye(6)[:2]
    genres[-1] = 0  # of no genre
    return history_of(values), genres


def alike_by_definition(genres: np.ndarray, a: int, b: int) -> float:
    one, other = set(np.flatnonzero(genres[a])), set(np.flatnonzero(genres[b]))
    return len(one & other) / len(one | other) if one | other else 0.0


def by_definition(history: History, genres: np.ndarray, strategy: Strategy) -> Marks:
    """Every pair that there is, by loops: the items in order, and whether it is alike."""
    values = history.matrix.toarray()
    may = [k for k in range(len(genres)) if history.item_counts[k] and (strategy == "collaborative" or genres[k].any())]
    found: Marks = set()
    for row in values:
        likes, dislikes = ([k for k in may if row[k] >= 4], [k for k in may if 0 < row[k] <= 3])
        if not (likes and dislikes):
            continue
        for a, b in itertools.combinations(likes, 2):
            near = alike_by_definition(genres, a, b)
            if strategy == "collaborative" or near >= 0.25 or (strategy == "genres" and near > 0):
                found.add((a, b, True))
        if strategy != "genres":
            for a, b in itertools.product(likes, dislikes):
                if strategy == "collaborative" or alike_by_definition(genres, a, b) < 0.1:
                    found.add((min(a, b), max(a, b), False))
    if strategy == "genres":
        pairs = itertools.combinations(may, 2)
        found |= {(a, b, False) for a, b in pairs if alike_by_definition(genres, a, b) == 0}
    return found


def marks(pairs: Pairs) -> list[tuple[int, int, bool]]:
    rows = zip(pairs.first.tolist(), pairs.second.tolist(), pairs.alike.tolist(), strict=True)
    return [(min(a, b), max(a, b), alike) for a, b, alike in rows]


@pytest.mark.parametrize("by", ["user", "pair"])
@pytest.mark.parametrize("strategy", STRATEGIES)
@settings(max_examples=8, deadline=None)
@given(seed=SEEDS)
def test_asked_for_more_than_there_are_it_gives_each_of_them_once(strategy: Strategy, by: str, seed: int) -> None:
    history, genres = world(seed)
    pairs = generate(history, genres, n=20_000, strategy=strategy, by=by, seed=seed)  # type: ignore[arg-type]
    found = marks(pairs)
    assert len(found) == len(set(found)) == len(pairs) == pairs.told["found"] < pairs.told["asked"] == 20_000
    assert set(found) == by_definition(history, genres, strategy)
    for kind in ("alike", "unlike"):
        strata = pairs.told[kind]["by_stratum"]
        assert all(one["all_of_them"] for one in strata)
        assert (
            sum(one["found"] for one in strata)
            == pairs.told[kind]["found"]
            == sum(a == (kind == "alike") for *_, a in found)
        )
    # Who a pair was drawn from thinks so of it; behind two films of no common genre stands nobody.
    values = history.matrix.toarray()
    own = pairs.users >= 0
    assert own.all() if strategy != "genres" else (own == pairs.alike).all()
    assert (values[pairs.users[own], pairs.first[own]] >= 4).all()
    second = values[pairs.users[own], pairs.second[own]]
    assert (np.where(pairs.alike[own], second >= 4, (second > 0) & (second <= 3))).all()


@pytest.mark.parametrize("strategy", STRATEGIES)
@settings(max_examples=8, deadline=None)
@given(seed=SEEDS)
def test_neither_the_order_of_rows_nor_anything_but_the_seed_decides(strategy: Strategy, seed: int) -> None:
    history, genres = world(seed)
    mixed = history.take(np.random.default_rng(seed).permutation(len(history)))
    one, other = (generate(rows, genres, n=30, strategy=strategy, seed=seed) for rows in (history, mixed))
    for column in ("first", "second", "alike", "users"):
        np.testing.assert_array_equal(getattr(one, column), getattr(other, column))
    assert one.told == other.told
    assert set(marks(one)) <= by_definition(history, genres, strategy)
    assert marks(one) != marks(generate(history, genres, n=30, strategy=strategy, seed=seed + 1))


def big(seed: int = 0, users: int = 300, items: int = 600) -> tuple[History, np.ndarray]:
    """Ratings of popular items, the first, and many by a few users."""
    rng = np.random.default_rng(seed)
    chance = np.outer(np.geomspace(1, 0.05, users), np.geomspace(0.8, 0.02, items))
    values = rng.integers(1, 6, (users, items)) * (rng.random((users, items)) < chance)
    genres = (rng.random((items, 5)) < 0.4).astype(np.float32)
    genres[~genres.any(axis=1), 0] = 1
    return history_of(values), genres


@pytest.mark.parametrize("drawn", [False, True])
def test_drawn_or_counted_out_pairs_are_as_likely(drawn: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    # One user has a pair of their own, another ten.
    items = np.array([0, 1, 2, 3, 4, 5, 6])
    among = candidates.Candidates(
        items=items,
        users=np.array([0, 0, 1, 1, 1, 1, 1]),
        partners=items,
        starts=np.array([0, 0, 2, 2, 2, 2, 2]),
        many=np.array([1, 1, 4, 4, 4, 4, 4]),
        own=np.array([0, 1, 0, 1, 2, 3, 4]),
    )
    if drawn:
        monkeypatch.setattr(candidates, "_FEW", 0)
        monkeypatch.setattr(candidates, "_AT_ONCE", 16)
        monkeypatch.setattr(candidates, "ALL", 0)
    chance = {}
    for by_user in (True, False):
        made = [
            among.take(
                3,
                by_user=by_user,
                sieve=lambda first, second: first >= 0,
                taken=np.array([2 * 7 + 3]),
                width=7,
                rng=np.random.default_rng(seed),
            )
            for seed in range(500)
        ]
        assert all(one.all_of_them is not drawn for one in made)
        keys = np.array([candidates.pair_keys(one.first, one.second, 7) for one in made])
        assert all(len(set(row)) == 3 for row in keys.tolist())
        assert not (keys == 2 * 7 + 3).any()
        chance[by_user] = (keys[:, 0] == 1).mean()
        # All others come up alike.
        assert np.unique(keys[keys != 1], return_counts=True)[1].std() < 30
    # Of the ten one is taken already. By user the first is of either alike, but for that; by pair it is one of ten.
    assert chance[True] == pytest.approx(0.5 / 0.95, abs=0.08)
    assert chance[False] == pytest.approx(0.1, abs=0.05)


def test_each_stratum_gives_as_many_although_few_ratings_are_of_the_last() -> None:
    history, genres = big()
    pairs = generate(history, genres, n=3000)
    placed = stratified(by_id(history.item_ids), history.item_counts > 0, 3)
    for alike in (True, False):
        assert np.bincount(placed[pairs.first[pairs.alike == alike]], minlength=3).tolist() == [500, 500, 500]
    first = generate(history, genres, n=3000, strata=1).first
    assert np.bincount(placed[first], minlength=3)[2] < 600
    # By how often they were rated: the strata turn around.
    popular = generate(history, genres, n=3000, key=history.item_counts)
    turned = stratified(history.item_counts, history.item_counts > 0, 3)
    assert np.bincount(turned[popular.first], minlength=3).tolist() == [1000, 1000, 1000]


def test_by_pair_heavy_users_speak_for_all_and_by_user_they_do_not() -> None:
    history, genres = big()
    heavy = np.argsort(-history.user_counts)[:30]
    share = {
        by: float(np.isin(generate(history, genres, n=2000, by=by, strata=1).users, heavy).mean())  # type: ignore[arg-type]
        for by in ("user", "pair")
    }
    assert share["user"] < 0.2 < 0.4 < share["pair"]


def test_a_stratum_that_lacks_pairs_is_not_made_up_for_and_it_is_told() -> None:
    history, genres = world(1)
    pairs = generate(history, genres, n=90, strategy="collaborative")
    for kind in ("alike", "unlike"):
        told = pairs.told[kind]
        assert [one["asked"] for one in told["by_stratum"]] == [15, 15, 15]
        assert all(one["found"] <= one["asked"] for one in told["by_stratum"])
    assert pairs.told["without_genres"] == (~genres.any(axis=1)).sum()
    assert pairs.told["users"] == 10
    few = generate(history, genres, n=7, balance=0.3)
    assert (few.alike.sum(), len(few)) == (2, 7)
    assert not generate(history, genres, n=7, balance=0).alike.any()


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_sides_share_no_user_and_no_item_and_only_what_may_teach_does(seed: int) -> None:
    history, genres = world(seed, users=40, items=60, share=0.8)
    may = np.random.default_rng(seed).random(60) < 0.8
    parts = apart(history, items=may, seed=seed)
    made = sides(history, genres, n=300, strategy="collaborative", items=may, seed=seed)
    for (part, one), (other_part, other) in itertools.combinations(zip(parts, made, strict=True), 2):
        assert not (part.users & other_part.users).any()
        assert not (part.items & other_part.items).any()
        assert not np.intersect1d(one.items, other.items).size
        assert not np.intersect1d(one.users, other.users).size
    for part, one in zip(parts, made, strict=True):
        assert len(one)
        assert part.items[one.items].all()
        assert may[one.items].all()
        assert part.users[one.users].all()
    assert sum(part.users.sum() for part in parts) == 39  # the last user rated nothing
    assert abs(parts[0].items.sum() - 0.7 * may.sum()) <= 1


def test_by_the_pair_as_the_thesis_splits_items_stand_on_all_sides() -> None:
    history, genres = big()
    made = sides(history, genres, n=1000, disjoint=False)
    assert [len(one) for one in made] == [700, 150, 150]
    whole = generate(history, genres, n=1000)
    assert Counter(marks(whole)) == Counter(itertools.chain.from_iterable(map(marks, made)))
    assert np.intersect1d(made[0].items, made[2].items).size
    assert [len(one) for one in split(whole, (0.5, 0.25, 0.25))] == [500, 250, 250]


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, width=st.sampled_from([1, 8, 19, 64, 65, 200]))
def test_jaccard_is_what_the_definition_says(seed: int, width: int) -> None:
    rng = np.random.default_rng(seed)
    genres = (rng.random((9, width)) < 0.3).astype(np.float32)
    genres[0] = 0
    a, b = rng.integers(9, size=(2, 40))
    expected = [alike_by_definition(genres, i, j) for i, j in zip(a, b, strict=True)]
    np.testing.assert_allclose(jaccard(genres, a, b), expected, rtol=1e-6)
    np.testing.assert_array_equal(
        jaccard(genres, np.arange(9)[:, None], np.arange(9)), jaccard(genres, *np.indices((9, 9)))
    )


def test_the_examples_of_the_thesis() -> None:
    action, crime, drama, thriller, animation, adventure, comedy = np.eye(7)
    genres = np.array([action + crime + drama, action + crime + thriller, animation + adventure + comedy])
    assert jaccard(genres, np.array([0, 0]), np.array([1, 2])).tolist() == [0.5, 0.0]
    # At the edges: ¼ is near enough, and a tenth is not far enough.
    edge = np.zeros((3, 10))
    edge[0, 0], edge[1, :4], edge[2] = 1, 1, 1
    history = history_of(np.array([[5, 5, 1], [5, 1, 5]]))
    assert set(marks(generate(history, edge, n=50))) == {(0, 1, True)}


def test_strata_are_of_one_size_and_ids_are_ordered_as_numbers() -> None:
    assert by_id(["10", "9", "100", "009", "m2x", "m10a"]).tolist() == [1, 0, 2, 0, 3, 4]
    assert by_id(["a", "", "b"]).tolist() == [1, 0, 2]
    among = np.array([True] * 9 + [False])
    assert stratified(np.arange(10)[::-1].copy(), among, 3).tolist() == [2, 2, 2, 1, 1, 1, 0, 0, 0, -1]
    # Those of one key stay together, in the stratum of the middle of them.
    assert stratified(np.array([1, 1, 1, 1, 1, 2, 3]), np.ones(7, bool), 3).tolist() == [0, 0, 0, 0, 0, 2, 2]
    assert stratified(np.zeros(4), np.ones(4, bool), 3).tolist() == [1] * 4


def test_what_cannot_be_honoured_is_told() -> None:
    history, genres = world(0)
    with pytest.raises(UnknownName, match="strategy 'hybird'"):
        generate(history, genres, n=5, strategy="hybird")  # type: ignore[arg-type]
    with pytest.raises(UnknownName, match="weigh candidates 'item'"):
        generate(history, genres, n=5, by="item")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="nobody rated something 6 or more"):
        generate(history, genres, n=5, liked=6)
    with pytest.raises(UsageError, match="disliked must be below"):
        generate(history, genres, n=5, disliked=4)
    with pytest.raises(UsageError, match="genres of 3 items"):
        generate(history, genres[:3], n=5)
    with pytest.raises(UsageError, match="0 pairs"):
        generate(history, genres, n=0)
    with pytest.raises(UsageError, match="1 in all"):
        sides(history, genres, n=5, shares=(0.7, 0.2, 0.2))
    with pytest.raises(UsageError, match="0 strata"):
        generate(history, genres, n=5, strata=0)
