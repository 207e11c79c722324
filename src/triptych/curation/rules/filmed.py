"""Filmed: rules on the clip: whether there is one, whether it can be read, how long it is, whether it has colours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from triptych.curation.rules.facts import FETCHED
from triptych.curation.rules.stage import Removal, Stage
from triptych.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Duration:
    """``min_s`` to ``max_s`` [s], both inclusive, of the clip; ``unknown``: what becomes of items of which it is not
    known, for want of a clip or of one that can be read."""

    use: ClassVar[str] = "duration"

    min_s: float | None = None
    max_s: float | None = None
    unknown: Literal["keep", "remove"] = "keep"

    def __post_init__(self) -> None:
        if self.min_s is None and self.max_s is None:
            raise UsageError("it needs min_s, or max_s, or both.")
        if self.max_s is not None and self.max_s < (self.min_s or 0.0):
            raise UsageError(f"min_s is {self.min_s or 0.0:g} and max_s is {self.max_s:g}; no clip is in between.")

    @property
    def title(self) -> str:
        if self.max_s is None:
            return f"Clips of {self.min_s:g} s or more"
        return f"Clips of up to {self.max_s:g} s" if not self.min_s else f"Clips of {self.min_s:g} to {self.max_s:g} s"

    @property
    def issue(self) -> str:
        return "Clips too long or too short" if self.min_s and self.max_s is not None else "Clips too long"

    def judge(self, stage: Stage) -> Removal:
        gone: dict[str, tuple[str, str]] = {}
        unknown = 0
        for item in stage.left():
            fact = stage.facts.probes.get(item.item_id)
            length_s = fact.duration_s if fact is not None else None
            if length_s is None:
                unknown += 1
                if self.unknown == "remove":
                    gone[item.item_id] = ("Duration unknown", "the duration of its clip is not known")
            elif self.max_s is not None and length_s > self.max_s:
                gone[item.item_id] = ("Clips too long", f"its clip is {length_s:.1f} s long, more than {self.max_s:g}")
            elif self.min_s is not None and length_s < self.min_s:
                gone[item.item_id] = ("Clips too short", f"its clip is {length_s:.1f} s long, less than {self.min_s:g}")
        return Removal(items=gone, unknown=unknown)


@dataclass(frozen=True, kw_only=True)
class ClipFile:
    """An item must have a clip; if ``readable``, one that can be opened, and that extraction did not give up on.

    ``whole``: the least share [0, 1] of the declared duration that must be there: a file whose end is missing has
    less. ``picture``, ``sound``: whether it must have a track of that kind.
    """

    use: ClassVar[str] = "clip"

    readable: bool = True
    whole: float = 0.0
    picture: bool = False
    sound: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.whole <= 1:
            raise UsageError(f"whole is {self.whole:g}; it is a share, from 0 to 1.")

    @property
    def title(self) -> str:
        return "With a clip that can be read" if self.readable else "With a clip"

    @property
    def issue(self) -> str:
        return "Missing or corrupted clips" if self.readable else "Missing clips"

    def judge(self, stage: Stage) -> Removal:
        gone: dict[str, tuple[str, str]] = {}
        unknown = 0
        looked = self.readable or self.whole > 0 or self.picture or self.sound
        for item in stage.left():
            if item.item_id not in stage.facts.clips:
                gone[item.item_id] = ("Missing clips", "it has no clip")
                continue
            unknown += looked and item.item_id not in stage.facts.probes
            if looked and (fault := self._fault(item.item_id, stage)):
                gone[item.item_id] = fault
        return Removal(items=gone, unknown=unknown)

    def _fault(self, item_id: str, stage: Stage) -> tuple[str, str] | None:
        if self.readable and item_id in stage.facts.unmeasurable:
            return "Corrupted clips", f"nothing could be measured: {stage.facts.unmeasurable[item_id]}"
        fact = stage.facts.probes.get(item_id)
        if fact is None:
            return None
        if self.readable and fact.fault:
            return "Corrupted clips", fact.fault
        if fact.declared_s and (fact.duration_s or 0.0) < self.whole * fact.declared_s:
            there = f"{fact.duration_s or 0.0:.1f} s of the {fact.declared_s:.1f} s that its clip declares are there"
            return "Clips cut short", there
        if self.picture and not fact.picture_codec:
            return "Clips without a picture", "its clip has no picture track"
        if self.sound and not fact.sounds:
            return "Clips without sound", "its clip has no sound track"
        return None


@dataclass(frozen=True, kw_only=True)
class Trailer:
    """What came of fetching the trailer. An item that has a clip passes, wherever the clip is from.

    An item without one, whose trailer was never asked for, is removed: there is nothing to look at.
    """

    use: ClassVar[str] = "trailer"

    @property
    def title(self) -> str:
        return "With a trailer that was fetched"

    @property
    def issue(self) -> str:
        return "Trailers that could not be fetched"

    def judge(self, stage: Stage) -> Removal:
        gone: dict[str, tuple[str, str]] = {}
        for item in stage.left():
            row = stage.facts.trailers.get(item.item_id)
            if item.item_id in stage.facts.clips or (row is not None and row.status == FETCHED):
                continue
            if row is None:
                gone[item.item_id] = ("Trailers: never asked for", "it has no clip, and none was asked for")
                continue
            why = row.reason or row.status or "of unknown state"
            gone[item.item_id] = (f"Trailers: {why}", f"{why}: {row.detail}" if row.detail else why)
        return Removal(items=gone)


@dataclass(frozen=True, kw_only=True)
class BlackAndWhite:
    """Items whose clip has no colours: whose mean saturation, by ``seeing/colour``, is less than ``threshold`` [0, 1].

    A black-and-white film measures about 0.004, a grey winter street in colour 0.026. One that is tinted all over has
    a colour. An item of which it was not measured passes, and is counted as unknown.
    """

    use: ClassVar[str] = "black-and-white"

    threshold: float = 0.02

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1:
            raise UsageError(f"threshold is {self.threshold:g}; it is a mean saturation, above 0 and up to 1.")

    @property
    def title(self) -> str:
        return "In colour"

    @property
    def issue(self) -> str:
        return "Black and white"

    def judge(self, stage: Stage) -> Removal:
        gone: dict[str, tuple[str, str]] = {}
        unknown = 0
        for item in stage.left():
            level = stage.facts.saturations.get(item.item_id)
            if level is None:
                unknown += 1
            elif level < self.threshold:
                gone[item.item_id] = ("Black and white", f"the mean saturation of its clip is {level:.3f}")
        return Removal(items=gone, unknown=unknown)
