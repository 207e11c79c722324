"""Saved: a trained embedding network in a folder, without its heads, which places items that come later.

The manifest holds the network's shape, how frames are cut into windows, and the sequence it takes; see
:mod:`~triptych.models.archive`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from triptych.errors import UsageError
from triptych.models import archive
from triptych.models.similarity import Sequences
from triptych.models.trailer_net.network import TrailerNetwork
from triptych.models.trailer_net.sequences import Windows
from triptych.models.trailer_net.teaching import embedded

KIND = "triptych trailer network"


@dataclass(frozen=True, kw_only=True, eq=False)
class Saved:
    """``shape``: what :class:`TrailerNetwork` is made with. ``title``: of the sequence it takes, in windows of
    ``length``, ``stride`` apart; ``place``: of the dense layer that embeds, 0 or 1."""

    net: TrailerNetwork
    shape: Mapping[str, Any]
    title: str
    length: int
    stride: int
    place: int

    def embed(self, given: Sequences) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
        """float32 ``[n, d]``, and bool ``[n]``: which items have frames to be placed by. The net is in eval mode."""
        windows = Windows.of(given.values, given.times_s, length=self.length, stride=self.stride)
        width = windows.frames.shape[1]
        if given.title != self.title or (len(windows) and width != self.shape["width"]):
            raise UsageError(
                f"the network takes {self.title} of {self.shape['width']} entries a frame; this is {given.title} of "
                f"{width}. Measure new items as those it was trained on."
            )
        if not len(windows):
            layer = (self.net.dense_first, self.net.dense_second)[self.place]
            return np.zeros((len(given.values), layer.out_features), np.float32), given.mask
        return windows.mean(embedded(self.net, windows, self.place)), given.mask


def write(folder: Path, saved: Saved) -> None:
    told = {name: getattr(saved, name) for name in ("title", "length", "stride", "place")}
    archive.write(folder, saved.net, kind=KIND, told={**told, "shape": dict(saved.shape)})


def read(folder: Path) -> Saved:
    """As it was written; TrainingError where it is damaged."""
    manifest, weights = archive.read(folder, kind=KIND)
    with torch.random.fork_rng(devices=[]):  # the weights that it begins with are drawn, and replaced at once
        net = TrailerNetwork(**manifest["shape"])
    net.load_state_dict(weights)
    return Saved(
        net=net.eval(),
        shape=manifest["shape"],
        title=manifest["title"],
        length=manifest["length"],
        stride=manifest["stride"],
        place=manifest["place"],
    )
