"""Told: what the cells of a rating study say of a row besides its figures, folds and fits together.

A cell may come from anyone, so that nothing of this is taken for granted: what is not there, or is no number, is not
told. See :mod:`triptych.studies.rated` for what is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

import numpy as np

from triptych.studies.pooled import COUNT
from triptych.studies.report.learned.told import mapping, real
from triptych.studies.results import Judgement, Line

#: Of a sweep, from the highest to the lowest.
LEVELS = (95, 75, 50, 25, 5)
#: Shares of false positives at which curves of several folds are averaged.
_GRID = np.linspace(0, 1, 101)

Point = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Spent:
    """Of all fits together: seconds; bytes of the one that took most, None where that is not known. ``ratings``: how
    many were predicted."""

    fit_s: float
    predict_s: float
    peak_bytes: int | None
    ratings: int
    fits: int

    @property
    def rate(self) -> float | None:
        """Ratings predicted in a second."""
        return self.ratings / self.predict_s if self.predict_s > 0 else None


@dataclass(frozen=True, kw_only=True)
class Histogram:
    """Counts between ``edges``, one more than there are counts."""

    edges: tuple[float, ...]
    given: tuple[float, ...]
    predicted: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """RMSE of users at each of ``values`` of a ``setting``: its mean, and its percentiles. ``rmse``: of all ratings, ()
    where it is not told. ``chosen``: by the folds, what the row itself has."""

    setting: str
    values: tuple[float, ...]
    mean: tuple[float, ...]
    levels: Mapping[int, tuple[float, ...]]
    rmse: tuple[float, ...]
    chosen: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Weighing:
    """How the weight of a blend was chosen. ``validation`` and ``test``: weight and RMSE, the means of the folds.
    ``chosen``: the weight of each fold; ``best``: what would have been best on its test, which nobody may look at.
    ``at_chosen`` and ``at_best``: RMSE of the test at both, and ``leak`` the first less the second, means of the folds.
    """

    validation: tuple[Point, ...]
    test: tuple[Point, ...]
    chosen: tuple[float, ...]
    best: tuple[float, ...]
    at_chosen: float | None
    at_best: float | None
    leak: float | None


def spent_of(line: Line) -> Spent | None:
    """None where some fit does not tell."""
    told: list[Mapping[str, Any]] = []
    for facts in line.facts:
        runs = sequence(facts.get("runs"))
        told += [mapping(mapping(one).get("cost")) for one in runs] if runs else [mapping(facts.get("cost"))]
    fit, predict = ([real(one.get(key)) for one in told] for key in ("fit_s", "predict_s"))
    fits, predicts = [one for one in fit if one is not None], [one for one in predict if one is not None]
    if not told or len(fits) < len(told) or len(predicts) < len(told) or line.measured is None:
        return None
    peaks = [peak for one in told if (peak := real(one.get("peak_bytes"))) is not None]
    # Each rating is asked for once in every fit of its fold.
    counts = line.measured.values.get(COUNT)
    per_fold = float(counts.sum()) if counts is not None else 0.0
    return Spent(
        fit_s=sum(fits),
        predict_s=sum(predicts),
        peak_bytes=int(max(peaks)) if peaks else None,
        ratings=round(per_fold * len(told) / max(len(line.facts), 1)),
        fits=len(told),
    )


def histogram_of(judgement: Judgement, line: Line) -> Histogram | None:
    """Of all folds; None where they are not counted alike."""
    found: list[Histogram] = []
    for facts in line.facts:
        own = mapping(_row(facts, "ratings", judgement).get("histogram"))
        edges, given, predicted = (numbers(own.get(key)) for key in ("edges", "given", "predicted"))
        if len(edges) < 2 or len(given) != len(edges) - 1 or len(predicted) != len(given):
            return None
        found.append(Histogram(edges=edges, given=given, predicted=predicted))
    if not found or any(one.edges != found[0].edges for one in found):
        return None
    return Histogram(
        edges=found[0].edges,
        given=tuple(map(sum, zip(*(one.given for one in found), strict=True))),
        predicted=tuple(map(sum, zip(*(one.predicted for one in found), strict=True))),
    )


def roc_of(judgement: Judgement, line: Line) -> tuple[Point, ...]:
    """Of several folds the mean height at each hundredth of false positives; () where there is none."""
    found = [own for facts in line.facts if len(own := points(_row(facts, "roc", judgement).get("points"))) > 1]
    if len(found) < 2:
        return found[0] if found else ()
    heights = np.mean([np.interp(_GRID, [a for a, _ in own], [b for _, b in own]) for own in found], axis=0)
    return tuple(zip(_GRID.tolist(), heights.tolist(), strict=True))


def area_of(judgement: Judgement, line: Line) -> float | None:
    """The mean of the folds."""
    areas = [real(_row(facts, "roc", judgement).get("area")) for facts in line.facts]
    return mean_of([one for one in areas if one is not None])


def coverage_of(judgement: Judgement, line: Line) -> tuple[Point, ...]:
    """Nominal and covered, the mean of the folds weighted by their ratings; () where a row does not say how sure it is,
    or folds say it of other levels."""
    found: list[tuple[tuple[float, ...], tuple[float, ...], float]] = []
    for facts in line.facts:
        own = _row(facts, "coverage", judgement)
        nominal, covered = numbers(own.get("nominal")), numbers(own.get("covered"))
        if not nominal or len(nominal) != len(covered):
            return ()
        found.append((nominal, covered, real(_row(facts, "ratings", judgement).get("count")) or 1.0))
    if not found or any(nominal != found[0][0] for nominal, *_ in found):
        return ()
    mean = np.average([covered for _, covered, _ in found], axis=0, weights=[count for *_, count in found])
    return tuple(zip(found[0][0], mean.tolist(), strict=True))


def sweep_of(line: Line) -> Sweep | None:
    """The means of the folds, which all tell the same values of the same setting."""
    found: list[Sweep] = []
    for facts in line.facts:
        own = mapping(facts.get("sweep"))
        values, mean, rmse = (numbers(own.get(key)) for key in ("values", "mean", "rmse"))
        percentiles = mapping(own.get("percentiles"))
        levels = {level: numbers(percentiles.get(str(level))) for level in LEVELS}
        if len(values) < 2 or any(len(one) != len(values) for one in (mean, *levels.values())):
            return None
        chosen = real(own.get("chosen"))
        found.append(
            Sweep(
                setting=str(own.get("setting", "")),
                values=values,
                mean=mean,
                levels=levels,
                rmse=rmse if len(rmse) == len(values) else (),
                chosen=() if chosen is None else (chosen,),
            )
        )
    if not found or any((one.setting, one.values) != (found[0].setting, found[0].values) for one in found):
        return None
    return Sweep(
        setting=found[0].setting,
        values=found[0].values,
        mean=_means([one.mean for one in found]),
        levels={level: _means([one.levels[level] for one in found]) for level in LEVELS},
        rmse=_means([one.rmse for one in found]) if all(one.rmse for one in found) else (),
        chosen=tuple(value for one in found for value in one.chosen),
    )


def weighing_of(line: Line) -> Weighing | None:
    told = [mapping(facts.get("weighing")) for facts in line.facts]
    if not told or not all(told):
        return None

    def each(key: str) -> tuple[float, ...]:
        return tuple(value for one in told if (value := real(one.get(key))) is not None)

    def all_of(key: str) -> float | None:
        return mean_of(each(key)) if len(each(key)) == len(told) else None

    curves = [_mean_curve([points(one.get(key)) for one in told]) for key in ("validation", "test")]
    if not any(curves):
        return None
    return Weighing(
        validation=curves[0],
        test=curves[1],
        chosen=each("chosen"),
        best=each("best_on_test"),
        at_chosen=all_of("rmse_chosen"),
        at_best=all_of("rmse_best"),
        leak=all_of("leak"),
    )


def runs_of(judgement: Judgement, line: Line) -> list[dict[str, list[float]]]:
    """Fit → metric → its figure in each fold, of rows that are fitted by several seeds: the first fit of every fold is
    one, and so on. [] where there is one alone, or some fold has others than the rest."""
    told = [sequence(facts.get("runs")) for facts in line.facts]
    if not told or len(told[0]) < 2 or any(len(one) != len(told[0]) for one in told):
        return []
    found: list[dict[str, list[float]]] = []
    for fits in zip(*told, strict=True):
        wholes = [mapping(mapping(mapping(fit).get("whole")).get(judgement.row)) for fit in fits]
        metrics = [name for name in wholes[0] if all(real(one.get(name)) is not None for one in wholes)]
        found.append({name: [float(one[name]) for one in wholes] for name in metrics})
    return found


def facts_of(judgement: Judgement, line: Line) -> dict[str, Any]:
    """For machines: what is drawn."""
    own, swept, weighed = histogram_of(judgement, line), sweep_of(line), weighing_of(line)
    return {
        "histogram": asdict(own) if own is not None else None,
        "roc": {"area": area_of(judgement, line), "points": found} if (found := roc_of(judgement, line)) else None,
        "coverage": coverage_of(judgement, line) or None,
        "sweep": asdict(swept) if swept is not None else None,
        "weighing": asdict(weighed) if weighed is not None else None,
    }


def numbers(values: Any) -> tuple[float, ...]:
    """All of a list of finite numbers; () where one is none."""
    found = [real(one) for one in sequence(values)]
    return () if any(one is None for one in found) else tuple(one for one in found if one is not None)


def points(values: Any) -> tuple[Point, ...]:
    """All of a list of pairs of finite numbers, in order; () where one is none."""
    found = [numbers(one) for one in sequence(values)]
    return () if any(len(one) != 2 for one in found) else tuple(sorted((one[0], one[1]) for one in found))


def sequence(values: Any) -> Sequence[Any]:
    """The same, or an empty one of whatever else stands there."""
    return cast("Sequence[Any]", values) if isinstance(values, Sequence) and not isinstance(values, str) else ()


def mean_of(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _row(facts: Mapping[str, Any], key: str, judgement: Judgement) -> Mapping[str, Any]:
    return mapping(mapping(facts.get(key)).get(judgement.row))


def _means(values: Sequence[tuple[float, ...]]) -> tuple[float, ...]:
    return tuple(np.mean(values, axis=0).tolist())


def _mean_curve(folds: Sequence[Sequence[Point]]) -> tuple[Point, ...]:
    """At the weights that all folds tell."""
    own = [dict(one) for one in folds]
    shared = sorted(k for k in own[0] if all(k in one for one in own)) if own else []
    return tuple((k, float(np.mean([one[k] for one in own]))) for k in shared)
