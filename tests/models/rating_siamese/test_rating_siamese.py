"""The rating Siamese: the paper's counts, its losses by hand, what vectors hold, and what they must never hold."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from triptych.catalogue.history import History
from triptych.errors import UnknownName, UsageError
from triptych.models.background import Background, Field
from triptych.models.predictor import Asked, RatingLessons
from triptych.models.predictors import model_of
from triptych.models.rating_siamese.network import Plan, RatingNetwork, cosine_loss, parameter_lines
from triptych.models.rating_siamese.rating_siamese import RatingSiamese
from triptych.models.rating_siamese.start import Base, Told
from triptych.models.rating_siamese.task import Rating
from triptych.models.rating_siamese.vectors import Content, RatingVectors

USERS, ITEMS = 24, 30
SMALL = RatingSiamese(reading=("plot",), meta=("facts",), epochs=2, batch=60, threads=1)
OWN = replace(SMALL, vectors="ratings", base="bias", hidden=0.3, product=True, sigmoid=False, rated=True)
TOWERS = replace(OWN, towers=8, scattered=True, hidden=0.2, dropout=0.2, shrink=1e-3, cosine=0.0)
PAPER = {"seeing": 2048, "hearing": 128, "reading": 384, "meta": 1220}


def history(seed: int = 0, share: float = 0.5, low: float = 1.0, high: float = 5.0) -> History:
    """Users and items are of two kinds; a user likes their own. User 0 rated once, user 1 all alike, and the last user
    and the last item never."""
    rng = np.random.default_rng(seed)
    users, items = np.nonzero(rng.random((USERS - 1, ITEMS - 1)) < share)
    keep = (users != 0) | (items == items[users == 0][0])
    users, items = users[keep], items[keep]
    alike = users % 2 == items % 2
    values = np.where(alike, 0.85, 0.2) + 0.1 * rng.random(len(users))
    values[users == 1] = 0.5
    return History(
        user_ids=tuple(f"u{k}" for k in range(USERS)),
        item_ids=tuple(f"i{k}" for k in range(ITEMS)),
        users=users.astype(np.int32),
        items=items.astype(np.int32),
        values=(low + (high - low) * values).astype(np.float32),
        times=np.full(len(users), -1, np.int64),
    )


def background(seed: int = 0) -> Background:
    """What stands in ``plot`` and ``facts`` tells the kind; item 2 has neither, item 3 no plot."""
    rng = np.random.default_rng(seed)
    kind = np.where(np.arange(ITEMS) % 2, 1.0, -1.0)[:, None]
    found: dict[str, Field] = {}
    for name, width, missing in (("plot", 5, [2, 3]), ("facts", 7, [2])):
        mask = ~np.isin(np.arange(ITEMS), missing)
        values = (kind + 0.3 * rng.normal(size=(ITEMS, width))) * mask[:, None]
        found[name] = Field(values=values.astype(np.float32), mask=mask)
    found["nothing"] = Field(values=np.zeros((ITEMS, 3), np.float32), mask=np.zeros(ITEMS, bool))
    return Background(items=found)


def lessons(rows: History | None = None, scale: tuple[float, float] = (1, 5)) -> RatingLessons:
    return RatingLessons(train=history() if rows is None else rows, scale=scale, background=background())


def every() -> Asked:
    users, items = np.divmod(np.arange(USERS * ITEMS), ITEMS)
    return Asked(users=users, items=items)


# The network


def test_the_paper_s_network_has_the_numbers_that_its_layers_add_up_to() -> None:
    def layers(*widths: int) -> int:
        return sum(a * b + b for a, b in pairwise(widths))

    with torch.device("meta"):
        net = RatingNetwork(Plan(widths=PAPER, user=1220))
        one = RatingNetwork(Plan(widths={"reading": 384}, user=1220))
    assert parameter_lines(net) == {
        "seeing": layers(2048, 1600, 500, 200),
        "hearing": layers(128, 256, 200),
        "reading": layers(384, 100, 200),
        "meta": layers(1220, 100, 200),
        "user": layers(1220, 1024, 800),
        "siamese": layers(800, 512, 256, 100),
        "predictor": layers(200, 164, 50, 1),
        "unknown": 4 * 200,
    }
    assert parameter_lines(one)["user"] == layers(1220, 1024, 200)
    assert parameter_lines(one)["siamese"] == layers(200, 512, 256, 100)
    kinds = [type(one).__name__ for one in net.seeing]
    assert kinds == ["Linear", "Sigmoid", "Linear", "Sigmoid", "Linear", "LeakyReLU"]
    assert [type(one).__name__ for one in net.user][1::2] == ["Sigmoid", "LeakyReLU"]
    assert [type(one).__name__ for one in net.siamese][1::2] == ["LeakyReLU"] * 3
    assert [type(one).__name__ for one in net.predictor][1::2] == ["LeakyReLU"] * 2
    assert net.siamese[1].negative_slope == 0.01


def test_what_is_unknown_is_encoded_by_what_was_learned_of_it_whatever_stands_there() -> None:
    net = RatingNetwork(Plan(widths={"reading": 3, "meta": 2}, user=4))
    with torch.no_grad():
        net.unknown["reading"][:] = torch.arange(200.0)
        known = torch.tensor([[False, True]])
        first = net.items([torch.zeros(1, 3), torch.ones(1, 2)], known)
        second = net.items([torch.full((1, 3), 9.0), torch.ones(1, 2)], known)
        by_hand = net.siamese(torch.cat([torch.arange(200.0)[None], net.meta(torch.ones(1, 2))], dim=1))
    assert torch.equal(first, second)
    torch.testing.assert_close(first, by_hand)


def test_the_loss_is_that_of_the_equations() -> None:
    rng = np.random.default_rng(3)
    users, items = rng.normal(size=(2, 6, 100))
    liked = np.array([True, False, True, False, False, True])
    cosines = (users * items).sum(1) / np.linalg.norm(users, axis=1) / np.linalg.norm(items, axis=1)
    assert (cosines < 0).any()
    assert (cosines > 0).any()
    by_hand = np.mean([1 - cos if like else max(0.0, cos) for cos, like in zip(cosines, liked, strict=True)])
    left, right, truth = torch.tensor(users), torch.tensor(items), torch.tensor(liked)
    assert float(cosine_loss(left, right, truth)) == pytest.approx(by_hand, abs=1e-12)
    assert float(cosine_loss(left, right, truth)) == pytest.approx(
        float(torch.nn.functional.cosine_embedding_loss(left, right, torch.where(truth, 1, -1))), abs=1e-7
    )


def task(
    told: Told, *, hidden: float, kind: Any = "ratings", base: Any = "bias", batch: int = 60, **own: Any
) -> Rating:
    made = Base.of(base, told, users=USERS, items=ITEMS)
    vectors: Any = RatingVectors.of(told, users=USERS, items=ITEMS, scaled=False, rated=False)
    if kind == "content":
        fields: Any = {"meta": ("facts",)}
        vectors = Content.of(
            background(), fields, ("facts",), learn=np.ones(ITEMS, bool), told=told, like=4, scaled=True, model="it"
        )
    net = RatingNetwork(Plan(widths=vectors.widths, user=vectors.user, towers=own.pop("towers", 0)))
    return Rating(
        **own,
        net=net,
        vectors=vectors,
        base=made,
        train=told,
        held=told,
        like=4.0,
        unit=1.0,
        batch=batch,
        hidden=hidden,
        cosine=0.5,
        fingerprint="it",
    )


def test_a_batch_comes_to_the_sum_of_both_losses() -> None:
    told = Told.of(history())
    given = task(told, hidden=0.3)
    batch = next(iter(given.batches(1, torch.Generator().manual_seed(0))))
    with torch.no_grad():
        loss, told_of_it = given.loss(batch)
        users, items = given.net.users(batch.users), given.net.items(batch.items, batch.known)
        rated = [
            float(given.net.rate(users[u][None], items[i][None]))
            for u, i in zip(batch.of_user.tolist(), batch.of_item.tolist(), strict=True)
        ]
    error = np.mean((np.array(rated) - batch.rests.numpy()) ** 2)
    assert told_of_it["train_mse"] == pytest.approx(error, rel=1e-5)
    assert float(loss) == pytest.approx(error + 0.5 * told_of_it["train_cosine"], rel=1e-5)


def test_towers_begin_as_the_dot_product_of_what_a_tanh_leaves_of_one_layer() -> None:
    torch.manual_seed(0)
    net = RatingNetwork(Plan(widths={"reading": 50, "meta": 3}, user=4, towers=6))
    assert parameter_lines(net) == {
        "unknown": 12,
        "reading": 51 * 6,
        "meta": 4 * 6,
        "user": 5 * 12,
        "siamese": 0,
        "predictor": 3 * 12 + 1,
    }
    vectors, parts = torch.randn(5, 4), [torch.randn(5, 50), torch.randn(5, 3)]
    with torch.no_grad():
        users, items = net.users(vectors), net.items(parts, torch.ones(5, 2, dtype=torch.bool))
        weight, bias = net.user[0].weight, net.user[0].bias
        torch.testing.assert_close(users, torch.tanh(vectors @ weight.T / 2 + bias))
        torch.testing.assert_close(net.rate(users, items), (users * items).sum(dim=1))
    assert [tuple(one.shape) for one in net.first] == [(6, 50), (6, 3), (12, 4)]


def test_what_shrinks_is_the_sum_of_squares_of_all_first_weights() -> None:
    plain, shrunk = (
        task(Told.of(history()), hidden=0.3, towers=4, scattered=True, shrink=shrink) for shrink in (0.0, 0.5)
    )
    shrunk.net.load_state_dict(plain.net.state_dict())
    batch = next(iter(plain.batches(1, torch.Generator().manual_seed(0))))
    with torch.no_grad():
        more = float(shrunk.loss(batch)[0] - plain.loss(batch)[0])
        squares = sum(float(one.square().sum()) for one in (plain.net.ratings[0].weight, plain.net.user[0].weight))
    assert more == pytest.approx(0.5 * squares, rel=1e-4)


# What vectors hold


def test_a_user_is_the_mean_of_what_they_liked_and_who_liked_nothing_the_mean_user() -> None:
    told = Told.of(history())
    given: Any = task(told, hidden=0.0, kind="content")._vectors
    found = given.users(told, Base.of("none", told, users=USERS, items=ITEMS), first=0, count=USERS)
    facts = background().items["facts"].standard(np.ones(ITEMS, bool))
    means = np.full((USERS, 7), np.nan)
    for user in range(USERS):
        liked = [
            i for u, i, r in zip(told.users, told.items, told.values, strict=True) if u == user and r >= 4 and i != 2
        ]
        if liked:
            means[user] = facts[liked].mean(axis=0)
    cold = np.isnan(means[:, 0])
    assert cold[[1, USERS - 1]].all()
    assert not cold.all()
    expected = (means - np.nanmean(means, axis=0)) / np.nanstd(means, axis=0)
    np.testing.assert_allclose(found, np.where(cold[:, None], 0, expected), atol=1e-4)


def test_each_rating_is_told_once_an_epoch_by_vectors_without_it() -> None:
    told = Told.of(history())
    given = task(told, hidden=0.3, base="none")
    table = np.zeros((USERS, ITEMS))
    table[told.users, told.items] = told.values
    seen = np.zeros((USERS, ITEMS), int)
    for batch in given.batches(1, torch.Generator().manual_seed(5)):
        users, items = batch.users.numpy(), batch.items[0].numpy()
        # A row of the table with nothing in some places is that of one user alone, and so is a column.
        who = [_alone(row, table) for row in users]
        which = [_alone(column, table.T) for column in items]
        for u, i, rest in zip(batch.of_user.tolist(), batch.of_item.tolist(), batch.rests.tolist(), strict=True):
            if who[u] < 0:  # all that this user rated is asked for
                continue
            assert users[u, which[i]] == items[i, who[u]] == 0
            assert rest == pytest.approx(table[who[u], which[i]])
            seen[who[u], which[i]] += 1
    assert seen.max() == 1
    assert seen.sum() >= len(told) - 3
    shown = next(iter(task(told, hidden=0.0, base="none").batches(1, torch.Generator().manual_seed(5))))
    u, i = int(shown.of_user[0]), int(shown.of_item[0])
    assert table[_alone(shown.users.numpy()[u], table), _alone(shown.items[0].numpy()[i], table.T)] == shown.rests[0]


def test_scattered_ratings_are_told_once_an_epoch_by_vectors_and_a_base_of_all_others() -> None:
    told = Told.of(history())
    given = task(told, hidden=0.25, scattered=True)
    assert given.steps == 4
    asked = 0
    for batch in given.batches(1, torch.Generator().manual_seed(2)):
        people = np.unique(told.users)
        users, items = batch.users.numpy(), batch.items[0].numpy()
        # Every item that is asked for, told by those whose rows hold it.
        which = [int(np.flatnonzero([_same(users[:, i], column[people]) for i in range(ITEMS)])[0]) for column in items]
        hidden = np.zeros((USERS, ITEMS), bool)
        hidden[people[batch.of_user.numpy()], np.array(which)[batch.of_item.numpy()]] = True
        hide = hidden[told.users, told.items]
        assert hide.sum() == hidden.sum() == len(batch.rests)
        others = Base.of("bias", told.take(~hide), users=USERS, items=ITEMS)
        table = np.zeros((USERS, ITEMS))
        rows = told.take(~hide)
        table[rows.users, rows.items] = rows.values - others(rows.users, rows.items)
        np.testing.assert_allclose(users, table[people], atol=1e-5)
        np.testing.assert_allclose(items, table.T[which], atol=1e-5)
        rests = np.zeros((USERS, ITEMS))
        out = told.take(hide)
        rests[out.users, out.items] = out.values - others(out.users, out.items)
        found = rests[people[batch.of_user.numpy()], np.array(which)[batch.of_item.numpy()]]
        np.testing.assert_allclose(batch.rests.numpy(), found, atol=1e-5)
        asked += len(out)
    assert asked == len(told)


def _same(left: np.ndarray, right: np.ndarray) -> bool:
    return bool(right.any() and np.allclose(left, right, atol=1e-5))


def _alone(row: np.ndarray, table: np.ndarray) -> int:
    fits = [k for k, one in enumerate(table) if row.any() and (one[row != 0] == row[row != 0].astype(np.float32)).all()]
    fits = fits or [k for k, one in enumerate(table.astype(np.float32)) if row.any() and (one == row)[row != 0].all()]
    return fits[0] if fits else -1


def test_a_base_without_ratings_is_that_of_the_others() -> None:
    told = Told.of(history())
    base = Base.of("bias", told, users=USERS, items=ITEMS)
    own = told.users < 4
    hide = own & (told.items % 3 == 0)
    left = base.without(told.take(own & ~hide), told.take(hide))
    off = told.values - base.start
    for item in range(ITEMS):
        rest = (told.items == item) & ~hide
        assert left.items[item] == pytest.approx(np.sum(off[rest] - base.users[told.users[rest]]) / (rest.sum() + 5))
    for user in range(4):
        rest = (told.users == user) & ~hide
        found = np.sum(off[rest] - left.items[told.items[rest]]) / (rest.sum() + 10)
        assert left.users[user] == pytest.approx(found, abs=1e-12)
    assert np.array_equal(left.users[4:], base.users[4:])
    assert base.without(told, told.take(np.zeros(len(told), bool))) is base


@pytest.mark.parametrize(
    "model", [replace(SMALL, batch=200), replace(TOWERS, scattered=False), TOWERS], ids=["content", "ratings", "towers"]
)
def test_validation_ratings_move_nothing_that_was_learned_in_an_epoch(model: RatingSiamese) -> None:
    """What judges is in no vector and no step: only the choice of the epoch may hang on it."""
    rows = history()
    judges = np.arange(len(rows)) % 5 == 0
    held = rows.take(judges)
    other = replace(held, values=(6 - held.values).astype(np.float32))
    first, second = (
        replace(model, epochs=1).fit(
            RatingLessons(train=rows.take(~judges), scale=(1, 5), validation=one, background=background())
        )
        for one in (held, other)
    )
    assert np.array_equal(first.predict(every()).mean, second.predict(every()).mean)
    assert first.facts["rmse"] != second.facts["rmse"]


# Fitted


@pytest.mark.parametrize(
    "model",
    [
        replace(SMALL, sigmoid=False, base="bias", product=True, like=4.0),
        replace(OWN, base="mean", rated=False),
        replace(TOWERS, rate=0.03, again=True),
        replace(SMALL, towers=6, rate=0.03, base="mean"),
    ],
    ids=["content", "ratings", "towers", "towers of content"],
)
def test_it_learns_who_likes_what_and_a_pair_is_told_by_itself(model: RatingSiamese) -> None:
    model = replace(model, epochs=12 if model.towers else 5, batch=40)
    found = model.fit(lessons())
    mean = found.predict(every()).mean
    table = mean.reshape(USERS, ITEMS)
    alike = np.add.outer(np.arange(USERS), np.arange(ITEMS)) % 2 == 0
    warm = np.zeros_like(alike)
    warm[2:-1, 4:-1] = True
    assert table[alike & warm].mean() > table[~alike & warm].mean() + 1.5
    assert mean.min() >= 1
    assert mean.max() <= 5
    for part in (slice(7, 8), slice(100, 300)):
        np.testing.assert_allclose(found.predict(every().take(part)).mean, mean[part], atol=1e-12)
    assert found.facts["best"] == 1 + int(np.argmin([one["mse"] for one in found.facts["epochs"]]))
    assert found.facts["rmse"] < 0.9


@pytest.mark.parametrize("model", [replace(SMALL, hidden=0.4), replace(TOWERS, again=True)], ids=["content", "ratings"])
def test_a_run_that_was_killed_goes_on_to_the_same_bits(model: RatingSiamese, tmp_path: Path) -> None:
    class Killed(Exception):
        pass

    def kill(what: str, done: int, of: int) -> None:
        del what, of
        if done == 1:
            raise Killed

    model = replace(model, epochs=2, batch=200, dropout=0.2)
    whole = model.fit(lessons()).predict(every()).mean
    with pytest.raises(Killed):
        model.fit(lessons(), folder=tmp_path, report=kill)
    assert np.array_equal(model.fit(lessons(), folder=tmp_path).predict(every()).mean, whole)
    other = replace(history(), values=np.full(len(history()), 3, np.float32))
    with pytest.raises(UsageError):
        model.fit(lessons(other), folder=tmp_path)


# Bad input


@pytest.mark.parametrize(
    "model",
    [SMALL, replace(TOWERS, scattered=False), replace(SMALL, base="bias", hidden=0.5), TOWERS],
    ids=["content", "ratings", "bias", "towers"],
)
def test_any_scale_and_few_rows_are_survived(model: RatingSiamese) -> None:
    low, high = (0.5, 5.0) if model.base == "none" else (0.0, 10.0)
    model = replace(model, epochs=1)
    rows = history(low=low, high=high)
    constant = replace(rows, values=np.full(len(rows), high, np.float32))
    for few in (rows, constant, rows.take(np.arange(1)), rows.take(np.arange(2))):
        mean = model.fit(lessons(few, (low, high))).predict(every()).mean
        assert np.isfinite(mean).all()
        assert mean.min() >= low
        assert mean.max() <= high


def test_a_field_that_nothing_is_known_of_is_survived_and_one_that_is_not_there_refused() -> None:
    bare = replace(SMALL, reading=("nothing",), meta=())
    assert bare.fit(lessons()).facts["unknown"] == {"reading": ITEMS}
    with pytest.raises(UnknownName, match="plot"):
        replace(SMALL, reading=("plots",)).fit(lessons())


@pytest.mark.parametrize(
    "settings",
    [
        {"vectors": "both"},
        {"base": "biases"},
        {"reading": [], "meta": []},
        {"reading": "plot"},
        {"hidden": 1.0},
        {"dropout": -0.1},
        {"cosine": -1.0},
        {"batch": 0},
        {"towers": -1},
        {"shrink": float("inf")},
        {"scattered": True},
        {"epochs": 0},
        {"rate": 0.0},
        {"like": float("nan")},
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        model_of("rating-siamese", settings)


def test_it_is_asked_for_by_name_and_its_key_tells_all() -> None:
    model = model_of("rating-siamese", {"reading": ["plot"], "seed": 3})
    assert model.key["reading"] == ["plot"]
    assert model.key["seed"] == 3
    assert model.key != model_of("rating-siamese", {"reading": ["plot"], "seed": 4}).key
