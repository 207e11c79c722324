"""Diversify: which item goes next, so that a list is not ten times the same: MMR, or calibrated genres."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from triptych.programme.column import F64, I64, Mask
from triptych.programme.facts import Facts
from triptych.programme.room import Room
from triptych.spaces.blocks import F32

#: Steck's α: so much of what the user had is mixed into the list's genres, so that one that lacks is not infinite.
SMOOTHING = 0.01
#: Worths are rounded to whole multiples of 1 / GRAIN: what is equally good must come out equal, whatever it stands by.
GRAIN = 2.0**26


class Chooser(Protocol):
    """Tells what each of m items is worth next."""

    def worth(self) -> F64:
        """float64 ``[m]``, higher is better."""
        ...

    def take(self, at: int) -> None:
        """One of them is listed."""
        ...


class Relevance:
    """Maximal marginal relevance: (1 − strength) r_i − strength max_{j listed} alike(i, j), where Carbonell and
    Goldstein (1998, doi:10.1145/290941.291025) write λ for 1 − strength.

    ``relevance`` float64 ``[m]``, 0 to 1; ``alike``: between two of the m.
    """

    def __init__(self, relevance: F64, alike: Alike, *, strength: float) -> None:
        self._own, self._alike, self._strength = (1 - strength) * relevance, alike, strength
        self._nearest: F64 | None = None

    def worth(self) -> F64:
        if self._nearest is None:
            return self._own
        return np.rint((self._own - self._strength * self._nearest) * GRAIN) / GRAIN

    def take(self, at: int) -> None:
        row = self._alike.to(at)
        self._nearest = row if self._nearest is None else np.maximum(self._nearest, row)


class Alike(Protocol):
    def to(self, at: int) -> F64:
        """float64 ``[m]``: how alike each is to one of them."""
        ...


class Cosines:
    """Of vectors of length 1, float32 ``[m, d]``.

    What has no vector is as like any other as two that have one are on average: to lack a clip is no variety.
    """

    def __init__(self, vectors: F32, known: Mask) -> None:
        self._vectors, self._known = vectors, known
        n = int(known.sum())
        total = vectors[known].sum(axis=0, dtype=np.float64)
        self._usual = float((total @ total - n) / (n * (n - 1))) if n > 1 else 0.0

    def to(self, at: int) -> F64:
        if not self._known[at]:
            return np.full(len(self._known), self._usual)
        found = (self._vectors @ self._vectors[at]).astype(np.float64)
        return np.where(self._known, found, self._usual)


class Jaccards:
    """Of sets of genres, bool ``[m, g]``: those in both, of those in either. What has none is as like any other as
    two that have some are on average."""

    def __init__(self, genres: Mask) -> None:
        wide = genres.astype(np.float32)
        counts = wide.sum(axis=1)
        both = wide @ wide.T
        either = counts[:, None] + counts - both
        known = counts > 0
        n = int(known.sum())
        self._found = np.divide(both, either, out=np.zeros_like(both), where=either > 0).astype(np.float64)
        usual = (self._found.sum() - n) / (n * (n - 1)) if n > 1 else 0.0
        self._found[~known] = usual
        self._found[:, ~known] = usual

    def to(self, at: int) -> F64:
        return self._found[at]


class Calibration:
    """Calibrated recommendations: a list I is worth (1 − strength) Σ_{i∈I} r_i − strength KL(p ‖ q̃(I)), and the next
    item is the one that makes it worth most (Steck 2018, doi:10.1145/3240323.3240372, strength being λ).

    p: the mean of the genres of what the user had; q: of what is listed; q̃ = (1 − α) q + α p. In nats, over genres
    with p > 0. ``relevance`` float64 ``[m]``; ``shares`` float64 ``[m, g]``, each row adding up to 1, or 0 where an
    item has no genres: it counts neither in p nor in q. ``had`` float64 ``[g]``: p, which adds up to 1.
    """

    def __init__(self, relevance: F64, shares: F64, had: F64, *, strength: float) -> None:
        asked = had > 0
        self._own, self._strength = (1 - strength) * relevance, strength
        self._shares, self._had = shares[:, asked], had[asked]
        self._counts = shares.sum(axis=1) > 0
        self._entropy = float(self._had @ np.log(self._had))
        self._listed, self._n = np.zeros(int(asked.sum())), 0

    def worth(self) -> F64:
        total = (self._listed + self._shares) / np.maximum(self._n + self._counts, 1)[:, None]
        far = self._entropy - np.log((1 - SMOOTHING) * total + SMOOTHING * self._had) @ self._had
        return np.rint((self._own - self._strength * far) * GRAIN) / GRAIN

    def take(self, at: int) -> None:
        self._listed = self._listed + self._shares[at]
        self._n += int(self._counts[at])


def taste(facts: Facts, had: I64) -> F64:
    """float64 ``[genres]``: the mean of the genres of these items, adding up to 1; 0 where none of them has any."""
    shares = facts.genre_shares[had].sum(axis=0)
    total = shares.sum()
    return shares / total if total > 0 else shares


def evened(scores: F64) -> F64:
    """Relevance: scores spread evenly from 0, the least, to 1, the best; all 0 where they are equal."""
    least, best = scores.min(initial=np.inf), scores.max(initial=-np.inf)
    if not best > least:
        return np.zeros(len(scores))
    return (scores - least) / (best - least)


def chosen(room: Room, chooser: Chooser | None, *, n: int) -> tuple[list[int], list[bool]]:
    """Up to ``n`` of the m, in the order of the list; and of each whether a better one that had room was passed over.

    The m stand best first. ``chooser``: None takes the first that has room. Of equally worthy ones the first goes.
    """
    found: list[int] = []
    passed: list[bool] = []
    while len(found) < n and room.open.any():
        first = int(room.open.argmax())
        at = first if chooser is None else int(np.where(room.open, chooser.worth(), -np.inf).argmax())
        found.append(at)
        passed.append(at != first)
        room.take(at)
        if chooser is not None:
            chooser.take(at)
    return found, passed
