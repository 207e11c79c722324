"""Depot: where fetched trailers lie, under which names, and what an earlier run left there.

====================================================  ==================================================
media/trailers/NAME-DIGEST.EXT                        a trailer that was looked through and found good
media/trailers/.partial/DIGEST-HEIGHT/clip.EXT        one that arrived whole, and is still to be looked at
media/trailers/.partial/DIGEST-HEIGHT/clip.EXT.part   one that is on its way; the next try goes on there
====================================================  ==================================================

The digest is that of the address, so that what lies there is found again by the name alone, whatever a killed run
had yet to write down, and two items with one address share one file. The height is the one asked for: of another, a
site sends another file, whose rest does not belong to what is there.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import unicodedata
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from triptych.errors import CatalogueUnwritable
from triptych.gather.trailers.worker import STEM

_DIGEST = re.compile(r"-([0-9a-f]{20})\.[a-z0-9]+")


class Depot:
    """The trailers of one catalogue. Every method that writes raises CatalogueUnwritable where it cannot."""

    def __init__(self, catalogue: Path, *, height_px: int = 720) -> None:
        self._height_px = height_px
        self.folder = catalogue / "media" / "trailers"
        self._partial = self.folder / ".partial"
        with _writing(self.folder):
            self._partial.mkdir(parents=True, exist_ok=True)
            names = os.listdir(self.folder)  # noqa: PTH208 - names, of which there may be many
        self._placed = {found[1]: self.folder / name for name in names if (found := _DIGEST.search(name))}

    def placed(self, url: str) -> Path | None:
        """The good file that came from this address before."""
        return self._placed.get(_digest(url))

    def holds(self, path: Path) -> bool:
        return path.parent == self.folder.absolute()

    def room(self, url: str) -> Path:
        """The folder that a fetch of this address works in."""
        room = self._room(url)
        with _writing(room):
            room.mkdir(exist_ok=True)
        return room

    def _room(self, url: str) -> Path:
        return self._partial / f"{_digest(url)}-{self._height_px}"

    def arrived(self, url: str) -> Path | None:
        """The file that came whole, but was not looked at before the run was killed."""
        room = self._room(url)
        if not room.is_dir():
            return None
        found = [path for path in room.iterdir() if path.stem == STEM and path.suffix not in (".part", ".ytdl")]
        return next((path for path in found if path.is_file() and not path.is_symlink()), None)

    def had(self, url: str) -> int:
        """Bytes of a fetch that is on its way."""
        room = self._room(url)
        return sum(path.stat().st_size for path in room.iterdir() if path.is_file()) if room.is_dir() else 0

    def place(self, url: str, item_id: str, path: Path, suffix: str) -> Path:
        """Give a good file its name, all at once, and clear its room."""
        target = self.folder / f"{slug(item_id)}-{_digest(url)}{suffix}"
        with _writing(target):
            path.replace(target)
        self._placed[_digest(url)] = target
        self.clear(url)
        return target

    def clear(self, url: str) -> None:
        """Forget what came of this address so far."""
        for room in self._partial.glob(f"{_digest(url)}*"):
            shutil.rmtree(room, ignore_errors=True)

    def leave(self, url: str) -> None:
        """Keep what came, but no empty room."""
        with suppress(OSError):
            self._room(url).rmdir()

    def discard(self, url: str) -> None:
        """Remove a placed file that turned out to be bad."""
        if (path := self._placed.pop(_digest(url), None)) is not None:
            with _writing(path):
                path.unlink(missing_ok=True)


def slug(item_id: str) -> str:
    """As much of an id as may be in a file's name anywhere; the digest tells ids apart.

    >>> slug("../Amélie; rm -rf ~"), slug("-C-xX"), slug("映画")
    ('Amelie_rm_-rf', 'C-xX', 'trailer')
    """
    plain = unicodedata.normalize("NFKD", item_id).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9-]+", "_", plain).strip("_-")[:40].rstrip("_-") or "trailer"


def _digest(url: str) -> str:
    return hashlib.blake2b(url.encode(), digest_size=10).hexdigest()


@contextmanager
def _writing(path: Path) -> Generator[None]:
    try:
        yield
    except OSError as fault:
        raise CatalogueUnwritable(
            f"{str(path)!r} cannot be written: {fault.strerror}. Free some space, or make it writable, and run the "
            "command again: it goes on from there."
        ) from fault
