"""Pace: how often a server is asked, for all threads together."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable

from triptych.errors import UsageError

DAY_S = 86_400.0


class Pace:
    """At most ``per_second`` turns a second, evenly spaced, and ``per_day`` turns within any 24 hours.

    The first is a speed, which is waited for. The second is a quota, which is not: it can be spent. ``clock`` [s] and
    ``sleep`` are arguments so that nobody has to wait in order to try this.
    """

    def __init__(
        self,
        *,
        per_second: float,
        per_day: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        if not (math.isfinite(per_second) and per_second > 0):
            raise UsageError(f"a pace of {per_second} turns a second is none; give a number above 0, such as 5.")
        if per_day is not None and per_day < 1:
            raise UsageError(f"a quota of {per_day} turns a day is none; give a whole number above 0, or none.")
        self.per_day = per_day
        self._spacing_s = 1.0 / per_second
        self._clock, self._sleep = clock, sleep
        self._guard = threading.Lock()
        self._next_s = -math.inf
        self._taken: deque[float] = deque()

    @property
    def spent(self) -> bool:
        """Whether the quota of the last 24 hours is used up."""
        with self._guard:
            return self._spent(self._clock())

    def take(self, sleep: Callable[[float], object] | None = None) -> bool:
        """Wait for a turn and take it: True. False, at once, where the quota is spent.

        ``sleep`` is what this one waits with if the pace has none of its own, such as the wait of an event: it can be
        ended.
        """
        with self._guard:
            now = self._clock()
            turn = max(now, self._next_s)
            if self._spent(turn):
                return False
            self._next_s = turn + self._spacing_s
            if self.per_day is not None:
                self._taken.append(turn)
        # Outside the guard: those who come later line up behind, instead of behind a sleeper.
        if turn > now:
            (self._sleep or sleep or time.sleep)(turn - now)
        return True

    def _spent(self, now: float) -> bool:
        if self.per_day is None:
            return False
        while self._taken and self._taken[0] <= now - DAY_S:
            self._taken.popleft()
        return len(self._taken) >= self.per_day
