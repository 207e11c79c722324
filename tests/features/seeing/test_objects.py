"""Objects: the numbers of transformers by hand, one detection for vector and sequence, and the extractor contract."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.contracts.extractor import PLACES, ExtractorContract, Make, opened, reel_of
from tests.worlds.weights import LABELS, tiny
from triptych.errors import ExtractionError, TriptychError, UnknownName, UsageError
from triptych.features.backbones import detector
from triptych.features.backbones.running import quiet
from triptych.features.backbones.weights import describe
from triptych.features.extractor import Extractor, Showing
from triptych.features.feature import Feature
from triptych.features.pooling import MEAN_STD, Pooling
from triptych.features.recipe import Recipe
from triptych.features.seeing.objects import Objects, detections_of, objects, objects_frames, slugs, top_objects
from triptych.media.reel import Reel, Want
from triptych.media.sampling import TWO_PASS

#: Tiny random weights are sure of nothing.
LOW = 0.3
#: COCO's way: a number without an object between the others.
GAPPED = {0: "N/A", 1: "person", 2: "N/A", 3: "traffic light"}


def made(make: Callable[..., Objects] = objects, **params: Any) -> Objects:
    return make(**{"weights": tiny("yolos"), "short_side_px": 64, "threshold": LOW, **params})


def measured(extractor: Objects, reel: Reel) -> Feature:
    [feature] = extractor.extract([Showing(item=PLACES["both"], reel=reel)])
    assert feature.values is not None, feature.reason
    return feature


VARIANTS = {
    "vector": (made, {"threshold": 0.35}),
    "subclips": (partial(made, pooling=Pooling(parts=3, statistic="mean")), {"pooling": MEAN_STD}),
    "frames": (partial(made, objects_frames), {"short_side_px": 48}),
}


class TestContract(ExtractorContract):
    @pytest.fixture(scope="class", params=sorted(VARIANTS))
    @classmethod
    def variant(cls, request: pytest.FixtureRequest) -> tuple[Make, dict[str, Any]]:
        return VARIANTS[request.param]

    @pytest.fixture(scope="class")
    @classmethod
    def make(cls, variant: tuple[Make, dict[str, Any]]) -> Make:
        return variant[0]

    @pytest.fixture(scope="class")
    @classmethod
    def changed(cls, variant: tuple[Callable[..., Extractor], dict[str, Any]]) -> Extractor | None:
        make, params = variant
        return make(**params)


@lru_cache(maxsize=1)
def _shelf() -> Path:
    return Path(tiny("yolos")).parent


@lru_cache(maxsize=4)
def folder(kind: str) -> Path:
    """A tiny detector of one family, beside the others: yolos, detr or rt_detr."""
    if kind == "yolos":
        return tiny("yolos")
    import torch
    import transformers

    torch.manual_seed(7)
    narrow: dict[str, Any] = {"embedding_size": 8, "hidden_sizes": [8, 16, 24, 32], "depths": [1, 1, 1, 1]}
    layers = dict.fromkeys(("encoder_layers", "decoder_layers"), 1)
    heads = dict.fromkeys(("encoder_attention_heads", "decoder_attention_heads"), 2)
    wide = dict.fromkeys(("encoder_ffn_dim", "decoder_ffn_dim"), 16)
    made: Any
    if kind == "detr":
        backbone: Any = transformers.ResNetConfig(**narrow, out_features=["stage4"])
        config: Any = transformers.DetrConfig(
            backbone_config=backbone, d_model=16, num_queries=6, id2label=GAPPED, **layers, **heads, **wide
        )
        made = transformers.DetrForObjectDetection(config)
        processor: Any = transformers.DetrImageProcessorPil(size={"shortest_edge": 64, "longest_edge": 120})
    else:
        backbone = transformers.RTDetrResNetConfig(**narrow, out_features=["stage2", "stage3", "stage4"])
        config = transformers.RTDetrConfig(
            backbone_config=backbone,
            encoder_in_channels=[16, 24, 32],
            decoder_in_channels=[32, 32, 32],
            encoder_hidden_dim=32,
            d_model=32,
            num_queries=10,
            id2label=LABELS,
            **layers,
            **heads,
            **wide,
        )
        made = transformers.RTDetrForObjectDetection(config)
        processor = transformers.RTDetrImageProcessorPil(size={"height": 64, "width": 64})
    at = _shelf() / f"objects-{kind}"
    with torch.no_grad():
        for name, tensor in made.named_parameters():
            if "class" in name:
                # So that labels and scores differ from place to place, and some are above the threshold.
                tensor.normal_(0, 0.3)
    with quiet():
        made.save_pretrained(at)
        processor.save_pretrained(at)
    return at


#: Shorter sides: the same as the processor's, and one that it would enlarge, and one that it makes smaller.
SIDES = [("yolos", 64), ("yolos", 48), ("yolos", 90), ("detr", 64), ("detr", 40), ("rt_detr", 64), ("rt_detr", 90)]


@pytest.mark.parametrize(("kind", "side_px"), SIDES)
def test_what_is_found_is_what_transformers_finds_by_hand(kind: str, side_px: int) -> None:
    import torch
    import transformers
    from PIL import Image

    at = folder(kind)
    extractor = objects(weights=at, short_side_px=side_px, threshold=LOW, batch=1)
    reel = reel_of("both", extractor.needs.want)
    frames = reel.frames_of(extractor.sampling)
    assert frames is not None
    names: dict[str, tuple[Any, Any]] = {
        "yolos": (transformers.YolosForObjectDetection, transformers.YolosImageProcessorPil),
        "detr": (transformers.DetrForObjectDetection, transformers.DetrImageProcessorPil),
        "rt_detr": (transformers.RTDetrForObjectDetection, transformers.RTDetrImageProcessorPil),
    }
    model, processor = (one.from_pretrained(at) for one in names[kind])
    if side_px < 64 and kind != "rt_detr":
        processor.size = {"shortest_edge": side_px, "longest_edge": processor.size["longest_edge"]}
    known = [number for number, _ in extractor.labels]
    detections = detections_of(reel, extractor.weights, extractor.sampling, LOW, "cpu", "float32", 1)
    assert len(detections.pictures) == len(frames)
    assert sum(len(found) for found in detections.pictures) > 0
    height, width = frames.rgb.shape[1:3]
    for rgb, found in zip(frames.rgb[::9], detections.pictures[::9], strict=True):
        ready = processor(images=Image.fromarray(rgb), return_tensors="pt")
        with torch.inference_mode():
            if kind == "yolos":
                told = model(pixel_values=ready["pixel_values"])
            else:
                told = model(**ready)
        [by_hand] = processor.post_process_object_detection(told, threshold=LOW, target_sizes=[(height, width)])
        kept = np.isin(by_hand["labels"].numpy(), known)
        assert found.labels.tolist() == by_hand["labels"].numpy()[kept].tolist()
        assert found.scores == pytest.approx(by_hand["scores"].numpy()[kept], abs=1e-5)
        corners = np.clip(by_hand["boxes"].numpy()[kept] / (width, height, width, height), 0, 1)
        assert found.boxes[:, :2] == pytest.approx(corners[:, :2], abs=1e-5)
        assert found.boxes[:, :2] + found.boxes[:, 2:] == pytest.approx(corners[:, 2:], abs=1e-5)


def test_the_vector_counts_what_was_found() -> None:
    extractor = made()
    reel = reel_of("both", extractor.needs.want)
    found = dict(zip(extractor.columns(), measured(extractor, reel).values, strict=True))
    detections = detections_of(reel, extractor.weights, extractor.sampling, LOW, "cpu", "float32", 4)
    for number, label in LABELS.items():
        counts = [int((one.labels == number).sum()) for one in detections.pictures]
        areas = [
            max((float(w * h) for _, _, w, h in one.boxes[one.labels == number]), default=0.0)
            for one in detections.pictures
        ]
        assert found[f"{label}_share_mean"] == pytest.approx(np.mean(np.array(counts) > 0))
        assert found[f"{label}_count_mean"] == pytest.approx(np.mean(counts))
        assert found[f"{label}_area_mean"] == pytest.approx(np.mean(areas), abs=1e-6)
    assert sum(found[f"{label}_share_mean"] for label in LABELS.values()) > 0


def test_the_sequence_holds_the_counts_of_each_picture_and_costs_no_second_run() -> None:
    vector, sequence = made(), made(objects_frames)
    assert vector.needs == sequence.needs
    reel = opened("both", vector.needs.want)
    pooled, each = measured(vector, reel), measured(sequence, reel)
    assert each.values is not None
    assert sequence.columns() == tuple(f"{label}_count" for label in LABELS.values())
    frames = reel.frames_of(vector.sampling)
    assert frames is not None
    assert each.times_s is not None
    assert each.times_s.tolist() == frames.times_s.tolist()
    named = dict(zip(vector.columns(), pooled.values, strict=True))
    assert each.values.mean(axis=0) == pytest.approx([named[f"{label}_count_mean"] for label in LABELS.values()])
    asked = (vector.weights, vector.sampling, LOW, "cpu", "float32", vector.batch)
    assert reel.once(detections_of, *asked) is reel.once(detections_of, *asked)
    assert len(reel._known) == 1


def test_a_higher_threshold_finds_less() -> None:
    reel = reel_of("both", made().needs.want)
    counts = [measured(made(objects_frames, threshold=at), reel).values.sum() for at in (0.3, 0.5, 0.8)]
    assert counts[0] > counts[1] > counts[2]


def test_the_batch_moves_the_last_bits_at_most() -> None:
    one, five = made(batch=1), made(batch=5)
    assert one.recipe == five.recipe
    reel = opened("both", one.needs.want)
    assert measured(five, reel).values == pytest.approx(measured(one, reel).values, abs=1e-5)


def test_what_stands_for_no_object_has_no_column() -> None:
    extractor = objects(weights=folder("detr"), short_side_px=64, threshold=LOW)
    assert extractor.labels == ((1, "person"), (3, "traffic light"))
    assert extractor.columns()[:2] == ("person_share_mean", "traffic_light_share_mean")
    assert measured(extractor, reel_of("both", extractor.needs.want)).values.shape == (6,)


def test_its_recipe_says_what_was_looked_for_and_with_what() -> None:
    extractor = made()
    params = extractor.recipe.params
    assert params["labels"] == [[number, label] for number, label in LABELS.items()]
    assert params["threshold"] == LOW
    assert params["weights"] == {"source": "", "revision": "", "sha256": dict(extractor.weights.sha256)}
    assert {"config.json", "model.safetensors", "preprocessor_config.json"} <= set(params["weights"]["sha256"])
    assert str(tiny("yolos")) not in extractor.recipe.to_json()
    assert params["sampling"]["short_side_px"] == 64
    assert made(short_side_px=48).recipe.hash != extractor.recipe.hash
    assert made(sampling=TWO_PASS).recipe.hash != extractor.recipe.hash


def test_top_objects_are_those_in_most_pictures() -> None:
    extractor = made()
    feature = measured(extractor, reel_of("both", extractor.needs.want))
    assert feature.values is not None
    recipe = Recipe.from_json(extractor.recipe.to_json())
    top = top_objects(recipe, feature.values, 3)
    shares = dict(zip(LABELS.values(), feature.values[: len(LABELS)].tolist(), strict=True))
    assert [label for label, _ in top] == sorted((k for k in shares if shares[k]), key=lambda k: -shares[k])[:3]
    assert dict(top).items() <= shares.items()
    assert top_objects(recipe, np.zeros_like(feature.values)) == []
    spread = np.zeros((2, 12), np.float32)
    spread[0, 2] = spread[1, 2] = spread[1, 1] = 1
    assert top_objects(recipe, spread) == [("dog", 1.0), ("car", 0.5)]


@pytest.mark.parametrize(
    "other", [made(pooling=Pooling(statistic="median")), made(objects_frames)], ids=["median", "counts"]
)
def test_top_objects_are_not_read_off_what_does_not_say(other: Objects) -> None:
    with pytest.raises(UsageError, match="read off a mean of shares"):
        top_objects(other.recipe, np.zeros(12, np.float32))


def test_names_of_columns_are_never_the_same() -> None:
    assert slugs(((0, "cat"), (1, "hot dog"))) == ("cat", "hot_dog")
    assert slugs(((0, "cat"), (1, "Cat"), (2, "dog"))) == ("0_cat", "1_cat", "dog")
    assert slugs(((0, "0 cat"), (1, "cat"), (2, "1 cat"), (3, "cat"))) == ("0_0_cat", "1_cat", "2_1_cat", "3_cat")
    assert slugs(((5, "犬"), (6, "猫"))) == ("5", "6")


def copied(to: Path, **changed: Any) -> Path:
    """The tiny detector with other entries in its config.json; None takes one away."""
    shutil.copytree(tiny("yolos"), to)
    config = json.loads((to / "config.json").read_text()) | changed
    (to / "config.json").write_text(json.dumps({name: value for name, value in config.items() if value is not None}))
    return to


@pytest.mark.parametrize(
    ("changed", "fault", "told"),
    [
        ({"architectures": ["YolosModel"]}, UsageError, "are of YolosModel, which finds no objects"),
        ({"architectures": None}, UsageError, "are of no named architecture, which finds no objects"),
        ({"model_type": "owlvit"}, UsageError, "must be told what to look for"),
        ({"id2label": None}, ExtractionError, "do not say what their labels are called"),
        ({"id2label": {"0": "N/A", "1": "no-object"}}, ExtractionError, "do not say what their labels"),
        ({"id2label": {"zero": "cat"}}, ExtractionError, "are not numbered"),
        ({"use_timm_backbone": True, "backbone": "resnet50"}, UsageError, "of the package timm, 'resnet50', which is"),
        ({"backbone_config": {"model_type": "timm_backbone"}}, UsageError, "of the package timm, 'unnamed', which"),
    ],
)
def test_weights_of_no_detector_are_refused_before_any_work(
    tmp_path: Path, changed: dict[str, Any], fault: type[TriptychError], told: str
) -> None:
    with pytest.raises(fault, match=told):
        made(weights=copied(tmp_path / "odd", **changed))


def test_folders_of_something_else_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"are of ResNetForImageClassification, which finds no objects"):
        made(weights=tiny("resnet"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ExtractionError, match=r"has no config\.json"):
        made(weights=tmp_path / "empty")
    with pytest.raises(UsageError, match="are a folder"):
        made(weights=tiny("alexnet"))
    with pytest.raises(UsageError, match="no such folder or file"):
        made(weights=str(tmp_path / "nowhere"))


def test_weights_that_do_not_fit_their_config_are_an_error_and_no_random_numbers(tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    odd = copied(tmp_path / "less")
    tensors = load_file(odd / "model.safetensors")
    del tensors["class_labels_classifier.layers.0.weight"]
    save_file(tensors, odd / "model.safetensors", metadata={"format": "pt"})
    extractor = made(weights=odd)
    with pytest.raises(ExtractionError, match=r"lack \d+ of the tensors"):
        measured(extractor, reel_of("both", extractor.needs.want))
    broken = copied(tmp_path / "cut")
    whole = (broken / "model.safetensors").read_bytes()
    (broken / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    extractor = made(weights=broken)
    with pytest.raises(ExtractionError, match="cannot be loaded"):
        measured(extractor, reel_of("both", extractor.needs.want))


def test_a_processor_of_no_detector_is_refused(tmp_path: Path) -> None:
    odd = copied(tmp_path / "odd")
    shutil.copy(tiny("resnet") / "preprocessor_config.json", odd)
    with pytest.raises(ExtractionError, match="does not say how the network's numbers become boxes"):
        detector.load(describe(str(odd)))


@pytest.mark.parametrize(
    ("params", "fault", "told"),
    [
        ({"threshold": 1.0}, UsageError, "threshold is 1.0"),
        ({"batch": 0}, UsageError, "batch is 0"),
        ({"device": "gpu"}, UsageError, "the device is 'gpu'"),
        ({"dtype": "float16"}, UnknownName, "no dtype 'float16'"),
    ],
)
def test_what_cannot_be_honoured_is_refused(params: dict[str, Any], fault: type[TriptychError], told: str) -> None:
    with pytest.raises(fault, match=told):
        made(**params)


def test_measures_are_checked() -> None:
    with pytest.raises(UnknownName, match="no measure of objects 'size'"):
        replace(made(), measures=("size",))
    with pytest.raises(UsageError, match="no measures were given"):
        replace(made(), measures=())


def test_a_clip_without_pictures_has_no_objects() -> None:
    extractor = made()
    heard = reel_of("heard", Want(samplings=frozenset({extractor.sampling})))
    [feature] = extractor.extract([Showing(item=PLACES["heard"], reel=heard)])
    assert feature.reason == "the clip has no picture track"
    assert detections_of(heard, extractor.weights, extractor.sampling, LOW, "cpu", "float32", 4).pictures == ()


def test_without_the_extra_it_says_what_to_install_and_imports_nothing_heavy() -> None:
    program = f"""
