"""The kernels, alone and with the banks: equal to librosa where they claim to be, right where the answer is known."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from triptych.features.hearing import banks, onsets, spectrum

RATE_HZ = 22050


def frames_of(samples: np.ndarray, **options: object) -> np.ndarray:
    return np.concatenate(list(spectrum.centred_frames(samples, **options)))


@pytest.fixture(scope="module")
def librosa() -> ModuleType:
    """Imported here, as it takes seconds that the other tests need not pay."""
    import librosa
    import librosa.feature
    import librosa.onset

    return librosa


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    """3 s that a clip might hold: chord, noise bursts, a glide, an offset, and half a second of digital silence."""
    rng = np.random.default_rng(7)
    time_s = np.arange(3 * RATE_HZ) / RATE_HZ
    chord = sum(np.sin(2 * np.pi * hz * time_s) for hz in (196.0, 247.0, 294.0))
    glide = np.sin(2 * np.pi * (300 * time_s + 900 * time_s**2))
    bursts = rng.standard_normal(len(time_s)) * np.exp(-((time_s % 0.4) * 20))
    samples = 0.1 * chord + 0.1 * glide + 0.2 * bursts + 0.02
    samples[RATE_HZ : RATE_HZ + RATE_HZ // 2] = 0.0
    return samples


@pytest.fixture(scope="module")
def magnitude(scene: np.ndarray) -> np.ndarray:
    return spectrum.magnitudes(frames_of(scene))


FREQUENCY_HZ = spectrum.frequencies_hz(RATE_HZ)


class TestAgreesWithLibrosa:
    """At librosa's defaults, to 1e-5 of the value (float64 in; its mel bank is float32)."""

    def same(self, ours: np.ndarray, theirs: np.ndarray, atol: float = 1e-9) -> None:
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=atol)

    def test_magnitudes(self, librosa: ModuleType, scene: np.ndarray, magnitude: np.ndarray) -> None:
        self.same(magnitude, np.abs(librosa.stft(scene)).T)

    def test_power_block_by_block(self, librosa: ModuleType, scene: np.ndarray) -> None:
        theirs = np.abs(librosa.stft(scene)).T ** 2
        blocks = spectrum.with_power(spectrum.centred_frames(scene, block_frames=50))
        power = np.concatenate([part.copy() for _, part in blocks])
        assert power.dtype == np.float32
        self.same(power, theirs, atol=1e-24)

    def test_rms(self, librosa: ModuleType, scene: np.ndarray) -> None:
        self.same(spectrum.rms(frames_of(scene)), librosa.feature.rms(y=scene)[0])

    def test_zero_crossing_rate(self, librosa: ModuleType, scene: np.ndarray) -> None:
        ours = spectrum.zero_crossing_rate(frames_of(scene, padding="edge"))
        self.same(ours, librosa.feature.zero_crossing_rate(scene)[0])

    def test_centroid_and_bandwidth(self, librosa: ModuleType, scene: np.ndarray, magnitude: np.ndarray) -> None:
        centroid, bandwidth = spectrum.centroid_and_bandwidth_hz(magnitude, FREQUENCY_HZ)
        self.same(centroid, librosa.feature.spectral_centroid(y=scene, sr=RATE_HZ)[0])
        self.same(bandwidth, librosa.feature.spectral_bandwidth(y=scene, sr=RATE_HZ)[0])

    @pytest.mark.parametrize("share", [0.05, 0.85, 0.999])
    def test_rolloff(self, librosa: ModuleType, scene: np.ndarray, magnitude: np.ndarray, share: float) -> None:
        theirs = librosa.feature.spectral_rolloff(y=scene, sr=RATE_HZ, roll_percent=share)[0]
        self.same(spectrum.rolloff_hz(magnitude, FREQUENCY_HZ, share=share), theirs)

    def test_contrast(self, librosa: ModuleType, scene: np.ndarray, magnitude: np.ndarray) -> None:
        bands = spectrum.contrast_bands(RATE_HZ)
        ours = spectrum.contrast_db(*spectrum.peaks_and_valleys(magnitude, bands))
        self.same(ours, librosa.feature.spectral_contrast(y=scene, sr=RATE_HZ).T)
        ours = spectrum.contrast_db(
            *spectrum.peaks_and_valleys(
                magnitude, spectrum.contrast_bands(RATE_HZ, octaves=4, lowest_hz=120.0, quantile=0.1)
            )
        )
        theirs = librosa.feature.spectral_contrast(y=scene, sr=RATE_HZ, n_bands=4, fmin=120.0, quantile=0.1)
        self.same(ours, theirs.T)

    def test_chroma(self, librosa: ModuleType, scene: np.ndarray, magnitude: np.ndarray) -> None:
        ours = banks.chroma(magnitude**2 @ banks.chroma_bank(RATE_HZ).T)
        self.same(ours, librosa.feature.chroma_stft(y=scene, sr=RATE_HZ, tuning=0).T)

    def test_flatness(self, librosa: ModuleType, scene: np.ndarray, magnitude: np.ndarray) -> None:
        self.same(spectrum.flatness(magnitude**2), librosa.feature.spectral_flatness(y=scene)[0])

    @pytest.mark.parametrize("relative", [False, True])
    def test_mfcc(self, librosa: ModuleType, scene: np.ndarray, magnitude: np.ndarray, relative: bool) -> None:
        mel = magnitude**2 @ banks.mel_bank(RATE_HZ).T
        db = spectrum.power_to_db(mel, ref=float(mel.max()) if relative else 1.0)
        their_mel = librosa.feature.melspectrogram(y=scene, sr=RATE_HZ)
        their_db = librosa.power_to_db(their_mel, ref=np.max if relative else 1.0)
        theirs = librosa.feature.mfcc(S=their_db, n_mfcc=20)
        # A coefficient may cross zero, so the tolerance is against the size of the levels that it sums.
        self.same(db @ banks.dct_basis(20, 128).T, theirs.T, atol=1e-4)

    def test_onset_strength(self, librosa: ModuleType, scene: np.ndarray, magnitude: np.ndarray) -> None:
        ours = onsets.onset_strength(spectrum.power_to_db(magnitude**2 @ banks.mel_bank(RATE_HZ).T))
        self.same(ours, librosa.onset.onset_strength(y=scene, sr=RATE_HZ, center=False), atol=1e-5)
        # By default librosa moves the curve on by half a frame: two hops.
        self.same(ours[:-2], librosa.onset.onset_strength(y=scene, sr=RATE_HZ)[2:], atol=1e-5)


