"""Voices: all that is said of a user and an item, before it is decided how much each of it counts.

``together`` goes by who had what with what, ``content`` by where an item lies: foretold from its content, corrected by
its likes as they come in. Both speak of a history, once of all of it (``ever``) and once of what came last in it
(``now``). ``promise`` is how popular an item is going to be by its content, ``standing`` how popular it is known to be;
``week``, ``month`` and ``year`` are how often it was liked lately.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, TypedDict, cast

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from triptych.catalogue.history import UNTIMED, History
from triptych.errors import SpaceError
from triptych.models import recency, scores
from triptych.models.affinity.co_likes import FEW, CoLikes
from triptych.models.affinity.tower import Shown, Tower
from triptych.models.hybrid.passage import Foretold, Passage
from triptych.models.hybrid.together import Together

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

#: All voices, and those that speak of a history.
TOGETHER, CONTENT, CROWD = ("together-now", "together-ever"), ("content-now", "content-ever"), ("promise", "standing")
LATELY = {"week": 7.0, "month": 30.0, "year": 365.0}
NAMES = (*TOGETHER, *CONTENT, *CROWD, *LATELY)
HISTORICAL = (*TOGETHER, *CONTENT)
#: Those that go by an item's likes alone.
KNOWN = (*TOGETHER, *LATELY)
#: Of these, the one that ``together`` learns from.
EVER = HISTORICAL.index("together-ever")
DAY_S = 86_400.0
#: How far the commonness of an item takes its vector back; as affinity has it by default.
CORRECTION = 0.5


@dataclass(frozen=True, kw_only=True)
class Counting:
    """How a history counts. ``like``: the least value that is a like, None for all; ``other``: what a row counts that
    is none; ``half_life_rows`` and ``floor``: of ``now``, see :mod:`triptych.models.recency`; ``regularisation``: λ of
    ``together``; ``most``: items in it at most; ``width``: of vectors at most; ``held_back``: μ of
    :mod:`~triptych.models.affinity.scoring`; ``noise``: ν over λ of :mod:`~triptych.models.hybrid.passage`.

    What is no like counts for ``together`` alone: that somebody had something says that they may have its like, and not
    that they like it.
    """

    like: float | None = 4.0
    other: float = 0.5
    half_life_rows: float = 5.0
    floor: float = 0.1
    regularisation: float = 200.0
    most: int = 10_000
    width: int = 256
    held_back: float = 0.13
    noise: float = 4.0

    def rows(self, history: History) -> tuple[sp.csr_array, ...]:
        """sparse float64 ``[users, items]``, what each row counts, for each of :data:`HISTORICAL`."""
        return tuple(
            recency.weights(
                history,
                half_life_rows=self.half_life_rows if name.endswith("now") else None,
                floor=self.floor,
                like=self.like,
                other=self.other if name in TOGETHER else 0.0,
            )
            for name in HISTORICAL
        )

    def likes(self, history: History) -> History:
        return history if self.like is None else history.liked(self.like)


@dataclass(frozen=True, kw_only=True, eq=False)
class Basis:
    """What likes are turned into vectors by. ``of_users``: float64 ``[users, d]``: an item's vector is the sum over
    those who like it. ``usual``: what likes + ``FEW`` are on average; ``middle``: ``[d]``, the mean of what items are
    met as; ``log_likes``: the mean of log(1 + likes)."""

    of_users: F64
    usual: float
    middle: F64
    log_likes: float

    @classmethod
    def of(cls, likes: sp.csr_array, *, width: int, held_back: float) -> Basis:
        """``likes``: 1 where a user likes an item."""
        counts = np.asarray(cast(Any, likes).sum(axis=0), np.float64).reshape(-1)
        items = np.flatnonzero(counts)
        own: Any = cast(Any, likes)[:, items].astype(np.float64)
        found = CoLikes.of(scores.sparse(own), width=width)
        energy = found.energy.astype(np.float64)
        vectors = found.vectors.astype(np.float64)
        kept = np.sqrt(energy / (energy + held_back))
        usual = float((counts[items] + FEW).mean())
        met = vectors * kept / ((counts[items] + FEW) / usual)[:, None] ** CORRECTION
        return cls(
            of_users=np.asarray(own @ vectors) / (own.shape[0] * energy) * kept,
            usual=usual,
            middle=met.mean(axis=0),
            log_likes=float(np.log1p(counts[items]).mean()),
        )

    def met(self, liked: F64, likes: F64) -> F64:
        """Where items lie, of what a like of them says and of how many there are."""
        return liked / ((likes + FEW) / self.usual)[:, None] ** CORRECTION - self.middle

    def grown(self, users: int) -> Basis:
        """With more users, who say nothing of items until a new fit."""
        more = np.zeros((users - len(self.of_users), self.of_users.shape[1]))
        return replace(self, of_users=np.vstack([self.of_users, more]))


class Said(TypedDict):
    """What a history alone says, as :class:`Voices` have it."""

    counted: tuple[sp.csr_array, ...]
    likes: I64
    told: F64
    lately: F64


@dataclass(frozen=True, kw_only=True, eq=False)
class Voices:
    """``counted``: sparse float64 ``[users, items]``, as :meth:`Counting.rows` has them. ``foretold``: of all
    items, by ``tower``, whose ``anchors`` are int64 places; ``passage``: and how that ends. ``likes``: int64
    ``[items]``; ``told``: float64 ``[items, d]``, what a like of each says as its likes alone tell; ``lately``:
    ``[len(LATELY), items]``."""

    counting: Counting
    counted: tuple[sp.csr_array, ...]
    together: Together
    basis: Basis
    foretold: Foretold
    tower: Tower
    anchors: I64
    passage: Passage
    likes: I64
    told: F64
    lately: F64

    @classmethod
    def of(cls, counting: Counting, history: History, tower: Tower, anchors: I64, shown: Shown) -> Voices:
        """``tower``: whose ``anchors`` are places of the history's items, without targets; ``shown``: the content of
        all its items."""
        likes = counting.likes(history)
        basis = Basis.of(likes.pairs, width=counting.width, held_back=counting.held_back)
        said = said_by(counting, history, likes, basis)
        own = float(np.median(tower.noise))
        passage = Passage(noise=counting.noise * own, own=own)
        rated = np.flatnonzero(history.item_counts[anchors] > 0)
        foretold, made = foretold_of(tower, rated, anchors[rated], shown, basis, said["told"], said["likes"])
        return cls(
            counting=counting,
            together=Together.of(said["counted"][EVER], regularisation=counting.regularisation, most=counting.most),
            basis=basis,
            foretold=foretold,
            tower=made,
            anchors=anchors[rated],
            passage=passage,
            **said,
        )

    def body(self) -> dict[str, Any]:
        """As JSON has it, with :meth:`arrays`, which are those that the history does not say."""
        return {
            "names": list(NAMES),
            "counting": asdict(self.counting),
            "passage": asdict(self.passage),
            "tower": self.tower.body(),
            "usual": self.basis.usual,
            "log_likes": self.basis.log_likes,
        }

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        return {
            "together.items": self.together.items,
            "together.precision": self.together.precision,
            "basis.of_users": self.basis.of_users,
            "basis.middle": self.basis.middle,
            "anchors": self.anchors,
            **{f"foretold.{one}": getattr(self.foretold, one) for one in ("liked", "met", "launch", "variance")},
            **{f"tower.{name}": one for name, one in self.tower.arrays().items()},
        }

    @classmethod
    def again(cls, body: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]], history: History) -> Voices:
        if tuple(body["names"]) != NAMES:
            raise SpaceError(
                f"the model has the voices {', '.join(body['names'])}, and this version of Triptych knows "
                f"{', '.join(NAMES)}. Fit it anew: triptych fit"
            )
        counting, basis = Counting(**body["counting"]), _basis(body, arrays)
        return cls(
            counting=counting,
            together=Together(
                items=arrays["together.items"],
                precision=arrays["together.precision"],
                regularisation=counting.regularisation,
                count=len(history.item_ids),
                most=counting.most,
            ),
            basis=basis,
            foretold=Foretold(
                liked=arrays["foretold.liked"],
                met=arrays["foretold.met"],
                launch=arrays["foretold.launch"],
                variance=arrays["foretold.variance"],
            ),
            tower=Tower.again(
                body["tower"],
                {name.removeprefix("tower."): one for name, one in arrays.items() if name.startswith("tower.")},
            ),
            anchors=arrays["anchors"],
            passage=Passage(**body["passage"]),
            **said_by(counting, history, counting.likes(history), basis),
        )

    @cached_property
    def share(self) -> F64:
        """κ ``[items]``: how far each item has come from what was foretold of it to what its likes tell."""
        return self.passage.share(self.foretold.variance, self.likes)

    @cached_property
    def liked(self) -> F64:
        """e ``[items, d]``: what a like of each says of who likes it."""
        to_come = self.passage.to_come(self.foretold.launch + self.basis.log_likes, self.likes)
        return self.told + to_come[:, None] * self.foretold.liked

    @cached_property
    def lies(self) -> F64:
        """v ``[items, d]``, each of the d one after another in memory: so one user meets all items the soonest."""
        foretold = self.foretold.met
        return np.asfortranarray(foretold + self.share[:, None] * (self.own - foretold))

    @cached_property
    def own(self) -> F64:
        """t ``[items, d]``: where each lies by its likes alone, 0 where it has none."""
        coming = self.passage.likes_to_come(self.foretold.launch + self.basis.log_likes, self.likes)
        grown = self.told * (coming / np.maximum(self.likes, 1))[:, None]
        return np.where(self.likes[:, None] > 0, self.basis.met(grown, coming), 0)

    @cached_property
    def promise(self) -> F64:
        """``[items]``: the popularity that is foretold, fading as it comes to be known."""
        return self.passage.fading(self.likes) * np.maximum(self.foretold.launch + self.basis.log_likes, 0)

    @cached_property
    def standing(self) -> F64:
        """``[items]``: the popularity that is known, gaining as the other fades."""
        return (1 - self.passage.fading(self.likes)) * np.log1p(self.likes)

    def rows(self, users: npt.NDArray[Any]) -> tuple[Any, ...]:
        """What the rows of some users count, for each of :data:`HISTORICAL`; −1 is a stranger."""
        return tuple(scores.rows(one, users) for one in self.counted)

    def apart(self, rows: Sequence[Any], items: I64) -> tuple[F32, dict[int, F32]]:
        """float32 ``[voices, u, items]``, what goes by content being as if no likes of items were known; and voice →
        what an item's likes would add to that. Of rows as :meth:`rows` gives them and of some items."""
        found = np.empty((len(NAMES), rows[0].shape[0], len(items)), np.float32)
        found[len(HISTORICAL) :] = self.crowd[:, None, items]
        told: dict[int, F32] = {}
        for k, name in enumerate(HISTORICAL):
            if name in TOGETHER:
                found[k] = self.together.scores(rows[k])[:, items]
                continue
            wish = np.asarray(rows[k] @ self.liked)
            foretold = wish @ self.foretold.met[items].T
            found[k] = foretold
            told[k] = np.where(self.likes[items] > 0, wish @ self.own[items].T - foretold, 0).astype(np.float32)
        return found, told

    @cached_property
    def crowd(self) -> F64:
        """``[voices that speak of no history, items]``."""
        return np.vstack([self.promise, self.standing, *self.lately])


