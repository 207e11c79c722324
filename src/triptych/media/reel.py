"""The reel: what is decoded from one clip, once, and handed to every extractor that asks for it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from inspect import signature
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from triptych.errors import MediaError
from triptych.media.probe import Probe
from triptych.media.sampling import Sampling

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Span:
    """A stretch of a clip, ``start_s <= t < end_s``, and why it was set apart."""

    start_s: float
    end_s: float
    reason: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Frames:
    """Pictures of one clip in order of time.

    ``rgb``: uint8 ``[n, height, width, 3]``, sRGB, upright, square pixels.
    ``times_s``: float64 ``[n]``, increasing, seconds from the clip's first picture.
    """

    rgb: npt.NDArray[np.uint8]
    times_s: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.times_s)


@dataclass(frozen=True, kw_only=True, eq=False)
class Sound:
    """The main sound track as one channel: float32 ``[n]`` in −1…1 at ``rate_hz``."""

    samples: npt.NDArray[np.float32]
    rate_hz: int

    #: Below this peak a track carries no sound that anyone could hear (−70 dBFS).
    SILENCE_PEAK = 10 ** (-70 / 20)

    @property
    def duration_s(self) -> float:
        return len(self.samples) / self.rate_hz

    @property
    def silent(self) -> bool:
        if len(self.samples) == 0:
            return True
        return float(max(self.samples.max(), -self.samples.min())) < self.SILENCE_PEAK


@dataclass(frozen=True, kw_only=True)
class Want:
    """What the extractors of one run ask of a reel: nothing else is decoded."""

    samplings: frozenset[Sampling] = frozenset()
    sound_rates_hz: frozenset[int] = frozenset()


@dataclass(frozen=True, kw_only=True, eq=False)
class Reel:
    """One clip, decoded once.

    A clip without pictures has no entry in ``frames``; one without a sound track has none in
    ``sounds``. Both are facts, not errors: ask with :meth:`frames_of` and :meth:`sound_at`. A track that
    is there but cannot be decoded is in ``faults``, and asking for it raises MediaError with the cause: a
    broken picture does not take the sound with it.

    ``keyframes_s``: float64 ``[k]``, the times of the pictures that need no other; encoders put one where a scene
    begins. :meth:`once` is for what several extractors compute of the same reel: the cuts, the motion, what a network
    says of each picture.
    """

    name: str
    probe: Probe
    frames: Mapping[Sampling, Frames] = field(default_factory=dict[Sampling, Frames])
    sounds: Mapping[int, Sound] = field(default_factory=dict[int, Sound])
    rejected: tuple[Span, ...] = ()
    warnings: tuple[str, ...] = ()
    faults: Mapping[str, str] = field(default_factory=dict[str, str])
    decoded_frames: int = 0
    keyframes_s: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    # Not a fact of the clip, so a changed copy of the reel starts without it.
    _known: dict[Hashable, Any] = field(default_factory=dict[Hashable, Any], init=False, repr=False)

    def frames_of(self, sampling: Sampling) -> Frames | None:
        """The pictures of one sampling, or None when the clip has no picture track."""
        if self.probe.picture is None:
            return None
        if "picture" in self.faults:
            raise MediaError(self.faults["picture"])
        if sampling not in self.frames:
            raise MediaError(f"the reel of {self.name!r} was opened without {sampling}; ask for it in Want.")
        return self.frames[sampling]

    def sound_at(self, rate_hz: int) -> Sound | None:
        """The sound at one rate, or None when the clip has no sound track."""
        if not self.probe.sounds:
            return None
        if "sound" in self.faults:
            raise MediaError(self.faults["sound"])
        if rate_hz not in self.sounds:
            raise MediaError(f"the reel of {self.name!r} was opened without sound at {rate_hz} Hz; ask for it in Want.")
        return self.sounds[rate_hz]

    def once(self, make: Callable[..., T], *args: Hashable) -> T:
        """``make(reel, *args)``, computed when first asked for. ``make`` is a function of a module; what it gives is
        shared, and not to be written to. Whoever leaves an argument to its default asks for the same as one who gives
        that default."""
        asked = signature(make).bind(self, *args)
        asked.apply_defaults()
        key = (make, *asked.args[1:])
        if key not in self._known:
            self._known[key] = make(*asked.args)
        return self._known[key]
