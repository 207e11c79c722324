"""Embeddings: the contract, the numbers of transformers by hand, and one network for vector and frames."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.contracts.extractor import PLACES, ExtractorContract, Make, opened
from tests.worlds.weights import tiny
from triptych.errors import FetchError, UnknownName, UsageError
from triptych.features.backbones import network
from triptych.features.backbones.preparation import TORCHVISION
from triptych.features.extractor import Extractor, Showing
from triptych.features.feature import Feature
from triptych.features.measure import wanted
from triptych.features.pooling import Pooling
from triptych.features.seeing import embedding
from triptych.features.seeing.embedding import Embedding
from triptych.media.reel import Reel, Want
from triptych.media.sampling import EACH_SECOND, HALF_SECONDS, PIVOT, TWO_PASS
from triptych.media.subclips import members

#: title → how it is made, and a parameter that counts.
MAKERS: dict[str, tuple[Callable[..., Embedding], str, dict[str, Any]]] = {
    "seeing/dinov2": (embedding.dinov2, "dinov2", {"token": "mean"}),
    "seeing/dinov2-frames": (embedding.dinov2_frames, "dinov2", {"dtype": "bfloat16"}),
    "seeing/resnet50": (embedding.resnet50, "resnet", {"sampling": TWO_PASS}),
    "seeing/resnet50-frames": (embedding.resnet50_frames, "resnet", {"sampling": EACH_SECOND}),
    "seeing/mobilenetv2": (embedding.mobilenetv2, "mobilenetv2", {"squash": True}),
    "seeing/mobilenetv2-frames": (embedding.mobilenetv2_frames, "mobilenetv2", {"squash": True}),
    "seeing/alexnet": (embedding.alexnet, "alexnet", {"pooling": Pooling(statistic="median")}),
    "seeing/alexnet-frames": (embedding.alexnet_frames, "alexnet", {"dtype": "bfloat16"}),
    "seeing/alexnet-subclips": (embedding.alexnet_subclips, "alexnet", {"parts": 10}),
}


def made(title: str, **params: Any) -> Embedding:
    make, kind, _ = MAKERS[title]
    return make(weights=tiny(kind), **params)


def measured(extractor: Extractor, reel: Reel) -> Feature:
    [feature] = extractor.extract([Showing(item=PLACES["both"], reel=reel)])
    assert feature.values is not None, feature.reason
    return feature


VARIANTS = {
    "squashed": partial(made, "seeing/mobilenetv2", squash=True),
    "patches in short floats": partial(made, "seeing/dinov2-frames", token="mean", dtype="bfloat16", batch=3),
}


class TestVariant(ExtractorContract):
    """Beside the built-in ones, which keep the contract as their makers give them."""

    @pytest.fixture(scope="class", params=sorted(VARIANTS))
    @classmethod
    def variant(cls, request: pytest.FixtureRequest) -> str:
        return request.param

    @pytest.fixture(scope="class")
    @classmethod
    def make(cls, variant: str) -> Make:
        return VARIANTS[variant]

    @pytest.fixture(scope="class")
    @classmethod
    def changed(cls, variant: str) -> Extractor | None:
        return made("seeing/mobilenetv2" if variant == "squashed" else "seeing/dinov2-frames")


@pytest.mark.parametrize("title", MAKERS)
def test_each_is_what_its_title_says_and_a_parameter_that_counts_is_in_its_recipe(title: str) -> None:
    assert made(title).recipe.title == title
    assert made(title, **MAKERS[title][2]).recipe.hash != made(title).recipe.hash
    assert made(title).recipe.hash == made(title).recipe.hash


# The same numbers as the library by hand


def by_hand(kind: str, rgb: np.ndarray) -> np.ndarray:
    """What a reader of transformers' manual would write: processor, model, output."""
    import torch
    import transformers

    folder = tiny(kind)
    names = {
        "dinov2": ("BitImageProcessorPil", "Dinov2Model"),
        "resnet": ("ConvNextImageProcessorPil", "ResNetModel"),
        "mobilenetv2": ("MobileNetV2ImageProcessorPil", "MobileNetV2Model"),
    }
    processor, model = (getattr(transformers, name) for name in names[kind])
    inputs = processor.from_pretrained(folder)(images=list(rgb), return_tensors="pt")
    with torch.inference_mode():
        states = model.from_pretrained(folder).eval()(**inputs)
    return (states.last_hidden_state[:, 0] if kind == "dinov2" else states.pooler_output.flatten(1)).numpy()


