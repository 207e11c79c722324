"""``triptych audit``: one table for all runs of a study, and an exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Triptych
from tests.evaluate.test_audit import HONEST
from triptych.evaluate.audit import CHECKS
from triptych.evaluate.record import Record, Terms


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An honest run, one that says little, and one that sampled."""
    folder = tmp_path_factory.mktemp("study")
    HONEST.record().write(folder / "a" / "honest")
    Record(name="quiet").write(folder / "a" / "quiet")
    Record(name="sampling", protocol=Terms(kind="full-ranking", candidates=100)).write(folder / "b")
    return folder


def test_an_honest_run_passes(triptych: Triptych, study: Path) -> None:
    answer = triptych("audit", study / "a" / "honest", "--strict")
    assert answer.status == 0, answer.err
    lines = answer.out.splitlines()
    assert lines[0].split("\t") == ["run", "check", "verdict", "evidence", "cure"]
    assert [line.split("\t")[1] for line in lines[1:]] == list(CHECKS)
    assert "8 clean" in answer.err


def test_silence_fails_only_if_strict(triptych: Triptych, study: Path) -> None:
    assert triptych("audit", study / "a").status == 0
    answer = triptych("audit", study / "a", "--strict")
    assert answer.status == 1
    assert "1 of 2 runs did not pass: quiet, overlap, future" in answer.err


def test_a_study_is_searched_and_one_fault_fails_it(triptych: Triptych, study: Path) -> None:
    answer = triptych("audit", study, "--json")
    assert answer.status == 1
    assert [(run["name"], run["passed"]) for run in answer.json] == [
        ("content against collaboration", True),
        ("quiet", True),
        ("sampling", False),
    ]
    (fault,) = (each for each in answer.json[2]["findings"] if each["verdict"] == "fault")
    assert fault["check"] == "sampled"
    assert "100 sampled items" in fault["evidence"]
    assert "sampling, sampled." in answer.err


def test_a_broken_run_hides_no_other_and_no_run_is_an_error(triptych: Triptych, tmp_path: Path) -> None:
    Record(name="whole").write(tmp_path / "whole")
    Record(name="draft").write(tmp_path / ".draft")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "run.json").write_text(json.dumps({"fits": 3}))
    answer = triptych("audit", tmp_path, "--json")
    assert answer.status == 1
    assert [run["name"] for run in answer.json] == ["broken", "whole"]
    assert "fits is no JSON list" in answer.json[0]["findings"][0]["evidence"]
    (tmp_path / "none").mkdir()
    for place in ("none", "nowhere"):
        answer = triptych("audit", tmp_path / place)
        assert answer.status == 3
        assert "there is no record of a run" in answer.err
