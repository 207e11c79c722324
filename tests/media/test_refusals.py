"""What cannot be read is refused with its cause, what was cut is read as far as it goes; no other file is touched."""

from __future__ import annotations

import os
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from av.logging import get_level

from tests.media.makeclip import flat, make_clip, numbered
from triptych.errors import MediaError
from triptych.media.loader import open_reel
from triptych.media.reel import Want
from triptych.media.sampling import Sampling

ALL = Sampling(count=6, where="all", short_side_px=24)
WANT = Want(samplings=frozenset({ALL}), sound_rates_hz=frozenset({16_000}))


def refused(path: Path) -> str:
    """The message of the MediaError that opening raises."""
    with pytest.raises(MediaError) as caught:
        open_reel(path, WANT)
    return str(caught.value)


# Files that end early, or never were whole.


@pytest.mark.parametrize(("name", "codec"), [("clip.webm", "libvpx"), ("clip.mkv", "libx264")])
def test_a_cut_file_is_read_as_far_as_it_goes(tmp_path: Path, name: str, codec: str) -> None:
    path = make_clip(tmp_path / name, numbered(100), codec=codec, gop=10)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    reel = open_reel(path, WANT)
    assert reel.probe.declared_s == pytest.approx(10.0, abs=0.05)
    assert 2.0 < reel.probe.duration_s < 8.0
    assert len(reel.frames[ALL]) == 6
    warning = next(w for w in reel.warnings if "declares" in w)
    assert f"{reel.probe.duration_s:.1f} s of the 10.0 s" in warning


