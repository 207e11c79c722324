"""Recognise: whose data set a folder holds, told by the first lines of its files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from triptych.interchange.mmrec import MMRec
from triptych.interchange.recbole import RecBole
from triptych.interchange.recbole.atomic import SUFFIXES, TYPES

_ATOMIC = re.compile(rf"[^\t]+:(?:{'|'.join(TYPES)})(?:\t[^\t]+:(?:{'|'.join(TYPES)}))*")


def source_of(
    folder: Path, *, columns: Mapping[str, str] | None = None, scale: tuple[float, float] | None = None
) -> RecBole | MMRec | None:
    """The source that reads a folder of RecBole's or MMRec's; None for any other folder.

    ``columns`` and ``scale`` are given to it; what MMRec's columns are called is fixed.
    """
    files = sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES[:3] and path.is_file())
    lines = {path: _first_line(path) for path in files}
    if any(_ATOMIC.fullmatch(line) for line in lines.values()):
        return RecBole(path=folder, columns=columns or {}, scale=scale)
    if any(path.suffix == ".inter" and {"userID", "itemID"} <= {*line.split("\t")} for path, line in lines.items()):
        return MMRec(path=folder, scale=scale)
    return None


def _first_line(path: Path) -> str:
    with path.open("rb") as handle:
        return handle.readline(1 << 16).decode("utf-8-sig", "replace").rstrip("\r\n")
