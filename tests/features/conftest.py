"""What the tests of extraction share: workers that stay warm, and a shelf of tiny clips."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.worlds.clips import scene, silence, tone, write_clip
from triptych.engine import LocalPool


@pytest.fixture(scope="session")
def pool() -> Iterator[LocalPool]:
    with LocalPool(workers=2) as pool:
        yield pool


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Clips of 1 s by name; ``red``, ``green`` and ``blue`` are nothing else. ``broken`` is no clip at all."""
    folder = tmp_path_factory.mktemp("clips")
    colours = {"red": (220, 20, 20), "green": (20, 200, 20), "blue": (20, 20, 210)}
    made = {
        name: write_clip(
            folder / f"{name}.mp4", picture=scene(rgb, contrast=0.1), sound=tone(200.0 + k * 90), seconds=1
        )
        for k, (name, rgb) in enumerate(colours.items())
    }
    made["mute"] = write_clip(folder / "mute.mp4", picture=scene((120, 120, 40)), seconds=1)
    made["silent"] = write_clip(folder / "silent.mp4", picture=scene((40, 120, 120)), sound=silence, seconds=1)
    made["heard"] = write_clip(folder / "heard.m4a", sound=tone(500), seconds=1)
    made["broken"] = folder / "broken.mp4"
    made["broken"].write_bytes(b"this is no film " * 200)
    return made
