"""Study: what a study trains is counted before anything is run, and trained when it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Triptych
from tests.worlds.judged import judged

TAUGHT = """
name = "taught"
title = "Networks"
draws = 20
[tuning]
budget = 1
beyond = 0
[[protocol]]
name = "cold"
kind = "ranking"
split = "cold-both"
folds = 2
rows = ["cold"]
cutoffs = [5]
[[table]]
name = "networks"
title = "Two networks"
metrics = ["ndcg@5"]
[[table.row]]
name = "fixed"
"""
ROW = """
[[table.row]]
name = "{0}"
learn = {{ objective = "{0}", pairs = 400, strategy = "collaborative", shares = [0.5, 0.5], epochs = 2, threads = 1, \
width = 8 }}
"""


def test_what_is_trained_is_counted_line_by_line(triptych: Triptych) -> None:
    pytest.importorskip("torch")
    told = triptych("study", "describe", "seeing-hearing-reading", "--json").json["networks"]
    lines = {(one["module"], one["part"]): one["parameters"] for one in told["triplet-cosine"]["lines"]}
    assert told["triplet-cosine"]["total"] == 1_454_028
    assert [count for (_, part), count in lines.items() if not part] == [113_280, 110_304, 828_876, 401_568]
    assert set(told) == {"pair-cosine", "pair-euclidean", "triplet-cosine", "triplet-euclidean"}
    text = triptych("study", "describe", "seeing-hearing-reading-ml-100k").out
    assert "triplet-cosine\tvisual_module\t\t113,280" in text
    assert "triplet-cosine\t1,454,028" in text


def test_networks_are_rows_of_a_table(triptych: Triptych, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    judged(tmp_path / "films", items=60, users=120)
    study = tmp_path / "taught.toml"
    study.write_text(TAUGHT + ROW.format("pair-cosine") + ROW.format("triplet-euclidean"), encoding="utf-8")
    answer = triptych("study", "run", study, "--catalogue", tmp_path / "films", "--to", tmp_path / "run", "--json")
    assert answer.status == 0, answer.err
    lines = {one["name"]: one for one in answer.json["tables"][0]["judgements"][0]["lines"]}
    for name in ("pair-cosine", "triplet-euclidean"):
        assert not lines[name]["nothing"], lines[name]["nothing"]
        assert 0 <= lines[name]["figures"]["ndcg@5"]["value"] <= 1
    for cell in (tmp_path / "run" / "cells").glob("*.json"):
        facts = json.loads(cell.read_text(encoding="utf-8"))["facts"]
        if "epochs" in facts:
            assert [("auc" in one, "judged" in one) for one in facts["epochs"]] == [
                (False, True),
                (True, True),
                (True, True),
            ]
            assert {"parameters", "diagnosis", "pairs"} <= facts["learned"].keys()
    assert len(list((tmp_path / "run" / "learned").iterdir())) == 4
