"""FM: what a Bayesian factorisation machine is fitted with, and how it answers.

It reads, of each rating, a row of the user (id, history, fields), a row of the item (the same) and the moment. What is
predicted is the mean over all draws kept; its variance is that of the draws and that of a rating about its score,

    sd² = Var_s(score_s) + mean_s(1/α_s)

``ordinal`` takes ratings for levels with cuts between them instead (Albert and Chib 1993, by probit): each draw gives
every level a probability, and mean and sd are those of all draws' mixture. Nothing else than the levels of training
is ever predicted then, and there may be :data:`LEVELS` at most; of more, ratings are numbers again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from triptych.errors import UnknownName, UsageError
from triptych.models.fm import blocks, gibbs
from triptych.models.fm.known import KNOWN
from triptych.models.fm.moments import KINDS, Moments
from triptych.models.predictor import Asked, Prediction, RatingLessons, Report

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

#: Whose history there is: the items of a user, the users of an item.
HISTORIES = ("user", "item")
#: More different ratings than this are numbers, not levels.
LEVELS = 20

#: What is written of items; each is read where a catalogue has it.
CONTENT = ("plot-words?", "people?", "directors?", "genres?", "year?", "decade?", "title-words?", "runtime?")
PRESETS: Mapping[str, Mapping[str, Any]] = {
    "libfm": {"histories": (), "items": (), "users": (), "moments": ()},
    "fm-content": {"histories": (), "items": CONTENT, "users": (), "moments": (), "rank": 6},
    "fm": {},
}


@dataclass(frozen=True, kw_only=True)
class FM:
    """``items`` and ``users``: names of fields, in any number; one that ends in ``?`` is read where there is such a
    field and left out where there is none. ``histories``: ``user``, ``item`` or both. ``moments``: of
    :data:`~triptych.models.fm.moments.KINDS`. ``ids``: whether users and items have weights of their own.

    ``rank``: numbers of each vector. Of ``iterations`` the last ``kept`` are used, every ``every``-th of them.
    ``reduce``: dense fields that are wider are read as so many principal components. ``spread``: what the standard
    deviation is multiplied by; 1 is what the draws say.
    """

    ids: bool = True
    histories: Sequence[str] = HISTORIES
    items: Sequence[str] = CONTENT
    users: Sequence[str] = ("gender?", "age-band?", "occupation?")
    moments: Sequence[str] = ("day",)
    ordinal: bool = False
    reduce: int = 32
    rank: int = 10
    iterations: int = 300
    kept: int = 240
    every: int = 1
    spread: float = 1.0
    seed: int = 0
    name: str = "fm"

    def __post_init__(self) -> None:
        for setting in ("histories", "items", "users", "moments"):
            given: Any = getattr(self, setting)
            if isinstance(given, str) or not all(isinstance(one, str) for one in given):
                raise UsageError(f"{setting} of {self.name} is {given!r}; it is a list of names.")
            object.__setattr__(self, setting, tuple(given))
        for setting, known in (("histories", HISTORIES), ("moments", tuple(KINDS))):
            for one in getattr(self, setting):
                if one not in known:
                    raise UnknownName(f"entry of {setting} of {self.name}", one, known)
        for setting in ("reduce", "rank", "iterations", "kept", "every"):
            if not isinstance(getattr(self, setting), int) or getattr(self, setting) < 1:
                raise UsageError(
                    f"{setting} of {self.name} is {getattr(self, setting)}; it is a whole number from 1 on."
                )
        if self.kept > self.iterations:
            raise UsageError(f"{self.kept} draws cannot be kept of {self.iterations} iterations; ask for more of them.")
        if not (np.isfinite(self.spread) and self.spread > 0):
            raise UsageError(f"spread of {self.name} is {self.spread:g}; it is above 0.")
        if not 0 <= self.seed < 2**31:
            raise UsageError(f"the seed of {self.name} is {self.seed}; it is from 0 to 2147483647.")

    @classmethod
    def preset(cls, preset: str, **settings: Any) -> Self:
        if preset not in PRESETS:
            raise UnknownName("preset of a factorisation machine", preset, PRESETS)
        told: dict[str, Any] = {"name": preset, **PRESETS[preset], **settings}
        return cls(**told)

    @property
    def key(self) -> Mapping[str, Any]:
        told: dict[str, Any] = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "name"}
        lists = {name: list(told[name]) for name in ("histories", "items", "users", "moments")}
        return {"model": "FM", **told, **lists}

    def fit(self, lessons: RatingLessons, *, folder: Path | None = None, report: Report | None = None) -> FMPredictor:
        """``folder`` is left alone: it is quick, and cannot be gone on with."""
        del folder
        train = lessons.train
        moments = [one for kind in self.moments if (one := Moments.of(kind, train)) is not None]
        read = [self._users(lessons), self._items(lessons)]
        read += [blocks.Block.of([(one.kind, sp.eye_array(one.count))], one.count) for one in moments]
        if not any(block.width for block in read):
            raise UsageError(f"{self.name} reads nothing of users, items and moments; give it ids or fields.")
        values, levels = train.values.astype(np.float64), np.unique(train.values).astype(np.float64)
        ordinal = self.ordinal and 2 <= len(levels) <= LEVELS
        usual = 0.0 if ordinal else lessons.mean
        drawn = gibbs.draws(
            read,
            _places(Asked.of(train), train.times, moments),
            np.searchsorted(levels, values).astype(np.float64) if ordinal else values - usual,
            levels=len(levels) if ordinal else 0,
            rank=self.rank,
            iterations=self.iterations,
            kept=self.kept,
            every=self.every,
            seed=self.seed,
            report=lambda step: report("draw", step, self.iterations) if report else None,
        )
        kinds = ("fields of users", "fields of items", *(one.kind for one in moments))
        facts = {
            "reads": [
                {"name": name, "columns": width, "known": KNOWN.get(name, KNOWN[kind])}
                for kind, block in zip(kinds, read, strict=True)
                for name, width in block.groups
            ],
            "not_there": [
                *blocks.absent(lessons.background.users, self.users),
                *blocks.absent(lessons.background.items, self.items),
            ],
            "draws": len(drawn.w0),
            "ordinal": ordinal,
            "noise_sd": None if ordinal else float(drawn.noise.mean()),
            "spread": self.spread,
        }
        return FMPredictor(
            lessons=lessons,
            moments=tuple(moments),
            draws=drawn,
            usual=usual,
            levels=levels if ordinal else None,
            spread=self.spread,
            facts=facts,
        )

    def _users(self, lessons: RatingLessons) -> blocks.Block:
        train = lessons.train
        seen = train.user_counts > 0
        parts: list[tuple[str, Any]] = [("user ids", blocks.ids(seen))] if self.ids else []
        if "user" in self.histories:
            parts.append(("user histories", blocks.history(train.pairs)))
        told = blocks.named(lessons.background.users, self.users, f"field of users that {self.name} reads")
        parts += [(name, blocks.content(one, seen, reduce=self.reduce)) for name, one in told.items()]
        return blocks.Block.of(parts, len(seen))

    def _items(self, lessons: RatingLessons) -> blocks.Block:
        train = lessons.train
        seen = lessons.learned_items
        parts: list[tuple[str, Any]] = [("item ids", blocks.ids(seen))] if self.ids else []
        if "item" in self.histories:
            parts.append(("item histories", blocks.history(train.pairs.T.tocsr())))
        told = blocks.named(lessons.background.items, self.items, f"field of items that {self.name} reads")
        parts += [(name, blocks.content(one, seen, reduce=self.reduce)) for name, one in told.items()]
        return blocks.Block.of(parts, len(seen))


def _places(asked: Asked, times: I64 | None, moments: Sequence[Moments]) -> list[I64]:
    return [asked.users, asked.items, *(one.places(asked.users, times) for one in moments)]


@dataclass(frozen=True, kw_only=True, eq=False)
class FMPredictor:
    """``usual``: what scores are off from; ``levels``: what there is to predict, where the model is ordinal."""

    lessons: RatingLessons
    moments: tuple[Moments, ...]
    draws: gibbs.Draws
    usual: float
    levels: F64 | None
    spread: float
    facts: Mapping[str, Any]

    def predict(self, asked: Asked) -> Prediction:
        places = _places(asked, asked.times, self.moments)
        first, second = np.zeros(len(asked)), np.zeros(len(asked))
        for k in range(len(self.draws.w0)):
            score = self.draws.scores(k, places)
            if self.levels is None or self.draws.cuts is None:
                first += score
                second += score**2 + self.draws.noise[k] ** 2
            else:
                one, other = _moments_of(score, self.draws.cuts[k], self.levels)
                first += one
                second += other
        mean, second = first / len(self.draws.w0), second / len(self.draws.w0)
        sd = np.sqrt(np.maximum(second - mean**2, 0)) * self.spread
        return Prediction(mean=self.lessons.clipped(mean + self.usual), sd=sd)


def _moments_of(score: F64, cuts: F64, levels: F64) -> tuple[F64, F64]:
    """The mean of the levels and of their squares. P(level ≤ k) = Φ(cut_k − score); a sum over cuts, by parts."""
    from scipy.special import ndtr

    below: F64 = np.asarray(ndtr(cuts[:, None] - score), np.float64)
    return levels[-1] - np.diff(levels) @ below, levels[-1] ** 2 - np.diff(levels**2) @ below
