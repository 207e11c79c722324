"""Adding: what all voices say added up, to the last bit or roughly.

The weight of a voice v for an item of n likes lies between two ends, w_v(n) = (1 − h) w_v,new + h w_v,known, see
:mod:`~triptych.models.hybrid.gates`. Voices of one kind meet an item by the same thing, those of ``together`` by B and
those of ``content`` by where it lies, so that what a user brings to them is added up first, once for each end e:

    score(u, i) = crowd(i) + Σ_e h_e(i) [ (Σ_v w_v,e |u|^−ρ_v x_v(u)) · B_i + (Σ_v w_v,e |u|^−ρ_v wish_v(u)) · v_i ]

with h_new = 1 − h and h_known = h. The end of known items does not matter to those without likes, and voices that go by
likes alone have no other: that leaves one product with B instead of two, and one with all v instead of two.

A score is rounded to a whole multiple of 1 / GRAIN, and is the same whoever is asked about beside somebody. Roughly it
is a product of float32, and then it is told how far that may be from the score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.models import scores
from triptych.models.hybrid.gates import Gates, heard_of
from triptych.models.hybrid.voices import CONTENT, HISTORICAL, NAMES, TOGETHER, Voices
from triptych.models.recommender import Rough

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

#: Users that are scored at a time, and scores that are added up pair by pair at a time.
ROWS, CELLS = 256, 2048
FEWER = 128
#: Users who are met one by one.
FEW = 2
#: What the rounding of a sum is held for, of what it can be at most.
SLACK = 1.0
#: Half of what float32 can tell apart at 1, and roundings of it beside those of a product.
UNIT, ROUNDINGS = 2.0**-24, 16


@dataclass(frozen=True, kw_only=True, eq=False)
class End:
    """One end of the passage. ``heard``: h_e ``[items]``; ``items``: for whom it is not 0; ``lies``: float64
    ``[of these, d]``, where they lie, each of the d one after another in memory."""

    heard: F64
    items: slice | I64
    lies: F64

    @cached_property
    def longest(self) -> float:
        """At most what an item counts for an aim of length 1."""
        return float((self.heard[self.items] * np.sqrt(np.einsum("id,id->i", self.lies, self.lies))).max(initial=0.0))


@dataclass(frozen=True, kw_only=True, eq=False)
class Heard:
    """What some users bring. ``strange``: bool ``[u]``, who has nothing; end → ``said`` ``[u, items of together]`` and
    ``aims`` ``[u, d]``. Each user's rows hang on that user alone, to the last bit."""

    strange: npt.NDArray[np.bool_]
    said: dict[int, F64]
    aims: dict[int, F64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Adding:
    """``rows``, wherever they are asked for, are sparse ``[u, items]`` for each of HISTORICAL; ``liked``: what each of
    the users likes besides, as vectors ``[e, d]``."""

    voices: Voices
    gates: Gates

    def scores(self, rows: Sequence[Any], liked: Sequence[F64] | None = None) -> F32:
        """float32 ``[u, items]``."""
        count = rows[0].shape[0]
        found = np.empty((count, len(self.voices.likes)), np.float32)
        for start in range(0, count, ROWS):
            part = slice(start, min(start + ROWS, count))
            heard = self._heard([one[part] for one in rows], None if liked is None else liked[part])
            found[part] = self._some(heard)
        return found

    def rough(self, rows: Sequence[Any]) -> Rough:
        """The same roughly, and exactly of pairs."""
        heard, d = self._heard(rows, None), self.voices.lies.shape[1]
        count = len(heard.strange)
        aims = np.zeros((count, d + 2), np.float32)
        aims[:, d], aims[:, d + 1] = ~heard.strange, heard.strange
        size = np.full(count, float(np.abs(self._crowds).max(initial=0.0)))
        for e, aim in heard.aims.items():
            size += self._ends[e].longest * np.linalg.norm(aim, axis=1)
        if 0 in heard.aims:
            aims[:, :d] = heard.aims[0]
        found = np.empty((count, len(self.voices.likes)), np.float32)
        for start in range(0, count, FEWER):  # of so few that what is added up stays near
            part = slice(start, start + FEWER)
            np.matmul(aims[part], self._all, out=found[part])
            if 1 in heard.aims:
                found[part, self._ends[1].items] += heard.aims[1][part].astype(np.float32) @ self._known
            for e, said in heard.said.items():
                counted = np.multiply(
                    said[part], self._ends[e].heard[self._joined], dtype=np.float32, casting="same_kind"
                )
                found[part, self._joined] += counted
                size[part] += np.maximum(counted.max(axis=1, initial=0.0), -counted.min(axis=1, initial=0.0))
        off = (d + ROUNDINGS) * UNIT * size + 1 / scores.GRAIN

        def exact(user: I64, item: I64) -> F32:
            return scores.even(self._anew(heard, user, item))

        return Rough(scores=found, off=np.nextafter(off.astype(np.float32), np.float32(np.inf)), exact=exact)

    def _heard(self, rows: Sequence[Any], liked: Sequence[F64] | None) -> Heard:
        sizes = [np.asarray(one.sum(axis=1), np.float64).reshape(-1) for one in rows]
        strange = np.all([np.diff(one.indptr) == 0 for one in rows], axis=0)
        if liked is not None:
            more = np.array([len(one) for one in liked])
            sizes, strange = [one + more for one in sizes], strange & (more == 0)
        evens = [np.maximum(size, 1) ** -rho for size, rho in zip(sizes, self.gates.evenness, strict=False)]
        said: dict[int, F64] = {}
        aims: dict[int, F64] = {}
        for e in range(len(self._ends)):
            together, content = (self._mixed(names, rows, evens, e) for names in (TOGETHER, CONTENT))
            if together is not None and len(self.voices.together.items):
                said[e] = self.voices.together.said(together)
            if content is not None:
                aims[e] = np.asarray(content @ self.voices.liked)
                if liked is not None:
                    besides = np.stack([one.sum(axis=0) for one in liked])
                    for name in CONTENT:
                        k = NAMES.index(name)
                        aims[e] += besides * (self.gates.weights[k, e] * evens[k])[:, None]
        return Heard(strange=strange, said=said, aims=aims)

    def _mixed(self, names: Sequence[str], rows: Sequence[Any], evens: Sequence[F64], end: int) -> Any:
        """Rows of the voices of one kind, each times what it counts at one end; None where none does."""
        found: Any = None
        for k in (NAMES.index(name) for name in names):
            if weight := float(self.gates.weights[k, end]):
                one = rows[k]
                values = one.data * np.repeat(weight * evens[k], np.diff(one.indptr))
                mine = scores.sparse((values, one.indices, one.indptr), shape=one.shape)
                found = mine if found is None else found + mine
        return found

    def _some(self, heard: Heard) -> F32:
        """All is added up user by user but the products with where items lie, whose rounding hangs on how many rows
        there are. Where that could turn a score to another number it is added up anew."""
        total = self._crowds[heard.strange.astype(np.int64)]
        for e, said in heard.said.items():
            total[:, self._joined] += said * self._ends[e].heard[self._joined]
        slack = np.zeros(len(total))
        for e, aim in heard.aims.items():
            end = self._ends[e]
            total[:, end.items] += _products(aim, end.lies) * end.heard[end.items]
            slack += 2 * aim.shape[1] * end.longest * np.linalg.norm(aim, axis=1)
        # What two ways of adding up may differ by, and be on two sides of where scores are rounded.
        slack += 4 * np.abs(total).max(axis=1, initial=0.0)
        slack *= SLACK * np.finfo(np.float64).eps * scores.GRAIN
        total *= scores.GRAIN
        whole = np.rint(total)
        total -= whole
        user, item = np.nonzero(np.abs(total, out=total) >= (0.5 - slack)[:, None])
        whole /= scores.GRAIN
        found = whole.astype(np.float32)
        found[user, item] = scores.even(self._anew(heard, user, item))
        return found

    def _anew(self, heard: Heard, user: I64, item: I64) -> F64:
        """Of pairs, each by itself."""
        total = self._crowds[heard.strange[user].astype(np.int64), item]
        place = self.voices.together.place[item]
        for e, said in heard.said.items():
            total += np.where(place >= 0, said[user, place], 0) * self._ends[e].heard[item]
        near, which = np.unique(item, return_inverse=True)
        lies = np.ascontiguousarray(self.voices.lies[near])
        for start in range(0, len(user), CELLS):
            part = slice(start, start + CELLS)
            there = lies[which[part]]
            for e, aim in heard.aims.items():
                total[part] += np.vecdot(aim[user[part]], there) * self._ends[e].heard[item[part]]
        return total

    @cached_property
    def _ends(self) -> tuple[End, End]:
        likes, lies = self.voices.likes, self.voices.lies
        known = heard_of(likes, self.gates.fading)
        items = np.flatnonzero(known)
        some = len(items) < len(known)
        return (
            End(heard=1 - known, items=slice(None), lies=lies),
            End(
                heard=known,
                items=_run(items) if some else slice(None),
                lies=lies.T.take(items, axis=1).T if some else lies,
            ),
        )

    @cached_property
    def _joined(self) -> slice | I64:
        """The items of ``together``."""
        return _run(self.voices.together.items)

    @cached_property
    def _crowds(self) -> F64:
        """``[2, items]``: what does not hang on anybody, for who has a history and for who has none."""
        likes, own = self.voices.likes, slice(len(HISTORICAL), None)
        weights = (self.gates.at(likes), self.gates.at_for_strangers(likes))
        return np.stack([(one[own] * self.voices.crowd).sum(axis=0) for one in weights])

    @cached_property
    def _all(self) -> F32:
        """``[d + 2, items]``: the end of new items, and the crowds."""
        new = self._ends[0]
        return np.concatenate([(new.lies * new.heard[:, None]).T, self._crowds]).astype(np.float32, order="C")

    @cached_property
    def _known(self) -> F32:
        """``[d, items with likes]``: the other end."""
        known = self._ends[1]
        return (known.lies * known.heard[known.items][:, None]).T.astype(np.float32, order="C")


def _products(aims: F64, lies: F64) -> F64:
    """``[u, items]``. Of few users one after another: a product with a vector waits for memory alone."""
    if len(aims) > FEW:
        return aims @ lies.T
    return np.stack([aim @ lies.T for aim in aims])


def _run(places: I64) -> slice | I64:
    """Places that follow one another as one piece."""
    if len(places) and places[-1] - places[0] + 1 == len(places):
        return slice(int(places[0]), int(places[-1]) + 1)
    return places
