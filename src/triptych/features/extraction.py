"""Extraction: measure what is missing, in worker processes, committing as it goes."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Clip, Item
from triptych.engine import Engine, LocalPool, Outcome, Task
from triptych.errors import UsageError
from triptych.features.extractor import Extractor, Learner, Needs
from triptych.features.feature import Feature
from triptych.features.forget import clear
from triptych.features.learning import learned
from triptych.features.ledger import Entry, Ledger, Status
from triptych.features.measure import Job, Measured
from triptych.features.registry import profile, ready
from triptych.features.store import FeatureStore

#: A clip that takes longer than this has hung its decoder; the worker is ended and the clip quarantined.
LIMIT_S = 600.0
#: Texts that go to a worker together: enough to make the trip worth while, few enough to share between workers.
TEXTS = 32
#: Results are committed when there are this many clips of them, or when the oldest has waited this long.
BATCH = 16
WAIT_S = 1.0


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a run is, counted in clips and in texts. ``last``: the item that was measured last."""

    done: int
    total: int
    failed: int
    last: str


@dataclass(frozen=True, kw_only=True)
class Extracted:
    """What one run did, in rows of the ledger; ``settled`` rows were there before and left alone.

    ``clips_decoded`` counts the clips that were opened, whatever came of it. ``notes`` are for whoever runs it.
    """

    done: int = 0
    skipped: int = 0
    failed: int = 0
    settled: int = 0
    clips_decoded: int = 0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()


