"""A read-only folder and a full disk: said in a sentence, nothing lost, and the same command goes through later."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.worlds.catalogues import catalogue_of
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Item

#: ``add FOLDER FILE_LIMIT UID``: adds 300 incompressible items, under limits that the kernel enforces.
ADD = """
import os, random, resource, sys
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Item
from triptych.catalogue.sources.source import Addition
from triptych.errors import TriptychError

folder, limit, uid = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
drawn = random.Random(0)

class Many:
    def read(self, folder):
        return Addition(items=[Item(item_id=f"n{k}", plot=drawn.randbytes(2000).hex()) for k in range(300)])

if uid:
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    catalogue = Catalogue.open(folder)
    assert "old" in catalogue.item_ids()
    catalogue.add(Many())
except TriptychError as fault:
    print(type(fault).__name__, fault)
else:
    print("added")
"""


def add(folder: Path, *, limit: int = 0, uid: int = 0) -> str:
    command = [sys.executable, "-c", ADD, str(folder), str(limit), str(uid)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def holds(folder: Path, count: int) -> None:
    """What was committed before is whole, now and at its commit; nothing half written was committed."""
    catalogue = Catalogue.open(folder)
    assert catalogue.items(["old"]) == [Item(item_id="old", plot="kept")]
    assert len(catalogue.item_ids()) == count
    assert Catalogue.open(folder, commit=1).item_ids() == ["old"]


def test_a_file_that_may_not_grow(tmp_path: Path) -> None:
    catalogue_of(tmp_path / "C", Item(item_id="old", plot="kept"))
    said = add(tmp_path / "C", limit=100_000)
    assert said.startswith("CatalogueUnwritable table 'items' could not be written (file too large)")
    assert "Free some space and run the command again: it goes on from there." in said
    holds(tmp_path / "C", 1)
    assert add(tmp_path / "C") == "added\n"
    holds(tmp_path / "C", 301)


@contextmanager
def small_disk(place: Path) -> Iterator[bool]:
    """A file system of a few megabytes, where this user may mount one; otherwise False."""
    place.mkdir()
    mounted = shutil.which("mount") is not None and (
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)], capture_output=True, check=False
        ).returncode
        == 0
    )
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk(tmp_path: Path) -> None:
    """A file system that is full, where one can be mounted; else, files that may not grow at all."""
    with small_disk(tmp_path / "disk") as mounted:
        folder = tmp_path / "disk" / "C"
        catalogue_of(folder, Item(item_id="old", plot="kept"))
        filler = tmp_path / "disk" / "filler"
        for room in (400_000, 60_000, 0) if mounted else (400_000, 60_000, 1):
            if mounted:
                filler.unlink(missing_ok=True)
                filler.write_bytes(bytes(shutil.disk_usage(folder).free - room))
            said = add(folder, limit=0 if mounted else room)
            assert said.startswith("CatalogueUnwritable "), said
            assert "Free some space" in said
            holds(folder, 1)
        if mounted:
            filler.unlink()
        assert add(folder) == "added\n"
        holds(folder, 301)
        assert not list(folder.rglob(".tmp*"))


def test_a_folder_that_may_only_be_read(common: Path, stranger: int) -> None:
    folder = common / "C"
    catalogue_of(folder, Item(item_id="old", plot="kept"))
    modes = {path: path.stat().st_mode for path in (folder, *folder.rglob("*"))}
    for path, mode in modes.items():
        path.chmod(mode & ~0o222 | 0o055)
    try:
        said = add(folder, uid=stranger)
        assert said.startswith("CatalogueUnwritable ")
        assert "cannot be written: Permission denied. Make it writable, or give a folder that you may write to." in said
        # Only the tables are read-only, as when someone else made them.
        folder.chmod(0o777)
        (folder / "writer.lock").chmod(0o666)
        said = add(folder, uid=stranger)
        assert said.startswith("CatalogueUnwritable table 'items' could not be written (permission denied)")
        assert "Make the folder writable and run the command again" in said
        holds(folder, 1)
    finally:
        for path, mode in modes.items():
            path.chmod(mode)
    assert add(folder) == "added\n"
    holds(folder, 301)


def test_init_where_nothing_may_be_made(common: Path, stranger: int) -> None:
    (common / "closed").mkdir()
    (common / "closed").chmod(0o555)
    code = (
        "import os, sys; from triptych.catalogue.catalogue import Catalogue\n"
        "if int(sys.argv[2]): os.setuid(int(sys.argv[2]))\n"
        "try: Catalogue.init(sys.argv[1])\n"
        "except Exception as fault: print(type(fault).__name__, fault)\n"
    )
    command = [sys.executable, "-c", code, str(common / "closed" / "C"), str(stranger)]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    assert said.startswith("CatalogueUnwritable")
    assert "cannot be made: Permission denied." in said
    (common / "closed").chmod(0o755)
