"""Normalise: put features of unlike units on one scale, as learned from declared training rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

F32 = npt.NDArray[np.float32]

#: Below this share of its own size, the spread of an entry is rounding, not information.
CONSTANT = 1e-6


@dataclass(frozen=True, kw_only=True, eq=False)
class ZScore:
    """``(x − mean) / std`` entry by entry. Entries that do not vary in training become 0: they tell nothing apart."""

    mean: npt.NDArray[np.float64]
    std: npt.NDArray[np.float64]

    @classmethod
    def fit(cls, values: F32, mask: npt.NDArray[np.bool_]) -> ZScore:
        """Learn from the rows of ``values`` ``[n, d]`` that are present."""
        rows = values[mask].astype(np.float64)
        mean, std = rows.mean(axis=0), rows.std(axis=0)
        return cls(mean=mean, std=np.where(std > CONSTANT * np.maximum(np.abs(mean), CONSTANT), std, np.inf))

    def __call__(self, values: F32, mask: npt.NDArray[np.bool_]) -> F32:
        """Scaled values; masked rows are 0."""
        scaled = (values - self.mean) / self.std
        return np.where(mask[:, None], scaled, 0).astype(np.float32)

    def to_json(self) -> dict[str, list[float]]:
        """Constant entries are written as std 0."""
        return {"mean": self.mean.tolist(), "std": np.where(np.isinf(self.std), 0, self.std).tolist()}

    @classmethod
    def from_json(cls, body: dict[str, list[float]]) -> ZScore:
        std = np.array(body["std"], np.float64)
        return cls(mean=np.array(body["mean"], np.float64), std=np.where(std == 0, np.inf, std))