@pytest.mark.parametrize("length", [1, 511, 512, 2048, 5000])
@pytest.mark.parametrize("padding", ["zero", "edge"])
@pytest.mark.parametrize("balance", [False, True])
def test_blocks_join_to_the_whole(length: int, padding: str, balance: bool) -> None:
    samples = np.random.default_rng(length).standard_normal(length)
    whole = frames_of(samples, padding=padding, balance=balance, block_frames=1000)
    assert whole.shape == (1 + length // 512, 2048)
    for block_frames in (1, 3):
        blocks = list(spectrum.centred_frames(samples, padding=padding, balance=balance, block_frames=block_frames))
        assert max(len(block) for block in blocks) <= block_frames
        np.testing.assert_allclose(np.concatenate(blocks), whole, rtol=0, atol=1e-12)


def test_balanced_frames_forget_an_offset_but_not_a_tone() -> None:
    time_s = np.arange(RATE_HZ) / RATE_HZ
    tone = np.sin(2 * np.pi * 100 * time_s)
    balanced = frames_of(tone, balance=True)
    np.testing.assert_allclose(frames_of(tone + 5.0, balance=True), balanced, atol=1e-12)
    assert np.abs(balanced - frames_of(tone))[2:-2].max() < 1e-3
    assert not frames_of(np.full(5000, 0.3), balance=True).round(12).any()


def test_padding_stays_zero_in_balanced_frames() -> None:
    balanced = frames_of(np.full(4096, 1.0) + np.arange(4096), balance=True)
    assert not balanced[0, :1024].any()
    assert balanced[0, 1024:].any()


@pytest.mark.parametrize(
    ("samples", "options", "named"),
    [
        (np.zeros(0), {}, "samples"),
        (np.zeros((2, 9)), {}, "samples"),
        (np.zeros(9), {"frame_length": 7}, "frame_length=7"),
        (np.zeros(9), {"hop": 0}, "hop=0"),
        (np.zeros(9), {"block_frames": 0}, "block_frames=0"),
    ],
)
def test_frames_refuse_what_they_cannot_cut(samples: np.ndarray, options: dict[str, int], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        frames_of(samples, **options)


def test_rolloff_refuses_a_share_outside_0_to_1() -> None:
    with pytest.raises(ValueError, match="share is 85"):
        spectrum.rolloff_hz(np.ones((1, 3)), np.arange(3.0), share=85)


def test_an_all_zero_frame_has_numbers_and_they_are_zero() -> None:
    nothing = np.zeros((1, 1025))
    centroid, bandwidth = spectrum.centroid_and_bandwidth_hz(nothing, FREQUENCY_HZ)
    assert (centroid[0], bandwidth[0], spectrum.rolloff_hz(nothing, FREQUENCY_HZ)[0]) == (0, 0, 0)
    assert spectrum.flatness(nothing)[0] == pytest.approx(1)
    assert not banks.chroma(nothing @ banks.chroma_bank(RATE_HZ).T).any()
    for values in spectrum.peaks_and_valleys(nothing, spectrum.contrast_bands(RATE_HZ)):
        assert not values.any()


def test_power_in_blocks_lies_where_the_last_block_lay() -> None:
    blocks = spectrum.with_power(spectrum.centred_frames(np.ones(4096), block_frames=3))
    (_, first), (_, second) = next(blocks), next(blocks)
    assert np.shares_memory(first, second)


def test_the_rolloff_of_single_precision_is_that_of_double() -> None:
    magnitude = np.random.default_rng(8).random((200, 1025))
    np.testing.assert_array_equal(
        spectrum.rolloff_hz(magnitude.astype(np.float32), FREQUENCY_HZ),
        spectrum.rolloff_hz(magnitude, FREQUENCY_HZ),
    )


def test_contrast_refuses_bands_over_half_the_rate() -> None:
    with pytest.raises(ValueError, match="take fewer"):
        spectrum.contrast_bands(8000)
