"""Clip file: a media file on disk as a Clip: where it may lie, and by what a change of content is noticed."""

from __future__ import annotations

import hashlib
from pathlib import Path

from triptych.catalogue.records import Clip

SUFFIXES = frozenset(
    ".mp4 .m4v .mov .mkv .webm .avi .gif .ts .m2ts .mts .mpg .mpeg .vob .ogv .ogg .ogm .wmv .asf .flv .3gp .3g2 .mxf "
    ".mp3 .m4a .aac .flac .wav .opus .wma .hevc .h264 .ivf .nut .apng".split()
)
_SAMPLE = 1 << 20


def clip_of(item_id: str, path: Path) -> Clip:
    """The file as a Clip, under its absolute path."""
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


def inside(folder: Path, path: str) -> Path | None:
    """``path`` resolved against ``folder``; None when it leaves it, by ``..``, absolutely or through a link."""
    try:
        root = folder.resolve()
        target = (root / path).resolve()
    except (OSError, ValueError, RuntimeError):
        return None
    return target if target.is_relative_to(root) else None
