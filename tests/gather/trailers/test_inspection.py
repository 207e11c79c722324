"""Inspection: what arrived is judged by what is in it, not by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gather.trailers.faulty import PAGE
from tests.worlds.clips import tone, write_clip
from triptych.gather.trailers.inspection import inspect
from triptych.gather.trailers.reason import Reason
from triptych.gather.trailers.settings import Settings


def test_a_good_clip_gets_the_ending_of_its_kind(tmp_path: Path, clips: dict[str, bytes]) -> None:
    path = tmp_path / "clip.php"
    path.write_bytes(clips["a"])
    found = inspect(path, Settings())
    assert (found.reason, found.suffix, found.bytes) == (None, ".mp4", len(clips["a"]))
    assert found.duration_s == pytest.approx(6.0, abs=0.2)


def test_faults(tmp_path: Path, clips: dict[str, bytes]) -> None:
    path = tmp_path / "clip.mp4"
    for body, settings, reason in (
        (clips["a"][: len(clips["a"]) * 2 // 3], Settings(), Reason.TRUNCATED),
        (clips["a"], Settings(max_s=5.5), Reason.TOO_LONG),
        (clips["a"], Settings(min_s=7), Reason.TOO_SHORT),
        (clips["a"], Settings(max_mb=0.01), Reason.TOO_LARGE),
        (PAGE, Settings(), Reason.NOT_A_VIDEO),
        (b"\xef\xbb\xbf\n<html>", Settings(), Reason.NOT_A_VIDEO),
        (b"#EXTM3U\nfile:///etc/passwd\n", Settings(), Reason.NOT_A_VIDEO),
        (b"", Settings(), Reason.NOT_A_VIDEO),
        (b"\x00" * 4096, Settings(), Reason.NOT_A_VIDEO),
    ):
        path.write_bytes(body)
        found = inspect(path, settings)
        assert found.reason is reason, body[:20]
        assert found.detail


def test_sound_alone_is_no_trailer(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", sound=tone(440.0), seconds=6.0)
    found = inspect(path, Settings())
    assert (found.reason, found.detail) == (Reason.NOT_A_VIDEO, "it holds no pictures")