def test_a_cut_file_whose_index_comes_first(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip.mp4", numbered(100), gop=10, container_options={"movflags": "faststart"})
    whole = path.read_bytes()
    path.write_bytes(whole[: 2 * len(whole) // 3])
    reel = open_reel(path, WANT)
    assert reel.probe.duration_s < 9.0
    assert any("declares" in w for w in reel.warnings)
    assert len(reel.frames[ALL]) == 6


def test_a_file_cut_before_its_index_names_the_index(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip.mp4", numbered(100))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    message = refused(path)
    assert "index (moov) is missing" in message
    assert "'clip.mp4'" in message


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.ts", "clip.mp3", "clip.gif", "clip", "clip.h264"])
@pytest.mark.parametrize("seed", range(5))
def test_random_bytes_are_no_clip(tmp_path: Path, name: str, seed: int) -> None:
    path = tmp_path / name
    path.write_bytes(np.random.default_rng(seed).bytes(60_000))
    assert "cannot be opened" in refused(path) or "could be read" in refused(path)


@pytest.mark.parametrize("name", ["clip.mp4", "clip.ts", "clip.mp3", "clip.aac"])
@pytest.mark.parametrize(
    "content", [bytes(50_000), b"\xff" * 50_000, b"Not a film.\n" * 3000, "Ünïcödé 🎬\n".encode() * 2000]
)
def test_other_bytes_are_no_clip(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert refused(path).startswith(f"{name!r}")


def test_an_empty_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").touch()
    assert refused(tmp_path / "clip.mp4") == "'clip.mp4' is empty (0 bytes)."


def test_a_still_is_no_clip(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "still.png"), flat((10, 20, 30)))
    assert "a still picture" in refused(tmp_path / "still.png")


def test_subtitles_alone_are_neither_picture_nor_sound(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip.mkv", numbered(3))
    path.write_bytes(path.read_bytes().replace(b"\x83\x81\x01", b"\x83\x81\x11"))  # TrackType: subtitle
    assert "neither a picture nor a sound track" in refused(path)


# Things that are no files.


def test_a_folder_is_no_clip(tmp_path: Path) -> None:
    assert "is a folder" in refused(tmp_path)


def test_a_missing_file_is_no_clip(tmp_path: Path) -> None:
    assert "No such file" in refused(tmp_path / "clip.mp4")


def test_a_name_that_no_file_can_have(tmp_path: Path) -> None:
    assert "cannot be read" in refused(tmp_path / "a\0b.mp4")
    assert "cannot be read" in refused(tmp_path / ("x" * 300 + ".mp4"))


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "clip.mp4")
    assert "not a regular file" in refused(tmp_path / "clip.mp4")
    (tmp_path / "link.mp4").symlink_to(tmp_path / "clip.mp4")
    assert "not a regular file" in refused(tmp_path / "link.mp4")


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/urandom"])
def test_a_device_is_no_clip(tmp_path: Path, device: str) -> None:
    (tmp_path / "clip.mp4").symlink_to(device)
    assert "not a regular file" in refused(tmp_path / "clip.mp4")


def test_a_link_to_itself_is_no_clip(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").symlink_to(tmp_path / "clip.mp4")
    assert "cannot be read" in refused(tmp_path / "clip.mp4")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that another user may enter, as pytest's own may not be."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_an_unreadable_file_says_so(open_folder: Path) -> None:
    path = make_clip(open_folder / "clip.mp4", numbered(3))
    path.chmod(0o000)
    mighty = os.geteuid() == 0
    if mighty:  # to whom nothing is unreadable
        os.seteuid(65534)
    try:
        assert "Permission denied" in refused(path)
    finally:
        if mighty:
            os.seteuid(0)


# Files that name other files, and names that look like something else.


@pytest.fixture
def listener() -> Iterator[tuple[int, list[object]]]:
    """A port on this machine, and a list that gains an entry for each connection made to it."""
    calls: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        done = threading.Event()

        def listen() -> None:
            while not done.is_set():
                try:
                    connection, peer = server.accept()
                except TimeoutError:
                    continue
                calls.append(peer)
                connection.close()

        thread = threading.Thread(target=listen)
        thread.start()
        yield server.getsockname()[1], calls
        done.set()
        thread.join()


@pytest.mark.parametrize("name", ["clip.mp4", "clip.m3u8", "clip.ffconcat", "clip.sdp", "clip.ts"])
@pytest.mark.parametrize("kind", ["hls", "hls_nested", "concat", "sdp", "dash", "smil", "imf"])
def test_a_list_of_other_files_is_not_followed(
    tmp_path: Path, listener: tuple[int, list[object]], name: str, kind: str
) -> None:
    port, calls = listener
    victim = make_clip(tmp_path / "secret.mp4", numbered(5))
    url = f"http://127.0.0.1:{port}/a.ts"
    scripts = {
        "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{url}\n#EXTINF:5,\n{victim}\n#EXT-X-ENDLIST\n",
        "hls_nested": f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{url}.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=2\n{victim}\n",
        "concat": f"ffconcat version 1.0\nfile '{victim}'\nfile '{url}'\n",
        "sdp": f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {port} RTP/AVP 96\n"
        "a=rtpmap:96 H264/90000\n",
        "dash": f'<?xml version="1.0"?><MPD><Period><AdaptationSet><Representation><BaseURL>{url}</BaseURL>'
        "</Representation></AdaptationSet></Period></MPD>",
        "smil": f'<smil><body><video src="{url}"/></body></smil>',
        "imf": f'<?xml version="1.0"?><CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/2067-3/2016">{url}'
        "</CompositionPlaylist>",
    }
    path = tmp_path / name
    path.write_text(scripts[kind])
    before = victim.stat().st_atime_ns
    message = refused(path)
    assert repr(name) in message
    assert "not read here" in message or "no media container" in message or "no known media container" in message
    assert calls == []
    assert victim.stat().st_atime_ns == before


@pytest.mark.parametrize(
    "name",
    [
        "concat:a|b.mp4",
        "-i.mp4",
        "pipe:0.mp4",
        "http:/example.mp4",
        "file:x.mp4",
        "data:,x.mp4",
        "two\nlines.mp4",
        "film 🎬 “é”.mp4",
        'it\'s "quoted".mp4',
        "%03d.mp4",
        "a?b#c&d.mp4",
        " .mp4",
        "back\\slash.mp4",
        os.fsdecode(b"latin\xe9.mp4"),
    ],
)
def test_odd_names_are_names(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = make_clip(tmp_path / "plain.mp4", numbered(8))
    path = tmp_path / name
    if "/" in name:
        path.parent.mkdir()
    path.write_bytes(plain.read_bytes())
    assert len(open_reel(path, WANT).frames[ALL]) == 6
    monkeypatch.chdir(tmp_path)
    assert len(open_reel(name, WANT).frames[ALL]) == 6


def test_the_log_of_ffmpeg_is_left_as_it_was(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    level = get_level()
    (tmp_path / "clip.mp4").write_bytes(b"x" * 5000)
    refused(tmp_path / "clip.mp4")
    assert get_level() == level
    assert capfd.readouterr() == ("", "")
