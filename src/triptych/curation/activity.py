"""Activity: a catalogue's interactions as whole-number codes, counted by user, item, value and month.

Ids are looked up once. All that follows is sums over codes, so that twenty million rows take seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from triptych.curation.distributions import by_month

#: Where a rating begins to be positive on a scale of five stars, and what share of the way up that is.
POSITIVE, POSITIVE_SHARE = 3.5, 0.7
#: 2200-01-01 [s since 1970]: a later time was told in another unit than seconds.
LATEST_S = 7_258_118_400
#: A scale of more values than this is no scale of stars; it is cut into GROUPS equal parts.
SCALE = 40
GROUPS = 20


@dataclass(frozen=True, kw_only=True, eq=False)
class Activity:
    """Who did how much with what.

    Items are numbered as they were given to :func:`activity_of`; those that are not in the catalogue come after.

    user, item:       int32 ``(n,)``: the codes of every interaction.
    user_counts:      int64 ``(users,)``; item_counts: int64 ``(items + strays,)``: interactions of any kind.
    scale:            float64 ``(values,)``, ascending: the values that ratings have; if there are very many and
                      they are ``grouped``, the middles of equal parts.
    item_values:      int64 ``(items + strays, values)``: ratings of an item with a value.
    item_sums, item_positives: float64 ``(items + strays,)``: sum of the ratings, and how many are positive.
    user_ratings, user_sums, user_squares: float64 ``(users,)``: how many ratings, their sum, the sum of squares.
    months:           (``1998-03``, interactions) of those whose time is known.
    mistimed:         interactions whose time is no number of seconds since 1970, and so not known.
    positive:         where a rating begins to be positive; ``positive_assumed`` if nobody said so.
    """

    n: int
    items: int
    positive: float
    positive_assumed: bool
    kinds: Mapping[str, int]
    user: NDArray[np.int32]
    item: NDArray[np.int32]
    user_counts: NDArray[np.int64]
    item_counts: NDArray[np.int64]
    scale: NDArray[np.float64]
    grouped: bool
    item_values: NDArray[np.int64]
    item_sums: NDArray[np.float64]
    item_positives: NDArray[np.float64]
    user_ratings: NDArray[np.float64]
    user_sums: NDArray[np.float64]
    user_squares: NDArray[np.float64]
    timed: int
    first_s: int | None
    last_s: int | None
    mistimed: int
    months: tuple[tuple[str, int], ...]

    @property
    def item_ratings(self) -> NDArray[np.int64]:
        """int64 ``(items + strays,)``: how many ratings each item has."""
        return self.item_values.sum(axis=1)

    def pairs(self) -> int:
        """How many different pairs of a user and an item there are; one may hold several kinds."""
        cells = self.user.astype(np.int64) * len(self.item_counts) + self.item
        return len(pc.unique(pa.array(cells)))

    def users_of(self, kept: NDArray[np.bool_]) -> int:
        """How many users have an interaction with an item of the catalogue that is ``kept``, ``(items,)``."""
        wide = np.zeros(len(self.item_counts), bool)
        wide[: self.items] = kept
        return int(np.count_nonzero(np.bincount(self.user, weights=wide[self.item], minlength=len(self.user_counts))))


def activity_of(interactions: pa.Table, item_ids: Sequence[str], *, positive: float | None = None) -> Activity:
    """Of a table of INTERACTIONS and the catalogue's items, in the order in which they shall be numbered.

    Ratings of ``positive`` or more are positive ones; without it, see :func:`assumed_positive`.
    """
    users, user = _codes(interactions["user_id"])
    met, raw = _codes(interactions["item_id"])
    known = {item_id: k for k, item_id in enumerate(item_ids)}
    strays = 0
    places = np.empty(len(met), np.int32)
    for k, item_id in enumerate(met):
        place = known.get(item_id)
        if place is None:
            place = len(known) + strays
            strays += 1
        places[k] = place
    item = places[raw]
    everything = len(known) + strays
    names, kind = _codes(interactions["kind"])
    counted = np.bincount(kind, minlength=len(names)).tolist()
    value = interactions["value"].to_numpy().astype(np.float32, copy=False)
    rated = np.array([name == "rating" for name in names], bool)[kind] & np.isfinite(value)
    all_rated = bool(rated.all())
    rater, ratee, stars = (user, item, value) if all_rated else (user[rated], item[rated], value[rated])
    scale, step, grouped = _scale(stars)
    cells = ratee.astype(np.int64) * max(len(scale), 1) + step
    exact = stars.astype(np.float64)
    assumed = positive is None
    positive = assumed_positive(stars) if positive is None else positive
    liked = (exact >= positive - 1e-6).astype(np.float64)  # 3.3 as a float32 is a little less
    told: NDArray[np.int64] = pc.drop_null(interactions["timestamp"]).to_numpy().astype(np.int64, copy=False)
    times = told[told < LATEST_S]
    return Activity(
        n=len(user),
        items=len(known),
        positive=positive,
        positive_assumed=assumed,
        kinds=dict(sorted(zip(names, counted, strict=True), key=lambda pair: -pair[1])),
        user=user,
        item=item,
        user_counts=np.bincount(user, minlength=len(users)),
        item_counts=np.bincount(item, minlength=everything),
        scale=scale,
        grouped=grouped,
        item_values=np.bincount(cells, minlength=everything * len(scale)).reshape(everything, len(scale)),
        item_sums=_sums(ratee, exact, everything),
        item_positives=_sums(ratee, liked, everything),
        user_ratings=np.bincount(rater, minlength=len(users)).astype(np.float64),
        user_sums=_sums(rater, exact, len(users)),
        user_squares=_sums(rater, exact * exact, len(users)),
        timed=len(times),
        first_s=int(times.min()) if len(times) else None,
        last_s=int(times.max()) if len(times) else None,
        mistimed=len(told) - len(times),
        months=by_month(times),
    )


def assumed_positive(values: NDArray[np.float32]) -> float:
    """3.5 of five stars, and as far up any other scale: 7 of ten, 0.7 of one, 4 from −10 to 10.

    The scale is taken to begin at 0, or at the least value below it, and to end at the greatest value.

    >>> assumed_positive(np.array([1, 4], np.float32)), assumed_positive(np.array([1, 10], np.float32))
    (3.5, 7.0)
    """
    low, high = float(values.min(initial=0)), float(values.max(initial=0))
    if low == 0 and (1 < high <= 5 or not high):
        return POSITIVE
    return round(low + POSITIVE_SHARE * (high - low), 6)


def _sums(codes: NDArray[np.int32], weights: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    return np.bincount(codes, weights=weights, minlength=size).astype(np.float64, copy=False)


def _codes(column: pa.ChunkedArray[Any]) -> tuple[list[str], NDArray[np.int32]]:
    """The different texts in order of appearance, and int32 ``(n,)`` which of them each row holds."""
    different = pc.unique(column)
    codes = pc.index_in(column, value_set=different).to_numpy()
    return cast("list[str]", different.to_pylist()), codes.astype(np.int32, copy=False)


def _scale(values: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.int64], bool]:
    """The values of a scale, float64 ``(v,)``, int64 ``(n,)`` which of them each value is; whether grouped."""
    found: NDArray[np.float32] = np.sort(pc.unique(pa.array(values)).to_numpy(zero_copy_only=False))
    if len(found) <= SCALE:
        return np.round(found.astype(np.float64), 6), np.searchsorted(found, values).astype(np.int64), False
    low, high = float(found[0]), float(found[-1])
    width = (high - low) / GROUPS
    place = np.clip(((values.astype(np.float64) - low) / width).astype(np.int64), 0, GROUPS - 1)
    return (low + (np.arange(GROUPS) + 0.5) * width).astype(np.float64), place, True
