"""Acoustic: the level, timbre, harmony and onsets of a clip's sound, as one vector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.errors import ExtractionError
from triptych.features.extractor import Needs, Showing
from triptych.features.feature import Feature
from triptych.features.hearing import spectrum
from triptych.features.hearing.spectrum import Array
from triptych.features.recipe import Recipe
from triptych.media.reel import Sound, Want

RATE_HZ = 22050
N_FFT = 2048
HOP = 512
MEL_BANDS = 128
MFCCS = 20
TOP_DB = 80.0
ROLLOFF = 0.85
GATE_DB = 60.0
#: With the peak at 1: no sign change within this of zero (zero crossings), no power under it (flatness).
FLOOR = 1e-10
A4_HZ = 440.0
CHROMA_TOP_HZ = 5000.0
#: The least share of a frame's energy that counts as pitched.
CHROMA_FLOOR = 1e-4
#: Shortest and longest lag and the window of the rhythm strength, in frames of 512 / 22,050 s.
RHYTHM_FRAMES = (11, 64, 384)
RHYTHM_STILL_DB = 0.3
ONSET_REACH_FRAMES = 3
ONSET_CONTEXT_FRAMES = 21
ONSET_RISE_DB = 1.5

PITCH_CLASSES = ("c", "c_sharp", "d", "d_sharp", "e", "f", "f_sharp", "g", "g_sharp", "a", "a_sharp", "b")
#: Measured in every audible frame, in the order of the frame table's rows.
_FRAMEWISE = (
    "level_db",
    "zero_crossings",
    "centroid_hz",
    "bandwidth_hz",
    "rolloff_hz",
    "flatness",
    *(f"chroma_{name}" for name in PITCH_CLASSES),
    *(f"mfcc_{index:02d}" for index in range(MFCCS)),
    "onset_db",
)
_CLIPWISE = ("level_range_db", "silent_share", "onsets_per_s", "rhythm_strength")
_COLUMNS = (*(f"{name}_{what}" for name in _FRAMEWISE for what in ("mean", "std")), *_CLIPWISE)


@dataclass(frozen=True, kw_only=True)
class Acoustic:
    """The mean and standard deviation over a clip's audible frames of 39 measures, and 4 figures of the clip.

    **Loudness.** The range of the clip's samples is brought to -1…1 before anything is measured; only
    ``level_db_mean`` gets it back. So a gain moves ``level_db_mean`` by its dB and nothing else, and every floor
    (``TOP_DB`` under the loudest mel band, the 1e-10 of flatness) is relative to the clip. Each frame is measured
    less its own (Hann-weighted) mean, so a constant offset moves nothing, and zeros before sound that has one
    are as silent as any.

    **Silence.** A frame is silent when its RMS is more than ``GATE_DB`` (60 dB) under that of the clip's loudest
    frame. Means, deviations and the level range leave silent frames out, and the onset strength into or out of
    one is 0: a quiet lead-in changes ``silent_share`` and dilutes ``onsets_per_s`` (per second of the whole clip), and
    puts no outlier elsewhere. The loudest frame is always audible, so there is always something to average.

    **Edges.** The two frames at either end reach into the zero padding. They count as any other, but the onset
    strength is 0 there, as what begins is the clip and not a sound.

    **Presence.** Missing without a sound track or with less than one frame (2048 samples) of it; silent when the
    track, with or without its constant offset, stays under -70 dBFS; an error when a sample is not finite.

    ``level_db`` is the RMS of the unwindowed waveform in dBFS. ``mfcc_00`` is relative to the loudest mel band.
    ``level_range_db`` is the 95th less the 10th percentile of the level over audible frames. ``chroma_*`` are shares
    of the pitched energy.

    ``block_frames`` frames are worked on at a time. It bounds the memory and moves nothing but rounding, so it is
    not part of the recipe.
    """

    block_frames: int = 128

    @property
    def recipe(self) -> Recipe:
        params: dict[str, Any] = {
            "rate_hz": RATE_HZ,
            "gain": "range to -1…1",
            "balance": "hann-weighted mean of each frame",
            "n_fft": N_FFT,
            "hop": HOP,
            "window": "hann",
            "padding": "zero",
            "gate_db": GATE_DB,
            "mel_bands": MEL_BANDS,
            "mel": "slaney",
            "mfccs": MFCCS,
            "top_db": TOP_DB,
            "rolloff": ROLLOFF,
            "floor": FLOOR,
            "a4_hz": A4_HZ,
            "chroma_top_hz": CHROMA_TOP_HZ,
            "chroma_floor": CHROMA_FLOOR,
            "onset_reach_frames": ONSET_REACH_FRAMES,
            "onset_context_frames": ONSET_CONTEXT_FRAMES,
            "onset_rise_db": ONSET_RISE_DB,
            "rhythm_frames": RHYTHM_FRAMES,
            "rhythm_still_db": RHYTHM_STILL_DB,
        }
        return Recipe(panel="hearing", name="acoustic", version=1, params=params)

    @property
    def needs(self) -> Needs:
        return Needs(want=Want(sound_rates_hz=frozenset({RATE_HZ})))

    def ready(self) -> None:
        """Nothing to check: the kernels are numpy."""

    @staticmethod
    def columns() -> tuple[str, ...]:
        """The name of each dimension of the vector, in order.

        >>> Acoustic.columns()[:4]
        ('level_db_mean', 'level_db_std', 'zero_crossings_mean', 'zero_crossings_std')
        >>> len(Acoustic.columns())
        82
        """
        return _COLUMNS

    def extract(self, showings: Sequence[Showing]) -> list[Feature]:
        """One vector ``[82]`` for each showing, in order; each is measured alone, so the batch cannot move it."""
        return [self._measure(showing) for showing in showings]

    def _measure(self, showing: Showing) -> Feature:
        if showing.reel is None:
            raise ExtractionError(
                f"hearing/acoustic was shown item {showing.item.item_id!r} without a reel; "
                f"open one with sound at {RATE_HZ} Hz."
            )
        sound = showing.reel.sound_at(RATE_HZ)
        if sound is None:
            return Feature.missing("the clip has no sound track")
        if len(sound.samples) == 0:
            return Feature.silent("the sound track is silent (it holds no samples)")
        lowest, highest = float(sound.samples.min()), float(sound.samples.max())
        if not np.isfinite(lowest) or not np.isfinite(highest):
            bad = int((~np.isfinite(sound.samples)).sum())
            raise ExtractionError(
                f"{bad} of {len(sound.samples)} samples in the sound of {showing.reel.name!r} are NaN or infinite; "
                "a decoder must yield finite samples. Re-encode the clip, or leave it out."
            )
        if sound.silent:
            return Feature.silent("the sound track is silent (peak under -70 dBFS)")
        if len(sound.samples) < N_FFT:
            return Feature.missing(
                f"the sound is too short: {len(sound.samples)} samples at {RATE_HZ} Hz; one frame takes {N_FFT}"
            )
        peak = (highest - lowest) / 2
        if peak < Sound.SILENCE_PEAK:
            return Feature.silent("the sound track is silent but for a constant offset (peak under -70 dBFS)")
        middle = (highest + lowest) / 2
        return Feature(values=_vector(sound.samples, offset=middle, peak=peak, block_frames=self.block_frames))


def _vector(
    samples: npt.NDArray[np.float32], *, offset: float, peak: float, block_frames: int
) -> npt.NDArray[np.float32]:
    """The clip's vector, float32 ``[82]``, in the order of ``Acoustic.columns()``."""
    table = _frame_table(samples, offset=offset, gain=1 / peak, block_frames=block_frames)
    level_db = table[0]
    audible = level_db >= level_db.max() - GATE_DB
    centre = np.arange(len(level_db)) * HOP
    whole = audible & (centre >= N_FFT // 2) & (centre + N_FFT // 2 <= len(samples))
    rising = whole & np.concatenate([[False], whole[:-1]])
    onset_db = np.where(rising, table[-1], 0.0)

    pairs = [_mean_and_deviation(row[audible]) for row in table[:-1]] + [_mean_and_deviation(onset_db[rising])]
    moments = np.array(pairs)
    moments[0, 0] += 20 * np.log10(peak)
    low, high = np.percentile(level_db[audible], [10, 95])
    onsets = spectrum.onset_frames(
        onset_db, reach=ONSET_REACH_FRAMES, context=ONSET_CONTEXT_FRAMES, rise_db=ONSET_RISE_DB
    )
    shortest, longest, window = RHYTHM_FRAMES
    rhythm = spectrum.rhythm_strength(
        onset_db, shortest=shortest, longest=longest, window=window, still_db=RHYTHM_STILL_DB
    )
    clip = [high - low, 1 - audible.mean(), len(onsets) * RATE_HZ / len(samples), rhythm]
    return np.concatenate([moments.ravel(), clip]).astype(np.float32)


def _mean_and_deviation(values: Array) -> tuple[float, float]:
    """Of no value at all both are 0: a clip too short for two whole frames has no rise to speak of."""
    return (float(values.mean()), float(values.std())) if len(values) else (0.0, 0.0)


def _frame_table(samples: npt.NDArray[np.float32], *, offset: float, gain: float, block_frames: int) -> Array:
    """Each measure of ``_FRAMEWISE`` in each frame: float64 ``[39, t]``, level re the peak, onsets not gated.

    The mel levels are kept for the whole clip, because their floor depends on the loudest; as float32 they take a
    quarter of the room of the sound itself.
    """
    count = 1 + len(samples) // HOP
    table = np.empty((len(_FRAMEWISE), count))
    mel_db = np.empty((count, MEL_BANDS), dtype=np.float32)
    frequency = spectrum.frequencies_hz(RATE_HZ, N_FFT)
    mel_bank = spectrum.mel_bank(RATE_HZ, N_FFT, MEL_BANDS)
    chroma_bank = spectrum.chroma_bank(RATE_HZ, N_FFT, a4_hz=A4_HZ, top_hz=CHROMA_TOP_HZ)

    blocks = spectrum.centred_frames(
        samples,
        frame_length=N_FFT,
        hop=HOP,
        block_frames=block_frames,
        offset=offset,
        gain=gain,
        balance=True,
    )
    start = 0
    for frames in blocks:
        rows = slice(start, start := start + len(frames))
        magnitude = spectrum.magnitudes(frames)
        power = magnitude**2
        table[0, rows] = 2 * spectrum.power_to_db(spectrum.rms(frames), top_db=None)
        table[1, rows] = spectrum.zero_crossing_rate(frames, threshold=FLOOR)
        table[2, rows], table[3, rows] = spectrum.centroid_and_bandwidth_hz(magnitude, frequency)
        table[4, rows] = spectrum.rolloff_hz(magnitude, frequency, share=ROLLOFF)
        # Balancing empties the bin at 0 Hz, and one empty bin would pull the geometric mean down.
        table[5, rows] = spectrum.flatness(power[:, 1:], amin=FLOOR)
        table[6:18, rows] = spectrum.chroma(power, chroma_bank, floor=CHROMA_FLOOR).T
        mel_db[rows] = spectrum.power_to_db(power @ mel_bank.T, amin=1e-20, top_db=None)

    loudest_db = float(mel_db.max())
    basis = spectrum.dct_basis(MFCCS, MEL_BANDS)
    for start in range(0, count, block_frames):
        # The row before the block is taken along, for the difference at the block's first row.
        before = int(start > 0)
        part = mel_db[start - before : start + block_frames].astype(np.float64)
        db = np.maximum(part - loudest_db, -TOP_DB)
        table[18:-1, start : start + block_frames] = basis @ db[before:].T
        table[-1, start : start + block_frames] = spectrum.onset_strength(db)[before:]
    return table
