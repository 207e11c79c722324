"""Catalogue: a folder that holds items, clips, interactions, features and spaces as one Lance database.

    C/catalogue.json   what this folder is
    C/writer.lock      held by the one writer
    C/lance/           the tables
    C/media/           clips that Triptych itself made or fetched
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from triptych.catalogue.lock import WriterLock
from triptych.catalogue.records import Clip, Item
from triptych.catalogue.sources.source import Addition, Refusal, Source
from triptych.catalogue.tables import Tables, quote
from triptych.errors import CatalogueError, CatalogueExists, CatalogueMissing, CatalogueUnwritable, UnknownName

FORMAT = 1
MARK = "catalogue.json"

ITEMS = pa.schema(
    [
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("title", pa.string()),
        pa.field("year", pa.int32()),
        pa.field("genres", pa.list_(pa.string())),
        pa.field("plot", pa.string()),
        pa.field("people", pa.list_(pa.string())),
        pa.field("languages", pa.list_(pa.string())),
        pa.field("released_at", pa.string()),
    ]
)
CLIPS = pa.schema(
    [
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("path", pa.string()),
        pa.field("bytes", pa.int64()),
        pa.field("fingerprint", pa.string()),
    ]
)
COMMITS = pa.schema(
    [
        pa.field("commit", pa.int64(), nullable=False),
        pa.field("at", pa.string()),
        pa.field("purpose", pa.string()),
        pa.field("versions", pa.string()),
    ]
)
#: An event is told apart by these; of two of the same the later in the source stands.
EVENT_KEY = ("user_id", "item_id", "kind")


@dataclass(frozen=True, kw_only=True)
class Added:
    """What one ``add`` did to the catalogue."""

    items_new: int = 0
    items_changed: int = 0
    items_same: int = 0
    clips_new: int = 0
    clips_changed: int = 0
    interactions: int = 0
    refused: tuple[Refusal, ...] = ()
    unused_columns: tuple[str, ...] = ()


class Catalogue:
    """An opened catalogue. Reading needs no lock; writing happens inside ``with catalogue.writing("…")``."""

    def __init__(self, folder: Path, *, commit: int | None = None) -> None:
        self.folder = folder
        self.tables = Tables(folder / "lance")
        self._lock = WriterLock(folder / "writer.lock")
        self._versions: dict[str, int] | None = None
        if commit is not None:
            self._versions = self._versions_of(commit)

    # -- coming into being ---------------------------------------------------------------------------------

    @classmethod
    def init(cls, folder: Path | str) -> Catalogue:
        """Make an empty catalogue. The folder must not exist, or be empty."""
        folder = Path(folder)
        if (folder / MARK).exists():
            raise CatalogueExists(f"{str(folder)!r} is a catalogue already. Add to it, or give another folder.")
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise CatalogueExists(f"{str(folder)!r} exists and is not an empty folder. Give a new or empty one.")
        mark = {"format": FORMAT, "created": time.strftime("%Y-%m-%dT%H:%M:%S%z")}
        try:
            (folder / "lance").mkdir(parents=True, exist_ok=True)
            draft = folder / f"{MARK}.tmp"
            draft.write_text(json.dumps(mark) + "\n")
            os.replace(draft, folder / MARK)
        except OSError as fault:
            raise CatalogueUnwritable(f"{str(folder)!r} cannot be made: {fault.strerror}.") from fault
        return cls(folder)

    @classmethod
    def open(cls, folder: Path | str, *, commit: int | None = None) -> Catalogue:
        """Open a catalogue as it is now, or as it was after one of its commits (read only, see :meth:`commits`)."""
        folder = Path(folder)
        try:
            mark = json.loads((folder / MARK).read_text())
        except FileNotFoundError:
            raise CatalogueMissing(f"{str(folder)!r} is no catalogue. Make one: triptych init {folder}") from None
        except (OSError, ValueError) as fault:
            raise CatalogueError(f"{str(folder / MARK)!r} cannot be read: {fault}.") from fault
        if mark.get("format") != FORMAT:
            raise CatalogueError(
                f"{str(folder)!r} has format {mark.get('format')!r}; this version reads format {FORMAT}. Update Triptych."
            )
        return cls(folder, commit=commit)

    # -- writing -------------------------------------------------------------------------------------------

    @contextmanager
    def writing(self, purpose: str) -> Iterator[None]:
        """Hold the writer lock. Within one process it may be entered again; the outermost keeps the lock."""
        if self._versions is not None:
            raise CatalogueError("this catalogue was opened at an earlier commit and cannot be written to.")
        if self._lock.held:
            yield
            return
        self._lock.take(purpose)
        try:
            self.tables.sweep()
            before = self._current()
            yield
            self.tables.compact()
            if self._current() != before:
                self._record(purpose)
        finally:
            self._lock.release()

    def add(self, source: Source) -> Added:
        """Upsert everything that a source offers. What cannot be taken is refused with its reason, the rest goes in."""
        with self.writing("add"):
            return self._add(source.read(self.folder))

    def remove(self, item_ids: Sequence[str]) -> None:
        """Remove items with their clips, features and places in spaces. Interactions stay: they happened."""
        known = set(self.item_ids())
        for item_id in item_ids:
            if item_id not in known:
                raise UnknownName("item", item_id, known)
        with self.writing("remove"):
            for name in self.tables.names():
                if name not in ("commits", "interactions"):
                    self.tables.delete(name, "item_id", list(item_ids))

    def _add(self, addition: Addition) -> Added:
        old_items = {item.item_id: item for item in self.items()}
        old_clips = {clip.item_id: clip for clip in self.clips()}
        items = list(addition.items)
        clips = list(addition.clips)
        fresh = [item for item in items if item.item_id not in old_items]
        changed = [item for item in items if item.item_id in old_items and old_items[item.item_id] != item]
        new_clips = [clip for clip in clips if clip.item_id not in old_clips]
        moved_clips = [clip for clip in clips if clip.item_id in old_clips and old_clips[clip.item_id] != clip]
        # Clips first: an item without its clip would be taken for one that has none.
        if new_clips or moved_clips or not self.tables.exists("clips"):
            self.tables.upsert("clips", self._clip_rows([*new_clips, *moved_clips]), key="item_id")
        if fresh or changed or not self.tables.exists("items"):
            self.tables.upsert("items", _item_rows([*fresh, *changed]), key="item_id")
        if addition.interactions is not None and addition.interactions.num_rows:
            self.tables.upsert("interactions", addition.interactions, key=EVENT_KEY)
        return Added(
            items_new=len(fresh),
            items_changed=len(changed),
            items_same=len(items) - len(fresh) - len(changed),
            clips_new=len(new_clips),
            clips_changed=len(moved_clips),
            interactions=addition.interactions.num_rows if addition.interactions is not None else 0,
            refused=addition.refused,
            unused_columns=addition.unused_columns,
        )

    # -- reading -------------------------------------------------------------------------------------------

    def items(self, item_ids: Sequence[str] | None = None) -> list[Item]:
        """All items, or those with the given ids in the given order; an unknown id is an error."""
        if item_ids is None:
            return [_item(row) for row in self._read("items").to_pylist()]
        if len(item_ids) <= 50 and self.tables.exists("items"):
            where = f"item_id IN ({', '.join(quote(item_id) for item_id in item_ids)})"
            rows = self._read("items", where=where).to_pylist() if item_ids else []
        else:
            rows = self._read("items").to_pylist()
        found = {row["item_id"]: row for row in rows}
        for item_id in item_ids:
            if item_id not in found:
                raise UnknownName("item", item_id, self.item_ids(), hint="List them: triptych items CATALOGUE")
        return [_item(found[item_id]) for item_id in item_ids]

    def item_ids(self) -> list[str]:
        return self._read("items", columns=["item_id"])["item_id"].to_pylist() if self.tables.exists("items") else []

    def clips(self) -> list[Clip]:
        return [
            Clip(item_id=row["item_id"], path=self._absolute(row["path"]), bytes=row["bytes"], fingerprint=row["fingerprint"])
            for row in self._read("clips").to_pylist()
        ]

    def interactions(self) -> pa.Table:
        """``user_id, item_id, value, timestamp, kind``: columns, never objects."""
        from triptych.catalogue.interactions import INTERACTIONS

        return self._read("interactions") if self.tables.exists("interactions") else INTERACTIONS.empty_table()

    def commits(self) -> list[dict[str, object]]:
        """What was done to this catalogue and when; each number can be given to ``Catalogue.open(…, commit=n)``."""
        if not self.tables.exists("commits"):
            return []
        rows = self.tables.read("commits").sort_by("commit").to_pylist()
        return [{**row, "versions": json.loads(row["versions"])} for row in rows]

    # -- within --------------------------------------------------------------------------------------------

    def _read(self, name: str, *, columns: Sequence[str] | None = None, where: str | None = None) -> pa.Table:
        version = None
        if self._versions is not None:
            version = self._versions.get(name)
        if not self.tables.exists(name) or (self._versions is not None and version is None):
            return {"items": ITEMS, "clips": CLIPS}[name].empty_table() if name in ("items", "clips") else pa.table({})
        return self.tables.read(name, columns=columns, where=where, version=version)

    def _current(self) -> dict[str, int]:
        return {name: self.tables.version(name) for name in self.tables.names() if name != "commits"}

    def _record(self, purpose: str) -> None:
        last = max((int(str(row["commit"])) for row in self.commits()), default=0)
        row = {
            "commit": [last + 1],
            "at": [time.strftime("%Y-%m-%dT%H:%M:%S%z")],
            "purpose": [purpose],
            "versions": [json.dumps(self._current())],
        }
        self.tables.append("commits", pa.table(row, schema=COMMITS))

    def _versions_of(self, commit: int) -> dict[str, int]:
        for row in self.commits():
            if row["commit"] == commit:
                return row["versions"]  # pyright: ignore[reportReturnType]
        raise CatalogueError(
            f"there is no commit {commit} in {str(self.folder)!r}; see the list with: triptych info {self.folder}"
        )

    def _clip_rows(self, clips: Sequence[Clip]) -> pa.Table:
        return pa.table(
            {
                "item_id": [clip.item_id for clip in clips],
                "path": [self._relative(clip.path) for clip in clips],
                "bytes": [clip.bytes for clip in clips],
                "fingerprint": [clip.fingerprint for clip in clips],
            },
            schema=CLIPS,
        )

    def _relative(self, path: str) -> str:
        """Clips inside the catalogue are stored relative to it, so that the folder can be moved."""
        root = os.path.abspath(self.folder)
        return os.path.relpath(path, root) if os.path.abspath(path).startswith(root + os.sep) else os.path.abspath(path)

    def _absolute(self, path: str) -> str:
        return os.path.join(os.path.abspath(self.folder), path)


def _item_rows(items: Sequence[Item]) -> pa.Table:
    return pa.table({name: [_cell(getattr(item, name)) for item in items] for name in ITEMS.names}, schema=ITEMS)


def _cell(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def _item(row: dict[str, object]) -> Item:
    return Item(**{name: tuple(value) if isinstance(value, list) else value for name, value in row.items()})  # pyright: ignore


def text_length(items: pa.Table) -> int:
    """Characters of plot in an items table, for accounts."""
    return int(pc.sum(pc.utf8_length(items["plot"])).as_py() or 0)