def sized(rows: Any) -> F64:
    """``[u]``: |u|, at least 1."""
    return np.maximum(np.asarray(rows.sum(axis=1), np.float64).reshape(-1), 1)


def foretold_of(
    tower: Tower,
    used: I64,
    places: I64,
    shown: Shown,
    basis: Basis,
    told: F64,
    likes: I64,
) -> tuple[Foretold, Tower]:
    """What is foretold of all items, of each as if it were new; and the tower that does it. ``used``: which anchors of
    the tower have ratings; ``places``: of those, among all items."""
    counts = likes[places].astype(np.float64)
    targets = np.hstack([told[places], basis.met(told[places], counts), (np.log1p(counts) - basis.log_likes)[:, None]])
    made = tower.among(used, targets)
    found, variance = np.empty((len(likes), targets.shape[1])), np.empty(len(likes))
    found[places], variance[places] = made.left_out()
    others = np.ones(len(likes), bool)
    others[places] = False
    if others.any():
        found[others], variance[others] = made.made(shown.take(others))
    return Foretold.of(found, variance), made


def _basis(body: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Basis:
    return Basis(
        of_users=arrays["basis.of_users"],
        middle=arrays["basis.middle"],
        usual=body["usual"],
        log_likes=body["log_likes"],
    )


def said_by(counting: Counting, history: History, likes: History, basis: Basis) -> Said:
    """``likes``: those of the history."""
    return Said(
        counted=counting.rows(history),
        likes=likes.item_counts,
        told=told_by(likes, basis),
        lately=lately_of(likes),
    )


def told_by(likes: History, basis: Basis) -> F64:
    """``[items, d]``: the sum over those who like each."""
    return np.asarray(cast(Any, likes.pairs).T @ basis.of_users)


def lately_of(likes: History) -> F64:
    """``[len(LATELY), items]``: the logarithm of 1 + the likes, of which those of a half-life ago count a half. 0
    where no time is known."""
    found = np.zeros((len(LATELY), len(likes.item_ids)))
    timed = likes.times != UNTIMED
    if not timed.any():
        return found
    age_days = (likes.times[timed].max() - likes.times[timed]) / DAY_S
    for k, half_life_days in enumerate(LATELY.values()):
        weight = np.exp2(-age_days / half_life_days)
        found[k] = np.log1p(np.bincount(likes.items[timed], weights=weight, minlength=found.shape[1]))
    return found
