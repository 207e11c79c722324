"""Events: a file of interactions as columns, from its bytes to the catalogue's types, without a Python object a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from triptych.catalogue.interactions import from_frame
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


def read_events(file: EventFile) -> tuple[pa.Table, list[Refusal], tuple[str, ...]]:
    """The interactions of a file, what was refused of them, and the columns that say nothing here."""
    return events_of(Sheet.open(file.path).renamed(file.columns), scale=file.scale)


def events_of(
    sheet: Sheet, *, scale: tuple[float, float] | None = None
) -> tuple[pa.Table, list[Refusal], tuple[str, ...]]:
    """The same of a table that is open already."""
    if missing := sorted({"user_id", "item_id"} - set(sheet.columns)):
        raise SourceError(
            f"{sheet.name!r} has no column {' and no '.join(missing)}, which interactions need; "
            f"it has {', '.join(sheet.columns)}."
        )
    events, refused = from_frame(sheet.frame(EVENT_COLUMNS), name=sheet.name, scale=scale)
    used = {*EVENT_COLUMNS} - ({"rating"} if "value" in sheet.columns else set())
    return events, refused, tuple(sorted(set(sheet.columns) - used))
