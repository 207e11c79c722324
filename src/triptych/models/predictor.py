"""Predictor: what says how much a user would like an item, as a rating, and how sure it is.

A rating model is settings. It is fitted to *ratings to learn from* and gives a predictor, which is asked about pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import UNTIMED, History
from triptych.errors import UsageError
from triptych.models import lot
from triptych.models.background import Background

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

#: What was done, how much of it, and of how much: ``report("epoch", 3, 50)``.
Report = Callable[[str, int, int], None]
#: The share of the training rows that a model holds back where it has to choose and is given nothing to choose by.
HELD = 0.1


@dataclass(frozen=True, kw_only=True, eq=False)
class Asked:
    """Pairs that are asked about: user ``users[k]`` of item ``items[k]`` at the time ``times[k]``, all int64 ``[n]``.

    Users and items are places in the lists of ids of the history that was learned from, and may be cold. ``times``, in
    seconds since 1970, are when the rating would be given: now, where a list is served; None where nobody knows.
    """

    users: I64
    items: I64
    times: I64 | None = None

    def __post_init__(self) -> None:
        if len(self.users) != len(self.items) or (self.times is not None and len(self.times) != len(self.users)):
            raise UsageError(f"{len(self.users)} users and {len(self.items)} items are asked about; each row has both.")

    @classmethod
    def of(cls, rows: History) -> Asked:
        """What the rows of a history tell, but for the ratings."""
        known = bool((rows.times != UNTIMED).all()) and len(rows) > 0
        return cls(
            users=rows.users.astype(np.int64),
            items=rows.items.astype(np.int64),
            times=rows.times.astype(np.int64) if known else None,
        )

    def __len__(self) -> int:
        return len(self.users)

    def take(self, which: npt.NDArray[Any] | slice) -> Asked:
        times = None if self.times is None else self.times[which]
        return Asked(users=self.users[which], items=self.items[which], times=times)


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


@dataclass(frozen=True, kw_only=True, eq=False)
class RatingLessons:
    """What a rating model is taught with. ``train``: the training side alone, one row at least.

    ``background``: what is known besides ratings, of all items and users of ``train``'s lists of ids, cold ones too.
    ``scale``: the least and the greatest rating there can be; predictions stay within. ``validation``: rows that
    nothing is learned from and that decide choices, such as when to stop; where items are to be cold, of cold items.
    None where there are none: a model that must choose then holds some back of ``train``, see :meth:`held_back`.
    """

    train: History
    scale: tuple[float, float]
    validation: History | None = None
    background: Background = field(default_factory=Background)

    def __post_init__(self) -> None:
        low, high = self.scale
        if not (np.isfinite(low) and np.isfinite(high) and low < high):
            raise UsageError(f"the scale goes from {low:g} to {high:g}; give the least rating and a greater one.")
        if not len(self.train):
            raise UsageError("there are no ratings to learn from; give one at least.")
        for rows, name in ((self.train, "training"), (self.validation, "validation")):
            off = 0 if rows is None else int(np.count_nonzero((rows.values < low) | (rows.values > high)))
            if off:
                raise UsageError(
                    f"{off:,} {name} ratings lie outside of the scale from {low:g} to {high:g}; give the scale they "
                    "are on."
                )
        self.background.check(items=len(self.train.item_ids), users=len(self.train.user_ids))

    @property
    def mean(self) -> float:
        """Of all training ratings: what is said of whom nothing is known."""
        return float(self.train.values.mean(dtype=np.float64))

    @property
    def learned_items(self) -> npt.NDArray[np.bool_]:
        """bool ``[items]``: those whose content may teach."""
        return self.train.item_counts > 0

    def clipped(self, mean: npt.NDArray[np.floating]) -> F64:
        """Within the scale."""
        return np.clip(mean.astype(np.float64), *self.scale)

    def held_back(self, *, seed: int, share: float = HELD) -> tuple[History, History]:
        """What to learn from and what to choose by: the validation that was given, or else ``share`` of the training
        rows, by a lot for each pair of ids. One row at least stays on each side; of a single row both are that row."""
        if self.validation is not None and len(self.validation):
            return self.train, self.validation
        rows = self.train
        if len(rows) == 1:
            return rows, rows
        users, items = lot.keys(rows.user_ids, "held back"), lot.keys(rows.item_ids, "held back")
        order = np.argsort(lot.drawn(users[rows.users], items[rows.items], seed=seed), kind="stable")
        number = min(max(round(len(rows) * share), 1), len(rows) - 1)
        held = np.zeros(len(rows), bool)
        held[order[:number]] = True
        return rows.take(~held), rows.take(held)


class RatingPredictor(Protocol):
    """A trained thing."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """JSON for readers: what was chosen and by what, epochs, parameters; an empty mapping where there is nothing
        to tell."""
        ...

    def predict(self, asked: Asked) -> Prediction:
        """Of each pair; of cold users and items too. What is said of a pair hangs on that pair alone."""
        ...


class RatingModel(Protocol):
    """Settings of one. ``key``: JSON of all that decides a number, so that what stands on disk is known again."""

    @property
    def name(self) -> str: ...

    @property
    def key(self) -> Mapping[str, Any]: ...

    def fit(
        self, lessons: RatingLessons, *, folder: Path | None = None, report: Report | None = None
    ) -> RatingPredictor:
        """``folder`` keeps checkpoints of those that train long: what was killed goes on, to the same bits."""
        ...
