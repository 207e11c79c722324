"""Schedule: when the learning rate falls, which epoch is the best, and when to stop.

All follow from what epochs came to, and nothing else is kept: a run that goes on after a kill reads the same numbers,
and decides the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from triptych.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Plateau:
    """Rates are multiplied by ``factor`` when more than ``patience`` epochs in a row were no better than the best one
    before them, and counting starts again. Better is less than best − |best| · ``threshold``."""

    patience: int
    factor: float = 0.1
    threshold: float = 1e-4

    def __post_init__(self) -> None:
        if self.patience < 0 or not 0 < self.factor < 1:
            raise UsageError(
                f"a plateau of patience {self.patience} and factor {self.factor:g}; patience is 0 or more, and the "
                "factor between 0 and 1."
            )

    def scale(self, losses: Sequence[float]) -> float:
        """What rates are multiplied by after epochs of these losses.

        >>> Plateau(patience=1).scale([1.0, 0.5, 0.5]), Plateau(patience=1).scale([1.0, 0.5, 0.5, 0.6])
        (1.0, 0.1)
        """
        best, bad, scale = float("inf"), 0, 1.0
        for loss in losses:
            better = loss < best - abs(best) * self.threshold if best != float("inf") else True
            best, bad = (loss, 0) if better else (best, bad + 1)
            if bad > self.patience:
                scale, bad = scale * self.factor, 0
        return scale


def best_of(values: Sequence[float], *, higher: bool) -> int:
    """The place of the best; of equals, the first."""
    return max(range(len(values)), key=lambda place: values[place] if higher else -values[place])


def is_over(values: Sequence[float], *, higher: bool, patience: int | None) -> bool:
    """Whether the best is ``patience`` epochs ago or more.

    >>> is_over([3, 1, 2, 2], higher=False, patience=2), is_over([3, 1, 2, 2], higher=False, patience=3)
    (True, False)
    """
    return patience is not None and len(values) - 1 - best_of(values, higher=higher) >= patience