import sys
from triptych.errors import MissingExtra
from triptych.features.seeing.objects import objects
made = objects(weights={str(tiny("yolos"))!r})
made.recipe.hash, made.needs, made.columns()
made.ready()
print([name for name in ("torch", "transformers", "huggingface_hub", "PIL") if name in sys.modules])
for name in ("torch", "PIL"):
    kept = sys.modules.pop(name, None)
    sys.modules[name] = None  # as if it were not installed
    try:
        made.ready()
    except MissingExtra as error:
        print(error)
    del sys.modules[name]
"""
    command = [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}\n{program}"]
    found = subprocess.run(command, capture_output=True, check=True, text=True)
    modules, *told = found.stdout.splitlines()
    assert modules == "[]"
    advice = "which is not installed. Run: pip install 'triptych[deep]'"
    assert told == [
        f"seeing/objects needs the optional package 'torch', {advice}",
        f"seeing/objects needs the optional package 'pillow', {advice}",
    ]


@pytest.mark.parametrize("tensor", ["class_labels_classifier.layers.2.bias", "bbox_predictor.layers.2.bias"])
def test_nan_is_a_fault_and_not_a_picture_without_objects(tmp_path: Path, tensor: str) -> None:
    from safetensors.numpy import load_file, save_file

    odd = copied(tmp_path / "nan")
    tensors = load_file(odd / "model.safetensors")
    tensors[tensor][0] = np.nan
    save_file(tensors, odd / "model.safetensors", metadata={"format": "pt"})
    extractor = made(objects_frames, weights=odd)
    with pytest.raises(ExtractionError, match="the detector makes NaN or infinity"):
        measured(extractor, reel_of("both", extractor.needs.want))


def test_a_processor_that_is_not_in_the_recipe_does_not_decide(tmp_path: Path) -> None:
    folder = copied(tmp_path / "beside")
    plain = made(weights=folder)
    reel = reel_of("both", plain.needs.want)
    found = measured(plain, reel).values
    processor = json.loads((folder / "preprocessor_config.json").read_text()) | {"image_mean": [0.9, 0.1, 0.9]}
    (folder / "processor_config.json").write_text(json.dumps({"image_processor": processor}))
    detector.load.cache_clear()
    again = made(weights=folder)
    assert again.recipe == plain.recipe
    reel = opened("both", again.needs.want)
    assert measured(again, reel).values.tobytes() == found.tobytes()
