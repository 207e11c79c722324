"""Preparation: how a network's pictures are cut and scaled, as its preprocessor_config.json says it was trained."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from triptych.errors import ExtractionError, UsageError

#: What a published file leaves out, its class supplies.
_OPENAI = {"image_mean": (0.48145466, 0.4578275, 0.40821073), "image_std": (0.26862954, 0.26130258, 0.27577711)}
_HALF = {"image_mean": (0.5, 0.5, 0.5), "image_std": (0.5, 0.5, 0.5)}
_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "Bit": {"size": 224, "crop_size": 224, "resample": 3, **_OPENAI},
    "ConvNext": {"size": 384, "crop_pct": 224 / 256, "resample": 3, **_HALF},
    "MobileNetV2": {"size": 256, "crop_size": 224, "resample": 2, **_HALF},
}
#: PIL's Lanczos, bilinear and bicubic: filters that see every pixel, as area averaging does.
_SMOOTH = (1, 2, 3)
#: From here ConvNext's processor squeezes the whole picture in place of cutting it.
_WARPED_FROM_PX = 384


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """Pictures whose shorter side is ``short_side_px`` → float32 ``[n, 3, crop_px, crop_px]``.

    The reel scales the decoded picture to ``short_side_px`` by area averaging, and the middle of that is cut out:
    there is no second scaling. From there on the numbers are those of the published processors, bit for bit. Up to
    there two things differ. The published ones scale with PIL's bicubic or bilinear filter, and cut the fraction of the
    longer side off where the reel rounds it: in the mean 0.2 to 0.4 of 255 levels (54 to 49 dB) on 24 pictures of a
    720p film, no more than bicubic and bilinear differ from each other. And a large source is decoded without its loop
    filter (see :mod:`triptych.media.frames`), which with the scaling makes 1.9 levels (39 dB) in H.264 and 3.7 (33 dB)
    in VP8, and nothing where the source is less than twice as large as what is wanted.

    ``squash``: the whole picture is brought to ``crop_px × crop_px`` by area averaging, its aspect not kept
    (Lehmann 2021), and nothing is cut off.

    Then x is x · ``scale`` less ``mean``, by ``std``, for red, green and blue. ``odd``: to which side the middle
    moves where an odd number of pixels is cut off: "down" as transformers has it, or "even" as torchvision does.
    """

    short_side_px: int
    crop_px: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    scale: float = 1 / 255
    odd: str = "down"
    squash: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.crop_px <= self.short_side_px:
            raise UsageError(
                f"{self.crop_px} × {self.crop_px} pixels cannot be cut out of pictures whose shorter side is "
                f"{self.short_side_px}."
            )

    def table(self) -> npt.NDArray[np.float32]:
        """float32 ``[3, 256]``: what each level of each channel becomes, rounded as the published processors round."""
        scaled = (np.arange(256, dtype=np.float64) * self.scale).astype(np.float32)
        mean, std = np.array(self.mean, np.float32)[:, None], np.array(self.std, np.float32)[:, None]
        return (scaled - mean) / std

    def apply(self, rgb: Any, table: Any) -> Any:
        """torch uint8 ``[n, h, w, 3]`` → torch float32 ``[n, 3, crop_px, crop_px]`` on the device of both; ``table``
        is that of :meth:`table`."""
        import torch

        cut = self._squashed(rgb) if self.squash else self._middle(rgb)
        planes = [table[k].index_select(0, cut[..., k].reshape(-1).int()) for k in range(3)]
        return torch.stack([plane.reshape(cut.shape[:3]) for plane in planes], dim=1)

    def _middle(self, rgb: Any) -> Any:
        height, width = int(rgb.shape[1]), int(rgb.shape[2])
        if min(height, width) < self.crop_px:
            raise ExtractionError(
                f"{self.crop_px} × {self.crop_px} pixels cannot be cut out of pictures of {width} × {height}. Give "
                f"pictures whose shorter side is {self.short_side_px}."
            )
        top, left = (_margin(side, self.crop_px, self.odd) for side in (height, width))
        return rgb[:, top : top + self.crop_px, left : left + self.crop_px]

    def _squashed(self, rgb: Any) -> Any:
        import torch

        height, width = int(rgb.shape[1]), int(rgb.shape[2])
        down, across = (torch.from_numpy(_area(side, self.crop_px).copy()).to(rgb.device) for side in (height, width))
        planes = rgb.permute(0, 3, 1, 2).float()
        squashed = (down @ planes) @ across.T
        return squashed.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)


#: torchvision's for its own networks, AlexNet among them (the weights "IMAGENET1K_V1").
TORCHVISION = Preparation(
    short_side_px=256, crop_px=224, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225), odd="even"
)


def published(config: Mapping[str, Any], *, squash: bool = False) -> Preparation:
    """What a folder's preprocessor_config.json says; refuses what is not implemented here.

    >>> published({"image_processor_type": "BitImageProcessor", "size": {"shortest_edge": 256}}).short_side_px
    256
    """
    named = str(config.get("image_processor_type") or config.get("feature_extractor_type") or "")
    kind = named
    for ending in ("Pil", "Fast", "ImageProcessor", "FeatureExtractor"):
        kind = kind.removesuffix(ending)
    if kind not in _DEFAULTS:
        raise _refused(f"image_processor_type is {named!r}", "BitImageProcessor, ConvNextImageProcessor or MobileNetV2")
    said = {**_DEFAULTS[kind], **{name: value for name, value in config.items() if value is not None}}
    for step in ("do_resize", "do_rescale", "do_normalize", "do_center_crop"):
        if not said.get(step, True) and not (kind == "ConvNext" and step == "do_center_crop"):
            raise _refused(f"{step} is false", "true")
    if said.get("do_pad"):
        raise _refused("do_pad is true", "false")
    if said["resample"] not in _SMOOTH:
        raise _refused(f"resample is {said['resample']!r}", "1, 2 or 3 (Lanczos, bilinear, bicubic)")
    side = _side("size", said["size"], ("shortest_edge",))
    crop = side
    if kind != "ConvNext":
        crop = _side("crop_size", said["crop_size"], ("height", "width"))
    elif side >= _WARPED_FROM_PX:
        raise _refused(f"size is {side}", f"below {_WARPED_FROM_PX}, from where pictures are squeezed")
    else:
        share = _number("crop_pct", said["crop_pct"])
        if not 0 < share <= 1:
            raise _refused(f"crop_pct is {share}", "above 0, up to 1")
        side = int(side / share)
    std = _three("image_std", said["image_std"])
    if min(std) <= 0:
        raise _refused(f"image_std is {said['image_std']!r}", "three numbers above 0")
    return Preparation(
        short_side_px=side,
        crop_px=crop,
        mean=_three("image_mean", said["image_mean"]),
        std=std,
        scale=_number("rescale_factor", said.get("rescale_factor", 1 / 255)),
        squash=squash,
    )


def _side(name: str, value: Any, keys: Sequence[str]) -> int:
    sides = cast(Mapping[str, Any], value) if isinstance(value, dict) else dict.fromkeys(keys, value)
    found = [sides.get(key) for key in keys]
    if set(sides) != set(keys) or not isinstance(found[0], int) or len(set(found)) != 1:
        raise _refused(f"{name} is {value!r}", f"one number of pixels, as {' and '.join(keys)}")
    return found[0]


def _three(name: str, value: Any) -> tuple[float, float, float]:
    numbers = [_number(name, one) for one in cast("Sequence[Any]", value)] if isinstance(value, (list, tuple)) else []
    if len(numbers) != 3:
        raise _refused(f"{name} is {value!r}", "three numbers, for red, green and blue")
    return (numbers[0], numbers[1], numbers[2])


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise _refused(f"{name} holds {value!r}", "a finite number")
    return float(value)


def _refused(given: str, allowed: str) -> ExtractionError:
    return ExtractionError(
        f"in the weights' preprocessor_config.json {given}; implemented is {allowed}. Choose other weights, or correct "
        "the file."
    )


def _margin(side: int, crop: int, odd: str) -> int:
    return round((side - crop) / 2) if odd == "even" else (side - crop) // 2


@lru_cache(maxsize=16)
def _area(given: int, wanted: int) -> npt.NDArray[np.float32]:
    """float32 ``[wanted, given]``: the share of each given pixel in each wanted one, by the area they have in common.

    Where pixels become larger than they were, that repeats them.
    """
    borders = np.arange(wanted + 1) * (given / wanted)
    first, last = borders[:-1, None], borders[1:, None]
    pixels = np.arange(given)[None]
    common = np.clip(np.minimum(last, pixels + 1) - np.maximum(first, pixels), 0, None)
    return (common / common.sum(axis=1, keepdims=True)).astype(np.float32)
