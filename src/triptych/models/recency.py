"""Recency: how much each row of a user tells of what they want now, by how late it is and by what it is worth.

What a user had last says more of what comes next than what they had first. The k-th latest row of a user, k from 0 on,
counts

    w = v (2^(−k / h) + f),     v = 1 of a value that is a like, else what other values are worth

with a half-life of h rows and a floor of f, which is what the oldest row keeps. Rows are counted and not seconds: a
user who comes back after a year has forgotten no more than one who comes back after a day.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from triptych.catalogue.history import History
from triptych.errors import UsageError
from triptych.models import scores

F64 = npt.NDArray[np.float64]


def weights(
    history: History,
    *,
    half_life_rows: float | None = 10.0,
    floor: float = 0.2,
    like: float | None = 4.0,
    other: float = 0.5,
) -> sp.csr_array:
    """float64 ``[users, items]``: w of each row; a row that counts nothing is left out.

    ``half_life_rows`` None: all rows are as recent. ``like``: the least value that is a like, None for all; ``other``:
    what the rest is worth. Rows of one moment share their places, and those of an unknown time stand before all others.
    """
    check(half_life_rows=half_life_rows, floor=floor, other=other)
    worth = np.ones(len(history)) if like is None else np.where(history.values >= like, 1.0, other)
    if half_life_rows is not None:
        worth = worth * (np.exp2(-ranks(history) / half_life_rows) + floor)
    keep = worth > 0
    shape = (len(history.user_ids), len(history.item_ids))
    return scores.sparse((worth[keep], (history.users[keep], history.items[keep])), shape=shape)


def ranks(history: History) -> F64:
    """``[n]``: how many rows of its user are later than each. Those of one moment have the mean of their places."""
    n = len(history)
    found = np.empty(n)
    if not n:
        return found
    order = np.lexsort((-history.times, history.users))
    user, time = history.users[order], history.times[order]
    starts = np.flatnonzero(np.r_[True, user[1:] != user[:-1]])
    place = np.arange(n) - np.repeat(starts, np.diff(np.r_[starts, n]))
    moments = np.flatnonzero(np.r_[True, (user[1:] != user[:-1]) | (time[1:] != time[:-1])])
    together = np.diff(np.r_[moments, n])
    found[order] = np.repeat(place[moments] + (together - 1) / 2, together)
    return found


def ages(history: History) -> F64:
    """``[n]``: the share of all rows that are later than each, from 0 to below 1. A clock that ticks with each row runs
    alike in a catalogue of a season and in one of twenty years."""
    together = replace(history, users=np.zeros(len(history), np.int32))
    return ranks(together) / max(len(history), 1)


def check(*, half_life_rows: float | None, floor: float, other: float) -> None:
    """UsageError for what :func:`weights` cannot weigh by."""
    if half_life_rows is not None and not half_life_rows > 0:
        raise UsageError(f"a half-life of {half_life_rows:g} rows was given; it is above 0, or None for no forgetting.")
    for name, value in (("floor", floor), ("other", other)):
        if not (np.isfinite(value) and value >= 0):
            raise UsageError(f"{name} is {value:g}; it is a number of 0 or more.")
