"""Every error that Triptych raises on purpose.

    TriptychError
    ├── UsageError            an argument that cannot be honoured
    │   ├── UnknownName       an id, feature, space or panel that is not there
    │   └── MissingExtra      a part whose optional packages are not installed
    ├── CatalogueError        the folder that holds everything
    │   ├── CatalogueMissing  no catalogue there
    │   ├── CatalogueExists   one is there already
    │   ├── CatalogueLocked   another writer holds it
    │   └── CatalogueUnwritable  read-only, or the disk is full
    ├── SourceError           a folder or table that cannot be read as items
    ├── FetchError            something that cannot be had over the network
    ├── MediaError            a clip that cannot be read
    ├── ExtractionError       a feature that cannot be measured, or one that breaks its contract
    ├── SpaceError            a space that cannot be built or searched
    ├── TrainingError         a net that cannot be trained on, or a checkpoint that cannot be written or read
    └── AuditFailed           an experiment whose record shows a fault

A message is one or two sentences: what was given, what is allowed, what to do next.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

#: So many names are all offered, the nearest first; of more, the nearest.
FEW = 8


class TriptychError(Exception):
    """The root: catch this to catch everything that Triptych raises on purpose."""

    exit_code = 1


class UsageError(TriptychError):
    """An argument that cannot be honoured as given."""

    exit_code = 2


class UnknownName(UsageError):
    """A name that is not there; the message offers the nearest ones that are."""

    def __init__(self, kind: str, given: str, known: Iterable[str], *, hint: str = "") -> None:
        names = sorted(known)
        near = get_close_matches(given, names, n=3, cutoff=0.5)
        if len(names) <= FEW:
            near += [name for name in names if name not in near]
        near = near or names[:5]
        offer = ", ".join(repr(name) for name in near)
        rest = f" (of {len(names)})" if len(names) > len(near) else ""
        text = f"no {kind} {given!r}; " + (f"there is {offer}{rest}" if names else "there is none yet")
        super().__init__(f"{text}. {hint}".strip() if hint else f"{text}.")


class MissingExtra(UsageError):
    """A part that needs optional packages, with the command that installs them."""

    def __init__(self, part: str, extra: str, *, missing: str) -> None:
        super().__init__(
            f"{part} needs the optional package {missing!r}, which is not installed. "
            f"Run: pip install 'triptych[{extra}]'"
        )


class CatalogueError(TriptychError):
    """The catalogue folder is not what the command needs it to be."""

    exit_code = 3


class CatalogueMissing(CatalogueError):
    """There is no catalogue at the path."""


class CatalogueExists(CatalogueError):
    """There is a catalogue, or something else, at the path already."""


class CatalogueLocked(CatalogueError):
    """Another process is writing; readers are never refused."""

    exit_code = 4


class CatalogueUnwritable(CatalogueError):
    """The folder cannot be written: read-only, no permission, or the disk is full."""


class SourceError(TriptychError):
    """A folder or table cannot be read as items."""

    exit_code = 3


class FetchError(TriptychError):
    """Something could not be had over the network, after all tries that made sense."""

    exit_code = 6


class MediaError(TriptychError):
    """A clip cannot be read; the message names the cause."""

    exit_code = 5


class ExtractionError(TriptychError):
    """A feature could not be measured, or an extractor broke its contract."""

    exit_code = 5


class SpaceError(TriptychError):
    """A space cannot be built or searched as asked."""

    exit_code = 3


class TrainingError(TriptychError):
    """A net cannot be trained on: its loss is no number, or its checkpoint cannot be written or read."""

    exit_code = 3


class AuditFailed(TriptychError):
    """A record shows a fault, or with ``strict`` does not show that there is none."""

    exit_code = 1
