"""Run: cells are computed once, a killed run goes on, and what is told of a study is what its world is made of."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.worlds.judged import judged
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.history import History
from triptych.catalogue.lock import WriterLock
from triptych.errors import CatalogueLocked, ExtractionError, SourceError, UsageError
from triptych.evaluate.audit.folders import audits
from triptych.evaluate.record import Record
from triptych.features.extractor import Learner
from triptych.features.recipe import plain
from triptych.features.registry import build
from triptych.features.store import FeatureStore
from triptych.spaces.search import Blocks
from triptych.studies.arrangement import arrange
from triptych.studies.cell import Cell
from triptych.studies.folds import folds_of
from triptych.studies.lists import by_content
from triptych.studies.manifest import Manifest, data_of
from triptych.studies.material import Material
from triptych.studies.records import name_of
from triptych.studies.results import AGREES, CONTRADICTS, Results, merged
from triptych.studies.run import CELLS, LOCK, RECORDS, Done, key_of, read, run
from triptych.studies.scope import Scope
from triptych.studies.study import CONTROLS, Study

SMALL = """
name = "small"
title = "Which panel matters?"
draws = 200
[tuning]
budget = 1
beyond = 0
[[protocol]]
name = "lists"
kind = "item-based"
split = "cold-users"
folds = 2
least = 2
cutoffs = [1, 5]
[[protocol]]
name = "cold"
kind = "ranking"
split = "cold-items"
folds = 2
rows = ["cold"]
cutoffs = [1, 5]
neighbours = 10
[[table]]
name = "ablation"
title = "Each panel"
metrics = ["hit-rate@1", "ndcg-graded@5"]
[[table.row]]
name = "all"
[[table.row]]
name = "only hearing"
features = ["hearing"]
[[table.row]]
name = "only reading"
features = ["reading"]
[[table.row]]
name = "selected"
select = { rule = "chance", chance = 1, fewest = 8, trees = 20 }
[[table.row]]
name = "nothing there"
features = ["seeing/absent"]
[[table]]
name = "domain"
title = "One genre"
against = "all"
protocols = ["cold"]
metrics = ["ndcg-graded@5"]
[[table.row]]
name = "all"
[[table.row]]
name = "drama"
genres = ["Drama"]
[[claim]]
says = "What is heard alone ranks worse than all"
table = "ablation"
row = "only hearing"
against = "all"
metric = "ndcg-graded@5"
sign = "lower"
[[claim]]
says = "What is heard alone ranks better than all"
table = "ablation"
row = "only hearing"
against = "all"
metric = "ndcg-graded@5"
sign = "higher"
[[bracket]]
table = "ablation"
row = "only reading"
protocol = "cold"
metric = "ndcg-graded@5"
low = 0.4
high = 1.0
"""


def quiet(what: str, done: int, total: int) -> None:
    """Nobody is told."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return judged(tmp_path_factory.mktemp("judged") / "films").folder


@pytest.fixture
def again(done: Done, tmp_path: Path) -> Done:
    """The same in a folder that a test may write in."""
    return replace(done, folder=Path(shutil.copytree(done.folder, tmp_path / "again")))


def lists_alone(study: Study) -> Study:
    """The same with one protocol, one table and two rows of it."""
    rows = tuple(row for row in study.tables[0].rows if row.name in ("all", "only hearing"))
    text = (
        SMALL[: SMALL.index('[[protocol]]\nname = "cold"')]
        + SMALL[SMALL.index("[[table]]") : SMALL.index("[[table.row]]")]
    )
    told = "".join(f'[[table.row]]\nname = "{row.name}"\nfeatures = {list(row.features)}\n' for row in rows)
    return Study.of_toml(text + told)


def variant_of(study: Study, name: str) -> str:
    return next(row.digest for row in study.tables[0].rows if row.name == name)


