"""Measure: what a worker does with one clip, or with a handful of texts. Runs in another process."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from triptych.catalogue.records import Item
from triptych.errors import ExtractionError, TriptychError
from triptych.features.extractor import Extractor, Showing
from triptych.features.feature import Feature, Presence
from triptych.features.status import Status
from triptych.media.loader import open_reel
from triptych.media.reel import Reel, Want

#: Reasons are read by people; a library that puts a whole document in its message is cut short.
REASON_CHARACTERS = 600


@dataclass(frozen=True, kw_only=True)
class Job:
    """Items to be measured by the same extractors. With a ``clip`` there is one item, and its reel is opened once."""

    items: tuple[Item, ...]
    extractors: tuple[Extractor, ...]
    clip: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured:
    """What came of one extractor on one item."""

    item_id: str
    recipe: str
    status: Status
    feature: Feature | None
    reason: str
    warnings: tuple[str, ...]
    seconds: float


def measure(job: Job) -> list[Measured]:
    """One result for each item and extractor, whatever happens in any of them."""
    started = time.perf_counter()
    reel: Reel | None = None
    if job.clip:
        try:
            reel = open_reel(Path(job.clip), wanted(job.extractors), name=job.items[0].item_id, threads=1)
        except TriptychError as fault:
            seconds = time.perf_counter() - started
            return [_failed(item, e.recipe.hash, str(fault), seconds) for item in job.items for e in job.extractors]
        _protect(reel)
    # Decoding is shared, so each extractor's row carries its share of it.
    opening_s = (time.perf_counter() - started) / max(len(job.extractors), 1)
    showings = [Showing(item=item, reel=reel) for item in job.items]
    found: list[Measured] = []
    for extractor in job.extractors:
        found += _extracted(extractor, extractor.recipe.hash, showings, opening_s)
    return found


def wanted(extractors: Sequence[Extractor]) -> Want:
    """What one reel must hold for all of these."""
    return Want(
        samplings=frozenset(s for e in extractors for s in e.needs.want.samplings),
        sound_rates_hz=frozenset(r for e in extractors for r in e.needs.want.sound_rates_hz),
    )


def _protect(reel: Reel) -> None:
    """Extractors share the reel: one that writes into it must fail, and not change what the next one measures."""
    for frames in reel.frames.values():
        frames.rgb.flags.writeable = False
        frames.times_s.flags.writeable = False
    for sound in reel.sounds.values():
        sound.samples.flags.writeable = False


def _extracted(extractor: Extractor, recipe: str, showings: Sequence[Showing], opening_s: float) -> list[Measured]:
    started = time.perf_counter()
    try:
        features = _checked(extractor.extract(showings), len(showings))
    except Exception as fault:  # noqa: BLE001 - a fault of an extractor is the row's, which carries its type and text
        if len(showings) > 1:
            return [row for showing in showings for row in _extracted(extractor, recipe, [showing], opening_s)]
        return [_failed(showings[0].item, recipe, _told(fault), opening_s + time.perf_counter() - started)]
    seconds = opening_s + (time.perf_counter() - started) / max(len(showings), 1)
    return [
        Measured(
            item_id=showing.item.item_id,
            recipe=recipe,
            status=Status.DONE if feature.presence is Presence.PRESENT else Status.SKIPPED,
            feature=feature,
            reason=feature.reason,
            warnings=(*(showing.reel.warnings if showing.reel else ()), *feature.warnings),
            seconds=seconds,
        )
        for showing, feature in zip(showings, features, strict=True)
    ]


def _checked(given: Sequence[object], count: int) -> list[Feature]:
    """The features an extractor gave, after a look at whether they are features, one for each item."""
    features: list[Feature] = []
    for feature in given:
        if not isinstance(feature, Feature):
            raise ExtractionError(f"it gave a {type(feature).__name__} where a Feature is due")
        features.append(feature)
    if len(features) != count:
        raise ExtractionError(f"it gave {len(features)} features for {count} items")
    return features


def _told(fault: Exception) -> str:
    try:
        text = str(fault)
    except Exception as second:  # noqa: BLE001 - said in its place: an exception may be broken in its own __str__
        text = f"(its message raised {type(second).__name__})"
    if not text:
        text = f"{type(fault).__name__}, without a message"
    elif not isinstance(fault, TriptychError):
        text = f"{type(fault).__name__}: {text}"
    return text if len(text) <= REASON_CHARACTERS else text[: REASON_CHARACTERS - 1] + "…"


def _failed(item: Item, recipe: str, reason: str, seconds: float) -> Measured:
    return Measured(
        item_id=item.item_id,
        recipe=recipe,
        status=Status.FAILED,
        feature=None,
        reason=reason,
        warnings=(),
        seconds=seconds,
    )
