"""Spectrogram: equal to librosa's own functions of the same sound, blind to gain and offset, and not larger than it."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from dataclasses import fields
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from triptych.features.feature import Feature
from triptych.features.hearing import banks
from triptych.features.hearing.harmony import tonnetz
from triptych.features.hearing.listening import Heard, heard
from triptych.features.hearing.spectrogram import (
    BLOCK_FRAMES,
    FRAMES_HZ,
    HOP,
    N_FFT,
    RATE_HZ,
    Spectrogram,
    measured,
    spectrogram_of,
)
from triptych.media.probe import Probe, SoundFacts
from triptych.media.reel import Reel, Sound

#: librosa's, before it moves the onset strength on.
ONSET_SHIFT = N_FFT // (2 * HOP)
FRAMEWISE = [part.name for part in fields(Spectrogram) if part.name not in ("samples", "peak_db")]


def reel(samples: np.ndarray) -> Reel:
    facts = SoundFacts(codec="pcm", rate_hz=RATE_HZ, channels=1, language="")
    duration_s = len(samples) / RATE_HZ
    probe = Probe(container="wav", declared_s=None, duration_s=duration_s, picture=None, sounds=(facts,))
    return Reel(name="x", probe=probe, sounds={RATE_HZ: Sound(samples=samples.astype(np.float32), rate_hz=RATE_HZ)})


def seen(samples: np.ndarray) -> Spectrogram:
    found = reel(samples).once(spectrogram_of)
    assert isinstance(found, Spectrogram)
    return found


def film(seconds: float = 6.0, seed: int = 4) -> np.ndarray:
    """What a trailer might hold: chords of plucked notes, drums, a voice-like buzz that glides, over a hiss."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    out = 0.001 * rng.standard_normal(len(time_s))
    for start_s in np.arange(0.1, seconds, 0.5):
        at = np.maximum(time_s - start_s, 0.0)
        began = time_s >= start_s
        for note in rng.choice(24, 3, replace=False):
            hz = 130.8 * 2 ** (note / 12)
            partials = sum(np.sin(2 * np.pi * hz * k * at) / k * np.exp(-at * (2 + k)) for k in range(1, 9))
            out += 0.06 * partials * began
        out += 0.1 * rng.standard_normal(len(time_s)) * np.exp(-at * 40) * began
    pitch = np.cumsum(140 + 40 * np.sin(2 * np.pi * 0.4 * time_s)) / RATE_HZ
    spoken = np.clip(np.sin(2 * np.pi * 1.3 * time_s), 0, 1)
    return out + 0.1 * ((2 * pitch) % 1 - 0.5) * spoken


@pytest.fixture(scope="module")
def pair() -> SimpleNamespace:
    """The sound as float32 with an offset, what we see in it, and it as librosa is given it."""
    samples = (film() + 0.03).astype(np.float32)
    balanced = samples.astype(np.float64)
    balanced -= balanced.mean()
    return SimpleNamespace(samples=samples, ours=seen(samples), y=balanced)


@pytest.fixture(scope="module")
def librosa() -> ModuleType:
    """Imported here, as it takes seconds that the other tests need not pay."""
    import librosa
    import librosa.feature
    import librosa.onset

    return librosa


