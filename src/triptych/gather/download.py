"""Download: what there is of a file that is being fetched, and what it takes to go on with it."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any

from triptych.errors import CatalogueUnwritable, FetchError
from triptych.gather.fault import Fault

Told = Callable[[int, int | None], None]
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True, kw_only=True)
class Downloaded:
    """A file that is there whole. ``resumed_at``: how many of its bytes an earlier run had left."""

    path: Path
    bytes: int
    resumed_at: int


class Download:
    """A hidden file beside its target, and a note that says of what it is a part.

    It is resumed only where the server named its bytes, by a strong ``ETag`` or a date: without one, what is there
    may be half of another file.
    """

    def __init__(self, *, url: str, target: Path, handle: FileIO, most_bytes: int, progress: Told | None) -> None:
        self.url, self._part = url, part_of(target)
        self._note = self._part.with_name(f"{self._part.name}.json")
        self._target, self._handle, self._most, self._progress = target, handle, most_bytes, progress
        self._of = hashlib.sha256(url.encode("utf-8", "replace")).hexdigest()
        self._validator, self._length = "", None
        try:
            said: Any = json.loads(self._note.read_text(encoding="utf-8"))
            if said["of"] == self._of and isinstance(said["validator"], str):
                self._validator = said["validator"]
                self._length = said["length"] if isinstance(said["length"], int) else None
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            pass  # no note, or half of one: the part is of we know not what, and is fetched anew

    def had(self) -> int:
        """Bytes that can be built upon."""
        return self._size() if self._validator else 0

    @property
    def complete(self) -> bool:
        """Whether an earlier run was stopped between the last byte and the new name."""
        return bool(self._validator) and self._length == self._size()

    def wanted(self) -> dict[str, str]:
        """The headers that ask for what is missing."""
        plain = {"accept-encoding": "identity"}
        start = self.had()
        return {**plain, "range": f"bytes={start}-", "if-range": self._validator} if start else plain

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """The server answered 200, the whole, or 206, a part."""
        if status == 206:
            found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", headers.get("content-range", "").strip())
            if found is None or int(found[1]) != self._size():
                self.forget()
                raise Fault("the server sent another part than the one asked for", again=True)
            same = headers.get("etag" if self._validator.startswith('"') else "last-modified", self._validator)
            if same != self._validator or self._length not in (None, int(found[3])):
                # Some servers pass over If-Range, and send the rest of what is another file by now.
                self.forget()
                raise Fault("the file on the server is another one by now", again=True)
            self._length = int(found[3])
        else:
            self.forget()
            length = headers.get("content-length", "")
            self._length = int(length) if re.fullmatch(r"\d{1,18}", length) else None
            etag = headers.get("etag", "")
            # A weak tag does not promise the same bytes.
            self._validator = etag if etag.startswith('"') else headers.get("last-modified", "")
        if self._length is not None:
            self._bounded(self._length)
            room = shutil.disk_usage(self._part.parent).free
            if self._length - self._size() > room:
                raise OSError(errno.ENOSPC, f"{self._length:,} bytes are wanted and {room:,} are free")
        if self._validator:
            note = {"of": self._of, "validator": self._validator, "length": self._length}
            self._note.write_text(json.dumps(note), encoding="utf-8")

    def write(self, chunk: bytes) -> None:
        size = self._size() + len(chunk)
        self._bounded(size)
        rest = memoryview(chunk)
        while rest:
            rest = rest[self._handle.write(rest) :]
        if self._progress is not None:
            self._progress(size, self._length)

    def check(self) -> None:
        """The server has no more to say: is it what it promised?"""
        size = self._size()
        if self._length is not None and size != self._length:
            if size > self._length:
                self.forget()
            raise Fault(f"{size:,} of {self._length:,} bytes came", again=True)

    def digest(self, kind: str) -> str:
        self._handle.seek(0)
        return f"{kind}:{hashlib.file_digest(self._handle, kind).hexdigest()}"

    def forget(self) -> None:
        """Begin anew."""
        self._note.unlink(missing_ok=True)
        self._handle.truncate(0)
        self._validator, self._length = "", None

    def finish(self, resumed_at: int) -> Downloaded:
        """Put the file in its place, so that it outlives a power cut too."""
        size = self._size()
        os.fsync(self._handle.fileno())
        self._part.replace(self._target)
        self._note.unlink(missing_ok=True)
        folder = os.open(self._target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return Downloaded(path=self._target, bytes=size, resumed_at=resumed_at)

    def leave(self) -> None:
        """After a failure: keep only what can be built upon."""
        if not self.had():
            self._part.unlink(missing_ok=True)
            self._note.unlink(missing_ok=True)

    def _size(self) -> int:
        return self._handle.seek(0, os.SEEK_END)

    def _bounded(self, size: int) -> None:
        if size > self._most:
            self.forget()
            raise Fault(f"it is larger than {self._most:,} bytes", again=False)


def part_of(target: Path) -> Path:
    return target.with_name(f".{target.name}.part")


@contextmanager
def opened(target: Path) -> Generator[FileIO]:
    """The part of a target, ours alone as long as we hold it. What cannot be written is CatalogueUnwritable."""
    part = part_of(target)
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        with FileIO(os.open(part, flags, 0o644), "a+") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                ours = os.path.lexists(part) and os.path.samestat(part.lstat(), os.fstat(handle.fileno()))
            except BlockingIOError:
                ours = False
            if not ours:  # held, or just now finished and renamed, by another
                raise FetchError(f"{str(target)!r} is being fetched by another process. Wait for it, or stop it.")
            yield handle
    except ConnectionError:
        raise  # of the progress, whose reader has gone
    except OSError as fault:
        cure = "Free some space" if fault.errno in _FULL else "Make it writable, or give a folder that you may write to"
        raise CatalogueUnwritable(
            f"{str(target)!r} cannot be written: {fault.strerror}. {cure}, and run it again: it goes on from there."
        ) from fault
