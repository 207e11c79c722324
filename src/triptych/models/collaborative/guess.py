"""Guess: a rating drawn at random from a normal of the training ratings' mean and standard deviation.

What is drawn for a pair hangs on the seed and on its two ids, and is clipped to the scale, as every prediction is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np

from triptych.models import lot
from triptych.models.predictor import Asked, Prediction, RatingLessons, Report
from triptych.models.settings import key_of


@dataclass(frozen=True, kw_only=True)
class Guess:
    """``seed``: of the lots."""

    seed: int = 0
    name: str = "random"

    @property
    def key(self) -> Mapping[str, Any]:
        return key_of(self)

    def fit(self, lessons: RatingLessons, *, folder: Path | None = None, report: Report | None = None) -> Guesses:
        rows = lessons.train
        sd = float(rows.values.std(dtype=np.float64))
        return Guesses(
            lessons=lessons,
            sd=sd,
            users=lot.keys(rows.user_ids, "guess"),
            items=lot.keys(rows.item_ids, "guess"),
            seed=self.seed,
            facts={"mean": lessons.mean, "sd": sd},
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Guesses:
    """``users``, ``items``: a number for each id; ``sd``: of all training ratings."""

    lessons: RatingLessons
    sd: float
    users: lot.U64
    items: lot.U64
    seed: int
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def predict(self, asked: Asked) -> Prediction:
        from scipy import special

        lots = lot.drawn(self.users[asked.users], self.items[asked.items], seed=self.seed)
        # The middle of each step, so that neither 0 nor 1 is drawn, which no finite rating would belong to.
        drawn = lot.fractions(lots).astype(np.float64) + 2.0**-25
        normal = cast(Any, special).ndtri(drawn)
        return Prediction(mean=self.lessons.clipped(self.lessons.mean + self.sd * normal))
