"""Banks: fixed matrices that sum the bins of a spectrum to mel bands, to pitch classes and to cepstral coefficients.

All are made once, and equal librosa's. Cached arrays are shared between callers, so none of them may write.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from triptych.features.hearing.spectrum import TINY, Array, Real, frequencies_hz


@lru_cache(maxsize=8)
def mel_bank(rate_hz: int, n_fft: int = 2048, bands: int = 128) -> Array:
    """Triangles evenly spaced in Slaney's mel from 0 to half the rate, each of the same area in Hz.

    Mel is linear up to 1000 Hz (``m = 3f / 200``) and logarithmic above (``m = 15 + 27 ln(f/1000) / ln 6.4``).
    Triangle i rises from edge i to 1 at edge i + 1, falls to edge i + 2, and is scaled by
    ``2 / (edge_{i+2} − edge_i)``.

    Returns
    -------
    float64 ``[bands, 1 + n_fft // 2]``, read-only; ``power @ mel_bank(...).T`` is the mel power ``[t, bands]``

    Citation: Slaney 1998, *Auditory Toolbox*, version 2.
    """
    top_mel = 15 + 27 * np.log(rate_hz / 2 / 1000) / np.log(6.4) if rate_hz > 2000 else 3 * rate_hz / 400
    mels = np.linspace(0.0, top_mel, bands + 2)
    edges = np.where(mels < 15, mels * 200 / 3, 1000 * np.exp(np.log(6.4) / 27 * (mels - 15)))
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    frequency = frequencies_hz(rate_hz, n_fft)
    triangles = np.minimum((frequency - low) / (middle - low), (high - frequency) / (high - middle))
    return _frozen(np.maximum(triangles, 0.0) * (2 / (high - low)))


@lru_cache(maxsize=8)
def dct_basis(coefficients: int, bands: int) -> Array:
    """The first rows of the orthonormal DCT-II, read-only: ``mel_db @ dct_basis(20, 128).T`` is the MFCC.

    ``D[k, j] = s_k √(2/bands) cos(πk(2j + 1) / (2 bands))``, ``s_0 = √½``, else 1; float64 ``[coefficients, bands]``.

    Citation: Davis & Mermelstein 1980, *Comparison of parametric representations for word recognition*.

    Examples
    --------
    >>> (dct_basis(3, 3) @ dct_basis(3, 3).T).round(12) + 0.0
    array([[1., 0., 0.],
           [0., 1., 0.],
           [0., 0., 1.]])
    """
    rows = np.arange(coefficients)[:, None]
    basis = np.sqrt(2 / bands) * np.cos(np.pi * rows * (2 * np.arange(bands) + 1) / (2 * bands))
    basis[0] *= np.sqrt(0.5)
    return _frozen(basis)


@lru_cache(maxsize=8)
def chroma_bank(rate_hz: int, n_fft: int = 2048, *, a4_hz: float = 440.0) -> Array:
    """How much each bin counts to each pitch class, C to B: float64 ``[12, 1 + n_fft // 2]``, read-only.

    With ``p = 9 + 12 log2(f / a4_hz)`` the pitch of a bin, ``w`` its distance to the next bin's, at least 1, and ``d``
    the distance from p to the nearest pitch of class c, the bin counts ``exp(−2 (d / w)²)`` to that class, scaled to a
    Euclidean length of 1 over the classes; and the more the nearer it lies to the A of 880 Hz,
    ``exp(−((p − 21) / 24)² / 2)``. The bin of 0 Hz stands an octave and a half below the next.

    Citation: Ellis 2007, *Chroma feature analysis and synthesis*.
    """
    frequency = np.arange(1, 2 + n_fft // 2) * (rate_hz / n_fft)
    pitch = 9 + 12 * np.log2(frequency / a4_hz)
    pitch = np.concatenate([[pitch[0] - 18], pitch])
    width = np.maximum(np.diff(pitch), 1.0)
    pitch = pitch[:-1]
    apart = np.mod(pitch - np.arange(12)[:, None] + 6, 12) - 6
    bank = np.exp(-2 * (apart / width) ** 2)
    bank /= np.sqrt((bank**2).sum(axis=0))
    return _frozen(bank * np.exp(-(((pitch - 21) / 24) ** 2) / 2))


def chroma(classes: Real) -> Array:
    """Each frame's pitch classes re its strongest: ``power @ chroma_bank(...).T`` ``[t, 12]`` → ``[t, 12]`` in 0…1.

    An all-zero frame yields zeros.
    """
    wide = classes.astype(np.float64)
    return wide / np.maximum(wide.max(axis=-1, keepdims=True), TINY)


def _frozen(values: Array) -> Array:
    """Cached arrays are shared between callers, so none of them may write."""
    values.setflags(write=False)
    return values
