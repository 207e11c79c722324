"""Factors: a rating as a mean, two biases and the product of two vectors.

    r̂_ui = μ + b_u + b_i + q_i·p_u

(Koren, Bell and Volinsky 2009, doi:10.1109/MC.2009.263, equation 4.) Several models come to this by different ways,
and predict alike. Who had no row has a bias of 0 and a vector of zeros: of a cold item a user's own leaning is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from triptych.models import lot
from triptych.models.predictor import F64, Asked, Prediction, RatingLessons

#: Numbers held at a time while predicting.
CHUNK = 4_000_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Factors:
    """``users`` ``[users, f]`` and ``items`` ``[items, f]``; ``of_users`` and ``of_items``: their biases. ``unit``: by
    which all of them are multiplied, so that ``mean`` alone is a rating."""

    lessons: RatingLessons
    mean: float
    unit: float
    of_users: F64
    of_items: F64
    users: F64
    items: F64
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def predict(self, asked: Asked) -> Prediction:
        found = self.of_users[asked.users] + self.of_items[asked.items]
        size = max(1, CHUNK // max(self.users.shape[1], 1))
        for start in range(0, len(asked), size):
            part = asked.take(slice(start, start + size))
            found[start : start + size] += (self.users[part.users] * self.items[part.items]).sum(axis=1)
        return Prediction(mean=self.lessons.clipped(self.mean + self.unit * found))


def unit_of(scale: tuple[float, float]) -> float:
    """What a step of a scale of five is on this one. What is learned is learned in these steps, so that a setting means
    the same on every scale."""
    return (scale[1] - scale[0]) / 4


class Start(Protocol):
    """How vectors begin."""

    @property
    def factors(self) -> int: ...

    @property
    def spread(self) -> float: ...

    @property
    def seed(self) -> int: ...


def small(start: Start, ids: tuple[str, ...], counts: Any, *, purpose: str) -> F64:
    """``[ids, factors]``: numbers of a normal with a standard deviation of ``spread``, as seed and id decide; 0 for who
    has no row."""
    from scipy import special

    columns = lot.scattered(np.arange(start.factors, dtype=np.uint64), start.seed)
    drawn = lot.fractions(lot.drawn(lot.keys(ids, purpose)[:, None], columns, seed=start.seed)).astype(np.float64)
    ndtri: Any = getattr(special, "ndtri")  # noqa: B009
    return np.where(counts[:, None] > 0, start.spread * ndtri(drawn + 2.0**-25), 0.0)
