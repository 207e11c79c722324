"""Succession: in a world in which what follows what is certain, it is found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.contracts.recommender import Fitted, Make, RecommenderContract, world
from triptych.catalogue.history import History
from triptych.models.succession import Succession


class TestSuccession(RecommenderContract):
    @pytest.fixture(scope="class")
    @classmethod
    def make(cls) -> Make:
        return lambda: Succession(shrinkage=1.0, floor=0.1, like=None)

    def test_equally_good_items_score_equal(self, fitted: Fitted) -> None:
        """Nothing that is had one after the other is had alike."""


def circle(users: int = 30, items: int = 12, length: int = 5) -> tuple[History, np.ndarray]:
    """Everybody goes round in a circle of items, from somewhere on; ``[users]``: what each is to have next."""
    start = np.arange(users) * 7 % items
    rows = (start[:, None] + np.arange(length)) % items
    history = History(
        user_ids=tuple(f"user-{k}" for k in range(users)),
        item_ids=tuple(f"item-{k}" for k in range(items)),
        users=np.repeat(np.arange(users), length).astype(np.int32),
        items=rows.reshape(-1).astype(np.int32),
        values=np.full(users * length, 5, np.float32),
        times=np.tile(np.arange(length), users).astype(np.int64),
    )
    return history, (start + length) % items


def test_what_follows_is_found_and_backwards_what_went_before() -> None:
    history, answers = circle()
    model = Succession(half_life_rows=1.0, memory_rows=0.5)
    found = model.fit(history).scores(np.arange(30))
    found[history.pairs.toarray() > 0] = -np.inf
    assert (found.argmax(axis=1) == answers).all()
    back = model.fit(replace(history, times=-history.times + 99)).scores(np.arange(30))
    back[history.pairs.toarray() > 0] = -np.inf
    assert (back.argmax(axis=1) == (answers - 6) % 12).all()


def test_it_equals_its_definition() -> None:
    history = world()
    items = len(history.item_ids)
    counts = np.zeros((items, items))
    for user in range(len(history.user_ids)):
        mine = np.flatnonzero(history.users == user)  # times rise with the rows
        for a, one in enumerate(mine):
            for b in range(a + 1, min(a + 3, len(mine) - 1) + 1):
                if history.values[mine[b]] >= 4:
                    counts[history.items[one], history.items[mine[b]]] += 0.5 ** ((b - a - 1) / 2.0)
    expected = counts / ((counts.sum(axis=1)[:, None] + 4.0) * np.maximum(counts.sum(axis=0), 1) ** 0.5)
    found = Succession(half_life_rows=2.0, reach=3, shrinkage=4.0, power=0.5).fit(history).weights.toarray()
    np.testing.assert_allclose(found, expected, atol=1e-7)
