"""Neighbourhood: which other items stand at the same nodes of the graph."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from triptych.catalogue.records import Item
from triptych.errors import UnknownName
from triptych.features.reading.graph import Triple, metadata_triples


@dataclass(frozen=True, kw_only=True)
class Shared:
    """Another item, and what the two share: ``nodes`` as ``"relation label"``, the rarest first.

    ``score``: Σ over the shared nodes of log(items in all / items at the node), so that a director weighs more than a
    genre, and what all items have weighs nothing.
    """

    item_id: str
    title: str
    score: float
    nodes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Neighbourhood:
    """One item's metadata triples, how many items stand at each one's tail, and the nearest items."""

    triples: tuple[Triple, ...]
    items_at: tuple[int, ...]
    nearest: tuple[Shared, ...]


def neighbourhood(items: Sequence[Item], item_id: str, *, n: int = 10) -> Neighbourhood:
    """What shares nodes with an item, by metadata alone: words of plots are at too many. The best ``n``."""
    at: dict[str, list[str]] = defaultdict(list)
    own: dict[str, str] = {}
    triples: tuple[Triple, ...] | None = None
    titles: dict[str, str] = {}
    for item in items:
        titles[item.item_id] = item.title
        told = metadata_triples(item)
        for key in {triple.tail.key for triple in told}:
            at[key].append(item.item_id)
        if item.item_id == item_id:
            triples = told
    if triples is None:
        raise UnknownName("item", item_id, titles, hint="List them: triptych items CATALOGUE")
    for triple in triples:
        own.setdefault(triple.tail.key, f"{triple.relation} {triple.tail.label}")
    scores: dict[str, float] = defaultdict(float)
    shared: dict[str, list[str]] = defaultdict(list)
    for key in sorted(own, key=lambda key: (len(at[key]), key)):
        for other in at[key]:
            if other != item_id:
                scores[other] += log(len(titles) / len(at[key]))
                shared[other].append(own[key])
    best = sorted(scores, key=lambda other: (-scores[other], other))[:n]
    nearest = tuple(
        Shared(item_id=other, title=titles[other], score=scores[other], nodes=tuple(shared[other])) for other in best
    )
    return Neighbourhood(
        triples=triples, items_at=tuple(len(at[triple.tail.key]) for triple in triples), nearest=nearest
    )
