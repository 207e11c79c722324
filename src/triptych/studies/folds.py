"""Folds: the splits that a protocol of a study asks for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from triptych.catalogue.history import History
from triptych.errors import UsageError
from triptych.evaluate import scenarios, splits
from triptych.evaluate.split import TEST, Split
from triptych.studies.protocol import Protocol


def folds_of(protocol: Protocol, history: History) -> list[Split]:
    """In order. Everything hangs on the protocol's seed and on the ids, nothing on the order of the interactions."""
    if not len(history):
        raise UsageError("there are no ratings of the items that are studied, so nothing can be judged.")
    match protocol.split:
        case "cold-items":
            return scenarios.cold_items(history, k=protocol.folds, seed=protocol.seed)
        case "cold-users":
            return scenarios.cold_users(history, k=protocol.folds, seed=protocol.seed)
        case "cold-both":
            return scenarios.cold_both(history, k=protocol.folds, seed=protocol.seed)
        case "per-user":
            return [splits.per_user(history, holdout=protocol.share, seed=protocol.seed)]
        case "leave-last":
            return [splits.leave_last(history, validation=False, seed=protocol.seed)]
        case "by-time":
            return [splits.by_time(history, share=protocol.share)]
        case _:
            # All ratings judge, so that nothing may be learned from any.
            side = np.full(len(history), TEST, np.int8)
            return [Split(history=history, side=side, name="all ratings judge", params={"kind": "all"})]


def learned_items(split: Split) -> Sequence[str]:
    """The items whose content may be learned from: those of the training side. Where all ratings judge there is no
    such side, and no item is held out."""
    return split.train_item_ids if len(split.train) else split.history.item_ids
