"""Rules: what a recipe says of rules and word lists, so that one that is mended makes another recipe."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import ModuleType
from typing import Any, cast


def listed(words: str) -> frozenset[str]:
    """The words of a text parted by blanks, as a set."""
    return frozenset(words.split())


def rules_of(*modules: ModuleType) -> str:
    """12 hex digits over every constant that stands in these modules: text, numbers, patterns, lists, sets and tables.

    So no list that decides a number can be forgotten. What is written as code is not seen: whoever changes that raises
    the module's ``RULES``, which is such a constant.
    """
    return rules_in(*(module.__name__ for module in modules))


@lru_cache(maxsize=32)
def rules_in(*names: str) -> str:
    """The same of modules by their full names; once for each process."""
    found: list[dict[str, object]] = []
    for module in names:
        known = vars(sys.modules[module]).items()
        found.append({name: value for name, value in known if not name.startswith("__") and _constant(value)})
    return digest_of(found)


def digest_of(value: object) -> str:
    """12 hex digits over a constant; sets and tables in whatever order."""
    text = json.dumps(_plain(value), sort_keys=True, ensure_ascii=True)
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def _constant(value: object) -> bool:
    return isinstance(value, (str, int, float, tuple, frozenset, re.Pattern, Mapping))


def _plain(value: Any) -> Any:
    if isinstance(value, re.Pattern):
        found = cast("re.Pattern[str]", value)
        return [found.pattern, found.flags]
    if isinstance(value, Mapping):
        pairs = cast("Mapping[Any, Any]", value).items()
        return sorted(([_plain(key), _plain(part)] for key, part in pairs), key=json.dumps)
    if isinstance(value, (set, frozenset)):
        return sorted(map(_plain, cast("Iterable[Any]", value)), key=json.dumps)
    if isinstance(value, (tuple, list)):
        return [_plain(part) for part in cast("Iterable[Any]", value)]
    return value if isinstance(value, (str, int, float)) else repr(value)
