"""Learned rows: taught once for each split, killed and resumed to the same bits, judged epoch by epoch, audited."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.worlds.judged import judged
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.history import History
from triptych.errors import MissingExtra, SourceError, UnknownName, UsageError
from triptych.evaluate.audit.folders import audits
from triptych.evaluate.protocols.item_based import judges
from triptych.evaluate.record import Record
from triptych.evaluate.split import GIVEN
from triptych.features.feature import Feature
from triptych.features.recipe import Recipe
from triptych.features.store import FeatureStore
from triptych.models.recommender import Recommender
from triptych.models.similarity import Learned, Lessons, Report, Snapshot
from triptych.studies.arrangement import arrange
from triptych.studies.folds import folds_of
from triptych.studies.learned import TOLD, TRAINING, VECTORS
from triptych.studies.learned import read as read_learned
from triptych.studies.learning import OBJECTIVES, Objective, learning_of, sequences_of
from triptych.studies.manifest import data_of
from triptych.studies.material import Material
from triptych.studies.networks import networks
from triptych.studies.records import name_of
from triptych.studies.results import Results
from triptych.studies.run import LEARNED, RECORDS, Done, run
from triptych.studies.school import School
from triptych.studies.scope import Scope
from triptych.studies.shown import CONTENT, ITEMS
from triptych.studies.study import Study
from triptych.studies.trial import Trial

SMALL = """
name = "taught"
title = "Is what is learned better?"
draws = 100
seed = 3
[tuning]
budget = 1
beyond = 0
[[protocol]]
name = "lists"
kind = "item-based"
split = "cold-both"
folds = 2
least = 2
cutoffs = [1, 5]
[[protocol]]
name = "cold"
kind = "ranking"
split = "cold-both"
folds = 2
rows = ["cold", "overall"]
cutoffs = [1, 5]
neighbours = 10
[[table]]
name = "learned"
title = "Fixed or learned"
metrics = ["ndcg-graded@5"]
[[table.row]]
name = "fixed"
[[table.row]]
name = "best"
without = ["hearing"]
learn = { objective = "projection", epochs = 6, best = 4 }
[[table.row]]
name = "last"
without = ["hearing"]
learn = { objective = "projection", epochs = 6, best = 4, at = "last" }
"""
ABSENT = """[[table.row]]
name = "absent"
learn = { objective = "elsewhere" }
"""
SMALL += ABSENT


@dataclass(frozen=True, kw_only=True)
class Projection:
    """The read feature behind a noise that falls until the epoch ``best`` and then rises. The noise is drawn epoch by
    epoch on top of what was drawn before, so that only a run that goes on where it was comes to the same bits."""

    epochs: int = 6
    best: int = 3
    noise: float = 6.0
    title: str = "seeing/path"
    ranks: bool = False
    seed: int = 0

    name = "projection"

    @property
    def key(self) -> Mapping[str, Any]:
        return asdict(self)

    def fit(self, lessons: Lessons, *, folder: Path | None = None, report: Report | None = None) -> Learned:
        assert folder is not None
        state, epochs = self._resumed(folder, (len(lessons.may_learn), 6))
        clear = lessons.blocks.values[lessons.blocks.panels.index("reading")]
        while len(epochs) < self.epochs:
            if report is not None:
                report(self.name, len(epochs), self.epochs)
            number = len(epochs) + 1
            state = 0.5 * state + np.random.default_rng([self.seed, number]).normal(size=state.shape)
            loss = 1.0 + abs(number - self.best)
            epochs.append({"epoch": number, "loss": loss, "auc": float("nan") if number == 1 else 1 / loss})
            vectors = clear + self.noise * abs(number - self.best) * state
            np.save(folder / f"{number}.npy", vectors.astype(np.float32))
            np.save(folder / "state.npy", state)
            (folder / "epochs.json").write_text(json.dumps(epochs))
        wanted = sorted({1, self.best, self.epochs})
        mask = lessons.blocks.mask.any(axis=1)
        return Learned(
            snapshots=tuple(Snapshot(epoch=k, vectors=np.load(folder / f"{k}.npy"), mask=mask) for k in wanted),
            best=self.best,
            epochs=tuple(epochs),
            learned_from=[lessons.train.item_ids[k] for k in np.flatnonzero(lessons.may_learn).tolist()],
            facts={"rows": np.int64(len(lessons.train)), "seed": self.seed, "genres": lessons.genres.shape[1]},
        )

    def recommender(self, snapshot: Snapshot, told: History, *, like: float) -> Recommender | None:
        return Told(told=told) if self.ranks else None

    @staticmethod
    def _resumed(folder: Path, shape: tuple[int, int]) -> tuple[Any, list[dict[str, Any]]]:
        if not (folder / "epochs.json").is_file():
            return np.zeros(shape), []
        return np.load(folder / "state.npy"), json.loads((folder / "epochs.json").read_text())


@dataclass(frozen=True, kw_only=True)
class Told:
    """Ranks items by how many of those that a user is told to like there are: equal for all, and not for a stranger."""

    told: History

    def scores(self, users: np.ndarray) -> np.ndarray:
        known = self.told.user_counts[users] > 0
        return np.where(known[:, None], np.arange(len(self.told.item_ids)), 0).astype(np.float32)


HERE: Mapping[str, Objective] = {
    "projection": Objective(settings=f"{__name__}:Projection", needs=()),
    "watching": Objective(settings=f"{__name__}:Projection", sequence="title", needs=()),
    "elsewhere": Objective(settings=f"{__name__}:Projection", needs=("no_such_package",)),
}


def quiet(what: str, done: int, total: int) -> None:
    """Nobody is told."""


def run_here(folder: Path, world: Path, learning: Callable[[str, int, int], None] = quiet, text: str = SMALL) -> Done:
    return run(Study.of_toml(text), folder, catalogue=world, report=quiet, learning=learning, objectives=HERE)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return judged(tmp_path_factory.mktemp("judged") / "films").folder


@pytest.fixture(scope="module")
def done(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Done:
    return run_here(tmp_path_factory.mktemp("run") / "taught", world)


def places(folder: Path) -> list[Path]:
    return sorted((folder / LEARNED).iterdir())


def facts(done: Done, protocol: str, row: str, fold: int = 0) -> Mapping[str, Any]:
    digest = next(one.digest for one in done.study.variants if one.name == row)
    return done.cells["", protocol, digest][fold].facts


def test_a_row_is_taught_once_for_each_split_and_both_protocols_share_it(done: Done) -> None:
    found = places(done.folder)
    assert len(found) == 2  # folds; not rows, nor protocols
    for place in found:
        assert sorted(one.name for one in place.iterdir()) == sorted([TOLD, VECTORS, ITEMS, CONTENT])
    assert {facts(done, one, row)["learned"]["place"] for one in ("lists", "cold") for row in ("best", "last")} == {
        facts(done, "cold", "best")["learned"]["place"]
    }
    seeds = [facts(done, "cold", "best", fold)["learned"]["seed"] for fold in (0, 1)]
    assert seeds == [3, 4]
    assert read_learned(found[0]).epochs[0]["auc"] is None  # what is no number


def test_every_snapshot_is_judged_and_the_row_by_the_epoch_that_validation_chose(done: Done) -> None:
    results = Results.of(done)
    for judgement in results.judgements:
        told = facts(done, judgement.protocol.name, "best")
        assert [one["epoch"] for one in told["epochs"]] == [1, 2, 3, 4, 5, 6]
        judged = {one["epoch"]: one["judged"] for one in told["epochs"] if "judged" in one}
        assert sorted(judged) == [1, 4, 6]
        if judgement.protocol.name == "cold":
            assert {*judged[1]} == {"cold", "overall"}
            judged = {epoch: rows[judgement.row] for epoch, rows in judged.items()}
        assert told["best"] == 4
        cells = {name: facts(done, judgement.protocol.name, name) for name in ("best", "last")}
        for name, epoch in (("best", 4), ("last", 6)):
            line = judgement.line(name)
            assert line is not None
            assert line.measured is not None
            assert cells[name]["learned"]["epoch"] == epoch
            digest = next(one.digest for one in done.study.variants if one.name == name)
            own = done.cells["", judgement.protocol.name, digest][0].measured[judgement.row]
            assert own.mean("ndcg-graded@5") == pytest.approx(judged[epoch]["ndcg-graded@5"], abs=1e-12)
        if judgement.row != "overall":
            # The noise falls to epoch 4 and rises after it.
            assert judged[4]["ndcg-graded@5"] > max(judged[1]["ndcg-graded@5"], judged[6]["ndcg-graded@5"])
        assert cells["best"]["widths"] == {"reading": 6, "seeing": 8}
        absent = judgement.line("absent")
        assert absent is not None
        assert "pip install 'triptych[train]'" in absent.nothing
    assert cells["best"]["choices"][0]["chosen_on"] == "held-back"
    assert cells["best"]["choices"][0]["grid"] == {"epoch": [1, 2, 3, 4, 5, 6]}
    assert cells["last"]["choices"] == []


def test_training_that_was_killed_goes_on_to_the_same_bits(done: Done, world: Path, tmp_path: Path) -> None:
    class Killed(BaseException):
        pass

    told: list[tuple[str, int, int]] = []
    text = SMALL[: SMALL.index('[[protocol]]\nname = "cold"')] + SMALL[SMALL.index("[[table]]") : -len(ABSENT)]

    def die(what: str, count: int, total: int) -> None:
        told.append((what, count, total))
        if len(told) == 4:
            raise Killed

    with pytest.raises(Killed):
        run_here(tmp_path / "run", world, die, text)
    assert told[-1] == ("best, fold 1", 3, 6)
    (place,) = places(tmp_path / "run")
    assert (place / TRAINING).is_dir()
    assert not (place / TOLD).exists()
    again = run_here(tmp_path / "run", world, lambda *one: told.append(one), text)
    assert told[4] == ("best, fold 1", 3, 6)  # what was done is not done again
    assert len(told) == 4 + 3 + 6
    assert [one.name for one in places(again.folder)] == [one.name for one in places(done.folder)]
    for mine, other in zip(places(again.folder), places(done.folder), strict=True):
        assert (mine / VECTORS).read_bytes() == (other / VECTORS).read_bytes()
        assert (mine / TOLD).read_bytes() == (other / TOLD).read_bytes()


def test_what_was_learned_and_is_damaged_is_named(done: Done, world: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(done.folder, tmp_path / "run"))
    (folder / "cells").rename(folder / "former")
    place = places(folder)[0]
    body = bytearray((place / VECTORS).read_bytes())
    body[-1] ^= 1
    (place / VECTORS).write_bytes(body)
    with pytest.raises(SourceError, match=rf"{place.name}.*not what was written.*Remove that folder"):
        run_here(folder, world)
    (place / TOLD).write_text("{}")
    with pytest.raises(SourceError, match="holds nothing whole"):
        read_learned(place)


def test_the_audit_of_learned_rows_passes_and_a_leak_is_caught(done: Done) -> None:
    for one in audits(done.folder).values():
        assert one.passed(strict=True), [(f.check, f.verdict, f.evidence) for f in one.findings]
    record = Record.read(done.folder / RECORDS / name_of(Scope(name=""), done.study.protocols[1], 0))
    assert record.split is not None
    assert (record.split.side == GIVEN).any()
    fits = {fit.name: fit for fit in record.fits or ()}
    assert set(fits["best: projection, from content"].learned_from) <= set(record.split.train_item_ids)
    assert fits["best: projection, from ratings"].unit == "interactions"
    assert {choice.model: choice.what for choice in record.choices or ()}["best"] == "epoch"


def test_lessons_hold_nothing_of_whoever_judges(world: Path) -> None:
    """And what is held out moves nothing that is handed to a lesson."""
    study = Study.of_toml(SMALL)
    material = Material.of(Catalogue.open(world))
    split = folds_of(study.protocols[0], material.history)[0]
    variant = study.tables[0].rows[1]
    found: list[Lessons] = []

    @dataclass(frozen=True, kw_only=True)
    class Attentive(Projection):
        def fit(self, lessons: Lessons, *, folder: Path | None = None, report: Report | None = None) -> Learned:
            found.append(lessons)
            raise InterruptedError

    globals()["Attentive"] = Attentive
    own = {"projection": Objective(settings=f"{__name__}:Attentive", needs=())}
    for part in (split, replace(split, history=replace(split.history, values=5.5 - split.history.values))):
        school = School(folder=world / "school", data="", seed=0, objectives=own)
        with pytest.raises(InterruptedError):
            school.taught(variant, arrange(variant, material, part, seed=0), material, part, Scope(name=""), 0)
    lessons, other = found
    assert {lessons.train.user_ids[k] for k in lessons.train.users}.isdisjoint(
        split.history.user_ids[k] for k in [*split.test.users, *split.given.users]
    )
    assert [material.item_ids[k] for k in np.flatnonzero(lessons.may_learn)] == split.train_item_ids
    for a, b in zip(lessons.blocks.values, other.blocks.values, strict=True):
        assert (a == b).all()
    assert lessons.genres.tolist() == material.genres[0].tolist()


def test_lists_of_cold_items_are_judged_by_all_that_cold_users_rated(world: Path) -> None:
    study = Study.of_toml(SMALL)
    history = Material.of(Catalogue.open(world)).history
    split = folds_of(study.protocols[0], history)[0]
    listed, judging = judges(split)
    assert listed.tolist() == split.cold_items.tolist()
    users = np.unique(split.test.users)
    # Every row of theirs but those with items that neither side has: there are none without a validation.
    assert len(judging) == len(split.test) + len(split.given)
    assert set(np.unique(judging.users)) >= set(users)
    assert len(judging) == history.user_counts[np.unique(judging.users)].sum()
    apart = folds_of(replace(study.protocols[0], split="cold-users"), history)[0]
    assert judges(apart)[0].all()
    assert judges(apart)[1] is apart.test


def test_a_similarity_that_ranks_itself_is_told_what_is_given(world: Path, tmp_path: Path) -> None:
    study = Study.of_toml(
        SMALL.replace(
            ABSENT, ABSENT.replace("elsewhere", "projection").replace(" }", ", ranks = true, epochs = 1, best = 1 }")
        )
    )
    material = Material.of(Catalogue.open(world))
    for protocol in study.protocols:
        split = folds_of(protocol, material.history)[0]
        school = School(folder=tmp_path, data="", seed=0, objectives=HERE)
        trial = Trial(
            study=study, scope=Scope(name=""), material=material, protocol=protocol, split=split, fold=0, school=school
        )
        found = trial.of_variant(study.tables[0].rows[-1]).measured
        if protocol.kind == "ranking":
            # Whoever is told nothing of draws lots; all who judge were told something, and have nearly one list.
            assert found["overall"].whole["coverage@5"] < 0.5
        else:
            assert found[""].whole["listed"] == split.cold_items.sum()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "does not say what: give objective"),
        ({"objective": "triple"}, "'projection'"),
        ({"objective": "projection", "epoch": 3}, "'epochs'"),
        ({"objective": "projection", "at": "first"}, "'best'"),
        ({"objective": "projection", "seed": 3}, "one of its own"),
    ],
)
def test_what_cannot_be_learned_by_is_told_before_anything_is_made(
    settings: Mapping[str, Any], said: str, world: Path, tmp_path: Path
) -> None:
    told = ", ".join(f"{name} = {json.dumps(value)}" for name, value in settings.items())
    text = SMALL.replace('{ objective = "elsewhere" }', f"{{ {told} }}")
    with pytest.raises(UsageError, match=said):
        run_here(tmp_path / "run", world, text=text)
    assert not (tmp_path / "run").exists()


def test_a_row_that_learns_needs_ratings_and_is_compared_as_its_objective_says(world: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="under the protocol 'lists' all ratings judge"):
        Study.of_toml(SMALL.replace('split = "cold-both"\nfolds = 2\nleast', 'split = "all"\nleast'))
    weighed = SMALL.replace('name = "absent"\n', 'name = "absent"\nmetric = "euclidean"\n')
    with pytest.raises(UsageError, match="leave out weights and metric"):
        run_here(tmp_path / "run", world, text=weighed)
    assert OBJECTIVES["pair-euclidean"].metric == "euclidean"


def test_the_presets_of_the_paper_are_learned_by_and_counted() -> None:
    """The table names what there is; the networks themselves are tested where they live."""
    pytest.importorskip("torch")
    study = Study.built_in("seeing-hearing-reading")
    for row in (*study.table("siamese").rows, *study.table("rank").rows):
        if row.learn is not None:
            learning = learning_of(row.learn, seed=7, where="here")
            assert learning.similarity.key["seed"] == 7
            assert learning.similarity.key.get("pairs") == row.learn.get("pairs")
    found = networks(study)
    assert found["triplet-cosine"].total == 1_454_028
    assert found["triplet-cosine"].lines[0]["parameters"] == 113_280
    bare = {name: replace(one, needs=("no_such_package",)) for name, one in OBJECTIVES.items()}
    assert "triptych[train]" in networks(study, bare)["pair-cosine"].nothing
    with pytest.raises(MissingExtra):
        learning_of({"objective": "pair-cosine"}, seed=0, where="here", objectives=bare)


def test_features_in_time_are_read_when_they_are_asked_for(tmp_path: Path) -> None:
    catalogue = judged(tmp_path / "films")
    store = FeatureStore(catalogue.tables)
    recipe = Recipe(panel="seeing", name="path")
    path = Feature(values=np.arange(6, dtype=np.float32).reshape(3, 2), times_s=np.arange(3.0))
    with catalogue.writing("measure"):
        store.write(recipe, {"i01": path, "i02": Feature.missing("nothing to see")})
    material = Material.of(catalogue)
    assert "seeing/path" not in material.titles
    bare = data_of(material)["digest"]
    assert material.running["seeing/path"] is not None
    found = material.sequences(["seeing/path"])["seeing/path"]
    assert [len(rows) for rows in found.values[:3]] == [0, 3, 0]
    assert found.values[0].shape == (0, 2)
    assert found.values[1].tolist() == [[0, 1], [2, 3], [4, 5]]
    assert found.times_s[1].tolist() == [0, 1, 2]
    assert found.mask.sum() == 1
    told = data_of(material, sequences=sequences_of({"objective": "watching"}, HERE))
    assert told["digest"] != bare
    assert told["features"]["seeing/path"]["items"] == 1
    assert material.widths_of(["seeing/path"]) == {"seeing": 2}
    assert len(material.only(["Drama"], 0).sequences(["seeing/path"])["seeing/path"].values) == 20
    with pytest.raises(UnknownName, match="seeing/path"):
        material.sequences(["seeing/absent"])
