"""Body: all that a report tells, as plain data for machines. There is no NaN in it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, cast

import numpy as np

from triptych.studies.report.findings import findings, how
from triptych.studies.report.learned.curves import headline
from triptych.studies.report.learned.pairs import COUNTS, confusion_of, parameters, rates
from triptych.studies.report.learned.placing import Placing, placings
from triptych.studies.report.learned.section import rows_of
from triptych.studies.report.learned.told import folds_of, followed, gap, taught
from triptych.studies.report.rated import beside
from triptych.studies.report.rated.section import of_line
from triptych.studies.report.view import base_of, best, family, main, measure, shown
from triptych.studies.results import Check, Judgement, Line, Results, Verdict

FORMAT = "triptych-study-report/1"
#: Of each line of parameters.
PARAMETERS = ("module", "part", "shape", "count")
#: What is told of a control that was tuned; each trial stands in the cell.
_TUNED = ("model", "chosen", "chosen_on", "score", "grid", "budget", "extend", "edges", "seconds")


def to_json(results: Results, placed: Mapping[str, Placing] | None = None) -> dict[str, Any]:
    """The study, its manifest, every table under every protocol, claims with verdicts, and brackets.

    ``placed``: where learned rows place items, by table, if it is known already."""
    placing = placings(results) if placed is None else placed
    study, manifest = results.done.study, results.done.manifest
    body = {
        "format": FORMAT,
        "study": {"name": study.name, "title": study.title, "paper": study.paper, "notes": study.notes},
        "manifest": asdict(manifest),
        "tables": [
            {
                "name": table.name,
                "title": table.title,
                "notes": table.notes,
                "against": table.against,
                "metrics": list(table.metrics),
                "placing": placing[table.name].told if table.name in placing else None,
                "judgements": [_judgement(one) for one in results.judgements if one.table.name == table.name],
                "beside": _beside(results, table.name),
            }
            for table in study.tables
        ],
        "claims": [_verdict(one) for one in results.verdicts],
        "brackets": [_check(one) for one in results.checks],
    }
    return cast("dict[str, Any]", finite(body))


def finite(value: Any) -> Any:
    """The same with None for what is no number, and numbers and lists as JSON has them."""
    if isinstance(value, Mapping):
        return {str(key): finite(one) for key, one in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return [finite(one) for one in cast("Sequence[Any]", value)]
    if isinstance(value, np.generic):
        value = cast("Any", value.item())
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _beside(results: Results, table: str) -> list[dict[str, Any]]:
    """Series of protocols that differ in one setting alone; [] of what is not of ratings."""
    return beside.told([one for one in results.judgements if one.table.name == table and one.protocol.rated])


def _judgement(one: Judgement) -> dict[str, Any]:
    base = base_of(one)
    name = main(one)
    return {
        "protocol": asdict(one.protocol),
        "how": how(one.protocol, one.row),
        "row": one.row,
        "unit": one.unit,
        "base": base.name if base else None,
        "main_metric": name or None,
        "shown": shown(one),
        "better": {metric: measure(metric).better for metric in shown(one)},
        "best": {metric: best(one, metric) or None for metric in shown(one)},
        "corrected_together": {"variants": family(one), "controls": family(one, "control")},
        "says": findings(one),
        "learning": {"metric": followed(one) or None, "says": headline(one) or None} if taught(one) else None,
        "lines": [{**_line(line, base), **of_line(one, line), **_learned(one, line)} for line in one.lines],
    }


def _line(line: Line, base: Line | None) -> dict[str, Any]:
    return {
        "name": line.name,
        "kind": line.kind,
        "control": line.kind == "control",
        "oracle": line.kind == "oracle",
        "base": line is base,
        "scope": line.scope,
        "nothing": line.nothing or None,
        "n": len(line.measured.ids) if line.measured is not None else 0,
        "folds": len(line.facts),
        "seconds": line.seconds,
        "figures": {name: asdict(one) for name, one in line.figures.items()},
        "whole": dict(line.whole),
        "against": {name: asdict(one) for name, one in line.against.items()},
        "widths": [facts["widths"] for facts in line.facts if "widths" in facts],
        "selection": [_selection(facts["selected"]) for facts in line.facts if "selected" in facts],
        "tuned": [{key: facts["tuned"].get(key) for key in _TUNED} for facts in line.facts if "tuned" in facts],
    }


def _learned(one: Judgement, line: Line) -> dict[str, Any]:
    """Of a row that was trained: each fold's epochs, means where snapshots were judged, and what became of them."""
    folds = folds_of(line)
    if not folds:
        return {}
    found = gap(line, one)
    counts = confusion_of(line)
    return {
        "learned": {
            "folds": [
                {
                    "fold": fold.number,
                    "best": fold.best or None,
                    "epochs": [_epoch(epoch) for epoch in fold.epochs],
                }
                for fold in folds
            ],
            "by_epoch": rows_of(one, line.name),
            "gap": asdict(found) if found is not None else None,
            "confusion": dict(zip(COUNTS, counts, strict=True)) | rates(counts) if counts is not None else None,
            "parameters": [dict(zip(PARAMETERS, row, strict=True)) for row in parameters(line)],
        }
    }


def _epoch(epoch: Mapping[str, Any]) -> dict[str, Any]:
    """All that was told of it but for distributions, which stand in the cell."""
    return {key: value for key, value in epoch.items() if key not in ("histogram", "triplets", "spread", "confusion")}


def _selection(told: Mapping[str, Any]) -> dict[str, Any]:
    """Counts; which column was kept is in the cell itself."""
    kept = [column[3] for column in told["columns"]]
    return {
        "counts": told["counts"],
        "kept_by": {name: kept.count(name) for name in ("mi", "forest", "both")},
        "chance": {
            panel: {name: {"kept": curve["kept"], "chance": curve["chance"]} for name, curve in own.items()}
            for panel, own in told["curves"].items()
        },
        "refused": told["refused"],
        "scored_on": told["scored_on"],
    }


def _verdict(one: Verdict) -> dict[str, Any]:
    told = asdict(one)
    claim = told.pop("claim")
    return {**claim, **told}


def _check(one: Check) -> dict[str, Any]:
    return {**asdict(one.bracket), "value": one.value, "held": one.held}
