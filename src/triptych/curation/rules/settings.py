"""Settings: a rule's fields, read from a table of TOML and written back to it."""

from __future__ import annotations

import datetime as dt
import json
import math
import types
from collections.abc import Callable, Mapping
from dataclasses import Field, fields
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from triptych.errors import UsageError

T = TypeVar("T")
#: In a field's metadata: a point in time [s since 1970], which a rulebook may also give as a date.
MOMENT: Mapping[str, bool] = {"moment": True}


def key_of(name: str) -> str:
    """What a field is called in a rulebook: ``from`` is no name in Python, so the field is ``from_``."""
    return name.rstrip("_")


def settings_of(kind: type[T], table: Mapping[str, Any], where: Callable[[str], str]) -> T:
    """An instance of a frozen dataclass whose fields are settings.

    ``where(key)`` names the place in the rulebook, to begin an error with. UsageError for a key that is no setting,
    for a value of another type, and for what the class itself refuses.
    """
    parts = {key_of(part.name): part for part in fields(cast(Any, kind))}
    hints = get_type_hints(kind)
    given: dict[str, Any] = {}
    for key, value in table.items():
        if key not in parts:
            raise UsageError(f"{where(key)} has no setting {key!r}; it has {', '.join(sorted(parts)) or 'none'}.")
        part = parts[key]
        try:
            given[part.name] = _value(value, hints[part.name], part)
        except ValueError as fault:
            raise UsageError(f"{where(key)}: {key} is {_shown(value)}; {fault}.") from fault
    try:
        return kind(**given)
    except UsageError as fault:
        raise UsageError(f"{where('')}: {fault}") from fault


def to_toml(rule: object) -> list[str]:
    """Every setting that is not None as a line of TOML."""
    pairs = ((key_of(part.name), getattr(rule, part.name)) for part in fields(cast(Any, rule)))
    return [f"{key} = {toml_of(value)}" for key, value in pairs if value is not None]


def toml_of(value: object) -> str:
    """A value as TOML.

    >>> toml_of(("parts", 'a "b"')), toml_of(1.5), toml_of(True)
    ('["parts", "a \\\\"b\\\\""]', '1.5', 'true')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # JSON's strings are TOML's, but for one control character that JSON lets stand.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(toml_of(part) for part in cast('tuple[object, ...]', value))}]"
    return repr(value)


def _value(value: Any, hint: Any, part: Field[Any]) -> Any:
    """``value`` as the field has it. ValueError, as the end of a sentence, if it cannot be."""
    if get_origin(hint) in (types.UnionType, Union):
        hint = next(one for one in get_args(hint) if one is not type(None))
    if part.metadata.get("moment"):
        return _moment(value)
    if get_origin(hint) is Literal:
        allowed = get_args(hint)
        if value not in allowed or isinstance(value, bool):
            raise ValueError(f"it may be {' or '.join(repr(one) for one in allowed)}")
        return value
    if get_origin(hint) is tuple:
        return _list(value, get_args(hint), part)
    if hint is bool and isinstance(value, bool):
        return value
    if hint is str and isinstance(value, str):
        return value
    if hint is int and isinstance(value, int) and not isinstance(value, bool):
        return value
    if hint is float and isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    raise ValueError(f"it takes {_WORDS[hint]}")


_WORDS: Mapping[Any, str] = {
    bool: "true or false",
    str: "text in quotation marks",
    int: "a whole number",
    float: "a finite number",
}


def _list(value: Any, inner: tuple[Any, ...], part: Field[Any]) -> tuple[Any, ...]:
    length = None if inner[-1] is Ellipsis else len(inner)
    what = "text" if inner[0] is str else "numbers"
    if not isinstance(value, list) or (length is not None and len(cast("list[Any]", value)) != length):
        raise ValueError(f"it takes a list of {f'{length} ' if length else ''}{what}, in [ ]")
    try:
        return tuple(_value(one, inner[0], part) for one in cast("list[Any]", value))
    except ValueError:
        raise ValueError(f"it takes a list of {what}") from None


def _moment(value: Any) -> int:
    """Seconds since 1970 of a date, of a time, or of a whole number that is that already. Without a zone it is UTC."""
    if isinstance(value, dt.datetime):
        zoned = value if value.tzinfo is not None else value.replace(tzinfo=dt.UTC)
        return math.floor(zoned.timestamp())
    if isinstance(value, dt.date):
        midnight = dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC)
        return math.floor(midnight.timestamp())
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError("it takes a date such as 1998-04-22, without quotation marks, or seconds since 1970")


def _shown(value: object) -> str:
    text = str(value) if isinstance(value, dt.date) else repr(value)
    return text if len(text) <= 80 else f"{text[:60]}…"
