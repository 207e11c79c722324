"""Shots: where one ends and the next begins, seen on the track of pictures six a second.

Two pictures are as far apart as the geometric mean of two distances says: one of what lies where, which a change of
light leaves alone, and one of the colours, which motion leaves alone. A cut is where all pictures of the moment before
are far from all of the moment after: a flash comes back to what was there, and so is none. Fades and dissolves take
time, and are told by what lies between: a picture that loses its contrast and another that gains it, or a mixture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from triptych.errors import UsageError
from triptych.media.change import GRID, HISTOGRAM_BINS, Change, change_of
from triptych.media.reel import Reel
from triptych.media.sampling import TRACK, Sampling

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

#: Variance of a cell, in squares of 0…1, below which what lies where is noise.
_NOISE = 1e-4
#: No two changes share an instant.
_INSTANT_S = 1e-6
#: A fade is looked into where contrast is down to this share of what it is before and after,
_FAINT = 0.5
#: and goes as far as contrast changes by this factor from picture to picture.
_STEEP = 1.04
#: Contrast (deviation of luma, 0…1) below which a picture is plain.
_PLAIN = 0.02
#: Correlation from which two pictures show the same with more or less contrast.
_ALIKE = 0.85
#: Root mean square difference of the cells, 0…1, of the two ends of a dissolve.
_UNLIKE = 0.08
#: Of the squared difference of the two ends: how much the pictures may move before and after a dissolve, how far those
#: within may lie off the line; and of the way, how much a step may go back or on.
_STILL, _OFF_LINE, _BACK, _STEP = 0.12, 0.08, 0.03, 0.6
#: What looks after a fade no more different than this from what was before was a blink of the same shot.
_BLINK = 0.15
#: Pictures a second of the track.
_PER_S = 6
#: A cut changes the whole picture, what moves in it a part: how much of the difference lies where there is less of it.
_BREADTH = 0.13
#: Pictures before and after that a cut must tell apart.
_REACH = 4
#: What decides besides the rules, for the recipe of whoever measures shots.
METHOD = {
    "version": 1,
    "grid": GRID,
    "histogram_bins": HISTOGRAM_BINS,
    "instant_s": _INSTANT_S,
    "faint": _FAINT,
    "steep": _STEEP,
    "plain": _PLAIN,
    "alike": _ALIKE,
    "unlike": _UNLIKE,
    "still": _STILL,
    "off_line": _OFF_LINE,
    "back": _BACK,
    "step": _STEP,
    "blink": _BLINK,
    "per_s": _PER_S,
    "noise": _NOISE,
    "reach": _REACH,
    "breadth": _BREADTH,
}


@dataclass(frozen=True, kw_only=True)
class ShotRules:
    """What is taken for a change of shot. Distances are 0…1, see the module.

    ``least_s``: least time between changes and from the beginning; the stronger of two is kept (Maes 2025 §3.2.1: 1 s).
    ``threshold``: how far apart two shots are at least. ``adaptive``: for cuts ``still_threshold``, and more where
    more moves: with d the distance, and l that of neighbours in the ``around_s`` before and after, it takes
    d / (1 − d) ≥ ``ratio`` · l / (1 − l). So fast motion makes no cuts, and like shots are told apart.
    ``flash_s``: what looks again within this time as it did before was a flash, and no change.
    ``fades``: whether fades through black or white, and dissolves, are looked for. Each half of a fade lasts at most
    ``fade_s``, a dissolve twice that.
    """

    least_s: float = 1.0
    threshold: float = 0.25
    adaptive: bool = True
    still_threshold: float = 0.15
    ratio: float = 2.5
    around_s: float = 1.0
    flash_s: float = 0.7
    fades: bool = True
    fade_s: float = 1.0

    def __post_init__(self) -> None:
        for name in ("least_s", "threshold", "still_threshold", "ratio", "around_s", "flash_s", "fade_s"):
            value = getattr(self, name)
            if not 0 <= value < float("inf"):
                raise UsageError(f"{name} is {value}; it must be a finite number, 0 or above.")


#: One second apart at least, fades and dissolves too, and judged by what moves around.
RULES = ShotRules()


@dataclass(frozen=True, kw_only=True, eq=False)
class Shots:
    """The k shots of a clip, one after the other; k is 1 where nothing changes.

    ``starts_s, ends_s``: float64 ``[k]``; the first starts at 0, each ends where the next one starts, the last with the
    clip. ``kinds``: what begins each: ``"start"`` for the first, ``"cut"`` or ``"fade"`` (through black or white, or a
    dissolve) for the others. ``from_s, to_s``: float64 ``[k]``, when what begins it started and ended; for a cut, the
    times of the two pictures between which it lies. ``strengths``: float64 ``[k]``: of two the stronger is kept.
    For a cut, how much further apart its sides are than is asked for; for a fade, how far; 0 for the first.
    """

    starts_s: F64
    ends_s: F64
    kinds: tuple[str, ...]
    from_s: F64
    to_s: F64
    strengths: F64

    def __len__(self) -> int:
        return len(self.starts_s)

    @property
    def lengths_s(self) -> F64:
        return self.ends_s - self.starts_s


@dataclass(frozen=True, kw_only=True)
class _Join:
    at_s: float
    from_s: float
    to_s: float
    kind: str
    strength: float


def shots_of(reel: Reel, rules: ShotRules = RULES, sampling: Sampling = TRACK) -> Shots | None:
    """The shots of a reel; None without a picture track. Ask with ``reel.once(shots_of, rules)``."""
    change = reel.once(change_of, sampling)
    return None if change is None else shots(change, reel.keyframes_s, reel.probe.duration_s, rules)


def shots(change: Change, keyframes_s: F64, duration_s: float, rules: ShotRules = RULES) -> Shots:
    """``keyframes_s``: float64, increasing: encoders put one where a scene begins, so one between the two pictures of a
    cut says when it was. ``duration_s`` of 0, or less than the last picture's time, is that time."""
    times_s = change.times_s
    end_s = max(duration_s, float(times_s[-1]) if len(times_s) else 0.0)
    joins: list[_Join] = []
    if len(times_s) > 1:
        pictures = _Pictures.of(change)
        gradual = _fades(pictures, change, rules) if rules.fades else []
        if rules.fades:
            # Each half of a fade could be taken for a dissolve to what is dark, or from it.
            mixed = _dissolves(pictures, change, rules)
            gradual += [one for one in mixed if not any(_meet(one, fade) for fade in gradual)]
        inside = [cut for cut in _cuts(pictures, keyframes_s, rules) if not any(_within(cut, one) for one in gradual)]
        joins = _apart(_inside([*gradual, *inside], change), rules.least_s)
    starts = np.array([0.0, *(join.at_s for join in joins)])
    return Shots(
        starts_s=starts,
        ends_s=np.append(starts[1:], end_s),
        kinds=("start", *(join.kind for join in joins)),
        from_s=np.array([0.0, *(join.from_s for join in joins)]),
        to_s=np.array([0.0, *(join.to_s for join in joins)]),
        strengths=np.array([0.0, *(join.strength for join in joins)]),
    )


