"""A hub on 127.0.0.1 that serves one repository over the few endpoints that fetching it takes."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

FIRST, SECOND = "a1" * 20, "b2" * 20


@dataclass
class Hub:
    """``commits``: commit → folder of its files. ``branches``: name → commit. ``asked``: what came, in order.

    ``gated``: everyone is told what there is, and nobody is given it.
    """

    repository: str
    commits: dict[str, Path]
    branches: dict[str, str]
    endpoint: str = ""
    asked: list[str] = field(default_factory=list)
    gated: bool = False

    def commit(self, revision: str) -> str | None:
        return revision if revision in self.commits else self.branches.get(revision)

    def files(self, commit: str) -> dict[str, bytes]:
        return {file.name: file.read_bytes() for file in sorted(self.commits[commit].iterdir())}

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body for a path."""
        name = re.escape(self.repository)
        if found := re.fullmatch(rf"/api/models/{name}/revision/(.+)", path):
            commit = self.commit(found[1])
            if commit is None:
                return 404, {"X-Error-Code": "RevisionNotFound"}, b"{}"
            siblings = [{"rfilename": file} for file in self.files(commit)]
            return self.told({"id": self.repository, "sha": commit, "siblings": siblings})
        if found := re.fullmatch(rf"/api/models/{name}/tree/(.+)", path):
            commit = self.commit(found[1])
            if commit is None:
                return 404, {"X-Error-Code": "RevisionNotFound"}, b"{}"
            files = self.files(commit)
            return self.told(
                [{"type": "file", "path": file, "size": len(body), "oid": tag(body)} for file, body in files.items()]
            )
        if found := re.fullmatch(rf"/{name}/resolve/([^/]+)/(.+)", path):
            if self.gated:
                return 403, {"X-Error-Code": "GatedRepo"}, b"{}"
            commit = self.commit(found[1])
            body = self.files(commit).get(found[2]) if commit else None
            if body is None:
                return 404, {"X-Error-Code": "EntryNotFound"}, b""
            return 200, {"X-Repo-Commit": commit or "", "ETag": f'"{tag(body)}"'}, body
        return 404, {"X-Error-Code": "RepoNotFound"}, b"{}"

    @staticmethod
    def told(value: Any) -> tuple[int, dict[str, str], bytes]:
        return 200, {"Content-Type": "application/json"}, json.dumps(value).encode()


def tag(body: bytes) -> str:
    return hashlib.sha1(body).hexdigest()


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.give(bodiless=True)

        def do_GET(self) -> None:
            self.give(bodiless=False)

        def give(self, *, bodiless: bool) -> None:
            path = unquote(urlsplit(self.path).path)
            hub.asked.append(f"{self.command} {path}")
            status, headers, body = hub.answer(path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if not bodiless:
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    hub.endpoint = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
