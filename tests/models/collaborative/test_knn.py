"""RatingKNN against a slow loop of its formulas, and against scikit-surprise."""

from __future__ import annotations

import warnings
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest

from tests.models.collaborative.rated import every, planted, rated
from triptych.catalogue.history import History
from triptych.models.collaborative import knn, likeness
from triptych.models.collaborative.bias import biases
from triptych.models.collaborative.knn import RatingKNN, nearest
from triptych.models.predictor import Asked, RatingLessons


def six_hundred() -> History:
    """600 ratings of few values, so that many are equally like; some rate all alike, and some are cold."""
    rng = np.random.default_rng(7)
    pairs = rng.permutation(50 * 30)[:600]
    users, items, values = pairs // 30, pairs % 30, rng.integers(1, 6, 600)
    values[users % 11 == 3], values[items % 13 == 5] = 4, 2
    return rated(users, items, values, shape=(53, 32))


def similarity(kind: str, left: np.ndarray, right: np.ndarray) -> float:
    """Of what both rated."""
    if kind == "msd":
        return float(1 / (np.mean((left - right) ** 2) + 1))
    if kind == "pearson":
        left, right = left - left.mean(), right - right.mean()
    whole = float(np.sqrt((left**2).sum() * (right**2).sum()))
    return float(left @ right) / whole if whole > 1e-9 else 0.0


def slow(model: RatingKNN, history: History) -> np.ndarray:
    """Every pair, one neighbour at a time; equals share the last places."""
    shape = (len(history.user_ids), len(history.item_ids))
    given = np.full(shape, np.nan)
    given[history.users, history.items] = history.values
    told = biases(history, user=model.damping, item=model.damping, range_=4)
    base = told.mean + told.users[:, None] + told.items
    if model.of == "items":
        given, base = given.T, base.T
    known, whole = ~np.isnan(given), float(history.values.std(dtype=np.float64))
    shown = given - base if model.similarity == "residual" else given
    found = base.copy()
    for x, y in product(range(len(given)), range(given.shape[1])):
        if not known[x].any() or not known[:, y].any():
            continue
        near = []
        for z in np.flatnonzero(known[:, y]):
            both = known[x] & known[z]
            if z != x and both.sum() >= model.support:
                like = similarity(model.similarity, shown[x, both], shown[z, both])
                like *= both.sum() / (both.sum() + model.shrink)
                if like > 1e-12:
                    near.append((round(like, 10), z))
        near.sort(reverse=True)
        start = base[x, y] if model.off == "baseline" else np.nanmean(given[x])
        top = bottom = 0.0
        for like, z in near:
            above, tied = sum(one > like for one, _ in near), sum(one == like for one, _ in near)
            weight = like * min(max((model.k - above) / tied, 0), 1)
            off = given[z, y] - (base[z, y] if model.off == "baseline" else np.nanmean(given[z]))
            if model.off == "z-score":
                off *= (np.nanstd(given[x]) or whole) / (np.nanstd(given[z]) or whole)
            top, bottom = top + weight * off, bottom + weight
        found[x, y] = start + (top / bottom if min(len(near), model.k) >= model.min_k and bottom else 0)
    return np.clip(found if model.of == "users" else found.T, 1, 5).reshape(-1)


@pytest.mark.parametrize(
    "model",
    [
        RatingKNN(of="users", off="mean", similarity="msd", k=3, shrink=0),
        RatingKNN(of="items", off="z-score", similarity="pearson", k=4, support=3, shrink=2),
        RatingKNN(of="users", off="baseline", similarity="residual", k=2, min_k=2, shrink=10),
        RatingKNN(of="items", off="mean", similarity="cosine", k=3, min_k=3, support=2, shrink=0),
    ],
    ids=lambda model: f"{model.of} {model.off} {model.similarity}",
)
def test_equals_a_loop_over_neighbours(model: RatingKNN) -> None:
    history = six_hundred()
    few = history.take((history.users % 53 < 20) | (history.users == 52))
    found = model.fit(RatingLessons(train=few, scale=(1, 5))).predict(every(few)).mean
    np.testing.assert_allclose(found, slow(model, few), atol=1e-9)


