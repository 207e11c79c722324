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
from triptych.features.ledger import Status
from triptych.media.loader import open_reel
from triptych.media.reel import Reel, Want


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
            return [_failed(item, e, str(fault), seconds) for item in job.items for e in job.extractors]
    # Decoding is shared, so each extractor's row carries its share of it.
    opening_s = (time.perf_counter() - started) / max(len(job.extractors), 1)
    showings = [Showing(item=item, reel=reel) for item in job.items]
    found: list[Measured] = []
    for extractor in job.extractors:
        found += _extracted(extractor, showings, opening_s)
    return found


def wanted(extractors: Sequence[Extractor]) -> Want:
    """What one reel must hold for all of these."""
    return Want(
        samplings=frozenset(s for e in extractors for s in e.needs.want.samplings),
        sound_rates_hz=frozenset(r for e in extractors for r in e.needs.want.sound_rates_hz),
    )


def _extracted(extractor: Extractor, showings: Sequence[Showing], opening_s: float) -> list[Measured]:
    started = time.perf_counter()
    try:
        features = list(extractor.extract(showings))
        if len(features) != len(showings):
            raise ExtractionError(f"it gave {len(features)} features for {len(showings)} items")
    except Exception as fault:
        # Any fault of an extractor is the row's, not the run's; the row carries its type and text.
        if len(showings) > 1:
            return [row for showing in showings for row in _extracted(extractor, [showing], opening_s)]
        text = str(fault) if isinstance(fault, TriptychError) else f"{type(fault).__name__}: {fault}"
        return [_failed(showings[0].item, extractor, text, opening_s + time.perf_counter() - started)]
    seconds = opening_s + (time.perf_counter() - started) / max(len(showings), 1)
    return [
        Measured(
            item_id=showing.item.item_id,
            recipe=extractor.recipe.hash,
            status=Status.DONE if feature.presence is Presence.PRESENT else Status.SKIPPED,
            feature=feature,
            reason=feature.reason,
            warnings=(*(showing.reel.warnings if showing.reel else ()), *feature.warnings),
            seconds=seconds,
        )
        for showing, feature in zip(showings, features, strict=True)
    ]


def _failed(item: Item, extractor: Extractor, reason: str, seconds: float) -> Measured:
    return Measured(
        item_id=item.item_id,
        recipe=extractor.recipe.hash,
        status=Status.FAILED,
        feature=None,
        reason=reason,
        warnings=(),
        seconds=seconds,
    )
