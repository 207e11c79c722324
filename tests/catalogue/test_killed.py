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

from tests.worlds.catalogues import Listed, catalogue_of
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Item

#: Items of one batch. A batch is one commit: all of it is there or nothing.
BATCH = 20
KILLS = 9

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


def kill_after(writer: subprocess.Popen[str], seconds: float, folder: Path) -> list[int]:
    """Let it write for so long, and read meanwhile. What it said it had committed."""
    assert writer.stdin is not None
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    writer.stdin.write("go\n")
    writer.stdin.flush()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        assert len(Catalogue.open(folder).items()) % BATCH == 0
    writer.kill()
    told = [int(line) for line in writer.stdout.read().split()]
    writer.wait()
    return told


def test_a_killed_writer_leaves_whole_batches_and_the_next_one_goes_on(tmp_path: Path) -> None:
    drawn = random.Random(7)
    folder = tmp_path / "C"
    Catalogue.init(folder)
    mid_way = 0
    with ExitStack() as stack:
        # Two more import while one writes: starting takes longer than all the rest.
        waiting = deque(stack.enter_context(ended(writer_of(folder))) for _ in range(2))
        for _ in range(KILLS):
            waiting.append(stack.enter_context(ended(writer_of(folder))))
            writer = waiting.popleft()
            told = kill_after(writer, drawn.uniform(0.01, 0.3), folder)
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
            mid_way += len(clips) > len(items) or len(catalogue.commits()) < batches
            for row in catalogue.commits()[-3:]:
                then = Catalogue.open(folder, commit=int(str(row["commit"])))
                assert len(then.item_ids()) % BATCH == 0
            catalogue.add(Listed())  # the next writer sweeps
            assert not list(folder.rglob(".tmp*"))
            log = catalogue.commits()
            assert [row["commit"] for row in log] == list(range(1, len(log) + 1))
            assert not log or sorted(Catalogue.open(folder, commit=len(log)).item_ids()) == sorted(catalogue.item_ids())
    assert batches
    assert mid_way  # some kill did come between two steps of a batch


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
