"""Beats: when the beats of a clip's sound fall."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from triptych.features.feature import Feature
from triptych.features.hearing.spectrogram import FRAMES_HZ, spectrogram_of
from triptych.features.hearing.spectrum import Array
from triptych.features.hearing.tempo import smoothed, tempo_of
from triptych.media.reel import Reel

#: What an interval that is not the period costs, in standard deviations of the onset strength: see :func:`tracked`.
TIGHTNESS = 100.0
#: A beat where onsets return less regularly than that is none: the tempo may be that of another part of the clip.
LEAST_PULSE = 0.15
#: A first or last beat whose onset is weaker than that, re the root mean square of all, is none: nothing happens there.
LEAST_END = 0.2
#: A frame hears what begins within 46 ms after its middle; where it is first heard, it is this much later.
LATE_FRAMES = 1.0

PARAMS = {
    "tightness": TIGHTNESS,
    "least_pulse": LEAST_PULSE,
    "least_end": LEAST_END,
    "late_frames": LATE_FRAMES,
}


def beats_of(reel: Reel) -> Array | Feature:
    """The times of the beats of a reel, float64 ``[n]``, seconds from the clip's first picture, increasing; none where
    there is no beat; or the mask that stands for its sound. To be asked for through ``reel.once``."""
    sound, tempo = reel.once(spectrogram_of), reel.once(tempo_of)
    if isinstance(sound, Feature):
        return sound
    assert not isinstance(tempo, Feature)  # it is of the same sound
    if tempo.bpm is None:
        return np.zeros(0)
    frames = tracked(smoothed(sound.onset_db), period=60 * FRAMES_HZ / tempo.bpm)
    there = np.interp(sound.times_s[frames], tempo.times_s, tempo.pulse) >= LEAST_PULSE
    return np.minimum((frames[there] + LATE_FRAMES) / FRAMES_HZ, sound.duration_s)


def tracked(onset: Array, *, period: float) -> npt.NDArray[np.intp]:
    """The frames of the beats, increasing: where onsets are strong and ``period`` frames apart, as near as both can be.

    Of all ways to put beats it is the one with the largest ``Σ_i o[t_i] − TIGHTNESS ln²((t_i − t_i−1) / period)``,
    with o in standard deviations, found by dynamic programming: the best way to end at frame t goes through the
    best way to end at one of the frames half a period to two before. Since none is nearer than half a period,
    that many frames are worked out at a time. Weak beats at either end, where there may be nothing, are left out.

    Citation: Ellis 2007, *Beat tracking by dynamic programming*.

    Examples
    --------
    >>> tracked(np.tile([9.0] + [0.0] * 9, 5), period=10).tolist()
    [0, 10, 20, 30, 40]
    """
    deviation = float(onset.std())
    if deviation == 0 or period < 2:
        return np.zeros(0, dtype=np.intp)
    local = onset / deviation
    nearest, farthest = int(np.ceil(period / 2)), int(2 * period)
    back = np.arange(farthest, nearest - 1, -1)
    cost = TIGHTNESS * np.log(back / period) ** 2
    # Before the first frame there is nothing to come from.
    best = np.concatenate([np.full(farthest, -np.inf), local])
    before = np.full(len(local), -1, dtype=np.intp)
    reachable = sliding_window_view(best, len(back))
    for start in range(0, len(local), nearest):
        stop = min(start + nearest, len(local))
        through = reachable[start:stop] - cost
        chosen = np.argmax(through, axis=-1)
        gained = through[np.arange(stop - start), chosen]
        better = gained > 0
        best[farthest + start : farthest + stop] += np.where(better, gained, 0.0)
        before[start:stop] = np.where(better, np.arange(start, stop) - back[chosen], -1)
    last = max(len(local) - int(np.ceil(period)), 0)
    at = last + int(np.argmax(best[farthest + last :]))
    found: list[int] = []
    while at >= 0:
        found.append(at)
        at = int(before[at])
    beats = np.array(found[::-1], dtype=np.intp)
    strong = np.flatnonzero(local[beats] >= LEAST_END * np.sqrt((local[beats] ** 2).mean()))
    return beats[strong[0] : strong[-1] + 1]
