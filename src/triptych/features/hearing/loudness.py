"""Loudness: how loud a clip is to a listener, moment by moment and as a whole (ITU-R BS.1770-4, EBU R 128)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from triptych.features.extractor import Needs, Showing
from triptych.features.feature import Feature
from triptych.features.hearing.listening import DECODING, Heard, columns, heard, needs, pooled, reel_of, too_short
from triptych.features.pooling import MEAN_STD, Pooling
from triptych.features.recipe import Recipe
from triptych.media.reel import Reel

F64 = npt.NDArray[np.float64]

RATE_HZ = 22050
#: Everything is counted in steps of 100 ms: a momentary block takes 4 of them, a short-term one 30, each a step
#: after the one before.
STEP = RATE_HZ // 10
STEPS_HZ = 10
MOMENTARY_STEPS = 4
SHORT_TERM_STEPS = 30
#: BS.1770: no block at or under this counts. What is under it is told as this, so that there is no −∞.
GATE_LUFS = -70.0
#: How far under the mean of what passed the first gate the second one lies: of loudness, and of its range (Tech 3342).
GATE_LU, RANGE_GATE_LU = -10.0, -20.0
RANGE_PERCENTILES = (10.0, 95.0)
#: BS.1770's constant: a sine of 997 Hz at full scale in one channel then reads −3.01 LUFS.
OFFSET_DB = -0.691
#: The two filters whose coefficients BS.1770 lists for 48 kHz, by what they are: a shelf (corner, gain, quality, and
#: the exponent of its gain at the corner) for the head, a high-pass (corner, quality) for the ear.
SHELF = {"hz": 1681.9744509555319, "gain_db": 3.99984385397, "q": 0.7071752369554193, "corner": 0.499666774155}
HIGH_PASS = {"hz": 38.13547087613982, "q": 0.5003270373253953}
#: The rate for which BS.1770 lists them.
LISTED_HZ = 48000
#: Steps that are filtered at a time. It bounds the memory and moves no number.
BLOCK_STEPS = 100

ROWS = ("momentary_lufs", "crest_db")
CLIPWISE = (
    "integrated_lufs",
    "range_lu",
    "momentary_max_lufs",
    "short_term_max_lufs",
    "peak_to_loudness_db",
    "silent_share",
)
PARAMS = {
    "rate_hz": RATE_HZ,
    "sound": DECODING,
    "offset": "mean of the clip",
    "step": STEP,
    "momentary_steps": MOMENTARY_STEPS,
    "short_term_steps": SHORT_TERM_STEPS,
    "gate_lufs": GATE_LUFS,
    "gate_lu": GATE_LU,
    "range_gate_lu": RANGE_GATE_LU,
    "range_percentiles": RANGE_PERCENTILES,
    "offset_db": OFFSET_DB,
    "shelf": SHELF,
    "high_pass": HIGH_PASS,
}


@dataclass(frozen=True, kw_only=True, eq=False)
class LoudnessCurve:
    """The loudness of one clip at ten values a second; what is at or under −70 LUFS is told as −70. All float64.

    - ``times_s``, ``momentary_lufs``: ``[n]``, each over the 400 ms around its time. ``loud``: bool ``[n]``, over −70.
    - ``crest_db``: ``[n]``, the highest sample of those 400 ms re their RMS, without weighting; 0 where all are 0.
    - ``short_term_lufs``: ``[m]``, over 3 s; of a clip that is shorter one value, over all of it.
    - ``integrated_lufs, range_lu``: of the whole clip, gated; −70 and 0 where nothing passes the gate.
    - ``peak_db``: half of the range of the samples, dBFS.
    - ``silent_share``: share of the 100 ms steps that are by themselves at or under −70 LUFS.
    """

    times_s: F64
    momentary_lufs: F64
    loud: npt.NDArray[np.bool_]
    crest_db: F64
    short_term_lufs: F64
    integrated_lufs: float
    range_lu: float
    peak_db: float
    silent_share: float


def loudness_of(reel: Reel) -> LoudnessCurve | Feature:
    """The loudness of a reel, or the mask that stands for its sound. To be asked for through ``reel.once``."""
    sound = reel.once(heard, RATE_HZ)
    if isinstance(sound, Feature):
        return sound
    return too_short(sound, MOMENTARY_STEPS * STEP, "one block of 400 ms") or measured(sound)


def measured(sound: Heard, *, block_steps: int = BLOCK_STEPS) -> LoudnessCurve:
    weighted, plain, peak = _steps(sound, block_steps)
    power = _running_mean(weighted, MOMENTARY_STEPS)
    short_term = _running_mean(weighted, min(SHORT_TERM_STEPS, len(weighted)))
    momentary, passed = lufs(power), _gated(power, GATE_LU)
    crest = _running_max(peak, MOMENTARY_STEPS) ** 2 / np.maximum(_running_mean(plain, MOMENTARY_STEPS), 1e-30)
    return LoudnessCurve(
        times_s=(np.arange(len(power)) + MOMENTARY_STEPS / 2) / STEPS_HZ,
        momentary_lufs=momentary,
        loud=momentary > GATE_LUFS,
        crest_db=10 * np.log10(np.maximum(crest, 1.0)),
        short_term_lufs=lufs(short_term),
        integrated_lufs=float(lufs(passed.mean())) if len(passed) else GATE_LUFS,
        range_lu=_range_lu(short_term),
        peak_db=20 * math.log10(sound.peak),
        silent_share=float((lufs(weighted) <= GATE_LUFS).mean()),
    )


def lufs(power: npt.ArrayLike) -> F64:
    """``L = −0.691 + 10 log10(z)`` (BS.1770-4 eq. 2, one channel of weight 1), no lower than −70.

    >>> float(lufs(0.5).round(2)), float(lufs(0.0))
    (-3.7, -70.0)
    """
    z = np.asarray(power, np.float64)
    return np.maximum(OFFSET_DB + 10 * np.log10(np.maximum(z, 1e-30)), GATE_LUFS)


def k_weighting(rate_hz: int) -> F64:
    """The filter of BS.1770 as two second-order sections, float64 ``[2, 6]``, for any rate.

    The standard lists coefficients for 48 kHz alone. Both filters are bilinear transforms of analogue ones, with
    ``K = tan(π f / rate)``; :data:`SHELF` and :data:`HIGH_PASS` are the analogue ones that give the listed numbers,
    and are transformed here for the rate that is wanted.

    >>> k_weighting(48000)[0].round(8).tolist()
    [1.53512486, -2.69169619, 1.19839281, 1.0, -1.69065929, 0.73248077]
    """
    k, q = math.tan(math.pi * SHELF["hz"] / rate_hz), SHELF["q"]
    high = 10 ** (SHELF["gain_db"] / 20)
    corner = high ** SHELF["corner"]
    zeros = np.array([high + corner * k / q + k * k, 2 * (k * k - high), high - corner * k / q + k * k])
    shelf = np.concatenate([zeros, _poles(k, q)]) / _poles(k, q)[0]
    poles = _poles(math.tan(math.pi * HIGH_PASS["hz"] / rate_hz), HIGH_PASS["q"])
    # The standard's zeros are 1, −2, 1 undivided, a gain of .04 dB at 48 kHz that its constant makes up for: kept.
    gain = _poles(math.tan(math.pi * HIGH_PASS["hz"] / LISTED_HZ), HIGH_PASS["q"])[0]
    zeros = np.array([1.0, -2.0, 1.0]) * gain
    return np.stack([shelf, np.concatenate([zeros, poles]) / poles[0]])


def _poles(k: float, q: float) -> F64:
    return np.array([1 + k / q + k * k, 2 * (k * k - 1), 1 - k / q + k * k])


def _steps(sound: Heard, block_steps: int) -> tuple[F64, F64, F64]:
    """Of each whole 100 ms the mean square with K-weighting and without, and the highest sample: float64 ``[n]``."""
    import scipy.signal

    count = len(sound.samples) // STEP
    weighted, plain, peak = np.empty(count), np.empty(count), np.empty(count)
    sections = k_weighting(sound.rate_hz)
    sosfilt = cast(Any, scipy.signal).sosfilt
    state = np.zeros((2, 2))
    for start in range(0, count, block_steps):
        end = min(start + block_steps, count)
        samples = sound.samples[start * STEP : end * STEP].astype(np.float64) - sound.offset
        rows = samples.reshape(-1, STEP)
        plain[start:end] = np.einsum("ij,ij->i", rows, rows) / STEP
        peak[start:end] = np.maximum(rows.max(axis=1), -rows.min(axis=1))
        filtered, state = sosfilt(sections, samples, zi=state)
        rows = filtered.reshape(-1, STEP)
        weighted[start:end] = np.einsum("ij,ij->i", rows, rows) / STEP
    return weighted, plain, peak


def _running_mean(steps: F64, length: int) -> F64:
    """float64 ``[n − length + 1]``."""
    # Not by cumulative sums: after something loud they would leave rounding where there is silence.
    return np.lib.stride_tricks.sliding_window_view(steps, length).mean(axis=-1)


def _running_max(steps: F64, length: int) -> F64:
    return np.lib.stride_tricks.sliding_window_view(steps, length).max(axis=-1)


def _gated(power: F64, relative_lu: float) -> F64:
    """The powers that pass both gates; none where none passes the first."""
    passed = power[lufs(power) > GATE_LUFS]
    return passed[passed > passed.mean() * 10 ** (relative_lu / 10)] if len(passed) else passed


def _range_lu(short_term: F64) -> float:
    """The 95th less the 10th percentile of the short-term loudness, gated (EBU Tech 3342)."""
    passed = _gated(short_term, RANGE_GATE_LU)
    if not len(passed):
        return 0.0
    low, high = np.percentile(lufs(passed), RANGE_PERCENTILES)
    return float(high - low)


@dataclass(frozen=True, kw_only=True)
class Loudness:
    """How loud a clip is by the broadcasters' measure: integrated loudness, range, maxima, and the momentary curve.

    Per 400 ms, one each 100 ms, pooled over those louder than −70 LUFS:

    - ``momentary_lufs``: BS.1770 loudness. ``crest_db``: their highest sample re their RMS.

    And of the whole clip, only where it is pooled into one part:

    - ``integrated_lufs``: gated at −70 LUFS and at 10 LU under the mean of what is louder than that.
    - ``range_lu``: loudness range, 10th to 95th percentile of the loudness over 3 s, gated at −20 LU (EBU Tech 3342).
    - ``momentary_max_lufs``, ``short_term_max_lufs``: the loudest 400 ms and the loudest 3 s.
    - ``peak_to_loudness_db``: the peak (half of the samples' range) re the integrated loudness.
    - ``silent_share``: share of the 100 ms steps that are at or under −70 LUFS.

    The sound is measured as it was decoded, no gain taken away, only its mean: 6 dB more are 6 LU more.

    **What differs from a meter.** The sound is one channel, the mean of all there are, as everything that is heard
    here. BS.1770 adds the powers of the channels instead: the same sound in two channels reads 3.01 LU higher there,
    two that have nothing in common 6.02. It is at 22,050 Hz, so what lies above 11 kHz does not count: of pink noise at
    44,100 Hz 0.9 LU, of white 3.6, of speech and most music, which fall off faster, next to nothing; below 11 kHz the
    filter is within 0.04 dB of the one at 48 kHz. The peak is of samples, not of the curve between them (true peak).

    **Quiet and short.** Nothing reads less than −70 LUFS. Sound that is wholly under it, yet not silent (that is a
    peak under −70 dBFS), has −70 for its loudness, a range of 0, ``silent_share`` 1, and the moments of all of its
    blocks. Less than 400 ms are missing; of less than 3 s all is one short-term value.
    """

    pooling: Pooling = MEAN_STD

    @property
    def recipe(self) -> Recipe:
        return Recipe(panel="hearing", name="loudness", version=1, params={**PARAMS, "pooling": self.pooling})

    @property
    def needs(self) -> Needs:
        return needs(RATE_HZ)

    def ready(self) -> None:
        """Needs nothing beyond the core."""

    def columns(self) -> tuple[str, ...]:
        """The name of each entry of a vector, or of a row.

        >>> Loudness().columns()[:5]
        ('momentary_lufs_mean', 'crest_db_mean', 'momentary_lufs_std', 'crest_db_std', 'integrated_lufs')
        """
        return columns(self.pooling, ROWS, CLIPWISE)

    def extract(self, showings: Sequence[Showing]) -> Sequence[Feature]:
        return [self._measure(showing) for showing in showings]

    def _measure(self, showing: Showing) -> Feature:
        reel = reel_of(showing, self.recipe.title)
        curve = reel.once(loudness_of)
        if isinstance(curve, Feature):
            return curve
        kept = curve.loud if curve.loud.any() else np.ones_like(curve.loud)
        rows = np.stack([curve.momentary_lufs, curve.crest_db], axis=1)[kept]
        return pooled(reel, self.pooling, rows, curve.times_s[kept], lambda: _of_the_clip(curve))


def _of_the_clip(curve: LoudnessCurve) -> list[float]:
    """In the order of :data:`CLIPWISE`."""
    return [
        curve.integrated_lufs,
        curve.range_lu,
        float(curve.momentary_lufs.max()),
        float(curve.short_term_lufs.max()),
        curve.peak_db - curve.integrated_lufs,
        curve.silent_share,
    ]
