"""Join: a table that says which id of a catalogue an id of a file stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from triptych.catalogue.sources.sheet import Sheet
from triptych.errors import UsageError
from triptych.interchange.array import ids_of
from triptych.interchange.offering import digest_of


@dataclass(frozen=True, kw_only=True, eq=False)
class Join:
    """``ids``: an id of the file → the ids of the catalogue that it stands for, in the order of the table."""

    ids: Mapping[str, tuple[str, ...]]
    facts: Mapping[str, str]

    @classmethod
    def read(cls, path: Path, *, theirs: str = "", ours: str = "") -> Join:
        """``theirs``: the column with the file's ids, ``ours``: the one with those of the catalogue."""
        sheet = Sheet.open(path)
        theirs, ours = theirs.strip().lower(), ours.strip().lower()
        for what, name in (("--map-from", theirs), ("--map-to", ours)):
            if name not in sheet.columns:
                given = f"has no column {name!r}" if name else f"needs {what}"
                raise UsageError(
                    f"the map {sheet.name!r} {given}; it has {', '.join(sheet.columns)}. Give --map-from, the column "
                    "with the ids of the file, and --map-to, the one with those of the catalogue."
                )
        frame = sheet.frame([theirs, ours])
        pairs = zip(ids_of(frame[theirs].to_list()), ids_of(frame[ours].to_list()), strict=True)
        found: dict[str, dict[str, None]] = {}
        for one, other in pairs:
            if one and other:
                found.setdefault(one, {})[other] = None
        facts = {"file": path.name, "digest": digest_of([path]), "from": theirs, "to": ours}
        return cls(ids={one: tuple(others) for one, others in found.items()}, facts=facts)
