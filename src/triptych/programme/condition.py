"""Condition: what an item must be to be listed or lifted, written as a short text: ``year>=1990``, ``genres=Drama``."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from triptych.errors import UnknownName, UsageError
from triptych.programme.column import FIELDS, Column, Kind, Mask, Names, Numbers, Texts, day_of, folded

#: What may stand between a field and a value, by what the field holds.
OPERATORS: Mapping[Kind, tuple[str, ...]] = {
    "number": ("=", "!=", "<", "<=", ">", ">="),
    "day": ("=", "!=", "<", "<=", ">", ">="),
    "list": ("=", "!=", "~"),
    "text": ("=", "!=", "~"),
}
_TEXT = re.compile(r"\s*(?:(has|lacks)\s*:\s*(\S*)|(\w*)\s*(>=|<=|!=|=|<|>|~)(.*))\s*", re.DOTALL)
_TODAY = re.compile(r"today(?:\s*([+-])\s*(\d{1,5}))?")
_HOLDS = {"number": "a number", "day": "a day", "list": "names", "text": "text"}


@dataclass(frozen=True, kw_only=True)
class Condition:
    """``field operator values``, of which one must fit; of ``!=`` none may. ``has`` and ``lacks`` have no values.

    An item of which the field is not known fails every comparison but ``!=``: of what is unknown nothing can be said.
    """

    field: str
    operator: str
    values: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.field not in FIELDS:
            raise UnknownName("field of an item", self.field, FIELDS, hint=_shown(self.text))
        kind = FIELDS[self.field]
        if self.operator in ("has", "lacks"):
            return
        if self.operator not in OPERATORS[kind]:
            raise UsageError(
                f"{self.text!r}: {self.field} holds {_HOLDS[kind]}, which is compared by "
                f"{' '.join(OPERATORS[kind])}; {self.operator} is none of them."
            )
        if not self.values or not all(self.values):
            raise UsageError(f"{self.text!r} does not say what to compare {self.field} with; write {self.field}=VALUE.")
        if len(self.values) > 1 and self.operator not in ("=", "!=", "~"):
            raise UsageError(f"{self.text!r}: only = != ~ take several values; give {self.operator} one.")
        for value in self.values:
            self._check(value, kind)

    @classmethod
    def of(cls, text: str) -> Condition:
        """Read a condition as it is written.

        >>> Condition.of("languages=English|French").values
        ('English', 'French')
        >>> Condition.of("has:plot").operator
        'has'
        """
        found = _TEXT.fullmatch(text)
        if not found:
            raise UsageError(
                f"{text!r} is no condition; write a field, an operator and a value, as in year>=1990, genres=Drama, "
                "genres!=Horror, title~love, or has:plot."
            )
        asked, owned, field, operator, value = found.groups()
        if asked:
            return cls(field=owned, operator=asked)
        return cls(field=field, operator=operator, values=tuple(part.strip() for part in value.split("|")))

    @property
    def text(self) -> str:
        """As it is written, without blanks around the operator."""
        if self.operator in ("has", "lacks"):
            return f"{self.operator}:{self.field}"
        return f"{self.field}{self.operator}{'|'.join(self.values)}"

    def holds(self, column: Column, on: date) -> Mask:
        """bool ``[items]``: which items it holds of. ``column``: of its field. ``on``: what ``today`` means."""
        if self.operator == "has":
            return column.known
        if self.operator == "lacks":
            return ~column.known
        if isinstance(column, Numbers):
            return self._compared(column, on)
        wanted = {folded(value) for value in self.values}
        return self._named(column, wanted)

    def _named(self, column: Names | Texts, wanted: set[str]) -> Mask:
        if self.operator == "~":
            return np.logical_or.reduce([column.containing(part) for part in wanted])
        held = column.holding(wanted)
        return ~held if self.operator == "!=" else held

    def _compared(self, column: Numbers, on: date) -> Mask:
        told = [self._number(value, on) for value in self.values]
        values, known = column.values, column.known
        match self.operator:
            case "=":
                return np.isin(values, told) & known
            case "!=":
                return ~(np.isin(values, told) & known)
            case "<":
                return (values < told[0]) & known
            case "<=":
                return (values <= told[0]) & known
            case ">":
                return (values > told[0]) & known
            case _:
                return (values >= told[0]) & known

    def _check(self, value: str, kind: Kind) -> None:
        if value.startswith("="):
            raise UsageError(f"{self.text!r} has one = too many; write {self.field}{self.operator[0]}{value[1:]}.")
        if kind == "day" and day_of(value) is None and not _TODAY.fullmatch(value):
            raise UsageError(
                f"{self.text!r}: {value!r} is no day; write it as 2020-01-31, or as today, today-90, today+7. "
                "For years there is the field year."
            )
        if kind == "day" and not _TODAY.fullmatch(value) and len(value) > len("2020-01-31"):
            raise UsageError(f"{self.text!r}: {value!r} is more than a day; write it as 2020-01-31.")
        if kind == "number" and _finite(value) is None:
            raise UsageError(f"{self.text!r}: {value!r} is no number, and {self.field} is one.")

    def _number(self, value: str, on: date) -> float:
        if FIELDS[self.field] == "number":
            return float(value)
        found = _TODAY.fullmatch(value)
        if not found:
            return day_of(value) or 0
        return on.toordinal() + int(f"{found[1] or ''}{found[2] or 0}")


def _finite(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _shown(text: str) -> str:
    return f"{text!r} was given; the fields are {', '.join(FIELDS)}."
