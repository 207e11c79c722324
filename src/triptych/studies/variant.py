"""Variant: what one row of a study's table is made by. It departs from the study's baseline in what it names."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import Any, cast

from triptych.errors import UsageError
from triptych.features.recipe import PANELS, plain
from triptych.studies.section import Section

METRICS = ("cosine", "euclidean")
#: What a row says that has none of what its table has.
NONE: Mapping[str, Any] = {"none": True}


@dataclass(frozen=True, kw_only=True)
class Variant:
    """``features``: titles or patterns such as ``seeing/*``, all by default; ``without``: panels, titles or patterns
    that are left out of them. ``fusion``: settings of :class:`~triptych.fusion.fusion.Fusion` by name. ``select``:
    settings of the selection, None for none. ``learn``: settings of a similarity that is learned from these features
    and the training ratings, see :mod:`triptych.studies.learning`; None for none. ``weights``: of panels, when items
    are compared. ``genres``: only items of one of these, at most ``most`` of each (those with most ratings of all,
    before any split), 0 for all; ``having``: only items that have all of these features.

    A row that predicts ratings has ``predict``: the ``model`` and its settings, see :mod:`triptych.studies.predicting`.
    ``search``: how its settings are chosen on validation rows, None for those that are told. ``seeds``: how often it is
    fitted, 0 for as often as the protocol says. With ``learn`` besides, what is learned of items is known to the model
    as the field ``learned``.
    """

    name: str
    features: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    fusion: Mapping[str, Any] = field(default_factory=dict[str, Any])
    select: Mapping[str, Any] | None = None
    learn: Mapping[str, Any] | None = None
    weights: Mapping[str, float] = field(default_factory=dict[str, float])
    metric: str = "cosine"
    genres: tuple[str, ...] = ()
    most: int = 0
    predict: Mapping[str, Any] | None = None
    search: Mapping[str, Any] | None = None
    having: tuple[str, ...] = ()
    seeds: int = 0

    @classmethod
    def of(cls, told: Mapping[str, Any], where: str) -> Variant:
        section = Section(told, where)
        weights = section.section("weights").rest()
        select, learn, predict, search = (
            cast("dict[str, Any] | None", section.maybe(key, dict)) for key in ("select", "learn", "predict", "search")
        )
        variant = cls(
            name=section.need("name", str),
            features=section.texts("features"),
            without=section.texts("without"),
            fusion=plain(section.take("fusion", dict, {}), f"{where} fusion"),
            # An empty table asks for the selection as it is by default; no table asks for none.
            select=None if select is None or select == NONE else plain(select, f"{where} select"),
            learn=None if learn is None or learn == NONE else plain(learn, f"{where} learn"),
            weights={panel: _weight(panel, value, where) for panel, value in weights.items()},
            metric=section.choice("metric", METRICS, "cosine"),
            genres=section.texts("genres"),
            most=section.take("most", int, 0),
            predict=None if predict is None else plain(predict, f"{where} predict"),
            search=None if search is None or search == NONE else plain(search, f"{where} search"),
            having=section.texts("having"),
            seeds=section.take("seeds", int, 0),
        )
        section.end()
        if predict is None and (variant.search is not None or variant.seeds):
            raise UsageError(f"{where} predicts no ratings; search and seeds are of rows that have predict.")
        if variant.seeds < 0:
            raise UsageError(f"{where} is fitted {variant.seeds} times; seeds is 1 or more.")
        return variant

    @property
    def digest(self) -> str:
        """Over all that decides a number: two rows of one digest are one computation, whatever they are called."""
        told = {name: value for name, value in asdict(self).items() if name not in ("name", "seeds")}
        for name in ("learn", "predict", "search", "having"):
            if not told[name]:  # they were not there at first, and what has none of them is what it was
                del told[name]
        return hashlib.blake2b(json.dumps(plain(told, self.name), sort_keys=True).encode(), digest_size=6).hexdigest()

    def chosen(self, titles: Sequence[str]) -> list[str]:
        """Of the features there are, those that this variant takes, in their order."""
        found = self.matching(titles)
        if not found:
            raise UsageError(
                f"{self.name!r} leaves no feature: of {', '.join(titles)} it takes {', '.join(self.features) or 'all'} "
                f"without {', '.join(self.without) or 'none'}."
            )
        return found

    def matching(self, titles: Sequence[str]) -> list[str]:
        """The same, and it may be none."""
        found = [title for title in titles if not self.features or _any(title, self.features)]
        return [title for title in found if not _any(title, self.without)]

    def told(self) -> dict[str, Any]:
        """What it sets, for whoever reads a description: settings that are as always are left out."""
        empty: tuple[Any, ...] = ((), {}, None, "", 0)
        return {
            name: value
            for name, value in asdict(self).items()
            if name != "name" and value not in empty and not (name == "metric" and value == "cosine")
        }


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of ``above`` over those of ``below``; tables within are merged likewise, but weights replace weights."""
    found = dict(below)
    for key, value in above.items():
        old = found.get(key)
        if isinstance(value, dict) and isinstance(old, dict) and key != "weights":
            found[key] = merged(old, value)  # pyright: ignore[reportUnknownArgumentType]
        else:
            found[key] = value
    return found


def _any(title: str, patterns: Sequence[str]) -> bool:
    panel = title.partition("/")[0]
    return any(pattern == panel or fnmatchcase(title, pattern) for pattern in patterns)


def _weight(panel: str, value: Any, where: str) -> float:
    if panel not in PANELS:
        raise UsageError(f"{where} weighs {panel!r}; the panels are {', '.join(PANELS)}.")
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < float("inf"):
        raise UsageError(f"{where}: the weight of {panel} is {value!r}; a weight is a number, 0 or above.")
    return float(value)
