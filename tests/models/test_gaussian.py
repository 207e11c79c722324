"""What a user thinks of all items as one normal: the posterior of its own equations, and what was planted."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from triptych.catalogue.history import UNTIMED, History
from triptych.errors import UnknownName, UsageError
from triptych.models.background import Background, Field
from triptych.models.gaussian import Gaussian
from triptych.models.predictor import Asked, RatingLessons

PLAIN = {"content": {}, "moods": ()}


def _history(users, items, values, times=None, *, sides=(60, 24)) -> History:
    return History(
        user_ids=tuple(f"u{k}" for k in range(sides[0])),
        item_ids=tuple(f"i{k}" for k in range(sides[1])),
        users=np.asarray(users, np.int32),
        items=np.asarray(items, np.int32),
        values=np.asarray(values, np.float32),
        times=np.full(len(users), UNTIMED) if times is None else np.asarray(times, np.int64),
    )


def _rmse(mean, truth) -> float:
    return float(np.sqrt(np.mean((mean - truth) ** 2)))


def _camps(share: float = 0.5, items: int = 24):
    """Users like the even or the odd items; 4 in one's own camp and 2 in the other, and noise."""
    generator = np.random.default_rng(1)
    users, items = (grid.ravel() for grid in np.meshgrid(np.arange(60), np.arange(items), indexing="ij"))
    truth = np.where(users % 2 == items % 2, 4.0, 2.0)
    values = np.clip(truth + 0.3 * generator.standard_normal(len(truth)), 1, 5)
    return users, items, values, truth, generator.random(len(truth)) < share


@pytest.fixture(scope="module")
def fitted():
    users, items, values, _, seen = _camps()
    return Gaussian(**PLAIN).fit(RatingLessons(train=_history(users[seen], items[seen], values[seen]), scale=(1, 5)))


def test_without_an_iteration_it_is_the_posterior_of_its_prior():
    values, times = np.array([1.0, 4.0, 5.0, 3.0]), np.array([0, 50, 70, 0])
    train = _history([0, 0, 0, 1], [0, 1, 2, 0], values, times, sides=(2, 4))
    kinds = Field(values=sp.csr_array(np.eye(2, dtype=np.float32)[[0, 0, 1, 1]]), mask=np.ones(4, bool))
    means = {"mean_own": 0.16, "mean_content": 0.16, "mean_all": 0.08}
    tastes = {"content": {"kind": 0.5}, "own": 0.2, "moods": ((100.0, 0.3),), "constant": 0.1, "noise": 0.4}
    model = Gaussian(**tastes, **means, iterations=0, spread=1.0)
    told = model.fit(RatingLessons(train=train, scale=(-50, 50), background=Background(items={"kind": kinds}))).predict(
        Asked(users=np.array([0, 1]), items=np.array([3, 2]), times=np.array([60, 60]))
    )
    unit, usual = values.var(), values.mean()
    alike = np.kron(np.eye(2), np.ones((2, 2)))
    prior = unit * (0.16 * np.eye(4) + 0.16 * alike + 0.08)
    rated = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]]).T
    count, sums = rated.sum(axis=1), rated @ (values - usual)
    offsets = prior[:, :3] @ np.linalg.solve(prior[:3, :3] + np.diag(unit / count), sums / count)
    taste = unit * (0.2 * np.eye(4) + 0.5 * alike)

    def mood(one, other):
        return unit * (0.1 + 0.3 * np.exp(-np.abs(np.subtract.outer(one, other)) / 100))

    inner = taste[:3, :3] + mood(times[:3], times[:3]) + 0.4 * unit * np.eye(3)
    near = taste[3, :3] + mood([60], times[:3])[0]
    mean = usual + offsets[3] + near @ np.linalg.solve(inner, values[:3] - usual - offsets[:3])
    doubt = prior[3, 3] - prior[3, :3] @ np.linalg.solve(prior[:3, :3] + np.diag(unit / count), prior[:3, 3])
    variance = doubt + taste[3, 3] + 0.4 * unit + 0.4 * unit - near @ np.linalg.solve(inner, near)
    assert told.mean[0] == pytest.approx(mean, abs=1e-6)
    assert told.sd is not None
    assert told.sd[0] == pytest.approx(np.sqrt(variance), abs=1e-6)


def test_it_learns_who_is_liked_alike_and_its_intervals_hold(fitted):
    users, items, _, truth, seen = _camps()
    told = fitted.predict(Asked(users=users[~seen], items=items[~seen]))
    assert _rmse(told.mean, truth[~seen]) < 0.3
    assert np.linalg.eigvalsh(fitted.state.likeness).min() > 0
    learned = fitted.state.likeness
    assert learned[0, 2] > 0.2 > -0.2 > learned[0, 1]
    assert fitted.predict(Asked(users=np.array([0]), items=np.array([0]))).sd < told.sd.max() + 1e-9


