"""Fetch: the run that works through a list: which trailer is tried when, what came of it, and what is written down.

Order makes it resumable. A file is put in place whole, then its row is written, then it becomes the item's clip; a kill
in between leaves a file that the next run finds by the digest of its address, and takes without asking anyone.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from queue import SimpleQueue
from typing import Protocol

from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Clip, Item
from triptych.catalogue.sources.clipfile import clip_of
from triptych.catalogue.sources.source import Addition
from triptych.gather.pace import Pace
from triptych.gather.trailers.attempt import Attempt, Tried
from triptych.gather.trailers.availability import Availability, Finding, counted
from triptych.gather.trailers.depot import Depot
from triptych.gather.trailers.fetcher import Fetcher, ready
from triptych.gather.trailers.hosts import Hosts
from triptych.gather.trailers.inspection import inspect
from triptych.gather.trailers.reason import Reason
from triptych.gather.trailers.settings import Settings
from triptych.gather.trailers.verdict import Verdict
from triptych.gather.trailers.wanted import Wanted, WantedList

#: Rows, and seconds since the oldest of them, after which they are committed; and how many times as long as the last
#: commit took there is none. In a large catalogue each takes a while, and a kill loses no file for want of one.
BATCH = 8
BATCH_S = 1.0
RESPITE = 10.0
#: Commits after which small pieces of tables are merged, so that a list of many thousands does not slow down.
MANY_COMMITS = 64


class Told(Protocol):
    """Told how many of the addresses of this run are settled; ``note`` is what came of the last one."""

    def __call__(self, done: int, total: int, note: str) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """What came of a list. ``counts`` has all ``listed`` items by outcome, those of earlier runs too.

    ``fetched`` in it are the items with a trailer of this list, ``has a clip`` those that had one otherwise, ``not
    tried`` those beyond the limit. ``arrived`` counts the clips that this run added, ``tries`` what it asked.
    """

    listed: int
    counts: dict[str, int]
    arrived: int
    asked: int
    tries: int
    rows: int
    unknown: int
    doubled: int
    unreadable: int
    seconds: float
    folder: str


@dataclass(kw_only=True, eq=False)
class _Job:
    """One address, and all items that want it."""

    wanted: list[Wanted]
    url: str
    host: str
    missed: bool = False
    tries: int = 0
    seconds: float = 0.0


def fetch_trailers(
    catalogue: Catalogue,
    wanted: WantedList,
    settings: Settings | None = None,
    *,
    progress: Told | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Fetched:
    """Fetch a clip for each item of the list that has none, with a row for each in the table ``trailers``.

    Items with a clip are left alone. Misses that may pass are tried again, others only with ``retry_missing``, or when
    their address is another one. An address is asked for once, however many items have it.
    """
    ready()
    settings = settings or Settings()
    with catalogue.writing("trailers"):
        return _Run(catalogue, wanted, settings, progress, clock).through()


class _Run:
    def __init__(
        self,
        catalogue: Catalogue,
        wanted: WantedList,
        settings: Settings,
        progress: Told | None,
        clock: Callable[[], float],
    ) -> None:
        self._catalogue, self._list, self._settings = catalogue, wanted, settings
        self._progress, self._clock = progress, clock
        self._started = clock()
        self._availability = Availability(catalogue.tables)
        self._depot = Depot(catalogue.folder, height_px=settings.height_px)
        self._stopped = threading.Event()
        pace = Pace(per_second=settings.per_second, sleep=self._stopped.wait)
        self._attempt = Attempt(depot=self._depot, settings=settings, pace=pace, stopped=self._stopped)
        self._number = count()
        self._waiting: list[tuple[float, int, _Job]] = []
        self._hosts = Hosts(settings, clock)
        self._rows: list[Finding] = []
        self._clips: list[tuple[Wanted, Clip]] = []
        self._oldest = self._respite = 0.0
        self._commits = self._settled = self._total = self._arrived = self._asked = self._tries = 0

    def through(self) -> Fetched:
        self._plan()
        fetchers = [Fetcher(self._settings) for _ in range(min(self._settings.workers, max(len(self._waiting), 1)))]
        idle: SimpleQueue[Fetcher] = SimpleQueue()
        for fetcher in fetchers:
            idle.put(fetcher)
        try:
            with ThreadPoolExecutor(max_workers=len(fetchers)) as pool:
                try:
                    self._work(pool, idle, len(fetchers))
                finally:
                    # Also when the run is broken off: threads come back at once, for whom they speak to is gone.
                    self._stopped.set()
                    for fetcher in fetchers:
                        fetcher.end()
        finally:
            for fetcher in fetchers:
                fetcher.close()
        return self._account()

    # -- what is to be done --------------------------------------------------------------------------------

    def _plan(self) -> None:
        """Settle what needs nobody to be asked, and line up the rest."""
        old = self._availability.findings()
        have = self._have()
        jobs: dict[str, _Job] = {}
        for entry in self._list.wanted:
            if entry.item_id in have:
                continue
            before = old.get(entry.item_id)
            if entry.link is None:
                row = Finding(item_id=entry.item_id, url=entry.given, reason=entry.reason, detail=entry.detail)
                if before is None or (before.url, before.reason) != (row.url, row.reason):
                    self._rows.append(row)
                continue
            url = entry.link.url
            missed = before.reason if before is not None and before.url == url and before.tries else None
            if missed is not None and not missed.passing and not self._settings.retry_missing:
                continue
            job = jobs.setdefault(url, _Job(wanted=[], url=url, host=entry.link.host))
            job.wanted.append(entry)
            job.missed = job.missed or missed is not None
        # What failed before waits for what was never asked: it is likely to fail again, and slowly.
        lined_up = sorted(jobs.values(), key=lambda job: job.missed)
        chosen = [job for job in lined_up if not self._take_placed(job)][: self._settings.limit]
        self._waiting = [(self._clock(), next(self._number), job) for job in chosen]
        self._total = len(chosen)
        self._commit()

    def _have(self) -> set[str]:
        """Items with a clip. One whose fetched file was deleted since has none: it can be had again."""
        return {
            clip.item_id
            for clip in self._catalogue.clips()
            if not self._depot.holds(path := Path(clip.path)) or path.exists()
        }

    def _take_placed(self, job: _Job) -> bool:
        """Whether the file was fetched already, for another item or by a run that was killed before it said so."""
        path = self._depot.placed(job.url)
        if path is None:
            return False
        found = inspect(path, self._settings)
        if found.reason is not None:
            if found.reason in (Reason.TRUNCATED, Reason.NOT_A_VIDEO):  # the machine went down as it was written
                self._depot.discard(job.url)
            return False
        row = Finding(item_id="", url=job.url, bytes=found.bytes, duration_s=found.duration_s, detail="was in place")
        self._settle(job, row, path)
        self._commit_when_due()
        return True

    # -- doing it ------------------------------------------------------------------------------------------

    def _work(self, pool: ThreadPoolExecutor, idle: SimpleQueue[Fetcher], workers: int) -> None:
        running: dict[Future[Tried], _Job] = {}

        def attempt(job: _Job) -> Tried:
            fetcher = idle.get()
            try:
                return self._attempt.made(fetcher, job.url, job.wanted[0].item_id)
            finally:
                idle.put(fetcher)

        heapq.heapify(self._waiting)
        try:
            while self._waiting or running:
                self._start(running, workers, lambda job: pool.submit(attempt, job))
                if running:
                    done, _ = wait(running, timeout=self._patience(), return_when=FIRST_COMPLETED)
                    for future in done:
                        self._judge(running.pop(future), future.result())
                elif self._waiting:
                    self._stopped.wait(self._patience())
                self._commit_when_due()
        finally:
            for future, job in running.items():  # the run was broken off: what came in meanwhile counts too
                if future.done() and future.exception() is None and future.result().path is not None:
                    self._judge(job, future.result())
            self._commit()

    def _start(self, running: dict[Future[Tried], _Job], workers: int, submit: Callable[[_Job], Future[Tried]]) -> None:
        """Start what may be started now; what waits for its host goes back into the line."""
        now = self._clock()
        while self._waiting and len(running) < workers and self._waiting[0][0] <= now:
            _, number, job = heapq.heappop(self._waiting)
            if (verdict := self._hosts.closed(job.host)) is not None:
                self._miss(job, verdict)
            elif (open_at := self._hosts.open_at(job.host)) > now:
                heapq.heappush(self._waiting, (open_at, number, job))
            else:
                running[submit(job)] = job

    def _patience(self) -> float:
        """Seconds until there may be something to start or to commit."""
        next_s = self._waiting[0][0] - self._clock() if self._waiting else BATCH_S
        return min(max(next_s, 0.02), BATCH_S)

    def _judge(self, job: _Job, tried: Tried) -> None:
        job.tries += tried.asked
        job.seconds += tried.seconds
        self._asked += tried.asked and job.tries == 1
        self._tries += tried.asked
        verdict = tried.verdict
        wait_s = self._hosts.heard(job.host, verdict, tries=job.tries)
        if verdict is None:
            assert tried.path is not None
            row = Finding(
                item_id="",
                url=job.url,
                title=tried.title,
                bytes=tried.bytes,
                duration_s=tried.duration_s,
                tries=job.tries,
                seconds=job.seconds,
            )
            self._settle(job, row, tried.path)
            self._tell("fetched")
            return
        # A site that yt-dlp does not know today it will not know in a minute.
        again = verdict.reason.passing and verdict.reason is not Reason.NOT_UNDERSTOOD
        if again and job.tries < self._settings.tries and wait_s <= self._settings.longest_wait_s:
            heapq.heappush(self._waiting, (self._clock() + wait_s, next(self._number), job))
        else:
            self._miss(job, verdict, size=tried.bytes, duration_s=tried.duration_s)

    def _miss(self, job: _Job, verdict: Verdict, *, size: int | None = None, duration_s: float | None = None) -> None:
        if verdict.reason.passing:
            self._depot.leave(job.url)
        else:
            self._depot.clear(job.url)
        row = Finding(
            item_id="",
            url=job.url,
            reason=verdict.reason,
            detail=verdict.detail,
            http_status=verdict.http_status,
            bytes=size,
            duration_s=duration_s,
            tries=job.tries,
            seconds=job.seconds,
        )
        self._settle(job, row, None)
        self._tell(verdict.reason.value)

    def _settle(self, job: _Job, row: Finding, path: Path | None) -> None:
        now = time.time()
        self._oldest = self._oldest or self._clock()
        for entry in job.wanted:
            self._rows.append(replace(row, item_id=entry.item_id, at=now))
            if path is not None:
                self._clips.append((entry, clip_of(entry.item_id, path)))

    def _tell(self, note: str) -> None:
        self._settled += 1
        if self._progress is not None:
            self._progress(self._settled, self._total, note)

    # -- writing it down -----------------------------------------------------------------------------------

    def _commit_when_due(self) -> None:
        now = self._clock()
        if self._rows and now >= self._respite and (len(self._rows) >= BATCH or now - self._oldest >= BATCH_S):
            self._commit()

    def _commit(self) -> None:
        if not self._rows:
            return
        began = self._clock()
        self._availability.write(self._rows)
        if self._clips:
            added = self._catalogue.add(_Batch(self._clips))
            self._arrived += added.clips_new + added.clips_changed
        self._rows, self._clips, self._oldest = [], [], 0.0
        self._commits += 1
        if self._commits % MANY_COMMITS == 0:
            self._catalogue.tables.compact()
        ended = self._clock()
        self._respite = ended + RESPITE * (ended - began)

    def _account(self) -> Fetched:
        rows = self._availability.findings()
        have = self._have()
        outcomes: list[Finding] = []
        other = untried = 0
        for entry in self._list.wanted:
            row = rows.get(entry.item_id)
            if row is not None and row.reason is None and entry.item_id in have:
                outcomes.append(row)
            elif entry.item_id in have:
                other += 1
            elif row is None or row.reason is None:
                untried += 1
            else:
                outcomes.append(row)
        extra = {"has a clip": other, "not tried": untried}
        return Fetched(
            listed=len(self._list.wanted),
            counts={**counted(outcomes), **{name: number for name, number in extra.items() if number}},
            arrived=self._arrived,
            asked=self._asked,
            tries=self._tries,
            rows=self._list.rows,
            unknown=self._list.unknown,
            doubled=self._list.doubled,
            unreadable=self._list.unreadable,
            seconds=self._clock() - self._started,
            folder=str(self._depot.folder),
        )


@dataclass(frozen=True, eq=False)
class _Batch:
    """A source of some clips that were fetched, and of the items that a bare list of addresses brings."""

    clips: Sequence[tuple[Wanted, Clip]]

    def read(self, folder: Path) -> Addition:
        items = [
            Item(item_id=entry.item_id, title=entry.title, url=entry.link.url)
            for entry, _ in self.clips
            if entry.new and entry.link is not None
        ]
        return Addition(
            items=items, clips=[clip for _, clip in self.clips], bare=frozenset(item.item_id for item in items)
        )
