"""Ratings by content: equal to the equations written out in loops, fair to ties, and defined for all there is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from triptych.catalogue.history import History
from triptych.errors import UnknownName, UsageError
from triptych.models.background import Background, Field
from triptych.models.content_rating.content_knn import ContentKNN
from triptych.models.content_rating.likeness import Likeness
from triptych.models.content_rating.told import BIAS
from triptych.models.content_rating.weighted import ContentWeighted
from triptych.models.predictor import Asked, RatingLessons
from triptych.models.predictors import model_of
from triptych.spaces.blocks import Blocks
from triptych.spaces.score import exact

USERS, ITEMS = 14, 40


def history(values: np.ndarray, given: np.ndarray) -> History:
    """``values``, ``given`` ``[users, items]``."""
    users, items = np.nonzero(given)
    return History(
        user_ids=tuple(f"u{k}" for k in range(values.shape[0])),
        item_ids=tuple(f"i{k}" for k in range(values.shape[1])),
        users=users.astype(np.int32),
        items=items.astype(np.int32),
        values=values[users, items].astype(np.float32),
        times=np.full(len(users), -1, np.int64),
    )


def genres(rng: np.random.Generator, items: int = ITEMS) -> Field:
    """Five of them, some items of none; the last item is not known, whatever its row says."""
    values = (rng.random((items, 5)) < 0.35).astype(np.float32)
    values[-1] = 0
    mask = values.any(axis=1)
    return Field(values=values, mask=mask)


def plots(rng: np.random.Generator, items: int = ITEMS) -> Field:
    mask = rng.random(items) < 0.7
    values = rng.random((items, 30)) * (rng.random((items, 30)) < 0.2) * mask[:, None]
    return Field(values=sp.csr_array(values.astype(np.float32)), mask=mask)


def lessons(
    seed: int = 0, *, scale: tuple[float, float] = (1, 5), step: float = 1, fields: Mapping[str, Field] | None = None
) -> RatingLessons:
    """User 0 has no rating, user 1 one, user 2 rates all the same; items 30 to 34 are cold."""
    rng = np.random.default_rng(seed)
    values = scale[0] + step * rng.integers(0, round((scale[1] - scale[0]) / step) + 1, (USERS, ITEMS))
    values[2] = scale[0] + step
    given = rng.random((USERS, ITEMS)) < 0.5
    given[0], given[1], given[1, 3], given[:, 30:35] = False, False, True, False
    background = Background(items={"genres": genres(rng), "plot-words": plots(rng)} if fields is None else fields)
    return RatingLessons(train=history(values, given), scale=scale, background=background)


def every() -> Asked:
    return Asked(users=np.repeat(np.arange(USERS), ITEMS), items=np.tile(np.arange(ITEMS), USERS))


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    length = float(np.sqrt((a @ a) * (b @ b)))
    return round(float(a @ b) / length * 2**24) / 2**24 if length else 0.0


def by_equation(taught: RatingLessons, asked: Asked, *, k: int, centre: str = "none", damping: float = 0) -> np.ndarray:
    """Eq. 15 pair by pair, rating by rating; equals share the places that are left."""
    content = taught.background.items["genres"].dense().astype(np.float64)
    bias, train = BIAS.fit(taught).offsets, taught.train
    found: list[float] = []
    for user, item in zip(asked.users.tolist(), asked.items.tolist(), strict=True):
        own, base = [], float(bias.of(user, item))
        for row in np.flatnonzero((train.users == user) & (train.items != item)):
            other = int(train.items[row])
            off = float(train.values[row]) - (float(bias.of(user, other)) if centre == "bias" else 0)
            own.append((cosine(content[item], content[other]), off))
        total = weight = 0.0
        for like, off in own:
            nearer, tied = sum(one[0] > like for one in own), sum(one[0] == like for one in own)
            share = min(max((k - nearer) / tied, 0), 1)
            total, weight = total + max(like, 0) * share * off, weight + max(like, 0) * share
        middle = base if centre == "bias" else 0.0
        told = middle + (total + damping * (base - middle)) / (weight + damping) if weight > 0 else base
        found.append(min(max(told, taught.scale[0]), taught.scale[1]))
    return np.array(found)


@pytest.mark.parametrize(("k", "scale", "step"), [(5, (1, 5), 1), (1, (0.5, 5), 0.5), (200, (0, 10), 1)])
def test_genre_cont_is_the_equation_written_out(k: int, scale: tuple[float, float], step: float) -> None:
    taught = lessons(k, scale=scale, step=step)
    found = ContentKNN.preset("genre-cont", k=k).fit(taught).predict(every()).mean
    np.testing.assert_allclose(found, by_equation(taught, every(), k=k), atol=1e-9)
    assert scale[0] <= found.min() <= found.max() <= scale[1]
    assert len(np.unique(found)) > 20


def test_ratings_less_the_bias_damped_are_the_formula_written_out() -> None:
    taught = lessons(3)
    model = ContentKNN(fields=("genres",), k=4, centre="bias", damping=1.5)
    expected = by_equation(taught, every(), k=4, centre="bias", damping=1.5)
    np.testing.assert_allclose(model.fit(taught).predict(every()).mean, expected, atol=1e-9)


def test_in_one_pass_each_k_is_what_it_is_alone() -> None:
    taught, ks = lessons(4), (7, 1, 2, 50, 5)
    found = ContentKNN().fit(taught).predictions_by_k(every(), ks)
    for k, row in zip(ks, found, strict=True):
        assert np.array_equal(row, ContentKNN(k=k).fit(taught).predict(every()).mean)
    assert not np.allclose(found[0], found[1])


def test_of_equals_none_goes_first() -> None:
    same = Field(values=np.ones((5, 2), np.float32), mask=np.ones(5, bool))
    values = np.array([[1, 2, 4, 5, 0]])
    taught = RatingLessons(
        train=history(values, values > 0), scale=(1, 5), background=Background(items={"genres": same})
    )
    asked = Asked(users=np.zeros(1, np.int64), items=np.array([4]))
    assert ContentKNN.preset("genre-cont", k=2).fit(taught).predict(asked).mean.tolist() == [3.0]


def given(similar: np.ndarray) -> Field:
    """Content whose cosines are these: its rows times one another are the matrix."""
    return Field(values=np.linalg.cholesky(similar).astype(np.float32), mask=np.ones(len(similar), bool))


#: Of Fig. 4 of Lehmann et al. 2021: how like items A, B and D are. Item C, which nobody rated, is left out: with it the
#: figure is no matrix of cosines, for it has an eigenvalue below 0.
PAPER = np.array([[1, 0.05, 0.92], [0.05, 1, 0.34], [0.92, 0.34, 1]])


def test_the_worked_example_of_the_paper_is_4_19() -> None:
    values = np.array([[5.0, 2.0, 0]])
    background = Background(items={"trailer": given(PAPER)})
    taught = RatingLessons(train=history(values, values > 0), scale=(0.5, 5), background=background)
    asked = Asked(users=np.zeros(1, np.int64), items=np.array([2]))
    told = ContentWeighted(fields=("trailer",)).fit(taught).predict(asked).mean
    assert f"{told[0]:.2f}" == "4.19"
    assert told[0] == pytest.approx(0.92 / (0.92 + 0.34) * 5 + 0.34 / (0.92 + 0.34) * 2, abs=1e-6)


@pytest.mark.parametrize(("similarity", "power", "centre"), [("cosine", 2.5, "bias"), ("shifted", 1.0, "none")])
def test_weighted_is_the_formula_written_out(similarity: str, power: float, centre: str) -> None:
    rng = np.random.default_rng(1)
    content = rng.standard_normal((ITEMS, 6)).astype(np.float32)  # half of the cosines are below 0
    taught = lessons(5, fields={"sound": Field(values=content, mask=np.ones(ITEMS, bool))})
    model = ContentWeighted(fields=("sound",), scaling="none", similarity=similarity, power=power, centre=centre)
    found, bias = model.fit(taught).predict(every()).mean, BIAS.fit(taught).offsets
    for (user, item), told in zip(np.ndindex(USERS, ITEMS), found, strict=True):
        rows = np.flatnonzero((taught.train.users == user) & (taught.train.items != item))
        near = np.array([cosine(*content[[item, j]].astype(np.float64)) for j in taught.train.items[rows]])
        weight = (np.maximum(near, 0) if similarity == "cosine" else (1 + near) / 2) ** power
        centres = bias.of(user, taught.train.items[rows]) if centre == "bias" else np.zeros(len(rows))
        expected = float(bias.of(user, item))
        if weight.sum() > 0:
            own = expected if centre == "bias" else 0.0
            expected = own + float(weight @ (taught.train.values[rows] - centres)) / float(weight.sum())
        assert told == pytest.approx(min(max(expected, 1), 5), abs=1e-6)


def test_likeness_is_the_score_of_spaces_where_something_is_missing() -> None:
    rng = np.random.default_rng(2)
    masks = rng.random((ITEMS, 2)) < 0.7
    dense = rng.standard_normal((ITEMS, 4)).astype(np.float32) * masks[:, :1]
    words = np.abs(rng.standard_normal((ITEMS, 7)).astype(np.float32)) * masks[:, 1:]
    background = Background(
        items={
            "a": Field(values=dense, mask=masks[:, 0]),
            "b": Field(values=sp.csr_array(words), mask=masks[:, 1]),
        }
    )
    learned = np.arange(ITEMS) % 3 > 0
    content = Likeness(fields=("a", "b"), weights={"b": 2.5}, scaling="none").of(background, learned=learned, model="m")
    found = content.like(0)[content.kind][:, content.column[content.kind[learned]]]
    blocks = Blocks(panels=("a", "b"), values=(dense, words), mask=masks)
    of, to = np.nonzero((masks[:, None] & masks[None]).any(axis=2) & learned)
    weights = np.array([1, 2.5])
    expected = np.full((ITEMS, ITEMS), -1, np.float32)
    expected[of, to] = exact("cosine", blocks, of, blocks, to, weights)
    np.testing.assert_allclose(found, expected[:, learned], atol=2**-23)


def test_of_many_unlike_items_it_is_the_equation_too() -> None:
    rng = np.random.default_rng(3)
    users, items, k = 3, 700, 7
    content = rng.standard_normal((items, 8)).astype(np.float32)
    values = rng.integers(1, 6, (users, items))
    background = Background(items={"sound": Field(values=content, mask=np.ones(items, bool))})
    taught = RatingLessons(train=history(values, rng.random(values.shape) < 0.6), scale=(1, 5), background=background)
    asked = Asked(users=np.repeat(np.arange(users), items), items=np.tile(np.arange(items), users))
    model = ContentKNN(fields=("sound",), k=k, scaling="none", centre="none", damping=0)
    found = model.fit(taught).predict(asked).mean.reshape(users, items)
    unit = content.astype(np.float64) / np.linalg.norm(content.astype(np.float64), axis=1, keepdims=True)
    near = np.rint(unit @ unit.T * 2**24) / 2**24
    np.fill_diagonal(near, 0)
    for user in range(users):
        own = taught.train.items[taught.train.users == user]
        best = own[np.argsort(-near[:, own], axis=1)[:, :k]]
        weight = np.take_along_axis(near, best, axis=1)
        expected = (weight * values[user, best]).sum(axis=1) / weight.sum(axis=1)
        np.testing.assert_allclose(found[user], expected, atol=1e-6)


SETTINGS: tuple[Any, ...] = (
    ContentKNN.preset("genre-cont"),
    ContentKNN(scaling="rarity", k=3),
    ContentKNN(fields=("plot-words", "genres"), scaling="standard", scalings={"plot-words": "direction"}),
    ContentWeighted(power=2),
    ContentWeighted(similarity="shifted", centre="bias", damping=1),
)


@pytest.mark.parametrize("model", SETTINGS)
def test_what_is_said_of_a_pair_hangs_on_that_pair_alone(model: Any) -> None:
    taught = lessons(6)
    predictor = model.fit(taught)
    whole = predictor.predict(every()).mean
    rng = np.random.default_rng(0)
    for some in (rng.permutation(USERS * ITEMS), np.arange(130, 133), rng.integers(0, USERS * ITEMS, 50)):
        assert np.array_equal(predictor.predict(every().take(some)).mean, whole[some])
    mixed = replace(taught, train=taught.train.take(rng.permutation(len(taught.train))))
    np.testing.assert_allclose(model.fit(mixed).predict(every()).mean, whole, atol=1e-9)
    assert len(predictor.predict(every().take(slice(0, 0))).mean) == 0
    assert json.loads(json.dumps(model.key)) == model.key
    assert json.loads(json.dumps(predictor.facts)) == predictor.facts


@pytest.mark.parametrize("model", SETTINGS)
def test_content_of_items_that_nobody_rated_teaches_nothing(model: Any) -> None:
    taught = lessons(7)
    changed: dict[str, Field] = {}
    for name, one in taught.background.items.items():
        values = one.dense()
        values[30:35] = values[30:35] * 3 + 1
        changed[name] = Field(values=values, mask=one.mask | (np.arange(ITEMS) // 5 == 6))
    other = replace(taught, background=Background(items=changed))
    warm = every().take(every().items // 5 != 6)
    before, after = (model.fit(one).predict(warm).mean for one in (taught, other))
    np.testing.assert_allclose(before, after, atol=1e-6)


@pytest.mark.parametrize("model", SETTINGS)
def test_where_nothing_is_known_the_bias_is_said(model: Any) -> None:
    unknown = Field(values=np.zeros((ITEMS, 3), np.float32), mask=np.zeros(ITEMS, bool))
    taught = lessons(8)
    bias = BIAS.fit(taught).predict(every()).mean
    found = model.fit(taught).predict(every()).mean
    assert np.array_equal(found[:ITEMS], bias[:ITEMS])  # the user without ratings
    blank = replace(taught, background=Background(items={"genres": unknown, "plot-words": unknown}))
    assert np.array_equal(model.fit(blank).predict(every()).mean, bias)


@pytest.mark.parametrize("model", SETTINGS)
def test_whatever_the_ratings_something_is_said_within_their_scale(model: Any) -> None:
    whole = lessons(9)
    steady = replace(whole.train, values=np.full(len(whole.train), 3.7, np.float32))
    for train, scale in ((whole.train.take([5]), (1, 5)), (steady, (0, 10)), (whole.train, (-2, 5))):
        taught = RatingLessons(train=train, scale=scale, background=whole.background)
        found = model.fit(taught).predict(every()).mean
        assert scale[0] <= found.min() <= found.max() <= scale[1]
        if train is steady:
            np.testing.assert_allclose(found, 3.7, atol=1e-5)
    one_rate = whole.train.users == 2
    told = ContentKNN.preset("genre-cont").fit(whole).predict(Asked.of(whole.train.take(one_rate))).mean
    assert np.isfinite(told).all()


def test_who_likes_one_kind_is_told_so_of_a_cold_item() -> None:
    kinds = np.arange(ITEMS) % 2
    liked = np.where((np.arange(USERS)[:, None] + kinds) % 2 == 0, 5, 1)
    shown = np.ones((USERS, ITEMS), bool)
    shown[:, -6:] = False
    field = Field(values=np.eye(2, dtype=np.float32)[kinds], mask=np.ones(ITEMS, bool))
    taught = RatingLessons(train=history(liked, shown), scale=(1, 5), background=Background(items={"genres": field}))
    for name in ("genre-cont", "content-weighted"):
        np.testing.assert_allclose(model_of(name).fit(taught).predict(every()).mean, liked.ravel(), atol=1e-9)
    near = model_of("content-knn", {"fields": ["genres"], "k": 9}).fit(taught).predict(every()).mean
    assert ((near > 3) == (liked.ravel() > 3)).all()


@pytest.mark.parametrize(
    ("name", "settings", "says"),
    [
        ("genre-cont", {"k": 0}, "k of genre-cont"),
        ("content-knn", {"fields": ["sound"]}, "sound"),
        ("content-knn", {"fields": ["genres", "genres"]}, "once"),
        ("content-knn", {"fields": 3}, "list of names"),
        ("content-knn", {"weights": {"sound": 1}}, "sound"),
        ("content-knn", {"weights": {"genres": -1}}, "weight of genres"),
        ("content-knn", {"fields": ["genres"], "weights": {"genres": 0}}, "all weights are 0"),
        ("content-knn", {"scaling": "lenght"}, "length"),
        ("content-knn", {"centre": "mean"}, "bias"),
        ("content-weighted", {"power": 0}, "power"),
        ("content-weighted", {"damping": -1}, "damping"),
        ("content-weighted", {"similarity": "euclid"}, "shifted"),
    ],
)
def test_settings_that_cannot_be_are_refused_with_what_can(name: str, settings: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        model_of(name, settings).fit(lessons())


def test_questions_that_cannot_be_are_refused() -> None:
    predictor = ContentKNN.preset("genre-cont").fit(lessons())
    with pytest.raises(UsageError, match="no user at place 14"):
        predictor.predict(Asked(users=np.array([USERS]), items=np.array([0])))
    with pytest.raises(UsageError, match="no item at place -1"):
        predictor.predict(Asked(users=np.array([0]), items=np.array([-1])))
    with pytest.raises(UsageError, match="no k"):
        predictor.predictions_by_k(every(), ())
    with pytest.raises(UsageError, match="none of which there is"):
        ContentKNN().fit(replace(lessons(), background=Background()))
    with pytest.raises(UnknownName, match="genre-cont"):
        ContentKNN.preset("genre-knn")
