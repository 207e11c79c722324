"""A tiny net with dropout and batch normalisation, trained as the trainer does and as a bare loop does."""

from __future__ import annotations

import importlib.util
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from triptych.errors import TrainingError, UnknownName, UsageError
from triptych.models.descent import Descent, components
from triptych.models.schedule import Plateau
from triptych.models.trainer import Trained, Trainer

#: The task is a file of its own, for a process that is killed trains it too.
SCRIPT = '''
import sys, time
from pathlib import Path
import torch
from torch import nn
from triptych.models.trainer import Trainer

class Noisy:
    """48 points of a line; dropout, batch normalisation, and an order that is drawn."""
    fingerprint, steps = "noisy", 6

    def __init__(self, pause_s=0.0):
        drawn = torch.Generator().manual_seed(7)
        self.x = torch.randn(48, 4, generator=drawn)
        self.y = self.x.sum(1, keepdim=True)
        with torch.random.fork_rng():
            torch.manual_seed(3)
            layers = nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 1)
            self.net, self.pause_s = nn.Sequential(*layers), pause_s

    def to(self, device):
        self.x, self.y = self.x.to(device), self.y.to(device)

    def batches(self, epoch, generator):
        for places in torch.randperm(48, generator=generator).split(8):
            time.sleep(self.pause_s)
            yield places

    def loss(self, places):
        assert self.net.training
        return (self.net(self.x[places]) - self.y[places]).square().mean(), {"items": float(len(places))}

    def judge(self):
        assert not self.net.training and not torch.is_grad_enabled()
        return {"loss": float((self.net(self.x) - self.y).square().mean())}

def trainer(epochs, **settings):
    return Trainer(epochs=epochs, rate=0.01, accumulate=4, clip=1.0, plateau=1, threads=1, **settings)

if __name__ == "__main__":
    trainer(100_000).train(Noisy(pause_s=0.005), folder=Path(sys.argv[1]))
'''


class Plain:
    """Fixed batches of given numbers; ``judged``: the validation losses to tell, by epoch."""

    fingerprint = "plain"

    def __init__(self, sizes: Sequence[int] = (8, 8), *, judged: Sequence[float] = ()) -> None:
        drawn = torch.Generator().manual_seed(1)
        self.x = torch.randn(sum(sizes), 4, generator=drawn)
        self.y = self.x.prod(1, keepdim=True)
        with torch.random.fork_rng():
            torch.manual_seed(2)
            self.net: nn.Module = nn.Sequential()
            self.net.add_module("tower", nn.Linear(4, 6))
            self.net.add_module("bend", nn.Tanh())
            self.net.add_module("head", nn.Linear(6, 1))
        self.sizes, self.judged, self.number = list(sizes), list(judged), 0

    @property
    def steps(self) -> int:
        return len(self.sizes)

    def to(self, device: torch.device) -> None:
        self.x, self.y = self.x.to(device), self.y.to(device)

    def batches(self, epoch: int, generator: torch.Generator) -> Iterator[Any]:
        self.number = epoch
        yield from zip(self.x.split(self.sizes), self.y.split(self.sizes), strict=True)

    def loss(self, batch: Any) -> tuple[torch.Tensor, Mapping[str, float]]:
        return (self.net(batch[0]) - batch[1]).square().mean(), {}

    def judge(self) -> Mapping[str, float]:
        return {"loss": self.judged[self.number - 1] if self.judged else 1 / self.number}


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("script") / "noisy.py"
    path.write_text(SCRIPT)
    return path


@pytest.fixture(scope="module")
def noisy(script: Path) -> Any:
    found = importlib.util.spec_from_file_location("noisy", script)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def same(net: nn.Module, other: nn.Module) -> bool:
    theirs = other.state_dict()
    return all(torch.equal(tensor, theirs[name]) for name, tensor in net.state_dict().items())


def figures(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Without the clock's."""
    return [{k: value for k, value in row.items() if not k.endswith("_s") and k != "seconds"} for row in rows]


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "epochs.jsonl").read_text().splitlines()]


