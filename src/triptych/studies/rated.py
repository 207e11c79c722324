"""Rated: what predicted ratings came to, as a cell keeps it.

One fit on one fold is a cell. For each row of the protocol (overall, warm, cold) its ``measured`` has:

- ``ROW``: the errors of each user who is judged, ``mse``, ``rmse``, ``mae``, ``nrmse`` and ``nmae``; ``ratings``, by
  how many; and the same errors of all ratings at once as its ``whole``.
- ``ROW.chosen``: predictions as a choice, of the users who like something (``threshold-…@k``, ``diversity@k``), and of
  all together ``pooled-precision``, ``pooled-recall``, ``pooled-f1``, ``auc``, ``coverage@k`` and the like.

A row that is fitted by several seeds has as many cells on each fold; read back, they are one for the fold: the means of
what they measured (of rooted errors the root of the mean square), the facts of the first, and ``runs``, a list of what
differs. A cell's ``facts``, besides ``fits`` and ``choices`` for the audit:

``kind``
    ``"ratings"``.
``seed``, ``scale``
    Of the model; and the least and the greatest rating, ``[1.0, 5.0]``.
``cost``
    ``fit_s``, ``predict_s``, ``fit_cpu_s``, ``predict_cpu_s`` in seconds, ``peak_bytes`` above what was held before, or
    null. Of what is learned before (``learn``) and of a search nothing is in it.
``model``
    ``name``; ``key``, all that decides a number; ``facts``, what the predictor tells: epochs, a blend's curve, …
``ratings``
    ROW → ``count``, ``users``, ``items``, ``cold_items`` and ``cold_users`` (ratings of them), ``mean_given``,
    ``mean_predicted``, and ``histogram``: ``edges`` ``[b + 1]``, ``given`` and ``predicted`` ``[b]``, counts.
``roc``
    ROW → ``area``, and ``points``: at most 101 of ``[false positives, true positives]``, rising from ``[0, 0]`` to
    ``[1, 1]``. Relevant is rated ``relevant`` or more.
``coverage``
    Where the model says how sure it is, ROW → ``nominal`` and ``covered``, shares; ``error``, ``nll`` (or null) and
    ``crps``; ``levels`` and ``widths``, those of a few intervals.
``sweep``
    Where a model can be asked at several of one setting: ``setting`` (``"k"``, the neighbours; or ``"weight"``, that of
    the first of two models that are blended), ``values``, and of the users' RMSE on the test (first row of the
    protocol) at each of them ``mean`` and ``percentiles`` ``{"5": […], "25", "50", "75", "95"}``; ``rmse``, that of all
    ratings; ``chosen``, the value that the row itself has. Nothing is chosen by it.
``weighing``
    Of a blend of two: ``validation`` and ``test``, lists of ``[weight of the first, RMSE]``; ``chosen``, the weight by
    validation; ``best_on_test``; ``rmse_chosen`` and ``rmse_best``, both of the test; ``leak``, the first less the
    second: what choosing on the test would have been worth.
``searched``
    Where settings were searched for: all that was tried, see :mod:`triptych.models.search`.
``runs``
    Only read back: of each seed ``seed``, ``seconds``, ``cost``, and ``whole`` {ROW: {metric: value}}, those of
    ``ROW.chosen`` among them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import History
from triptych.evaluate.cost import Cost
from triptych.evaluate.measured import Measured
from triptych.evaluate.metrics.roc import roc_curve
from triptych.evaluate.protocols.rating_prediction import Predicted
from triptych.evaluate.split import Split
from triptych.studies import pooled
from triptych.studies.cell import Cell

F64 = npt.NDArray[np.float64]

CHOSEN = ".chosen"
#: Points of a curve at most, bars of a histogram of predictions, and percentiles of users.
POINTS, BARS, PERCENTILES = 101, 48, (5, 25, 50, 75, 95)


def measured(found: Mapping[str, Predicted]) -> dict[str, Measured]:
    """As a cell keeps it. Rows that nothing is in are there, with nobody."""
    made: dict[str, Measured] = {}
    for row, one in found.items():
        counts = one.judged.user_counts[one.judged.user_counts > 0].astype(np.float64)
        made[row] = replace(one.measured, values={**one.measured.values, pooled.COUNT: counts} if len(counts) else {})
        if one.chosen is not None:
            made[row + CHOSEN] = one.chosen
    return made


def facts(found: Mapping[str, Predicted], split: Split, *, relevant: float) -> dict[str, Any]:
    """``ratings``, ``roc`` and ``coverage``."""
    told: dict[str, dict[str, Any]] = {"ratings": {}, "roc": {}, "coverage": {}}
    for row, one in found.items():
        if not len(one.judged):
            continue
        told["ratings"][row] = _counts(one, split)
        liked = one.judged.values >= relevant
        if liked.any() and not liked.all():
            told["roc"][row] = _roc(liked, one.predicted)
        if (certainty := one.certainty) is not None:
            told["coverage"][row] = {
                "nominal": certainty.nominal.tolist(),
                "covered": certainty.found.tolist(),
                "error": certainty.error,
                "nll": certainty.nll,
                "crps": certainty.crps,
                "levels": list(certainty.levels),
                "widths": list(certainty.widths),
            }
    return {name: body for name, body in told.items() if body}


def cost(spent: Cost) -> dict[str, Any]:
    return asdict(spent)


def sweep(
    setting: str, values: Sequence[float], predicted: F64, judged: History, *, chosen: float | None
) -> dict[str, Any]:
    """``predicted``: float64 ``[values, n]``, what is said of each judged rating at each of the values."""
    users = np.unique(judged.users, return_inverse=True)[1]
    counts = np.bincount(users)
    squared = (predicted - judged.values) ** 2
    own = np.sqrt(np.array([np.bincount(users, weights=one) / counts for one in squared]))
    return {
        "setting": setting,
        "values": list(values),
        "mean": own.mean(axis=1).tolist(),
        "percentiles": {str(p): np.percentile(own, p, axis=1).tolist() for p in PERCENTILES},
        "rmse": np.sqrt(squared.mean(axis=1)).tolist(),
        "chosen": chosen,
    }


def weighing(
    validation: Sequence[tuple[float, float]], weights: Sequence[float], predicted: F64, judged: History, chosen: float
) -> dict[str, Any]:
    """``validation``: weight and RMSE, by which ``chosen`` was chosen; ``predicted``: float64 ``[weights, n]``."""
    errors = np.sqrt(((predicted - judged.values) ** 2).mean(axis=1))
    best, own = int(errors.argmin()), int(np.argmin(np.abs(np.asarray(weights) - chosen)))
    return {
        "validation": [list(one) for one in validation],
        "test": np.column_stack([weights, errors]).tolist(),
        "chosen": chosen,
        "best_on_test": float(weights[best]),
        "rmse_chosen": float(errors[own]),
        "rmse_best": float(errors[best]),
        "leak": float(errors[own] - errors[best]),
    }


def joined(cells: Sequence[Cell]) -> Cell:
    """The fits of one row on one fold as one cell. If one of them has nothing to measure, neither has the row."""
    without = next((one for one in cells if one.nothing), None)
    if without is not None:
        return without
    runs = [
        {
            "seed": one.facts.get("seed"),
            "seconds": one.seconds,
            "cost": one.facts.get("cost"),
            "whole": _whole(one.measured),
        }
        for one in cells
    ]
    return Cell(
        measured={row: _mean([one.measured[row] for one in cells]) for row in cells[0].measured},
        seconds=sum(one.seconds for one in cells),
        facts={**cells[0].facts, "runs": runs},
    )


def _mean(parts: Sequence[Measured]) -> Measured:
    """Of the same users."""
    first = parts[0]
    if len(parts) == 1:
        return first
    values = {metric: _averaged(metric, [part.values[metric] for part in parts]) for metric in first.values}
    shared = [metric for metric in first.whole if all(metric in part.whole for part in parts)]
    whole = {metric: float(_averaged(metric, [np.array(part.whole[metric]) for part in parts])) for metric in shared}
    return replace(first, values=values, whole=whole)


def _averaged(metric: str, values: Sequence[F64]) -> F64:
    if pooled.OF.get(metric, ("", False))[1]:
        return np.asarray(np.sqrt(np.mean(np.square(values), axis=0)), np.float64)
    return np.asarray(np.mean(values, axis=0), np.float64)


def _whole(parts: Mapping[str, Measured]) -> dict[str, dict[str, float]]:
    """Row → what all of it has, and the means of its users' choices."""
    found: dict[str, dict[str, float]] = {}
    for row, part in parts.items():
        own = part.means() if row.endswith(CHOSEN) else part.whole
        told = found.setdefault(row.removesuffix(CHOSEN), {})
        told.update({metric: float(value) for metric, value in own.items() if np.isfinite(value)})
    return found


