"""Archive: a trained network in a folder: its tensors, and a manifest that says what they are of.

The folder holds ``network.safetensors`` and ``network.json``. The manifest has the SHA-256 of the tensors and is
written last: without one there is no network.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import torch

from triptych.errors import MissingExtra, TrainingError, UsageError

FORMAT = 1
TENSORS, MANIFEST = "network.safetensors", "network.json"


def write(folder: Path, net: torch.nn.Module, *, kind: str, told: Mapping[str, Any]) -> None:
    """Tensors, then the manifest, each put in place whole. ``told``: JSON of what is needed to make the net again."""
    weights = {name: values.detach().cpu().contiguous() for name, values in net.state_dict().items()}
    body: bytes = _safetensors("save")(weights)
    manifest = {"kind": kind, "format": FORMAT, **told, "sha256": hashlib.sha256(body).hexdigest()}
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


def read(folder: Path, *, kind: str) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """The manifest and the tensors, as they were written; TrainingError where they are damaged."""
    try:
        manifest = cast(dict[str, Any], json.loads((folder / MANIFEST).read_bytes()))
        body = (folder / TENSORS).read_bytes()
    except FileNotFoundError as fault:
        raise UsageError(f"there is no trained network in {str(folder)!r}; train one first.") from fault
    except (OSError, ValueError) as fault:
        raise TrainingError(f"the network in {str(folder)!r} cannot be read: {fault}. Train it anew.") from fault
    if manifest.get("kind") != kind or manifest["format"] != FORMAT:
        raise UsageError(f"{str(folder / MANIFEST)!r} is not of a {kind} that this version reads.")
    if hashlib.sha256(body).hexdigest() != manifest["sha256"]:
        raise TrainingError(f"the weights in {str(folder)!r} are not as they were written; copy them again.")
    return manifest, _safetensors("load")(body)


def _safetensors(name: str) -> Any:
    try:
        import safetensors.torch
    except ImportError as fault:
        raise MissingExtra("a network on disk", "train", missing="safetensors") from fault
    return getattr(safetensors.torch, name)
