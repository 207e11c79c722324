"""Detector: published object detection weights loaded once per process, and what they find in pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from inspect import signature
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from triptych.errors import ExtractionError, MissingExtra, UsageError
from triptych.features.backbones import network
from triptych.features.backbones.running import kept_still, quiet
from triptych.features.backbones.weights import Weights

F32 = npt.NDArray[np.float32]
Labels = tuple[tuple[int, str], ...]

PACKAGES = ("torch", "transformers", "safetensors", "PIL")
#: Of the detector, and of a convolutional backbone in it, which has none. Named, so that another release's default
#: cannot move the bits; a YOLOS-tiny takes 0.2 s for a picture of 320 px with "sdpa", and 0.3 with "eager".
ATTENTION = {"": "sdpa", "backbone_config": "eager"}
#: Of the image processors that transformers has of one kind, which differ in how they scale.
BACKEND = "pil"
#: What a model's architecture ends in if it finds what it was trained on; those that are asked in words do not.
DETECTS = "ForObjectDetection"
ASKED_IN_WORDS = ("owlvit", "owlv2", "grounding-dino", "mm-grounding-dino", "omdet-turbo")
#: Labels that stand for no object, letter case and punctuation apart.
NO_LABEL = frozenset({"", "na", "none", "noobject", "background"})


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """What is in one picture, in the detector's order.

    ``labels``: int64 ``[k]``, the model's numbers. ``scores``: float32 ``[k]``, 0…1. ``boxes``: float32 ``[k, 4]``,
    left, top, width and height as shares of the picture's width and height, inside it.
    """

    labels: npt.NDArray[np.int64]
    scores: F32
    boxes: F32

    def __len__(self) -> int:
        return len(self.labels)


def require(title: str) -> None:
    """Raise MissingExtra for the first package that is not installed; nothing is imported."""
    for package in PACKAGES:
        if find_spec(package) is None:
            raise MissingExtra(title, "deep", missing="pillow" if package == "PIL" else package)


def labels_of(weights: Weights) -> Labels:
    """(number, label) of everything that the weights can find, in order of number; refuses what is no detector.

    Numbers that stand for no object ("N/A", "no-object") are left out. Reads config.json alone.
    """
    if not Path(weights.path).is_dir():
        raise UsageError(f"weights of an object detector are a folder; {weights.path!r} is a file.")
    config = weights.config()
    named = config.get("architectures")
    made = [str(name) for name in cast("list[Any]", named)] if isinstance(named, list) else []
    if not any(name.endswith(DETECTS) for name in made):
        raise UsageError(
            f"the weights in {weights.path!r} are of {' or '.join(made) or 'no named architecture'}, which finds no "
            f"objects; one that ends in {DETECTS} is due, such as hustvl/yolos-tiny."
        )
    if config.get("model_type") in ASKED_IN_WORDS:
        raise UsageError(
            f"the weights in {weights.path!r} are of the model_type {config.get('model_type')!r}, which must be told "
            "what to look for; choose a detector that has labels of its own, such as hustvl/yolos-tiny."
        )
    if backbone := _of_timm(config):
        raise UsageError(
            f"the weights in {weights.path!r} have a backbone of the package timm, {backbone!r}, which is not "
            "supported. Choose another detector, such as hustvl/yolos-tiny, or a revision whose config.json has a "
            "backbone_config of transformers' own: facebook/detr-resnet-50 has one that is called no_timm."
        )
    given = config.get("id2label")
    pairs = cast("Mapping[str, Any]", given).items() if isinstance(given, dict) else ()
    try:
        numbered = sorted((int(number), str(label)) for number, label in pairs)
    except ValueError as error:
        raise ExtractionError(
            f"the labels in {weights.path!r} are not numbered: {error}. Correct id2label in config.json."
        ) from error
    labels = tuple((number, label) for number, label in numbered if _plain(label) not in NO_LABEL)
    if not labels:
        raise ExtractionError(
            f"the weights in {weights.path!r} do not say what their labels are called. Give config.json an id2label."
        )
    return labels


@lru_cache(maxsize=2)
def load(weights: Weights, device: str = "cpu", dtype: str = "float32", title: str = "seeing/objects") -> Detector:
    """The detector of a folder, its files verified, loaded once per process for each device and dtype.

    Any folder that ``AutoModelForObjectDetection`` and ``AutoImageProcessor`` load, with the processor that works on
    PIL pictures. No code of the folder's own is run. The first call imports torch and transformers (4 to 5 s).
    """
    require(title)
    network.present(device)
    weights.verify()
    import torch
    from transformers import AutoImageProcessor, AutoModelForObjectDetection

    # Typed as Any: transformers decides the classes from what the folder says.
    auto_processor, auto_model = cast(Any, AutoImageProcessor), cast(Any, AutoModelForObjectDetection)
    with quiet(), weights.apart() as folder:
        try:
            processor: Any = auto_processor.from_pretrained(
                str(folder), backend=BACKEND, local_files_only=True, trust_remote_code=False
            )
            module: Any
            info: Mapping[str, Any]
            module, info = auto_model.from_pretrained(
                str(folder),
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                dtype=torch.float32,
                attn_implementation=dict(ATTENTION),
                output_loading_info=True,
            )
        except Exception as error:  # what a damaged folder raises differs by file and release
            first = " ".join(str(error).split()).replace(str(folder), weights.path)
            raise ExtractionError(
                f"the detector in {weights.path!r} cannot be loaded: {type(error).__name__}: {first[:300]} Copy its "
                "folder whole, or fetch it again."
            ) from error
    # transformers fills absent weights with random numbers.
    if absent := sorted(info["missing_keys"]):
        raise ExtractionError(
            f"the weights in {weights.path!r} lack {len(absent)} of the tensors that config.json asks for, "
            f"{absent[0]!r} first. Fetch them again."
        )
    if not hasattr(processor, "post_process_object_detection"):
        raise ExtractionError(
            f"the image processor in {weights.path!r}, {type(processor).__name__}, does not say how the network's "
            "numbers become boxes. Copy preprocessor_config.json of the detector, not of its backbone."
        )
    module = module.eval().requires_grad_(False).to(device=device, dtype=getattr(torch, dtype))
    return Detector(processor=processor, module=module, labels=labels_of(weights), device=device, dtype=dtype)


class Detector:
    """A loaded detector: pictures in, what is in each out."""

    def __init__(self, *, processor: Any, module: Any, labels: Labels, device: str, dtype: str) -> None:
        self.labels = labels
        self._numbers = np.array([number for number, _ in labels], np.int64)
        self._processor = processor
        self._module = module
        self._device = device
        self._dtype = dtype
        self._inputs = frozenset(signature(module.forward).parameters)

    def found(self, rgb: npt.NDArray[np.uint8], *, threshold: float, batch: int) -> tuple[Found, ...]:
        """What is in each of the pictures uint8 ``[n, h, w, 3]`` with a score above ``threshold``.

        The folder's own processor makes the pictures ready and the network's numbers into boxes, with one difference:
        pictures are never enlarged. Where it would bring a shorter side of 320 px to 512, it is left at 320, since
        there is nothing more to be seen and the time grows with the square. A processor that brings all pictures to one
        size (RT-DETR's) does so here too.

        Which pictures stand together in a batch follows from the clip alone; a CPU takes one thread, since the count of
        threads orders the sums.
        """
        found: list[Found] = []
        with kept_still(self._device):
            for start in range(0, len(rgb), batch):
                found += self._batch(rgb[start : start + batch], threshold)
        return tuple(found)

    def _batch(self, rgb: npt.NDArray[np.uint8], threshold: float) -> list[Found]:
        import torch

        ready: Any = self._processor(
            images=list(rgb), return_tensors="pt", input_data_format="channels_last", **self._size(rgb.shape[1:3])
        )
        inputs = {name: tensor.to(self._device) for name, tensor in ready.items() if name in self._inputs}
        inputs["pixel_values"] = inputs["pixel_values"].to(getattr(torch, self._dtype))
        outputs: Any = self._module(**inputs)
        outputs.logits, outputs.pred_boxes = outputs.logits.float().cpu(), outputs.pred_boxes.float().cpu()
        # NaN is above no threshold: it would be stored as "nothing there".
        if not (torch.isfinite(outputs.logits).all() and torch.isfinite(outputs.pred_boxes).all()):
            raise ExtractionError(
                f"the detector makes NaN or infinity of these pictures in {self._dtype}. Fetch its weights again; with "
                "dtype bfloat16, try float32."
            )
        told: Any = self._processor.post_process_object_detection(outputs, threshold=threshold)
        return [self._one(picture["labels"], picture["scores"], picture["boxes"]) for picture in told]

    def _size(self, shape: Sequence[int]) -> dict[str, Any]:
        """The processor's setting that keeps it from enlarging pictures, if it is one that would."""
        size: Any = self._processor.size
        shortest, longest = getattr(size, "shortest_edge", None), getattr(size, "longest_edge", None)
        if shortest is None or shortest <= min(shape):
            return {}
        return {"size": {"shortest_edge": int(min(shape)), "longest_edge": longest}}

    def _one(self, labels: Any, scores: Any, corners: Any) -> Found:
        """Of one picture, with corners as shares of it: left, top, right, bottom."""
        numbers = labels.numpy().astype(np.int64)
        known = np.isin(numbers, self._numbers)
        inside = np.clip(corners.numpy().astype(np.float32), 0, 1)[known]
        return Found(
            labels=numbers[known],
            scores=scores.numpy().astype(np.float32)[known],
            boxes=np.concatenate([inside[:, :2], np.maximum(inside[:, 2:] - inside[:, :2], 0)], axis=1),
        )


def _of_timm(config: Mapping[str, Any]) -> str:
    """What the backbone is called that timm would have to make, or a hub be asked for; empty where there is none."""
    inner = config.get("backbone_config")
    if isinstance(inner, dict):
        told = cast("Mapping[str, Any]", inner)
        return str(told.get("backbone") or "unnamed") if told.get("model_type") == "timm_backbone" else ""
    if config.get("use_timm_backbone") or config.get("backbone"):
        return str(config.get("backbone") or "unnamed")
    return ""


def _plain(label: str) -> str:
    return "".join(letter for letter in label.lower() if letter.isalnum())
