"""Faulty: an HTTP server with a clip behind each path and a fault behind some, which writes down what it was asked.

``/FAULT/NAME.mp4`` serves the clip NAME with that fault; ``good`` is none.
"""

from __future__ import annotations

import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from triptych.catalogue.sources.synthetic import Settings, make_clip

PAGE = b"<!DOCTYPE html><html><head><title>Trailer</title></head><body><p>No film here.</p></body></html>"


@dataclass(frozen=True)
class Asked:
    """One request: ``start`` is where it asked to begin; ``read`` whether the client took all the body that it got;
    ``at`` [s] is when it began, by the monotonic clock."""

    path: str
    start: int
    sent: int
    status: int
    read: bool
    at: float


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    block_on_close = False

    def __init__(self, clips: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.clips = clips
        self.log: list[Asked] = []
        self.guard = threading.Lock()
        self.met: Counter[str] = Counter()
        self.over = threading.Event()
        #: [s] What it asks those to wait whom it has had enough of.
        self.patience = "1"

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def url(self, fault: str, name: str) -> str:
        return f"{self.base}/{fault}/{name}.mp4"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that leave are part of the game."""

    def first(self, path: str) -> bool:
        with self.guard:
            self.met[path] += 1
            return self.met[path] == 1

    def full_reads(self) -> Counter[str]:
        """How often the whole of a clip was sent from its beginning and taken to its end, by path."""
        with self.guard:
            return Counter(
                asked.path
                for asked in self.log
                if asked.status == 200 and asked.read and asked.sent and asked.start == 0
            )


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, format: str, *args: Any) -> None: ...  # noqa: A002

    def do_GET(self) -> None:
        self.began = time.monotonic()
        _, fault, name = (*self.path.split("/", 2), "")[:3]
        body = self.server.clips.get(name.removesuffix(".mp4"), b"")
        with suppress(OSError):
            getattr(self, f"do_{fault.replace('-', '_')}", self.do_404)(body)

    def do_good(self, body: bytes) -> None:
        self._file(body)

    def do_long(self, body: bytes) -> None:
        self._file(self.server.clips["long"])

    def do_404(self, body: bytes) -> None:
        self._status(404)

    def do_410(self, body: bytes) -> None:
        self._status(410)

    def do_403(self, body: bytes) -> None:
        self._status(403)

    def do_429(self, body: bytes) -> None:
        self._status(429, {"Retry-After": self.server.patience})

    def do_once429(self, body: bytes) -> None:
        if self.server.first(self.path):
            self._status(429, {"Retry-After": self.server.patience})
        else:
            self._file(body)

    def do_closed(self, body: bytes) -> None:
        self._status(429, {"Retry-After": "9000"})

    def do_limit(self, body: bytes) -> None:
        self._status(429)

    def do_500(self, body: bytes) -> None:
        self._status(500)

    def do_once500(self, body: bytes) -> None:
        if self.server.first(self.path):
            self._status(500)
        else:
            self._file(body)

    def do_stall(self, body: bytes) -> None:
        self._file(body, part=0.5, hang=True)

    def do_stall_once(self, body: bytes) -> None:
        """Hangs on the first download; the look before it is served."""
        with self.server.guard:
            self.server.met[self.path] += 1
            second = self.server.met[self.path] == 2
        self._file(body, part=0.5 if second else 1.0, hang=second)

    def do_trickle(self, body: bytes) -> None:
        """Never silent, never done."""
        self.send_response(200)
        self.send_header("Content-Type", "video/mp4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        for k in range(len(body)):
            self.wfile.write(body[k : k + 1])
            if self.server.over.wait(0.1):
                return

    def do_truncate(self, body: bytes) -> None:
        self._file(body, part=0.5)

    def do_cut(self, body: bytes) -> None:
        """A file that is cut, and served as if it were whole."""
        self._file(body[: len(body) * 2 // 3])

    def do_hops(self, body: bytes) -> None:
        hops = int(found[1]) if (found := re.search(r"hop=(\d)", self.path)) else 3
        bare = self.path.partition("?")[0]
        self._status(302, {"Location": f"{bare}?hop={hops - 1}" if hops > 1 else bare.replace("/hops/", "/good/")})

    def do_loop(self, body: bytes) -> None:
        self._status(302, {"Location": self.path})

    def do_tofile(self, body: bytes) -> None:
        self._status(302, {"Location": "file:///etc/hostname"})

    def do_toftp(self, body: bytes) -> None:
        self._status(302, {"Location": "ftp://127.0.0.1/film.mp4"})

    def do_html(self, body: bytes) -> None:
        self._bytes(PAGE, "video/mp4")

    def do_page(self, body: bytes) -> None:
        self._bytes(PAGE, "text/html")

    def do_empty(self, body: bytes) -> None:
        self._bytes(b"", "video/mp4")

    def _status(self, status: int, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self._note(0, 0, status, read=True)

    def _bytes(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self._note(0, len(body), 200, read=self._taken())

    def _file(self, body: bytes, *, part: float = 1.0, hang: bool = False) -> None:
        """The clip, or the rest of it where that is asked for; of ``body`` no more than ``part`` is ever sent."""
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(found[1]) if found else 0
        if start >= len(body):
            self._status(416, {"Content-Range": f"bytes */{len(body)}"})
            return
        status = 206 if found else 200
        self.send_response(status)
        self.send_header("Content-Type", "video/mp4")
        self.send_header("Content-Length", str(len(body) - start))
        if found:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.end_headers()
        piece = body[start : int(len(body) * part)]
        try:
            self.wfile.write(piece)
            self.wfile.flush()
            if hang:
                self.server.over.wait(60)
        finally:
            self._note(start, len(piece), status, read=not hang and self._taken())

    def _taken(self) -> bool:
        """Whether the client read all of it: one that closes with something unread sends a reset instead of its end."""
        try:
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(10)
            return self.connection.recv(1) == b""
        except OSError:
            return False

    def _note(self, start: int, sent: int, status: int, *, read: bool) -> None:
        with self.server.guard:
            self.server.log.append(
                Asked(path=self.path, start=start, sent=sent, status=status, read=read, at=self.began)
            )


def painted(folder: Path, count: int, *, seconds: float, height_px: int = 90) -> list[bytes]:
    """``count`` different small clips."""
    settings = Settings(
        seed=0, seconds=seconds, width_px=height_px * 16 // 9, height_px=height_px, rate_fps=10.0, gaps=0.0
    )
    return [make_clip(folder, number, settings=settings).clip.read_bytes() for number in range(count)]


@contextmanager
def serving(clips: dict[str, bytes]) -> Generator[Server]:
    server = Server(clips)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
