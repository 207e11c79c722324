"""An affinity ranks items that nobody has rated, for users it has not learned from, as their content tells."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.contracts.recommender import history_of
from triptych.catalogue.history import History
from triptych.errors import UnknownName, UsageError
from triptych.models.affinity.affinity import PRESETS, Affinity
from triptych.models.kept import Kept
from triptych.models.neighbours import ContentNeighbours
from triptych.models.scores import STRANGER
from triptych.models.similarity import Learned, Lessons
from triptych.spaces.blocks import Blocks

ITEMS, COLD = 56, 16
USERS, NEW = 36, 12
SMALL: Mapping[str, Any] = {"epochs": 6, "steps": 2, "validation": 0.2, "threads": 1}
KIND, FAMOUS = np.arange(ITEMS) % 2, np.arange(ITEMS) // 2 % 2 == 1
IS_COLD = np.arange(ITEMS) >= ITEMS - COLD


def world(*, seed: int = 0, fame: bool = False) -> tuple[Lessons, History]:
    """A checkerboard: users like the items of one of two kinds. What is seen tells the kind; what is heard is noise,
    and much more of it. The last items are cold, and the last users are new: what is told of them nothing learns from.

    ``fame``: half of either kind is rated by nearly all, the others by few, and what is read tells which; else that is
    noise too. Item 3 has no content.
    """
    rng = np.random.default_rng(seed)
    likes = KIND[None] == (np.arange(USERS) % 2)[:, None]
    values = np.where(likes, 5, 1) * (rng.random((USERS, ITEMS)) < (np.where(FAMOUS, 0.9, 0.25) if fame else 0.6))
    values[:, -COLD:] = 0
    seen = np.where(KIND, 1.0, -1.0)[:, None] + 0.2 * rng.normal(size=(ITEMS, 2))
    read = np.where(FAMOUS if fame else rng.random(ITEMS) < 0.5, 1.0, -1.0)[:, None] + 0.2 * rng.normal(size=(ITEMS, 1))
    parts = (seen, 1.5 * rng.normal(size=(ITEMS, 24)), read)
    mask = np.stack([np.ones(ITEMS, bool), rng.random(ITEMS) < 0.7, np.ones(ITEMS, bool)], axis=1)
    mask[3] = False
    blocks = Blocks(
        panels=("seeing", "hearing", "reading"),
        names=("seeing/kind", "hearing/noise", "reading/fame"),
        values=tuple(np.where(mask[:, [p]], part, 0).astype(np.float32) for p, part in enumerate(parts)),
        mask=mask,
    )
    told = history_of(values.astype(np.float32))
    lessons = Lessons(
        blocks=blocks,
        train=told.take(told.users < USERS - NEW),
        may_learn=np.arange(ITEMS) < ITEMS - COLD,
        genres=np.zeros((ITEMS, 1), np.float32),
    )
    return lessons, told


@pytest.fixture(scope="module")
def checkerboard() -> tuple[Lessons, History]:
    return world()


@pytest.fixture(scope="module")
def fitted(checkerboard: tuple[Lessons, History]) -> tuple[Affinity, Learned]:
    settings = Affinity.preset("affinity", **{**SMALL, "epochs": 10})
    return settings, settings.fit(checkerboard[0])


def ordered(scores: np.ndarray, users: np.ndarray) -> np.ndarray:
    """Of each user, the share of pairs of two cold items, the one liked and the other not, that stand right."""
    found: list[float] = []
    for user, row in zip(users.tolist(), scores, strict=True):
        good, bad = row[IS_COLD & (user % 2 == KIND)], row[IS_COLD & (user % 2 != KIND)]
        found.append(float((good[:, None] > bad[None, :]).mean()))
    return np.array(found)


def same(one: Learned, other: Learned) -> bool:
    return [a.epoch for a in one.snapshots] == [b.epoch for b in other.snapshots] and all(
        np.array_equal(a.vectors, b.vectors) and all(np.array_equal(a.extra[k], b.extra[k]) for k in a.extra)
        for a, b in zip(one.snapshots, other.snapshots, strict=True)
    )


def test_cold_items_are_ranked_right_for_new_users_where_noise_misleads_neighbours(
    checkerboard: tuple[Lessons, History], fitted: tuple[Affinity, Learned]
) -> None:
    lessons, told = checkerboard
    settings, learned = fitted
    new = np.arange(USERS - NEW, USERS)
    fixed = ContentNeighbours(item_ids=told.item_ids, blocks=lessons.blocks, k=40).fit(told).scores(new)
    found = settings.recommender(learned.snapshot, told, like=4).scores(new)
    assert ordered(found, new).min() == 1.0
    assert ordered(fixed, new).mean() < 0.9
    last = settings.recommender(learned.snapshots[-1], told, like=4).scores(new)
    assert ordered(last, new).min() == 1.0
    assert learned.epochs[learned.best - 1]["loss"] < learned.epochs[0]["loss"]


def test_items_of_a_kind_stand_together_under_the_cosine(fitted: tuple[Affinity, Learned]) -> None:
    """Noise tells all items apart before anything is learned."""
    _, learned = fitted
    assert [one.epoch for one in learned.snapshots] == sorted({0, 1, 5, 10, learned.best})
    mask = learned.snapshot.mask
    unit = learned.snapshot.vectors / np.maximum(np.linalg.norm(learned.snapshot.vectors, axis=1, keepdims=True), 1e-9)
    alike = KIND[:, None] == KIND[None, :]
    among = (mask[:, None] & mask[None, :]) & ~np.eye(ITEMS, dtype=bool)
    cosines = unit @ unit.T
    assert cosines[among & alike].mean() > 0.4
    assert cosines[among & ~alike].mean() < -0.3
    near = np.where(among & ~IS_COLD[None, :], cosines, -2)[IS_COLD].argmax(axis=1)
    assert (KIND[near] == KIND[IS_COLD]).all()


def test_what_is_cold_or_new_teaches_nothing(
    checkerboard: tuple[Lessons, History], fitted: tuple[Affinity, Learned]
) -> None:
    """Other content of cold items moves them alone; other rows of new users, and of cold items, move nobody."""
    lessons, told = checkerboard
    settings, learned = fitted
    taught = [lessons.train.item_ids.index(one) for one in learned.learned_from]
    assert lessons.may_learn[taught].all()
    assert 3 not in taught
    values = [part.copy() for part in lessons.blocks.values]
    for part in values:
        part[-COLD:] *= -3
    small = replace(settings, trainer=replace(settings.trainer, epochs=2))
    once = small.fit(lessons).snapshots[-1]
    changed = small.fit(replace(lessons, blocks=replace(lessons.blocks, values=tuple(values)))).snapshots[-1]
    assert np.array_equal(once.vectors[:-COLD], changed.vectors[:-COLD])
    assert not np.array_equal(once.vectors[-COLD:], changed.vectors[-COLD:])
    assert all(np.array_equal(once.extra[name], changed.extra[name]) for name in ("liked", "scale"))
    fewer = told.take((told.users < USERS - NEW) | (told.users == USERS - 1))
    mine = settings.recommender(learned.snapshot, told, like=4).scores(np.array([USERS - 1]))
    assert np.array_equal(mine, settings.recommender(learned.snapshot, fewer, like=4).scores(np.array([USERS - 1])))


def test_who_chooses_the_epoch_shares_no_item_and_no_user_with_who_teaches(fitted: tuple[Affinity, Learned]) -> None:
    _, learned = fitted
    items, users = learned.facts["items"], learned.facts["users"]
    assert items == {"all": ITEMS - COLD - 1, "teaching": 31}  # item 3 has no content
    assert users == {"all": USERS - NEW, "teaching": 19}


def test_the_correction_takes_from_the_popular_what_popularity_gave_them() -> None:
    """Of what a user likes, the famous stands first, and the less so the more is corrected for."""
    lessons, told = world(fame=True)
    gaps: list[float] = []
    for correction in (0.0, 0.5, 1.0):
        settings = Affinity.preset("affinity", **{**SMALL, "epochs": 2}, correction=correction)
        found = settings.recommender(settings.fit(lessons).snapshot, told, like=4).scores(np.array([USERS - 1]))[0]
        own = IS_COLD & (KIND == (USERS - 1) % 2)
        gap = found[own & FAMOUS].mean() - found[own & ~FAMOUS].mean()
        gaps.append(float(gap / (found[own].mean() - found[IS_COLD & ~own].mean())))
    assert gaps[0] > 0.3
    assert gaps[0] > gaps[1] + 0.1 > gaps[2] + 0.2
    popular = Affinity.preset("affinity-popular")
    assert popular.correction == 0


def test_a_user_without_likes_is_told_what_may_become_popular() -> None:
    lessons, told = world(fame=True)
    settings = Affinity.preset("affinity-launch", **{**SMALL, "epochs": 2})
    learned = settings.fit(lessons)
    assert learned.facts["launch"] != 0
    nothing = told.take(told.users != 2)
    recommender = settings.recommender(learned.snapshot, nothing, like=4)
    found = recommender.scores(np.array([2, STRANGER, 0]))
    assert np.array_equal(found[0], found[1])
    assert not np.array_equal(found[0], found[2])
    assert found[0] == pytest.approx(learned.snapshot.extra["launches"], abs=1e-6)
    assert found[0][IS_COLD & FAMOUS].min() > found[0][IS_COLD & ~FAMOUS].max()
    dislikes = replace(told, values=np.where(told.users == 2, 1, told.values).astype(np.float32))
    other = settings.recommender(learned.snapshot, dislikes, like=4).scores(np.array([2]))
    assert np.array_equal(found[:1], other)


def test_an_item_without_content_has_no_place_and_scores_nothing(
    checkerboard: tuple[Lessons, History], fitted: tuple[Affinity, Learned]
) -> None:
    settings, learned = fitted
    assert not learned.snapshot.mask[3]
    assert learned.snapshot.mask.sum() == ITEMS - 1
    assert not learned.snapshot.vectors[3].any()
    found = settings.recommender(learned.snapshot, checkerboard[1], like=4).scores(np.arange(USERS))
    assert not found[:, 3].any()
    assert np.isfinite(found).all()
    assert not learned.snapshot.blocks.mask[3].any()


def test_the_same_user_scores_the_same_in_any_company(
    checkerboard: tuple[Lessons, History], fitted: tuple[Affinity, Learned]
) -> None:
    recommender = fitted[0].recommender(fitted[1].snapshot, checkerboard[1], like=4)
    whole = recommender.scores(np.arange(USERS))
    assert np.array_equal(whole[[5]], recommender.scores(np.array([5])))


def test_one_user_is_enough_to_learn_something_and_too_little_is_refused(
    checkerboard: tuple[Lessons, History],
) -> None:
    lessons, told = checkerboard
    settings = Affinity.preset("affinity", **{**SMALL, "epochs": 2})
    alone = replace(lessons, train=lessons.train.take(lessons.train.users == 1))
    learned = settings.fit(alone)
    assert learned.facts["users"] == {"all": 1, "teaching": 1}
    found = settings.recommender(learned.snapshot, told, like=4).scores(np.arange(USERS))
    assert np.isfinite(found).all()
    assert all(np.isfinite(row["loss"]) for row in learned.epochs)
    with pytest.raises(UsageError, match="needs 4 and 1"):
        settings.fit(replace(lessons, train=lessons.train.take(lessons.train.items < 3)))
    with pytest.raises(UsageError, match="lower 'like'"):
        settings.fit(replace(lessons, train=lessons.train.take(lessons.train.values < 4)))
    with pytest.raises(UsageError, match="nothing is left that tells"):
        replace(settings, without=("seeing/kind",)).fit(
            replace(lessons, blocks=replace(lessons.blocks, values=tuple(0 * v for v in lessons.blocks.values)))
        )


class Stopped(Exception):
    """What stands for a kill."""


def test_a_run_that_was_stopped_goes_on_to_the_same_bits(
    checkerboard: tuple[Lessons, History], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lessons, _ = checkerboard
    settings = Affinity.preset("affinity", **{**SMALL, "epochs": 3}, batch=16, forgetting=0.3)
    whole = settings.fit(lessons, folder=tmp_path / "whole")
    put = Kept.put

    def stopping(self: Kept, epoch: int, arrays: Any) -> None:
        put(self, epoch, arrays)
        if epoch == 2:
            raise Stopped

    with monkeypatch.context() as patched:
        patched.setattr(Kept, "put", stopping)
        with pytest.raises(Stopped):
            settings.fit(lessons, folder=tmp_path / "stopped")
    replace(settings, trainer=replace(settings.trainer, epochs=2)).fit(lessons, folder=tmp_path / "stopped")
    assert same(whole, settings.fit(lessons, folder=tmp_path / "stopped"))
    assert same(whole, settings.fit(lessons))
    assert not same(whole, replace(settings, seed=1).fit(lessons))
    with pytest.raises(UsageError, match="another task"):
        replace(settings, correction=0.25).fit(lessons, folder=tmp_path / "stopped")


def test_settings_are_json_and_told_apart() -> None:
    keys = {name: json.dumps(Affinity.preset(name).key, sort_keys=True) for name in PRESETS}
    assert len(set(keys.values())) == len(PRESETS)
    assert json.dumps(Affinity.preset("affinity", epochs=7).key, sort_keys=True) != keys["affinity"]
    assert json.dumps(Affinity(name="by another name").key, sort_keys=True) == keys["affinity"]
    with pytest.raises(UnknownName, match="affinity-popular"):
        Affinity.preset("popular")
    for wrong in ({"correction": 2.0}, {"validation": 0.0}, {"forgetting": 1.0}, {"opinions": 0}, {"items": 3}):
        with pytest.raises(UsageError):
            Affinity(**wrong)
