"""A Bayesian factorisation machine finds what was planted, in ids, content and time, and knows how sure it is."""

from __future__ import annotations

import numpy as np
import pytest

from triptych.catalogue.history import UNTIMED, History
from triptych.errors import MissingExtra, UnknownName, UsageError
from triptych.models import predictors
from triptych.models.background import Background, Field
from triptych.models.fm.fm import FM
from triptych.models.fm.moments import DAY, KINDS, Moments
from triptych.models.predictor import Asked, RatingLessons

pytest.importorskip("myfm")
QUICK = {"rank": 3, "iterations": 60, "kept": 40}
BARE = {"histories": (), "items": (), "users": (), "moments": ()}


def _history(users, items, values, times=None, *, sides=(40, 30)) -> History:
    n = len(users)
    return History(
        user_ids=tuple(f"u{k}" for k in range(sides[0])),
        item_ids=tuple(f"i{k}" for k in range(sides[1])),
        users=np.asarray(users, np.int32),
        items=np.asarray(items, np.int32),
        values=np.asarray(values, np.float32),
        times=np.full(n, UNTIMED) if times is None else np.asarray(times, np.int64),
    )


def _rmse(mean, truth) -> float:
    return float(np.sqrt(np.mean((mean - truth) ** 2)))


def _planted(noise: float = 0.3, seed: int = 3):
    """Two camps of users and two kinds of items; a rating is 4 in one's own camp and 2 in the other, and noise."""
    generator = np.random.default_rng(seed)
    users, items = (grid.ravel() for grid in np.meshgrid(np.arange(40), np.arange(30), indexing="ij"))
    truth = np.where(users % 2 == items % 2, 4.0, 2.0)
    values = np.clip(truth + noise * generator.standard_normal(len(truth)), 1, 5)
    return users, items, values, truth, generator.random(len(truth)) < 0.5


@pytest.fixture(scope="module")
def camps():
    users, items, values, truth, seen = _planted()
    lessons = RatingLessons(train=_history(users[seen], items[seen], values[seen]), scale=(1, 5))
    return lessons, FM(**{**BARE, **QUICK}).fit(lessons), users, items, values, truth, seen


def test_it_finds_what_was_planted_and_its_intervals_hold(camps):
    _, fitted, users, items, values, truth, seen = camps
    told = fitted.predict(Asked(users=users[~seen], items=items[~seen]))
    assert _rmse(told.mean, truth[~seen]) < 0.2  # the planted noise is 0.3, a guess 1
    inside = np.abs(told.mean - values[~seen]) <= 1.2816 * told.sd
    assert 0.72 < inside.mean() < 0.88
    assert fitted.facts["noise_sd"] == pytest.approx(0.3, abs=0.06)


def test_a_pair_is_told_alone_as_among_others_and_a_seed_decides_all(camps):
    lessons, fitted, users, items, *_ = camps
    asked = Asked(users=users, items=items)
    whole = fitted.predict(asked)
    part = fitted.predict(asked.take(np.array([700, 3])))
    assert part.mean == pytest.approx(whole.mean[[700, 3]], abs=1e-9)
    assert part.sd == pytest.approx(whole.sd[[700, 3]], abs=1e-9)
    again = FM(**{**BARE, **QUICK}).fit(lessons).predict(asked)
    assert np.array_equal(again.mean, whole.mean)
    assert not np.array_equal(FM(**{**BARE, **QUICK, "seed": 1}).fit(lessons).predict(asked).mean, whole.mean)


def test_of_a_stranger_it_is_less_sure_and_says_what_is_usual():
    users, items, values, _, seen = _planted()
    known = seen & (users > 1)  # users 0 and 1 have no row
    train = _history(users[known], items[known], values[known])
    fitted = FM(**{**BARE, **QUICK}).fit(RatingLessons(train=train, scale=(1, 5)))
    cold = fitted.predict(Asked(users=np.array([0, 1, 0]), items=np.array([0, 0, 1])))
    warm = fitted.predict(Asked(users=np.array([2, 3]), items=np.array([0, 0])))
    assert cold.mean[0] == cold.mean[1]  # nothing tells them apart
    assert cold.mean == pytest.approx(3, abs=0.4)
    assert cold.sd.min() > 1.3 * warm.sd.max()


def test_content_tells_of_items_that_nobody_has_rated():
    users, items, values, truth, _ = _planted()
    warm = items < 20
    kinds = Field(values=np.eye(2, dtype=np.float32)[np.arange(30) % 2], mask=np.ones(30, bool))
    lessons = RatingLessons(
        train=_history(users[warm], items[warm], values[warm]),
        scale=(1, 5),
        background=Background(items={"kind": kinds}),
    )
    asked = Asked(users=users[~warm], items=items[~warm])
    with_it = FM(**{**BARE, **QUICK, "items": ("kind", "nothing?")}).fit(lessons)
    without = FM(**{**BARE, **QUICK}).fit(lessons)
    assert with_it.facts["not_there"] == ["nothing"]
    assert _rmse(with_it.predict(asked).mean, truth[~warm]) < 0.6
    assert _rmse(without.predict(asked).mean, truth[~warm]) > 0.8