def reference(task: Plain, epochs: int, groups: Any, *, clip: float | None = None) -> list[float]:
    """A bare loop on the same batches; the norms of its gradients."""
    optimiser, norms = torch.optim.AdamW(groups, lr=1e-3, weight_decay=0.01), list[float]()
    for _ in range(epochs):
        for batch in task.batches(1, torch.Generator()):
            optimiser.zero_grad()
            task.loss(batch)[0].backward()
            norm = nn.utils.clip_grad_norm_(task.net.parameters(), float("inf") if clip is None else clip)
            norms.append(float(norm))
            optimiser.step()
    return norms


def close(net: nn.Module, other: nn.Module, within: float) -> bool:
    pairs = zip(net.parameters(), other.parameters(), strict=True)
    return all(float((a - b).detach().abs().max()) <= within for a, b in pairs)


# Going on


def test_a_run_goes_on_from_any_epoch_to_the_same_bits(noisy: Any, tmp_path: Path) -> None:
    before, whole = torch.get_rng_state(), noisy.Noisy()
    seen: list[int] = []

    def after(number: int, net: nn.Module) -> Mapping[str, Any]:
        assert not net.training
        assert not torch.is_grad_enabled()
        seen.append(number)
        return {"drawn": float(torch.rand(()))}

    through: Trained = noisy.trainer(5, keep="all").train(whole, folder=tmp_path / "whole", after_epoch=after)
    assert torch.equal(before, torch.get_rng_state())
    assert [row["items"] for row in through.epochs] == [8.0] * 5
    assert lines(tmp_path / "whole") == list(through.epochs)
    told: list[tuple[str, int, int]] = []

    def report(title: str, done: int, of: int) -> None:
        told.append((title, done, of))

    final = (tmp_path / "whole" / "epoch-0005.safetensors").read_bytes()
    for k in range(1, 6):
        folder = tmp_path / f"from-{k}"
        folder.mkdir()
        for number in range(1, k + 1):
            for kind in ("json", "safetensors"):
                shutil.copy(tmp_path / "whole" / f"epoch-{number:04d}.{kind}", folder)
        # What a kill may leave: tensors without a manifest, drafts, a line too few.
        (folder / f"epoch-{k + 1:04d}.safetensors").write_bytes(final[:100])
        (folder / f".epoch-{k + 1:04d}.json.draft").write_text('{"kind"')
        (folder / "epochs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in through.epochs[: k - 1]))
        (folder / "notes.txt").write_text("not ours")
        seen.clear()
        told.clear()
        again = noisy.Noisy()
        torch.manual_seed(k)  # torch's own generator is of no account
        went = noisy.trainer(5).train(again, folder=folder, after_epoch=after, report=report)
        assert seen == list(range(k + 1, 6))
        assert told == [("training", number, 5) for number in range(k, 6)]
        assert same(again.net, whole.net)
        assert not again.net.training
        assert went.best == through.best
        assert figures(went.epochs) == figures(through.epochs)
        assert lines(folder) == list(went.epochs)
        assert (folder / "epoch-0005.safetensors").read_bytes() == final
        kept = {f"epoch-{number:04d}.{kind}" for number in {went.best, 5} for kind in ("json", "safetensors")}
        assert {path.name for path in folder.iterdir()} == kept | {".lock", "epochs.jsonl", "notes.txt"}


def test_a_run_that_is_killed_goes_on_to_the_same_bits(noisy: Any, script: Path, tmp_path: Path) -> None:
    folder = tmp_path / "killed"
    with subprocess.Popen(
        [sys.executable, str(script), str(folder)], env={**os.environ, "OMP_NUM_THREADS": "1"}
    ) as run:
        try:
            until = time.monotonic() + 120
            while run.poll() is None and time.monotonic() < until and not (folder / "epochs.jsonl").exists():
                time.sleep(0.005)
            time.sleep(random.random() * 0.15)
        finally:
            run.send_signal(signal.SIGKILL)
    assert run.returncode == -signal.SIGKILL
    done = len(lines(folder))
    assert done >= 1
    again, whole = noisy.Noisy(), noisy.Noisy()
    went = noisy.trainer(done + 3).train(again, folder=folder)
    through = noisy.trainer(done + 3).train(whole, folder=tmp_path / "whole")
    last = f"epoch-{done + 3:04d}.safetensors"
    assert (folder / last).read_bytes() == (tmp_path / "whole" / last).read_bytes()
    assert figures(went.epochs) == figures(through.epochs)
    assert figures(lines(folder)) == figures(lines(tmp_path / "whole"))
    assert same(again.net, whole.net)


def test_a_seed_decides_what_is_drawn(noisy: Any) -> None:
    nets = [noisy.Noisy(), noisy.Noisy(), noisy.Noisy()]
    for net, seed in zip(nets, (1, 1, 2), strict=True):
        noisy.trainer(2, seed=seed).train(net)
    assert same(nets[0].net, nets[1].net)
    assert not same(nets[0].net, nets[2].net)


# What a step is


def test_steps_are_those_of_a_bare_loop() -> None:
    ours, bare = Plain(), Plain()
    norms = reference(bare, 4, bare.net.parameters())
    trained = Trainer(epochs=4).train(ours)
    assert close(ours.net, bare.net, 1e-7)
    assert "gradient_norm" not in trained.epochs[0]
    clipped, loop = Plain(), Plain()
    limit = sorted(norms)[2]
    norms = reference(loop, 4, loop.net.parameters(), clip=limit)
    trained = Trainer(epochs=4, clip=limit).train(clipped)
    assert close(clipped.net, loop.net, 1e-7)
    assert not close(clipped.net, bare.net, 1e-5)
    assert trained.epochs[0]["gradient_norm"] == pytest.approx(sum(norms[:2]) / 2, rel=1e-5)


def test_accumulated_batches_are_one_large_batch_and_the_last_step_too() -> None:
    small, large, wrong = Plain([4] * 6), Plain([16, 8]), Plain([16, 8])
    Trainer(epochs=5, accumulate=4).train(small)
    Trainer(epochs=5).train(large)
    Trainer(epochs=5, accumulate=2).train(wrong)
    assert close(small.net, large.net, 1e-6)
    assert not close(small.net, wrong.net, 1e-4)


def test_each_component_has_its_rate() -> None:
    ours, bare = Plain(), Plain()
    trained = Trainer(epochs=3, rates={"head": 0.1, "head.bias": 0.5}).train(ours)
    tower, head = bare.net.get_submodule("tower"), bare.net.get_submodule("head")
    groups = [
        {"params": tower.parameters()},
        {"params": [head.get_parameter("weight")], "lr": 0.1},
        {"params": [head.get_parameter("bias")], "lr": 0.5},
    ]
    reference(bare, 3, groups)
    assert close(ours.net, bare.net, 1e-6)
    assert trained.epochs[0]["rates"] == {"head": 0.1, "head.bias": 0.5, "*": 1e-3}
    assert list(components(ours.net, {"tower": 1.0})) == ["tower", "*"]
    with pytest.raises(UnknownName, match=r"no component .*'hea'; there is 'head', 'tower'"):
        Trainer(epochs=1, rates={"hea": 0.1}).train(Plain())


def test_precision_is_what_was_asked_for() -> None:
    full, rough = Plain(), Plain()
    Trainer(epochs=2).train(full)
    Trainer(epochs=2, precision="bfloat16").train(rough)
    assert {one.dtype for one in rough.net.parameters()} == {torch.float32}
    assert close(full.net, rough.net, 0.01)
    assert not same(full.net, rough.net)
    with pytest.raises(UsageError, match="float16 is trained with on 'cuda' alone"):
        Trainer(epochs=1, precision="float16")


def test_a_step_whose_scaled_gradient_overflows_is_left_out() -> None:
    task, start = Plain(), Plain()
    settings: Any = {"optimiser": "adam", "rate": 0.01, "rates": {}, "weight_decay": 0.0, "accumulate": 1, "clip": 1.0}
    descent = Descent(task.net, torch.device("cpu"), precision="float16", **settings)
    descent.restore({}, {**(descent.scaling() or {}), "scale": 2.0**127})
    found = descent.epoch(task, 1, torch.Generator())
    assert "gradient_norm" not in found
    assert same(task.net, start.net)
    assert (descent.scaling() or {})["scale"] == 2.0**125
    descent.restore({}, {**(descent.scaling() or {}), "scale": 1024.0})
    assert descent.epoch(task, 2, torch.Generator())["gradient_norm"] > 0
    assert not same(task.net, start.net)


# When rates fall, and when it ends


def test_rates_fall_as_torch_lets_them_fall() -> None:
    drawn = random.Random(5)
    for patience in (0, 1, 3):
        losses = [drawn.choice([drawn.random(), 0.5, 0.49999]) for _ in range(12)]
        optimiser = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
        theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser, factor=0.5, patience=patience, eps=0)
        for k, loss in enumerate(losses):
            theirs.step(loss)
            ours = Plateau(patience=patience, factor=0.5).scale(losses[: k + 1])
            assert ours == optimiser.param_groups[0]["lr"], (patience, losses[: k + 1])


