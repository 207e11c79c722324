"""RegSVD: a user and an item as biases and vectors, learned by stochastic gradient descent.

    r̂_ui = μ + b_u + b_i + q_i·p_u,     least  Σ (r_ui − r̂_ui)² + λ (b_u² + b_i² + |p_u|² + |q_i|²)

(Equations 6 and 7 of the audiovisual thesis; Funk 2006; Koren, Bell and Volinsky 2009, doi:10.1109/MC.2009.263.) The
penalty stands within the sum: who rated more is held back more. A step takes some hundred ratings at once, with the sum
of their gradients, so that it is about as many small steps; the penalty is an implicit step, which cannot overshoot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from triptych.catalogue.history import History
from triptych.models import lot, scores, settings
from triptych.models.collaborative.epochs import Course
from triptych.models.collaborative.factors import Factors, small, unit_of
from triptych.models.predictor import F64, RatingLessons, Report


@dataclass(frozen=True, kw_only=True)
class RegSVD:
    """``factors`` f; ``rate`` of learning; ``penalty`` λ of vectors and ``bias_penalty`` of biases; ``batch``: ratings
    at a time; ``spread``: standard deviation of the vectors at the start. ``epochs``, ``patience``, ``refit``: see
    :mod:`~triptych.models.collaborative.epochs`. Rates and penalties are meant in steps of a scale of five."""

    factors: int = 32
    rate: float = 0.01
    penalty: float = 0.12
    bias_penalty: float = 0.02
    batch: int = 1000
    spread: float = 0.03
    epochs: int = 150
    patience: int = 10
    refit: bool = True
    seed: int = 0
    name: str = "reg-svd"

    def __post_init__(self) -> None:
        settings.whole(self.name, factors=self.factors, batch=self.batch, epochs=self.epochs, patience=self.patience)
        settings.above_zero(self.name, rate=self.rate, spread=self.spread)
        settings.not_below_zero(self.name, penalty=self.penalty, bias_penalty=self.bias_penalty)

    @property
    def key(self) -> Mapping[str, Any]:
        return settings.key_of(self)

    def fit(self, lessons: RatingLessons, *, folder: Path | None = None, report: Report | None = None) -> Factors:
        course = Course(epochs=self.epochs, patience=self.patience, refit=self.refit, seed=self.seed)
        return course.run(lessons, lambda rows: _Pupil(self, lessons, rows), report)


class _Pupil:
    def __init__(self, model: RegSVD, lessons: RatingLessons, rows: History) -> None:
        self.model, self.lessons = model, lessons
        self.mean, self.unit = float(rows.values.mean(dtype=np.float64)), unit_of(lessons.scale)
        self.user, self.item = rows.users.astype(np.int64), rows.items.astype(np.int64)
        self.left = (rows.values.astype(np.float64) - self.mean) / self.unit
        self.lots = lot.drawn(
            lot.keys(rows.user_ids, "descent")[self.user],
            lot.keys(rows.item_ids, "descent")[self.item],
            seed=model.seed,
        )
        self.p = small(model, rows.user_ids, rows.user_counts, purpose="users")
        self.q = small(model, rows.item_ids, rows.item_counts, purpose="items")
        self.of_users, self.of_items = np.zeros(len(self.p)), np.zeros(len(self.q))

    def epoch(self, number: int) -> None:
        order = np.argsort(lot.scattered(self.lots, number), kind="stable")
        for start in range(0, len(order), self.model.batch):
            self._step(order[start : start + self.model.batch])

    def _step(self, rows: Any) -> None:
        model, user, item = self.model, self.user[rows], self.item[rows]
        p, q = self.p[user], self.q[item]
        error = self.left[rows] - self.of_users[user] - self.of_items[item] - (p * q).sum(axis=1)
        step = Step(rate=model.rate)
        for side, biases, own, other in ((user, self.of_users, self.p, q), (item, self.of_items, self.q, p)):
            who, count, gathered = gathers(side, error)
            biases[who] = step.taken(biases[who], gathered.sum(axis=1), bend=count, penalty=model.bias_penalty * count)
            bend = np.bincount(np.searchsorted(who, side), (other**2).sum(axis=1), len(who))
            own[who] = step.taken(own[who], gathered @ other, bend=bend, penalty=model.penalty * count)

    def factors(self) -> Factors:
        return Factors(
            lessons=self.lessons,
            mean=self.mean,
            unit=self.unit,
            of_users=self.of_users.copy(),
            of_items=self.of_items.copy(),
            users=self.p.copy(),
            items=self.q.copy(),
            facts={"parameters": self.p.size + self.q.size + len(self.p) + len(self.q)},
        )


def gathers(units: Any, weights: F64) -> tuple[Any, Any, Any]:
    """Who there is among ``units`` ``[n]``; how often; and a sparse ``[who, n]`` that adds up what is each one's, times
    ``weights``."""
    order = np.argsort(units, kind="stable")
    who, first, count = np.unique(units[order], return_index=True, return_counts=True)
    return (
        who,
        count,
        scores.sparse((weights[order], order, np.append(first, len(units))), shape=(len(who), len(units))),
    )


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step of many ratings at once, which cannot overshoot. ``rate`` η: of as many small steps."""

    rate: float

    def taken(self, values: F64, slope: F64, *, bend: Any, penalty: Any) -> F64:
        """(v + η g / (1 + η h)) / (1 + η λ): the slope g [who, f] of the squared error by what it bends, h [who], at
        most, and the penalty λ [who] at its end and not at its start. For a small η it is v + η (g − λ v)."""
        by, held = 1 + self.rate * bend, 1 + self.rate * penalty
        if values.ndim == 2:
            by, held = by[:, None], held[:, None]
        return (values + self.rate * slope / by) / held
