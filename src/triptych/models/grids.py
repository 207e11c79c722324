"""Grids: what a search tries of each rating model where nobody says otherwise.

The study ``audiovisual-cf`` gives no grid of its own, only ranges where its best lay: fewer than 64 factors, one to
three dense layers of 8 to 64 neurons, a level of L2 and of dropout (§4.3.1 and §4.3.2 of its thesis).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from triptych.errors import UnknownName, UsageError
from triptych.models.predictors import PREDICTORS

Grid = Mapping[str, Sequence[Any]]

_NEIGHBOURS: Grid = {"k": (10, 20, 40, 80), "min_k": (1, 3), "shrink": (0.0, 10.0, 50.0)}
_FACTORS: Grid = {"factors": (8, 16, 32, 64), "penalty": (0.02, 0.05, 0.1, 0.2)}
_NETWORK: Grid = {"factors": (16, 32, 64), "dropout": (0.0, 0.2, 0.4), "forgetting": (0.0, 1e-5, 1e-4)}
_BAYES: Grid = {"rank": (4, 8, 16, 32)}

GRIDS: Mapping[str, Grid] = {
    "bias": {"user_damping": (1.0, 3.0, 5.0, 10.0), "item_damping": (1.0, 3.0, 5.0, 10.0)},
    "user-knn": _NEIGHBOURS,
    "user-knn-z": _NEIGHBOURS,
    "item-knn": _NEIGHBOURS,
    "item-knn-z": _NEIGHBOURS,
    "reg-svd": _FACTORS,
    "svd++": _FACTORS,
    "als": _FACTORS,
    "libfm": _BAYES,
    "fm-content": {**_BAYES, "reduce": (16, 32, 64)},
    "fm": {**_BAYES, "reduce": (16, 32, 64)},
    "genre-cont": {"k": (5, 10, 20, 40)},
    "content-knn": {"k": (5, 10, 20, 40, 80), "damping": (0.0, 1.0, 5.0)},
    "content-weighted": {"power": (1.0, 2.0, 4.0, 8.0), "damping": (0.0, 1.0, 5.0)},
    "deep-cf": _NETWORK,
    "lstm-av-cont": {"units": ((32,), (64, 32), (128, 64)), **_NETWORK},
    "dcf-av-cont-1": {"units": ((32,), (64, 32), (128, 64)), **_NETWORK},
    "dcf-av-cont-2": {"units": ((32,), (64, 32), (128, 64)), **_NETWORK},
    "rating-siamese": {"rate": (3e-4, 1e-3, 3e-3), "dropout": (0.0, 0.2, 0.4), "decay": (0.0, 1e-5, 1e-4)},
}


def grid_of(name: str) -> Grid:
    """UnknownName for a model that there is not, UsageError for one of which nothing is searched for."""
    if name not in PREDICTORS:
        raise UnknownName("rating model", name, PREDICTORS)
    if name not in GRIDS:
        raise UsageError(f"{name} has no grid of settings to search in; give one, or ask for {', '.join(GRIDS)}.")
    return GRIDS[name]
