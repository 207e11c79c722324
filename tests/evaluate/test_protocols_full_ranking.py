"""Full ranking: by hand, against a loop, ties by lot, and nobody dropped."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

from triptych.catalogue.history import UNTIMED, History
from triptych.errors import TriptychError, UnknownName
from triptych.evaluate.protocols.full_ranking import Ranked, full_ranking
from triptych.evaluate.split import TEST, TRAIN, UNUSED, VALIDATION, Split

INF = float("inf")
#: Items a to e, of which e is cold. u: had a, is judged by b, c and e; v: had b, liked c; w: had c, liked nothing.
SIDES = [
    ("u", "a", 5, TRAIN),
    ("u", "b", 5, TEST),
    ("u", "c", 2, TEST),
    ("u", "e", 4, TEST),
    ("v", "b", 1, TRAIN),
    ("v", "c", 4, TEST),
    ("w", "c", 4, TRAIN),
    ("w", "d", 3, TEST),
    ("x", "d", 5, TRAIN),
]
SCORES = [
    [9, 3, 5, 1, 4],  # u: c, e, b, d among those not had
    [2, 9, 2, 1, 0],  # v: a and c tie
    [1, 2, 3, 4, 5],
    [1, 2, 3, 4, 5],
]


@dataclass(frozen=True, kw_only=True)
class Table:
    """Scores as given; notes how many users it was asked about at a time."""

    table: npt.NDArray[np.float32]

    @classmethod
    def of(cls, rows: Sequence[Sequence[float]] | npt.NDArray[np.floating]) -> Table:
        return cls(table=np.array(rows, np.float32))

    def scores(self, users: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        return self.table[users]


def split_of(rows: Sequence[tuple[str, str, float, int]], items: str = "abcde") -> Split:
    user_ids = tuple(dict.fromkeys(user for user, *_ in rows))
    history = History(
        user_ids=user_ids,
        item_ids=tuple(items),
        users=np.array([user_ids.index(user) for user, *_ in rows], np.int32),
        items=np.array([items.index(item) for _, item, *_ in rows], np.int32),
        values=np.array([value for _, _, value, _ in rows], np.float32),
        times=np.full(len(rows), UNTIMED),
    )
    return Split(history=history, side=np.array([side for *_, side in rows], np.int8), name="by hand")


def listed(ranked: Ranked, split: Split) -> list[str]:
    return ["".join("-" if k < 0 else split.history.item_ids[k] for k in row) for row in ranked.lists]


def test_three_rows_by_hand() -> None:
    split = split_of(SIDES)
    found = full_ranking(Table.of(SCORES), split, cutoffs=(1, 2, 5))
    overall, warm, cold = (found[row] for row in ("overall", "warm", "cold"))

    assert overall.measured.ids == ("u", "v")
    assert listed(overall, split)[0] == "cebd-"
    assert sorted(listed(overall, split)[1][:2]) == ["a", "c"]
    assert listed(overall, split)[1][2:] == "de-"
    assert overall.scores[0].tolist() == [5, 4, 3, 1, 0]
    values = overall.measured.values
    assert values["precision@2"][0] == 1 / 2
    assert values["recall@5"].tolist() == [1, 1]
    assert values["ndcg@2"][0] == pytest.approx((1 / math.log2(3)) / (1 + 1 / math.log2(3)))
    gained = (2**2 - 1) + (2**4 - 1) / math.log2(3)
    assert values["ndcg-graded@2"][0] == pytest.approx(gained / (31 + 15 / math.log2(3)))
    # u: of e and b against c and d, e loses to c and b to c too; v: c ties with a, and is above d and e.
    assert values["auc"].tolist() == pytest.approx([2 / 4, 2.5 / 3])

    assert listed(warm, split)[0] == "cbd--"
    assert warm.measured.values["recall@2"].tolist() == [1, 1]
    assert warm.measured.ids == ("u", "v")
    assert (cold.measured.ids, listed(cold, split)) == (("u",), ["e----"])
    assert cold.measured.values["auc"].tolist() == [0.5]  # nothing to be held against

    assert dict(overall.left_out) == {"nothing to judge by": 1, "nothing liked": 1}
    assert cold.left_out["nothing liked that is cold"] == 1
    for ranked in found.values():
        assert len(ranked.users) + sum(ranked.left_out.values()) == 4


def test_what_was_had_on_any_earlier_side_is_no_candidate() -> None:
    rows = [("u", "a", 5, TRAIN), ("u", "b", 5, VALIDATION), ("u", "c", 5, TEST), ("u", "d", 5, UNUSED)]
    split = split_of(rows, "abcd")
    scores = Table.of([[4, 3, 2, 1]])
    assert listed(full_ranking(scores, split, rows=["overall"], cutoffs=(4,))["overall"], split) == ["cd--"]
    on_validation = full_ranking(scores, split, rows=["overall"], cutoffs=(4,), side="validation")["overall"]
    assert listed(on_validation, split) == ["bcd-"]
    assert on_validation.measured.mean("recall@4") == 1


def test_it_equals_a_loop() -> None:
    rng = np.random.default_rng(1)
    split, scores = world(rng, users=40, items=25)
    found = full_ranking(Table.of(scores), split, cutoffs=(3, 10))
    assert split.cold_items.any()
    history, like = split.history, 4
    for row, ranked in found.items():
        users: list[int] = []
        for user in range(40):
            of = history.users == user
            had = set(history.items[of & (split.side == TRAIN)].tolist())
            kept = {"overall": range(25), "warm": np.flatnonzero(~split.cold_items).tolist()}
            among = [k for k in kept.get(row, np.flatnonzero(split.cold_items).tolist()) if k not in had]
            liked = {*history.items[of & (split.side == TEST) & (history.values >= like)].tolist()} & {*among}
            if not liked:
                continue
            users.append(user)
            ordered = sorted((k for k in among if scores[user, k] > -INF), key=lambda k: -scores[user, k])
            at = len(users) - 1
            assert ranked.lists[at].tolist() == (ordered[:10] + [-1] * 10)[:10]
            hits = len(liked & {*ordered[:3]})
            assert ranked.measured.values["precision@3"][at] == pytest.approx(hits / 3)
            others = [k for k in among if k not in liked]
            wins = [
                (scores[user, a] > scores[user, b]) + (scores[user, a] == scores[user, b]) / 2
                for a in liked
                for b in others
            ]
            assert ranked.measured.values["auc"][at] == pytest.approx(float(np.mean(wins)) if wins else 0.5)
        assert ranked.users.tolist() == users


def world(rng: np.random.Generator, *, users: int, items: int) -> tuple[Split, npt.NDArray[np.float32]]:
    """Ratings of which a fifth is the test and four items are cold; scores that do not tie, some of them −inf."""
    who, what = np.nonzero(rng.random((users, items)) < 0.5)
    side = np.where((what < 4) | (rng.random(len(who)) < 0.2), TEST, TRAIN)
    rows = [
        (f"u{u}", chr(97 + i), float(value), int(one))
        for u, i, value, one in zip(who, what, rng.integers(1, 6, len(who)), side, strict=True)
    ]
    scores = rng.permutation(users * items).reshape(users, items).astype(np.float32)
    scores[rng.random(scores.shape) < 0.1] = -INF
    return split_of(rows, "".join(chr(97 + k) for k in range(items))), scores


def test_the_size_of_a_batch_changes_nothing() -> None:
    split, scores = world(np.random.default_rng(2), users=30, items=20)
    scores = np.floor(scores / 100)  # many tie
    settings = {"cutoffs": (5,), "vectors": np.eye(20), "genres": np.eye(20)[:, :6]}
    one, other = (full_ranking(Table.of(scores), split, cells=cells, **settings) for cells in (1, 1 << 22))
    for row, ranked in one.items():
        assert (ranked.lists == other[row].lists).all()
        assert ranked.measured.whole == other[row].measured.whole
        for metric, values in ranked.measured.values.items():
            assert (values == other[row].measured.values[metric]).all(), metric


def test_equal_scores_are_chance_whatever_the_order_of_the_items() -> None:
    # The first items are liked by nearly everyone. A list in their order would be nearly all hits.
    users, items = 400, 40
    liked = np.random.default_rng(3).random((users, items)) < np.linspace(0.95, 0.05, items)

    def ranked(order: npt.NDArray[np.int64], seed: int = 0) -> tuple[Ranked, list[list[str]]]:
        who, what = np.nonzero(liked)
        history = History(
            user_ids=tuple(f"u{k}" for k in range(users)),
            item_ids=tuple(f"i{k}" for k in order),
            users=who.astype(np.int32),
            items=np.argsort(order)[what].astype(np.int32),
            values=np.full(len(who), 5, np.float32),
            times=np.full(len(who), UNTIMED),
        )
        split = Split(history=history, side=np.full(len(who), TEST, np.int8), name="all")
        flat = Table.of(np.zeros((users, items)))
        found = full_ranking(flat, split, rows=["overall"], cutoffs=(10,), seed=seed)["overall"]
        return found, [[history.item_ids[k] for k in row] for row in found.lists.tolist()]

    found, names = ranked(np.arange(items))
    assert found.measured.mean("precision@10") == pytest.approx(liked.mean(), abs=4 * 0.5 / math.sqrt(users * 10))
    assert (found.measured.values["auc"] == 0.5).all()
    times = np.bincount(found.lists.ravel(), minlength=items) / users
    assert times == pytest.approx(np.full(items, 10 / items), abs=0.11)  # five deviations
    # Not one lot for all: two users hardly ever get the same ten. And the very same ones in any order of the items.
    assert len({tuple(sorted(row)) for row in names}) > 0.95 * users
    assert ranked(np.arange(items)[::-1])[1] == names
    assert ranked(np.arange(items), seed=1)[1] != names


def test_a_model_that_knows_no_cold_item_is_not_spared_them() -> None:
    split = split_of(SIDES)
    scores = np.array(SCORES, np.float32)
    scores[:, 4] = -INF
    cold = full_ranking(Table.of(scores), split, cutoffs=(1, 5))["cold"]
    assert (cold.measured.ids, cold.lists.tolist()) == (("u",), [[-1] * 5])
    assert {cold.measured.mean(metric) for metric in ("precision@5", "recall@5", "ndcg@5", "mrr@5")} == {0}
    nothing = full_ranking(Table.of(np.full((4, 5), -INF)), split, cutoffs=(5,))["overall"]
    assert nothing.measured.ids == ("u", "v")
    assert (nothing.measured.mean("hit-rate@5"), nothing.measured.mean("auc")) == (0, 0.5)


def test_what_lists_are_like_is_told_beside() -> None:
    split = split_of([*SIDES, ("y", "a", 5, TEST)])  # of whom nothing was learned
    scores = Table.of([*SCORES, [5, 4, 3, 2, 1]])
    genres = np.array([[1, 0], [1, 0], [0, 1], [0, 1], [0, 1]], float)
    found = full_ranking(scores, split, rows=["overall"], cutoffs=(2,), vectors=genres, genres=genres)["overall"]
    assert found.measured.values["diversity@2"].tolist()[0] == pytest.approx(0)  # c and e are of one genre
    assert found.measured.values["diversity@2"].tolist()[2] == pytest.approx(0)  # a and b of the other
    # All but e were had once by four users: (1 + 1) / (4 + 1) of them; e by none.
    assert found.measured.values["novelty@2"][0] == pytest.approx((math.log2(5 / 2) + math.log2(5)) / 2)
    # u's list holds c (had once) and e (by nobody), v's a and c; each had an item that was had once.
    assert found.measured.whole["popularity-lift@2"] == pytest.approx((-1 / 2 + 0) / 2)
    assert dict(found.untold) == {"popularity-lift is not told of": 1, "calibration is not told of": 1}
    assert 0 < found.measured.whole["coverage@2"] <= 1
    plain = full_ranking(scores, split_of(SIDES), rows=["overall"], cutoffs=(2,))["overall"]
    assert "popularity-lift@2" in plain.measured.values
    assert "diversity@2" not in plain.measured.means()


def test_values_below_zero_have_no_graded_gain() -> None:
    split = split_of([("u", "a", 1, TRAIN), ("u", "b", 1, TEST), ("u", "c", -1, TEST)], "abc")
    found = full_ranking(Table.of([[1, 2, 3]]), split, like=0.5, cutoffs=(1,))["overall"].measured
    assert "ndcg@1" in found.values
    assert "ndcg-graded@1" not in found.values


def test_a_split_without_cold_items_has_an_empty_cold_row() -> None:
    split = split_of([("u", "a", 5, TRAIN), ("v", "b", 5, TRAIN), ("u", "b", 5, TEST)], "ab")
    cold = full_ranking(Table.of([[1, 2], [1, 2]]), split, cutoffs=(1,))["cold"]
    assert cold.measured.ids == ()
    assert math.isnan(cold.measured.mean("ndcg@1"))
    assert sum(cold.left_out.values()) == 2


@pytest.mark.parametrize(
    ("scores", "settings", "said"),
    [
        (np.zeros((4, 4)), {}, r"scores of shape \(2, 4\) for 2 users and 5 items"),
        (np.full((4, 5), np.nan), {}, "are NaN or"),
        (np.full((4, 5), np.inf), {}, "are NaN or"),
        (np.zeros((4, 5)), {"vectors": np.eye(4)}, "vectors of 4 items do not fit 5"),
    ],
)
def test_what_is_no_score_is_refused(scores: npt.NDArray[np.floating], settings: dict[str, object], said: str) -> None:
    with pytest.raises(TriptychError, match=said):
        full_ranking(Table.of(scores), split_of(SIDES), **settings)


def test_unknown_rows_and_sides_are_named() -> None:
    with pytest.raises(UnknownName, match="'warm'"):
        full_ranking(Table.of(SCORES), split_of(SIDES), rows=["lukewarm"])
    with pytest.raises(UnknownName, match="'validation'"):
        full_ranking(Table.of(SCORES), split_of(SIDES), side="train")


def test_the_ideal_of_a_row_holds_items_of_that_row_alone() -> None:
    rows = [("u", "a", 5, TRAIN), ("v", "b", 5, TRAIN), ("u", "b", 5, TEST), ("u", "c", 4, TEST), ("u", "d", 2, TEST)]
    found = full_ranking(Table.of([[4, 3, 2, 1], [4, 3, 2, 1]]), split_of(rows, "abcd"), cutoffs=(1, 3))
    for row in ("overall", "warm", "cold"):  # a list in the order of the values is the best there is
        assert found[row].measured.values["ndcg-graded@3"].tolist() == pytest.approx([1]), row
        assert found[row].measured.values["ndcg-graded@1"].tolist() == pytest.approx([1]), row


def test_values_that_are_no_grades_have_no_graded_gain() -> None:
    split = split_of([("u", "a", 1, TRAIN), ("u", "b", 3600, TEST)], "ab")  # seconds that were watched
    found = full_ranking(Table.of([[1, 2]]), split, cutoffs=(1,))["overall"].measured
    assert found.mean("ndcg@1") == 1
    assert "ndcg-graded@1" not in found.values
