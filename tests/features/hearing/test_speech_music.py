"""hearing/speech-music: what is plainly one or the other is told apart; a voice needs espeak-ng, or its imitation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.worlds.clips import write_clip
from tests.worlds.voice import chords, noise, spoken
from triptych.catalogue.records import Item
from triptych.features.extractor import Showing
from triptych.features.hearing.speech_music import (
    CLASSES,
    RATE_HZ,
    HalfSeconds,
    SpeechMusic,
    half_seconds_of,
)
from triptych.features.pooling import EACH, Pooling
from triptych.media.loader import open_reel
from triptych.media.probe import Probe, SoundFacts
from triptych.media.reel import Reel, Sound


def reel(samples: np.ndarray) -> Reel:
    facts = SoundFacts(codec="raw", rate_hz=RATE_HZ, channels=1, language="")
    probe = Probe(container="raw", declared_s=None, duration_s=len(samples) / RATE_HZ, picture=None, sounds=(facts,))
    sound = Sound(samples=samples.astype(np.float32), rate_hz=RATE_HZ)
    return Reel(name="x", probe=probe, sounds={RATE_HZ: sound})


def halves(samples: np.ndarray) -> HalfSeconds:
    found = reel(samples).once(half_seconds_of)
    assert isinstance(found, HalfSeconds)
    return found


def shares(samples: np.ndarray) -> dict[str, float]:
    return dict(zip(CLASSES, halves(samples).shares.mean(axis=0).tolist(), strict=True))


def vector(of: Reel, extractor: SpeechMusic | None = None) -> np.ndarray:
    [found] = (extractor or SpeechMusic()).extract([Showing(item=Item(item_id="x"), reel=of)])
    assert found.values is not None
    return found.values


def imitated(seconds: float = 6.0) -> np.ndarray:
    """Four syllables a second, each a buzz with two formants whose pitch wanders, then a hiss."""
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    rng = np.random.default_rng(0)
    hz = np.interp(
        at, np.arange(0, seconds + 0.2, 0.2), rng.uniform(90, 190, int(seconds / 0.2) + 2)[: int(seconds / 0.2) + 1]
    )
    phase = np.cumsum(hz) / RATE_HZ
    formant = 500 + 300 * np.sin(2 * np.pi * 1.3 * at)
    buzz = np.zeros_like(at)
    for k in range(1, 30):
        weight = np.exp(-(((k * hz - formant) / 250) ** 2)) + 0.4 * np.exp(-(((k * hz - 1900) / 400) ** 2))
        buzz += weight * np.sin(2 * np.pi * k * phase)
    turn = at * 4 % 1
    hiss = np.diff(noise(RATE_HZ, seconds), prepend=0)
    return 0.2 * buzz * (turn < 0.7) * np.sin(np.pi * turn / 0.7) ** 2 + 0.15 * hiss * (turn >= 0.7)


# --- the classes ----------------------------------------------------------------------------------------------------


def test_a_voice_is_speech() -> None:
    of = shares(spoken(RATE_HZ))
    assert of["speech"] > 0.7
    assert of["music"] < 0.2


def test_an_imitated_voice_is_speech() -> None:
    of = shares(imitated())
    assert of["speech"] > 0.6
    assert of["music"] < 0.3


@pytest.mark.parametrize("each_s", [0.3, 0.75, 2.0])
def test_chords_are_music(each_s: float) -> None:
    assert shares(chords(RATE_HZ, 6.0, each_s=each_s))["music"] > 0.85


def test_noise_is_neither() -> None:
    assert shares(noise(RATE_HZ, 6.0))["other"] > 0.95
    rumble = np.cumsum(noise(RATE_HZ, 6.0)) * 0.01
    assert shares(rumble)["other"] > 0.95


def test_what_is_silent_is_told_where_it_is() -> None:
    found = halves(np.concatenate([np.zeros(2 * RATE_HZ), chords(RATE_HZ, 4.0), np.zeros(2 * RATE_HZ)]))
    silent = found.shares[:, CLASSES.index("silent")]
    assert silent == pytest.approx([1] * 4 + [0] * 8 + [1] * 4, abs=0.15)
    assert found.times_s == pytest.approx(np.arange(16) * 0.5 + 0.25)
    assert found.shares.sum(axis=1) == pytest.approx(1)


def test_each_takes_over_from_another_once() -> None:
    parts = [chords(RATE_HZ, 4.0), noise(RATE_HZ, 4.0), chords(RATE_HZ, 4.0)]
    assert halves(np.concatenate(parts)).changes == 2
    *_, changes_per_min = vector(reel(np.concatenate(parts)))
    assert changes_per_min == pytest.approx(2 * 60 / 12)


def test_one_half_second_that_differs_is_no_change() -> None:
    shares = np.eye(4)[[0, 0, 1, 0, 0, 3, 3, 0]]
    zeros = np.zeros(8)
    of = HalfSeconds(
        times_s=zeros,
        shares=shares,
        modulation=zeros,
        zero_crossings=zeros,
        restless=zeros,
        centroid_hz=zeros,
        chroma_variance=zeros,
    )
    assert of.changes == 2


# --- the rhythm of syllables ----------------------------------------------------------------------------------------


def test_modulation_is_that_of_the_level_at_four_a_second() -> None:
    """A level of 1 + m cos has an RMS swing of m / √2 about its mean of 1, less what a frame of 93 ms smooths."""
    at = np.arange(8 * RATE_HZ) / RATE_HZ
    steady = noise(RATE_HZ, 8.0)
    for hz, expected in ((4.0, 0.6 / np.sqrt(2) * np.sinc(4.0 * 2048 / RATE_HZ)), (0.5, 0.0), (12.0, 0.0)):
        found = halves(steady * (1 + 0.6 * np.cos(2 * np.pi * hz * at))).modulation[2:-2]
        assert found == pytest.approx(expected, abs=0.05), hz


# --- what moves it, and what does not -------------------------------------------------------------------------------


def test_a_gain_moves_nothing() -> None:
    samples = np.concatenate([chords(RATE_HZ, 2.0), imitated(2.0), noise(RATE_HZ, 1.0)])
    assert vector(reel(0.1 * samples)) == pytest.approx(vector(reel(samples)), abs=1e-3)


def test_subclips_hold_what_stands_in_them() -> None:
    of = reel(np.concatenate([chords(RATE_HZ, 4.0), noise(RATE_HZ, 4.0)]))
    rows = vector(of, SpeechMusic(pooling=Pooling(parts=4, statistic="mean")))
    assert rows.shape == (4, 5)
    assert rows[:, 1].round() == pytest.approx([1, 1, 0, 0])
    assert rows[:, 2].round() == pytest.approx([0, 0, 1, 1])
    assert vector(of, SpeechMusic(pooling=EACH)).shape == (16, 5)


@pytest.mark.parametrize("samples", [2048, 8000, 11_025, 11_026, 20_000])
def test_short_sound_is_judged_as_a_whole(samples: int) -> None:
    assert len(halves(chords(RATE_HZ, 1.0)[:samples]).times_s) == 1
    assert shares(chords(RATE_HZ, 1.0)[:samples])["music"] > 0.7


def test_a_re_encoding_moves_it_little(tmp_path: Path) -> None:
    def sound(times_s: np.ndarray) -> np.ndarray:
        samples = np.concatenate([imitated(3.0), chords(RATE_HZ, 2.0), noise(RATE_HZ, 1.0)])
        return np.interp(times_s, np.arange(len(samples)) / RATE_HZ, samples)

    want = SpeechMusic().needs.want
    first, second = (
        vector(open_reel(write_clip(tmp_path / name, sound=sound, seconds=6.0), want)) for name in ("a.m4a", "b.webm")
    )
    assert np.abs(first - second)[:5].max() < 0.06
    assert first[:3].min() > 0.1
