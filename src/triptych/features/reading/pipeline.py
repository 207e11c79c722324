"""Pipeline: a trained spaCy pipeline, found by name or folder, known by its content, loaded once per process."""

from __future__ import annotations

import hashlib
import json
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

from triptych.errors import ExtractionError, MissingExtra, UsageError

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,80}")
#: No pipeline is larger; a folder that is holds something else.
MOST_FILES = 2_000


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """What a pipeline says of itself, and a SHA-256 over all of its files; its recipe leaves out where it lies.

    ``folder``: where it is loaded from. ``parts``: the names of its components, with their labels.
    """

    folder: str
    name: str
    version: str
    sha256: str
    parts: tuple[tuple[str, tuple[str, ...]], ...]

    def labels(self, part: str) -> tuple[str, ...]:
        return dict(self.parts).get(part, ())

    @property
    def recipe(self) -> dict[str, str]:
        return {"name": self.name, "version": self.version, "sha256": self.sha256}


def require(asker: str) -> None:
    """Raise MissingExtra if spaCy is not installed; nothing is imported."""
    if find_spec("spacy") is None:
        raise MissingExtra(asker, "spacy", missing="spacy")


def describe(model: str) -> Pipeline:
    """The pipeline of that name, a package that is installed, or in that folder, as ``nlp.to_disk`` leaves one.

    Nothing of spaCy is imported and nothing fetched; all files are read once, for their digest (12 MB: 10 ms).
    """
    folder = _folder(model)
    meta = _meta(folder)
    listed: Any = meta.get("pipeline", [])
    labels: Any = meta.get("labels", {})
    parts = tuple(
        (str(part), tuple(str(label) for label in cast("list[Any]", labels.get(part, []) or [])))
        for part in cast("list[Any]", listed)
    )
    return Pipeline(
        folder=str(folder),
        name=f"{meta.get('lang', '')}_{meta.get('name', '')}",
        version=str(meta.get("version", "")),
        sha256=_digest(folder),
        parts=parts,
    )


@lru_cache(maxsize=2)
def load(pipeline: Pipeline) -> Any:
    """The loaded pipeline, a ``spacy.Language``. The first call imports spaCy (2 s) and checks the digest."""
    require("a spaCy pipeline")
    folder = Path(pipeline.folder)
    if _digest(folder) != pipeline.sha256:
        raise ExtractionError(
            f"the spaCy pipeline in {pipeline.folder!r} is not the one that was expected. Restore it, or make the "
            "extractor anew, so that its recipe records what is there now."
        )
    import spacy

    try:
        with warnings.catch_warnings():
            # It warns of tables and devices that none of what is asked here needs.
            warnings.simplefilter("ignore")
            return spacy.load(folder)
    except Exception as fault:  # what a damaged or foreign pipeline raises differs by component and release
        raise ExtractionError(
            f"the spaCy pipeline in {pipeline.folder!r} cannot be loaded: {type(fault).__name__}: {fault}"
        ) from fault


def _folder(model: str) -> Path:
    given = Path(model).expanduser()
    if (given / "meta.json").is_file():
        return given.resolve()
    if given.exists() and not _NAME.fullmatch(model):
        raise UsageError(f"{model!r} holds no spaCy pipeline: there is no meta.json. Give a folder that spaCy saved.")
    if not _NAME.fullmatch(model):
        raise UsageError(f"there is no spaCy pipeline folder at {model!r}. Give a pipeline's name or its folder.")
    spec = find_spec(model)
    for place in spec.submodule_search_locations or () if spec is not None else ():
        # A package holds its pipeline in a folder of its own: en_core_web_sm/en_core_web_sm-3.8.0
        for meta in sorted(Path(place).glob(f"{model}-*/meta.json")):
            return meta.parent.resolve()
    raise UsageError(
        f"there is no spaCy pipeline {model!r}, neither installed nor as a folder. "
        f"Run: python -m spacy download {model}"
    )


def _meta(folder: Path) -> Mapping[str, Any]:
    path = folder / "meta.json"
    try:
        meta: Any = json.loads(path.read_bytes())
    except (OSError, ValueError) as fault:
        raise ExtractionError(f"{str(path)!r} cannot be read: {fault}. Save the pipeline again.") from fault
    if not isinstance(meta, dict) or not isinstance(cast("dict[str, Any]", meta).get("labels", {}), dict):
        raise ExtractionError(f"{str(path)!r} is not the meta.json of a spaCy pipeline. Save the pipeline again.")
    return cast("Mapping[str, Any]", meta)


def _digest(folder: Path) -> str:
    """Over names and contents of all files, in order of name."""
    total = hashlib.sha256()
    files = sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    if len(files) > MOST_FILES:
        raise UsageError(f"{str(folder)!r} holds {len(files):,} files; a spaCy pipeline has fewer than {MOST_FILES:,}.")
    for path in files:
        total.update(path.relative_to(folder).as_posix().encode() + b"\0")
        try:
            with path.open("rb") as handle:
                total.update(hashlib.file_digest(handle, "sha256").digest())
        except OSError as fault:
            raise ExtractionError(f"{str(path)!r} cannot be read ({fault.strerror}).") from fault
    return total.hexdigest()
