"""Rows: the interactions of one record as numbers that its parts share, so that they can be held against each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import History
from triptych.evaluate.audit.findings import FEW, few
from triptych.evaluate.split import Split

Ints = npt.NDArray[np.int64]


def keys_among(rows: History, history: History) -> Ints:
    """The keys that ``history`` has for rows with ids of their own; −1 where it knows the user or the item not."""
    users = places_among(rows.user_ids, history.user_ids)[rows.users]
    items = places_among(rows.item_ids, history.item_ids)[rows.items]
    return np.where((users < 0) | (items < 0), -1, users * max(len(history.item_ids), 1) + items)


def distinct(keys: Ints) -> Ints:
    """Each once, ascending. By sorting: where numpy looks for whole numbers by hashing it takes ten times as long."""
    ordered = np.sort(keys)
    return ordered[np.r_[True, ordered[1:] != ordered[:-1]][: len(ordered)]]


def shared(one: Ints, other: Ints) -> Ints:
    """Those of both, where each has its own :func:`distinct`."""
    both = np.sort(np.concatenate([one, other]), kind="stable")  # two runs, which are merged
    return both[1:][both[1:] == both[:-1]]


def among(keys: Ints, known: Ints) -> npt.NDArray[np.bool_]:
    """bool ``[n]``: which of the keys, in any order, are of ``known``, which are :func:`distinct`."""
    places = np.minimum(np.searchsorted(known, keys), max(len(known) - 1, 0))
    return known[places] == keys if len(known) else np.zeros(len(keys), bool)


def beyond(one: Ints, other: Ints) -> Ints:
    """Those of ``one`` that ``other`` has not, where each has its own :func:`distinct`."""
    return one[~among(one, other)]


def places_among(ids: Sequence[str], known: Sequence[str]) -> Ints:
    """``[ids]``: where each stands in ``known``, −1 where it does not."""
    places = {name: k for k, name in enumerate(known)}
    return np.array([places.get(name, -1) for name in ids], np.int64)


def pairs(keys: Ints, history: History) -> str:
    """The first few pairs of users and items in words, and how many more there are."""
    width = max(len(history.item_ids), 1)
    shown = [f"{history.user_ids[key // width]}–{history.item_ids[key % width]}" for key in keys[:FEW].tolist()]
    return few(shown, len(keys))


def met(split: Split, unit: str, side: int) -> npt.NDArray[np.bool_]:
    """bool ``[users]`` or ``[items]``: those that rows of this side are of."""
    history = split.history
    ids, places = (history.user_ids, history.users) if unit == "users" else (history.item_ids, history.items)
    found = np.zeros(len(ids), bool)
    found[places[split.side == side]] = True
    return found
