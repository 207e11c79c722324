"""Tables: the one room that speaks to Lance. Upsert by key, read as Arrow, versions, sweeping, compaction."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import lancedb
import pyarrow as pa

from triptych.errors import CatalogueError, CatalogueUnwritable

#: More fragments than this slow reading down; they are merged at the end of a writing session.
MANY_FRAGMENTS = 24
#: Old versions are kept this long for readers that hold on to one.
KEPT = timedelta(days=7)

_UNWRITABLE = re.compile(
    r"no space left|read-only file system|permission denied|file too large|disk quota exceeded|os error (13|27|28|30|122)",
    re.IGNORECASE,
)
_NO_ROOM = re.compile(r"no space left|file too large|disk quota|os error (27|28|122)", re.IGNORECASE)


class Tables:
    """Named Arrow tables in one folder. Every write is one atomic commit of one table."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._db = lancedb.connect(str(folder))

    def names(self) -> list[str]:
        return sorted(path.name.removesuffix(".lance") for path in self._folder.glob("*.lance") if _complete(path))

    def exists(self, name: str) -> bool:
        return _complete(self._folder / f"{name}.lance")

    def read(
        self, name: str, *, columns: Sequence[str] | None = None, where: str | None = None, version: int | None = None
    ) -> pa.Table:
        """The table's last committed version, or the one asked for."""
        table = self._open(name, version)
        if where is None and columns is None:
            return table.to_arrow()
        query = table.search()
        if where is not None:
            query = query.where(where)
        if columns is not None:
            query = query.select(list(columns))
        return query.limit(max(table.count_rows(), 1)).to_arrow()

    def count(self, name: str, where: str | None = None) -> int:
        return int(self._open(name, None).count_rows(where)) if self.exists(name) else 0

    def version(self, name: str) -> int:
        return int(self._open(name, None).version)

    def metadata(self, name: str) -> dict[str, str]:
        found: Mapping[bytes, bytes] = self._open(name, None).schema.metadata or {}
        return {key.decode(): value.decode() for key, value in found.items()}

    def upsert(self, name: str, rows: pa.Table, *, key: str | Sequence[str]) -> None:
        """Insert rows, replacing those of the same key, in one commit. Keys must be unique within ``rows``."""
        if rows.num_rows == 0 and self.exists(name):
            return
        with _writing(name):
            if not self.exists(name):
                self._create(name, rows)
                return
            keys = [key] if isinstance(key, str) else list(key)
            merge = self._open(name, None).merge_insert(keys)
            merge.when_matched_update_all().when_not_matched_insert_all().execute(rows)

    def append(self, name: str, rows: pa.Table) -> None:
        with _writing(name):
            if self.exists(name):
                self._open(name, None).add(rows)
            else:
                self._create(name, rows)

    def replace(self, name: str, rows: pa.Table) -> None:
        """Put ``rows``, with their schema and its metadata, in place of the whole table, in one commit."""
        with _writing(name):
            if self.exists(name):
                self._db.create_table(name, data=rows, mode="overwrite")
            else:
                self._create(name, rows)

    def delete(self, name: str, column: str, values: Sequence[str]) -> None:
        """Delete the rows whose ``column`` is one of ``values``."""
        with _writing(name):
            table = self._open(name, None)
            for k in range(0, len(values), 500):
                quoted = ", ".join(quote(value) for value in values[k : k + 500])
                table.delete(f"{column} IN ({quoted})")

    def sweep(self) -> int:
        """Remove what killed writers left behind. Only under the writer lock: no one else writes then."""
        swept = 0
        for pattern in ("*.lance/data/.tmp*", "*.lance/_versions/.tmp*", "*.lance/_transactions/.tmp*", "*.lance/.tmp*"):
            for path in self._folder.glob(pattern):
                if path.is_file() and not path.is_symlink():
                    path.unlink(missing_ok=True)
                    swept += 1
        return swept

    def compact(self) -> None:
        """Merge small fragments; drop versions older than a week."""
        for name in self.names():
            table = self._open(name, None)
            if len(list((self._folder / f"{name}.lance" / "data").glob("*.lance"))) > MANY_FRAGMENTS:
                with _writing(name):
                    table.optimize(cleanup_older_than=KEPT)

    def _create(self, name: str, rows: pa.Table) -> None:
        # A folder without a version is what a writer killed in its first commit left; it is written over.
        leftover = (self._folder / f"{name}.lance").exists()
        self._db.create_table(name, data=rows, mode="overwrite" if leftover else "create")

    def _open(self, name: str, version: int | None) -> Any:
        table = self._db.open_table(name)
        if version is not None:
            try:
                table.checkout(version)
            except (ValueError, RuntimeError, OSError) as fault:
                raise CatalogueError(
                    f"version {version} of table {name!r} is not kept any more; versions stay for {KEPT.days} days."
                ) from fault
        return table


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
def _writing(name: str) -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError, ValueError) as fault:
        found = _UNWRITABLE.search(str(fault))
        if found is None:
            raise
        cure = "Free some space" if _NO_ROOM.search(str(fault)) else "Make the folder writable"
        raise CatalogueUnwritable(
            f"table {name!r} could not be written ({found.group(0).lower()}); what was committed before is unharmed. "
            f"{cure} and run the command again: it goes on from there."
        ) from fault
