"""Checkpoint: all that training needs to go on from the end of an epoch, on disk.

An epoch is two files: tensors (safetensors: weights, buffers, the optimiser's) and a manifest (JSON) that is written
last and put in place at once. Without its manifest an epoch was never finished, and is passed over. The manifest says
which task and settings it is of, holds the line of every epoch so far, and the SHA-256 of the tensors.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Collection, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import torch

from triptych.catalogue.lock import WriterLock
from triptych.errors import MissingExtra, TrainingError, UsageError

FORMAT = 1
KIND = "triptych checkpoint"
#: One line of JSON for each epoch.
LINES = "epochs.jsonl"
LOCK = ".lock"
_NAME = re.compile(r"epoch-(\d{4,})\.(json|safetensors)")
_DRAFT = re.compile(r"\.(epoch-\d{4,}\.(json|safetensors)|epochs\.jsonl)\.draft")

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class Checkpoint:
    """``weights``: the net's ``state_dict``, on the CPU. ``optimiser``: of each parameter's name, the tensors that are
    kept of it. ``scaling``: of the gradients, where they are scaled. ``rows``: the line of each epoch, the first first.
    """

    weights: Mapping[str, torch.Tensor]
    optimiser: Mapping[str, Mapping[str, torch.Tensor]]
    scaling: Mapping[str, Any] | None
    rows: Sequence[Row]

    @property
    def epoch(self) -> int:
        return len(self.rows)


class Checkpoints:
    """Those of one folder, of one task and settings. What is not ours in the folder is never touched."""

    def __init__(self, folder: Path, *, fingerprint: str, settings: Mapping[str, Any]) -> None:
        if find_spec("safetensors") is None:
            raise MissingExtra("a checkpoint", "train", missing="safetensors")
        self.folder = folder
        self._identity: Row = {"task": fingerprint, "settings": json.loads(json.dumps(dict(settings)))}

    @contextmanager
    def held(self) -> Generator[None]:
        """Against another process that trains into the same folder; CatalogueLocked at once where one does."""
        if self.folder.exists() and not self.folder.is_dir():
            raise UsageError(f"{str(self.folder)!r} is a file; give a folder for the checkpoints.")
        with _writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        lock = WriterLock(self.folder / LOCK)
        lock.take("training")
        try:
            yield
        finally:
            lock.release()

    def last(self) -> Checkpoint | None:
        """The newest that is whole; None where training has not come to the end of an epoch.

        UsageError where it is of another task or other settings; TrainingError where it is damaged.
        """
        epochs = self._epochs("json")
        if not epochs:
            return None
        manifest = self._manifest(max(epochs))
        tensors = self._tensors(max(epochs), manifest)
        weights, optimiser = dict[str, torch.Tensor](), dict[str, dict[str, torch.Tensor]]()
        for name, tensor in tensors.items():
            part, rest = name.split("/", 1)
            if part == "net":
                weights[rest] = tensor
            else:
                key, parameter = rest.split("/", 1)
                optimiser.setdefault(parameter, {})[key] = tensor
        return Checkpoint(weights=weights, optimiser=optimiser, scaling=manifest["scaling"], rows=manifest["epochs"])

    def weights(self, epoch: int) -> dict[str, torch.Tensor]:
        """Of an epoch that is kept, as ``state_dict`` has them."""
        tensors = self._tensors(epoch, self._manifest(epoch))
        return {name.removeprefix("net/"): one for name, one in tensors.items() if name.startswith("net/")}

    def write(self, checkpoint: Checkpoint) -> None:
        """The tensors, then the manifest, then the line. What cannot be written leaves what stood."""
        from safetensors.torch import save

        tensors = {f"net/{name}": _whole(tensor) for name, tensor in checkpoint.weights.items()}
        for parameter, held in checkpoint.optimiser.items():
            tensors |= {f"optimiser/{key}/{parameter}": _whole(tensor) for key, tensor in held.items()}
        body = save(tensors)
        manifest = {
            "kind": KIND,
            "format": FORMAT,
            "epoch": checkpoint.epoch,
            **self._identity,
            "tensors": {"sha256": hashlib.sha256(body).hexdigest(), "bytes": len(body)},
            "scaling": checkpoint.scaling,
            "epochs": checkpoint.rows,
        }
        text = json.dumps(manifest, indent=1, allow_nan=False)
        self._put(self._path(checkpoint.epoch, "safetensors"), body)
        self._put(self._path(checkpoint.epoch, "json"), text.encode())
        self.tell(checkpoint.rows)

    def tell(self, rows: Sequence[Row]) -> None:
        """One line for each epoch, all anew: so they are those of the checkpoint, whenever a run was killed."""
        text = "".join(json.dumps(row, allow_nan=False) + "\n" for row in rows)
        self._put(self.folder / LINES, text.encode(), safe=False)  # the manifest has them too

    def tidy(self, keep: Collection[int] | None) -> None:
        """Leave the epochs of ``keep`` (None: all that are whole), and nothing that is half written."""
        with _writing(self.folder):
            whole = self._epochs("json")
            kept = whole if keep is None else whole & set(keep)
            for epoch in whole - kept:
                self._path(epoch, "json").unlink()  # first, for a manifest says that the tensors are there
            for epoch in self._epochs("safetensors") - kept:
                self._path(epoch, "safetensors").unlink()
            for path in [path for path in self.folder.iterdir() if _DRAFT.fullmatch(path.name)]:
                path.unlink()

    def _epochs(self, kind: str) -> set[int]:
        found = (_NAME.fullmatch(path.name) for path in self.folder.iterdir())
        return {int(match[1]) for match in found if match and match[2] == kind}

    def _path(self, epoch: int, kind: str) -> Path:
        return self.folder / f"epoch-{epoch:04d}.{kind}"

    def _manifest(self, epoch: int) -> Row:
        path = self._path(epoch, "json")
        try:
            body: Any = json.loads(path.read_bytes())
        except FileNotFoundError as fault:
            raise TrainingError(f"{str(self.folder)!r} has no checkpoint of epoch {epoch}. {self._cure()}") from fault
        except (OSError, ValueError) as fault:
            raise TrainingError(f"{str(path)!r} cannot be read: {fault}. {self._cure()}") from fault
        if not isinstance(body, dict) or cast(Row, body).get("kind") != KIND:
            raise UsageError(f"{str(path)!r} is not a checkpoint of Triptych; give an empty folder.")
        manifest = cast(Row, body)
        if manifest["format"] != FORMAT:
            raise UsageError(
                f"{str(path)!r} is of format {manifest['format']}, and this version reads {FORMAT}; give another."
            )
        self._same(manifest)
        if manifest["epoch"] != epoch or len(manifest["epochs"]) != epoch:
            raise TrainingError(f"{str(path)!r} is not of epoch {epoch}. {self._cure()}")
        return manifest

    def _same(self, manifest: Row) -> None:
        if manifest["task"] != self._identity["task"]:
            raise UsageError(
                f"{str(self.folder)!r} holds checkpoints of another task ({manifest['task']}, not "
                f"{self._identity['task']}); give another folder, or clear this one to train anew."
            )
        theirs, ours = manifest["settings"], self._identity["settings"]
        names = sorted(name for name in theirs.keys() | ours.keys() if theirs.get(name) != ours.get(name))
        if names:
            told = ", ".join(f"{name} {theirs.get(name)!r} and now {ours.get(name)!r}" for name in names)
            raise UsageError(
                f"{str(self.folder)!r} holds checkpoints of other settings: {told}. Go on with those, give another "
                "folder, or clear this one to train anew."
            )

    def _tensors(self, epoch: int, manifest: Row) -> dict[str, torch.Tensor]:
        from safetensors.torch import load

        path = self._path(epoch, "safetensors")
        try:
            body = path.read_bytes()
        except OSError as fault:
            raise TrainingError(f"{str(path)!r} cannot be read: {fault.strerror or fault}. {self._cure()}") from fault
        if hashlib.sha256(body).hexdigest() != manifest["tensors"]["sha256"]:
            raise TrainingError(
                f"{str(path)!r} is damaged: it has {len(body)} bytes of {manifest['tensors']['bytes']}, and other ones "
                f"than were written. {self._cure()}"
            )
        return load(body)

    def _cure(self) -> str:
        return (
            "Put the file back, remove both files of that epoch to go on from an earlier one that is there, or clear "
            "the folder to train anew."
        )

    def _put(self, path: Path, body: bytes, *, safe: bool = True) -> None:
        """A file takes its place whole, or what stood stays; ``safe``: also where the machine fails, not the run."""
        draft = path.with_name(f".{path.name}.draft")
        with _writing(path):
            try:
                with draft.open("wb") as file:
                    file.write(body)
                    file.flush()
                    if safe:
                        os.fsync(file.fileno())
                draft.replace(path)
            except OSError:
                with suppress(OSError):
                    draft.unlink(missing_ok=True)
                raise


@contextmanager
def _writing(path: Path) -> Generator[None]:
    try:
        yield
    except OSError as fault:
        raise TrainingError(
            f"{str(path)!r} cannot be written: {fault.strerror or fault}. What was written before stands; make room "
            "or give another folder, and run again to go on from it."
        ) from fault


def _whole(tensor: torch.Tensor) -> torch.Tensor:
    """On the CPU and of its own storage: tied weights are two names of one tensor, which the format has no word for."""
    return tensor.detach().to("cpu", copy=True).contiguous()
