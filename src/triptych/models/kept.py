"""Kept: where all items stood after each epoch, in memory or beside the checkpoints of a run that may be killed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from triptych.errors import TrainingError

F32 = npt.NDArray[np.float32]
#: Every so many epochs it is told where items stand.
EVERY = 5


class Kept:
    """Arrays by epoch, such as ``vectors`` ``[items, d]``. In a ``folder`` they outlast the run."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = None if folder is None else folder / "snapshots"
        self._held: dict[int, dict[str, F32]] = {}

    def put(self, epoch: int, arrays: Mapping[str, F32]) -> None:
        if self._folder is None:
            self._held[epoch] = dict(arrays)
            return
        from safetensors.numpy import save

        self._folder.mkdir(parents=True, exist_ok=True)
        draft = self._folder / f".epoch-{epoch:04d}.draft"
        draft.write_bytes(save({name: np.ascontiguousarray(one) for name, one in arrays.items()}))
        draft.replace(self._path(self._folder, epoch))

    def of(self, epoch: int) -> dict[str, F32]:
        if self._folder is None:
            return self._held[epoch]
        from safetensors import SafetensorError
        from safetensors.numpy import load

        path = self._path(self._folder, epoch)
        try:
            return load(path.read_bytes())
        except (OSError, SafetensorError) as fault:
            raise TrainingError(
                f"{str(path)!r}, where items stood after epoch {epoch}, cannot be read: {fault}. Clear the folder "
                "above it to train anew."
            ) from fault

    def tidy(self, wanted: Collection[int]) -> None:
        """Leave those epochs alone."""
        if self._folder is not None:
            names = {self._path(self._folder, epoch).name for epoch in wanted}
            for path in self._folder.glob("epoch-*.safetensors"):
                if path.name not in names:
                    path.unlink()

    def _path(self, folder: Path, epoch: int) -> Path:
        return folder / f"epoch-{epoch:04d}.safetensors"


def looked_at(*, best: int, last: int) -> list[int]:
    """The epochs whose snapshots are kept: before any (0), the first, every fifth, the best and the last."""
    return sorted({0, 1, *range(EVERY, last + 1, EVERY), best, last})
