"""Fingerprint: how the sound of a clip moves, in 32 bits for each eighth of a second, to know it again elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.features.bits import PACKED, WORD_BITS, packed
from triptych.features.extractor import Needs, Showing
from triptych.features.feature import Feature
from triptych.features.hearing import listening, spectrum
from triptych.features.hearing.listening import DECODING, Heard, heard, reel_of, too_short
from triptych.features.hearing.spectrum import Array
from triptych.features.recipe import Recipe
from triptych.media.reel import Sound

RATE_HZ = 22050
#: 0.37 s, as in the citation: frames that long and a third apart look alike wherever the grid begins.
N_FFT = 8192
HOP = 2756
#: Seconds from one sub-fingerprint to the next; all of them lie on this grid.
STEP_S = HOP / RATE_HZ
BITS = 32
LOW_HZ, HIGH_HZ = 200.0, 4000.0
#: Frames whose mean is compared with the mean of as many before it.
SPAN = 3
#: Band energy this far under the clip's strongest counts as no more than that.
FLOOR_DB = 70.0
#: A frame this far under the clip's loudest, or under Sound.SILENCE_PEAK, is silent.
GATE_DB = 50.0
#: Frames are worked on so many at a time. It bounds the memory and moves nothing but rounding.
BLOCK_FRAMES = 64


@dataclass(frozen=True, kw_only=True)
class Fingerprint:
    """The signs of how the differences between neighbouring bands change with time: 32 bits, 8 times a second.

    With ``E(n, m)`` the energy in dB of band m of 33, evenly spaced in log frequency from 200 to 4,000 Hz, and
    ``S(n, m)`` the mean of ``E(n, m + 1) − E(n, m)`` over three frames from n on, bit m at frame n + 3 is whether
    ``S(n + 3, m) > S(n, m)``. A gain and a fixed equaliser fall out of the differences. A re-encoding flips 5 to 15 %
    of the bits, whatever lies between the two clips' beginnings; other sound flips 40 to 50 %.

    Citation: Haitsma & Kalker 2002, *A highly robust audio fingerprinting system*; the slower grid is that of
    Chromaprint (Lalinský), and the means over three frames make up for it.

    Values are float32 ``[t, 2]``, sixteen bits in each, see :mod:`triptych.features.bits`. Times are multiples of
    ``STEP_S`` in seconds from the clip's first picture (its first sample, where there is none). Where all six frames
    are silent there is no sub-fingerprint.

    **Presence.** Missing without a sound track, or with less than the six frames that one sub-fingerprint takes;
    silent when the track, with or without its constant offset, stays under -70 dBFS.
    """

    @property
    def recipe(self) -> Recipe:
        params: dict[str, Any] = {
            "rate_hz": RATE_HZ,
            "n_fft": N_FFT,
            "hop": HOP,
            "window": "hann",
            "balance": "hann-weighted mean of each frame",
            "bits": BITS,
            PACKED: WORD_BITS,
            "band_hz": [LOW_HZ, HIGH_HZ],
            "span": SPAN,
            "floor_db": FLOOR_DB,
            "gate_db": GATE_DB,
            "sound": DECODING,
        }
        return Recipe(panel="hearing", name="fingerprint", version=1, params=params)

    @property
    def needs(self) -> Needs:
        return listening.needs(RATE_HZ)

    def ready(self) -> None:
        """Nothing to check: the kernels are numpy."""

    def extract(self, showings: Sequence[Showing]) -> list[Feature]:
        return [self._measure(showing) for showing in showings]

    def _measure(self, showing: Showing) -> Feature:
        sound = reel_of(showing, "hearing/fingerprint").once(heard, RATE_HZ)
        if isinstance(sound, Feature):
            return sound
        return too_short(sound, HOP * (2 * SPAN - 1), "a fingerprint") or measured(sound)


def measured(sound: Heard, *, block_frames: int = BLOCK_FRAMES) -> Feature:
    energies: list[Array] = []
    levels: list[Array] = []
    for frames in spectrum.centred_frames(
        sound.samples,
        frame_length=N_FFT,
        hop=HOP,
        block_frames=block_frames,
        # Frames are balanced one by one, so it hardly matters what is taken off before: the middle, as ever.
        offset=(float(sound.samples.max()) + float(sound.samples.min())) / 2,
        gain=1 / sound.peak,
        balance=True,
    ):
        energies.append(spectrum.magnitudes(frames) ** 2 @ bands().T)
        levels.append(2 * spectrum.power_to_db(spectrum.rms(frames), top_db=None))
    level_db = np.concatenate(levels)
    gate_db = max(float(level_db.max()) - GATE_DB, 20 * float(np.log10(Sound.SILENCE_PEAK / sound.peak)))
    bits = moves(spectrum.power_to_db(np.concatenate(energies), amin=1e-20, top_db=FLOOR_DB))
    kept = np.flatnonzero(np.convolve(level_db >= gate_db, np.ones(2 * SPAN), "valid") > 0)
    if len(kept) == 0:
        return Feature.silent("the sound track is silent wherever it is long enough to be known again")
    return Feature(values=packed(bits[kept]), times_s=((kept + SPAN) * STEP_S).astype(np.float64))


def moves(energy_db: Array) -> npt.NDArray[np.bool_]:
    """Whether each difference between neighbouring bands grew: ``[t, bands]`` → bool ``[t − 5, bands − 1]``.

    >>> quiet, loud = [[0.0, 0.0]] * 3, [[0.0, 6.0]] * 3
    >>> moves(np.array(quiet + loud)), moves(np.array(loud + quiet))
    (array([[ True]]), array([[False]]))
    """
    slope = np.diff(energy_db, axis=1)
    count = len(slope) - SPAN + 1
    means = sum((slope[k : k + count] for k in range(SPAN)), np.zeros((count, slope.shape[1]))) / SPAN
    return means[SPAN:] > means[:-SPAN]


@lru_cache(maxsize=1)
def bands() -> Array:
    """Which bins each band sums: float64 ``[33, 1 + N_FFT // 2]`` of 0 and 1, read-only."""
    edges = np.geomspace(LOW_HZ, HIGH_HZ, BITS + 2)
    frequency = spectrum.frequencies_hz(RATE_HZ, N_FFT)
    bank = ((frequency >= edges[:-1, None]) & (frequency < edges[1:, None])).astype(np.float64)
    bank.setflags(write=False)
    return bank
