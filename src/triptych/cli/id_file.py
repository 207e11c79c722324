"""Id file: a file of item ids, one in a line, such as the training side of a split."""

from __future__ import annotations

from pathlib import Path


def item_ids(file: Path) -> list[str]:
    """The ids, without the white space around them; empty lines are none."""
    from triptych.errors import UsageError

    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as fault:
        raise UsageError(f"the item ids in {str(file)!r} cannot be read: {fault}") from fault
    return [line.strip() for line in lines if line.strip()]
