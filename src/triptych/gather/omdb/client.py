"""Client: questions to OMDb, from the cache where the answer is known."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, cast
from urllib.parse import urlsplit

from triptych.errors import FetchError, UsageError
from triptych.gather.omdb.cache import Cache
from triptych.gather.omdb.film import film_of, hits_of, imdb_id_of
from triptych.gather.omdb.reply import Kind, Reply
from triptych.gather.web import Answer, Web, shown

ADDRESS = "https://www.omdbapi.com/"
#: Statuses with which OMDb says something, in JSON, about the key and the limit.
_TOLD = frozenset({401, 403, 429})
_MISSING = re.compile(r"not found|incorrect imdb id", re.IGNORECASE)
_BROAD = re.compile(r"too many results", re.IGNORECASE)
_LIMIT = re.compile(r"limit", re.IGNORECASE)
_KEY = re.compile(r"api ?key", re.IGNORECASE)


class Omdb:
    """OMDb at ``address``, asked through ``web``. ``key`` goes into requests, and nowhere else.

    Safe to use from many threads: of the same question asked at once by two, one is sent.
    """

    def __init__(self, web: Web, *, key: str, cache: Cache, address: str = ADDRESS) -> None:
        if not key or not key.isprintable() or key != key.strip():
            raise UsageError("the key of OMDb is empty, or holds what no key holds. Get one: omdbapi.com/apikey.aspx")
        try:
            parts = urlsplit(address)
            sound = parts.scheme in ("http", "https") and bool(parts.hostname) and not (parts.query or parts.fragment)
        except ValueError:
            sound = False
        if not sound:
            raise UsageError(f"{shown(address)} is no address to ask; give one such as {ADDRESS}")
        self._web, self._cache, self._address, self._key = web, cache, address, key
        self._echo = re.compile(rf"(?<![0-9A-Za-z]){re.escape(key)}(?![0-9A-Za-z])") if len(key) >= 4 else None
        self._guard = threading.Lock()
        self._turns: dict[str, threading.Lock] = {}
        self._counts: Counter[str] = Counter()

    def __repr__(self) -> str:
        return f"Omdb({shown(self._address)!r})"

    @property
    def asked(self) -> int:
        """Questions that were sent."""
        return self._counts["asked"]

    @property
    def recalled(self) -> int:
        """Questions that the cache answered."""
        return self._counts["recalled"]

    def stop(self) -> None:
        """Let nobody wait for another try."""
        self._web.stop()

    def by_id(self, imdb_id: str) -> Reply:
        def read(body: Mapping[str, Any]) -> Reply:
            film = film_of(body)
            if film.imdb_id != imdb_id_of(imdb_id):
                raise ValueError(f"of {film.imdb_id} when asked of {imdb_id}")
            return Reply(kind=Kind.FOUND, film=film)

        return self._ask({"i": imdb_id, "plot": "full"}, read)

    def by_title(self, title: str, year: int) -> Reply:
        """The one film that OMDb takes for it."""
        request = {"t": title, "y": str(year), "type": "movie", "plot": "full"}
        return self._ask(request, lambda body: Reply(kind=Kind.FOUND, film=film_of(body)))

    def search(self, title: str, year: int | None = None, *, page: int = 1) -> Reply:
        """Films whose titles hold these words, ten to a page."""

        def read(body: Mapping[str, Any]) -> Reply:
            hits, total = hits_of(body)
            return Reply(kind=Kind.FOUND, hits=tuple(hits), total=total)

        request = {"s": title, "type": "movie"}
        if year is not None:
            request["y"] = str(year)
        return self._ask(request if page == 1 else {**request, "page": str(page)}, read)

    def _ask(self, request: dict[str, str], read: Callable[[Mapping[str, Any]], Reply]) -> Reply:
        """Only what ``read`` can read is kept, or taken from what was kept: it raises ValueError for the rest."""
        named = {"address": shown(self._address), **request}
        name = json.dumps(named, sort_keys=True)
        with self._guard:
            turn = self._turns.setdefault(name, threading.Lock())
        with turn:
            kept = self._cache.get(named)
            if kept is not None:
                with suppress(ValueError):
                    reply = _reply(kept, read)
                    self._count("recalled")
                    return reply
            self._count("asked")
            try:
                answer = self._web.get(self._address, params={**request, "apikey": self._key}, told=_TOLD)
                body = self._body(answer)
                reply = _reply(body, read)
            except FetchError as fault:
                kind = Kind.LIMIT if self._web.spent else Kind.FAILED
                return Reply(kind=kind, reason=self._scrubbed(str(fault)).rstrip("."))
            except ValueError as fault:
                return Reply(kind=Kind.FAILED, reason=f"OMDb answered {self._scrubbed(str(fault))}")
            if answer.status == 429:
                return Reply(kind=Kind.LIMIT, reason=reply.reason or "too many requests")
            if reply.kind in (Kind.FOUND, Kind.MISSING, Kind.BROAD):
                if answer.status != 200:
                    return Reply(kind=Kind.FAILED, reason=f"OMDb answered with the status {answer.status}")
                self._cache.put(named, body)
            return reply

    def _body(self, answer: Answer) -> dict[str, Any]:
        """The JSON object of an answer. ValueError, as the end of a sentence, for anything else."""
        text = self._scrubbed(answer.body.decode("utf-8", "replace"))
        if answer.status == 429 and not text.lstrip().startswith("{"):
            return {"Response": "False", "Error": "too many requests: the limit is reached"}
        try:
            body: Any = json.loads(text, parse_constant=_refused)
        except (ValueError, RecursionError) as fault:
            kind = answer.headers.get("content-type", "").split(";")[0] or "text"
            raise ValueError(f"with {len(answer.body):,} bytes of {kind[:40]} that are no JSON") from fault
        if not isinstance(body, dict):
            raise ValueError("with JSON that is no object")
        found = cast("dict[str, Any]", body)
        if found.get("Response") not in ("True", "False"):
            raise ValueError("with JSON that does not say whether it is a response")
        return found

    def _scrubbed(self, text: str) -> str:
        """A server may say the key back."""
        return self._echo.sub("…", text) if self._echo else text

    def _count(self, what: str) -> None:
        with self._guard:
            self._counts[what] += 1


def _reply(body: Mapping[str, Any], read: Callable[[Mapping[str, Any]], Reply]) -> Reply:
    if body["Response"] == "True":
        return read(body)
    said = body.get("Error")
    reason = " ".join(said.split())[:200].rstrip(".!") if isinstance(said, str) else ""
    for kind, pattern in {Kind.MISSING: _MISSING, Kind.BROAD: _BROAD, Kind.LIMIT: _LIMIT, Kind.KEY: _KEY}.items():
        if pattern.search(reason):
            return Reply(kind=kind, reason=reason)
    return Reply(kind=Kind.FAILED, reason=f"OMDb answered: {reason or 'no, without a reason'}")


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")
