"""The worker: where it may go, what it may start, and how it ends."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.gather.trailers.faulty import Server
from triptych.gather.trailers.fetcher import Fetcher
from triptych.gather.trailers.reason import Reason
from triptych.gather.trailers.settings import Settings
from triptych.gather.trailers.verdict import RefusedAddress
from triptych.gather.trailers.worker import Guard

OPEN = Settings(allow_private=True)


def test_it_goes_nowhere_but_to_the_given_address(tmp_path: Path, server: Server) -> None:
    fetcher = Fetcher(OPEN)
    try:
        for name in ("a", "b"):
            room = tmp_path / name
            room.mkdir()
            reply = fetcher.fetch(server.url("good", name), room)
            assert reply.file == room / "clip.mp4"
            assert reply.file.read_bytes() == server.clips[name]
            assert reply.met == (server.base.removeprefix("http://"),)
            assert [path.name for path in room.iterdir()] == ["clip.mp4"]
        assert {asked.path for asked in server.log} == {"/good/a.mp4", "/good/b.mp4"}
    finally:
        fetcher.close()


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f.0.0.1"])
def test_a_name_that_resolves_to_this_machine_is_not_connected_to(tmp_path: Path, server: Server, host: str) -> None:
    fetcher = Fetcher(Settings())
    try:
        reply = fetcher.fetch(f"http://{host}:{server.server_address[1]}/good/a.mp4", tmp_path)
    finally:
        fetcher.close()
    assert reply.verdict is not None
    assert reply.verdict.reason is Reason.REFUSED_ADDRESS
    assert "loopback" in reply.verdict.detail
    assert server.log == []
    assert reply.met == ()


@pytest.mark.parametrize("address", [("127.0.0.1", 80), ("10.0.0.1", 80), ("::1", 80, 0, 0), "/run/socket"])
def test_the_guard_stops_connections(address: object) -> None:
    guard = Guard()
    with pytest.raises(RefusedAddress):
        guard("socket.connect", (socket.socket, address))
    with pytest.raises(RefusedAddress):
        guard("socket.sendmsg", (socket.socket, address))
    guard("socket.sendmsg", (socket.socket, None))
    guard("socket.connect", (socket.socket, ("93.184.215.14", 443)))
    assert guard.met == {"93.184.215.14:443"}


def test_the_guard_stops_requests_and_programs() -> None:
    guard = Guard()
    for url in ("file:///etc/passwd", "ftp://93.184.215.14/x", "data:,x"):
        with pytest.raises(RefusedAddress):
            guard("urllib.Request", (url, None, {}, "GET"))
    guard("urllib.Request", ("https://example.org/", None, {}, "GET"))
    for program, given in (
        ("/bin/sh", ["sh", "-c", "x"]),
        (None, ["rm", "x"]),
        ("ffmpeg", ["ffmpeg", "-i", "http://a/b"]),
    ):
        with pytest.raises(PermissionError):
            guard("subprocess.Popen", (program, given, None, None))
    guard("subprocess.Popen", ("/usr/bin/ffmpeg", ["ffmpeg", "-i", "file:clip.f1.mp4", "file:clip.mp4"], None, None))
    with pytest.raises(PermissionError):
        guard("os.system", (b"true",))


def test_it_ends_when_its_parent_does() -> None:
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "triptych.gather.trailers.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, "YTDLP_NO_PLUGINS": "1"},
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert b"ready" in process.stdout.readline()
        process.stdin.close()
        assert process.wait(30) != 0


def test_a_worker_that_is_no_more_is_replaced(tmp_path: Path, server: Server) -> None:
    fetcher = Fetcher(OPEN)
    try:
        assert fetcher.fetch(server.url("404", "a"), tmp_path).verdict is not None
        assert fetcher._process is not None
        fetcher._process.kill()
        fetcher._process.wait()
        broken = fetcher.fetch(server.url("good", "a"), tmp_path)
        assert broken.verdict is not None
        assert broken.verdict.reason is Reason.CRASHED
        assert fetcher.fetch(server.url("good", "a"), tmp_path).file is not None
        fetcher.end()
        ended = fetcher.fetch(server.url("good", "b"), tmp_path)
        assert ended.verdict is not None
        assert ended.verdict.reason is Reason.CRASHED
    finally:
        fetcher.close()


def test_the_time_of_one_try_is_bounded_and_what_came_is_kept(tmp_path: Path, server: Server) -> None:
    # A server that trickles is never silent; only the whole of the try ends it.
    fetcher = Fetcher(Settings(allow_private=True, timeout_s=1.0))
    try:
        reply = fetcher.fetch(server.url("trickle", "a"), tmp_path)
    finally:
        fetcher.close()
    assert reply.verdict is not None
    assert reply.verdict.reason is Reason.STALLED
    assert "not done after 1 s" in reply.verdict.detail
