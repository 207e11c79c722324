"""Core: the greatest part of the interactions in which every user and every item has enough of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Cored:
    """``users``, ``items``: bool ``[n]``, who is in the core.

    ``user_counts``, ``item_counts``: int64 ``[n]``: interactions within the core of those who are in it; of those who
    are not, how many were left when their turn came to go.
    """

    users: Mask
    items: Mask
    user_counts: NDArray[np.int64]
    item_counts: NDArray[np.int64]
    rounds: int


def core(
    user: NDArray[np.int32],
    item: NDArray[np.int32],
    *,
    users: Mask,
    items: Mask,
    min_per_user: int,
    min_per_item: int,
) -> Cored:
    """Take out whoever has too few interactions, until no one has.

    ``user``, ``item``: int32 ``[interactions]``, codes into ``users`` and ``items``, bool, who is there to begin with.
    Whatever the order of taking out, the same part is left, and every part that satisfies the bounds lies within it
    (the (p,q)-core of a bipartite graph, Ahmed et al. 2007; several interactions of a pair count each).
    """
    users, items = users.copy(), items.copy()
    alive = users[user] & items[item]
    user, item = user[alive], item[alive]
    user_counts = np.bincount(user, minlength=len(users))
    item_counts = np.bincount(item, minlength=len(items))
    rounds = 0
    while True:
        few_users = users & (user_counts < min_per_user)
        few_items = items & (item_counts < min_per_item)
        if not (few_users.any() or few_items.any()):
            return Cored(users=users, items=items, user_counts=user_counts, item_counts=item_counts, rounds=rounds)
        rounds += 1
        users &= ~few_users
        items &= ~few_items
        dead = few_users[user] | few_items[item]
        # Taken from the counts of those who stay; what those who go had left is kept, for the account.
        lost_users = np.bincount(user[dead], minlength=len(users))
        lost_items = np.bincount(item[dead], minlength=len(items))
        user_counts = np.where(users, user_counts - lost_users, user_counts)
        item_counts = np.where(items, item_counts - lost_items, item_counts)
        user, item = user[~dead], item[~dead]
