"""A Siamese network finds what tells likes apart, from training rows alone, and goes on after a stop bit for bit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.contracts.recommender import history_of
from triptych.errors import UnknownName, UsageError
from triptych.models.kept import Kept
from triptych.models.siamese.presets import PRESETS
from triptych.models.siamese.siamese import Siamese
from triptych.models.similarity import Learned, Lessons
from triptych.models.trainer import Trainer
from triptych.spaces.blocks import Blocks

ITEMS, USERS, COLD = 60, 40, 12
SMALL: Mapping[str, Any] = {
    "pairs": 300,
    "outputs": {"seeing": 16, "hearing": 16, "reading": 16},
    "hidden": {"seeing": 16, "hearing": 16, "reading": 16},
    "width": 12,
    "shares": (0.6, 0.4),
    "rates": {"seeing": 3e-3, "hearing": 3e-3, "reading": 3e-3, "fusion": 3e-3},
    "epochs": 3,
    "threads": 1,
}


def world(*, seed: int = 0) -> Lessons:
    """Users like the items of one of two genres. What is seen tells the genre behind noise, what is heard is noise, and
    the last items are cold. Each item lacks a panel now and then."""
    rng = np.random.default_rng(seed)
    kind = np.arange(ITEMS) % 2
    values = np.where(kind[None] == (np.arange(USERS) % 2)[:, None], 5, 1) * (rng.random((USERS, ITEMS)) < 0.7)
    values[:, -COLD:] = 0
    seen = rng.normal(size=(ITEMS, 6)) + np.where(kind, 2.0, -2.0)[:, None] * (np.arange(6) < 4)
    mask = np.stack([rng.random(ITEMS) < 0.96, rng.random(ITEMS) < 0.7, np.ones(ITEMS, bool)], axis=1)
    mask[0] = False
    parts = (seen, rng.normal(size=(ITEMS, 5)), np.eye(2)[kind])
    blocks = Blocks(
        panels=("seeing", "hearing", "reading"),
        names=("seeing/x", "hearing/y", "reading/genres"),
        values=tuple(np.where(mask[:, [k]], part, 0).astype(np.float32) for k, part in enumerate(parts)),
        mask=mask,
    )
    return Lessons(
        blocks=blocks,
        train=history_of(values.astype(np.float32)),
        may_learn=np.arange(ITEMS) < ITEMS - COLD,
        genres=np.eye(2, dtype=np.float32)[kind],
    )


@pytest.fixture(scope="module")
def lessons() -> Lessons:
    return world()


@pytest.fixture(scope="module", params=["pair-cosine", "triplet-euclidean"])
def fitted(request: pytest.FixtureRequest, lessons: Lessons) -> tuple[Siamese, Learned]:
    made = Siamese.preset(request.param, **{**SMALL, "epochs": 6})
    return made, made.fit(lessons)


def same(one: Learned, other: Learned) -> bool:
    mine, theirs = one.snapshots, other.snapshots
    return [a.epoch for a in mine] == [b.epoch for b in theirs] and all(
        np.array_equal(a.vectors, b.vectors) for a, b in zip(mine, theirs, strict=True)
    )


def test_it_learns_to_tell_pairs_of_items_and_users_that_taught_nothing(fitted: tuple[Siamese, Learned]) -> None:
    _, learned = fitted
    told = learned.facts["diagnosis"]
    assert told[str(learned.best)]["auc"] > 0.85 > told["0"]["auc"]
    assert told[str(learned.best)]["auc"] == pytest.approx(learned.epochs[learned.best - 1]["auc"])
    assert learned.epochs[-1]["ordered"] > 0.8


def test_cold_items_stand_with_their_kind(fitted: tuple[Siamese, Learned]) -> None:
    _, learned = fitted
    vectors, seen = learned.snapshot.vectors, world().blocks.mask[:, 0]
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    cold = np.flatnonzero((np.arange(ITEMS) >= ITEMS - COLD) & seen)
    warm = np.flatnonzero((np.arange(ITEMS) < ITEMS - COLD) & seen)
    near = warm[(unit[cold] @ unit[warm].T).argmax(axis=1)]
    assert (near % 2 == cold % 2).mean() > 0.8


def test_snapshots_are_of_the_first_the_last_every_fifth_and_the_best(fitted: tuple[Siamese, Learned]) -> None:
    settings, learned = fitted
    assert [one.epoch for one in learned.snapshots] == sorted({0, 1, 5, 6, learned.best})
    assert [row["epoch"] for row in learned.epochs] == [1, 2, 3, 4, 5, 6]
    assert all({"loss", "train_loss", "auc", "satisfaction", "seconds"} <= row.keys() for row in learned.epochs)
    assert ("mined" in learned.epochs[0]) == (settings.loss == "triplet")
    for one in learned.snapshots:
        assert not one.mask[0]
        assert not one.vectors[0].any()
        assert one.mask[1:].sum() > 50
    assert settings.recommender(learned.snapshot, world().train, like=4) is None
    assert set(learned.facts["diagnosis"]) == {str(one.epoch) for one in learned.snapshots}
    assert learned.facts["features_left_out"] == ["reading/genres"]
    assert learned.facts["panels"] == ["seeing", "hearing"]


def test_the_auc_stands_beside_what_genres_alone_reach(fitted: tuple[Siamese, Learned]) -> None:
    """Pairs of the hybrid strategy are made by genres, so that these tell all of them apart."""
    _, learned = fitted
    told = learned.facts["controls"]
    assert told["auc_by_genres"] == 1.0
    assert told["collaborative_pairs"] >= 20
    assert set(told["collaborative_auc"]) == {str(one.epoch) for one in learned.snapshots}
    assert told["collaborative_auc"][str(learned.best)] > max(0.8, told["collaborative_auc"]["0"])


def test_only_training_items_teach_and_what_cold_items_hold_moves_no_other(lessons: Lessons) -> None:
    settings = Siamese.preset("triplet-cosine", **{**SMALL, "epochs": 1})
    learned = settings.fit(lessons)
    taught = {lessons.train.item_ids.index(one) for one in learned.learned_from}
    assert taught <= set(np.flatnonzero(lessons.may_learn).tolist())
    values = [part.copy() for part in lessons.blocks.values]
    values[0][-COLD:] *= -3
    values[2][:] = 1 - values[2]
    other = settings.fit(replace(lessons, blocks=replace(lessons.blocks, values=tuple(values))))
    assert np.array_equal(learned.snapshot.vectors[:-COLD], other.snapshot.vectors[:-COLD])
    assert not np.array_equal(learned.snapshot.vectors[-COLD:], other.snapshot.vectors[-COLD:])


def test_who_chooses_the_epoch_shares_no_item_and_no_user_with_who_teaches(lessons: Lessons) -> None:
    settings = Siamese.preset("pair-cosine", **SMALL)
    teaching, choosing, rows = settings._sides(lessons, lessons.blocks.mask[:, :2].any(axis=1))
    assert not set(teaching.items) & set(choosing.items)
    assert not set(teaching.users) & set(choosing.users)
    assert set(choosing.items) <= set(rows.items)
    assert set(choosing.users) <= set(rows.users)
    assert not set(teaching.items) & set(rows.items)
    assert 0 not in {*teaching.items, *choosing.items}  # it has no content
    as_thesis = replace(settings, disjoint=False)
    teaching, choosing, _ = as_thesis._sides(lessons, lessons.blocks.mask[:, :2].any(axis=1))
    assert set(teaching.items) & set(choosing.items)
    assert (len(teaching), len(choosing)) == (180, 120)
    assert as_thesis.key != settings.key


class Stopped(Exception):
    """What stands for a kill."""


@pytest.mark.parametrize("name", ["pair-cosine", "triplet-cosine"])
def test_a_run_that_was_stopped_goes_on_to_the_same_bits(
    name: str, lessons: Lessons, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped when the second epoch was judged and its snapshot written, and once more between two epochs."""
    settings = Siamese.preset(name, **SMALL, forgetting=0.2)
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
    again = settings.fit(lessons, folder=tmp_path / "stopped")
    assert same(whole, again)
    assert same(settings.fit(lessons), whole)
    for weights in ("network/network.safetensors", "epoch-0003.safetensors"):
        assert (tmp_path / "whole" / weights).read_bytes() == (tmp_path / "stopped" / weights).read_bytes()
    assert sorted(path.name for path in (tmp_path / "stopped/snapshots").iterdir()) == [
        f"epoch-{one.epoch:04d}.safetensors" for one in again.snapshots
    ]
    with pytest.raises(UsageError, match="another task"):
        replace(settings, margin=0.5).fit(lessons, folder=tmp_path / "stopped")


