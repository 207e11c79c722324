"""Lock: one writer at a time. Readers take no lock; they see the last committed version."""

from __future__ import annotations

import fcntl
import json
import os
import time
from pathlib import Path

from triptych.errors import CatalogueLocked, CatalogueUnwritable


class WriterLock:
    """An advisory lock on one file, let go by the kernel when its holder ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    @property
    def held(self) -> bool:
        return self._handle is not None

    def take(self, purpose: str) -> None:
        """Raises CatalogueLocked at once, naming the holder, rather than wait for who knows how long."""
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as fault:
            raise CatalogueUnwritable(
                f"{str(self._path.parent)!r} cannot be written ({fault.strerror}). Give a folder that you may write to."
            ) from fault
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as fault:
            holder = _describe(os.pread(handle, 4096, 0))
            os.close(handle)
            raise CatalogueLocked(
                f"{str(self._path.parent)!r} is being written{holder}. Wait for it, or stop it; reading goes on meanwhile."
            ) from fault
        note = {"pid": os.getpid(), "purpose": purpose, "since": time.strftime("%Y-%m-%d %H:%M:%S")}
        try:
            os.ftruncate(handle, 0)
            os.pwrite(handle, json.dumps(note).encode(), 0)
        except OSError:
            pass  # the note only helps whoever is refused; a full disk must not keep the lock from being taken
        self._handle = handle

    def release(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def _describe(note: bytes) -> str:
    try:
        body = json.loads(note)
        return f" by process {body['pid']} ({body['purpose']}, since {body['since']})"
    except (ValueError, KeyError, TypeError):
        return " by another process"
