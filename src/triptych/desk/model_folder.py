"""Model folder: a fitted model in its catalogue, in whole versions of which one stands.

=============================  ====================================================================
C/models/NAME/current.json     which version stands, and the SHA-256 of its manifest
C/models/NAME/3/manifest.json  what it is, what it was learned from, and the SHA-256 of its files
C/models/NAME/3/…              ``arrays.safetensors``, ``body.json``, and texts such as ``ranker.txt``
C/models/NAME/2/…              the one before: who opened it a moment ago reads on
C/models/NAME/learning/        how far a fit is that was stopped
C/models/NAME/writer.lock      held by the one who fits
=============================  ====================================================================

A version is written as a draft, renamed when it is whole, and stands once ``current.json`` was replaced. Whoever is
killed in between leaves the former version as it was; drafts and versions that never stood are swept by the next fit.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from triptych.catalogue.lock import WriterLock
from triptych.errors import CatalogueError, CatalogueUnwritable, MissingExtra, UnknownName, UsageError

Arrays = dict[str, npt.NDArray[Any]]

FORMAT = 1
FOLDER = "models"
CURRENT, MANIFEST, BODY, ARRAYS = "current.json", "manifest.json", "body.json", "arrays.safetensors"
LEARNING, LOCK = "learning", "writer.lock"
#: The one that stands, and the one before.
KEEP = 2
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_TEXT = re.compile(r"[a-z][a-z0-9-]{0,63}\.txt")
_VERSION = re.compile(r"[1-9][0-9]{0,8}")
_DRAFT = ".draft"
#: Arrays of text are kept as JSON in bytes: safetensors has numbers alone.
_WORDS = "text:"
_CHUNK = 1 << 20


@dataclass(frozen=True, kw_only=True, eq=False)
class Kept:
    """One version, as it was written. ``body``: JSON; ``arrays``: of numbers and of text, by name; ``texts``: files
    of text by their names, such as LightGBM writes."""

    manifest: Mapping[str, Any]
    body: Mapping[str, Any]
    arrays: Mapping[str, npt.NDArray[Any]]
    texts: Mapping[str, str]

    @property
    def version(self) -> int:
        return int(self.manifest["version"])


def names(catalogue: Path) -> list[str]:
    """The models of a catalogue's folder that can be opened by name."""
    folder = catalogue / FOLDER
    if not folder.is_dir():
        return []
    return sorted(one.name for one in folder.iterdir() if _NAME.fullmatch(one.name) and (one / CURRENT).is_file())


