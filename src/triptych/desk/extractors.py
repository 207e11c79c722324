"""Extractors: those that measured a feature, again, from the recipe that stands beside it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import lru_cache
from typing import Any, cast, get_type_hints

from triptych.errors import TriptychError
from triptych.features.extractor import Extractor, Learner
from triptych.features.recipe import Recipe, plain
from triptych.features.registry import ASKED, build, maker


@lru_cache(maxsize=256)
def again(recipe: Recipe) -> Extractor | str:
    """The extractor whose recipe this is, ready to run; or why there is none, as a sentence.

    It is made as it is by default, as profiles ask for it, and with the settings that its recipe names; only one with
    the very same recipe is the one.
    """
    tried: list[Callable[[], Extractor | Learner]] = [lambda: build(recipe.title)]
    tried += [lambda own=own[recipe.title]: build(recipe.title, **own) for own in ASKED.values() if recipe.title in own]
    tried.append(lambda: build(recipe.title, **_settings(recipe)))
    reason = ""
    for make in tried:
        try:
            part = make()
            part.ready()
            found = _learned(part, recipe) if isinstance(part, Learner) else part
        except (TriptychError, TypeError, ValueError) as fault:
            reason = str(fault)
            continue
        if found is not None and found.recipe == recipe:
            return found
        reason = (
            f"{recipe.title} was measured with settings, or by a version, that it cannot be measured with again. "
            "Measure it anew: triptych extract CATALOGUE"
        )
    return reason


def _learned(learner: Learner, recipe: Recipe) -> Extractor | None:
    if plain(learner.asked, learner.title) != recipe.params.get("asked"):
        return None
    return learner.again(recipe)


def _settings(recipe: Recipe) -> dict[str, Any]:
    """What a maker takes, as far as its recipe names it by the same word."""
    make = maker(recipe.title)
    asked: Any = recipe.params.get("asked", recipe.params)
    told: Mapping[str, Any] = cast("Mapping[str, Any]", asked) if isinstance(asked, Mapping) else {}
    by_hand = isinstance(make, type) and "__dataclass_fields__" not in vars(make)
    try:
        hints = get_type_hints(make.__init__ if by_hand else make)  # type: ignore[misc]
    except NameError:
        hints = {}
    found: dict[str, Any] = {}
    for one in inspect.signature(make).parameters.values():
        if one.name in told:
            found[one.name] = _of_json(told[one.name], hints.get(one.name), one.default)
    return found


def _of_json(value: Any, kind: Any, default: Any) -> Any:
    """A value of a recipe as its maker takes it: lists as tuples, mappings as the dataclass that they were."""
    if isinstance(value, list):
        return tuple(_of_json(one, None, None) for one in cast("list[Any]", value))
    if isinstance(value, Mapping):
        held = cast("Mapping[str, Any]", value)
        made = kind if isinstance(kind, type) else type(default)
        if is_dataclass(made):
            own = {one.name: one for one in fields(made) if one.init}
            return made(
                **{
                    name: _of_json(part, own[name].type, None if own[name].default is MISSING else own[name].default)
                    for name, part in held.items()
                    if name in own
                }
            )
        return held
    return value
