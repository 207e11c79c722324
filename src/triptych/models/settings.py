"""Settings: what rating models do alike with the numbers they are given."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from triptych.errors import UnknownName, UsageError


def above_zero(model: str, **numbers: float) -> None:
    """UsageError for one that is not."""
    for name, number in numbers.items():
        if not (np.isfinite(number) and number > 0):
            raise UsageError(f"{name} of {model} is {number:g}; it is above 0.")


def not_below_zero(model: str, **numbers: float) -> None:
    for name, number in numbers.items():
        if not (np.isfinite(number) and number >= 0):
            raise UsageError(f"{name} of {model} is {number:g}; it is 0 or above.")


def whole(model: str, **numbers: float) -> None:
    """UsageError for one that is no whole number of 1 or more."""
    for name, number in numbers.items():
        if int(number) != number or number < 1:
            raise UsageError(f"{name} of {model} is {number:g}; it is a whole number of 1 or more.")


def one_of(what: str, given: str, known: Collection[str]) -> None:
    if given not in known:
        raise UnknownName(what, given, known)


def key_of(model: Any) -> dict[str, Any]:
    """JSON of all that decides a number: every setting but the name it is shown by, and which model it is."""
    own = {name: getattr(model, name) for name in model.__dataclass_fields__ if name != "name"}
    return {"predictor": type(model).__name__, **own}
