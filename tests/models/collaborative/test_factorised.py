"""Bias, RegSVD, SVD++ and ALS against the same written out slowly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.models.collaborative.rated import every, planted, rated
from triptych.catalogue.history import History
from triptych.models.collaborative.bias import Bias
from triptych.models.collaborative.factors import Factors
from triptych.models.collaborative.rating_als import RatingALS
from triptych.models.collaborative.reg_svd import RegSVD
from triptych.models.collaborative.svd_plus_plus import SVDPlusPlus
from triptych.models.predictor import Asked, RatingLessons


def lessons_of(train: History, validation: History | None = None) -> RatingLessons:
    return RatingLessons(train=train, validation=validation, scale=(1, 5))


def test_biases_are_the_one_solution_of_the_ridge_equations() -> None:
    train, _ = planted(1, users=12, items=9)
    users, items = len(train.user_ids), len(train.item_ids)
    rows = np.zeros((len(train), users + items))
    rows[np.arange(len(train)), train.users] = 1
    rows[np.arange(len(train)), users + train.items] = 1
    penalty = np.diag(np.append(np.full(users, 2.5), np.full(items, 0.5)))
    mean = train.values.astype(np.float64).mean()
    whole = np.linalg.solve(rows.T @ rows + penalty, rows.T @ (train.values - mean))
    found = Bias(user_damping=2.5, item_damping=0.5).fit(lessons_of(train)).offsets
    np.testing.assert_allclose(np.append(found.users, found.items), whole, atol=1e-9)
    undamped = Bias(user_damping=0, item_damping=0).fit(lessons_of(train)).predict(every(train)).mean
    assert np.isfinite(undamped).all()


def test_dampings_are_chosen_by_the_validation_alone() -> None:
    """Of items that differ much and users that do not, the users are damped most."""
    rng = np.random.default_rng(0)
    item_is = rng.uniform(1.5, 4.5, 20)
    pairs = rng.permutation(50 * 20)[:600]
    users, items = pairs // 20, pairs % 20
    values = np.clip(item_is[items] + rng.normal(0, 0.7, 600), 1, 5)
    history = rated(users, items, values, shape=(50, 20))
    facts = Bias().fit(lessons_of(history.take(slice(0, 400)), history.take(slice(400, 600)))).facts
    assert facts["user_damping"] == 40
    assert facts["item_damping"] <= 3


def slope(model: RatingALS, history: History, found: Factors) -> tuple[np.ndarray, float]:
    """How the loss falls with the items' biases and vectors, written out; and the loss."""
    left = (history.values.astype(np.float64) - found.mean) / found.unit
    predicted = found.of_users[history.users] + found.of_items[history.items]
    predicted += (found.users[history.users] * found.items[history.items]).sum(axis=1)
    miss = left - predicted
    slopes, loss = np.zeros((len(found.items), 1 + model.factors)), float((miss**2).sum())
    for k in range(len(history)):
        near = np.append(1, found.users[history.users[k]])
        slopes[history.items[k]] += miss[k] * near
    weights = np.append(model.bias_penalty, np.full(model.factors, model.penalty))
    for counts, biases, vectors in (
        (history.item_counts, found.of_items, found.items),
        (history.user_counts, found.of_users, found.users),
    ):
        both = np.hstack([biases[:, None], vectors])
        loss += float(((counts**model.power)[:, None] * weights * both**2).sum())
        if counts is history.item_counts:
            slopes -= (counts**model.power)[:, None] * weights * both
    return slopes, loss


def test_each_side_of_als_solves_its_equations_and_the_loss_falls() -> None:
    train, _ = planted(2, users=25, items=15)
    model = RatingALS(factors=3, power=0.5, penalty=0.4, refit=False, patience=99)
    losses = []
    for epochs in (1, 2, 5):
        # A validation that is the training rows: the last epoch is the best.
        found = replace(model, epochs=epochs).fit(lessons_of(train, train))
        slopes, loss = slope(model, train, found)
        losses.append(loss)
        np.testing.assert_allclose(slopes, 0, atol=1e-8)
    assert losses == sorted(losses, reverse=True)