def test_rates_fall_on_a_plateau_also_when_a_run_goes_on(tmp_path: Path) -> None:
    task = Plain(judged=[3, 2, 2, 2, 2, 2])
    Trainer(epochs=3, plateau=1, plateau_factor=0.5).train(task, folder=tmp_path)
    trained = Trainer(epochs=6, plateau=1, plateau_factor=0.5, rates={}).train(
        Plain(judged=task.judged), folder=tmp_path
    )
    assert [row["rates"]["*"] for row in trained.epochs] == [1e-3] * 4 + [5e-4] * 2


@pytest.mark.parametrize("higher", [False, True])
def test_training_stops_and_leaves_the_best_weights(tmp_path: Path, higher: bool) -> None:
    sign = -1 if higher else 1
    task, kept = Plain(judged=[sign * loss for loss in (3, 1, 2, 1, 0)]), dict[int, Any]()

    def after(number: int, net: nn.Module) -> None:
        kept[number] = {name: tensor.clone() for name, tensor in net.state_dict().items()}

    settings = Trainer(epochs=5, patience=2, higher=higher)
    trained = settings.train(task, folder=tmp_path, after_epoch=after)
    assert (len(trained.epochs), trained.best, trained.stopped) == (4, 2, True)
    assert [row["best"] for row in trained.epochs] == [True, True, False, False]
    assert all(torch.equal(tensor, kept[2][name]) for name, tensor in task.net.state_dict().items())
    assert not torch.equal(kept[2]["head.bias"], kept[4]["head.bias"])
    # It has stopped, and goes on stopping.
    after_all = Plain([])
    assert settings.train(after_all, folder=tmp_path).stopped
    assert same(after_all.net, task.net)
    assert torch.equal(settings.weights(task, folder=tmp_path, epoch=4)["head.bias"], kept[4]["head.bias"])


