"""Arranged: a list as it is shown, with why each item stands where it does, and what was left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import numpy as np

from triptych.programme.column import I64

Chosen = Literal["score", "diversity", "exploration"]


@dataclass(frozen=True, kw_only=True)
class Placed:
    """One place of a list. ``base``: the model's score; ``boosts``: what rules added to it, by their names, in the
    order of the programme, those that acted alone; ``score``: base and boosts added up in this order.

    ``chosen_by``: *score*, the best that was left; *diversity*, a better one was passed over; *exploration*, a new
    title that would not have been listed. ``by_score``: its rank among all that could have been listed, by the model's
    score alone. ``place``: of the item among all.
    """

    item_id: str
    rank: int
    score: float
    base: float
    boosts: tuple[tuple[str, float], ...]
    chosen_by: Chosen
    by_score: int
    place: int

    @property
    def moved(self) -> int:
        """How many ranks it was moved up by all that is not the model's score; below 0: down."""
        return self.by_score - self.rank


@dataclass(frozen=True, kw_only=True)
class Arranged:
    """``left_out``: how many candidates are not listed, by reason; each is counted once, by the first that applies.
    Those who merely scored too low are not among them. ``notes``: what could not be done as asked, in sentences.
    ``wanted``: how many places were asked for; ``candidates``: of how many items. ``scored_by``: whose scores these
    are, where whoever asked may choose."""

    user: str
    on: date
    placed: tuple[Placed, ...]
    wanted: int
    candidates: int
    left_out: Mapping[str, int] = field(default_factory=dict[str, int])
    notes: tuple[str, ...] = ()
    scored_by: str = ""

    def __len__(self) -> int:
        return len(self.placed)

    @property
    def item_ids(self) -> tuple[str, ...]:
        return tuple(one.item_id for one in self.placed)

    @property
    def short(self) -> str:
        """Why there are fewer than were asked for, as a sentence; "" where there are not."""
        if len(self.placed) >= self.wanted:
            return ""
        begun = f"{len(self.placed)} of {self.wanted} places are filled"
        if not self.candidates:
            return f"{begun}: there were no candidates."
        if not self.left_out:
            return f"{begun}: there were no more than {self.candidates} candidates."
        reasons = ", ".join(f"{count:,} ({reason})" for reason, count in self.left_out.items())
        return f"{begun}: of {self.candidates:,} candidates these were left out: {reasons}."


def places(arranged: Sequence[Arranged], n: int) -> I64:
    """int64 ``[lists, n]``: the places of the items listed, −1 where a list ends early: as protocols judge them."""
    found = np.full((len(arranged), n), -1, np.int64)
    for row, one in zip(found, arranged, strict=True):
        held = [placed.place for placed in one.placed[:n]]
        row[: len(held)] = held
    return found