@pytest.fixture(scope="module")
def done(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Done:
    folder = tmp_path_factory.mktemp("run") / "small"
    return run(Study.of_toml(SMALL), folder, catalogue=world, report=quiet)


def test_what_matters_in_the_world_matters_in_the_tables(done: Done) -> None:
    results = Results.of(done)
    for judgement in results.judgements:
        if judgement.table.name != "ablation":
            continue
        by = {line.name: line for line in judgement.lines}
        reading, hearing = by["only reading"], by["only hearing"]
        assert reading.measured is not None
        assert hearing.measured is not None
        assert reading.figures["ndcg-graded@5"].low > hearing.figures["ndcg-graded@5"].value
        assert set(CONTROLS) <= by.keys()
        assert all(by[name].measured is not None for name in CONTROLS)
        assert "takes seeing/absent" in by["nothing there"].nothing
        assert by["nothing there"].measured is None
    verdicts = {(one.claim.sign, one.protocol): one.verdict for one in results.verdicts}
    assert verdicts["lower", "cold"] == verdicts["lower", "lists"] == AGREES
    assert verdicts["higher", "cold"] == CONTRADICTS
    assert results.checks[0].held


def test_every_line_of_a_family_is_corrected_together(done: Done) -> None:
    judgement = Results.of(done).judgements[0]
    found = [line.against["ndcg-graded@5"] for line in judgement.lines if line.against and line.kind == "variant"]
    assert len(found) == 3
    assert all(one.p_holm is not None and one.p_holm >= one.p_permutation for one in found)
    assert judgement.line("all") is not None
    assert not judgement.lines[0].against


def test_a_run_that_was_killed_goes_on_where_it_was(done: Done, world: Path, tmp_path: Path) -> None:
    """One table alone is enough of a run; what it shares with the others is the same there."""
    study, folder = Study.of_toml(SMALL), tmp_path / "run"

    class Killed(BaseException):
        pass

    def die(what: str, count: int, total: int) -> None:
        if count == 7:
            raise Killed

    with pytest.raises(Killed):
        run(study, folder, catalogue=world, only=["domain"], report=die)
    cells = {path.name: path.stat().st_mtime_ns for path in (folder / CELLS).glob("*.json")}
    assert len(cells) == 7
    first = run(study, folder, catalogue=world, only=["domain"], report=quiet)
    assert {path.name: path.stat().st_mtime_ns for path in (folder / CELLS).glob("*.json")}.items() >= cells.items()
    assert first.manifest.runs == 2
    assert not first.manifest.finished  # the other table is not run
    assert len(first.cells) == 14
    for key, cell in first.cells.items():
        for mine, other in zip(cell, done.cells[key], strict=True):
            for row, measured in mine.measured.items():
                for metric, values in measured.values.items():
                    assert (values == other.measured[row].values[metric]).all()


@pytest.mark.parametrize("left", ["catalogue", ".manifest.json.draft", "run.lock"])
def test_what_a_kill_before_the_first_manifest_leaves_is_no_other_mans_folder(tmp_path: Path, left: str) -> None:
    (tmp_path / left).touch()
    with pytest.raises(UsageError, match="name it: --catalogue"):  # what it is refused for is the catalogue it has not
        run(Study.of_toml(SMALL), tmp_path, report=quiet)


def test_one_table_run_again_leaves_the_others_in_the_tables_and_in_the_records(again: Done, world: Path) -> None:
    before = Record.read(again.folder / RECORDS / "cold-1")
    some = run(again.study, again.folder, catalogue=world, only=["domain"], report=quiet)
    assert some.cells.keys() == again.cells.keys()
    assert some.manifest.finished
    after = Record.read(again.folder / RECORDS / "cold-1")
    assert [fit.name for fit in after.fits or ()] == [fit.name for fit in before.fits or ()]


def test_two_runs_in_one_folder_at_once_are_one_too_many(again: Done, world: Path) -> None:
    lock = WriterLock(again.folder / LOCK)
    lock.take("study run")
    try:
        with pytest.raises(CatalogueLocked, match="study run"):
            run(again.study, again.folder, catalogue=world, report=quiet)
    finally:
        lock.release()


def test_what_could_not_be_had_is_tried_again_and_what_could_is_not(again: Done, world: Path) -> None:
    key = key_of(again.study, again.manifest, Scope(name=""), again.study.protocols[1], 0, "random").name
    Cell(measured={}, seconds=0.0, nothing="an extra is not installed").write(again.folder / CELLS, key)
    lacking = next(one for one in Results.of(read(again.folder)).judgements if one.protocol.name == "cold")
    line = lacking.line("random")
    assert line is not None
    assert (line.measured, line.nothing) == (None, "in 1 of 2 folds: an extra is not installed")
    cells = {path.name: path.stat().st_mtime_ns for path in (again.folder / CELLS).glob("*.json")}
    run(again.study, again.folder, catalogue=world, report=quiet)
    after = {path.name: path.stat().st_mtime_ns for path in (again.folder / CELLS).glob("*.json")}
    assert {name for name, at in after.items() if cells[name] != at} == {f"{key}.json"}


def test_of_some_folds_alone_a_row_has_no_figures(again: Done) -> None:
    key = key_of(again.study, again.manifest, Scope(name=""), again.study.protocols[0], 1, "popularity").name
    (again.folder / CELLS / f"{key}.json").unlink()
    line = Results.of(read(again.folder)).judgements[0].line("popularity")
    assert line is not None
    assert (line.measured, line.nothing) == (None, "1 of 2 folds are run")


def test_the_audit_of_a_run_passes_and_is_of_what_the_study_asks_for_now(again: Done, world: Path) -> None:
    shutil.copytree(again.folder / RECORDS / "cold-1", again.folder / RECORDS / "cold-9")
    run(again.study, again.folder, catalogue=world, report=quiet)
    found = audits(again.folder)
    assert len(found) == 6
    for one in found.values():
        assert one.passed(strict=True), [(f.check, f.verdict, f.evidence) for f in one.findings]


def test_other_data_are_said_and_the_cells_of_the_former_are_not_taken(again: Done, tmp_path: Path) -> None:
    other = judged(tmp_path / "other", silent=[3, 7])
    # The item-based protocol is the first, and all that is looked at.
    made = run(lists_alone(again.study), again.folder, catalogue=other.folder, report=quiet)
    assert "are others than when this folder was run last" in made.notes[0]
    kept = merged(made.cells["", "lists", variant_of(again.study, "only hearing")], "")
    assert kept is not None
    former = merged(again.cells["", "lists", variant_of(again.study, "only hearing")], "")
    assert former is not None
    # An item that nothing is heard of has a list by lot, so that all rows are judged on the same items.
    assert kept.ids == former.ids
    assert kept.values["hit-rate@1"].tolist() != former.values["hit-rate@1"].tolist()


def test_a_misspelt_setting_is_told_before_anything_is_made(world: Path, tmp_path: Path) -> None:
    for old, new, said in (
        ('features = ["hearing"]', 'fusion = { scale = "ranks" }', "'scaling'"),
        ('features = ["hearing"]', "fusion = { reduce = 64 }", "cannot be read"),
        ('rule = "chance"', 'rule = "paper", keep = 2', "at most 1"),
        ("trees = 20", "tree = 20", "'trees'"),
    ):
        with pytest.raises(UsageError, match=said):
            run(Study.of_toml(SMALL.replace(old, new)), tmp_path / "run", catalogue=world, report=quiet)
    assert not (tmp_path / "run").exists()


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / CELLS).touch()
    with pytest.raises(UsageError, match="cannot be written"):
        Cell(measured={}, seconds=0.0).write(tmp_path / CELLS, "ab")


