"""Tables: the one room that speaks to Lance. Upsert by key, read as Arrow, versions, sweeping, compaction."""

from __future__ import annotations

import re
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from triptych.catalogue.deferred import defer
from triptych.errors import CatalogueError, CatalogueUnwritable

# lancedb imports the client of a remote service, a third of its own time to load, and no folder needs it.
defer("lance_namespace_urllib3_client")
import lancedb  # noqa: E402

#: More fragments than this slow reading down; they are merged at the end of a writing session.
MANY_FRAGMENTS = 24
#: Old versions are kept this long for readers that hold on to one.
KEPT = timedelta(days=7)

#: In one batch.
_ROWS = 1 << 20

_UNWRITABLE = re.compile(
    r"no space left|read-only file system|permission denied|operation not permitted|file too large"
    r"|disk quota exceeded|os error (1|13|27|28|30|122)\b",
    re.IGNORECASE,
)
_NO_ROOM = re.compile(r"no space left|file too large|disk quota|os error (27|28|122)\b", re.IGNORECASE)
#: Where in Lance's own source an error arose; nothing to trouble a reader with.
_TRACE = re.compile(r",? /\S+\.rs:\d+:\d+")
#: Where Lance puts a file that is not finished yet.
_UNFINISHED = ("", "data", "_versions", "_transactions", "_deletions")


