"""kill -9 at random moments: what was committed is whole, what was not has left no trace that matters."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.worlds.catalogues import Listed, catalogue_of
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Item
from triptych.catalogue.sources.folder import Folder

#: Items of one batch. A batch is one commit: all of it is there or nothing.
BATCH = 20
KILLS = 6

WRITE = """
import sys
from pathlib import Path
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Clip, Item
from triptych.catalogue.sources.source import Addition

class Batch:
    def __init__(self, number):
        self.ids = [f"{number:05}-{k:02}" for k in range(int(sys.argv[2]))]
    def read(self, folder):
        return Addition(
            items=[Item(item_id=i, title=i, plot=i * 500) for i in self.ids],
            clips=[Clip(item_id=i, path=f"/{i}.mp4", bytes=1, fingerprint=i) for i in self.ids],
        )

import triptych.catalogue.interactions  # all that is imported later on
print("ready", flush=True)
input()
catalogue = Catalogue.open(sys.argv[1])
number = len(catalogue.item_ids()) // int(sys.argv[2])
while True:
    catalogue.add(Batch(number))
    print(number, flush=True)
    number += 1
"""


def writer_of(folder: Path) -> subprocess.Popen[str]:
    """A process that begins to write when it is sent a line."""
    command = [sys.executable, "-c", WRITE, str(folder), str(BATCH)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@contextmanager
def ended(writer: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    with writer:
        try:
            yield writer
        finally:
            writer.kill()


def kill_after(writer: subprocess.Popen[str], batches: int, seconds: float, folder: Path) -> list[int]:
    """Let it write so many batches and so much longer, and read meanwhile. What it said it had committed."""
    assert writer.stdin is not None
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    writer.stdin.write("go\n")
    writer.stdin.flush()
    told = [int(writer.stdout.readline()) for _ in range(batches)]
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        assert len(Catalogue.open(folder).items()) % BATCH == 0
    writer.kill()
    told += [int(line) for line in writer.stdout.read().split()]
    writer.wait()
    return told


def test_a_killed_writer_leaves_whole_batches_and_the_next_one_goes_on(tmp_path: Path) -> None:
    drawn = random.Random(7)
    folder = tmp_path / "C"
    Catalogue.init(folder)
    with ExitStack() as stack:
        # Two more import while one writes: starting takes longer than all the rest.
        waiting = deque(stack.enter_context(ended(writer_of(folder))) for _ in range(2))
        for _ in range(KILLS):
            waiting.append(stack.enter_context(ended(writer_of(folder))))
            writer = waiting.popleft()
            told = kill_after(writer, drawn.choice([0, 1, 2, 3]), drawn.uniform(0, 0.1), folder)
            assert writer.returncode == -signal.SIGKILL
            catalogue = Catalogue.open(folder)
            items = catalogue.items()
            batches = len(items) // BATCH
            # A prefix of whole batches, and at least all that the writer said it had committed.
            assert sorted(item.item_id for item in items) == [
                f"{n:05}-{k:02}" for n in range(batches) for k in range(BATCH)
            ]
            assert all(item.plot == item.item_id * 500 and item.title == item.item_id for item in items)
            assert batches > max(told, default=-1)
            # Clips go in first: a kill between the two leaves clips whose items come with the next batch.
            clips = {clip.item_id for clip in catalogue.clips()}
            assert clips >= {item.item_id for item in items}
            assert len(clips) % BATCH == 0
            for row in catalogue.commits()[-3:]:
                then = Catalogue.open(folder, commit=int(str(row["commit"])))
                assert len(then.item_ids()) % BATCH == 0
            catalogue.add(Listed())  # the next writer sweeps
            assert not list(folder.rglob(".tmp*"))
            log = catalogue.commits()
            assert [row["commit"] for row in log] == list(range(1, len(log) + 1))
            assert not log or sorted(Catalogue.open(folder, commit=len(log)).item_ids()) == sorted(catalogue.item_ids())
    assert batches


DIE = """
import os, sys
from pathlib import Path
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.sources.folder import Folder
from triptych.catalogue.tables import Tables
upsert = Tables.upsert
def once(tables, name, rows, *, key):
    upsert(tables, name, rows, key=key)
    if name == sys.argv[3]:
        os.kill(os.getpid(), 9)
Tables.upsert = once
Catalogue.open(sys.argv[1]).add(Folder(path=Path(sys.argv[2])))
"""


@pytest.mark.parametrize("table", ["clips", "items"])
def test_a_kill_between_two_tables_is_made_good_by_the_same_command(tmp_path: Path, table: str) -> None:
    (tmp_path / "films").mkdir()
    (tmp_path / "films" / "new.mp4").write_bytes(b"x")
    catalogue = catalogue_of(tmp_path / "C", Item(item_id="old"))
    command = [sys.executable, "-c", DIE, str(tmp_path / "C"), str(tmp_path / "films"), table]
    assert subprocess.run(command, check=False, timeout=60).returncode == -signal.SIGKILL
    # Never an item whose clip did not arrive: it would be taken for one that has none.
    assert [clip.item_id for clip in catalogue.clips()] == ["new.mp4"]
    assert catalogue.item_ids() == (["old"] if table == "clips" else ["old", "new.mp4"])
    assert [row["commit"] for row in catalogue.commits()] == [1]
    catalogue.add(Folder(path=tmp_path / "films"))
    assert sorted(catalogue.item_ids()) == ["new.mp4", "old"]
    assert [row["purpose"] for row in catalogue.commits()][:2] == ["add", "what a killed writer left"]
    assert sorted(Catalogue.open(tmp_path / "C", commit=len(catalogue.commits())).item_ids()) == ["new.mp4", "old"]


def test_what_a_killed_session_left_is_a_commit_of_its_own(tmp_path: Path) -> None:
    catalogue = catalogue_of(tmp_path / "C", Item(item_id="a"))
    # As a kill between the tables and the log leaves it.
    catalogue.tables.upsert("items", catalogue.tables.read("items").slice(0, 0), key="item_id")
    catalogue.tables.delete("items", "item_id", ["a"])
    catalogue.add(Listed(items=[Item(item_id="b")]))
    assert [row["purpose"] for row in catalogue.commits()] == ["add", "what a killed writer left", "add"]
    assert [Catalogue.open(tmp_path / "C", commit=n).item_ids() for n in (1, 2, 3)] == [["a"], [], ["b"]]


def test_the_next_writer_sweeps_what_was_left(tmp_path: Path) -> None:
    catalogue = catalogue_of(tmp_path / "C", Item(item_id="a"))
    left = [tmp_path / "C" / "lance" / "items.lance" / place / ".tmpX" for place in ("data", "_versions")]
    for path in left:
        path.write_bytes(b"half written")
    assert catalogue.item_ids() == ["a"]
    assert all(path.exists() for path in left)  # readers sweep nothing: a writer may be at work
    catalogue.add(Listed())
    assert not any(path.exists() for path in left)
