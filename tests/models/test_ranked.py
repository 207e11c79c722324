"""Scores become lists here: best first, equal ones by lot, nothing that may not be listed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from tests.contracts.recommender import history_of, permuted
from triptych.errors import TriptychError, UnknownName, UsageError
from triptych.models import lot, ranked
from triptych.models.chance import Chance
from triptych.models.popularity import Popularity
from triptych.models.ranked import Ranker, recommend
from triptych.models.recommender import Rough
from triptych.spaces import top


@dataclass(frozen=True, kw_only=True, eq=False)
class Fixed:
    """Gives the scores it was made with; strangers get the last row."""

    given: np.ndarray

    def scores(self, users: np.ndarray) -> np.ndarray:
        return self.given[users].astype(np.float32)


@dataclass(frozen=True, kw_only=True, eq=False)
class Sketched(Fixed):
    """The same, and roughly: off by as much as it says, up or down by lot. ``asked``: for how many pairs it was asked
    exactly."""

    off: float
    asked: list[int] = field(default_factory=list)

    def rough(self, users: np.ndarray) -> Rough:
        given = self.scores(users)
        moved = given + self.off * np.random.default_rng(8).choice([-1, 1], given.shape)

        def exact(user: np.ndarray, item: np.ndarray) -> np.ndarray:
            self.asked.append(len(user))
            return given[user, item]

        return Rough(scores=moved.astype(np.float32), off=np.full(len(users), self.off * 1.01, np.float32), exact=exact)


EMPTY = history_of(np.eye(40, 60, dtype=np.float32))


def test_lists_are_the_best_in_order_however_the_work_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    given = np.random.default_rng(0).standard_normal((40, 60))
    ranker = Ranker(history=EMPTY, seen=True)
    found, values = ranker.lists(Fixed(given=given), np.arange(40), n=7)
    assert (found == np.argsort(-given.astype(np.float32), axis=1)[:, :7]).all()
    assert (values == np.take_along_axis(given.astype(np.float32), found, axis=1)).all()
    monkeypatch.setattr(ranked, "CELLS", 100)
    again, _ = ranker.lists(Fixed(given=given), np.arange(40), n=7)
    assert (again == found).all()


def test_equal_scores_go_by_lot_and_every_item_has_the_same_chance() -> None:
    history = history_of(np.ones((3000, 12), np.float32))
    tied = np.zeros((3000, 12))
    tied[:, 3] = 1
    lists, _ = Ranker(history=history, seen=True, seed=2).lists(Fixed(given=tied), np.arange(3000), n=4)
    assert (lists[:, 0] == 3).all()
    others = np.bincount(lists[:, 1:].ravel(), minlength=12)[np.arange(12) != 3]
    expected = 3000 * 3 / 11
    assert ((others - expected) ** 2 / expected).sum() < 29.6  # χ² of ten degrees of freedom at .001
    another, _ = Ranker(history=history, seen=True, seed=3).lists(Fixed(given=tied), np.arange(3000), n=4)
    assert (another != lists).mean() > 0.5


def test_the_order_of_users_and_items_and_who_else_is_asked_about_move_no_list() -> None:
    rng = np.random.default_rng(4)
    given = rng.integers(0, 3, (40, 60))
    users, items = rng.permutation(40), rng.permutation(60)
    turned = permuted(EMPTY, users=users, items=items)
    one = recommend(Fixed(given=given), EMPTY, EMPTY.user_ids, n=8)
    other = recommend(Fixed(given=given[np.ix_(users, items)]), turned, EMPTY.user_ids[3:9], n=8)
    assert (one.items[3:9] == other.items).all()


def test_what_was_seen_is_no_candidate_or_never_to_be_recommended_is_not_listed() -> None:
    history = history_of(np.array([[5, 4, 0, 0, 0], [5, 0, 0, 0, 0]], np.float32), tuple("abcde"))
    scores = np.array([[9, 8, 7, -np.inf, 1], [9, 8, 7, -np.inf, 1]])
    found = recommend(Fixed(given=scores), history, ["user-0", "user-1"], n=4)
    assert found.items.tolist() == [["c", "e", "", ""], ["b", "c", "e", ""]]
    assert found.scores.tolist() == [[7, 1, 0, 0], [8, 7, 1, 0]]
    assert [place.item_id for place in found.of("user-0")] == ["c", "e"]
    seen = recommend(Fixed(given=scores), history, ["user-0"], n=9, candidates=["a", "d", "e"], seen=True)
    assert seen.items.tolist() == [["a", "e", "", "", ""]]
    assert recommend(Fixed(given=scores), history, [], n=4).items.shape == (0, 4)


def test_strangers_are_answered_where_that_is_asked_for_and_named_where_not() -> None:
    history = history_of(np.array([[5, 4, 0], [5, 0, 0], [5, 4, 1]], np.float32), tuple("abc"))
    popular = Popularity().fit(history)
    with pytest.raises(UnknownName, match="no user 'user-9'"):
        recommend(popular, history, ["user-9"], n=2)
    found = recommend(popular, history, ["user-9", "user-1"], n=2, strangers=True)
    assert found.items.tolist() == [["a", "b"], ["b", "c"]]
    assert found.queries == ("user-9", "user-1")


def test_a_recommender_that_breaks_its_contract_is_named_for_it() -> None:
    with pytest.raises(TriptychError, match=r"shape \(2, 3\) for 2 users and 60 items"):
        Ranker(history=EMPTY).lists(Fixed(given=np.zeros((40, 3))), np.arange(2), n=1)
    for wrong in (np.nan, np.inf):
        with pytest.raises(TriptychError, match="NaN or \\+inf"):
            Ranker(history=EMPTY).lists(Fixed(given=np.full((40, 60), wrong)), np.arange(2), n=1)


def test_what_cannot_be_honoured_is_refused() -> None:
    given = Fixed(given=np.zeros((40, 60)))
    with pytest.raises(UsageError, match="n is 0"):
        Ranker(history=EMPTY).lists(given, np.arange(2), n=0)
    with pytest.raises(UsageError, match="list of ids"):
        recommend(given, EMPTY, "user-1")
    with pytest.raises(UnknownName, match="no item 'nix'"):
        recommend(given, EMPTY, ["user-1"], candidates=["nix"])
    with pytest.raises(UsageError, match="flatnonzero"):
        Ranker(history=EMPTY, candidates=np.ones(60, bool))
    with pytest.raises(UsageError, match="none of them"):
        replace(Ranker(history=EMPTY), candidates=np.array([60]))


def test_of_a_crowd_that_ties_those_with_the_least_lots_are_listed() -> None:
    history = history_of(np.ones((30, 60), np.float32))
    given = np.random.default_rng(5).choice([0.0, 1.0, 2.0], (30, 60), p=[0.1, 0.8, 0.1])
    ranker = Ranker(history=history, seen=True, seed=6, candidates=np.arange(59, -1, -1))
    whole, _ = ranker.lists(Fixed(given=given), np.arange(30), n=60)  # where nothing is crowded out
    for n in (1, 3, 12):
        lists, values = ranker.lists(Fixed(given=given), np.arange(30), n=n)
        assert (lists == whole[:, :n]).all()
        assert (values == np.take_along_axis(given, lists, axis=1)).all()


@pytest.mark.parametrize("group", [1, 2, 5])
@pytest.mark.parametrize("n", [1, 3, 11, 60])
@pytest.mark.parametrize("off", [0.0, 0.02, 0.7, 50.0])
def test_by_rough_scores_the_lists_are_those_of_exact_ones(
    group: int, n: int, off: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some tie, some may not be listed, some users have had most."""
    rng = np.random.default_rng(7)
    given = np.concatenate([rng.standard_normal((20, 60)), rng.integers(0, 4, (20, 60))])
    history = history_of((rng.random((40, 60)) < np.linspace(0, 0.99, 40)[:, None]).astype(np.float32))
    among = None if n == 3 else rng.permutation(60)[:51]
    monkeypatch.setattr(ranked, "CELLS", 700)
    ranker = Ranker(history=history, candidates=among)
    wanted, values = ranker.lists(Fixed(given=given), np.arange(40), n=n)
    lots = lot.drawn(lot.keys(history.user_ids)[:, None], lot.keys(history.item_ids)[None, :], seed=0)
    may = np.isin(np.arange(60), np.arange(60) if among is None else among) & ~(history.pairs.toarray() > 0)
    for user in range(40):
        order = [k for k in np.lexsort((lots[user], -given[user].astype(np.float32))) if may[user, k]][:n]
        assert wanted[user].tolist() == order + [-1] * (n - len(order))
    monkeypatch.setattr(top, "GROUPS", 1)
    monkeypatch.setattr(top, "GROUP", group)
    monkeypatch.setattr(ranked, "CROWD", 1)
    made = Sketched(given=given, off=off)
    for one in (Fixed(given=given), made):
        found, again = ranker.lists(one, np.arange(40), n=n)
        assert found.tolist() == wanted.tolist()
        assert again.tobytes() == values.tobytes()
    assert sum(made.asked) < may.sum() or n == 60 or off > 1


def test_lists_by_chance_have_nothing_to_do_with_the_lots_that_break_ties() -> None:
    history = history_of(np.ones((400, 50), np.float32))
    ranker = Ranker(history=history, seen=True, seed=3)
    by_lot, _ = ranker.lists(Fixed(given=np.zeros((400, 50))), np.arange(400), n=10)
    by_chance, _ = ranker.lists(Chance(seed=3).fit(history), np.arange(400), n=10)
    common = np.mean(
        [len(set(one) & set(other)) for one, other in zip(by_lot.tolist(), by_chance.tolist(), strict=True)]
    )
    assert common == pytest.approx(10 * 10 / 50, abs=0.3)  # five deviations; none at all if one were the other turned
