"""Parcel: a folder of files for another program, put in place when it is whole, and known again as one's own.

Files are written into a draft folder inside and renamed into place at the end. A manifest, ``NAME.triptych.json``,
names them; only a folder whose files all stand in its manifest, or an empty one, is written over.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from triptych.errors import SourceError, UsageError

MANIFEST = ".triptych.json"
_DRAFT = ".triptych-draft"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, kw_only=True)
class Written:
    """What an export wrote. ``files`` are relative to ``folder``; ``notes`` are sentences without their full stop."""

    folder: str
    format: str
    name: str
    files: tuple[str, ...]
    items: int = 0
    users: int = 0
    interactions: int = 0
    features: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(kw_only=True)
class Parcel:
    """A draft: ask for the :meth:`path` of each file, write it, and fill in ``facts`` for the manifest."""

    folder: Path
    files: list[str] = field(default_factory=list[str])
    facts: dict[str, Any] = field(default_factory=dict[str, Any])

    def path(self, name: str) -> Path:
        """Where to write the file that will be called so, relative to the folder, with ``/`` between folders."""
        self.files.append(name)
        path = self.folder / _DRAFT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


@contextmanager
def packing(folder: Path, *, name: str, kind: str) -> Generator[Parcel]:
    """Make or replace a parcel of this kind. When the block ends early, what stood there still stands."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"an export cannot be called {name!r}; use letters, digits, dots, - and _, at most 64: --name NAME."
        )
    parcel = Parcel(folder=folder)
    draft = folder / _DRAFT
    try:
        fresh = not os.path.lexists(folder)
        before = _before(folder)
        if draft.is_dir() and not draft.is_symlink():
            shutil.rmtree(draft)
        draft.mkdir(parents=True)
        try:
            yield parcel
            _place(parcel, before, manifest=f"{name}{MANIFEST}", kind=kind)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
            if fresh:
                with suppress(OSError):  # it holds an export
                    folder.rmdir()
    except OSError as fault:
        raise UsageError(f"{str(folder)!r} cannot be written: {fault.strerror or fault}.") from fault


def manifest_of(folder: Path, kind: str) -> dict[str, Any] | None:
    """The manifest of an export of this kind in a folder; None if there is none. SourceError for half an export."""
    found = sorted(path for path in folder.glob(f"*{MANIFEST}") if path.is_file())
    for path in found:
        body = _body(path)
        if body.get("format") != kind:
            continue
        if body.get("unfinished"):
            raise SourceError(f"{str(folder)!r} holds an export that was stopped half way. Export it again.")
        return body
    return None


def _place(parcel: Parcel, before: set[str], *, manifest: str, kind: str) -> None:
    """Rename the draft into place. A manifest that names old and new files alike stands until all are there."""
    folder, files = parcel.folder, sorted({*parcel.files, manifest})
    told: dict[str, Any] = {"format": kind, **parcel.facts, "files": files}
    _write(folder, manifest, {**told, "files": sorted({*files, *before}), "unfinished": True})
    for name in sorted({*parcel.files}):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        (folder / _DRAFT / name).replace(target)
    for name in before.difference(files):
        (folder / name).unlink(missing_ok=True)
        for parent in Path(name).parents[:-1]:
            with suppress(OSError):  # it holds other files still
                (folder / parent).rmdir()
    _write(folder, manifest, told)


def _write(folder: Path, name: str, body: Mapping[str, Any]) -> None:
    draft = folder / _DRAFT / name
    draft.write_text(json.dumps(body, ensure_ascii=False, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    draft.replace(folder / name)


def _before(folder: Path) -> set[str]:
    """The files that an earlier export left; UsageError if there are others."""
    if not os.path.lexists(folder):
        return set()
    if not folder.is_dir():
        raise UsageError(f"{str(folder)!r} is no folder. Give a new or an empty one.")
    found = _entries(folder)
    manifests = [name for name in found if name.endswith(MANIFEST) and "/" not in name]
    own: set[str] = {*manifests} if len(manifests) == 1 else set()
    for name in own.copy():
        with suppress(SourceError):  # what cannot be read as a manifest vouches for nothing
            own.update(_body(folder / name)["files"])
    if foreign := sorted(found - own):
        raise UsageError(
            f"{str(folder)!r} holds {foreign[0]!r}{f' and {len(foreign) - 1} more' if foreign[1:] else ''}, which no "
            "export of its own wrote there. Give a new or an empty folder."
        )
    return found


def _entries(folder: Path) -> set[str]:
    """All files, and links of any kind, relative to the folder; not what a killed export left of its draft."""
    found: set[str] = set()
    for place, folders, files in os.walk(folder):
        if Path(place) == folder and _DRAFT in folders:
            folders.remove(_DRAFT)
        links = [name for name in folders if Path(place, name).is_symlink()]
        found.update(Path(place, name).relative_to(folder).as_posix() for name in [*files, *links])
    return found


def _body(path: Path) -> dict[str, Any]:
    try:
        body: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as fault:
        raise SourceError(f"{path.name!r} cannot be read as the manifest of an export: {fault}.") from fault
    files: Any = cast("dict[str, Any]", body).get("files") if isinstance(body, dict) else None
    if not isinstance(files, Sequence) or not all(isinstance(name, str) for name in cast("Sequence[Any]", files)):
        raise SourceError(f"{path.name!r} is not the manifest of an export: it names no files.")
    return cast("dict[str, Any]", body)