def test_the_seed_decides(lessons: Lessons) -> None:
    settings = Siamese.preset("pair-euclidean", **{**SMALL, "epochs": 1})
    before = torch.random.get_rng_state()
    assert not same(settings.fit(lessons), replace(settings, seed=1).fit(lessons))
    assert torch.equal(before, torch.random.get_rng_state())


def test_presets_are_those_of_table_f1() -> None:
    expected = {
        "pair-cosine": ("contrastive", "cosine", 0.8, "hybrid", 5e-3, 3, 50, 8, (1e-4, 5e-5, 5e-5, 1e-4)),
        "pair-euclidean": ("contrastive", "euclidean", 1.2, "simple", 1e-2, 3, 50, 8, (5e-5, 5e-5, 5e-5, 5e-5)),
        "triplet-cosine": ("triplet", "cosine", 0.3, "simple", 1e-2, None, 100, 10, (1e-4, 1e-4, 1e-4, 1e-4)),
        "triplet-euclidean": ("triplet", "euclidean", 1.0, "ultra-simple", 1e-2, None, 100, 10, (1e-4,) * 4),
    }
    assert set(expected) == set(PRESETS)
    for name, wanted in expected.items():
        made = Siamese.preset(name)
        t = made.trainer
        found = (made.loss, made.metric, made.margin, made.fusion, t.weight_decay, t.plateau, t.epochs, t.patience)
        assert (*found, tuple(t.rates.values())) == wanted
        assert (made.name, made.batch, made.pairs, made.strategy, t.optimiser) == (name, 16, 25_000, "hybrid", "adamw")
    with pytest.raises(UnknownName, match="pair-cosine"):
        Siamese.preset("pairs-cosine")


