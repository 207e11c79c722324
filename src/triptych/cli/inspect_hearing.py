"""Inspect hearing: what is heard along a clip, as numbers, and a small picture of its spectrum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from triptych.errors import ExtractionError, MediaError, MissingExtra, TriptychError
from triptych.features.feature import Feature
from triptych.features.hearing import silero
from triptych.features.hearing.beats import beats_of
from triptych.features.hearing.listening import heard
from triptych.features.hearing.loudness import loudness_of
from triptych.features.hearing.percussion import Percussion, percussion_of
from triptych.features.hearing.spectrogram import MEL_BANDS, RATE_HZ, Spectrogram, spectrogram_of
from triptych.features.hearing.speech import speech_of
from triptych.features.hearing.speech_music import CLASSES, FRAME_S, HalfSeconds, half_seconds_of
from triptych.features.hearing.tempo import tempo_of
from triptych.media.reel import Reel

F32 = npt.NDArray[np.float32]
T = TypeVar("T")

#: The picture of the spectrum: so many bands, at most so many columns, and how far under the strongest it is blank.
BANDS, COLUMNS = 32, 400
DEEP_DB = 60.0
#: A tempo that is less certain than this is told with a "perhaps".
SURE = 0.5


@dataclass(frozen=True, kw_only=True)
class Moment:
    """Half a second: shares of what it sounds like, sums of 1, and of its energy the harmonic and the percussive part;
    what is left of that is neither. ``kind``: the greatest share."""

    start_s: float
    end_s: float
    kind: str
    speech: float
    music: float
    other: float
    silent: float
    harmonic: float
    percussive: float


@dataclass(frozen=True, kw_only=True)
class Hearing:
    """The sound of one clip.

    ``state``: "heard", "silent", "missing" (no sound track) or "broken" (one that cannot be decoded), and ``reason``
    says why; unless it is heard, all else is empty. ``without``: what could not be told of sound that is heard, and
    why. ``loudness``: (time, momentary LUFS), ten a second. ``speech_s``: from when to when somebody speaks, None where
    nobody listened for it. ``bpm``: None where there is no steady beat; ``certainty`` of it, 0…1.
    """

    state: str
    reason: str = ""
    duration_s: float = 0.0
    loudness: tuple[tuple[float, float], ...] = ()
    integrated_lufs: float | None = None
    range_lu: float | None = None
    peak_db: float | None = None
    speech_s: tuple[tuple[float, float], ...] | None = None
    speech_share: float | None = None
    moments: tuple[Moment, ...] = ()
    bpm: float | None = None
    certainty: float = 0.0
    beats_s: tuple[float, ...] = ()
    harmonic_share: float | None = None
    percussive_share: float | None = None
    without: dict[str, str] = field(default_factory=dict[str, str])


def rates_hz() -> frozenset[int]:
    """The rates to open a reel with; speech has its own, if there is something to listen for it."""
    try:
        silero.require("the speech lane")
    except MissingExtra:
        return frozenset({RATE_HZ})
    return frozenset({RATE_HZ, silero.RATE_HZ})


def hearing_of(reel: Reel) -> tuple[Hearing, F32 | None]:
    """What is heard, and of what is heard the spectrum: float32 ``[columns, 32]``, low to high, 0…1."""
    if "sound" in reel.faults:
        return Hearing(state="broken", reason=reel.faults["sound"]), None
    try:
        sound = reel.once(heard, RATE_HZ)
    except (ExtractionError, MediaError) as fault:
        return Hearing(state="broken", reason=str(fault)), None
    if isinstance(sound, Feature):
        return Hearing(state=sound.presence.value, reason=sound.reason), None
    without: dict[str, str] = {}

    def ask(name: str, make: Callable[[Reel], T | Feature]) -> T | None:
        found = reel.once(make)
        if isinstance(found, Feature):
            without[name] = found.reason
            return None
        return found

    told = Hearing(state="heard", duration_s=sound.duration_s, without=without)
    curve = ask("loudness", loudness_of)
    if curve is not None:
        told = replace(
            told,
            loudness=tuple(zip(curve.times_s.tolist(), curve.momentary_lufs.tolist(), strict=True)),
            integrated_lufs=curve.integrated_lufs,
            range_lu=curve.range_lu,
            peak_db=curve.peak_db,
        )
    try:
        silero.require("the speech lane")
        spoken = ask("speech", speech_of)
    except TriptychError as fault:  # not installed, or not the network that is expected: the page says which
        without["speech"] = str(fault)
    else:
        if spoken is not None:
            spans: list[list[float]] = spoken.segments_s.tolist()
            told = replace(
                told,
                speech_s=tuple((start_s, end_s) for start_s, end_s in spans),
                speech_share=sum(end_s - start_s for start_s, end_s in spans) / spoken.duration_s,
            )
    frames = ask("spectrum", spectrogram_of)
    if frames is None:
        return told, None
    tempo, beats = ask("tempo", tempo_of), ask("beats", beats_of)
    halves, shares = ask("half seconds", half_seconds_of), ask("percussion", percussion_of)
    if tempo is None or beats is None or halves is None or shares is None:
        return told, spectrum_of(frames.mel_db)
    told = replace(
        told,
        moments=_moments(frames, halves, shares),
        bpm=tempo.bpm,
        certainty=tempo.certainty,
        beats_s=tuple(beats.tolist()),
        harmonic_share=shares.harmonic_share,
        percussive_share=shares.percussive_share,
    )
    return told, spectrum_of(frames.mel_db)


def spectrum_of(mel_db: F32) -> F32:
    """A mel spectrogram as a small picture: float32 ``[t, 128]``, dB → ``[columns, 32]``, 0…1, 1 at its strongest.

    >>> spectrum_of(np.zeros((1000, 128), np.float32)).shape
    (400, 32)
    """
    power = (10 ** (mel_db.astype(np.float64) / 10)).reshape(len(mel_db), BANDS, MEL_BANDS // BANDS).mean(axis=2)
    columns = min(len(power), COLUMNS)
    starts = np.arange(columns) * len(power) // columns
    mean = np.add.reduceat(power, starts, axis=0) / np.diff([*starts.tolist(), len(power)])[:, None]
    db = 10 * np.log10(np.maximum(mean / mean.max(), 1e-12))
    return np.clip(1 + db / DEEP_DB, 0, 1).astype(np.float32)


def _moments(frames: Spectrogram, halves: HalfSeconds, shares: Percussion) -> tuple[Moment, ...]:
    count = len(halves.times_s)
    place = np.minimum((frames.times_s / FRAME_S).astype(np.int64), count - 1)
    # Loud frames count for more, and what cannot be heard for nothing.
    energy = np.where(frames.audible, 10 ** (frames.level_db / 10), 0.0)
    total = np.maximum(np.bincount(place, energy, minlength=count), np.finfo(np.float64).tiny)
    harmonic, percussive = (
        (np.bincount(place, energy * part, minlength=count) / total).tolist()
        for part in (shares.harmonic, shares.percussive)
    )
    ends_s = [(k + 1) * FRAME_S for k in range(count - 1)] + [frames.duration_s]
    rows: list[list[float]] = halves.shares.tolist()
    return tuple(
        Moment(
            start_s=k * FRAME_S,
            end_s=ends_s[k],
            kind=CLASSES[row.index(max(row))],
            **dict(zip(CLASSES, row, strict=True)),
            harmonic=harmonic[k],
            percussive=percussive[k],
        )
        for k, row in enumerate(rows)
    )
