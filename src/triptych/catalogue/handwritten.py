"""Handwritten: a TOML file that somebody wrote, as text: of bounded size, in UTF-8, and a sentence where it is not."""

from __future__ import annotations

from pathlib import Path

from triptych.errors import UsageError

#: What a person writes is shorter; a file larger than this is something else.
LARGEST_BYTES = 1 << 20


def text_of(path: Path, what: str) -> str:
    """``what`` it should be, such as "rulebook"."""
    try:
        if not path.is_file() or path.stat().st_size > LARGEST_BYTES:
            raise UsageError(f"{str(path)!r} is no {what}: a TOML file of at most {LARGEST_BYTES:,} bytes is.")
        return path.read_text(encoding="utf-8-sig")
    except OSError as fault:
        raise UsageError(f"{str(path)!r} cannot be read: {fault.strerror}.") from fault
    except UnicodeDecodeError as fault:
        raise UsageError(f"{str(path)!r} is no TOML: it is not in UTF-8. Save it as UTF-8.") from fault
