"""Shares: of what content foretells of an item, how much is each panel's doing, exactly.

What a tower makes of content is no sum over features: two films of one genre and one year are more alike than either
tells. So a share is a Shapley value: what showing a feature adds to the score, as the mean over all orders in which
they could be shown. Features are shown panel by panel (Owen 1977, *Values of games with a priori unions*): with Q the
panels shown before that of feature f, and T the features of its own panel that are,

    share_f = Σ_Q Σ_T  q!(m−q−1)!/m! · t!(l−t−1)!/l! · [s(Q ∪ T ∪ f) − s(Q ∪ T)]

of m panels and l features of its own. They sum to s(all) − s(none), whatever s is; what an item of which nothing is
shown would have is told as ``usual``. Features that an item lacks anyway add nothing, and are not asked about.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.errors import UsageError
from triptych.models import scores

F64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

#: Looks at an item at most: in three panels, some thirteen features in the fullest of them.
MOST = 1 << 16


@dataclass(frozen=True, kw_only=True, eq=False)
class Shares:
    """``values``: float64 ``[players]``; ``none``: s where nothing is shown."""

    values: F64
    none: float


def shares(
    players: list[tuple[int, ...]], unions: list[list[int]], score: Callable[[Bool], F64], *, width: int
) -> Shares:
    """``players[k]``: the features that are shown together; ``unions``: which players belong together. ``score``: s of
    each row of bool ``[looks, width]``, which features are shown."""
    m = len(unions)
    # All panels whole or not at all, and one of them in part.
    count = 2**m + sum(2 ** (m - 1) * (2 ** len(own) - 2) for own in unions)
    if count > MOST:
        raise UsageError(
            f"telling {len(players)} features apart takes {count:,} looks at an item, above {MOST:,}; ask for the "
            "shares of panels."
        )
    looks, weights = _plan(len(players), tuple(map(tuple, unions)))
    shown = np.zeros((len(looks), width), bool)
    for player, own in enumerate(players):
        shown[:, list(own)] = looks[:, [player]]
    found = score(shown)
    return Shares(values=weights @ found, none=float(found[0]))


@lru_cache(maxsize=64)
def _plan(players: int, unions: tuple[tuple[int, ...], ...]) -> tuple[Bool, Any]:
    """bool ``[looks, players]``, every set of players that is asked about, none first; and sparse ``[players, looks]``,
    what s of each counts in each share. Items that lack the same have it in common."""
    number: dict[frozenset[int], int] = {frozenset(): 0}
    counts: list[tuple[float, int, int]] = []
    m = len(unions)

    def place(look: frozenset[int]) -> int:
        return number.setdefault(look, len(number))

    for u, own in enumerate(unions):
        others = [k for k in range(m) if k != u]
        for q in range(m):
            of_panels = factorial(q) * factorial(m - q - 1) / factorial(m)
            for chosen in combinations(others, q):
                before = frozenset(player for k in chosen for player in unions[k])
                for player in own:
                    rest = [one for one in own if one != player]
                    for t in range(len(own)):
                        weight = of_panels * factorial(t) * factorial(len(own) - t - 1) / factorial(len(own))
                        for told in combinations(rest, t):
                            without = before | frozenset(told)
                            counts.append((weight, player, place(without | {player})))
                            counts.append((-weight, player, place(without)))
    looks = np.zeros((len(number), players), bool)
    for look, k in number.items():
        looks[k, list(look)] = True
    weights, rows, columns = (np.array(one) for one in zip(*counts, strict=True))
    return looks, scores.sparse((weights, (rows, columns)), shape=looks.shape[::-1])
