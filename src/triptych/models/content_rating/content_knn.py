"""Content k-NN: an item is rated as the user rated the items most like it in content.

Eq. 15 of the audiovisual thesis, there as GenreCont on multi-hot genres with k = 5:

    r̂_ui = Σ_{j ∈ I_u,train}^{j ≤ k} sim(i, j) · r_uj  /  Σ_{j ∈ I_u,train}^{j ≤ k} sim(i, j)

over the k items most like i of those that user u rated in training (the thesis prints r_ui under the sum, of which the
rating asked for would be its own reason). No mean is taken off. What the equation leaves open is decided so:

- An item whose likeness is 0 or less is nobody's neighbour. So fewer than k may be, as where u rated fewer.
- Where several are equally like i and k has no room for all, they share what room there is, as in
  :mod:`triptych.models.neighbours`: of 30 tied for the last 2 places each counts 2/30. By genres most places are tied.
- Where there is no neighbour, what is said is the bias prediction, see :mod:`~triptych.models.content_rating.told`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.errors import UnknownName, UsageError
from triptych.models.content_rating import told
from triptych.models.content_rating.likeness import GRAIN, Likeness, names_of
from triptych.models.content_rating.told import Meeting, Told
from triptych.models.predictor import Asked, Prediction, RatingLessons, Report
from triptych.models.settings import key_of, whole

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "genre-cont": {"fields": ("genres",), "k": 5, "scaling": "none", "centre": "none", "damping": 0},
    "content-knn": {},
}


@dataclass(frozen=True, kw_only=True)
class ContentKNN:
    """``fields``, ``weights``, ``scaling``, ``scalings``: what is compared, see
    :mod:`~triptych.models.content_rating.likeness`. ``k``: neighbours. ``centre`` (``none`` or ``bias``) and
    ``damping``: see :mod:`~triptych.models.content_rating.told`."""

    name: str = "content-knn"
    fields: tuple[str, ...] = ()
    k: int = 40
    weights: Mapping[str, float] = field(default_factory=dict[str, float])
    scaling: str = "length"
    scalings: Mapping[str, str] = field(default_factory=dict[str, str])
    centre: str = "bias"
    damping: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", names_of(self.fields, model=self.name))
        whole(self.name, k=self.k)
        told.check(centre=self.centre, damping=self.damping, model=self.name)
        _ = self.likeness

    @classmethod
    def preset(cls, preset: str, **settings: Any) -> ContentKNN:
        if preset not in PRESETS:
            raise UnknownName("preset of content k-NN", preset, PRESETS)
        chosen: dict[str, Any] = {"name": preset, **PRESETS[preset], **settings}
        return cls(**chosen)

    @property
    def likeness(self) -> Likeness:
        return Likeness(fields=self.fields, weights=self.weights, scaling=self.scaling, scalings=self.scalings)

    @property
    def key(self) -> Mapping[str, Any]:
        plain = {"fields": list(self.fields), "weights": dict(self.weights), "scalings": dict(self.scalings)}
        return {**key_of(self), **plain, "bias": told.BIAS.key}

    def fit(
        self, lessons: RatingLessons, *, folder: Path | None = None, report: Report | None = None
    ) -> ContentNeighbourRatings:
        """Learns nothing but the scalings and the bias. ``folder`` and ``report`` have no use."""
        found = Told.of(lessons, self.likeness, centre=self.centre, damping=self.damping, model=self.name)
        return ContentNeighbourRatings(told=found, k=self.k)


@dataclass(frozen=True, kw_only=True, eq=False)
class ContentNeighbourRatings:
    """Looks for the neighbours of a pair when it is asked about."""

    told: Told
    k: int

    @property
    def facts(self) -> Mapping[str, Any]:
        return {"k": self.k, **self.told.facts}

    def predict(self, asked: Asked) -> Prediction:
        return Prediction(mean=self.predictions_by_k(asked, (self.k,))[0])

    def predictions_by_k(self, asked: Asked, ks: Sequence[int]) -> F64:
        """``[len(ks), n]``: what is said with each number of neighbours, all in one pass."""
        if not ks:
            raise UsageError("there is no k to predict by; give one at least.")
        for k in ks:
            whole("content k-NN", k=k)
        places, questions = np.array(ks, np.int64), self.told.questions(asked)
        total, weight = np.zeros((2, len(places), len(questions.users)))
        for meeting in self.told.meetings(questions):
            total[:, meeting.rows], weight[:, meeting.rows] = nearest(meeting, places)
        return self.told.said(asked, total[:, questions.of], weight[:, questions.of])


def nearest(meeting: Meeting, ks: I64) -> tuple[F64, F64]:
    """``[len(ks), n]`` each: Σ w r and Σ w over the k most similar, w the likeness times the share of the room."""
    n, width = len(meeting.rows), int(meeting.similar.shape[1])
    # Likeness and cell in one number, which sorts several times as fast as cells by likeness.
    keys: I64 = (meeting.similar * np.float32(GRAIN)).astype(np.int64) << 32
    keys |= np.arange(width)
    keys.sort(axis=1)
    keys = keys[:, ::-1]
    grains, cells = keys >> 32, (keys & 0xFFFFFFFF) + np.arange(0, n * width, width)[:, None]
    row = np.arange(n)
    # A cell that is like at all has one rating at least, so the k-th is among the first k cells.
    counts = np.cumsum(meeting.counts.ravel()[cells[:, : int(ks.max())]], axis=1)
    start, stop = np.zeros((2, len(ks), n), np.int64)
    for place, k in enumerate(ks.tolist()):
        # Cells as similar as that of the k-th stand from ``start`` to ``stop``; at 0 there is no need to know.
        kth = np.minimum((counts < k).sum(axis=1), counts.shape[1] - 1)
        last = grains[row, kth, None]
        start[place] = (grains > last).sum(axis=1)
        stop[place] = np.where(last[:, 0] > 0, (grains >= last).sum(axis=1), start[place])
    cells: I64 = cells[:, : int(stop.max())]
    similar, counted = meeting.similar.ravel()[cells], meeting.counts.ravel()[cells]
    sums = np.zeros((3, n, cells.shape[1] + 1))
    for into, cell in zip(sums, (counted, similar * counted, similar * meeting.sums.ravel()[cells]), strict=True):
        np.cumsum(cell, axis=1, out=into[:, 1:])
    before, after = sums[:, row, start], sums[:, row, stop]
    # k − before places are left for those from ``start`` to ``stop``, which share them.
    share = np.clip((ks[:, None] - before[0]) / np.maximum(after[0] - before[0], 1), 0, 1)
    weight, total = before[1:] + share * (after[1:] - before[1:])
    return total, weight
