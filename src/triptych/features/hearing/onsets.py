"""Onsets: how strongly sounds begin, where they do, and how regularly they return."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from triptych.features.hearing.spectrum import Array, Real


def onset_strength(mel_db: Real) -> Array:
    """The spectral flux ``o[t] = mean_b max(0, S[t, b] − S[t−1, b])`` with ``o[0] = 0``: ``[t, bands]`` → ``[t]``, dB.

    It stands at the frame that grew louder, which is the first that a sound reaches into; librosa by default moves it
    on by half a frame, to about where the sound is: by 2 frames of the defaults.

    Citation: Böck & Widmer 2013, *Maximum filter vibrato suppression for onset detection*, without the filter.

    Examples
    --------
    >>> onset_strength(np.array([[0.0, 0.0], [6.0, -6.0], [0.0, 0.0]]))
    array([0., 3., 3.])
    """
    rise = np.diff(mel_db, axis=0)
    np.maximum(rise, 0.0, out=rise)
    return np.concatenate([[0.0], rise.mean(axis=-1, dtype=np.float64)])


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