class TestEqualsLibrosa:
    """To 1e-4 of each value; where values cross zero (MFCC, tonnetz), of the root mean square of their coefficient."""

    def same(self, ours: np.ndarray, theirs: np.ndarray, *, crossing: bool = False) -> None:
        assert ours.shape == theirs.shape
        scale = np.sqrt((theirs**2).mean(axis=0)) if crossing else np.abs(theirs)
        worst = np.abs(ours - theirs) / np.maximum(scale, 1e-12)
        assert worst.max() <= 1e-4

    def test_the_clip_is_all_audible(self, pair: SimpleNamespace) -> None:
        assert pair.ours.audible.all()
        assert len(pair.ours) == 1 + len(pair.samples) // HOP

    def test_mfcc(self, librosa: ModuleType, pair: SimpleNamespace) -> None:
        ours = pair.ours.mel_db @ banks.dct_basis(20, 128).T
        self.same(ours[:, 1:], librosa.feature.mfcc(y=pair.y, sr=RATE_HZ, n_mfcc=20).T[:, 1:], crossing=True)
        mel_db = librosa.power_to_db(librosa.feature.melspectrogram(y=pair.y, sr=RATE_HZ), ref=np.max)
        self.same(ours, librosa.feature.mfcc(S=mel_db, n_mfcc=20).T, crossing=True)

    def test_chroma_and_tonnetz(self, librosa: ModuleType, pair: SimpleNamespace) -> None:
        theirs = librosa.feature.chroma_stft(y=pair.y, sr=RATE_HZ, tuning=0)
        self.same(pair.ours.chroma, theirs.T)
        self.same(tonnetz(pair.ours.chroma), librosa.feature.tonnetz(chroma=theirs).T, crossing=True)

    def test_contrast(self, librosa: ModuleType, pair: SimpleNamespace) -> None:
        self.same(pair.ours.contrast, librosa.feature.spectral_contrast(y=pair.y, sr=RATE_HZ).T)

    @pytest.mark.parametrize("name", ["centroid", "bandwidth", "rolloff"])
    def test_moments(self, librosa: ModuleType, pair: SimpleNamespace, name: str) -> None:
        theirs = getattr(librosa.feature, f"spectral_{name}")(y=pair.y, sr=RATE_HZ)[0]
        self.same(getattr(pair.ours, f"{name}_hz"), theirs)

    def test_flatness_and_zero_crossings_also_where_the_sound_begins_and_ends(
        self, librosa: ModuleType, pair: SimpleNamespace
    ) -> None:
        self.same(pair.ours.flatness, librosa.feature.spectral_flatness(y=pair.y)[0])
        self.same(pair.ours.zero_crossings, librosa.feature.zero_crossing_rate(pair.y)[0])
        turned = seen(-pair.samples)  # now its first or its last sample is below zero, if it was not
        self.same(turned.zero_crossings, librosa.feature.zero_crossing_rate(-pair.y)[0])

    def test_level(self, librosa: ModuleType, pair: SimpleNamespace) -> None:
        """Of each frame less its mean, which is next to nothing where there is nothing lower than a frame."""
        ours = 10 ** ((pair.ours.level_db + pair.ours.peak_db) / 20)[2:-2]
        self.same(ours, librosa.util.frame(pair.y, frame_length=N_FFT, hop_length=HOP).std(axis=0))
        np.testing.assert_allclose(ours, librosa.feature.rms(y=pair.y)[0][2:-2], rtol=0.02)

    def test_onset_strength(self, librosa: ModuleType, pair: SimpleNamespace) -> None:
        """librosa moves the curve on by half a frame; where a frame reaches out of the clip we count none."""
        theirs = librosa.onset.onset_strength(y=pair.y, sr=RATE_HZ)
        ours, counts = pair.ours.onset_db[:-ONSET_SHIFT], pair.ours.rising[:-ONSET_SHIFT]
        assert counts.sum() == len(pair.ours) - 5
        self.same(ours[counts], theirs[ONSET_SHIFT:][counts])


def test_it_is_made_once_and_says_where_its_frames_are() -> None:
    one = reel(film(1.0))
    found = one.once(spectrogram_of)
    assert isinstance(found, Spectrogram)
    assert found is one.once(spectrogram_of)
    assert all(len(getattr(found, name)) == len(found) for name in FRAMEWISE)
    np.testing.assert_allclose(found.times_s, np.arange(len(found)) / FRAMES_HZ)
    assert found.duration_s == 1.0


