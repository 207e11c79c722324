"""Tuning: settings chosen on validation rows, each model with the same budget, and every trial written down.

A control is only worth beating if as much was done for it as for what beats it. So the budget is a number of trials,
the same for all; what was tried, in which order, with what result and in how many seconds stays beside what was chosen;
and a best value at the edge of what was tried is said, or the grid is carried on past it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import isfinite, prod
from typing import Any

import numpy as np
import pyarrow as pa

from triptych.catalogue.history import History
from triptych.errors import UsageError
from triptych.models.recommender import Model, Recommender

Params = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One choice of settings. ``score``: higher is better. ``beyond``: whether it lies outside of the grid given."""

    params: Params
    score: float
    seconds: float
    beyond: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "params": dict(self.params),
            "score": self.score,
            "seconds": round(self.seconds, 4),
            "beyond": self.beyond,
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Trial:
        return cls(params=body["params"], score=body["score"], seconds=body["seconds"], beyond=body["beyond"])


@dataclass(frozen=True, kw_only=True)
class Edge:
    """The best value of a setting stands at an end of what was tried of it; ``next`` would have been tried then."""

    setting: str
    value: float
    next: float

    def __str__(self) -> str:
        side = "highest" if self.next > self.value else "lowest"
        return f"{self.setting} {self.value:g} is the {side} that was tried; {self.next:g} may be better still"


@dataclass(frozen=True, kw_only=True, eq=False)
class Tuned:
    """``model`` has the settings ``chosen``: the best of ``trials``, of equals the first.

    ``grid``: as it was given; ``cells``: how many combinations it has; ``budget``: how many might be tried, None for
    all of them; ``seed`` drew those where the budget had no room for all; ``extend``: how many more might be tried
    past its ends. ``edges``: where the best stands at an end nevertheless. ``chosen_on``: the rows that decided.
    """

    name: str
    model: Model
    chosen: Params
    grid: Mapping[str, tuple[Any, ...]]
    cells: int
    budget: int | None
    extend: int
    seed: int
    trials: tuple[Trial, ...]
    edges: tuple[Edge, ...]
    train_rows: int
    validation_rows: int
    chosen_on: str = "validation"

    @property
    def best(self) -> Trial:
        return _best(self.trials)

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(f"{self.name}: {edge}." for edge in self.edges)

    @property
    def done(self) -> dict[str, Trial]:
        """What :func:`tune` takes to go on from here, or to find the same without trying anything again."""
        return {key_of(trial.params): trial for trial in self.trials}

    def table(self) -> pa.Table:
        """One row for each trial, in the order in which they were tried: its settings, score and seconds."""
        columns: dict[str, list[Any]] = {name: [trial.params[name] for trial in self.trials] for name in self.grid}
        columns["score"] = [trial.score for trial in self.trials]
        columns["seconds"] = [trial.seconds for trial in self.trials]
        columns["beyond"] = [trial.beyond for trial in self.trials]
        return pa.table(columns)

    def to_json(self) -> dict[str, Any]:
        """All that an audit needs."""
        return {
            "model": self.name,
            "chosen": dict(self.chosen),
            "chosen_on": self.chosen_on,
            "score": self.best.score,
            "grid": {name: list(values) for name, values in self.grid.items()},
            "cells": self.cells,
            "budget": self.budget,
            "extend": self.extend,
            "seed": self.seed,
            "seconds": round(sum(trial.seconds for trial in self.trials), 4),
            "train_rows": self.train_rows,
            "validation_rows": self.validation_rows,
            "edges": [{"setting": one.setting, "value": one.value, "next": one.next} for one in self.edges],
            "trials": [trial.to_json() for trial in self.trials],
        }


