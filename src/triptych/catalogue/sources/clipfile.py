"""Clip file: a media file on disk as a Clip: where it may lie, and by what a change of content is noticed."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from triptych.catalogue.records import Clip

_PICTURE = (
    "mp4 m4v mov mkv webm avi gif ts m2ts mts mpg mpeg vob ogv ogm wmv asf flv 3gp 3g2 mxf hevc h264 ivf nut apng"
)
_SOUND = "mp3 m4a aac flac wav opus ogg wma"
SUFFIXES = frozenset(f".{name}" for name in f"{_PICTURE} {_SOUND}".split())
_SAMPLE = 1 << 20


def clip_of(item_id: str, path: Path) -> Clip:
    """The file as a Clip, under its absolute path. OSError when it cannot be read."""
    size = path.stat().st_size
    return Clip(item_id=item_id, path=str(path.absolute()), bytes=size, fingerprint=fingerprint(path, size))


def fingerprint(path: Path, size: int) -> str:
    """A digest of the size and of a megabyte each at the start, the middle and the end.

    Reading whole films to notice a change would cost more than extracting from them; a film edited without
    a change of size, start, middle or end is not one that is met.
    """
    digest = hashlib.blake2b(str(size).encode(), digest_size=12)
    with path.open("rb") as handle:
        for at in sorted({0, max(size // 2 - _SAMPLE // 2, 0), max(size - _SAMPLE, 0)}):
            handle.seek(at)
            digest.update(handle.read(_SAMPLE))
    return digest.hexdigest()


def fault_of(path: Path) -> str | None:
    """Why there is no clip to be had from this path, or None. Opens nothing: a FIFO would wait for its writer."""
    if not os.path.lexists(path):
        return "there is no such file"
    if not path.exists():
        return "a link to a file that is not there"
    if not path.is_file():
        return "not a regular file"
    return None if os.access(path, os.R_OK) else "it may not be read (permission denied)"


def inside(folder: Path, path: str) -> Path | None:
    """Where ``path`` lies when it is read from ``folder``; None when it leaves it, by ``..``, absolutely or by a link.

    A link to a neighbour is given under its own name, not its neighbour's.
    """
    root = os.path.realpath(folder)
    named = Path(root, path)
    target = Path(os.path.realpath(named))
    if not target.is_relative_to(root):
        return None
    return target if named.name == ".." else Path(os.path.realpath(named.parent), named.name)
