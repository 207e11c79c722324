"""Timeline: when each picture of a clip is shown, where the keyframes are, and what to decode for a sampling.

A picture costs what must be decoded to reach it: the pictures from its keyframe on. A slot of a sampling may
be stood for by any picture within its tolerance, so the choice is made by cost: one that is decoded already,
else a keyframe, else the earliest picture that still lies in the slot.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from triptych.media.sampling import Sampling


@dataclass(frozen=True, kw_only=True, eq=False)
class Timeline:
    """``pts``: int64 ``[n]``, increasing, in ``time_base`` ticks; ``keys``: those that need no other picture."""

    pts: npt.NDArray[np.int64]
    keys: npt.NDArray[np.int64]
    time_base: Fraction
    last_ticks: int

    @classmethod
    def of(cls, pts: Sequence[int], keys: Sequence[int], *, time_base: Fraction, last_ticks: int) -> Timeline | None:
        """None when there is no picture at all. A stream without keyframe flags is entered at its beginning."""
        if not pts:
            return None
        ordered = np.unique(np.asarray(pts, np.int64))
        entries = np.unique(np.asarray([*keys, int(ordered[0])], np.int64))
        step = int(np.median(np.diff(ordered))) if len(ordered) > 1 else 1
        return cls(pts=ordered, keys=entries, time_base=time_base, last_ticks=max(last_ticks, step, 1))

    @property
    def start_s(self) -> float:
        return float(self.pts[0] * self.time_base)

    @property
    def duration_s(self) -> float:
        return float((self.pts[-1] - self.pts[0] + self.last_ticks) * self.time_base)

    @property
    def times_s(self) -> npt.NDArray[np.float64]:
        """Seconds from the first picture."""
        return (self.pts - self.pts[0]) * float(self.time_base)

    def seconds(self, pts: npt.NDArray[np.int64] | int) -> npt.NDArray[np.float64]:
        return (np.asarray(pts, np.int64) - self.pts[0]) * float(self.time_base)

    def entry(self, pts: int) -> int:
        """The keyframe from which decoding must start to reach ``pts``."""
        return int(self.keys[max(int(np.searchsorted(self.keys, pts, side="right")) - 1, 0)])

    def between(self, start_s: float, end_s: float) -> npt.NDArray[np.int64]:
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
    lengths = [end - start for start, end in valid]
    total_s = sum(lengths)
    if total_s <= 0:
        return []
    count = sampling.count or max(int(total_s / (sampling.every_s or total_s) + 1e-9), 1)
    width_s = total_s / count
    starts = np.concatenate([[0.0], np.cumsum(lengths)])
    found: list[Slot] = []
    for k in range(count):
        middle = (k + 0.5) * width_s
        part = min(int(np.searchsorted(starts, middle, "right")) - 1, len(valid) - 1)
        aim_s = valid[part][0] + middle - float(starts[part])
        reach_s = sampling.tolerance * width_s
        found.append(
            Slot(start_s=max(aim_s - reach_s, valid[part][0]), aim_s=aim_s, end_s=min(aim_s + reach_s, valid[part][1]))
        )
    return found


def choose(timeline: Timeline, wanted: Sequence[Slot], held: Collection[int] = ()) -> list[int]:
    """One picture for each slot, as pts, by the least decoding. A clip of fewer pictures than slots gives fewer.

    ``held`` are pictures decoded already: they cost nothing, so a slot that has one takes the one nearest its aim.
    """
    times = timeline.times_s
    is_key = np.isin(timeline.pts, timeline.keys)
    is_held = np.isin(timeline.pts, np.fromiter(held, np.int64, len(held)))
    group = np.cumsum(is_key)
    picked = np.empty(len(wanted), np.int64)
    late: list[int] = []
    for k, slot in enumerate(wanted):
        low, high = np.searchsorted(
            times, [slot.start_s - 1e-9, slot.end_s - 1e-9]
        )  # half open: slots share no picture
        window = np.arange(low, high)
        if len(window) == 0:
            picked[k] = _nearest(times, slot.aim_s)
            continue
        free = window[is_held[window]]
        if len(free) == 0:
            free = window[is_key[window]]
        if len(free):
            picked[k] = free[np.argmin(np.abs(times[free] - slot.aim_s))]
        else:
            picked[k] = low
            late.append(k)
    # A slot served from a run of pictures that is decoded further on anyway may as well take its best picture.
    reach: dict[int, int] = {}
    for index in picked[~is_held[picked]] if len(picked) else ():
        reach[int(group[index])] = max(reach.get(int(group[index]), 0), int(index))
    for k in late:
        slot = wanted[k]
        aim = min(_nearest(times, slot.aim_s), reach[int(group[picked[k]])])
        if times[aim] < slot.end_s and aim >= picked[k]:
            picked[k] = aim
    return [int(p) for p in np.unique(timeline.pts[picked])] if len(wanted) else []


def reading_share(timeline: Timeline, chosen: Sequence[int]) -> float:
    """Share of the clip's pictures that must be decoded to reach the chosen ones."""
    last: dict[int, int] = {}
    for pts in chosen:
        last[timeline.entry(pts)] = pts  # chosen is sorted: the furthest of each keyframe stays
    ends = np.searchsorted(timeline.pts, np.fromiter(last.values(), np.int64, len(last)), "right")
    starts = np.searchsorted(timeline.pts, np.fromiter(last.keys(), np.int64, len(last)))
    return float((ends - starts).sum()) / len(timeline.pts)


def _nearest(times: npt.NDArray[np.float64], at_s: float) -> int:
    index = int(np.searchsorted(times, at_s))
    if index == 0:
        return 0
    if index == len(times):
        return index - 1
    return index if times[index] - at_s < at_s - times[index - 1] else index - 1
