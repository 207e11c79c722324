"""Judged: a small catalogue with a feature of each panel and ratings, where it is known which panel matters.

Users like the taste that is written of an item; what is seen follows it a little, what is heard does not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.worlds.holdings import holdings
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Item
from triptych.features.feature import Feature
from triptych.features.recipe import Recipe
from triptych.features.store import FeatureStore

READ, SEEN, HEARD = (
    Recipe(panel="reading", name="taste"),
    Recipe(panel="seeing", name="look"),
    Recipe(panel="hearing", name="sound"),
)
#: Tastes that items and users are of.
KINDS = 4


def judged(folder: Path, *, items: int = 40, users: int = 60, seed: int = 0, silent: Sequence[int] = ()) -> Catalogue:
    """Items ``i00`` …, users ``u00`` …; each user rates half the items. ``silent``: items without a heard feature."""
    rng = np.random.default_rng(seed)
    kind = np.arange(items) % KINDS
    loves = np.arange(users) % KINDS
    records = [
        Item(item_id=f"i{k:02d}", title=f"Film {k}", genres=("Drama" if kind[k] < 2 else "Comedy",))
        for k in range(items)
    ]
    events: list[tuple[Any, ...]] = []
    for user in range(users):
        for item in np.sort(rng.choice(items, items // 2, replace=False)).tolist():
            liked = kind[item] == loves[user]
            value = float(rng.choice([4, 5] if liked else [1, 2, 3, 4], p=None if liked else [0.3, 0.3, 0.3, 0.1]))
            events.append((f"u{user:02d}", f"i{item:02d}", value, 1_000_000 + 100 * user + item, "rating"))
    made = holdings(folder, *records, events=events)
    store = FeatureStore(made.tables)
    with made.writing("measure"):
        for recipe, strength, width in ((READ, 3.0, 6), (SEEN, 1.0, 8), (HEARD, 0.0, 8)):
            centre = strength * rng.normal(size=(KINDS, width))
            values = (centre[kind] + rng.normal(size=(items, width))).astype(np.float32)
            features = {
                record.item_id: Feature.missing("no sound")
                if recipe is HEARD and k in silent
                else Feature(values=values[k])
                for k, record in enumerate(records)
            }
            store.write(recipe, features)
    return made
