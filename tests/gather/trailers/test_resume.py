"""A run that is killed: what arrived stays, what was on its way goes on, and nobody is left behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.gather.trailers.conftest import Run
from tests.gather.trailers.faulty import Server
from triptych import Catalogue

PROGRAM = """
import sys
from pathlib import Path
from triptych import Catalogue
from triptych.gather.trailers.fetch import fetch_trailers
from triptych.gather.trailers.settings import Settings
from triptych.gather.trailers.wanted import wanted_of
catalogue = Catalogue.open(sys.argv[1])
wanted = wanted_of(catalogue.items(), Path(sys.argv[2]), allow_private=True)
fetch_trailers(catalogue, wanted, Settings(allow_private=True, per_second=100.0))
"""


@pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="the orphans are looked for in /proc")
def test_kill_9_and_go_on(catalogue: Catalogue, server: Server, run: Run, tmp_path: Path) -> None:
    server.clips["late"] = server.clips["long"]
    lines = [server.url("good", "a"), server.url("good", "b"), server.url("stall-once", "late")]
    path = tmp_path / "killed.txt"
    path.write_text("\n".join(lines), encoding="utf-8")
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(catalogue.folder), str(path)])
    with process:
        media = catalogue.folder / "media" / "trailers"
        waited(lambda: len(list(media.glob("*.mp4"))) == 2)
        # It hangs in the second half of this one.
        waited(lambda: any(part.stat().st_size > 10_000 for part in media.glob(".partial/*/clip.mp4.part")))
        assert orphans(catalogue.folder)
        process.kill()
    waited(lambda: not orphans(catalogue.folder))

    before = len(server.log)
    fetched = run(*lines, max_s=20.0)
    assert fetched.counts == {"fetched": 3}
    assert {clip.item_id for clip in catalogue.clips()} == {"a.mp4", "b.mp4", "late.mp4"}
    later = server.log[before:]
    assert {asked.path for asked in later} == {"/stall-once/late.mp4"}
    assert any(asked.start > 10_000 and asked.status == 206 for asked in later)
    assert max(server.full_reads().values()) == 1


@pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="the orphans are looked for in /proc")
def test_a_run_that_is_interrupted_ends_at_once_and_keeps_what_it_had(
    catalogue: Catalogue, server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "list.txt"
    path.write_text("\n".join([server.url("good", "a"), server.url("stall", "b")]), encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(catalogue.folder), str(path)], stderr=subprocess.DEVNULL
    )
    with process:
        media = catalogue.folder / "media" / "trailers"
        waited(lambda: catalogue.clips() and any(media.glob(".partial/*/clip.mp4.part")))
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == -signal.SIGINT
    assert [clip.item_id for clip in catalogue.clips()] == ["a.mp4"]
    waited(lambda: not orphans(catalogue.folder))


def orphans(folder: Path) -> list[str]:
    """Processes that work in the catalogue."""
    found: list[str] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            where = (process / "cwd").readlink()
        except OSError:
            continue
        if where.is_relative_to(folder.resolve()):
            found.append(process.name)
    return found


def waited(ready: object) -> None:
    assert callable(ready)
    deadline = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < deadline, "it did not come to pass within a minute"
        time.sleep(0.02)
