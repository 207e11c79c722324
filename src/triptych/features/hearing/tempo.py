"""Tempo: how fast the beat of a clip's sound goes, and how much of a beat there is.

onset_db ──smoothed──▶ windows ──autocorrelation──▶ comb of each tempo ──▶ local pulse, profile
                                      └──mean──▶ comb × prior ──▶ coarse tempo ──▶ bpm, strength
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from triptych.features.feature import Feature
from triptych.features.hearing.spectrogram import FRAMES_HZ, spectrogram_of
from triptych.features.hearing.spectrum import Array
from triptych.media.reel import Reel

#: The tempi that are told apart, and how many of them to the octave.
SLOWEST_BPM, FASTEST_BPM = 40.0, 240.0
STEPS_PER_OCTAVE = 96
#: Centres of the profile, evenly apart in the logarithm, 0.17 octaves.
PROFILE_BINS = 16
PROFILE_BPM: tuple[float, ...] = tuple(np.geomspace(SLOWEST_BPM, FASTEST_BPM, PROFILE_BINS).tolist())
#: 11.9 s, within which a tempo must keep, and the longest lag that is looked at.
WINDOW_FRAMES = 512
LONGEST_FRAMES = 256
#: Half the frame's own reach: an onset may fall anywhere between two frames, and a drummer is no clock.
SMOOTHING_FRAMES = 1.0
#: The ripple of a steady tone is no beat.
STILL_DB = 0.3
#: Multiples of the period that count, the k-th as 1/k, and what an onset half-way between them takes away.
TEETH = 4
BETWEEN = 0.1
#: What is taken for the beat where a rhythm allows several (Ellis 2007, with a narrower prior).
PRIOR_BPM = 120.0
PRIOR_OCTAVES = 0.8
#: Under the first strength there is no tempo to tell, over the second it is certain; both rise for clips of less than
#: a window.
CERTAIN = (0.1, 0.3)
#: Steps of the tempi to either side that the refined one is looked for within, and at how many places.
REFINED = (1.5, 121)

PARAMS = {
    "bpm": (SLOWEST_BPM, FASTEST_BPM),
    "steps_per_octave": STEPS_PER_OCTAVE,
    "profile_bins": PROFILE_BINS,
    "window_frames": WINDOW_FRAMES,
    "longest_frames": LONGEST_FRAMES,
    "smoothing_frames": SMOOTHING_FRAMES,
    "still_db": STILL_DB,
    "teeth": TEETH,
    "between": BETWEEN,
    "prior": (PRIOR_BPM, PRIOR_OCTAVES),
    "certain": CERTAIN,
    "refined": REFINED,
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Tempo:
    """The tempo of a clip. Not to be written to.

    - ``bpm``: beats a minute, or None where there is no beat to speak of.
    - ``strength``: 0…1, how regularly onsets return at that tempo over the clip; ``certainty``: 0…1, a ramp over it, 0
      exactly where ``bpm`` is None.
    - ``profile``: float64 ``[16]``, how much of each of the tempi ``PROFILE_BPM`` there is, as the mean over the clip's
      windows. It knows no prior, holds several tempi where there are several, and is near 0 where there is no beat.
    - ``times_s``, ``pulse``: float64 ``[w]``, the middle of each window, and how regularly onsets return within it, at
      whatever tempo.

    **Octaves.** The beat of sound that repeats every T is also one of T/2 and 2T, and listeners disagree. Bare clicks
    are taken as they are from about 50 to 175 a minute; slower ones are doubled and faster ones halved. Where off-beats
    are about as strong as beats, so that both readings hold, the one nearer 120 in octaves is given: 60 with off-beats
    is 120, 174 with off-beats is 87.
    """

    bpm: float | None
    strength: float
    certainty: float
    profile: Array
    times_s: Array
    pulse: Array

    @property
    def octaves(self) -> float:
        """How much faster than 120 a minute, in octaves; nearer to 0 as the tempo is less certain, 0 of no beat."""
        return 0.0 if self.bpm is None else self.certainty * float(np.log2(self.bpm / PRIOR_BPM))


def tempo_of(reel: Reel) -> Tempo | Feature:
    """The tempo of a reel, or the mask that stands for its sound. To be asked for through ``reel.once``."""
    heard = reel.once(spectrogram_of)
    return heard if isinstance(heard, Feature) else measured(heard.onset_db)


def measured(onset_db: Array) -> Tempo:
    """The tempo of an onset strength ``[t]``, dB, t ≥ 1, at 43.07 frames a second.

    Of each tempo the score is ``Σ_k (r[kτ] − BETWEEN · r[(k − ½)τ]) / k`` over the ``Σ_k 1/k`` of the multiples within
    reach, with τ its period in frames and r the autocorrelation, so 1 for onsets that return exactly. The comb keeps
    a third or a half of the period from passing for it, what lies between its teeth keeps twice the period from it.

    Citation: Ellis 2007, *Beat tracking by dynamic programming*.
    """
    middles_s, turning = _autocorrelations(smoothed(onset_db))
    if turning.shape[1] < 3:
        nothing = np.zeros(PROFILE_BINS)
        return Tempo(bpm=None, strength=0.0, certainty=0.0, profile=nothing, times_s=middles_s, pulse=nothing[:1])
    bpm, comb = _comb(turning.shape[1])
    local = np.maximum(turning @ comb.T, 0.0)
    profile = np.array([(local * near).max(axis=-1).mean() for near in _bins()])
    mean = turning.mean(axis=0)
    score = comb @ mean
    best = int(np.argmax(score * np.exp(-0.5 * (np.log2(bpm / PRIOR_BPM) / PRIOR_OCTAVES) ** 2)))
    strength = float(np.clip(score[best], 0.0, 1.0))
    # By chance onsets agree the better the fewer they are, as one over the root of the length.
    least, most = np.array(CERTAIN) * np.sqrt(max(WINDOW_FRAMES / len(onset_db), 1.0))
    certainty = float(np.clip((strength - least) / (most - least), 0.0, 1.0))
    return Tempo(
        bpm=_refined(mean, float(bpm[best])) if certainty > 0 else None,
        strength=strength,
        certainty=certainty,
        profile=np.minimum(profile, 1.0),
        times_s=middles_s,
        pulse=np.minimum(local.max(axis=-1), 1.0),
    )


def smoothed(onset_db: Array) -> Array:
    """An onset strength ``[t]`` under a Gaussian of one frame."""
    reach = np.arange(-4, 5)
    weights = np.exp(-0.5 * (reach / SMOOTHING_FRAMES) ** 2)
    found = np.convolve(np.pad(onset_db, 4), weights / weights.sum(), mode="valid")
    return found.astype(np.float64, copy=False)


def _autocorrelations(onset: Array) -> tuple[Array, Array]:
    """The middles ``[w]`` of half-overlapping windows, s, and their autocorrelations ``[w, lags]``, 1 at lag 0 but for
    ``STILL_DB``, each lag by the number of pairs it has."""
    window = min(WINDOW_FRAMES, len(onset))
    lags = np.arange(min(LONGEST_FRAMES, window // 2) + 1)
    # Begun at the other end too, so that all of the clip is looked at.
    starts = np.array([*range(0, len(onset) - window, WINDOW_FRAMES // 2), len(onset) - window])
    cuts = onset[starts[:, None] + np.arange(window)]
    cuts = cuts - cuts.mean(axis=-1, keepdims=True)
    # Twice the length keeps the circular correlation of the transform from wrapping round.
    power = np.abs(np.fft.rfft(cuts, n=2 * window, axis=-1)) ** 2
    turning: Array = np.fft.irfft(power, n=2 * window, axis=-1)
    scale = turning[:, :1] + window * STILL_DB**2
    return (starts + (window - 1) / 2) / FRAMES_HZ, turning[:, : len(lags)] / scale / (1 - lags / window)


def _refined(turning: Array, bpm: float) -> float:
    """The tempo near ``bpm`` at which all multiples of the period within reach agree best: the longest lag holds many
    periods, and divides the coarseness of a frame by their number."""
    reach, places = REFINED
    near = bpm * 2 ** (np.linspace(-reach, reach, places) / STEPS_PER_OCTAVE)
    period = 60 * FRAMES_HZ / near
    multiples = np.arange(1, max(int((len(turning) - 1) / period.max()), 1) + 1)
    heights = np.interp(period[:, None] * multiples, np.arange(len(turning)), turning)
    return float(near[np.argmax(heights.sum(axis=-1))])


@lru_cache(maxsize=8)
def _comb(lags: int) -> tuple[Array, Array]:
    """The tempi ``[m]``, beats a minute, and the weight of each lag in the score of each, ``[m, lags]``, read-only."""
    count = int(np.log2(FASTEST_BPM / SLOWEST_BPM) * STEPS_PER_OCTAVE) + 1
    bpm = SLOWEST_BPM * 2 ** (np.arange(count) / STEPS_PER_OCTAVE)
    period = 60 * FRAMES_HZ / bpm
    comb = np.zeros((count, lags))
    total = np.zeros(count)
    for tooth in range(1, TEETH + 1):
        within = np.flatnonzero(tooth * period < lags - 1)
        total[within] += 1 / tooth
        for place, weight in ((tooth, 1 / tooth), (tooth - 0.5, -BETWEEN / tooth)):
            lag = place * period[within]
            whole = lag.astype(np.intp)
            comb[within, whole] += weight * (whole + 1 - lag)
            comb[within, whole + 1] += weight * (lag - whole)
    # Of a tempo whose period is out of reach nothing is known.
    comb /= np.maximum(total, 1 / TEETH)[:, None]
    for values in (bpm, comb):
        values.setflags(write=False)
    return bpm, comb


@lru_cache(maxsize=1)
def _bins() -> Array:
    """How far each tempo belongs to each bin of the profile, ``[16, m]``, read-only: triangles that end at the
    neighbours' centres. So a tempo that moves a little moves the profile a little."""
    tempi = np.log2(_comb(LONGEST_FRAMES + 1)[0])
    centres = np.log2(PROFILE_BPM)
    bins = np.maximum(1 - np.abs(tempi - centres[:, None]) / (centres[1] - centres[0]), 0.0)
    bins.setflags(write=False)
    return bins
