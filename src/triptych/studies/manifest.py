"""Manifest: what a run of a study was: its settings as resolved, versions, data, seeds, and how long it took."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from triptych.errors import SourceError, UsageError
from triptych.features.recipe import plain
from triptych.studies.draft import draft_of, replaced
from triptych.studies.material import Material
from triptych.studies.study import Study

FILE = "manifest.json"
DRAFT = draft_of(FILE)
FORMAT = "triptych-study/1"
#: Packages that numbers go through.
PACKAGES = ("triptych", "numpy", "scipy", "scikit-learn", "polars", "pyarrow", "lancedb", "umap-learn", "torch", "myfm")


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """``study``: its TOML as given, ``settings``: as resolved. ``data``: digest and counts. ``seconds``: of all runs
    together, one that was killed counted up to its last cell."""

    study: str
    settings: Mapping[str, Any]
    data: Mapping[str, Any]
    versions: Mapping[str, str]
    machine: Mapping[str, Any]
    seeds: Mapping[str, int]
    began: str
    seconds: float = 0.0
    format: str = FORMAT
    runs: int = 1
    finished: bool = False
    source: str = field(default="", repr=False)

    @classmethod
    def of(
        cls,
        study: Study,
        material: Material,
        *,
        sequences: Sequence[str] = (),
        rated: Sequence[str] | None = None,
        files: Sequence[Path] = (),
    ) -> Manifest:
        """``sequences``: titles of those that a row looks at; ``rated`` and ``files``: see :func:`data_of`."""
        settings = {name: value for name, value in asdict(study).items() if name != "source"}
        return cls(
            study=study.name,
            settings=plain(settings, study.name),
            source=study.source,
            data=data_of(material, sequences=sequences, rated=rated, files=files),
            versions=versions(),
            machine={"system": platform.system(), "machine": platform.machine(), "cores": os.cpu_count() or 1},
            seeds={"study": study.seed, **{one.name: one.seed for one in study.protocols}},
            began=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        )

    def write(self, folder: Path) -> None:
        text = json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n"
        replaced(folder / FILE, lambda path: path.write_text(text, encoding="utf-8"), cure="", told=folder)

    @classmethod
    def read(cls, folder: Path) -> Manifest | None:
        """None where no study was run."""
        path = folder / FILE
        if not path.is_file():
            return None
        try:
            body: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            if body["format"] != FORMAT:
                raise SourceError(f"{str(path)!r} is of format {body['format']!r}; this version reads {FORMAT!r}.")
            return cls(**body)
        except (OSError, ValueError, LookupError, TypeError) as fault:
            raise SourceError(f"{str(path)!r} is no manifest of a study: {fault}.") from fault


def data_of(
    material: Material, *, sequences: Sequence[str] = (), rated: Sequence[str] | None = None, files: Sequence[Path] = ()
) -> dict[str, Any]:
    """Counts, and a digest of all that a number can hang on: ids, ratings, and every feature as it stands. Of those in
    time only what a row looks at: they are large.

    ``rated``: features in time that rows look at which predict ratings, None where there are no such rows. They look at
    all that is written of items and users, too, and at ``files`` that split ratings: a digest of its own has these.
    """
    digest = hashlib.blake2b(digest_size=8)
    history = material.history
    for ids in (history.user_ids, history.item_ids):
        digest.update(json.dumps(ids).encode())
    order = np.lexsort((history.items, history.users))
    for column in (history.users, history.items, history.values, history.times):
        digest.update(np.ascontiguousarray(column[order]).tobytes())
    features: dict[str, Any] = {}
    for title, table in material.standing.items():
        values, mask = table.aligned(material.item_ids)
        digest.update(table.recipe.hash.encode())
        digest.update(values.tobytes())
        digest.update(mask.tobytes())
        features[title] = {"recipe": table.recipe.hash, "width": values.shape[1], "items": int(mask.sum())}
    for title in sorted(set(sequences) & material.running.keys()):
        features[title] = _in_time(digest, material, title)
    # What is learned again for every fold is learned from what is written of the items, as it is now.
    fields = sorted({"genres", *(name for title in material.asked for name in material.reads(title))})
    for item in material.items:
        told = asdict(item)
        digest.update(json.dumps([item.item_id, *(told[name] for name in fields)]).encode())
    found: dict[str, Any] = {
        "digest": digest.hexdigest(),
        "items": len(material.items),
        "users": int(np.count_nonzero(history.user_counts)),
        "interactions": len(history),
        "features": features,
    }
    if rated is None:
        return found
    more = digest.copy()
    for title in sorted((set(rated) & material.running.keys()) - features.keys()):
        features[title] = _in_time(more, material, title)
    for item in material.items:
        more.update(json.dumps(asdict(item), sort_keys=True).encode())
    if material.users is not None:
        for row in material.users.sort_by("user_id").to_pylist():
            more.update(json.dumps(row, sort_keys=True).encode())
    for path in files:
        try:
            more.update(path.read_bytes())
        except OSError as fault:
            raise UsageError(f"{str(path)!r} cannot be read: {fault.strerror or fault}.") from fault
    return {**found, "rated": more.hexdigest()}


def _in_time(digest: hashlib.blake2b, material: Material, title: str) -> dict[str, Any]:
    found = material.sequences([title])[title]
    digest.update(material.running[title].hash.encode())
    digest.update(json.dumps([len(times) for times in found.times_s]).encode())
    for values, times in zip(found.values, found.times_s, strict=True):
        digest.update(np.ascontiguousarray(values).tobytes())
        digest.update(np.ascontiguousarray(times).tobytes())
    width = max((values.shape[1] for values in found.values), default=0)
    return {"recipe": material.running[title].hash, "width": width, "items": int(found.mask.sum())}


def versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
