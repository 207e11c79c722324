"""A world of seasons: what is liked next follows from the genre of the last like and from what is new."""

from __future__ import annotations

import numpy as np

from triptych.catalogue.history import History
from triptych.models.similarity import Lessons
from triptych.spaces.blocks import Blocks

KINDS, EACH, USERS, ROWS = 6, 8, 60, 16


def lessons(seed: int = 0) -> Lessons:
    """Users go on through kinds of items in a circle, two rows of each; who is of the even half likes the newer ones of
    a kind. Every third row is of anything, and not liked."""
    rng = np.random.default_rng(seed)
    users, items, values = [], [], []
    for user in range(USERS):
        had: set[int] = set()
        kind = user % KINDS
        for row in range(ROWS):
            if row % 3 == 2:
                item, value = int(rng.integers(KINDS * EACH)), 2.0
            else:
                half = rng.integers(EACH // 2) + (EACH // 2 if user % 2 == 0 else 0)
                item, value = kind * EACH + int(half), 5.0
                kind = (kind + 1) % KINDS
            if item not in had:
                had.add(item)
                users.append(user)
                items.append(item)
                values.append(value)
    n = KINDS * EACH
    moments = np.zeros(len(users), np.int64)
    place = np.array([users[:k].count(user) for k, user in enumerate(users)])
    moments[:] = place * 86_400 + np.array(users) * 60 + 1_000_000
    history = History(
        user_ids=tuple(f"user-{k}" for k in range(USERS)),
        item_ids=tuple(f"item-{k}" for k in range(n)),
        users=np.array(users, np.int32),
        items=np.array(items, np.int32),
        values=np.array(values, np.float32),
        times=moments,
    )
    kinds = np.repeat(np.eye(KINDS, dtype=np.float32), EACH, axis=0)
    seen = rng.normal(size=(n, 3)).astype(np.float32)
    mask = np.ones((n, 1), bool)
    mask[::5] = False
    blocks = Blocks(panels=("seeing",), values=(np.where(mask, seen, 0).astype(np.float32),), mask=mask)
    return Lessons(blocks=blocks, train=history, may_learn=np.ones(n, bool), genres=kinds)


def years(n: int = KINDS * EACH) -> tuple[np.ndarray, np.ndarray]:
    """float32 ``[n, 1]`` and bool ``[n]``."""
    known = np.arange(n) % 7 != 0
    return np.where(known, 1980 + np.arange(n) % 30, 0).astype(np.float32)[:, None], known
