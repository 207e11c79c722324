"""Spectrum: one short-time Fourier transform, and the pure kernels that read it; the matrices are in :mod:`.banks`.

Rows are frames throughout: a spectrogram is ``[t, 1 + n_fft // 2]``, so that a block of frames lies together in
memory. The defaults and the definitions are librosa's, so that published settings carry over, and the tests hold
the two equal. They are written in numpy because librosa compiles for seconds at its first calls. The transform
is of float64, as the quietest bins of a float32 one are its own rounding; what comes of it may be float32, whose
seven digits are those of each bin, however quiet.

    samples ──centred_frames──▶ frames ──with_power──▶ power ──banks.mel_bank──▶ mel dB ──▶ MFCC, onsets
                                  │                      ├──banks.chroma_bank──▶ chroma
                                  │                      └─root─▶ magnitude ──▶ centroid, bandwidth, roll-off, contrast
                                  └──▶ rms, zero_crossing_rate
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

Array = npt.NDArray[np.float64]
Single = npt.NDArray[np.float32]
Real = npt.NDArray[np.floating[Any]]

#: Divisors are kept above this, so that an all-zero frame yields 0 and not NaN.
TINY = float(np.finfo(np.float64).tiny)
#: Bins that the roll-off sums at once.
_STRETCH = 32


def centred_frames(
    samples: Real,
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
        even[row, inside] = part - (part @ weight) / max(float(weight.sum()), TINY)
    return even


@lru_cache(maxsize=8)
def hann(length: int) -> Array:
    """The periodic Hann window ``w[k] = ½ − ½ cos(2πk / length)``: float64 ``[length]``, read-only.

    Examples
    --------
    >>> hann(4)
    array([0. , 0.5, 1. , 0.5])
    """
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    window.setflags(write=False)
    return window


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


def with_power(blocks: Iterable[Array]) -> Iterator[tuple[Array, Single]]:
    """Each block of frames beside the power ``|Σ_k w[k] x[k] exp(−2πi jk / n)|²`` of its Hann-windowed frames.

    Fresh memory for each block would take twice as long as the transforms themselves, so the power lies where that
    of the block before lay: use it before asking for the next.

    Parameters
    ----------
    blocks : float64 ``[t, n]`` each, n always the same

    Yields
    ------
    The block as it was, and float32 ``[t, 1 + n // 2]``, each bin to seven digits

    Examples
    --------
    >>> [(_, power)] = with_power([np.ones((1, 8))])
    >>> power.round(6)
    array([[16.,  4.,  0.,  0.,  0.]], dtype=float32)
    """
    windowed: Array = np.empty((0, 0))
    wide: npt.NDArray[np.complex128] = np.empty((0, 0), np.complex128)
    bins: npt.NDArray[np.complex64] = np.empty((0, 0), np.complex64)
    power: Single = np.empty((0, 0), np.float32)
    for frames in blocks:
        count, length = frames.shape
        if count > len(windowed):
            windowed, shape = np.empty(frames.shape), (count, 1 + length // 2)
            wide, bins = np.empty(shape, np.complex128), np.empty(shape, np.complex64)
            power = np.empty(shape, np.float32)
        np.multiply(frames, hann(length), out=windowed[:count])
        np.fft.rfft(windowed[:count], axis=-1, out=wide[:count])
        bins[:count] = wide[:count]
        parts: Single = bins[:count].view(np.float32)
        np.multiply(parts, parts, out=parts)
        np.add(parts[:, ::2], parts[:, 1::2], out=power[:count])
        yield frames, power[:count]


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


def centroid_and_bandwidth_hz(magnitude: Real, frequency_hz: Array) -> tuple[Array, Array]:
    """The mean ``c = Σ f_j p_j`` and the spread ``√Σ (f_j − c)² p_j`` of frequency, ``p_j = m_j / Σ m``.

    Both come from one product with ``[1, f, f²]``: the spread is ``√(Σ f² p − c²)``, which float64
    carries to about 1e-4 Hz. Of an all-zero frame both are 0.

    Parameters
    ----------
    magnitude : floating ``[t, bins]``
    frequency_hz : float64 ``[bins]``

    Returns
    -------
    centroid, bandwidth : float64 ``[t]``, Hz

    Examples
    --------
    >>> centroid_and_bandwidth_hz(np.array([[1.0, 0.0, 1.0], [0.0, 0.0, 0.0]]), np.array([0.0, 100.0, 200.0]))
    (array([100.,   0.]), array([100.,   0.]))
    """
    moments = magnitude.astype(np.float64, copy=False) @ np.stack(
        [np.ones_like(frequency_hz), frequency_hz, frequency_hz**2], axis=1
    )
    total = np.maximum(moments[:, 0], TINY)
    centroid = moments[:, 1] / total
    return centroid, np.sqrt(np.maximum(moments[:, 2] / total - centroid**2, 0.0))


def rolloff_hz(magnitude: Real, frequency_hz: Array, *, share: float = 0.85) -> Array:
    """The lowest frequency below which ``share`` of the magnitude lies: ``[t, bins]`` → ``[t]``, Hz.

    Examples
    --------
    >>> rolloff_hz(np.array([[1.0, 1.0, 1.0, 1.0]]), np.array([0.0, 10.0, 20.0, 30.0]), share=0.5)
    array([10.])
    """
    if not 0 < share < 1:
        raise ValueError(f"share is {share}; it must lie between 0 and 1")
    # A running sum over every bin is the slowest of all kernels, so it runs over stretches, then within one.
    starts: npt.NDArray[np.intp] = np.arange(0, magnitude.shape[-1], _STRETCH, dtype=np.intp)
    rows = np.arange(len(magnitude))
    below = np.cumsum(np.add.reduceat(magnitude, starts, axis=-1, dtype=np.float64), axis=-1)
    goal = share * below[:, -1:]
    stretch = np.argmax(below >= goal, axis=-1)
    before = np.where(stretch > 0, below[rows, stretch - 1], 0.0)
    last = magnitude.shape[-1] - 1
    places = np.minimum(starts[stretch][:, None] + np.arange(_STRETCH), last)
    within = before[:, None] + np.cumsum(magnitude[rows[:, None], places], axis=-1, dtype=np.float64)
    within[:, -1] = np.inf  # summed in another order, the stretch may miss by a rounding what it reached as a whole
    return frequency_hz[places[rows, np.argmax(within >= goal, axis=-1)]]


def flatness(power: Real, *, amin: float = 1e-10) -> Array:
    """The geometric over the arithmetic mean of power, ``[t, bins]`` → ``[t]``: near 0 a tone, near 1 noise.

    Power under ``amin`` counts as ``amin``, so a frame of zeros is flat: 1.

    Citation: Dubnov 2004, *Generalization of spectral flatness measure for non-Gaussian linear processes*.

    Examples
    --------
    >>> flatness(np.array([[1.0, 1.0], [1.0, 0.0]])).round(5)
    array([1.e+00, 2.e-05])
    """
    floored = np.maximum(power, amin)
    return np.exp(np.log(floored).mean(axis=-1, dtype=np.float64)) / floored.mean(axis=-1, dtype=np.float64)


@lru_cache(maxsize=8)
def contrast_bands(
    rate_hz: int, n_fft: int = 2048, *, octaves: int = 6, lowest_hz: float = 200.0, quantile: float = 0.02
) -> tuple[tuple[slice, int], ...]:
    """Of each band of the spectral contrast, which bins are of it, and how many of them are its peak, or its valley.

    The first band ends at ``lowest_hz``, each further one an octave higher, the last with the spectrum. As in librosa
    a band begins a bin early and leaves out the last one, but is counted with both.

    >>> contrast_bands(22050)[0], contrast_bands(22050)[-1]
    ((slice(0, 18, None), 1), (slice(594, 1025, None), 9))
    """
    frequency = frequencies_hz(rate_hz, n_fft)
    edges = np.concatenate([[0.0], lowest_hz * 2.0 ** np.arange(octaves + 1)])
    if edges[-2] >= rate_hz / 2:
        raise ValueError(f"{octaves} octaves from {lowest_hz} Hz lie over half of {rate_hz} Hz; take fewer")
    found: list[tuple[slice, int]] = []
    for k in range(octaves + 1):
        inside = np.flatnonzero((frequency >= edges[k]) & (frequency <= edges[k + 1]))
        first, stop = max(int(inside[0]) - 1, 0), int(inside[-1]) + 1
        if k == octaves:
            stop = len(frequency)
        extreme = max(round(quantile * (stop - first)), 1)
        found.append((slice(first, stop if k == octaves else stop - 1), extreme))
    return tuple(found)


def peaks_and_valleys(magnitude: Real, bands: tuple[tuple[slice, int], ...]) -> tuple[Array, Array]:
    """The mean of the loudest and of the quietest bins of each band: ``[t, bins]`` → ``[t, bands]`` each.

    >>> peaks_and_valleys(np.array([[1.0, 5.0, 3.0, 7.0]]), ((slice(0, 2), 1), (slice(0, 4), 2)))
    (array([[5., 6.]]), array([[1., 2.]]))
    """
    peaks = np.empty((len(magnitude), len(bands)))
    valleys = np.empty_like(peaks)
    for k, (inside, count) in enumerate(bands):
        part = magnitude[:, inside]
        if count > 1:
            # numpy sorts short rows of float32 in vector registers, seven times as fast as it partitions at two places.
            part = np.sort(part, axis=-1)
            peaks[:, k], valleys[:, k] = part[:, -count:].mean(axis=-1), part[:, :count].mean(axis=-1)
        else:
            peaks[:, k], valleys[:, k] = part.max(axis=-1), part.min(axis=-1)
    return peaks, valleys


def contrast_db(peaks: Array, valleys: Array, *, amin: float = 1e-10, top_db: float = 80.0) -> Array:
    """How far the peaks of each band stand over its valleys: ``[t, bands]`` of the whole clip → ``[t, bands]``.

    As in librosa it is ``10 log10`` of magnitudes, half of what those decibels are of power, and neither peaks nor
    valleys lie over ``top_db`` below the largest of their kind.

    Citation: Jiang et al. 2002, *Music type classification by spectral contrast feature*.
    """
    return power_to_db(peaks, amin=amin, top_db=top_db) - power_to_db(valleys, amin=amin, top_db=top_db)


def power_to_db(power: Array, *, ref: float = 1.0, amin: float = 1e-10, top_db: float | None = 80.0) -> Array:
    """``10 log10(max(power, amin) / max(ref, amin))``, any shape; no value lies over ``top_db`` below the largest.

    Examples
    --------
    >>> power_to_db(np.array([1.0, 10.0, 0.0]))
    array([  0.,  10., -70.])
    """
    db = 10 * (np.log10(np.maximum(power, amin)) - np.log10(max(ref, amin)))
    return db if top_db is None else np.maximum(db, db.max() - top_db)
