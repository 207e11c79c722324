"""Recipe: the frozen settings of whatever made a thing, hashed, and written beside what it made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, is_dataclass
from typing import Any

PANELS = ("seeing", "hearing", "reading")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Name, version and parameters of an extractor, a fusion or a model.

    Two recipes with the same :attr:`hash` made the same thing from the same input. A change that moves
    the numbers must change ``version`` or ``params``; the store then sees the old feature as another one.

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

    @property
    def title(self) -> str:
        return f"{self.panel}/{self.name}"

    @property
    def hash(self) -> str:
        """12 hex digits over the canonical JSON."""
        return hashlib.blake2b(self.to_json().encode(), digest_size=6).hexdigest()

    def to_json(self) -> str:
        body = {"panel": self.panel, "name": self.name, "version": self.version, "params": _plain(self.params)}
        return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        body = json.loads(text)
        return cls(panel=body["panel"], name=body["name"], version=body["version"], params=body["params"])


def _plain(value: Any) -> Any:
    """Dataclasses and tuples as JSON has them, so that a recipe read back equals the one written."""
    if is_dataclass(value) and not isinstance(value, type):
        return {name: _plain(part) for name, part in asdict(value).items()}
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}  # pyright: ignore[reportUnknownVariableType,reportUnknownArgumentType]
    if isinstance(value, (list, tuple, frozenset)):
        return [_plain(part) for part in value]  # pyright: ignore[reportUnknownVariableType]
    return value
