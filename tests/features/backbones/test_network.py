"""Network: one loading path for all families, the numbers of transformers by hand, the same bits whatever the rest."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.worlds.weights import tiny
from triptych.errors import ExtractionError, UsageError
from triptych.features.backbones import network
from triptych.features.backbones.network import load, preparation_of
from triptych.features.backbones.weights import describe

FAMILIES = {"dinov2": "dinov2", "resnet": "resnet", "mobilenet_v2": "mobilenetv2", "alexnet": "alexnet"}


def pictures(count: int = 5, *, side: int = 64) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, side, side * 3 // 2, 3), np.uint8)


def vectors(family: str, rgb: np.ndarray, *, batch: int = 2, dtype: str = "float32", token: str = "cls") -> np.ndarray:
    weights = describe(str(tiny(FAMILIES[family])))
    preparation = preparation_of(family, weights)
    return load(family, weights, dtype=dtype).vectors(rgb, preparation=preparation, batch=batch, token=token)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_pictures_give_the_same_bits_and_the_batch_moves_the_last_ones_at_most(family: str) -> None:
    rgb = pictures(side=256 if family == "alexnet" else 64)
    found = vectors(family, rgb)
    assert found.dtype == np.float32
    assert np.abs(found).max() > 0.1
    assert vectors(family, rgb).tobytes() == found.tobytes()
    np.testing.assert_allclose(vectors(family, rgb, batch=5), found, rtol=0, atol=1e-4)
    assert vectors(family, rgb[:0]).shape == (0, found.shape[1])


@pytest.mark.parametrize("family", FAMILIES)
def test_the_count_of_threads_moves_no_bit_and_is_put_back(family: str) -> None:
    rgb = pictures(side=256 if family == "alexnet" else 64)
    before = torch.get_num_threads()
    try:
        found = []
        for threads in (1, 2):
            torch.set_num_threads(threads)
            found.append(vectors(family, rgb).tobytes())
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert found[0] == found[1]


@pytest.mark.parametrize("family", FAMILIES)
def test_bfloat16_is_near(family: str) -> None:
    rgb = pictures(side=256 if family == "alexnet" else 64)
    full, short = vectors(family, rgb), vectors(family, rgb, dtype="bfloat16")
    assert short.dtype == np.float32
    cosine = (full * short).sum(1) / np.linalg.norm(full, axis=1) / np.linalg.norm(short, axis=1)
    assert cosine.min() > 0.99
    assert full.tobytes() != short.tobytes()


def test_loaded_once_for_the_same_content_wherever_it_lies(tmp_path: Path) -> None:
    elsewhere = shutil.copytree(tiny("dinov2"), tmp_path / "elsewhere")
    here = load("dinov2", describe(str(tiny("dinov2"))))
    assert load("dinov2", describe(str(elsewhere))) is here


def test_files_are_verified_before_they_are_loaded(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny("dinov2"), tmp_path / "changed"))
    (folder / "config.json").write_text((folder / "config.json").read_text() + "\n")
    weights = describe(str(folder))
    (folder / "config.json").write_text((folder / "config.json").read_text() + "\n\n")
    with pytest.raises(ExtractionError, match="not the one that was expected"):
        load("dinov2", weights)


def test_tensors_that_are_not_there_are_no_random_numbers(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = Path(shutil.copytree(tiny("dinov2"), tmp_path / "lacking"))
    tensors = load_file(folder / "model.safetensors")
    del tensors["layernorm.weight"]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ExtractionError, match=r"lack 1 of the tensors that config\.json asks for, 'layernorm\.weight'"):
        load("dinov2", describe(str(folder)))
    (folder / "model.safetensors").write_bytes(b"nothing of the kind")
    with pytest.raises(ExtractionError, match="cannot be loaded"):
        load("dinov2", describe(str(folder)))


def test_weights_of_another_family_are_refused() -> None:
    with pytest.raises(UsageError, match="are of the model_type 'resnet'; 'dinov2' is due"):
        preparation_of("dinov2", describe(str(tiny("resnet"))))
    with pytest.raises(UsageError, match="AlexNet's weights are one file"):
        preparation_of("alexnet", describe(str(tiny("resnet"))))
    with pytest.raises(UsageError, match="of the family resnet are a folder"):
        preparation_of("resnet", describe(str(tiny("alexnet"))))


@pytest.mark.parametrize("device", ["gpu", "cuda:", "cuda:x", "CPU", ""])
def test_what_is_no_device_is_refused(device: str) -> None:
    with pytest.raises(UsageError, match=f"the device is '{device}'; it may be cpu, cuda"):
        network.named(device)


@pytest.mark.parametrize("device", ["cuda:117", "mps"])
def test_a_device_that_is_not_there_is_an_error_and_no_other_is_taken(device: str) -> None:
    if device == "mps" and torch.backends.mps.is_available():
        device = "cuda"
    with pytest.raises(UsageError, match=rf"the device is '{device}', and torch finds none.*it may be cpu"):
        load("dinov2", describe(str(tiny("dinov2"))), device)


def test_code_that_a_folder_names_is_not_run(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny("dinov2"), tmp_path / "coded"))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"auto_map": {"AutoModel": "own.Model"}}))
    (folder / "own.py").write_text(f"open({str(tmp_path / 'trace')!r}, 'w')\n")
    assert load("dinov2", describe(str(folder))).width == 32
    assert not (tmp_path / "trace").exists()


def test_weights_that_make_nan_are_an_error(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = Path(shutil.copytree(tiny("dinov2"), tmp_path / "broken"))
    tensors = load_file(folder / "model.safetensors")
    tensors["layernorm.bias"][3] = float("nan")
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    weights = describe(str(folder))
    with pytest.raises(ExtractionError, match="makes NaN or infinity of 5 of 5 pictures in float32"):
        load("dinov2", weights).vectors(pictures(), preparation=preparation_of("dinov2", weights), batch=2)


def test_a_config_cannot_send_to_a_file_that_is_not_in_the_recipe(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny("dinov2"), tmp_path / "sent"))
    shutil.copy(folder / "model.safetensors", folder / "other.safetensors")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"transformers_weights": "other.safetensors"}))
    with pytest.raises(ExtractionError, match="cannot be loaded") as caught:
        load("dinov2", describe(str(folder)))
    assert "triptych-weights-" not in str(caught.value)