def tune(
    family: Callable[..., Model],
    grid: Mapping[str, Sequence[Any]],
    *,
    train: History,
    validation: History,
    score: Callable[[Recommender, History, History], float],
    budget: int | None = None,
    extend: int = 0,
    seed: int = 0,
    done: Mapping[str, Trial] | None = None,
    progress: Callable[[Trial, int, int], None] | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Tuned:
    """Try ``family(**params)`` over a grid: fitted on ``train``, judged by ``score(recommender, train, validation)``.

    Higher is better. ``budget``: most trials within the grid; where it has more combinations, a seeded draw of them is
    tried. Give the same budget to all that are compared. ``extend``: most trials past the ends of ordered settings
    (two numbers or more that rise or fall), one step at a time with the others at their best, as long as that is
    better; a value that the model itself refuses is a natural end. These come on top of the budget.

    ``done``: trials that need not be run again, by :func:`key_of`, as :attr:`Tuned.done` has them, from the same
    history and score. ``progress(trial, number, of)`` is called after each, with those that were done before too.
    """
    values = {name: tuple(given) for name, given in grid.items()}
    cells = _cells(values, budget, seed)
    if (budget is not None and budget < 1) or extend < 0:
        raise UsageError(f"a budget of {budget} trials and {extend} beyond; allow at least 1, and 0 or more beyond.")
    before, trials = dict(done or {}), dict[str, Trial]()

    def tried(params: Params, of: int, *, beyond: bool = False) -> Trial:
        trial = before.get(key_of(params))
        if trial is None:
            start = clock()
            value = float(score(family(**params).fit(train), train, validation))
            trial = Trial(params=params, score=value, seconds=clock() - start)
        if not isfinite(trial.score):
            raise UsageError(f"{dict(params)} scored {trial.score} on validation; a score is a finite number.")
        trial = replace(trial, params=dict(params), beyond=beyond)
        trials[key_of(params)] = trial
        if progress is not None:
            progress(trial, len(trials), of)
        return trial

    for params in cells:
        tried(params, len(cells))
    for _ in range(extend):
        # One step past one end at a time; past the end of a setting that was just carried on, if that was better.
        edges = _edges(family, values, list(trials.values()))
        if not edges:
            break
        best = _best(trials.values())
        tried({**best.params, edges[0].setting: edges[0].next}, len(trials) + 1, beyond=True)
    best = _best(trials.values())
    model = family(**best.params)
    return Tuned(
        name=model.name,
        model=model,
        chosen=best.params,
        grid=values,
        cells=prod(map(len, values.values())),
        budget=budget,
        extend=extend,
        seed=seed,
        trials=tuple(trials.values()),
        edges=tuple(_edges(family, values, list(trials.values()))),
        train_rows=len(train),
        validation_rows=len(validation),
    )


def key_of(params: Params) -> str:
    """What a trial is told apart by: its settings, whatever their order."""
    return json.dumps(dict(params), sort_keys=True)


def _best(trials: Iterable[Trial]) -> Trial:
    return max(trials, key=lambda trial: trial.score)


def _cells(grid: Mapping[str, tuple[Any, ...]], budget: int | None, seed: int) -> list[dict[str, Any]]:
    """The combinations to try, in the order of the grid."""
    for name, values in grid.items():
        if not values or len({json.dumps(value) for value in values}) != len(values):
            raise UsageError(f"the grid gives {name} the values {list(values)}; give at least one, and each once.")
    sizes = [len(values) for values in grid.values()]
    count = prod(sizes)
    if budget is None or budget >= count:
        return [dict(zip(grid, cell, strict=True)) for cell in product(*grid.values())]
    drawn = np.sort(np.random.default_rng(seed).choice(count, size=max(budget, 1), replace=False))
    places = np.stack(np.unravel_index(drawn, sizes), axis=1).tolist()
    return [{name: grid[name][k] for name, k in zip(grid, cell, strict=True)} for cell in places]


def _edges(family: Callable[..., Model], grid: Mapping[str, tuple[Any, ...]], trials: list[Trial]) -> list[Edge]:
    """The ordered settings whose best value is the highest or lowest tried, and could be carried on."""
    best, found = _best(trials), list[Edge]()
    for name, values in grid.items():
        if not _ordered(values):
            continue
        known = sorted({trial.params[name] for trial in trials})
        value = best.params[name]
        if len(known) < 2 or value not in (known[0], known[-1]):
            continue
        inner, step = (known[1], "down") if value == known[0] else (known[-2], "up")
        further = _further(inner, value)
        if further is None or (further > value) != (step == "up"):
            continue
        try:
            family(**{**best.params, name: further})
        except UsageError:  # the model has no such setting: a natural end, past which nobody can go
            continue
        found.append(Edge(setting=name, value=value, next=further))
    return found


def _ordered(values: tuple[Any, ...]) -> bool:
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    return numbers and len(values) > 1 and list(values) in (sorted(values), sorted(values, reverse=True))


def _further(inner: float, value: float) -> float | None:
    """The next value: by the same ratio where both are above 0, else by the same difference. Whole ones stay whole."""
    whole = isinstance(inner, int) and isinstance(value, int)
    further = value * value / inner if inner > 0 and value > 0 else 2 * value - inner
    if whole:
        return None if round(further) == value else round(further)
    return float(f"{further:.6g}")
