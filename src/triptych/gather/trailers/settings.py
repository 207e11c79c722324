"""Settings: how trailers are fetched, and what is taken for one."""

from __future__ import annotations

import math
from dataclasses import dataclass

from triptych.errors import UsageError

#: Seconds without a byte after which a connection counts as stalled, however long a try may take.
SILENCE_S = 20.0


@dataclass(frozen=True, kw_only=True)
class Settings:
    """``timeout_s`` bounds one try, apart from starting the fetcher; the next try goes on where it ended.

    After n failures an item waits ``first_wait_s`` · 2^(n - 1), or as long as the server asks. A host that asks for
    more than ``longest_wait_s`` is left alone for the rest of the run.
    """

    workers: int = 4
    per_second: float = 2.0
    max_mb: float = 200.0
    min_s: float = 5.0
    max_s: float = 600.0
    height_px: int = 720
    timeout_s: float = 60.0
    tries: int = 3
    first_wait_s: float = 2.0
    longest_wait_s: float = 120.0
    retry_missing: bool = False
    allow_private: bool = False
    limit: int | None = None

    def __post_init__(self) -> None:
        least = {"workers": 1, "tries": 1, "height_px": 1, "min_s": 0, "first_wait_s": 0, "longest_wait_s": 0}
        for name, bound in least.items():
            if not (math.isfinite(given := getattr(self, name)) and given >= bound):
                raise UsageError(f"{name} is {given}; it is at least {bound}.")
        for name in ("per_second", "max_mb", "max_s", "timeout_s"):
            if not (math.isfinite(given := getattr(self, name)) and given > 0):
                raise UsageError(f"{name} is {given}; it is more than 0.")
        if self.max_s < self.min_s:
            raise UsageError(f"no film is at least {self.min_s:g} s and at most {self.max_s:g} s long.")
        if self.limit is not None and self.limit < 0:
            raise UsageError(f"limit is {self.limit}; it is a whole number of 0 or more.")

    @property
    def max_bytes(self) -> int:
        return int(self.max_mb * 1e6)

    @property
    def silence_s(self) -> float:
        return min(SILENCE_S, self.timeout_s / 2)
