"""Selection: which items, users and interactions of a catalogue are kept, by which rules, and what each rule cost.

A selection is written beside the catalogue's tables and changes none of them. Three tables, their names beginning
with ``selection.NAME.``:

================  ===========================================================================================
``.users``        user_id, kept, rule: those who acted, if any of them was removed
``.interactions`` user_id, item_id, kind of what is kept, if a rule drew among the interactions
``.items``        item_id, kept, rule, reason; in its metadata the rules as TOML, the steps, the filters
================  ===========================================================================================
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from triptych.catalogue.interactions import EVENT_KEY
from triptych.catalogue.tables import Tables
from triptych.errors import CatalogueError, UnknownName, UsageError

PREFIX = "selection."
#: A step shows so many of what it removed.
EXAMPLES = 12
#: The name of the first step, which removes nothing: the catalogue as it was.
START = "catalogue"

#: A name becomes part of a table's name, on every file system.
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_ITEMS = pa.schema(
    [
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("kept", pa.bool_()),
        pa.field("rule", pa.string()),
        pa.field("reason", pa.string()),
    ]
)
_USERS = pa.schema(
    [
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("kept", pa.bool_()),
        pa.field("rule", pa.string()),
    ]
)
REMOVED_USERS = pa.schema([pa.field("user_id", pa.string(), nullable=False), pa.field("rule", pa.string())])
#: ``user_id, item_id, kind``: what tells an interaction apart.
EVENTS = pa.schema([pa.field(name, pa.string(), nullable=False) for name in EVENT_KEY])


@dataclass(frozen=True, kw_only=True)
class Step:
    """What one rule removed, and what it left. The first step of a selection is the catalogue as it was.

    A user is left as long as an interaction of theirs is; an item needs none. ``examples``: (id, reason), at most
    12, of items, or of users where no item went. ``reasons``: (what was wrong, items), the most frequent first.
    ``…_alone``: what the rule would have removed from the whole catalogue, had it been the only one.
    ``items_unknown``: those that it could not judge; they are kept, or counted as removed, as the rule says.
    ``issue`` says what is wrong with what was removed, ``title`` what is left.
    """

    rule: str
    title: str
    items_removed: int
    items_left: int
    users_removed: int
    users_left: int
    interactions_removed: int
    interactions_left: int
    examples: tuple[tuple[str, str], ...] = ()
    issue: str = ""
    reasons: tuple[tuple[str, int], ...] = ()
    items_unknown: int = 0
    items_alone: int = 0
    users_alone: int = 0
    interactions_alone: int = 0


@dataclass(frozen=True, kw_only=True)
class EventFilter:
    """Which interactions pass, each looked at by itself.

    ``kinds``: empty for all. ``min_value``, ``max_value``: of the interactions of any kind; ``scale``: of ratings
    alone. ``from_s``, ``to_s`` [s since 1970]: from … inclusive, to … exclusive; ``timeless``: whether an interaction
    without a time passes them.
    """

    kinds: tuple[str, ...] = ()
    min_value: float | None = None
    max_value: float | None = None
    scale: tuple[float, float] | None = None
    from_s: int | None = None
    to_s: int | None = None
    timeless: bool = True

    def passes(self) -> pl.Expr:
        """Over the columns ``value, timestamp, kind``."""
        value, timestamp, kind = pl.col("value"), pl.col("timestamp"), pl.col("kind")
        tests: list[pl.Expr] = []
        if self.kinds:
            tests.append(kind.is_in(list(self.kinds)))
        if self.min_value is not None:
            tests.append(value >= self.min_value)
        if self.max_value is not None:
            tests.append(value <= self.max_value)
        if self.scale is not None:
            tests.append((kind != "rating") | value.is_between(*self.scale))
        if self.from_s is not None:
            tests.append((timestamp >= self.from_s).fill_null(self.timeless))
        if self.to_s is not None:
            tests.append((timestamp < self.to_s).fill_null(self.timeless))
        return pl.all_horizontal(*tests, pl.lit(True)).fill_null(False)


@dataclass(frozen=True, kw_only=True, eq=False)
class Selection:
    """What is kept of a catalogue, and what became of the rest.

    ``rules``: the TOML text as applied, every setting written out. ``item_ids``: kept, in the catalogue's order;
    ``removed``: item id → (rule, reason). ``user_ids``: kept, or None for all there are; ``removed_users``: table of
    ``user_id, rule``. ``filters`` and ``events`` tell which interactions of kept users with kept items are kept:
    those that pass all filters and, if ``events`` is given, are among them.

    An item that came into the catalogue later is in neither ``item_ids`` nor ``removed``: it was not judged.
    """

    name: str
    rules: str
    steps: tuple[Step, ...]
    item_ids: tuple[str, ...]
    removed: Mapping[str, tuple[str, str]]
    user_ids: pa.Array[Any] | None = None
    removed_users: pa.Table = field(default_factory=REMOVED_USERS.empty_table)
    filters: tuple[EventFilter, ...] = ()
    events: pa.Table | None = None

    def interactions(self, interactions: pa.Table) -> pa.Table:
        """Those of ``interactions`` (columns as the catalogue has them) that are kept, in their order."""
        keep = pc.is_in(interactions["item_id"], value_set=pa.array(self.item_ids, pa.string()))
        if self.user_ids is not None:
            keep = pc.and_(keep, pc.is_in(interactions["user_id"], value_set=self.user_ids))
        kept = interactions.filter(keep)
        if self.filters:
            frame = pl.DataFrame(kept.select(["value", "timestamp", "kind"]))
            passes = frame.select(pl.all_horizontal(*(one.passes() for one in self.filters)).alias("passes"))
            kept = kept.filter(pa.array(passes["passes"].to_numpy()))
        if self.events is not None:
            offered = pl.DataFrame(kept.select(list(EVENT_KEY))).with_row_index("row")
            drawn = pl.DataFrame(self.events)
            rows = offered.join(drawn, on=list(EVENT_KEY), how="semi")["row"].sort()
            kept = kept.take(pa.array(rows.to_numpy(), pa.uint32()))
        return kept


class Selections:
    """The selections of one catalogue, by name."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def names(self) -> list[str]:
        found = (name.removeprefix(PREFIX) for name in self._tables.names() if name.startswith(PREFIX))
        return sorted(name.removesuffix(".items") for name in found if name.endswith(".items"))

    def write(self, selection: Selection) -> None:
        """Put it in place of the one of the same name. One that is there just so is not written again."""
        name = valid_name(selection.name)
        told = {
            "rules": selection.rules,
            "steps": json.dumps([asdict(step) for step in selection.steps], ensure_ascii=False),
            "filters": json.dumps([asdict(one) for one in selection.filters]),
            "users": "all" if selection.user_ids is None else "some",
            "interactions": "filtered" if selection.events is None else "drawn",
        }
        items, users = _items(selection), _users(selection)
        told["seal"] = _seal(told, items, users, selection.events)
        if self._tables.exists(f"{PREFIX}{name}.items") and self._metadata(name, "items").get("seal") == told["seal"]:
            return
        # The items go last: with them the selection is whole. The seal tells parts of two writings apart.
        seal = {"seal": told["seal"]}
        if users is not None:
            self._tables.replace(f"{PREFIX}{name}.users", users.replace_schema_metadata(seal))
        if selection.events is not None:
            events = selection.events.select(EVENTS.names).cast(EVENTS)
            self._tables.replace(f"{PREFIX}{name}.interactions", events.replace_schema_metadata(seal))
        self._tables.replace(f"{PREFIX}{name}.items", items.replace_schema_metadata(told))

    def read(self, name: str) -> Selection:
        if name not in (names := self.names()):
            raise UnknownName("selection", name, names, hint="Make one: triptych clean CATALOGUE RULES --name NAME")
        told = self._metadata(name, "items")
        items = self._tables.read(f"{PREFIX}{name}.items").to_pydict()
        kept: list[str] = []
        removed: dict[str, tuple[str, str]] = {}
        columns = (items["item_id"], items["kept"], items["rule"], items["reason"])
        for item_id, keep, rule, reason in zip(*columns, strict=True):
            if keep:
                kept.append(item_id)
            else:
                removed[item_id] = (rule, reason)
        user_ids: pa.Array[Any] | None = None
        gone: dict[str, pa.Table] = {}
        if told["users"] == "some":
            users = self._part(name, "users", told["seal"])
            user_ids = pa.array(users.filter(users["kept"])["user_id"].to_pylist(), pa.string())
            gone["removed_users"] = users.filter(pc.invert(users["kept"])).select(["user_id", "rule"])
        drawn = told["interactions"] == "drawn"
        return Selection(
            name=name,
            rules=told["rules"],
            steps=tuple(_step(step) for step in json.loads(told["steps"])),
            item_ids=tuple(kept),
            removed=removed,
            user_ids=user_ids,
            filters=tuple(_filter(one) for one in json.loads(told["filters"])),
            events=self._part(name, "interactions", told["seal"]) if drawn else None,
            **gone,
        )

    def _part(self, name: str, part: str, seal: str) -> pa.Table:
        table = f"{PREFIX}{name}.{part}"
        if not self._tables.exists(table) or self._metadata(name, part).get("seal") != seal:
            raise CatalogueError(
                f"the selection {name!r} was being replaced when its writer was stopped. Run triptych clean again."
            )
        return self._tables.read(table)

    def _metadata(self, name: str, part: str) -> dict[str, str]:
        return self._tables.metadata(f"{PREFIX}{name}.{part}")


