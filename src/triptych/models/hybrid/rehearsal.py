"""Rehearsal: the past as it was, or some items as if they were almost new, and what was liked after all.

Items that the kernel was not fitted to lose all their rows, another time all but 1, or 5, or 20 of each; and once the
latest rows are put aside. From what is left everything is made anew but the tower's kernel. The gates learn from these
scenes how to speak so that what was taken away comes first: among items of one newness, and among all items.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import UNTIMED, History
from triptych.errors import UnknownName, UsageError
from triptych.models import lot, scores
from triptych.models.affinity.tower import Shown, Tower
from triptych.models.hybrid.gates import Scene
from triptych.models.hybrid.voices import HISTORICAL, NAMES, Counting, Voices, sized
from triptych.models.turn import turns

I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

Later = Literal["user", "all", "none"]
#: Rows that an item keeps.
NEWNESS = (0, 1, 5, 20)
#: Numbers that are held for all voices of a scene together: 8 MB; users beyond it, by lot, are not asked.
CELLS = 1 << 21
#: But so many at least.
FEWEST = 500
#: So many who come without a history say how strangers are spoken to; else all do, as if they had none.
STRANGERS = 30


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """``later``: what is put aside: of each ``user`` the last ``rows``, or of ``all`` the last ``part`` of the rows,
    or ``none``, where nothing matters but items that are new. ``rounds``: of items made new, each to another degree.
    ``seed``: of the lots."""

    later: Later = "user"
    rows: int = 5
    part: float = 0.1
    rounds: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        if self.later not in get_args(Later):
            raise UnknownName("way to put the latest rows aside", self.later, get_args(Later))
        if self.rows < 1 or self.rounds < 1:
            raise UsageError(f"{self.rows} rows are put aside, {self.rounds} times; both are 1 or more.")
        if not 0 < self.part < 1:
            raise UsageError(f"a part of {self.part:g} is put aside; it is above 0 and below 1.")

    def scenes(
        self,
        counting: Counting,
        history: History,
        tower: Tower,
        anchors: I64,
        shown: Shown,
        held: I64,
        *,
        done: Callable[[], None] | None = None,
    ) -> list[Scene]:
        """One for each round in which anything came of it. ``held``: places of the items that are made new: those that
        the kernel was not fitted to, or they would seem to be told better than new ones are."""
        found: list[Scene | None] = []
        nothing = np.zeros(len(history.item_ids), bool)
        for number in range(self.rounds):
            seed = self.seed * 1_000 + number
            new = _new(history, held, NEWNESS[number % len(NEWNESS)])
            aside = ~_kept(history, new, NEWNESS[number % len(NEWNESS)], seed)
            # How to speak to strangers is learned where known and new items stand side by side, if there is a scene.
            alone = self.later == "none"
            one = _scene(counting, history, tower, anchors, shown, aside, new, seed, 1 / self.rounds, strangers=alone)
            found.append(one)
            if done is not None:
                done()
        if self.later != "none":
            aside = self.put_aside(history, self.seed)
            one = _scene(counting, history, tower, anchors, shown, aside, nothing, self.seed, 1.0, strangers=True)
            found.append(one)
        return [one for one in found if one is not None]

    def put_aside(self, history: History, seed: int) -> Bool:
        """``[n]``: the latest rows. Of a user at most a half; rows of one moment, or without a time, by lot."""
        if self.later == "all" and (history.times != UNTIMED).any():
            cut = np.quantile(history.times, 1 - self.part, method="higher")
            return history.times >= cut
        last = turns(lot.fractions(_drawn(history, seed)), -history.times, history.users)
        return last < np.minimum(self.rows, history.user_counts // 2)[history.users]


def _scene(
    counting: Counting,
    history: History,
    tower: Tower,
    anchors: I64,
    shown: Shown,
    aside: Bool,
    new: Bool,
    seed: int,
    share: float,
    *,
    strangers: bool,
) -> Scene | None:
    """``aside``: bool ``[n]``, rows that are taken away; ``new``: bool ``[items]``, those that are ranked, all where
    there is none. ``strangers``: whether it teaches how to speak to them as well. None where nothing could be learned
    or judged."""
    past, answers = history.take(~aside), counting.likes(history.take(aside))
    known = np.flatnonzero(np.isin(anchors, np.flatnonzero(~new & (past.item_counts > 0))))
    if len(known) < 2 or not len(counting.likes(past)) or not len(answers):
        return None
    voices = Voices.of(counting, past, tower.among(known, np.zeros((len(known), 0))), anchors[known], shown)
    items = np.flatnonzero(new) if new.any() else np.arange(len(new))
    users = _judges(np.unique(answers.users), answers, len(items), seed)
    heard = voices.rows(users)
    sizes = np.ones((len(NAMES), len(users)), np.float32)
    for k in range(len(HISTORICAL)):
        sizes[k] = sized(heard[k])
    voiced, told = voices.apart(heard, items)
    return Scene(
        strangers=_of_strangers(voices, past, answers, items, seed) if strangers else None,
        voices=voiced,
        told=told,
        unsure=(voices.foretold.variance[items] + voices.passage.own) / voices.passage.own,
        sizes=sizes,
        likes=voices.likes[items],
        may=~_marks(past, users)[:, items],
        liked=_marks(answers, users)[:, items],
        share=share,
    )


def _of_strangers(voices: Voices, past: History, answers: History, items: I64, seed: int) -> Scene:
    """The same scene for those who come without a history."""
    came = np.unique(answers.users)
    new = came[past.user_counts[came] == 0]
    users = _judges(new if len(new) >= STRANGERS else came, answers, len(items), seed)
    return Scene(
        voices=np.repeat(voices.crowd[:, None, items].astype(np.float32), len(users), axis=1),
        told={},
        unsure=np.ones(len(items)),
        sizes=np.ones((len(voices.crowd), len(users)), np.float32),
        likes=voices.likes[items],
        may=~_marks(past, users)[:, items],
        liked=_marks(answers, users)[:, items],
    )


def _judges(among: npt.NDArray[Any], answers: History, items: int, seed: int) -> I64:
    """``among``: places of users who have an answer, rising. No more of them than there is room for."""
    most = max(CELLS // (len(NAMES) * items), FEWEST)
    return lot.some(among.astype(np.int64), answers.user_ids, most, purpose="judges", seed=seed)


def _new(history: History, held: I64, keeps: int) -> Bool:
    """bool ``[items]``: which are made new; each loses a row at least."""
    found = np.zeros(len(history.item_ids), bool)
    found[held] = True
    return found & (history.item_counts > keeps)


def _kept(history: History, new: Bool, keeps: int, seed: int) -> Bool:
    """bool ``[n]``: rows that are not taken from new items. Which an item keeps is drawn by lot."""
    place = turns(_drawn(history, seed + 1), history.items)
    return place < np.where(new, keeps, np.iinfo(np.int64).max)[history.items]


def _drawn(history: History, seed: int) -> lot.U64:
    """``[n]``: a lot for each row."""
    users, items = (lot.keys(ids, "rehearsal") for ids in (history.user_ids, history.item_ids))
    return lot.drawn(users[history.users], items[history.items], seed=seed)


def _marks(history: History, users: I64) -> Bool:
    """bool ``[len(users), items]``: the pairs that there is a row of."""
    rows: Any = scores.rows(history.pairs, users)
    return np.asarray(rows.toarray() > 0)
