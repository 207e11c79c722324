"""Section: a table of a TOML file, read strictly: each key is asked for with its kind, what is left is an error."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

from triptych.catalogue.handwritten import LARGEST_BYTES
from triptych.errors import UnknownName, UsageError

T = TypeVar("T")

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")

_KINDS: Mapping[type, str] = {
    str: "text in quotation marks",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list in square brackets",
    dict: "a table",
}


class Section:
    """``where`` is what an error calls it, such as ``[data]``."""

    def __init__(self, told: Mapping[str, Any], where: str) -> None:
        self._told = dict(told)
        self._known: list[str] = []
        self.where = where

    @classmethod
    def of_toml(cls, text: str, *, source: str) -> Section:
        if len(text.encode(errors="replace")) > LARGEST_BYTES:
            raise UsageError(f"{source} has more than {LARGEST_BYTES:,} bytes; a study is a short TOML file.")
        try:
            return cls(tomllib.loads(text), source)
        except (tomllib.TOMLDecodeError, RecursionError) as fault:
            cause = str(fault) if isinstance(fault, tomllib.TOMLDecodeError) else "it is nested too deeply"
            raise UsageError(f"{source} is no TOML: {cause}.") from fault

    def take(self, key: str, kind: type[T], default: T) -> T:
        """The value of ``key``, which must be of ``kind``; ``default`` where it is not there."""
        self._known.append(key)
        if key not in self._told:
            return default
        value: Any = self._told.pop(key)
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise UsageError(f"{self.where}: {key} is {value!r}; it takes {_KINDS[kind]}.")
        return cast("T", value)

    def need(self, key: str, kind: type[T]) -> T:
        if key not in self._told:
            raise UsageError(f"{self.where} has no {key}, which it needs: {_KINDS[kind]}.")
        return self.take(key, kind, cast("T", None))

    def named(self) -> str:
        """Its ``name``, which stands in paths and on command lines."""
        name = self.need("name", str)
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"{self.where} has the name {name!r}; use lower-case letters, digits, . - and _, at most 64."
            )
        return name

    def maybe(self, key: str, kind: type[T]) -> T | None:
        """None where the key is not there, which is not the same as any value."""
        return self.need(key, kind) if key in self._told else self.take(key, kind, cast("T", None))

    def texts(self, key: str, default: Sequence[str] = ()) -> tuple[str, ...]:
        return self._many(key, str, default)

    def numbers(self, key: str, default: Sequence[float] = ()) -> tuple[float, ...]:
        return tuple(map(float, self._many(key, (int, float), default)))

    def wholes(self, key: str, default: Sequence[int] = ()) -> tuple[int, ...]:
        return self._many(key, int, default)

    def _many(self, key: str, kind: Any, default: Sequence[Any]) -> tuple[Any, ...]:
        found: list[Any] = self.take(key, list, list(default))
        for value in found:
            if not isinstance(value, kind) or isinstance(value, bool):
                what = "text" if kind is str else "numbers"
                raise UsageError(f"{self.where}: {key} holds {value!r}; it is a list of {what}.")
        return tuple(found)

    def section(self, key: str) -> Section:
        """A table within; an empty one where it is not there."""
        return Section(cast("dict[str, Any]", self.take(key, dict, {})), f"{self.where} [{key}]")

    def sections(self, key: str) -> list[Section]:
        """A list of tables, ``[[key]]``."""
        found: list[Any] = self.take(key, list, [])
        if not all(isinstance(one, dict) for one in found):
            raise UsageError(f"{self.where}: {key} are tables, each beginning with [[{key}]] in double brackets.")
        return [Section(one, f"{self.where} [[{key}]] {number}") for number, one in enumerate(found, start=1)]

    def rest(self) -> dict[str, Any]:
        """All that was not asked for; it is then no error."""
        told, self._told = self._told, {}
        return told

    def choice(self, key: str, allowed: Sequence[str], default: str) -> str:
        value = self.take(key, str, default)
        if value not in allowed:
            raise UnknownName(f"{key} in {self.where}", value, allowed)
        return value

    def end(self) -> None:
        """Nothing may be left: a misspelt key would else be a setting that silently is not set."""
        for key in self._told:
            raise UnknownName(f"key in {self.where}", key, self._known)


def extended(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """A built-in study with another's keys over its own: tables and protocols by their names, others as wholes."""
    found = dict(below)
    for key, value in above.items():
        if key in ("table", "protocol") and isinstance(value, list):
            own: dict[str, Any] = {one.get("name", ""): one for one in below.get(key, [])}
            own.update({one.get("name", ""): one for one in cast("list[dict[str, Any]]", value)})
            found[key] = list(own.values())
        else:
            found[key] = value
    return found
