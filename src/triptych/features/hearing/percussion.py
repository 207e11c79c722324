"""Percussion: how much of a clip's sound is held, as voices and strings are, and how much is struck, as drums are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import numpy as np
import numpy.typing as npt

from triptych.features.feature import Feature
from triptych.features.hearing import banks
from triptych.features.hearing.spectrogram import MEL_BANDS, N_FFT, RATE_HZ, spectrogram_of
from triptych.media.reel import Reel

F32 = npt.NDArray[np.float32]

#: Every second frame: half of each is still in its neighbour.
EVERY = 2
#: Of those, 0.7 s: what lasts less than half of it is not held. And of mel bands, 340 Hz up to 1 kHz and two fifths of
#: the frequency above: what is narrower than half of it is not struck.
OVER_FRAMES = 15
OVER_BANDS = 13
#: How many times as strong, in amplitude, one must be as the other to count as that rather than as neither.
MARGIN = 2.0
#: It bounds the memory and moves nothing.
BLOCK_FRAMES = 2048

PARAMS = {"every": EVERY, "over_frames": OVER_FRAMES, "over_bands": OVER_BANDS, "margin": MARGIN}


@dataclass(frozen=True, kw_only=True, eq=False)
class Percussion:
    """Shares of the energy that are harmonic (held) and percussive (struck), 0…1; what is left of 1 is neither, as
    noise is. Not to be written to.

    ``harmonic``, ``percussive``: float64 ``[t]``, of each frame of the spectrogram. ``harmonic_share``,
    ``percussive_share``: of the clip, so loud frames count for more.
    """

    harmonic: npt.NDArray[np.float64]
    percussive: npt.NDArray[np.float64]
    harmonic_share: float
    percussive_share: float


def percussion_of(reel: Reel) -> Percussion | Feature:
    """The shares of a reel, or the mask that stands for its sound. To be asked for through ``reel.once``."""
    heard = reel.once(spectrogram_of)
    return heard if isinstance(heard, Feature) else measured(heard.mel_db)


def measured(mel_db: F32, *, block_frames: int = BLOCK_FRAMES) -> Percussion:
    """The shares of a mel spectrogram, float32 ``[t, 128]``, dB, t ≥ 1.

    With H the median over time and P that over frequency, both of power, the mask of what is held is
    ``H / (H + m² P)`` and that of what is struck ``P / (P + m² H)``. On 128 mel bands in place of 1,025 bins, and
    every second frame, that is a sixteenth of the work; what is lost is that above 1 kHz the harmonics of a voice
    lie in one band, and count as neither.

    Citation: Fitzgerald 2010, *Harmonic/percussive separation using median filtering*; the margin is from Driedger
    et al. 2014, *Extending harmonic-percussive separation of audio signals*.
    """
    count = -(-len(mel_db) // EVERY)
    energy = np.empty((3, count))
    reach = OVER_FRAMES // 2
    for start in range(0, count, block_frames):
        stop = min(start + block_frames, count)
        rows = mel_db[_reflected(np.arange(start - reach, stop + reach), count) * EVERY]
        energy[:, start:stop] = _energies(rows)
    total = np.maximum(energy[2], np.finfo(np.float64).tiny)
    harmonic, percussive = (np.repeat(part / total, EVERY)[: len(mel_db)] for part in energy[:2])
    return Percussion(
        harmonic=harmonic,
        percussive=percussive,
        harmonic_share=float(energy[0].sum() / total.sum()),
        percussive_share=float(energy[1].sum() / total.sum()),
    )


def _energies(rows: F32) -> npt.NDArray[np.float64]:
    """Harmonic, percussive and all energy of each row that has its neighbours, ``[3, n]``, of ``[n + 14, 128]``, dB."""
    reach, bands = OVER_FRAMES // 2, OVER_BANDS // 2
    inner = rows[reach : len(rows) - reach]
    # What is cut off is where two bands, or two frames, meet.
    held = _median(np.ascontiguousarray(rows.T).ravel(), OVER_FRAMES).reshape(MEL_BANDS, -1)
    held = held[:, reach : len(rows) - reach].T
    wide = np.pad(inner, ((0, 0), (bands, bands)), mode="symmetric")
    struck = _median(wide.ravel(), OVER_BANDS).reshape(wide.shape)[:, bands:-bands]
    ratio = _power(struck - held)
    power = _power(inner) * _widths()
    margin = np.float32(MARGIN**2)
    shares = (power / (1 + margin * ratio), power * (ratio / (ratio + margin)), power)
    return np.stack([share.sum(axis=-1, dtype=np.float64) for share in shares])


def _median(line: F32, over: int) -> F32:
    """The running median of one long line, ``[n]``: scipy is many times as fast on one as on the lines of an array."""
    from scipy import ndimage

    return cast(F32, ndimage.median_filter(line, size=over))


def _power(db: F32) -> F32:
    return np.exp(db * np.float32(np.log(10) / 10))


def _reflected(at: npt.NDArray[np.intp], count: int) -> npt.NDArray[np.intp]:
    """Places before the first and after the last, as in a mirror, however far: … 1 0 | 0 1 2 | 2 1 …"""
    folded = at % (2 * count)
    return np.minimum(folded, 2 * count - 1 - folded)


@lru_cache(maxsize=1)
def _widths() -> F32:
    """Half the width of each band, ``[128]``, read-only: the bank gives the mean power in a band, energy is its sum."""
    widths = (1 / banks.mel_bank(RATE_HZ, N_FFT, MEL_BANDS).max(axis=-1)).astype(np.float32)
    widths.setflags(write=False)
    return widths
