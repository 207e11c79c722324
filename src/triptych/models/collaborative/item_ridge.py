"""ItemRidge: what an item's rating is off its bias, by ridge regression on all else that its raters did.

With e_uj = r_uj − b_uj what a rating is off the damped bias, f_u = (e_u, √γ · 1[rated]) / √n_u a row over all items, 0
where there is no rating, and f_u\\i the same without item i, the weights w_i of each item make least

    Σ_{u rated i} (e_ui − w_i·f_u\\i)² + λ |w_i|²,     r̂_ui = b_ui + w_i·f_u\\i

Unlike EASE (:mod:`triptych.models.ease`) it asks nothing of pairs without a rating. w_i is a sum of its raters' rows,
w_i = Σ_v α_vi f_v\\i with (K_i + λ I) α_i = e_i and K_i the products f_u\\i·f_v\\i of the raters (Saunders et al. 1998,
*Ridge regression learning algorithm in dual variables*), so that one number for each rating is all that is kept.

It holds a matrix of users × users, and with more than ``most_users`` of them it refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from triptych.errors import UsageError
from triptych.models import scores, settings
from triptych.models.collaborative.bias import Offsets, biases
from triptych.models.collaborative.factors import unit_of
from triptych.models.collaborative.padded import Padded
from triptych.models.predictor import F64, I64, Asked, Prediction, RatingLessons, Report

#: Products of rows held at a time while predicting.
CHUNK = 2_000_000


@dataclass(frozen=True, kw_only=True)
class ItemRidge:
    """``penalty`` λ; ``rated`` γ, how much it counts that an item was rated at all; ``damping`` of the bias. Both are
    meant in steps of a scale of five. ``most_users``: with users that have rows it takes 8 · users² bytes about three
    times over, 400 MB each for 7,000."""

    penalty: float = 2.0
    rated: float = 0.5
    damping: float = 3.0
    most_users: int = 7_000
    name: str = "item-ridge"

    def __post_init__(self) -> None:
        settings.above_zero(self.name, penalty=self.penalty)
        settings.not_below_zero(self.name, rated=self.rated, damping=self.damping)
        settings.whole(self.name, most_users=self.most_users)

    @property
    def key(self) -> Mapping[str, Any]:
        return settings.key_of(self)

    def fit(self, lessons: RatingLessons, *, folder: Path | None = None, report: Report | None = None) -> ItemWeights:
        rows, unit = lessons.train, unit_of(lessons.scale)
        known = np.flatnonzero(rows.user_counts)
        if len(known) > self.most_users:
            raise UsageError(
                f"{self.name} holds a matrix of users × users, which for {len(known):,} users takes "
                f"{8 * len(known) ** 2 / 2**30:.1f} GiB; it refuses above {self.most_users:,}. Raise most_users if "
                "there is memory for it, or choose item-knn, which needs no such matrix."
            )
        offsets = biases(rows, user=self.damping, item=self.damping, range_=lessons.scale[1] - lessons.scale[0])
        off = (rows.values - offsets.of(rows.users, rows.items)) / unit
        share = 1 / np.sqrt(rows.user_counts[rows.users])
        features = np.stack([off * share, np.sqrt(self.rated) * share])
        place = np.full(len(rows.user_ids), -1, np.int64)
        place[known] = np.arange(len(known))
        rater = place[rows.users]
        products = np.zeros((len(known), len(known)))
        for one in features:
            matrix: Any = scores.sparse((one, (rater, rows.items)), shape=(len(known), len(rows.item_ids)))
            products += (matrix @ matrix.T).toarray()
        by_item = Padded.by(rows.items, len(rows.item_ids))
        rater, features, off = rater[by_item.order], features[:, by_item.order], off[by_item.order]
        alpha = np.zeros(len(rows))
        items = np.flatnonzero(by_item.counts)
        for done, item in enumerate(items.tolist()):
            part = slice(by_item.starts[item], by_item.starts[item] + by_item.counts[item])
            own = features[:, part]
            # Without the item itself, which is what is to be told.
            left = products[np.ix_(rater[part], rater[part])] - own.T @ own
            left[np.diag_indices_from(left)] += self.penalty
            alpha[part] = np.linalg.solve(left, off[part])
            if report and (done % 100 == 0 or done + 1 == len(items)):
                report("items", done + 1, len(items))
        return ItemWeights(
            lessons=lessons,
            offsets=offsets,
            unit=unit,
            place=place,
            products=products,
            by_item=by_item,
            rater=rater,
            features=features,
            alpha=alpha,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class ItemWeights:
    """``place`` ``[users]``: in ``products`` ``[known, known]``, f_u·f_v, −1 for who has no row. For each training
    rating, in the order of ``by_item``: ``rater``, a place in ``products``; ``features`` ``[2, n]``, what the rater's
    row has there; and ``alpha``."""

    lessons: RatingLessons
    offsets: Offsets
    unit: float
    place: I64
    products: F64
    by_item: Padded
    rater: I64
    features: F64
    alpha: F64
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def predict(self, asked: Asked) -> Prediction:
        found = self.offsets.of(asked.users, asked.items)
        user = self.place[asked.users]
        warm = np.flatnonzero((user >= 0) & (self.by_item.counts[asked.items] > 0))
        for which, length in self.by_item.alike(asked.items[warm], CHUNK):
            pairs = warm[which]
            at, held = self.by_item.window(asked.items[pairs], length)
            weight = np.where(held, self.alpha[at], 0)
            rater = self.rater[at]
            told = (weight * self.products[user[pairs][:, None], rater]).sum(axis=1)
            # Of a pair that was learned from: what the user gave the item itself is no feature of its own.
            own = held & (rater == user[pairs][:, None])
            for one in self.features:
                told -= (own * one[at]).sum(axis=1) * (weight * one[at]).sum(axis=1)
            found[pairs] += self.unit * told
        return Prediction(mean=self.lessons.clipped(found))