class Tables:
    """Named Arrow tables in one folder. Every write is one atomic commit of one table.

    With ``versions`` they are as they stood then: a table that is not among them does not exist, and nothing can
    be written.
    """

    def __init__(self, folder: Path, *, versions: Mapping[str, int] | None = None) -> None:
        self._folder = folder
        self._versions = versions
        self._db = lancedb.connect(str(folder))

    @property
    def writable(self) -> bool:
        return self._versions is None

    def names(self) -> list[str]:
        if self._versions is not None:
            return sorted(self._versions)
        return sorted(path.name.removesuffix(".lance") for path in self._folder.glob("*.lance") if _complete(path))

    def exists(self, name: str) -> bool:
        return name in self._versions if self._versions is not None else _complete(self._folder / f"{name}.lance")

    def read(
        self, name: str, *, columns: Sequence[str] | None = None, where: str | None = None, version: int | None = None
    ) -> pa.Table:
        """The table's last committed version, or the one asked for."""
        with _reading(name):
            found = self._batches(self._open(name, version), columns=columns, where=where)
            first = next(found)
            return pa.Table.from_batches([first, *found], first.schema)

    def batches(self, name: str, *, columns: Sequence[str] | None = None) -> Generator[pa.RecordBatch]:
        """The same, about a million rows at a time; at least one batch, which may be empty."""
        with _reading(name):
            yield from self._batches(self._open(name), columns=columns, where=None)

    def _batches(self, table: Any, *, columns: Sequence[str] | None, where: str | None) -> Generator[pa.RecordBatch]:
        query = table.search()
        if where is not None:
            query = query.where(where)
        if columns is not None:
            query = query.select(list(columns))
        # Large batches: a table in thousands of small pieces is slow in whatever is done with it.
        reader = query.limit(max(table.count_rows(), 1)).to_batches(batch_size=_ROWS)
        empty = True
        for batch in reader:
            empty = False
            yield batch
        if empty:
            yield pa.RecordBatch.from_pylist([], reader.schema)

    def count(self, name: str, where: str | None = None) -> int:
        if not self.exists(name):
            return 0
        with _reading(name):
            return int(self._open(name).count_rows(where))

    def version(self, name: str) -> int:
        with _reading(name):
            return int(self._open(name).version)

    def columns(self, name: str) -> list[str]:
        with _reading(name):
            return list(self._open(name).schema.names)

    def metadata(self, name: str) -> dict[str, str]:
        with _reading(name):
            found: Mapping[bytes, bytes] = self._open(name).schema.metadata or {}
        return {key.decode(): value.decode() for key, value in found.items()}

    def upsert(self, name: str, rows: pa.Table, *, key: str | Sequence[str]) -> None:
        """Insert rows, replacing those of the same key, in one commit. Keys must be unique within ``rows``."""
        if rows.num_rows == 0 and self.exists(name):
            return
        with self._writing(name):
            if not self.exists(name):
                self._create(name, rows)
                return
            keys = [key] if isinstance(key, str) else list(key)
            merge = self._open(name).merge_insert(keys)
            merge.when_matched_update_all().when_not_matched_insert_all().execute(rows)

    def append(self, name: str, rows: pa.Table) -> None:
        with self._writing(name):
            if self.exists(name):
                self._open(name).add(rows)
            else:
                self._create(name, rows)

    def replace(self, name: str, rows: pa.Table) -> None:
        """Put ``rows``, with their schema and its metadata, in place of the whole table, in one commit."""
        with self._writing(name):
            if self.exists(name):
                self._db.create_table(name, data=rows, mode="overwrite")
            else:
                self._create(name, rows)

    def delete(self, name: str, column: str, values: Sequence[str]) -> None:
        """Delete the rows whose ``column`` is one of ``values``."""
        with self._writing(name):
            table = self._open(name)
            for k in range(0, len(values), 500):
                quoted = ", ".join(quote(value) for value in values[k : k + 500])
                table.delete(f"{column} IN ({quoted})")

    def sweep(self) -> int:
        """Remove what killed writers left behind. Only under the writer lock: no one else writes then."""
        swept = 0
        with self._writing("(left over)"):
            for table in self._folder.glob("*.lance"):
                for place in (table / name for name in _UNFINISHED):
                    # A link may lead anywhere; what is there is not ours.
                    if table.is_symlink() or place.is_symlink() or not place.is_dir():
                        continue
                    for path in place.glob(".tmp*"):
                        if path.is_file() and not path.is_symlink():
                            path.unlink(missing_ok=True)
                            swept += 1
        return swept

    def fragments(self, name: str) -> int:
        """Of how many pieces the table is made."""
        with _reading(name):
            return int(self._open(name).stats()["fragment_stats"]["num_fragments"])

    def compact(self) -> None:
        """Merge small fragments; drop versions older than a week."""
        before = time.time() - KEPT.total_seconds()
        for name in self.names():
            files = list((self._folder / f"{name}.lance" / "data").glob("*.lance"))
            if len(files) <= MANY_FRAGMENTS:
                continue
            # Files of old versions stay for a week: only what has outlived it, or is in use, is worth the work.
            fragments = self.fragments(name)
            stale = sum(path.stat().st_mtime < before for path in files) - fragments
            if max(fragments, stale) > MANY_FRAGMENTS:
                with self._writing(name):
                    self._open(name).optimize(cleanup_older_than=KEPT)

    def _create(self, name: str, rows: pa.Table) -> None:
        # A folder without a version is what a writer killed in its first commit left; it is written over.
        leftover = (self._folder / f"{name}.lance").exists()
        self._db.create_table(name, data=rows, mode="overwrite" if leftover else "create")

    def _open(self, name: str, version: int | None = None) -> Any:
        table = self._db.open_table(name)
        if version is None and self._versions is not None:
            version = self._versions[name]
        if version is not None:
            try:
                table.checkout(version)
            except (ValueError, RuntimeError, OSError) as fault:
                raise CatalogueError(
                    f"version {version} of table {name!r} is not kept any more; versions stay for {KEPT.days} days."
                ) from fault
        return table

    @contextmanager
    def _writing(self, name: str) -> Generator[None]:
        if not self.writable:
            raise CatalogueError(
                "this catalogue was opened at an earlier commit and cannot be written to. Open it without one."
            )
        try:
            yield
        except (OSError, RuntimeError, ValueError) as fault:
            found = _UNWRITABLE.search(str(fault))
            if found is None:
                raise
            cure = "Free some space" if _NO_ROOM.search(str(fault)) else "Make the folder writable"
            raise CatalogueUnwritable(
                f"table {name!r} could not be written ({found.group(0).lower()}); what was committed before is "
                f"unharmed. {cure} and run the command again: it goes on from there."
            ) from fault


def quote(value: str) -> str:
    """A string literal of the query language.

    >>> quote("it's")
    "'it''s'"
    """
    return "'" + value.replace("'", "''") + "'"


def _complete(path: Path) -> bool:
    """A table whose first commit a kill prevented has a folder but no version: it does not exist yet."""
    return any((path / "_versions").glob("*.manifest"))


@contextmanager
def _reading(name: str) -> Generator[None]:
    try:
        yield
    except (OSError, RuntimeError) as fault:
        cause = _TRACE.sub("", str(fault)).split("\n")[0].rstrip(".")
        raise CatalogueError(
            f"table {name!r} cannot be read: {cause}. If files were removed or damaged, put them back from a copy."
        ) from fault