def _counts(one: Predicted, split: Split) -> dict[str, Any]:
    judged = one.judged
    low, high = one.scale
    edges = _edges(np.unique(judged.values).astype(np.float64), low, high)
    return {
        "count": len(judged),
        "users": int(np.count_nonzero(judged.user_counts)),
        "items": int(np.count_nonzero(judged.item_counts)),
        "cold_items": int(split.cold_items[judged.items].sum()),
        "cold_users": int(split.cold_users[judged.users].sum()),
        "mean_given": float(judged.values.mean(dtype=np.float64)),
        "mean_predicted": float(one.predicted.mean()),
        "histogram": {
            "edges": edges.tolist(),
            "given": np.histogram(judged.values, edges)[0].tolist(),
            "predicted": np.histogram(one.predicted, edges)[0].tolist(),
        },
    }


def _edges(values: F64, low: float, high: float) -> F64:
    """A bar about each rating that can be given, and up to three between two of them, as far as there is room."""
    step = float(np.diff(values).min()) if len(values) > 1 else high - low
    for width in (step / 4, step / 2, step):
        bars = round((high - low) / width) + 1
        if bars <= BARS:
            return low - width / 2 + width * np.arange(bars + 1, dtype=np.float64)
    return np.linspace(low, high, BARS + 1, dtype=np.float64)


def _roc(liked: npt.NDArray[np.bool_], predicted: F64) -> dict[str, Any]:
    """The curve at the false positives that are nearest to every hundredth, its ends among them."""
    curve = roc_curve(liked, predicted)
    x, y = curve.false_positives, curve.true_positives
    if len(x) > POINTS:
        at = np.unique(np.searchsorted(x, np.linspace(0, 1, POINTS - 1)).clip(0, len(x) - 1))
        at = np.unique(np.append(at, [0, len(x) - 1]))
        x, y = x[at], y[at]
    return {"area": curve.area, "points": np.column_stack([x, y]).round(6).tolist()}
