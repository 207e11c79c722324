"""RatingALS: biases and vectors by alternating least squares.

    r̂_ui = μ + b_u + b_i + q_i·p_u,     least  Σ (r_ui − r̂_ui)² + Σ_u λ_u (|p_u|² + b_u²) + Σ_i λ_i (|q_i|² + b_i²)

With the items held still, b_u and p_u together are the solution of f + 1 normal equations, and the other way round.
λ_u = λ n_u^ν: ν = 1 is the weighted λ of Zhou et al. 2008, *Large-scale parallel collaborative filtering for the
Netflix prize*, doi:10.1007/978-3-540-68880-8_32. What :mod:`triptych.models.als` factorises is what was seen; these
are ratings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from triptych.catalogue.history import History
from triptych.models import lot, settings
from triptych.models.collaborative.epochs import Course
from triptych.models.collaborative.factors import Factors, small, unit_of
from triptych.models.collaborative.padded import Padded
from triptych.models.predictor import F64, I64, RatingLessons, Report

#: Numbers held at a time for the normal equations: 64 MB.
CHUNK = 8_000_000


@dataclass(frozen=True, kw_only=True)
class RatingALS:
    """``factors`` f; ``penalty`` λ of vectors, ``bias_penalty`` of biases; ``power`` ν; ``spread``: standard deviation
    of the items' vectors at the start. ``epochs`` of both sides, ``patience``, ``refit``: see
    :mod:`~triptych.models.collaborative.epochs`."""

    factors: int = 32
    penalty: float = 1.4
    bias_penalty: float = 1.0
    power: float = 0.5
    spread: float = 0.1
    epochs: int = 40
    patience: int = 5
    refit: bool = True
    seed: int = 0
    name: str = "als"

    def __post_init__(self) -> None:
        settings.whole(self.name, factors=self.factors, epochs=self.epochs, patience=self.patience)
        settings.above_zero(self.name, penalty=self.penalty, bias_penalty=self.bias_penalty, spread=self.spread)
        settings.not_below_zero(self.name, power=self.power)

    @property
    def key(self) -> Mapping[str, Any]:
        return settings.key_of(self)

    def fit(self, lessons: RatingLessons, *, folder: Path | None = None, report: Report | None = None) -> Factors:
        course = Course(epochs=self.epochs, patience=self.patience, refit=self.refit, seed=self.seed)
        return course.run(lessons, lambda rows: _Pupil(self, lessons, rows), report)


class _Pupil:
    """``users``, ``items``: ``[…, 1 + f]``, the bias first."""

    def __init__(self, model: RatingALS, lessons: RatingLessons, rows: History) -> None:
        self.model, self.lessons = model, lessons
        self.mean, self.unit = float(rows.values.mean(dtype=np.float64)), unit_of(lessons.scale)
        # In an order of lots: that of the rows decides nothing, not even the last bit.
        lots = [lot.keys(ids, "alternating") for ids in (rows.user_ids, rows.item_ids)]
        rows = rows.take(np.lexsort((lots[1][rows.items], lots[0][rows.users])))
        self.user, self.item = rows.users.astype(np.int64), rows.items.astype(np.int64)
        self.left = (rows.values.astype(np.float64) - self.mean) / self.unit
        self.users = np.zeros((len(rows.user_ids), 1 + model.factors))
        vectors = small(model, rows.item_ids, rows.item_counts, purpose="items")
        self.items = np.hstack([np.zeros((len(vectors), 1)), vectors])
        self.by_user = Padded.by(self.user, len(self.users))
        self.by_item = Padded.by(self.item, len(self.items))

    def epoch(self, number: int) -> None:
        self.users = self._solved(self.by_user, self.item, self.items)
        self.items = self._solved(self.by_item, self.user, self.users)

    def _solved(self, by: Padded, other: I64, held_still: F64) -> F64:
        """``[units, 1 + f]``: the best bias and vector of each unit."""
        model, width = self.model, self.model.factors + 1
        found = np.zeros((len(by.counts), width))
        penalty = np.diag(np.append(model.bias_penalty, np.full(model.factors, model.penalty)))
        known = np.flatnonzero(by.counts)
        for which, length in by.alike(known, CHUNK // width // 2):
            for start in range(0, len(which), max(1, CHUNK // width**2)):
                units = known[which[start : start + max(1, CHUNK // width**2)]]
                place, held = by.window(units, length)
                rows = by.order[place]
                near = held_still[other[rows]]
                wanted = np.where(held, self.left[rows] - near[:, :, 0], 0)
                near[:, :, 0] = 1
                near *= held[:, :, None]
                turned = near.transpose(0, 2, 1)
                left = np.matmul(turned, near) + penalty * (by.counts[units] ** model.power)[:, None, None]
                found[units] = np.linalg.solve(left, np.matmul(turned, wanted[:, :, None]))[:, :, 0]
        return found

    def factors(self) -> Factors:
        return Factors(
            lessons=self.lessons,
            mean=self.mean,
            unit=self.unit,
            of_users=self.users[:, 0],
            of_items=self.items[:, 0],
            users=self.users[:, 1:],
            items=self.items[:, 1:],
            facts={"parameters": self.users.size + self.items.size},
        )
