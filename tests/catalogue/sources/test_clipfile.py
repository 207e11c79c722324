"""Clip files: where they may lie, and that a change of content is noticed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from triptych.catalogue.sources.clipfile import clip_of, fault_of, inside

MEGABYTE = 1 << 20


def test_a_clip_is_the_file_under_its_absolute_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.mp4").write_bytes(b"12345")
    monkeypatch.chdir(tmp_path)
    clip = clip_of("a", Path("a.mp4"))
    assert (clip.item_id, clip.path, clip.bytes) == ("a", str(tmp_path / "a.mp4"), 5)


@pytest.mark.parametrize("at", [0, MEGABYTE - 1, 5 * MEGABYTE, 10 * MEGABYTE - 1])
def test_one_byte_at_the_start_middle_or_end_changes_the_fingerprint(tmp_path: Path, at: int) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(bytes(10 * MEGABYTE))
    before = clip_of("a", path)
    assert clip_of("a", path) == before
    with path.open("r+b") as handle:
        handle.seek(at)
        handle.write(b"x")
    assert clip_of("a", path).fingerprint != before.fingerprint


def test_files_of_zeros_of_unlike_length_differ(tmp_path: Path) -> None:
    prints = set[str]()
    for size in (0, 1, 2, MEGABYTE, MEGABYTE + 1, 3 * MEGABYTE):
        (tmp_path / "a.mp4").write_bytes(bytes(size))
        prints.add(clip_of("a", tmp_path / "a.mp4").fingerprint)
    assert len(prints) == 6


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """films/a.mp4, films/sub/b.mp4, some links, and outside.mp4 beside the folder."""
    films = tmp_path / "films"
    (films / "sub").mkdir(parents=True)
    (films / "a.mp4").write_bytes(b"a")
    (films / "sub" / "b.mp4").write_bytes(b"b")
    (tmp_path / "outside.mp4").write_bytes(b"o")
    (films / "near.mp4").symlink_to("a.mp4")
    (films / "far.mp4").symlink_to("../outside.mp4")
    (films / "up").symlink_to("..")
    (films / "door").symlink_to("sub")
    (films / "round.mp4").symlink_to("round.mp4")
    (films / "gone.mp4").symlink_to("nothing.mp4")
    return films


@pytest.mark.parametrize(
    ("path", "lies"),
    [
        ("a.mp4", "a.mp4"),
        ("./a.mp4", "a.mp4"),
        ("sub/../a.mp4", "a.mp4"),
        ("sub/b.mp4", "sub/b.mp4"),
        ("door/b.mp4", "sub/b.mp4"),  # one file has one name, whatever link leads to its folder
        ("near.mp4", "near.mp4"),  # a link to a neighbour is a file of its own name
        ("up/films/a.mp4", "a.mp4"),
        ("no/such.mp4", "no/such.mp4"),
        ("far.mp4", None),
        ("../outside.mp4", None),
        ("sub/../../outside.mp4", None),
        ("/etc/passwd", None),
        ("up/outside.mp4", None),
    ],
)
def test_what_is_inside(folder: Path, path: str, lies: str | None) -> None:
    assert inside(folder, path) == (None if lies is None else folder / lies)


def test_an_absolute_path_into_the_folder_is_inside(folder: Path) -> None:
    assert inside(folder, str(folder / "a.mp4")) == folder / "a.mp4"


def test_a_folder_whose_name_begins_alike_is_outside(tmp_path: Path) -> None:
    (tmp_path / "films2").mkdir()
    (tmp_path / "films").mkdir()
    assert inside(tmp_path / "films", "../films2/a.mp4") is None


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("a.mp4", None),
        ("near.mp4", None),
        ("nothing.mp4", "no such file"),
        ("x" * 5000, "no such file"),
        ("gone.mp4", "a link to a file that is not there"),
        ("round.mp4", "a link to a file that is not there"),
        ("sub", "not a regular file"),
        ("pipe.mp4", "not a regular file"),
    ],
)
def test_faults(folder: Path, name: str, fault: str | None) -> None:
    os.mkfifo(folder / "pipe.mp4")
    found = fault_of(folder / name)
    assert (found is None) if fault is None else (found is not None and fault in found)