def extract(
    catalogue: Catalogue,
    *,
    extractors: Sequence[Extractor | Learner] | None = None,
    train: Sequence[str] | None = None,
    relearn: bool = False,
    engine: Engine | None = None,
    workers: int | None = None,
    limit_s: float = LIMIT_S,
    retry_failed: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> Extracted:
    """Measure every (item, recipe) that the ledger does not have, or has of another file or text.

    Without ``extractors`` the ``light`` profile is measured. What must learn from items first learns from all, or from
    ``train`` alone: give the training side when there is a split. What it learned stands for items that come later,
    until ``relearn`` asks for it anew; see :mod:`triptych.features.learning`.

    An ``engine`` that is given is left open, so that its warm workers serve the next call; otherwise a pool of
    ``workers`` is started and closed. Quarantined clips are left alone unless ``retry_failed``.
    """
    if not limit_s > 0:
        raise UsageError(f"limit_s is {limit_s}; a clip must be allowed more than 0 seconds.")
    chosen = profile("light") if extractors is None else ready(extractors)
    with catalogue.writing("extract"):
        items = catalogue.items()
        known = learned(catalogue, chosen, items=items, train=train, relearn=relearn)
        run = _Run(catalogue, items, known.extractors, retry_failed=retry_failed, limit_s=limit_s, progress=progress)
        if engine is not None:
            made = run.through(engine)
        else:
            with LocalPool(workers=workers) as pool:
                made = run.through(pool)
        # Last, so that a kill leaves the old feature or both, and never neither.
        for recipe in known.outdated:
            clear(catalogue, recipe)
        return replace(made, notes=known.notes)


class _Run:
    """One extraction: plans the jobs, takes the outcomes, commits both in batches."""

    def __init__(
        self,
        catalogue: Catalogue,
        items: Sequence[Item],
        extractors: Sequence[Extractor],
        *,
        retry_failed: bool,
        limit_s: float,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self._started = time.perf_counter()
        self._ledger = Ledger(catalogue.tables)
        self._store = FeatureStore(catalogue.tables)
        # Asked for once: extractors make their recipe, and hash it, anew on each access.
        self._recipes = {recipe.hash: recipe for recipe in (extractor.recipe for extractor in extractors)}
        self._limit_s = limit_s
        self._progress = progress
        self._sources: dict[tuple[str, str], str] = {}
        self._jobs: dict[str, Job] = {}
        self._number = count()
        self._entries: list[Entry] = []
        self._features: dict[str, dict[str, Feature]] = {}
        self._oldest = 0.0
        self._counts = dict.fromkeys(("done", "skipped", "failed", "settled", "clips_decoded"), 0)
        self._plan(catalogue, items, extractors, self._ledger.settled(retry_failed=retry_failed))

    def _plan(
        self,
        catalogue: Catalogue,
        items: Sequence[Item],
        extractors: Sequence[Extractor],
        settled: dict[tuple[str, str], str],
    ) -> None:
        clips = {clip.item_id: clip for clip in catalogue.clips()}
        asked = [(extractor, extractor.recipe.hash, extractor.needs) for extractor in extractors]
        readers: dict[tuple[str, ...], tuple[list[Item], tuple[Extractor, ...]]] = {}
        for item in items:
            clip = clips.get(item.item_id)
            sources = _Sources(item, clip)
            watching: list[Extractor] = []
            reading: dict[str, Extractor] = {}
            for extractor, recipe, needs in asked:
                source = sources.of(needs)
                if settled.get((item.item_id, recipe)) == source:
                    self._counts["settled"] += 1
                    continue
                self._sources[item.item_id, recipe] = source
                if not needs.reel:
                    reading[recipe] = extractor
                elif clip is not None:
                    watching.append(extractor)
                else:
                    self._keep(_no_clip(item, recipe))
            if watching and clip is not None:
                self._add("clip", Job(items=(item,), extractors=tuple(watching), clip=clip.path))
            if reading:
                readers.setdefault(tuple(reading), ([], tuple(reading.values())))[0].append(item)
        for texts, together in readers.values():
            for k in range(0, len(texts), TEXTS):
                self._add("text", Job(items=tuple(texts[k : k + TEXTS]), extractors=together))

    def _add(self, kind: str, job: Job) -> None:
        self._jobs[f"{kind} {next(self._number)}"] = job

    def through(self, engine: Engine) -> Extracted:
        total = sum(len(job.items) for job in self._jobs.values())
        taken = 0
        try:
            # The second time round: the texts of batches that failed as a whole, one by one.
            for _ in range(2):
                for outcome in engine.run(self._tasks()):
                    job = self._jobs.pop(outcome.key)
                    if outcome.failure is not None and len(job.items) > 1:
                        for item in job.items:
                            self._add("text", replace(job, items=(item,)))
                        continue
                    self._take(job, outcome)
                    taken += len(job.items)
                    if self._progress is not None:
                        failed, last = self._counts["failed"], job.items[len(job.items) - 1].item_id
                        self._progress(Progress(done=taken, total=total, failed=failed, last=last))
        finally:
            # Also after Ctrl-C: what was measured is kept.
            self._commit()
        return Extracted(**self._counts, seconds=time.perf_counter() - self._started)

    def _tasks(self) -> Iterator[Task]:
        # Texts first: their workers load a model once, and the clips then fill both workers to the end.
        for key in sorted(self._jobs, key=lambda key: not key.startswith("text")):
            yield Task(
                key=key, function="triptych.features.measure:measure", payload=self._jobs[key], limit_s=self._limit_s
            )

    def _take(self, job: Job, outcome: Outcome) -> None:
        for row in _rows(job, outcome):
            self._keep(row, attempts=outcome.attempts)
        self._counts["clips_decoded"] += bool(job.clip)
        if len(self._entries) >= BATCH * len(self._recipes) or time.monotonic() - self._oldest > WAIT_S:
            self._commit()

    def _keep(self, row: Measured, *, attempts: int = 1) -> None:
        if not self._entries:
            self._oldest = time.monotonic()
        recipe = self._recipes[row.recipe]
        if row.feature is not None and (refused := self._store.refusal(recipe, row.feature)):
            row = replace(row, status=Status.FAILED, feature=None, reason=refused)
        self._counts[row.status.value] += 1
        # A failure is written as a mask, so that the vector of a clip that was replaced does not live on.
        self._features.setdefault(row.recipe, {})[row.item_id] = row.feature or Feature.missing(row.reason)
        self._entries.append(
            Entry(
                item_id=row.item_id,
                recipe=row.recipe,
                feature=recipe.title,
                status=row.status,
                reason=row.reason,
                warnings=row.warnings,
                seconds=row.seconds,
                attempts=attempts,
                source=self._sources[row.item_id, row.recipe],
            )
        )

    def _commit(self) -> None:
        """Features first, then the ledger rows that vouch for them."""
        for recipe, features in self._features.items():
            self._store.write(self._recipes[recipe], features)
        if self._entries:
            self._ledger.write(self._entries)
        self._features.clear()
        self._entries.clear()


def _rows(job: Job, outcome: Outcome) -> Iterable[Measured]:
    if outcome.failure is None:
        return outcome.value or ()
    return [
        Measured(
            item_id=item.item_id,
            recipe=extractor.recipe.hash,
            status=Status.FAILED,
            feature=None,
            reason=outcome.failure.reason,
            warnings=(),
            seconds=outcome.seconds,
        )
        for item in job.items
        for extractor in job.extractors
    ]


def _no_clip(item: Item, recipe: str) -> Measured:
    return Measured(
        item_id=item.item_id,
        recipe=recipe,
        status=Status.SKIPPED,
        feature=Feature.missing("the item has no clip"),
        reason="the item has no clip",
        warnings=(),
        seconds=0.0,
    )


class _Sources:
    """What extractors read of one item, by fingerprint: when it changes, the feature is measured again."""

    def __init__(self, item: Item, clip: Clip | None) -> None:
        self._item = item
        self._clip = clip
        self._known: dict[tuple[bool, tuple[str, ...]], str] = {}

    def of(self, needs: Needs) -> str:
        key = (needs.reel, needs.fields)
        if key not in self._known:
            read: list[Any] = [self._clip.fingerprint if self._clip is not None else ""] if needs.reel else []
            if needs.fields:
                read.append({name: getattr(self._item, name) for name in needs.fields})
            text = json.dumps(read, sort_keys=True, ensure_ascii=False)
            self._known[key] = hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
        return self._known[key]
