"""Normalise: put features of unlike units on one scale, as learned from declared training rows."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from triptych.errors import UsageError

F32 = npt.NDArray[np.float32]

#: Below this share of its own size, the spread of an entry is rounding, not information.
CONSTANT = 1e-6
#: So many values of an entry tell how it is distributed; of more, these are kept.
LEVELS = 2049


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


@dataclass(frozen=True, kw_only=True, eq=False)
class Direction:
    """The z-scores of a row brought to length √d: which way it leads from the mean, and not how far.

    What is far from the mean in everything, by a loud or a short recording, then weighs no more than what is near it.
    It is the customary scaling of i-vectors (Garcia-Romero and Espy-Wilson 2011, *Analysis of i-vector length
    normalization*). A row that stands at the mean itself leads nowhere and stays 0.
    """

    zscore: ZScore

    @classmethod
    def fit(cls, values: F32, mask: npt.NDArray[np.bool_]) -> Direction:
        """Learn from the rows of ``values`` ``[n, d]`` that are present."""
        return cls(zscore=ZScore.fit(values, mask))

    def __call__(self, values: F32, mask: npt.NDArray[np.bool_]) -> F32:
        """Scaled values; masked rows are 0."""
        scaled = self.zscore(values, mask).astype(np.float64)
        length = np.sqrt(np.square(scaled).mean(axis=1, keepdims=True))
        return np.divide(scaled, length, out=np.zeros_like(scaled), where=length > 0).astype(np.float32)

    def to_json(self) -> dict[str, list[float]]:
        return self.zscore.to_json()

    @classmethod
    def from_json(cls, body: dict[str, list[float]]) -> Direction:
        return cls(zscore=ZScore.from_json(body))


@dataclass(frozen=True, kw_only=True, eq=False)
class RankScale:
    """Where a value stands among those of the training, entry by entry: it keeps their order and nothing of their size.

    A value of the training becomes its mid-rank quantile, (rank − ½) / n, where equal values share the middle of their
    ranks: evenly spread in 0…1, whatever the values, and one of 3e15 is no more than the last. With ``normal`` it
    becomes the normal score of that quantile, Φ⁻¹ (van der Waerden): near mean 0 and deviation 1, as ZScore's are.
    Values in between are placed in between, in proportion; those beyond the ends are put at the ends.

    ``values``: of each entry the known values, float64 ``[k]``, ascending, at most ``LEVELS``; ``scores``: what each
    becomes, ascending too. Entries that do not vary in training have one, and all become the middle: ½, or 0 if
    normal.
    """

    values: tuple[npt.NDArray[np.float64], ...]
    scores: tuple[npt.NDArray[np.float64], ...]

    @classmethod
    def fit(cls, values: F32, mask: npt.NDArray[np.bool_], *, normal: bool = False) -> RankScale:
        """Learn from the rows of ``values`` ``[n, d]`` that are present."""
        rows = values[mask].astype(np.float64)
        if len(rows) == 0:
            raise UsageError("there is no row to learn ranks from: every one is masked. Give some that are present.")
        mean, std = rows.mean(axis=0), rows.std(axis=0)
        varies = std > CONSTANT * np.maximum(np.abs(mean), CONSTANT)
        found = [_ranks(rows[:, k], bool(varies[k])) for k in range(rows.shape[1])]
        scores = [_normal(quantiles) if normal else quantiles for _, quantiles in found]
        return cls(values=tuple(known for known, _ in found), scores=tuple(scores))

    def __call__(self, values: F32, mask: npt.NDArray[np.bool_]) -> F32:
        """Scaled values; masked rows are 0."""
        placed = np.zeros((len(values), len(self.values)), np.float32)
        for k, (known, scores) in enumerate(zip(self.values, self.scores, strict=True)):
            placed[mask, k] = np.interp(values[mask, k], known, scores)
        return placed

    def to_json(self) -> dict[str, list[list[float]]]:
        """A list for each entry."""
        return {"values": [part.tolist() for part in self.values], "scores": [part.tolist() for part in self.scores]}

    @classmethod
    def from_json(cls, body: dict[str, list[list[float]]]) -> RankScale:
        values, scores = (tuple(np.array(part, np.float64) for part in body[name]) for name in ("values", "scores"))
        return cls(values=values, scores=scores)


def _ranks(column: npt.NDArray[np.float64], varies: bool) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The known values of one entry and their mid-rank quantiles."""
    if not varies:
        return np.array([column[0]]), np.array([0.5])
    known, counts = np.unique(column, return_counts=True)
    quantiles: npt.NDArray[np.float64] = (np.cumsum(counts) - counts / 2) / len(column)
    if len(known) > LEVELS:
        # Evenly by rank, both ends kept: what lies between two of them is at most a step of ranks away.
        wanted = np.linspace(float(quantiles[0]), float(quantiles[-1]), LEVELS)
        kept = np.unique(np.clip(np.searchsorted(quantiles, wanted), 0, len(known) - 1))
        known, quantiles = known[kept], quantiles[kept]
    return known, quantiles


def _normal(quantiles: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    standard = NormalDist()
    return np.array([standard.inv_cdf(quantile) for quantile in quantiles.tolist()])
