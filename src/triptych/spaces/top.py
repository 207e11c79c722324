"""Top: a bound that the best of many numbers reach, found without putting any in order."""

from __future__ import annotations

import numpy as np

from triptych.spaces.blocks import F32

#: Numbers of a group at most, and groups for each place of a list at least.
GROUP, GROUPS = 64, 8


def reached(values: F32, n: int) -> F32:
    """``[q]``: what n of each row of ``values`` ``[q, r]`` are not below, −inf where there are fewer. Seldom far below
    the n-th best, and that itself where there are few numbers.

    They stand in groups, and the best of each is a number of its own: n groups whose best is as much are n numbers that
    are. Which make a group does not matter, so that they are taken as memory has them the soonest.
    """
    rows, width = values.shape
    if width < n:
        return np.full((len(values),), -np.inf, np.float32)
    group = min(GROUP, width // (GROUPS * n))
    if group > 1:
        count = width // group
        values = values[:, : count * group].reshape(rows, group, count).max(axis=1)
    # The least and not the largest: numpy takes ten times as long where all the −inf come first.
    costs: F32 = np.negative(values)
    costs.partition(n - 1, axis=1)
    return np.negative(costs[:, n - 1])