def test_a_field_unknown_of_every_item_asked_and_one_unknown_of_all_change_nothing_but_what_is_known():
    users, items, values, _, _ = _planted()
    warm = items < 20
    held = np.eye(2, dtype=np.float32)[np.arange(30) % 2] * (np.arange(30) < 20)[:, None]
    fields = {
        "kind": Field(values=held.astype(np.float32), mask=np.arange(30) < 20),
        "none": Field(values=np.zeros((30, 3), np.float32), mask=np.zeros(30, bool)),
    }
    lessons = RatingLessons(
        train=_history(users[warm], items[warm], values[warm]), scale=(1, 5), background=Background(items=fields)
    )
    told = (
        FM(**{**BARE, **QUICK, "items": ("kind", "none")})
        .fit(lessons)
        .predict(Asked(users=users[~warm], items=items[~warm]))
    )
    assert told.mean == pytest.approx(3, abs=0.6)


def test_a_user_day_is_learned_and_a_day_without_training_is_as_usual():
    users, items = (grid.ravel() for grid in np.meshgrid(np.arange(20), np.arange(30), indexing="ij"))
    bad = np.random.default_rng(0).integers(2, size=len(users))  # what was rated on another day, in a bad mood
    values = np.where(bad, 2.0, 4.0)
    train = _history(users, items, values, 10 * DAY + bad * 3 * DAY, sides=(20, 30))
    fitted = FM(**{**BARE, **QUICK, "moments": ("day", "user-day"), "ids": True}).fit(
        RatingLessons(train=train, scale=(1, 5))
    )
    same = {"users": np.array([0, 0, 0]), "items": np.array([5, 5, 5])}
    told = fitted.predict(Asked(**same, times=np.array([10, 13, 99]) * DAY)).mean
    assert told[0] > told[2] > told[1]
    assert told[0] - told[1] > 0.5
    assert fitted.predict(Asked(**same)).mean == pytest.approx(told[2], abs=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_moment_finds_its_training_rows_again(kind: str):
    train = _history([0, 0, 1], [0, 1, 0], [1, 2, 3], [5, 5 + 40 * DAY, UNTIMED])
    moments = Moments.of(kind, train)
    assert moments is not None
    places = moments.places(train.users.astype(np.int64), train.times)
    assert (places[:2] < moments.count - 1).all()
    assert places[2] == moments.count - 1
    assert Moments.of(kind, train.take(np.array([2]))) is None


def test_levels_are_all_that_an_ordinal_one_predicts_between():
    users, items, _, truth, seen = _planted()
    lessons = RatingLessons(train=_history(users[seen], items[seen], truth[seen]), scale=(0, 10))
    told = FM(**{**BARE, **QUICK, "ordinal": True}).fit(lessons).predict(Asked(users=users[~seen], items=items[~seen]))
    assert told.mean.min() >= 2
    assert told.mean.max() <= 4
    assert _rmse(told.mean, truth[~seen]) < 0.35


@pytest.mark.parametrize("settings", [{}, {"ordinal": True}])
@pytest.mark.parametrize(
    ("users", "items", "values", "scale"),
    [
        ([0], [0], [3.0], (1, 5)),
        ([0, 0, 1, 2, 2], [0, 1, 2, 0, 1], [5.0] * 5, (1, 5)),
        ([0, 0, 0, 1], [0, 1, 2, 0], [0.0, 10.0, 5.0, 0.0], (0, 10)),
        ([0, 1, 1, 1], [0, 0, 1, 2], [0.5, 3.5, 3.5, 3.5], (0.5, 5)),
    ],
)
def test_whatever_there_is_to_learn_from_it_answers_within_the_scale(users, items, values, scale, settings):
    lessons = RatingLessons(train=_history(users, items, values, sides=(4, 4)), scale=scale)
    grid = np.arange(16)
    told = (
        FM(**{**QUICK, "iterations": 12, "kept": 8, **settings})
        .fit(lessons)
        .predict(Asked(users=grid // 4, items=grid % 4, times=grid))
    )
    assert ((told.mean >= scale[0]) & (told.mean <= scale[1])).all()
    assert np.isfinite(told.sd).all()


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"rank": 0}, "rank"),
        ({"iterations": 30.5}, "whole number"),
        ({"kept": 500}, "500 draws"),
        ({"spread": 0.0}, "spread"),
        ({"seed": -1}, "seed"),
        ({"items": "genres"}, "list of names"),
        ({"moments": ("dya",)}, "'day'"),
        ({"histories": ("users",)}, "'user'"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, says):
    with pytest.raises(UsageError, match=says):
        FM(**settings)


def test_a_field_that_is_not_there_is_named_and_reading_nothing_is_refused():
    lessons = RatingLessons(train=_history([0], [0], [3.0]), scale=(1, 5))
    with pytest.raises(UnknownName, match=r"'genres'.*'genres\?'"):
        FM(items=("genres",)).fit(lessons)
    with pytest.raises(UsageError, match="reads nothing"):
        FM(**{**BARE, "ids": False, "items": ("genres?",)}).fit(lessons)
    with pytest.raises(UnknownName, match="libfm"):
        FM.preset("libfn")


@pytest.mark.parametrize("name", ["libfm", "fm-content", "fm"])
def test_it_is_had_by_name_and_its_absence_is_said(name: str, monkeypatch: pytest.MonkeyPatch):
    made = predictors.model_of(name, {"rank": 4})
    assert made.name == name
    assert made.key["rank"] == 4
    monkeypatch.setattr(predictors, "find_spec", lambda package: None)
    with pytest.raises(MissingExtra, match=r"triptych\[fm\]"):
        predictors.model_of(name)
