"""Align: sequences of unlike length become vectors of one width, so that they can be fused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from triptych.errors import ExtractionError, UsageError
from triptych.features.bits import is_packed
from triptych.features.feature import Presence
from triptych.features.recipe import Recipe
from triptych.features.store import FeatureStore, Row
from triptych.features.table import FeatureTable

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
Kind = Literal["interpolate", "pad", "statistics"]

KINDS: tuple[Kind, ...] = ("interpolate", "pad", "statistics")
#: What is told of each entry over its steps, besides how many steps there are.
STATISTICS = ("mean", "std", "min", "max")
#: A moment this near to a step, as a share of the way to the next, is that step: the rest is rounding of times.
_NEAR = 1e-9


@dataclass(frozen=True, kw_only=True)
class Alignment:
    """How a sequence ``[t, d]`` becomes one vector. It learns nothing, so it has no training side.

    - ``interpolate``: each entry is read off at ``length`` moments, evenly from the first step to the last, on the
      straight line between the two steps around each; ``[length · d]``, moment after moment. Time is ``times_s``
      where it is given, else place. Steps of one time are first made one, their mean. One step alone is held.
    - ``pad``: the first ``length`` steps; where there are fewer, zeros follow; ``[length · d]``, step after step. A
      zero that is put there claims that zero was measured: a short clip and a long one that goes dark look alike.
    - ``statistics``: how many steps there are, then of all entries the mean, the standard deviation, the least and
      the greatest, whatever the order; ``[1 + 4 d]``. It takes no ``length``.

    >>> ramp = np.array([[0], [10]], np.float32)
    >>> Alignment(length=3)(ramp).tolist()
    [0.0, 5.0, 10.0]
    >>> Alignment(kind="statistics").columns(["hue"])
    ('count', 'hue.mean', 'hue.std', 'hue.min', 'hue.max')
    """

    kind: Kind = "interpolate"
    length: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UsageError(f"sequences cannot be aligned by {self.kind!r}; choose one of {', '.join(KINDS)}.")
        if self.kind == "statistics":
            if self.length is not None:
                raise UsageError(f"statistics of a sequence have no length, but {self.length} was given; leave it out.")
        elif self.length is None or self.length < 1:
            raise UsageError(f"{self.kind} needs the number of steps to align to; length is {self.length}, give 1 up.")

    @property
    def steps(self) -> int:
        """How many steps come out; none where these are statistics."""
        return self.length or 0

    def width(self, entries: int) -> int:
        """How wide the vector is of a sequence with so many entries."""
        return self.steps * entries or 1 + len(STATISTICS) * entries

    def columns(self, names: Sequence[str]) -> tuple[str, ...]:
        """What the entries of the vector are called, given those of the sequence: ``hue@0`` … or ``hue.mean`` …"""
        if self.kind == "statistics":
            return ("count", *(f"{name}.{statistic}" for statistic in STATISTICS for name in names))
        return tuple(f"{name}@{step}" for step in range(self.steps) for name in names)

    def __call__(self, values: F32, times_s: F64 | None = None) -> F32:
        """float32 ``[width(d)]`` of a sequence ``[t, d]`` of at least one step, with its times ``[t]``."""
        if len(values) == 0:
            raise UsageError("a sequence without steps cannot be aligned; what has no values is masked.")
        if self.kind == "statistics":
            return _statistics(values)
        if self.kind == "pad":
            padded = np.zeros((self.steps, values.shape[1]), np.float32)
            padded[: len(values)] = values[: self.steps]
            return padded.ravel()
        return _resampled(values, times_s, self.steps).ravel()


def aligned_recipe(recipe: Recipe, alignment: Alignment) -> Recipe:
    """Of what alignment makes of a feature: it goes by the same title, and is another thing."""
    params = {"features": {recipe.title: recipe.hash}, "alignment": alignment.kind, "length": alignment.length}
    return Recipe(panel=recipe.panel, name=recipe.name, params=params)


def aligned_table(store: FeatureStore, recipe: Recipe, alignment: Alignment) -> FeatureTable:
    """The sequences of all items that were measured, as vectors of one width. What is masked stays masked.

    Sequences are aligned one by one as they are read; beside the columns on disk only the vectors are held.
    """
    if is_packed(recipe):
        raise ExtractionError(
            f"{recipe.title} holds bits, packed many to a number, which have no line between them. Leave it out."
        )
    item_ids: list[str] = []
    presence: list[str] = []
    vectors: list[F32] = []
    entries = 0
    for row in store.rows(recipe):
        values = _sequence(row, recipe)
        item_ids.append(row.item_id)
        if values is None:
            presence.append((Presence.MISSING if row.presence is Presence.PRESENT else row.presence).value)
            continue
        if entries not in (0, values.shape[1]):
            raise ExtractionError(
                f"{recipe.title} holds sequences of {entries} and of {values.shape[1]} entries; they must be of one "
                "width. Give the extractor a new version, so that what it measures is kept apart."
            )
        entries = values.shape[1]
        presence.append(Presence.PRESENT.value)
        vectors.append(alignment(values, row.times_s))
    told = np.array(presence, dtype="U8")
    table = np.zeros((len(item_ids), alignment.width(entries) if vectors else 0), np.float32)
    for place, vector in zip(np.flatnonzero(told == Presence.PRESENT.value), vectors, strict=True):
        table[place] = vector
    return FeatureTable(recipe=aligned_recipe(recipe, alignment), item_ids=tuple(item_ids), values=table, presence=told)


def _sequence(row: Row, recipe: Recipe) -> F32 | None:
    """The steps of a row; None where it is masked, or has none."""
    if row.values is None or row.values.size == 0:
        return None
    if row.values.ndim == 1:
        raise ExtractionError(
            f"{recipe.title} holds vectors, which are of one width already; take it as it is, without aligning."
        )
    return row.values


def _statistics(values: F32) -> F32:
    # Sorted, so that not even rounding knows the order; less the least, so that what stays the same deviates by 0.
    ordered = np.sort(values, axis=0).astype(np.float64)
    above = ordered - ordered[0]
    means = ordered[0] + above.mean(axis=0)
    told = [np.array([len(values)]), means, above.std(axis=0), ordered[0], ordered[-1]]
    return np.concatenate(told).astype(np.float32)


def _resampled(values: F32, times_s: F64 | None, steps: int) -> F32:
    """float32 ``[steps, d]``: linear between the two steps around each of so many even moments."""
    known, moments = values.astype(np.float64), np.arange(len(values), dtype=np.float64)
    if times_s is not None:
        known, moments = _distinct(known, times_s)
    if len(known) == 1:
        return np.repeat(known, steps, axis=0).astype(np.float32)
    # One moment alone is the middle: neither end is more of the sequence than the other.
    along = np.arange(steps) / (steps - 1) if steps > 1 else np.array([0.5])
    wanted: F64 = moments[0] + (moments[-1] - moments[0]) * along
    before = np.clip(moments.searchsorted(wanted, side="right") - 1, 0, len(moments) - 2)
    way = (wanted - moments[before]) / (moments[before + 1] - moments[before])
    way = np.where(way < _NEAR, 0, np.where(way > 1 - _NEAR, 1, way))[:, None]
    return (known[before] * (1 - way) + known[before + 1] * way).astype(np.float32)


def _distinct(values: F64, times_s: F64) -> tuple[F64, F64]:
    """Values and times ``[u]`` that rise; steps of one time become their mean."""
    first = np.flatnonzero(np.diff(times_s, prepend=-np.inf) > 0)
    if len(first) == len(times_s):
        return values, times_s
    counts = np.diff(first, append=len(times_s))
    return np.add.reduceat(values, first, axis=0) / counts[:, None], times_s[first]
