"""RatingKNN: a rating told from those of like users, or from the user's own of like items.

Let x and z be users, and y an item (or x and z items, and y a user). With N the at most k units z most like x that
rated y (were rated by y), s their similarity, see :mod:`~triptych.models.collaborative.likeness`,

    mean       r̂_xy = m_x + Σ_N s_xz (r_zy − m_z) / Σ_N s_xz
    z-score    r̂_xy = m_x + d_x · Σ_N s_xz (r_zy − m_z) / d_z / Σ_N s_xz
    baseline   r̂_xy = b_xy + Σ_N s_xz (r_zy − b_zy) / Σ_N s_xz

m and d are the mean and the standard deviation of a unit's ratings, where d is 0 that of all ratings; b is the damped
bias. Herlocker et al. 1999, *An algorithmic framework for performing collaborative filtering*,
doi:10.1145/312624.312682; Koren 2010, *Factor in the neighbors*, doi:10.1145/1644873.1644874. Only units of a
similarity above 0 count; with fewer than ``min_k`` of them m_x or b_xy alone is said. A unit is never its own
neighbour.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from triptych.errors import UnknownName
from triptych.models import scores, settings
from triptych.models.collaborative.bias import Offsets, biases
from triptych.models.collaborative.likeness import SIMILARITIES, Likeness
from triptych.models.collaborative.padded import Padded
from triptych.models.predictor import F64, I64, Asked, Prediction, RatingLessons, Report

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "user-knn": {"of": "users", "off": "mean"},
    "user-knn-z": {"of": "users", "off": "z-score"},
    "item-knn": {"of": "items", "off": "mean"},
    "item-knn-z": {"of": "items", "off": "z-score"},
}
OF, OFF = ("users", "items"), ("mean", "z-score", "baseline")
TIES, COLD = ("shared", "rows"), ("bias", "mean")
#: Similarities held at a time: 8 MB, several times over while they are made. More are slower, out of the cache.
CHUNK = 1_000_000
#: Neighbours weighed at a time.
WEIGHED = 2_000_000
#: A standard deviation below this share of the scale is none: what rounding left of a constant rater.
CONSTANT = 1e-6


@dataclass(frozen=True, kw_only=True)
class RatingKNN:
    """``of``: users or items. ``off``: what ratings are taken off, mean, z-score or baseline. ``k``, ``min_k``;
    ``similarity``, ``support`` and ``shrink``, see :mod:`~triptych.models.collaborative.likeness`.

    ``ties``: where several are equally like and k has no room for all, they share what room there is, each counting in
    part (``shared``), or those go first whose rows do (``rows``, as scikit-surprise has it), so that the order of the
    rows decides. ``cold``: where user or item have no row, the damped bias of the one that has is said, or the mean of
    all ratings (``mean``, as scikit-surprise has it). ``damping``: of the bias, wherever it is needed.
    """

    of: str = "users"
    off: str = "mean"
    k: int = 40
    min_k: int = 1
    similarity: str = "residual"
    support: int = 1
    shrink: float = 100.0
    ties: str = "shared"
    cold: str = "bias"
    damping: float = 5.0
    name: str = "knn"

    def __post_init__(self) -> None:
        settings.one_of(f"side of {self.name}", self.of, OF)
        settings.one_of(f"centre of {self.name}", self.off, OFF)
        settings.one_of(f"similarity of {self.name}", self.similarity, SIMILARITIES)
        settings.one_of(f"order of ties of {self.name}", self.ties, TIES)
        settings.one_of(f"answer of {self.name} for what is cold", self.cold, COLD)
        settings.whole(self.name, k=self.k, min_k=self.min_k, support=self.support)
        settings.not_below_zero(self.name, shrink=self.shrink, damping=self.damping)

    @classmethod
    def preset(cls, preset: str, **given: Any) -> RatingKNN:
        if preset not in PRESETS:
            raise UnknownName("preset of nearest neighbours", preset, PRESETS)
        settings: dict[str, Any] = {"name": preset, **PRESETS[preset], **given}
        return cls(**settings)

    @property
    def key(self) -> Mapping[str, Any]:
        return settings.key_of(self)

    def fit(self, lessons: RatingLessons, *, folder: Path | None = None, report: Report | None = None) -> Neighbours:
        rows = lessons.train
        low, high = lessons.scale
        ratings = rows.values.astype(np.float64)
        offsets = biases(rows, user=self.damping, item=self.damping, range_=high - low)
        units, others = _sides(self.of, rows.users, rows.items)
        count, width = _sides(self.of, len(rows.user_ids), len(rows.item_ids))
        of_unit = np.maximum(np.bincount(units, minlength=count), 1)
        mean = np.bincount(units, ratings, count) / of_unit
        sd = np.ones(count)
        if self.off == "baseline":
            deviation = ratings - offsets.of(rows.users, rows.items)
        else:
            deviation = ratings - mean[units]
        if self.off == "z-score":
            whole = float(ratings.std())
            sd = np.sqrt(np.bincount(units, deviation**2, count) / of_unit)
            whole = whole if whole > CONSTANT * (high - low) else 1.0
            sd = np.where(sd > CONSTANT * (high - low), sd, whole)
            deviation = deviation / sd[units]
        told = {
            "residual": ratings - offsets.of(rows.users, rows.items),
            "cosine": ratings,
            # Neither hangs on where a scale starts, and from its start on the sums are exact for whole and half stars.
        }.get(self.similarity, (ratings - low) * 4 / (high - low))
        values = cast(Any, scores.sparse((told, (units, others)), shape=(count, width)))
        by_other = Padded.by(others, width)
        return Neighbours(
            model=self,
            lessons=lessons,
            offsets=offsets,
            likeness=Likeness.of(
                self.similarity, values, support=self.support, shrink=self.shrink, even=self.ties == "shared"
            ),
            mean=mean,
            sd=sd,
            known=np.bincount(units, minlength=count) > 0,
            by_other=by_other,
            unit=units[by_other.order].astype(np.int64),
            deviation=deviation[by_other.order],
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Neighbours:
    """``mean``, ``sd``, ``known`` ``[units]``. ``unit``, ``deviation`` ``[n]``: who gave each other's ratings (or was
    given them), and how far they are off, in the order of ``by_other``."""

    model: RatingKNN
    lessons: RatingLessons
    offsets: Offsets
    likeness: Likeness
    mean: F64
    sd: F64
    known: npt.NDArray[np.bool_]
    by_other: Padded
    unit: I64
    deviation: F64
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def predict(self, asked: Asked) -> Prediction:
        units, others = _sides(self.model.of, asked.users, asked.items)
        baseline = self.offsets.of(asked.users, asked.items)
        warm = self.known[units] & (self.by_other.counts[others] > 0)
        start = baseline if self.model.off == "baseline" else self.mean[units]
        found = np.where(warm, start, baseline if self.model.cold == "bias" else self.offsets.mean)
        pairs = np.flatnonzero(warm)
        pairs = pairs[np.argsort(units[pairs], kind="stable")]
        among, first = np.unique(units[pairs], return_index=True)
        size = max(1, CHUNK // len(self.known))
        for block in range(0, len(among), size):
            own = among[block : block + size]
            stop = first[block + size] if block + size < len(among) else len(pairs)
            these = pairs[first[block] : stop]
            similar = self.likeness.rows(own)
            at = np.asarray(np.searchsorted(own, units[these]), np.int64)
            for which, length in self.by_other.alike(others[these], WEIGHED):
                place, held = self.by_other.window(others[these[which]], length)
                near = np.where(held, similar[at[which][:, None], self.unit[place]], 0)
                off = self._weighed(near, self.deviation[place])
                found[these[which]] += off * self.sd[units[these[which]]]
        return Prediction(mean=self.lessons.clipped(found))

    def _weighed(self, near: F64, deviation: F64) -> F64:
        """``[p]``: the mean deviation of the nearest, weighted by similarity; 0 where there are too few."""
        weight = nearest(near, self.model.k, shared=self.model.ties == "shared")
        total = weight.sum(axis=1)
        enough = np.minimum(np.count_nonzero(near, axis=1), self.model.k) >= self.model.min_k
        enough &= total > 0
        return np.where(enough, (weight * deviation).sum(axis=1) / np.where(enough, total, 1), 0)


def nearest(near: F64, k: int, *, shared: bool) -> F64:
    """``near`` ``[p, n]``, none below 0, where it is among the k greatest of its row, and 0 elsewhere. Those that tie
    for the last places count in part, or else those that stand first count."""
    if near.shape[1] <= k:
        return near
    edge = np.partition(near, near.shape[1] - k, axis=1)[:, -k][:, None]
    above = near > edge
    tied = near == edge
    room = k - np.count_nonzero(above, axis=1)[:, None]
    if shared:
        return near * (above + tied * (room / np.count_nonzero(tied, axis=1)[:, None]))
    return near * (above | (tied & (np.cumsum(tied, axis=1) <= room)))


def _sides(of: str, users: Any, items: Any) -> tuple[Any, Any]:
    """Units and others."""
    return (users, items) if of == "users" else (items, users)
