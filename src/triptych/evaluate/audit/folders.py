"""Folders: the audits of all records in a folder and below it."""

from __future__ import annotations

import os
from pathlib import Path

from triptych.errors import SourceError, TriptychError
from triptych.evaluate.audit.checks import audit
from triptych.evaluate.audit.findings import Audit, Finding
from triptych.evaluate.record import Record
from triptych.evaluate.recording import RUN


def audits(folder: Path) -> dict[str, Audit]:
    """Folder of the record → its audit, in the order of their names. SourceError where there is no record at all.

    A record that cannot be read has the finding *record*, a fault: one broken run must not hide the others. Links to
    folders are not followed, and what is hidden, such as the draft of a run that was killed, is passed over.
    """
    found: list[Path] = []
    for place, below, files in os.walk(folder):
        below[:] = sorted(name for name in below if not name.startswith("."))
        if RUN in files:
            found.append(Path(place))
    if not found:
        raise SourceError(
            f"there is no record of a run in {str(folder)!r}: no {RUN}. A study leaves one for each run; docs/audit.md "
            "says what other experiments have to write."
        )
    return {str(place): _audited(place) for place in found}


def _audited(place: Path) -> Audit:
    try:
        return audit(Record.read(place))
    except TriptychError as fault:  # not as it should be as a file, or as a table that a check looks into
        finding = Finding(
            check="record",
            verdict="fault",
            evidence=str(fault),
            cure="Write the record anew, as docs/audit.md has it.",
        )
        return Audit(name=place.name, findings=(finding,))
