"""Split: which interactions are learned from, which decide choices, and which judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import History
from triptych.errors import UsageError

UNUSED, TRAIN, VALIDATION, TEST, GIVEN = -1, 0, 1, 2, 3
SIDES = {"unused": UNUSED, "train": TRAIN, "validation": VALIDATION, "test": TEST, "given": GIVEN}


@dataclass(frozen=True, kw_only=True, eq=False)
class Split:
    """``side``: int8 ``[n]``, for each row of ``history`` one of :data:`SIDES`.

    ``params``: what the split was made by, so that it can be made again; ``name`` says it in words. ``disjoint``: what
    must not stand on both sides of it: ``pairs`` always, and ``items`` or ``users`` where the scenario promises that.
    Rows that are *given* are of users of the test: nothing learns from them, and they say what those users like when
    something is recommended to them.
    ``by_time``: whether it promises that nothing learned from is later than what judges it, for each user or for all.
    """

    history: History
    side: npt.NDArray[np.int8]
    name: str
    params: Mapping[str, Any] = field(default_factory=dict[str, Any])
    disjoint: tuple[str, ...] = ("pairs",)
    by_time: str = ""  # "", "user" or "all"

    def __post_init__(self) -> None:
        if len(self.side) != len(self.history):
            raise UsageError(f"a split of {len(self.side)} sides does not fit {len(self.history)} interactions.")
        if not np.isin(self.side, list(SIDES.values())).all():
            raise UsageError(f"the sides of a split are {', '.join(f'{v} ({k})' for k, v in SIDES.items())}.")

    @cached_property
    def train(self) -> History:
        return self.history.take(self.side == TRAIN)

    @cached_property
    def validation(self) -> History:
        return self.history.take(self.side == VALIDATION)

    @cached_property
    def test(self) -> History:
        return self.history.take(self.side == TEST)

    @cached_property
    def given(self) -> History:
        return self.history.take(self.side == GIVEN)

    @cached_property
    def told(self) -> History:
        """What is known of anybody's likes when recommending: what is learned from, and what is given."""
        return self.history.take(np.isin(self.side, (TRAIN, GIVEN)))

    @cached_property
    def cold_items(self) -> npt.NDArray[np.bool_]:
        """bool ``[items]``: those of which nothing is learned, be they judged or not."""
        return self.train.item_counts == 0

    @cached_property
    def cold_users(self) -> npt.NDArray[np.bool_]:
        """bool ``[users]``."""
        return self.train.user_counts == 0

    @property
    def train_item_ids(self) -> list[str]:
        """The items that anything may be learned from, content too: those that are learned of."""
        return [self.history.item_ids[k] for k in np.flatnonzero(~self.cold_items)]
