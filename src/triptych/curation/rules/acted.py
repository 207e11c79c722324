"""Acted: rules on interactions: which count, how many an item and a user must have, and which are drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from triptych.catalogue.interactions import KINDS
from triptych.curation.core import core
from triptych.curation.rules.settings import MOMENT
from triptych.curation.rules.stage import Removal, Stage
from triptych.curation.selection import EventFilter
from triptych.errors import UnknownName, UsageError

U64 = NDArray[np.uint64]


@dataclass(frozen=True, kw_only=True)
class Interactions:
    """Interactions that do not count: of other ``kinds``, below ``min_value`` or above ``max_value``, ratings outside
    ``scale``, before ``from`` or not before ``to``. ``unknown``: what becomes of those without a time.
    """

    use: ClassVar[str] = "interactions"

    kinds: tuple[str, ...] = ()
    min_value: float | None = None
    max_value: float | None = None
    scale: tuple[float, float] | None = None
    from_: int | None = field(default=None, metadata=MOMENT)
    to: int | None = field(default=None, metadata=MOMENT)
    unknown: Literal["keep", "remove"] = "keep"

    def __post_init__(self) -> None:
        for kind in self.kinds:
            if kind not in KINDS:
                raise UnknownName("kind of interaction", kind, KINDS)
        bounds = {"min_value … max_value": (self.min_value, self.max_value), "scale": self.scale or (None, None)}
        for what, (low, high) in {**bounds, "from … to": (self.from_, self.to)}.items():
            if low is not None and high is not None and low > high:
                raise UsageError(f"{what} is {low:g} to {high:g}; nothing is in between.")
        if self.filter == EventFilter(timeless=self.unknown == "keep"):
            raise UsageError("it asks for nothing; it needs kinds, min_value, max_value, scale, from or to.")

    @property
    def filter(self) -> EventFilter:
        return EventFilter(
            kinds=self.kinds,
            min_value=self.min_value,
            max_value=self.max_value,
            scale=self.scale,
            from_s=self.from_,
            to_s=self.to,
            timeless=self.unknown == "keep",
        )

    @property
    def title(self) -> str:
        return "Interactions that count"

    @property
    def issue(self) -> str:
        return "Interactions that do not count"

    def judge(self, stage: Stage) -> Removal:
        return Removal(filter=self.filter)


@dataclass(frozen=True, kw_only=True)
class Core:
    """Every user left has at least ``min_per_user`` interactions with items left, and every item ``min_per_item`` with
    users left. The greatest such part is kept (:func:`triptych.curation.core.core`). With ``min_per_item`` 0 items
    that nobody acted on stay.
    """

    use: ClassVar[str] = "core"

    min_per_user: int = 0
    min_per_item: int = 0

    def __post_init__(self) -> None:
        if self.min_per_user < 0 or self.min_per_item < 0:
            raise UsageError("min_per_user and min_per_item are counts, 0 or more.")
        if not (self.min_per_user or self.min_per_item):
            raise UsageError("it needs min_per_user, or min_per_item, or both.")

    @property
    def title(self) -> str:
        parts = {"user": self.min_per_user, "item": self.min_per_item}
        return "At least " + " and ".join(f"{count} per {what}" for what, count in parts.items() if count)

    @property
    def issue(self) -> str:
        return "Too few interactions"

    def judge(self, stage: Stage) -> Removal:
        found = core(
            stage.events["user"].to_numpy(),
            stage.events["item"].to_numpy(),
            users=stage.users,
            items=stage.items,
            min_per_user=self.min_per_user,
            min_per_item=self.min_per_item,
        )
        gone: dict[str, tuple[str, str]] = {}
        for place in np.flatnonzero(stage.items & ~found.items).tolist():
            reason = f"{found.item_counts[place]} interactions were left of it, fewer than {self.min_per_item}"
            gone[stage.facts.items[place].item_id] = (self.issue, reason)
        why = f"fewer than {self.min_per_user} interactions were left of them"
        return Removal(items=gone, users=stage.users & ~found.users, user_reason=why)


@dataclass(frozen=True, kw_only=True)
class Top:
    """The ``items`` and the ``users`` with the most interactions; of equals the first, by item in the catalogue, by id.

    ``count_users``: before the items are cut, over all that is left, or after, with the items that are kept alone.
    """

    use: ClassVar[str] = "top"

    items: int | None = None
    users: int | None = None
    count_users: Literal["before", "after"] = "before"

    def __post_init__(self) -> None:
        if self.items is None and self.users is None:
            raise UsageError("it needs items, or users, or both.")
        if min(self.items or 1, self.users or 1) < 1 or 0 in (self.items, self.users):
            raise UsageError("items and users are counts, 1 or more.")

    @property
    def title(self) -> str:
        parts = {"items": self.items, "users": self.users}
        return "The top " + " × ".join(f"{count:,} {what}" for what, count in parts.items() if count)

    @property
    def issue(self) -> str:
        return "Less popular"

    def judge(self, stage: Stage) -> Removal:
        gone: dict[str, tuple[str, str]] = {}
        kept = stage.items
        counts = stage.per_item()
        if self.items is not None:
            kept = _most(counts, stage.items, self.items)
            for place in np.flatnonzero(stage.items & ~kept).tolist():
                item_id = stage.facts.items[place].item_id
                gone[item_id] = (self.issue, f"{counts[place]:,} interactions; not among the top {self.items:,}")
        if self.users is None:
            return Removal(items=gone)
        acted = stage.events["user"].to_numpy()
        if self.count_users == "after":
            acted = acted[kept[stage.events["item"].to_numpy()]]
        chosen = _most(np.bincount(acted, minlength=len(stage.users)), stage.users, self.users)
        why = f"not among the {self.users:,} users with the most interactions"
        return Removal(items=gone, users=stage.users & ~chosen, user_reason=why)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """At most ``per_user`` interactions of each user, drawn at random; before that, ``items`` and ``users`` drawn.

    ``seed`` decides. What is drawn of one user depends on nothing but the seed and the ids of what there is of them:
    neither the order of the rows nor what others did changes it.
    """

    use: ClassVar[str] = "sample"

    per_user: int | None = None
    items: int | None = None
    users: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        given = [count for count in (self.per_user, self.items, self.users) if count is not None]
        if not given:
            raise UsageError("it needs per_user, or items, or users.")
        if min(given) < 1:
            raise UsageError("per_user, items and users are counts, 1 or more.")
        if not 0 <= self.seed < 2**63:
            raise UsageError(f"seed is {self.seed}; it is a whole number from 0 to 2⁶³ − 1.")

    @property
    def title(self) -> str:
        parts = {"items": self.items, "users": self.users, "interactions per user": self.per_user}
        return "A sample of " + ", ".join(f"{count:,} {what}" for what, count in parts.items() if count)

    @property
    def issue(self) -> str:
        return "Not drawn"

    def judge(self, stage: Stage) -> Removal:
        items, users = stage.items, stage.users
        gone: dict[str, tuple[str, str]] = {}
        if self.items is not None:
            items = _drawn(stage.item_keys(), stage.items, self.items, seed=self.seed)
            ids = (stage.facts.items[place].item_id for place in np.flatnonzero(stage.items & ~items).tolist())
            gone = dict.fromkeys(ids, (self.issue, f"it is not among the {self.items:,} that were drawn"))
        if self.users is not None:
            users = _drawn(stage.user_keys(), stage.users, self.users, seed=self.seed)
        removal = Removal(items=gone, users=stage.users & ~users, user_reason="not drawn")
        if self.per_user is None:
            return removal
        user, item = stage.events["user"].to_numpy(), stage.events["item"].to_numpy()
        rows = np.flatnonzero(users[user] & items[item])
        user, item = user[rows], item[rows]
        kind = stage.events["kind"].to_physical().to_numpy()[rows].astype(np.uint64)
        key = _mixed(_mixed(stage.user_keys()[user], self.seed) ^ stage.item_keys()[item], self.seed)
        key = _mixed(key ^ kind, self.seed)
        # One number to sort by: the user in front, then as much of the key as there is room for.
        bits = np.uint64(len(users).bit_length())
        order = np.argsort((user.astype(np.uint64) << (np.uint64(64) - bits)) | (key >> bits), kind="stable")
        per_user = np.bincount(user, minlength=len(users))
        first = np.cumsum(per_user) - per_user
        surplus = np.zeros(stage.events.height, bool)
        surplus[rows[order]] = np.arange(len(order)) - first[user[order]] >= self.per_user
        return Removal(items=gone, users=removal.users, user_reason="not drawn", events=surplus)


def _most(counts: NDArray[np.int64], left: NDArray[np.bool_], most: int) -> NDArray[np.bool_]:
    """Those of ``left`` with the highest counts, at most ``most``; of equals those that come first."""
    places = np.flatnonzero(left)
    best = places[np.argsort(-counts[places], kind="stable")[:most]]
    kept = np.zeros(len(left), bool)
    kept[best] = True
    return kept


def _drawn(keys: U64, left: NDArray[np.bool_], most: int, *, seed: int) -> NDArray[np.bool_]:
    places = np.flatnonzero(left)
    kept = np.zeros(len(left), bool)
    kept[places[np.argsort(_mixed(keys[places], seed), kind="stable")[:most]]] = True
    return kept


def _mixed(keys: U64, seed: int) -> U64:
    """Each key scattered over all 64 bits, otherwise for each seed: SplitMix64's finaliser (Steele et al. 2014)."""
    mixed = keys + np.uint64((0x9E3779B97F4A7C15 * (seed + 1)) % 2**64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
