"""Predictor: what says how much a user would like an item, as a rating, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from triptych.errors import UsageError

F64 = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Prediction:
    """``mean``: float64 ``[n]``, on the scale of the ratings; ``sd``: float64 ``[n]`` where the model knows it."""

    mean: F64
    sd: F64 | None = None

    def __post_init__(self) -> None:
        if self.mean.ndim != 1 or (self.sd is not None and self.sd.shape != self.mean.shape):
            raise UsageError("a prediction is one mean for each pair and, where it is known, one standard deviation.")
        unsure = 0 if self.sd is None else int(np.count_nonzero(~(np.isfinite(self.sd) & (self.sd >= 0))))
        if unsure:
            raise UsageError(f"{unsure:,} of {len(self.mean):,} standard deviations are no numbers of 0 or more.")
        missing = int(np.count_nonzero(~np.isfinite(self.mean)))
        if missing:
            raise UsageError(
                f"{missing:,} of {len(self.mean):,} predictions are no finite numbers. A predictor answers for every "
                "pair: of what it knows nothing, it says what it would of anybody, such as the mean rating."
            )


class RatingPredictor(Protocol):
    """A trained thing. Users and items are places in the lists of ids of the history it was fitted on."""

    def predict(self, users: npt.NDArray[np.int64], items: npt.NDArray[np.int64]) -> Prediction:
        """Of each pair ``(users[k], items[k])``; of cold users and items too."""
        ...
