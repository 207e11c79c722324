"""Timeline: when each picture of a clip is shown, where the keyframes are, and what to decode for a sampling.

A picture costs what must be decoded to reach it: the pictures from its keyframe on. A slot of a sampling may
be stood for by any picture within its tolerance, so the choice is made by cost: one that is decoded already,
else a keyframe, else the earliest picture that still lies in the slot.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
import numpy.typing as npt

from triptych.media.sampling import Sampling

Indices = npt.NDArray[np.int64]
Seconds = npt.NDArray[np.float64]

#: Two pictures further apart than this are not of one clip: one of their stamps is wrong.
MAX_GAP_S = 3600.0
#: A sampling by seconds takes no more pictures than this (34 hours at four a second), whatever a clip says it lasts.
MAX_SLOTS = 500_000
#: Times are sums of binary fractions: a picture on a border belongs to the slot that begins there.
ROUNDING_S = 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class Timeline:
    """``pts``: int64 ``[n]``, increasing, in ``time_base`` ticks; ``keys``: those that need no other picture.

    ``last_ticks``: how long the last picture is shown. ``counted``: the file stamps no picture with its time
    (a bare H.264 stream), so ``pts`` are numbers in the order of showing, at the rate the stream says it has.
    """

    pts: Indices
    keys: Indices
    time_base: Fraction
    last_ticks: int
    counted: bool = False

    @classmethod
    def of(
        cls,
        pts: Sequence[int],
        keys: Sequence[int],
        *,
        time_base: Fraction,
        last_ticks: int,
        counted: bool = False,
    ) -> Timeline | None:
        """None when there is no picture at all. A stream without keyframe flags is entered at its beginning.

        Pictures that a gap of over an hour parts from most of the others carry a wrong stamp and are left out.
        """
        if not pts:
            return None
        ordered = np.unique(np.asarray(pts, np.int64))
        gaps_s = np.diff(ordered.astype(np.float64)) * float(time_base)
        stretches = np.split(ordered, np.flatnonzero(gaps_s > MAX_GAP_S) + 1)
        ordered = max(stretches, key=len)
        steps = np.diff(ordered)
        step = int(np.median(steps)) if len(steps) else 1
        if not 0 < last_ticks * time_base <= MAX_GAP_S:
            last_ticks = max(step, 1)
        flagged = np.unique(np.asarray(keys, np.int64))
        entries = np.union1d(flagged[np.isin(flagged, ordered)], ordered[:1])
        return cls(pts=ordered, keys=entries, time_base=time_base, last_ticks=last_ticks, counted=counted)

    @property
    def start_s(self) -> float:
        return float(self.pts[0] * self.time_base)

    @property
    def duration_s(self) -> float:
        return float((self.pts[-1] - self.pts[0] + self.last_ticks) * self.time_base)

    @cached_property
    def times_s(self) -> Seconds:
        """Seconds from the first picture."""
        return (self.pts - self.pts[0]) * float(self.time_base)

    @cached_property
    def step_s(self) -> float:
        """Seconds from one picture to the next, as the median."""
        return float(np.median(np.diff(self.times_s))) if len(self.pts) > 1 else self.duration_s

    @cached_property
    def key_places(self) -> Indices:
        """Where in ``pts`` each keyframe stands."""
        return np.searchsorted(self.pts, self.keys)

    def seconds(self, pts: Indices | int) -> Seconds:
        return (np.asarray(pts, np.int64) - self.pts[0]) * float(self.time_base)

    def entry(self, pts: int) -> int:
        """The keyframe from which decoding must start to reach ``pts``."""
        return int(self.entries(np.array([pts], np.int64))[0])

    def entries(self, pts: Indices) -> Indices:
        """:meth:`entry` of each."""
        return self.keys[np.maximum(np.searchsorted(self.keys, pts, side="right") - 1, 0)]

    def between(self, start_s: float, end_s: float) -> Indices:
        times = self.times_s
        return self.pts[np.searchsorted(times, start_s, "left") : np.searchsorted(times, end_s, "left")]


@dataclass(frozen=True, kw_only=True)
class Slot:
    """A share of the clip that one picture stands for: ``start_s <= aim_s <= end_s``."""

    start_s: float
    aim_s: float
    end_s: float


def slots(sampling: Sampling, valid: Sequence[tuple[float, float]]) -> list[Slot]:
    """Cut the valid stretches of a clip, laid end to end, into equal slots.

    A slot that would reach over a gap between two stretches is narrowed to the side that holds its middle.
    """
    lengths = np.array([end - start for start, end in valid], np.float64)
    total_s = float(lengths.sum())
    if total_s <= 0:
        return []
    if sampling.pivot:
        # Every slot is whole and its middle is on the grid; what is left at both ends is shorter than half a slot.
        width_s = sampling.every_s or total_s
        each_side = int(min(max(total_s / width_s - 1, 0.0) / 2, MAX_SLOTS // 2) + ROUNDING_S)
        middles = total_s / 2 + np.arange(-each_side, each_side + 1) * width_s
    else:
        count = sampling.count or max(int(min(total_s / (sampling.every_s or total_s), MAX_SLOTS) + ROUNDING_S), 1)
        width_s = total_s / count
        middles = (np.arange(count) + 0.5) * width_s
    laid = np.concatenate([[0.0], np.cumsum(lengths)])
    part = np.minimum(np.searchsorted(laid, middles, "right") - 1, len(valid) - 1)
    lows, highs = (np.array([stretch[side] for stretch in valid], np.float64)[part] for side in (0, 1))
    aims = np.clip(lows + middles - laid[part], lows, highs)
    reach_s = sampling.tolerance * width_s
    starts, ends = np.maximum(aims - reach_s, lows), np.minimum(aims + reach_s, highs)
    return [
        Slot(start_s=start_s, aim_s=aim_s, end_s=end_s)
        for start_s, aim_s, end_s in zip(starts.tolist(), aims.tolist(), ends.tolist(), strict=True)
    ]


def choose(timeline: Timeline, wanted: Sequence[Slot], held: Collection[int] = ()) -> list[int]:
    """One picture for each slot, as pts, by the least decoding. A clip of fewer pictures than slots gives fewer.

    ``held`` are pictures decoded already: they cost nothing, so a slot that has one takes the one nearest its aim.
    """
    if not wanted:
        return []
    times = timeline.times_s
    aims = np.array([slot.aim_s for slot in wanted])
    # Half open, so that slots share no picture.
    low = np.searchsorted(times, np.array([slot.start_s for slot in wanted]) - ROUNDING_S)
    high = np.searchsorted(times, np.array([slot.end_s for slot in wanted]) - ROUNDING_S)
    nearest = _nearest(times, aims)
    held_places = np.flatnonzero(np.isin(timeline.pts, np.fromiter(held, np.int64, len(held)))) if held else low[:0]
    free, is_held = _nearest_within(times, held_places, aims, low, high)
    key, is_key = _nearest_within(times, timeline.key_places, aims, low, high)
    picked = np.where(is_held, free, np.where(is_key, key, low))
    picked = np.where(low < high, picked, nearest)
    # A slot served from a run of pictures that is decoded further on anyway may as well take its best picture.
    group = np.searchsorted(timeline.key_places, picked, side="right")
    reach = np.full(len(timeline.keys) + 1, -1, np.int64)
    decoded = ~np.isin(picked, held_places)
    np.maximum.at(reach, group[decoded], picked[decoded])
    better = np.minimum(nearest, reach[group])
    late = (low < high) & ~is_held & ~is_key & (better >= picked) & (better < high)
    return np.unique(timeline.pts[np.where(late, better, picked)]).tolist()


def reading_share(timeline: Timeline, chosen: Sequence[int]) -> float:
    """Share of the clip's pictures that must be decoded to reach the chosen ones, which are sorted."""
    pts = np.asarray(chosen, np.int64)
    entries = timeline.entries(pts)
    last = np.ones(len(pts), bool)
    last[:-1] = entries[1:] != entries[:-1]  # the furthest of each keyframe
    ends = np.searchsorted(timeline.pts, pts[last], "right")
    starts = np.searchsorted(timeline.pts, entries[last])
    return float((ends - starts).sum()) / len(timeline.pts)


def _nearest(times: Seconds, at_s: Seconds) -> Indices:
    """Place of the time nearest each of ``at_s``; of two as near, the earlier."""
    after = np.minimum(np.searchsorted(times, at_s), len(times) - 1)
    before = np.maximum(after - 1, 0)
    return np.where(np.abs(times[after] - at_s) < np.abs(at_s - times[before]), after, before)


def _nearest_within(
    times: Seconds, places: Indices, at_s: Seconds, low: Indices, high: Indices
) -> tuple[Indices, npt.NDArray[np.bool_]]:
    """Of ``places``, increasing, the one nearest each of ``at_s`` with ``low <= place < high``, and if there is one."""
    first, end = np.searchsorted(places, low), np.searchsorted(places, high)
    found = first < end
    if not found.any():
        return low, found
    best = np.clip(_nearest(times[places], at_s), first, np.maximum(end - 1, 0))
    return places[np.minimum(best, len(places) - 1)], found
