"""Listening: the sound of a clip as every hearing extractor takes it, and when there is none to take.

The rule of what is missing and what is silent stands here, once, so that all features of a clip agree on it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from triptych.errors import ExtractionError
from triptych.features.extractor import Needs, Showing
from triptych.features.feature import Feature
from triptych.features.pooling import Pooling
from triptych.media.loader import SOUND_LIMIT_S
from triptych.media.reel import Reel, Sound, Want
from triptych.media.sound import MIXING

#: What all that is heard depends on beside the rate, for recipes.
DECODING = {"limit_s": SOUND_LIMIT_S, **MIXING, "silence_peak": Sound.SILENCE_PEAK}


@dataclass(frozen=True, kw_only=True, eq=False)
class Heard:
    """Sound that someone could hear: float32 ``[n]`` in −1…1 at ``rate_hz``, finite, as it was decoded; not to be
    written to.

    ``offset``: its mean. ``peak``: half of its range, above ``Sound.SILENCE_PEAK``.
    """

    samples: npt.NDArray[np.float32]
    rate_hz: int
    offset: float
    peak: float

    @property
    def duration_s(self) -> float:
        return len(self.samples) / self.rate_hz


def needs(rate_hz: int) -> Needs:
    """What an extractor that listens at that rate asks of a reel."""
    return Needs(want=Want(sound_rates_hz=frozenset({rate_hz})))


def reel_of(showing: Showing, title: str) -> Reel:
    if showing.reel is None:
        raise ExtractionError(
            f"{title} was shown item {showing.item.item_id!r} without a reel; open one with the sound it needs."
        )
    return showing.reel


def heard(reel: Reel, rate_hz: int) -> Heard | Feature:
    """The sound of a reel, or the mask that stands for it: missing without a track, silent where the track, with or
    without a constant offset, stays under −70 dBFS. To be asked for through ``reel.once``.

    ExtractionError when a sample is not finite.
    """
    sound = reel.sound_at(rate_hz)
    if sound is None:
        return Feature.missing("the clip has no sound track")
    if len(sound.samples) == 0:
        return Feature.silent("the sound track is silent (it holds no samples)")
    lowest, highest = float(sound.samples.min()), float(sound.samples.max())
    if not np.isfinite(lowest) or not np.isfinite(highest):
        bad = int((~np.isfinite(sound.samples)).sum())
        raise ExtractionError(
            f"{bad} of {len(sound.samples)} samples in the sound of {reel.name!r} are NaN or infinite; "
            "a decoder must yield finite samples. Re-encode the clip, or leave it out."
        )
    if sound.silent:
        return Feature.silent("the sound track is silent (peak under -70 dBFS)")
    peak = (highest - lowest) / 2
    if peak < Sound.SILENCE_PEAK:
        return Feature.silent("the sound track is silent but for a constant offset (peak under -70 dBFS)")
    offset = float(sound.samples.mean(dtype=np.float64))
    return Heard(samples=sound.samples, rate_hz=rate_hz, offset=offset, peak=peak)


def too_short(sound: Heard, least: int, what: str) -> Feature | None:
    """A mask where there are less than ``least`` samples; ``what`` takes them, such as "one frame"."""
    if len(sound.samples) >= least:
        return None
    return Feature.missing(
        f"the sound is too short: {len(sound.samples)} samples at {sound.rate_hz} Hz; {what} takes {least}"
    )


def pooled(
    reel: Reel,
    pooling: Pooling,
    rows: npt.NDArray[np.floating],
    times_s: npt.NDArray[np.float64],
    clip: Callable[[], npt.ArrayLike],
) -> Feature:
    """``rows`` ``[n, d]``, n ≥ 1, each of what was heard around ``times_s``, pooled on the borders of what is seen.
    ``clip`` gives figures of the clip as a whole, ``[c]``: they follow where the clip is one part."""
    found = pooling.of(rows, times_s, duration_s=reel.probe.duration_s)
    if pooling.parts != 1 or found.values is None:
        return found
    return Feature(values=np.concatenate([found.values, np.asarray(clip(), np.float32)]))


def columns(pooling: Pooling, rows: Sequence[str], clip: Sequence[str]) -> tuple[str, ...]:
    """The name of each entry of what :func:`pooled` gives, where ``rows`` and ``clip`` are those of its arguments."""
    return (*pooling.columns(rows), *(clip if pooling.parts == 1 else ()))
