"""Acoustic: how loud a clip is, how bright, how rough and of what timbre, and how much that changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from triptych.features.extractor import Needs, Showing
from triptych.features.feature import Feature
from triptych.features.hearing import banks, listening
from triptych.features.hearing.spectrogram import (
    CONTRAST_LOWEST_HZ,
    CONTRAST_QUANTILE,
    CONTRASTS,
    MEL_BANDS,
    PARAMS,
    RATE_HZ,
    ROLLOFF,
    Spectrogram,
    pooled,
)
from triptych.features.hearing.spectrum import Array
from triptych.features.pooling import MEAN_STD, Pooling
from triptych.features.recipe import Recipe

TITLE = "hearing/acoustic"
MFCCS = 20
#: Between these percentiles of the level over audible frames lies the clip's dynamic range.
RANGE_PERCENTILES = (10, 95)

_FRAMEWISE = (
    "level_db",
    "zero_crossings",
    "centroid_hz",
    "bandwidth_hz",
    "rolloff_hz",
    "flatness",
    *(f"contrast_{index}_db" for index in range(CONTRASTS)),
    *(f"mfcc_{index:02d}" for index in range(MFCCS)),
)
_CLIPWISE = ("level_range_db", "silent_share")


@dataclass(frozen=True, kw_only=True)
class Acoustic:
    """Mean and standard deviation, over the audible frames of a clip, of 33 measures of its sound, and 2 of the clip.

    Another ``pooling`` keeps each frame's row, 43 a second, or pools by subclips, on the borders of what is seen.

    Per frame of 93 ms (definitions are librosa's):

    - ``level_db``: RMS of the waveform in dBFS, less a constant offset. ``zero_crossings``: share of samples.
    - ``centroid_hz, bandwidth_hz, rolloff_hz, flatness`` of the spectrum; ``rolloff_hz`` at 85 % of the magnitude.
    - ``contrast_0_db`` … ``contrast_6_db``: spectral contrast up to 200 Hz, in five octaves, and over 6,400 Hz.
    - ``mfcc_00`` … ``mfcc_19``, of mel bands in dB re the loudest of the clip.

    Of the clip: ``level_range_db``, the 95th less the 10th percentile of the level over audible frames;
    ``silent_share``, of frames.

    **Loudness.** A gain moves ``level_db`` by its dB and nothing else, an offset moves nothing: see
    :class:`~triptych.features.hearing.spectrogram.Spectrogram`.

    **Silence.** A frame is silent when its RMS is more than 60 dB under that of the clip's loudest frame, and is left
    out: a quiet lead-in changes ``silent_share`` and puts no outlier elsewhere. The loudest frame is always audible,
    so there is always something to average.

    **Presence.** Missing without a sound track or with less than one frame (2048 samples) of it; silent when the
    track, with or without its constant offset, stays under -70 dBFS; an error when a sample is not finite.
    """

    pooling: Pooling = MEAN_STD

    @property
    def recipe(self) -> Recipe:
        params: dict[str, Any] = {
            **PARAMS,
            "rolloff": ROLLOFF,
            "contrast": {"bands": CONTRASTS, "lowest_hz": CONTRAST_LOWEST_HZ, "quantile": CONTRAST_QUANTILE},
            "mfccs": MFCCS,
            "range_percentiles": RANGE_PERCENTILES,
            "pooling": asdict(self.pooling),
        }
        return Recipe(panel="hearing", name="acoustic", version=2, params=params)

    @property
    def needs(self) -> Needs:
        return listening.needs(RATE_HZ)

    def ready(self) -> None:
        """Nothing to check: the kernels are numpy."""

    def columns(self) -> tuple[str, ...]:
        """The name of each entry of the vector, or of a row.

        >>> Acoustic().columns()[:2], len(Acoustic().columns())
        (('level_db_mean', 'zero_crossings_mean'), 68)
        """
        return listening.columns(self.pooling, _FRAMEWISE, _CLIPWISE)

    def extract(self, showings: Sequence[Showing]) -> list[Feature]:
        return [pooled(showing, TITLE, self.pooling, _rows, _clip) for showing in showings]


def _rows(seen: Spectrogram) -> Array:
    """Each measure of ``_FRAMEWISE`` in each frame: float64 ``[t, 33]``."""
    single = (
        seen.level_db + seen.peak_db,
        seen.zero_crossings,
        seen.centroid_hz,
        seen.bandwidth_hz,
        seen.rolloff_hz,
        seen.flatness,
    )
    return np.column_stack([*single, seen.contrast, seen.mel_db @ banks.dct_basis(MFCCS, MEL_BANDS).T])


def _clip(seen: Spectrogram) -> list[float]:
    low, high = np.percentile(seen.level_db[seen.audible], RANGE_PERCENTILES)
    return [float(high - low), float(1 - seen.audible.mean())]
