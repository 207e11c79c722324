"""Feature: what an extractor measured of one item, or the fact that there was nothing to measure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from triptych.errors import ExtractionError


class Presence(StrEnum):
    """The mask that fusion sees. ``MISSING`` (no track, no plot) and ``SILENT`` (a track of silence) differ."""

    PRESENT = "present"
    MISSING = "missing"
    SILENT = "silent"


@dataclass(frozen=True, kw_only=True, eq=False)
class Feature:
    """A vector ``[d]``, or a sequence ``[t, d]`` with its times, as finite float32; or a mask with its reason.

    Missing is a mask and never a number: ``values`` is None unless ``presence`` is ``PRESENT``.
    """

    presence: Presence = Presence.PRESENT
    values: npt.NDArray[np.float32] | None = None
    times_s: npt.NDArray[np.float64] | None = None
    reason: str = ""
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.presence is Presence.PRESENT) != (self.values is not None):
            raise ExtractionError(f"a feature that is {self.presence} must have values only if it is present")
        if self.values is None:
            if not self.reason:
                raise ExtractionError(f"a feature that is {self.presence} must say why")
            return
        if self.values.dtype != np.float32 or self.values.ndim not in (1, 2) or self.values.size == 0:
            raise ExtractionError(
                f"feature values are {self.values.dtype} {self.values.shape}; they must be float32 [d] or [t, d], "
                "not empty: what has no values is missing"
            )
        if not np.isfinite(self.values).all():
            bad = int((~np.isfinite(self.values)).sum())
            raise ExtractionError(f"{bad} of {self.values.size} feature values are NaN or infinite; mask, do not guess")
        if (self.values.ndim == 2) != (self.times_s is not None):
            raise ExtractionError("a sequence carries times_s, a vector does not")
        if self.times_s is None:
            return
        if self.times_s.dtype != np.float64 or self.times_s.shape != self.values.shape[:1]:
            raise ExtractionError(
                f"times_s is {self.times_s.dtype} {self.times_s.shape}; {len(self.values)} steps take float64 "
                f"[{len(self.values)}]"
            )
        if not np.isfinite(self.times_s).all() or (np.diff(self.times_s) < 0).any():
            raise ExtractionError("times_s must be finite and must not decrease")

    @classmethod
    def missing(cls, reason: str) -> Feature:
        return cls(presence=Presence.MISSING, reason=reason)

    @classmethod
    def silent(cls, reason: str) -> Feature:
        return cls(presence=Presence.SILENT, reason=reason)