def test_what_is_added_after_an_epoch_may_be_monitored() -> None:
    trained = Trainer(epochs=3, monitor="ndcg", higher=True).train(
        Plain(), after_epoch=lambda number, net: {"ndcg": [0.1, 0.3, 0.2][number - 1]}
    )
    assert trained.best == 2
    with pytest.raises(UnknownName, match="no figure in the line of an epoch 'ndcg'; there is"):
        Trainer(epochs=3, monitor="ndcg", higher=True).train(Plain())
    with pytest.raises(UsageError, match="holds 'loss', which the epoch's line has already"):
        Trainer(epochs=3).train(Plain(), after_epoch=lambda number, net: {"loss": 1.0})


# What goes wrong


class Spoilt(Plain):
    """``spoil``: what becomes of the loss of a batch, given the epoch and the batch's number in it."""

    def __init__(self, spoil: Callable[[int, int, torch.Tensor], torch.Tensor], **given: Any) -> None:
        super().__init__(**given)
        self.spoil, self.asked = spoil, 0

    def loss(self, batch: Any) -> tuple[torch.Tensor, Mapping[str, float]]:
        loss, extra = super().loss(batch)
        self.asked += 1
        return self.spoil(self.number, (self.asked - 1) % self.steps + 1, loss), extra


def test_a_loss_that_is_no_number_ends_training_and_the_epoch_before_stays(tmp_path: Path) -> None:
    broken = Spoilt(lambda epoch, batch, loss: loss * float("nan") if (epoch, batch) == (3, 2) else loss)
    with pytest.raises(TrainingError, match=r"the loss is nan in epoch 3, step 2 of 2\. Lower the rate"):
        Trainer(epochs=4).train(broken, folder=tmp_path)
    assert len(lines(tmp_path)) == 2
    again, whole = Plain(), Plain()
    Trainer(epochs=4).train(again, folder=tmp_path)
    Trainer(epochs=4).train(whole)
    assert same(again.net, whole.net)
    # The slope of a root at 0 is not finite, though the root is.
    steep = Spoilt(lambda epoch, batch, loss: loss + ((loss - loss) ** 2).sqrt())
    with pytest.raises(TrainingError, match=r"the loss is nan in epoch 1, step 2|weights are no numbers after epoch 1"):
        Trainer(epochs=1).train(steep)
    with pytest.raises(TrainingError, match=r"'loss' of epoch 2 is inf"):
        Trainer(epochs=3).train(Plain(judged=[1.0, float("inf"), 1.0]))


