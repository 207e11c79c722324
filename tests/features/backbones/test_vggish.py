"""VGGish: torchvggish's names and shapes, its layers and AudioSet's whitening by hand, and files that run nothing."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from tests.worlds.weights import NARROW_VGGISH, vggish_tensors, vggish_whitening
from triptych.errors import ExtractionError
from triptych.features.backbones import state_dict, vggish

WIDTH = NARROW_VGGISH[-1]


def read(path: Path) -> object:
    return state_dict.read(path, of="VGGish's weights", again=vggish.URL)


def by_hand(examples: torch.Tensor, tensors: dict[str, torch.Tensor]) -> torch.Tensor:
    """Hershey's network layer by layer, channels laid out last as TensorFlow has them, to the last ReLU."""
    at = examples
    for k, halved in ((0, True), (3, True), (6, False), (8, True), (11, False), (13, True)):
        weight, bias = tensors[f"features.{k}.weight"], tensors[f"features.{k}.bias"]
        at = functional.conv2d(at, weight, bias, padding=1).clamp(min=0)
        at = functional.max_pool2d(at, 2) if halved else at
    rows = torch.stack([torch.cat([one[:, y, x] for y in range(6) for x in range(4)]) for one in at])
    for k in (0, 2, 4):
        rows = (rows @ tensors[f"embeddings.{k}.weight"].T + tensors[f"embeddings.{k}.bias"]).clamp(min=0)
    return rows


@pytest.mark.parametrize("kind", ["plain.pth", "older.pth", "tensors.safetensors"])
def test_equals_its_layers_by_hand(tmp_path: Path, kind: str) -> None:
    tensors, file = vggish_tensors(), tmp_path / kind
    if file.suffix == ".safetensors":
        from safetensors.torch import save_file

        save_file(tensors, file)
    else:
        torch.save(tensors, file, _use_new_zipfile_serialization=kind == "plain.pth")
    examples = torch.randn((3, 1, 96, 64), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        found = vggish.network(read(file))(examples).numpy()
        due = by_hand(examples, tensors).numpy()
        signed = vggish.network(tensors, rectified=False)(examples).numpy()
    assert found.shape == (3, WIDTH)
    assert due.std() > 0.1
    np.testing.assert_allclose(found, due, rtol=0, atol=1e-5)
    assert signed.min() < -0.1
    np.testing.assert_array_equal(signed.clip(min=0), found)


def test_the_published_shapes_pass() -> None:
    vggish.check(vggish.PUBLISHED_SHAPES, where="the file")
    assert sum(math.prod(shape) for shape in vggish.PUBLISHED_SHAPES.values()) == 72_141_184
    names = {name.rpartition(".")[0] for name in vggish.PUBLISHED_SHAPES}
    assert names == {f"features.{k}" for k in (0, 3, 6, 8, 11, 13)} | {f"embeddings.{k}" for k in (0, 2, 4)}


def test_names_that_do_not_belong_are_named() -> None:
    tensors = vggish_tensors()
    del tensors["embeddings.2.bias"]
    with pytest.raises(ExtractionError, match=r"vgg\.pth lacks 'embeddings\.2\.bias': it is no state dict of torchvgg"):
        vggish.network(tensors, where="vgg.pth")
    for foreign in ("features.16.weight", "pproc.pca_matrix", "pca_means"):
        with pytest.raises(ExtractionError, match=f"has '{foreign}'"):
            vggish.network({**vggish_tensors(), foreign: torch.zeros(1)})


@pytest.mark.parametrize(
    ("name", "shape", "due"),
    [
        ("features.0.weight", (4, 3, 3, 3), r"\[4, 1, 3, 3\] is due"),
        ("features.11.weight", (10, 5, 3, 3), r"\[10, 8, 3, 3\] is due"),
        ("embeddings.0.weight", (24, 9), r"\[24, 240\] is due"),
        ("embeddings.4.bias", (), r"embeddings\.4\.weight"),
    ],
)
def test_shapes_that_do_not_fit_are_named(name: str, shape: tuple[int, ...], due: str) -> None:
    with pytest.raises(ExtractionError, match=due):
        vggish.network({**vggish_tensors(), name: torch.zeros(shape)})


def test_a_file_that_would_run_code_is_refused_and_runs_none(tmp_path: Path) -> None:
    trace = tmp_path / "trace"

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str, str]]:
            return open, (str(trace), "w")

    for archived in (True, False):
        trap = {"features.0.weight": Trap(), "pca_means": np.zeros(2)}
        torch.save(trap, tmp_path / "trap.pth", _use_new_zipfile_serialization=archived)
        with pytest.raises(ExtractionError, match=r"cannot be read from .*trap\.pth.*Fetch the file again from https"):
            read(tmp_path / "trap.pth")
    objects = {"pca_means": np.array([Trap()], dtype=object)}
    torch.save(objects, tmp_path / "objects.pth")
    np.savez(tmp_path / "objects.npz", **objects)
    for name in ("objects.pth", "objects.npz"):
        with pytest.raises(ExtractionError, match="cannot be read"):
            read(tmp_path / name)
    assert not trace.exists()


