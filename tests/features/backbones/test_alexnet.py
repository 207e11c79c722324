"""AlexNet: torchvision's names and shapes, the same numbers as its layers give one by one."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from tests.worlds.weights import NARROW, alexnet_tensors, save_alexnet
from triptych.errors import ExtractionError
from triptych.features.backbones import alexnet


def by_hand(pixels: torch.Tensor, tensors: dict[str, torch.Tensor]) -> torch.Tensor:
    """Krizhevsky's network in torchvision's measures, layer by layer, to the second wide layer after its ReLU."""

    def bent(at: torch.Tensor, k: int, stride: int = 1, padding: int = 1) -> torch.Tensor:
        weight, bias = tensors[f"features.{k}.weight"], tensors[f"features.{k}.bias"]
        return functional.conv2d(at, weight, bias, stride=stride, padding=padding).clamp(min=0)

    at = functional.max_pool2d(bent(pixels, 0, stride=4, padding=2), 3, 2)
    at = functional.max_pool2d(bent(at, 3, padding=2), 3, 2)
    at = functional.max_pool2d(bent(bent(bent(at, 6), 8), 10), 3, 2)
    at = functional.adaptive_avg_pool2d(at, (6, 6)).flatten(1)
    for k in (1, 4):
        at = (at @ tensors[f"classifier.{k}.weight"].T + tensors[f"classifier.{k}.bias"]).clamp(min=0)
    return at


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_equals_its_layers_by_hand(tmp_path: Path, suffix: str) -> None:
    file = save_alexnet(tmp_path / f"alexnet{suffix}")
    pixels = torch.randn((2, 3, 224, 224), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        found = alexnet.network(alexnet.read(file))(pixels).numpy()
        due = by_hand(pixels, alexnet_tensors()).numpy()
    assert found.shape == (2, NARROW[6])
    assert due.std() > 0.1
    np.testing.assert_allclose(found, due, rtol=0, atol=1e-5)


def test_the_published_shapes_pass() -> None:
    alexnet.check(alexnet.PUBLISHED_SHAPES, where="the file")
    assert sum(int(np.prod(shape)) for shape in alexnet.PUBLISHED_SHAPES.values()) == 61_100_840
    names = {name.rpartition(".")[0] for name in alexnet.PUBLISHED_SHAPES}
    assert names == {f"features.{k}" for k in (0, 3, 6, 8, 10)} | {f"classifier.{k}" for k in (1, 4, 6)}


def test_names_that_do_not_belong_are_named() -> None:
    tensors = alexnet_tensors()
    del tensors["classifier.4.bias"]
    with pytest.raises(ExtractionError, match=r"vgg.pth lacks 'classifier.4.bias': it is no state dict of torchvision"):
        alexnet.network(tensors, where="vgg.pth")
    with pytest.raises(ExtractionError, match=r"has 'features.12.weight'"):
        alexnet.network({**alexnet_tensors(), "features.12.weight": torch.zeros(1)})


@pytest.mark.parametrize(
    ("name", "shape", "due"),
    [
        ("features.0.weight", (8, 3, 3, 3), r"\[8, 3, 11, 11\] is due"),
        ("features.6.weight", (16, 5, 3, 3), r"\[16, 12, 3, 3\] is due"),
        ("classifier.1.weight", (64, 9), r"\[64, 432\] is due"),
        ("classifier.4.bias", (), r"classifier.4.weight"),
    ],
)
def test_shapes_that_do_not_fit_are_named(name: str, shape: tuple[int, ...], due: str) -> None:
    with pytest.raises(ExtractionError, match=due):
        alexnet.network({**alexnet_tensors(), name: torch.zeros(shape)})


def test_a_file_that_would_run_code_is_refused_and_runs_none(tmp_path: Path) -> None:
    trace = tmp_path / "trace"

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str, str]]:
            return open, (str(trace), "w")

    torch.save({"features.0.weight": Trap()}, tmp_path / "trap.pth")
    with pytest.raises(ExtractionError, match=r"cannot be read from .*trap\.pth"):
        alexnet.read(tmp_path / "trap.pth")
    assert not trace.exists()


def test_files_of_another_kind_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.pth").write_bytes(b"no weights")
    (tmp_path / "b.safetensors").write_bytes(b"none either")
    with zipfile.ZipFile(tmp_path / "c.pth", "w") as archive:
        archive.writestr("readme", "nothing")
    for name in ("a.pth", "b.safetensors", "c.pth"):
        with pytest.raises(ExtractionError, match=f"cannot be read from .*{name}.*Fetch them again from https://"):
            alexnet.read(tmp_path / name)
    torch.save([1, 2], tmp_path / "d.pth")
    with pytest.raises(ExtractionError, match="holds a list; a state dict of AlexNet is due"):
        alexnet.read(tmp_path / "d.pth")


def test_a_whole_checkpoint_is_no_state_dict(tmp_path: Path) -> None:
    torch.save({"epoch": 3, "state_dict": {}}, tmp_path / "checkpoint.pth")
    with pytest.raises(ExtractionError, match="it is no state dict of torchvision's AlexNet"):
        alexnet.network(alexnet.read(tmp_path / "checkpoint.pth"))
