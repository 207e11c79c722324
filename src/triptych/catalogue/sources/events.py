"""Events: a file of interactions as columns, from its bytes to the catalogue's types, without a Python object a row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from triptych.catalogue.intake import Intake
from triptych.catalogue.sources.sheet import Sheet
from triptych.catalogue.sources.source import Refusal
from triptych.errors import SourceError

EVENT_COLUMNS = ("user_id", "item_id", "rating", "value", "timestamp", "kind")


@dataclass(frozen=True, kw_only=True)
class EventFile:
    """How a file of interactions is laid out.

    ``columns``: what is called otherwise in the file, our name → its name. ``names``: of the columns of a file
    without a line of names; "" for one to pass over. ``separator``: of CSV, when the file's suffix does not tell.
    ``scale``: the least and the greatest rating there can be; a row outside it is refused.
    """

    path: Path
    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    names: Sequence[str] = ()
    separator: str = ""
    scale: tuple[float, float] | None = None


def read_events(
    file: EventFile, *, progress: Callable[[int, int], None] | None = None
) -> tuple[pa.Table, list[Refusal], tuple[str, ...]]:
    """The interactions of a file, what was refused of them, and the columns that say nothing here.

    Read in blocks, of which only numbers are kept, so that memory is bounded by the rows and not by the text.
    """
    sheets = Sheet.blocks(file.path, separator=file.separator, names=file.names, progress=progress)
    table, refused, unused = events_of(
        (sheet.renamed(file.columns) for sheet in sheets), name=file.path.name, scale=file.scale
    )
    return table, refused, () if file.names else unused


def events_of(
    sheets: Iterable[Sheet], *, name: str, scale: tuple[float, float] | None = None
) -> tuple[pa.Table, list[Refusal], tuple[str, ...]]:
    """The same of the blocks of a table."""
    intake = Intake(name=name, scale=scale)
    unused: tuple[str, ...] = ()
    for sheet in sheets:
        if missing := sorted({"user_id", "item_id"} - set(sheet.columns)):
            raise SourceError(
                f"{name!r} has no column {' and no '.join(missing)}, which interactions need; "
                f"it has {', '.join(sheet.columns)}."
            )
        intake.take(sheet.frame(EVENT_COLUMNS))
        used = {*EVENT_COLUMNS} - ({"rating"} if "value" in sheet.columns else set())
        unused = tuple(sorted(set(sheet.columns) - used))
    return *intake.table(), unused
