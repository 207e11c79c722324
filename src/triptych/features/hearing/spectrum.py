"""Spectrum: one short-time Fourier transform, and the pure kernels that read it.

Rows are frames throughout: a magnitude spectrogram is float64 ``[t, 1 + n_fft // 2]``, so that a block of
frames lies together in memory. The defaults and the definitions are librosa's, so that published settings
carry over, and the tests hold the two equal. They are written in numpy because librosa compiles for seconds
at its first calls, and in float64 because numpy's real transform is faster in it than in float32.

    samples ──centred_frames──▶ frames ──magnitudes──▶ magnitude ──▶ centroid, bandwidth, roll-off, flatness
                                  │                        └─square─▶ power ──mel_bank──▶ mel dB ──▶ MFCC, onsets
                                  └──▶ rms, zero_crossing_rate         └──chroma_bank──▶ chroma
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

Array = npt.NDArray[np.float64]

#: Divisors are kept above this, so that an all-zero frame yields 0 and not NaN.
_TINY = float(np.finfo(np.float64).tiny)


def centred_frames(
    samples: npt.NDArray[np.floating[Any]],
    *,
    frame_length: int = 2048,
    hop: int = 512,
    padding: Literal["zero", "edge"] = "zero",
    block_frames: int = 128,
    offset: float = 0.0,
    gain: float = 1.0,
    balance: bool = False,
) -> Iterator[Array]:
    """Cut ``gain * (samples - offset)`` into overlapping frames, a block of them at a time.

    Frame ``i`` is centred on sample ``i * hop``; what lies outside the signal is zero, or the nearest
    sample. Only one block is ever held, so an hour of sound costs no more memory than a second.

    Parameters
    ----------
    samples : floating ``[n]``, n ≥ 1
    frame_length : even number of samples in a frame
    offset, gain : applied before padding, in float64
    balance : take from each frame the Hann-weighted mean of what it has of the signal (padding stays as it
        is), so that neither a constant nor a slow drift reaches any measure. With that weight the mean of a
        tone of more than a few periods is next to nothing; a plain mean would put leakage at 0 Hz.

    Yields
    ------
    float64 ``[b, frame_length]`` with b ≤ ``block_frames``, ``1 + n // hop`` rows in all; not to be written to, as
    frames may share their samples

    Examples
    --------
    >>> [block] = centred_frames(np.arange(1.0, 6.0), frame_length=4, hop=2)
    >>> block
    array([[0., 0., 1., 2.],
           [1., 2., 3., 4.],
           [3., 4., 5., 0.]])
    """
    if samples.ndim != 1 or len(samples) == 0:
        raise ValueError(f"samples have the shape {samples.shape}; they must be [n] with n of at least 1")
    if frame_length < 2 or frame_length % 2 or hop < 1 or block_frames < 1:
        raise ValueError(
            f"frame_length={frame_length}, hop={hop}, block_frames={block_frames}; "
            "frame_length must be even, hop and block_frames at least 1"
        )
    half, end, count = frame_length // 2, len(samples), 1 + len(samples) // hop
    for first in range(0, count, block_frames):
        last = min(first + block_frames, count) - 1
        start, stop = first * hop - half, last * hop + half
        chunk = gain * (samples[max(start, 0) : min(stop, end)].astype(np.float64) - offset)
        outside = (max(-start, 0), max(stop - end, 0))
        if any(outside):
            chunk = np.pad(chunk, outside, mode="edge" if padding == "edge" else "constant")
        frames = sliding_window_view(chunk, frame_length)[::hop]
        yield _balanced(frames, first * hop - half, hop, end) if balance else frames


def _balanced(frames: Array, start: int, hop: int, end: int) -> Array:
    """Frames less their Hann-weighted means; the first begins at sample ``start`` of ``end``."""
    length = frames.shape[-1]
    window = hann(length)
    even: Array = frames - ((frames @ window) / window.sum())[:, None]
    begins = start + hop * np.arange(len(frames))
    for row in np.flatnonzero((begins < 0) | (begins + length > end)):
        inside = slice(max(-int(begins[row]), 0), end - int(begins[row]))
        part, weight = frames[row, inside], window[inside]
        even[row] = 0.0
        even[row, inside] = part - (part @ weight) / max(float(weight.sum()), _TINY)
    return even


@lru_cache(maxsize=8)
def hann(length: int) -> Array:
    """The periodic Hann window ``w[k] = ½ − ½ cos(2πk / length)``: float64 ``[length]``, read-only.

    Examples
    --------
    >>> hann(4)
    array([0. , 0.5, 1. , 0.5])
    """
    return _frozen(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length))


def magnitudes(frames: Array) -> Array:
    """The magnitude ``|Σ_k w[k] x[k] exp(−2πi jk / n)|`` of each Hann-windowed frame.

    Parameters
    ----------
    frames : float64 ``[t, n]``

    Returns
    -------
    float64 ``[t, 1 + n // 2]``, ≥ 0; column j is the frequency ``j * rate_hz / n``

    Examples
    --------
    >>> magnitudes(np.ones((1, 8))).round(6)
    array([[4., 2., 0., 0., 0.]])
    """
    bins: npt.NDArray[np.complex128] = np.fft.rfft(frames * hann(frames.shape[-1]), axis=-1)
    return np.abs(bins).astype(np.float64, copy=False)


def frequencies_hz(rate_hz: int, n_fft: int = 2048) -> Array:
    """The frequency of each column of a spectrogram: float64 ``[1 + n_fft // 2]``, 0 to half the rate."""
    return np.arange(1 + n_fft // 2, dtype=np.float64) * (rate_hz / n_fft)


def rms(frames: Array) -> Array:
    """The root of the mean square of the waveform, not windowed: ``[t, n]`` → ``[t]``.

    Examples
    --------
    >>> rms(np.array([[1.0, -1.0], [0.0, 0.0]]))
    array([1., 0.])
    """
    return np.sqrt(np.einsum("tn,tn->t", frames, frames) / frames.shape[-1])


def zero_crossing_rate(frames: Array, *, threshold: float = 1e-10) -> Array:
    """The share of samples whose sign differs from the one before: ``[t, n]`` → ``[t]`` in 0…1.

    Zero is positive, and so is all within ``threshold`` of it. Frames padded with ``"edge"`` gain no
    crossing where the signal begins and ends.

    Examples
    --------
    >>> zero_crossing_rate(np.array([[1.0, -1.0, 1.0, 0.0]]))
    array([0.5])
    """
    negative = frames < -threshold
    return np.count_nonzero(negative[:, 1:] != negative[:, :-1], axis=-1) / frames.shape[-1]


def centroid_and_bandwidth_hz(magnitude: Array, frequency_hz: Array) -> tuple[Array, Array]:
    """The mean ``c = Σ f_j p_j`` and the spread ``√Σ (f_j − c)² p_j`` of frequency, ``p_j = m_j / Σ m``.

    Both come from one product with ``[1, f, f²]``: the spread is ``√(Σ f² p − c²)``, which float64
    carries to about 1e-4 Hz. Of an all-zero frame both are 0.

    Parameters
    ----------
    magnitude : float64 ``[t, bins]``
    frequency_hz : float64 ``[bins]``

    Returns
    -------
    centroid, bandwidth : float64 ``[t]``, Hz

    Examples
    --------
    >>> centroid_and_bandwidth_hz(np.array([[1.0, 0.0, 1.0], [0.0, 0.0, 0.0]]), np.array([0.0, 100.0, 200.0]))
    (array([100.,   0.]), array([100.,   0.]))
    """
    moments = magnitude @ np.stack([np.ones_like(frequency_hz), frequency_hz, frequency_hz**2], axis=1)
    total = np.maximum(moments[:, 0], _TINY)
    centroid = moments[:, 1] / total
    return centroid, np.sqrt(np.maximum(moments[:, 2] / total - centroid**2, 0.0))


def rolloff_hz(magnitude: Array, frequency_hz: Array, *, share: float = 0.85) -> Array:
    """The lowest frequency below which ``share`` of the magnitude lies: ``[t, bins]`` → ``[t]``, Hz.

    Examples
    --------
    >>> rolloff_hz(np.array([[1.0, 1.0, 1.0, 1.0]]), np.array([0.0, 10.0, 20.0, 30.0]), share=0.5)
    array([10.])
    """
    if not 0 < share < 1:
        raise ValueError(f"share is {share}; it must lie between 0 and 1")
    below = np.cumsum(magnitude, axis=-1)
    return frequency_hz[np.argmax(below >= share * below[:, -1:], axis=-1)]


def flatness(power: Array, *, amin: float = 1e-10) -> Array:
    """The geometric over the arithmetic mean of power, ``[t, bins]`` → ``[t]``: near 0 a tone, near 1 noise.

    Power under ``amin`` counts as ``amin``, so a frame of zeros is flat: 1.

    Citation: Dubnov 2004, *Generalization of spectral flatness measure for non-Gaussian linear processes*.

    Examples
    --------
    >>> flatness(np.array([[1.0, 1.0], [1.0, 0.0]])).round(5)
    array([1.e+00, 2.e-05])
    """
    floored = np.maximum(power, amin)
    return np.exp(np.log(floored).mean(axis=-1)) / floored.mean(axis=-1)


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


def power_to_db(power: Array, *, ref: float = 1.0, amin: float = 1e-10, top_db: float | None = 80.0) -> Array:
    """``10 log10(max(power, amin) / max(ref, amin))``, any shape; no value lies over ``top_db`` below the largest.

    Examples
    --------
    >>> power_to_db(np.array([1.0, 10.0, 0.0]))
    array([  0.,  10., -70.])
    """
    db = 10 * (np.log10(np.maximum(power, amin)) - np.log10(max(ref, amin)))
    return db if top_db is None else np.maximum(db, db.max() - top_db)


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
def chroma_bank(rate_hz: int, n_fft: int = 2048, *, a4_hz: float = 440.0, top_hz: float = 5000.0) -> Array:
    """How much of each bin belongs to each pitch class, C to B: float64 ``[12, 1 + n_fft // 2]``, read-only.

    A bin covers half its spacing to either side; pitch class c covers half a semitone to either side of the
    equal-tempered ``p ≡ c (mod 12)``, ``p = 9 + 12 log2(f / a4_hz)``. A bin is shared out by overlap on the
    pitch axis, so its column sums to 1. Bins below ``spacing / (2^(1/12) − 1)`` (181 Hz at 22,050 Hz), which
    are wider than a semitone and so cannot name one, and above ``top_hz``, where there are hardly any
    fundamentals, belong to none.
    """
    spacing = rate_hz / n_fft
    frequency = frequencies_hz(rate_hz, n_fft)
    heard = (frequency >= spacing / (2 ** (1 / 12) - 1)) & (frequency <= top_hz)
    low, high = (9 + 12 * np.log2((frequency[heard] + side * spacing / 2) / a4_hz) for side in (-1, 1))
    bank = np.zeros((12, len(frequency)))
    for pitch in range(int(np.floor(low.min())), int(np.ceil(high.max())) + 1):
        overlap = np.minimum(high, pitch + 0.5) - np.maximum(low, pitch - 0.5)
        bank[pitch % 12, heard] += np.maximum(overlap, 0.0) / (high - low)
    return _frozen(bank)


def chroma(power: Array, bank: Array, *, floor: float = 1e-4) -> Array:
    """The share of each pitch class in the energy of a frame: ``[t, bins]``, ``[12, bins]`` → ``[t, 12]``.

    A row sums to 1, unless the pitched range holds less than ``floor`` of the frame's energy: then it is
    leakage, and sinks to 0 instead of being blown up. An all-zero frame yields zeros.
    """
    classes = power @ bank.T
    return classes / np.maximum(np.maximum(classes.sum(axis=-1), floor * power.sum(axis=-1)), _TINY)[:, None]


def onset_strength(mel_db: Array) -> Array:
    """The spectral flux ``o[t] = mean_b max(0, S[t, b] − S[t−1, b])`` with ``o[0] = 0``: ``[t, bands]`` → ``[t]``, dB.

    It stands at the frame that grew louder; librosa by default moves it on by half a frame.

    Citation: Böck & Widmer 2013, *Maximum filter vibrato suppression for onset detection*, without the filter.

    Examples
    --------
    >>> onset_strength(np.array([[0.0, 0.0], [6.0, -6.0], [0.0, 0.0]]))
    array([0., 3., 3.])
    """
    return np.concatenate([[0.0], np.maximum(np.diff(mel_db, axis=0), 0.0).mean(axis=-1)])


def onset_frames(strength: Array, *, reach: int = 3, context: int = 21, rise_db: float = 1.5) -> npt.NDArray[np.intp]:
    """Where onsets are: the peaks of an onset strength ``[t]``, as increasing frame numbers.

    A frame is a peak if it is the largest (of equals the first) within ``reach`` frames to either side, and
    at least ``rise_db`` over the mean of the ``context`` frames to either side.

    Examples
    --------
    >>> onset_frames(np.array([0.0, 0.0, 9.0, 4.0, 0.0, 0.0, 0.0, 7.0, 7.0, 0.0]), context=4)
    array([2, 7])
    """
    count = len(strength)
    around = sliding_window_view(np.pad(strength, reach, constant_values=-np.inf), 2 * reach + 1)
    largest = np.argmax(around, axis=-1) == reach
    sums = np.concatenate([[0.0], np.cumsum(strength)])
    first = np.maximum(np.arange(count) - context, 0)
    last = np.minimum(np.arange(count) + context + 1, count)
    return np.flatnonzero(largest & (strength >= rise_db + (sums[last] - sums[first]) / (last - first)))


def rhythm_strength(
    strength: Array, *, shortest: int = 11, longest: int = 64, window: int = 384, still_db: float = 0.3
) -> float:
    """How regularly onsets return, at whatever tempo: 0 (never, or too short to tell) to 1.

    The onset strength is cut into half-overlapping windows of n frames; of each, less its mean, the
    autocorrelation ``r[l] = Σ_t o[t] o[t+l] / (n · still_db² + Σ_t o[t]²)`` is taken and its largest value over
    the lags ``shortest…longest`` frames (at most half the window) kept, or 0; the answer is the mean over the
    windows. ``still_db`` keeps the tiny regular ripple of a steady tone from counting as a rhythm. At 43
    frames a second the defaults are 0.26–1.5 s and 8.9 s.

    Citation: after Lartillot et al. 2008, *Multi-feature modeling of pulse clarity*.

    Examples
    --------
    >>> ticks = np.tile([10.0] + [0.0] * 19, 40)
    >>> rhythm_strength(ticks) > 0.9, rhythm_strength(ticks / 1000) > 0.01
    (True, False)
    """
    window = min(window, len(strength))
    longest = min(longest, window // 2)
    if longest < shortest:
        return 0.0
    starts = [*range(0, len(strength) - window, max(window // 2, 1)), len(strength) - window]
    cuts = np.stack([strength[start : start + window] for start in starts])
    cuts = cuts - cuts.mean(axis=-1, keepdims=True)
    # Twice the length keeps the circular correlation of the transform from wrapping round.
    turning = np.fft.irfft(np.abs(np.fft.rfft(cuts, n=2 * window, axis=-1)) ** 2, axis=-1)
    best = turning[:, shortest : longest + 1].max(axis=-1) / (turning[:, 0] + window * still_db**2)
    return float(np.maximum(best, 0.0).mean())


def _frozen(values: Array) -> Array:
    """Cached arrays are shared between callers, so none of them may write."""
    values.setflags(write=False)
    return values
