"""Every command: what it prints, where, and how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import triptych as library
from tests.cli.conftest import Triptych
from triptych.cli.main import app
from triptych.cli.output import printable
from triptych.features.registry import PROFILES

SHELL = [sys.executable, "-c", "from triptych.cli.main import run; run()"]


def test_the_whole_path_from_nothing_to_similar_titles(tmp_path: Path, triptych: Triptych) -> None:
    films = tmp_path / "films"
    assert triptych("init", films).status == 0
    added = triptych("add", films, "synthetic", "--clips", "6", "--seconds", "2", "--users", "10", "--json")
    assert (added.json["items_new"], added.json["clips_new"]) == (6, 6)
    assert added.json["interactions"] > 0
    made = triptych("extract", films, "--workers", "2", "--json").json
    assert (made["done"], made["failed"], made["clips_decoded"]) == (6 * len(PROFILES["light"]), 0, 6)
    fused = triptych("fuse", films, "--json").json
    assert fused["fitted"] is True
    assert set(fused["panels"]) == {"seeing", "hearing", "reading"}
    ids = [row["item_id"] for row in triptych("items", films, "--json").json]
    (answer,) = triptych("similar", films, ids[0], "-n", "3", "--json").json
    assert [near["rank"] for near in answer["similar"]] == [1, 2, 3]
    assert ids[0] not in {near["item_id"] for near in answer["similar"]}
    scores = [near["score"] for near in answer["similar"]]
    assert scores == sorted(scores, reverse=True)

    again = triptych("extract", films, "--json").json
    assert (again["done"], again["settled"], again["clips_decoded"]) == (0, made["done"], 0)
    assert (
        triptych("add", films, "synthetic", "--clips", "6", "--seconds", "2", "--users", "10", "--json").json[
            "items_same"
        ]
        == 6
    )
    assert triptych("fuse", films, "--json").json["placed"] == 0


def test_stdout_is_data_and_stderr_is_talk(built: Path, triptych: Triptych) -> None:
    answer = triptych("ledger", built, "--feature", "seeing/colour")
    lines = answer.out.splitlines()
    assert lines[0].split("\t") == ["item_id", "feature", "status", "seconds", "reason and warnings"]
    assert len(lines) == 7
    assert all(len(line.split("\t")) == 5 for line in lines)
    assert "6 done" in answer.err
    assert triptych("extract", built).out == ""


def test_one_panel_alone_is_its_own_score(built: Path, triptych: Triptych) -> None:
    item = triptych("items", built, "--json").json[0]["item_id"]
    (answer,) = triptych("similar", built, item, "--panels", "reading", "--json").json
    for near in answer["similar"]:
        assert near["score"] == pytest.approx(near["panels"]["reading"], abs=1e-5)


def test_info_counts_what_is_there(built: Path, triptych: Triptych) -> None:
    facts = triptych("info", built, "--json").json
    assert (facts["items"], facts["clips"], facts["with_plot"]) == (6, 6, 6)
    assert {row["feature"]: row["present"] for row in facts["features"]} == dict.fromkeys(PROFILES["light"], 6)
    assert facts["spaces"] == [{"space": "fused", "items": 6}]
    assert [row["purpose"] for row in facts["commits"]] == ["add", "extract", "fuse"]


def test_items_searches_ids_titles_and_plots(built: Path, triptych: Triptych) -> None:
    everything = triptych("items", built, "--json").json
    wanted = everything[2]
    found = triptych("items", built, "--search", wanted["title"].upper(), "--json").json
    assert wanted["item_id"] in {row["item_id"] for row in found}
    assert len(triptych("items", built, "--limit", "2", "--json").json) == 2
    assert triptych("items", built, "--search", "no such words", "--json").json == []


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["items", "nowhere"], 3, "triptych init nowhere"),
        (["similar", "{built}", "nobody"], 2, "no item 'nobody'"),
        (["similar", "{built}", "{first}", "--space", "fuzed"], 2, "'fused'"),
        (["similar", "{built}", "{first}", "--panels", "seing"], 2, "'seeing'"),
        (["similar", "{built}", "{first}", "--panels", "seeing=much"], 2, "seeing=1"),
        (["similar", "{built}", "{first}", "--panels", "seeing=-1"], 2, "0 or above"),
        (["similar", "{built}", "{first}", "--panels", "seeing=0"], 2, "above 0"),
        (["extract", "{built}", "--feature", "seeing/color"], 2, "'seeing/colour'"),
        (["extract", "{built}", "--profile", "heavy"], 2, "'light'"),
        (["fuse", "{built}", "--name", "../up"], 2, "letters, digits"),
        (["fuse", "{built}", "--feature", "seeing/dinov2"], 2, "'seeing/colour'"),
        (["ledger", "{built}", "--status", "broken"], 2, "'failed'"),
        (["add", "{built}", "no/such/thing"], 3, "no folder or file"),
        (["init", "{built}"], 3, "is a catalogue already"),
        (["demo", "--folder", "{built}"], 3, "no demo made it"),
    ],
)
def test_an_error_is_a_sentence_and_a_status(
    arguments: list[str], status: int, words: str, built: Path, triptych: Triptych, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(built.parent)
    first = library.Catalogue.open(built).item_ids()[0]
    answer = triptych(*(a.format(built=built, first=first) for a in arguments))
    assert answer.status == status
    assert answer.err.startswith("triptych: ")
    assert words in answer.err
    assert "Traceback" not in answer.err
    assert answer.out == ""


def test_a_second_writer_is_refused_and_told_who_writes(built: Path, triptych: Triptych) -> None:
    script = f"""
