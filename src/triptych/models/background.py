"""Background: what is known of items and users besides ratings, as fields of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from triptych.errors import UnknownName, UsageError
from triptych.models.similarity import Sequences

F32 = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class Field:
    """``values``: float32 ``[n, d]``, dense or sparse; a row of zeros where nothing is known. ``mask``: bool ``[n]``,
    of whom something is known. ``names``: of the columns, where they have any, such as genres."""

    values: F32 | sp.csr_array
    mask: npt.NDArray[np.bool_]
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        held: Any = self.values
        if held.ndim != 2 or held.shape[0] != len(self.mask) or (self.names and len(self.names) != held.shape[1]):
            raise UsageError("a field is one row for each of its mask's entries, and one column for each of its names.")
        numbers: npt.NDArray[Any] = held.data if sp.issparse(held) else held
        if not np.isfinite(numbers).all():
            raise UsageError("a field holds NaN or infinite values; what is not known is said by the mask.")

    def __len__(self) -> int:
        return len(self.mask)

    @property
    def width(self) -> int:
        held: Any = self.values
        return int(held.shape[1])

    def dense(self) -> F32:
        """float32 ``[n, d]``."""
        held: Any = self.values
        return np.ascontiguousarray(held.toarray() if sp.issparse(held) else held, dtype=np.float32)

    def standard(self, learn: npt.NDArray[np.bool_]) -> F32:
        """float32 ``[n, d]``: each column less its mean and by its standard deviation over the known rows in ``learn``,
        and 0 where nothing is known. A column that is constant there becomes 0 for all."""
        values, rows = self.dense().astype(np.float64), learn & self.mask
        if not rows.any():
            return np.zeros(values.shape, np.float32)
        mean, sd = values[rows].mean(axis=0), values[rows].std(axis=0)
        steady = sd <= 1e-9 * np.maximum(np.abs(mean), 1)
        found = np.where(steady, 0, (values - mean) / np.where(steady, 1, sd))
        return np.where(self.mask[:, None], found, 0).astype(np.float32)


@dataclass(frozen=True, kw_only=True, eq=False)
class Background:
    """``items`` and ``users``: by name, such as ``genres``, ``reading/sentence`` and ``occupation``; the rows of all
    stand in the order of the history's ids. ``sequences``: of items, by title, where they are measured in time."""

    items: Mapping[str, Field] = field(default_factory=dict[str, Field])
    users: Mapping[str, Field] = field(default_factory=dict[str, Field])
    sequences: Mapping[str, Sequences] = field(default_factory=dict[str, Sequences])

    def check(self, *, items: int, users: int) -> None:
        """UsageError for a field of other items or users than there are."""
        for unit, fields, count in (("items", self.items, items), ("users", self.users, users)):
            for name, one in fields.items():
                if len(one) != count:
                    raise UsageError(f"the field {name} tells of {len(one)} {unit}, and there are {count}.")
        for title, one in self.sequences.items():
            if len(one.values) != items:
                raise UsageError(f"{title} tells of {len(one.values)} items, and there are {items}.")

    def of_items(self, names: Sequence[str], *, model: str) -> list[Field]:
        """The fields of these names, in this order; an error says which there are."""
        return [_known(self.items, name, f"field of items that {model} reads") for name in names]

    def of_users(self, names: Sequence[str], *, model: str) -> list[Field]:
        return [_known(self.users, name, f"field of users that {model} reads") for name in names]


def _known(fields: Mapping[str, Field], name: str, what: str) -> Field:
    if name not in fields:
        raise UnknownName(what, name, fields)
    return fields[name]
