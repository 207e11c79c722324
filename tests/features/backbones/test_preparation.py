"""Preparation: pixel for pixel what the published processors make of the reel's pictures."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from tests.worlds.clips import scene, write_clip
from tests.worlds.weights import tiny
from triptych.errors import ExtractionError, UsageError
from triptych.features.backbones.preparation import TORCHVISION, Preparation, published
from triptych.media.loader import open_reel
from triptych.media.reel import Want
from triptych.media.sampling import Sampling

#: What the published weights' own preprocessor_config.json say, as far as it counts.
IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
HALF = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}
BIT: dict[str, Any] = {
    "crop_size": {"height": 224, "width": 224},
    "do_center_crop": True,
    "do_normalize": True,
    "do_rescale": True,
    "do_resize": True,
    "image_processor_type": "BitImageProcessor",
    "resample": 3,
    "rescale_factor": 0.00392156862745098,
    "size": {"shortest_edge": 256},
    **IMAGENET,
}
CONVNEXT: dict[str, Any] = {
    "crop_pct": 0.875,
    "do_normalize": True,
    "do_resize": True,
    "feature_extractor_type": "ConvNextFeatureExtractor",
    "resample": 3,
    "size": 224,
    **IMAGENET,
}
MOBILENETV2: dict[str, Any] = {**BIT, "image_processor_type": "MobileNetV2ImageProcessor", "resample": 2, **HALF}


def applied(preparation: Preparation, rgb: np.ndarray) -> np.ndarray:
    import torch

    return preparation.apply(torch.tensor(rgb), torch.from_numpy(preparation.table())).numpy()


@pytest.fixture(scope="module", params=[1.0, 0.71, 3.0], ids=["96 × 64", "portrait", "larger"])
def pictures(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    """Pictures of a reel, uint8 ``[n, h, w, 3]``, short side 256; where the cut is odd and where it is even."""
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    write_clip(path, picture=scene((200, 90, 40)), seconds=1, scale=request.param)
    sampling = Sampling(count=3, where="all", short_side_px=256)
    reel = open_reel(path, Want(samplings=frozenset({sampling})))
    rgb = reel.frames[sampling].rgb
    assert min(rgb.shape[1:3]) == 256
    return rgb.transpose(0, 2, 1, 3) if request.param < 1 else rgb


@pytest.mark.parametrize("config", [BIT, CONVNEXT, MOBILENETV2], ids=["bit", "convnext", "mobilenetv2"])
def test_pixel_for_pixel_the_published_processors(pictures: np.ndarray, config: dict[str, Any], tmp_path: Path) -> None:
    import transformers

    kind = str(config.get("image_processor_type") or config["feature_extractor_type"])
    stem = kind.removesuffix("ImageProcessor").removesuffix("FeatureExtractor")
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(config))
    processor = getattr(transformers, f"{stem}ImageProcessorPil").from_pretrained(tmp_path)
    due = np.stack(processor(images=list(pictures), return_tensors="np")["pixel_values"])
    found = applied(published(config), pictures)
    assert found.dtype == np.float32
    assert found.shape == (len(pictures), 3, 224, 224)
    np.testing.assert_array_equal(found, due)


@pytest.mark.parametrize("kind", ["dinov2", "resnet", "mobilenetv2"])
def test_what_save_pretrained_writes_is_read(kind: str) -> None:
    found = published(json.loads((tiny(kind) / "preprocessor_config.json").read_text()))
    assert (found.short_side_px, found.crop_px) == (64, 56)


def test_torchvisions_own_pixel_for_pixel(pictures: np.ndarray) -> None:
    """Its functions, written out: CenterCrop rounds half to even; ToTensor and Normalize in float32."""
    import torch

    tall, wide = pictures.shape[1:3]
    top, left = round((tall - 224) / 2.0), round((wide - 224) / 2.0)
    cut = torch.tensor(pictures[:, top : top + 224, left : left + 224]).permute(0, 3, 1, 2)
    mean = torch.tensor(TORCHVISION.mean).view(3, 1, 1)
    std = torch.tensor(TORCHVISION.std).view(3, 1, 1)
    due = cut.to(torch.float32).div(255).sub(mean).div(std).numpy()
    np.testing.assert_array_equal(applied(TORCHVISION, pictures), due)


def test_an_odd_pixel_is_cut_as_each_library_cuts_it() -> None:
    picture = np.zeros((1, 6, 9, 3), np.uint8)
    picture[:] = np.arange(9)[None, None, :, None]
    plain = {"short_side_px": 6, "crop_px": 6, "mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0), "scale": 1.0}
    assert applied(Preparation(**plain), picture)[0, 0, 0].tolist() == [1, 2, 3, 4, 5, 6]
    assert applied(Preparation(**plain, odd="even"), picture)[0, 0, 0].tolist() == [2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("shape", [(224, 398), (398, 224), (256, 341), (224, 224)])
def test_squashed_is_the_area_mean(shape: tuple[int, int]) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (2, *shape, 3), np.uint8)
    rgb = np.stack([cv2.GaussianBlur(one, (5, 5), 1) for one in rgb])
    plain = Preparation(
        short_side_px=224, crop_px=224, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), scale=1.0, squash=True
    )
    found = applied(plain, rgb)
    due = np.stack([cv2.resize(one, (224, 224), interpolation=cv2.INTER_AREA) for one in rgb]).transpose(0, 3, 1, 2)
    assert found.shape == (2, 3, 224, 224)
    assert np.abs(found - due).max() <= 1
    assert (found != due).mean() < 0.01  # a half that the one rounds up and the other down


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"image_processor_type": "CLIPImageProcessor"}, "image_processor_type is 'CLIPImageProcessor'"),
        ({"do_resize": False}, "do_resize is false"),
        ({"do_center_crop": False}, "do_center_crop is false"),
        ({"do_pad": True}, "do_pad is true"),
        ({"resample": 0}, "resample is 0; implemented is 1, 2 or 3"),
        ({"size": {"height": 256, "width": 256}}, "size is {'height': 256, 'width': 256}; implemented is one number"),
        ({"crop_size": {"height": 224, "width": 200}}, "crop_size is"),
        ({"image_mean": [0.5]}, "three numbers"),
    ],
)
def test_what_is_not_implemented_is_refused(changed: dict[str, Any], told: str) -> None:
    with pytest.raises(ExtractionError) as caught:
        published({**BIT, **changed})
    assert told in str(caught.value)


def test_what_cannot_be_cut_is_refused() -> None:
    with pytest.raises(UsageError, match="256 × 256 pixels cannot be cut out of pictures whose shorter side is 224"):
        published({**BIT, "size": 224, "crop_size": 256})
    with pytest.raises(ExtractionError, match="size is 384; implemented is below 384"):
        published({**CONVNEXT, "size": 384})


def test_pictures_smaller_than_what_is_cut_out_are_refused_and_not_cut_elsewhere() -> None:
    rgb = torch.zeros((1, 255, 400, 3), dtype=torch.uint8)
    small = replace(TORCHVISION, crop_px=256)
    with pytest.raises(ExtractionError, match="cannot be cut out of pictures of 400 × 255"):
        small.apply(rgb, torch.from_numpy(small.table()))


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"image_std": [0.5, 0, 0.5]}, "three numbers above 0"),
        ({"image_mean": [0.5, "a", 0.5]}, "image_mean holds 'a'; implemented is a finite number"),
        ({"rescale_factor": float("nan")}, "rescale_factor holds nan"),
        ({"crop_pct": 0}, "crop_pct is 0.0"),
    ],
)
def test_numbers_that_would_make_nan_are_refused(changed: dict[str, Any], told: str) -> None:
    with pytest.raises(ExtractionError, match=told):
        published({"image_processor_type": "ConvNextImageProcessor", "size": 224, **changed})
