"""Hybrid: what is liked together and what content foretells, in one model, and a passage between the two.

Where an item has a history its neighbours in taste speak for it; where it has none its content does, by what that
content was liked for on other items; and as likes come in, the one gives way to the other, by how sure each is. How
much each voice counts is learned in a rehearsal: the last rows are put aside and some items are made almost new. See
:mod:`~triptych.models.hybrid.voices`, :mod:`~triptych.models.hybrid.passage`, :mod:`~triptych.models.hybrid.gates`.

One fit serves items and users with and without a history. New ones are folded in afterwards, in milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import History
from triptych.errors import UnknownName, UsageError
from triptych.models import scores
from triptych.models.affinity.affinity import Affinity
from triptych.models.affinity.tower import Shown, Tower
from triptych.models.hybrid.fitted import Fitted
from triptych.models.hybrid.gates import Gates, learned
from triptych.models.hybrid.rehearsal import Later, Rehearsal
from triptych.models.hybrid.voices import HISTORICAL, KNOWN, NAMES, Counting, Voices
from triptych.models.similarity import Lessons, Report

I64 = npt.NDArray[np.int64]


def _tower() -> Affinity:
    return Affinity.preset("affinity", epochs=30, validation=0.25)


@dataclass(frozen=True, kw_only=True)
class Hybrid:
    """Settings. ``like``: the least value that is a like; None where every row is one (plays, clicks). ``other``: what
    a row counts, of the 1 of a like, that is none. ``later``: what a rehearsal puts aside, of each ``user`` the last
    ``rows``, or of ``all`` the last ``part``, or ``none``; ``rounds`` of it. The rest: see
    :class:`~triptych.models.hybrid.voices.Counting`. ``tower``: how the kernel of content is learned; its ``like`` and
    seed are those of this. ``without``: features that are left out. ``panels``: all
    that there are, or only those that a rehearsal finds to help by more than chance, which takes three to four times as
    long; see :mod:`~triptych.models.hybrid.panels`."""

    name: str = "hybrid"
    like: float | None = 4.0
    other: float = 0.5
    half_life_rows: float = 5.0
    floor: float = 0.1
    regularisation: float = 200.0
    width: int = 256
    most: int = 10_000
    later: Later = "user"
    rows: int = 5
    part: float = 0.1
    rounds: int = 4
    without: tuple[str, ...] = ()
    panels: Literal["all", "helpful"] = "all"
    tower: Affinity = field(default_factory=_tower)
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("half_life_rows", "regularisation"):
            if not getattr(self, name) > 0:
                raise UsageError(f"{name} is {getattr(self, name)}; it is above 0.")
        for name in ("other", "floor"):
            if not getattr(self, name) >= 0:
                raise UsageError(f"{name} is {getattr(self, name)}; it is 0 or more.")
        for name in ("width", "most"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} is {getattr(self, name)}; it is 1 or more.")
        if self.panels not in ("all", "helpful"):
            raise UnknownName("choice of panels", self.panels, ("all", "helpful"))
        object.__setattr__(self, "without", tuple(self.without))
        self._rehearsal()

    @property
    def key(self) -> Mapping[str, Any]:
        """JSON of all that decides a number."""
        own = {one: getattr(self, one) for one in self.__dataclass_fields__ if one not in ("name", "tower")}
        return {"model": "hybrid", **own, "without": list(self.without), "tower": dict(self._affinity().key)}

    def fit(self, lessons: Lessons, *, folder: Path | None = None, report: Report | None = None) -> Fitted:
        """``folder`` keeps checkpoints of the kernel: a run that was killed goes on from its last epoch."""
        scores.needed(lessons.train, self.name, like=self.like)
        if self.panels == "helpful":
            return self._fit_helpful(lessons, folder, report)
        tower, anchors, facts = self.kernel(lessons, folder=folder, report=report)
        return self.fit_by(lessons, tower, anchors, facts, report=report)

    def _fit_helpful(self, lessons: Lessons, folder: Path | None, report: Report | None) -> Fitted:
        from triptych.models.hybrid.panels import chosen

        found = chosen(self, lessons, report=report)
        fitted = replace(found.settings, panels="all").fit(lessons, folder=folder, report=report)
        told = {"kept": list(found.panels), "dropped": list(found.dropped), "gains": dict(found.gains)}
        return replace(fitted, facts={**fitted.facts, "panels": told})

    def kernel(
        self, lessons: Lessons, *, folder: Path | None = None, report: Report | None = None
    ) -> tuple[Tower, I64, Mapping[str, Any]]:
        """What takes longest: how alike contents are. It can serve several fits."""
        affinity = self._affinity()
        if self.like is None:
            history = lessons.train
            lessons = replace(lessons, train=replace(history, values=np.ones(len(history), np.float32)))
        return affinity.tower(lessons, folder=folder, report=report)

    def fit_by(
        self,
        lessons: Lessons,
        tower: Tower,
        anchors: I64,
        facts: Mapping[str, Any],
        *,
        report: Report | None = None,
        gates: Gates | None = None,
    ) -> Fitted:
        """By a kernel that was learned; and maybe by gates that were."""
        history = lessons.train
        counting = self._counting(facts["held_back"])
        shown = tower.shown(lessons.blocks)
        if gates is None:
            held = np.array(facts["held_back_items"], np.int64)
            gates = self._gates(counting, history, tower, anchors, shown, held, report)
        voices = Voices.of(replace(counting, noise=gates.noise), history, tower, anchors, shown)
        return Fitted(
            history=history,
            voices=voices,
            gates=gates,
            shown=shown,
            facts={**facts, "gates": _told(gates), "launch_error": _launch_error(voices), "learned_from": len(history)},
        )

    def _gates(
        self,
        counting: Counting,
        history: History,
        tower: Tower,
        anchors: I64,
        shown: Shown,
        held: I64,
        report: Report | None,
    ) -> Gates:
        rehearsal = self._rehearsal()
        done = 0

        def step() -> None:
            nonlocal done
            done += 1
            if report is not None:
                report(f"{self.name}, rehearsal", done, rehearsal.rounds)

        scenes = rehearsal.scenes(counting, history, tower, anchors, shown, held, done=step)
        if not scenes:
            return Gates.plain(NAMES, historical=HISTORICAL, known=KNOWN)
        return learned(NAMES, scenes, historical=HISTORICAL, known=KNOWN)

    def _affinity(self) -> Affinity:
        like = 1.0 if self.like is None else self.like
        return replace(self.tower, like=like, width=self.width, without=self.without, seed=self.seed)

    def _counting(self, held_back: float) -> Counting:
        names = ("like", "other", "half_life_rows", "floor", "regularisation", "most", "width")
        own: dict[str, Any] = {name: getattr(self, name) for name in names}
        return Counting(held_back=held_back, **own)

    def _rehearsal(self) -> Rehearsal:
        return Rehearsal(later=self.later, rows=self.rows, part=self.part, rounds=self.rounds, seed=self.seed)


def _told(gates: Gates) -> Mapping[str, Any]:
    weights = cast(Any, gates.weights).tolist()
    return {
        "weights": dict(zip(gates.voices, weights, strict=True)),
        "fading": gates.fading,
        "noise": gates.noise,
        "evenness": dict(zip(gates.voices, cast(Any, gates.evenness).tolist(), strict=True)),
        "strangers": None if gates.strangers is None else _told(gates.strangers),
    }


def _launch_error(voices: Voices) -> float:
    """How much larger the squares of what launches are off by are than their variance says."""
    known = voices.likes[voices.anchors] > 0
    at = voices.anchors[known]
    if not len(at):
        return 1.0
    off = np.log1p(voices.likes[at]) - voices.basis.log_likes - voices.foretold.launch[at]
    return float((off**2).mean() / (voices.foretold.variance[at] + voices.passage.own).mean())
