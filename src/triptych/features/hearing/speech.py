"""Speech: when somebody speaks in a clip, and for how long (Silero VAD)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from triptych.errors import UsageError
from triptych.features.extractor import Needs, Showing
from triptych.features.feature import Feature
from triptych.features.hearing import silero
from triptych.features.hearing.listening import DECODING, columns, heard, needs, pooled, reel_of, too_short
from triptych.features.hearing.silero import RATE_HZ, WINDOW
from triptych.features.pooling import MEAN, Pooling
from triptych.features.recipe import Recipe
from triptych.media.reel import Reel

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]

ROWS = ("probability", "speech")
CLIPWISE = ("segments_per_min", "segment_mean_s", "segment_longest_share")


@dataclass(frozen=True, kw_only=True)
class SpeechRules:
    """What makes segments of probabilities; the values that Silero's own code has.

    ``enter``: a segment begins at the first window that is at least so probable. ``leave``: it ends at the first under
    this, if none that is at least ``enter`` follows within ``least_pause_s``. ``least_s``: shorter ones are dropped.
    ``pad_s``: by so much each is widened, but two no further than to the middle of the pause between them.
    """

    enter: float = 0.5
    leave: float = 0.35
    least_s: float = 0.25
    least_pause_s: float = 0.1
    pad_s: float = 0.03

    def __post_init__(self) -> None:
        if not 0 < self.leave <= self.enter <= 1:
            raise UsageError(f"leave is {self.leave} and enter {self.enter}; it takes 0 < leave <= enter <= 1.")
        if min(self.least_s, self.least_pause_s, self.pad_s) < 0:
            raise UsageError(f"least_s, least_pause_s and pad_s of {self} must not be below 0.")


SPEECH_RULES = SpeechRules()


@dataclass(frozen=True, kw_only=True, eq=False)
class Spoken:
    """The speech of one clip.

    ``times_s``: float64 ``[n]``, the middles of windows of 32 ms. ``probability``: float32 ``[n]``, that the window
    holds speech. ``segments_s``: float64 ``[k, 2]``, when somebody begins and ends to speak, in order, apart.
    ``duration_s``: of the sound.
    """

    times_s: F64
    probability: F32
    segments_s: F64
    duration_s: float

    @property
    def speaking(self) -> npt.NDArray[np.bool_]:
        """bool ``[n]``: which windows have their middle in a segment."""
        starts, ends = self.segments_s.T
        return np.searchsorted(starts, self.times_s, side="right") > np.searchsorted(ends, self.times_s, side="right")


def probability_of(reel: Reel) -> F32 | Feature:
    """How surely each 32 ms of a reel hold speech: float32 ``[n]``, or the mask that stands for its sound."""
    sound = reel.once(heard, RATE_HZ)
    if isinstance(sound, Feature):
        return sound
    # As it was decoded: the network has heard all levels, and this is what it gives in other hands too.
    return too_short(sound, WINDOW, "one window") or silero.load().probabilities(sound.samples)


def speech_of(reel: Reel, rules: SpeechRules = SPEECH_RULES) -> Spoken | Feature:
    """When somebody speaks in a reel, or the mask that stands for its sound. To be asked for through ``reel.once``."""
    probability = reel.once(probability_of)
    if isinstance(probability, Feature):
        return probability
    sound = reel.sound_at(RATE_HZ)
    assert sound is not None  # or there were no probabilities
    return Spoken(
        times_s=(np.arange(len(probability)) + 0.5) * WINDOW / RATE_HZ,
        probability=probability,
        segments_s=segments(probability, len(sound.samples), rules) / RATE_HZ,
        duration_s=sound.duration_s,
    )


def segments(probability: F32, samples: int, rules: SpeechRules = SPEECH_RULES) -> npt.NDArray[np.int64]:
    """Where the segments begin and end, in samples: float32 ``[n]``, one for each 512 of ``samples`` → ``[k, 2]``.

    >>> segments(np.array([0, 0, *[0.9] * 10, *[0] * 8], np.float32), 20 * 512).tolist()
    [[544, 6624]]
    """
    least, pause = rules.least_s * RATE_HZ, rules.least_pause_s * RATE_HZ
    found: list[list[int]] = []
    begin: int | None = None  # of the segment that is open
    quiet: int | None = None  # since when it has been improbable
    for at, value in zip(range(0, len(probability) * WINDOW, WINDOW), probability.tolist(), strict=True):
        if value >= rules.enter:
            begin, quiet = at if begin is None else begin, None
        elif value < rules.leave and begin is not None:
            quiet = at if quiet is None else quiet
            if at - quiet >= pause:
                if quiet - begin > least:
                    found.append([begin, quiet])
                begin = quiet = None
    if begin is not None and samples - begin > least:
        found.append([begin, samples])
    return _widened(np.array(found, np.int64).reshape(-1, 2), samples, int(rules.pad_s * RATE_HZ))


def _widened(found: npt.NDArray[np.int64], samples: int, pad: int) -> npt.NDArray[np.int64]:
    before, after = np.full(len(found), pad), np.full(len(found), pad)
    pauses = found[1:, 0] - found[:-1, 1]
    before[1:] = after[:-1] = np.where(pauses < 2 * pad, pauses // 2, pad)
    return np.clip(found + np.stack([-before, after], axis=1), 0, samples)


@dataclass(frozen=True, kw_only=True)
class Speech:
    """How much is spoken in a clip, and in what stretches, as Silero VAD hears it.

    Per window of 32 ms, pooled:

    - ``probability``: that it holds speech.
    - ``speech``: whether it lies in a segment; the mean of this is the share of speech.

    And of the whole clip, only where it is pooled into one part:

    - ``segments_per_min``: how many segments there are, per minute of the sound. ``segment_mean_s``: how long they are;
      0 where nobody speaks. ``segment_longest_share``: the longest, as a share of the sound.

    A segment begins where the probability reaches .5 and ends where it stays under .35; see :class:`SpeechRules`.
    Sung words may or may not pass for speech. Less than 512 samples at 16,000 Hz are missing.
    """

    rules: SpeechRules = SPEECH_RULES
    pooling: Pooling = MEAN

    @property
    def recipe(self) -> Recipe:
        params = {"silero": silero.PARAMS, "sound": DECODING, "rules": self.rules, "pooling": self.pooling}
        return Recipe(panel="hearing", name="speech", version=1, params=params)

    @property
    def needs(self) -> Needs:
        return needs(RATE_HZ)

    def ready(self) -> None:
        """MissingExtra without the wheel of the network, or without what runs it."""
        silero.require(self.recipe.title)

    def columns(self) -> tuple[str, ...]:
        """The name of each entry of a vector, or of a row.

        >>> Speech().columns()[:3]
        ('probability_mean', 'speech_mean', 'segments_per_min')
        """
        return columns(self.pooling, ROWS, CLIPWISE)

    def extract(self, showings: Sequence[Showing]) -> Sequence[Feature]:
        return [self._measure(showing) for showing in showings]

    def _measure(self, showing: Showing) -> Feature:
        reel = reel_of(showing, self.recipe.title)
        spoken = reel.once(speech_of, self.rules)
        if isinstance(spoken, Feature):
            return spoken
        rows = np.stack([spoken.probability, spoken.speaking.astype(np.float32)], axis=1)
        return pooled(reel, self.pooling, rows, spoken.times_s, lambda: _of_the_clip(spoken))


def _of_the_clip(spoken: Spoken) -> list[float]:
    """In the order of :data:`CLIPWISE`."""
    lengths_s = np.diff(spoken.segments_s, axis=1)[:, 0]
    return [
        len(lengths_s) * 60 / spoken.duration_s,
        float(lengths_s.mean()) if len(lengths_s) else 0.0,
        float(lengths_s.max(initial=0.0)) / spoken.duration_s,
    ]
