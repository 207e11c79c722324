"""AlexNet: the network of torchvision's published weights, up to its second wide layer (fc7)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from triptych.errors import ExtractionError
from triptych.features.backbones.layout import Layout

#: Where the weights that audiovisual-cf used are published, under torchvision's licence (BSD 3-Clause).
URL = "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth"
SIZE_MB = 244
#: (place in ``features``, side of the kernel, stride, padding) of each convolution.
_CONVOLUTIONS = ((0, 11, 4, 2), (3, 5, 1, 2), (6, 3, 1, 1), (8, 3, 1, 1), (10, 3, 1, 1))
_POOLED_AFTER = (0, 3, 10)
#: Places in ``classifier`` of the two wide layers and of the classes.
_WIDE = (1, 4, 6)
#: Of the last maps, whatever the picture's size was.
_MAP_PX = 6
#: Name → shape of the published weights.
PUBLISHED_SHAPES: Mapping[str, tuple[int, ...]] = {
    "features.0.weight": (64, 3, 11, 11),
    "features.0.bias": (64,),
    "features.3.weight": (192, 64, 5, 5),
    "features.3.bias": (192,),
    "features.6.weight": (384, 192, 3, 3),
    "features.6.bias": (384,),
    "features.8.weight": (256, 384, 3, 3),
    "features.8.bias": (256,),
    "features.10.weight": (256, 256, 3, 3),
    "features.10.bias": (256,),
    "classifier.1.weight": (4096, 9216),
    "classifier.1.bias": (4096,),
    "classifier.4.weight": (4096, 4096),
    "classifier.4.bias": (4096,),
    "classifier.6.weight": (1000, 4096),
    "classifier.6.bias": (1000,),
}
#: How its state dict must be laid out.
LAYOUT = Layout(
    of="torchvision's AlexNet",
    again=f"{URL} ({SIZE_MB} MB)",
    shapes=PUBLISHED_SHAPES,
    channels=3,
    convolutions=tuple((place, side) for place, side, _, _ in _CONVOLUTIONS),
    places=_MAP_PX * _MAP_PX,
    head="classifier",
    wide=_WIDE,
)
check = LAYOUT.check


def read(path: Path) -> Mapping[str, Any]:
    """The tensors of a file by name: safetensors, or what ``torch.save`` wrote of a state dict, and runs no code."""
    import torch

    try:
        if path.suffix == ".safetensors":
            import safetensors.torch

            return cast(Any, safetensors.torch).load_file(path)
        found: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # what a damaged file raises differs by format and release
        first = (str(error).strip().splitlines() or [""])[0]
        raise ExtractionError(
            f"AlexNet's weights cannot be read from {str(path)!r}: {type(error).__name__}: {first} Fetch them again "
            f"from {URL} ({SIZE_MB} MB)."
        ) from error
    if not isinstance(found, dict):
        raise ExtractionError(f"{str(path)!r} holds a {type(found).__name__}; a state dict of AlexNet is due.")
    return cast(Mapping[str, Any], found)


def network(tensors: Mapping[str, Any], *, where: str = "the file") -> Any:
    """The torch module ``[n, 3, h, w] → [n, d]`` that these tensors are of; d is 4,096 for the published ones.

    d are the rectified values of the second wide layer, fc7: torchvision's ``classifier[:6]`` in evaluation, where
    dropout passes everything on. How wide each layer is follows from the tensors, which must fit one another.
    """
    import torch
    from torch import nn

    # A whole training checkpoint also holds what is no tensor.
    check({name: tuple(getattr(tensor, "shape", ())) for name, tensor in tensors.items()}, where=where)
    with torch.device("meta"):
        layers: list[Any] = []
        for place, side, stride, padding in _CONVOLUTIONS:
            made, given = tensors[f"features.{place}.weight"].shape[:2]
            layers += [nn.Conv2d(given, made, side, stride=stride, padding=padding), nn.ReLU()]
            layers += [nn.MaxPool2d(3, stride=2)] if place in _POOLED_AFTER else []
        wide: list[Any] = []
        for place in _WIDE:
            made, given = tensors[f"classifier.{place}.weight"].shape
            wide += (
                [nn.Dropout(), nn.Linear(given, made), nn.ReLU()] if place != _WIDE[-1] else [nn.Linear(given, made)]
            )
        whole = nn.ModuleDict({"features": nn.Sequential(*layers), "classifier": nn.Sequential(*wide)})
    whole.load_state_dict({name: tensor.float() for name, tensor in tensors.items()}, assign=True)
    pooled = nn.Sequential(nn.AdaptiveAvgPool2d((_MAP_PX, _MAP_PX)), nn.Flatten())
    return nn.Sequential(whole["features"], pooled, cast(Any, whole["classifier"])[: _WIDE[-1]]).eval()
