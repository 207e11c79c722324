"""Spectrogram: what is measured of each 46 ms of a clip's sound, on one Fourier transform for all that ask.

Hearing extractors ask for it through ``reel.once(spectrogram_of)``; the kernels are those of :mod:`.spectrum`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from triptych.features.feature import Feature
from triptych.features.hearing import spectrum
from triptych.features.hearing.listening import DECODING, Heard, heard, too_short
from triptych.features.hearing.spectrum import Array
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
CHROMA_TOP_HZ = 5000.0
#: The least share of a frame's energy that counts as pitched.
CHROMA_FLOOR = 1e-4
#: Frames are worked on so many at a time. It bounds the memory and moves nothing but rounding.
BLOCK_FRAMES = 128

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
    - ``level_db``: ``[t]``, RMS of the waveform re the peak, each frame less its own mean.
    - ``audible``: bool ``[t]``, within 60 dB of the loudest frame, which therefore always is.
    - ``whole``: bool ``[t]``, wholly inside the sound: the two frames at either end reach into the padding.
    - ``zero_crossings``, ``centroid_hz``, ``bandwidth_hz``, ``rolloff_hz``, ``flatness``: ``[t]``.
    - ``chroma``: ``[t, 12]``, C to B.
    - ``mel_db``: float32 ``[t, 128]``, dB re the loudest band of the clip, no lower than −80.
    - ``onset_db``: ``[t]``, how much louder the bands grew since the frame before; 0 where either frame is silent or
      not whole, as what begins there is the clip and not a sound (``rising`` bool ``[t]`` says where it counts).
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
    chroma: Array
    mel_db: npt.NDArray[np.float32]
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
    count = 1 + len(sound.samples) // HOP
    names = ("level_db", "zero_crossings", "centroid_hz", "bandwidth_hz", "rolloff_hz", "flatness")
    rows = {name: np.empty(count) for name in names}
    chroma = np.empty((count, 12))
    # float32: for the whole clip, because their floor depends on the loudest, a quarter of the room of the sound.
    mel_db = np.empty((count, MEL_BANDS), dtype=np.float32)
    frequency = spectrum.frequencies_hz(RATE_HZ, N_FFT)
    mel_bank = spectrum.mel_bank(RATE_HZ, N_FFT, MEL_BANDS)
    chroma_bank = spectrum.chroma_bank(RATE_HZ, N_FFT, a4_hz=A4_HZ, top_hz=CHROMA_TOP_HZ)
    blocks = spectrum.centred_frames(
        sound.samples,
        frame_length=N_FFT,
        hop=HOP,
        block_frames=block_frames,
        offset=sound.offset,
        gain=1 / sound.peak,
    )
    start = 0
    for frames in blocks:
        at = slice(start, start := start + len(frames))
        magnitude = spectrum.magnitudes(frames)
        power = magnitude**2
        level = np.sqrt(np.maximum(spectrum.rms(frames) ** 2 - frames.mean(axis=-1) ** 2, 0.0))
        rows["level_db"][at] = 2 * spectrum.power_to_db(level, top_db=None)
        rows["zero_crossings"][at] = spectrum.zero_crossing_rate(frames, threshold=FLOOR)
        rows["centroid_hz"][at], rows["bandwidth_hz"][at] = spectrum.centroid_and_bandwidth_hz(magnitude, frequency)
        rows["rolloff_hz"][at] = spectrum.rolloff_hz(magnitude, frequency, share=ROLLOFF)
        rows["flatness"][at] = spectrum.flatness(power, amin=FLOOR)
        chroma[at] = spectrum.chroma(power, chroma_bank, floor=CHROMA_FLOOR)
        mel_db[at] = spectrum.power_to_db(power @ mel_bank.T, amin=1e-20, top_db=None)
    mel_db -= mel_db.max()
    np.maximum(mel_db, np.float32(-TOP_DB), out=mel_db)
    audible = rows["level_db"] >= rows["level_db"].max() - GATE_DB
    centre = np.arange(count) * HOP
    whole = audible & (centre >= N_FFT // 2) & (centre + N_FFT // 2 <= len(sound.samples))
    rising = whole & np.concatenate([[False], whole[:-1]])
    return Spectrogram(
        samples=len(sound.samples),
        peak_db=float(20 * np.log10(sound.peak)),
        times_s=centre / RATE_HZ,
        audible=audible,
        whole=whole,
        rising=rising,
        chroma=chroma,
        mel_db=mel_db,
        onset_db=np.where(rising, spectrum.onset_strength(mel_db.astype(np.float64)), 0.0),
        **rows,
    )
