"""Planted: users of two tastes and items of two kinds, which content tells and likes tell; and a hybrid of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from triptych.catalogue.history import UNTIMED, History
from triptych.models.affinity.affinity import Affinity
from triptych.models.hybrid.hybrid import Hybrid
from triptych.models.similarity import Lessons
from triptych.spaces.blocks import Blocks

USERS, ITEMS, COLD = 60, 40, 8
KIND, TASTE = np.arange(ITEMS) % 2, np.arange(USERS) % 2
#: Nobody has a row of the last items.
IS_COLD = np.arange(ITEMS) >= ITEMS - COLD
#: An item with rows of which there is no content; a user who likes nothing, and one without rows.
BARE, GRUMPY, SILENT = 5, 57, 58


def settings(**changes: Any) -> Hybrid:
    tower = Affinity.preset("affinity-launch", batch=256, steps=1, epochs=changes.pop("epochs", 3), threads=1)
    return Hybrid(**{"regularisation": 20.0, "rounds": 4, "rows": 3, "tower": tower, **changes})


def content(kinds: np.ndarray, *, seed: int = 0) -> Blocks:
    """Of items of these kinds: two features tell the kind, one is noise; some lack one or another."""
    rng = np.random.default_rng(seed)
    n = len(kinds)
    side = np.where(kinds, 1.0, -1.0)[:, None]
    parts = (side + 0.4 * rng.normal(size=(n, 2)), rng.normal(size=(n, 6)), side + 0.8 * rng.normal(size=(n, 3)))
    mask = rng.random((n, 3)) < np.array([0.95, 0.7, 0.8])
    return Blocks(
        panels=("seeing", "seeing", "reading"),
        names=("seeing/kind", "seeing/noise", "reading/words"),
        values=tuple(np.where(mask[:, [p]], part, 0).astype(np.float32) for p, part in enumerate(parts)),
        mask=mask,
    )


def lacking(blocks: Blocks, item: int) -> Blocks:
    """The same, with no content of one item."""
    mask, values = blocks.mask.copy(), tuple(one.copy() for one in blocks.values)
    mask[item] = False
    for one in values:
        one[item] = 0
    return replace(blocks, mask=mask, values=values)


def told(*, seed: int = 0, timed: bool = True) -> History:
    """What everybody thinks of everything that they have, cold items too: most like what is of their taste."""
    rng = np.random.default_rng(seed)
    had = rng.random((USERS, ITEMS)) < np.linspace(0.7, 0.3, ITEMS)[rng.permutation(ITEMS)]
    had[SILENT] = False
    right = KIND[None, :] == TASTE[:, None]
    values = np.where(right ^ (rng.random((USERS, ITEMS)) < 0.1), 5.0, 2.0)
    values[GRUMPY] = 1.0
    users, items = np.nonzero(had)
    times = rng.permutation(len(users)) * 50_000 if timed else np.full(len(users), UNTIMED)
    return History(
        user_ids=tuple(f"u{k:02d}" for k in range(USERS)),
        item_ids=tuple(f"i{k:02d}" for k in range(ITEMS)),
        users=users.astype(np.int32),
        items=items.astype(np.int32),
        values=values[users, items].astype(np.float32),
        times=times.astype(np.int64),
    )


def lessons(history: History | None = None, blocks: Blocks | None = None) -> Lessons:
    """Of what is not cold."""
    history = told() if history is None else history
    return Lessons(
        blocks=lacking(content(KIND), BARE) if blocks is None else blocks,
        train=history.take(~IS_COLD[history.items]),
        may_learn=~IS_COLD,
        genres=np.zeros((ITEMS, 1), np.float32),
    )


def right(found: np.ndarray, among: np.ndarray, users: np.ndarray) -> float:
    """The share of pairs of items ``among``, one of a user's taste and one not, that stand right, over ``users``."""
    shares: list[float] = []
    for user in users.tolist():
        row = found[user]
        good, bad = row[among & (TASTE[user] == KIND)], row[among & (TASTE[user] != KIND)]
        shares.append(float((good[:, None] > bad[None, :]).mean()))
    return float(np.mean(shares))
