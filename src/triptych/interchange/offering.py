"""Offering: vectors that somebody else measured, as their file has them, before anyone has judged them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy.typing as npt

from triptych.errors import SourceError


@dataclass(frozen=True, kw_only=True, eq=False)
class Offering:
    """``values``: float32 or float64 ``[n, d]``, row i of ``ids[i]``; cells may be NaN or infinite.

    ``ids``: as the file has them, "" where a row has none that can be one; the same id may stand again.
    ``absent``: row → why there is no vector in it (its values mean nothing). ``facts`` are for the recipe: the file,
    its digest, how it was read. ``notes``: sentences without their full stop. ``titles``: of each row what the file
    calls the item, or none at all.
    """

    ids: tuple[str, ...]
    values: npt.NDArray[Any]
    absent: Mapping[int, str] = field(default_factory=dict[int, str])
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    notes: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.dtype.str[1:] not in ("f4", "f8"):
            raise SourceError(f"an offering holds {self.values.dtype} {self.values.shape}; it takes float [n, d].")
        if len(self.ids) != len(self.values):
            raise SourceError(f"an offering has {len(self.ids)} ids and {len(self.values)} vectors.")
        if self.titles and len(self.titles) != len(self.ids):
            raise SourceError(f"an offering has {len(self.ids)} ids and {len(self.titles)} titles.")

    @property
    def vectors(self) -> int:
        """How many rows hold a vector."""
        return len(self.ids) - len(self.absent)


def digest_of(paths: Iterable[Path]) -> str:
    """24 hex digits over the bytes of these files, in this order."""
    digest = hashlib.blake2b(digest_size=12)
    for path in paths:
        try:
            with path.open("rb") as handle:
                digest.update(hashlib.file_digest(handle, lambda: hashlib.blake2b(digest_size=32)).digest())
        except OSError as fault:
            raise SourceError(f"{str(path)!r} cannot be read: {fault.strerror or fault}.") from fault
    return digest.hexdigest()
