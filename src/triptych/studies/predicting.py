"""Predicting: what a row's ``predict`` asks for, as the settings of a rating model; and how they are searched for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from triptych.errors import MissingExtra, UnknownName, UsageError
from triptych.features.recipe import PANELS
from triptych.models import grids
from triptych.models.predictor import RatingModel
from triptych.models.predictors import PREDICTORS, model_of, seeded
from triptych.studies.protocol import Protocol
from triptych.studies.variant import Variant

#: What a row's ``learn`` placed is known to its model by.
LEARNED = "learned"
METHODS = ("grid", "tpe")


@dataclass(frozen=True, kw_only=True)
class Searching:
    """``budget``: trials, the same for all rows of a table; ``beyond``: how many more at most past the ends of a grid,
    as long as the best lies at one. ``method``: how they are proposed; ``grid``: the values of each setting, those of
    the model's own grid where none is given."""

    budget: int = 8
    beyond: int = 4
    method: str = "grid"
    grid: Mapping[str, Sequence[Any]] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, kw_only=True)
class Predicting:
    """``name`` and ``settings``: of a model in :data:`triptych.models.predictors.PREDICTORS`. ``control``: whether it
    stands in the table whatever is asked."""

    name: str
    settings: Mapping[str, Any]
    where: str
    searching: Searching | None = None
    control: bool = False

    @classmethod
    def of(cls, variant: Variant) -> Predicting:
        where = repr(variant.name)
        settings = dict(variant.predict or {})
        name = settings.pop("model", None)
        if not isinstance(name, str):
            raise UsageError(f"{where} predicts, and does not say by what: give model, one of {', '.join(PREDICTORS)}.")
        if name not in PREDICTORS:
            raise UnknownName(f"rating model in {where}", name, PREDICTORS)
        if "seed" in settings:
            raise UsageError(f"{where} gives a seed to its model; each fit has one of its own, from that of the study.")
        return cls(name=name, settings=settings, where=where, searching=_searching(variant.search, where))

    def model(self, seed: int) -> RatingModel:
        return model_of(self.name, seeded(self.name, self.settings, seed), where=self.where)

    def runs(self, protocol: Protocol, seeds: int) -> int:
        """How often it is fitted on each fold; ``seeds``: 0 for as often as the protocol says. What draws nothing is
        fitted once."""
        draws = "seed" in seeded(self.name, {}, 0)
        return (seeds or protocol.seeds) if draws else 1


def check(variant: Variant) -> None:
    """Raise for what there is not, before any work starts. A package that is missing is told in the row's place."""
    asked = Predicting.of(variant)
    if variant.learn is None and (variant.features or variant.without or variant.select is not None):
        raise UsageError(
            f"{asked.where} predicts ratings and learns no similarity: what its model reads stands in predict, as its "
            "fields, and not in features, without or select."
        )
    try:
        asked.model(0)
        if asked.searching is not None:
            grid_of(asked)
    except MissingExtra:
        return


def grid_of(asked: Predicting) -> dict[str, tuple[Any, ...]]:
    """The values that are searched among: what the row tells, else the model's own; no setting that the row has."""
    assert asked.searching is not None
    if asked.searching.grid:
        return {name: tuple(values) for name, values in asked.searching.grid.items()}
    return {name: tuple(values) for name, values in grids.grid_of(asked.name).items() if name not in asked.settings}


def titles_of(key: Any, titles: Iterable[str]) -> list[str]:
    """Of these titles those that a model names anywhere among its settings: as they are, with a ? for what may be
    missing, or by ``*`` as all of the panel that the setting is called by. ``key``: of the model, JSON."""
    names = _named(key)
    return [title for title in titles if title in names or f"{title.partition('/')[0]}/*" in names]


def _named(value: Any, called: str = "") -> set[str]:
    """All texts, the names of settings too. ``called``: the name of the setting that holds it."""
    if isinstance(value, str):
        return {f"{called}/*" if value == "*" and called in PANELS else value.removesuffix("?")}
    if isinstance(value, Mapping):
        told = cast("Mapping[str, Any]", value)
        return set(told) | {text for name, one in told.items() for text in _named(one, name)}
    if isinstance(value, Sequence):
        return {text for one in cast("Sequence[Any]", value) for text in _named(one, called)}
    return set()


def _searching(told: Mapping[str, Any] | None, where: str) -> Searching | None:
    if told is None:
        return None
    known = list(Searching.__dataclass_fields__)
    for name in told:
        if name not in known:
            raise UnknownName(f"setting of the search in {where}", name, known)
    found = Searching(**told)
    grid: Any = found.grid
    for name, least in (("budget", 1), ("beyond", 0)):
        value: Any = getattr(found, name)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise UsageError(f"{where}: the {name} of its search is {value!r}; it is {least} or more.")
    if found.method not in METHODS:
        raise UnknownName(f"method of the search in {where}", str(found.method), METHODS)
    if not isinstance(grid, Mapping) or not all(
        isinstance(one, list) for one in cast("Mapping[str, Any]", grid).values()
    ):
        raise UsageError(f"{where}: the grid of a search gives each setting a list of values.")
    return found