@pytest.mark.parametrize("title", ["seeing/dinov2", "seeing/resnet50", "seeing/mobilenetv2"])
def test_the_numbers_are_those_of_transformers_by_hand(title: str) -> None:
    vector, frames = made(title), made(f"{title}-frames")
    reel = opened("both", wanted([vector, frames]))
    due = by_hand(MAKERS[title][1], reel.frames[frames.sampling].rgb)
    found = measured(frames, reel)
    assert found.values is not None
    assert due.std() > 0.1
    np.testing.assert_allclose(found.values, due, rtol=0, atol=1e-5)
    np.testing.assert_array_equal(found.times_s, reel.frames[frames.sampling].times_s)
    np.testing.assert_allclose(measured(vector, reel).values, due.mean(axis=0, dtype=np.float64), rtol=0, atol=1e-5)


def test_alexnet_is_its_layers_behind_torchvisions_pixels() -> None:
    import torch

    from tests.features.backbones.test_alexnet import by_hand as layers
    from tests.worlds.weights import alexnet_tensors

    frames = made("seeing/alexnet-frames")
    reel = opened("both", wanted([frames]))
    rgb = torch.tensor(reel.frames[frames.sampling].rgb)
    pixels = TORCHVISION.apply(rgb, torch.from_numpy(TORCHVISION.table()))
    due = layers(pixels, alexnet_tensors()).numpy()
    np.testing.assert_allclose(measured(frames, reel).values, due, rtol=0, atol=1e-5)


def test_the_mean_of_the_patches_is_another_token() -> None:
    import torch
    import transformers

    frames = made("seeing/dinov2-frames", token="mean")
    reel = opened("both", wanted([frames]))
    inputs = transformers.BitImageProcessorPil.from_pretrained(tiny("dinov2"))(
        images=list(reel.frames[frames.sampling].rgb), return_tensors="pt"
    )
    with torch.inference_mode():
        states = transformers.Dinov2Model.from_pretrained(tiny("dinov2")).eval()(**inputs)
    due = states.last_hidden_state[:, 1:].mean(dim=1).numpy()
    np.testing.assert_allclose(measured(frames, reel).values, due, rtol=0, atol=1e-5)


def test_subclips_are_pooled_on_the_borders_of_the_sounds() -> None:
    frames, subclips = made("seeing/alexnet-frames"), made("seeing/alexnet-subclips", parts=4)
    reel = opened("both", wanted([frames, subclips]))
    rows = measured(frames, reel).values
    found = measured(subclips, reel)
    assert rows is not None
    assert found.values is not None
    duration_s = reel.probe.duration_s
    parts = members(reel.frames[frames.sampling].times_s, duration_s, 4)
    due = [np.concatenate([rows[part].mean(axis=0), rows[part].var(axis=0)]) for part in parts]
    np.testing.assert_allclose(found.values, np.stack(due), rtol=0, atol=1e-5)
    np.testing.assert_allclose(found.times_s, (np.arange(4) + 0.5) * duration_s / 4)
    assert subclips.columns()[0] == "alexnet_0000_mean"
    assert subclips.columns()[-1] == "alexnet_0031_var"


# One network, one pass


def test_the_vector_and_the_frames_go_through_the_network_once(monkeypatch: pytest.MonkeyPatch) -> None:
    passes: list[int] = []
    whole = network.Network.vectors

    def counted(self: network.Network, rgb: np.ndarray, **params: Any) -> np.ndarray:
        passes.append(len(rgb))
        return whole(self, rgb, **params)

    monkeypatch.setattr(network.Network, "vectors", counted)
    both = [made("seeing/dinov2"), made("seeing/dinov2-frames")]
    reel = opened("both", wanted(both))
    for extractor in both:
        measured(extractor, reel)
    assert len(passes) == 1
    measured(made("seeing/dinov2", token="mean"), reel)
    assert len(passes) == 2


def test_defaults_are_those_of_the_systems() -> None:
    samplings = {title: made(title).sampling for title in MAKERS}
    for title, due in {"dinov2": TWO_PASS, "resnet50": PIVOT, "mobilenetv2": EACH_SECOND}.items():
        assert samplings[f"seeing/{title}"] == samplings[f"seeing/{title}-frames"] == replace(due, short_side_px=64)
    assert samplings["seeing/alexnet"] == replace(HALF_SECONDS, short_side_px=256)
    assert made("seeing/alexnet-subclips").pooling == Pooling(parts=20, statistic="mean-var")


# What the recipe says


def test_the_recipe_knows_the_weights_and_not_where_they_lie() -> None:
    params = made("seeing/dinov2").recipe.params
    assert params["weights"]["source"] == ""
    assert set(params["weights"]["sha256"]) == {"config.json", "preprocessor_config.json", "model.safetensors"}
    assert str(tiny("dinov2").parent) not in made("seeing/dinov2").recipe.to_json()
    assert params["dtype"] == "float32"
    assert made("seeing/dinov2", batch=3).recipe == made("seeing/dinov2").recipe


