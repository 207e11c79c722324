"""Material: what a catalogue has to see and hear, and what was measured of it. Clips, features, the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Clip
from triptych.curation.distributions import Histogram, Summary, Tally, histogram, summary, tally
from triptych.curation.probes import TABLE as PROBES
from triptych.curation.probes import Probes
from triptych.features.feature import Presence
from triptych.features.ledger import TABLE as LEDGER
from triptych.features.status import Status
from triptych.features.store import FeatureStore

TRAILERS = "trailers"
#: Lengths are counted in steps of a quarter of a minute, unless they go on for longer than this [s].
TRAILER_S = 600.0


@dataclass(frozen=True, kw_only=True)
class Durations:
    """How long the clips are, of those that were probed and can be read."""

    probed: int
    unreadable: int
    faults: Tally
    summary: Summary | None
    histogram_s: Histogram | None


@dataclass(frozen=True, kw_only=True)
class Availability:
    """Which trailers could be had. ``reasons`` are those of the ones that could not."""

    statuses: Tally
    reasons: Tally


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A feature: in how many items it is present, missing (nothing to measure, or it failed) or silent."""

    feature: str
    recipe: str
    present: int
    missing: int
    silent: int


@dataclass(frozen=True, kw_only=True)
class Material:
    """``durations`` and ``availability`` are None until clips were probed, and trailers fetched."""

    clips: int
    clip_bytes: int
    durations: Durations | None
    availability: Availability | None
    features: tuple[Measured, ...]
    ledger: Tally
    failures: Tally


def material_of(catalogue: Catalogue) -> Material:
    clips = catalogue.clips()
    statuses, failures = _ledger(catalogue)
    return Material(
        clips=len(clips),
        clip_bytes=sum(clip.bytes for clip in clips),
        durations=_durations(catalogue, clips),
        availability=_availability(catalogue),
        features=_features(catalogue),
        ledger=statuses,
        failures=failures,
    )


def _durations(catalogue: Catalogue, clips: Sequence[Clip]) -> Durations | None:
    if not catalogue.tables.exists(PROBES):
        return None
    # What is known of a file that was replaced since says nothing of the one that is there.
    now = {clip.item_id: clip.fingerprint for clip in clips}
    facts = [
        fact
        for item_id, fact in Probes(catalogue.tables).read().items()
        if item_id in now and fact.fingerprint in ("", now[item_id])
    ]
    lengths = np.array([fact.duration_s for fact in facts if fact.duration_s is not None], np.float64)
    long = len(lengths) > 0 and float(np.quantile(lengths, 0.99)) > TRAILER_S
    return Durations(
        probed=len(facts),
        unreadable=sum(bool(fact.fault) for fact in facts),
        faults=tally([fact.fault] for fact in facts),
        summary=summary(lengths),
        histogram_s=histogram(lengths, step=None if long else 15.0),
    )


def _availability(catalogue: Catalogue) -> Availability | None:
    if not catalogue.tables.exists(TRAILERS):
        return None
    rows = catalogue.tables.read(TRAILERS, columns=["status", "reason"])
    statuses, reasons = tally_of(rows["status"].to_pylist()), tally_of(rows["reason"].to_pylist())
    return Availability(statuses=statuses, reasons=reasons)


def _features(catalogue: Catalogue) -> tuple[Measured, ...]:
    store = FeatureStore(catalogue.tables)
    found: list[Measured] = []
    for recipe in store.recipes():
        held = store.presence(recipe)
        found.append(
            Measured(
                feature=recipe.title,
                recipe=recipe.hash,
                present=held[Presence.PRESENT],
                missing=held[Presence.MISSING],
                silent=held[Presence.SILENT],
            )
        )
    return tuple(found)


def _ledger(catalogue: Catalogue) -> tuple[Tally, Tally]:
    """By status, and the failures by feature and reason."""
    if not catalogue.tables.exists(LEDGER):
        return tally([]), tally([])
    rows = catalogue.tables.read(LEDGER, columns=["status", "feature", "reason"])
    columns: list[list[Any]] = [rows[name].to_pylist() for name in ("status", "feature", "reason")]
    failed = [
        f"{feature}: {reason or 'no reason given'}"
        for status, feature, reason in zip(*columns, strict=True)
        if status == Status.FAILED
    ]
    return tally_of(columns[0]), tally_of(failed)


def tally_of(values: Sequence[str | None]) -> Tally:
    """Of one text each; one that is empty or missing is not known."""
    return tally([value] if value else [] for value in values)
