"""The deep models as rating models: settings, cold items by content, kills, and all that a history may be."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from triptych.catalogue.history import History
from triptych.errors import UnknownName, UsageError
from triptych.models.background import Background, Field
from triptych.models.deep_cf.deep_cf import NETWORKS, DeepCf
from triptych.models.predictor import Asked, RatingLessons
from triptych.models.predictors import model_of
from triptych.models.similarity import Sequences

USERS, ITEMS, COLD = 24, 40, 10
TINY: dict[str, Any] = {
    "factors": 4,
    "ratings": (16, 8),
    "units": (8, 8),
    "merge": (16, 8),
    "join": (8,),
    "dropout": 0.0,
    "l2": 0.0,
    "batch": 64,
    "rate": 2e-2,
    "subclips": 2,
}
QUICK: dict[str, Any] = {**TINY, "batch": 128}


def history(users: Any, items: Any, values: Any, *, n_users: int = USERS, n_items: int = ITEMS) -> History:
    return History(
        user_ids=tuple(f"u{k}" for k in range(n_users)),
        item_ids=tuple(f"m{k}" for k in range(n_items)),
        users=np.array(users, np.int32),
        items=np.array(items, np.int32),
        values=np.array(values, np.float32),
        times=np.zeros(len(users), np.int64),
    )


def world() -> tuple[History, Background]:
    """Odd items are liked, 4, and even ones are not, 2. Of odd items the last frames are bright, of even ones the
    first: nothing but their order tells them apart. What is heard is noise."""
    rng = np.random.default_rng(1)
    users, items = (one.ravel() for one in np.mgrid[:USERS, :ITEMS])
    like = items % 2
    ramp = np.linspace(-1, 1, 6)[:, None]
    frames = [(ramp * (-1) ** k + 0.1 * rng.normal(size=(6, 1))).astype(np.float32) for k in range(ITEMS)]
    timed = Sequences(title="seeing/light", values=tuple(frames), times_s=(np.arange(6.0),) * ITEMS)
    tone = Field(values=rng.normal(size=(ITEMS, 2)).astype(np.float32), mask=np.ones(ITEMS, bool))
    return (
        history(users, items, 2 + 2 * like),
        Background(items={"hearing/tone": tone}, sequences={"seeing/light": timed}),
    )


def sides() -> tuple[RatingLessons, History]:
    """The last items are cold; of those the first half decides when to stop, and the others judge."""
    rows, background = world()
    cold = rows.items >= ITEMS - COLD
    held = cold & (rows.items < ITEMS - COLD // 2)
    lessons = RatingLessons(train=rows.take(~cold), validation=rows.take(held), scale=(1.0, 5.0), background=background)
    return lessons, rows.take(cold & ~held)


def rmse(model: DeepCf, lessons: RatingLessons, test: History) -> float:
    said = model.fit(lessons).predict(Asked.of(test)).mean
    return float(np.sqrt(np.square(said - test.values).mean()))


def test_cold_items_are_told_by_their_content_and_by_nothing_else() -> None:
    lessons, test = sides()
    model = DeepCf.preset("lstm-av-cont", **TINY, epochs=5)
    assert rmse(replace(model, hearing=()), lessons, test) < 0.3
    assert rmse(replace(model, seeing=(), epochs=3), lessons, test) > 0.9
    assert 0.95 < rmse(replace(model, network="deep-cf", epochs=3), lessons, test) < 1.3


def test_what_is_pretrained_tells_how_its_parts_fared() -> None:
    rows, background = world()
    told = np.arange(len(rows)) % 5 == 0
    lessons = RatingLessons(train=rows.take(~told), scale=(1.0, 5.0), background=background)
    model = DeepCf.preset("dcf-av-cont-2", **TINY, epochs=5, fine_rate=0.02)
    facts = model.fit(lessons).facts
    assert facts["validation_rmse"] < 0.5
    assert facts["content"]["seeing"] == {"titles": ["seeing/light"], "steps": 2, "width": 1, "items": ITEMS}
    assert facts["pretrained"].keys() == {"deep-cf", "lstm-av-cont", "tensors"}
    # The parts are those that the presets train.
    alone = replace(model, network="deep-cf", pretrained=False).fit(lessons).facts
    assert facts["pretrained"]["deep-cf"]["epochs"] == alone["epochs"]
    joined = replace(model, pretrained=False, epochs=1).fit(lessons).facts
    assert facts["parameters"] == joined["parameters"]
    assert facts["epochs"][0]["train_loss"] != joined["epochs"][0]["train_loss"]
    assert json.loads(json.dumps(facts)) == facts


def test_what_was_killed_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    rows, background = world()
    lessons = RatingLessons(train=rows.take(rows.items < 30), scale=(1.0, 5.0), background=background)
    model = DeepCf.preset("dcf-av-cont-2", **{**QUICK, "dropout": 0.3}, forgetting=0.1, epochs=2)
    asked = Asked.of(rows)
    whole = model.fit(lessons).predict(asked).mean
    for killed in ("dcf-av-cont-2/lstm-av-cont", "dcf-av-cont-2"):

        def kill(title: str, done: int, of: int, at: str = killed) -> None:
            assert 0 <= done <= of
            if (title, done) == (at, 1):
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            model.fit(lessons, folder=tmp_path, report=kill)
    seen: list[tuple[str, int]] = []
    again = model.fit(lessons, folder=tmp_path, report=lambda title, done, of: seen.append((title, done)))
    np.testing.assert_array_equal(again.predict(asked).mean, whole)
    assert seen == [
        ("dcf-av-cont-2/deep-cf", 2),
        ("dcf-av-cont-2/lstm-av-cont", 2),
        ("dcf-av-cont-2", 1),
        ("dcf-av-cont-2", 2),
    ]
    with pytest.raises(UsageError, match="another"):
        replace(model, l2=0.5).fit(lessons, folder=tmp_path)
    assert not np.array_equal(replace(model, seed=1).fit(lessons).predict(asked).mean, whole)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_pair_is_told_alike_alone_and_among_others_and_within_the_scale(name: str) -> None:
    """Cold users and items, an item without any content, a scale from 0 to 10."""
    rows, background = world()
    light = background.sequences["seeing/light"]
    bare = replace(
        light,
        values=(np.zeros((0, 1), np.float32), *light.values[1:]),
        times_s=(np.zeros(0), *light.times_s[1:]),
    )
    tone = background.items["hearing/tone"]
    lacking = Field(values=np.where(np.arange(ITEMS)[:, None] > 0, tone.values, 0), mask=np.arange(ITEMS) > 0)
    known = Background(items={"hearing/tone": lacking}, sequences={"seeing/light": bare})
    taught = rows.take((rows.users > 3) & (rows.items > 3))
    taught = replace(taught, values=(taught.values - 2) * 5)
    model = DeepCf.preset(name, **QUICK, epochs=2)
    predictor = replace(model, pretrained=False).fit(RatingLessons(train=taught, scale=(0.0, 10.0), background=known))
    asked = Asked.of(rows)
    together = predictor.predict(asked).mean
    places = [0, 41, 500, 959]
    alone = np.concatenate([predictor.predict(asked.take(np.array([k]))).mean for k in places])
    np.testing.assert_allclose(alone, together[places], rtol=0, atol=1e-9)
    assert together.dtype == np.float64
    assert 0 <= together.min() < together.max() <= 10
    assert len(predictor.predict(asked.take(np.zeros(0, np.int64))).mean) == 0
    # Two cold users are one to it.
    np.testing.assert_allclose(together[:ITEMS], together[ITEMS : 2 * ITEMS], atol=1e-12)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("rows", [1, 5])
def test_one_rating_and_ratings_that_are_all_alike_are_enough(name: str, rows: int) -> None:
    _, background = world()
    lessons = RatingLessons(
        train=history(np.arange(rows), np.arange(rows), np.full(rows, 5.0)), scale=(0.5, 5.0), background=background
    )
    said = (
        DeepCf.preset(name, **QUICK, epochs=1)
        .fit(lessons)
        .predict(Asked(users=np.array([0, 20]), items=np.array([0, 30])))
    )
    assert ((said.mean > 2.5) & (said.mean <= 5)).all()


def test_a_panel_that_all_that_is_asked_lacks_and_one_that_nobody_taught_with() -> None:
    rows, _ = world()
    train = rows.take(rows.items < 30)
    bright = ((-1.0) ** np.arange(ITEMS))[:, None].astype(np.float32)
    for mask in (np.arange(ITEMS) < 30, np.arange(ITEMS) >= 30):
        field = Field(values=np.where(mask[:, None], bright, 0), mask=mask)
        lessons = RatingLessons(train=train, scale=(1.0, 5.0), background=Background(items={"look": field}))
        model = DeepCf.preset("lstm-av-cont", **QUICK, epochs=1, seeing=["look"])
        said = model.fit(lessons).predict(Asked.of(rows.take(rows.items >= 30))).mean.reshape(USERS, 10)
        np.testing.assert_allclose(said, said[:, :1].repeat(10, axis=1), atol=1e-12)


def test_settings_that_are_none_are_refused() -> None:
    for wrong, told in (
        ({"network": "mlp"}, "no network 'mlp'"),
        ({"cold": "zero"}, "'untrained'"),
        ({"statistic": "max"}, "mean-variance"),
        ({"scaling": "unit"}, "z-score"),
        ({"join": ()}, "join is"),
        ({"units": [128, 0]}, "units is"),
        ({"seeing": "seeing/avf"}, "give a list"),
        ({"patience": 0}, "at least 1"),
        ({"dropout": 1.0}, "below 1"),
        ({"rate": 0.0}, "above 0"),
        ({"pretrained": True}, "trained apart"),
        ({"seed": -1}, "seed"),
    ):
        with pytest.raises(UsageError, match=told):
            DeepCf(**wrong)
    with pytest.raises(UnknownName, match="dcf-av-cont-1"):
        DeepCf.preset("dcf")
    lessons, _ = sides()
    nothing = replace(lessons, background=Background(items={"genres": lessons.background.items["hearing/tone"]}))
    with pytest.raises(UsageError, match="genres; give titles"):
        DeepCf.preset("lstm-av-cont", **QUICK).fit(nothing)
    with pytest.raises(UnknownName, match="hearing/tone"):
        DeepCf.preset("dcf-av-cont-1", **QUICK, hearing=("hearing/ton",)).fit(lessons)


def test_models_are_had_by_name_and_their_keys_are_json() -> None:
    made: Any = model_of("dcf-av-cont-2", {"units": [16, 8], "seed": 3})
    assert (made.name, made.network, made.units, made.pretrained, made.seed) == (
        ("dcf-av-cont-2", "dcf-av-cont-2", (16, 8), True, 3)
    )
    keys = {json.dumps(model_of(name).key, sort_keys=True) for name in NETWORKS}
    assert len(keys) == len(NETWORKS)
    assert DeepCf.preset("deep-cf").key == replace(DeepCf.preset("deep-cf"), name="mine").key
