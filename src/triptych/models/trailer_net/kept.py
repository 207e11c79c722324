"""Kept: where all items stood after each epoch, in memory or beside the checkpoints of a run that may be killed."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np
import numpy.typing as npt

from triptych.errors import TrainingError

F32 = npt.NDArray[np.float32]


class Kept:
    """Vectors ``[items, d]`` by epoch. In a ``folder`` they outlast the run."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = None if folder is None else folder / "snapshots"
        self._held: dict[int, F32] = {}

    def put(self, epoch: int, vectors: F32) -> None:
        if self._folder is None:
            self._held[epoch] = vectors
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = self._folder / f".epoch-{epoch:04d}.draft"
        with draft.open("wb") as file:
            np.save(file, vectors, allow_pickle=False)
        draft.replace(self._path(self._folder, epoch))

    def of(self, epoch: int) -> F32:
        if self._folder is None:
            return self._held[epoch]
        path = self._path(self._folder, epoch)
        try:
            return np.load(path, allow_pickle=False)
        except (OSError, ValueError) as fault:
            raise TrainingError(f"{str(path)!r} cannot be read: {fault}. Clear the folder to train anew.") from fault

    def tidy(self, wanted: Collection[int]) -> None:
        """Leave those epochs alone."""
        if self._folder is not None:
            names = {self._path(self._folder, epoch).name for epoch in wanted}
            for path in self._folder.glob("epoch-*.npy"):
                if path.name not in names:
                    path.unlink()

    def _path(self, folder: Path, epoch: int) -> Path:
        return folder / f"epoch-{epoch:04d}.npy"
