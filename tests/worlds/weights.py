"""Tiny weights: folders as save_pretrained writes them and state dicts as torch saves them, random but seeded."""

from __future__ import annotations

import atexit
from functools import lru_cache
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

#: What the tiny detectors find, by number; names of COCO's.
LABELS = {0: "person", 1: "car", 2: "dog", 3: "chair"}
#: Sides of the middle that is cut out of a picture, and of the picture.
CROP_PX, SIDE_PX = 56, 64
#: Widths of a narrow AlexNet: five convolutions, two wide layers, classes.
NARROW = (8, 12, 16, 12, 12, 64, 32, 10)


def _lively(model: Any, seed: int) -> Any:
    """Weights that let a picture through: as they are drawn for training, deep tiny networks give zero for all."""
    import torch

    drawn = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if not tensor.is_floating_point():
                continue
            if name.endswith("running_var") or (tensor.ndim == 1 and name.endswith("weight")):
                tensor.uniform_(0.5, 1.5, generator=drawn)
            elif tensor.ndim < 2:
                tensor.normal_(0, 0.1, generator=drawn)
            else:
                fan_in = tensor[0].numel()
                tensor.normal_(0, (2 / fan_in) ** 0.5, generator=drawn)
    return model.eval()


def save_dinov2(folder: Path, *, seed: int = 1, hidden_size: int = 32) -> Path:
    from transformers import BitImageProcessorPil, Dinov2Config, Dinov2Model

    config = Dinov2Config(
        hidden_size=hidden_size, num_hidden_layers=2, num_attention_heads=4, image_size=70, patch_size=14
    )
    _lively(Dinov2Model(config), seed).save_pretrained(folder)
    crop = {"height": CROP_PX, "width": CROP_PX}
    BitImageProcessorPil(size={"shortest_edge": SIDE_PX}, crop_size=crop).save_pretrained(folder)
    return folder


def save_resnet(folder: Path, *, seed: int = 2) -> Path:
    """With a classifier on top, as published."""
    from transformers import ConvNextImageProcessorPil, ResNetConfig, ResNetForImageClassification

    config = ResNetConfig(embedding_size=8, hidden_sizes=[8, 16, 24, 40], depths=[1, 2, 1, 1], num_labels=4)
    _lively(ResNetForImageClassification(config), seed).save_pretrained(folder)
    ConvNextImageProcessorPil(size={"shortest_edge": CROP_PX}, crop_pct=0.875).save_pretrained(folder)
    return folder


def save_mobilenetv2(folder: Path, *, seed: int = 3) -> Path:
    """With a classifier on top, as published."""
    from transformers import MobileNetV2Config, MobileNetV2ForImageClassification, MobileNetV2ImageProcessorPil

    config = MobileNetV2Config(depth_multiplier=0.25, min_depth=4, finegrained_output=False, num_labels=4)
    _lively(MobileNetV2ForImageClassification(config), seed).save_pretrained(folder)
    crop = {"height": CROP_PX, "width": CROP_PX}
    MobileNetV2ImageProcessorPil(size={"shortest_edge": SIDE_PX}, crop_size=crop).save_pretrained(folder)
    return folder


def save_yolos(folder: Path, *, seed: int = 4) -> Path:
    from transformers import YolosConfig, YolosForObjectDetection, YolosImageProcessorPil

    config = YolosConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        image_size=[64, 96],
        patch_size=16,
        num_detection_tokens=10,
        id2label=LABELS,
        label2id={label: k for k, label in LABELS.items()},
    )
    _lively(YolosForObjectDetection(config), seed).save_pretrained(folder)
    YolosImageProcessorPil(size={"shortest_edge": 64, "longest_edge": 96}).save_pretrained(folder)
    return folder


def alexnet_tensors(*, seed: int = 5, widths: tuple[int, ...] = NARROW) -> dict[str, Any]:
    """torchvision's names; so narrow that the file is small, by the same rules as the published one."""
    import torch

    drawn = torch.Generator().manual_seed(seed)
    convolutions = zip((0, 3, 6, 8, 10), (3, *widths[:4]), widths[:5], (11, 5, 3, 3, 3), strict=True)
    shapes = {f"features.{k}": (made, given, side, side) for k, given, made, side in convolutions}
    before = (widths[4] * 36, *widths[5:7])
    shapes |= {f"classifier.{k}": (made, given) for k, given, made in zip((1, 4, 6), before, widths[5:], strict=True)}
    tensors: dict[str, Any] = {}
    for name, shape in shapes.items():
        weight = torch.randn(shape, generator=drawn)
        tensors[f"{name}.weight"] = weight * (2 / weight[0].numel()) ** 0.5
        tensors[f"{name}.bias"] = torch.randn(shape[0], generator=drawn) * 0.1
    return tensors


def save_alexnet(file: Path, *, seed: int = 5) -> Path:
    """As safetensors, or as torch saves it, by the suffix."""
    tensors = alexnet_tensors(seed=seed)
    if file.suffix == ".safetensors":
        from safetensors.torch import save_file

        save_file(tensors, file)
    else:
        import torch

        torch.save(tensors, file)
    return file


@lru_cache(maxsize=1)
def _shelf() -> Path:
    at = Path(mkdtemp(prefix="triptych-weights-"))
    atexit.register(rmtree, at)
    return at


@lru_cache(maxsize=8)
def tiny(kind: str) -> Path:
    """The folder or file of one kind, made once: dinov2, resnet, mobilenetv2, yolos or alexnet. Not to be changed."""
    from triptych.features.backbones.running import quiet

    if kind == "alexnet":
        return save_alexnet(_shelf() / "alexnet.pth")
    save = {"dinov2": save_dinov2, "resnet": save_resnet, "mobilenetv2": save_mobilenetv2, "yolos": save_yolos}[kind]
    with quiet():
        return save(_shelf() / kind)
