"""Of a hybrid: why an item is recommended to a taste, by the parts of its score and by what the user had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from triptych.catalogue.records import Item
from triptych.errors import UsageError
from triptych.explain.alike import Alike
from triptych.explain.reason import Explanation, Named, Reason, Spoken, Whom, Witness
from triptych.models.parts import Evidence, Parts
from triptych.programme.arranged import Placed

I64 = npt.NDArray[np.int64]
#: Witnesses of which it is found what they have in common with the item; the others are told with their value.
COMPARED = 3


class Explaining(Protocol):
    """A fitted hybrid, as far as explanations look into it."""

    @property
    def item_ids(self) -> tuple[str, ...]: ...
    def parts(self, taste: Any, items: I64, *, features: bool = False) -> Parts: ...
    def evidence(self, taste: Any, items: I64) -> Evidence: ...


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known besides the model. ``items``: by id. ``when``: item id → the day on which the user had it.
    ``weights``: item id → what it counts in the taste, below 0 for what was disliked; 1 where it is not told.
    ``ratings``: item id → how many were learned from. ``doubts``: item id → the standard deviation of a popularity that
    was foretold. ``rarity``: see :class:`triptych.explain.alike.Alike`."""

    items: Mapping[str, Item] = field(default_factory=dict[str, Item])
    when: Mapping[str, str] = field(default_factory=dict[str, str])
    weights: Mapping[str, float] = field(default_factory=dict[str, float])
    ratings: Mapping[str, int] | None = None
    doubts: Mapping[str, float] | None = None
    rarity: Mapping[str, int] | None = None


def of_hybrid(
    fitted: Explaining,
    taste: Any,
    items: Sequence[int],
    *,
    whom: Whom,
    known: Known,
    placed: Sequence[Placed] | None = None,
    evidence: bool = True,
) -> tuple[Explanation, ...]:
    """Why each of ``items`` (places) is recommended to one taste, in their order.

    Content is told by features, or by panels where they are too many, which the notes then say. ``placed``: its place
    in the list, for each; the model's score there is held against the parts. ``evidence``: False
    where only the parts are asked for, which is quicker.
    """
    asked, places = np.array(items, np.int64), list(items)
    notes: tuple[str, ...] = ()
    try:
        parts = fitted.parts(taste, asked, features=True)
    except UsageError as fault:  # of very many features it takes too long to tell them apart
        parts, notes = fitted.parts(taste, asked), (f"Panels are not split into their features: {fault}",)
    held = fitted.evidence(taste, asked) if evidence else None
    return tuple(
        of_parts(
            parts,
            k,
            item_id=fitted.item_ids[place],
            whom=whom,
            known=known,
            placed=None if placed is None else placed[k],
            spoken=None if held is None else witnessed(held, k, fitted.item_ids, place, known),
            notes=notes,
        )
        for k, place in enumerate(places)
    )


def of_parts(
    parts: Parts,
    row: int,
    *,
    item_id: str,
    whom: Whom,
    known: Known,
    placed: Placed | None = None,
    spoken: Spoken | None = None,
    notes: tuple[str, ...] = (),
) -> Explanation:
    """Of one row of parts, however they came about. A part that is 0 says nothing, and is left out."""
    values: list[float] = parts.values[row].tolist()
    return Explanation(
        item=Named.of(item_id, known.items),
        whom=whom,
        base=float(parts.values[row].sum()),
        reasons=tuple(
            Reason(name=name, group=group, value=value)
            for name, group, value in zip(parts.names, parts.groups, values, strict=True)
            if value
        ),
        spoken=spoken,
        placed=placed,
        ratings=None if known.ratings is None else known.ratings.get(item_id, 0),
        doubt=None if known.doubts is None else known.doubts.get(item_id),
        notes=notes,
    )


def witnessed(
    evidence: Evidence, row: int, item_ids: Sequence[str], place: int, known: Known, *, of: str = ""
) -> Spoken:
    """What each item of the history adds to row ``row``, the largest first. ``place``: of the item explained."""
    item = known.items.get(item_ids[place])
    values = evidence.values[row]
    order: list[int] = np.argsort(-values, kind="stable").tolist()
    witnesses: list[Witness] = []
    for rank, k in enumerate(order):
        witness_id = item_ids[int(evidence.history[k])]
        other = known.items.get(witness_id) if rank < COMPARED else None
        witnesses.append(
            Witness(
                item=Named.of(witness_id, known.items),
                value=float(values[k]),
                weight=known.weights.get(witness_id, 1.0),
                when=known.when.get(witness_id, ""),
                alike=Alike() if item is None or other is None else Alike.of(item, other, rarity=known.rarity),
            )
        )
    return Spoken(witnesses=tuple(witnesses), rest=float(evidence.rest[row]), of=of)
