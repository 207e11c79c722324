"""Network: published weights loaded once per process, and the vectors that it makes of pictures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.errors import ExtractionError, UnknownName, UsageError
from triptych.features.backbones import alexnet, wheel
from triptych.features.backbones.preparation import TORCHVISION, Preparation, published
from triptych.features.backbones.pretrained import pretrained
from triptych.features.backbones.running import kept_still
from triptych.features.backbones.weights import Weights

F32 = npt.NDArray[np.float32]

#: Family, which is the model_type of config.json → the class of transformers that gives its vectors.
TRANSFORMERS = {"dinov2": "Dinov2Model", "resnet": "ResNetModel", "mobilenet_v2": "MobileNetV2Model"}
ALEXNET = "alexnet"
#: The kernel of a vision transformer's attention, named so that another release's default cannot move the bits.
ATTENTION = "sdpa"
TOKENS = ("cls", "mean")
DTYPES = ("float32", "bfloat16")
_DEVICE = re.compile(r"cpu|mps|cuda(:\d{1,3})?")


def require(title: str, packages: Sequence[str]) -> None:
    """Raise MissingExtra for the first package that is not installed; nothing is imported."""
    wheel.require(title, "deep", packages)


def packages(family: str) -> tuple[str, ...]:
    """What a family needs to be installed."""
    return ("torch", "safetensors") if family == ALEXNET else ("torch", "transformers", "safetensors")


def named(device: str) -> str:
    """The same, if it is the name of a device; whether it is there is said by :func:`present`."""
    if not _DEVICE.fullmatch(device):
        raise UsageError(f"the device is {device!r}; it may be cpu, cuda, cuda:0, cuda:1 … or mps.")
    return device


def settled(device: str, dtype: str) -> str:
    """The dtype that is computed in, where "auto" is bfloat16 on cuda and float32 elsewhere; refuses what is none."""
    named(device)
    if dtype == "auto":
        return "bfloat16" if device.startswith("cuda") else "float32"
    if dtype not in DTYPES:
        raise UnknownName("dtype", dtype, DTYPES)
    return dtype


def present(device: str) -> None:
    """Raise UsageError if this machine has no such device. Imports torch, but for the CPU, which is always there."""
    if device == "cpu":
        return
    import torch

    if device == "mps":
        if not torch.backends.mps.is_available():
            raise UsageError("the device is 'mps', and torch finds none on this machine; it may be cpu.")
        return
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if int(device.partition(":")[2] or 0) >= count:
        there = ", ".join(["cpu", *(f"cuda:{k}" for k in range(count))])
        raise UsageError(f"the device is {device!r}, and torch finds none such on this machine; it may be {there}.")


def preparation_of(family: str, weights: Weights, *, squash: bool = False) -> Preparation:
    """How pictures are made ready for these weights; refuses weights that are of another family."""
    if family == ALEXNET:
        if not Path(weights.path).is_file():
            raise UsageError(f"AlexNet's weights are one file; {weights.path!r} is a folder.")
        return TORCHVISION
    if not Path(weights.path).is_dir():
        raise UsageError(f"weights of the family {family} are a folder; {weights.path!r} is a file.")
    found = weights.config().get("model_type")
    if found != family:
        raise UsageError(f"the weights in {weights.path!r} are of the model_type {found!r}; {family!r} is due.")
    return published(weights.config("preprocessor_config.json"), squash=squash)


@lru_cache(maxsize=4)
def load(family: str, weights: Weights, device: str = "cpu", dtype: str = "float32") -> Network:
    """The network of a family, its files verified, loaded once per process for each device and dtype.

    ``device``: cpu, cuda, cuda:1 or mps; one that is not there is an error, and no other is taken for it. The first
    call imports torch and transformers (4 to 5 s), hashes the weights (0.2 s for 90 MB) and reads them.
    """
    require("a network of pictures", packages(family))
    present(device)
    weights.verify()
    import torch

    if family == ALEXNET:
        path = Path(weights.path)
        module: Any = alexnet.network(alexnet.read(path), where=repr(str(path)))
    else:
        kernel: dict[str, Any] = {"attn_implementation": ATTENTION} if family == "dinov2" else {}
        module = pretrained(TRANSFORMERS[family], weights, **kernel)
    module = module.eval().requires_grad_(False).to(device=device, dtype=getattr(torch, dtype))
    return Network(family=family, module=module, device=device, dtype=dtype)


class Network:
    """A loaded network: pictures in, one vector of each out."""

    def __init__(self, *, family: str, module: Any, device: str, dtype: str) -> None:
        self.family = family
        self._module = module
        self._device = device
        self._dtype = dtype

    @property
    def width(self) -> int:
        """How many numbers a vector has."""
        config: Any = getattr(self._module, "config", None)
        if self.family == "dinov2":
            return int(config.hidden_size)
        if self.family == "resnet":
            return int(config.hidden_sizes[-1])
        if self.family == "mobilenet_v2":
            return int(self._module.conv_1x1.convolution.out_channels)
        return int(self._module[-1][-2].out_features)

    def vectors(self, rgb: npt.NDArray[np.uint8], *, preparation: Preparation, batch: int, token: str = "cls") -> F32:
        """uint8 ``[n, h, w, 3]`` → float32 ``[n, width]``, ``batch`` pictures at a time.

        Bytes go to the device as they are, and are cut and scaled there. Which pictures stand together in a batch
        follows from the clip alone, so that the bits of a vector do not hang on what else is measured; on a CPU that
        takes one thread, since the count of threads orders the sums.

        ``token``, of a DINOv2: "cls" is the class token of the last layer after the final layer norm (what transformers
        calls pooler_output), "mean" the mean of the patches' tokens. The others give what their global average pool
        gives (ResNet, MobileNetV2), or fc7 (AlexNet).
        """
        import torch

        found = np.empty((len(rgb), self.width), np.float32)
        with kept_still(self._device):
            table = torch.from_numpy(preparation.table()).to(self._device)
            for start in range(0, len(rgb), batch):
                pictures = torch.tensor(rgb[start : start + batch]).to(self._device)
                ready = preparation.apply(pictures, table).to(getattr(torch, self._dtype))
                found[start : start + batch] = self._called(ready, token).float().cpu().numpy()
        if bad := int((~np.isfinite(found)).any(axis=1).sum()):
            raise ExtractionError(
                f"the network of the family {self.family} makes NaN or infinity of {bad} of {len(found)} pictures in "
                f"{self._dtype}. Fetch its weights again; with dtype bfloat16, try float32."
            )
        return found

    def _called(self, ready: Any, token: str) -> Any:
        if self.family == ALEXNET:
            return self._module(ready)
        states: Any = self._module(pixel_values=ready)
        if self.family == "dinov2":
            tokens = states.last_hidden_state
            return tokens[:, 0] if token == "cls" else tokens[:, 1:].mean(dim=1)
        return states.pooler_output.flatten(1)
