"""History: interactions as numbers. Users and items are places in lists of ids; columns, never objects."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import scipy.sparse as sp

from triptych.catalogue.interactions import codes
from triptych.errors import UsageError

#: What stands for a time that is not known; no time is negative.
UNTIMED = -1


@dataclass(frozen=True, kw_only=True, eq=False)
class History:
    """Row k: user ``user_ids[users[k]]`` gave item ``item_ids[items[k]]`` the value ``values[k]`` at ``times[k]``.

    ``users``, ``items``: int32 ``[n]``. ``values``: float32 ``[n]``, finite. ``times``: int64 ``[n]``, seconds since
    1970, :data:`UNTIMED` where unknown. A pair of user and item stands once. The lists of ids may name users and items
    that no row is of: parts of one history share them, so that a place means the same on every side of a split.
    """

    user_ids: tuple[str, ...]
    item_ids: tuple[str, ...]
    users: npt.NDArray[np.int32]
    items: npt.NDArray[np.int32]
    values: npt.NDArray[np.float32]
    times: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        if len({len(self.users), len(self.items), len(self.values), len(self.times)}) > 1:
            raise UsageError("the columns of a history differ in length.")
        if not np.isfinite(self.values).all():
            raise UsageError("a history holds values that are no finite numbers; leave those rows out.")

    def __len__(self) -> int:
        return len(self.users)

    @classmethod
    def of_table(
        cls,
        rows: pa.Table,
        *,
        kinds: Collection[str] = ("rating",),
        user_ids: Sequence[str] | None = None,
        item_ids: Sequence[str] | None = None,
    ) -> History:
        """From columns as a catalogue has them. Rows of other ``kinds``, without a value, or of a user or item that is
        not among given ids are left out; of one pair in several kinds the last row stands.

        Without given ids they are those of the rows, sorted, so that the order of the rows decides nothing.
        """
        kind, names = codes(rows["kind"])
        keep = np.isin(kind, [k for k, name in enumerate(names) if name in kinds])
        values = _numbers(rows["value"], pa.float32(), np.nan)
        keep &= np.isfinite(values)
        users, user_ids = _placed(rows["user_id"], user_ids, keep)
        items, item_ids = _placed(rows["item_id"], item_ids, keep)
        keep &= (users >= 0) & (items >= 0)
        pairs = users[keep].astype(np.int64) * max(len(item_ids), 1) + items[keep]
        _, from_the_end = np.unique(pairs[::-1], return_index=True)
        which = np.flatnonzero(keep)[np.sort(len(pairs) - 1 - from_the_end)]
        return cls(
            user_ids=tuple(user_ids),
            item_ids=tuple(item_ids),
            users=users[which],
            items=items[which],
            values=values[which],
            times=_numbers(rows["timestamp"], pa.int64(), UNTIMED)[which],
        )

    def take(self, which: npt.NDArray[Any]) -> History:
        """Some of the rows, by a mask or by their places, in that order. The lists of ids stay whole."""
        return replace(
            self, users=self.users[which], items=self.items[which], values=self.values[which], times=self.times[which]
        )

    def liked(self, least: float) -> History:
        """The rows with a value of ``least`` or more."""
        return self.take(self.values >= least)

    @cached_property
    def matrix(self) -> sp.csr_array:
        """float32 ``[users, items]``: the values, nothing where there is no row. A value of 0 is stored too."""
        shape = (len(self.user_ids), len(self.item_ids))
        return sp.csr_array((self.values, (self.users, self.items)), shape=shape, dtype=np.float32)

    @cached_property
    def pairs(self) -> sp.csr_array:
        """float32 ``[users, items]``: 1 for each row."""
        shape = (len(self.user_ids), len(self.item_ids))
        return sp.csr_array((np.ones(len(self), np.float32), (self.users, self.items)), shape=shape)

    @property
    def keys(self) -> npt.NDArray[np.int64]:
        """``[n]``: one number for each pair of user and item, by their places."""
        return self.users.astype(np.int64) * max(len(self.item_ids), 1) + self.items

    @cached_property
    def item_counts(self) -> npt.NDArray[np.int64]:
        """``[items]``: how many rows are of each item."""
        return np.bincount(self.items, minlength=len(self.item_ids))

    @cached_property
    def user_counts(self) -> npt.NDArray[np.int64]:
        """``[users]``: how many rows are of each user."""
        return np.bincount(self.users, minlength=len(self.user_ids))


def _placed(
    column: Any, ids: Sequence[str] | None, keep: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.int32], Sequence[str]]:
    """int32 ``[n]``: where each id of a column stands in ``ids``, −1 where it does not; and ``ids``."""
    numbers, names = codes(column)
    if ids is None:
        present: list[int] = np.unique(numbers[keep]).tolist()
        ids = sorted(names[k] for k in present)
    places = {name: k for k, name in enumerate(ids)}
    if len(places) != len(ids):
        raise UsageError("an id stands twice among those that a history is to have.")
    lookup = np.array([places.get(name, -1) for name in names], np.int32)
    return lookup[numbers] if len(numbers) else np.zeros(0, np.int32), ids


def _numbers(column: Any, kind: pa.DataType, absent: float) -> Any:
    return column.cast(kind).fill_null(absent).to_numpy()
