"""Banks: equal to librosa's, right on pitches whose class is known, and not to be written to."""

from __future__ import annotations

import numpy as np
import pytest

from triptych.features.hearing import banks, spectrum

RATE_HZ = 22050


@pytest.mark.parametrize(("rate_hz", "n_fft", "bands"), [(22050, 2048, 128), (16000, 1024, 40), (1600, 512, 10)])
def test_the_mel_bank_is_that_of_librosa(rate_hz: int, n_fft: int, bands: int) -> None:
    import librosa.filters

    theirs = librosa.filters.mel(sr=rate_hz, n_fft=n_fft, n_mels=bands, dtype=np.float64)
    np.testing.assert_allclose(banks.mel_bank(rate_hz, n_fft, bands), theirs, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize(("rate_hz", "n_fft"), [(22050, 2048), (16000, 4096)])
def test_the_chroma_bank_is_that_of_librosa(rate_hz: int, n_fft: int) -> None:
    import librosa.filters

    theirs = librosa.filters.chroma(sr=rate_hz, n_fft=n_fft, dtype=np.float64)
    np.testing.assert_allclose(banks.chroma_bank(rate_hz, n_fft), theirs, rtol=1e-5, atol=1e-12)


@pytest.mark.parametrize(("semitones", "row"), [(0, 9), (3, 0), (7, 4)], ids=["a", "c", "e"])
def test_a_bin_goes_to_its_nearest_class(semitones: int, row: int) -> None:
    nearest = np.argmin(np.abs(spectrum.frequencies_hz(RATE_HZ) - 880 * 2 ** (semitones / 12)))
    assert banks.chroma_bank(RATE_HZ)[:, nearest].argmax() == row


def test_what_is_shared_cannot_be_written_to() -> None:
    for bank in (spectrum.hann(8), banks.mel_bank(RATE_HZ), banks.dct_basis(3, 4), banks.chroma_bank(RATE_HZ)):
        with pytest.raises(ValueError, match="read-only"):
            bank.flat[0] = 1.0