def test_the_threads_of_the_arithmetic_move_no_bit() -> None:
    """A BLAS cuts a long sum in another place when it has more threads. It counts them when it is loaded."""
    program = (
        "import hashlib, numpy as np; from triptych.features.hearing.spectrogram import Heard, measured\n"
        "samples = np.random.default_rng(0).uniform(-1, 1, 90_000).astype(np.float32)\n"
        "found = measured(Heard(samples=samples, rate_hz=22050, offset=0.0, peak=1.0))\n"
        f"print(*(hashlib.md5(getattr(found, name).tobytes()).hexdigest() for name in {FRAMEWISE!r}))"
    )
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **dict.fromkeys(names, str(threads)), "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        for threads in (1, 2)
    ]
    one, two = (run.communicate()[0].split() for run in runs)
    assert [run.returncode for run in runs] == [0, 0]
    assert one == two


@pytest.mark.parametrize("block_frames", [1, 7, 10**6])
def test_the_size_of_the_blocks_moves_nothing_but_rounding(block_frames: int) -> None:
    found = reel(np.concatenate([np.zeros(9000), film(1.0)])).once(heard, RATE_HZ)
    assert isinstance(found, Heard)
    one, other = measured(found), measured(found, block_frames=block_frames)
    for name in FRAMEWISE:
        np.testing.assert_allclose(getattr(other, name), getattr(one, name), rtol=1e-5, atol=1e-4, err_msg=name)


@pytest.mark.parametrize(("gain", "offset"), [(2.0, 0.0), (0.013, 0.0), (1.0, -0.4)])
def test_neither_a_gain_nor_an_offset_moves_anything_but_the_peak(gain: float, offset: float) -> None:
    samples = np.concatenate([np.zeros(5000), film(1.5)]) / 2
    bare, moved = seen(samples), seen(gain * samples + offset)
    assert moved.peak_db - bare.peak_db == pytest.approx(20 * np.log10(gain), abs=1e-3)
    np.testing.assert_array_equal(moved.audible, bare.audible)
    for name in FRAMEWISE:
        one, other = (getattr(which, name)[bare.audible].astype(float) for which in (bare, moved))
        # What is left is the rounding of the float32 samples that were shifted.
        size = max(float(np.abs(one).max()), 1.0)
        np.testing.assert_allclose(other / size, one / size, atol=2e-3, err_msg=name)


def test_zeros_before_sound_with_an_offset_are_silent() -> None:
    samples = np.concatenate([np.zeros(HOP * 100), film(2.0) + 0.05])
    found = seen(samples)
    before = found.times_s * RATE_HZ + N_FFT / 2 <= HOP * 100
    assert not found.audible[before].any()  # not even the first, half of which is padding
    assert found.audible[~before].all()
    assert not found.onset_db[~found.rising].any()


def test_what_begins_at_the_edge_of_the_clip_is_no_onset() -> None:
    samples = film(1.0)[3000:]
    found = seen(samples)
    assert found.whole.sum() == len(found) - 4
    assert not found.onset_db[:3].any()
    assert not found.onset_db[-2:].any()


def test_less_than_one_frame_is_missing_and_one_frame_is_enough() -> None:
    assert isinstance(reel(film(1.0)[:2047]).once(spectrogram_of), Feature)
    shortest = seen(film(1.0)[:2048])
    assert len(shortest) == 5
    assert all(np.isfinite(getattr(shortest, name)).all() for name in FRAMEWISE)


def test_memory_stays_below_that_of_the_sound_itself() -> None:
    """A whole spectrum would take eight times the sound."""
    sound = reel(0.1 * np.random.default_rng(0).standard_normal(90 * RATE_HZ)).once(heard, RATE_HZ)
    assert isinstance(sound, Heard)
    measured(sound)
    tracemalloc.start()
    try:
        measured(sound)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    working = BLOCK_FRAMES * N_FFT * 8 * 6  # frames, their windowed copy, the bins and what is read of them
    assert peak < 1.0 * sound.samples.nbytes + working
