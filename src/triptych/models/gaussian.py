"""Gaussian: what a user thinks of all items as one draw from a normal, and of late as a drift about it.

    r_ui(t) = m + b_i + f_u(i) + g_u(t) + e,     f_u ~ N(0, K),  g_u ~ N(0, κ),  e ~ N(0, s²)

K ``[items, items]`` says which items are thought alike of. It is learned by expectation and maximisation over all
users, each of whom has rated few items (Yu et al. 2009, *Fast nonparametric matrix factorization for large-scale
collaborative filtering*, doi:10.1145/1571941.1571959), about a K₀ of what is written of items, which is worth ν users:
items that nobody has rated are in it too. With G_u = K + κ + s² I at the rows of u, and a_u = G_u⁻¹ (r_u − m − b),

    K ← (U K + η Σ_u K (a_u a_uᵀ − G_u⁻¹) K + ν K₀) / (U + ν)

where η = 1 is the step of the method itself and more goes faster. κ(t, t′) = c + Σ_v v exp(−|t − t′| / τ_v): what is
rated in one sitting has a mood in common, and what is sent off from one page still more. b has a normal prior too, of a
covariance K_b of content. The mean of a pair is that of f + g given the user's training rows, its variance theirs,
that of b and s². Where the split is not by time, a user's training rows may be later than the pair that is asked about.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import UNTIMED, History
from triptych.errors import UsageError
from triptych.models.background import Field
from triptych.models.fm.blocks import content, named
from triptych.models.fm.known import ALWAYS, REQUEST, TRAINING
from triptych.models.predictor import Asked, Prediction, RatingLessons, Report

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

#: By which fields items are alike, and how much of the variance of ratings each is worth.
CONTENT: Mapping[str, float] = {
    "genres?": 0.12,
    "people?": 0.06,
    "directors?": 0.06,
    "plot-words?": 0.06,
    "year?": 0.06,
}
#: What a page, a while, an evening and a week have in common: seconds, and how much of the variance.
MOODS = ((30.0, 0.06), (600.0, 0.06), (14_400.0, 0.04), (777_600.0, 0.05))


@dataclass(frozen=True, kw_only=True)
class Gaussian:
    """All variances are shares of the variance of the training ratings, so that one setting does for every scale.

    ``own`` and ``content``: K₀, of each item alone and by the field it is like others in; a name that ends in ``?`` is
    read where there is such a field. A sparse field's likeness is the cosine, a dense one's exp(−|z − z′|² / 2d) of
    its d standardised columns. ``mean_own``, ``mean_content``, ``mean_all``: the same of b, whose likeness is the mean
    of that of all fields. ``moods``: pairs of τ in seconds and v; ``constant``: c, how users differ in all they say.
    ``noise``: s². ``prior``: ν. ``iterations``, and ``step``: η, from 1 to below 3. ``spread``: what the standard
    deviation is multiplied by, so that 80 % of the validation rows of MovieLens 100K lay within the middle 80 %.
    ``most_items``: a matrix of items × items is held, and refused above it.
    """

    own: float = 0.08
    content: Mapping[str, float] = field(default_factory=lambda: dict(CONTENT))
    mean_own: float = 0.24
    mean_content: float = 0.3
    mean_all: float = 0.08
    moods: tuple[tuple[float, float], ...] = MOODS
    constant: float = 0.016
    noise: float = 0.52
    prior: float = 100.0
    iterations: int = 14
    step: float = 2.0
    spread: float = 0.8
    most_items: int = 10_000
    name: str = "gaussian"

    def __post_init__(self) -> None:
        object.__setattr__(self, "content", {str(k): float(v) for k, v in self.content.items()})
        object.__setattr__(self, "moods", tuple((float(tau), float(v)) for tau, v in self.moods))
        for setting in ("own", "mean_own", "noise", "spread"):
            if not (np.isfinite(getattr(self, setting)) and getattr(self, setting) > 0):
                raise UsageError(f"{setting} of {self.name} is {getattr(self, setting):g}; it is above 0.")
        for setting in ("mean_content", "mean_all", "constant", "prior"):
            if not (np.isfinite(getattr(self, setting)) and getattr(self, setting) >= 0):
                raise UsageError(
                    f"{setting} of {self.name} is {getattr(self, setting):g}; it is a number of 0 or more."
                )
        if not all(np.isfinite(v) and v >= 0 for v in self.content.values()):
            raise UsageError(f"the shares of content of {self.name} are numbers of 0 or more.")
        if not all(tau > 0 and v >= 0 and np.isfinite(tau + v) for tau, v in self.moods):
            raise UsageError(f"moods of {self.name} are pairs of seconds above 0 and a share of 0 or more.")
        if self.iterations < 0 or not 1 <= self.step < 3:
            raise UsageError(
                f"{self.name} is asked for {self.iterations} iterations of step {self.step:g}; of iterations there are "
                "0 or more, and a step is from 1 to below 3."
            )

    @property
    def key(self) -> Mapping[str, Any]:
        told = {one.name: getattr(self, one.name) for one in fields(self) if one.name not in ("name", "most_items")}
        return {
            "model": "Gaussian",
            **told,
            "moods": [list(pair) for pair in self.moods],
            "content": dict(self.content),
        }

    def fit(
        self, lessons: RatingLessons, *, folder: Path | None = None, report: Report | None = None
    ) -> GaussianPredictor:
        """``folder`` is left alone."""
        del folder
        train, count = lessons.train, len(lessons.train.item_ids)
        if count > self.most_items:
            raise UsageError(
                f"{self.name} holds a matrix of items × items, which for {count:,} items takes "
                f"{8 * count**2 / 2**30:.1f} GiB; it refuses above {self.most_items:,}."
            )
        likeness = {
            name: _likeness(one, lessons.learned_items)
            for name, one in named(
                lessons.background.items, tuple(self.content), f"field that {self.name} reads"
            ).items()
        }
        shares = {name.removesuffix("?"): share for name, share in self.content.items()}
        unit = float(train.values.var(dtype=np.float64))
        unit = unit if unit > 1e-12 else 1e-3 * (lessons.scale[1] - lessons.scale[0]) ** 2  # all ratings are alike
        start = self.own * np.eye(count) + sum(shares[name] * one for name, one in likeness.items())
        alike = sum(likeness.values()) / len(likeness) if likeness else 0.0
        means = self.mean_own * np.eye(count) + self.mean_content * alike + self.mean_all
        state = _State(model=self, train=train, usual=lessons.mean, unit=unit, likeness=unit * np.asarray(start))
        state.offsets = state.smoothed(train.values - state.usual, unit * means)
        for step in range(self.iterations):
            state.improved(unit * np.asarray(start), unit * means)
            if report:
                report("iteration", step + 1, self.iterations)
        state.doubts = state.doubted(unit * means)
        reads = [("user ids", TRAINING), ("item ids", TRAINING), *((name, ALWAYS) for name in likeness)]
        if self.moods and (train.times != UNTIMED).any():
            reads.append(("moment", f"{REQUEST}; how it is with the user's other ratings' times, {TRAINING}"))
        facts = {
            "reads": [{"name": name, "known": known} for name, known in reads],
            "not_there": [name for name in shares if name not in likeness],
            "noise_sd": float(np.sqrt(state.noise)),
            "taste_sd": float(np.sqrt(np.diagonal(state.likeness).mean())),
            "steps": state.steps,
        }
        return GaussianPredictor(lessons=lessons, state=state, spread=self.spread, facts=facts)


def _likeness(one: Field, learn: npt.NDArray[np.bool_]) -> F64:
    """float64 ``[items, items]``, 1 of a known item with itself and 0 of an unknown one with any other."""
    import scipy.sparse as sp

    if sp.issparse(one.values):
        rows = content(one, learn, reduce=1)
        return np.asarray((rows @ rows.T).toarray(), np.float64)
    rows = one.standard(learn).astype(np.float64)
    square = (rows**2).sum(axis=1)
    away = np.maximum(square[:, None] + square[None] - 2 * rows @ rows.T, 0)
    return np.where(one.mask[:, None] & one.mask[None], np.exp(-away / (2 * rows.shape[1])), 0)


@dataclass(kw_only=True, eq=False)
class _State:
    """What is learned: ``likeness`` K, ``offsets`` b and ``doubts``, their variance; ``unit``: the variance that shares
    are of; ``steps``: η of each iteration."""

    model: Gaussian
    train: History
    usual: float
    unit: float
    likeness: F64
    offsets: F64 = field(default_factory=lambda: np.zeros(0))
    doubts: F64 = field(default_factory=lambda: np.zeros(0))
    steps: list[float] = field(default_factory=list[float])

    def __post_init__(self) -> None:
        self.noise = self.unit * self.model.noise
        self.order = np.argsort(self.train.users, kind="stable")
        self.ends = np.concatenate([[0], np.cumsum(self.train.user_counts)])

    def rows(self, user: int) -> I64:
        return self.order[self.ends[user] : self.ends[user + 1]]

    def users(self) -> Iterator[tuple[I64, I64]]:
        """The training rows of each user who has any, and their items."""
        for user in np.flatnonzero(self.train.user_counts):
            rows = self.rows(int(user))
            yield rows, self.train.items[rows].astype(np.int64)

    def moods(self, times: I64, others: I64) -> F64:
        """κ, of all pairs; a time that is not known shares what is constant alone."""
        known = (times != UNTIMED)[:, None] & (others != UNTIMED)[None]
        away = np.abs(times[:, None] - others[None]).astype(np.float64)
        found = np.zeros(away.shape)
        for tau, share in self.model.moods:
            found += share * np.exp(-away / tau)
        return self.unit * (self.model.constant + np.where(known, found, 0))

    def own(self, items: I64) -> F64:
        """The variance of b + f + g, of each."""
        return (
            self.doubts[items]
            + self.likeness[items, items]
            + self.unit * (self.model.constant + sum(v for _, v in self.model.moods))
        )

    def inverse(self, rows: I64, items: I64) -> F64:
        """G⁻¹ of a user."""
        times = self.train.times[rows]
        covariance = self.likeness[np.ix_(items, items)] + self.moods(times, times)
        covariance[np.diag_indices(len(rows))] += self.noise
        return _inverse(covariance)

    def off(self, rows: I64, items: I64) -> F64:
        return self.train.values[rows].astype(np.float64) - self.usual - self.offsets[items]

    def smoothed(self, residuals: npt.NDArray[np.floating], prior: F64) -> F64:
        """b of all items, given what is left of each rating."""
        count = self.train.item_counts
        seen = np.flatnonzero(count)
        sums = np.bincount(self.train.items, weights=residuals, minlength=len(count))[seen]
        return prior[:, seen] @ np.linalg.solve(self._of_means(prior, seen), sums / count[seen])

    def doubted(self, prior: F64) -> F64:
        """The variance of b of each item that its ratings leave."""
        seen = np.flatnonzero(self.train.item_counts)
        told = np.linalg.solve(self._of_means(prior, seen), prior[seen])
        return np.maximum(np.diagonal(prior) - (prior[seen] * told).sum(axis=0), 0)

    def _of_means(self, prior: F64, seen: I64) -> F64:
        covariance = prior[np.ix_(seen, seen)]
        covariance[np.diag_indices(len(seen))] += self.unit / self.train.item_counts[seen]
        return covariance

    def improved(self, start: F64, means: F64) -> None:
        size = len(self.likeness)
        change, left, users = np.zeros((size, size)), np.zeros(len(self.train)), 0
        for rows, items in self.users():
            inverse, off = self.inverse(rows, items), self.off(rows, items)
            weight = inverse @ off
            change[np.ix_(items, items)] += np.outer(weight, weight) - inverse
            left[rows] = self.offsets[items] + self.noise * weight  # r − m − f − g
            users += 1
        moved = self.likeness @ change @ self.likeness
        prior, step = self.model.prior, self.model.step
        while True:
            found = (users * self.likeness + step * moved + prior * start) / (users + prior)
            found = (found + found.T) / 2
            # A step of 1 leaves a covariance a covariance; a longer one may not, and is cut.
            if step <= 1 or _sound(found):
                break
            step = max(1.0, step / 2)
        self.likeness = found
        self.steps.append(step)
        self.offsets = self.smoothed(left, means)


def _sound(covariance: F64) -> bool:
    try:
        np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        return False
    return True


def _inverse(covariance: F64) -> F64:
    """Of a positive definite matrix."""
    from scipy.linalg import lapack

    routines: Any = lapack
    lower, _ = routines.dpotrf(covariance, lower=1, clean=1)
    half, _ = routines.dpotri(lower, lower=1)
    half = np.tril(half)
    return half + np.tril(half, -1).T


@dataclass(frozen=True, kw_only=True, eq=False)
class GaussianPredictor:
    lessons: RatingLessons
    state: _State
    spread: float
    facts: Mapping[str, Any]

    def predict(self, asked: Asked) -> Prediction:
        state = self.state
        times = np.full(len(asked), UNTIMED) if asked.times is None else asked.times
        mean, variance = state.usual + state.offsets[asked.items], state.own(asked.items)
        order = np.argsort(asked.users, kind="stable")
        bounds = np.flatnonzero(np.diff(asked.users[order])) + 1
        for which in np.split(order, bounds):
            rows = state.rows(int(asked.users[which[0]])) if len(which) else np.zeros(0, np.int64)
            if not len(rows):
                continue
            items = state.train.items[rows].astype(np.int64)
            inverse = state.inverse(rows, items)
            near = state.likeness[np.ix_(asked.items[which], items)] + state.moods(
                times[which], state.train.times[rows]
            )
            mean[which] += near @ (inverse @ state.off(rows, items))
            variance[which] -= ((near @ inverse) * near).sum(axis=1)
        sd = np.sqrt(np.maximum(variance, 0) + state.noise) * self.spread
        return Prediction(mean=self.lessons.clipped(mean), sd=sd)