def test_files_of_another_kind_are_refused(tmp_path: Path) -> None:
    for name in ("a.pth", "b.safetensors", "c.npz"):
        (tmp_path / name).write_bytes(b"no weights")
        with pytest.raises(ExtractionError, match=f"cannot be read from .*{name}"):
            read(tmp_path / name)
    torch.save([1, 2], tmp_path / "d.pth")
    with pytest.raises(ExtractionError, match="holds a list; a state dict is due"):
        read(tmp_path / "d.pth")
    torch.save({"epoch": 3, "state_dict": {}}, tmp_path / "checkpoint.pth")
    with pytest.raises(ExtractionError, match="it is no state dict of torchvggish's VGGish"):
        vggish.network(state_dict.read(tmp_path / "checkpoint.pth", of="x", again="y"))


# Whitening


@pytest.mark.parametrize("kind", ["arrays.pth", "older.pth", "oldest.pth", "tensors.safetensors", "published.npz"])
def test_the_whitening_is_read_from_all_that_it_is_published_as(tmp_path: Path, kind: str) -> None:
    arrays, file = vggish_whitening(), tmp_path / kind
    if kind == "published.npz":
        np.savez(file, **arrays)
    elif kind == "tensors.safetensors":
        from safetensors.torch import save_file

        save_file({name: torch.from_numpy(array) for name, array in arrays.items()}, file)
    else:
        torch.save(arrays, file, _use_new_zipfile_serialization=kind == "arrays.pth")
    if kind == "oldest.pth":  # as numpy called its places before version 2
        file.write_bytes(file.read_bytes().replace(b"numpy._core.multiarray", b"numpy.core.multiarray"))
    found = vggish.whitening(read(file), width=WIDTH)
    np.testing.assert_array_equal(found.vectors, arrays["pca_eigen_vectors"])
    np.testing.assert_array_equal(found.means, arrays["pca_means"])
    assert state_dict.mentions(file, "pca_means")
    assert not state_dict.mentions(file, "pproc.pca_means")


def test_whitening_and_network_may_share_a_file() -> None:
    arrays = vggish_whitening()
    beside = {f"pproc.{name}": torch.from_numpy(array) for name, array in arrays.items()}
    beside["pproc.pca_means"] = beside["pproc.pca_means"][:, None]
    tensors = {**vggish_tensors(), **beside}
    np.testing.assert_array_equal(vggish.whitening(tensors, width=WIDTH).means, arrays["pca_means"])
    alone, both = vggish.network(vggish_tensors()), vggish.network(tensors)
    assert all(torch.equal(a, b) for a, b in zip(alone.parameters(), both.parameters(), strict=True))


def test_whitening_equals_its_definition_by_loops() -> None:
    arrays = vggish_whitening()
    vectors, means = arrays["pca_eigen_vectors"] * 2, arrays["pca_means"]
    rows = np.random.default_rng(3).normal(size=(5, WIDTH)).astype(np.float32)
    found = vggish.Whitening(vectors=vectors, means=means).apply(rows)
    for row, levels in zip(rows, found, strict=True):
        for i, level in enumerate(levels):
            white = math.fsum(vectors[i, j] * (float(row[j]) - means[j]) for j in range(WIDTH))
            assert level == int((min(max(white, -2.0), 2.0) + 2.0) * 255.0 / 4.0)
    assert found.min() == 0
    assert found.max() == 255
    assert len(np.unique(found)) > 20


def test_a_whitening_that_does_not_fit_is_named() -> None:
    tensors = {name: torch.from_numpy(array) for name, array in vggish_whitening().items()}
    with pytest.raises(ExtractionError, match=r"lacks 'pca_means': .* or leave it: postprocess=no"):
        vggish.whitening({"pca_eigen_vectors": tensors["pca_eigen_vectors"]}, width=WIDTH)
    with pytest.raises(ExtractionError, match=r"lacks 'pproc\.pca_eigen_vectors'"):
        vggish.whitening({**vggish_tensors(), "pproc.pca_means": tensors["pca_means"]}, width=WIDTH)
    with pytest.raises(ExtractionError, match="has 'epoch'"):
        vggish.whitening({**tensors, "epoch": torch.zeros(1)}, width=WIDTH)
    with pytest.raises(ExtractionError, match=r"\[128, 128\] and \[128\] are due for embeddings of 128 numbers"):
        vggish.whitening(tensors, width=128)
