"""Settings: parameters of extractors as text, ``seeing/colour.bins=16``, checked against what their makers take."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from triptych.errors import TriptychError, UnknownName, UsageError
from triptych.features.pooling import STATISTICS, Pooling
from triptych.features.registry import maker, titles
from triptych.media.sampling import NAMED, Sampling

#: How a setting is written, for those who wrote it otherwise.
FORM = "Write TITLE.NAME=VALUE, such as seeing/colour.bins=16."
TRUE, FALSE = ("yes", "true", "on", "1"), ("no", "false", "off", "0")
POOLINGS = f"each, {', '.join(STATISTICS)}, or equal parts and one of these, such as 20:median-mad"

Settings = dict[str, dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One parameter that an extractor takes. ``allowed`` is a phrase; ``default`` as it would be written, or empty.

    What is itself a bundle of parameters is set part by part, ``rules.least_s``; ``base`` is then the bundle as it is
    when nothing is set.
    """

    name: str
    type: Any
    allowed: str
    default: str
    base: Any = None


def settings(given: Sequence[str], *, chosen: Iterable[str] | None = None) -> Settings:
    """Title → name → value, of texts ``TITLE.NAME=VALUE``. ``chosen`` are the titles of this run; all there are, if
    it is not given.

    >>> settings(["seeing/colour.bins=16", "seeing/colour.sampling=each-second"])["seeing/colour"]["bins"]
    16
    >>> settings(["seeing/colour.pooling=20:median-mad"])["seeing/colour"]["pooling"]
    Pooling(parts=20, statistic='median-mad')
    """
    allowed = tuple(titles() if chosen is None else chosen)
    read: dict[str, dict[str, tuple[Setting, Any]]] = {}
    for text in given:
        where, equals, value = text.partition("=")
        title, dot, name = where.partition(".")
        if not (equals and dot and title and name):
            raise UsageError(f"{text!r} is no setting. {FORM}")
        if title not in allowed:
            hint = "Choose it with --feature." if title in titles() else ""
            raise UnknownName("extractor in this run", title, allowed, hint=hint)
        known = {one.name: one for one in known_settings(title)}
        if name not in known:
            if not known:
                raise UsageError(f"{title} takes no settings; {text!r} cannot be honoured.")
            raise UnknownName(f"setting of {title}", name, known)
        if name in read.get(title, {}):
            raise UsageError(f"{title}.{name} is set twice; set it once.")
        read.setdefault(title, {})[name] = (known[name], _value(title, known[name], value))
    return {title: _bundled(title, values) for title, values in read.items()}


def known_settings(title: str) -> tuple[Setting, ...]:
    """What the maker of that title takes, by its signature."""
    make = maker(title)
    hints = _hints(make)
    found: list[Setting] = []
    for one in inspect.signature(make).parameters.values():
        if one.kind not in (one.KEYWORD_ONLY, one.POSITIONAL_OR_KEYWORD):
            continue
        empty = one.default is inspect.Parameter.empty
        kind = hints.get(one.name, str if empty or one.default is None else type(one.default))
        base = _bundle(kind, one.default)
        if base is not None:
            found += _parts(one.name, base)
            continue
        default = "" if empty else written(one.default)
        found.append(Setting(name=one.name, type=kind, allowed=_allowed(kind), default=default))
    return tuple(found)


def _bundle(kind: Any, default: Any) -> Any:
    """The parameters that a parameter bundles, as they are when nothing is set; None where it is one by itself."""
    if kind in (Sampling, Pooling) or not (isinstance(kind, type) and is_dataclass(kind)):
        return None
    if isinstance(default, kind):
        return default
    try:
        return kind()
    except TypeError:  # some of them have no default, so nobody can set one and leave the others
        return None


def _parts(name: str, base: Any) -> list[Setting]:
    hints = _hints(cast("type[Any]", type(base)))
    return [
        Setting(
            name=f"{name}.{part.name}",
            type=hints.get(part.name, type(getattr(base, part.name))),
            allowed=_allowed(hints.get(part.name, type(getattr(base, part.name)))),
            default=written(getattr(base, part.name)),
            base=base,
        )
        for part in fields(base)
        if part.init
    ]


def _bundled(title: str, values: Mapping[str, tuple[Setting, Any]]) -> dict[str, Any]:
    """Name → value as the maker takes them: parts of a bundle are put into it."""
    found = {name: value for name, (setting, value) in values.items() if setting.base is None}
    bundles: dict[str, tuple[Any, dict[str, Any]]] = {}
    for name, (setting, value) in values.items():
        if setting.base is not None:
            bundle, _, part = name.partition(".")
            bundles.setdefault(bundle, (setting.base, {}))[1][part] = value
    for bundle, (base, parts) in bundles.items():
        try:
            found[bundle] = replace(base, **parts)
        except (TriptychError, ValueError) as fault:
            told = ", ".join(f"{part}={written(value)}" for part, value in parts.items())
            raise UsageError(f"{title}.{bundle} cannot have {told}: {fault}") from fault
    return found