def descended(model: RegSVD | SVDPlusPlus, train: History, implicit: bool) -> np.ndarray:
    """RegSVD or SVD++ one rating after the other, one epoch from the same start, in the order of rows."""
    from triptych.models.collaborative.factors import small

    def start(ids: tuple[str, ...], counts: np.ndarray, purpose: str) -> np.ndarray:
        return small(model, ids, counts, purpose=purpose)

    p, q = start(train.user_ids, train.user_counts, "users"), start(train.item_ids, train.item_counts, "items")
    y = start(train.item_ids, train.item_counts, "rated") if implicit else np.zeros_like(q)
    of_users, of_items, rate = np.zeros(len(p)), np.zeros(len(q)), model.rate
    mean = float(train.values.mean(dtype=np.float64))

    def whole(u: int) -> np.ndarray:
        own = train.items[train.users == u]
        return p[u] + (y[own].sum(axis=0) / np.sqrt(len(own)) if len(own) else 0)

    for u, i, value in zip(train.users, train.items, train.values, strict=True):
        own, near = train.items[train.users == u], whole(u)
        miss = value - mean - of_users[u] - of_items[i] - near @ q[i]
        of_users[u] += rate * (miss - model.bias_penalty * of_users[u])
        of_items[i] += rate * (miss - model.bias_penalty * of_items[i])
        pull = miss * q[i]
        q[i] += rate * (miss * near - model.penalty * q[i])
        p[u] += rate * (pull - model.penalty * p[u])
        if isinstance(model, SVDPlusPlus):
            y[own] += rate * (pull / np.sqrt(len(own)) - model.implicit_penalty * y[own])
    found = mean + of_users[:, None] + of_items + np.stack([whole(u) for u in range(len(p))]) @ q.T
    return np.clip(found, 1, 5).reshape(-1)


@pytest.mark.parametrize("kind", [RegSVD, SVDPlusPlus])
def test_steps_of_many_ratings_come_to_what_small_steps_do(kind: type[RegSVD] | type[SVDPlusPlus]) -> None:
    """With a small rate the order of the ratings does not matter, but for the square of the rate."""
    train, _ = planted(3, users=15, items=10)
    apart = []
    for rate in (0.004, 0.002):
        model = kind(factors=3, rate=rate, spread=0.5, epochs=1, refit=False, batch=40, penalty=0.5, bias_penalty=0.5)
        found = model.fit(lessons_of(train, train)).predict(every(train)).mean
        still = replace(model, rate=1e-12).fit(lessons_of(train, train)).predict(every(train)).mean
        slow = descended(model, train, kind is SVDPlusPlus)
        moved = np.abs(slow - still).max()
        apart.append(np.abs(found - slow).max())
        assert apart[-1] < 0.1 * moved
    assert apart[1] < 0.35 * apart[0]


def test_it_stops_where_the_validation_is_best_and_then_learns_all() -> None:
    train, test = planted(4, share=0.3)
    model = RegSVD(factors=20, rate=0.05, penalty=0.0, bias_penalty=0.0, epochs=60, patience=4, batch=150)
    seen: list[tuple[str, int]] = []
    found = model.fit(lessons_of(train, test), report=lambda what, done, of: seen.append((what, done)))
    best, curve = found.facts["epochs"], found.facts["curve"]
    assert len(curve) == best + 4 < 60
    assert np.argmin(curve) == best - 1
    assert seen[-1] == ("epoch", len(curve))  # all training rows were learned from already
    told = found.predict(Asked.of(test)).mean
    assert np.sqrt(np.mean((told - test.values) ** 2)) == pytest.approx(min(curve))
    held = model.fit(lessons_of(train), report=lambda what, done, of: seen.append((what, done)))
    assert seen[-1] == ("epoch once more", held.facts["epochs"])
    kept = replace(model, refit=False).fit(lessons_of(train))
    assert kept.facts["curve"] == held.facts["curve"]
    assert not np.allclose(kept.users, held.users)


def test_what_a_user_rated_tells_svd_plus_plus_something_and_reg_svd_nothing() -> None:
    """Who rated items of one kind alone likes that kind, though the ratings learned from say nothing of it."""
    rng = np.random.default_rng(1)
    kind = np.arange(120) % 2
    rows = []
    for user in range(120):
        own = rng.permutation(np.arange(kind[user], 30, 2))[:9]
        rows += [(user, item, 3 + rng.normal(0, 0.2)) for item in own]  # of the own kind: nothing to be told apart
        if user < 80:
            rows += [(user, 30 + k, 4.5 if k % 2 == kind[user] else 1.5) for k in range(4)]
    users, items, values = np.array(rows).T
    train = rated(users, items, np.clip(values, 1, 5), shape=(120, 34))
    late = np.repeat(np.arange(80, 120), 4)
    asked = Asked(users=late, items=30 + np.tile(np.arange(4), 40))
    truth = np.where((asked.items - 30) % 2 == kind[late], 4.5, 1.5)
    settings = {"factors": 3, "rate": 0.03, "penalty": 0.01, "spread": 0.1, "batch": 100, "epochs": 25, "patience": 40}
    error = {
        model.name: np.sqrt(np.mean((model.fit(lessons_of(train, train)).predict(asked).mean - truth) ** 2))
        for model in (SVDPlusPlus(implicit_penalty=0.001, **settings), RegSVD(**settings))
    }
    assert error["svd++"] < 0.6 < 1.2 < error["reg-svd"]
