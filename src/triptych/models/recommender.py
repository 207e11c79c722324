"""Recommender: what a model becomes once it has learned. It scores items; ranking them is done in one place."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import History


class Recommender(Protocol):
    """A trained thing. Users and items are places in the lists of ids of the history it was fitted on.

    −1 is a stranger, a user of whom nothing is known.
    """

    def scores(self, users: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """float32 ``[len(users), items]``, higher is better, of all items, seen ones too; −inf: not to be recommended.

        What is equally good must score equal: whoever ranks breaks ties by lot, never by the order of the items.
        """
        ...


class Model(Protocol):
    """Settings, as a frozen dataclass. ``fit`` learns from this history alone and gives a trained thing."""

    @property
    def name(self) -> str:
        """What tables call it."""
        ...

    def fit(self, history: History) -> Recommender: ...