def test_the_key_holds_all_that_decides_a_number() -> None:
    made = Siamese.preset("pair-cosine")
    assert made.key == Siamese.preset("pair-cosine").key == json.loads(json.dumps(made.key))
    assert replace(made, name="another").key == made.key
    changed = [
        replace(made, margin=0.7),
        replace(made, seed=1),
        replace(made, hidden={"seeing": 3}),
        replace(made, trainer=replace(made.trainer, epochs=51)),
        replace(made, trainer=replace(made.trainer, rate=1.0)),
    ]
    assert all(one.key != made.key for one in changed)


def test_what_cannot_be_honoured_is_refused(lessons: Lessons) -> None:
    made = Siamese.preset("pair-cosine", **SMALL)
    for wrong, match in (
        ({"loss": "quadruplet"}, "quadruplet"),
        ({"margin": 0.0}, "margin"),
        ({"shares": (1, 0)}, "shares"),
    ):
        with pytest.raises(UsageError, match=match):
            replace(made, **wrong)
    with pytest.raises(UsageError, match="choose the epoch"):
        replace(made, shares=(0.98, 0.02)).fit(lessons)
    with pytest.raises(UsageError, match="take fusion 'simple'"):
        replace(made, without=("reading/genres", "hearing/y")).fit(lessons)
    one = replace(made, without=("reading/genres", "hearing/y"), fusion="simple")
    one = replace(one, trainer=Trainer(epochs=1, rates=made.trainer.rates))
    assert one.fit(lessons).facts["panels"] == ["seeing"]
