"""Alignment: where two clips show the same pictures, or carry the same sound, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from triptych.features.bits import WORD_BITS, Words, unpacked

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]

#: Two pictures of which no more than this share of bits differ are the same picture: re-encodings differ in .04 on
#: average and .15 at most, pictures of other films in .26 and more.
PICTURE_ALIKE = 0.16
#: The same of sound, as the mean over ``SOUND_WINDOW`` sub-fingerprints, a little over a second.
SOUND_ALIKE = 0.32
SOUND_WINDOW = 9
#: How many offsets are looked at closely.
OFFSETS = 6
#: Time stamps are this good: containers round them to pictures, and encoders delay the first.
JITTER_S = 0.1


@dataclass(frozen=True, kw_only=True, eq=False)
class Track:
    """The hashes of one clip: uint16 ``[t, w]``, and their times, float64 ``[t]``, increasing."""

    words: Words
    times_s: F64

    def __len__(self) -> int:
        return len(self.times_s)

    @cached_property
    def signs(self) -> F32:
        """The bits as −1 and 1: float32 ``[t, 16 w]``, so that one product compares everything with everything."""
        return unpacked(self.words).astype(np.float32) * 2 - 1

    @cached_property
    def step_s(self) -> float:
        """Seconds that one hash stands for."""
        if len(self) < 2:
            return 0.04
        steps = np.diff(self.times_s)
        # A gap is where pictures were flat; pictures that come at two rates in turn have no one median.
        return float(steps[steps <= 3 * np.median(steps)].mean())

    @property
    def seconds(self) -> float:
        return len(self) * self.step_s


@dataclass(frozen=True, kw_only=True)
class Match:
    """What two clips have in common at the best offset.

    ``offset_s``: what is at t in the one is at t + offset_s in the other. ``seconds``: how much is alike, and
    ``share`` that of all there is to compare in the shorter of the two. ``agreement``: the share that is alike where
    they overlap. ``distance``: the mean share of bits that differ in what is alike; ``variety``: the same between
    what is alike and itself at other times, near 0 for a still. ``count``: how many hashes are alike.
    """

    offset_s: float
    seconds: float
    share: float
    agreement: float
    distance: float
    variety: float
    count: int


def pictures_in_common(one: Track, other: Track) -> Match | None:
    """The best alignment of two sequences of picture hashes; None where no two pictures are alike."""
    if not len(one) or not len(other):
        return None
    apart = _apart(one.signs, other.signs)
    rows, columns = np.nonzero(apart <= PICTURE_ALIKE)
    if not len(rows):
        return None
    step_s = max(one.step_s, other.step_s)
    found = [
        _at(one, other, apart, offset_s)
        for offset_s in _frequent(other.times_s[columns] - one.times_s[rows], step_s + JITTER_S)
    ]
    return max(found, key=lambda match: (match.count, -match.distance))


def sound_in_common(one: Track, other: Track, *, step_s: float) -> Match | None:
    """The best alignment of two sequences of sub-fingerprints that lie on a grid of ``step_s``.

    All offsets are compared at once: the number of bits that agree at each is a correlation, and a product of
    Fourier transforms; only the best few are looked at closely.
    """
    if not len(one) or not len(other):
        return None
    (left, left_heard), (right, right_heard) = _on_grid(one, step_s), _on_grid(other, step_s)
    length = 1 << (len(left) + len(right) - 1).bit_length()
    agree, both = (
        np.fft.irfft((np.conj(np.fft.rfft(a, length, axis=0)) * np.fft.rfft(b, length, axis=0)).sum(axis=1), length)
        for a, b in ((left, right), (left_heard[:, None].astype(np.float32), right_heard[:, None].astype(np.float32)))
    )
    # By chance the sum grows as the root of what overlaps; a sixteenth of a bit keeps an empty overlap from dividing.
    strength = agree / np.sqrt(left.shape[1] * np.maximum(both, 0.0625))
    best: list[int] = []
    for place in np.argsort(-strength, kind="stable")[: OFFSETS * 8].tolist():
        offset = place - length if place >= len(right) else place
        if all(abs(offset - known) > 2 for known in best) and len(best) < OFFSETS:
            best.append(offset)
    found = [_heard_at(left, left_heard, right, right_heard, offset, step_s) for offset in best]
    matches = [match for match in found if match is not None]
    return max(matches, key=lambda match: (match.count, -match.distance)) if matches else None


def _apart(one: F32, other: F32) -> F32:
    """Share of bits that differ, between every row of one and every row of the other."""
    return 0.5 - (one @ other.T) / (2 * one.shape[1])


def _frequent(offsets: F64, width_s: float) -> list[float]:
    """The medians of the fullest windows of ``width_s``, which do not overlap, fullest first."""
    ordered = np.sort(offsets)
    chosen: list[float] = []
    for _ in range(OFFSETS):
        if not len(ordered):
            break
        ends = np.searchsorted(ordered, ordered + width_s, "right")
        first = int(np.argmax(ends - np.arange(len(ordered))))
        last = int(ends[first])
        middle = float(np.median(ordered[first:last]))
        chosen.append(middle)
        ordered = ordered[np.abs(ordered - middle) > width_s]
    return chosen


def _at(one: Track, other: Track, apart: F32, offset_s: float) -> Match:
    """Each picture of the sparser clip against those of the denser one that are nearest in time."""
    if one.step_s >= other.step_s:
        sparse, dense, distances, shift_s = one, other, apart, offset_s
    else:
        sparse, dense, distances, shift_s = other, one, apart.T, -offset_s
    aims = sparse.times_s + shift_s
    reach_s = max(0.75 * dense.step_s, JITTER_S)
    near = np.searchsorted(dense.times_s, aims)[:, None] + np.arange(-2, 2)
    inside = (near >= 0) & (near < len(dense))
    near = np.clip(near, 0, len(dense) - 1)
    inside &= np.abs(dense.times_s[near] - aims[:, None]) <= reach_s
    each = np.where(inside, distances[np.arange(len(sparse))[:, None], near], 1.0)
    least = each.min(axis=1)
    compared = inside.any(axis=1)
    alike = compared & (least <= PICTURE_ALIKE)
    # Several neighbours may lie near one picture of the other clip: they are no more than there are of those.
    count = min(int(alike.sum()), len(np.unique(near[each <= PICTURE_ALIKE])))
    seconds = count * sparse.step_s
    return Match(
        offset_s=offset_s,
        seconds=seconds,
        share=min(seconds / min(one.seconds, other.seconds), 1.0),
        agreement=count / max(int(compared.sum()), 1),
        distance=float(least[alike].mean()) if count else 1.0,
        variety=_variety(sparse.signs[alike]),
        count=count,
    )


def _variety(signs: F32) -> float:
    """Mean share of bits in which two of these rows differ; of many rows, 64 evenly chosen."""
    if len(signs) < 2:
        return 0.0
    some = signs[np.unique(np.linspace(0, len(signs) - 1, 64).astype(int))]
    return float(_apart(some, some).sum() / (len(some) * (len(some) - 1)))


def _on_grid(track: Track, step_s: float) -> tuple[F32, npt.NDArray[np.bool_]]:
    """Signs by place on the grid, zero where there is no sub-fingerprint, and where there is one."""
    places = np.round(track.times_s / step_s).astype(np.int64)
    signs = np.zeros((int(places[-1]) + 1, track.words.shape[1] * WORD_BITS), np.float32)
    signs[places] = track.signs
    heard = np.zeros(len(signs), bool)
    heard[places] = True
    return signs, heard


def _heard_at(
    left: F32,
    left_heard: npt.NDArray[np.bool_],
    right: F32,
    right_heard: npt.NDArray[np.bool_],
    offset: int,
    step_s: float,
) -> Match | None:
    start, end = max(0, -offset), min(len(left), len(right) - offset)
    if end <= start:
        return None
    both = left_heard[start:end] & right_heard[start + offset : end + offset]
    compared = int(both.sum())
    if not compared:
        return None
    bits = left.shape[1]
    one = left[start:end]
    apart = np.where(both, 0.5 - (one * right[start + offset : end + offset]).sum(axis=1) / (2 * bits), 0.0)
    window = np.ones(min(SOUND_WINDOW, len(apart)))
    around = np.convolve(apart, window, "same") / np.maximum(np.convolve(both, window, "same"), 1)
    alike = both & (around <= SOUND_ALIKE)
    count = int(alike.sum())
    shorter = min(int(left_heard.sum()), int(right_heard.sum()))
    return Match(
        offset_s=offset * step_s,
        seconds=count * step_s,
        share=count / shorter,
        agreement=count / compared,
        distance=float(apart[alike].mean()) if count else 1.0,
        variety=_variety(one[alike]),
        count=count,
    )
