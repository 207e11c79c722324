"""hearing/fingerprint: what leaves it as it is, and what is silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.worlds.clips import write_clip
from triptych.catalogue.records import Item
from triptych.errors import ExtractionError
from triptych.features.bits import unpacked, words
from triptych.features.extractor import Showing
from triptych.features.feature import Feature, Presence
from triptych.features.hearing.fingerprint import HOP, RATE_HZ, SPAN, STEP_S, Fingerprint, bands, measured, moves
from triptych.features.hearing.listening import Heard, heard
from triptych.media.loader import open_reel
from triptych.media.probe import Probe, SoundFacts
from triptych.media.reel import Reel, Sound


def reel_of(samples: np.ndarray) -> Reel:
    facts = SoundFacts(codec="raw", rate_hz=RATE_HZ, channels=1, language="")
    probe = Probe(container="raw", declared_s=None, duration_s=len(samples) / RATE_HZ, picture=None, sounds=(facts,))
    sound = Sound(samples=samples.astype(np.float32), rate_hz=RATE_HZ)
    return Reel(name="x", probe=probe, sounds={RATE_HZ: sound})


def feature(samples: np.ndarray) -> Feature:
    [found] = Fingerprint().extract([Showing(item=Item(item_id="x"), reel=reel_of(samples))])
    return found


def bits(samples: np.ndarray) -> np.ndarray:
    values = feature(samples).values
    assert values is not None
    return unpacked(words(values))


def apart(a: np.ndarray, b: np.ndarray) -> float:
    x, y = bits(a), bits(b)
    count = min(len(x), len(y))
    return float((x[:count] != y[:count]).mean())


def music(seed: int = 0, seconds: float = 8.0) -> np.ndarray:
    """Three voices, each with a new note and a new loudness about four times a second."""
    rng = np.random.default_rng(seed)
    times_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    out = np.zeros_like(times_s)
    for voice in range(3):
        notes = rng.uniform(200, 3500, round(seconds * (3 + voice)) + 1)
        loud = rng.uniform(0.02, 0.3, len(notes))
        at = (times_s * (3 + voice)).astype(int)
        phase = 2 * np.pi * np.cumsum(notes[at]) / RATE_HZ
        out += loud[at] * np.sin(phase)
    return out + 0.002 * rng.standard_normal(len(out))


def test_a_gain_changes_nothing() -> None:
    assert apart(music(), 0.1 * music()) < 0.002


def test_another_sound_differs_in_nearly_half_of_the_bits() -> None:
    assert 0.35 < apart(music(), music(seed=1)) < 0.65


def test_a_little_noise_changes_little() -> None:
    noisy = music() + 0.01 * np.random.default_rng(5).standard_normal(len(music()))
    assert apart(music(), noisy) < 0.15


def test_a_fixed_equaliser_changes_little() -> None:
    spectrum = np.fft.rfft(music())
    tilt = np.linspace(1.0, 0.3, len(spectrum))
    assert apart(music(), np.fft.irfft(spectrum * tilt, len(music()))) < 0.1


@pytest.mark.parametrize("shift", [HOP // 4, HOP // 2])
def test_it_hardly_matters_where_the_grid_begins(shift: int) -> None:
    assert apart(music(), music()[shift:]) < 0.25


def test_what_begins_later_has_the_same_bits_later() -> None:
    later = np.concatenate([np.zeros(8 * HOP), music()])
    values, times = feature(later).values, feature(later).times_s
    assert values is not None
    assert times is not None
    whole = unpacked(words(values))[np.round(times / STEP_S).astype(int) >= 8 + 2 * SPAN]
    assert (whole[: len(bits(music())) - SPAN] != bits(music())[SPAN:][: len(whole)]).mean() < 0.02


def test_times_lie_on_the_grid_about_eight_a_second() -> None:
    times = feature(music()).times_s
    assert times is not None
    np.testing.assert_allclose(times / STEP_S, np.round(times / STEP_S))
    assert len(times) == pytest.approx(8 * 8 - 2 * SPAN + 1, abs=1)
    assert times[0] == pytest.approx(SPAN * STEP_S)


def test_silence_within_has_no_fingerprint() -> None:
    samples = music()
    samples[3 * RATE_HZ : 6 * RATE_HZ] = 0
    times = feature(samples).times_s
    assert times is not None
    assert not ((times > 4.0) & (times < 5.0)).any()
    assert (times < 3.0).any()
    assert (times > 6.0).any()


def test_the_block_size_moves_nothing() -> None:
    sound = heard(reel_of(music()), RATE_HZ)
    assert isinstance(sound, Heard)
    values = measured(sound, block_frames=7).values
    assert values is not None
    assert (unpacked(words(values)) == bits(music())).all()


@pytest.mark.parametrize(
    ("samples", "presence", "reason"),
    [
        (np.zeros(RATE_HZ), Presence.SILENT, "silent"),
        (np.zeros(0), Presence.SILENT, "silent"),
        (np.full(RATE_HZ, 0.3), Presence.SILENT, "constant offset"),
        (music(seconds=0.3), Presence.MISSING, "too short"),
    ],
)
def test_what_has_nothing_to_hear(samples: np.ndarray, presence: Presence, reason: str) -> None:
    found = feature(samples)
    assert found.presence is presence
    assert reason in found.reason


def test_what_is_not_finite_is_an_error() -> None:
    samples = music()
    samples[100] = np.nan
    with pytest.raises(ExtractionError, match="NaN or infinite"):
        feature(samples)


def test_a_reel_is_needed() -> None:
    with pytest.raises(ExtractionError, match="without a reel"):
        Fingerprint().extract([Showing(item=Item(item_id="x"))])


def test_the_bands_do_not_overlap_and_none_is_empty() -> None:
    assert bands().shape[0] == 33
    assert bands().sum(axis=0).max() == 1
    assert bands().sum(axis=1).min() >= 1


def test_a_slope_that_grows_is_one_and_one_that_falls_is_nought() -> None:
    rising = np.array([[0.0, 0.0]] * 3 + [[0.0, 6.0]] * 3)
    assert moves(rising).tolist() == [[True]]
    assert moves(rising[::-1]).tolist() == [[False]]


def test_a_re_encoding_is_nearer_than_other_sound(tmp_path: Path) -> None:
    def sound(seed: int):
        samples = music(seed, 4.0)
        return lambda times_s: np.interp(times_s, np.arange(len(samples)) / RATE_HZ, samples)

    def of(path: Path) -> np.ndarray:
        reel = open_reel(path, Fingerprint().needs.want)
        [found] = Fingerprint().extract([Showing(item=Item(item_id="x"), reel=reel)])
        assert found.values is not None
        return unpacked(words(found.values))

    first = [of(write_clip(tmp_path / f"{k}.m4a", sound=sound(k))) for k in range(3)]
    again = [of(write_clip(tmp_path / f"{k}.webm", sound=sound(k))) for k in range(3)]
    count = min(map(len, (*first, *again)))
    for k in range(3):
        assert (first[k][:count] != again[k][:count]).mean() < 0.15
        assert all((first[k][:count] != again[j][:count]).mean() > 0.3 for j in range(3) if j != k)
