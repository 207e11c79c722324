"""Attempt: one try at one address, from waiting for its turn to a file in place. It runs in a thread."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path

from triptych.errors import CatalogueUnwritable
from triptych.gather.pace import Pace
from triptych.gather.trailers.depot import Depot
from triptych.gather.trailers.fetcher import Fetcher
from triptych.gather.trailers.inspection import inspect
from triptych.gather.trailers.reason import Reason
from triptych.gather.trailers.settings import Settings
from triptych.gather.trailers.verdict import Verdict


@dataclass(frozen=True, kw_only=True)
class Tried:
    """The file in its place, or the verdict. ``asked`` is 0 where the file had come before, and was only looked at."""

    path: Path | None = None
    title: str = ""
    verdict: Verdict | None = None
    bytes: int | None = None
    duration_s: float | None = None
    asked: int = 1
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Attempt:
    """What all tries share."""

    depot: Depot
    settings: Settings
    pace: Pace
    stopped: threading.Event

    def made(self, fetcher: Fetcher, url: str, item_id: str) -> Tried:
        """Take what arrived before, else ask; then look through it, and put it in place."""
        started = time.monotonic()
        arrived, asked, resumed = self.depot.arrived(url), 0, False
        title = ""
        if arrived is None:
            self.pace.take()
            if self.stopped.is_set():
                return Tried(verdict=Verdict(reason=Reason.CRASHED, detail="the run was stopped"), asked=0)
            asked, resumed = 1, self.depot.had(url) > 0
            reply = fetcher.fetch(url, self.depot.room(url))
            arrived, title = reply.file, reply.title
            if reply.verdict is not None and reply.verdict.disk:
                raise CatalogueUnwritable(
                    f"{str(self.depot.folder)!r} cannot be written: {reply.verdict.detail}. Free some space, or make "
                    "it writable, and run the command again: it goes on from there."
                )
            if arrived is None:
                verdict = self._of_rest(url, reply.verdict) if resumed else reply.verdict
                return Tried(verdict=verdict, asked=1, seconds=time.monotonic() - started)
        found = inspect(arrived, self.settings)
        spent = time.monotonic() - started
        if found.reason is None:
            path = self.depot.place(url, item_id, arrived, found.suffix)
            return Tried(
                path=path,
                title=title,
                bytes=found.bytes,
                duration_s=found.duration_s,
                asked=asked,
                seconds=spent,
            )
        self.depot.clear(url)
        verdict = Verdict(reason=found.reason, detail=found.detail)
        if resumed:
            verdict = self._of_rest(url, verdict)
        return Tried(verdict=verdict, bytes=found.bytes, duration_s=found.duration_s, asked=asked, seconds=spent)

    def _of_rest(self, url: str, verdict: Verdict | None) -> Verdict | None:
        """The verdict on a fetch that went on where another ended. No video then tells of the rest, not of the whole:

        the rest was empty, or the file there is another one by now. The next try begins anew.
        """
        if verdict is None or verdict.reason is not Reason.NOT_A_VIDEO:
            return verdict
        self.depot.clear(url)
        return replace(verdict, reason=Reason.TRUNCATED, detail=f"of what was to follow: {verdict.detail}")