def surprised(history: History, asked: Asked, of: str, name: str, **settings: Any) -> np.ndarray:
    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it imports what asks for a newer version of something else
        from surprise import Dataset, KNNWithZScore, Reader

    columns = {"user": history.users, "item": history.items, "value": history.values.astype(float)}
    data = Dataset.load_from_df(pd.DataFrame(columns), Reader(rating_scale=(1, 5)))
    options = {"name": name, "user_based": of == "users"}
    model = KNNWithZScore(sim_options=options, verbose=False, **settings).fit(data.build_full_trainset())
    pairs = zip(asked.users.tolist(), asked.items.tolist(), strict=True)
    return np.array([model.predict(user, item).est for user, item in pairs])


@pytest.mark.parametrize("of", ["users", "items"])
@pytest.mark.parametrize(("name", "k", "min_k"), [("msd", 4, 1), ("pearson", 3, 2), ("cosine", 5, 1)])
def test_z_scored_neighbours_equal_those_of_scikit_surprise(of: str, name: str, k: int, min_k: int) -> None:
    """Of all pairs that were not learned from: there a unit is its own neighbour, here never."""
    history = six_hundred()
    pairs = every(history)
    asked = pairs.take(~np.isin(pairs.users * 32 + pairs.items, history.keys))
    lessons = RatingLessons(train=history, scale=(1, 5))
    model = RatingKNN.preset(
        {"users": "user-knn-z", "items": "item-knn-z"}[of],
        similarity=name,
        k=k,
        min_k=min_k,
        shrink=0,
        ties="rows",
        cold="mean",
    )
    theirs = surprised(history, asked, of, name, k=k, min_k=min_k)
    np.testing.assert_allclose(model.fit(lessons).predict(asked).mean, theirs, atol=1e-9)
    if name == "msd":  # of which many are equal: where they share the last places it is another thing
        default = replace(model, ties="shared").fit(lessons).predict(asked).mean
        assert np.count_nonzero(np.abs(default - theirs) > 1e-3) > 10


def test_many_units_are_worked_on_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    history = six_hundred()
    predictor = RatingKNN(k=3).fit(RatingLessons(train=history, scale=(1, 5)))
    whole, shapes = predictor.predict(every(history)).mean, []
    monkeypatch.setattr(knn, "CHUNK", 4 * 53)
    monkeypatch.setattr(knn, "WEIGHED", 100)
    rows = likeness.Likeness.rows
    monkeypatch.setattr(likeness.Likeness, "rows", lambda self, units: shapes.append(len(units)) or rows(self, units))
    np.testing.assert_array_equal(predictor.predict(every(history)).mean, whole)
    assert max(shapes) == 4
    assert sum(shapes) == len(np.unique(history.users))


def test_nearest_share_the_last_places_or_go_by_rows() -> None:
    near = np.array([[0.5, 0.9, 0.5, 0.0, 0.5], [0.2, 0.0, 0.0, 0.0, 0.1]])
    shared = nearest(near, 3, shared=True)
    np.testing.assert_allclose(shared, [[1 / 3, 0.9, 1 / 3, 0, 1 / 3], [0.2, 0, 0, 0, 0.1]])
    np.testing.assert_allclose(nearest(near, 3, shared=False), [[0.5, 0.9, 0.5, 0, 0], [0.2, 0, 0, 0, 0.1]])
    np.testing.assert_array_equal(nearest(near, 5, shared=True), near)


def test_by_rows_their_order_decides_and_by_shares_it_does_not() -> None:
    history = six_hundred()
    shuffled = history.take(np.random.default_rng(2).permutation(600))
    for ties, same in (("rows", False), ("shared", True)):
        model = RatingKNN(of="items", similarity="msd", shrink=0, k=3, ties=ties)
        one, other = (
            model.fit(RatingLessons(train=rows, scale=(1, 5))).predict(every(rows)).mean for rows in (history, shuffled)
        )
        assert np.allclose(one, other, atol=1e-9) == same


def test_a_fuller_history_of_like_users_is_told_better() -> None:
    train, test = planted(6)
    errors = []
    for share in (4, 2, 1):
        some = train.take(np.arange(len(train)) % share == 0)
        told = RatingKNN(k=10, shrink=5).fit(RatingLessons(train=some, scale=(1, 5))).predict(Asked.of(test)).mean
        errors.append(float(np.sqrt(np.mean((told - test.values) ** 2))))
    assert errors == sorted(errors, reverse=True)
