"""Likeness: how like two items are in what is known of them, as a cosine over some fields.

With the fields' weights w, the fields A that are known of the item i that is asked about, and those S that are known of
both,

    sim(i, j) = Σ_{p∈S} w_p i_p·j_p / sqrt(Σ_{p∈A} w_p |i_p|²  ·  Σ_{p∈S} w_p |j_p|²)

as :mod:`triptych.spaces.score` has it, so that what one of two items lacks makes them neither like nor unlike. It is a
whole multiple of 1 / GRAIN, and what is closer than that is a tie. It is 0 where a row is zeros. Items of which no
field is known of both tell nothing of each other: they are as unlike as can be.

How a field is scaled first, by what training items tell alone:

- ``none``: as it is. Of multi-hot genres that is the cosine of the thesis.
- ``length``: each row brought to length 1, so that a field counts by its weight and not by how many words a plot has.
  The cosine above is then a weighted mean of the fields' cosines.
- ``rarity``: each column times ln(n / n_c), n_c of the n known training items having anything there; then to length 1.
- ``standard``: each column less its mean, by its deviation, none beyond three of them; all by the root of the width.
- ``direction``: the same, then to length 1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from triptych.errors import UnknownName, UsageError
from triptych.models.background import Background, Field

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

#: What is compared where no fields are asked for: those of these that there are.
FIELDS = ("genres", "people", "directors", "decade", "title-words", "plot-words")
SCALINGS = ("none", "length", "rarity", "standard", "direction")
#: Likenesses are whole multiples of 1 / GRAIN, what float32 can tell apart near 1.
GRAIN = 2.0**24
#: So many deviations an entry may be off, lest one rare word be all that an item is compared by.
MOST = 3.0
#: A sparse field of which a greater share is no 0, such as genres, is quicker as a dense one.
DENSE = 0.02
#: Kinds that are held against all others at a time: always the same ones together, since how a product of matrices
#: adds up one row may hang on the others.
BLOCK = 256


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """``fields``: names of fields of items; none: those of :data:`FIELDS` that there are. ``weights``: of some of them,
    1 for the others. ``scaling``: of all fields but those that ``scalings`` says another of."""

    fields: tuple[str, ...] = ()
    weights: Mapping[str, float] = field(default_factory=dict[str, float])
    scaling: str = "length"
    scalings: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        known = self.fields or FIELDS
        if len(set(known)) != len(known):
            raise UsageError(f"the fields are {', '.join(known)}; give each once.")
        for name in (*self.weights, *self.scalings):
            if name not in known:
                raise UnknownName("field among those that are compared", name, known)
        for name, weight in self.weights.items():
            if not (np.isfinite(weight) and weight >= 0):
                raise UsageError(f"the weight of {name} is {weight}; a weight is 0 or above.")
        if not any(self.weights.get(name, 1.0) for name in known):
            raise UsageError("all weights are 0; give at least one field a weight above 0.")
        for scaling in (self.scaling, *self.scalings.values()):
            if scaling not in SCALINGS:
                raise UnknownName("scaling", scaling, SCALINGS)

    def names(self, background: Background, *, model: str) -> tuple[str, ...]:
        """Of the fields that are compared."""
        found = self.fields or tuple(name for name in FIELDS if name in background.items)
        if not found:
            raise UsageError(f"{model} compares {', '.join(FIELDS)}, none of which there is; name the fields it reads.")
        return found

    def of(self, background: Background, *, learned: Bool, model: str) -> Content:
        """Of all items. ``learned``: bool ``[items]``, those that scalings learn from and that others are held
        against."""
        names = self.names(background, model=model)
        dense: list[F64] = [np.zeros((len(learned), 0))]
        sparse: list[Any] = [_csr((len(learned), 0))]
        squares, masks = np.zeros((2, len(learned), len(names)))
        for p, (name, one) in enumerate(zip(names, background.of_items(names, model=model), strict=True)):
            weight = self.weights.get(name, 1.0)
            values = _scaled(one, learned, self.scalings.get(name, self.scaling)) * np.sqrt(weight)
            if sp.issparse(values) and values.nnz > DENSE * values.shape[0] * max(values.shape[1], 1):
                values = values.toarray()
            squares[:, p] = _squares(values)
            masks[:, p] = one.mask
            (sparse if sp.issparse(values) else dense).append(values)
        wide, long = np.hstack(dense), cast(Any, sp).hstack(sparse, format="csr")
        first, kind = _kinds(wide, long, masks)
        found = np.unique(kind[learned])
        column = np.full(len(first), -1, np.int64)
        column[found] = np.arange(len(found))
        return Content(
            dense=wide[first],
            sparse=long[first],
            squares=squares[first],
            mask=masks[first],
            learned=found,
            kind=kind,
            column=column,
            known=np.asarray((masks > 0).any(axis=1), bool),
            names=names,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Content:
    """What is compared, weights and all. Items that are the same in everything are one *kind*, of which there are few
    by genres, and as many as items by what is measured.

    Of each kind: ``dense``, ``sparse`` ``[kinds, …]``, 0 where masked; ``squares`` ``[kinds, fields]``, the squared
    length of each field; ``mask`` ``[kinds, fields]``, 1 where it is known; ``column``, where it stands in ``learned``,
    −1 for one that no learned item is of. Of each item: ``kind``, and whether anything is ``known``. ``names``: of the
    fields.
    """

    dense: F64
    sparse: sp.csr_array
    squares: F64
    mask: F64
    learned: I64
    kind: I64
    column: I64
    known: Bool
    names: tuple[str, ...]

    def like(self, block: int) -> F32:
        """``[b, learned]``, from −1 to 1: of the kinds of a block, from ``block * BLOCK`` on, to each learned one. −1,
        the least there is, where no field is known of both."""
        rows = slice(block * BLOCK, (block + 1) * BLOCK)
        sparse: Any = self.sparse
        dense, long, squares, mask = self._others
        found: F64 = self.dense[rows] @ dense
        if sparse.shape[1]:
            found += (sparse[rows] @ long).toarray()
        left = np.sqrt(self.squares[rows].sum(axis=1, keepdims=True))
        bottom = np.sqrt(self.mask[rows] @ squares)
        bottom *= left
        np.divide(found, bottom, out=found, where=bottom > 0)  # what is not divided is 0
        found *= GRAIN
        np.rint(found, out=found)
        np.clip(found, -GRAIN, GRAIN, out=found)
        if not mask.all():
            found[self.mask[rows] @ mask == 0] = -GRAIN
        found /= GRAIN
        return found.astype(np.float32)

    @cached_property
    def _others(self) -> tuple[F64, Any, F64, F64]:
        """Dense, sparse, squares and mask of the learned kinds, ``[…, learned]``."""
        sparse: Any = self.sparse
        held = (self.dense, self.squares, self.mask)
        dense, squares, mask = (np.ascontiguousarray(one[self.learned].T) for one in held)
        return dense, _csr(sparse[self.learned].T), squares, mask


def names_of(fields: Sequence[str] | str, *, model: str) -> tuple[str, ...]:
    """The names of fields as settings give them, in a list or as one name."""
    given: Any = (fields,) if isinstance(fields, str) else fields
    if not isinstance(given, (list, tuple)) or not all(isinstance(name, str) for name in cast(list[Any], given)):
        raise UsageError(f"the fields of {model} are {fields!r}; give a list of names.")
    return tuple(cast(list[str], given))


def _kinds(dense: F64, sparse: Any, masks: F64) -> tuple[I64, I64]:
    """An item of each kind, ``[kinds]``; and the kind of each item, ``[items]``."""
    sparse.eliminate_zeros()
    sparse.sort_indices()
    digests: list[bytes] = []
    for row in range(len(dense)):
        part = slice(sparse.indptr[row], sparse.indptr[row + 1])
        digest = hashlib.blake2b(masks[row].tobytes(), digest_size=16)
        digest.update((dense[row] + 0).tobytes())  # -0 becomes 0
        digest.update(sparse.indices[part].astype(np.int64).tobytes())
        digest.update(sparse.data[part].tobytes())
        digests.append(digest.digest())
    places: dict[bytes, int] = {}
    kind = np.array([places.setdefault(one, len(places)) for one in digests], np.int64)
    return np.unique(kind, return_index=True)[1].astype(np.int64), kind


def _scaled(one: Field, learned: Bool, scaling: str) -> Any:
    """float64 ``[n, d]``, sparse where the field is and may stay so."""
    known = one.mask[:, None]
    if scaling in ("standard", "direction"):
        values: Any = np.clip(one.standard(learned).astype(np.float64), -MOST, MOST) / np.sqrt(max(one.width, 1))
        return _unit(values) if scaling == "direction" else values
    held: Any = one.values
    values = _csr(held, dtype=np.float64) if sp.issparse(held) else held.astype(np.float64)
    values = _csr(values.multiply(known)) if sp.issparse(held) else values * known
    if scaling == "rarity":
        rows = learned & one.mask
        having = np.asarray((values[rows] != 0).sum(axis=0), np.float64).reshape(-1)
        rare = np.log(max(int(rows.sum()), 1) / np.maximum(having, 1)) * (having > 0)
        values = _csr(values.multiply(rare[None])) if sp.issparse(held) else values * rare
    return values if scaling == "none" else _unit(values)


def _unit(values: Any) -> Any:
    length = np.sqrt(_squares(values))
    by = np.divide(1, length, out=np.zeros(len(length)), where=length > 0)[:, None]
    return _csr(values.multiply(by)) if sp.issparse(values) else values * by


def _squares(values: Any) -> F64:
    squared: Any = values.multiply(values) if sp.issparse(values) else values * values
    return np.asarray(squared.sum(axis=1), np.float64).reshape(-1)


def _csr(values: Any, **shaped: Any) -> Any:
    return cast(Any, sp).csr_array(values, **shaped)
