"""Run: cells are computed once, a killed run goes on, and what is told of a study is what its world is made of."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.worlds.judged import judged
from triptych.errors import SourceError, UsageError
from triptych.evaluate.record import Record
from triptych.features.store import FeatureStore
from triptych.studies.manifest import Manifest, data_of
from triptych.studies.material import Material
from triptych.studies.results import AGREES, CONTRADICTS, Results
from triptych.studies.run import CELLS, RECORDS, Done, read, run
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
select = { rule = "chance", fewest = 8, trees = 20 }
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
    study, folder = Study.of_toml(SMALL), tmp_path / "run"
    seen: list[str] = []

    class Killed(BaseException):
        pass

    def die(what: str, count: int, total: int) -> None:
        if count == 7:
            raise Killed

    with pytest.raises(Killed):
        run(study, folder, catalogue=world, report=die)
    cells = {path.name: path.stat().st_mtime_ns for path in (folder / CELLS).glob("*.json")}
    assert len(cells) == 7
    first = run(study, folder, catalogue=world, report=lambda what, count, total: seen.append(what))
    assert {path.name: path.stat().st_mtime_ns for path in (folder / CELLS).glob("*.json")}.items() >= cells.items()
    assert first.manifest.runs == 2
    assert first.manifest.finished
    for key, cell in first.cells.items():
        for one, other in zip(cell, done.cells[key], strict=True):
            for row, measured in one.measured.items():
                for metric, values in measured.values.items():
                    assert (values == other.measured[row].values[metric]).all()


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
    from dataclasses import replace

    from triptych.catalogue.catalogue import Catalogue
    from triptych.studies.arrangement import arrange
    from triptych.studies.folds import folds_of

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
    from triptych.catalogue.catalogue import Catalogue

    first = data_of(Material.of(Catalogue.open(world)))
    again = data_of(Material.of(judged(tmp_path / "again")))
    other = data_of(Material.of(judged(tmp_path / "other", silent=[3])))
    assert first["digest"] == again["digest"] != other["digest"]
    assert (first["items"], first["users"]) == (40, 60)
    assert other["features"]["hearing/sound"]["items"] == 39


def test_only_items_that_have_all_that_is_asked_are_studied(tmp_path: Path) -> None:
    catalogue = judged(tmp_path / "films", silent=[0, 5])
    material = Material.of(catalogue, having=["hearing/sound"])
    assert "i00" not in material.item_ids
    assert len(material.item_ids) == 38
    with pytest.raises(UsageError, match="seeing/absent"):
        Material.of(catalogue, having=["seeing/absent"])
    assert FeatureStore(catalogue.tables).recipes()
