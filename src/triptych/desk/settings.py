"""Settings: those of a model by their names, laid over what it has by default, and kept as a file.

A name leads to a setting, ``rounds``, or to one within another, ``tower.trainer.epochs``. A file is TOML, or JSON
where its name ends so; none, which TOML does not have, is written there as text.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, cast

from triptych.errors import CatalogueUnwritable, UnknownName, UsageError

S = TypeVar("S")

_NONE = "none"


def laid_over(settings: S, changes: Mapping[str, Any], *, model: str = "hybrid") -> S:
    """``settings`` with other values. UnknownName lists what could have been named; UsageError tells a value that it
    cannot have.

    >>> from triptych.models.popularity import Popularity
    >>> laid_over(Popularity(), {"like": 3}, model="popularity").like
    3
    """
    found: Any = settings
    for name, value in changes.items():
        found = _set(found, name.split("."), value, name, model)
    return found


def value_of(settings: Any, name: str, *, model: str = "hybrid") -> Any:
    """What stands under a name."""
    for part in name.split("."):
        settings = _part(settings, part, model)
    return settings


def read(path: Path) -> dict[str, Any]:
    """Name → value, as :func:`laid_over` takes them."""
    try:
        text = path.read_text(encoding="utf-8")
        body: Any = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except OSError as fault:
        raise UsageError(f"{str(path)!r} cannot be read: {fault.strerror or fault}.") from fault
    except ValueError as fault:
        raise UsageError(
            f"{str(path)!r} holds no settings: {fault}. Write lines like regularisation = 200.0"
        ) from fault
    if not isinstance(body, dict):
        raise UsageError(f"{str(path)!r} holds no settings by name; write lines like regularisation = 200.0")
    return _flat(cast("dict[str, Any]", body))


def write(path: Path, changes: Mapping[str, Any], *, told: Sequence[str] = ()) -> None:
    """``told``: lines that say what they are, as comments; JSON has none."""
    if path.suffix.lower() == ".json":
        text = json.dumps(dict(changes), indent=1, ensure_ascii=False) + "\n"
    else:
        lines = [*(f"# {line}" for line in told), *(f"{name} = {_toml(value)}" for name, value in changes.items())]
        text = "\n".join(lines) + "\n"
    draft = path.with_name(f".{path.name}.draft")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    except OSError as fault:
        raise CatalogueUnwritable(f"{str(path)!r} cannot be written: {fault.strerror or fault}.") from fault


def _set(held: Any, path: Sequence[str], value: Any, name: str, model: str) -> Any:
    was = _part(held, path[0], model)
    if len(path) > 1:
        value = _set(was, path[1:], value, name, f"{model}.{path[0]}")
    elif is_dataclass(was):
        raise UsageError(f"{name} of {model} is settings of its own; set one of them: {name}.NAME=VALUE.")
    else:
        value = _fitting(was, value, name, model)
    try:
        return replace(held, **{path[0]: value})
    except TypeError as fault:
        raise UsageError(f"{name} of {model} cannot be {value!r}: {fault}.") from fault


def _part(held: Any, name: str, model: str) -> Any:
    if not is_dataclass(held):
        raise UsageError(f"{model} is no settings of its own; write {model.partition('.')[2]}=VALUE.")
    known = {one.name for one in fields(held)}
    if name not in known:
        raise UnknownName(f"setting of {model}", name, known, hint=f"There are {', '.join(sorted(known))}.")
    return getattr(held, name)


def _fitting(was: Any, value: Any, name: str, model: str) -> Any:
    """As a number of the kind that stands there, so that 5 and 5.0 are one setting."""
    if isinstance(was, bool):
        right = isinstance(value, bool)
    elif isinstance(was, float):
        right = (isinstance(value, int | float) and not isinstance(value, bool)) or value is None
        value = float(value) if right and value is not None else value
    elif isinstance(was, int):
        right = isinstance(value, int) and not isinstance(value, bool)
    else:
        return tuple(cast("list[Any]", value)) if isinstance(value, list) else value
    if not right:
        kind = {bool: "true or false", float: "a number", int: "a whole number"}[type(was)]
        raise UsageError(f"{name} of {model} cannot be {value!r}; it is {kind}, such as {was}.")
    return value


def _flat(body: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in body.items():
        if isinstance(value, dict):
            found |= _flat(cast("dict[str, Any]", value), f"{before}{name}.")
        else:
            found[before + name] = None if value == _NONE else value
    return found


def _toml(value: Any) -> str:
    # Numbers, true and false, text and lists of them are written alike in both; JSON alone knows null.
    return json.dumps(_NONE if value is None else value, ensure_ascii=False, allow_nan=False)
