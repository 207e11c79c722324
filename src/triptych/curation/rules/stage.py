"""Stage: what is left of a catalogue when a rule's turn comes; and removal: what the rule takes out of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from triptych.catalogue.records import Item
from triptych.curation.rules.facts import Facts
from triptych.curation.selection import EventFilter


@dataclass(frozen=True, kw_only=True, eq=False)
class Stage:
    """``items``, ``users``: bool ``[n]``, which are left; items are counted as in ``facts.items``.

    ``events``: the interactions left, as columns ``item, user`` (int32, places in ``items`` and ``users``),
    ``value``, ``timestamp`` and ``kind``, an enumeration that begins with the kinds there can be.
    """

    facts: Facts
    items: NDArray[np.bool_]
    users: NDArray[np.bool_]
    events: pl.DataFrame
    user_ids: Sequence[str]

    def left(self) -> Iterator[Item]:
        """The items that are left, in the catalogue's order."""
        for item, kept in zip(self.facts.items, self.items.tolist(), strict=True):
            if kept:
                yield item

    def per_item(self) -> NDArray[np.int64]:
        """How many interactions each item has left, int64 ``[items]``."""
        return np.bincount(self.events["item"].to_numpy(), minlength=len(self.items))

    def per_user(self) -> NDArray[np.int64]:
        """How many interactions each user has left, int64 ``[users]``."""
        return np.bincount(self.events["user"].to_numpy(), minlength=len(self.users))

    def item_keys(self) -> NDArray[np.uint64]:
        """A number for each item that is the same whatever else is in the catalogue, for drawing at random."""
        return _keys(item.item_id for item in self.facts.items)

    def user_keys(self) -> NDArray[np.uint64]:
        return _keys(self.user_ids)


def _keys(ids: Iterable[str]) -> NDArray[np.uint64]:
    digests = b"".join(hashlib.blake2b(one.encode(), digest_size=8).digest() for one in ids)
    return np.frombuffer(digests, "<u8").astype(np.uint64)


@dataclass(frozen=True, kw_only=True, eq=False)
class Removal:
    """What one rule takes out of a stage.

    ``items``: item id → (what is wrong with all of its kind, what is wrong with this one). ``users``: bool
    ``[users]``, those who go, for the one ``user_reason``. Interactions go with their item and their user;
    beyond that those that do not pass ``filter``, and those of ``events``, bool ``[interactions left]``.
    ``unknown``: how many of the items left could not be judged.
    """

    items: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    users: NDArray[np.bool_] | None = None
    user_reason: str = ""
    filter: EventFilter | None = None
    events: NDArray[np.bool_] | None = None
    unknown: int = 0


class Rule(Protocol):
    """A frozen dataclass whose fields are the settings; ``use`` is its name in a rulebook."""

    use: ClassVar[str]

    @property
    def title(self) -> str:
        """What is left once it was applied, for the table of stages."""
        ...

    @property
    def issue(self) -> str:
        """What is wrong with what it removes, for the table of issues."""
        ...

    def judge(self, stage: Stage) -> Removal: ...
