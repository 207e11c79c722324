"""Proposals: settings to try next, by what those that were tried came to (Optuna, extra ``tune``)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from math import log, prod
from typing import Any

from triptych.errors import MissingExtra, UsageError
from triptych.models.trials import Params, Trial, key_of
from triptych.models.tuning import Edge, best_of, check_budget, further, ordered, run

#: So many trials are drawn by lot before anything is expected of any.
FIRST = 5
#: Values of which the greatest is this many times the least are looked at by their logarithms.
WIDE = 4
#: A best value within this share of an ordered setting's range from its end is at the end.
NEAR = 0.02
#: So many times the budget may be proposed, what was tried before not counting as a trial.
PATIENCE = 10


def propose(
    score: Callable[[Params], float],
    grid: Mapping[str, tuple[Any, ...]],
    *,
    check: Callable[[Params], object],
    budget: int | None,
    seed: int = 0,
    done: Mapping[str, Trial] | None = None,
    progress: Callable[[Trial, int, int], None] | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[tuple[Trial, ...], tuple[Edge, ...]]:
    """``budget`` different trials, or as many as there are: as :func:`~triptych.models.tuning.explore`, between the
    ends of settings that are numbers in order, and the given values of others.

    Each proposal hangs on the seed and the scores before it alone. One that is ``done`` is told again and not tried
    again, so that what was stopped goes on as if it had not been.
    """
    check_budget(budget, 0)
    if budget is None:
        raise UsageError("proposals have no end; give a budget of trials.")
    if find_spec("optuna") is None:
        raise MissingExtra("search by proposals", "tune", missing="optuna")
    import optuna

    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # it would tell of each trial on stderr
    try:
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=FIRST)
        study = optuna.create_study(direction="maximize", sampler=sampler)
        space = {name: _distribution(values) for name, values in grid.items()}
        cells = None if any(map(ordered, grid.values())) else prod(map(len, grid.values()))
        wanted, trials = min(budget, cells or budget), dict[str, Trial]()
        for _ in range(PATIENCE * budget):
            if len(trials) >= wanted:
                break
            asked = study.ask(space)
            params = {name: _read(values, asked.params[name]) for name, values in grid.items()}
            fresh = key_of(params) not in trials
            trial = run(score, params, {**(done or {}), **trials}, clock)
            study.tell(asked, trial.score)
            if fresh:
                trials[key_of(params)] = trial
                if progress is not None:
                    progress(trial, len(trials), wanted)
    finally:
        optuna.logging.set_verbosity(level)
    found = tuple(trials.values())
    return found, tuple(_edges(check, grid, best_of(found)))


def _distribution(values: tuple[Any, ...]) -> Any:
    from optuna import distributions

    if not ordered(values):
        return distributions.CategoricalDistribution(list(range(len(values))))
    low, high = min(values), max(values)
    if _whole(values):
        return distributions.IntDistribution(low, high, log=_wide(values))
    return distributions.FloatDistribution(low, high, log=_wide(values))


def _read(values: tuple[Any, ...], told: Any) -> Any:
    """What a proposal stands for: a value by its place, or a number of six digits."""
    if not ordered(values):
        return values[told]
    return int(told) if _whole(values) else float(f"{told:.6g}")


def _edges(check: Callable[[Params], object], grid: Mapping[str, tuple[Any, ...]], best: Trial) -> list[Edge]:
    found: list[Edge] = []
    for name, values in grid.items():
        if not ordered(values):
            continue
        scale: Callable[[float], float] = log if _wide(values) else float
        low, high, value = min(values), max(values), best.params[name]
        span = scale(high) - scale(low)
        for end, inner in ((low, sorted(values)[1]), (high, sorted(values)[-2])):
            if abs(scale(value) - scale(end)) > NEAR * span or (following := further(inner, end)) is None:
                continue
            try:
                check({**best.params, name: following})
            except UsageError:  # the model has no such setting: a natural end
                continue
            found.append(Edge(setting=name, value=value, next=following))
    return found


def _whole(values: tuple[Any, ...]) -> bool:
    return all(isinstance(value, int) for value in values)


def _wide(values: tuple[Any, ...]) -> bool:
    return min(values) > 0 and max(values) >= WIDE * min(values)
