"""Kinds: the models that can be fitted and kept, by name, and what the desk asks of them.

A model is loaded when it is asked for: what it needs to learn takes long to import.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import History
from triptych.errors import UnknownName
from triptych.models.parts import Evidence, Parts
from triptych.models.similarity import Lessons, Report
from triptych.spaces.blocks import Blocks

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
F32 = npt.NDArray[np.float32]


class Taste(Protocol):
    """What is known of somebody, as a model has it; ``items``: places of what they had."""

    @property
    def items(self) -> I64: ...


class FittedModel(Protocol):
    """A recommender that takes in what came since, explains itself, and can be kept as arrays and JSON."""

    @property
    def history(self) -> History:
        """What it was fitted on, and what was folded in since."""
        ...

    @property
    def item_ids(self) -> tuple[str, ...]: ...

    @property
    def user_ids(self) -> tuple[str, ...]: ...

    @property
    def facts(self) -> Mapping[str, Any]: ...

    def scores(self, users: I64) -> F32: ...

    def taste(self, user: int) -> Taste: ...

    def told(
        self, items: I64, values: F64 | None = None, times: I64 | None = None, *, content: Blocks | None = None
    ) -> Taste: ...

    def scores_of(self, tastes: Sequence[Any]) -> F32: ...

    def parts(self, taste: Any, items: I64, *, features: bool = False) -> Parts: ...

    def evidence(self, taste: Any, items: I64) -> Evidence: ...

    def uncertainty(self) -> F32: ...

    def with_items(self, item_ids: Sequence[str], blocks: Blocks) -> FittedModel: ...

    def with_rows(self, rows: History) -> FittedModel: ...

    def vectors(self) -> F32: ...

    def arrays(self) -> dict[str, npt.NDArray[Any]]: ...

    def body(self) -> dict[str, Any]: ...


class Settings(Protocol):
    """Settings of a model, as a frozen dataclass. ``like``: the least value that is a like, None where all rows are."""

    @property
    def name(self) -> str: ...

    @property
    def key(self) -> Mapping[str, Any]: ...

    @property
    def like(self) -> float | None: ...

    def fit(self, lessons: Lessons, *, folder: Path | None = None, report: Report | None = None) -> FittedModel: ...


#: Kind → where its settings are, and what has learned.
KINDS: Mapping[str, tuple[str, str]] = {
    "hybrid": ("triptych.models.hybrid.hybrid:Hybrid", "triptych.models.hybrid.fitted:Fitted"),
}


def settings_of(kind: str) -> type[Any]:
    """The class of a kind's settings."""
    return _loaded(kind, 0)


def fitted_of(kind: str) -> Any:
    """The class of what has learned; ``again(body, arrays)`` makes one."""
    return _loaded(kind, 1)


def _loaded(kind: str, which: int) -> Any:
    if kind not in KINDS:
        raise UnknownName("kind of model", kind, KINDS)
    module, _, name = KINDS[kind][which].partition(":")
    return getattr(import_module(module), name)
