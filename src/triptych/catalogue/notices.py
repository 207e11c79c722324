"""Notices: what of the interactions that were taken may be a mistake all the same, and is worth being told."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pyarrow as pa

from triptych.catalogue.interactions import codes

#: The year 2200 [s since 1970]. A time of milliseconds is beyond it from March 1970 on.
_BEYOND_S = 7_258_118_400


def notices(interactions: pa.Table, *, changed: int, known: Collection[str]) -> list[str]:
    """Sentences without their full stop. ``changed`` rows were known otherwise; ``known`` are the ids of items."""
    return [*_replaced(changed), *_late(interactions["timestamp"]), *_strays(interactions["item_id"], known)]


def _replaced(changed: int) -> list[str]:
    if not changed:
        return []
    return [f"{changed:,} interactions take the place of earlier ones of the same user, item and kind"]


def _late(timestamps: Any) -> list[str]:
    times = [chunk.fill_null(-1).to_numpy(zero_copy_only=False) for chunk in timestamps.cast(pa.int64()).chunks]
    count = sum(int((part >= _BEYOND_S).sum()) for part in times)
    if not count:
        return []
    latest = max(int(part.max()) for part in times if len(part))
    said = f"{count:,} interactions have a time beyond the year 2200, up to {latest}"
    return [f"{said}; they are kept, but times are seconds since 1970, and these may be milliseconds"]


def _strays(item_ids: Any, known: Collection[str]) -> list[str]:
    """Interactions may come before their items."""
    numbers, names = codes(item_ids)
    counts = np.bincount(numbers, minlength=len(names))
    strange = {name: int(count) for name, count in zip(names, counts, strict=True) if count and name not in known}
    if not strange:
        return []
    note = f"{sum(strange.values()):,} interactions are with {len(strange):,} items that are not in the catalogue"
    return [f"{note}, such as {next(iter(strange))!r}; they are kept, and count when the items come"]
