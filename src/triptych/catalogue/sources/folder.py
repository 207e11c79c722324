"""Folder: a folder of videos, with what is written about them in sidecars or in a table beside them."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from triptych.catalogue.interactions import from_frame
from triptych.catalogue.records import Clip, Item
from triptych.catalogue.sources import clipfile
from triptych.catalogue.sources.source import Addition, Refusal
from triptych.catalogue.sources.table import EVENT_COLUMNS, item_of, read_frame, read_items, table_at
from triptych.errors import SourceError


@dataclass(frozen=True, kw_only=True)
class Folder:
    """All media files below ``path``.

    An item's id is the file's path relative to the folder, unless ``items.csv`` (or .tsv, .jsonl, .parquet)
    in the folder names that path with an ``item_id``. ``film.mp4`` may have a sidecar ``film.mp4.json`` or
    ``film.json`` with the same fields. ``interactions.csv`` (…) beside it is read too. Hidden files are
    passed over; links that lead out of the folder are refused.
    """

    path: Path

    def read(self, folder: Path) -> Addition:
        if not self.path.is_dir():
            raise SourceError(f"{str(self.path)!r} is not a folder.")
        files, refused = media_files(self.path)
        items: dict[str, Item] = {}
        clips: list[Clip] = []
        unused: set[str] = set()
        claimed: set[Path] = set()
        if table := table_at(self.path, "items"):
            listed = read_items(read_frame(table).to_dicts(), name=table.name, folder=self.path)
            items = {item.item_id: item for item in listed.items}
            clips = list(listed.clips)
            claimed = {Path(clip.path) for clip in clips}
            refused += listed.refused
            unused.update(listed.unused_columns)
        root = self.path.resolve()
        for path in files:
            if path in claimed:
                continue
            name = path.relative_to(root).as_posix()
            item, fault = _described(path, name)
            if fault is not None:
                refused.append(fault)
            if item.item_id in items and any(clip.item_id == item.item_id for clip in clips):
                refused.append(Refusal(what=name, reason=f"its id {item.item_id!r} is taken by another clip"))
                continue
            items.setdefault(item.item_id, item)
            clips.append(clipfile.clip_of(item.item_id, path))
        events = None
        if table := table_at(self.path, "interactions"):
            frame = read_frame(table)
            if not {"user_id", "item_id"} <= set(frame.columns):
                raise SourceError(f"{table.name!r} needs the columns user_id and item_id; it has {frame.columns}.")
            events, faults = from_frame(frame, name=table.name)
            refused += faults
            unused.update(set(frame.columns) - set(EVENT_COLUMNS))
        return Addition(
            items=list(items.values()),
            clips=clips,
            interactions=events,
            refused=tuple(refused),
            unused_columns=tuple(sorted(unused)),
        )


def media_files(folder: Path) -> tuple[list[Path], list[Refusal]]:
    """Resolved paths of the media files below a folder, in order of name, and what was refused."""
    root = folder.resolve()
    found: list[Path] = []
    refused: list[Refusal] = []
    for place, folders, names in os.walk(root, followlinks=False):
        for name in sorted(folders):
            link = Path(place, name)
            if link.is_symlink() and clipfile.inside(root, str(link)) is None:
                refused.append(Refusal(what=_shown(link, root), reason="a link that leads out of the folder"))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(place, name)
            if name.startswith(".") or path.suffix.lower() not in clipfile.SUFFIXES:
                continue
            try:
                str(path).encode()
            except UnicodeEncodeError:
                refused.append(Refusal(what=_shown(path, root), reason="its name is not valid UTF-8; rename it"))
                continue
            target = clipfile.inside(root, str(path))
            if target is None:
                refused.append(Refusal(what=_shown(path, root), reason="a link that leads out of the folder"))
            elif not target.exists():
                refused.append(Refusal(what=_shown(path, root), reason="a link to a file that is not there"))
            elif not target.is_file():
                refused.append(Refusal(what=_shown(path, root), reason="not a regular file"))
            elif not os.access(target, os.R_OK):
                refused.append(Refusal(what=_shown(path, root), reason="it may not be read (permission denied)"))
            else:
                # The name in the folder is the item's, also where it is a link to a neighbour.
                found.append(path)
    return found, refused


def _described(path: Path, name: str) -> tuple[Item, Refusal | None]:
    """The item of one file, from its sidecar if it has one."""
    plain = Item(item_id=name, title=title_of(name))
    for sidecar in (path.with_name(path.name + ".json"), path.with_suffix(".json")):
        if not sidecar.is_file() or clipfile.inside(path.parent, sidecar.name) is None:
            continue
        try:
            row: Any = json.loads(sidecar.read_bytes().decode("utf-8-sig"))
            if not isinstance(row, dict):
                raise ValueError("it is not an object")
            item, _ = item_of({"item_id": name, **row, "path": name})
        except (OSError, ValueError) as fault:
            return plain, Refusal(what=sidecar.name, reason=f"a sidecar that cannot be read: {fault}")
        return replace(item, title=item.title or plain.title), None
    return plain, None


def title_of(name: str) -> str:
    """A title from a file name.

    >>> title_of("noir/the_third-man.1949.mp4")
    'the third man 1949'
    """
    return re.sub(r"[\s_.\-]+", " ", PurePosixPath(name).stem).strip()


def _shown(path: Path, root: Path) -> str:
    return str(path.relative_to(root)).encode("utf-8", "backslashreplace").decode()
