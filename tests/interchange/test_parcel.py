"""Parcel: whole or not at all, and never over what others wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from triptych.errors import SourceError, UsageError
from triptych.interchange.parcel import manifest_of, packing


def write(folder: Path, name: str = "x", **files: str) -> None:
    with packing(folder, name=name, kind="test") as parcel:
        for path, text in files.items():
            parcel.path(path.replace("__", "/")).write_text(text)


def contents(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(".json")
    }


def test_the_last_one_stands_and_leaves_nothing_of_the_one_before(tmp_path: Path) -> None:
    out = tmp_path / "a" / "out"
    write(out, one="1", sub__deep__two="2")
    assert contents(out) == {"one": "1", "sub/deep/two": "2"}
    write(out, name="y", one="3")
    assert contents(out) == {"one": "3"}
    assert not (out / "sub").exists()
    assert manifest_of(out, "test") == {"format": "test", "files": ["one", "y.triptych.json"]}
    assert manifest_of(out, "other") is None


def test_what_stood_stands_when_writing_fails(tmp_path: Path) -> None:
    write(tmp_path / "out", one="1")

    def broken() -> None:
        with packing(tmp_path / "out", name="x", kind="test") as parcel:
            parcel.path("one").write_text("2")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken()
    assert contents(tmp_path / "out") == {"one": "1"}


def test_an_export_that_was_killed_half_way_is_not_read_and_is_written_over(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(out, one="1")
    (out / ".triptych-draft").mkdir()
    (out / ".triptych-draft" / "two").write_text("2")
    manifest = out / "x.triptych.json"
    body = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**body, "files": [*body["files"], "two"], "unfinished": True}))
    with pytest.raises(SourceError, match="stopped half way"):
        manifest_of(out, "test")
    write(out, one="3", two="4")
    assert contents(out) == {"one": "3", "two": "4"}


@pytest.mark.parametrize("manifest", ["", "[]", "{}", '{"files": 3}', '{"files": [1]}', "[" * 10000])
def test_a_manifest_that_is_none_vouches_for_nothing(tmp_path: Path, manifest: str) -> None:
    (tmp_path / "x.triptych.json").write_text(manifest)
    (tmp_path / "mine").write_text("dear to me")
    with pytest.raises(UsageError, match="holds 'mine'"):
        write(tmp_path, one="1")
    with pytest.raises(SourceError):
        manifest_of(tmp_path, "test")


def test_a_manifest_cannot_have_files_elsewhere_removed(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(out, one="1")
    (tmp_path / "mine").write_text("dear to me")
    manifest = out / "x.triptych.json"
    body = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**body, "files": [*body["files"], "../mine", str(tmp_path / "mine")]}))
    write(out, two="2")
    assert contents(out) == {"two": "2"}
    assert (tmp_path / "mine").read_text() == "dear to me"


def test_links_and_files_in_the_way_are_told(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    out = tmp_path / "out"
    out.mkdir()
    (out / "sub").symlink_to(elsewhere)
    with pytest.raises(UsageError, match="holds 'sub'"):
        write(out, sub__one="1")
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="is no folder"):
        write(tmp_path / "file", one="1")
    with pytest.raises(UsageError, match="cannot be written"):
        write(tmp_path / "file" / "below", one="1")
    assert list(elsewhere.iterdir()) == []
