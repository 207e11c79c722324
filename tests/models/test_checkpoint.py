"""Checkpoints that are whole, damaged, another's, or have no room."""

from __future__ import annotations

import json
import resource
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from triptych.catalogue.lock import WriterLock
from triptych.errors import CatalogueLocked, TrainingError, UsageError
from triptych.models.checkpoint import Checkpoint, Checkpoints

SETTINGS = {"rate": 0.1, "rates": {"head": 0.2}}


def checkpoint(epoch: int) -> Checkpoint:
    tied = torch.arange(6.0).reshape(2, 3) + epoch
    return Checkpoint(
        weights={"one": tied, "other": tied.T, "count": torch.tensor(epoch)},
        optimiser={"one/odd": {"step": torch.tensor(float(epoch)), "exp_avg": tied / 7}},
        scaling={"scale": 2.0**16},
        rows=[{"epoch": k + 1, "loss": 1 / (k + 3)} for k in range(epoch)],
    )


@pytest.fixture
def held(tmp_path: Path) -> Checkpoints:
    found = Checkpoints(tmp_path, fingerprint="this", settings=SETTINGS)
    for epoch in (1, 2):
        found.write(checkpoint(epoch))
    return found


def other(folder: Path, *, fingerprint: str = "this", **settings: object) -> Checkpoints:
    return Checkpoints(folder, fingerprint=fingerprint, settings={**SETTINGS, **settings})


def test_what_was_written_comes_back(held: Checkpoints) -> None:
    found, wrote = held.last(), checkpoint(2)
    assert found is not None
    assert found.epoch == 2
    assert found.rows == wrote.rows
    assert found.scaling == wrote.scaling
    for name, tensor in wrote.weights.items():
        assert torch.equal(found.weights[name], tensor)
        assert found.weights[name].dtype == tensor.dtype
    assert torch.equal(found.optimiser["one/odd"]["exp_avg"], wrote.optimiser["one/odd"]["exp_avg"])
    assert torch.equal(held.weights(1)["count"], torch.tensor(1))
    assert Checkpoints(held.folder / "cache", fingerprint="this", settings={}).folder.exists() is False


def test_tidying_leaves_what_is_kept_and_what_is_not_ours(held: Checkpoints) -> None:
    strangers = {"epoch-0001.txt", "model.safetensors", ".other.draft"}
    for name in strangers | {".epoch-0003.safetensors.draft", "epoch-0003.safetensors"}:
        (held.folder / name).write_text("")
    held.tidy(None)
    both = {f"epoch-000{k}.{kind}" for k in (1, 2) for kind in ("json", "safetensors")}
    assert {path.name for path in held.folder.iterdir()} == both | strangers | {"epochs.jsonl"}
    held.tidy({2})
    assert {path.name for path in held.folder.glob("epoch-*")} == {
        "epoch-0001.txt",
        "epoch-0002.json",
        "epoch-0002.safetensors",
    }


def test_an_epoch_without_a_manifest_was_never_finished(held: Checkpoints) -> None:
    (held.folder / "epoch-0002.json").unlink()
    found = held.last()
    assert found is not None
    assert found.epoch == 1


def test_those_of_another_are_refused(held: Checkpoints) -> None:
    with pytest.raises(UsageError, match=r"of another task \(this, not that\)"):
        other(held.folder, fingerprint="that").last()
    with pytest.raises(UsageError, match=r"other settings: clip None and now 1.0, rate 0.1 and now 0.5\. Go on"):
        other(held.folder, clip=1.0, rate=0.5).last()
    (held.folder / "epoch-0003.json").write_text('{"epoch": 3}')
    with pytest.raises(UsageError, match="is not a checkpoint of Triptych"):
        held.last()
    body = json.loads((held.folder / "epoch-0002.json").read_text())
    (held.folder / "epoch-0003.json").write_text(json.dumps({**body, "format": 9}))
    with pytest.raises(UsageError, match="is of format 9"):
        held.last()


def flip(body: bytes) -> bytes:
    return body[:-1] + bytes([body[-1] ^ 1])


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("epoch-0002.safetensors", flip, "is damaged"),
        ("epoch-0002.safetensors", lambda body: body[:50], "is damaged: it has 50 bytes of"),
        ("epoch-0002.safetensors", None, "No such file"),
        ("epoch-0002.json", lambda body: body[:50], "cannot be read"),
    ],
)
def test_a_damaged_one_is_told_of(
    held: Checkpoints, name: str, change: Callable[[bytes], bytes] | None, said: str
) -> None:
    path = held.folder / name
    body = path.read_bytes()
    path.unlink()
    if change is not None:
        path.write_bytes(change(body))
    with pytest.raises(TrainingError, match=rf"{said}.*remove both files of that epoch to go on from an earlier one"):
        held.last()
    for file in held.folder.glob("epoch-0002.*"):
        file.unlink()
    found = held.last()
    assert found is not None
    assert found.epoch == 1


def test_where_there_is_no_room_what_stood_stands(held: Checkpoints) -> None:
    before = {path.name: path.read_bytes() for path in held.folder.iterdir()}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, hard))
    try:
        with pytest.raises(TrainingError, match=r"epoch-0003.safetensors' cannot be written: .* make room"):
            held.write(checkpoint(3))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert {path.name: path.read_bytes() for path in held.folder.iterdir()} == before


def test_one_process_trains_into_a_folder(tmp_path: Path) -> None:
    lock = WriterLock(tmp_path / ".lock")
    lock.take("training")
    try:
        with (
            pytest.raises(CatalogueLocked, match="is being written by process"),
            Checkpoints(tmp_path, fingerprint="this", settings={}).held(),
        ):
            pass
    finally:
        lock.release()
    with Checkpoints(tmp_path / "new" / "folder", fingerprint="this", settings={}).held():
        assert (tmp_path / "new" / "folder").is_dir()
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(UsageError, match="is a file"),
        Checkpoints(tmp_path / "file", fingerprint="this", settings={}).held(),
    ):
        pass
