"""Rhythm: the tempo, beats and onsets of a clip's sound, and how much of it is held and struck."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from triptych.features.extractor import Needs, Showing
from triptych.features.feature import Feature
from triptych.features.hearing import beats, percussion, spectrogram, tempo
from triptych.features.hearing.beats import beats_of
from triptych.features.hearing.listening import columns, needs, pooled, reel_of
from triptych.features.hearing.onsets import onset_frames, rhythm_strength
from triptych.features.hearing.percussion import Percussion, percussion_of
from triptych.features.hearing.spectrogram import FRAMES_HZ, RATE_HZ, Spectrogram, spectrogram_of
from triptych.features.hearing.spectrum import Array
from triptych.features.hearing.tempo import PROFILE_BPM, Tempo, tempo_of
from triptych.features.pooling import MEAN_STD, Pooling
from triptych.features.recipe import Recipe

#: Those of the kernels, which hearing/acoustic takes too.
REACH_FRAMES, CONTEXT_FRAMES, RISE_DB = 3, 21, 1.5
SHORTEST_FRAMES, LONGEST_FRAMES, WINDOW_FRAMES, STILL_DB = 11, 64, 384, 0.3
#: Over how many frames the onsets around a frame are counted, 3 s.
RATE_FRAMES = 129
#: A spread of the intervals between beats by that much, in natural logarithms, is far from regular.
UNSTEADY = 0.1
#: An interval of more than so many of the usual ones is a pause.
PAUSE = 1.5

#: Of each audible frame.
FRAMEWISE = ("onset_db", "onsets_per_s", "pulse", "harmonic", "percussive")
#: Of the clip as a whole.
CLIPWISE = (
    "tempo_octaves",
    "tempo_strength",
    "beats_per_s",
    "beat_regularity",
    "beat_share",
    "rhythm_strength",
    "harmonic_share",
    "percussive_share",
    *(f"tempo_{round(bpm)}_bpm" for bpm in PROFILE_BPM),
)


@dataclass(frozen=True, kw_only=True)
class Rhythm:
    """How a clip's sound is moved in time. No gain of the clip moves any of it.

    Of each audible frame, pooled:

    - ``onset_db``: how much louder the bands grew, dB; ``onsets_per_s``: onsets within 1.5 s to either side.
    - ``pulse``: how regularly onsets return in the 12 s around, at whatever tempo, 0…1.
    - ``harmonic``, ``percussive``: shares of the energy that are held and struck, see
      :class:`~triptych.features.hearing.percussion.Percussion`.

    Of the clip as a whole, where there is one vector of it (``pooling.parts`` 1):

    - ``tempo_octaves``: how much faster than 120 beats a minute, in octaves; ``tempo_strength``: how regular.
    - ``tempo_40_bpm`` … ``tempo_240_bpm``: how much of that tempo there is, as 16 bins of an even width in octaves.
    - ``beats_per_s``, ``beat_regularity`` (of the intervals between them) and ``beat_share`` (of the onset strength,
      what falls within a frame of a beat), each times the certainty of the tempo.
    - ``rhythm_strength``: see :mod:`.onsets`. ``harmonic_share``, ``percussive_share``: of all energy.

    **No beat.** Speech and noise have none, and a number for their tempo would be made up and make them alike. So the
    tempo is not given as it is: what is said of it sinks to 0 as its strength does, from 0.3 down to 0.1. Where it is
    certain, the tempo in beats a minute is ``120 · 2 ** tempo_octaves``. Which octave that is: see
    :class:`~triptych.features.hearing.tempo.Tempo`.
    """

    pooling: Pooling = MEAN_STD

    @property
    def recipe(self) -> Recipe:
        params: dict[str, Any] = {
            **spectrogram.PARAMS,
            "tempo": tempo.PARAMS,
            "beats": {**beats.PARAMS, "unsteady": UNSTEADY, "pause": PAUSE},
            "percussion": percussion.PARAMS,
            "onsets": (REACH_FRAMES, CONTEXT_FRAMES, RISE_DB, RATE_FRAMES),
            "rhythm": (SHORTEST_FRAMES, LONGEST_FRAMES, WINDOW_FRAMES, STILL_DB),
            "pooling": asdict(self.pooling),
        }
        return Recipe(panel="hearing", name="rhythm", version=1, params=params)

    @property
    def needs(self) -> Needs:
        return needs(RATE_HZ)

    def ready(self) -> None:
        """Needs nothing beyond the core."""

    def columns(self) -> tuple[str, ...]:
        """The name of each entry of a vector, or of a row."""
        return columns(self.pooling, FRAMEWISE, CLIPWISE)

    def extract(self, showings: Sequence[Showing]) -> Sequence[Feature]:
        return [self._measure(showing) for showing in showings]

    def _measure(self, showing: Showing) -> Feature:
        reel = reel_of(showing, self.recipe.title)
        sound = reel.once(spectrogram_of)
        if isinstance(sound, Feature):
            return sound
        beat, shares, times_s = reel.once(tempo_of), reel.once(percussion_of), reel.once(beats_of)
        assert not isinstance(beat, Feature)  # they are of the same sound
        assert not isinstance(shares, Feature)
        assert not isinstance(times_s, Feature)
        audible = sound.audible
        rows = _framewise(sound, beat, shares)[audible]
        return pooled(reel, self.pooling, rows, sound.times_s[audible], lambda: _clipwise(sound, beat, shares, times_s))


def _framewise(sound: Spectrogram, beat: Tempo, shares: Percussion) -> Array:
    """float64 ``[t, 5]``, in the order of ``FRAMEWISE``."""
    onsets = np.zeros(len(sound) + 1)
    found = onset_frames(sound.onset_db, reach=REACH_FRAMES, context=CONTEXT_FRAMES, rise_db=RISE_DB)
    onsets[1 + found] = 1
    sums, at, reach = np.cumsum(onsets), np.arange(len(sound)), RATE_FRAMES // 2
    first, last = np.maximum(at - reach, 0), np.minimum(at + reach + 1, len(sound))
    per_s = (sums[last] - sums[first]) / (last - first) * FRAMES_HZ
    pulse = np.interp(sound.times_s, beat.times_s, beat.pulse)
    return np.stack([sound.onset_db, per_s, pulse, shares.harmonic, shares.percussive], axis=1)


def _clipwise(sound: Spectrogram, beat: Tempo, shares: Percussion, times_s: Array) -> Array:
    """float64 ``[24]``, in the order of ``CLIPWISE``."""
    returning = rhythm_strength(
        sound.onset_db,
        shortest=SHORTEST_FRAMES,
        longest=LONGEST_FRAMES,
        window=WINDOW_FRAMES,
        still_db=STILL_DB,
    )
    return np.array(
        [
            beat.octaves,
            beat.strength,
            beat.certainty * len(times_s) / sound.duration_s,
            beat.certainty * regularity(times_s),
            beat.certainty * _share(sound, times_s),
            returning,
            shares.harmonic_share,
            shares.percussive_share,
            *beat.profile,
        ]
    )


def regularity(times_s: Array) -> float:
    """How even the intervals between beats are, 0…1: ``exp(−½ (s / 0.1)²)``, s the standard deviation of their natural
    logarithms, without those over one and a half times the median, in which the beat pauses. 0 of fewer than three.

    >>> round(regularity(np.arange(9) / 2), 3), round(regularity(np.array([0.0, 0.5, 1.1, 1.5, 2.1])), 3)
    (1.0, 0.249)
    """
    steps_s = np.diff(times_s)
    if len(steps_s) < 3:
        return 0.0
    spread = np.log(steps_s[steps_s <= PAUSE * np.median(steps_s)]).std()
    return float(np.exp(-0.5 * (spread / UNSTEADY) ** 2))


def _share(sound: Spectrogram, times_s: Array) -> float:
    """The share of the onset strength that falls within a frame of a beat, 0…1."""
    total = float(sound.onset_db.sum())
    if total == 0 or len(times_s) == 0:
        return 0.0
    frames = np.round(times_s * FRAMES_HZ - beats.LATE_FRAMES).astype(np.intp)
    near = np.unique(np.clip(frames[:, None] + np.arange(-1, 2), 0, len(sound) - 1))
    return float(sound.onset_db[near].sum()) / total
