"""Column: one field of all items, as numbers that a condition can be held against."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import numpy.typing as npt

from triptych.catalogue.records import Item

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Kind = Literal["number", "day", "list", "text"]

_NUMBERS = ("year", "runtime_min", "imdb_rating", "imdb_votes")
_LISTS = ("genres", "people", "directors", "languages", "countries")
_TEXTS = ("item_id", "title", "plot", "certificate", "url", "poster", "imdb_id", "tmdb_id")
#: Every field of an item, and what it holds.
FIELDS: dict[str, Kind] = {
    **dict.fromkeys(_NUMBERS, "number"),
    "released_at": "day",
    **dict.fromkeys(_LISTS, "list"),
    **dict.fromkeys(_TEXTS, "text"),
}
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}(?!\d)")


def folded(text: str) -> str:
    """Without case and surrounding blanks, as names and titles are compared."""
    return text.strip().casefold()


def day_of(text: str) -> int | None:
    """A date's ordinal, of the first ten letters; None where they are no day. A year or a month alone is none.

    >>> day_of("1995-11-22"), day_of("1995-11-22T20:00"), day_of("1995"), day_of("1995-02-30")
    (728619, 728619, None, None)
    """
    if not _DAY.match(text):
        return None
    try:
        return date.fromisoformat(text[:10]).toordinal()
    except ValueError:
        return None


@dataclass(frozen=True, kw_only=True, eq=False)
class Numbers:
    """``values`` float64 ``[items]``, 0 where ``known`` is not. Of days they are ordinals."""

    values: F64
    known: Mask

    @classmethod
    def of(cls, found: Iterable[float | None]) -> Numbers:
        told = list(found)
        known = np.array([one is not None for one in told], bool)
        return cls(values=np.array([one or 0 for one in told], np.float64), known=known)


@dataclass(frozen=True, kw_only=True, eq=False)
class Names:
    """Entry k: item ``owners[k]`` holds ``names[codes[k]]``. ``names`` are folded and sorted; ``owners`` rise, and no
    item holds a name twice."""

    names: tuple[str, ...]
    codes: I64
    owners: I64
    items: int

    @classmethod
    def of(cls, lists: Sequence[Sequence[str]]) -> Names:
        held = [tuple(dict.fromkeys(folded(one) for one in names if one.strip())) for names in lists]
        names = tuple(sorted({one for own in held for one in own}))
        place = {name: k for k, name in enumerate(names)}
        return cls(
            names=names,
            codes=np.array([place[one] for own in held for one in own], np.int64),
            owners=np.repeat(np.arange(len(held)), [len(own) for own in held]).astype(np.int64),
            items=len(held),
        )

    @property
    def known(self) -> Mask:
        return self._owned(np.ones(len(self.codes), bool))

    def holding(self, wanted: Iterable[str]) -> Mask:
        """bool ``[items]``: who holds one of these, folded."""
        these = set(wanted)
        return self._having(lambda name: name in these)

    def containing(self, part: str) -> Mask:
        """bool ``[items]``: who holds a name with this in it."""
        return self._having(lambda name: part in name)

    def matrix(self) -> Mask:
        """bool ``[items, names]``."""
        found = np.zeros((self.items, len(self.names)), bool)
        found[self.owners, self.codes] = True
        return found

    def padded(self) -> I64:
        """``[items, most]``: the codes of each item, −1 where it has fewer."""
        counts = np.bincount(self.owners, minlength=self.items)
        found = np.full((self.items, int(counts.max(initial=0))), -1, np.int64)
        first = np.cumsum(counts) - counts
        found[self.owners, np.arange(len(self.owners)) - first[self.owners]] = self.codes
        return found

    def _having(self, test: Callable[[str], bool]) -> Mask:
        chosen = np.array([test(name) for name in self.names], bool)
        return self._owned(chosen[self.codes]) if len(chosen) else np.zeros(self.items, bool)

    def _owned(self, entries: Mask) -> Mask:
        found = np.zeros(self.items, bool)
        found[self.owners[entries]] = True
        return found


@dataclass(frozen=True, kw_only=True, eq=False)
class Texts:
    """``values``: folded, one for each item, "" where nothing is known."""

    values: tuple[str, ...]

    @property
    def known(self) -> Mask:
        return np.array([bool(one) for one in self.values], bool)

    def holding(self, wanted: Iterable[str]) -> Mask:
        these = set(wanted)
        return np.array([one in these for one in self.values], bool)

    def containing(self, part: str) -> Mask:
        return np.array([part in one for one in self.values], bool)


Column = Numbers | Names | Texts


def column(items: Sequence[Item], field: str) -> Column:
    """One field of these items, in their order. ``field`` is one of :data:`FIELDS`."""
    values = [getattr(item, field) for item in items]
    match FIELDS[field]:
        case "number":
            return Numbers.of(values)
        case "day":
            return Numbers.of(map(day_of, values))
        case "list":
            return Names.of(values)
        case "text":
            return Texts(values=tuple(map(folded, values)))
