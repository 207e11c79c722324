"""Searches: which settings of a row were chosen, out of how many trials, by ratings that do not judge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from triptych.studies.report.learned.told import mapping, real
from triptych.studies.report.rated.told import mean_of, sequence
from triptych.studies.report.view import measured, number
from triptych.studies.results import Judgement, Line

HEADS = ("", "trials", "chosen, and in how many folds", "RMSE there")


def table(judgement: Judgement) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """A line for each row that was searched for; no head where none was. Of several fits the first."""
    rows: list[tuple[str, ...]] = []
    for line in measured(judgement):
        found = told(line)
        if not found:
            continue
        counts: dict[str, int] = {}
        for one in found:
            words = ", ".join(f"{name} {value}" for name, value in sorted(one["chosen"].items()))
            counts[words] = counts.get(words, 0) + 1
        chosen = "; ".join(words if len(found) == 1 else f"{words} ({n})" for words, n in counts.items())
        trials = sorted({one["trials"] for one in found})
        error = mean_of([one["rmse"] for one in found if one["rmse"] is not None])
        many = str(trials[0]) if len(trials) == 1 else f"{trials[0]} to {trials[-1]}"
        rows.append((line.name, many, chosen, number(error)))
    return (HEADS, rows) if rows else ((), [])


def told(line: Line) -> list[dict[str, Any]]:
    """Of each fold that tells: ``chosen`` settings, how many ``trials``, and ``rmse`` on what was chosen by."""
    found: list[dict[str, Any]] = []
    for facts in line.facts:
        own: Mapping[str, Any] = mapping(facts.get("searched"))
        chosen = mapping(own.get("chosen"))
        if chosen:
            score = real(own.get("score"))
            # Scores rise with how good a trial is: they are less than nothing.
            rmse = None if score is None else -score
            found.append({"chosen": dict(chosen), "trials": len(sequence(own.get("trials"))), "rmse": rmse})
    return found
