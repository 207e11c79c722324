"""The depot: names that are safe, files that are found again."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triptych.errors import CatalogueUnwritable
from triptych.gather.trailers.depot import Depot, slug

URL = "https://example.org/a.mp4"


@given(st.text(max_size=60))
def test_any_id_gives_a_plain_name(item_id: str) -> None:
    name = slug(item_id)
    assert 0 < len(name) <= 40
    assert not set(name) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
    assert not name.startswith("-")


def test_a_placed_file_is_found_by_its_address(tmp_path: Path) -> None:
    depot = Depot(tmp_path)
    (depot.room(URL) / "clip.php.part").write_bytes(b"12")
    assert (depot.arrived(URL), depot.had(URL)) == (None, 2)
    (depot.room(URL) / "clip.php.part").replace(depot.room(URL) / "clip.php")
    arrived = Depot(tmp_path).arrived(URL)
    assert arrived is not None
    path = depot.place(URL, "../x/$(id)", arrived, ".mp4")
    assert path.parent == tmp_path / "media" / "trailers"
    again = Depot(tmp_path)
    assert again.placed(URL) == path
    assert again.placed(URL + "?") is None
    assert again.arrived(URL) is None
    assert again.had(URL) == 0


def test_files_that_are_not_a_whole_clip_have_not_arrived(tmp_path: Path) -> None:
    depot = Depot(tmp_path)
    for name in (
        "clip.mp4.part",
        "clip.f137.mp4",
        "clip.temp.mp4",
        "clip.mp4.part-Frag3",
        "clip.mp4.ytdl",
        "other.mp4",
    ):
        (depot.room(URL) / name).touch()
    (depot.room(URL) / "clip.webm").symlink_to(tmp_path / "elsewhere")
    assert depot.arrived(URL) is None


def test_what_came_of_one_height_is_not_gone_on_with_for_another(tmp_path: Path) -> None:
    depot, lower = Depot(tmp_path, height_px=720), Depot(tmp_path, height_px=360)
    (depot.room(URL) / "clip.mp4.part").write_bytes(b"12")
    assert (depot.had(URL), lower.had(URL)) == (2, 0)
    lower.room(URL)
    lower.clear(URL)
    assert depot.had(URL) == 0


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "media").touch()
    with pytest.raises(CatalogueUnwritable, match="cannot be written"):
        Depot(tmp_path)
