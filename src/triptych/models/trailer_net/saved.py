"""Saved: a trained embedding network in a folder, without its heads, which places items that come later.

The folder holds ``network.safetensors`` and ``network.json``: the network's shape, how frames are cut into windows, the
sequence it takes, and the SHA-256 of the tensors. The manifest is written last: without one there is no network.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch

from triptych.errors import MissingExtra, TrainingError, UsageError
from triptych.models.similarity import Sequences
from triptych.models.trailer_net.network import TrailerNetwork
from triptych.models.trailer_net.sequences import Windows
from triptych.models.trailer_net.teaching import embedded

FORMAT = 1
KIND = "triptych trailer network"
TENSORS, MANIFEST = "network.safetensors", "network.json"


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
    """Tensors, then the manifest, each put in place whole."""
    weights = {name: values.detach().cpu().contiguous() for name, values in saved.net.state_dict().items()}
    body: bytes = _safetensors("save")(weights)
    manifest = {
        "kind": KIND,
        "format": FORMAT,
        **{name: getattr(saved, name) for name in ("title", "length", "stride", "place")},
        "shape": dict(saved.shape),
        "sha256": hashlib.sha256(body).hexdigest(),
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
        raise UsageError(f"{str(folder / MANIFEST)!r} is not of a trailer network that this version reads.")
    if hashlib.sha256(body).hexdigest() != manifest["sha256"]:
        raise TrainingError(f"the weights in {str(folder)!r} are not as they were written; copy them again.")
    with torch.random.fork_rng(devices=[]):  # the weights that it begins with are drawn, and replaced at once
        net = TrailerNetwork(**manifest["shape"])
    net.load_state_dict(_safetensors("load")(body))
    return Saved(
        net=net.eval(),
        shape=manifest["shape"],
        title=manifest["title"],
        length=manifest["length"],
        stride=manifest["stride"],
        place=manifest["place"],
    )


def _safetensors(name: str) -> Any:
    try:
        import safetensors.torch
    except ImportError as fault:
        raise MissingExtra("a network on disk", "train", missing="safetensors") from fault
    return getattr(safetensors.torch, name)
