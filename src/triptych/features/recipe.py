"""Recipe: the frozen settings of whatever made a thing, hashed, and written beside what it made."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cached_property
from typing import Any, cast

from triptych.errors import UsageError

PANELS = ("seeing", "hearing", "reading")

#: Panel and name become part of a table's name, on every file system.
_WORD = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


@dataclass(frozen=True, kw_only=True, eq=False)
class Recipe:
    """Name, version and parameters of an extractor, a fusion or a model.

    Two recipes with the same :attr:`hash` made the same thing from the same input. A change that moves
    the numbers must change ``version`` or ``params``; the store then sees the old feature as another one.

    ``params`` are kept as JSON has them (tuples and sets as lists, dataclasses as mappings), so that a recipe
    read back equals the one written; sets are sorted, since their own order differs from process to process.

    >>> Recipe(panel="seeing", name="colour", params={"bins": 32}).title
    'seeing/colour'
    >>> a = Recipe(panel="seeing", name="colour", params={"bins": 32, "key": 1})
    >>> b = Recipe(panel="seeing", name="colour", params={"key": 1, "bins": 32})
    >>> a.hash == b.hash
    True
    """

    panel: str
    name: str
    version: int = 1
    params: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def __post_init__(self) -> None:
        for what, word in (("panel", self.panel), ("name", self.name)):
            if not _WORD.fullmatch(word):
                raise UsageError(f"the {what} of a recipe is {word!r}; use lower-case letters, digits, - and _.")
        object.__setattr__(self, "params", plain(self.params, f"{self.panel}/{self.name}"))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Recipe) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash(self.to_json())

    @property
    def title(self) -> str:
        return f"{self.panel}/{self.name}"

    @cached_property
    def hash(self) -> str:
        """12 hex digits over the canonical JSON. Kept: a vocabulary of thousands makes it long."""
        return hashlib.blake2b(self.to_json().encode(), digest_size=6).hexdigest()

    def to_json(self) -> str:
        return _canonical({"panel": self.panel, "name": self.name, "version": self.version, "params": self.params})

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        body = json.loads(text)
        return cls(panel=body["panel"], name=body["name"], version=body["version"], params=body["params"])


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def plain(value: Any, where: str) -> Any:
    """A copy made of mappings, lists, text, finite numbers, booleans and None alone."""
    if is_dataclass(value) and not isinstance(value, type):
        return {part.name: plain(getattr(value, part.name), f"{where}.{part.name}") for part in fields(value)}
    if isinstance(value, Mapping):
        pairs = cast(Mapping[Any, Any], value).items()
        for name, _ in pairs:
            if not isinstance(name, str):
                raise UsageError(f"{where} has the key {name!r}; keys of a recipe are text, or two could become one.")
        return {name: plain(part, f"{where}.{name}") for name, part in pairs}
    if isinstance(value, (list, tuple)):
        return [plain(part, f"{where}[{k}]") for k, part in enumerate(cast("list[Any]", value))]
    if isinstance(value, (set, frozenset)):
        return sorted((plain(part, f"{where}{{}}") for part in cast("set[Any]", value)), key=_canonical)
    if value is None or isinstance(value, (bool, int, str)) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise UsageError(
        f"{where} is {value!r}, a {type(value).__name__}; a recipe holds text, finite numbers, booleans, None, and "
        "lists and mappings of these."
    )
