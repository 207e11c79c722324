"""Saved: a trained network in a folder, which embeds items that come later.

The folder holds ``network.safetensors`` and ``network.json``: the plan, the features it takes in order with their
widths, the SHA-256 of the tensors, and what its maker noted. The manifest is written last: without one there is no
network.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch

from triptych.errors import MissingExtra, TrainingError, UsageError
from triptych.models.siamese.inputs import Inputs
from triptych.models.siamese.network import Network, Plan, blank
from triptych.spaces.blocks import Blocks

FORMAT = 1
KIND = "triptych siamese network"
TENSORS, MANIFEST = "network.safetensors", "network.json"

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
    """Tensors, then the manifest, each put in place whole."""
    save = _safetensors("save")
    weights = {name: values.detach().cpu().contiguous() for name, values in saved.net.state_dict().items()}
    body: bytes = save(weights)
    manifest = {
        "kind": KIND,
        "format": FORMAT,
        "plan": saved.net.plan.json,
        "features": [list(feature) for feature in saved.features],
        "sha256": hashlib.sha256(body).hexdigest(),
        "notes": saved.notes,
    }
    text = json.dumps(manifest, indent=1, allow_nan=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MANIFEST).unlink(missing_ok=True)
        for name, data in ((TENSORS, body), (MANIFEST, text.encode())):
            draft = folder / f".{name}.draft"
            draft.write_bytes(data)
            draft.replace(folder / name)
    except OSError as fault:
        raise TrainingError(f"the network cannot be written to {str(folder)!r}: {fault.strerror or fault}.") from fault


def read(folder: Path) -> Saved:
    """As it was written; TrainingError where it is damaged."""
    try:
        manifest = cast(dict[str, Any], json.loads((folder / MANIFEST).read_bytes()))
        body = (folder / TENSORS).read_bytes()
    except FileNotFoundError as fault:
        raise UsageError(f"there is no trained network in {str(folder)!r}; train one first.") from fault
    except (OSError, ValueError) as fault:
        raise TrainingError(f"the network in {str(folder)!r} cannot be read: {fault}. Train it anew.") from fault
    if manifest.get("kind") != KIND or manifest["format"] != FORMAT:
        raise UsageError(f"{str(folder / MANIFEST)!r} is not of a Siamese network that this version reads.")
    if hashlib.sha256(body).hexdigest() != manifest["sha256"]:
        raise TrainingError(f"the weights in {str(folder)!r} are not as they were written; copy them again.")
    net = blank(Plan(**manifest["plan"]))
    weights: dict[str, torch.Tensor] = _safetensors("load")(body)
    net.load_state_dict(weights, assign=True)
    features = tuple((str(name), str(panel), int(width)) for name, panel, width in manifest["features"])
    return Saved(net=net.eval(), features=features, notes=manifest["notes"])


def _safetensors(name: str) -> Any:
    try:
        import safetensors.torch
    except ImportError as fault:
        raise MissingExtra("a network on disk", "train", missing="safetensors") from fault
    return getattr(safetensors.torch, name)
