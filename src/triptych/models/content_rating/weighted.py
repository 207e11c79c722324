"""Content-weighted: an item is rated as the user rated all others, each weighted by how like it is.

Eq. 1 of Lehmann et al. 2021, with the items j that user u rated in training:

    r̂_ui = Σ_j sim(i, j) / Σ_j' sim(i, j') · r_uj

Of the paper's example, where A and B are .92 and .34 like D and were rated 5 and 2: .92/1.26 · 5 + .34/1.26 · 2 = 4.19.
The paper has likenesses between 0 ("complete dissimilarity") and 1, and does not say how they come from embeddings,
whose cosine may be below 0. ``similarity``: the ``cosine``, where below 0 is 0; or ``shifted``, (1 + cosine) / 2.
``power``: to which it is raised; 1 is the paper's. The higher, the more those that are most like count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from triptych.models.content_rating import told
from triptych.models.content_rating.likeness import Likeness, names_of
from triptych.models.content_rating.told import Told
from triptych.models.predictor import Asked, Prediction, RatingLessons, Report
from triptych.models.settings import above_zero, key_of, one_of

SIMILARITIES = ("cosine", "shifted")


@dataclass(frozen=True, kw_only=True)
class ContentWeighted:
    """``fields``, ``weights``, ``scaling``, ``scalings``: what is compared, see
    :mod:`~triptych.models.content_rating.likeness`. ``centre`` (``none`` or ``bias``) and ``damping``: see
    :mod:`~triptych.models.content_rating.told`."""

    name: str = "content-weighted"
    fields: tuple[str, ...] = ()
    similarity: str = "cosine"
    power: float = 1.0
    weights: Mapping[str, float] = field(default_factory=dict[str, float])
    scaling: str = "length"
    scalings: Mapping[str, str] = field(default_factory=dict[str, str])
    centre: str = "none"
    damping: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", names_of(self.fields, model=self.name))
        one_of("similarity", self.similarity, SIMILARITIES)
        above_zero(self.name, power=self.power)
        told.check(centre=self.centre, damping=self.damping, model=self.name)
        _ = self.likeness

    @property
    def likeness(self) -> Likeness:
        return Likeness(fields=self.fields, weights=self.weights, scaling=self.scaling, scalings=self.scalings)

    @property
    def key(self) -> Mapping[str, Any]:
        plain = {"fields": list(self.fields), "weights": dict(self.weights), "scalings": dict(self.scalings)}
        return {**key_of(self), **plain, "bias": told.BIAS.key}

    def fit(
        self, lessons: RatingLessons, *, folder: Path | None = None, report: Report | None = None
    ) -> ContentWeightedRatings:
        """Learns nothing but the scalings and the bias. ``folder`` and ``report`` have no use."""
        found = Told.of(lessons, self.likeness, centre=self.centre, damping=self.damping, model=self.name)
        return ContentWeightedRatings(told=found, shifted=self.similarity == "shifted", power=self.power)


@dataclass(frozen=True, kw_only=True, eq=False)
class ContentWeightedRatings:
    told: Told
    shifted: bool
    power: float

    @property
    def facts(self) -> Mapping[str, Any]:
        return {"power": self.power, **self.told.facts}

    def predict(self, asked: Asked) -> Prediction:
        questions = self.told.questions(asked)
        total, weight = np.zeros((2, len(questions.users)))
        for meeting in self.told.meetings(questions, shifted=self.shifted):
            similar = meeting.similar.astype(np.float64)
            if self.power != 1:
                similar **= self.power
            total[meeting.rows] = (similar * meeting.sums).sum(axis=1)
            weight[meeting.rows] = (similar * meeting.counts).sum(axis=1)
        return Prediction(mean=self.told.said(asked, total[questions.of], weight[questions.of]))
