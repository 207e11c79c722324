"""Folder: a folder of videos, with what is written about them in sidecars or in a table beside them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa

from triptych.catalogue.ids import fault_of_id
from triptych.catalogue.records import Clip, Item
from triptych.catalogue.sources import clipfile
from triptych.catalogue.sources.events import EventFile, read_events
from triptych.catalogue.sources.sheet import Sheet
from triptych.catalogue.sources.source import Addition, Refusal
from triptych.catalogue.sources.table import item_of, read_items, table_at
from triptych.errors import SourceError


@dataclass(frozen=True, kw_only=True)
class Folder:
    """All media files below ``path``.

    An item's id is the file's path relative to the folder, unless ``items.csv`` (or .tsv, .jsonl, .parquet)
    in the folder names that path with an ``item_id``. ``film.mp4`` may have a sidecar ``film.mp4.json`` or
    ``film.json`` with the same fields; the longer name goes first. ``interactions.csv`` (…) beside it is read
    too. Hidden files are passed over; links that lead out of the folder are refused.
    """

    path: Path

    def read(self, folder: Path) -> Addition:
        if not self.path.is_dir():
            raise SourceError(f"{str(self.path)!r} is not a folder.")
        root = Path(os.path.realpath(self.path))
        files, refused = media_files(root)
        listed = Addition()
        if table := table_at(root, "items"):
            listed = read_items(Sheet.open(table), folder=root)
        refused += listed.refused
        items = {item.item_id: item for item in listed.items}
        clips = {clip.item_id: clip for clip in listed.clips}
        claimed = {clip.path for clip in listed.clips}
        bare: set[str] = set()
        for path in files:
            if str(path) in claimed:
                continue
            name = path.relative_to(root).as_posix()
            item, told, fault = _described(path, name, root)
            if fault is not None:
                refused.append(fault)
            clip = _clip(item.item_id, path, taken=clips.keys())
            if isinstance(clip, str):
                refused.append(Refusal(what=name, reason=clip))
                continue
            if item.item_id not in items:
                items[item.item_id] = item
                if not told:
                    bare.add(item.item_id)
            clips[item.item_id] = clip
        events: pa.Table | None = None
        unused = listed.unused_columns
        if table := table_at(root, "interactions"):
            events, faults, more = read_events(EventFile(path=table))
            refused += faults
            unused = tuple(sorted({*unused, *more}))
        return Addition(
            items=list(items.values()),
            clips=list(clips.values()),
            interactions=events,
            refused=tuple(refused),
            unused_columns=unused,
            bare=frozenset(bare),
        )


def media_files(root: Path) -> tuple[list[Path], list[Refusal]]:
    """The media files below a resolved folder, in order of name, and what was refused.

    Links to files in the folder are files of their own name. Links to folders are not followed: what they lead
    to is met under its own name, or lies outside.
    """
    found: list[Path] = []
    refused: list[Refusal] = []

    def unread(fault: OSError) -> None:
        place = Path(os.fsdecode(fault.filename))
        refused.append(Refusal(what=_shown(place, root), reason=f"a folder that cannot be read: {fault.strerror}"))

    for place, folders, names in os.walk(root, onerror=unread, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        refused += [
            Refusal(what=_shown(path, root), reason="a link that leads out of the folder")
            for path in (Path(place, name) for name in folders)
            if path.is_symlink() and clipfile.inside(root, str(path)) is None
        ]
        for name in sorted(names):
            path = Path(place, name)
            if name.startswith(".") or path.suffix.lower() not in clipfile.SUFFIXES:
                continue
            fault = clipfile.fault_of(path)
            if not _writable_down(path):
                fault = "its name is not valid UTF-8; rename it"
            elif clipfile.inside(root, str(path)) is None:
                fault = "a link that leads out of the folder"
            if fault is None:
                found.append(path)
            else:
                refused.append(Refusal(what=_shown(path, root), reason=fault))
    return found, refused


def title_of(name: str) -> str:
    """A title from a file name.

    >>> title_of("noir/the_third-man.1949.mp4")
    'the third man 1949'
    """
    return re.sub(r"[\s\x00-\x1f\x7f_.\-]+", " ", PurePosixPath(name).stem).strip()


def _described(path: Path, name: str, root: Path) -> tuple[Item, bool, Refusal | None]:
    """The item of one file, whether a sidecar told of it, and what is wrong with the sidecar."""
    plain = Item(item_id=name, title=title_of(name))
    for sidecar in (path.with_name(f"{path.name}.json"), path.with_suffix(".json")):
        if not sidecar.is_file():
            continue
        what = sidecar.relative_to(root).as_posix()
        if clipfile.inside(root, str(sidecar)) is None:
            return plain, False, Refusal(what=what, reason="a link that leads out of the folder")
        try:
            row: Any = json.loads(sidecar.read_bytes().decode("utf-8-sig"))
            if not isinstance(row, dict):
                raise ValueError("it is not an object")
            item, _ = item_of({"item_id": name, **row, "path": name})
        except (OSError, ValueError, RecursionError) as fault:
            return plain, False, Refusal(what=what, reason=f"a sidecar that cannot be read: {fault}")
        return replace(item, title=item.title or plain.title), True, None
    return plain, False, None


def _clip(item_id: str, path: Path, *, taken: Collection[str]) -> Clip | str:
    if fault := fault_of_id(item_id):
        return f"its id {fault}; rename it, or give it an item_id in a table or a sidecar"
    if item_id in taken:
        return f"its id {item_id!r} is taken by another clip"
    try:
        return clipfile.clip_of(item_id, path)
    except OSError as fault:
        return f"it cannot be read: {fault.strerror}"


def _writable_down(path: Path) -> bool:
    """Whether the name is text: a file name may hold any bytes."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(path: Path, root: Path) -> str:
    return str(path.relative_to(root)).encode("utf-8", "backslashreplace").decode()
