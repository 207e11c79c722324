"""Steps: every kind of fitted step by its name, so that any can be written as arrays and come back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, Self

import numpy as np

from triptych.errors import SpaceError, UnknownName, UsageError
from triptych.fusion.normalise import Arrays, Direction, MinMax, RankScale, Robust, ZScore
from triptych.fusion.reduce import PCA, UMAP, IncrementalPCA
from triptych.fusion.step import Step


class Kept(Step, Protocol):
    """A step whose class makes it again of what :meth:`~triptych.fusion.step.Step.arrays` gave."""

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self: ...


#: The name that is written beside the arrays. A new kind of step is one line here.
KINDS: Mapping[str, type[Kept]] = {
    "z-score": ZScore,
    "min-max": MinMax,
    "robust": Robust,
    "ranks": RankScale,
    "direction": Direction,
    "pca": PCA,
    "incremental-pca": IncrementalPCA,
    "umap": UMAP,
}


def kind_of(step: Step) -> str:
    """What a step is kept as."""
    for kind, made in KINDS.items():
        if type(step) is made:
            return kind
    raise UsageError(f"a {type(step).__name__} cannot be kept; these can: {', '.join(KINDS)}.")


def again(kind: str, arrays: Arrays) -> Step:
    """The step of this kind that gave these arrays: it gives the same numbers, bit for bit."""
    if kind not in KINDS:
        raise UnknownName("kind of step", kind, KINDS)
    try:
        return KINDS[kind].from_arrays(arrays)
    except KeyError as fault:
        raise SpaceError(
            f"a step of kind {kind!r} lacks {fault.args[0]!r} among what it learned; there is "
            f"{', '.join(sorted(arrays)) or 'nothing'}. Fit it anew."
        ) from fault


def width(step: Step, entries: int) -> int:
    """How many entries come out of rows of so many."""
    return step(np.zeros((0, entries), np.float32), np.zeros(0, bool)).shape[1]
