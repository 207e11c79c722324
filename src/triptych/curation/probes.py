"""Probes: the facts of every clip's file, found by one look through each and kept until the file changes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import pyarrow as pa

from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Clip
from triptych.catalogue.tables import Tables
from triptych.errors import MediaError, UsageError

TABLE = "probes"
SCHEMA = pa.schema(
    [
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("fingerprint", pa.string()),
        pa.field("duration_s", pa.float64()),
        pa.field("declared_s", pa.float64()),
        pa.field("width_px", pa.int32()),
        pa.field("height_px", pa.int32()),
        pa.field("rate_fps", pa.float64()),
        pa.field("picture_codec", pa.string()),
        pa.field("sound_codec", pa.string()),
        pa.field("sounds", pa.int32()),
        pa.field("fault", pa.string()),
    ]
)
#: Rows are committed when there are so many, or the oldest has waited so long.
BATCH = 256
WAIT_S = 5.0

_OPENING = Lock()


@dataclass(frozen=True, kw_only=True)
class ClipFacts:
    """What one look through a clip's file told.

    ``duration_s`` is measured from the packets, ``declared_s`` the container's claim; without a picture or a sound
    track its codec is empty. ``sounds`` counts sound tracks. ``fault`` is empty, or says why the file cannot be
    read. ``fingerprint`` is that of the content that was looked at; empty where there was no file to look at, so
    that it is looked for again.
    """

    item_id: str
    fingerprint: str
    duration_s: float | None = None
    declared_s: float | None = None
    width_px: int | None = None
    height_px: int | None = None
    rate_fps: float | None = None
    picture_codec: str = ""
    sound_codec: str = ""
    sounds: int = 0
    fault: str = ""


class Probes:
    """The table of facts of one catalogue."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def read(self) -> dict[str, ClipFacts]:
        """Item id → what is known of its clip, perhaps of the file that was there before."""
        if not self._tables.exists(TABLE):
            return {}
        rows: list[dict[str, Any]] = self._tables.read(TABLE, columns=SCHEMA.names).to_pylist()
        return {row["item_id"]: ClipFacts(**row) for row in rows}

    def write(self, facts: Sequence[ClipFacts]) -> None:
        rows = {name: [getattr(fact, name) for fact in facts] for name in SCHEMA.names}
        self._tables.upsert(TABLE, pa.table(rows, schema=SCHEMA), key="item_id")


def probe(
    catalogue: Catalogue,
    *,
    workers: int = 2,
    keep: bool = True,
    progress: Callable[[int, int, str], None] | None = None,
) -> dict[str, ClipFacts]:
    """Look through each clip whose content was not looked at yet; the facts of every clip there is.

    A clip that cannot be read has its reason in ``fault``, and the others go on. What was found is committed in
    batches, so that a run that was stopped goes on where it was; without ``keep`` nothing is written. ``progress``
    is told (clips done, clips to do, the last one's id).
    """
    if workers < 1:
        raise UsageError(f"workers is {workers}; at least one thread must look.")
    clips = catalogue.clips()
    known = Probes(catalogue.tables).read()
    fresh = [clip for clip in clips if clip.item_id not in known or known[clip.item_id].fingerprint != clip.fingerprint]
    found = {clip.item_id: known[clip.item_id] for clip in clips if clip.item_id in known}
    if not fresh:
        return found
    if not keep:
        return found | {fact.item_id: fact for fact in _look(fresh, workers=workers, progress=progress)}
    with catalogue.writing("probe"):
        batch: list[ClipFacts] = []
        oldest = time.monotonic()
        try:
            for fact in _look(fresh, workers=workers, progress=progress):
                batch.append(fact)
                found[fact.item_id] = fact
                if len(batch) >= BATCH or time.monotonic() - oldest > WAIT_S:
                    Probes(catalogue.tables).write(batch)
                    batch, oldest = [], time.monotonic()
        finally:
            # Also after Ctrl-C: what was found is kept.
            if batch:
                Probes(catalogue.tables).write(batch)
    return found


def _look(
    clips: Sequence[Clip], *, workers: int, progress: Callable[[int, int, str], None] | None
) -> Iterator[ClipFacts]:
    """The facts of these clips, as they come."""
    import av.logging

    # While one thread asks FFmpeg for the cause of a fault, what the others' clips make it say would be on stderr.
    with av.logging.Capture(local=False), ThreadPoolExecutor(workers, thread_name_prefix="probe") as pool:
        jobs = [pool.submit(facts_of, clip) for clip in clips]
        try:
            for done, job in enumerate(as_completed(jobs), start=1):
                fact = job.result()
                if progress is not None:
                    progress(done, len(jobs), fact.item_id)
                yield fact
        finally:
            pool.shutdown(cancel_futures=True)


def facts_of(clip: Clip) -> ClipFacts:
    """One look through the file. Whatever is wrong with it becomes its ``fault``."""
    from triptych.media.container import opened, scan

    path = Path(clip.path)
    try:
        if not path.exists():
            return ClipFacts(item_id=clip.item_id, fingerprint="", fault=f"{path.name!r} is not there.")
        # The cause of a file's not opening is found by turning FFmpeg's log on, for all threads: one at a time.
        with _OPENING, opened(path):
            pass
        found = scan(path)
    except MediaError as fault:
        return ClipFacts(item_id=clip.item_id, fingerprint=clip.fingerprint, fault=str(fault))
    except Exception as fault:  # noqa: BLE001 - recorded as the clip's fault; the other clips go on
        cause = f"{path.name!r} cannot be read: {type(fault).__name__}: {fault}"
        return ClipFacts(item_id=clip.item_id, fingerprint=clip.fingerprint, fault=cause)
    picture, sounds = found.probe.picture, found.probe.sounds
    return ClipFacts(
        item_id=clip.item_id,
        fingerprint=clip.fingerprint,
        duration_s=found.probe.duration_s,
        declared_s=found.probe.declared_s,
        width_px=picture.width_px if picture is not None else None,
        height_px=picture.height_px if picture is not None else None,
        rate_fps=picture.rate_fps if picture is not None else None,
        picture_codec=picture.codec if picture is not None else "",
        sound_codec=sounds[0].codec if sounds else "",
        sounds=len(sounds),
        fault="; ".join(found.faults.values()),
    )
