"""Trials: what was tried, with what result, and a folder that keeps it, so that what was stopped goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from triptych.catalogue.lock import WriterLock
from triptych.errors import UsageError

Params = Mapping[str, Any]

FORMAT = 1
SEARCH = "search.json"
_LOCK = ".lock"


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One choice of settings. ``score``: higher is better. ``beyond``: whether it lies outside of the grid given."""

    params: Params
    score: float
    seconds: float
    beyond: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "params": dict(self.params),
            "score": self.score,
            "seconds": round(self.seconds, 4),
            "beyond": self.beyond,
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Trial:
        return cls(params=body["params"], score=body["score"], seconds=body["seconds"], beyond=body["beyond"])


def key_of(params: Params) -> str:
    """What a trial is told apart by: its settings, whatever their order."""
    return json.dumps(dict(params), sort_keys=True)


class Trials:
    """Those of one search, a file for each, put in place whole. ``identity``: JSON of all that decides a score beside
    the settings that are tried; a folder of another search is refused. What is not ours in it is never touched."""

    def __init__(self, folder: Path, identity: Mapping[str, Any]) -> None:
        self.folder = folder
        self._identity: dict[str, Any] = json.loads(json.dumps({"format": FORMAT, **identity}))

    @contextmanager
    def held(self) -> Generator[dict[str, Trial]]:
        """The trials so far, by :func:`key_of`. CatalogueLocked at once where another process searches here."""
        if self.folder.exists() and not self.folder.is_dir():
            raise UsageError(f"{str(self.folder)!r} is a file; give a folder for the trials.")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as fault:
            raise self._unwritable(fault) from fault
        lock = WriterLock(self.folder / _LOCK)
        lock.take("search")
        try:
            self._recognise()
            yield self._read()
        finally:
            lock.release()

    def keep(self, trial: Trial) -> None:
        name = hashlib.blake2b(key_of(trial.params).encode(), digest_size=10).hexdigest()
        self._put(f"trial-{name}.json", trial.to_json())

    def _recognise(self) -> None:
        path = self.folder / SEARCH
        if not path.exists():
            if any(self.folder.glob("trial-*.json")):
                raise UsageError(f"{str(self.folder)!r} holds trials, and not of what search; give an empty folder.")
            self._put(SEARCH, self._identity)
            return
        found = _loaded(path)
        if found != self._identity:
            other = sorted(name for name in {*found, *self._identity} if found.get(name) != self._identity.get(name))
            raise UsageError(
                f"{str(self.folder)!r} holds the trials of another search: it differs in {', '.join(other)}. "
                "Give another folder, or search as before."
            )

    def _read(self) -> dict[str, Trial]:
        found: dict[str, Trial] = {}
        for path in sorted(self.folder.glob("trial-*.json")):
            try:
                trial = Trial.from_json(_loaded(path))
            except (KeyError, TypeError) as fault:
                raise UsageError(f"{str(path)!r} is no trial: it lacks {fault}. Remove it to try again.") from fault
            found[key_of(trial.params)] = trial
        return found

    def _put(self, name: str, body: Mapping[str, Any]) -> None:
        draft = self.folder / f".{name}.draft"
        try:
            draft.write_text(json.dumps(dict(body), indent=1, allow_nan=False) + "\n", encoding="utf-8")
            draft.replace(self.folder / name)
        except OSError as fault:
            raise self._unwritable(fault) from fault

    def _unwritable(self, fault: OSError) -> UsageError:
        return UsageError(f"trials cannot be written to {str(self.folder)!r}: {fault.strerror or fault}.")


def _loaded(path: Path) -> dict[str, Any]:
    try:
        found: Any = json.loads(path.read_bytes())
    except (OSError, ValueError) as fault:
        raise UsageError(f"{str(path)!r} cannot be read: {fault}. Remove it to try again.") from fault
    if not isinstance(found, dict):
        raise UsageError(f"{str(path)!r} holds no table of names. Remove it to try again.")
    return cast("dict[str, Any]", found)
