"""Choosing: settings of a model, chosen on validation rows, and only where that is more than chance.

What is tried stands in one table with the default: each is judged by the same users, with an interval and a paired test
against the default, adjusted for how many were tried. The best of many looks better than it is; what it is worth, only
rows that chose nothing can tell.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from triptych.desk.ground import Ground
from triptych.desk.kinds import FittedModel, Settings
from triptych.desk.settings import laid_over, value_of
from triptych.desk.tried import Fit, Tried
from triptych.errors import UnknownName, UsageError
from triptych.evaluate.measured import Measured
from triptych.evaluate.metrics.ranking import CUTOFFS
from triptych.evaluate.protocols.full_ranking import full_ranking
from triptych.evaluate.significance import Comparison, Interval, adjusted, compare, interval
from triptych.models.similarity import Lessons, Report
from triptych.models.trials import Params, Trial, key_of
from triptych.models.tuning import Edge, explore

#: Families of metrics that settings can be chosen by; of all, more is better.
METRICS = ("ndcg", "recall", "precision", "hit-rate", "mrr", "map", "auc")
#: What is tried where nothing is said.
GRID: Mapping[str, tuple[Any, ...]] = {"half_life_rows": (2.0, 5.0, 20.0), "regularisation": (50.0, 200.0, 800.0)}
#: What cannot be tried: these say what judges, or how often.
FIXED = ("like", "seed", "name")
#: The default gives way to what is better with a probability of chance below this, adjusted for how many were tried.
LEVEL = 0.05


@runtime_checkable
class Kernelled(Protocol):
    """Settings whose costly part, a kernel, can serve several fits; ``key["tower"]`` is all that decides it, but
    whether there is a least value of a like."""

    def kernel(
        self, lessons: Lessons, *, folder: Path | None = None, report: Report | None = None
    ) -> tuple[Any, Any, Mapping[str, Any]]: ...

    def fit_by(
        self, lessons: Lessons, tower: Any, anchors: Any, facts: Mapping[str, Any], *, report: Report | None = None
    ) -> FittedModel: ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidate:
    """``params``: what departs from the default; nothing of it is the default itself. ``measured``: user by user, the
    mean over seeds. ``against``: the default, None of itself. ``seconds``: of all its fits."""

    params: Params
    settings: Settings
    measured: Measured
    interval: Interval
    seconds: float
    against: Comparison | None = None

    @property
    def told(self) -> str:
        return ", ".join(f"{name}={_short(value)}" for name, value in self.params.items()) or "the default"

    def to_json(self) -> dict[str, Any]:
        return {
            "params": dict(self.params),
            "value": self.interval.value,
            "low": self.interval.low,
            "high": self.interval.high,
            "against_default": None if self.against is None else asdict(self.against),
            "seconds": round(self.seconds, 3),
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Chosen:
    """``candidates``: the default first. ``best``: the one with the highest mean; ``chosen``: it, or the default."""

    metric: str
    candidates: tuple[Candidate, ...]
    best: Candidate
    chosen: Candidate
    split: str
    row: str
    users: int
    seeds: int
    put_away: int
    edges: tuple[Edge, ...] = field(default=())

    @property
    def default(self) -> Candidate:
        return self.candidates[0]

    @property
    def why(self) -> str:
        """Why these settings, as a sentence."""
        shown = self.best if self.chosen is self.default else self.chosen
        against = shown.against
        if against is None:
            return f"The default stays: nothing that was tried has more {self.metric}."
        span = f"{against.difference:+.4f} [{against.low:+.4f}, {against.high:+.4f}]"
        by = f"{span} of {self.metric}, p = {_p(against):.3f}"
        if self.chosen is self.default:
            return f"The default stays: {shown.told} is ahead by no more than chance ({by})."
        return f"{shown.told} is better than the default by more than chance ({by})."

    def to_json(self) -> dict[str, Any]:
        return {
            "chosen": dict(self.chosen.params),
            "why": self.why,
            "metric": self.metric,
            "split": self.split,
            "judged_on": "validation",
            "row": self.row,
            "users": self.users,
            "seeds": self.seeds,
            "test_rows_put_away": self.put_away,
            "edges": [str(edge) for edge in self.edges],
            "candidates": [one.to_json() for one in self.candidates],
        }


def choose(
    found: Ground,
    settings: Settings,
    grid: Mapping[str, Sequence[Any]],
    *,
    folder: Path,
    metric: str = "ndcg@10",
    seeds: int = 1,
    budget: int | None = None,
    extend: int = 0,
    report: Report | None = None,
    progress: Callable[[Candidate | None, int, int], None] | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Chosen:
    """The default and a ``grid`` (name → values, every combination), each fitted on training rows with so many
    ``seeds`` and judged on validation rows.

    ``folder`` keeps each fit: what was stopped goes on, and nothing is fitted twice. ``budget`` and ``extend``: see
    :func:`~triptych.models.tuning.explore`. ``report`` is told of the steps of a fit, ``progress`` of each candidate.
    """
    values = checked(settings, grid)
    cutoff = _cutoff(metric)
    if seeds < 1:
        raise UsageError(f"{seeds} seeds were asked for; give 1 or more.")
    made: dict[str, Candidate] = {}
    kernels: dict[str, tuple[Any, Any, Mapping[str, Any]]] = {}
    ground_digest = found.digest
    with Tried.held(folder) as tried:

        def fitted(one: Settings, digest: str) -> Fit:
            began = clock()
            model = _fitted(one, found, tried, kernels, ground_digest, report)
            measured = _judged(model, found, metric, cutoff)
            values = measured.values[metric]
            fit = Fit(user_ids=measured.ids, values=values, seconds=clock() - began)
            tried.put(digest, fit, {"metric": metric, "settings": dict(one.key)})
            return fit

        def candidate(params: Params) -> Candidate:
            own = laid_over(settings, params)
            fits: list[Fit] = []
            for k in range(seeds):
                seeded = laid_over(own, {"seed": value_of(own, "seed") + k})
                digest = _digest([ground_digest, metric, dict(seeded.key)])
                fits.append(tried.get(digest) or fitted(seeded, digest))
            return _candidate(params, own, fits, metric)

        default = candidate({})

        def score(params: Params) -> float:
            own = laid_over(settings, params)
            one = default if own == settings else candidate(params)
            made[key_of(params)] = one
            return float(one.measured.mean(metric))

        def told(trial: Trial, number: int, of: int) -> None:
            if progress is not None:
                progress(made.get(key_of(trial.params)), number, of)

        if progress is not None:
            progress(default, 0, 0)
        _, edges = explore(
            score,
            values,
            check=lambda params: laid_over(settings, params),
            budget=budget,
            extend=extend,
            seed=value_of(settings, "seed"),
            progress=told,
        )
        tried.tidy()
    return _chosen(found, metric, seeds, default, [one for one in made.values() if one is not default], edges)


def checked(settings: Settings, grid: Mapping[str, Sequence[Any]]) -> dict[str, tuple[Any, ...]]:
    """The grid with values as the settings have them. UsageError for what there is not, or what cannot be tried."""
    if not grid:
        raise UsageError("nothing is to be tried; name settings with values, such as regularisation=50,200,800.")
    found: dict[str, tuple[Any, ...]] = {}
    for name, values in grid.items():
        if name in FIXED:
            raise UsageError(f"{name} is not for choosing: it says what judges, or how it is drawn. Set it instead.")
        found[name] = tuple(value_of(laid_over(settings, {name: value}), name) for value in values)
    return found


def _fitted(
    one: Settings,
    found: Ground,
    tried: Tried,
    kernels: dict[str, tuple[Any, Any, Mapping[str, Any]]],
    ground_digest: str,
    report: Report | None,
) -> FittedModel:
    if not isinstance(one, Kernelled):
        return one.fit(found.lessons, report=report)
    digest = _digest([ground_digest, one.key["tower"], one.like is None])
    if digest not in kernels:
        kernels[digest] = one.kernel(found.lessons, folder=tried.kernel(digest), report=report)
    return one.fit_by(found.lessons, *kernels[digest], report=report)


def _judged(model: FittedModel, found: Ground, metric: str, cutoff: int | None) -> Measured:
    # Every row is a like where there is no least value.
    like = float("-inf") if found.like is None else found.like
    cutoffs = CUTOFFS if cutoff is None else (cutoff,)
    ranked = full_ranking(model, found.split, rows=(found.row,), side="validation", like=like, cutoffs=cutoffs)
    measured = ranked[found.row].measured
    if metric not in measured.values:
        raise UnknownName("metric", metric, [name for name in measured.values if name.partition("@")[0] in METRICS])
    return measured


def _candidate(params: Params, settings: Settings, fits: Sequence[Fit], metric: str) -> Candidate:
    values: npt.NDArray[np.float64] = np.mean([fit.values for fit in fits], axis=0)
    measured = Measured(name="", unit="user", ids=fits[0].user_ids, values={metric: values}, whole={})
    found = Candidate(
        params=dict(params),
        settings=settings,
        measured=measured,
        interval=interval(values, seed=0),
        seconds=sum(fit.seconds for fit in fits),
    )
    return replace(found, measured=replace(measured, name=found.told))


def _chosen(
    found: Ground, metric: str, seeds: int, default: Candidate, others: Sequence[Candidate], edges: Sequence[Edge]
) -> Chosen:
    tests = adjusted([compare(one.measured, default.measured, metric, seed=0) for one in others]) if others else []
    told = [replace(one, against=test) for one, test in zip(others, tests, strict=True)]
    candidates = (default, *told)
    best = max(candidates, key=lambda one: one.interval.value)
    ahead = [one for one in told if one.against and one.against.difference > 0 and _p(one.against) < LEVEL]
    return Chosen(
        metric=metric,
        candidates=candidates,
        best=best,
        chosen=max(ahead, key=lambda one: one.interval.value) if ahead else default,
        split=found.split.name,
        row=found.row,
        users=len(default.measured.ids),
        seeds=seeds,
        put_away=found.put_away,
        # An end of what was tried says nothing where the default is better than all of it.
        edges=() if best is default else tuple(edges),
    )


def _p(test: Comparison) -> float:
    return test.p_permutation if test.p_holm is None else test.p_holm


def _cutoff(metric: str) -> int | None:
    family, _, cutoff = metric.partition("@")
    if family not in METRICS:
        raise UnknownName("metric to choose by", family, METRICS)
    if not cutoff:
        return None
    if not cutoff.isdecimal() or int(cutoff) < 1:
        raise UsageError(f"{metric!r} is no metric; write how long a list is as a whole number, such as {family}@10.")
    return int(cutoff)


def _digest(told: Any) -> str:
    return hashlib.blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=8).hexdigest()


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
