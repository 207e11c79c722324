"""What every model must do, ours or another's. Subclass it, say how yours is made, and run it with pytest:

class TestPopularity(RecommenderContract):
    @pytest.fixture(scope="class")
    @classmethod
    def make(cls) -> Make:
        return Popularity
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

from triptych.catalogue.history import History
from triptych.errors import UsageError
from triptych.models.recommender import Model, Recommender

Make = Callable[[], Model]

#: Item id → its genres. ``twin-1`` and ``twin-2`` are the same in these and in who gave them what.
GENRES: dict[str, tuple[str, ...]] = {
    "fog": ("Drama",),
    "rust": ("Comedy", "Adventure"),
    "tide": ("Drama", "Romance"),
    "twin-1": ("Comedy", "Drama"),
    "salt": ("Adventure",),
    "twin-2": ("Comedy", "Drama"),
    "moss": ("Drama", "Mystery"),
    "kite": ("Comedy",),
    "unseen": ("Drama", "Adventure"),  # nobody rated it
    "bare": (),  # nothing is known of it, and nobody rated it
}
#: The value that each of eight users gave each item, in the order of GENRES; 0 where there is no row.
GIVEN = np.array(
    [
        [5, 0, 4, 5, 0, 5, 0, 2, 0, 0],
        [4, 2, 5, 0, 1, 0, 5, 0, 0, 0],
        [0, 5, 0, 4, 4, 4, 0, 5, 0, 0],
        [1, 4, 0, 0, 5, 0, 2, 4, 0, 0],
        [5, 0, 5, 0, 0, 0, 4, 0, 0, 0],
        [0, 0, 0, 4, 0, 4, 0, 5, 0, 0],
        [2, 1, 0, 0, 0, 0, 0, 0, 0, 0],  # likes nothing
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0],  # has no rows
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ],
    np.float32,
)
WITHOUT_ROWS = (7, 8)
STRANGER = -1


def history_of(values: np.ndarray, item_ids: tuple[str, ...] | None = None) -> History:
    """A row for each value above 0."""
    users, items = np.nonzero(values)
    return History(
        user_ids=tuple(f"user-{k}" for k in range(values.shape[0])),
        item_ids=item_ids or tuple(f"item-{k}" for k in range(values.shape[1])),
        users=users.astype(np.int32),
        items=items.astype(np.int32),
        values=values[users, items].astype(np.float32),
        times=np.arange(len(users), dtype=np.int64),
    )


def world() -> History:
    return history_of(GIVEN, tuple(GENRES))


def checkerboard(size: int = 24) -> tuple[History, np.ndarray]:
    """Users like the items of their own colour, but for one that was left out: the answer, ``[users]``, its place."""
    users, items = np.indices((size, size))
    values = np.where((users + items) % 2 == 0, 5, 0)
    answers = (np.arange(size) + 2) % size
    values[np.arange(size), answers] = 0
    return history_of(values), answers


def permuted(history: History, *, users: np.ndarray, items: np.ndarray) -> History:
    """The same in another order of ids and of rows: place k is then of what stood at ``users[k]`` or ``items[k]``."""
    turned = history.take(np.arange(len(history))[::-1])
    return replace(
        turned,
        user_ids=tuple(history.user_ids[k] for k in users),
        item_ids=tuple(history.item_ids[k] for k in items),
        users=np.argsort(users)[turned.users].astype(np.int32),
        items=np.argsort(items)[turned.items].astype(np.int32),
    )


def everyone(history: History) -> np.ndarray:
    return np.arange(len(history.user_ids))


@dataclass(frozen=True, kw_only=True, eq=False)
class Fitted:
    """A model, what it learned from, and the scores it then gave: made once for all tests of a class."""

    make: Make
    history: History
    recommender: Recommender
    scores: np.ndarray


def fitted(make: Make) -> Fitted:
    history = world()
    recommender = make().fit(history)
    return Fitted(make=make, history=history, recommender=recommender, scores=recommender.scores(everyone(history)))


class RecommenderContract:
    """The tests. ``make`` makes the model. ``by_lot``: it scores at random, so that equals need not be equal."""

    by_lot: ClassVar[bool] = False
    #: How far scores may move when the order of items or of users changes what is added up first.
    rounding: ClassVar[float] = 1e-5

    @pytest.fixture(scope="class")
    @classmethod
    def make(cls) -> Make:
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def fitted(cls, make: Make) -> Fitted:
        return fitted(make)

    def test_it_has_a_name_and_its_settings_cannot_be_changed(self, fitted: Fitted) -> None:
        model = fitted.make()
        assert model.name
        assert model.name == model.name.strip()
        with pytest.raises(AttributeError):
            model.name = "another"  # type: ignore[misc]

    def test_it_scores_every_item_with_a_number_or_says_never(self, fitted: Fitted) -> None:
        assert fitted.scores.shape == GIVEN.shape
        assert fitted.scores.dtype == np.float32
        assert (np.isfinite(fitted.scores) | np.isneginf(fitted.scores)).all()
        none = fitted.recommender.scores(np.zeros(0, np.int64))
        assert none.shape == (0, len(GENRES))

    def test_the_same_settings_give_the_same_bits(self, fitted: Fitted) -> None:
        again = fitted.make().fit(world()).scores(everyone(fitted.history))
        assert again.tobytes() == fitted.scores.tobytes()

    def test_who_else_is_asked_about_moves_no_score(self, fitted: Fitted) -> None:
        many = np.tile(everyone(fitted.history)[::-1], 9)
        assert (fitted.recommender.scores(many) == fitted.scores[many]).all()
        for user in everyone(fitted.history):
            assert (fitted.recommender.scores(np.array([user])) == fitted.scores[[user]]).all(), user

    def test_it_learns_from_what_it_is_given_alone(self, fitted: Fitted) -> None:
        """Rows that were held back may hold anything; what it learned before is no part of what it learns next."""
        rng = np.random.default_rng(0)
        given = rng.random(len(fitted.history)) < 0.7
        changed = replace(fitted.history, values=np.where(given, fitted.history.values, 1).astype(np.float32))
        model, users = fitted.make(), everyone(fitted.history)
        one = model.fit(fitted.history.take(given)).scores(users)
        model.fit(fitted.history)
        assert (model.fit(changed.take(given)).scores(users) == one).all()
        if not self.by_lot:
            assert (one != fitted.scores).any(), "it learned nothing from the rows that were held back"
        assert (fitted.recommender.scores(users) == fitted.scores).all(), "fitting anew changed what was trained"

    def test_it_leaves_the_history_as_it_was(self, fitted: Fitted) -> None:
        history = world()
        for column in (history.users, history.items, history.values, history.times):
            column.flags.writeable = False
        scores = fitted.make().fit(history).scores(everyone(history))
        scores[:] = 0  # what it hands out is the caller's
        assert (fitted.recommender.scores(everyone(history)) == fitted.scores).all()

    def test_the_order_of_users_and_items_decides_nothing(self, fitted: Fitted) -> None:
        rng = np.random.default_rng(1)
        users, items = rng.permutation(GIVEN.shape[0]), rng.permutation(GIVEN.shape[1])
        turned = fitted.make().fit(permuted(fitted.history, users=users, items=items))
        found = turned.scores(everyone(fitted.history))
        np.testing.assert_allclose(found, fitted.scores[np.ix_(users, items)], atol=self.rounding, rtol=0)

    def test_equally_good_items_score_equal(self, fitted: Fitted) -> None:
        if self.by_lot:
            return
        one, other = (tuple(GENRES).index(name) for name in ("twin-1", "twin-2"))
        assert (fitted.scores[:, one] == fitted.scores[:, other]).all()

    def test_users_without_rows_and_strangers_are_answered(self, fitted: Fitted) -> None:
        strangers = fitted.recommender.scores(np.array([STRANGER, WITHOUT_ROWS[0], STRANGER]))
        assert np.isfinite(strangers).any(axis=1).all()
        assert (strangers[0] == strangers[2]).all()
        if not self.by_lot:
            assert (strangers == strangers[0]).all()
            assert (fitted.scores[list(WITHOUT_ROWS)] == strangers[0]).all()

    def test_a_place_where_nobody_stands_is_refused(self, fitted: Fitted) -> None:
        for place in (len(GIVEN), -2):
            with pytest.raises(UsageError, match=r"no user at place .*\.$"):
                fitted.recommender.scores(np.array([0, place]))

    def test_without_interactions_there_is_nothing_to_learn(self, fitted: Fitted) -> None:
        history = world()
        with pytest.raises(UsageError, match=r"no interactions .*\.$"):
            fitted.make().fit(history.take(np.zeros(len(history), bool)))

    def test_a_history_of_one_row_is_enough(self, fitted: Fitted) -> None:
        history = world()
        scores = fitted.make().fit(history.take(np.array([0]))).scores(everyone(history))
        assert (np.isfinite(scores) | np.isneginf(scores)).all()
