"""Mel: a mel spectrogram of an excerpt, for a small convolutional network that is trained on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from triptych.errors import UsageError
from triptych.features.extractor import Needs, Showing
from triptych.features.feature import Feature
from triptych.features.hearing import banks, listening, spectrum
from triptych.features.hearing.listening import DECODING, Heard, heard, too_short
from triptych.features.recipe import Recipe

RATE_HZ = 16_000
N_FFT = 1024
#: Of the loudest that a tone of the clip's peak can be.
TOP_DB = 100.0
#: What one clip may take at most: 4 MB of float32 at 64 bands.
MOST_FRAMES = 16_000
#: Frames are worked on so many at a time. It bounds the memory and moves nothing but rounding.
BLOCK_FRAMES = 256


@dataclass(frozen=True, kw_only=True)
class Mel:
    """The mel spectrogram of the 30 s in the middle of a clip, a frame each 32 ms: float32 ``[t, 64]``, dB, −100…0.

    It is what the audio tower of the Siamese networks is trained on (Maes 2025 §D.1.2), whose settings are not
    published: these are ours. ``bands`` in Slaney's mel from 0 to 8 kHz, frames of 64 ms in a Hann window, one each
    ``every_s``, of the ``excerpt_s`` in the middle of the sound; all frames lie wholly inside it. 30 s are 936 frames
    and 240 kB. A shorter clip gives fewer: whoever needs them all alike cuts or repeats. At most
    ``MOST_FRAMES`` frames are made.

    The clip's sound is brought to a mean of 0 and a peak of 1 first, and 0 dB is what a tone of that peak has where a
    band is highest; nothing is above. So no gain moves anything, and a quiet excerpt of a loud clip is quiet.
    ``times_s`` are the frames' middles.

    A sequence: fusion leaves it out, and takes vectors.
    """

    bands: int = 64
    every_s: float = 0.032
    excerpt_s: float = 30.0

    def __post_init__(self) -> None:
        if not 8 <= self.bands <= 128:
            raise UsageError(f"bands is {self.bands}; it may be 8 to 128.")
        if not 0.004 <= self.every_s <= 60:
            raise UsageError(f"every_s is {self.every_s}; it may be 0.004 to 60 seconds.")
        if not 1 <= self.excerpt_s <= MOST_FRAMES * self.every_s:
            raise UsageError(
                f"excerpt_s is {self.excerpt_s}; with a frame each {self.every_s} s it may be 1 to "
                f"{MOST_FRAMES * self.every_s:g} seconds, which are {MOST_FRAMES} frames."
            )

    @property
    def recipe(self) -> Recipe:
        params: dict[str, Any] = {
            "rate_hz": RATE_HZ,
            "sound": DECODING,
            "gain": "peak to 1",
            "offset": "mean of the clip",
            "n_fft": N_FFT,
            "window": "hann",
            "hop": self._hop,
            "mel": "slaney",
            "mel_bands": self.bands,
            "top_db": TOP_DB,
            "excerpt_s": self.excerpt_s,
            "excerpt": "middle",
        }
        return Recipe(panel="hearing", name="mel", version=1, params=params)

    @property
    def needs(self) -> Needs:
        return listening.needs(RATE_HZ)

    def ready(self) -> None:
        """Needs nothing beyond the core."""

    def columns(self) -> tuple[str, ...]:
        """The name of each band, low to high."""
        return tuple(f"mel_{band:03d}_db" for band in range(self.bands))

    def extract(self, showings: Sequence[Showing]) -> Sequence[Feature]:
        return [self._feature(showing) for showing in showings]

    @property
    def _hop(self) -> int:
        return round(self.every_s * RATE_HZ)

    def _feature(self, showing: Showing) -> Feature:
        sound = listening.reel_of(showing, "hearing/mel").once(heard, RATE_HZ)
        if isinstance(sound, Feature):
            return sound
        return too_short(sound, N_FFT, "one frame") or self._measured(sound)

    def _measured(self, sound: Heard) -> Feature:
        length = min(len(sound.samples), round(self.excerpt_s * RATE_HZ))
        start = (len(sound.samples) - length) // 2
        frames = sliding_window_view(sound.samples[start : start + length], N_FFT)[:: self._hop]
        bank = banks.mel_bank(RATE_HZ, N_FFT, self.bands)
        # A tone of amplitude 1 has the magnitude n / 4 where the window is Hann's.
        loudest = (N_FFT / 4) ** 2 * float(bank.max())
        mel_db = np.empty((len(frames), self.bands), np.float32)
        for at in range(0, len(frames), BLOCK_FRAMES):
            block = (frames[at : at + BLOCK_FRAMES].astype(np.float64) - sound.offset) / sound.peak
            power = spectrum.magnitudes(block) ** 2 @ bank.T
            mel_db[at : at + BLOCK_FRAMES] = spectrum.power_to_db(
                power / loudest, amin=10 ** (-TOP_DB / 10), top_db=None
            )
        np.minimum(mel_db, 0.0, out=mel_db)
        times_s = (start + np.arange(len(frames)) * self._hop + N_FFT / 2) / RATE_HZ
        return Feature(values=mel_db, times_s=times_s)
