"""Vectors: what stands for a user and for an item, before anything is encoded: content, or the ratings themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, cast

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from triptych.errors import UsageError
from triptych.models.background import Background
from triptych.models.rating_siamese.start import Base, Told

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

#: Rating vectors are a table of all users and items; of more cells than this they are refused.
CELLS = 200_000_000
#: Ratings that a rating vector is taken to have besides, where it is scaled.
FEW = 10


class Vectors(Protocol):
    """``widths``: of what goes into each item encoder, by its name; ``user``: of what goes into the users'; ``count``:
    of items."""

    @property
    def widths(self) -> dict[str, int]: ...

    @property
    def user(self) -> int: ...

    @property
    def count(self) -> int: ...

    def users(self, told: Told, base: Base, *, first: int, count: int) -> F32:
        """``[count, user]`` of the users from ``first`` on, by what is told of them, and what ``base`` leaves of it."""
        ...

    def items(self, which: I64, base: Base, hidden: Told | None = None) -> tuple[list[F32], Bools]:
        """Of each encoder ``[n, width]``, and bool ``[n, encoders]``, where anything is known; none of it by a rating
        in ``hidden``. ``which`` is in order."""
        ...

    def retold(self, told: Told) -> Vectors:
        """The same of other ratings; what was scaled by the first ones is scaled alike."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Content:
    """Items are what is known of them; a user is the mean of ``taste`` over the items that they liked.

    ``parts``: by modality, float32 ``[items, d]``, 0 where nothing is known, and ``known`` bool
    ``[items, modalities]``. ``taste``: float32 ``[items, t]``, ``tasted``: bool ``[items]``. An item is liked that is
    rated ``like`` or more. ``centre``, ``spread``: float64 ``[t]``: users' vectors are told in deviations over users,
    so that ``centre`` is that of whoever liked nothing of which anything is known.
    """

    parts: dict[str, F32]
    known: Bools
    taste: F32
    tasted: Bools
    like: float
    centre: F64
    spread: F64

    @classmethod
    def of(
        cls,
        background: Background,
        modalities: dict[str, Sequence[str]],
        taste: Sequence[str],
        *,
        learn: Bools,
        told: Told,
        like: float,
        scaled: bool,
        model: str,
    ) -> Content:
        """Fields of these names, each column scaled by the items that may teach where ``scaled``."""

        def joined(names: Sequence[str]) -> tuple[F32, Bools]:
            fields = background.of_items(names, model=model)
            values = [one.standard(learn) if scaled else one.dense() * one.mask[:, None] for one in fields]
            known = np.logical_or.reduce([one.mask for one in fields])
            return np.concatenate(values, axis=1).astype(np.float32), known

        found = {name: joined(names) for name, names in modalities.items() if names}
        values, tasted = joined(taste)
        width = int(values.shape[1])
        content = cls(
            parts={name: one for name, (one, _) in found.items()},
            known=np.stack([mask for _, mask in found.values()], axis=1),
            taste=values,
            tasted=tasted,
            like=like,
            centre=np.zeros(width, np.float64),
            spread=np.ones(width, np.float64),
        )
        means, counts = content._means(told, first=0, count=int(told.users.max()) + 1)
        means = means[counts > 0]
        if not len(means):
            return content
        centre = cast(F64, means.mean(axis=0))
        spread = cast(F64, means.std(axis=0))
        wide = scaled & (spread > 1e-9)
        return replace(content, centre=centre, spread=np.where(wide, spread, 1))

    @property
    def widths(self) -> dict[str, int]:
        return {name: one.shape[1] for name, one in self.parts.items()}

    @property
    def user(self) -> int:
        return self.taste.shape[1]

    @property
    def count(self) -> int:
        return len(self.taste)

    def users(self, told: Told, base: Base, *, first: int, count: int) -> F32:
        del base
        means, counts = self._means(told, first=first, count=count)
        return np.where(counts[:, None] > 0, (means - self.centre) / self.spread, 0).astype(np.float32)

    def items(self, which: I64, base: Base, hidden: Told | None = None) -> tuple[list[F32], Bools]:
        """Content tells of no rating."""
        del base, hidden
        return [one[which] for one in self.parts.values()], self.known[which]

    def retold(self, told: Told) -> Content:
        del told
        return self

    def _means(self, told: Told, *, first: int, count: int) -> tuple[F64, F64]:
        liked = (told.values >= self.like) & self.tasted[told.items]
        ones = np.ones(int(liked.sum()), np.float32)
        pairs = sp.csr_array((ones, (told.users[liked] - first, told.items[liked])), shape=(count, len(self.taste)))
        counts = np.asarray(pairs.sum(axis=1), np.float64)
        sums = cast(F32, pairs @ self.taste)
        return sums / np.maximum(counts, 1)[:, None], counts


@dataclass(frozen=True, kw_only=True, eq=False)
class RatingVectors:
    """A user is the row of their ratings, an item the column of its own: what a base leaves of them, 0 where there is
    none. ``values``: float32, ``given``: bool, both ``[items, users]``. ``scaled``: a vector of n ratings is multiplied
    by √(width / (n + :data:`FEW`)), so that those of many ratings and of few are about as long. ``rated``: beside it
    stands 1 for each rating, whatever it is, so that what somebody chose to rate is told too."""

    values: F32
    given: Bools
    scaled: bool
    rated: bool

    @classmethod
    def of(cls, told: Told, *, users: int, items: int, scaled: bool, rated: bool) -> RatingVectors:
        if users * items > CELLS:
            raise UsageError(
                f"rating vectors of {users:,} users and {items:,} items have {users * items:,} cells, and "
                f"{CELLS:,} is the most; take fewer, or content for vectors."
            )
        values, given = np.zeros((items, users), np.float32), np.zeros((items, users), bool)
        values[told.items, told.users], given[told.items, told.users] = told.values, True
        return cls(values=values, given=given, scaled=scaled, rated=rated)

    @property
    def widths(self) -> dict[str, int]:
        return {"ratings": self.values.shape[1] * (2 if self.rated else 1)}

    @property
    def user(self) -> int:
        return len(self.values) * (2 if self.rated else 1)

    @property
    def count(self) -> int:
        return len(self.values)

    def users(self, told: Told, base: Base, *, first: int, count: int) -> F32:
        rows = np.zeros((count, len(self.values)), np.float32)
        places = told.users - first
        rows[places, told.items] = told.values - base(told.users, told.items)
        given = np.zeros(rows.shape, bool)
        given[places, told.items] = True
        return self._finished(rows, given)

    def items(self, which: I64, base: Base, hidden: Told | None = None) -> tuple[list[F32], Bools]:
        given = self.given[which]
        if hidden is not None:
            given[np.searchsorted(which, hidden.items), hidden.users] = False
        off = (base.start + base.users)[None, :] + base.items[which][:, None]
        columns = np.where(given, self.values[which] - off.astype(np.float32), 0)
        return [self._finished(columns, given)], np.ones((len(which), 1), bool)

    def retold(self, told: Told) -> RatingVectors:
        items, users = self.values.shape
        return RatingVectors.of(told, users=users, items=items, scaled=self.scaled, rated=self.rated)

    def _finished(self, rows: F32, given: Bools) -> F32:
        found = np.concatenate([rows, given.astype(np.float32)], axis=1) if self.rated else rows
        if not self.scaled:
            return found
        return found * np.sqrt(rows.shape[1] / (given.sum(axis=1) + FEW)).astype(np.float32)[:, None]
