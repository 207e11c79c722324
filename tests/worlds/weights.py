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
#: Widths of a narrow VGGish: six convolutions, three wide layers.
NARROW_VGGISH = (4, 6, 8, 8, 10, 10, 24, 20, 16)


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


def vggish_tensors(*, seed: int = 6, widths: tuple[int, ...] = NARROW_VGGISH) -> dict[str, Any]:
    """torchvggish's names; so narrow that the file is small, by the same rules as the published one."""
    import torch

    drawn = torch.Generator().manual_seed(seed)
    convolutions = zip((0, 3, 6, 8, 11, 13), (1, *widths[:5]), widths[:6], strict=True)
    shapes = {f"features.{k}": (made, given, 3, 3) for k, given, made in convolutions}
    before = (widths[5] * 24, *widths[6:8])
    shapes |= {f"embeddings.{k}": (made, given) for k, given, made in zip((0, 2, 4), before, widths[6:], strict=True)}
    tensors: dict[str, Any] = {}
    for name, shape in shapes.items():
        weight = torch.randn(shape, generator=drawn)
        tensors[f"{name}.weight"] = weight * (2 / weight[0].numel()) ** 0.5
        tensors[f"{name}.bias"] = torch.randn(shape[0], generator=drawn) * 0.1
    return tensors


def vggish_whitening(*, seed: int = 7, width: int = NARROW_VGGISH[-1]) -> dict[str, Any]:
    """The whitening's names and shapes, as arrays of numpy, as it is published."""
    import numpy as np

    drawn = np.random.default_rng(seed)
    vectors = drawn.normal(size=(width, width)) / width**0.5
    return {"pca_eigen_vectors": vectors, "pca_means": drawn.normal(size=width) * 0.1}


def save_vggish(folder: Path, *, seed: int = 6) -> Path:
    """The two files that torchvggish publishes, as an early torch saved them: one pickle, the whitening of arrays."""
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    torch.save(vggish_tensors(seed=seed), folder / "vggish-tiny.pth", _use_new_zipfile_serialization=False)
    torch.save(vggish_whitening(), folder / "vggish_pca_params-tiny.pth", _use_new_zipfile_serialization=False)
    return folder


def save_wav2vec2(folder: Path, *, seed: int = 8) -> Path:
    """With letters to write on top, an older torch's names for two tensors and one left out, as published."""
    from safetensors.torch import load_file, save_file
    from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2ForCTC

    config = Wav2Vec2Config(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        conv_dim=(16,) * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
        vocab_size=8,
    )
    _lively(Wav2Vec2ForCTC(config), seed).save_pretrained(folder)
    tensors = load_file(folder / "model.safetensors")
    newer, older = (
        (".parametrizations.weight.original0", ".parametrizations.weight.original1"),
        (".weight_g", ".weight_v"),
    )
    published = {
        name.replace(newer[0], older[0]).replace(newer[1], older[1]): tensor
        for name, tensor in tensors.items()
        if not name.endswith("masked_spec_embed")
    }
    save_file(published, folder / "model.safetensors", metadata={"format": "pt"})
    Wav2Vec2FeatureExtractor().save_pretrained(folder)
    return folder


def save_clap(folder: Path, *, seed: int = 9) -> Path:
    """Both halves, the one that reads too, for windows of 1 s."""
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel

    audio = {
        "depths": [1, 1],
        "num_attention_heads": [2, 4],
        "patch_embeds_hidden_size": 16,
        "hidden_size": 32,
        "spec_size": 64,
        "window_size": 4,
        "num_mel_bins": 16,
    }
    text = {
        "vocab_size": 20,
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 16,
        "max_position_embeddings": 20,
    }
    config = ClapConfig(audio_config=audio, text_config=text, projection_dim=24)
    _lively(ClapModel(config), seed).save_pretrained(folder)
    ClapFeatureExtractor(feature_size=16, truncation="rand_trunc", max_length_s=1, frequency_min=50).save_pretrained(
        folder
    )
    return folder


@lru_cache(maxsize=1)
def _shelf() -> Path:
    at = Path(mkdtemp(prefix="triptych-weights-"))
    atexit.register(rmtree, at)
    return at


@lru_cache(maxsize=16)
def tiny(kind: str) -> Path:
    """The folder or file of one kind, made once: dinov2, resnet, mobilenetv2, yolos, alexnet, vggish, wav2vec2 or clap.
    Not to be changed."""
    from triptych.features.backbones.running import quiet

    if kind == "alexnet":
        return save_alexnet(_shelf() / "alexnet.pth")
    save = {
        "dinov2": save_dinov2,
        "resnet": save_resnet,
        "mobilenetv2": save_mobilenetv2,
        "yolos": save_yolos,
        "vggish": save_vggish,
        "wav2vec2": save_wav2vec2,
        "clap": save_clap,
    }[kind]
    with quiet():
        return save(_shelf() / kind)