def test_of_items_with_as_many_ratings_a_subset_takes_those_that_a_lot_says(world: Path) -> None:
    material = Material.of(Catalogue.open(world))
    first = np.unique(material.history.items, return_index=True)[1]
    even = replace(material, history=material.history.take(first))
    some = even.only(["Drama"], 5)
    dramas = [item.item_id for item in even.items if "Drama" in item.genres]
    assert set(some.item_ids) < set(dramas)
    assert list(some.item_ids) != dramas[:5]
    assert [item.item_id for item in some.items] == list(some.item_ids)
    whole = even.only(["Drama"], 0)
    table = Catalogue.open(world).interactions()
    wanted = History.of_table(table, item_ids=whole.item_ids)
    found = material.only(["Drama"], 0).history
    for name in ("users", "items", "values", "times"):
        assert (getattr(found, name) == getattr(wanted, name)).all()


def test_equals_are_told_apart_by_a_lot_for_each_pair_and_by_nothing_else() -> None:
    """Thirty items of three kinds; within a kind all are alike, in whatever order they stand."""
    rng = np.random.default_rng(0)
    ids = tuple(f"i{k:02d}" for k in range(30))
    kinds = np.arange(30) % 3
    values = np.eye(3, dtype=np.float32)[kinds]

    def lists(order: np.ndarray, n: int = 4, seed: int = 0) -> dict[str, list[str]]:
        blocks = Blocks(panels=("reading",), values=(values[order],), mask=np.ones((30, 1), bool))
        mine = tuple(ids[k] for k in order)
        made = by_content(blocks, n=n, weights={"reading": 1.0}, metric="cosine", item_ids=mine, seed=seed)
        return {mine[row]: [mine[k] for k in found] for row, found in enumerate(made.tolist())}

    found = lists(np.arange(30))
    assert found == lists(rng.permutation(30))
    assert found != lists(np.arange(30), seed=1)
    assert all(kinds[int(one[1:])] == kinds[int(own[1:])] for own, row in found.items() for one in row)
    assert all(len({own, *row}) == 5 for own, row in found.items())
    assert len({row[0] for row in found.values()}) > 9  # not one for all of a kind
    assert [len(set(row)) for row in lists(np.arange(30), n=29).values()] == [29] * 30
    assert lists(np.arange(30), n=12)["i00"][:4] == found["i00"]


