"""Report of learned rows: what their cells tell is drawn, tabled and told, and what they do not tell is left out."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from tests.worlds.judged import judged
from triptych.studies.report import to_json
from triptych.studies.report.gap import APPEARS, TOGETHER
from triptych.studies.report.learned.pairs import confusion_of, parameters, rates
from triptych.studies.report.learned.section import counted, epochs_table, followed_by, training
from triptych.studies.report.learned.told import Path as Points
from triptych.studies.report.learned.told import fixed, folds_of, followed, path_of, taught
from triptych.studies.report.markdown import markdown
from triptych.studies.report.page import page
from triptych.studies.results import Judgement, Results
from triptych.studies.run import Done, run
from triptych.studies.study import Study

HOSTILE = "</title><script>alert(1)</script>|`x`"
STUDY = f"""
name = "learned"
title = "Does the gap appear?"
draws = 50
[tuning]
budget = 1
beyond = 0
[[protocol]]
name = "cold"
kind = "ranking"
split = "cold-items"
folds = 3
rows = ["cold", "overall"]
cutoffs = [1, 10]
neighbours = 10
[[table]]
name = "networks"
title = "Two networks"
against = "fixed"
metrics = ["hit-rate@10", "ndcg@10"]
[[table.row]]
name = "worse"
weights = {{ seeing = 2 }}
[[table.row]]
name = "fixed"
[[table.row]]
name = {json.dumps(HOSTILE)}
weights = {{ reading = 2 }}
"""
#: Epochs of which a snapshot was judged, in each of three folds.
JUDGED = ((0, 1, 5, 10), (0, 1, 5, 8), (0, 1, 5, 10, 12))
EDGES = [0.0, 0.5, 1.0, 1.5, 2.0]
PARAMETERS = [
    {"module": "seeing", "part": "", "shape": "[B, 192]", "parameters": 110_304},
    {"module": "total", "part": "", "shape": "(internal)", "parameters": 1_454_028},
]


def auc_of(epoch: int, fold: int) -> float:
    return 0.5 + 0.03 * epoch + 0.001 * fold


def facts(fold: int, slope: float) -> dict[str, Any]:
    """As a cell has them: AUC rises; ranking of cold items goes by ``slope``, that of all is as it is."""
    epochs: list[dict[str, Any]] = []
    diagnosis: dict[str, Any] = {}
    for epoch in range(JUDGED[fold][-1] + 1):
        told: dict[str, Any] = {"epoch": epoch}
        if epoch:
            told |= {"train_loss": 1 / epoch, "loss": 1.2 / epoch, "auc": auc_of(epoch, fold), "satisfaction": 0.5}
        if epoch in JUDGED[fold]:
            ranking = 0.3 + slope * epoch + 0.0005 * (-1) ** (fold + epoch)
            told["judged"] = {"cold": {"ndcg@10": ranking}, "overall": {"ndcg@10": 0.1}}
            diagnosis[str(epoch)] = {
                "auc": auc_of(epoch, fold),
                "confusion": {"true_positive": 8, "false_negative": 2, "false_positive": 4, "true_negative": 6},
                "histogram": {"edges": EDGES, "alike": [5, 3, 1, 1], "unlike": [1, 1, 3, 5]},
                "triplets": {"satisfied": 0.25},
                "spread": {"effective_rank": 9.5, "mean_cosine": 0.1},
            }
        epochs.append(told)
    return {
        "epochs": epochs,
        "best": 5,
        "learned": {"place": "0" * 16, "parameters": PARAMETERS, "diagnosis": diagnosis},
    }


def dressed(done: Done, told: Mapping[str, Sequence[Mapping[str, Any]]]) -> Results:
    """``told``: row → facts of its folds, as if it had been trained."""
    rows = {variant.digest: variant.name for variant in done.study.variants}
    cells = {
        key: [replace(cell, facts={**cell.facts, **more}) for cell, more in zip(ones, told[name], strict=True)]
        if (name := rows.get(key[2], "")) in told
        else ones
        for key, ones in done.cells.items()
    }
    return Results.of(replace(done, cells=cells))


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    world = judged(tmp_path_factory.mktemp("judged") / "films", items=24, users=24).folder
    folder = tmp_path_factory.mktemp("run") / "learned"
    return run(Study.of_toml(STUDY), folder, catalogue=world, report=lambda what, count, total: None)


@pytest.fixture(scope="module")
def results(done: Done) -> Results:
    return dressed(
        done,
        {
            "worse": [facts(fold, -0.01) for fold in range(3)],
            HOSTILE: [facts(fold, 0.01) for fold in range(3)],
        },
    )


@pytest.fixture(scope="module")
def cold(results: Results) -> Judgement:
    return results.judgements[0]


def test_learned_rows_are_known_by_their_epochs_and_the_fixed_one_by_having_none(cold: Judgement) -> None:
    assert [line.name for line in taught(cold)] == ["worse", HOSTILE]
    own = fixed(cold)
    assert own is not None
    assert own.name == "fixed"
    assert followed(cold) == "ndcg@10"


def test_the_gap_is_seen_where_it_was_put(results: Results) -> None:
    cold, overall = results.judgements
    found = followed_by(cold, "x")
    assert found is not None
    assert [(row, verdict) for row, verdict, _ in found.verdicts] == [("worse", APPEARS), (HOSTILE, TOGETHER)]
    assert found.headline.startswith("Where AUC rises, ranking falls, with “worse”: 1 of 2")
    assert "From epoch 0 to 8–12, AUC changes by +0.300" in found.verdicts[0][2]
    assert len(found.figures) == 2
    even = followed_by(overall, "x")
    assert even is not None
    assert even.headline.startswith("With none of 2")


def test_the_table_by_epoch_has_means_of_the_folds_that_were_judged_then(results: Results) -> None:
    heads, rows = epochs_table(results.judgements)
    assert heads[:5] == ["", "epoch", "folds", "AUC", "satisfied"]
    assert heads[-2:] == ["nDCG@10, cold, cold", "nDCG@10, cold, overall"]
    worse = [row for row in rows if row[0] == "worse"]
    assert [(row[1], row[2]) for row in worse] == [
        ("0", "3"), ("1", "3"), ("5", "3"), ("8", "1"), ("10", "2"), ("12", "1"),
    ]  # fmt: skip
    by = {row[1]: dict(zip(heads, row, strict=True)) for row in worse}
    assert by["5"]["AUC"] == f"{np.mean([auc_of(5, fold) for fold in range(3)]):.4f}"
    assert by["5"]["nDCG@10, cold, cold"] == f"{0.25 + np.mean([-0.0005, 0.0005, -0.0005]):.4f}"
    # Before the first epoch nothing was trained, and its diagnosis alone tells of it.
    assert by["0"]["satisfied"] == "0.2500"
    assert by["0"]["loss, training"] == "–"
    assert by["5"]["effective rank"] == "9.5000"


def test_a_mean_over_folds_ends_where_the_first_of_them_stops(cold: Judgement) -> None:
    path = path_of(taught(cold)[0], "auc")
    assert [epoch for epoch, _ in path.mean] == list(range(9))
    assert [points[-1][0] for points in path.folds] == [10, 8, 12]
    assert all(low < mean < high for (_, mean), (_, low, high) in zip(path.mean, path.band, strict=True))
    assert Points.of([[(1, 0.5)], [(2, 0.5)]]).mean == ()
    assert Points.of([]).folds == ()


def test_pairs_of_all_folds_are_added_up_and_parameters_told_line_by_line(cold: Judgement) -> None:
    line = taught(cold)[0]
    counts = confusion_of(line)
    assert counts == (24, 6, 12, 18)
    assert rates(counts) == pytest.approx({"accuracy": 0.7, "precision": 2 / 3, "recall": 0.8, "f1": 8 / 11})
    assert parameters(line)[-1] == ("total", "", "(internal)", "1,454,028")
    # Rows of the same lines are told once.
    assert [names for names, _ in counted(cold)] == [f"worse, {HOSTILE}"]
    wide, narrow = training(cold, "x")
    assert [one.title.partition(":")[0] for one in wide] == [
        "AUC by epoch", "Triplets satisfied by epoch", "Distances of pairs", "Distances of pairs",
    ]  # fmt: skip
    assert [len(row) for row in narrow] == [2, 2]
    told = wide[2].rows
    assert [row[0] for row in told] == ["epoch 0", "epoch 5, the best", "epoch 10"]
    assert all(row[-1] == "0.400" for row in told)


def test_all_three_forms_tell_the_same_and_what_others_wrote_is_only_words(results: Results) -> None:
    whole, text = page(results), markdown(results)
    assert "<script" not in whole
    assert "<script" not in text
    section = whole.split('<div class="judged" id="t1-learned">')[1].split("<section")[0]
    assert section.count("badge contradicts") == 1
    assert section.count("badge agrees") == 1
    ids = re.findall(r' id="([^"]+)"', whole)
    assert len(ids) == len(set(ids))
    for svg in re.findall(r"<svg.*?</svg>", section, re.DOTALL):
        ET.fromstring(svg)
    assert "### How the networks learned" in text
    assert "1,454,028" in text
    for part in (part for part in text.split("\n\n") if part.startswith("|")):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in part.splitlines()}) == 1
    body = json.loads(json.dumps(to_json(results), allow_nan=False))
    cold = body["tables"][0]["judgements"][0]
    assert cold["learning"]["metric"] == "ndcg@10"
    lines = {line["name"]: line for line in cold["lines"]}
    assert "learned" not in lines["fixed"]
    own = lines["worse"]["learned"]
    assert own["gap"]["verdict"] == APPEARS
    assert [row["epoch"] for row in own["by_epoch"]] == [0, 1, 5, 8, 10, 12]
    assert own["by_epoch"][2]["ndcg@10"] == pytest.approx(0.2498, abs=1e-4)
    assert own["confusion"]["recall"] == 0.8
    assert len(own["folds"][2]["epochs"]) == 13


ODD: dict[str, Any] = {
    "epochs of another kind": {"epochs": "many"},
    "epochs without numbers": {"epochs": [{"epoch": "1", "auc": 0.5}, 7, {}]},
    "only that they were": {"epochs": [{"epoch": 1}], "best": None},
    "figures that are none": {
        "epochs": [{"epoch": 1, "auc": "high", "judged": {"ndcg@10": None}}, {"epoch": 2, "auc": True, "judged": 3}],
        "learned": {
            "diagnosis": {"1": {"histogram": {"edges": [0, 1], "alike": ["x"], "unlike": []}}},
            "parameters": 3,
        },
    },
    "one epoch": {"epochs": [{"epoch": 1, "auc": 0.5, "loss": 0.1, "judged": {"ndcg@10": 0.2}}], "best": 1},
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_not_told_is_left_out(done: Done, name: str, tmp_path: Path) -> None:
    results = dressed(done, {"worse": [ODD[name]] * 3})
    for form in (page(results), markdown(results), json.dumps(to_json(results), allow_nan=False)):
        assert "nan" not in re.findall(r"\b[a-z]+\b", form)
    found = followed_by(results.judgements[0], "x")
    assert found is None or all("gap" not in one.name for one in found.figures)
    assert all(len(folds_of(line)) in (0, 3) for line in results.judgements[0].lines)
