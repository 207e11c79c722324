"""Folds: how figures of rating prediction differ from fold to fold, and from run to run of other seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from triptych.studies.pooled import OF
from triptych.studies.report.rated.told import runs_of
from triptych.studies.report.view import label, measure, measured, number, shown
from triptych.studies.results import Judgement, Line

#: From so many folds on their spread is shown.
FEWEST = 5
HEADS = ("min", "max", "mean", "median")


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Of one figure over folds, or over runs. ``sd``: sample standard deviation, None of a single one."""

    values: tuple[float, ...]
    low: float
    high: float
    mean: float
    median: float
    sd: float | None
    best: float

    @classmethod
    def of(cls, values: Sequence[float], metric: str) -> Spread | None:
        """
        >>> Spread.of([0.9, 1.0, 1.4], "rmse").best, Spread.of([0.9, 1.0, 1.4], "pooled-recall").best
        (0.9, 1.4)
        """
        if not values:
            return None
        own = np.array(values, np.float64)
        return cls(
            values=tuple(own.tolist()),
            low=float(own.min()),
            high=float(own.max()),
            mean=float(own.mean()),
            median=float(np.median(own)),
            sd=float(own.std(ddof=1)) if len(own) > 1 else None,
            best=float(own.min() if measure(metric).better == "lower" else own.max()),
        )


def spread(line: Line, metric: str) -> Spread | None:
    """Over the folds of a line that have the metric."""
    return Spread.of([own[metric] for own in line.by_fold if metric in own], metric)


def over_folds(judgement: Judgement) -> tuple[list[str], list[tuple[str, ...]]]:
    """Each row's least and greatest error, mean and median over folds; no head where there are too few."""
    names = [
        name
        for name in shown(judgement)
        if name in OF and any(name in own for one in measured(judgement) for own in one.by_fold)
    ]
    if judgement.protocol.folds < FEWEST or not names:
        return [], []
    rows: list[tuple[str, ...]] = []
    for line in measured(judgement):
        cells: list[str] = []
        for name in names:
            own = spread(line, name)
            cells += [number(own and getattr(own, key)) for key in ("low", "high", "mean", "median")]
        rows.append((line.name, *cells))
    return ["", *(f"{label(name)}, {head}" for name in names for head in HEADS)], rows


def over_runs(judgement: Judgement) -> tuple[list[str], list[tuple[str, ...]]]:
    """Of rows that are fitted by several seeds, each fit by itself, the mean of its folds: mean ± deviation, and the
    best; no head where no row is."""
    told = [(line, runs_of(judgement, line)) for line in measured(judgement)]
    told = [(line, own) for line, own in told if own]
    names = [name for name in shown(judgement) if any(name in fit for _, own in told for fit in own)]
    if not told or not names:
        return [], []
    rows: list[tuple[str, ...]] = []
    for line, own in told:
        cells = [line.name, str(len(own))]
        for name in names:
            one = run_spread(own, name)
            cells += (
                [f"{number(one.mean)} ±{number(one.sd or 0.0)}", number(one.best)] if one is not None else ["–", "–"]
            )
        rows.append(tuple(cells))
    return ["", "fits", *(head for name in names for head in (f"{label(name)}, mean", "best"))], rows


def run_spread(runs: Sequence[Mapping[str, Sequence[float]]], metric: str) -> Spread | None:
    """Over fits, of each the mean of its folds."""
    return Spread.of([float(np.mean(fit[metric])) for fit in runs if metric in fit], metric)


def told(judgement: Judgement, line: Line) -> dict[str, Any]:
    """For machines: metric → its spread over ``folds``, and over ``runs``, which are fits of several seeds."""
    runs = runs_of(judgement, line)
    found: dict[str, Any] = {"folds": {}, "runs": {}}
    for name in shown(judgement):
        for kind, own in (("folds", spread(line, name)), ("runs", run_spread(runs, name))):
            if own is not None:
                found[kind][name] = asdict(own)
    return found
