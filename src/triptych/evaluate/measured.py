"""Measured: what a protocol found, one value for each user or item and metric, so that intervals can be had of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from triptych.errors import UnknownName, UsageError


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured:
    """``values[metric]``: float64 ``[n]``, for each of ``ids`` (which are users or items, ``unit``), finite.

    ``whole``: metrics of all lists together, such as coverage, that no single user or item has.
    """

    name: str
    unit: str
    ids: tuple[str, ...]
    values: Mapping[str, npt.NDArray[np.float64]]
    whole: Mapping[str, float]

    def __post_init__(self) -> None:
        if len(set(self.ids)) != len(self.ids):
            raise UsageError(
                f"{self.name!r} measures a {self.unit} twice; systems are compared by ids, each of one value."
            )
        for metric, values in self.values.items():
            if values.shape != (len(self.ids),):
                raise UsageError(f"{metric} has {values.shape} values for {len(self.ids)} {self.unit}s.")
            if not np.isfinite(values).all():
                raise UsageError(f"{metric} of {self.name!r} holds NaN or infinite values.")

    def mean(self, metric: str) -> float:
        """The figure that a table shows. NaN where nobody could be measured."""
        if metric in self.whole:
            return float(self.whole[metric])
        if metric not in self.values:
            raise UnknownName("metric", metric, [*self.values, *self.whole])
        return float(self.values[metric].mean()) if len(self.ids) else float("nan")

    def means(self) -> dict[str, float]:
        return {metric: self.mean(metric) for metric in (*self.values, *self.whole)}
