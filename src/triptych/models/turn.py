"""Turn: which of its group each row is in an order, as a user's first row, second row and so on."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]


def turns(*keys: npt.NDArray[Any]) -> I64:
    """int64 ``[n]``: which of all each is by its key, from 0 on. Of several keys the last says which belong together,
    and each is counted among those; the one before it goes first, the first tells between what is alike.

    >>> users, times = np.array([7, 3, 7, 7]), np.array([30, 5, 10, 20])
    >>> turns(times, users).tolist(), turns(times).tolist()
    ([2, 0, 0, 1], [3, 0, 1, 2])
    """
    order = np.lexsort(keys)
    found = np.empty(len(order), np.int64)
    found[order] = np.arange(len(order))
    if len(keys) > 1 and len(order):
        groups = keys[-1][order]
        starts = np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]])
        found[order] -= np.repeat(starts, np.diff(np.r_[starts, len(groups)]))
    return found