def test_scopes_that_differ_have_cells_and_records_of_their_own() -> None:
    some = [
        Scope(name="A, B", genres=("A, B",)),
        Scope(name="A, B", genres=("A", "B")),
        Scope(name="A, B (3 each)", genres=("A", "B"), most=3),
        Scope(name="a b (3 each)", genres=("A B",), most=3),
    ]
    assert len({one.key for one in some}) == 4
    protocol = Study.of_toml(SMALL).protocols[0]
    assert len({name_of(one, protocol, 0) for one in some[1:]}) == 3
    assert name_of(Scope(name=""), protocol, 0) == "lists-1"


def test_a_run_is_read_back_without_its_catalogue(done: Done) -> None:
    again = Results.of(read(done.folder))
    before = Results.of(done)
    assert [line.figures for line in again.judgements[0].lines] == [line.figures for line in before.judgements[0].lines]
    assert again.verdicts == before.verdicts


def test_records_say_what_was_learned_from_what(done: Done) -> None:
    record = Record.read(done.folder / RECORDS / "cold-1")
    assert record.split is not None
    assert record.fits is not None
    train = set(record.split.train_item_ids)
    fitted = {fit.name: fit for fit in record.fits}
    assert set(fitted["all: fusion"].learned_from) == train
    assert fitted["selected: target of the selection"].unit == "interactions"
    assert {choice.model for choice in record.choices or ()} == {"ALS", "EASE"}


