"""Recommender: what a model becomes once it has learned. It scores items; ranking them is done in one place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

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


@dataclass(frozen=True, kw_only=True, eq=False)
class Rough:
    """Scores of some users, quickly: ``scores`` float32 ``[u, items]``, each no further than ``off`` float32 ``[u]``
    from what :meth:`Recommender.scores` says, and free to be written over. ``exact``: that itself, float32 ``[k]``, of
    pairs: which of the users, and the place of an item."""

    scores: npt.NDArray[np.float32]
    off: npt.NDArray[np.float32]
    exact: Callable[[npt.NDArray[np.int64], npt.NDArray[np.int64]], npt.NDArray[np.float32]]


@runtime_checkable
class Roughly(Protocol):
    """A recommender that need not score exactly what will not be listed anyway."""

    def rough(self, users: npt.NDArray[np.int64]) -> Rough: ...


class Model(Protocol):
    """Settings, as a frozen dataclass. ``fit`` learns from this history alone and gives a trained thing."""

    @property
    def name(self) -> str:
        """What tables call it."""
        ...

    def fit(self, history: History) -> Recommender: ...
