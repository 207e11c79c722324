"""Saved: a trained network in a folder, which embeds items that come later.

The manifest holds the plan, the features it takes in order with their widths, and what its maker noted; see
:mod:`~triptych.models.archive`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.errors import UsageError
from triptych.models import archive
from triptych.models.siamese.inputs import Inputs
from triptych.models.siamese.network import Network, Plan, blank
from triptych.spaces.blocks import Blocks

KIND = "triptych siamese network"

#: Of a feature: its name, its panel and its width.
Feature = tuple[str, str, int]


@dataclass(frozen=True, kw_only=True, eq=False)
class Saved:
    """``features``: what content must hold to be embedded, scaled as in training; ``notes``: JSON for readers."""

    net: Network
    features: tuple[Feature, ...]
    notes: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def embed(self, blocks: Blocks) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
        """float32 ``[n, width]``, and bool ``[n]``: which items have a panel to be placed by. Further features of the
        content are passed over."""
        wanted = {name for name, _, _ in self.features}
        given = features_of(blocks, without=set(blocks.names) - wanted)
        if given != self.features:
            told = "; ".join(f"{name}, {width} of {panel}" for name, panel, width in self.features)
            raise UsageError(
                f"the network was trained on other content: it takes {told}, in this order. Measure and scale new "
                "items as those it was trained on."
            )
        inputs = Inputs.of_blocks(blocks, without=set(blocks.names) - wanted).only(self.net.panels)
        place = next(self.net.parameters()).device
        return self.net.embed(inputs.to(place)).cpu().numpy(), inputs.present.any(dim=1).numpy()


def features_of(blocks: Blocks, *, without: Collection[str] = ()) -> tuple[Feature, ...]:
    """Name, panel and width of each feature."""
    held = zip(blocks.names, blocks.panels, blocks.values, strict=True)
    return tuple((name, panel, values.shape[1]) for name, panel, values in held if name not in without)


def write(folder: Path, saved: Saved) -> None:
    told = {
        "plan": saved.net.plan.json,
        "features": [list(feature) for feature in saved.features],
        "notes": saved.notes,
    }
    archive.write(folder, saved.net, kind=KIND, told=told)


def read(folder: Path) -> Saved:
    """As it was written; TrainingError where it is damaged."""
    manifest, weights = archive.read(folder, kind=KIND)
    net = blank(Plan(**manifest["plan"]))
    net.load_state_dict(weights, assign=True)
    features = tuple((str(name), str(panel), int(width)) for name, panel, width in manifest["features"])
    return Saved(net=net.eval(), features=features, notes=manifest["notes"])