@pytest.mark.parametrize("side", ["features", "ratings"])
def test_what_is_held_out_moves_no_list_of_the_others(world: Path, side: str) -> None:
    """Shuffled test-side values move nothing that was fitted: the blocks of training items stay, bit by bit."""
    study = Study.of_toml(SMALL)
    material = Material.of(Catalogue.open(world))
    split = folds_of(study.protocols[1], material.history)[0]
    cold = split.cold_items
    rng = np.random.default_rng(3)
    other, apart = material, split
    if side == "features":
        held = [item_id for k, item_id in enumerate(material.item_ids) if cold[k]]
        standing = {}
        for title, table in material.standing.items():
            values = table.values.copy()
            rows = [k for k, item_id in enumerate(table.item_ids) if item_id in held]
            values[rows] = rng.permutation(values[rows]) * 7
            standing[title] = replace(table, values=values)
        other = replace(material, standing=standing)
    else:
        values = split.history.values.copy()
        judging = np.flatnonzero(split.side == 2)
        values[judging] = rng.permutation(values[judging])
        apart = replace(split, history=replace(split.history, values=values))
    for variant in study.tables[0].rows[:4]:
        one, two = arrange(variant, material, split, seed=0), arrange(variant, other, apart, seed=0)
        for a, b in zip(one.blocks.values, two.blocks.values, strict=True):
            assert (a[~cold] == b[~cold]).all()


def test_another_study_or_another_folder_is_not_written_over(done: Done, world: Path, tmp_path: Path) -> None:
    other = Study.of_toml(SMALL.replace('name = "small"', 'name = "other"', 1))
    with pytest.raises(UsageError, match="holds a run of 'small'"):
        run(other, done.folder, catalogue=world, report=quiet)
    (tmp_path / "diary.txt").write_text("mine")
    with pytest.raises(UsageError, match="no run of a study"):
        run(other, tmp_path, catalogue=world, report=quiet)
    with pytest.raises(UsageError, match="no run of a study"):
        read(tmp_path)


def test_a_damaged_cell_is_named(done: Done, tmp_path: Path) -> None:
    cell = next((done.folder / CELLS).glob("*.json"))
    text = cell.read_text()
    try:
        cell.write_text("{")
        with pytest.raises(SourceError, match=cell.name):
            read(done.folder)
    finally:
        cell.write_text(text)
    damaged = tmp_path / "run"
    damaged.mkdir()
    (damaged / "manifest.json").write_text(json.dumps({"format": "another"}))
    with pytest.raises(SourceError, match="another"):
        Manifest.read(damaged)


def test_the_data_are_known_by_their_content(world: Path, tmp_path: Path) -> None:
    first = data_of(Material.of(Catalogue.open(world)))
    again = data_of(Material.of(judged(tmp_path / "again")))
    other = data_of(Material.of(judged(tmp_path / "other", silent=[3])))
    assert first["digest"] == again["digest"] != other["digest"]
    assert (first["items"], first["users"]) == (40, 60)
    assert other["features"]["hearing/sound"]["items"] == 39


def test_what_is_learned_anew_is_known_by_what_is_written(world: Path) -> None:
    """A feature that was learned before a title changed stands as it was, but every fold learns from the new one."""
    material = Material.of(Catalogue.open(world))
    learner = build("reading/tfidf-title")
    assert isinstance(learner, Learner)
    learned = replace(material, asked={learner.title: plain(learner.asked, learner.title)})
    renamed = tuple(replace(item, title=f"{item.title}, again") for item in learned.items)
    assert data_of(learned)["digest"] != data_of(replace(learned, items=renamed))["digest"]
    assert data_of(material)["digest"] == data_of(replace(material, items=renamed))["digest"]
    own = replace(material, asked={learner.title: {"of": "its own"}})
    with pytest.raises(ExtractionError, match="default settings, or leave it out"):
        own.learner(learner.title)
    assert own.learner("hearing/sound") is None


def test_only_items_that_have_all_that_is_asked_are_studied(tmp_path: Path) -> None:
    catalogue = judged(tmp_path / "films", silent=[0, 5])
    material = Material.of(catalogue, having=["hearing/sound"])
    assert "i00" not in material.item_ids
    assert len(material.item_ids) == 38
    with pytest.raises(UsageError, match="seeing/absent"):
        Material.of(catalogue, having=["seeing/absent"])
    assert FeatureStore(catalogue.tables).recipes()
