"""Groups: items that belong together, of what kind, by what name, and why; kept in the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import pyarrow as pa

from triptych.catalogue.tables import Tables
from triptych.errors import UnknownName, UsageError

Kind = Literal["content", "title", "franchise"]
KINDS: tuple[Kind, ...] = get_args(Kind)
TABLE = "groups"
GROUPS = pa.schema(
    [
        pa.field("kind", pa.string(), nullable=False),
        pa.field("name", pa.string()),
        pa.field("item_ids", pa.list_(pa.string())),
        pa.field("evidence", pa.list_(pa.string())),
    ]
)


@dataclass(frozen=True, kw_only=True)
class Group:
    """Two or more items. ``evidence`` has a sentence for every link, so that each can be looked at."""

    kind: Kind
    item_ids: tuple[str, ...]
    name: str = ""
    evidence: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UnknownName("kind of group", self.kind, KINDS)
        if len(self.item_ids) < 2 or len(set(self.item_ids)) < len(self.item_ids):
            raise UsageError(f"a group has two items or more, each once; {self.item_ids!r} was given.")


class Groups:
    """The groups of one catalogue. Write inside ``with catalogue.writing("…")``."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def write(self, kind: Kind, groups: Iterable[Group]) -> None:
        """Put these in place of all groups of that kind, in one commit; the other kinds stay."""
        fresh = list(groups)
        for group in fresh:
            if group.kind != kind:
                raise UsageError(f"a group of kind {group.kind!r} was to be written among those of kind {kind!r}.")
        if kind not in KINDS:
            raise UnknownName("kind of group", kind, KINDS)
        rows = [row for row in self._rows() if row["kind"] != kind]
        rows += [
            {"kind": kind, "name": group.name, "item_ids": list(group.item_ids), "evidence": list(group.evidence)}
            for group in fresh
        ]
        self._tables.replace(TABLE, pa.Table.from_pylist(rows, schema=GROUPS))

    def read(self, kind: Kind | None = None) -> tuple[Group, ...]:
        """The groups of one kind, or of all. Items that left the catalogue since are left out of theirs."""
        if kind is not None and kind not in KINDS:
            raise UnknownName("kind of group", kind, KINDS)
        here = self._items()
        found: list[Group] = []
        for row in self._rows():
            if kind is not None and row["kind"] != kind:
                continue
            item_ids = tuple(item_id for item_id in row["item_ids"] if here is None or item_id in here)
            if len(item_ids) > 1:
                evidence = tuple(row["evidence"] or ())
                found.append(Group(kind=row["kind"], name=row["name"] or "", item_ids=item_ids, evidence=evidence))
        return tuple(found)

    def _rows(self) -> list[dict[str, Any]]:
        return self._tables.read(TABLE).to_pylist() if self._tables.exists(TABLE) else []

    def _items(self) -> set[str] | None:
        if not self._tables.exists("items"):
            return None
        rows: list[Any] = self._tables.read("items", columns=["item_id"])["item_id"].to_pylist()
        return set(rows)


def components(links: Iterable[tuple[str, str]]) -> list[tuple[str, ...]]:
    """Items that hang together by links, each component sorted, and they among themselves.

    >>> components([("b", "a"), ("c", "b"), ("x", "y")])
    [('a', 'b', 'c'), ('x', 'y')]
    """
    parent: dict[str, str] = {}

    def root(item_id: str) -> str:
        parent.setdefault(item_id, item_id)
        while parent[item_id] != item_id:
            parent[item_id] = parent[parent[item_id]]
            item_id = parent[item_id]
        return item_id

    for one, other in links:
        low, high = sorted((root(one), root(other)))
        parent[high] = low
    held: dict[str, list[str]] = {}
    for item_id in sorted(parent):
        held.setdefault(root(item_id), []).append(item_id)
    return [tuple(members) for members in held.values()]


def by_item(groups: Sequence[Group]) -> dict[str, tuple[Group, ...]]:
    """Item id → the groups it stands in."""
    held: dict[str, tuple[Group, ...]] = {}
    for group in groups:
        for item_id in group.item_ids:
            held[item_id] = (*held.get(item_id, ()), group)
    return held