def valid_name(name: str) -> str:
    """``name``, if a selection can be called so."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"a selection cannot be called {name!r}; use lower-case letters, digits, - and _, at most 64.")
    return name


def _items(selection: Selection) -> pa.Table:
    count, gone = len(selection.item_ids), list(selection.removed.items())
    rows: dict[str, Sequence[object]] = {
        "item_id": [*selection.item_ids, *(item_id for item_id, _ in gone)],
        "kept": [True] * count + [False] * len(gone),
        "rule": [""] * count + [rule for _, (rule, _) in gone],
        "reason": [""] * count + [reason for _, (_, reason) in gone],
    }
    return pa.table(rows, schema=_ITEMS)


def _users(selection: Selection) -> pa.Table | None:
    if selection.user_ids is None:
        return None
    kept = pl.DataFrame({"user_id": pl.Series(selection.user_ids)}).with_columns(kept=pl.lit(True), rule=pl.lit(""))
    gone = pl.DataFrame(selection.removed_users).with_columns(kept=pl.lit(False))
    return pl.concat([kept, gone.select(kept.columns)]).to_arrow().cast(_USERS)


def _seal(told: Mapping[str, str], *parts: pa.Table | None) -> str:
    """A digest of all that is written, by which parts of two writings are told apart."""
    digest = hashlib.blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=12)
    for part in parts:
        if part is not None:
            digest.update(str(part.schema.names).encode())
            digest.update(pl.DataFrame(part).hash_rows(seed=0).to_numpy().tobytes())
    return digest.hexdigest()


def _step(told: dict[str, Any]) -> Step:
    pairs: dict[str, Any] = {name: tuple((one, two) for one, two in told[name]) for name in ("examples", "reasons")}
    settings: dict[str, Any] = {**told, **pairs}
    return Step(**settings)


def _filter(told: dict[str, Any]) -> EventFilter:
    scale: list[float] | None = told["scale"]
    settings: dict[str, Any] = {**told, "kinds": tuple(told["kinds"]), "scale": tuple(scale) if scale else None}
    return EventFilter(**settings)
