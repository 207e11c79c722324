"""Source: a folder of RecBole's atomic files as items, users and interactions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from triptych.catalogue.ids import id_of
from triptych.catalogue.intake import Intake
from triptych.catalogue.records import Item
from triptych.catalogue.sources.cell import list_of, number_of, text_of, whole_of, year_of
from triptych.catalogue.sources.source import Addition, Refusal
from triptych.catalogue.tags import TAGS
from triptych.catalogue.users import USERS
from triptych.errors import SourceError
from triptych.interchange import percent
from triptych.interchange.parcel import manifest_of
from triptych.interchange.recbole import atomic
from triptych.interchange.recbole.layout import ALIASES, ESCAPE, EVENT, FORMAT, FRACTIONS, ITEM, LISTS, TAG, USER, WHOLE

#: Columns of users and tags that hold whole numbers.
_NUMBERS = ("age", "timestamp")


@dataclass(frozen=True, kw_only=True)
class RecBole:
    """One data set: ``NAME.inter``, ``NAME.item``, ``NAME.user``, of which one at least is there.

    Files that :func:`~triptych.interchange.recbole.write_recbole` wrote are read back exactly, others as they are.
    ``name``: which data set, where the folder holds several and none is called like the folder. ``columns``: fields
    that are called otherwise, our name → theirs. ``scale``: the least and the greatest rating there can be.
    """

    path: Path
    name: str = ""
    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    scale: tuple[float, float] | None = None

    def read(self, folder: Path) -> Addition:
        name = self._name()
        told = manifest_of(self.path, FORMAT) or {}
        exact = told.get("name") == name and told.get("escape") == ESCAPE
        reading = _Reading(folder=self.path, name=name, columns=self.columns, exact=exact)
        parts: dict[str, Any] = {}
        if reading.has(".item"):
            parts["items"] = reading.items()
        if reading.has(".inter"):
            parts["interactions"] = reading.events(self.scale)
        if reading.has(".user"):
            parts["users"] = reading.users()
        if exact and reading.has(".tag"):
            parts["tags"] = reading.tags()
        if unread := [f"{name}{suffix}" for suffix in (".kg", ".link", ".net") if reading.has(suffix)]:
            reading.notes.append(f"of {' and '.join(unread)} nothing is read here")
        return Addition(
            **parts,
            refused=tuple(reading.refused),
            notes=tuple(reading.notes),
            unused_columns=tuple(sorted(reading.unused)),
        )

    def _name(self) -> str:
        if not self.path.is_dir():
            raise SourceError(f"{str(self.path)!r} is no folder; a data set of RecBole is a folder of atomic files.")
        names = sorted({path.stem for path in self.path.iterdir() if path.suffix in atomic.SUFFIXES[:3]})
        if self.name:
            if self.name not in names:
                raise SourceError(f"{str(self.path)!r} holds no data set {self.name!r}; it has {', '.join(names)}.")
            return self.name
        if not names:
            raise SourceError(f"{str(self.path)!r} holds no atomic file; they are NAME.inter, NAME.item, NAME.user.")
        if len(names) == 1:
            return names[0]
        if self.path.absolute().name in names:
            return self.path.absolute().name
        raise SourceError(f"{str(self.path)!r} holds several data sets, {', '.join(names)}; give the name of one.")


@dataclass(kw_only=True)
class _Reading:
    """One data set, and what was found on the way."""

    folder: Path
    name: str
    columns: Mapping[str, str]
    exact: bool
    refused: list[Refusal] = field(default_factory=list[Refusal])
    notes: list[str] = field(default_factory=list[str])
    unused: set[str] = field(default_factory=set[str])

    def has(self, suffix: str) -> bool:
        return (self.folder / f"{self.name}{suffix}").exists()

    def items(self) -> list[Item]:
        (file,) = self._blocks(".item", ITEM, whole=True)
        if self.exact:
            return _exact_items(file)
        return self._plain_items(file)

    def events(self, scale: tuple[float, float] | None) -> pa.Table:
        intake = Intake(name=f"{self.name}.inter", scale=scale)
        for block in self._blocks(".inter", EVENT):
            self._need(block, "user_id", "item_id")
            kept = block.frame.select([name for name in EVENT if name in block.types])
            if self.exact:
                texts = [name for name in ("user_id", "item_id", "kind") if name in block.types]
                kept = kept.with_columns(percent.read(kept[name]) for name in texts)
            if "rating" in kept.columns:  # at once as what it is: by way of a longer float it could be another
                kept = kept.with_columns(pl.col("rating").str.strip_chars().cast(pl.Float32, strict=False))
            if "timestamp" in kept.columns:
                kept = kept.with_columns(_whole(kept["timestamp"]))
            intake.take(kept)
        table, refused = intake.table()
        self.refused.extend(refused)
        return table

    def users(self) -> pa.Table:
        (file,) = self._blocks(".user", USER, whole=True)
        self._need(file, "user_id")
        return self._table(file, USERS, ("user_id",))

    def tags(self) -> pa.Table:
        (file,) = self._blocks(".tag", TAG, whole=True)
        return self._table(file, TAGS, ("user_id", "item_id", "tag"))

    def _table(self, file: atomic.Atomic, schema: pa.Schema, key: tuple[str, ...]) -> pa.Table:
        columns: list[pl.Series] = []
        for name in schema.names:
            column = file.column(name)
            column = pl.repeat(None, file.frame.height, dtype=pl.String, eager=True) if column is None else column
            if name in _NUMBERS:
                whole = _whole(column)  # 24.0 years are 24
                column = whole if whole.dtype == pl.Int64 else whole.cast(pl.Float64, strict=False)
                column = column.cast(pl.Int64, strict=False)
            elif self.exact:
                column = percent.read(column)
            columns.append(column.alias(name))
        frame = pl.DataFrame(columns)
        kept = frame.filter(pl.all_horizontal(pl.col(name).is_not_null() for name in key))
        kept = kept.unique(list(key), keep="last", maintain_order=True)
        if lost := frame.height - kept.height:
            self.refused.append(Refusal(what=file.name, reason=f"{lost:,} rows without an id, or repeated by a later"))
        return kept.to_arrow().cast(schema)

    def _plain_items(self, file: atomic.Atomic) -> list[Item]:
        self._need(file, "item_id")
        items: dict[str, Item] = {}
        faults: Counter[str] = Counter()
        example: dict[str, str] = {}
        for number, row in enumerate(file.frame.iter_rows(named=True), start=1):
            try:
                item_id = id_of(row["item_id"])
                if not item_id:
                    raise ValueError("it has no item_id")
            except ValueError as fault:
                self.refused.append(Refusal(what=f"{file.name} row {number}", reason=str(fault)))
                continue
            said: dict[str, Any] = {}
            for name, kind in file.types.items():
                if name in ITEM and name != "item_id" and (cell := row[name]) is not None:
                    try:
                        said[name] = _plain_value(name, kind, cell)
                    except ValueError:
                        faults[name] += 1
                        example.setdefault(name, cell)
            item = Item(item_id=item_id, **said)
            if items.setdefault(item_id, item) != item:
                reason = f"its id {item_id!r} stands in an earlier row, and they differ; the first one stands"
                self.refused.append(Refusal(what=f"{file.name} row {number}", reason=reason))
        for name, count in faults.items():
            such = f"such as {example[name][:40]!r}"
            self.notes.append(f"{count:,} items whose {name} cannot be read as one, {such}, are kept without it")
        return list(items.values())

    def _blocks(self, suffix: str, ours: Mapping[str, str], *, whole: bool = False) -> Any:
        """The blocks of one file, their fields called as ours are."""
        file = f"{self.name}{suffix}"
        for block in atomic.blocks(self.folder, file, self.columns, whole=whole):
            known = {} if self.exact else {name: ALIASES[name] for name in block.types if name in ALIASES}
            taken = set(block.types)
            names: dict[str, str] = {}
            for theirs, own in known.items():
                if own in ours and own not in taken:
                    names[theirs] = own
                    taken.add(own)
            types = {names.get(name, name): kind for name, kind in block.types.items()}
            self.unused |= {f"{name} ({file})" for name in types if name not in ours}
            if block.literal:
                self.notes.append(f"quotation marks in {file} do not pair, and were read as letters")
            yield atomic.Atomic(name=file, types=types, frame=block.frame.rename(names))

    def _need(self, file: atomic.Atomic, *names: str) -> None:
        if missing := [name for name in names if name not in file.types]:
            raise SourceError(
                f"{file.name!r} has no field {' and no '.join(missing)}; it has {', '.join(file.types)}. "
                f"Say which of them it is: --columns {missing[0]}=ITS_NAME"
            )


def _exact_items(file: atomic.Atomic) -> list[Item]:
    columns: dict[str, list[Any]] = {}
    for name in (part.name for part in fields(Item)):
        column = file.column(name)
        if column is None:
            continue
        if name in LISTS:
            columns[name] = [tuple(parts) for parts in percent.read_lists(column).to_list()]
        elif name in WHOLE or name in FRACTIONS:
            columns[name] = column.cast(pl.Int64 if name in WHOLE else pl.Float64).to_list()
        else:
            columns[name] = percent.read(column).fill_null("").to_list()
    rows = zip(*columns.values(), strict=True)
    return [Item(**dict(zip(columns, row, strict=True))) for row in rows]


def _plain_value(name: str, kind: str, cell: str) -> Any:
    if name in LISTS:
        return list_of(cell.split(" ") if kind == "token_seq" else [cell])
    readers: dict[str, Callable[[str], Any]] = {
        "year": year_of,
        "runtime_min": number_of,
        "imdb_rating": number_of,
        "imdb_votes": whole_of,
    }
    return readers.get(name, text_of)(cell)


def _whole(column: pl.Series) -> pl.Series:
    """As int64 where every cell is a whole number; a float could not tell the largest apart."""
    whole = column.str.strip_chars().cast(pl.Int64, strict=False)
    return whole if whole.null_count() == column.null_count() else column
