"""Exploration: how many places of a list go to new titles, which of them, and where they stand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from triptych.models import lot
from triptych.programme.column import F64, I64

#: 2π times a fraction is an angle: of Box and Muller's way to draw from a normal distribution.
_TURN = 2 * np.pi


@dataclass(frozen=True, kw_only=True)
class Draw:
    """What is drawn for one user: ``user``, a key of their id; ``seed``. The same two give the same, ever again."""

    user: lot.U64
    seed: int

    def budget(self, explore: float, n: int) -> int:
        """How many places: so many, or that share of ``n``. A part of a place is drawn, so that over users it is the
        share; never all ``n``, since the first place is not given away."""
        if isinstance(explore, int):
            return min(explore, n - 1)
        places = round(explore * n, 9)
        whole = int(places)
        more = self._fraction("explore-share", np.zeros(1, np.uint64))[0] < places - whole
        return min(whole + int(more), n - 1)

    def stands(self, count: int, n: int) -> list[int]:
        """``count`` indices of a list of ``n``, rising, never 0."""
        spots = np.arange(1, n, dtype=np.uint64)
        drawn = lot.drawn(self._key("explore-at"), spots, seed=self.seed)
        return sorted(int(one) for one in spots[np.argsort(drawn, kind="stable")[:count]])

    def normal(self, lots: lot.U64, day: int) -> F64:
        """float64 ``[m]``: from a normal distribution, one for each item's key; on another day another one.

        z = √(−2 ln u) cos 2πv, with u in (0, 1] and v in [0, 1) (Box & Muller 1958).
        """
        first, second = self._fraction("explore-u", lots, day), self._fraction("explore-v", lots, day)
        return np.sqrt(-2 * np.log1p(-first)) * np.cos(_TURN * second)

    def _fraction(self, purpose: str, keys: lot.U64, day: int = 0) -> F64:
        """float64 ``[m]``, from 0 to below 1."""
        drawn = lot.drawn(self._key(purpose), keys, seed=self.seed + day)
        return (drawn >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def _key(self, purpose: str) -> lot.U64:
        return self.user ^ lot.keys(["programme"], purpose)


def hope(score: F64, doubt: F64 | None, *, by: str, optimism: float, draw: Draw, lots: lot.U64, day: int) -> F64:
    """float64 ``[m]``: what new titles are chosen by.

    ``score``: the score alone. ``ucb``: score + optimism × doubt, an upper confidence bound (Auer et al. 2002).
    ``thompson``: score + z × doubt with z drawn from a normal distribution (Thompson 1933). ``doubt``: a standard
    deviation of each.
    """
    if by == "score" or doubt is None:
        return score
    return score + (optimism if by == "ucb" else draw.normal(lots, day)) * doubt


def inserted(kept: list[int], new: list[int], stands: list[int]) -> list[int]:
    """``kept`` in their order with ``new`` among them: the first of these at the first of ``stands``, and so on."""
    whole = list(kept)
    for at, one in zip(stands, new, strict=True):
        whole.insert(at, one)
    return whole


def freed(new: I64 | list[bool], most: int) -> list[int]:
    """Whose places go to other titles: of a list, the last ones that are not new themselves, and never the first."""
    return [at for at in range(len(new) - 1, 0, -1) if not new[at]][:most]
