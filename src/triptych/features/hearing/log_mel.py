"""Log-mel: the front end of VGGish, by its published definition.

Citation: Hershey et al. 2017, *CNN Architectures for Large-Scale Audio Classification*; the constants and the order of
the steps are those of the code that AudioSet published with the weights.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from triptych.errors import UsageError
from triptych.features.hearing.spectrum import frequencies_hz, hann

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]

RATE_HZ = 16_000
#: 25 ms each 10 ms.
WINDOW, HOP = 400, 160
N_FFT = 512
BANDS = 64
LOW_HZ, HIGH_HZ = 125.0, 7500.0
OFFSET = 0.01
#: Frames in one example: 0.96 s of starts, 0.975 s of sound.
FRAMES = 96
EXAMPLE = (FRAMES - 1) * HOP + WINDOW
#: What an example depends on, for recipes.
PARAMS = {
    "rate_hz": RATE_HZ,
    "window": WINDOW,
    "hop": HOP,
    "n_fft": N_FFT,
    "mel": "htk",
    "mel_bands": BANDS,
    "mel_hz": [LOW_HZ, HIGH_HZ],
    "log_offset": OFFSET,
    "frames": FRAMES,
}


@lru_cache(maxsize=1)
def mel_bank() -> F64:
    """Triangles evenly spaced in the mel ``m = 1127 ln(1 + f / 700)`` from 125 to 7,500 Hz, and straight in mel.

    Triangle i rises from edge i to 1 at edge i + 1 and falls to edge i + 2. The bin at 0 Hz counts for nothing.

    Returns
    -------
    float64 ``[257, 64]``, read-only; ``magnitude @ mel_bank()`` is the mel spectrogram ``[t, 64]``
    """
    mel = 1127 * np.log1p(frequencies_hz(RATE_HZ, N_FFT) / 700)[:, None]
    first, last = 1127 * math.log1p(LOW_HZ / 700), 1127 * math.log1p(HIGH_HZ / 700)
    edges: F64 = np.linspace(first, last, BANDS + 2)
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    bank: F64 = np.maximum(np.minimum((mel - low) / (middle - low), (high - mel) / (high - middle)), 0.0)
    bank[0] = 0.0
    bank.setflags(write=False)
    return bank


def log_mel(frames: npt.NDArray[np.floating]) -> F32:
    """``ln(Σ_j M[j, b] |F_j(w · x)| + 0.01)`` of frames ``[t, 400]`` in −1…1: float32 ``[t, 64]``.

    w is the periodic Hann window, F the Fourier transform of the 400 samples and 112 zeros after them, and M
    :func:`mel_bank`.
    """
    bins: npt.NDArray[np.complex128] = np.fft.rfft(frames * hann(WINDOW), n=N_FFT, axis=-1)
    return np.log(np.abs(bins) @ mel_bank() + OFFSET).astype(np.float32)


def step_of(every_s: float) -> int:
    """How many frames lie between the starts of two examples that are ``every_s`` apart.

    >>> step_of(0.96), step_of(1.0)
    (96, 100)
    """
    step = round(every_s * RATE_HZ / HOP)
    if not 1 <= step <= 360_000 or abs(step * HOP / RATE_HZ - every_s) > 1e-6:
        raise UsageError(
            f"every_s is {every_s}; examples begin a whole number of hundredths of a second apart, 0.01 to 3600."
        )
    return step


def count(samples: int, step: int) -> int:
    """How many whole examples there are, each ``step`` frames after the one before; what is left over is left out.

    >>> count(15_599, 96), count(15_600, 96), count(2 * 16_000 + 15_600, 100)
    (0, 1, 3)
    """
    frames = 0 if samples < WINDOW else 1 + (samples - WINDOW) // HOP
    return 0 if frames < FRAMES else 1 + (frames - FRAMES) // step


def examples(samples: F32, *, step: int, first: int, last: int) -> F32:
    """Examples ``first`` to ``last - 1``: float32 ``[last - first, 96, 64]``; ``samples``: float32 ``[n]`` in −1…1."""
    starts = step * np.arange(first, last)
    places, where = np.unique(starts[:, None] + np.arange(FRAMES), return_inverse=True)
    frames = sliding_window_view(samples, WINDOW)[places * HOP]
    return log_mel(frames.astype(np.float64))[where.reshape(-1, FRAMES)]


def middles_s(examples: int, step: int) -> F64:
    """The time of each example, the middle of the sound it is made of: float64 ``[examples]``."""
    return (np.arange(examples) * (step * HOP) + EXAMPLE / 2) / RATE_HZ
