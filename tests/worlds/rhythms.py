"""Tiny rhythms, whose tempo is known: sounds as functions of time, and reels that hold them as they are."""

from __future__ import annotations

import numpy as np

from tests.worlds.clips import Sound
from triptych.media import reel as media
from triptych.media.probe import Probe, SoundFacts

RATE_HZ = 22050


def reel_of(sound: Sound | np.ndarray, seconds: float = 20.0) -> media.Reel:
    """A reel that holds those samples, or that many seconds of that sound."""
    samples = sound(np.arange(round(seconds * RATE_HZ)) / RATE_HZ) if callable(sound) else sound
    facts = SoundFacts(codec="pcm", rate_hz=RATE_HZ, channels=1, language="")
    duration_s = len(samples) / RATE_HZ
    probe = Probe(container="wav", declared_s=None, duration_s=duration_s, picture=None, sounds=(facts,))
    held = media.Sound(samples=samples.astype(np.float32), rate_hz=RATE_HZ)
    return media.Reel(name="clip.wav", probe=probe, sounds={RATE_HZ: held})


def clicks(bpm: float, *, start_s: float = 0.31, hz: float = 1000.0, level: float = 0.5) -> Sound:
    """One each beat, of 30 ms."""

    def sound(times_s: np.ndarray) -> np.ndarray:
        since_s = (times_s - start_s) % (60 / bpm)
        heard = (times_s >= start_s) & (since_s < 0.1)
        return np.where(heard, level * np.sin(2 * np.pi * hz * since_s) * np.exp(-60 * since_s), 0.0)

    return sound


def noise(*, level: float = 0.1, seed: int = 0) -> Sound:
    return lambda times_s: level * np.random.default_rng(seed).standard_normal(len(times_s))


def drums(bpm: float, *, root_hz: float = 110.0) -> Sound:
    """A kick and a snare by turns, a hat on each beat and half-way between, and a chord that is held."""

    def sound(times_s: np.ndarray) -> np.ndarray:
        beat = times_s * bpm / 60
        since_s, half_s = (beat % 1) * 60 / bpm, (beat % 0.5) * 60 / bpm
        hiss = noise(level=1.0)(times_s)
        kick = 0.8 * np.sin(2 * np.pi * 55 * since_s) * np.exp(-18 * since_s) * (beat % 2 < 1)
        snare = 0.4 * hiss * np.exp(-22 * since_s) * (beat % 2 >= 1)
        hat = 0.1 * np.append(np.diff(hiss), 0.0) * np.exp(-70 * half_s)
        chord = sum(0.06 / part * np.sin(2 * np.pi * root_hz * part * times_s) for part in range(1, 7))
        return 0.5 * (kick + snare + hat + chord)

    return sound


def syllables(*, seed: int = 0) -> Sound:
    """Gliding voices of 0.1 to 0.3 s, some after a hiss, with pauses: as uneven as speech."""

    def sound(times_s: np.ndarray) -> np.ndarray:
        rng = np.random.default_rng(seed)
        out = 0.0005 * rng.standard_normal(len(times_s))
        at_s = 0.2
        while at_s < times_s[-1]:
            long_s, voice_hz, bright_hz = rng.uniform(0.09, 0.32), rng.uniform(90, 220), rng.uniform(300, 2500)
            part = slice(*np.searchsorted(times_s, (at_s, at_s + long_s)))
            inside = times_s[part] - at_s
            phase = 2 * np.pi * voice_hz * (inside + 0.2 * inside**2)
            tones = [np.exp(-(((k * voice_hz - bright_hz) / 400) ** 2)) * np.sin(k * phase) for k in range(1, 25)]
            swell = np.sqrt(np.sin(np.pi * inside / long_s).clip(0)) * rng.uniform(0.1, 0.4)
            out[part] += swell * sum(tones) + 0.05 * (rng.random() < 0.5) * rng.standard_normal(len(inside))
            at_s += long_s + (rng.uniform(0.2, 0.8) if rng.random() < 0.15 else rng.uniform(0, 0.08))
        return out

    return sound


def tone(hz: float = 440.0, *, level: float = 0.4) -> Sound:
    return lambda times_s: level * np.sin(2 * np.pi * hz * times_s)


def both(first: Sound, second: Sound) -> Sound:
    return lambda times_s: first(times_s) + second(times_s)
