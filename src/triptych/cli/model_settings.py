"""Model settings: those of models and what a search tries of them, as they are written on the command line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from triptych.errors import UnknownName, UsageError

_DONE = {"set": "set", "give": "given"}


def settings_of(texts: Sequence[str], models: Sequence[str], *, form: str = "NAME=VALUE") -> dict[str, dict[str, Any]]:
    """Model → name → value, of texts ``MODEL.NAME=VALUE``, or ``NAME=VALUE`` where there is one model.

    >>> settings_of(["bias.user_damping=5", "knn.like=cosine"], ["bias", "knn"])
    {'bias': {'user_damping': 5}, 'knn': {'like': 'cosine'}}
    """
    found: dict[str, dict[str, Any]] = {}
    for text in texts:
        where, equals, value = text.partition("=")
        of, dot, name = where.partition(".")
        if not dot:
            of, name = models[0], where
            if len(models) > 1:
                raise UsageError(f"{text!r} does not say of which model; write {models[0]}.{text}")
        if not (equals and name):
            raise UsageError(f"{text!r} is no setting; write {form}, such as k=40.")
        if of not in models:
            raise UnknownName("model in this run", of, models)
        if name in found.get(of, {}):
            raise UsageError(f"{of}.{name} is set twice; set it once.")
        found.setdefault(of, {})[name] = value_of(value)
    return found


def named(texts: Sequence[str], *, verb: str = "set") -> dict[str, Any]:
    """Name → value, of texts ``NAME=VALUE``, or ``NAME.PART=VALUE`` where a setting is settings of its own. ``verb``:
    what whoever names one twice did with it.

    >>> named(["seed=1", "tower.name=a"])
    {'seed': 1, 'tower.name': 'a'}
    """
    found: dict[str, Any] = {}
    for text in texts:
        where, equals, value = text.partition("=")
        name = where.strip()
        if not (equals and name):
            raise UsageError(f"{text!r} is no setting; write NAME=VALUE, such as seed=1.")
        if name in found:
            raise UsageError(f"{name} is {_DONE[verb]} twice; {verb} it once.")
        found[name] = value_of(value.strip())
    return found


def value_of(text: str) -> Any:
    """Numbers, true and false, none and lists as JSON has them; all else is text.

    >>> [value_of(text) for text in ("40", "1e-3", "true", "none", '["a", "b"]', "a,b")]
    [40, 0.001, True, None, ['a', 'b'], 'a,b']
    """
    if text == "none":
        return None
    try:
        found = json.loads(text, parse_constant=lambda name: name)
    except ValueError:
        return text
    return found


def whole(name: str, settings: Mapping[str, Mapping[str, Any]], seed: int) -> dict[str, Any]:
    """All of one model, its seed among them where it draws; UnknownName where there is no such model."""
    from triptych.models.predictors import PREDICTORS, model_of, seeded

    own = dict(settings.get(name, {}))
    if name not in PREDICTORS:
        model_of(name)
    return own if "seed" in own else seeded(name, own, seed)


def grids_of(texts: Sequence[str], models: Sequence[str], search: str) -> dict[str, dict[str, Sequence[Any]]]:
    """Model → what ``search`` tries of it: as given, or else the grid it has. Nothing where there is no search."""
    from triptych.models.grids import grid_of
    from triptych.models.search import METHODS

    if not search:
        if texts:
            raise UsageError("--try says what a search tries; ask for one with --search grid or --search tpe.")
        return {}
    if search not in METHODS:
        raise UnknownName("method of search", search, METHODS)
    given = settings_of(texts, models, form="NAME=VALUE,VALUE,…")
    found: dict[str, dict[str, Sequence[Any]]] = {}
    for name in models:
        own: dict[str, Sequence[Any]] = {setting: _values(value) for setting, value in given.get(name, {}).items()}
        found[name] = own or dict(grid_of(name))
    return found


def _values(given: Any) -> list[Any]:
    if isinstance(given, str):
        return [value_of(part.strip()) for part in given.split(",")]
    return list(given) if isinstance(given, list) else [given]  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
