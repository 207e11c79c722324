"""Rated: tiny histories of ratings, and the bad ones that every rating model must survive."""

from __future__ import annotations

import numpy as np

from triptych.catalogue.history import History
from triptych.models.predictor import Asked, RatingLessons


def rated(users: object, items: object, values: object, *, shape: tuple[int, int]) -> History:
    """Rows of users u0, u1, … and items i0, i1, …, ``shape`` of them; without times."""
    number = np.asarray(values, np.float32)
    return History(
        user_ids=tuple(f"u{k}" for k in range(shape[0])),
        item_ids=tuple(f"i{k}" for k in range(shape[1])),
        users=np.asarray(users, np.int32),
        items=np.asarray(items, np.int32),
        values=number,
        times=np.full(len(number), -1, np.int64),
    )


def planted(seed: int = 0, *, users: int = 60, items: int = 40, share: float = 0.5) -> tuple[History, History]:
    """Ratings of 1 to 5 that two tastes, two kinds of items and biases of both make, with some noise: those to learn
    from, and those to ask about. One of a taste likes items of its kind by 1 more than the mean, others by 1 less."""
    rng = np.random.default_rng(seed)
    taste, kind = rng.choice([-1, 1], users), rng.choice([-1, 1], items)
    whole = 3 + 0.4 * rng.standard_normal((users, 1)) + 0.4 * rng.standard_normal(items) + np.outer(taste, kind)
    whole = np.clip(np.rint(2 * (whole + 0.2 * rng.standard_normal(whole.shape))) / 2, 1, 5)
    user, item = np.nonzero(rng.random(whole.shape) < share)
    history = rated(user, item, whole[user, item], shape=whole.shape)
    held = rng.random(len(history)) < 0.2
    return history.take(~held), history.take(held)


def every(history: History) -> Asked:
    """Every pair there is, those learned from and cold ones too."""
    users, items = len(history.user_ids), len(history.item_ids)
    return Asked(users=np.repeat(np.arange(users), items), items=np.tile(np.arange(items), users))


def hard() -> dict[str, RatingLessons]:
    """Each name says what is hard. All have users and items without a row."""
    rng = np.random.default_rng(5)
    pairs = rng.permutation(12 * 9)[:50]
    users, items = pairs // 9, pairs % 9
    values = rng.integers(1, 6, 50)
    lone = np.append(np.flatnonzero(users != 3), np.flatnonzero(users == 3)[:1])
    steady = np.where(users == 2, 4, values)
    of = {"shape": (14, 11)}
    return {
        "one row": RatingLessons(train=rated([3], [4], [2], **of), scale=(1, 5)),
        "two rows": RatingLessons(train=rated([3, 3], [4, 5], [2, 5], **of), scale=(1, 5)),
        "all of one rating": RatingLessons(train=rated(users, items, np.full(50, 3.7), **of), scale=(1, 5)),
        "a user of one rating": RatingLessons(train=rated(users[lone], items[lone], values[lone], **of), scale=(1, 5)),
        "a constant rater": RatingLessons(train=rated(users, items, steady, **of), scale=(1, 5)),
        "from 0 to 10": RatingLessons(train=rated(users, items, (values - 1) * 2.5, **of), scale=(0, 10)),
        "from .5 to 5": RatingLessons(train=rated(users, items, values - 0.5, **of), scale=(0.5, 5)),
        "a validation of its own": RatingLessons(
            train=rated(users[:40], items[:40], values[:40], **of),
            validation=rated(users[40:], items[40:], values[40:], **of),
            scale=(1, 5),
        ),
    }
