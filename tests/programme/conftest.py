"""A dozen films in which every answer is known."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest

from triptych.catalogue.history import History
from triptych.catalogue.records import Item
from triptych.programme.facts import Facts

FILMS = (
    Item(
        item_id="alien",
        title="Alien",
        year=1979,
        released_at="1979-05-25",
        runtime_min=117,
        genres=("Horror", "Sci-Fi"),
        languages=("English",),
        directors=("Ridley Scott",),
        plot="In space no one can hear you.",
    ),
    Item(item_id="alien2", title="Alien 2", year=1986, genres=("Sci-Fi",), languages=("English",), directors=("Jim",)),
    Item(item_id="alien3", title="Alien 3", year=1992, genres=("Sci-Fi",), directors=("Dave",)),
    Item(item_id="thelma", title="Thelma", year=1991, genres=("Drama",), directors=("ridley scott ", "Ann")),
    Item(item_id="heat", title="Heat", year=1995, genres=("Drama", "Crime"), runtime_min=170, directors=("Mann",)),
    Item(item_id="heat-dvd", title="Heat (1995)", year=1995, genres=("Drama",)),
    Item(item_id="love", title="LOVE in Paris", year=2001, genres=("Romance",), languages=("French", "English")),
    Item(item_id="paris", title="Paris", genres=("Drama",), languages=("French",)),
    Item(item_id="saw", title="Saw", year=2004, genres=("Horror",)),
    Item(item_id="ring", title="Ring", year=1998, genres=("Horror",)),
    Item(item_id="bare"),
    Item(item_id="young", title="Young", year=2020, released_at="2020-06-01", genres=("Drama",)),
)


@pytest.fixture(scope="session")
def facts() -> Facts:
    """Of the films at their places; each has ten ratings, but ``bare`` and ``young`` none."""
    ratings = np.full(len(FILMS), 10)
    ratings[[10, 11]] = 0
    return Facts.of(FILMS, ratings=ratings)


def history(rows: list[tuple[str, str, float, date]], item_ids: tuple[str, ...] = ("a", "b", "c")) -> History:
    users = tuple(sorted({user for user, *_ in rows}))
    return History(
        user_ids=users,
        item_ids=item_ids,
        users=np.array([users.index(row[0]) for row in rows], np.int32),
        items=np.array([item_ids.index(row[1]) for row in rows], np.int32),
        values=np.array([row[2] for row in rows], np.float32),
        times=np.array([(row[3] - date(1970, 1, 1)).days * 86_400 + 5 for row in rows], np.int64),
    )


@pytest.fixture(scope="session")
def make() -> SimpleNamespace:
    return SimpleNamespace(history=history)
