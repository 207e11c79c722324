"""Learned: what a similarity learned on one fold, kept in the folder of a run.

Training takes minutes where judging takes seconds, so what has learned stands apart from the cells: all protocols that
split alike share it, and it is known by all that decides its numbers. While it is trained its checkpoints stand with
it; a run that was killed goes on from the last.
"""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from triptych.errors import SourceError, UsageError
from triptych.models.similarity import Learned, Lessons, Report, Similarity, Snapshot
from triptych.studies.draft import replaced

#: Changes when the same settings would learn something else; what was learned before is then not taken.
VERSION = 1
FORMAT = "triptych-learned/1"
#: In a folder of its own for each: where items stand, what is told of the training, and checkpoints while it lasts.
VECTORS, TOLD, TRAINING = "snapshots.safetensors", "learned.json", "training"
CURE = "Training goes on from its last epoch once there is room, or the folder can be written; run the study again."


def name_of(key: Mapping[str, Any]) -> str:
    """16 hex digits: the name of its folder. ``key``: JSON of all that decides its numbers."""
    told = json.dumps({"version": VERSION, **key}, sort_keys=True)
    return hashlib.blake2b(told.encode(), digest_size=8).hexdigest()


def kept_or_fitted(
    similarity: Similarity, lessons: Lessons, place: Path, key: Mapping[str, Any], *, report: Report | None
) -> Learned:
    """What stands at ``place``, or what is learned now and then stands there."""
    training = place / TRAINING
    if not (place / TOLD).is_file():
        try:
            training.mkdir(parents=True, exist_ok=True)
        except OSError as fault:
            raise UsageError(f"{str(place)!r} cannot be made: {fault.strerror or fault}. {CURE}") from fault
        write(similarity.fit(lessons, folder=training, report=report), place, key)
    if training.exists():
        shutil.rmtree(training, ignore_errors=True)
    # What was learned just now is read back too, so that a run that goes on has the same bits.
    return read(place, items=len(lessons.train.item_ids))


def write(learned: Learned, place: Path, key: Mapping[str, Any]) -> None:
    """The vectors first and what is told of them last: whoever finds that finds it whole."""
    from safetensors.numpy import save

    arrays: dict[str, npt.NDArray[Any]] = {}
    snapshots: list[dict[str, Any]] = []
    for one in learned.snapshots:
        arrays[f"{one.epoch}:vectors"] = np.ascontiguousarray(one.vectors, np.float32)
        arrays[f"{one.epoch}:mask"] = np.ascontiguousarray(one.mask, np.bool_)
        arrays |= {f"{one.epoch}:extra:{name}": np.ascontiguousarray(own) for name, own in one.extra.items()}
        snapshots.append({"epoch": one.epoch, "extra": sorted(one.extra)})
    body = save(arrays)
    told = {
        "format": FORMAT,
        "key": dict(key),
        "best": learned.best,
        "snapshots": snapshots,
        "epochs": learned.epochs,
        "learned_from": list(learned.learned_from),
        "facts": learned.facts,
        "digest": _digest(body),
    }
    text = json.dumps(finite(told), ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    replaced(place / VECTORS, partial(Path.write_bytes, data=body), cure=CURE)
    replaced(place / TOLD, lambda path: path.write_text(text, encoding="utf-8"), cure=CURE)


def read(place: Path, *, items: int | None = None) -> Learned:
    """What stands there. SourceError for what someone has damaged. ``items``: of how many it has to be."""
    try:
        told: dict[str, Any] = json.loads((place / TOLD).read_text(encoding="utf-8"))
        if told["format"] != FORMAT:
            raise ValueError(f"it is of format {told['format']!r}, and what is read here is {FORMAT!r}")
        body = (place / VECTORS).read_bytes()
        if _digest(body) != told["digest"]:
            raise ValueError(f"{VECTORS} is not what was written")
        learned = _learned(told, _arrays(body))
        if items is not None and any(len(one.vectors) != items for one in learned.snapshots):
            raise ValueError(f"it does not place {items} items")
        _ = learned.snapshot  # the best is there
        return learned
    except (OSError, ValueError, LookupError, TypeError, AttributeError, StopIteration) as fault:
        raise SourceError(
            f"{str(place)!r} holds nothing whole that was learned ({fault}). Remove that folder and run the study "
            "again; it is then learned anew."
        ) from fault


def _learned(told: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Learned:
    snapshots = tuple(
        Snapshot(
            epoch=one["epoch"],
            vectors=arrays[f"{one['epoch']}:vectors"],
            mask=arrays[f"{one['epoch']}:mask"],
            extra={name: arrays[f"{one['epoch']}:extra:{name}"] for name in one["extra"]},
        )
        for one in told["snapshots"]
    )
    return Learned(
        snapshots=snapshots,
        best=told["best"],
        epochs=tuple(told["epochs"]),
        learned_from=tuple(told["learned_from"]),
        facts=told["facts"],
    )


def _arrays(body: bytes) -> dict[str, npt.NDArray[Any]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return load(body)
    except SafetensorError as fault:
        raise ValueError(str(fault)) from fault


def _digest(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=16).hexdigest()


def finite(value: Any) -> Any:
    """The same as JSON has it: plain numbers, and None for what is none."""
    if isinstance(value, Mapping):
        return {str(key): finite(one) for key, one in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return [finite(one) for one in cast("Sequence[Any]", value)]
    if isinstance(value, np.generic):
        value = cast("Any", value.item())
    return None if isinstance(value, float) and not math.isfinite(value) else value
