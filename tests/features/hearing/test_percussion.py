"""Percussion: a tone is held, a click is struck, noise is neither, and mixtures lie between."""

from __future__ import annotations

import numpy as np
import pytest

from tests.worlds.clips import Sound, silence
from tests.worlds.rhythms import RATE_HZ, both, clicks, drums, noise, reel_of, tone
from triptych.features.feature import Feature
from triptych.features.hearing import banks, percussion, spectrum
from triptych.features.hearing.percussion import Percussion, percussion_of


def heard(sound: Sound) -> Percussion:
    found = percussion_of(reel_of(sound, 8.0))
    assert isinstance(found, Percussion)
    return found


@pytest.mark.parametrize("hz", [110, 440, 3000])
def test_a_tone_is_held(hz: float) -> None:
    found = heard(tone(hz))
    assert found.harmonic_share > 0.95
    assert found.percussive_share < 0.02


@pytest.mark.parametrize("bpm", [60, 120, 174])
def test_clicks_are_struck(bpm: float) -> None:
    found = heard(clicks(bpm))
    assert found.percussive_share > 0.95
    assert found.harmonic_share < 0.02


def test_noise_is_neither() -> None:
    found = heard(noise())
    assert found.harmonic_share + found.percussive_share < 0.5
    assert found.harmonic_share == pytest.approx(found.percussive_share, abs=0.05)


def test_mixtures_lie_between_in_order() -> None:
    mixed = [heard(both(tone(level=level), clicks(120))) for level in (0.0, 0.05, 0.1, 0.2, 0.4)]
    held, struck = [one.harmonic_share for one in mixed], [one.percussive_share for one in mixed]
    assert held == sorted(held)
    assert struck == sorted(struck, reverse=True)
    assert 0.2 < held[2] < 0.9


def test_each_frame_says_what_is_in_it() -> None:
    found = heard(lambda times_s: np.where(times_s < 4, tone()(times_s), clicks(120)(times_s)))
    middle = len(found.harmonic) // 2
    assert found.harmonic[20 : middle - 20].min() > 0.95
    # A click is in four frames of each 22; between them is nothing.
    assert np.quantile(found.percussive[middle + 20 :], 0.88) > 0.95
    assert found.harmonic[middle + 20 :].max() < 0.3


def test_the_shares_are_close_to_those_of_the_thousand_bins() -> None:
    from librosa.decompose import hpss

    for sound in (both(tone(level=0.2), clicks(120)), drums(120)):
        reel = reel_of(sound, 1.5)
        samples = reel.sounds[RATE_HZ].samples
        magnitude = np.concatenate(
            [spectrum.magnitudes(frames).T for frames in spectrum.centred_frames(samples)], axis=1
        )
        energy = magnitude**2 / (magnitude**2).sum()
        held, struck = hpss(magnitude, margin=2.0, mask=True)
        ours = percussion_of(reel)
        assert isinstance(ours, Percussion)
        assert ours.harmonic_share == pytest.approx((energy * held).sum(), abs=0.1)
        assert ours.percussive_share == pytest.approx((energy * struck).sum(), abs=0.1)


@pytest.mark.parametrize("frames", [1, 2, 5, 30, 131])
def test_blocks_equal_the_whole_to_the_bit_at_any_length(frames: int) -> None:
    mel_db = np.random.default_rng(frames).uniform(-80, 0, (frames, 128)).astype(np.float32)
    whole, cut = percussion.measured(mel_db), percussion.measured(mel_db, block_frames=5)
    assert len(whole.harmonic) == frames
    assert whole.harmonic.tobytes() == cut.harmonic.tobytes()
    assert whole.percussive.tobytes() == cut.percussive.tobytes()
    assert whole.harmonic_share == pytest.approx(cut.harmonic_share)
    assert (whole.harmonic + whole.percussive <= 1).all()


def test_the_medians_are_those_of_each_row_and_each_column() -> None:
    """Worked out on one long line; here frame by frame and band by band."""
    mel_db = np.random.default_rng(0).uniform(-80, 0, (61, 128)).astype(np.float32)
    rows = mel_db[::2].astype(np.float64)
    over_time = np.pad(rows, ((7, 7), (0, 0)), mode="symmetric")
    over_bands = np.pad(rows, ((0, 0), (6, 6)), mode="symmetric")
    held = np.median([over_time[k : k + len(rows)] for k in range(15)], axis=0)
    struck = np.median([over_bands[:, k : k + 128] for k in range(13)], axis=0)
    energy = 10 ** (rows / 10) * (1 / banks.mel_bank(RATE_HZ, 2048, 128).max(axis=-1))
    share = 1 / (1 + 4 * 10 ** ((struck - held) / 10))
    expected = (energy * share).sum(axis=1) / energy.sum(axis=1)
    np.testing.assert_allclose(percussion.measured(mel_db).harmonic[::2], expected, rtol=1e-4)


def test_silence_is_a_mask() -> None:
    assert isinstance(percussion_of(reel_of(silence)), Feature)
