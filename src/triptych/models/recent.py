"""Recent: what was already known, looked at from now: a user's last rows count more, and so do everybody's.

*Recent EASE* learns which items go together from all rows alike, and asks with a user's row weighed by recency
(:mod:`~triptych.models.recency`): what goes together does not change in a week, what a user is up to does.
*Recent popularity* counts each row by 2^(−a / h), where a is the share of all rows that are later than it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from triptych.catalogue.history import History
from triptych.errors import UsageError
from triptych.models import recency, scores
from triptych.models.ease import EASE, ItemWeights
from triptych.models.popularity import Counted

#: What tuned ones are chosen from, unless a study says otherwise.
GRID: Mapping[str, Sequence[Any]] = {
    "regularisation": (30.0, 100.0, 300.0, 1000.0),
    "half_life_rows": (3.0, 10.0, 30.0),
    "floor": (0.05, 0.2),
}
POPULARITY_GRID: Mapping[str, Sequence[float]] = {"half_life": (0.01, 0.02, 0.05, 0.1, 0.2, 0.4)}


@dataclass(frozen=True, kw_only=True)
class RecentEASE:
    """``regularisation`` λ and ``most_items`` as in :class:`~triptych.models.ease.EASE`, learned from all rows;
    ``half_life_rows``, ``floor``, ``like`` and ``other`` as in :func:`~triptych.models.recency.weights`."""

    regularisation: float = 100.0
    half_life_rows: float | None = 10.0
    floor: float = 0.2
    like: float | None = 4.0
    other: float = 0.5
    most_items: int = 20_000
    name: str = "recent EASE"

    def __post_init__(self) -> None:
        EASE(regularisation=self.regularisation)
        recency.check(half_life_rows=self.half_life_rows, floor=self.floor, other=self.other)

    def fit(self, history: History) -> ItemWeights:
        scores.needed(history, self.name)
        plain = EASE(regularisation=self.regularisation, most_items=self.most_items, name=self.name).fit(history)
        rows = recency.weights(
            history, half_life_rows=self.half_life_rows, floor=self.floor, like=self.like, other=self.other
        )
        kept = scores.sparse(cast(Any, rows)[:, plain.items])
        return ItemWeights(rows=kept, items=plain.items, weights=plain.weights, count=plain.count)


@dataclass(frozen=True, kw_only=True)
class RecentPopularity:
    """``half_life``: the share of all rows after which a row counts half. ``like``: the least value that counts, None
    for all rows. Where no times are known, all rows are of one moment and count alike."""

    half_life: float = 0.05
    like: float | None = 4.0
    name: str = "recent popularity"

    def __post_init__(self) -> None:
        if not self.half_life > 0:
            raise UsageError(f"half_life is {self.half_life:g}; it is a share of all rows, above 0.")

    def fit(self, history: History) -> Counted:
        scores.needed(history, self.name, like=self.like)
        weight = np.exp2(-recency.ages(history) / self.half_life)
        if self.like is not None:
            weight = np.where(history.values >= self.like, weight, 0)
        counts = np.bincount(history.items, weights=weight, minlength=len(history.item_ids)).astype(np.float64)
        return Counted(counts=scores.even(counts), users=len(history.user_ids))