def _within(cut: _Join, gradual: _Join) -> bool:
    return gradual.from_s <= cut.at_s <= gradual.to_s


def _meet(one: _Join, other: _Join) -> bool:
    return one.from_s < other.to_s and other.from_s < one.to_s


def _inside(joins: list[_Join], change: Change) -> list[_Join]:
    """Without those that lead in from black, or out to it: what is plain begins no shot and ends none."""
    full = change.times_s[change.spread >= _PLAIN]
    return [join for join in joins if len(full) and full[0] <= join.from_s and full[-1] >= join.to_s]


def _apart(joins: list[_Join], least_s: float) -> list[_Join]:
    """In order of time, none nearer than ``least_s`` to the beginning, or to another that is stronger."""
    kept: list[_Join] = []
    for join in sorted(joins, key=lambda join: (-join.strength, join.at_s)):
        if join.at_s >= max(least_s, _INSTANT_S) and all(
            abs(join.at_s - other.at_s) >= max(least_s, _INSTANT_S) for other in kept
        ):
            kept.append(join)
    return sorted(kept, key=lambda join: join.at_s)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Pictures:
    """What is compared of n pictures. ``laid``: float32 ``[n, cells × 3]``, each channel less its mean; ``colours``:
    float32 ``[n, 3 × bins]``, histograms a little blurred, so that a level on a border of two bins does not flip."""

    times_s: F64
    laid: F32
    power: F64
    colours: F32

    @classmethod
    def of(cls, change: Change) -> _Pictures:
        count = len(change.times_s)
        grid = change.grid.reshape(count, -1, 3)
        laid = (grid - grid.mean(axis=1, keepdims=True)).reshape(count, -1)
        wide = np.pad(change.shares, ((0, 0), (0, 0), (1, 1)), mode="edge")
        colours = (wide[..., :-2] + 2 * wide[..., 1:-1] + wide[..., 2:]) / np.float32(4 * wide.shape[1])
        return cls(
            times_s=change.times_s,
            laid=laid,
            power=np.einsum("ij,ij->i", laid, laid).astype(np.float64),
            colours=colours.reshape(count, -1),
        )

    def layout(self, a: Places, b: Places) -> F64:
        """1 − the correlation of the cells, 0…1, where both pictures carry the same bit of noise: two plain ones are
        alike, a plain one and another are not. More light, or more contrast, changes nothing."""
        both = np.einsum("ij,ij->i", self.laid[a], self.laid[b]).astype(np.float64)
        noise = _NOISE * self.laid.shape[1]
        return np.clip(1 - (both + noise) / np.sqrt((self.power[a] + noise) * (self.power[b] + noise)), 0, 1)

    def breadth(self, a: Places, b: Places) -> F64:
        """Share of the difference of two pictures, each of contrast 1, that lies in those three quarters of the cells
        that differ least: near 0 where one thing has moved, about a third where all is another."""
        noise = _NOISE * self.laid.shape[1]
        scaled = [self.laid[side] / np.sqrt(self.power[side] + noise)[:, None] for side in (a, b)]
        apart = (
            np.square(scaled[0] - scaled[1]).reshape(len(a), self.laid.shape[1] // 3, 3).sum(axis=2, dtype=np.float64)
        )
        apart.sort(axis=1)
        return apart[:, : apart.shape[1] * 3 // 4].sum(axis=1) / np.maximum(apart.sum(axis=1), 1e-9)

    def likeness(self, a: Places, b: Places) -> F64:
        """Correlation of the cells, −1…1, with so little noise that a hundredth of the contrast is still the same."""
        both = np.einsum("ij,ij->i", self.laid[a], self.laid[b]).astype(np.float64)
        noise = _NOISE / 100 * self.laid.shape[1]
        return both / np.sqrt((self.power[a] + noise) * (self.power[b] + noise))

    def distance(self, a: Places, b: Places) -> F64:
        tint = np.abs(self.colours[a] - self.colours[b]).sum(axis=1, dtype=np.float64) / 2
        return np.sqrt(self.layout(a, b) * tint)


def _cuts(pictures: _Pictures, keyframes_s: F64, rules: ShotRules) -> list[_Join]:
    times = pictures.times_s
    far = _far(pictures, rules.flash_s)
    needed = np.full(len(far), rules.threshold)
    if rules.adaptive:
        level = _level(far, times, rules.around_s)
        odds = rules.ratio * level / np.maximum(1 - level, 1e-6)
        needed = np.maximum(rules.still_threshold, odds / (1 + odds))
    found: list[_Join] = []
    candidates = np.flatnonzero(far >= needed)
    for k in candidates[pictures.breadth(candidates, candidates + 1) >= _BREADTH].tolist():
        from_s, to_s = float(times[k]), float(times[k + 1])
        at_s = (from_s + to_s) / 2
        keys = keyframes_s[(keyframes_s > times[k]) & (keyframes_s <= times[k + 1])]
        if len(keys):
            at_s = float(keys[np.argmin(np.abs(keys - at_s))])
        found.append(_Join(at_s=at_s, from_s=from_s, to_s=to_s, kind="cut", strength=float(far[k] - needed[k])))
    return found


def _far(pictures: _Pictures, flash_s: float) -> F64:
    """For each pair of neighbours the least distance of a picture just before from one just after: ``[n − 1]``."""
    times = pictures.times_s
    first = np.arange(len(times) - 1)
    far = pictures.distance(first, first + 1)
    for back in range(_REACH):
        for on in range(_REACH):
            here = first[(first >= back) & (first + 1 + on < len(times))]
            here = here[times[here + 1 + on] - times[here - back] <= flash_s] if back + on else here[:0]
            far[here] = np.minimum(far[here], pictures.distance(here - back, here + 1 + on))
    return far


def _level(far: F64, times: F64, around_s: float) -> F64:
    """How far apart neighbours are in the ``around_s`` before each gap and after: the mean of the upper quartiles."""
    middles = (times[:-1] + times[1:]) / 2
    starts = np.searchsorted(middles, middles - around_s).tolist()
    stops = np.searchsorted(middles, middles + around_s, side="right").tolist()
    values: list[float] = far.tolist()
    level = np.zeros(len(far))
    for k, (start, stop) in enumerate(zip(starts, stops, strict=True)):
        sides = [_upper_quartile(side) for side in (values[start:k], values[k + 1 : stop]) if side]
        level[k] = sum(sides) / len(sides) if sides else 0.0
    return level


def _upper_quartile(values: list[float]) -> float:
    """As numpy has it, which takes twenty times as long for six."""
    ordered = sorted(values)
    place = 0.75 * (len(ordered) - 1)
    low = int(place)
    return ordered[low] + (place - low) * (ordered[min(low + 1, len(ordered) - 1)] - ordered[low])


def _fades(pictures: _Pictures, change: Change, rules: ShotRules) -> list[_Join]:
    """Contrast goes down to little and comes up again, within ``fade_s`` each. The pictures on the way are those of one
    side with less contrast, or plain; and what was there before is not what is there after."""
    times, spread = change.times_s, change.spread
    count = len(times)
    before = np.array([spread[np.searchsorted(times, t - rules.fade_s) : k + 1].max() for k, t in enumerate(times)])
    after = np.array(
        [spread[k : np.searchsorted(times, t + rules.fade_s, side="right")].max() for k, t in enumerate(times)]
    )
    faint = spread <= _FAINT * np.minimum(before, after)
    found: list[_Join] = []
    for low, high in _runs(faint):
        first, last = low, high
        while first > 0 and spread[first - 1] > spread[first] * _STEEP and times[low] - times[first] < rules.fade_s:
            first -= 1
        while (
            last < count - 1 and spread[last + 1] > spread[last] * _STEEP and times[last] - times[high] < rules.fade_s
        ):
            last += 1
        way = np.arange(first + 1, last)
        contrast = spread[np.where(way <= (low + high) // 2, first, last)]
        # A picture that comes or goes in one step was cut.
        partly = (spread[way] > 0.1 * contrast) & (spread[way] < 0.9 * contrast)
        plain = spread[way] < _PLAIN
        one, other = np.full(len(way), first), np.full(len(way), last)
        alike = np.maximum(pictures.likeness(one, way), pictures.likeness(way, other)) >= _ALIKE
        strength = float(pictures.distance(np.array([first]), np.array([last]))[0])
        if not partly.any() or not (plain | alike).all() or strength < _BLINK:
            continue
        darkest = way[spread[way] <= spread[way].min() + _PLAIN / 2]
        at_s = float(times[darkest[[0, -1]]].mean())
        found.append(
            _Join(at_s=at_s, from_s=float(times[first]), to_s=float(times[last]), kind="fade", strength=strength)
        )
    return found


def _runs(flags: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last place of each stretch."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _dissolves(pictures: _Pictures, change: Change, rules: ShotRules) -> list[_Join]:
    """Stretches whose pictures lie on the line from the first, T_a, to the last, T_b, one behind the other, with
    stillness before and after: T_k ≈ T_a + α_k (T_b − T_a), and α rises from 0 to 1 by steps."""
    times = pictures.times_s
    count = len(times)
    grid = change.grid.reshape(count, -1)
    longest = max(int(min(2 * rules.fade_s * _PER_S, count)), 3)
    # band[k, d]: the inner product of picture k with the one d further on.
    band = np.zeros((count, longest + 3))
    for d in range(min(longest + 3, count)):
        band[: count - d, d] = np.einsum("ij,ij->i", grid[: count - d], grid[d:])

    def product(a: Places, b: Places) -> F64:
        low, high = np.minimum(a, b), np.maximum(a, b)
        return band[low, high - low]

    def square(a: Places, b: Places) -> F64:
        return product(a, a) + product(b, b) - 2 * product(a, b)

    found: list[_Join] = []
    for size in range(3, longest + 1):
        a = np.arange(2, count - size - 2)
        b = a + size
        a, b = (side[times[b] - times[a] <= 2 * rules.fade_s] for side in (a, b))
        whole = np.maximum(square(a, b), 1e-9)
        good = (whole >= _UNLIKE**2 * grid.shape[1]) & (square(a - 2, a) < _STILL * whole)
        good &= (square(b, b + 2) < _STILL * whole) & (np.minimum(change.spread[a], change.spread[b]) >= _PLAIN)
        # Of one picture that grows light or dark, every moment lies on the line too.
        half = a[good] + size // 2
        alike = np.minimum(pictures.likeness(a[good], half), pictures.likeness(half, b[good]))
        good[good] &= alike < _ALIKE
        good[good] &= pictures.distance(a[good], b[good]) >= rules.threshold
        a, b, whole = a[good], b[good], whole[good]
        if not len(a):
            continue
        share, off = np.zeros((size + 1, len(a))), np.zeros((size + 1, len(a)))
        for k in range(size + 1):
            mid = a + k
            share[k] = (product(mid, b) - product(mid, a) - product(a, b) + product(a, a)) / whole
            off[k] = np.maximum(square(a, mid) / whole - share[k] ** 2, 0)
        steps = np.diff(share, axis=0)
        good = (steps.min(axis=0) > -_BACK) & (steps.max(axis=0) < _STEP) & (off.max(axis=0) < _OFF_LINE)
        for at, end in zip(a[good].tolist(), b[good].tolist(), strict=True):
            column = share[:, np.flatnonzero(a == at)[0]]
            at_s = float(np.interp(0.5, np.maximum.accumulate(column), times[at : end + 1]))
            strength = float(pictures.distance(np.array([at]), np.array([end]))[0])
            found.append(
                _Join(at_s=at_s, from_s=float(times[at]), to_s=float(times[end]), kind="fade", strength=strength)
            )
    return found
