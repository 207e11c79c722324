"""Tempo: what is known comes out, what has none is said to have none, and octaves go by the rule."""

from __future__ import annotations

import numpy as np
import pytest

from tests.worlds.clips import Sound, silence
from tests.worlds.rhythms import both, clicks, drums, noise, reel_of, syllables, tone
from triptych.features.feature import Feature
from triptych.features.hearing import tempo
from triptych.features.hearing.tempo import PROFILE_BPM, Tempo, tempo_of


def heard(sound: Sound | np.ndarray, seconds: float = 15.0) -> Tempo:
    found = tempo_of(reel_of(sound, seconds))
    assert isinstance(found, Tempo)
    return found


@pytest.mark.parametrize("bpm", [60, 75, 90, 100, 120, 128, 140, 174])
def test_clicks_have_the_tempo_they_have(bpm: int) -> None:
    found = heard(clicks(bpm))
    assert found.bpm == pytest.approx(bpm, abs=0.3)
    assert found.certainty == 1
    in_noise = heard(both(clicks(bpm), noise(level=0.01)))
    assert in_noise.bpm == pytest.approx(bpm, abs=0.3)
    assert in_noise.strength > found.strength - 0.05


@pytest.mark.parametrize(("bpm", "said"), [(45, 90), (190, 95), (210, 105)])
def test_what_is_very_slow_is_doubled_and_what_is_very_fast_halved(bpm: int, said: int) -> None:
    assert heard(clicks(bpm)).bpm == pytest.approx(said, abs=0.3)


@pytest.mark.parametrize(("bpm", "said"), [(60, 120), (75, 150), (90, 90), (120, 120), (140, 140), (174, 87)])
def test_of_a_beat_with_off_beats_the_reading_nearer_120_is_taken(bpm: int, said: int) -> None:
    found = heard(drums(bpm))
    assert found.bpm == pytest.approx(said, abs=0.5)
    assert found.strength > 0.5


def test_twice_as_fast_is_twice_the_tempo() -> None:
    samples = clicks(70)(np.arange(40 * 22050) / 22050)
    slow, fast = heard(samples), heard(samples[::2])
    assert slow.bpm is not None
    assert fast.bpm == pytest.approx(2 * slow.bpm, rel=0.005)


@pytest.mark.parametrize("sound", [noise(), tone(), syllables(), syllables(seed=1)], ids=["noise", "tone", "a", "b"])
def test_what_has_no_beat_has_no_tempo_and_an_empty_profile(sound: Sound) -> None:
    found = heard(sound)
    assert found.strength < 0.12
    assert found.octaves == pytest.approx(0, abs=0.05)
    assert found.certainty < 0.1
    assert found.profile.max() < 0.2
    assert (found.bpm is None) == (found.certainty == 0)


def test_the_more_uneven_the_clicks_the_weaker_the_tempo() -> None:
    click = np.hanning(400) * (-1.0) ** np.arange(400)
    strengths: list[float] = []
    for uneven_s in (0.0, 0.02, 0.05, 0.5):
        rng, samples = np.random.default_rng(3), np.zeros(20 * 22050)
        for at_s in np.arange(0.5, 19, 0.55):
            moved_s = np.clip(at_s + uneven_s * rng.standard_normal(), 0, 19)
            samples[round(moved_s * 22050) :][:400] += 0.5 * click
        strengths.append(heard(samples).strength)
    assert strengths == sorted(strengths, reverse=True)


def test_the_profile_peaks_where_the_tempo_is_and_knows_two() -> None:
    centre = PROFILE_BPM[9]  # 117
    once = heard(clicks(centre)).profile
    assert int(once.argmax()) == 9
    first, second = clicks(PROFILE_BPM[6]), clicks(PROFILE_BPM[10])
    two = heard(lambda times_s: np.where(times_s < 15, first(times_s), second(times_s)), 30.0)
    middling = np.median(two.profile)
    assert min(two.profile[6], two.profile[10]) > 2 * middling
    assert two.strength < heard(first).strength


def test_the_pulse_says_where_the_beat_is() -> None:
    beat, talk = clicks(110), syllables()
    found = heard(lambda times_s: np.where(times_s < 20, beat(times_s), talk(times_s)), 40.0)
    assert found.pulse[found.times_s < 14].min() > 0.5
    assert found.pulse[found.times_s > 26].max() < 0.25


@pytest.mark.parametrize("frames", [1, 2, 5, 6, 20, 100, 511, 513])
def test_any_length_gives_numbers(frames: int) -> None:
    found = tempo.measured(np.random.default_rng(frames).uniform(0, 5, frames))
    assert np.isfinite([found.strength, found.octaves, *found.profile, *found.pulse, *found.times_s]).all()
    assert len(found.times_s) == len(found.pulse) >= 1
    assert (np.diff(found.times_s) > 0).all()


def test_silence_is_a_mask() -> None:
    assert isinstance(tempo_of(reel_of(silence)), Feature)
