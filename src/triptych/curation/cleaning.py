"""Cleaning: a rulebook applied to a catalogue, which gives a selection and deletes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.interactions import KINDS
from triptych.curation.probes import ClipFacts, probe
from triptych.curation.rulebook import Entry, Rulebook
from triptych.curation.rules.facts import Facts
from triptych.curation.rules.stage import Removal, Stage
from triptych.curation.selection import (
    EVENTS,
    EXAMPLES,
    REMOVED_USERS,
    START,
    EventFilter,
    Selection,
    Selections,
    Step,
    valid_name,
)

#: The step that leaves out interactions with items that the catalogue does not hold (yet).
STRANGERS = "strangers"


def clean(
    catalogue: Catalogue,
    rulebook: Rulebook,
    *,
    name: str = "default",
    write: bool = True,
    workers: int = 2,
    progress: Callable[[int, int, str], None] | None = None,
) -> Selection:
    """Apply the rules in their order and write what they keep as the selection ``name``.

    Items, clips and interactions stay as they are. Where a rule asks what is in the clips' files, those that were not
    looked at yet are, by ``workers`` threads; ``progress`` is told (clips done, clips to do, the last one's id).
    Without ``write`` nothing at all is written.
    """
    valid_name(name)
    if not write:
        return _cleaned(
            catalogue, rulebook, name, lambda: probe(catalogue, workers=workers, keep=False, progress=progress)
        )
    with catalogue.writing("clean"):
        selection = _cleaned(catalogue, rulebook, name, lambda: probe(catalogue, workers=workers, progress=progress))
        Selections(catalogue.tables).write(selection)
    return selection


def _cleaned(
    catalogue: Catalogue, rulebook: Rulebook, name: str, look: Callable[[], dict[str, ClipFacts]]
) -> Selection:
    facts = Facts(catalogue, look=look)
    run = _Run(facts, catalogue.interactions())
    for entry in rulebook.entries:
        run.apply(entry)
    return run.selection(name, rulebook.to_toml())


@dataclass(frozen=True, kw_only=True)
class _Counts:
    items: int
    users: int
    interactions: int

    @classmethod
    def of(cls, stage: Stage) -> _Counts:
        return cls(items=int(stage.items.sum()), users=int(stage.users.sum()), interactions=stage.events.height)


class _Run:
    """The rules so far: what is left, who went at which step, and the account of it."""

    def __init__(self, facts: Facts, interactions: pa.Table) -> None:
        items = np.ones(len(facts.items), bool)
        events, user_ids = _encoded(interactions, facts)
        self._user_ids: list[str] = user_ids
        users = np.ones(len(user_ids), bool)
        whole = Stage(facts=facts, items=items, users=users, events=events, user_ids=user_ids)
        counts = _Counts.of(whole)
        self._stage = whole
        self._removed: dict[str, tuple[str, str]] = {}
        self._went = np.zeros(len(user_ids), np.int16)  # the number of the step at which a user went
        self._filters: list[EventFilter] = []
        self._drawn = False
        self._steps = [
            Step(
                rule=START,
                title="In the catalogue",
                items_removed=0,
                items_left=counts.items,
                users_removed=0,
                users_left=counts.users,
                interactions_removed=0,
                interactions_left=counts.interactions,
            )
        ]
        if (events["item"] < 0).any():
            known = events.filter(pl.col("item") >= 0)
            acting = np.bincount(known["user"].to_numpy(), minlength=len(users)) > 0
            left = replace(whole, events=known, users=acting)
            self._take(STRANGERS, "With items of the catalogue", "Items not in the catalogue", left, ~users)
        self._start = self._stage

    def apply(self, entry: Entry) -> None:
        removal = _spared(entry.rule.judge(self._stage), entry, self._stage)
        left, users_gone = _without(self._stage, removal)
        alone = left if self._stage is self._start else _alone(entry, self._start)
        self._filters += [removal.filter] if removal.filter is not None else []
        self._drawn |= removal.events is not None
        for item_id, (_, reason) in removal.items.items():
            self._removed[item_id] = (entry.name, reason)
        self._take(entry.name, entry.title, entry.issue, left, users_gone, removal=removal, alone=alone)

    def selection(self, name: str, rules: str) -> Selection:
        stage = self._stage
        users = pl.DataFrame(
            {"user_id": pl.Series(self._user_ids, dtype=pl.String), "rule": [self._steps[k].rule for k in self._went]},
            schema={"user_id": pl.String, "rule": pl.String},
        ).with_columns(kept=pl.Series(stage.users))
        gone = users.filter(~pl.col("kept")).select("user_id", "rule")
        kept = users.filter("kept")["user_id"]
        drawn: pa.Table | None = None
        if self._drawn:
            items = pl.Series([item.item_id for item in stage.facts.items], dtype=pl.String)
            events = stage.events.select(
                user_id=users["user_id"].gather(stage.events["user"]),
                item_id=items.gather(stage.events["item"]),
                kind=pl.col("kind").cast(pl.String),
            )
            drawn = events.to_arrow().cast(EVENTS)
        return Selection(
            name=name,
            rules=rules,
            steps=tuple(self._steps),
            item_ids=tuple(item.item_id for item in stage.left()),
            removed=self._removed,
            user_ids=pa.array(kept.to_list(), pa.string()) if gone.height else None,
            removed_users=gone.to_arrow().cast(REMOVED_USERS),
            filters=tuple(self._filters),
            events=drawn,
        )

    def _take(
        self,
        rule: str,
        title: str,
        issue: str,
        left: Stage,
        users_gone: NDArray[np.bool_],
        *,
        removal: Removal | None = None,
        alone: Stage | None = None,
    ) -> None:
        before, after = _Counts.of(self._stage), _Counts.of(left)
        most, least = _Counts.of(self._start) if alone is not None else before, _Counts.of(alone or left)
        self._went[self._stage.users & ~left.users] = len(self._steps)
        reasons = Counter(kind for kind, _ in removal.items.values()) if removal is not None else Counter[str]()
        self._steps.append(
            Step(
                rule=rule,
                title=title,
                issue=issue,
                items_removed=before.items - after.items,
                items_left=after.items,
                users_removed=before.users - after.users,
                users_left=after.users,
                interactions_removed=before.interactions - after.interactions,
                interactions_left=after.interactions,
                examples=self._examples(removal, left, users_gone),
                reasons=tuple(sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))),
                items_unknown=removal.unknown if removal is not None else 0,
                items_alone=most.items - least.items,
                users_alone=most.users - least.users,
                interactions_alone=most.interactions - least.interactions,
            )
        )
        self._stage = left

    def _examples(
        self, removal: Removal | None, left: Stage, users_gone: NDArray[np.bool_]
    ) -> tuple[tuple[str, str], ...]:
        if removal is not None and removal.items:
            return tuple((item_id, reason) for item_id, (_, reason) in list(removal.items.items())[:EXAMPLES])
        places: list[int] = np.flatnonzero(self._stage.users & ~left.users)[:EXAMPLES].tolist()
        why = removal.user_reason if removal is not None else ""
        other = "none of their interactions is left"
        return tuple((self._user_ids[place], why if users_gone[place] else other) for place in places)


def _spared(removal: Removal, entry: Entry, stage: Stage) -> Removal:
    """Only items that are left, and none that the rulebook spares."""
    places, spare = stage.facts.places, set(entry.spare)
    items = {
        item_id: why
        for item_id, why in removal.items.items()
        if item_id not in spare and item_id in places and stage.items[places[item_id]]
    }
    return replace(removal, items=items)


def _without(stage: Stage, removal: Removal) -> tuple[Stage, NDArray[np.bool_]]:
    """The stage after a removal, and which users went by name and not for want of interactions."""
    items = stage.items.copy()
    items[[stage.facts.places[item_id] for item_id in removal.items]] = False
    named = stage.users & removal.users if removal.users is not None else np.zeros(len(stage.users), bool)
    users = stage.users & ~named
    keep = items[stage.events["item"].to_numpy()] & users[stage.events["user"].to_numpy()]
    if removal.events is not None:
        keep &= ~removal.events
    if removal.filter is not None:
        keep &= stage.events.select(removal.filter.passes().alias("passes"))["passes"].to_numpy()
    events = stage.events if keep.all() else stage.events.filter(pl.Series(keep))
    users &= np.bincount(events["user"].to_numpy(), minlength=len(users)) > 0
    return replace(stage, items=items, users=users, events=events), named


def _alone(entry: Entry, start: Stage) -> Stage:
    """What the rule would have left of the whole catalogue."""
    return _without(start, _spared(entry.rule.judge(start), entry, start))[0]


def _encoded(interactions: pa.Table, facts: Facts) -> tuple[pl.DataFrame, list[str]]:
    """Interactions with places in place of ids (item −1: not in the catalogue), and the ids of the users, sorted."""
    user, user_ids = _codes(interactions["user_id"])
    rank = np.argsort(np.argsort(np.array(user_ids, object), kind="stable"), kind="stable").astype(np.int32)
    item, item_ids = _codes(interactions["item_id"])
    places = np.array([facts.places.get(item_id, -1) for item_id in item_ids], np.int32)
    rest = pl.DataFrame(interactions.select(["value", "timestamp", "kind"]))
    other: set[str] = set(rest["kind"].unique()) - set(KINDS)
    events = rest.select(
        item=pl.Series(places[item], dtype=pl.Int32),
        user=pl.Series(rank[user], dtype=pl.Int32),
        value="value",
        timestamp="timestamp",
        kind=pl.col("kind").cast(pl.Enum([*KINDS, *sorted(other)])),
    )
    return events, sorted(user_ids)


def _codes(column: pa.ChunkedArray[Any]) -> tuple[NDArray[np.int32], list[str]]:
    """The column as places in the list of what is in it."""
    encoded: Any = column.dictionary_encode().combine_chunks()
    return encoded.indices.to_numpy(zero_copy_only=False).astype(np.int32, copy=False), encoded.dictionary.to_pylist()
