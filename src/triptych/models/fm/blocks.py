"""Blocks: what a factorisation machine reads of users and of items, a row for each of them and a column for each thing.

A row is an id, the histories of training, and content, side by side; each of these is a group of columns with weights
of its own size. It is written down once, however many ratings there are, which is what makes the fit fast.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from triptych.errors import UnknownName
from triptych.models.background import Field

F64 = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Block:
    """``values``: float64 ``[rows, columns]``, sparse; ``groups``: name and width of each group, in their order."""

    values: Any
    groups: tuple[tuple[str, int], ...]

    @property
    def width(self) -> int:
        return sum(width for _, width in self.groups)

    @classmethod
    def of(cls, parts: Sequence[tuple[str, Any]], rows: int) -> Block:
        kept: list[tuple[str, Any]] = [
            (name, sp.csr_array(values, dtype=np.float64)) for name, values in parts if values.shape[1]
        ]
        sparse: Any = sp
        joined = sparse.hstack([values for _, values in kept], format="csr") if kept else sp.csr_array((rows, 0))
        return cls(values=joined, groups=tuple((name, int(values.shape[1])) for name, values in kept))


def ids(seen: Mask) -> Any:
    """``[n, seen + 1]``: a column for each that training has seen, and one for everybody else. Nothing is learned of
    the last, so that it stands for anyone: as usual on average, and as unsure as people differ."""
    column = np.where(seen, np.cumsum(seen) - 1, seen.sum())
    return sp.csr_array((np.ones(len(seen)), (np.arange(len(seen)), column)), shape=(len(seen), int(seen.sum()) + 1))


def history(pairs: Any) -> Any:
    """``[n, m]``: 1/√|N| for each of the N that one has a training row with, as SVD++ has it."""
    count = np.diff(pairs.indptr)
    held = pairs[:, np.flatnonzero(pairs.sum(axis=0))].tocsr().astype(np.float64)
    held.data = held.data * np.repeat(1 / np.sqrt(np.maximum(count, 1)), count)
    return held


def content(field: Field, learn: Mask, *, reduce: int) -> Any:
    """``[n, d]``: a field as a factorisation machine takes it in; 0 where nothing is known.

    Sparse: the columns that somebody in ``learn`` has, each times its log(n / df) there where it is a count of words
    (anything else than 0 and 1), and each row of length 1. Dense: standardised, and where it is wider than ``reduce``
    its first principal components instead, so scaled that the first has a standard deviation of 1.
    """
    held: Any = field.values
    rows = learn & field.mask
    if sp.issparse(held):
        values: Any = sp.csr_array(held, dtype=np.float64)
        spread = np.asarray((values[rows] != 0).sum(axis=0)).ravel()
        which = np.flatnonzero(spread)
        values = sp.csr_array(values[:, which])
        if (held.data != 1).any():
            values = values @ sp.diags_array(np.log((1 + rows.sum()) / spread[which]))
        length = np.sqrt(np.asarray((values**2).sum(axis=1)).ravel())
        return sp.csr_array(sp.diags_array(np.where(field.mask, 1 / np.where(length > 0, length, 1), 0)) @ values)
    standard = field.standard(learn).astype(np.float64)
    standard = standard[:, np.abs(standard).max(axis=0, initial=0) > 0]
    if standard.shape[1] > reduce:
        _, size, axes = np.linalg.svd(standard[rows], full_matrices=False)
        keep = min(reduce, int(np.count_nonzero(size > 1e-9 * size[0])))
        standard = standard @ axes[:keep].T * (np.sqrt(max(int(rows.sum()), 1)) / size[0])
    return sp.csr_array(standard)


def named(fields: Mapping[str, Field], names: Sequence[str], what: str) -> dict[str, Field]:
    """The fields of these names that there are; UnknownName for one that is not, unless it ends in ``?``."""
    found: dict[str, Field] = {}
    for name in names:
        bare = name.removesuffix("?")
        if bare in fields:
            found[bare] = fields[bare]
        elif bare == name:
            raise UnknownName(what, name, fields, hint=f"Ask for {name + '?'!r} to use it only where there is one.")
    return found


def absent(fields: Mapping[str, Field], names: Sequence[str]) -> list[str]:
    """Those of the names that may be missing, and are."""
    bare = [name.removesuffix("?") for name in names]
    return [name for name in bare if name not in fields]
