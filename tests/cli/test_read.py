"""``triptych read``: the cards of clips, by item and kind, and clips that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Triptych
from tests.worlds.clips import card, scene, write_clip


@pytest.fixture
def films(tmp_path: Path, triptych: Triptych) -> Path:
    clips = tmp_path / "clips"
    clips.mkdir()
    film = scene((200, 90, 40), seed=1)
    last = card("THE FOG BELOW", "COMING SOON")
    write_clip(clips / "fog.mp4", picture=lambda t: film(t) if t < 11 else last, seconds=12.0, scale=4.0)
    write_clip(clips / "plain.mp4", picture=film)
    (clips / "broken.mp4").write_bytes(b"nothing")
    assert triptych("init", tmp_path / "c").status == 0
    assert triptych("add", tmp_path / "c", clips).status == 0
    return tmp_path / "c"


def test_lines_are_told_with_their_time_and_kind(films: Path, triptych: Triptych) -> None:
    answer = triptych("read", films, "--json")
    assert answer.status == 0
    lines = answer.json["lines"]
    assert {(line["item_id"], line["text"], line["kind"]) for line in lines} == {
        ("fog.mp4", "THE FOG BELOW", "tagline"),
        ("fog.mp4", "COMING SOON", "date"),
    }
    assert all(line["at_s"] >= 10.9 for line in lines)
    assert list(answer.json["failed"]) == ["broken.mp4"]
    told = triptych("read", films, "fog.mp4", "--kind", "date")
    assert "COMING SOON" in told.out
    assert "BELOW" not in told.out
    assert "1 clips looked at; lines found: 1" in told.err
    answer = triptych("read", films, "fogg.mp4")
    assert answer.status == 2
    assert "no item with a clip 'fogg.mp4'; there is 'fog.mp4'" in answer.err
    assert "no kind of line 'dates'" in triptych("read", films, "--kind", "dates").err