def test_a_longer_step_leaves_a_covariance_where_everybody_rated_everything():
    users, items, values, _, _ = _camps(items=6)
    train = _history(users, items, values, sides=(60, 6))
    state = (
        Gaussian(**PLAIN, own=20.0, step=2.9, prior=0.0, iterations=4)
        .fit(RatingLessons(train=train, scale=(1, 5)))
        .state
    )
    assert np.linalg.eigvalsh(state.likeness).min() > 0
    assert min(state.steps) < 2.9


def test_a_pair_is_told_alone_as_among_others_and_strangers_as_anyone(fitted):
    asked = Asked(users=np.array([3, 0, 3, 1]), items=np.array([0, 1, 5, 2]))
    whole = fitted.predict(asked)
    for k in range(4):
        alone = fitted.predict(asked.take(np.array([k])))
        assert alone.mean[0] == pytest.approx(whole.mean[k], abs=1e-9)
        assert alone.sd[0] == pytest.approx(whole.sd[k], abs=1e-9)
    assert len(fitted.predict(asked.take(slice(0, 0))).mean) == 0


def test_content_tells_of_items_that_nobody_has_rated_and_the_unsure_say_so():
    users, items, values, truth, _ = _camps()
    warm = items < 16
    kinds = Field(values=np.eye(2, dtype=np.float32)[np.arange(24) % 2], mask=np.ones(24, bool))
    lessons = RatingLessons(
        train=_history(users[warm], items[warm], values[warm]),
        scale=(1, 5),
        background=Background(items={"kind": kinds}),
    )
    asked = Asked(users=users[~warm], items=items[~warm])
    model = Gaussian(content={"kind": 0.3, "nothing?": 0.1}).fit(lessons)
    assert model.facts["not_there"] == ["nothing"]
    assert _rmse(model.predict(asked).mean, truth[~warm]) < 0.5
    without = Gaussian(**PLAIN).fit(lessons).predict(asked)
    assert _rmse(without.mean, truth[~warm]) > 0.8
    known = Gaussian(**PLAIN).fit(lessons).predict(Asked(users=users[warm], items=items[warm]))
    assert without.sd.min() > known.sd.max()
    with pytest.raises(UnknownName, match="'genres'"):
        Gaussian(content={"genres": 0.1}).fit(lessons)


def test_a_mood_passes():
    users = np.repeat(np.arange(60), 24)
    items = np.tile(np.arange(24), 60)
    bad = np.random.default_rng(0).integers(2, size=len(users))
    train = _history(users, items, np.where(bad, 2.0, 4.0), bad * 1_000_000)
    fitted = Gaussian(content={}, moods=((1000.0, 0.3),), iterations=2).fit(RatingLessons(train=train, scale=(1, 5)))
    same = {"users": np.zeros(3, np.int64), "items": np.full(3, 5)}
    told = fitted.predict(Asked(**same, times=np.array([0, 1_000_000, 500_000]))).mean
    assert told[0] > told[2] + 0.2 > told[1] + 0.4
    assert fitted.predict(Asked(**same)).mean == pytest.approx(told[2], abs=1e-9)


@pytest.mark.parametrize(
    ("users", "items", "values", "scale"),
    [
        ([0], [0], [3.0], (1, 5)),
        ([0, 0, 1, 2, 2], [0, 1, 2, 0, 1], [5.0] * 5, (1, 5)),
        ([0, 0, 0, 1], [0, 1, 2, 0], [0.0, 10.0, 5.0, 0.0], (0, 10)),
    ],
)
def test_whatever_there_is_to_learn_from_it_answers_within_the_scale(users, items, values, scale):
    grid = np.arange(16)
    train = _history(users, items, values, sides=(4, 4))
    blank = {"genres": Field(values=np.zeros((4, 2), np.float32), mask=np.zeros(4, bool))}
    told = (
        Gaussian()
        .fit(RatingLessons(train=train, scale=scale, background=Background(items=blank)))
        .predict(Asked(users=grid // 4, items=grid % 4, times=grid))
    )
    assert ((told.mean >= scale[0]) & (told.mean <= scale[1])).all()
    assert told.sd is not None


def test_one_setting_does_for_every_scale():
    users, items, values, _, seen = _camps()
    told: list[np.ndarray] = []
    for factor in (1, 2):
        train = _history(users[seen], items[seen], factor * values[seen].astype(np.float32))
        fitted = Gaussian(**PLAIN, iterations=2).fit(RatingLessons(train=train, scale=(0, 5 * factor)))
        told.append(fitted.predict(Asked(users=users[:50], items=items[:50])).mean / factor)
    assert told[1] == pytest.approx(told[0], abs=1e-6)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"noise": 0.0}, "noise"),
        ({"prior": -1.0}, "prior"),
        ({"content": {"genres": -0.1}}, "content"),
        ({"moods": ((0.0, 0.1),)}, "moods"),
        ({"step": 0.5}, "step"),
        ({"iterations": -1}, "iterations"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, says):
    with pytest.raises(UsageError, match=says):
        Gaussian(**settings)


def test_too_many_items_are_refused(fitted):
    with pytest.raises(UsageError, match="refuses above 10"):
        Gaussian(most_items=10).fit(fitted.lessons)
