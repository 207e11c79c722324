"""Course: what was measured of one clip along its time, and the moments that two clips are compared by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from triptych.errors import ExtractionError

F64 = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

#: What is seen and heard has a time; what is read has none.
PANELS = ("seeing", "hearing")
#: Below this share of its own size, the spread of a column is rounding.
CONSTANT = 1e-6


@dataclass(frozen=True, kw_only=True, eq=False)
class Track:
    """One feature of one clip in time. ``feature``: its title, ``seeing/colour``. ``values``: float ``[t, d]``, finite;
    ``times_s``: float64 ``[t]``, not decreasing, seconds from the clip's first picture."""

    feature: str
    values: npt.NDArray[np.floating]
    times_s: F64

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.times_s.shape != self.values.shape[:1]:
            raise ExtractionError(
                f"{self.feature} came as {list(self.values.shape)} values with {list(self.times_s.shape)} times; a "
                "track is a sequence [t, d] with a time for each step."
            )
        if not np.isfinite(self.values).all() or not np.isfinite(self.times_s).all():
            raise ExtractionError(f"{self.feature} holds values or times that are no numbers; mask them, do not guess.")
        if (np.diff(self.times_s) < 0).any():
            raise ExtractionError(f"the times of {self.feature} decrease; put its steps in order.")

    @property
    def panel(self) -> str:
        return self.feature.partition("/")[0]

    @cached_property
    def step_s(self) -> float:
        """Seconds from one step to the next, as most are."""
        steps = np.diff(self.times_s)
        return float(np.median(steps)) if len(steps) else 0.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Course:
    """All tracks of one clip. ``name``: what it is called in sentences. ``absent``: panel → why there is no track.
    ``duration_s``: of the clip, 0 where only the tracks tell."""

    name: str
    tracks: tuple[Track, ...]
    absent: Mapping[str, str] = field(default_factory=dict[str, str])
    duration_s: float = 0.0

    @cached_property
    def end_s(self) -> float:
        """Where the clip ends: half a step after the last one, or where it is known to."""
        ends = [float(track.times_s[-1]) + track.step_s / 2 for track in self.tracks if len(track.times_s)]
        return max([self.duration_s, *ends], default=0.0)

    def of(self, panel: str) -> dict[str, Track]:
        """The tracks of a panel that hold anything, by feature."""
        return {track.feature: track for track in self.tracks if track.panel == panel and len(track.times_s)}


@dataclass(frozen=True, kw_only=True, eq=False)
class Scale:
    """What is common to all moments, and how far they are apart: float64 ``[d]`` each, of one feature.

    A value x counts as (x − ``mean``) / ``spread``; a column without spread counts as nothing.
    """

    mean: F64
    spread: F64

    @classmethod
    def of(cls, clips: Sequence[npt.NDArray[np.floating]]) -> Scale:
        """Of moments ``[t, d]`` of some clips. Every clip counts alike, however long it is."""
        each = [rows.astype(np.float64) for rows in clips if len(rows)]
        mean = np.mean([rows.mean(axis=0) for rows in each], axis=0)
        spread = np.sqrt(np.mean([((rows - mean) ** 2).mean(axis=0) for rows in each], axis=0))
        return cls(mean=mean, spread=np.where(spread > CONSTANT * np.maximum(np.abs(mean), CONSTANT), spread, 0.0))

    def __call__(self, rows: F64) -> F64:
        """Float64 ``[t, d]``, each row of length 1, or 0 where nothing of it is more than common."""
        scaled = (rows - self.mean) * np.divide(1.0, self.spread, out=np.zeros_like(self.spread), where=self.spread > 0)
        length = np.linalg.norm(scaled, axis=1, keepdims=True)
        return np.divide(scaled, length, out=np.zeros_like(scaled), where=length > CONSTANT)


def scales_of(courses: Iterable[Course]) -> dict[str, Scale]:
    """By feature, what is common to the moments of many clips: those of a catalogue, or some hundred of them."""
    rows: dict[str, list[npt.NDArray[np.floating]]] = {}
    for course in courses:
        for track in course.tracks:
            rows.setdefault(track.feature, []).append(track.values)
    return {feature: Scale.of(clips) for feature, clips in rows.items() if any(len(one) for one in clips)}


def moments(track: Track, *, step_s: float, count: int) -> tuple[F64, Bools]:
    """The means of a track over ``count`` stretches of ``step_s``, from 0: float64 ``[count, d]``; and bool
    ``[count]``, where there is any. A stretch in which nothing was measured, between two in which something was, is on
    the straight line between them if the gap is one that the track has everywhere; else it is masked."""
    place = np.clip((track.times_s / step_s).astype(np.int64), 0, count - 1)
    counts = np.bincount(place, minlength=count)
    held = counts > 0
    means = np.zeros((count, track.values.shape[1]))
    starts = np.flatnonzero(np.diff(place, prepend=-1))
    sums = np.add.reduceat(track.values.astype(np.float64), starts, axis=0)
    means[held] = sums / counts[held, None]
    known = np.flatnonzero(held)
    open_places = np.flatnonzero(~held)
    if len(open_places) == 0:
        return means, held
    after = np.clip(np.searchsorted(known, open_places), 0, len(known) - 1)
    before = np.maximum(after - 1, 0)
    left, right = known[before], known[after]
    usual = max(int(np.ceil(1.5 * track.step_s / step_s)), 1)
    between = (left < open_places) & (open_places < right) & (right - left <= usual + 1)
    lone = ~between & (np.minimum(np.abs(open_places - left), np.abs(open_places - right)) <= usual // 2)
    share = np.where(between, (open_places - left) / np.maximum(right - left, 1), 0.0)
    nearer = np.where(np.abs(open_places - left) <= np.abs(open_places - right), left, right)
    filled = np.where(
        between[:, None], means[left] * (1 - share)[:, None] + means[right] * share[:, None], means[nearer]
    )
    taken = between | lone
    means[open_places[taken]] = filled[taken]
    held[open_places[taken]] = True
    return means, held
