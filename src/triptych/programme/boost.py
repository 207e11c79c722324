"""Boost: a rule that lifts or lowers items for a time: a season, a release, a trend."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from triptych.errors import UsageError
from triptych.programme.column import F64, Numbers
from triptych.programme.condition import Condition

if TYPE_CHECKING:
    from triptych.programme.facts import Facts

_YEARLY = re.compile(r"(\d{2})-(\d{2})")
#: A leap year, so that 02-29 is a day.
_LEAP = 2000


@dataclass(frozen=True, kw_only=True)
class Boost:
    """``strength``: in standard deviations of the scores that it is added to, so that it means the same for every
    model; below 0 it lowers. ``where``: only items of which all these hold.

    ``since``, ``until``: the first and the last day, both of every year (``10-15``; over the new year where the last
    comes before the first), or of one (``2026-10-15``), where either may be left out.

    ``released_within_days``: whole on the day of release, and fading evenly until it is nothing so many days after.
    ``trend_days``: as sure as it is that the item's share of all likes rose in so many days, against as many before:
    see :func:`triptych.programme.likes.risen`. Of what is not known of an item, it gets nothing.
    """

    name: str
    strength: float
    where: tuple[str, ...] = ()
    since: str = ""
    until: str = ""
    released_within_days: int | None = None
    trend_days: int | None = None

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise UsageError("a boost has no name; lists say by it why an item was lifted.")
        if not math.isfinite(self.strength):
            raise UsageError(f"the strength of boost {self.name!r} is {self.strength}; it is a finite number.")
        try:
            object.__setattr__(self, "where", tuple(one.text for one in self.conditions))
            self._check_days()
        except UsageError as fault:
            raise UsageError(f"boost {self.name!r}: {fault}") from fault
        for what in ("released_within_days", "trend_days"):
            days = getattr(self, what)
            if days is not None and days < 1:
                raise UsageError(f"boost {self.name!r}: {what} is {days}; it is 1 day or more.")
        if not self.where and self.released_within_days is None and self.trend_days is None:
            raise UsageError(
                f"boost {self.name!r} lifts all items alike, which changes no list; say which with where, "
                "released_within_days or trend_days."
            )

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        return tuple(map(Condition.of, self.where))

    @property
    def when(self) -> str:
        """Its days in words, "" where it holds always."""
        return " ".join([f"from {self.since}" if self.since else "", f"to {self.until}" if self.until else ""]).strip()

    def in_season(self, on: date) -> bool:
        """Whether it acts on a day at all."""
        if not _YEARLY.fullmatch(self.since or self.until):
            today = on.isoformat()
            return (not self.since or self.since <= today) and (not self.until or today <= self.until)
        today = f"{on.month:02d}-{on.day:02d}"
        if self.since <= self.until:
            return self.since <= today <= self.until
        return today >= self.since or today <= self.until

    def shares(self, facts: Facts, on: date) -> F64:
        """float64 ``[items]``, 0 to 1: how much of the boost each item gets on a day."""
        found = np.ones(len(facts)) if self.in_season(on) else np.zeros(len(facts))
        if not found.any():
            return found
        for condition in self.conditions:
            found *= condition.holds(facts.column(condition.field), on)
        if self.released_within_days is not None:
            released = facts.column("released_at")
            assert isinstance(released, Numbers)
            age = on.toordinal() - released.values
            found *= np.where(released.known & (age >= 0), np.clip(1 - age / self.released_within_days, 0, 1), 0)
        if self.trend_days is not None:
            from triptych.programme.likes import risen

            if facts.likes is None:
                raise UsageError(
                    f"boost {self.name!r} follows a trend, and when items were liked is not known; "
                    "make the facts with a history that has times."
                )
            found *= risen(*facts.likes.counts(on, self.trend_days))
        return found

    def _check_days(self) -> None:
        told = [one for one in (self.since, self.until) if one]
        yearly = [bool(_YEARLY.fullmatch(one)) for one in told]
        if any(yearly) and (not all(yearly) or len(told) == 1):
            raise UsageError(
                f"days of every year are given as two, such as from 10-15 to 11-01; given was {self.when!r}."
            )
        for one, every in zip(told, yearly, strict=True):
            try:
                found = date.fromisoformat(f"{_LEAP}-{one}" if every else one)
            except ValueError:
                found = None
            if found is None or len(one) != (5 if every else 10):
                raise UsageError(f"{one!r} is no day; write 10-15 for one of every year, or 2026-10-15.")
        if len(told) == 2 and not any(yearly) and self.since > self.until:
            raise UsageError(f"it ends on {self.until}, before it begins on {self.since}.")
