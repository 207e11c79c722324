"""Nearness: how near items are to what somebody asks for in words, or shows as a clip.

A model knows what is liked together; a request is no like. Told as one more thing that is liked, a text moves a list
hardly more than any like does, and what is popular stays on top. So what is asked for also lifts what is near it, as a
boost that stands in the list and its explanations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from triptych.programme.day import Day
from triptych.spaces.blocks import Blocks

F64 = npt.NDArray[np.float64]

#: Standard deviations of a user's scores that one standard deviation of nearness lifts by.
STRENGTH = 1.0


def nearness(asked: Blocks, items: Blocks) -> F64:
    """float64 ``[items]``: by how many standard deviations of all items each is nearer than they are on average.

    The cosine of each feature that ``asked``, one row, has, in deviations over the items that have it too; then their
    mean over these features, in deviations again. 0 for what is no nearer than average, and for what has none of
    these features: of that nothing can be said.
    """
    total, shared = np.zeros(len(items)), np.zeros(len(items))
    for p, name in enumerate(items.names):
        if name not in asked.names:
            continue
        k = asked.names.index(name)
        there = items.mask[:, p]
        if not asked.mask[0, k] or there.sum() < 2:
            continue
        query, rows = asked.values[k][0].astype(np.float64), items.values[p][there].astype(np.float64)
        lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows) * (query @ query))
        cosine = np.divide(rows @ query, lengths, out=np.zeros(len(rows)), where=lengths > 0)
        total[there] += _deviations(cosine)
        shared[there] += 1
    known = shared > 0
    found = np.zeros(len(items))
    if known.sum() > 1:
        found[known] = _deviations(total[known] / shared[known])
    return np.maximum(found, 0)


def lifted(day: Day, near: Mapping[str, F64], strength: float = STRENGTH) -> Day:
    """The same day, with a boost for each nearness, by its name."""
    acting = {name: strength * values for name, values in near.items() if strength and values.any()}
    if not acting:
        return day
    names = tuple(acting)
    return replace(day, names=(*day.names, *names), lifts=np.vstack([day.lifts, *acting.values()]))


def _deviations(values: F64) -> F64:
    spread = float(values.std())
    return (values - values.mean()) / spread if spread > 0 else np.zeros(len(values))
