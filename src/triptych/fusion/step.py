"""Step: one thing that fusion learns from training rows and then does to any rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

F32 = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


class Step(Protocol):
    """A fitted scaling or reduction. Its class has ``fit(values, mask, …) -> Step``, which sees training rows alone."""

    def __call__(self, values: F32, mask: Mask) -> F32:
        """float32 ``[n, e]`` of values ``[n, d]``; rows that are masked become 0."""
        ...

    def arrays(self) -> Mapping[str, npt.NDArray[Any]]:
        """All that it learned; :func:`~triptych.fusion.steps.again` makes the same step of them, bit for bit."""
        ...
