"""Record: what is written comes back; what others write is read; what is malformed is said in a sentence."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.evaluate.test_splits import by_pair, otherwise, world
from triptych.catalogue.history import UNTIMED
from triptych.errors import SourceError, UsageError
from triptych.evaluate import scenarios
from triptych.evaluate.audit.folders import audits
from triptych.evaluate.record import Choice, Fit, Judged, Record, Terms, hash_of


def full() -> Record:
    split = scenarios.cold_items(world(1), validation=0.2)[1]
    return Record(
        name="all there is",
        split=split,
        protocol=Terms(kind="full-ranking", candidates=100, like=4, cutoffs=(5, 10)),
        fits=[
            Fit(name="z-score", kind="scaling", learned_from=split.train_item_ids),
            Fit(name="means", unit="users", learned_from=["u1", "u2"]),
            Fit(name="model", kind="model", learned_from=split.train),
        ],
        choices=[
            Choice(
                model="ours",
                role="proposed",
                grid={"k": [1, 2, 4]},
                chosen={"k": 2},
                chosen_on="validation",
                limits={"k": (1, None)},
                seconds=1.5,
            )
        ],
        judged=Judged(expected={"rows": 9}, evaluated={"rows": 8}, rows=split.test),
        pairs=pa.table({"a": ["i1"], "b": ["i2"], "side": ["train"]}),
        lists=pa.table({"user_id": ["u1"], "rank": [1], "item_id": ["i2"]}),
        predictions=pa.table({"user_id": ["u1"], "item_id": ["i2"], "predicted": [3.5]}),
        candidates=pa.table({"user_id": ["u1"], "candidates": [12]}),
        versions={"numpy": np.__version__},
        seeds={"split": 0},
        wall_s=2.5,
    )


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    record, folder = full(), tmp_path / "runs" / "one"
    record.write(folder)
    record.write(folder)  # replaces itself
    assert [path.name for path in folder.parent.iterdir()] == ["one"]
    again = Record.read(folder)
    assert by_pair(again.split) == by_pair(record.split)
    assert (again.split.name, again.split.disjoint, again.split.params) == (
        record.split.name,
        record.split.disjoint,
        record.split.params,
    )
    assert sorted(again.split.history.values) == sorted(record.split.history.values)
    assert sorted(again.split.test.times) == sorted(record.split.test.times)
    for name in ("protocol", "choices", "versions", "seeds", "wall_s", "pairs_of", "valued", "name"):
        assert getattr(again, name) == getattr(record, name), name
    for name in ("pairs", "lists", "predictions", "candidates"):
        assert getattr(again, name).equals(getattr(record, name)), name
    assert [(fit.name, fit.kind, fit.unit, len(fit.learned_from)) for fit in again.fits] == [
        (fit.name, fit.kind, fit.unit, len(fit.learned_from)) for fit in record.fits
    ]
    assert again.fits[0].learned_from == record.split.train_item_ids
    assert len(again.judged.rows) == len(record.split.test)
    assert again.judged.evaluated == {"rows": 8}
    assert again.data_hash == hash_of(record.split.history) == hash_of(otherwise(record.split.history, 3))
    changed = world(1)
    changed.values[0] += 1
    assert hash_of(changed) != again.data_hash


def test_what_is_not_told_is_none_and_not_nothing(tmp_path: Path) -> None:
    Record(name="silent").write(tmp_path / "silent")
    Record(name="nothing", fits=[], choices=[]).write(tmp_path / "nothing")
    silent, nothing = Record.read(tmp_path / "silent"), Record.read(tmp_path / "nothing")
    assert (silent.fits, silent.choices, silent.split, silent.judged, silent.protocol) == (None,) * 5
    assert (nothing.fits, nothing.choices) == ([], [])


def test_others_write_ids_as_numbers_and_leave_out_what_they_have_not(tmp_path: Path) -> None:
    items = pa.array([10, 20, 10]).dictionary_encode()  # as categories of numbers are written
    rows = pa.table({"user_id": [1, 1, 2], "item_id": items, "side": ["train", "test", "train"]})
    pq.write_table(rows, tmp_path / "interactions.parquet")
    pq.write_table(pa.table({"fit": ["scaler", "scaler"], "item_id": [10, 20]}), tmp_path / "fits.parquet")
    (tmp_path / "run.json").write_text('{"fits": [{"name": "scaler"}], "split": {"disjoint": ["items"]}}')
    record = Record.read(tmp_path)
    assert record.name == tmp_path.name
    assert by_pair(record.split) == {("1", "10"): 0, ("1", "20"): 2, ("2", "10"): 0}
    assert record.fits[0].learned_from == ["10", "20"]
    assert not record.valued
    assert record.split.disjoint == ("items",)
    # As pandas has them once a row had none: the same ids, not others.
    pq.write_table(pa.table({"user_id": [1.0], "item_id": [20.0]}), tmp_path / "judged.parquet")
    judged = Record.read(tmp_path).judged.rows
    assert (judged.user_ids, judged.item_ids) == (("1",), ("20",))


CHOICE = {"model": "m", "role": "baseline", "grid": {"k": [1, 2]}, "chosen": {"k": 1}}


def told(**changes: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        body = json.loads((folder / "run.json").read_text())
        (folder / "run.json").write_text(json.dumps({**body, **changes}))

    return change


def columns(name: str, **changes: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        table = pq.read_table(folder / f"{name}.parquet")
        for column, value in changes.items():
            place = table.column_names.index(column)
            table = table.remove_column(place)
            if value != "gone":
                table = table.append_column(column, pa.array([value] * table.num_rows, pa.string()))
        pq.write_table(table, folder / f"{name}.parquet")

    return change


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (lambda folder: (folder / "run.json").unlink(), "holds no run.json"),
        (lambda folder: (folder / "run.json").write_text("{"), "run.json' cannot be read"),
        (lambda folder: (folder / "run.json").write_text("[]"), "it is no JSON object"),
        (lambda folder: (folder / "lists.parquet").write_text("no"), "a table of the record"),
        (lambda folder: (folder / "fits.parquet").unlink(), "fits.parquet does not tell what the fit 'z-score'"),
        (told(format="triptych-run/9"), "its format is 'triptych-run/9'"),
        (told(fits={}), "fits is no JSON list"),
        (told(fits=[{"name": "z-score", "learned_from": "planets"}]), "'planets'; it can be 'items', 'users'"),
        (told(choices=[{"model": "m"}]), "does not tell its chosen and grid and role"),
        (told(choices=[{"model": "m", "role": "ours", "grid": {}, "chosen": {}}]), "'ours'; it can be 'proposed'"),
        (lambda folder: (folder / "run.json").write_text("[" * 100_000), "run.json' cannot be read"),
        (told(protocol={"candidates": "some"}), "what is ranked is 'some'"),
        (told(protocol={"candidates": {"sample": 9}}), "the number of sampled candidates is None"),
        (told(protocol={"cutoffs": [float("inf")]}), "is not as it should be"),
        (told(choices=[{**CHOICE, "grid": []}]), "go by the names of parameters, and [] does not"),
        (told(choices=[{**CHOICE, "grid": {"k": "1"}}]), "a grid gives each parameter a list of values"),
        (told(choices=[{**CHOICE, "limits": {"k": [1]}}]), "a limit is two numbers"),
        (told(choices=[{**CHOICE, "trials": "ten"}]), "a number of trials in the choice of 'm' is 'ten'"),
        (told(choices=[{**CHOICE, "seconds": -1}]), "took -1 seconds"),
        (told(judged={"evaluated": {"rows": "all"}}), "the number of judged rows is 'all'"),
        (told(split={"by_time": "week"}), "by_time is 'week'"),
        (told(split={"disjoint": ["films"]}), "what is declared disjoint is 'films'"),
        (told(judged={"expected": {"films": 1}}), "what is counted of the judged is 'films'"),
        (columns("interactions", side="tset"), "the side of an interaction is 'tset'; it can be 'unused', 'train'"),
        (columns("interactions", side="gone"), "the interactions have no column side; they have"),
        (columns("interactions", user_id=None), "a row has no user"),
        (columns("predictions", predicted="gone"), "the predictions of the record 'all there is' have no column"),
    ],
)
def test_what_is_malformed_is_said(tmp_path: Path, harm: Callable[[Path], Any], sentence: str) -> None:
    folder = tmp_path / "run"
    full().write(folder)
    harm(folder)
    with pytest.raises(SourceError) as fault:
        Record.read(folder)
    assert sentence in str(fault.value)


def test_a_folder_of_something_else_is_left_alone_and_a_failure_leaves_what_stood(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "me.png").write_text("")
    with pytest.raises(UsageError, match="something that is no record"):
        full().write(tmp_path / "photos")
    folder = tmp_path / "run"
    Record(name="first").write(folder)
    with pytest.raises(ValueError, match="JSON"):
        Record(name="second", wall_s=float("nan")).write(folder)
    assert Record.read(folder).name == "first"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos", "run"]
    with pytest.raises(UsageError, match=r"k 3 was chosen for 'm', which its grid does not have: 1, 2"):
        Choice(model="m", role="proposed", grid={"k": (1, 2)}, chosen={"k": 3}, chosen_on="test")
    with pytest.raises(UsageError, match="learned from nothing"):
        Fit(name="f", learned_from=[])
    with pytest.raises(UsageError, match="2 fits of a record are named 'f'"):
        Record(name="", fits=[Fit(name="f", learned_from=[one]) for one in "ab"])
    with pytest.raises(UsageError, match="give a History for interactions"):
        Fit(name="f", learned_from=["i1"], unit="interactions")


@pytest.mark.parametrize("name", ["run.json", "interactions.parquet"])
def test_what_stands_elsewhere_is_not_read(tmp_path: Path, name: str) -> None:
    folder, elsewhere = tmp_path / "run", tmp_path / "elsewhere"
    full().write(folder)
    (folder / name).rename(elsewhere)
    for put in (lambda: (folder / name).symlink_to(elsewhere), lambda: os.mkfifo(folder / name)):
        put()
        with pytest.raises(SourceError, match="a record holds its files itself"):
            Record.read(folder)
        (folder / name).unlink()


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (columns("pairs", a=None), "a is missing in some rows"),
        (columns("predictions", item_id=None), "a row has no item"),
        (columns("candidates", candidates="many"), "stands where numbers should"),
        (columns("candidates", candidates=None), "does not tell of each list among how many"),
    ],
)
def test_a_table_that_only_a_check_looks_into_hides_no_other_run(
    tmp_path: Path, harm: Callable[[Path], Any], sentence: str
) -> None:
    for name in ("one", "two"):
        record = replace(full(), judged=None, protocol=Terms(kind="full-ranking"), lists=None)
        record.write(tmp_path / name)
    harm(tmp_path / "one")
    one, two = audits(tmp_path).values()
    (finding,) = one.findings
    assert (finding.check, finding.verdict) == ("record", "fault")
    assert sentence in finding.evidence
    assert len(two.findings) > 1


def test_moments_are_seconds_and_what_would_be_all_the_same_is_refused(tmp_path: Path) -> None:
    def read(times: Any) -> list[int]:
        rows = {"user_id": ["u"] * 4, "item_id": list("abcd"), "side": ["train"] * 4, "timestamp": times}
        pq.write_table(pa.table(rows), tmp_path / "interactions.parquet")
        return Record.read(tmp_path).split.history.times.tolist()

    (tmp_path / "run.json").write_text("{}")
    assert read([10, None, 30, 40]) == [10, UNTIMED, 30, 40]
    assert read([10.5, None, 30.25, 40.0]) == [10, UNTIMED, 30, 40]
    moments = pa.array([10_500_000, None, 30_250_000, 40_000_000], pa.timestamp("us", "Europe/Vienna"))
    assert read(moments) == [10, UNTIMED, 30, 40]
    with pytest.raises(SourceError, match=r"timestamps go from 0\.1 to 0\.4; give seconds since 1970"):
        read([0.1, 0.2, 0.3, 0.4])
