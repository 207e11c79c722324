"""Epochs: learning in rounds, stopped by rows that nothing is learned from.

After each epoch the rows that choose are predicted. The epoch they were predicted best by is the one that counts; when
``patience`` epochs have gone by without a better one, no more are tried. Then everything is learned once more from all
training rows, for as many epochs (``refit``), or what was learned by then is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from triptych.catalogue.history import History
from triptych.models.collaborative.factors import Factors
from triptych.models.predictor import Asked, RatingLessons, Report


class Pupil(Protocol):
    """What learns in epochs, from rows it was made with."""

    def epoch(self, number: int) -> None: ...

    def factors(self) -> Factors:
        """As they are now; they do not change any more when it goes on learning."""
        ...


@dataclass(frozen=True, kw_only=True)
class Course:
    """``epochs`` at most; ``patience``; ``refit``: whether all rows are learned from at the end; ``seed``: of what is
    held back, where there is no validation."""

    epochs: int
    patience: int
    refit: bool
    seed: int

    def run(self, lessons: RatingLessons, pupil: Callable[[History], Pupil], report: Report | None) -> Factors:
        learn, choose = lessons.held_back(seed=self.seed)
        learning, best, least = pupil(learn), 0, np.inf
        kept: Factors | None = None
        curve: list[float] = []
        for number in range(1, self.epochs + 1):
            learning.epoch(number)
            now = learning.factors()
            curve.append(float(np.sqrt(np.mean((now.predict(Asked.of(choose)).mean - choose.values) ** 2))))
            if report:
                report("epoch", number, self.epochs)
            if curve[-1] < least:
                best, least, kept = number, curve[-1], now
            elif number - best >= self.patience:
                break
        assert kept is not None
        if self.refit and len(learn) < len(lessons.train):
            again = pupil(lessons.train)
            for number in range(1, best + 1):
                again.epoch(number)
                if report:
                    report("epoch once more", number, best)
            kept = again.factors()
        return replace(kept, facts={**kept.facts, "epochs": best, "validation_rmse": least, "curve": curve})