import sys, triptych
with triptych.Catalogue.open({str(built)!r}).writing("a long test"):
    print("held", flush=True)
    sys.stdin.read()
"""
    holder = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdin is not None
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    refused = triptych("fuse", built)
    assert refused.status == 4
    assert f"process {holder.pid} (a long test" in refused.err
    assert triptych("items", built).status == 0
    holder.communicate()
    assert triptych("fuse", built).status == 0


def test_control_characters_cannot_reach_the_terminal(tmp_path: Path, triptych: Triptych) -> None:
    films = tmp_path / "films"
    triptych("init", films)
    table = tmp_path / "items.jsonl"
    table.write_text('{"item_id": "a\\tb\\nc", "title": "\\u001b[2J\\u202eevil"}\n')
    assert triptych("add", films, table).status == 0
    line = triptych("items", films).out.splitlines()[1]
    assert "\x1b" not in line
    assert "\u202e" not in line
    assert line.count("\t") == 5
    assert printable("a\tb\nc") in line
    assert triptych("items", films, "--json").json[0]["item_id"] == "a\tb\nc"


def test_a_reader_that_has_enough_is_no_error(built: Path) -> None:
    command = " ".join([f"'{part}'" for part in [*SHELL, "items", str(built)]])
    done = subprocess.run(
        ["/bin/bash", "-c", f"set -o pipefail; {command} | true"], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""


def test_ctrl_c_keeps_what_was_committed(tmp_path: Path) -> None:
    catalogue = library.Catalogue.init(tmp_path / "films")
    catalogue.add(library.Synthetic(clips=6, users=5, seconds=2))
    process = subprocess.Popen(
        [*SHELL, "extract", str(catalogue.folder), "--workers", "1"], stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while not library.Ledger(catalogue.tables).entries() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode in (130, 0)  # 0 when it was done before the signal came
    assert "Traceback" not in said
    kept = len(library.Ledger(catalogue.tables).entries())
    assert kept > 0
    assert library.extract(catalogue).settled == kept


def test_help_and_version_load_nothing_heavy() -> None:
    probe = """
import sys
sys.argv = ["triptych", "--help"]
from triptych.cli.main import run
try:
    run()
except SystemExit:
    pass
heavy = {"torch", "librosa", "transformers", "lightgbm", "ray", "lancedb", "av", "cv2", "polars", "pyarrow"}
heavy |= {"numpy", "scipy", "httpx", "yt_dlp"}
print("LOADED", sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "LOADED []"
    for command in app.registered_commands:
        assert f" {command.name} " in done.stdout
    assert " report " in done.stdout


@pytest.mark.parametrize(("given", "held"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
def test_threads_that_wait_sleep_unless_the_user_says_otherwise(given: str | None, held: str) -> None:
    """Asked of libgomp itself, which tells what it goes by as it is loaded."""
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    environment |= {"OMP_DISPLAY_ENV": "true"} | ({"OMP_WAIT_POLICY": given} if given else {})
    program = (
        "import sys; from triptych.cli.main import run; sys.argv = ['triptych', '--version']; "
        "\ntry: run()\nexcept SystemExit: pass\nimport sklearn.utils._openmp_helpers"
    )
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    if "OMP_WAIT_POLICY" not in done.stderr:
        pytest.skip("scikit-learn's OpenMP tells nothing of itself here")
    assert f"OMP_WAIT_POLICY = '{held}'" in done.stderr


@pytest.mark.parametrize("command", [*sorted(command.name or "" for command in app.registered_commands), "report data"])
def test_every_command_helps_with_an_example(command: str, triptych: Triptych) -> None:
    answer = triptych(*command.split(), "--help")
    assert answer.status == 0
    assert f"Example: triptych {command}" in answer.out
    assert "--json" in answer.out


def test_doctor_finds_what_is_here(triptych: Triptych) -> None:
    findings = {row["part"]: row for row in triptych("doctor", "--json").json}
    assert findings["catalogue (LanceDB)"]["ok"] is True
    assert "h264" in findings["decoders"]["found"]
    assert findings["cores"]["found"] == str(len(os.sched_getaffinity(0)))
    assert triptych("doctor").status == 0


def test_version(triptych: Triptych) -> None:
    assert triptych("--version").out == f"triptych {library.__version__}\n"
