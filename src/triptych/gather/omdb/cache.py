"""Cache: what OMDb said, one JSON file for each request, so that nothing is asked twice."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from triptych.errors import CatalogueUnwritable

#: Such an answer is asked for again after this: a film may have come since.
MISSING_DAYS = 30.0
_FORMAT = 1


class Cache:
    """Requests → answers. The name of a file is the digest of its request, which holds no key.

    What is no film (``{"Response": "False", …}``) is kept too, with its date, for ``missing_days``. A file that is
    damaged, or is of another request, counts as none.
    """

    def __init__(
        self, folder: Path, *, missing_days: float = MISSING_DAYS, now: Callable[[], float] = time.time
    ) -> None:
        self._folder, self._missing_s, self._now = folder, missing_days * 86_400.0, now

    def get(self, request: Mapping[str, str]) -> dict[str, Any] | None:
        """The body that answered a request, if it is known."""
        try:
            held: Any = json.loads(self._path(request).read_bytes())
            whole = held["format"] == _FORMAT and held["request"] == dict(request) and isinstance(held["body"], dict)
            body = cast("dict[str, Any]", held["body"])
            if not whole or (body["Response"] != "True" and not 0 <= self._now() - held["at"] < self._missing_s):
                return None
            return body
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            return None

    def put(self, request: Mapping[str, str], body: Mapping[str, Any]) -> None:
        path = self._path(request)
        draft = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
        held = {"format": _FORMAT, "at": self._now(), "request": dict(request), "body": dict(body)}
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            try:
                draft.write_text(json.dumps(held), encoding="utf-8")  # escapes half surrogates, which UTF-8 has not
                draft.replace(path)
            finally:
                draft.unlink(missing_ok=True)
        except OSError as fault:
            raise CatalogueUnwritable(
                f"{str(self._folder)!r} cannot be written: {fault.strerror}. Free some space or make it writable, and "
                "run the command again: it goes on from there."
            ) from fault

    def _path(self, request: Mapping[str, str]) -> Path:
        text = json.dumps(dict(request), sort_keys=True)
        return self._folder / f"{hashlib.sha256(text.encode()).hexdigest()}.json"
