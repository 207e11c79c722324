"""Figures: the year that an item is of, and how long it runs, each as one number."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from triptych.catalogue.records import Item
from triptych.features.extractor import Needs, Showing
from triptych.features.feature import Feature
from triptych.features.recipe import Recipe

#: The first moving pictures, and as far ahead as anything is announced. No clock is asked: the same item must give the
#: same feature tomorrow.
YEARS = (1874, 2100)
#: What becomes 0, and the years that are one unit: the century of cinema from −1 to 1.
MIDDLE_YEAR, UNIT_YEARS = 1970, 50
#: From clips of some seconds to what plays for a day. A film given in seconds has more.
MINUTES = (0.1, 1440.0)

_DATED = re.compile(r"\s*(\d{4})(?!\d)")


@dataclass(frozen=True, kw_only=True)
class Year:
    """The year that the item is of: (year - 1970) / 50.

    That of the release date stands in where the record has no year of its own, with a warning: it may be that of a
    re-release. Missing without either, and where the year is none that a film can be of. The day of the release is not
    read: many sources put the first of January where they know the year alone.
    """

    @property
    def recipe(self) -> Recipe:
        params = {"years": YEARS, "middle": MIDDLE_YEAR, "unit_years": UNIT_YEARS, "else": "released_at"}
        return Recipe(panel="reading", name="year", version=1, params=params)

    @property
    def needs(self) -> Needs:
        return Needs(fields=("year", "released_at"))

    def ready(self) -> None:
        """Needs nothing beyond the core."""

    def columns(self) -> tuple[str, ...]:
        return ("year",)

    def extract(self, showings: Sequence[Showing]) -> Sequence[Feature]:
        return [_year(showing.item) for showing in showings]


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """How long the item runs, as the record says: the natural logarithm of the minutes.

    So ten minutes more are much of a short and little of an epic. It is not the clip's duration, for that is often a
    trailer's. Missing where it is not told, and where it cannot be.
    """

    @property
    def recipe(self) -> Recipe:
        return Recipe(panel="reading", name="runtime", version=1, params={"minutes": MINUTES, "scale": "ln"})

    @property
    def needs(self) -> Needs:
        return Needs(fields=("runtime_min",))

    def ready(self) -> None:
        """Needs nothing beyond the core."""

    def columns(self) -> tuple[str, ...]:
        return ("runtime_log_min",)

    def extract(self, showings: Sequence[Showing]) -> Sequence[Feature]:
        return [_runtime(showing.item) for showing in showings]


def _year(item: Item) -> Feature:
    year, warnings = item.year, ()
    if year is None:
        found = _DATED.match(item.released_at[:40])
        if found is None:
            return Feature.missing("the item has no year" + (" and no release date" if not item.released_at else ""))
        year = int(found[1])
        warnings = (f"the item has no year; that of its release date, {year}, was taken",)
    if not YEARS[0] <= year <= YEARS[1]:
        return Feature.missing(f"the item's year is {year:.6g}; a film is of {YEARS[0]} to {YEARS[1]}")
    return Feature(values=np.array([(year - MIDDLE_YEAR) / UNIT_YEARS], np.float32), warnings=warnings)


def _runtime(item: Item) -> Feature:
    minutes = item.runtime_min
    if minutes is None:
        return Feature.missing("the item's runtime is not told")
    if not MINUTES[0] <= minutes <= MINUTES[1]:
        told = f"the item is said to run {minutes:.6g} minutes; {MINUTES[0]:g} to {MINUTES[1]:,.0f} are believed"
        seconds = MINUTES[1] < minutes <= 60 * 600
        return Feature.missing(f"{told}, and this may be seconds" if seconds else told)
    return Feature(values=np.array([math.log(minutes)], np.float32))