def test_bfloat16_is_what_a_gpu_computes_in_and_the_recipe_says_so() -> None:
    # Made for a device that may not be here: that is said when it is to run.
    on_gpu = made("seeing/dinov2", device="cuda:117")
    assert on_gpu.recipe.params["dtype"] == "bfloat16"
    assert on_gpu.recipe == made("seeing/dinov2", dtype="bfloat16").recipe
    assert made("seeing/dinov2", device="cuda:117", dtype="float32").recipe == made("seeing/dinov2").recipe
    with pytest.raises(UsageError, match="the device is 'cuda:117', and torch finds none"):
        on_gpu.ready()


# What is refused


def test_alexnet_says_where_its_weights_are() -> None:
    for make in (embedding.alexnet, embedding.alexnet_frames, embedding.alexnet_subclips):
        with pytest.raises(UsageError, match=r"fetch https://download\.pytorch\.org/models/\S+ \(244 MB\)"):
            make()


def test_another_size_than_the_weights_take_is_refused() -> None:
    made_well = asdict_of(made("seeing/dinov2"))
    with pytest.raises(
        UsageError, match="a sampling of 224 pixels; its weights take pictures whose shorter side is 64"
    ):
        Embedding(**{**made_well, "sampling": TWO_PASS})


@pytest.mark.parametrize(
    ("params", "error", "told"),
    [
        ({"device": "gpu"}, UsageError, "the device is 'gpu'"),
        ({"dtype": "float16"}, UnknownName, "no dtype 'float16'"),
        ({"token": "patch"}, UnknownName, "no token 'patch'"),
        ({"batch": -1}, UsageError, "batch is -1"),
        ({"weights": "dinov2-base"}, UsageError, "seeing/dinov2 has no weights at 'dinov2-base'"),
    ],
)
def test_parameters_that_cannot_be_honoured(params: dict[str, Any], error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        embedding.dinov2(**{"weights": tiny("dinov2"), **params})
    with pytest.raises(UsageError, match="parts is 0"):
        made("seeing/alexnet-subclips", parts=0)


def asdict_of(extractor: Embedding) -> dict[str, Any]:
    return {name: getattr(extractor, name) for name in asdict(extractor)}


def test_making_one_imports_no_torch_and_a_missing_package_is_said_when_it_is_to_run() -> None:
    program = f"""
import sys
sys.modules["torch"] = None  # as if it were not installed
from triptych.errors import MissingExtra
from triptych.features.seeing import embedding
made = embedding.dinov2(weights={str(tiny("dinov2"))!r})
made.recipe.hash, made.needs
print("transformers" in sys.modules, "huggingface_hub" in sys.modules)
try:
    made.ready()
except MissingExtra as error:
    print(error)
sys.modules["huggingface_hub"] = None
try:
    embedding.resnet50()
except MissingExtra as error:
    print(error)
"""
    command = [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}\n{program}"]
    found = subprocess.run(command, capture_output=True, check=True, text=True)
    modules, *told = found.stdout.splitlines()
    assert modules == "False False"
    advice = "which is not installed. Run: pip install 'triptych[deep]'"
    assert told == [
        f"seeing/dinov2 needs the optional package 'torch', {advice}",
        f"seeing/resnet50 needs the optional package 'huggingface-hub', {advice}",
    ]


def test_pictures_that_are_all_alike_and_few_are_no_trouble(tmp_path: Path) -> None:
    from tests.worlds.clips import write_clip
    from triptych.media.loader import open_reel

    path = write_clip(tmp_path / "flat.mp4", picture=lambda _: np.full((64, 96, 3), 120, np.uint8), seconds=0.25)
    for title in MAKERS:
        extractor = made(title)
        reel = open_reel(path, extractor.needs.want)
        assert np.isfinite(measured(extractor, reel).values).all()
    reel = open_reel(path, Want())
    [feature] = made("seeing/dinov2").extract([Showing(item=PLACES["both"])])
    assert feature.reason == "the item has no clip"


def test_no_network_and_no_weights_is_one_sentence_with_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """Through the maker's own way, whatever hub this machine would ask."""
    import huggingface_hub.hf_api

    monkeypatch.setattr(huggingface_hub.hf_api.constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(FetchError, match=r"\(102 MB\) of seeing/resnet50 cannot be fetched.*hf download"):
        embedding.resnet50()


def test_alexnets_weights_are_looked_for_on_no_hub() -> None:
    with pytest.raises(UsageError, match=r"no weights at 'some/alexnet': there is no such file.*Fetch https://"):
        embedding.alexnet(weights="some/alexnet")
