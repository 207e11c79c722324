"""Blocks: many rows made of the same parts, of which each row may lack some."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from triptych.errors import SpaceError

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

#: Rows that are made float64 at a time.
_ROWS = 1024


@dataclass(frozen=True, kw_only=True, eq=False)
class Blocks:
    """The blocks of many rows: ``values[p]`` float32 ``[n, d_p]``, zero where masked; ``mask`` bool ``[n, P]``.

    ``panels[p]`` is the panel of block p, and ``names[p]`` the feature it holds, or the panel again where that is all
    there is to say. Blocks of one panel stand together.
    """

    panels: tuple[str, ...]
    values: tuple[F32, ...]
    mask: Mask
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.names:
            object.__setattr__(self, "names", self.panels)
        shapes = [values.shape for values in self.values]
        if (
            len(self.panels) != len(shapes)
            or len(set(self.names)) != len(shapes)
            or any(len(shape) != 2 or shape[0] != len(self.mask) for shape in shapes)
            or self.mask.shape[1:] != (len(shapes),)
        ):
            raise SpaceError(
                f"the blocks {', '.join(self.names)} do not fit values of {shapes} and a mask of {self.mask.shape}; "
                "every block has one row for each item, and the mask one column for each block."
            )

    def rows(self, which: I64 | slice) -> Blocks:
        """Some of the rows. What has been found of all of them is not found anew."""
        values = tuple(v[which] for v in self.values)
        made = Blocks(panels=self.panels, values=values, mask=self.mask[which], names=self.names)
        known = self.__dict__
        if "squares" in known:
            made.__dict__["squares"] = self.squares[which]
        if "kinds" in known:
            made.__dict__["kinds"] = (self.kinds[0], self.kinds[1][which])
        if "turned" in known and isinstance(which, slice):
            made.__dict__["turned"] = self.turned[:, which]
        return made

    def __len__(self) -> int:
        return len(self.mask)

    @cached_property
    def squares(self) -> F64:
        """``[n, P]``: squared length of each block, kept for the next search among the same rows."""
        found = np.zeros(self.mask.shape)
        for start in range(0, len(self), _ROWS):
            part = slice(start, start + _ROWS)
            for p, values in enumerate(self.values):
                wide = values[part].astype(np.float64)
                found[part, p] = np.einsum("ij,ij->i", wide, wide)
        return found

    @cached_property
    def measured(self) -> dict[bytes, tuple[F32, I64]]:
        """What single queries have found out of all rows, by the weights of the blocks that they have."""
        return {}

    @cached_property
    def turned(self) -> F32:
        """``[entries, n]``: all blocks under one another, each entry of all rows before the next. One query meets all
        rows in half the time this way. It takes as much memory as the values do."""
        found = np.empty((sum(values.shape[1] for values in self.values), len(self)), np.float32)
        return np.concatenate([values.T for values in self.values], axis=0, out=found)

    @cached_property
    def kinds(self) -> tuple[Mask, I64]:
        """bool ``[k, P]``, the different rows of the mask, and int64 ``[n]``, which of them each row has."""
        if self.mask.all():
            return np.ones((1, len(self.panels)), bool), np.zeros(len(self), np.int64)
        bits = np.packbits(self.mask, axis=1)
        words = np.zeros((len(self), -(-bits.shape[1] // 8)), np.uint64)
        words.view(np.uint8)[:, : bits.shape[1]] = bits
        # One word is sorted as a number, several as bytes, which takes ten times as long.
        keys = words[:, 0] if words.shape[1] == 1 else words
        _, first, of = np.unique(keys, axis=0, return_index=True, return_inverse=True)
        return self.mask[first], of.reshape(-1).astype(np.int64)
