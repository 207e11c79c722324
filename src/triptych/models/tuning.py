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
from triptych.models.trials import Params, Trial, key_of


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
class Explored:
    """Of the model called ``name``, the settings ``chosen``: the best of ``trials``, of equals the first.

    ``grid``: as it was given; ``cells``: how many combinations it has; ``budget``: how many might be tried, None for
    all of them; ``seed`` drew those where the budget had no room for all; ``extend``: how many more might be tried
    past its ends. ``edges``: where the best stands at an end nevertheless. ``chosen_on``: the rows that decided.
    """

    name: str
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
        return best_of(self.trials)

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(f"{self.name}: {edge}." for edge in self.edges)

    @property
    def done(self) -> dict[str, Trial]:
        """What :func:`explore` takes to go on from here, or to find the same without trying anything again."""
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


@dataclass(frozen=True, kw_only=True, eq=False)
class Tuned(Explored):
    """``model``: the recommender with these settings."""

    model: Model


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

    Higher is better; the rest is as :func:`explore` has it. ``done`` must be of the same history and score.
    """

    def scored(params: Params) -> float:
        return float(score(family(**params).fit(train), train, validation))

    values = {name: tuple(given) for name, given in grid.items()}
    trials, edges = explore(
        scored,
        values,
        check=lambda params: family(**params),
        budget=budget,
        extend=extend,
        seed=seed,
        done=done,
        progress=progress,
        clock=clock,
    )
    chosen = best_of(trials).params
    model = family(**chosen)
    return Tuned(
        name=model.name,
        model=model,
        chosen=chosen,
        grid=values,
        cells=prod(map(len, values.values())),
        budget=budget,
        extend=extend,
        seed=seed,
        trials=trials,
        edges=edges,
        train_rows=len(train),
        validation_rows=len(validation),
    )


def explore(
    score: Callable[[Params], float],
    grid: Mapping[str, tuple[Any, ...]],
    *,
    check: Callable[[Params], object],
    budget: int | None = None,
    extend: int = 0,
    seed: int = 0,
    done: Mapping[str, Trial] | None = None,
    progress: Callable[[Trial, int, int], None] | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[tuple[Trial, ...], tuple[Edge, ...]]:
    """Score the settings of a grid, higher is better: all trials in their order, and the edges that the best is at.

    ``budget``: most trials within the grid; where it has more combinations, a seeded draw of them is tried. Give the
    same budget to all that are compared. ``extend``: most trials past the ends of ordered settings (two numbers or more
    that rise or fall), one step at a time with the others at their best, as long as that is better; a value that
    ``check`` refuses by a UsageError is a natural end. These come on top of the budget.

    ``done``: trials that need not be run again, by :func:`key_of`, as :attr:`Explored.done` has them.
    ``progress(trial, number, of)`` is called after each, with those that were done before too.
    """
    check_budget(budget, extend)
    cells = _cells(grid, budget, seed)
    trials: dict[str, Trial] = {}

    def tried(params: Params, of: int, *, beyond: bool = False) -> None:
        trial = replace(run(score, params, done or {}, clock), beyond=beyond)
        trials[key_of(params)] = trial
        if progress is not None:
            progress(trial, len(trials), of)

    for params in cells:
        tried(params, len(cells))
    for _ in range(extend):
        # One step past one end at a time; past the end of a setting that was just carried on, if that was better.
        edges = _edges(check, grid, list(trials.values()))
        if not edges:
            break
        best = best_of(trials.values())
        tried({**best.params, edges[0].setting: edges[0].next}, len(trials) + 1, beyond=True)
    return tuple(trials.values()), tuple(_edges(check, grid, list(trials.values())))


def run(
    score: Callable[[Params], float], params: Params, done: Mapping[str, Trial], clock: Callable[[], float]
) -> Trial:
    """One trial, or what is known of it; UsageError unless its score is a finite number."""
    trial = done.get(key_of(params))
    if trial is None:
        start = clock()
        value = score(params)
        trial = Trial(params=params, score=value, seconds=clock() - start)
    if not isfinite(trial.score):
        raise UsageError(f"{dict(params)} scored {trial.score} on validation; a score is a finite number.")
    return replace(trial, params=dict(params))


def check_budget(budget: int | None, extend: int) -> None:
    if (budget is not None and budget < 1) or extend < 0:
        raise UsageError(f"a budget of {budget} trials and {extend} beyond; allow at least 1, and 0 or more beyond.")


def best_of(trials: Iterable[Trial]) -> Trial:
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


def _edges(check: Callable[[Params], object], grid: Mapping[str, tuple[Any, ...]], trials: list[Trial]) -> list[Edge]:
    """The ordered settings whose best value is the highest or lowest tried, and could be carried on."""
    best, found = best_of(trials), list[Edge]()
    for name, values in grid.items():
        if not ordered(values):
            continue
        known = sorted({trial.params[name] for trial in trials})
        value = best.params[name]
        if len(known) < 2 or value not in (known[0], known[-1]):
            continue
        inner, step = (known[1], "down") if value == known[0] else (known[-2], "up")
        beyond = further(inner, value)
        if beyond is None or (beyond > value) != (step == "up"):
            continue
        try:
            check({**best.params, name: beyond})
        except UsageError:  # the model has no such setting: a natural end, past which nobody can go
            continue
        found.append(Edge(setting=name, value=value, next=beyond))
    return found


def ordered(values: tuple[Any, ...]) -> bool:
    """Two numbers or more that rise or fall."""
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    return numbers and len(values) > 1 and list(values) in (sorted(values), sorted(values, reverse=True))


def further(inner: float, value: float) -> float | None:
    """The next value: by the same ratio where both are above 0, else by the same difference. Whole ones stay whole."""
    whole = isinstance(inner, int) and isinstance(value, int)
    following = value * value / inner if inner > 0 and value > 0 else 2 * value - inner
    if whole:
        return None if round(following) == value else round(following)
    return float(f"{following:.6g}")
