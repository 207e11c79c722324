"""Room: who may still be listed: never one film twice, and no more of a series or a director than was asked."""

from __future__ import annotations

from collections import Counter

import numpy as np

from triptych.programme.column import I64, Mask
from triptych.programme.facts import Facts

#: Why an item has no room any more; 0 is that it has.
REASONS = ("", "the same film", "same family", "same director")
_SAME, _FAMILY, _DIRECTOR = 1, 2, 3


class Room:
    """Of some items, by their ``places``. ``open`` bool ``[m]``: who may still be taken; ``why`` int8 ``[m]``: of the
    others the first reason, an index of :data:`REASONS`, 0 for those who were taken."""

    def __init__(self, facts: Facts, places: I64, *, family: int | None, director: int | None) -> None:
        self.open: Mask = np.ones(len(places), bool)
        self.why = np.zeros(len(places), np.int8)
        self._same = facts.same[places]
        self._most = (family, director)
        self._family = facts.family[places] if family is not None else None
        self._directors = facts.directors[places] if director is not None else None
        self._held: Counter[tuple[str, int]] = Counter()

    def take(self, at: int) -> None:
        """List one, which closes the room for some of the others."""
        self.open[at] = False
        self._close(self._same == self._same[at], _SAME)
        most_of_a_family, most_of_a_director = self._most
        if self._family is not None and self._full("family", int(self._family[at]), most_of_a_family):
            self._close(self._family == self._family[at], _FAMILY)
        if self._directors is not None:
            for one in self._directors[at].tolist():
                if one >= 0 and self._full("director", one, most_of_a_director):
                    self._close((self._directors == one).any(axis=1), _DIRECTOR)

    def _full(self, what: str, which: int, most: int | None) -> bool:
        self._held[what, which] += 1
        return most is not None and self._held[what, which] >= most

    def _close(self, these: Mask, reason: int) -> None:
        shut = these & self.open
        self.open &= ~these
        self.why[shut] = reason
