"""Speech and music: what each half second of a clip sounds like, by three simple cues (Maes 2025 §3.2.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from triptych.features.extractor import Needs, Showing
from triptych.features.feature import Feature
from triptych.features.hearing import spectrogram
from triptych.features.hearing.listening import columns, needs, pooled, reel_of
from triptych.features.hearing.spectrogram import FRAMES_HZ, RATE_HZ, Spectrogram, spectrogram_of
from triptych.features.pooling import MEAN, Pooling
from triptych.features.recipe import Recipe
from triptych.media.reel import Reel

F64 = npt.NDArray[np.float64]

#: Maes 2025: frames of 500 ms.
FRAME_S = 0.5
#: The ramps below, each from "not at all" to "wholly", are ours: the thesis gives its cues and no thresholds. They
#: were set by what synthetic speech of eight voices, chords, melodies and noises measure, and looked at again with
#: Silero on the sound of films and of nature. The chroma's variance is under .001 in noise, to .01 among birds and
#: frogs, .003 to .05 in speech, .03 to .4 in music.
VOICE_CHROMA = (0.001, 0.005)
MUSIC_CHROMA = (0.005, 0.025)
#: So much variance speech does not reach: whatever the zero crossings do, this is music.
CHORD_CHROMA = (0.05, 0.15)
#: How far the zero-crossing rate goes there and back within the half second, in units of its mean. Vowels and
#: sibilants alternate: 1 to 3 in speech (.5 to 1 in a film's scene); .1 to .8 in music and among birds.
RESTLESS = (0.5, 1.1)
#: Where speech has its centroid.
VOICE_LOW_HZ, VOICE_HIGH_HZ = (400.0, 800.0), (3400.0, 4200.0)
#: The syllables' rhythm, and the span over which it is looked at (Scheirer & Slaney 1997).
MODULATION_HZ = (2.5, 7.0)
MODULATION_SPAN_S = 2.0
_TRANSFORM = 256

CLASSES = ("speech", "music", "other", "silent")
ROWS = (*CLASSES, "modulation_4hz")
CLIPWISE = ("changes_per_min",)
PARAMS = {
    "spectrogram": spectrogram.PARAMS,
    "a4_hz": spectrogram.A4_HZ,
    "frame_s": FRAME_S,
    "voice_chroma": VOICE_CHROMA,
    "music_chroma": MUSIC_CHROMA,
    "chord_chroma": CHORD_CHROMA,
    "restless": RESTLESS,
    "voice_low_hz": VOICE_LOW_HZ,
    "voice_high_hz": VOICE_HIGH_HZ,
    "modulation_hz": MODULATION_HZ,
    "modulation_span_s": MODULATION_SPAN_S,
    "modulation_transform": _TRANSFORM,
}


@dataclass(frozen=True, kw_only=True, eq=False)
class HalfSeconds:
    """What each half second of one clip sounds like. All float64.

    - ``times_s``: ``[n]``, their middles; what is left after the last whole one belongs to it.
    - ``shares``: ``[n, 4]``, how much speech, music, something else and silence it is; rows sum to 1.
    - ``modulation``: ``[n]``, how strongly the level swings at 2.5 to 7 Hz in the two seconds around: the RMS of that
      part of its course over its mean.
    - ``zero_crossings``, ``restless`` (see :data:`RESTLESS`), ``centroid_hz``, ``chroma_variance``: ``[n]``, the cues,
      over the audible frames; 0 where none is. The variance is that of the 12 classes of the mean chroma, re its
      greatest (one class).
    """

    times_s: F64
    shares: F64
    modulation: F64
    zero_crossings: F64
    restless: F64
    centroid_hz: F64
    chroma_variance: F64

    @property
    def changes(self) -> int:
        """How often the class with the greatest share gives way to another; a half second between two that agree
        counts as they do."""
        most = self.shares.argmax(axis=1)
        between = most[:-2] == most[2:]
        most[1:-1][between] = most[:-2][between]
        return int((most[1:] != most[:-1]).sum())


def half_seconds_of(reel: Reel) -> HalfSeconds | Feature:
    """What each half second of a reel sounds like, or the mask that stands for its sound. To be asked for through
    ``reel.once``."""
    found = reel.once(spectrogram_of)
    return found if isinstance(found, Feature) else measured(found)


def measured(sound: Spectrogram) -> HalfSeconds:
    count = max(int(sound.duration_s / FRAME_S), 1)
    place = np.minimum((sound.times_s / FRAME_S).astype(np.int64), count - 1)
    starts = np.searchsorted(place, np.arange(count))
    frames = np.diff(np.append(starts, len(place)))
    audible = sound.audible.astype(np.float64)
    heard = np.add.reduceat(audible, starts)

    def mean(values: F64) -> F64:
        """Over the audible frames of each half second: ``[t, ...]`` → ``[n, ...]``, 0 where there is none."""
        weights = audible.reshape(-1, *[1] * (values.ndim - 1))
        return np.add.reduceat(values * weights, starts) / np.maximum(heard, 1.0).reshape(-1, *[1] * (values.ndim - 1))

    crossings = mean(sound.zero_crossings)
    restless = _there_and_back(sound.zero_crossings[sound.whole], place[sound.whole], count)
    restless /= np.maximum(crossings, 1e-12)
    centroid_hz = mean(sound.centroid_hz)
    total = sound.chroma.sum(axis=1, keepdims=True)
    # Each frame weighs alike, whatever its chroma is scaled by.
    variance = _variance(mean(sound.chroma / np.where(total > 0, total, 1.0)))
    silent = 1 - heard / frames
    classes = _classes(restless, centroid_hz, variance)
    times_s = ((np.arange(count) + 0.5) * FRAME_S).astype(np.float64)
    return HalfSeconds(
        times_s=times_s,
        shares=np.column_stack([classes * (1 - silent)[:, None], silent]),
        modulation=_modulation(sound.level_db, times_s),
        zero_crossings=crossings,
        restless=restless,
        centroid_hz=centroid_hz,
        chroma_variance=variance,
    )


def _classes(restless: F64, centroid_hz: F64, variance: F64) -> F64:
    """How much of each half second is speech, music and neither: float64 ``[n, 3]``, sums of 1.

    Noise has a flat chroma. What has none is a voice as far as its zero crossings are restless, its centroid lies
    where those of voices do, and no chord stands out of it, and music as far as not. Ramps and not steps, so that a
    re-encoding, which moves the cues a little, moves the shares a little.
    """
    voice = _ramp(restless, RESTLESS) * _ramp(centroid_hz, VOICE_LOW_HZ) * (1 - _ramp(centroid_hz, VOICE_HIGH_HZ))
    voice *= 1 - _ramp(variance, CHORD_CHROMA)
    speech = voice * _ramp(variance, VOICE_CHROMA)
    music = (1 - voice) * _ramp(variance, MUSIC_CHROMA)
    return np.stack([speech, music, 1 - speech - music], axis=1)


def _there_and_back(values: F64, place: npt.NDArray[np.int64], count: int) -> F64:
    """Half of what each half second's values move in all, less the way from the first to the last: ``[t]`` → ``[n]``.

    So a step from one level to another, where one sound gives way to the next, counts for nothing. Of more or fewer
    steps than half a second has (the last part of a clip, silence between) it is what it would be of as many.
    """
    within = place[1:] == place[:-1]
    steps, at = np.diff(values)[within], place[1:][within]
    moved = np.bincount(at, np.abs(steps), minlength=count)
    net = np.bincount(at, steps, minlength=count)
    share = np.bincount(at, minlength=count) / (FRAME_S * FRAMES_HZ)
    return (moved - np.abs(net)) / 2 / np.maximum(share, 0.5)


def _ramp(values: F64, ends: tuple[float, float]) -> F64:
    low, high = ends
    return np.clip((values - low) / (high - low), 0.0, 1.0)


def _variance(chroma: F64) -> F64:
    """``Σ(c − c̄)² / (1 − 1/12)`` of shares c: ``[n, 12]`` → ``[n]``; 0 where all are alike, 1 where one is all."""
    total = chroma.sum(axis=1, keepdims=True)
    shares = chroma / np.where(total > 0, total, 1.0)
    return ((shares - shares.mean(axis=1, keepdims=True)) ** 2).sum(axis=1) / (1 - 1 / 12)


def _modulation(level_db: F64, times_s: F64) -> F64:
    """The swing of the level at the syllables' rhythm around each time: ``[t]``, ``[n]`` → ``[n]``, 0…about 1.

    Of the amplitudes a under a Hann window w, less their weighted mean m: ``sqrt(share · Σ(w(a − m))² / Σw²) / m``,
    where share is the part of the power spectrum in the band.
    """
    half = round(MODULATION_SPAN_S / 2 * FRAMES_HZ)
    padded = np.pad(10 ** (level_db / 20), half, mode="edge")
    middles = np.round(times_s * FRAMES_HZ).astype(np.int64)
    course = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1)[np.minimum(middles, len(level_db) - 1)]
    window = np.hanning(2 * half + 3)[1:-1]
    mean = course @ window / window.sum()
    swing = (course - mean[:, None]) * window
    power = np.abs(np.fft.rfft(swing, _TRANSFORM)) ** 2
    low, high = (round(hz * _TRANSFORM / FRAMES_HZ) for hz in MODULATION_HZ)
    # By Parseval; every frequency but the first and the last stands for two.
    band = 2 * power[:, low : high + 1].sum(axis=1) / _TRANSFORM
    return np.sqrt(band / (window**2).sum()) / np.maximum(mean, 1e-12)


@dataclass(frozen=True, kw_only=True)
class SpeechMusic:
    """Shares of speech, music, other sound and silence, judged by half seconds.

    By the cues of Maes 2025 §3.2.2: zero-crossing rate (here how far it goes there and back within the half second),
    spectral centroid and variance of the chroma; the thresholds are ours.

    It is a heuristic: synthetic voices are speech for .6 to .9 of their time (a whisper .4), chords and melodies music
    for .9, noise and nature other for .85 and more; of an orchestra's film score .7 is music and .2 passes for speech,
    drums are half speech, speech over music is whichever is louder, and over noise mostly other. When somebody speaks,
    ``hearing/speech`` knows far better.

    Per half second, pooled:

    - ``speech, music, other, silent``: sums of 1. A frame of 46 ms is silent when it is 60 dB under the loudest.
    - ``modulation_4hz``: beyond the thesis, how strongly the level swings in the rhythm of syllables (Scheirer & Slaney
      1997): about .5 in speech, under .2 in music without drums, under .1 in steady noise.

    And of the whole clip, only where it is pooled into one part:

    - ``changes_per_min``: how often one of the four takes over from another.

    No gain moves any of them.
    """

    pooling: Pooling = MEAN

    @property
    def recipe(self) -> Recipe:
        return Recipe(panel="hearing", name="speech-music", version=1, params={**PARAMS, "pooling": self.pooling})

    @property
    def needs(self) -> Needs:
        return needs(RATE_HZ)

    def ready(self) -> None:
        """Needs nothing beyond the core."""

    def columns(self) -> tuple[str, ...]:
        """The name of each entry of a vector, or of a row.

        >>> SpeechMusic().columns()
        ('speech_mean', 'music_mean', 'other_mean', 'silent_mean', 'modulation_4hz_mean', 'changes_per_min')
        """
        return columns(self.pooling, ROWS, CLIPWISE)

    def extract(self, showings: Sequence[Showing]) -> Sequence[Feature]:
        return [self._measure(showing) for showing in showings]

    def _measure(self, showing: Showing) -> Feature:
        reel = reel_of(showing, self.recipe.title)
        found = reel.once(half_seconds_of)
        if isinstance(found, Feature):
            return found
        rows = np.column_stack([found.shares, found.modulation])
        minutes = len(found.times_s) * FRAME_S / 60
        return pooled(reel, self.pooling, rows, found.times_s, lambda: [found.changes / minutes])
