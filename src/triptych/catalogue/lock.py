"""Lock: one writer at a time. Readers take no lock; they see the last committed version."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from triptych.errors import CatalogueLocked, CatalogueUnwritable


class WriterLock:
    """An advisory lock on one file, let go by the kernel when its holder ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None
        self._thread: int | None = None

    @property
    def held(self) -> bool:
        """Whether this thread holds it, by this object. Another thread is another writer."""
        return self._handle is not None and self._thread == threading.get_ident()

    def take(self, purpose: str) -> None:
        """Raises CatalogueLocked at once, naming the holder, rather than wait for who knows how long."""
        folder = str(self._path.parent)
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as fault:
            full = fault.errno in (errno.ENOSPC, errno.EDQUOT)
            cure = "Free some space" if full else "Make it writable, or give a folder that you may write to"
            raise CatalogueUnwritable(f"{folder!r} cannot be written: {fault.strerror}. {cure}.") from fault
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as fault:
            holder = _describe(os.pread(handle, 4096, 0))
            os.close(handle)
            raise CatalogueLocked(
                f"{folder!r} is being written{holder}. Wait for it, or stop it; reading goes on meanwhile."
            ) from fault
        except OSError as fault:
            os.close(handle)
            raise CatalogueUnwritable(
                f"{folder!r} cannot be locked: {fault.strerror}. Put the catalogue on a file system that has locks."
            ) from fault
        note = {"pid": os.getpid(), "purpose": purpose, "since": time.strftime("%Y-%m-%d %H:%M:%S")}
        # The note only helps whoever is refused; a full disk must not keep the lock from being taken.
        with suppress(OSError):
            os.ftruncate(handle, 0)
            os.pwrite(handle, json.dumps(note).encode(), 0)
        self._handle, self._thread = handle, threading.get_ident()

    def release(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = self._thread = None


def _describe(note: bytes) -> str:
    try:
        body: Any = json.loads(note)
        return f" by process {body['pid']} ({body['purpose']}, since {body['since']})"
    except (ValueError, KeyError, TypeError):
        return " by another process"
