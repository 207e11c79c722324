"""Cost: the seconds and the memory that a model takes to be fitted and to predict."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from triptych.errors import UsageError

#: How often memory is looked at.
EVERY_S = 0.01
_STATUS = Path("/proc/self/status")


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Of this process: what it holds now, and the most that it ever held."""

    now_bytes: int
    most_bytes: int


@dataclass(frozen=True, kw_only=True)
class Spent:
    """``cpu_s``: of all threads. ``peak_bytes``: the most memory held above what was held at the start, None where
    that cannot be told. Memory that Python had free already is not counted: a first piece of work seems to take more.
    """

    wall_s: float
    cpu_s: float
    peak_bytes: int | None


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Of one model: seconds by the clock, CPU seconds, and the larger of both peaks."""

    fit_s: float
    predict_s: float
    fit_cpu_s: float
    predict_cpu_s: float
    peak_bytes: int | None

    @classmethod
    def of(cls, fit: Spent, predict: Spent) -> Cost:
        peaks = [one.peak_bytes for one in (fit, predict) if one.peak_bytes is not None]
        return cls(
            fit_s=fit.wall_s,
            predict_s=predict.wall_s,
            fit_cpu_s=fit.cpu_s,
            predict_cpu_s=predict.cpu_s,
            peak_bytes=max(peaks, default=None),
        )


class Meter:
    """Told what was spent when the block that it was opened for ends."""

    def __init__(self) -> None:
        self._spent: Spent | None = None

    def close(self, spent: Spent) -> None:
        self._spent = spent

    @property
    def spent(self) -> Spent:
        if self._spent is None:
            raise UsageError("what is spent is known when the block has ended; ask for it then.")
        return self._spent


def held() -> Memory | None:
    """None where the system does not tell (there is no ``/proc``)."""
    try:
        lines = dict(line.split(":", 1) for line in _STATUS.read_text().splitlines() if ":" in line)
        now, most = (int(lines[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))
    except (OSError, KeyError, ValueError, IndexError):
        return None
    return Memory(now_bytes=now, most_bytes=most)


@contextmanager
def spending(
    *,
    clock: Callable[[], float] = time.perf_counter,
    cpu: Callable[[], float] = time.process_time,
    memory: Callable[[], Memory | None] = held,
    every_s: float = EVERY_S,
) -> Generator[Meter]:
    """``with spending() as meter: …`` and then ``meter.spent``.

    Memory is looked at every ``every_s`` by a thread. Native code may keep that thread from running; where the most
    that the process ever held was raised meanwhile, the system has kept the exact figure, and it is taken.
    """
    meter, before = Meter(), memory()
    watch = None if before is None else _Watch(memory, every_s)
    start_s, start_cpu_s = clock(), cpu()
    try:
        yield meter
    finally:
        wall_s, cpu_s = clock() - start_s, cpu() - start_cpu_s
        seen = 0 if watch is None else watch.stop()
        peak: int | None = None
        if before is not None and (after := memory()) is not None:
            raised = after.most_bytes if after.most_bytes > before.most_bytes else 0
            peak = max(seen, after.now_bytes, raised, before.now_bytes) - before.now_bytes
        meter.close(Spent(wall_s=wall_s, cpu_s=cpu_s, peak_bytes=peak))


class _Watch:
    """A thread that looks at memory until it is stopped."""

    def __init__(self, memory: Callable[[], Memory | None], every_s: float) -> None:
        self._memory, self._every_s, self._most = memory, every_s, 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, name="memory", daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._done.wait(self._every_s):
            found = self._memory()
            self._most = max(self._most, 0 if found is None else found.now_bytes)

    def stop(self) -> int:
        self._done.set()
        self._thread.join()
        return self._most
