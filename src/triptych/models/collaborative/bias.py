"""Bias: the mean rating, and how far a user and an item are off it.

    r̂_ui = μ + b_u + b_i,     least  Σ (r_ui − μ − b_u − b_i)² + λ_U Σ b_u² + λ_I Σ b_i²

Koren, Bell and Volinsky 2009, *Matrix factorization techniques for recommender systems*, doi:10.1109/MC.2009.263. With
the items held still each b_u is a sum of residuals divided by n_u + λ_U, and the other way round; taken by turns they
come to the one solution there is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from triptych.catalogue.history import History
from triptych.models.predictor import F64, Asked, Prediction, RatingLessons, Report
from triptych.models.settings import key_of, not_below_zero

#: What a damping is chosen from where none is given.
DAMPINGS = (0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0, 40.0)
#: Turns at most, and the share of the scale below which no bias moves any more.
TURNS, STILL = 500, 1e-12
#: The same while one is chosen; and where choosing starts.
NEARLY, ROUGHLY = 1e-6, 5.0


@dataclass(frozen=True, kw_only=True)
class Bias:
    """``user_damping`` λ_U and ``item_damping`` λ_I: so many ratings of just the mean are thought to be there already.
    None: chosen by what is held back of the training rows, of :data:`DAMPINGS`, before all rows are learned from.
    ``seed``: of what is held back."""

    user_damping: float | None = None
    item_damping: float | None = None
    seed: int = 0
    name: str = "bias"

    def __post_init__(self) -> None:
        not_below_zero(self.name, user_damping=self.user_damping or 0.0, item_damping=self.item_damping or 0.0)

    @property
    def key(self) -> Mapping[str, Any]:
        return key_of(self)

    def fit(self, lessons: RatingLessons, *, folder: Path | None = None, report: Report | None = None) -> Biases:
        user, item, facts = self._chosen(lessons, report)
        found = biases(lessons.train, user=user, item=item, range_=lessons.scale[1] - lessons.scale[0])
        return Biases(lessons=lessons, offsets=found, facts={"user_damping": user, "item_damping": item, **facts})

    def _chosen(self, lessons: RatingLessons, report: Report | None) -> tuple[float, float, dict[str, Any]]:
        """Both dampings. Where both are open, that of items is chosen, then that of users, then that of items again."""
        sides = [number for number, one in enumerate((self.item_damping, self.user_damping)) if one is None]
        at = [ROUGHLY if one is None else one for one in (self.item_damping, self.user_damping)]
        if not sides:
            return at[1], at[0], {}
        learn, choose = lessons.held_back(seed=self.seed)
        turns = [*sides, sides[0]] if len(sides) > 1 else sides
        errors: dict[tuple[float, float], float] = {}
        for done, side in enumerate(turns):
            for tried in DAMPINGS:
                at[side] = tried
                if (at[1], at[0]) not in errors:
                    errors[at[1], at[0]] = self._error(learn, choose, lessons, user=at[1], item=at[0])
            at[1], at[0] = min(errors, key=errors.__getitem__)
            if report:
                report("damping", done + 1, len(turns))
        return at[1], at[0], {"tried": len(errors), "validation_rmse": errors[at[1], at[0]]}

    def _error(self, learn: History, choose: History, lessons: RatingLessons, *, user: float, item: float) -> float:
        found = biases(learn, user=user, item=item, range_=lessons.scale[1] - lessons.scale[0], still=NEARLY)
        told = lessons.clipped(found.of(choose.users, choose.items))
        return float(np.sqrt(np.mean((told - choose.values) ** 2)))


@dataclass(frozen=True, kw_only=True, eq=False)
class Offsets:
    """``mean`` μ; ``users`` b_u ``[users]`` and ``items`` b_i ``[items]``, 0 for those without a row."""

    mean: float
    users: F64
    items: F64

    def of(self, users: Any, items: Any) -> F64:
        """Of each pair, not clipped."""
        return self.mean + self.users[users] + self.items[items]


@dataclass(frozen=True, kw_only=True, eq=False)
class Biases:
    lessons: RatingLessons
    offsets: Offsets
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def predict(self, asked: Asked) -> Prediction:
        return Prediction(mean=self.lessons.clipped(self.offsets.of(asked.users, asked.items)))


def biases(rows: History, *, user: float, item: float, range_: float, still: float = STILL) -> Offsets:
    """The solution, with λ_U ``user`` and λ_I ``item``; ``range_``: greatest rating less the least."""
    mean = float(rows.values.mean(dtype=np.float64))
    left = rows.values.astype(np.float64) - mean
    of_users, of_items = np.zeros(len(rows.user_ids)), np.zeros(len(rows.item_ids))
    # A damping of 0 leaves 0 / 0 for who has no row; its sum is 0, so any other divisor will do.
    by_user, by_item = np.maximum(rows.user_counts + user, 1e-9), np.maximum(rows.item_counts + item, 1e-9)
    for _ in range(TURNS):
        last_users, last_items = of_users, of_items
        of_items = np.bincount(rows.items, left - of_users[rows.users], len(of_items)) / by_item
        of_users = np.bincount(rows.users, left - of_items[rows.items], len(of_users)) / by_user
        moved = max(np.abs(of_users - last_users).max(), np.abs(of_items - last_items).max())
        if moved <= still * range_:
            break
    return Offsets(mean=mean, users=of_users, items=of_items)
