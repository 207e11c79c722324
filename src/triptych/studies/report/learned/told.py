"""Told: what the cells of a learned row say of its training, fold by fold. What is not there is left out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from triptych.studies.report.gap import Gap, Step, gap_of
from triptych.studies.report.view import base_of, main, measured
from triptych.studies.results import Judgement, Line

#: A point: an epoch and what was found after it.
Point = tuple[int, float]
#: The metrics that are followed over epochs, the first that was judged; else the one that the judgement is told by.
#: Lists of items are judged by graded gains alone.
FOLLOWED = ("ndcg@10", "ndcg-graded@10")


@dataclass(frozen=True, kw_only=True)
class Fold:
    """``epochs``: a mapping for each, in order; ``best``: the number of the best, 0 where it is not said."""

    number: int
    epochs: tuple[Mapping[str, Any], ...]
    best: int

    def at(self, epoch: int) -> Mapping[str, Any]:
        return next((one for one in self.epochs if one["epoch"] == epoch), dict[str, Any]())

    def series(self, key: str) -> list[Point]:
        return [(one["epoch"], value) for one in self.epochs if (value := real(one.get(key))) is not None]

    def judged(self, metric: str, row: str) -> list[Point]:
        """What the snapshots came to, as the mean over those who judge."""
        found = ((one["epoch"], real(_judged(one, row).get(metric))) for one in self.epochs)
        return [(epoch, value) for epoch, value in found if value is not None]


@dataclass(frozen=True, kw_only=True)
class Path:
    """Points of all folds: ``mean``, and the least and greatest of them, at epochs that all reach; and ``folds``."""

    mean: tuple[Point, ...]
    band: tuple[tuple[int, float, float], ...]
    folds: tuple[tuple[Point, ...], ...]

    @classmethod
    def of(cls, folds: Sequence[Sequence[Point]]) -> Path:
        """Folds stop at epochs of their own. A mean over those that are left would jump where one stops."""
        own = [dict(points) for points in folds if points]
        shared = sorted(epoch for epoch in (own[0] if own else ()) if all(epoch in one for one in own))
        table = [(epoch, [one[epoch] for one in own]) for epoch in shared]
        return cls(
            mean=tuple((epoch, float(np.mean(values))) for epoch, values in table),
            band=tuple((epoch, min(values), max(values)) for epoch, values in table) if len(own) > 1 else (),
            folds=tuple(tuple(points) for points in folds if points),
        )


def real(value: Any) -> float | None:
    """A finite number, or None for whatever else stands there."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)


def folds_of(line: Line) -> list[Fold]:
    """Those that were trained; none of a row that did not learn."""
    found: list[Fold] = []
    for number, facts in enumerate(line.facts, start=1):
        epochs = _epochs(facts)
        if epochs:
            best = facts.get("best")
            found.append(Fold(number=number, epochs=epochs, best=best if isinstance(best, int) else 0))
    return found


def taught(judgement: Judgement) -> list[Line]:
    """The variants that were trained, in order."""
    return [one for one in judgement.lines if one.kind == "variant" and folds_of(one)]


def fixed(judgement: Judgement) -> Line | None:
    """What learned rows are to be beaten by: the row that all are tested against if it did not learn, else the first
    variant that did not."""
    base = base_of(judgement)
    lines = [one for one in ([base] if base is not None else []) + measured(judgement, "variant") if not folds_of(one)]
    return lines[0] if lines else None


def followed(judgement: Judgement) -> str:
    """The metric that is drawn by epoch; "" where no snapshot was judged."""
    lines = taught(judgement)
    for name in (*FOLLOWED, main(judgement)):
        if name and any(fold.judged(name, judgement.row) for one in lines for fold in folds_of(one)):
            return name
    return ""


def path_of(line: Line, key: str) -> Path:
    return Path.of([fold.series(key) for fold in folds_of(line)])


def judged_path(line: Line, judgement: Judgement, metric: str) -> Path:
    return Path.of([fold.judged(metric, judgement.row) for fold in folds_of(line)])


def gap(line: Line, judgement: Judgement) -> Gap | None:
    """None where fewer than two snapshots were judged."""
    metric = followed(judgement)
    if not metric:
        return None
    return gap_of([_steps(fold, metric, judgement.row) for fold in folds_of(line)])


def by_epoch(line: Line, judgement: Judgement, keys: Sequence[str], metrics: Sequence[str]) -> list[dict[str, Any]]:
    """A mapping for each epoch that a snapshot was judged at in any fold: means over the folds that have it.

    ``keys``: of the training; ``metrics``: of what judges; None where no fold has it.
    """
    folds = folds_of(line)
    asked = [fold.judged(metric, judgement.row) for fold in folds for metric in metrics]
    epochs = sorted({epoch for points in asked for epoch, _ in points})
    found: list[dict[str, Any]] = []
    for epoch in epochs:
        ones = [fold.at(epoch) for fold in folds]
        judged = [_judged(one, judgement.row) for one in ones]
        having = [k for k, own in enumerate(judged) if any(real(own.get(metric)) is not None for metric in metrics)]
        own: dict[str, Any] = {"epoch": epoch, "folds": len(having)}
        own |= {key: _mean([ones[k].get(key) for k in having]) for key in keys}
        own |= {metric: _mean([judged[k].get(metric) for k in having]) for metric in metrics}
        found.append(own)
    return found


def _steps(fold: Fold, metric: str, row: str) -> list[Step]:
    auc = dict(fold.series("auc"))
    return [Step(epoch=epoch, ranking=value, auc=auc.get(epoch)) for epoch, value in fold.judged(metric, row)]


def _mean(told: Sequence[Any]) -> float | None:
    values = [value for one in told if (value := real(one)) is not None]
    return float(np.mean(values)) if values else None


def told_of(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a row says of what it learned, beside its epochs: settings, parameters, the folder that it stands in."""
    return mapping(facts.get("learned"))


def mapping(told: Any) -> Mapping[str, Any]:
    """The same, or an empty one for whatever else stands there."""
    return cast("Mapping[str, Any]", told) if isinstance(told, Mapping) else {}


def _epochs(facts: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """Those that say which they are, each with the diagnosis of its snapshot. A cell may come from anyone."""
    told = facts.get("epochs")
    if not isinstance(told, Sequence) or isinstance(told, str):
        return ()
    ones = [mapping(one) for one in cast("Sequence[Any]", told)]
    diagnosed = mapping(told_of(facts).get("diagnosis"))
    found: dict[int, Mapping[str, Any]] = {}
    for one in ones:
        epoch = one.get("epoch")
        if type(epoch) is int:
            own = mapping(diagnosed.get(str(epoch)))
            # Before the first epoch nothing was validated, and its diagnosis alone tells of it.
            triplets, spread = mapping(own.get("triplets")), mapping(own.get("spread"))
            found[epoch] = {"satisfaction": triplets.get("satisfied"), **spread, **own, **one}
    return tuple(found[epoch] for epoch in sorted(found))


def _judged(epoch: Mapping[str, Any], row: str) -> Mapping[str, Any]:
    """The figures of one row of the protocol; a protocol that has one alone may leave its name out."""
    found = mapping(epoch.get("judged"))
    return mapping(found[row]) if isinstance(found.get(row), Mapping) else found
