"""Draft: how a file of a run is written: whole, or as it was before."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from triptych.errors import UsageError


def draft_of(name: str) -> str:
    """What a file is called until it is whole. A kill leaves it, and the next run writes over it."""
    return f".{name}.draft"


def replaced(path: Path, write: Callable[[Path], object], *, cure: str, told: Path | None = None) -> None:
    """``write`` is given the draft's place. A UsageError names ``told``, by default the path, and the ``cure``."""
    draft = path.with_name(draft_of(path.name))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(draft)
        draft.replace(path)
    except OSError as fault:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        text = f"{str(told or path)!r} cannot be written: {fault.strerror or fault}. {cure}"
        raise UsageError(text.rstrip()) from fault
