"""The writer lock: one writer, named to whoever comes second; free when its holder is gone, however it went."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.worlds.catalogues import Listed, catalogue_of
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.lock import WriterLock
from triptych.catalogue.records import Item
from triptych.errors import CatalogueLocked, CatalogueUnwritable

HOLD = """
import sys, time
from pathlib import Path
from triptych.catalogue.lock import WriterLock
WriterLock(Path(sys.argv[1])).take("a long measurement")
print("held", flush=True)
time.sleep(60)
"""


@contextmanager
def holder(lock: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock."""
    with subprocess.Popen([sys.executable, "-c", HOLD, str(lock)], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def test_the_second_writer_is_told_who_writes_and_since_when(tmp_path: Path) -> None:
    catalogue = catalogue_of(tmp_path / "C", Item(item_id="a"))
    with holder(tmp_path / "C" / "writer.lock") as process:
        with pytest.raises(CatalogueLocked, match=rf"by process {process.pid} \(a long measurement, since 2") as caught:
            catalogue.add(Listed(items=[Item(item_id="b")]))
        assert caught.value.exit_code == 4
        # Reading goes on meanwhile, in catalogues opened before and after.
        assert catalogue.item_ids() == Catalogue.open(tmp_path / "C").item_ids() == ["a"]
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert catalogue.add(Listed(items=[Item(item_id="b")])).items_new == 1


@pytest.mark.parametrize(
    "note", [b"", b"\xff\x00", b"[]", b"7", b'{"pid": 1}', b'{"pid": 1, "purpose": "x"', b"\n" * 9000]
)
def test_whatever_the_note_says_the_lock_decides(tmp_path: Path, note: bytes) -> None:
    path = tmp_path / "writer.lock"
    path.write_bytes(note)
    first, second = WriterLock(path), WriterLock(path)
    first.take("first")  # a stale note keeps no one out
    assert json.loads(path.read_bytes())["purpose"] == "first"
    path.write_bytes(note)
    with pytest.raises(CatalogueLocked, match="is being written by another process"):
        second.take("second")
    first.release()
    second.take("second")


def test_two_catalogues_in_one_process_exclude_each_other(tmp_path: Path) -> None:
    one = catalogue_of(tmp_path / "C", Item(item_id="a"))
    two = Catalogue.open(tmp_path / "C")
    with one.writing("one"):
        with pytest.raises(CatalogueLocked, match=rf"by process {os.getpid()} \(one"):
            two.add(Listed(items=[Item(item_id="b")]))
        assert two.item_ids() == ["a"]
    two.add(Listed(items=[Item(item_id="b")]))
    assert sorted(one.item_ids()) == ["a", "b"]


def test_the_thread_that_holds_it_may_enter_again_and_the_outermost_lets_go(tmp_path: Path) -> None:
    catalogue = catalogue_of(tmp_path / "C", Item(item_id="a"))
    with catalogue.writing("outer"):
        with catalogue.writing("inner"):
            catalogue.add(Listed(items=[Item(item_id="b")]))
        with pytest.raises(CatalogueLocked):
            Catalogue.open(tmp_path / "C").remove(["a"])
    Catalogue.open(tmp_path / "C").remove(["a"])
    assert [row["purpose"] for row in catalogue.commits()] == ["add", "outer", "remove"]


def test_another_thread_is_another_writer(tmp_path: Path) -> None:
    catalogue = catalogue_of(tmp_path / "C", Item(item_id="a"))
    caught: list[BaseException] = []

    def write() -> None:
        try:
            catalogue.add(Listed(items=[Item(item_id="b")]))
        except CatalogueLocked as fault:
            caught.append(fault)

    with catalogue.writing("outer"):
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
        catalogue.add(Listed(items=[Item(item_id="c")]))  # still ours
    assert len(caught) == 1
    assert sorted(catalogue.item_ids()) == ["a", "c"]


def test_it_is_let_go_when_writing_fails(tmp_path: Path) -> None:
    catalogue = catalogue_of(tmp_path / "C", Item(item_id="a"))
    with pytest.raises(ZeroDivisionError), catalogue.writing("fails"):
        raise ZeroDivisionError
    Catalogue.open(tmp_path / "C").add(Listed(items=[Item(item_id="b")]))


def test_a_child_process_does_not_inherit_it(tmp_path: Path) -> None:
    lock = WriterLock(tmp_path / "writer.lock")
    lock.take("parent")
    with subprocess.Popen(["sleep", "60"], close_fds=False) as child:
        try:
            lock.release()
            WriterLock(tmp_path / "writer.lock").take("next")
        finally:
            child.kill()


def test_where_no_lock_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CatalogueUnwritable, match=r"cannot be written: Not a directory. Make it writable"):
        WriterLock(tmp_path / "file" / "writer.lock").take("x")
    (tmp_path / "writer.lock").mkdir()
    with pytest.raises(CatalogueUnwritable, match="cannot be written: Is a directory"):
        WriterLock(tmp_path / "writer.lock").take("x")
