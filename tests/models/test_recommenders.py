"""Every model keeps the contract, and the contract catches those that break it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar

import numpy as np
import pytest

from tests.contracts import recommender as contract
from tests.contracts.recommender import GENRES, Make, RecommenderContract, world
from triptych.catalogue.history import History
from triptych.models.als import ALS
from triptych.models.chance import Chance
from triptych.models.ease import EASE
from triptych.models.neighbours import ContentNeighbours
from triptych.models.popularity import OraclePopularity, Popularity
from triptych.models.recommender import Model, Recommender
from triptych.models.scores import asked, needed

MODELS: dict[str, Make] = {
    "popularity": Popularity,
    "popularity of liked": partial(Popularity, like=4.0),
    "genre neighbours": partial(ContentNeighbours.of_genres, GENRES, k=3),
    "ALS": partial(ALS, factors=4),
    "ALS as published": partial(ALS, factors=4, power=0.0, regularisation=1.0, by_value=True, like=2.0),
    "EASE": partial(EASE, regularisation=2.0),
}


@pytest.mark.parametrize("title", MODELS, scope="class")
class TestOurs(RecommenderContract):
    @pytest.fixture(scope="class")
    @classmethod
    def make(cls, title: str) -> Make:
        return MODELS[title]


class TestChance(RecommenderContract):
    by_lot: ClassVar[bool] = True

    @pytest.fixture(scope="class")
    @classmethod
    def make(cls) -> Make:
        return Chance


class TestTheOracle(RecommenderContract):
    """It keeps the contract but for what makes it an oracle: what it is given teaches it nothing."""

    @pytest.fixture(scope="class")
    @classmethod
    def make(cls) -> Make:
        return partial(OraclePopularity, judged=world())

    def test_it_learns_from_what_it_is_given_alone(self, fitted: contract.Fitted) -> None:
        one = fitted.make().fit(fitted.history.take(np.array([0, 1]))).scores(np.array([0]))
        assert (one == fitted.scores[[0]]).all()


@dataclass(frozen=True, kw_only=True)
class Spoilt:
    """Popularity with one thing wrong."""

    wrong: Callable[[History, np.ndarray, np.ndarray], np.ndarray]
    before: Callable[[History], object] = field(default=lambda history: needed(history, "spoilt"))
    checks: bool = True
    name: str = "spoilt"

    def fit(self, history: History) -> Recommender:
        self.before(history)
        return Answers(history=history, model=self)


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    history: History
    model: Spoilt

    def scores(self, users: np.ndarray) -> np.ndarray:
        places = asked(users, len(self.history.user_ids)) if self.model.checks else users
        counts = np.tile(self.history.item_counts.astype(np.float32), (len(places), 1))
        return self.model.wrong(self.history, places, counts).astype(np.float32)


def with_a_hole(history: History, users: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return np.where(counts == 0, np.nan, counts)


def spread_over_the_batch(history: History, users: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return counts / max(len(users), 1)


def earlier_items_first(history: History, users: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return counts - np.arange(counts.shape[1]) * 1e-3


def own_values(history: History, users: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return history.matrix.toarray()[users]


def unmoved(history: History, users: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return counts


@dataclass(frozen=True, kw_only=True)
class Hoarder:
    """Adds what it is given to what it was given before."""

    rows: list[History] = field(default_factory=list)
    name: str = "hoarder"

    def fit(self, history: History) -> Recommender:
        needed(history, self.name)
        self.rows.append(history)
        return Hoard(rows=self.rows)


@dataclass(frozen=True, kw_only=True, eq=False)
class Hoard:
    rows: list[History]

    def scores(self, users: np.ndarray) -> np.ndarray:
        asked(users, len(self.rows[0].user_ids))
        return np.tile(sum(one.item_counts for one in self.rows).astype(np.float32), (len(users), 1))


def emptied(history: History) -> None:
    history.values[:] = 1


BROKEN: dict[str, tuple[Callable[[], Model], str]] = {
    "a score is missing": (
        lambda: Spoilt(wrong=with_a_hole),
        "test_it_scores_every_item_with_a_number_or_says_never",
    ),
    "the batch moves the scores": (
        lambda: Spoilt(wrong=spread_over_the_batch),
        "test_who_else_is_asked_about_moves_no_score",
    ),
    "the order of the items breaks ties": (
        lambda: Spoilt(wrong=earlier_items_first),
        "test_the_order_of_users_and_items_decides_nothing",
    ),
    "equal items are told apart": (
        lambda: Spoilt(wrong=earlier_items_first),
        "test_equally_good_items_score_equal",
    ),
    "a stranger is taken for the last user": (
        lambda: Spoilt(wrong=own_values, checks=False),
        "test_a_place_where_nobody_stands_is_refused",
    ),
    "nothing is learned from nothing": (
        lambda: Spoilt(wrong=unmoved, before=len),
        "test_without_interactions_there_is_nothing_to_learn",
    ),
    "it writes into the history": (
        lambda: Spoilt(wrong=unmoved, before=emptied),
        "test_it_leaves_the_history_as_it_was",
    ),
    "it remembers": (
        partial(Hoarder, rows=[]),
        "test_it_learns_from_what_it_is_given_alone",
    ),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_the_contract_catches(fault: str) -> None:
    make, test = BROKEN[fault]
    spoilt = contract.fitted(make)
    with pytest.raises((AssertionError, ValueError, IndexError, pytest.fail.Exception)):
        getattr(RecommenderContract(), test)(spoilt)
