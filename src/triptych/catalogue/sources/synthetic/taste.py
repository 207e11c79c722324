"""Taste: users who weigh what they see, hear and read differently, and the ratings that follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from triptych.catalogue.sources.synthetic.themes import LOOKS, PANELS, PLOTS, SOUNDS

#: The last moment that anything is rated.
END = np.datetime64("2025-12-31T00:00:00", "s")
#: How far an item's appeal, which all users share, moves a rating beside personal taste.
APPEAL_WEIGHT = 0.3
#: Users rate what they expect to like more often: the pull of utility on exposure, in log odds.
PULL = 0.4

_USER_BLOCK = 512


@dataclass(frozen=True, kw_only=True, eq=False)
class Users:
    """``mix``: float64 ``[users, 3]``, how much each panel counts, rows sum to 1.

    ``likes``: float64 ``[users, 3, themes]``, how much each theme of each panel pleases, about N(0, 1).
    """

    ids: tuple[str, ...]
    mix: npt.NDArray[np.float64]
    likes: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.ids)

    def shares(self, themes: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        r"""Each panel's share of the utility: ``themes`` ``[items, 3]`` → float64 ``[users, items, 3]``.

        For user *u*, item *i*, panel *p*: :math:`m_{up} l_{up,t_p(i)} / \sqrt{\sum_p m_{up}^2}`, so that the sum
        over panels has unit variance whatever the mix.
        """
        return np.stack([self._share(themes, panel) for panel in range(len(PANELS))], axis=2)

    def utility(self, themes: npt.NDArray[np.int64], *, appeal: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Personal taste plus what pleases everyone: float64 ``[users, items]``."""
        total = np.repeat(APPEAL_WEIGHT * appeal[None, :], len(self), axis=0)
        for panel in range(len(PANELS)):
            total += self._share(themes, panel)
        return total

    def _share(self, themes: npt.NDArray[np.int64], panel: int) -> npt.NDArray[np.float64]:
        scale = self.mix[:, panel] / np.linalg.norm(self.mix, axis=1)
        return (scale[:, None] * self.likes[:, panel, :])[:, themes[:, panel]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Interactions:
    """Columns of equal length in order of time.

    ``user`` and ``item``: int64 rows of the world's users and items. ``rating``: int64, 1–5.
    ``timestamp``: int64 seconds since 1970, never before the item's release.
    """

    user: npt.NDArray[np.int64]
    item: npt.NDArray[np.int64]
    rating: npt.NDArray[np.int64]
    timestamp: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.user)


def draw_users(rng: np.random.Generator, count: int) -> Users:
    themes = max(len(LOOKS), len(SOUNDS), len(PLOTS))
    mix = rng.spawn(1)[0].dirichlet([1.6, 1.6, 1.6], size=count)
    likes = rng.spawn(1)[0].normal(size=(count, len(PANELS), themes))
    return Users(ids=tuple(f"user-{k:05d}" for k in range(count)), mix=mix, likes=likes)


def draw_interactions(
    rng: np.random.Generator,
    *,
    utility: npt.NDArray[np.float64],
    fame: npt.NDArray[np.float64],
    released: Sequence[str],
) -> Interactions:
    """20 to 60 ratings a user (no more than two thirds of the items), famous items first.

    Sampling without replacement in proportion to ``fame · exp(PULL · utility)`` is a top-k over the log weights
    plus Gumbel noise (Gumbel-top-k; Kool et al. 2019, arXiv:1903.06059).
    """
    users, items = len(utility), len(fame)
    most = min(60, max(1, 2 * items // 3))
    counts = rng.integers(min(20, max(1, most // 2)), most + 1, size=users)
    columns: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]] = []
    for start in range(0, users, _USER_BLOCK):
        block = utility[start : start + _USER_BLOCK]
        keys = np.log(fame) + PULL * block + rng.gumbel(size=block.shape)
        order = np.argsort(-keys, axis=1)[:, :most]
        kept = np.arange(most) < counts[start : start + len(block), None]
        columns.append((start + np.nonzero(kept)[0], order[kept]))
    user = np.concatenate([column[0] for column in columns])
    item = np.concatenate([column[1] for column in columns])
    liking = utility[user, item]
    rating = np.clip(np.rint(3.2 + 1.05 * liking + rng.normal(0.0, 0.45, size=len(user))), 1, 5).astype(np.int64)
    timestamp = _times(rng, user=user, item=item, users=users, released=released)
    order = np.lexsort((item, user, timestamp))
    return Interactions(user=user[order], item=item[order], rating=rating[order], timestamp=timestamp[order])


def _times(
    rng: np.random.Generator,
    *,
    user: npt.NDArray[np.int64],
    item: npt.NDArray[np.int64],
    users: int,
    released: Sequence[str],
) -> npt.NDArray[np.int64]:
    """After the release and after the user joined, sooner rather than later, always before :data:`END`."""
    out = np.array(released, dtype="datetime64[s]").astype(np.int64)
    end = int(END.astype(np.int64))
    first = int(out.min())
    joined = first + (rng.beta(1.0, 1.6, size=users) * (end - first) * 0.9).astype(np.int64)
    earliest = np.maximum(out[item], joined[user])
    return earliest + 1 + (rng.beta(1.0, 2.5, size=len(user)) * (end - earliest - 1)).astype(np.int64)
