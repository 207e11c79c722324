"""A place that every user can reach, and a user who may not write there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def common() -> Iterator[Path]:
    """An empty folder that every user can reach; pytest's own are closed to all but its user."""
    for place in map(Path, (tempfile.gettempdir(), "/tmp", "/var/tmp")):
        if all(path.stat().st_mode & 0o001 for path in (place, *place.parents)):
            break
    else:
        raise AssertionError("no folder for temporary files is open to all users")
    with tempfile.TemporaryDirectory(dir=place, ignore_cleanup_errors=True) as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.fixture
def stranger() -> int:
    """The user to become: nobody where we are root, to whom no permission applies; else 0, to stay ourselves."""
    return 65534 if os.getuid() == 0 else 0
