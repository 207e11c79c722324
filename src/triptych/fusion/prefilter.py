"""Prefilter: which columns hardly vary, and which say what an earlier one says. It looks at no target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

from triptych.fusion.normalise import varies
from triptych.fusion.step import F32, Mask

F64 = npt.NDArray[np.float64]

#: Columns that are worked on together: some tens of megabytes for 14,000 rows.
WIDTH = 256
#: The ends of a column's scale, in per cent of its rows: what lies beyond counts as the end.
ENDS = (1.0, 99.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class Held:
    """One feature of the items that are learned from: ``values`` float32 ``[n, d]``, ``mask`` bool ``[n]``."""

    title: str
    values: F32
    mask: Mask


@dataclass(frozen=True, kw_only=True)
class Twin:
    """The column that another one follows: where its feature stands, which column of it, and Pearson's r."""

    feature: int
    column: int
    r: float


def spreads(rows: F32) -> F64:
    """float64 ``[d]``: the variance of each column of ``[n, d]``, on a scale that leads from 0 to 1.

    Every column has variance 1 once it is z-scored, and before that its variance is in squares of its own unit: a
    threshold on either would say nothing. So the scale is the column's own, from its 1st to its 99th percentile, and
    what lies beyond is put at the ends: scaled by least and greatest, one outlier among ordinary rows would make them
    all look constant. A normal column has about .045, an even one .09, one that is 1 in a share p of the rows
    p (1 − p): under 0.01 is what sets apart about one row in a hundred, or none. Where the percentiles
    are one value the ends are the least and the greatest.
    """
    found = np.zeros(rows.shape[1])
    for start in range(0, rows.shape[1], WIDTH):
        block = rows[:, start : start + WIDTH].astype(np.float64)
        low, high = cast("list[F64]", list(np.percentile(block, ENDS, axis=0)))
        one = low == high
        low, high = np.where(one, block.min(axis=0), low), np.where(one, block.max(axis=0), high)
        spread = np.clip((block - low) / np.where(high > low, high - low, 1), 0, 1).var(axis=0)
        found[start : start + WIDTH] = np.where(varies(block.mean(axis=0), block.std(axis=0)), spread, 0)
    return found


def twins(features: Sequence[Held], taken: Sequence[Mask], *, limit: float, fewest: int) -> list[dict[int, Twin]]:
    """For each feature, the columns that follow an earlier one that is kept: |r| above ``limit``.

    Columns are met feature by feature, in order, and those ``taken`` alone. One that follows none that was kept
    before it is kept; one that was dropped drops none in turn, so that of a chain of columns no end is lost. r is taken
    over the rows that have both; of fewer than ``fewest`` such rows nothing is concluded.
    """
    found: list[dict[int, Twin]] = [{} for _ in features]
    for f, feature in enumerate(features):
        candidates = np.flatnonzero(taken[f])
        own = _unit(feature.values[feature.mask][:, candidates])
        free = np.ones(len(candidates), bool)
        for g in range(f):
            other = features[g]
            kept = np.array([k for k in np.flatnonzero(taken[g]).tolist() if k not in found[g]], np.int64)
            both = other.mask & feature.mask
            if len(kept) == 0 or both.sum() < fewest:
                continue
            theirs = _unit(other.values[both][:, kept])
            whole = bool((both == feature.mask).all())
            for start in range(0, len(candidates), WIDTH):
                part = np.arange(start, min(start + WIDTH, len(candidates)))
                part = part[free[part]]
                ours = own[:, part] if whole else _unit(feature.values[both][:, candidates[part]])
                _mark(theirs.T @ ours, kept, candidates[part], g, limit, found[f])
                free[part] = [int(k) not in found[f] for k in candidates[part]]
        for start in range(0, len(candidates), WIDTH):
            end = min(start + WIDTH, len(candidates))
            part = np.arange(start, end)[free[start:end]]
            before = np.flatnonzero(free[:start])
            _mark(own[:, before].T @ own[:, part], candidates[before], candidates[part], f, limit, found[f])
            free[part] = [int(k) not in found[f] for k in candidates[part]]
            part = part[free[part]]
            r = own[:, part].T @ own[:, part]
            for k, column in enumerate(part.tolist()):
                if not free[column]:
                    continue
                for follower in (k + 1 + np.flatnonzero(np.abs(r[k, k + 1 :]) > limit)).tolist():
                    if free[part[follower]]:
                        free[part[follower]] = False
                        twin = Twin(feature=f, column=int(candidates[column]), r=float(r[k, follower]))
                        found[f][int(candidates[part[follower]])] = twin
    return found


def _mark(
    r: F32,
    earlier: npt.NDArray[np.int64],
    later: npt.NDArray[np.int64],
    feature: int,
    limit: float,
    found: dict[int, Twin],
) -> None:
    """Note for each later column the first of the earlier ones that it follows; ``r`` is ``[earlier, later]``."""
    if r.size == 0:
        return
    beyond = np.abs(r) > limit
    first = beyond.argmax(axis=0)
    for k in np.flatnonzero(beyond.any(axis=0)).tolist():
        found[int(later[k])] = Twin(feature=feature, column=int(earlier[first[k]]), r=float(r[first[k], k]))


def _unit(rows: F32) -> F32:
    """Columns less their mean, of length 1: their dot products are Pearson's r. One that does not vary becomes 0."""
    unit = np.empty(rows.shape, np.float32)
    for start in range(0, rows.shape[1], WIDTH):
        block = rows[:, start : start + WIDTH].astype(np.float64)
        mean, std = block.mean(axis=0), block.std(axis=0)
        length = np.where(varies(mean, std), std * np.sqrt(max(len(block), 1)), np.inf)
        unit[:, start : start + WIDTH] = (block - mean) / length
    return unit
