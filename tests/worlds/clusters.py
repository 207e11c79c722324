"""Clusters: a world in which each panel alone is wrong about some items, and all together are right about all."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from triptych.features.feature import Feature
from triptych.features.recipe import PANELS, Recipe

#: The middles of the four groups stand as far from one another as four can: the corners of a tetrahedron.
CORNERS = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], np.float64)
#: Of each group the first three items are told rightly by every panel; of the next three, each panel misplaces one.
SIZE = 6
ITEMS = tuple(f"{group}{k}" for group in "pqrs" for k in range(SIZE))
RECIPES = {panel: Recipe(panel=panel, name="cluster") for panel in PANELS}
#: Unlike panels: how wide, in what unit, and where its zero is.
WIDTHS = {"seeing": 12, "hearing": 3, "reading": 40}
UNITS = {"seeing": (1000.0, 5e4), "hearing": (1e-3, 0.0), "reading": (1.0, -2.0)}


def group_of(item_id: str) -> str:
    return item_id[0]


def misplaced(panel: str) -> set[str]:
    """The items that a panel takes for members of the next group."""
    return {item_id for item_id in ITEMS if int(item_id[1:]) == 3 + PANELS.index(panel)}


def features() -> Mapping[str, dict[str, Feature]]:
    """For each panel the vectors of all items: the middle of the group that it takes them for, and a little noise."""
    rng = np.random.default_rng(0)
    found: dict[str, dict[str, Feature]] = {}
    for panel in PANELS:
        turned, _ = np.linalg.qr(rng.standard_normal((WIDTHS[panel], 3)))
        middles = CORNERS @ turned.T
        unit, zero = UNITS[panel]
        found[panel] = {}
        for k, item_id in enumerate(ITEMS):
            group = (k // SIZE + (item_id in misplaced(panel))) % len(CORNERS)
            values = middles[group] + 0.05 * rng.standard_normal(WIDTHS[panel])
            found[panel][item_id] = Feature(values=(zero + unit * values).astype(np.float32))
    return found