def test_a_batch_may_have_nothing_to_learn_from_but_not_all_of_them() -> None:
    some = Spoilt(lambda epoch, batch, loss: loss.detach() if batch == 1 else loss)
    assert len(Trainer(epochs=2).train(some).epochs) == 2
    none = Spoilt(lambda epoch, batch, loss: loss.detach())
    with pytest.raises(TrainingError, match="none of 2 batches of epoch 1 had a gradient"):
        Trainer(epochs=2).train(none)
    with pytest.raises(TrainingError, match="none of 0 batches of epoch 1"):
        Trainer(epochs=2).train(Plain([]))
    frozen = Plain()
    frozen.net.requires_grad_(False)
    with pytest.raises(UsageError, match="no parameter that may change"):
        Trainer(epochs=2).train(frozen)


def test_a_last_batch_of_one_is_for_the_task_to_see_to(noisy: Any, tmp_path: Path) -> None:
    task = noisy.Noisy()
    task.batches = lambda epoch, generator: [torch.arange(8), torch.arange(1)]
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        noisy.trainer(2).train(task, folder=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_settings_that_cannot_be_honoured_are_refused() -> None:
    for given, said in (
        ({"epochs": 0}, "at least 1"),
        ({"rates": {"head": 0.0}}, "'head' is 0.0"),
        ({"clip": 0.0}, "norm of 0.0"),
        ({"device": "tpu"}, "'cpu', 'cuda'"),
        ({"optimiser": "sgd"}, "no optimiser 'sgd'"),
        ({"plateau": 1, "plateau_factor": 1.0}, "between 0 and 1"),
        ({"patience": 0}, "at least 1, or None"),
        ({"seed": -1}, "0 or more"),
    ):
        with pytest.raises(UsageError, match=said):
            Trainer(**{"epochs": 1, **given})
    with pytest.raises(UsageError, match=r"the device 'cuda:99' is not there: torch sees \d+ of CUDA"):
        Trainer(epochs=1, device="cuda:99").train(Plain())


def test_events_are_told_where_tensorboard_is(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    Trainer(epochs=2).train(Plain(), folder=tmp_path)
    Trainer(epochs=3).train(Plain(), folder=tmp_path)
    told = EventAccumulator(str(tmp_path / "tensorboard"))
    told.Reload()
    assert [event.step for event in told.Scalars("train_loss")] == [1, 2, 3]
    assert "rates/*" in told.Tags()["scalars"]
