"""A voice that says a known thing, made on the spot by espeak-ng where it is installed; and what is no voice."""

from __future__ import annotations

import io
import shutil
import subprocess
import wave
from functools import lru_cache

import numpy as np
import pytest

TEXT = "The lighthouse keeper finds a letter in the fog, and rows out to learn who wrote it."


@lru_cache(maxsize=4)
def spoken(rate_hz: int, text: str = TEXT) -> np.ndarray:
    """float32 ``[n]``, peak .7, without the silence before and after; the test is skipped where there is no voice."""
    program = shutil.which("espeak-ng")
    if program is None:
        pytest.skip("espeak-ng is not installed, so there is no voice to plant")
    made = subprocess.run([program, "-v", "en-us", "--stdout", text], capture_output=True, check=True)
    with wave.open(io.BytesIO(made.stdout)) as file:
        # Written to a pipe, the header does not know how many frames follow.
        samples = np.frombuffer(file.readframes(1 << 24), np.int16).astype(np.float64)
        own_hz = file.getframerate()
    loud = np.flatnonzero(np.abs(samples) > 0.01 * np.abs(samples).max())
    samples = samples[loud[0] : loud[-1] + 1]
    times_s = np.arange(int(len(samples) * rate_hz / own_hz)) / rate_hz
    return (0.7 * np.interp(times_s, np.arange(len(samples)) / own_hz, samples / np.abs(samples).max())).astype("f4")


def chords(rate_hz: int, seconds: float, *, each_s: float = 0.75) -> np.ndarray:
    """Major and minor triads with six overtones that ring and fade."""
    times_s = np.arange(round(seconds * rate_hz)) / rate_hz
    place = (times_s / each_s).astype(int)
    out = np.zeros_like(times_s)
    for turn, triad in enumerate(((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14))):
        here = place % 4 == turn
        for semitones in triad:
            for overtone in range(1, 7):
                hz = 261.63 * 2 ** (semitones / 12) * overtone
                out += here * np.sin(2 * np.pi * hz * times_s) / overtone**1.3
    return (0.15 * out * np.exp(-(times_s % each_s) * 1.5)).astype("f4")


def noise(rate_hz: int, seconds: float, *, seed: int = 0, level: float = 0.1) -> np.ndarray:
    return (level * np.random.default_rng(seed).standard_normal(round(seconds * rate_hz))).astype("f4")