def purpose(title: str) -> str:
    """What the extractor of that title measures: the first sentence of what its maker says of itself.

    >>> purpose("seeing/colour")
    "Mean and standard deviation, over the sampled pictures, of each picture's colour statistics."
    """
    first, _, _ = inspect.cleandoc(maker(title).__doc__ or "").partition("\n\n")
    return " ".join(first.split())


def written(value: Any) -> str:
    """A value as it is written in a setting.

    >>> written(Pooling(parts=20, statistic="median-mad")), written(Pooling(parts=0)), written(NAMED["pivot"])
    ('20:median-mad', 'each', 'pivot')
    """
    if isinstance(value, Pooling):
        return pooling_text(asdict(value))
    if isinstance(value, Sampling):
        return sampling_text(asdict(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "none"
    if isinstance(value, (tuple, list)):
        return ",".join(written(part) for part in cast("Sequence[Any]", value))
    return str(value)


def sampling_text(params: Mapping[str, Any]) -> str:
    """The name of the sampling with these fields, as a recipe holds them; else what it does, in words."""
    side_px = params.get("short_side_px")
    for name, sampling in NAMED.items():
        # What weights take, networks are given: the size is theirs, the choice of pictures is the sampling's.
        if asdict(sampling) == {**params, "short_side_px": sampling.short_side_px}:
            return name if side_px == sampling.short_side_px else f"{name} at {side_px} px"
    every_s, count = params.get("every_s"), params.get("count")
    return f"{count} pictures" if every_s is None else f"one each {every_s:.3g} s"


def pooling_text(params: Mapping[str, Any]) -> str:
    """The pooling with these fields, as a recipe holds them, as it is written in a setting."""
    parts, statistic = params.get("parts", 1), params.get("statistic", "mean-std")
    return "each" if parts == 0 else str(statistic) if parts == 1 else f"{parts}:{statistic}"


def _hints(make: Callable[..., Any]) -> dict[str, Any]:
    # Of a class the annotations of its fields, or those of an __init__ that it wrote itself.
    written_by_hand = isinstance(make, type) and "__dataclass_fields__" not in vars(make)
    try:
        return get_type_hints(make.__init__ if written_by_hand else make)  # type: ignore[misc]
    except NameError:
        return {}  # names that are there for a type checker alone: the defaults tell


def _value(title: str, setting: Setting, text: str) -> Any:
    try:
        return _read(setting.type, text)
    except TriptychError as fault:
        raise UsageError(f"{title}.{setting.name} cannot be {text!r}: {fault}") from fault
    except ValueError as fault:
        raise UsageError(f"{title}.{setting.name} is {text!r}; it may be {setting.allowed}.") from fault


def _read(kind: Any, text: str) -> Any:
    """The value that a text stands for. ValueError where it stands for none of this type."""
    if kind is Sampling:
        return NAMED[_one_of(text, NAMED)]
    if kind is Pooling:
        return _pooling(text)
    if kind is bool:
        return _one_of(text.lower(), TRUE + FALSE) in TRUE
    if kind is int:
        return int(text)
    if kind is float:
        number = float(text)
        if number - number != 0:
            raise ValueError("not finite")
        return number
    if kind is Path:
        return Path(text)
    if kind is type(None):
        return _one_of(text, ("none",)) and None
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Literal:
        return {str(part): part for part in parts}[_one_of(text, [str(part) for part in parts])]
    if origin in (Union, types.UnionType):
        return _first_that_reads(parts, text)
    if origin is tuple:
        inner = parts[0] if parts else str
        return tuple(_read(inner, part.strip()) for part in text.split(",") if part.strip())
    if kind in (str, Any):
        return text
    raise ValueError("not to be had as text")


def _first_that_reads(kinds: Sequence[Any], text: str) -> Any:
    # Nothing and numbers first: any text would do as text, and a path is normalised, which an id may not be.
    for kind in sorted(kinds, key=lambda one: (one is not type(None), one is Path, one is str)):
        if kind is Path and str in kinds:
            continue
        try:
            return _read(kind, text)
        except ValueError:
            continue
    raise ValueError("none of these")


def _pooling(text: str) -> Pooling:
    if text == "each":
        return Pooling(parts=0)
    parts, colon, statistic = text.rpartition(":")
    if statistic not in STATISTICS or (colon and not parts.isdecimal()):
        raise ValueError(text)
    if colon and int(parts) < 1:
        raise ValueError(text)
    return Pooling(parts=int(parts) if colon else 1, statistic=statistic)


def _one_of(text: str, names: Iterable[str]) -> str:
    if text not in names:
        raise ValueError(text)
    return text


def _allowed(kind: Any) -> str:
    """What a setting of this type may be, as a phrase."""
    if kind is Sampling:
        return ", ".join(NAMED)
    if kind is Pooling:
        return POOLINGS
    plain: dict[Any, str] = {
        bool: "yes or no",
        int: "a whole number",
        float: "a number",
        Path: "a path",
        type(None): "none",
        str: "text",
        Any: "text",
    }
    if kind in plain:
        return plain[kind]
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Literal:
        return " or ".join(str(part) for part in parts)
    if origin in (Union, types.UnionType):
        return " or ".join(_allowed(part) for part in parts)
    if origin is tuple and parts:
        return f"a list with commas of {_allowed(parts[0])}"
    return "given from Python alone"
