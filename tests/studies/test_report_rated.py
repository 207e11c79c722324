"""Report of predicted ratings: less is better, figures are of all ratings at once, and what cells tell is drawn."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from triptych.catalogue.history import History
from triptych.evaluate.measured import Measured
from triptych.evaluate.protocols.choosing import Choosing
from triptych.evaluate.protocols.rating_prediction import rating_prediction
from triptych.evaluate.split import TEST, TRAIN, Split
from triptych.models.predictor import Asked, Prediction
from triptych.studies import pooled, rated
from triptych.studies.cell import Cell
from triptych.studies.manifest import Manifest
from triptych.studies.protocol import Protocol
from triptych.studies.report import to_json, write
from triptych.studies.report.findings import findings
from triptych.studies.report.markdown import markdown
from triptych.studies.report.page import page
from triptych.studies.report.rated import beside, folds, searches
from triptych.studies.report.rated.panels import by_panel
from triptych.studies.report.rated.section import of_judgement
from triptych.studies.report.rated.told import spent_of
from triptych.studies.report.view import best, main
from triptych.studies.results import Judgement, Line, Results
from triptych.studies.run import Done
from triptych.studies.study import RATED_CONTROLS, Study

HOSTILE = "</title><script>alert(1)</script>|`x`\u202e"
STUDY = f"""
name = "rated"
title = "Predicted ratings"
draws = 200
[[protocol]]
name = "non-cold"
kind = "ratings"
split = "non-cold"
folds = 2
[[protocol]]
name = "hard-cold"
kind = "ratings"
split = "hard-cold"
folds = 2
[[protocol]]
name = "five"
kind = "ratings"
split = "rows"
folds = 5
seeds = 2
[[protocol]]
name = "half"
kind = "ratings"
split = "rows"
folds = 5
seeds = 2
mask = 0.5
[[table]]
name = "models"
title = "Every model"
against = "neighbours"
metrics = ["mae", "rmse", "pooled-precision", "threshold-ndcg@4"]
[[table.row]]
name = "neighbours"
predict = {{ model = "user-knn-z" }}
[[table.row]]
name = "good"
predict = {{ model = "libfm" }}
[[table.row]]
name = {json.dumps(HOSTILE)}
predict = {{ model = "item-knn" }}
[[claim]]
says = "Good is better than neighbours"
table = "models"
row = "good"
against = "neighbours"
metric = "rmse"
sign = "lower"
[[bracket]]
table = "models"
row = "good"
protocol = "five"
metric = "rmse"
low = 0.3
high = 0.6
"""
USERS, ITEMS = 24, 20
#: By how much each row is off, as a standard deviation, and how much more of it where items are cold or half is masked.
OFF = {"neighbours": 0.9, "good": 0.45, HOSTILE: 0.92, "random": 3.0, "bias": 1.0}


@dataclass(frozen=True, kw_only=True)
class Off:
    """Says what is true, and something more by lot for each pair."""

    truth: Any
    sd: float
    seed: int
    sure: bool
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def predict(self, asked: Asked) -> Prediction:
        noise = np.random.default_rng(self.seed).normal(size=self.truth.shape)
        mean = self.truth[asked.users, asked.items] + self.sd * noise[asked.users, asked.items]
        return Prediction(mean=mean, sd=np.full(len(asked), self.sd) if self.sure else None)


@cache
def world() -> tuple[Any, History]:
    rng = np.random.default_rng(7)
    truth = rng.integers(1, 6, (USERS, ITEMS)).astype(np.float64)
    # Users rate from 4 to all of the items, so that the mean over users is not that of ratings.
    pairs = [(u, i) for u in range(USERS) for i in rng.choice(ITEMS, 4 + u % 17, replace=False).tolist()]
    users, items = np.array(pairs, np.int32).T
    history = History(
        user_ids=tuple(f"u{k}" for k in range(USERS)),
        item_ids=tuple(f"i{k}" for k in range(ITEMS)),
        users=users,
        items=items,
        values=truth[users, items].astype(np.float32),
        times=np.full(len(users), -1, np.int64),
    )
    return truth, history


def cell_of(row: str, protocol: Protocol, fold: int, seed: int) -> Cell:
    truth, history = world()
    side = np.where(np.arange(len(history)) % protocol.folds == fold, TEST, TRAIN).astype(np.int8)
    split = Split(history=history, side=side, name="x")
    off = OFF[row] + (0.2 if protocol.split == "hard-cold" or protocol.mask else 0.0)
    predictor = Off(truth=truth, sd=off, seed=seed + 10 * fold, sure=row == "good")
    found = rating_prediction(predictor, split, rows=protocol.rows, scale=(1, 5), choosing=Choosing(cutoffs=(4,)))
    ks = [k / 10 for k in range(11)]
    one = found["overall"]
    more: dict[str, Any] = {}
    if row == "good":
        more["weighing"] = {
            "validation": [[k, 0.5 + (k - 0.6) ** 2] for k in ks],
            "test": [[k, 0.55 + (k - 0.8) ** 2] for k in ks],
            "chosen": 0.6,
            "best_on_test": 0.8,
            "rmse_chosen": 0.59,
            "rmse_best": 0.55,
            "leak": 0.04,
        }
    if row == HOSTILE:
        trials = [{"params": {"k": k}, "score": -k / 10} for k in (9, 8, 10)]
        more["searched"] = {"chosen": {"k": 8 + fold // 4}, "score": -0.8, "trials": trials, "budget": 3}
    if row == "neighbours":
        asked = np.stack([one.judged.values + (abs(k - 0.4) + 0.5) * (one.predicted - one.judged.values) for k in ks])
        more["sweep"] = rated.sweep("k", [100 * k for k in ks], asked, one.judged, chosen=20)
    facts = {
        "kind": "ratings",
        "seed": seed,
        "scale": [1.0, 5.0],
        "cost": {
            "fit_s": 2.0 + seed,
            "predict_s": 0.5,
            "fit_cpu_s": 2,
            "predict_cpu_s": 0.5,
            "peak_bytes": 10**6 * (1 + fold),
        },
        "model": {"name": row, "key": {}, "facts": {}},
        **rated.facts(found, split, relevant=3.5),
        **more,
    }
    return Cell(measured=rated.measured(found), seconds=3.0, facts=facts)


@cache
def done() -> Done:
    study = Study.of_toml(STUDY)
    cells: dict[tuple[str, str, str], Sequence[Cell]] = {}
    for protocol in study.protocols:
        named = {row.digest: row.name for row in study.tables[0].rows} | {name: name for name in RATED_CONTROLS}
        for key, name in named.items():
            runs = protocol.seeds if name in ("good", "random") else 1
            cells["", protocol.name, key] = [
                rated.joined([cell_of(name, protocol, fold, seed) for seed in range(runs)])
                for fold in range(protocol.folds)
            ]
    data = {"items": ITEMS, "users": USERS, "interactions": len(world()[1]), "features": {}, "digest": "d"}
    manifest = Manifest(
        study="rated", settings={}, data=data, versions={}, machine={}, seeds={"study": 0}, began="", source=STUDY
    )
    return Done(study=study, manifest=manifest, cells=cells, folder=Path("nowhere"))


@cache
def results() -> Results:
    return Results.of(done())


def judgement(name: str) -> Judgement:
    return next(one for one in results().judgements if one.protocol.name == name)


def line(name: str, protocol: str = "five") -> Line:
    found = judgement(protocol).line(name)
    assert found is not None
    return found


def figure(name: str) -> str:
    return page(results()).split(f'<figure id="{name}"')[1].split("</figure>")[0]


def test_figures_are_of_all_ratings_at_once_and_not_means_over_users() -> None:
    one = line("neighbours", "non-cold")
    assert one.measured is not None
    cells = done().cells["", "non-cold", done().study.tables[0].rows[0].digest]
    parts = [cell.measured["overall"] for cell in cells]
    squared = sum(float((part.values["mse"] * part.values["ratings"]).sum()) for part in parts)
    count = sum(float(part.values["ratings"].sum()) for part in parts)
    assert count == len(world()[1])
    figure = one.figures["rmse"]
    assert figure.value == pytest.approx((squared / count) ** 0.5, rel=1e-12)
    assert abs(one.measured.values["rmse"].mean() - figure.value) > 1e-3
    assert figure.low < figure.value < (figure.high or 0)
    # One more interval: RMSE's is the root of MSE's, and NRMSE's a quarter of it, as the scale is from 1 to 5.
    assert one.figures["mse"].low == pytest.approx(figure.low**2)
    assert one.figures["nrmse"].low == pytest.approx(figure.low / 4)
    assert "ratings" not in one.figures
    assert one.by_fold[0]["rmse"] == pytest.approx(parts[0].whole["rmse"])


def test_of_errors_less_is_better_in_words_marks_and_order() -> None:
    one = judgement("non-cold")
    assert main(one) == "rmse"
    assert best(one, "rmse") == best(one, "mae") == best(one, "pooled-precision") == "good"
    said = " ".join(findings(one))
    assert "Better than “neighbours” in RMSE: “good” (−" in said
    assert f"Worse than “neighbours” in RMSE: “{HOSTILE}” (+" in said
    assert "“good” (0.4" in said
    assert "is ahead of the best control, “bias” (1.0" in said
    assert {verdict.verdict for verdict in results().verdicts} == {"agrees"}
    assert [check.held for check in results().checks] == [True]
    drawn = figure("t1-1-differences")
    assert "← better" in drawn
    assert "worse →" in drawn
    names = re.findall(r'text-anchor="end">([a-z]+)</text>', figure("t1-1-standing").split("</svg>")[0])
    assert names == ["good", "neighbours", "bias", "random"]
    rows = re.findall(r"<tr[^>]*><td>(good|bias).*?</tr>", page(results()), re.DOTALL)
    assert rows.count("good") >= 4
    assert re.search(r"<td>good</td><td><b>0\.\d{4} ±0\.\d{4} ▼</b></td>", page(results()))
    body = next(one for one in to_json(results())["tables"][0]["judgements"] if one["protocol"]["name"] == "five")
    assert body["better"] == {
        "mae": "lower",
        "rmse": "lower",
        "pooled-precision": "higher",
        "threshold-ndcg@4": "higher",
    }
    assert body["main_metric"] == "rmse"


def test_folds_and_fits_are_told_apart() -> None:
    five = judgement("five")
    heads, rows = folds.over_folds(five)
    assert heads[5:] == ["RMSE, min", "RMSE, max", "RMSE, mean", "RMSE, median"]
    own = [cell["rmse"] for cell in line("neighbours").by_fold]
    assert rows[0][5:] == tuple(f"{value:.4f}" for value in (min(own), max(own), np.mean(own), np.median(own)))
    assert folds.over_folds(judgement("non-cold")) == ([], [])
    heads, rows = folds.over_runs(five)
    assert [row[:2] for row in rows] == [("good", "2"), ("random", "2")]
    told = folds.told(five, line("good"))
    assert len(told["folds"]["rmse"]["values"]) == 5
    runs = told["runs"]["rmse"]
    assert runs["best"] == min(runs["values"]) < runs["mean"]
    assert told["runs"]["pooled-precision"]["best"] == max(told["runs"]["pooled-precision"]["values"])
    assert folds.told(five, line("neighbours"))["runs"] == {}
    assert searches.table(five)[1] == [(HOSTILE, "3", "k 8 (4); k 9 (1)", "0.8000")]
    spent = spent_of(line("good"))
    assert spent is not None
    # Five folds by two fits, of 2 and 3 s; each predicts every rating twice over all folds.
    assert (spent.fits, spent.fit_s, spent.predict_s, spent.peak_bytes) == (10, 25.0, 5.0, 5_000_000)
    assert spent.rate == pytest.approx(2 * len(world()[1]) / 5)
    # A row of one fit and one of two are of the same ratings, so that they are paired.
    assert line("good").against["rmse"].n == USERS


def test_protocols_that_differ_in_one_setting_stand_side_by_side() -> None:
    found = beside.series(results().judgements)
    assert [(one.setting, [words for _, words in one.places]) for one in found] == [
        ("split", ["non-cold", "hard-cold"]),
        ("mask", ["0 %", "50 %"]),
    ]
    (said,) = beside.says(found[0])
    assert said.startswith("From non-cold to hard-cold items, RMSE of “good” goes from 0.4")
    drawn = beside.picture(found[1], "x")
    assert drawn is not None
    assert drawn.heads == ("", "0 %", "50 %")
    tree = ET.fromstring(f"<svg>{drawn.draw(560).body}</svg>")
    # By lot is too far off: its line would press all others together, and the words say so.
    names = [title for node in tree.iter("text") if (title := node.text) in OFF]
    assert sorted(names) == ["bias", "good", "neighbours"]
    assert "Too far off to be drawn: “random”" in drawn.says
    assert [row[0] for row in drawn.rows] == [*OFF]
    told = to_json(results())["tables"][0]["beside"]
    assert told[1]["rows"]["good"]["rmse"] == [line("good", name).figures["rmse"].value for name in ("five", "half")]
    heads, rows = beside.table(results().judgements)
    assert heads[1:3] == ["MAE, non-cold", "MAE, hard-cold"]
    assert [row[0][0] for row in rows if row[1][1]] == ["good"]


def test_series_of_one_setting_say_what_else_they_are_of() -> None:
    ones = [
        replace(one, protocol=replace(one.protocol, name=f"{one.protocol.name}-{cap}", cap=cap))
        for cap in (0, 20, 1000)
        for one in (judgement("non-cold"), judgement("hard-cold"))
    ]
    found = beside.series(ones)
    assert [(one.setting, one.of) for one in found] == [
        ("split", "all ratings of each user"),
        ("split", "20 ratings of each user"),
        ("split", "1,000 ratings of each user"),
        ("cap", "non-cold"),
        ("cap", "hard-cold"),
    ]
    # To take all is more than any number.
    assert [words for _, words in found[3].places] == ["20", "1,000", "all"]
    assert beside.says(found[4])[0].startswith("From 20 ratings of each user to all (hard-cold), RMSE of “")
    assert beside.costs(found[3])[0] == [
        "",
        *(f"{kind}, {at}" for kind in ("fit", "predict") for at in ("20", "1,000", "all")),
    ]


def test_rows_by_panel_are_those_whose_settings_name_one() -> None:
    keys = {
        "neighbours": {"seeing": ["a"], "meta": ["b"]},
        "good": {"meta": ["b"], "seeing": []},
        HOSTILE: {"hearing": ["c"]},
    }
    one = judgement("non-cold")
    told = replace(
        one, lines=tuple(replace(own, facts=[{"model": {"key": keys.get(own.name, {})}}]) for own in one.lines)
    )
    found = by_panel(told, "x")
    assert found is not None
    # One panel alone first, the best of them first.
    assert [row[:2] for row in found.rows] == [
        ("good", "reading"),
        (HOSTILE, "hearing"),
        ("neighbours", "seeing and reading"),
    ]
    dots = [node.attrib["class"] for node in ET.fromstring(f"<svg>{found.draw(560).body}</svg>").iter("circle")]
    assert dots == ["fill-reading", "fill-hearing", "fill-ink"]
    assert by_panel(one, "x") is None


def test_what_cells_tell_is_drawn_where_it_lies() -> None:
    known = {one.name.removeprefix("x-"): one for one in of_judgement(judgement("non-cold"), "x").figures}
    assert list(known) == ["weight-1", "sweep-1", "roc", "sure", "cost", "ratings"]
    weight = ET.fromstring(f"<svg>{known['weight-1'].draw(560).body}</svg>")
    rings = [node for node in weight.iter("circle") if "hollow" in node.attrib["class"]]
    assert {node[0].text for node in rings} >= {
        "chosen on validation: 0.6, 0.5900",
        "best on the test, which nobody may look at: 0.8, 0.5500",
    }
    rules = {node.attrib["x1"] for node in weight.iter("line") if node.attrib["class"] == "mark"}
    assert rules == {node.attrib["cx"] for node in rings}
    assert "looking there would have been worth −0.0400 RMSE" in known["weight-1"].says
    # Users' errors are least at 40 neighbours, by how the world was made.
    assert re.search(r"Rings: the least mean, 0\.\d+ at 40, and the row itself, at 20\.", known["sweep-1"].says)
    sweep = known["sweep-1"]
    assert sweep.rows[4][0] == "40"
    assert min(float(row[1]) for row in sweep.rows) == float(sweep.rows[4][1])
    assert known["roc"].rows[0][0] == "good"
    assert [float(row[1]) for row in known["roc"].rows] == sorted(
        (float(r[1]) for r in known["roc"].rows), reverse=True
    )
    # What is off by a normal of the deviation that it tells covers what it promises.
    (row,) = known["sure"].rows
    covered = dict(zip(known["sure"].heads[1:], row[1:], strict=True))
    assert abs(float(covered["nominal 80 %"].removesuffix(" %")) - 80) < 8
    given = [row for row in known["ratings"].rows if row[0] == "good" and row[2] != "0"]
    assert len(given) == 5
    assert sum(int(row[2]) for row in given) == len(world()[1])
    text = page(results())
    assert "nan" not in re.sub(r"[a-z]*nan[a-z]+|[a-z]+nan", "", text.lower())
    ids = re.findall(r' id="([^"]*)"', text)
    assert len(ids) == len(set(ids))


def test_what_others_wrote_is_words_and_what_is_broken_is_left_out(tmp_path: Path) -> None:
    text = page(results())
    assert "<script>" not in text
    assert "\u202e" not in text
    assert "<script" not in markdown(results())
    json.dumps(to_json(results()), allow_nan=False)
    junk: list[Any] = [None, "x", 1, [1, "a"], {"overall": "x"}, {"overall": {"points": [[0, None]], "histogram": 3}}]
    for value in junk:
        facts = dict.fromkeys(("cost", "ratings", "roc", "coverage", "sweep", "weighing", "runs", "searched"), value)
        broken = replace(
            results().judgements[0],
            lines=tuple(replace(one, facts=[facts] * 2) for one in results().judgements[0].lines),
        )
        assert of_judgement(broken, "x").figures == []
        assert spent_of(broken.lines[0]) is None
    nothing = Results.of(
        replace(
            done(),
            cells={key: [replace(c, measured={}, nothing="no") for c in own] for key, own in done().cells.items()},
        )
    )
    assert all(one.measured is None for judgement in nothing.judgements for one in judgement.lines)
    assert [path.name for path in write(nothing, tmp_path)] == ["report.html", "report.md", "report.json"]


def test_a_row_that_nobody_is_in_is_told_as_such() -> None:
    nobody = Measured(name="x", unit="user", ids=(), values={}, whole={})
    cells = {
        key: [replace(cell, measured={**cell.measured, "overall": nobody}) for cell in own]
        for key, own in done().cells.items()
    }
    found = Results.of(replace(done(), cells=cells))
    assert {one.nothing for one in found.judgements[0].lines} == {"hardly anybody judges it"}
    # A fold alone without anybody takes nothing from the others.
    one, two = (done().cells["", "non-cold", "bias"][k].measured["overall"] for k in (0, 1))
    assert set(pooled.merged([one]).ids) == set(one.ids)
    assert math.isclose(pooled.merged([one, two]).values["ratings"].sum(), len(world()[1]))
