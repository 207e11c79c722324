"""Spectrogram: what is measured of each 46 ms of a clip's sound, on one Fourier transform for all that ask.

Hearing extractors ask for it through ``reel.once(spectrogram_of)``; the kernels are those of :mod:`.spectrum`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from triptych.features.extractor import Showing
from triptych.features.feature import Feature
from triptych.features.hearing import banks, listening, onsets, spectrum
from triptych.features.hearing.listening import DECODING, Heard, heard, reel_of, too_short
from triptych.features.hearing.spectrum import Array, Single
from triptych.features.pooling import Pooling
from triptych.media.reel import Reel

RATE_HZ = 22050
N_FFT = 2048
HOP = 512
#: Frames a second, 43.07.
FRAMES_HZ = RATE_HZ / HOP
MEL_BANDS = 128
TOP_DB = 80.0
ROLLOFF = 0.85
GATE_DB = 60.0
#: With the peak at 1: no sign change within this of zero (zero crossings), no power under it (flatness).
FLOOR = 1e-10
A4_HZ = 440.0
#: Bands of the spectral contrast: up to 200 Hz, five octaves, the rest; of each, the share that is its peak or valley.
CONTRASTS = 7
CONTRAST_LOWEST_HZ = 200.0
CONTRAST_QUANTILE = 0.02
#: Frames are worked on so many at a time: few enough to stay in the cache. It moves nothing but rounding.
BLOCK_FRAMES = 64
#: No level and no power of a mel band under it: far below what is kept of either.
LEAST_POWER = 1e-20
#: Weights of a bank under this count for nothing beside what leaks from bin to bin, and float32 is slow with them.
LEAST_WEIGHT = 1e-25

#: Bins that are summed to bands at once, see :func:`_banded`.
SUMMED_BINS = 205

#: What the numbers below depend on, for the recipes of those that read them.
PARAMS = {
    "rate_hz": RATE_HZ,
    "sound": DECODING,
    "gain": "peak to 1",
    "offset": "mean of the clip",
    "n_fft": N_FFT,
    "hop": HOP,
    "window": "hann",
    "padding": "zero",
    "gate_db": GATE_DB,
    "mel_bands": MEL_BANDS,
    "mel": "slaney",
    "top_db": TOP_DB,
    "floor": FLOOR,
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Spectrogram:
    """Frames of 2,048 samples at 22,050 Hz, one each 512, centred on ``times_s``. Not to be written to.

    The clip's sound is brought to a mean of 0 and a peak of 1 before anything is measured, so that no gain moves
    anything here; ``peak_db`` (dBFS) is what was taken away. All float64 but where said:

    - ``times_s``: ``[t]``, seconds from the clip's first picture. ``samples``: how many there are of the sound.
    - ``level_db``: ``[t]``, RMS of the waveform re the peak, each frame less the mean of what it has of the sound, so
      that zeros beside sound with an offset are as silent as any.
    - ``audible``: bool ``[t]``, within 60 dB of the loudest frame, which therefore always is.
    - ``whole``: bool ``[t]``, wholly inside the sound: the two frames at either end reach into the padding.
    - ``zero_crossings``, ``centroid_hz``, ``bandwidth_hz``, ``rolloff_hz``, ``flatness``: ``[t]``.
    - ``contrast``: ``[t, 7]``, dB, how far the peaks of each octave's spectrum stand over its valleys.
    - ``chroma``: ``[t, 12]``, C to B, re each frame's strongest.
    - ``mel_db``: float32 ``[t, 128]``, dB re the loudest band of the clip, no lower than −80.
    - ``onset_db``: ``[t]``, how much louder the bands grew since the frame before; 0 where either frame is silent or
      not whole, as what begins there is the clip and not a sound (``rising`` bool ``[t]`` says where it counts).

    All but the level equal librosa's functions of the same sound less its mean, at their defaults; what has a floor
    (flatness, zero crossings, contrast), of that sound at a peak of 1; ``mel_db``, re its largest. ``onset_db`` stands
    at the frame that grew louder, two before where librosa by default puts it.
    """

    samples: int
    peak_db: float
    times_s: Array
    level_db: Array
    audible: npt.NDArray[np.bool_]
    whole: npt.NDArray[np.bool_]
    rising: npt.NDArray[np.bool_]
    zero_crossings: Array
    centroid_hz: Array
    bandwidth_hz: Array
    rolloff_hz: Array
    flatness: Array
    contrast: Array
    chroma: Array
    mel_db: Single
    onset_db: Array

    def __len__(self) -> int:
        return len(self.times_s)

    @property
    def duration_s(self) -> float:
        return self.samples / RATE_HZ


def spectrogram_of(reel: Reel) -> Spectrogram | Feature:
    """The spectrogram of a reel, or the mask that stands for its sound. To be asked for through ``reel.once``."""
    sound = reel.once(heard, RATE_HZ)
    if isinstance(sound, Feature):
        return sound
    return too_short(sound, N_FFT, "one frame") or measured(sound)


def measured(sound: Heard, *, block_frames: int = BLOCK_FRAMES) -> Spectrogram:
    count, end = 1 + len(sound.samples) // HOP, len(sound.samples)
    names = ("zero_crossings", "centroid_hz", "bandwidth_hz", "rolloff_hz", "flatness")
    rows = {name: np.empty(count) for name in names}
    sums, squares = np.empty(count), np.empty(count)
    chroma = np.empty((count, 12))
    peaks, valleys = np.empty((count, CONTRASTS)), np.empty((count, CONTRASTS))
    # float32: for the whole clip, because their floor depends on the loudest, a quarter of the room of the sound.
    mel_db = np.empty((count, MEL_BANDS), dtype=np.float32)
    frequency = spectrum.frequencies_hz(RATE_HZ, N_FFT)
    contrast_bands = spectrum.contrast_bands(
        RATE_HZ, N_FFT, octaves=CONTRASTS - 1, lowest_hz=CONTRAST_LOWEST_HZ, quantile=CONTRAST_QUANTILE
    )
    blocks = spectrum.centred_frames(
        sound.samples,
        frame_length=N_FFT,
        hop=HOP,
        block_frames=block_frames,
        offset=sound.offset,
        gain=1 / sound.peak,
    )
    start = 0
    for frames, power in spectrum.with_power(blocks):
        at = slice(start, start := start + len(frames))
        magnitude = np.sqrt(power)
        sums[at], squares[at] = frames.sum(axis=-1), np.einsum("tn,tn->t", frames, frames)
        rows["zero_crossings"][at] = spectrum.zero_crossing_rate(frames, threshold=FLOOR)
        rows["centroid_hz"][at], rows["bandwidth_hz"][at] = spectrum.centroid_and_bandwidth_hz(magnitude, frequency)
        rows["rolloff_hz"][at] = spectrum.rolloff_hz(magnitude, frequency, share=ROLLOFF)
        rows["flatness"][at] = spectrum.flatness(power, amin=FLOOR)
        peaks[at], valleys[at] = spectrum.peaks_and_valleys(magnitude, contrast_bands)
        banded = _banded(power)
        chroma[at] = banks.chroma(banded[:, MEL_BANDS:])
        mel_db[at] = 10 * np.log10(np.maximum(banded[:, :MEL_BANDS], LEAST_POWER))
    mel_db -= mel_db.max()
    np.maximum(mel_db, np.float32(-TOP_DB), out=mel_db)
    centre = np.arange(count) * HOP
    begins, ends = centre - N_FFT // 2, centre + N_FFT // 2
    held = np.minimum(ends, end) - np.maximum(begins, 0)
    level_db = spectrum.power_to_db((squares - sums**2 / held) / N_FFT, amin=LEAST_POWER, top_db=None)
    audible = level_db >= level_db.max() - GATE_DB
    # Where sound that is below zero meets the padding there is no crossing of its own.
    edges = (sound.samples[[0, -1]].astype(np.float64) - sound.offset) / sound.peak < -FLOOR
    rows["zero_crossings"] -= (((begins < 0) & edges[0]) * 1.0 + ((ends > end) & edges[1])) / N_FFT
    whole = audible & (begins >= 0) & (ends <= end)
    rising = whole & np.concatenate([[False], whole[:-1]])
    return Spectrogram(
        samples=len(sound.samples),
        peak_db=float(20 * np.log10(sound.peak)),
        times_s=centre / RATE_HZ,
        level_db=level_db,
        audible=audible,
        whole=whole,
        rising=rising,
        contrast=spectrum.contrast_db(peaks, valleys, amin=FLOOR, top_db=TOP_DB),
        chroma=chroma,
        mel_db=mel_db,
        onset_db=np.where(rising, onsets.onset_strength(mel_db), 0.0),
        **rows,
    )


def pooled(
    showing: Showing,
    title: str,
    pooling: Pooling,
    rows: Callable[[Spectrogram], Array],
    clip: Callable[[Spectrogram], npt.ArrayLike],
) -> Feature:
    """:func:`.listening.pooled` of what ``rows`` gives for each frame, ``[t, d]``, over the audible ones."""
    reel = reel_of(showing, title)
    seen = reel.once(spectrogram_of)
    if isinstance(seen, Feature):
        return seen
    heard_at = seen.audible
    return listening.pooled(reel, pooling, rows(seen)[heard_at], seen.times_s[heard_at], lambda: clip(seen))


def _banded(power: Single) -> Single:
    """float32 ``[t, 1025]`` → mel bands and pitch classes, ``[t, 140]``."""
    weights, found = _banks(), np.zeros((len(power), MEL_BANDS + 12), np.float32)
    # A BLAS halves a long sum in one place with one thread and in another with several; short ones it leaves whole.
    for start in range(0, len(weights), SUMMED_BINS):
        found += power[:, start : start + SUMMED_BINS] @ weights[start : start + SUMMED_BINS]
    return found


@lru_cache(maxsize=1)
def _banks() -> Single:
    """The mel bank and the chroma bank side by side, for one product: float32 ``[1025, 140]``, read-only."""
    mel = banks.mel_bank(RATE_HZ, N_FFT, MEL_BANDS)
    both = np.concatenate([mel, banks.chroma_bank(RATE_HZ, N_FFT, a4_hz=A4_HZ)]).T
    weights = np.where(both < LEAST_WEIGHT, 0.0, both).astype(np.float32)
    weights.setflags(write=False)
    return weights
