"""Normalise: put features of unlike units on one scale, as learned from declared training rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.errors import UsageError
from triptych.fusion.step import F32, Mask, Step

F64 = npt.NDArray[np.float64]
Arrays = Mapping[str, npt.NDArray[Any]]

#: Below this share of its own size, the spread of an entry is rounding, not information.
CONSTANT = 1e-6
#: So many values of an entry tell how it is distributed; of more, these are kept.
LEVELS = 2049
#: Between the quartiles of a normal distribution lie so many deviations: 2 Φ⁻¹(¾).
IQR_OF_NORMAL = 1.3489795003921634
_LARGEST = float(np.finfo(np.float32).max)


def training_rows(values: F32, mask: Mask, *, what: str) -> F64:
    """The rows of ``values`` ``[n, d]`` that are present, float64 ``[m, d]``; a copy."""
    rows = values[mask].astype(np.float64)
    if len(rows) == 0:
        raise UsageError(f"there is no row to learn {what} from: every one is masked. Give some that are present.")
    return rows


def same_width(values: F32, learned: int) -> None:
    """Refuse rows of another width than a step was fitted on: numpy would stretch those of one entry."""
    if values.shape[1] != learned:
        raise UsageError(
            f"rows of {values.shape[1]} entries were given to a step that learned from rows of {learned}. Give it the "
            "feature that it was fitted on, or fit it anew."
        )


def varies(mean: F64, std: F64) -> Mask:
    """Of which entries the spread is more than rounding."""
    return std > CONSTANT * np.maximum(np.abs(mean), CONSTANT)


def single(values: F64) -> F32:
    """As float32; what lies beyond the largest stands there, and does not become infinite."""
    return np.clip(values, -_LARGEST, _LARGEST).astype(np.float32)


def _kept(spread: F64) -> F64:
    """As it is written: entries that do not vary, which are divided by infinity, have spread 0."""
    return np.where(np.isinf(spread), 0, spread)


def _divisor(kept: Any) -> F64:
    spread = np.array(kept, np.float64)
    return np.where(spread == 0, np.inf, spread)


@dataclass(frozen=True, kw_only=True, eq=False)
class ZScore:
    """``(x − mean) / std`` entry by entry. Entries that do not vary in training become 0: they tell nothing apart."""

    mean: F64
    std: F64

    @classmethod
    def fit(cls, values: F32, mask: Mask) -> ZScore:
        """Learn from the rows of ``values`` ``[n, d]`` that are present."""
        rows = training_rows(values, mask, what="means and deviations")
        mean, std = rows.mean(axis=0), rows.std(axis=0)
        return cls(mean=mean, std=np.where(varies(mean, std), std, np.inf))

    def __call__(self, values: F32, mask: Mask) -> F32:
        """Scaled values; masked rows are 0."""
        same_width(values, len(self.mean))
        return single(np.where(mask[:, None], (values - self.mean) / self.std, 0))

    def arrays(self) -> Arrays:
        """Constant entries are written as std 0."""
        return {"mean": self.mean, "std": _kept(self.std)}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> ZScore:
        return cls(mean=np.array(arrays["mean"], np.float64), std=_divisor(arrays["std"]))

    def to_json(self) -> dict[str, list[float]]:
        """Constant entries are written as std 0."""
        return {name: part.tolist() for name, part in self.arrays().items()}

    @classmethod
    def from_json(cls, body: dict[str, list[float]]) -> ZScore:
        return cls(mean=np.array(body["mean"], np.float64), std=_divisor(body["std"]))


@dataclass(frozen=True, kw_only=True, eq=False)
class MinMax:
    """``(x − min) / (max − min)`` entry by entry, by the least and the greatest of the training: 0…1.

    Values beyond those two are put at the ends, so that no unseen row leaves the range, nor outweighs those that were
    learned from. Entries that do not vary in training become 0.
    """

    low: F64
    spread: F64

    @classmethod
    def fit(cls, values: F32, mask: Mask) -> MinMax:
        """Learn from the rows of ``values`` ``[n, d]`` that are present."""
        rows = training_rows(values, mask, what="least and greatest values")
        varied = varies(rows.mean(axis=0), rows.std(axis=0))
        low = rows.min(axis=0)
        return cls(low=low, spread=np.where(varied, rows.max(axis=0) - low, np.inf))

    def __call__(self, values: F32, mask: Mask) -> F32:
        """Scaled values; masked rows are 0."""
        same_width(values, len(self.low))
        scaled = np.clip((values - self.low) / self.spread, 0, 1)
        return np.where(mask[:, None], scaled, 0).astype(np.float32)

    def arrays(self) -> Arrays:
        """Constant entries are written as spread 0."""
        return {"low": self.low, "spread": _kept(self.spread)}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> MinMax:
        return cls(low=np.array(arrays["low"], np.float64), spread=_divisor(arrays["spread"]))

    def to_json(self) -> dict[str, list[float]]:
        """Constant entries are written as spread 0."""
        return {name: part.tolist() for name, part in self.arrays().items()}

    @classmethod
    def from_json(cls, body: dict[str, list[float]]) -> MinMax:
        return cls(low=np.array(body["low"], np.float64), spread=_divisor(body["spread"]))


@dataclass(frozen=True, kw_only=True, eq=False)
class Robust:
    """``(x − median) / (upper quartile − lower quartile)`` entry by entry: single huge values do not move it.

    Of an entry that is the same in most rows, such as a genre, both quartiles are one value. There the deviation
    times 1.349 is taken, what the quartiles of a normal distribution are apart, or all rare genres would be lost.
    Entries that do not vary in training become 0.
    """

    median: F64
    spread: F64

    @classmethod
    def fit(cls, values: F32, mask: Mask) -> Robust:
        """Learn from the rows of ``values`` ``[n, d]`` that are present."""
        rows = training_rows(values, mask, what="medians and quartiles")
        mean, std = rows.mean(axis=0), rows.std(axis=0)
        quartiles: F64 = np.percentile(rows, [25, 50, 75], axis=0)
        median: F64 = quartiles[1]
        apart: F64 = quartiles[2] - quartiles[0]
        spread = np.where(varies(median, apart), apart, IQR_OF_NORMAL * std)
        return cls(median=median, spread=np.where(varies(mean, std), spread, np.inf))

    def __call__(self, values: F32, mask: Mask) -> F32:
        """Scaled values; masked rows are 0."""
        same_width(values, len(self.median))
        return single(np.where(mask[:, None], (values - self.median) / self.spread, 0))

    def arrays(self) -> Arrays:
        """Constant entries are written as spread 0."""
        return {"median": self.median, "spread": _kept(self.spread)}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Robust:
        return cls(median=np.array(arrays["median"], np.float64), spread=_divisor(arrays["spread"]))

    def to_json(self) -> dict[str, list[float]]:
        """Constant entries are written as spread 0."""
        return {name: part.tolist() for name, part in self.arrays().items()}

    @classmethod
    def from_json(cls, body: dict[str, list[float]]) -> Robust:
        return cls(median=np.array(body["median"], np.float64), spread=_divisor(body["spread"]))


@dataclass(frozen=True, kw_only=True, eq=False)
class Direction:
    """The z-scores of a row brought to length √d: which way it leads from the mean, and not how far.

    What is far from the mean in everything, by a loud or a short recording, then weighs no more than what is near it.
    It is the customary scaling of i-vectors (Garcia-Romero and Espy-Wilson 2011, *Analysis of i-vector length
    normalization*). A row that stands at the mean itself leads nowhere and stays 0.
    """

    zscore: ZScore

    @classmethod
    def fit(cls, values: F32, mask: Mask) -> Direction:
        """Learn from the rows of ``values`` ``[n, d]`` that are present."""
        return cls(zscore=ZScore.fit(values, mask))

    def __call__(self, values: F32, mask: Mask) -> F32:
        """Scaled values; masked rows are 0."""
        scaled = self.zscore(values, mask).astype(np.float64)
        length = np.sqrt(np.square(scaled).mean(axis=1, keepdims=True))
        return np.divide(scaled, length, out=np.zeros_like(scaled), where=length > 0).astype(np.float32)

    def arrays(self) -> Arrays:
        """Those of the z-score."""
        return self.zscore.arrays()

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Direction:
        return cls(zscore=ZScore.from_arrays(arrays))

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

    values: tuple[F64, ...]
    scores: tuple[F64, ...]

    @classmethod
    def fit(cls, values: F32, mask: Mask, *, normal: bool = False) -> RankScale:
        """Learn from the rows of ``values`` ``[n, d]`` that are present."""
        rows = training_rows(values, mask, what="ranks")
        varied = varies(rows.mean(axis=0), rows.std(axis=0))
        # Column by column in memory, and as float32, which sorts in half the time and in the same order.
        columns = np.ascontiguousarray(values[mask].T)
        found = [_ranks(column, bool(varied[k])) for k, column in enumerate(columns)]
        # Of columns without equal values the quantiles are the same.
        known: dict[bytes, F64] = {}
        scores: list[F64] = []
        for _, quantiles in found:
            told = quantiles.tobytes()
            if told not in known:
                known[told] = _normal(quantiles) if normal else quantiles
            scores.append(known[told])
        return cls(values=tuple(levels for levels, _ in found), scores=tuple(scores))

    def __call__(self, values: F32, mask: Mask) -> F32:
        """Scaled values; masked rows are 0."""
        same_width(values, len(self.values))
        columns = np.ascontiguousarray(values[mask].T)
        for column, known, scores in zip(columns, self.values, self.scores, strict=True):
            column[:] = np.interp(column, known, scores)
        placed = np.zeros(values.shape, np.float32)
        placed[mask] = columns.T
        return placed

    def arrays(self) -> Arrays:
        """Values and scores of all entries end to end, and of each entry how many are its own."""
        counts = np.array([len(part) for part in self.values], np.int64)
        return {"counts": counts, "values": _joined(self.values), "scores": _joined(self.scores)}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> RankScale:
        ends = np.cumsum(arrays["counts"])[:-1]
        values, scores = (tuple(np.split(np.array(arrays[name], np.float64), ends)) for name in ("values", "scores"))
        return cls(values=values, scores=scores)

    def to_json(self) -> dict[str, list[list[float]]]:
        """A list for each entry."""
        return {"values": [part.tolist() for part in self.values], "scores": [part.tolist() for part in self.scores]}

    @classmethod
    def from_json(cls, body: dict[str, list[list[float]]]) -> RankScale:
        values, scores = (tuple(np.array(part, np.float64) for part in body[name]) for name in ("values", "scores"))
        return cls(values=values, scores=scores)


def _ranks(column: F32, varied: bool) -> tuple[F64, F64]:
    """The known values of one entry and their mid-rank quantiles."""
    if not varied:
        return column[:1].astype(np.float64), np.array([0.5])
    levels, counts = np.unique(column, return_counts=True)
    known = levels.astype(np.float64)
    quantiles: F64 = (np.cumsum(counts) - counts / 2) / len(column)
    if len(known) > LEVELS:
        # Evenly by rank, both ends kept: what lies between two of them is at most a step of ranks away.
        wanted = np.linspace(float(quantiles[0]), float(quantiles[-1]), LEVELS)
        kept = np.unique(np.clip(np.searchsorted(quantiles, wanted), 0, len(known) - 1))
        known, quantiles = known[kept], quantiles[kept]
    return known, quantiles


def _normal(quantiles: F64) -> F64:
    standard = NormalDist()
    return np.array([standard.inv_cdf(quantile) for quantile in quantiles.tolist()])


def _joined(parts: tuple[F64, ...]) -> F64:
    return np.concatenate(parts) if parts else np.zeros(0)


#: What can be learned of one feature's units, by the names that settings use.
SCALINGS: Mapping[str, Callable[[F32, Mask], Step]] = {
    "z-score": ZScore.fit,
    "min-max": MinMax.fit,
    "robust": Robust.fit,
    "ranks": partial(RankScale.fit, normal=True),
    "direction": Direction.fit,
}
