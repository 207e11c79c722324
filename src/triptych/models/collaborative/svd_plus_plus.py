"""SVDPlusPlus: RegSVD, and vectors of the items that a user rated, whatever the ratings were.

    r̂_ui = μ + b_u + b_i + q_i·(p_u + |N_u|^−½ Σ_{j ∈ N_u} y_j)

Koren 2008, *Factorization meets the neighborhood*, doi:10.1145/1401890.1401944, equation 15. N_u is what the user rated
among the rows learned from. A step takes all ratings of some users, so that what they rated is added up once for each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from triptych.catalogue.history import History
from triptych.models import lot, scores, settings
from triptych.models.collaborative.epochs import Course
from triptych.models.collaborative.factors import Factors, small, unit_of
from triptych.models.collaborative.reg_svd import Step, gathers
from triptych.models.predictor import F64, I64, RatingLessons, Report


@dataclass(frozen=True, kw_only=True)
class SVDPlusPlus:
    """As :class:`~triptych.models.collaborative.reg_svd.RegSVD` has them. ``batch``: ratings at a time, about; those of
    one user are never parted. ``implicit_penalty``: of the vectors y."""

    factors: int = 32
    rate: float = 0.007
    penalty: float = 0.1
    bias_penalty: float = 0.005
    implicit_penalty: float = 0.002
    batch: int = 1000
    spread: float = 0.03
    epochs: int = 150
    patience: int = 6
    refit: bool = True
    seed: int = 0
    name: str = "svd++"

    def __post_init__(self) -> None:
        settings.whole(self.name, factors=self.factors, batch=self.batch, epochs=self.epochs, patience=self.patience)
        settings.above_zero(self.name, rate=self.rate, spread=self.spread)
        penalties = {"bias_penalty": self.bias_penalty, "implicit_penalty": self.implicit_penalty}
        settings.not_below_zero(self.name, penalty=self.penalty, **penalties)

    @property
    def key(self) -> Mapping[str, Any]:
        return settings.key_of(self)

    def fit(self, lessons: RatingLessons, *, folder: Path | None = None, report: Report | None = None) -> Factors:
        course = Course(epochs=self.epochs, patience=self.patience, refit=self.refit, seed=self.seed)
        return course.run(lessons, lambda rows: _Pupil(self, lessons, rows), report)


class _Pupil:
    def __init__(self, model: SVDPlusPlus, lessons: RatingLessons, rows: History) -> None:
        self.model, self.lessons, self.rows = model, lessons, rows
        self.mean, self.unit = float(rows.values.mean(dtype=np.float64)), unit_of(lessons.scale)
        # In an order of the items' lots: that of the rows decides nothing, not even the last bit.
        lots = lot.keys(rows.item_ids, "descent")[rows.items]
        order = np.lexsort((lots, rows.users))
        self.item, self.counts = rows.items[order].astype(np.int64), rows.user_counts
        self.starts = np.cumsum(self.counts) - self.counts
        self.left = (rows.values[order].astype(np.float64) - self.mean) / self.unit
        self.who = np.flatnonzero(self.counts)
        self.lots = lot.keys(rows.user_ids, "descent")[self.who]
        self.p = small(model, rows.user_ids, rows.user_counts, purpose="users")
        self.q = small(model, rows.item_ids, rows.item_counts, purpose="items")
        self.y = small(model, rows.item_ids, rows.item_counts, purpose="rated")
        self.of_users, self.of_items = np.zeros(len(self.p)), np.zeros(len(self.q))

    def epoch(self, number: int) -> None:
        users = self.who[np.argsort(lot.scattered(lot.scattered(self.lots, self.model.seed), number), kind="stable")]
        batch = (np.cumsum(self.counts[users]) - 1) // self.model.batch
        for some in np.split(users, np.flatnonzero(np.diff(batch)) + 1):
            self._step(some)

    def _step(self, users: Any) -> None:
        model, counts = self.model, self.counts[users]
        stops = np.cumsum(counts)
        places = self._places(users, counts)
        item, user = self.item[places], np.repeat(np.arange(len(users)), counts)
        who, column, times = np.unique(item, return_inverse=True, return_counts=True)
        # A copy, which is put in order there.
        rated = scores.sparse((_weights(counts), column.copy(), np.append(0, stops)), shape=(len(users), len(who)))
        p = (self.p[users] + cast(Any, rated) @ self.y[who])[user]
        q = self.q[item]
        error = self.left[places] - self.of_users[users][user] - self.of_items[item] - (p * q).sum(axis=1)
        of_user = scores.sparse((error, np.arange(len(item)), np.append(0, stops)), shape=(len(users), len(item)))
        pull = cast(Any, of_user) @ q
        of_item = gathers(column, error)[2]
        step, size = Step(rate=model.rate), (q**2).sum(axis=1)
        self.of_users[users] = step.taken(
            self.of_users[users], cast(Any, of_user).sum(axis=1), bend=counts, penalty=model.bias_penalty * counts
        )
        self.of_items[who] = step.taken(
            self.of_items[who], of_item.sum(axis=1), bend=times, penalty=model.bias_penalty * times
        )
        bend = np.bincount(user, size, len(users))
        self.p[users] = step.taken(self.p[users], pull, bend=bend, penalty=model.penalty * counts)
        turned = cast(Any, rated).T
        # Each of a user's ratings holds back all that the user rated.
        weight = (turned != 0) @ counts.astype(np.float64)
        self.y[who] = step.taken(
            self.y[who], turned @ pull, bend=turned.power(2) @ bend, penalty=model.implicit_penalty * weight
        )
        bend = np.bincount(column, (p**2).sum(axis=1), len(who))
        self.q[who] = step.taken(self.q[who], of_item @ p, bend=bend, penalty=model.penalty * times)

    def _places(self, users: I64, counts: I64) -> I64:
        """Where the ratings of these users stand, one user after the other."""
        stops = np.cumsum(counts)
        return np.arange(int(stops[-1])) + np.repeat(self.starts[users] - (stops - counts), counts)

    def factors(self) -> Factors:
        stops = np.append(0, np.cumsum(self.counts))
        rated = scores.sparse((_weights(self.counts), self.item.copy(), stops), shape=(len(self.p), len(self.q)))
        return Factors(
            lessons=self.lessons,
            mean=self.mean,
            unit=self.unit,
            of_users=self.of_users.copy(),
            of_items=self.of_items.copy(),
            users=self.p + cast(Any, rated) @ self.y,
            items=self.q.copy(),
            facts={"parameters": self.p.size + self.q.size + self.y.size + len(self.p) + len(self.q)},
        )


def _weights(counts: I64) -> F64:
    """|N_u|^−½ for each rating of users with so many, one user after the other."""
    return np.repeat(1 / np.sqrt(np.maximum(counts, 1)), counts)
