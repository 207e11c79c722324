"""Content: what is known of items, as one distance for each feature."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch

from triptych.errors import UsageError
from triptych.models.affinity.tower import LACKED
from triptych.spaces.blocks import Blocks


@dataclass(frozen=True, kw_only=True, eq=False)
class Content:
    """``names``: of P features. ``values[p]``: float32 ``[n, d_p]``, 0 where lacked, and so divided that the squared
    distance of two items that teach is 1 on average. ``lacking``: float32 ``[n, P]``, 1 where an item lacks a feature.
    ``panel``: int64 ``[P]``, the number of the panel that each feature is of. ``spreads``: what ``values`` were divided
    by."""

    names: tuple[str, ...]
    values: tuple[torch.Tensor, ...]
    lacking: torch.Tensor
    panel: torch.Tensor
    spreads: tuple[float, ...]

    @classmethod
    def of_blocks(cls, blocks: Blocks, teach: npt.NDArray[np.bool_], *, without: Collection[str] = ()) -> Content:
        """``teach``: bool ``[n]``, the items that say how far apart items are. A feature that they do not differ in is
        left out, and so are those named in ``without``."""
        names: list[str] = []
        values: list[torch.Tensor] = []
        kept: list[int] = []
        spreads: list[float] = []
        for p, (name, given) in enumerate(zip(blocks.names, blocks.values, strict=True)):
            own = given[teach & blocks.mask[:, p]].astype(np.float64)
            # The mean of |x − y|² over all pairs is twice the variance.
            spread = 2 * float(own.var(axis=0).sum()) if len(own) else 0.0
            if name in without or not spread > 0:
                continue
            scaled = np.where(blocks.mask[:, [p]], given / np.sqrt(spread), 0)
            spreads.append(float(np.sqrt(spread)))
            names.append(name)
            values.append(torch.from_numpy(scaled.astype(np.float32)))
            kept.append(p)
        if not names:
            raise UsageError(
                f"of {', '.join(blocks.names) or 'no features'} nothing is left that tells the items that teach apart; "
                "give features that they differ in."
            )
        panels = sorted({blocks.panels[p] for p in kept})
        return cls(
            names=tuple(names),
            values=tuple(values),
            lacking=torch.from_numpy((~blocks.mask[:, kept]).astype(np.float32)),
            panel=torch.tensor([panels.index(blocks.panels[p]) for p in kept]),
            spreads=tuple(spreads),
        )

    def __len__(self) -> int:
        return len(self.lacking)

    @property
    def present(self) -> npt.NDArray[np.bool_]:
        """bool ``[n]``: which items have any feature."""
        return np.atleast_1d((self.lacking.cpu().numpy() < 1).any(axis=1))

    def to(self, device: torch.device) -> Content:
        values = tuple(one.to(device) for one in self.values)
        return replace(self, values=values, lacking=self.lacking.to(device), panel=self.panel.to(device))

    def distances(self, rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
        """``[P, rows, columns]``: the squared distance of items by each feature, 0 of an item to itself.

        ``rows``, ``columns``: int64, places of items. Whatever is missing, each feature's are distances of points in
        some space of Euclid's: an item that lacks it stands at the middle, and off on an axis of its own.
        """
        found = self.lacking.new_empty(len(self.names), len(rows), len(columns))
        same = rows[:, None] == columns[None, :]
        for p, values in enumerate(self.values):
            left, right, lacking = values[rows], values[columns], LACKED * self.lacking[:, p]
            own = left.square().sum(dim=1) + lacking[rows], right.square().sum(dim=1) + lacking[columns]
            # One pass over what is as large as all pairs: memory is what this waits for.
            torch.addmm(own[0][:, None] + own[1][None, :], left, right.T, alpha=-2, out=found[p])
        return found.clamp_min_(0).masked_fill_(same, 0)

    def hidden(self, hide: torch.Tensor) -> Content:
        """The same, as if items lacked all features of some panels. ``hide``: bool ``[n, panels]``."""
        lost = hide[:, self.panel]
        values = tuple(one.masked_fill(lost[:, [p]], 0) for p, one in enumerate(self.values))
        return replace(self, values=values, lacking=torch.where(lost, 1.0, self.lacking))

    def take(self, places: torch.Tensor) -> Content:
        """Some of the items."""
        return replace(self, values=tuple(one[places] for one in self.values), lacking=self.lacking[places])
