"""kill -9 in the middle of a real run: what was answered is never asked again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from tests.gather.omdb.servers import KEY, FakeOmdb, Request, Site, film, questions, serving
from tests.worlds.catalogues import catalogue_of
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Item
from triptych.gather.omdb.metadata import Metadata, Status

RUN = "import typer; from triptych.cli import enrich; typer.run(enrich.command)"
FILMS = 120
#: Threads that ask; so many questions may be in the air.
WORKERS = 4


def start(folder: Path, site: Site) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    command = [sys.executable, "-c", RUN, str(folder), "--address", site.address, "--per-second", "1000"]
    return subprocess.Popen(
        command,
        env={**environment, "OMDB_API_KEY": KEY},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class Gate:
    """Lets so many questions through; the next ones are held, and never answered."""

    def __init__(self) -> None:
        self.left = self.held = 0
        self._guard = threading.Lock()

    def open(self, count: int) -> None:
        self.left, self.held = count, 0

    def __call__(self, request: Request) -> bool:
        with self._guard:
            self.left -= 1
            if self.left >= 0:
                return False
            self.held += 1
        request.server.site.over.wait()
        raise ConnectionError


def kept(folder: Path) -> int:
    return len(list((folder / "cache" / "omdb").glob("*.json")))


def test_killed_runs_ask_nothing_twice_that_was_answered(tmp_path: Path) -> None:
    """Two runs are killed, in the first batch and in the second. The third comes to the end."""
    folder = tmp_path / "C"
    ids = [f"tt{k:07}" for k in range(1, FILMS + 1)]
    catalogue_of(folder, *(Item(item_id=imdb_id, imdb_id=imdb_id) for imdb_id in ids))
    gate = Gate()
    fake = FakeOmdb(films=[film(imdb_id, f"Film {imdb_id}") for imdb_id in ids], before=gate)
    with serving(fake) as site:
        for answers, batches in ((30, 0), (40, 1)):
            gate.open(answers)
            before = kept(folder)
            run = start(folder, site)
            try:
                # Every thread waits for an answer, and those from before are written down.
                while gate.held < WORKERS or kept(folder) < before + answers:
                    assert run.poll() is None, run.communicate()
                    time.sleep(0.01)
            finally:
                run.send_signal(signal.SIGKILL)
                run.communicate()
            assert len(Metadata(Catalogue.open(folder).tables).read()) == 50 * batches
        gate.open(10**6)
        run = start(folder, site)
        out, err = run.communicate(timeout=60)
        assert run.returncode == 0, err
        answered, seen = questions(site.answered), questions(site.seen)
    assert max(answered.values()) == 1
    assert len(answered) == FILMS
    # Only what was in the air when a run was killed, and never answered, was sent once more.
    assert sum(seen.values()) - FILMS == WORKERS * 2
    catalogue = Catalogue.open(folder)
    accounts = Metadata(catalogue.tables).read()
    assert sorted(account.item_id for account in accounts) == ids
    assert {account.status for account in accounts} == {Status.FOUND}
    assert all(item.plot == f"The plot of Film {item.item_id}." for item in catalogue.items())
    assert KEY not in out + err
    files = [path for path in (folder / "cache").rglob("*") if path.is_file()]
    assert len(files) == FILMS
    assert not any(KEY in path.read_text() for path in files)
