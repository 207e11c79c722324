"""Cases: the items nearest to some that everybody knows, to be looked at by people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.errors import UnknownName, UsageError
from triptych.spaces.blocks import Blocks
from triptych.spaces.space import Space

#: Those that are read, and those of which it is told which of them are there.
LENGTHS = (5, 200)


@dataclass(frozen=True, kw_only=True)
class Near:
    """``item_id`` at ``rank``, from 1 on; ``score``: a cosine, or a distance with its sign turned."""

    item_id: str
    rank: int
    score: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Cases:
    """``lists[name]``: the items nearest to a named one, best first, as many as the largest of ``lengths``. ``items``:
    of how many they were chosen, the named one apart."""

    metric: str
    lengths: tuple[int, ...]
    items: int
    lists: Mapping[str, tuple[Near, ...]]

    def top(self, name: str, n: int) -> tuple[Near, ...]:
        """The first n."""
        if name not in self.lists:
            raise UnknownName("case", name, self.lists)
        return self.lists[name][:n]

    def ranks(self, name: str, wanted: Iterable[str]) -> dict[str, int | None]:
        """At which rank each wanted item stands; None where it is not in the list."""
        found = {one.item_id: one.rank for one in self.top(name, max(self.lengths))}
        return {item_id: found.get(item_id) for item_id in wanted}

    @property
    def told(self) -> dict[str, Any]:
        """As JSON has it: for each name and length the ids and scores."""
        return {
            "metric": self.metric,
            "items": self.items,
            "cases": {
                name: {str(n): [[one.item_id, one.score] for one in near[:n]] for n in self.lengths}
                for name, near in self.lists.items()
            },
        }


def cases(
    vectors: npt.NDArray[np.floating],
    item_ids: Sequence[str],
    named: Sequence[str],
    *,
    n: Sequence[int] = LENGTHS,
    metric: str = "cosine",
    mask: npt.NDArray[np.bool_] | None = None,
) -> Cases:
    """Of ``vectors`` ``[items, d]``, those that are true in ``mask`` ``[items]``; equal scores keep the order of ids
    given. ``named``: ids to look at. ``metric``: cosine or euclidean. (Toy Story and Fight Club, the first 5 and what
    is notable among 200: the study ``seeing-hearing-reading``, §6.6 of its thesis.)
    """
    if not n or min(n) < 1:
        raise UsageError(f"lists of {list(n)} were asked for; ask for 1 item or more.")
    has = np.ones(len(item_ids), bool) if mask is None else mask
    if not len(vectors) == len(item_ids) == len(has):
        raise UsageError(f"{len(vectors)} vectors and a mask of {len(has)} were given for {len(item_ids)} items.")
    places = np.flatnonzero(has)
    ids = tuple(item_ids[int(k)] for k in places)
    bare = set(item_ids) - set(ids)
    if without := [one for one in named if one in bare]:
        raise UsageError(f"{without[0]!r} has no vector to find others by; name items that have content.")
    values = np.ascontiguousarray(vectors[places], np.float32)
    blocks = Blocks(panels=("learned",), values=(values,), mask=np.ones((len(ids), 1), bool))
    space = Space(name="learned", item_ids=ids, blocks=blocks, recipe="")
    ranking = space.similar(list(dict.fromkeys(named)), n=max(n), metric=metric)
    lists = {
        name: tuple(Near(item_id=one.item_id, rank=one.rank, score=one.score) for one in near) for name, near in ranking
    }
    return Cases(metric=metric, lengths=tuple(n), items=len(ids) - 1, lists=lists)


def shared(one: Cases, other: Cases, n: int = max(LENGTHS)) -> dict[str, dict[str, float]]:
    """For each name of both, of the first ``n`` of two embeddings: ``shared``, the share of items in common, of the
    shorter list; and ``by_chance``, what two lists drawn at random from as many items would have in common."""
    found: dict[str, dict[str, float]] = {}
    for name in one.lists:
        if name not in other.lists:
            continue
        a, b = ({near.item_id for near in side.top(name, n)} for side in (one, other))
        shorter, longer = sorted((len(a), len(b)))
        found[name] = {
            "shared": len(a & b) / max(shorter, 1),
            "by_chance": min(longer / max(min(one.items, other.items), 1), 1.0),
        }
    return found
