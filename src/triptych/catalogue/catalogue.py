"""Catalogue: a folder that holds items, clips, interactions, features and spaces as one Lance database.

=================  =================================================
C/catalogue.json   what this folder is
C/writer.lock      held by the one writer
C/lance/           the tables
C/media/           clips that Triptych itself made or fetched
C/cache/           what others answered, so that they are not asked again
=================  =================================================
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pyarrow as pa

from triptych.catalogue.ids import fault_of_id
from triptych.catalogue.lock import WriterLock
from triptych.catalogue.records import Clip, Item
from triptych.catalogue.schema import CLIPS, ITEMS, LISTS
from triptych.catalogue.sources.source import Addition, Refusal, Source
from triptych.catalogue.tables import Tables, quote
from triptych.catalogue.tags import TAG_KEY, TAGS
from triptych.catalogue.users import USERS
from triptych.errors import (
    CatalogueError,
    CatalogueExists,
    CatalogueMissing,
    CatalogueUnwritable,
    SourceError,
    UnknownName,
)

#: 2: items have runtime, directors, countries, certificate, links and what another audience thought.
FORMAT = 2
MARK = "catalogue.json"

COMMITS = pa.schema(
    [
        pa.field("commit", pa.int64(), nullable=False),
        pa.field("at", pa.string()),
        pa.field("purpose", pa.string()),
        pa.field("versions", pa.string()),
    ]
)
#: Rows that are merged at a time.
_MERGED = 4 << 20
#: What a killed ``init`` may have left; the folder counts as empty all the same.
_DRAFT = f"{MARK}.tmp"


@dataclass(frozen=True, kw_only=True)
class Added:
    """What one ``add`` did to the catalogue.

    ``interactions``, ``users`` and ``tags`` count all that the source offered, known ones too: of the interactions
    ``interactions_new`` were not known, and ``interactions_changed`` took the place of an earlier one of the same
    user, item and kind. ``notes`` tell what was taken, but is worth knowing.
    """

    items_new: int = 0
    items_changed: int = 0
    items_same: int = 0
    clips_new: int = 0
    clips_changed: int = 0
    interactions: int = 0
    interactions_new: int = 0
    interactions_changed: int = 0
    users: int = 0
    tags: int = 0
    refused: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()
    unused_columns: tuple[str, ...] = ()


class Catalogue:
    """An opened catalogue. Reading needs no lock; writing happens inside ``with catalogue.writing("…")``."""

    def __init__(self, folder: Path, *, commit: int | None = None) -> None:
        self.folder = folder
        self.tables = Tables(folder / "lance")
        self._log = self.tables
        self._lock = WriterLock(folder / "writer.lock")
        if commit is not None:
            self.tables = Tables(folder / "lance", versions=self._versions_of(commit))

    # -- coming into being ---------------------------------------------------------------------------------

    @classmethod
    def init(cls, folder: Path | str) -> Catalogue:
        """Make an empty catalogue. The folder must not exist, or be empty."""
        folder = Path(folder)
        mark = {"format": FORMAT, "created": time.strftime("%Y-%m-%dT%H:%M:%S%z")}
        try:
            if os.path.lexists(folder / MARK):
                raise CatalogueExists(f"{str(folder)!r} is a catalogue already. Add to it, or give another folder.")
            if os.path.lexists(folder) and not _empty(folder):
                raise CatalogueExists(f"{str(folder)!r} exists and is not an empty folder. Give a new or empty one.")
            (folder / "lance").mkdir(parents=True, exist_ok=True)
            draft = folder / _DRAFT
            draft.write_text(json.dumps(mark) + "\n", encoding="utf-8")
            draft.replace(folder / MARK)
        except OSError as fault:
            raise CatalogueUnwritable(f"{str(folder)!r} cannot be made: {fault.strerror}.") from fault
        return cls(folder)

    @classmethod
    def open(cls, folder: Path | str, *, commit: int | None = None) -> Catalogue:
        """Open a catalogue as it is now, or as it was after one of its commits (read only, see :meth:`commits`)."""
        folder = Path(folder)
        try:
            mark: Any = json.loads((folder / MARK).read_text(encoding="utf-8"))
            found = mark["format"]
        except (FileNotFoundError, NotADirectoryError):
            raise CatalogueMissing(f"{str(folder)!r} is no catalogue. Make one: triptych init {folder}") from None
        except (OSError, ValueError, LookupError, TypeError, RecursionError) as fault:
            cause = fault.strerror if isinstance(fault, OSError) else "it does not hold what triptych init wrote there"
            raise CatalogueError(
                f"{str(folder / MARK)!r} cannot be read: {cause}. If the tables are whole, writing "
                f'{{"format": {FORMAT}}} into it mends it.'
            ) from fault
        if found != FORMAT:
            older = isinstance(found, int) and found < FORMAT
            cure = "Make a new catalogue and add its sources again" if older else "Update Triptych"
            raise CatalogueError(f"{str(folder)!r} has format {found!r}; this version reads format {FORMAT}. {cure}.")
        return cls(folder, commit=commit)

    # -- writing -------------------------------------------------------------------------------------------

    @contextmanager
    def writing(self, purpose: str) -> Generator[None]:
        """Hold the writer lock. The thread that holds it may enter again; the outermost keeps the lock.

        What changed inside is one commit, also when it ended early.
        """
        if not self.tables.writable:
            raise CatalogueError(
                "this catalogue was opened at an earlier commit and cannot be written to. Open it without one."
            )
        if self._lock.held:
            yield
            return
        self._lock.take(purpose)
        try:
            self.tables.sweep()
            self._record("what a killed writer left")
            try:
                yield
            except BaseException:
                # The cause goes on its way; on a full disk the commit is recorded by the next writer.
                with suppress(CatalogueUnwritable):
                    self._record(f"{purpose} (stopped)")
                raise
            try:
                self.tables.compact()
            finally:
                self._record(purpose)
        finally:
            self._lock.release()

    def add(self, source: Source) -> Added:
        """Upsert everything that a source offers. What cannot be taken is refused with its reason, the rest goes in.

        Sources complete one another: a field that a source leaves empty keeps what another one said.
        """
        with self.writing("add"):
            return self._add(source.read(self.folder))

    def remove(self, item_ids: Sequence[str]) -> None:
        """Remove items with their clips, features and places in spaces. Interactions stay: they happened."""
        with self.writing("remove"):
            known = set(self.item_ids())
            for item_id in item_ids:
                if item_id not in known:
                    raise UnknownName("item", item_id, known)
            # A kill may come between two tables. The ledger goes first, or it would tell of features that are gone;
            # the item goes last, so that the same removal can be asked for again.
            for name in sorted(self.tables.names(), key=lambda name: (name == "items", name != "ledger")):
                if name != "interactions" and "item_id" in self.tables.columns(name):
                    self.tables.delete(name, "item_id", list(item_ids))

    def _add(self, addition: Addition) -> Added:
        _check(addition)
        old_items = {item.item_id: item for item in self.items()}
        old_clips = {clip.item_id: clip for clip in self._stored_clips()}
        items = [
            _completed(item, old_items.get(item.item_id))
            for item in addition.items
            if not (item.item_id in addition.bare and item.item_id in old_items)
        ]
        fresh = [item for item in items if item.item_id not in old_items]
        changed = [item for item in items if item.item_id in old_items and old_items[item.item_id] != item]
        clips = self._placed(addition.clips)
        new_clips = [clip for clip in clips if clip.item_id not in old_clips]
        moved_clips = [clip for clip in clips if clip.item_id in old_clips and old_clips[clip.item_id] != clip]
        # Clips first: an item without its clip would be taken for one that has none.
        if new_clips or moved_clips or not self.tables.exists("clips"):
            self.tables.upsert("clips", _rows([*new_clips, *moved_clips], CLIPS), key="item_id")
        if fresh or changed or not self.tables.exists("items"):
            self.tables.upsert("items", _rows([*fresh, *changed], ITEMS), key="item_id")
        fresh_events, changed_events = self._add_interactions(addition.interactions)
        return Added(
            items_new=len(fresh),
            items_changed=len(changed),
            items_same=len(addition.items) - len(fresh) - len(changed),
            clips_new=len(new_clips),
            clips_changed=len(moved_clips),
            interactions=0 if addition.interactions is None else addition.interactions.num_rows,
            interactions_new=fresh_events,
            interactions_changed=changed_events,
            users=self._add_rows("users", addition.users, USERS, key="user_id"),
            tags=self._add_rows("tags", addition.tags, TAGS, key=TAG_KEY),
            notes=(*addition.notes, *self._noticed(addition.interactions, changed_events)),
            refused=addition.refused,
            unused_columns=addition.unused_columns,
        )

    def _add_interactions(self, offered: pa.Table | None) -> tuple[int, int]:
        """How many were new, and how many were known otherwise."""
        from triptych.catalogue.interactions import EVENT_KEY, INTERACTIONS, against, plain

        if offered is None:
            return 0, 0
        if not self.tables.count("interactions"):
            self.tables.replace("interactions", plain(offered))
            return offered.num_rows, 0
        # Merging looks for every row in the whole table; what is new need not be looked for again.
        fresh, changed = against(offered.select(INTERACTIONS.names), self.tables.batches("interactions"))
        # A merge holds all its rows, several times over. What a kill leaves undone, the same add does the next time.
        for k in range(0, changed.num_rows, _MERGED):
            self.tables.upsert("interactions", plain(changed.slice(k, _MERGED)), key=EVENT_KEY)
        if fresh.num_rows:
            self.tables.append("interactions", plain(fresh))
        return fresh.num_rows, changed.num_rows

    def _noticed(self, interactions: pa.Table | None, changed: int) -> list[str]:
        if interactions is None:
            return []
        from triptych.catalogue.notices import notices

        return notices(interactions, changed=changed, known=set(self.item_ids()))

    def _add_rows(self, name: str, rows: pa.Table | None, schema: pa.Schema, *, key: str | Sequence[str]) -> int:
        if rows is None:
            return 0
        rows = rows.select(schema.names).cast(schema)
        if rows.num_rows and not (self.tables.exists(name) and self.tables.read(name).equals(rows)):
            self.tables.upsert(name, rows, key=key)
        return rows.num_rows

    # -- reading -------------------------------------------------------------------------------------------

    def items(self, item_ids: Sequence[str] | None = None) -> list[Item]:
        """All items, or those with the given ids in the given order; an unknown id is an error."""
        if item_ids is None:
            return [_item(row) for row in self._read("items", ITEMS).to_pylist()]
        where = None
        if item_ids and len(item_ids) <= 50:  # beyond, reading all is quicker than asking for each
            where = f"item_id IN ({', '.join(quote(item_id) for item_id in item_ids)})"
        found = {row["item_id"]: row for row in self._read("items", ITEMS, where=where).to_pylist()}
        for item_id in item_ids:
            if item_id not in found:
                raise UnknownName("item", item_id, self.item_ids(), hint="List them: triptych items CATALOGUE")
        return [_item(found[item_id]) for item_id in item_ids]

    def item_ids(self) -> list[str]:
        return cast("list[str]", self._read("items", ITEMS, columns=["item_id"])["item_id"].to_pylist())

    def clips(self) -> list[Clip]:
        root = self.folder.absolute()
        return [replace(clip, path=str(root / clip.path)) for clip in self._stored_clips()]

    def interactions(self) -> pa.Table:
        """``user_id, item_id, value, timestamp, kind``: columns, never objects."""
        from triptych.catalogue.interactions import INTERACTIONS

        return self._read("interactions", INTERACTIONS)

    def users(self) -> pa.Table:
        """``user_id, age, gender, occupation, region`` of the users of whom a source told something."""
        return self._read("users", USERS)

    def tags(self) -> pa.Table:
        """``user_id, item_id, tag, timestamp``: words that users gave to items."""
        return self._read("tags", TAGS)

    def commits(self) -> list[dict[str, object]]:
        """What was done to this catalogue and when; each number can be given to ``Catalogue.open(…, commit=n)``."""
        if not self._log.exists("commits"):
            return []
        rows = self._log.read("commits").sort_by("commit").to_pylist()
        return [{**row, "versions": json.loads(row["versions"])} for row in rows]

    # -- within --------------------------------------------------------------------------------------------

    def _read(
        self, name: str, schema: pa.Schema, *, columns: Sequence[str] | None = None, where: str | None = None
    ) -> pa.Table:
        """A table that nothing was written into yet is empty."""
        if self.tables.exists(name):
            return self.tables.read(name, columns=columns, where=where)
        return schema.empty_table()

    def _record(self, purpose: str) -> None:
        """One row for the log, if anything changed since the last."""
        versions = {name: self.tables.version(name) for name in self.tables.names() if name != "commits"}
        log = self.commits()
        if versions == (log[-1]["versions"] if log else {}):
            return
        row = {
            "commit": [cast("int", log[-1]["commit"]) + 1 if log else 1],
            "at": [time.strftime("%Y-%m-%dT%H:%M:%S%z")],
            "purpose": [purpose],
            "versions": [json.dumps(versions)],
        }
        self.tables.append("commits", pa.table(row, schema=COMMITS))

    def _versions_of(self, commit: int) -> dict[str, int]:
        log = self.commits()
        for row in log:
            if row["commit"] == commit:
                return cast("dict[str, int]", row["versions"])
        have = f"they go from 1 to {len(log)}" if log else "there is none yet"
        raise CatalogueError(
            f"there is no commit {commit} in {str(self.folder)!r}; {have}: triptych info {self.folder}"
        )

    def _stored_clips(self) -> list[Clip]:
        return [Clip(**row) for row in self._read("clips", CLIPS).to_pylist()]

    def _placed(self, clips: Sequence[Clip]) -> list[Clip]:
        """As they are stored: relative to the catalogue where they lie within it, so that it can be moved."""
        root = os.path.realpath(self.folder)
        real: dict[str, str] = {}
        placed: list[Clip] = []
        for clip in clips:
            place, name = os.path.split(os.path.abspath(clip.path))
            if place not in real:
                real[place] = os.path.realpath(place)
            within = f"{real[place]}{os.sep}".startswith(f"{root}{os.sep}")
            path = Path(os.path.relpath(real[place], root) if within else place, name)
            placed.append(replace(clip, path=str(path)))
        return placed


def _empty(folder: Path) -> bool:
    """Whether ``init`` may take the folder. What an ``init`` that was killed left in it does not count."""
    if not folder.is_dir():
        return False
    names = {path.name for path in folder.iterdir()}
    return names <= {"lance", _DRAFT} and not ("lance" in names and any((folder / "lance").iterdir()))


def _check(addition: Addition) -> None:
    """What a source promises. A broken promise would be found much later, in a table that cannot be merged into."""
    for kind, ids in (
        ("item", [item.item_id for item in addition.items]),
        ("clip", [clip.item_id for clip in addition.clips]),
    ):
        for item_id, count in Counter(ids).items():
            if count > 1:
                raise SourceError(f"the source offers {count} {kind}s of the id {item_id!r}; it may offer one.")
            if fault := fault_of_id(item_id):
                raise SourceError(f"the source offers an {kind} whose id {item_id!r:.80} {fault}.")


def _rows(records: Sequence[Item] | Sequence[Clip], schema: pa.Schema) -> pa.Table:
    return pa.table({name: [getattr(record, name) for record in records] for name in schema.names}, schema=schema)


def _item(row: dict[str, Any]) -> Item:
    lists: dict[str, Any] = {name: tuple(row[name] or ()) for name in LISTS}
    return Item(**{**row, **lists})


def _completed(item: Item, old: Item | None) -> Item:
    """``item``, with what ``old`` knows where it says nothing itself."""
    if old is None:
        return item
    known = {name: value for name, value in vars(old).items() if getattr(item, name) in (None, "", ())}
    return replace(item, **known)
