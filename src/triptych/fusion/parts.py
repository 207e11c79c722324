"""Part: what was learned of one feature, or of one panel as a whole, and how rows of it become a piece."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from triptych.errors import SpaceError
from triptych.features.recipe import PANELS
from triptych.features.table import FeatureTable
from triptych.fusion.normalise import ZScore
from triptych.fusion.pieces import Piece
from triptych.fusion.step import F32, Mask, Step


def in_order(title: str) -> tuple[int, str]:
    """Where a feature stands in a space: by panel, then by name."""
    panel, _, name = title.partition("/")
    return PANELS.index(panel), name


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """What was learned of one feature. ``entries`` that it was measured with, ``out`` those that it has in the end.

    ``recipe``: the hash of what measured it; what another recipe measured is not placed by it.
    """

    title: str
    recipe: str
    entries: int
    columns: npt.NDArray[np.int64] | None
    scale: Step | None
    furthest: float | None
    steps: tuple[Step, ...]
    width: int
    out: int

    @classmethod
    def scaled(cls, title: str, recipe: str, zscore: ZScore) -> Part:
        """A feature that is z-scored, and nothing else, as all were once."""
        width = len(zscore.mean)
        return cls(
            title=title,
            recipe=recipe,
            entries=width,
            columns=None,
            scale=zscore,
            furthest=3.0,
            steps=(),
            width=width,
            out=width,
        )

    def piece(self, values: F32, mask: Mask) -> Piece:
        return Piece(panel=self.title.partition("/")[0], name=self.title, values=values, mask=mask, width=self.width)

    def __call__(self, table: FeatureTable, item_ids: Sequence[str]) -> Piece:
        if table.recipe.hash != self.recipe:
            raise SpaceError(
                f"{self.title} was learned as recipe {self.recipe} measured it, and this is by {table.recipe.hash}. "
                "Learn from it anew, or give the former."
            )
        values, mask = table.aligned(item_ids)
        if not mask.any():
            # Of a feature that no item of these has, not even the width is known.
            return self.piece(np.zeros((len(values), self.out), np.float32), mask)
        if values.shape[1] != self.entries:
            raise SpaceError(f"{self.title} has {values.shape[1]} entries; when it was learned it had {self.entries}.")
        if self.columns is not None:
            values = values[:, self.columns]
        values = scaled_by(values, mask, self.scale, self.furthest)
        for step in self.steps:
            values = step(values, mask)
        return self.piece(values, mask)


@dataclass(frozen=True, kw_only=True, eq=False)
class Whole:
    """The pieces of a panel made into one, by steps over all of them side by side.

    ``centre``: float32, the mean training row of each piece, end to end. An item that has some of the pieces stands at
    the centre in the others; one that has none is masked. ``width``: of the piece that comes out.
    """

    panel: str
    centre: F32
    steps: tuple[Step, ...]
    width: int

    @staticmethod
    def centre_of(pieces: Sequence[Piece]) -> F32:
        return np.concatenate([p.values[p.mask].mean(axis=0, dtype=np.float64).astype(np.float32) for p in pieces])

    @staticmethod
    def joined(pieces: Sequence[Piece], centre: F32) -> tuple[F32, Mask]:
        """All entries ``[n, Σe]``, and which items have any of the pieces."""
        mask: npt.NDArray[np.bool_] = np.any([piece.mask for piece in pieces], axis=0)
        edges = np.cumsum([0, *(piece.values.shape[1] for piece in pieces)])
        values = np.zeros((len(mask), int(edges[-1])), np.float32)
        for piece, start, end in zip(pieces, edges[:-1], edges[1:], strict=True):
            values[:, start:end] = np.where(piece.mask[:, None], piece.values, centre[start:end])
        values[~mask] = 0
        return values, mask

    def __call__(self, pieces: Sequence[Piece]) -> Piece:
        values, mask = self.joined(pieces, self.centre)
        for step in self.steps:
            values = step(values, mask)
        return Piece(panel=self.panel, name=self.panel, values=values, mask=mask, width=self.width)


def scaled_by(values: F32, mask: Mask, scale: Step | None, furthest: float | None) -> F32:
    """Values as a scaling has them, no entry further from the middle than that; masked rows are 0."""
    scaled = np.where(mask[:, None], values, 0).astype(np.float32) if scale is None else scale(values, mask)
    return scaled if furthest is None else np.clip(scaled, -furthest, furthest)
