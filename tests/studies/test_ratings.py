"""Ratings: rows that predict are fitted by fold and seed, kept, joined, audited, and learn from the training side."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.worlds.judged import judged
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.history import History
from triptych.errors import UnknownName, UsageError
from triptych.evaluate.audit.folders import audits
from triptych.evaluate.record import Record
from triptych.evaluate.split import TEST, TRAIN, UNUSED, VALIDATION
from triptych.features.extractor import Learner
from triptych.features.recipe import plain
from triptych.features.registry import build
from triptych.models import predictors
from triptych.models.predictor import Asked, RatingLessons
from triptych.models.recommender import Recommender
from triptych.models.similarity import Learned, Lessons, Report, Snapshot
from triptych.studies import pooled
from triptych.studies.cell import Cell
from triptych.studies.folds import folds_of
from triptych.studies.known import Known
from triptych.studies.learning import Objective
from triptych.studies.manifest import data_of
from triptych.studies.material import Material
from triptych.studies.predicting import LEARNED, Predicting, titles_of
from triptych.studies.protocol import Protocol
from triptych.studies.rated import CHOSEN
from triptych.studies.results import AGREES, Results
from triptych.studies.run import CELLS, RECORDS, Done, read, run
from triptych.studies.run import LEARNED as KEPT
from triptych.studies.study import RATED_CONTROLS, Study
from triptych.studies.variant import Variant

SMALL = """
name = "rated"
title = "Which model predicts best?"
draws = 100
[[protocol]]
name = "some"
kind = "ratings"
split = "per-user"
share = 0.25
validation = 0.2
seeds = 2
rows = ["overall", "cold"]
[[protocol]]
name = "cold"
kind = "ratings"
split = "hard-cold"
folds = 2
cap = 15
[[table]]
name = "models"
title = "Models"
metrics = ["rmse", "threshold-ndcg@4"]
[[table.row]]
name = "taste"
predict = { model = "content-knn", fields = ["reading/taste"], k = 5 }
[[table.row]]
name = "sound"
predict = { model = "content-knn", fields = ["hearing/sound"] }
[[table]]
name = "more"
title = "What is weighed, learned, searched for, absent"
protocols = ["some"]
[[table.row]]
name = "searched"
predict = { model = "content-knn", fields = ["reading/taste"] }
search = { budget = 3, grid = { k = [1, 5, 20] } }
[[table.row]]
name = "blend"
predict.model = "blend"
predict.parts = ["bias", { model = "content-knn", settings = { fields = ["reading/taste"] } }]
seeds = 1
[[table.row]]
name = "learned"
features = ["reading"]
learn = { objective = "doubled" }
predict = { model = "content-knn", fields = ["learned"], k = 5 }
[[table.row]]
name = "elsewhere"
predict = { model = "libfm" }
[[claim]]
says = "Taste tells more than sound"
table = "models"
row = "taste"
against = "sound"
metric = "rmse"
sign = "lower"
[[claim]]
says = "Taste tells more than the mean, of cold items too"
table = "models"
protocol = "cold"
row = "taste"
against = "bias"
metric = "rmse"
sign = "lower"
"""


@dataclass(frozen=True, kw_only=True)
class Doubled:
    """Places items at twice their content, which is no other likeness."""

    seed: int = 0

    name = "doubled"

    @property
    def key(self) -> Mapping[str, Any]:
        return {"seed": self.seed}

    def fit(self, lessons: Lessons, *, folder: Path | None = None, report: Report | None = None) -> Learned:
        vectors = 2 * lessons.blocks.values[0]
        mask = lessons.blocks.mask.any(axis=1)
        names = [lessons.train.item_ids[k] for k in np.flatnonzero(lessons.may_learn).tolist()]
        snapshot = Snapshot(epoch=1, vectors=vectors, mask=mask)
        return Learned(snapshots=(snapshot,), best=1, epochs=({"epoch": 1, "loss": 1.0},), learned_from=names, facts={})

    def recommender(self, snapshot: Snapshot, told: History, *, like: float) -> Recommender | None:
        return None


HERE = {"doubled": Objective(settings=f"{__name__}:Doubled", needs=())}


def quiet(what: str, done: int, total: int) -> None:
    """Nobody is told."""


def stands(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in (folder / CELLS).glob("*.json")}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return judged(tmp_path_factory.mktemp("rated") / "films").folder


@pytest.fixture(scope="module")
def material(world: Path) -> Material:
    return Material.of(Catalogue.open(world))


@pytest.fixture(scope="module")
def done(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Done:
    folder = tmp_path_factory.mktemp("run") / "rated"
    there = predictors.find_spec
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(predictors, "find_spec", lambda name: None if name == "myfm" else there(name))  # type: ignore[attr-defined]
        return run(Study.of_toml(SMALL), folder, catalogue=world, report=quiet, objectives=HERE)


@pytest.fixture
def again(done: Done, tmp_path: Path) -> Path:
    return Path(shutil.copytree(done.folder, tmp_path / "again"))


def cells_of(done: Done, name: str, protocol: str = "some") -> list[Cell]:
    variants = {row.name: row.digest for table in done.study.tables for row in table.rows}
    return list(done.cells["", protocol, variants.get(name, name)])


def test_what_matters_in_the_world_matters_in_the_tables(done: Done) -> None:
    results = Results.of(done)
    tables = {(one.table.name, one.protocol.name, one.row): one for one in results.judgements}
    for judgement in tables.values():
        assert [line.name for line in judgement.lines if line.kind == "control"] == list(RATED_CONTROLS)
        assert not any(line.kind == "oracle" for line in judgement.lines)
    taste, sound, chance, bias = tables["models", "cold", "overall"].lines
    order = [line.figures["rmse"].value for line in (taste, bias, sound, chance)]
    assert order == sorted(order)
    assert taste.figures["rmse"].high < bias.figures["rmse"].low  # type: ignore[operator]
    assert taste.figures["threshold-ndcg@4"].low > sound.figures["threshold-ndcg@4"].value
    verdicts = [one for one in results.verdicts if one.row == "overall"]
    assert {(one.claim.against, one.protocol): one.verdict for one in verdicts} == {
        ("sound", "some"): AGREES,
        ("sound", "cold"): AGREES,
        ("bias", "cold"): AGREES,
    }
    absent = tables["more", "some", "overall"].line("elsewhere")
    assert absent is not None
    assert "myfm" in absent.nothing
    assert "hardly anybody" in tables["models", "some", "cold"].lines[0].nothing  # each item has training rows there


def test_fits_of_several_seeds_are_one_cell_of_the_fold(done: Done) -> None:
    (drawn,), (still,) = cells_of(done, "random"), cells_of(done, "taste")
    runs = drawn.facts["runs"]
    assert [one["seed"] for one in runs] == [0, 1]
    assert len(still.facts["runs"]) == 1
    errors = [one["whole"]["overall"]["rmse"] for one in runs]
    assert errors[0] != errors[1]
    assert drawn.measured["overall"].whole["rmse"] == pytest.approx(np.sqrt(np.mean(np.square(errors))))
    assert "threshold-ndcg@4" in runs[0]["whole"]["overall"]
    # Errors of users, weighed by how many they are of, come to that of all.
    values = drawn.measured["overall"].values
    weighed = np.average(values["rmse"] ** 2, weights=values[pooled.COUNT])
    assert np.sqrt(weighed) == pytest.approx(drawn.measured["overall"].whole["rmse"])


def test_the_facts_of_a_cell_are_as_they_are_told(done: Done) -> None:
    (cell,) = cells_of(done, "taste")
    facts = cell.facts
    json.dumps(facts, allow_nan=False)
    assert (facts["kind"], facts["scale"], facts["model"]["name"]) == ("ratings", [1.0, 5.0], "content-knn")
    assert set(facts["cost"]) == {"fit_s", "predict_s", "fit_cpu_s", "predict_cpu_s", "peak_bytes"}
    told = facts["ratings"]["overall"]
    assert sum(told["histogram"]["given"]) == sum(told["histogram"]["predicted"]) == told["count"] == 300
    assert len(told["histogram"]["edges"]) == len(told["histogram"]["given"]) + 1
    points = np.array(facts["roc"]["overall"]["points"])
    assert points[0].tolist() == [0, 0]
    assert points[-1].tolist() == [1, 1]
    assert (np.diff(points, axis=0) >= 0).all()
    assert len(points) <= 101
    assert np.trapezoid(points[:, 1], points[:, 0]) == pytest.approx(facts["roc"]["overall"]["area"], abs=0.02)
    sweep = facts["sweep"]
    assert sweep["setting"] == "k"
    assert sweep["rmse"][sweep["values"].index(sweep["chosen"])] == pytest.approx(
        cell.measured["overall"].whole["rmse"]
    )
    assert "cold" not in facts["ratings"]  # nobody is in that row
    assert cell.measured["cold" + CHOSEN].ids == ()


def test_a_blend_tells_what_choosing_on_the_test_is_worth(done: Done) -> None:
    (cell,) = cells_of(done, "blend")
    told = cell.facts["weighing"]
    best = min(told["validation"], key=lambda one: one[1])
    assert told["chosen"] == best[0]
    assert told["rmse_chosen"] == pytest.approx(cell.measured["overall"].whole["rmse"])
    assert told["leak"] == pytest.approx(told["rmse_chosen"] - min(rmse for _, rmse in told["test"]))
    assert told["leak"] >= 0
    (choice,) = [one for one in cell.facts["choices"] if one["what"] == "weight"]
    assert (choice["chosen"], choice["chosen_on"]) == ({"weight": best[0]}, "validation")


def test_settings_are_searched_for_on_the_validation_side(done: Done) -> None:
    (cell,) = cells_of(done, "searched")
    assert len(cell.facts["searched"]["trials"]) >= 3
    (choice,) = cell.facts["choices"]
    assert choice["grid"]["k"][:3] == [1, 5, 20]
    assert (choice["chosen_on"], choice["trials"]) == ("validation", 3)
    assert cell.facts["model"]["key"]["k"] == choice["chosen"]["k"]


def test_what_a_row_learned_of_items_is_a_field_of_its_model(done: Done) -> None:
    """Content and its double are one likeness, so that both rows say the same."""
    (learned,), (taste,) = cells_of(done, "learned"), cells_of(done, "taste")
    assert learned.facts["learned"]["objective"] == "doubled"
    assert learned.measured["overall"].whole["rmse"] == pytest.approx(taste.measured["overall"].whole["rmse"], rel=0.1)
    kinds = {fit["kind"] for fit in learned.facts["fits"]}
    assert {"scaling", "similarity", "embedding", "model"} <= kinds


def test_the_audit_passes_and_knows_who_was_predicted(done: Done) -> None:
    found = audits(done.folder)
    assert len(found) == 3
    for one in found.values():
        assert one.passed(strict=True), [(f.check, f.verdict, f.evidence) for f in one.findings]
    record = Record.read(done.folder / RECORDS / "some-1")
    assert record.protocol is not None
    assert record.protocol.kind == "rating-prediction"
    assert record.judged is not None
    assert record.judged.evaluated == record.judged.expected == {"rows": 300}
    assert record.split is not None
    assert len(record.split.validation) > 0
    assert {fit.name for fit in record.fits or ()} >= {"taste: content-knn", "random: random", "bias: bias"}


def test_more_seeds_take_the_fits_that_stand_and_one_that_is_lost_is_made_again(again: Path, world: Path) -> None:
    before = stands(again)
    study = Study.of_toml(SMALL.replace("seeds = 2", "seeds = 3"))
    found = run(study, again, catalogue=world, only=["models"], report=quiet, objectives=HERE)
    assert (again / KEPT).is_dir()
    assert not [one for one in (again / KEPT).iterdir() if (one / "model").exists()]
    after = stands(again)
    assert before.items() <= after.items()
    assert len(after) == len(before) + 2  # the two controls draw: a third fit of each
    assert len(cells_of(found, "random")[0].facts["runs"]) == 3
    victim = next(name for name in after if name not in before)
    (again / CELLS / victim).unlink()
    assert not cells_of_any(read(again), "random") or not cells_of_any(read(again), "bias")
    run(study, again, catalogue=world, only=["models"], report=quiet, objectives=HERE)
    assert {name for name, at in stands(again).items() if after.get(name) != at} == {victim}


def cells_of_any(done: Done, name: str) -> list[Cell]:
    return list(done.cells.get(("", "some", name), ()))


@dataclass(frozen=True, kw_only=True)
class Slow:
    """Is killed when it is fitted first, and goes on from what it kept."""

    name: str = "slow"
    seed: int = 0

    @property
    def key(self) -> Mapping[str, Any]:
        return {"seed": self.seed}

    def fit(self, lessons: RatingLessons, *, folder: Path | None = None, report: Any = None) -> Any:
        assert folder is not None
        if not (folder / "epoch").is_file():
            folder.mkdir(parents=True)
            (folder / "epoch").write_text("1")
            raise InterruptedError
        return Predicting(name="bias", settings={}, where="").model(0).fit(lessons)


def test_what_a_kill_leaves_is_gone_on_from_and_then_removed(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(predictors.PREDICTORS, "slow", predictors.Family(settings=f"{__name__}:Slow", says=""))  # type: ignore[arg-type]
    start, table = SMALL.index('[[protocol]]\nname = "cold"'), SMALL.index("[[table]]")
    head = SMALL[:start].replace("seeds = 2\n", "") + SMALL[table : SMALL.index("[[table.row]]")]
    study = Study.of_toml(head + '[[table.row]]\nname = "slow"\npredict = { model = "slow" }\n')
    with pytest.raises(InterruptedError):
        run(study, tmp_path / "run", catalogue=world, report=quiet)
    assert len([*(tmp_path / "run" / KEPT).rglob("epoch")]) == 1
    found = run(study, tmp_path / "run", catalogue=world, report=quiet)
    assert found.manifest.finished
    assert not [*(tmp_path / "run" / KEPT).iterdir()]
    slow, bias = (cells_of(found, name)[0].measured["overall"].whole["rmse"] for name in ("slow", "bias"))
    assert slow == bias


def test_features_that_learn_are_learned_again_from_training_items(material: Material) -> None:
    learner = build("reading/tfidf-title")
    assert isinstance(learner, Learner)
    standing = {**material.standing, learner.title: next(iter(material.standing.values()))}
    asked = {learner.title: plain(learner.asked, learner.title)}
    known = Known(material=replace(material, standing=standing, asked=asked))
    split = folds_of(Study.of_toml(SMALL).protocols[1], material.history)[0]
    background, fits = known.of(split, {"fields": ["reading/taste"]})
    assert learner.title not in background.items
    assert "genres" in background.items
    assert not fits
    background, (fit,) = known.of(split, {"fields": [f"{learner.title}?"]})
    assert len(background.items[learner.title]) == len(material.item_ids)
    assert list(fit.learned_from) == split.train_item_ids


def test_what_judges_decides_nothing(material: Material) -> None:
    """With other ratings on the test side, and others of the validation for what chooses nothing, all is said alike."""
    study = Study.of_toml(SMALL)
    protocol = study.protocols[1]
    split = folds_of(protocol, material.history)[0]
    rows, values = np.flatnonzero(split.side != TRAIN), split.history.values.copy()
    values[rows] = np.random.default_rng(1).permutation(values[rows])
    other = replace(split, history=replace(split.history, values=values))
    key = {"fields": ["reading/taste"]}
    one, two = (Known(material=material).of(part, key)[0] for part in (split, other))
    assert one.items.keys() == two.items.keys()
    for model in ("content-knn", "item-knn-z", "bias"):
        asked = Predicting(
            name=model, settings={"fields": ["reading/taste"]} if model == "content-knn" else {}, where=""
        )
        said = [_said(asked, part, background) for part, background in ((split, one), (other, two))]
        assert (said[0] == said[1]).all()


def _said(asked: Predicting, split: Any, background: Any) -> np.ndarray:
    lessons = RatingLessons(train=split.train, scale=(1.0, 5.0), background=background)
    return asked.model(0).fit(lessons).predict(Asked.of(split.test)).mean


def test_both_scenarios_have_one_test_and_cuts_are_made_before(material: Material) -> None:
    history = material.history
    told = {"kind": "ratings", "folds": 2, "cap": 9, "top": (30, 50), "mask": 0.5, "seed": 4}
    warm, cold = (Protocol(name="a", split=split, **told) for split in ("non-cold", "hard-cold"))  # type: ignore[arg-type]
    for one, two in zip(folds_of(warm, history), folds_of(cold, history), strict=True):
        assert one.test.keys.tolist() == two.test.keys.tolist()
        assert not (one.cold_items[one.test.items]).all()
        assert two.cold_items[two.test.items].all()
        used = one.history.take(one.side != UNUSED)
        assert used.user_counts.max() <= 9
        assert np.count_nonzero(used.item_counts) <= 30
        assert one.history.item_ids == history.item_ids
        whole = folds_of(replace(warm, mask=0.0), history)[one.params["fold"]]
        assert len(one.train) == pytest.approx(len(whole.train) / 2, abs=1)
        assert one.params["cap"] == 9
    rows = folds_of(Protocol(name="a", kind="ratings", split="rows", folds=4, validation=0.1), history)
    assert sum(len(one.test) for one in rows) == len(history)


def test_a_split_that_is_given_stands_on_the_ratings_of_the_catalogue(material: Material, tmp_path: Path) -> None:
    history = material.history

    def write(name: str, rows: np.ndarray, more: str = "") -> None:
        lines = [f"{history.user_ids[history.users[k]]}\t{history.item_ids[history.items[k]]}\t3\t9\n" for k in rows]
        (tmp_path / name).write_text("".join(lines) + more)

    every = np.random.default_rng(0).permutation(len(history))
    write("a.base", every[:600], "nobody\ti00\t3\t9\n")
    write("a.test", every[600:800])
    protocol = Protocol(
        name="a", kind="ratings", split="given", folds=1, train=("a.base",), test=("a.test",), validation=0.1
    )
    (split,) = folds_of(protocol, history, given=tmp_path)
    assert (split.side[every[600:800]] == TEST).all()
    assert np.isin(split.side[every[:600]], (TRAIN, VALIDATION)).all()
    assert 58 <= (split.side == VALIDATION).sum() <= 61
    assert (split.side[every[800:]] == UNUSED).all()
    assert split.params["absent"] == 1
    assert split.params["rated_otherwise"] == int((history.values[every[:800]] != 3).sum())
    paths = [tmp_path / "a.base", tmp_path / "a.test"]
    digest = data_of(material, rated=(), files=paths)["rated"]
    write("a.test", every[600:799])
    again = data_of(material, rated=(), files=paths)
    assert again["rated"] != digest
    assert again["digest"] == data_of(material)["digest"]  # rankings hang on no file and on nobody's age
    assert data_of(replace(material, users=None), rated=(), files=paths)["rated"] == again["rated"]  # of nobody is told
    renamed = tuple(replace(item, plot="another") for item in material.items)
    assert data_of(replace(material, items=renamed), rated=(), files=paths)["rated"] != again["rated"]
    (tmp_path / "a.base").write_text("1\t2\t3\t4\n")
    with pytest.raises(UsageError, match=r"catalogue has none.*'i00'"):
        folds_of(protocol, history, given=tmp_path)
    with pytest.raises(UsageError, match="--data FOLDER"):
        folds_of(protocol, history)


def test_only_items_that_have_what_a_row_asks_for(tmp_path: Path) -> None:
    material = Material.of(judged(tmp_path / "films", silent=[3, 8]))
    some = material.having(["hearing/sound"])
    assert set(material.item_ids) - set(some.item_ids) == {"i03", "i08"}
    assert len(some.history) < len(material.history)
    assert Variant.of({"name": "a", "having": ["x"]}, "row").digest != Variant.of({"name": "a"}, "row").digest
    with pytest.raises(UsageError, match="seeing/absent"):
        material.having(["seeing/absent"])


def test_a_model_is_told_of_what_it_names() -> None:
    titles = ["reading/plot", "seeing/frames", "hearing/mel"]
    assert titles_of({"parts": [{"fields": ["reading/plot?"]}]}, titles) == ["reading/plot"]
    assert titles_of({"fields": {"seeing/frames": 1.0}}, titles) == ["seeing/frames"]
    assert titles_of({"seeing": ["*"], "hearing": []}, titles) == ["seeing/frames"]
    assert LEARNED not in titles


def test_cells_of_rankings_are_called_as_they_were() -> None:
    """Pinned: what was computed before ratings were predicted is still found."""
    settings = Study.built_in("seeing-hearing-reading").protocols[1].settings
    assert list(settings) == [
        "kind",
        "split",
        "folds",
        "share",
        "seed",
        "like",
        "least",
        "rows",
        "cutoffs",
        "neighbours",
    ]
    assert Variant.of({"name": "a", "features": ["hearing"]}, "row").digest == "39d7894ad2e4"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('split = "per-user"', 'split = "all"', "must hold something back"),
        ("validation = 0.2", "validation = 1.5", "are shares"),
        ("validation = 0.2", "scale = [5, 1]", "the least and the greatest"),
        ("cap = 15", "like = 3.5", "like is of protocols that rank"),
        ("cap = 15", "top = [3]", "how many items and how many users"),
        ("cap = 15", 'train = ["a"]', 'split = "given"'),
        ("cap = 15", 'train = ["../a"]', "lead into the folder"),
        ('split = "hard-cold"\nfolds = 2', 'split = "given"\ntest = ["a"]', "as many files"),
        ('split = "hard-cold"\nfolds = 2\n', 'split = "hard-cold"\n', "give folds"),
        ('kind = "ratings"\nsplit = "hard-cold"', 'kind = "ranking"\nsplit = "hard-cold"', "by which ratings are"),
        ('kind = "ratings"\nsplit = "hard-cold"', 'kind = "ranking"\nsplit = "cold-items"', "cap, which protocols"),
        ('name = "sound"', 'name = "bias"', "as a control is called"),
        ('name = "elsewhere"\npredict = { model = "libfm" }', 'name = "x"', "and others; part them"),
        ('name = "elsewhere"', 'name = "elsewhere"\nsearch = { budget = 4 }', "search alike"),
        ('protocol = "cold"\nrow', 'protocol = "warm"\nrow', "'cold'"),
        ("seeds = 1", "seeds = -1", "1 or more"),
    ],
)
def test_what_a_study_of_ratings_may_not_say(old: str, new: str, said: str) -> None:
    assert old in SMALL
    with pytest.raises(UsageError, match=said):
        Study.of_toml(SMALL.replace(old, new, 1))


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"fields": ["x"]}, "give model, one of"),
        ({"model": "content-nn"}, "content-knn"),
        ({"model": "content-knn", "kk": 3}, "'kk'"),
        ({"model": "random", "seed": 3}, "a seed to its model"),
    ],
)
def test_a_misspelt_model_is_told_before_anything_is_made(told: dict[str, Any], said: str) -> None:
    from triptych.studies.arrangement import check

    with pytest.raises((UsageError, UnknownName), match=said):
        check(Variant.of({"name": "a", "predict": told}, "row"))
    for more, why in (
        ({"features": ["reading"]}, "stands in predict"),
        ({"search": {"budgets": 3}}, "'budget'"),
        ({"search": {"budget": 0}}, "1 or more"),
        ({"search": {"method": "guess"}}, "'tpe'"),
        ({"search": {"grid": {"k": 3}}}, "list of values"),
    ):
        with pytest.raises((UsageError, UnknownName), match=why):
            check(Variant.of({"name": "a", "predict": {"model": "content-knn"}, **more}, "row"))
