"""Hosts: which of them have had enough, and until when they are left alone."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

from triptych.gather.trailers.reason import Reason
from triptych.gather.trailers.settings import Settings
from triptych.gather.trailers.verdict import Verdict

#: A host that could not be reached so many times in a row is left alone for the rest of the run.
MANY_VAIN = 20


class Hosts:
    """What each host's answers ask for. ``clock`` [s]. For the one thread that lines up what is tried next."""

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        self._settings, self._clock = settings, clock
        self._open_at: dict[str, float] = {}
        self._strikes: Counter[str] = Counter()
        self._vain: Counter[str] = Counter()

    def open_at(self, host: str) -> float:
        """When it may be asked again; minus infinity where nothing speaks against it."""
        return self._open_at.get(host, -math.inf)

    def closed(self, host: str) -> Verdict | None:
        """The verdict on whatever else was to come from a host that is not asked any more, or None."""
        if self._vain[host] >= MANY_VAIN:
            return Verdict(reason=Reason.NETWORK, detail=f"{host} could not be reached {MANY_VAIN} times in a row")
        left_s = self.open_at(host) - self._clock()
        if left_s <= self._settings.longest_wait_s:
            return None
        return Verdict(reason=Reason.RATE_LIMITED, detail=f"{host} is to be left alone for {left_s:.0f} s more")

    def heard(self, host: str, verdict: Verdict | None, *, tries: int) -> float:
        """Take note of an answer, None being a good one. Seconds until that address may be tried again.

        After n failures an address waits first_wait_s · 2^(n - 1). A host that has had enough is left alone as a whole,
        for as long as it says, else for first_wait_s · 2^(m - 1) at the m-th time in a row.
        """
        unreached = verdict is not None and verdict.reason is Reason.NETWORK
        self._vain[host] = self._vain[host] + 1 if unreached else 0
        now, open_at, first_s = self._clock(), self.open_at(host), self._settings.first_wait_s
        if verdict is None or (verdict.reason is not Reason.RATE_LIMITED and verdict.retry_after_s is None):
            if verdict is None or now >= open_at:
                self._strikes[host] = 0
            return min(_doubled(first_s, tries), self._settings.longest_wait_s)
        # Those that were under way when it closed its door say nothing new.
        self._strikes[host] += now >= open_at or not self._strikes[host]
        wait_s = verdict.retry_after_s or _doubled(first_s, self._strikes[host])
        self._open_at[host] = max(open_at, now + wait_s)
        return wait_s


def _doubled(first_s: float, times: int) -> float:
    return first_s * 2.0 ** min(max(times - 1, 0), 30)
