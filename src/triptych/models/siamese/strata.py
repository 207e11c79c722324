"""Strata: the catalogue in parts of one size, so that equal shares of them are not of the popular alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.errors import UsageError

I64 = npt.NDArray[np.int64]
#: The stratum of what is in none.
NONE = -1

_DIGITS = re.compile(r"(\d+)")


def by_id(item_ids: Sequence[str]) -> I64:
    """int64 ``[items]``: the rank of each id where numbers in ids count as numbers, so that ``10`` comes after ``9``.

    Ids of MovieLens rise with the year in which a film was added, and fall with popularity.
    """
    parts = [_parts(one) for one in item_ids]
    ranks = {one: k for k, one in enumerate(sorted(set(parts)))}
    return np.array([ranks[one] for one in parts], np.int64)


def stratified(key: npt.NDArray[Any], among: npt.NDArray[np.bool_], count: int) -> I64:
    """int64 ``[items]``: in which of ``count`` strata, 0 the lowest keys, each item is; :data:`NONE` if not ``among``.

    ``key``: a number for each item, such as its rank by id, how often it was rated, or its year. Strata are of one size
    as nearly as that allows: items of one key share a stratum, which is that of the middle of them.
    """
    if len(key) != len(among):
        raise UsageError(f"{len(key)} keys were given for {len(among)} items; give each item one.")
    if count < 1:
        raise UsageError(f"{count} strata were asked for; 1 is all items, and the thesis has 3.")
    placed = np.full(len(key), NONE, np.int64)
    own = key[among]
    if not np.isfinite(own).all():
        raise UsageError("the keys of strata hold NaN or infinite ones; leave those items out by the mask.")
    _, of, sizes = np.unique(own, return_inverse=True, return_counts=True)
    # Twice the middle rank of each key, counted from 0, so that all stays whole.
    middle = 2 * (np.cumsum(sizes) - sizes) + sizes - 1
    placed[among] = (middle * count // max(2 * len(own), 1))[of]
    return placed


def _parts(item_id: str) -> tuple[tuple[int, str], ...]:
    """Text and digits by turns; digits by how many they are and then as text, which is their order as numbers."""
    found = _DIGITS.split(item_id)
    digits = [one.lstrip("0") for one in found[1::2]]
    text = [(0, one) for one in found[::2]]
    numbers = [(len(one), one) for one in digits]
    return tuple(one for pair in zip(text, [*numbers, (0, "")], strict=True) for one in pair)
