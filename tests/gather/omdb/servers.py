"""Servers: real ones on this computer, for as long as a test runs."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


class Request(BaseHTTPRequestHandler):
    """One request and the ways to answer it."""

    protocol_version = "HTTP/1.1"
    server: _Listener

    def do_GET(self) -> None:
        site = self.server.site
        with site.guard:
            site.seen.append(self.path)
        # A client that was killed, or had enough, does not listen to the end.
        with suppress(ConnectionError):
            site.answer(self)
            with site.guard:
                site.answered.append(self.path)

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.path).query))

    def reply(self, body: bytes | str = b"", *, status: int = 200, **headers: str) -> None:
        """A whole answer; headers are written with underscores."""
        raw = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        for name, value in {"Content_Length": str(len(raw)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(raw)

    def reply_json(self, body: Any, *, status: int = 200) -> None:
        self.reply(json.dumps(body), status=status, Content_Type="application/json; charset=utf-8")

    def truncate(self, body: bytes, promised: int) -> None:
        """Less than promised, and the line goes dead."""
        self.send_response(200)
        self.send_header("Content-Length", str(promised))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def stall(self) -> None:
        """Say nothing until the test is over."""
        self.server.site.over.wait()
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        pass


@dataclass(kw_only=True)
class Site:
    """A server that runs: what it was asked, in order, and what it answered to the end."""

    answer: Callable[[Request], None]
    seen: list[str] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    guard: threading.Lock = field(default_factory=threading.Lock)
    over: threading.Event = field(default_factory=threading.Event)
    address: str = ""


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    site: Site

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is no news."""


@contextmanager
def serving(answer: Callable[[Request], None]) -> Iterator[Site]:
    listener = _Listener(("127.0.0.1", 0), Request)
    site = listener.site = Site(answer=answer, address=f"http://127.0.0.1:{listener.server_port}/")
    thread = threading.Thread(target=listener.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.over.set()
        listener.shutdown()
        thread.join()
        listener.server_close()


# -- one that speaks like OMDb -----------------------------------------------------------------------------------

KEY = "k3y-for-tests"


def film(imdb_id: str, title: str, year: str = "1995", **more: Any) -> dict[str, Any]:
    """As OMDb writes one."""
    return {
        "Title": title,
        "Year": year,
        "Rated": "G",
        "Released": f"22 Nov {year[:4]}",
        "Runtime": "81 min",
        "Genre": "Animation, Adventure",
        "Director": "John Lasseter",
        "Writer": "N/A",
        "Actors": "Tom Hanks, Tim Allen",
        "Plot": f"The plot of {title}.",
        "Language": "English, French",
        "Country": "United States",
        "Poster": f"https://example.org/{imdb_id}.jpg",
        "imdbRating": "8.3",
        "imdbVotes": "930,413",
        "imdbID": imdb_id,
        "Type": "movie",
        "Response": "True",
    } | more


@dataclass(kw_only=True)
class FakeOmdb:
    """Films, and what goes wrong: ``odd`` by imdb id, ``before`` for every request, True if it answered."""

    films: list[dict[str, Any]]
    odd: Mapping[str, Callable[[Request], None]] = field(default_factory=dict)
    before: Callable[[Request], bool] = lambda request: False
    key: str = KEY
    broad: frozenset[str] = frozenset()

    def __call__(self, request: Request) -> None:
        query = request.query
        if query.get("apikey") != self.key:
            request.reply_json({"Response": "False", "Error": "Invalid API key!"}, status=401)
        elif self.before(request):
            pass
        elif "i" in query:
            self._one(request, [entry for entry in self.films if entry["imdbID"] == query["i"]])
        elif "t" in query:
            same = [e for e in self.films if e["Title"].lower() == query["t"].lower() and e["Year"] == query["y"]]
            self._one(request, same)
        else:
            self._search(request, query)

    def _one(self, request: Request, found: list[dict[str, Any]]) -> None:
        wanted = request.query.get("i", "")
        if wanted in self.odd:
            self.odd[wanted](request)
        elif found:
            request.reply_json(found[0])
        else:
            request.reply_json({"Response": "False", "Error": "Movie not found!"})

    def _search(self, request: Request, query: dict[str, str]) -> None:
        words = re.findall(r"\w+", query["s"].lower())
        if query["s"].lower() in self.broad:
            request.reply_json({"Response": "False", "Error": "Too many results."})
            return
        found = [
            {name: entry[name] for name in ("Title", "Year", "imdbID", "Type", "Poster")}
            for entry in self.films
            if set(words) <= set(re.findall(r"\w+", entry["Title"].lower()))
            and query.get("y", entry["Year"]) == entry["Year"]
        ]
        start = 10 * (int(query.get("page", "1")) - 1)
        if not found[start:]:
            request.reply_json({"Response": "False", "Error": "Movie not found!"})
            return
        request.reply_json({"Search": found[start : start + 10], "totalResults": str(len(found)), "Response": "True"})


def questions(paths: list[str]) -> Counter[str]:
    """How often each was asked; the key is no part of a question."""
    return Counter(re.sub(r"&?apikey=[^&]*", "", path) for path in paths)
