"""Distributions: how numbers and names are spread. Summaries, histograms, tallies, and long tails."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triptych.drawing.axis import tidy_step

#: The shares of the busiest of which it is told how much of everything is theirs.
TOPS = (0.01, 0.05, 0.20)
#: So many points draw a curve that millions of counts lie behind.
POINTS = 200


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Some numbers in a few. ``sd`` is that of a sample, and None for fewer than two numbers."""

    n: int
    least: float
    lower_quartile: float
    median: float
    mean: float
    upper_quartile: float
    most: float
    sd: float | None


@dataclass(frozen=True, kw_only=True)
class Histogram:
    """``counts[k]`` numbers lie in [``edges[k]``, ``edges[k + 1]``), and ``beyond`` at or above the last edge."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    beyond: int = 0

    @property
    def n(self) -> int:
        return sum(self.counts) + self.beyond


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Names with how many have them, the commonest first; one may have several names.

    ``of`` is how many were asked, ``known`` how many of them have a name at all, ``several`` how many have more
    than one.
    """

    names: tuple[str, ...]
    counts: tuple[int, ...]
    of: int
    known: int
    several: int

    def share(self, k: int) -> float:
        """Of those who have a name, the share that has the ``k``-th."""
        return self.counts[k] / self.known


@dataclass(frozen=True, kw_only=True)
class Top:
    """The busiest: ``holders`` of them, a share ``of_holders`` of all, hold a share ``of_total`` of everything."""

    of_holders: float
    holders: int
    of_total: float


@dataclass(frozen=True, kw_only=True)
class Tail:
    """How unevenly counts are held: everyone counted here holds at least one.

    ``half`` is how few of the busiest hold half of everything. ``curve`` goes from (0, 0) to (1, 1): share of the
    holders, busiest first, and their share of everything. ``ranks`` are (rank from 1, count), the ranks evenly far
    apart on a logarithmic axis.
    """

    holders: int
    total: int
    gini: float
    half: int
    top: tuple[Top, ...]
    curve: tuple[tuple[float, float], ...]
    ranks: tuple[tuple[int, int], ...]


def summary(values: NDArray[Any]) -> Summary | None:
    """Of finite numbers of shape ``(n,)``; None if there are none."""
    numbers = values.astype(np.float64, copy=False)
    if not len(numbers):
        return None
    least, lower, median, upper, most = np.quantile(numbers, [0, 0.25, 0.5, 0.75, 1]).tolist()
    return Summary(
        n=len(numbers),
        least=least,
        lower_quartile=lower,
        median=median,
        mean=float(numbers.mean()),
        upper_quartile=upper,
        most=most,
        sd=float(numbers.std(ddof=1)) if len(numbers) > 1 else None,
    )


def gini(counts: NDArray[Any]) -> float:
    """Gini's coefficient of counts ≥ 0: 0 if all hold the same, near 1 if one holds everything.

    G = Σ (2 i − n − 1) x₍ᵢ₎ / (n Σ x), the x in ascending order, i from 1.

    >>> gini(np.array([3, 3, 3])), gini(np.array([0, 0, 0, 4]))
    (0.0, 0.75)
    """
    ordered = np.sort(counts.astype(np.float64))
    n, total = len(ordered), float(ordered.sum())
    if not total:
        return 0.0
    return float(((2 * np.arange(1, n + 1) - n - 1) * ordered).sum() / (n * total))


def tail(counts: NDArray[Any]) -> Tail | None:
    """Of counts of shape ``(n,)``; those who hold nothing are left out. None if nobody holds anything."""
    held = np.sort(counts[counts > 0].astype(np.int64))[::-1]
    if not len(held):
        return None
    n, cumulated = len(held), np.cumsum(held)
    total = int(cumulated[-1])
    at = np.unique(np.round(np.linspace(0, n, min(n, POINTS) + 1)).astype(np.int64))
    ranks = np.unique(np.round(np.geomspace(1, n, min(n, POINTS))).astype(np.int64))
    tops = [(share, math.ceil(share * n)) for share in TOPS]
    return Tail(
        holders=n,
        total=total,
        gini=gini(held),
        half=int(np.searchsorted(cumulated, total / 2)) + 1,
        top=tuple(Top(of_holders=share, holders=k, of_total=int(cumulated[k - 1]) / total) for share, k in tops),
        curve=tuple((k / n, int(cumulated[k - 1]) / total if k else 0.0) for k in at.tolist()),
        ranks=tuple((rank, int(held[rank - 1])) for rank in ranks.tolist()),
    )


def histogram(values: NDArray[Any], *, step: float | None = None, bins: int = 30) -> Histogram | None:
    """Equal steps, from a multiple of the step at or below the least number; the far right end is cut off.

    Without a ``step`` it is 1, 2 or 5 times a power of ten, so that some ``bins`` reach the 99th percentile. What
    is further out is ``beyond``: one film of nine hours would press all others into a corner.
    """
    numbers = values.astype(np.float64, copy=False)
    if not len(numbers):
        return None
    least, far, most = np.quantile(numbers, [0, 0.99, 1]).tolist()
    # What differs by rounding alone does not spread.
    spread = far - least if far - least > 1e-9 * max(1.0, abs(least), abs(far)) else 0.0
    step = step or tidy_step(spread, bins)
    # A number that lies on an edge to within rounding belongs to the right of it, as 0.3 does with a step of 0.1.
    first = math.floor(least / step + 1e-9)
    last = math.floor((most if most <= far + 3 * step else far) / step + 1e-9) + 1
    place = np.floor(numbers / step + 1e-9).astype(np.int64) - first
    counts = np.bincount(np.clip(place, 0, last - first), minlength=last - first + 1)
    return Histogram(
        edges=tuple(round(k * step, 10) for k in range(first, last + 1)),
        counts=tuple(counts[:-1].tolist()),
        beyond=int(counts[-1]),
    )


def tally(named: Iterable[Sequence[str]]) -> Tally:
    """Of what each one has of names; a name said twice by one counts once."""
    counts: Counter[str] = Counter()
    of = known = several = 0
    for names in named:
        different = {name for name in names if name}
        of += 1
        known += bool(different)
        several += len(different) > 1
        counts.update(different)
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return Tally(
        names=tuple(name for name, _ in ordered),
        counts=tuple(count for _, count in ordered),
        of=of,
        known=known,
        several=several,
    )


def by_month(timestamps_s: NDArray[np.int64]) -> tuple[tuple[str, int], ...]:
    """Months (``1998-03``), from the first to the last without a gap, and how many of the times lie in each."""
    if not len(timestamps_s):
        return ()
    months = timestamps_s.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)
    first = int(months.min())
    counts = np.bincount(months - first)
    names = np.datetime_as_string(np.arange(first, first + len(counts)).astype("datetime64[M]"))
    return tuple(zip(names.tolist(), counts.tolist(), strict=True))
