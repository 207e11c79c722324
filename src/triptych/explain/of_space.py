"""Of a space: why an item is listed with another one, by the shares of a cosine."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from triptych.catalogue.records import Item
from triptych.errors import UnknownName, UsageError
from triptych.explain.alike import Alike
from triptych.explain.names import group_name
from triptych.explain.reason import Explanation, Named, Reason, Whom
from triptych.fusion.contributions import contributions
from triptych.spaces.score import exact
from triptych.spaces.space import Space


def of_space(
    space: Space,
    item_id: str,
    other_id: str,
    *,
    items: Mapping[str, Item],
    weights: Mapping[str, float] | None = None,
    rarity: Mapping[str, int] | None = None,
) -> Explanation:
    """Why ``other_id`` is as near to ``item_id`` as the space says: the item explained is the other one.

    The score is that of :meth:`triptych.spaces.space.Space.similar`, and its parts are those of
    :func:`triptych.fusion.contributions.contributions`: exact, feature by feature. A feature that one of the two lacks
    adds nothing, and a panel of which they share none is named in the notes. ``weights``: panel → weight, as the
    search had them. ``items``: what is known of both. ``rarity``: see :class:`triptych.explain.alike.Alike`.
    """
    if item_id == other_id:
        raise UsageError(f"{item_id!r} was held against itself, and is as like it as can be. Give another item.")
    counted = _counted(space, weights)
    query, row = (space.blocks.rows(np.array([_place(space, one)], np.int64)) for one in (item_id, other_id))
    shared = query.mask[0] & row.mask[0]
    w = np.array([counted[panel] for panel in space.blocks.panels])
    first = np.zeros(1, np.int64)
    score = float(exact("cosine", query, first, row, first, w)[0]) if (shared & (w > 0)).any() else 0.0
    shares = contributions(query, row, np.zeros((1, 1), np.int64), weights=counted)[0, 0]
    parts = zip(space.blocks.names, space.blocks.panels, shares.tolist(), shared.tolist(), strict=True)
    reasons = [
        Reason(name=name, group=panel, value=value) for name, panel, value, both in parts if both and counted[panel]
    ]
    one, other = Named.of(item_id, items), Named.of(other_id, items)
    return Explanation(
        item=other,
        whom=Whom(item=one),
        base=score,
        reasons=tuple(reasons),
        alike=_alike(items.get(other_id), items.get(item_id), rarity),
        notes=_notes(space, query.mask[0], row.mask[0], (one, other), counted),
    )


def _place(space: Space, item_id: str) -> int:
    try:
        return space.item_ids.index(item_id)
    except ValueError:
        raise UnknownName(
            "item", item_id, space.item_ids, hint=f"If it is new, measure it and run triptych fuse ({space.name!r})"
        ) from None


def _counted(space: Space, weights: Mapping[str, float] | None) -> dict[str, float]:
    """Panel → weight, as a search has them."""
    if weights is None:
        return dict.fromkeys(space.panels, 1.0)
    for panel, weight in weights.items():
        if panel not in space.panels:
            raise UnknownName("panel", panel, space.panels)
        if not (np.isfinite(weight) and weight >= 0):
            raise UsageError(f"the weight of {panel} is {weight}; a weight is 0 or above.")
    counted = {panel: float(weights.get(panel, 0.0)) for panel in space.panels}
    if not any(counted.values()):
        raise UsageError("all weights are 0; give at least one panel a weight above 0.")
    return counted


def _alike(item: Item | None, other: Item | None, rarity: Mapping[str, int] | None) -> Alike:
    return Alike() if item is None or other is None else Alike.of(item, other, rarity=rarity)


def _notes(
    space: Space, left: np.ndarray, right: np.ndarray, pair: tuple[Named, Named], weights: Mapping[str, float]
) -> tuple[str, ...]:
    notes: list[str] = []
    panels = np.array(space.blocks.panels)
    for panel in space.panels:
        own = panels == panel
        if not weights[panel] or (left & right & own).any():
            continue
        lacking = [named.name for named, mask in zip(pair, (left, right), strict=True) if not (mask & own).any()]
        what = group_name(panel)
        whose = f"of {' and '.join(lacking)} nothing of it is known" if lacking else "they share no feature of it"
        notes.append(f"{what[:1].upper()}{what[1:]} is not compared: {whose}.")
    return tuple(notes)
