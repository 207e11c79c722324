"""Tried: what each fit of a search came to, a line of JSON each, so that a search that was stopped goes on.

A line is whole or it is not there: one that was cut short by a kill is dropped by whoever comes next.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from triptych.catalogue.lock import WriterLock
from triptych.errors import CatalogueUnwritable, UsageError

FILE = "trials.jsonl"
_LOCK = "writer.lock"
_KERNELS = "kernel-"


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit:
    """One choice of settings with one seed: ``values`` float64 ``[n]`` of one metric for ``user_ids``."""

    user_ids: tuple[str, ...]
    values: npt.NDArray[np.float64]
    seconds: float


class Tried:
    """The fits of a folder, by a digest of all that decides what they came to. Make it with :meth:`held`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._fits: dict[str, Fit] = {}

    @classmethod
    @contextmanager
    def held(cls, folder: Path) -> Generator[Tried]:
        """CatalogueLocked at once where another process searches here."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as fault:
            raise _unwritable(folder, fault) from fault
        lock = WriterLock(folder / _LOCK)
        lock.take("tune")
        try:
            tried = cls(folder)
            tried._read()
            yield tried
        finally:
            lock.release()

    def get(self, digest: str) -> Fit | None:
        return self._fits.get(digest)

    def put(self, digest: str, fit: Fit, told: Mapping[str, Any]) -> None:
        """``told``: what else a reader of the line wants to know, as JSON."""
        row = {
            **told,
            "digest": digest,
            "seconds": round(fit.seconds, 3),
            "user_ids": list(fit.user_ids),
            "values": cast("list[float]", fit.values.tolist()),
        }
        try:
            with (self.folder / FILE).open("ab") as file:
                file.write(json.dumps(row, ensure_ascii=False, allow_nan=False).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as fault:
            raise _unwritable(self.folder, fault) from fault
        self._fits[digest] = fit

    def kernel(self, digest: str) -> Path:
        """Where the checkpoints of a kernel are."""
        return self.folder / f"{_KERNELS}{digest}"

    def tidy(self) -> None:
        """Let go of checkpoints: what they led to is written down."""
        for path in self.folder.glob(f"{_KERNELS}*"):
            shutil.rmtree(path, ignore_errors=True)

    def _read(self) -> None:
        path = self.folder / FILE
        try:
            body = path.read_bytes() if path.exists() else b""
            whole = body[: body.rfind(b"\n") + 1]
            if whole != body:
                with path.open("r+b") as file:
                    file.truncate(len(whole))
        except OSError as fault:
            raise _unwritable(self.folder, fault) from fault
        for number, line in enumerate(whole.splitlines(), start=1):
            try:
                row: Any = json.loads(line)
                fit = Fit(
                    user_ids=tuple(row["user_ids"]),
                    values=np.array(row["values"], np.float64),
                    seconds=float(row["seconds"]),
                )
                if fit.values.shape != (len(fit.user_ids),) or not np.isfinite(fit.values).all():
                    raise ValueError("its values do not fit its users")
                self._fits[str(row["digest"])] = fit
            except (ValueError, KeyError, TypeError) as fault:
                raise UsageError(
                    f"line {number} of {str(path)!r} is no trial: {fault}. Remove the line to try that again."
                ) from fault


def _unwritable(folder: Path, fault: OSError) -> CatalogueUnwritable:
    return CatalogueUnwritable(f"trials cannot be written to {str(folder)!r}: {fault.strerror or fault}.")
