"""Ratings: how a catalogue's users rate, overall, by genre, by decade, and beside another audience."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from triptych.catalogue.records import Item
from triptych.curation.activity import Activity
from triptych.curation.distributions import Histogram, Summary, histogram, summary
from triptych.curation.effect import Z
from triptych.curation.films import decade_of, decades_of

#: The mean rating of an item, and the spread of a user's ratings, are told of those who have so many.
FEWEST = 5
#: The cells of the two audiences' map are so wide: points of IMDb, and parts of our own scale.
CELL_IMDB = 0.5
CELLS = 16


@dataclass(frozen=True, kw_only=True)
class Rated:
    """The ratings of some items: ``counts[v]`` of each value of the scale. ``share_positive`` is of the ratings."""

    name: str
    items: int
    n: int
    mean: float
    sd: float
    share_positive: float
    counts: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """The items' mean ratings beside IMDb's, over ``items`` that have both. Intervals of 95 % by Fisher's z.

    ``cells[y][x]``: items whose mean rating lies in row y of ``means`` (edges) and IMDb's in column x of ``imdb``.
    """

    items: int
    pearson: float
    pearson_low: float
    pearson_high: float
    spearman: float
    imdb: tuple[float, ...]
    means: tuple[float, ...]
    cells: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Ratings:
    """``scale``: the values ratings have; of a finely divided scale, the middles of its parts (``grouped``).

    ``positive_from`` is where a rating counts as positive, ``positive_assumed`` if it was not told; ``share_whole``
    the share of the ratings that are whole numbers.
    ``user_sd``: the spread of each user's ratings, of users with at least FEWEST.
    """

    scale: tuple[float, ...]
    grouped: bool
    overall: Rated
    median: float
    share_whole: float
    positive_from: float
    positive_assumed: bool
    by_genre: tuple[Rated, ...]
    by_decade: tuple[Rated, ...]
    user_sd: Summary | None
    user_sds: Histogram | None
    imdb: Agreement | None


def ratings_of(activity: Activity, items: Sequence[Item]) -> Ratings | None:
    """None if nobody rated anything. ``items`` as the activity numbers them."""
    total = int(activity.item_ratings.sum())
    if not total:
        return None
    counts = activity.item_values.sum(axis=0)
    genres: dict[str, list[int]] = {}
    decades: dict[str, list[int]] = {name: [] for name in decades_of(items)}
    for k, item in enumerate(items):
        for genre in set(item.genres):
            genres.setdefault(genre, []).append(k)
        decade = decade_of(item)
        if decade is not None:
            decades[decade].append(k)
    everything = list(range(len(activity.item_counts)))
    by_genre = [_rated(name, activity, which) for name, which in genres.items()]
    by_decade = [_rated(name, activity, which) for name, which in decades.items()]
    overall = _rated("all", activity, everything)
    assert overall is not None
    whole = np.isclose(activity.scale, np.round(activity.scale))
    spread = user_spread(activity)
    return Ratings(
        scale=tuple(activity.scale.tolist()),
        grouped=activity.grouped,
        overall=overall,
        median=_median(activity.scale, counts),
        share_whole=float(counts[whole].sum() / total),
        positive_from=activity.positive,
        positive_assumed=activity.positive_assumed,
        by_genre=tuple(sorted((r for r in by_genre if r is not None), key=lambda r: (-r.mean, r.name))),
        by_decade=tuple(r for r in by_decade if r is not None),
        user_sd=summary(spread),
        user_sds=histogram(spread, step=0.1 if float(np.ptp(activity.scale)) <= 10 else None),
        imdb=_agreement(activity, items),
    )


def item_means(activity: Activity) -> NDArray[np.float64]:
    """float64 ``(items + strays,)``: mean rating; −inf where an item has fewer than FEWEST ratings."""
    n = activity.item_ratings
    return np.where(n >= FEWEST, activity.item_sums / np.maximum(n, 1), -np.inf)


def user_spread(activity: Activity) -> NDArray[np.float64]:
    """float64 ``(some users,)``: the standard deviation of the ratings of each user who gave FEWEST or more."""
    many = activity.user_ratings >= FEWEST
    n, sums, squares = activity.user_ratings[many], activity.user_sums[many], activity.user_squares[many]
    return np.sqrt(np.maximum((squares - sums * sums / n) / (n - 1), 0.0))


def _rated(name: str, activity: Activity, which: Sequence[int]) -> Rated | None:
    index = np.array(which, np.int64)
    counts = activity.item_values[index].sum(axis=0)
    n = int(counts.sum())
    if not n:
        return None
    mean = float(activity.item_sums[index].sum()) / n
    variance = float((counts * (activity.scale - mean) ** 2).sum()) / max(n - 1, 1)
    return Rated(
        name=name,
        items=int((activity.item_ratings[index] > 0).sum()),
        n=n,
        mean=mean,
        sd=math.sqrt(variance),
        share_positive=float(activity.item_positives[index].sum()) / n,
        counts=tuple(counts.tolist()),
    )


def _median(scale: NDArray[np.float64], counts: NDArray[np.int64]) -> float:
    """Of as many of each value as there are counts."""
    cumulated, n = np.cumsum(counts), int(counts.sum())
    low, high = np.searchsorted(cumulated, [(n - 1) // 2, n // 2], side="right")
    return float(scale[low] + scale[high]) / 2


def _agreement(activity: Activity, items: Sequence[Item]) -> Agreement | None:
    from scipy import stats

    means = item_means(activity)
    both = [(item.imdb_rating, means[k]) for k, item in enumerate(items) if item.imdb_rating is not None]
    pairs = np.array([pair for pair in both if np.isfinite(pair[1])], np.float64).reshape(-1, 2)
    if len(pairs) < 10 or not np.ptp(pairs, axis=0).all():
        return None
    theirs, ours = pairs[:, 0], pairs[:, 1]
    r = float(np.corrcoef(theirs, ours)[0, 1])
    z, se = math.atanh(max(min(r, 1 - 1e-12), -1 + 1e-12)), 1 / math.sqrt(len(pairs) - 3)
    low, high = float(activity.scale[0]), float(activity.scale[-1])
    ends = math.floor(float(theirs.min()) / CELL_IMDB), math.ceil(float(theirs.max()) / CELL_IMDB)
    columns = np.array([k * CELL_IMDB for k in range(ends[0], ends[1] + 1)], np.float64)
    rows = np.linspace(low, high, CELLS + 1)
    cells = np.histogram2d(ours, theirs, bins=(rows, columns))[0].astype(np.int64)
    ranks = [stats.rankdata(side) for side in (theirs, ours)]
    return Agreement(
        items=len(pairs),
        pearson=r,
        pearson_low=math.tanh(z - Z * se),
        pearson_high=math.tanh(z + Z * se),
        spearman=float(np.corrcoef(ranks[0], ranks[1])[0, 1]),
        imdb=tuple(columns.tolist()),
        means=tuple(np.round(rows, 6).tolist()),
        cells=tuple(tuple(row) for row in cells.tolist()),
    )