class ModelFolder:
    """The versions of one model. ``catalogue``: the catalogue's folder."""

    def __init__(self, catalogue: Path, name: str) -> None:
        if not _NAME.fullmatch(name):
            raise UsageError(f"a model cannot be called {name!r}; use letters, digits, - and _, at most 64.")
        self.name = name
        self.folder = catalogue / FOLDER / name
        self._catalogue = catalogue

    # -- writing -------------------------------------------------------------------------------------------

    @contextmanager
    def fitting(self) -> Generator[Path]:
        """Hold the model while it is fitted: nobody else does meanwhile. Yields the folder of how far a fit is."""
        if self.folder.is_symlink():
            raise CatalogueError(f"{str(self.folder)!r} is a link; a model is a folder of its catalogue. Remove it.")
        with self._writable():
            self.folder.mkdir(parents=True, exist_ok=True)
        lock = WriterLock(self.folder / LOCK)
        lock.take(f"fit {self.name}")
        try:
            with self._writable():
                self._sweep()
            yield self.folder / LEARNING
        finally:
            lock.release()

    def write(
        self,
        *,
        told: Mapping[str, Any],
        body: Mapping[str, Any],
        arrays: Mapping[str, npt.NDArray[Any]],
        texts: Mapping[str, str] | None = None,
        keep: int = KEEP,
    ) -> dict[str, Any]:
        """Put a new version in the place of the one that stands, inside :meth:`fitting`. Returns its manifest.

        ``told``: JSON for the manifest. ``keep``: how many versions stay, the new one among them.
        """
        if keep < 1:
            raise UsageError(f"{keep} versions of a model are to be kept; keep at least 1.")
        for name in texts or {}:
            if not _TEXT.fullmatch(name):
                raise UsageError(f"a text of a model cannot be called {name!r}; such as ranker.txt can.")
        version = max([0, *self._there()]) + 1
        draft = self.folder / f"{_DRAFT}-{version}"
        with self._writable():
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir()
            _save(draft / ARRAYS, arrays)
            _put(draft / BODY, _json(body, indent=None))
            for name, text in (texts or {}).items():
                _put(draft / name, text.encode())
            files = {one.name: {"bytes": one.stat().st_size, "sha256": _sha256(one)} for one in sorted(draft.iterdir())}
            manifest = {"format": FORMAT, "name": self.name, "version": version, **told, "files": files}
            text = _json(manifest)
            _put(draft / MANIFEST, text)
            _settle(draft)
            draft.rename(self.folder / str(version))
            self._point(version, hashlib.sha256(text).hexdigest())
            shutil.rmtree(self.folder / LEARNING, ignore_errors=True)
            for old in sorted(self._there())[:-keep]:
                shutil.rmtree(self.folder / str(old))
        return cast("dict[str, Any]", json.loads(text))

    def _point(self, version: int, sha256: str) -> None:
        draft = self.folder / f"{_DRAFT}-{CURRENT}"
        _put(draft, _json({"format": FORMAT, "version": version, "manifest_sha256": sha256}))
        draft.replace(self.folder / CURRENT)
        _settle(self.folder)

    def _sweep(self) -> None:
        """Drafts, and versions later than the one that stands."""
        for one in self.folder.glob(f"{_DRAFT}-*"):
            if one.is_dir() and not one.is_symlink():
                shutil.rmtree(one)
            else:
                one.unlink()
        if (self.folder / CURRENT).exists():
            try:
                stands = self._current()[0]
            except CatalogueError:
                return  # whoever reads is told; a fit is what mends it, and numbers its version above all there are
            for version in self._there():
                if version > stands:
                    shutil.rmtree(self.folder / str(version))

    # -- reading -------------------------------------------------------------------------------------------

    def exists(self) -> bool:
        return (self.folder / CURRENT).is_file()

    def versions(self) -> list[int]:
        """Those that are kept, the one that stands last."""
        stands = self._current()[0]
        return [version for version in self._there() if version <= stands]

    def manifest(self) -> dict[str, Any]:
        """Of the version that stands. CatalogueError, naming the file, where it is not as it was written."""
        version, sha256 = self._current()
        path = self._inside(version, MANIFEST)
        text = self._bytes(path)
        if hashlib.sha256(text).hexdigest() != sha256:
            raise self._damaged(path, "is not as it was written")
        return self._parsed(path, text)

    def read(self) -> Kept:
        """The version that stands, all of its files held against their sums."""
        manifest = self.manifest()
        version: int = manifest["version"]
        files: Mapping[str, Mapping[str, Any]] = manifest["files"]
        for name, told in files.items():
            if name not in (ARRAYS, BODY) and not _TEXT.fullmatch(name):
                raise self._damaged(self._inside(version, MANIFEST), f"names a file {name!r}, which no model has")
            path = self._inside(version, name)
            try:
                size, sha256 = path.stat().st_size, _sha256(path)
            except OSError as fault:
                raise self._damaged(path, f"cannot be read: {fault.strerror}") from fault
            if size != told["bytes"]:
                raise self._damaged(path, f"has {size:,} bytes, and was written with {told['bytes']:,}")
            if sha256 != told["sha256"]:
                raise self._damaged(path, "is not as it was written")
        texts = {
            name: self._bytes(self._inside(version, name)).decode() for name in files if name not in (ARRAYS, BODY)
        }
        body = self._inside(version, BODY)
        return Kept(
            manifest=manifest,
            body=self._parsed(body, self._bytes(body)),
            arrays=_load(self._inside(version, ARRAYS)),
            texts=texts,
        )

    def _current(self) -> tuple[int, str]:
        """The version that stands, and the sum of its manifest."""
        path = self.folder / CURRENT
        if not path.exists():
            hint = f"Fit it: triptych fit {self._catalogue} --model {self.name}"
            raise UnknownName("model", self.name, names(self._catalogue), hint=hint)
        found = self._parsed(path, self._bytes(path))
        version, sha256 = found.get("version"), found.get("manifest_sha256")
        if found.get("format") != FORMAT:
            raise CatalogueError(
                f"{str(path)!r} has format {found.get('format')!r}; this version reads format {FORMAT}. Fit the model "
                f"anew: {self._anew}"
            )
        if not (type(version) is int and version > 0 and isinstance(sha256, str)):
            raise self._damaged(path, "does not hold what a fit wrote there")
        return version, sha256

    def _there(self) -> list[int]:
        """Versions that have a folder, rising."""
        found = (one for one in self.folder.iterdir() if _VERSION.fullmatch(one.name) and not one.is_symlink())
        return sorted(int(one.name) for one in found if one.is_dir())

    def _inside(self, version: int, name: str) -> Path:
        """A file of a version. None of them is a link: what a model is made of lies in its folder."""
        path = self.folder / str(version) / name
        for one in (self.folder, path.parent, path):
            if one.is_symlink():
                raise self._damaged(one, "is a link; what a model is made of lies in its folder")
        return path

    def _bytes(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError as fault:
            raise self._damaged(path, f"cannot be read: {fault.strerror}") from fault

    def _parsed(self, path: Path, text: bytes) -> dict[str, Any]:
        try:
            found: Any = json.loads(text)
        except (ValueError, RecursionError) as fault:
            raise self._damaged(path, "is no JSON") from fault
        if not isinstance(found, dict):
            raise self._damaged(path, "does not hold what a fit wrote there")
        return cast("dict[str, Any]", found)

    @property
    def _anew(self) -> str:
        return f"triptych fit {self._catalogue} --model {self.name}"

    def _damaged(self, path: Path, what: str) -> CatalogueError:
        place = path.relative_to(self.folder.parent)
        return CatalogueError(
            f"the model {self.name!r} cannot be used: {str(place)!r} {what}. Put it back from a copy, or fit the model "
            f"anew: {self._anew}"
        )

    @contextmanager
    def _writable(self) -> Generator[None]:
        try:
            yield
        except OSError as fault:
            raise CatalogueUnwritable(
                f"the model {self.name!r} cannot be written to {str(self.folder)!r}: {fault.strerror or fault}. What "
                "stood there still stands. Make room, or the folder writable, and fit again."
            ) from fault


def _json(told: Mapping[str, Any], *, indent: int | None = 1) -> bytes:
    return json.dumps(told, indent=indent, ensure_ascii=False, allow_nan=False).encode()


def _put(path: Path, data: bytes) -> None:
    """On disk before anything names it."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _settle(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sha256(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(_CHUNK):
            found.update(part)
    return found.hexdigest()


def _save(path: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    plain: Arrays = {}
    for name, values in arrays.items():
        if values.dtype.kind == "U":
            text = json.dumps(values.tolist(), ensure_ascii=False).encode("utf-8", "surrogatepass")
            plain[_WORDS + name] = np.frombuffer(text, np.uint8)
        elif values.dtype.kind in "biuf":
            plain[name] = np.ascontiguousarray(values, values.dtype.newbyteorder("=")).reshape(values.shape)
        else:
            raise UsageError(f"the array {name} of a model holds {values.dtype}; numbers and text are kept.")
    _safetensors("save_file")(plain, path)
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _load(path: Path) -> Arrays:
    found: Arrays = {}
    for name, values in cast("Arrays", _safetensors("load_file")(path)).items():
        if name.startswith(_WORDS):
            found[name.removeprefix(_WORDS)] = np.array(
                json.loads(values.tobytes().decode("utf-8", "surrogatepass")), np.str_
            )
        else:
            found[name] = values
    return found


def _safetensors(name: str) -> Any:
    try:
        import safetensors.numpy
    except ImportError as fault:
        raise MissingExtra("a model on disk", "train", missing="safetensors") from fault
    return getattr(safetensors.numpy, name)
