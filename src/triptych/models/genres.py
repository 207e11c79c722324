"""Genres: of some items as a table of ones, as models and protocols take them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from triptych.catalogue.records import Item


def names_of(items: Sequence[Item]) -> tuple[str, ...]:
    """All genres that there are, by name."""
    return tuple(sorted({genre for item in items for genre in item.genres}))


def marks_of(items: Sequence[Item], names: Sequence[str]) -> npt.NDArray[np.float32]:
    """float32 ``[items, names]``, 1 where an item is of a genre; one that is not among ``names`` is left out.

    >>> marks_of([Item(item_id="a", genres=("Drama", "Noir"))], ["Comedy", "Drama"]).tolist()
    [[0.0, 1.0]]
    """
    place = {name: k for k, name in enumerate(names)}
    table = np.zeros((len(items), len(names)), np.float32)
    for row, item in enumerate(items):
        table[row, [place[genre] for genre in item.genres if genre in place]] = 1
    return table
