"""Trainer: steps down a task's loss, epoch by epoch; the best weights by validation are what is left.

What is drawn in an epoch is drawn from (seed, epoch): the order of batches from a generator that the task is given, and
dropout from torch's own, which is put back afterwards. So a run that was killed goes on from the last whole epoch with
nothing but its tensors, and on a CPU, with as many threads, comes to the same bits.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from triptych.errors import TrainingError, UnknownName, UsageError
from triptych.models.checkpoint import Checkpoint, Checkpoints, Row
from triptych.models.descent import CURE, OPTIMISERS, PRECISIONS, Descent
from triptych.models.schedule import Plateau, best_of, is_over
from triptych.models.similarity import Report
from triptych.models.task import Task

#: Given the number of an epoch and the net, in eval mode and without gradients; what it returns joins the epoch's line.
AfterEpoch = Callable[[int, torch.nn.Module], Mapping[str, Any] | None]
_DEVICE = re.compile(r"cpu|cuda(:\d+)?")
#: Settings that change no number of an epoch that is done.
_FREE = ("title", "epochs", "keep")


@dataclass(frozen=True, kw_only=True, eq=False)
class Trained:
    """``epochs``: what each came to, as JSON has it, the first first. ``best``: the number of the one whose weights
    the net has now. ``stopped``: whether training ended before its time, for want of progress."""

    epochs: tuple[Row, ...]
    best: int
    stopped: bool


@dataclass(frozen=True, kw_only=True)
class Trainer:
    """Settings of training.

    ``rate``: of learning; ``rates``: other ones of components, by the first names of their parameters (``fusion`` has
    ``fusion.0.weight``; of two that fit, the longer). ``accumulate``: batches in a step, which weigh alike; the last
    step of an epoch may have fewer. ``clip``: the greatest norm of a step's gradient. ``precision``: of forward passes
    in training; weights, and all that is judged, stay float32. float16 is for ``cuda`` alone.

    ``plateau``: rates fall by ``plateau_factor`` when more than so many epochs in a row bring no lower validation
    loss. ``monitor``: what of an epoch's line tells the best epoch, least unless ``higher``; ``patience``: training
    stops when the best is so many epochs ago. ``threads``: of torch, None for as many as it has.
    ``keep``: which epochs' checkpoints stay, ``best-and-last`` or ``all``. ``title``: what progress is reported of.
    """

    epochs: int
    rate: float = 1e-3
    rates: Mapping[str, float] = field(default_factory=dict[str, float])
    weight_decay: float = 0.01
    optimiser: str = "adamw"
    accumulate: int = 1
    clip: float | None = None
    precision: str = "float32"
    device: str = "cpu"
    plateau: int | None = None
    plateau_factor: float = 0.1
    monitor: str = "loss"
    higher: bool = False
    patience: int | None = None
    seed: int = 0
    threads: int | None = None
    keep: str = "best-and-last"
    title: str = "training"

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.accumulate < 1:
            raise UsageError(f"{self.epochs} epochs, {self.accumulate} batches a step; ask for at least 1 of each.")
        for name, rate in {"rate": self.rate, **self.rates}.items():
            if not 0 < rate < float("inf"):
                raise UsageError(f"the learning rate {name!r} is {rate}; it is above 0.")
        if not 0 <= self.weight_decay < float("inf"):
            raise UsageError(f"weight decay is {self.weight_decay}; it is 0 or more.")
        if self.clip is not None and not 0 < self.clip < float("inf"):
            raise UsageError(f"gradients are clipped to a norm of {self.clip}; give one above 0, or None.")
        if self.patience is not None and self.patience < 1:
            raise UsageError(f"patience is {self.patience} epochs; give at least 1, or None to train to the end.")
        if self.threads is not None and self.threads < 1:
            raise UsageError(f"{self.threads} threads; ask for at least 1, or None for as many as torch has.")
        _one_of("optimiser", self.optimiser, tuple(OPTIMISERS))
        _one_of("precision", self.precision, tuple(PRECISIONS))
        _one_of("keep", self.keep, ("best-and-last", "all"))
        if not _DEVICE.fullmatch(self.device):
            raise UsageError(f"the device {self.device!r} is not one to train on; there is 'cpu', 'cuda' and 'cuda:0'.")
        if self.precision == "float16" and self.device == "cpu":
            raise UsageError("float16 is trained with on 'cuda' alone; ask for 'bfloat16' or 'float32' on a CPU.")
        if self.seed < 0:
            raise UsageError(f"the seed is {self.seed}; it is 0 or more.")
        _ = self._plateau

    def train(
        self,
        task: Task,
        *,
        folder: Path | None = None,
        report: Report | None = None,
        after_epoch: AfterEpoch | None = None,
    ) -> Trained:
        """The task's net is left on the device with the best weights, in eval mode.

        ``folder`` keeps a checkpoint of each epoch, a line for each in ``epochs.jsonl``, and events for TensorBoard
        where that is installed; a run of the same task and settings goes on from there. ``epochs`` may be more then,
        and ``keep`` and ``title`` may differ. All that learns must be in the net's ``state_dict``.

        ``after_epoch`` is called when an epoch is judged and before its checkpoint is written: what it keeps itself
        of an epoch is there for every epoch that a later run finds done, for which it is not called again. After a
        kill in between it is called for the same epoch once more, with the same net.

        How many items a batch must have is for the task to see to: batch normalisation refuses one of one, and a last
        batch that small is better left out or joined to the one before.
        """
        device = self._place()
        with _threads(self.threads), ExitStack() as stack:
            checkpoints = None
            if folder is not None:
                checkpoints = Checkpoints(folder, fingerprint=task.fingerprint, settings=self.settings)
                stack.enter_context(checkpoints.held())
            return _Run(self, task, device, checkpoints, report, after_epoch).trained()

    def weights(self, task: Task, *, folder: Path, epoch: int) -> Mapping[str, torch.Tensor]:
        """The net's ``state_dict`` at the end of an epoch whose checkpoint is kept, for what is asked afterwards."""
        return Checkpoints(folder, fingerprint=task.fingerprint, settings=self.settings).weights(epoch)

    @property
    def settings(self) -> dict[str, Any]:
        """JSON of all that decides a number. Of the device, its kind."""
        found = {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in _FREE}
        return {**found, "rates": dict(self.rates), "device": self.device.split(":")[0]}

    @property
    def _plateau(self) -> Plateau | None:
        return None if self.plateau is None else Plateau(patience=self.plateau, factor=self.plateau_factor)

    def scale(self, rows: list[Row]) -> float:
        """What rates are multiplied by after these epochs."""
        plateau = self._plateau
        return 1.0 if plateau is None else plateau.scale([row["loss"] for row in rows])

    def _place(self) -> torch.device:
        device = torch.device("cuda:0" if self.device == "cuda" else self.device)
        if device.type == "cuda":
            count = torch.cuda.device_count() if torch.cuda.is_available() else 0
            if device.index >= count:
                raise UsageError(f"the device {self.device!r} is not there: torch sees {count} of CUDA. Ask for 'cpu'.")
            if self.precision == "bfloat16" and not torch.cuda.is_bf16_supported():
                raise UsageError(f"{self.device!r} has no bfloat16; ask for 'float16' or 'float32'.")
        return device


class _Run:
    """One call of ``train``: what changes while it lasts."""

    def __init__(
        self,
        settings: Trainer,
        task: Task,
        device: torch.device,
        checkpoints: Checkpoints | None,
        report: Report | None,
        after_epoch: AfterEpoch | None,
    ) -> None:
        self._settings, self._task, self._device = settings, task, device
        self._checkpoints, self._report, self._after_epoch = checkpoints, report, after_epoch
        self._net = task.net.to(device)
        task.to(device)
        self._descent = Descent(
            self._net,
            device,
            optimiser=settings.optimiser,
            rate=settings.rate,
            rates=settings.rates,
            weight_decay=settings.weight_decay,
            accumulate=settings.accumulate,
            clip=settings.clip,
            precision=settings.precision,
        )
        self._rows: list[Row] = []
        self._weights: Mapping[str, torch.Tensor] = {}

    def trained(self) -> Trained:
        self._resume()
        with _events(self._checkpoints, start=len(self._rows) + 1) as tell:
            self._tell_progress()
            while len(self._rows) < self._settings.epochs and not self._over:
                self._rows.append(self._epoch(len(self._rows) + 1))
                self._rows[-1]["best"] = self._best == len(self._rows)
                tell(self._rows[-1])
                self._keep()
                self._tell_progress()
        self._net.load_state_dict(self._weights)
        self._net.eval()
        return Trained(epochs=tuple(self._rows), best=self._best, stopped=self._over)

    def _tell_progress(self) -> None:
        if self._report is not None:
            self._report(self._settings.title, len(self._rows), self._settings.epochs)

    @property
    def _monitored(self) -> list[float]:
        return [row[self._settings.monitor] for row in self._rows]

    @property
    def _best(self) -> int:
        return best_of(self._monitored, higher=self._settings.higher) + 1

    @property
    def _over(self) -> bool:
        settings = self._settings
        return bool(self._rows) and is_over(self._monitored, higher=settings.higher, patience=settings.patience)

    def _resume(self) -> None:
        checkpoints = self._checkpoints
        found = None if checkpoints is None else checkpoints.last()
        if checkpoints is None or found is None:
            return
        if found.epoch > self._settings.epochs:
            raise UsageError(
                f"{str(checkpoints.folder)!r} holds {found.epoch} epochs and {self._settings.epochs} are asked for; "
                "ask for as many or more, or give another folder."
            )
        _check_net(self._net, found.weights, checkpoints.folder)
        self._net.load_state_dict(found.weights)
        self._descent.restore(found.optimiser, found.scaling)
        self._rows = list(found.rows)
        self._weights = found.weights if self._best == found.epoch else checkpoints.weights(self._best)
        checkpoints.tell(self._rows)
        self._tidy(checkpoints)

    def _epoch(self, number: int) -> Row:
        rates = self._descent.rates(self._settings.scale(self._rows))
        with _seeded(self._settings.seed, number, self._device) as generator:
            row: Row = {"epoch": number, **self._descent.epoch(self._task, number, generator), "rates": rates}
            self._net.eval()
            with torch.no_grad():
                began = time.perf_counter()
                judged = {name: float(value) for name, value in self._task.judge().items()}
                row["judging_s"] = time.perf_counter() - began
                row["seconds"] = row["training_s"] + row["judging_s"]
                _join(row, judged, "what the task judged")
                if self._after_epoch is not None:
                    _join(row, self._after_epoch(number, self._net) or {}, "what was added after the epoch")
        for name in ("loss", self._settings.monitor):
            if name not in row:
                raise UnknownName("figure in the line of an epoch", name, row, hint="The task's judge must give it.")
        return _checked(row)

    def _keep(self) -> None:
        weights = {name: tensor.detach().to("cpu", copy=True) for name, tensor in self._net.state_dict().items()}
        if self._rows[-1]["best"]:
            self._weights = weights
        if self._checkpoints is not None:
            state, scaling = self._descent.state(), self._descent.scaling()
            self._checkpoints.write(
                Checkpoint(weights=weights, optimiser=state, scaling=scaling, rows=self._rows),
            )
            self._tidy(self._checkpoints)

    def _tidy(self, checkpoints: Checkpoints) -> None:
        checkpoints.tidy(None if self._settings.keep == "all" else {self._best, len(self._rows)})


def _one_of(name: str, given: str, allowed: Iterable[str]) -> None:
    if given not in allowed:
        raise UnknownName(name, given, allowed)


def _check_net(net: torch.nn.Module, weights: Mapping[str, torch.Tensor], folder: Path) -> None:
    ours = {name: (tuple(one.shape), one.dtype) for name, one in net.state_dict().items()}
    theirs = {name: (tuple(one.shape), one.dtype) for name, one in weights.items()}
    odd = sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))
    if odd:
        raise UsageError(
            f"{str(folder)!r} holds checkpoints of another net: of {len(ours)} tensors {len(odd)} differ, such as "
            f"{odd[0]!r}. Give another folder, or clear this one to train anew."
        )


def _join(row: Row, more: Mapping[str, Any], what: str) -> None:
    if twice := sorted(row.keys() & more.keys()):
        raise UsageError(f"{what} holds {', '.join(map(repr, twice))}, which the epoch's line has already; rename it.")
    row.update(more)


def _checked(row: Row) -> Row:
    """As it comes back from disk."""
    for name, value in row.items():
        try:
            json.dumps(value, allow_nan=False)
        except TypeError as fault:
            raise UsageError(f"{name!r} of epoch {row['epoch']} is no JSON: {fault}.") from fault
        except ValueError as fault:
            cure = CURE if name == "loss" else "Leave out what has no value."
            raise TrainingError(f"{name!r} of epoch {row['epoch']} is {value}, which is no number. {cure}") from fault
    return json.loads(json.dumps(row))


@contextmanager
def _threads(count: int | None) -> Generator[None]:
    before = torch.get_num_threads()
    try:
        if count is not None:
            torch.set_num_threads(count)
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _seeded(seed: int, epoch: int, device: torch.device) -> Generator[torch.Generator]:
    """A generator for the order of batches; torch's own is seeded too, and put back afterwards."""
    order, own = np.random.SeedSequence((seed, epoch)).generate_state(2, np.uint64).tolist()
    devices = [] if device.type == "cpu" else [device.index]
    with torch.random.fork_rng(devices=devices):
        torch.default_generator.manual_seed(own)
        for one in devices:
            with torch.cuda.device(one):
                torch.cuda.manual_seed(own)
        yield torch.Generator().manual_seed(order)


@contextmanager
def _events(checkpoints: Checkpoints | None, *, start: int) -> Generator[Callable[[Row], None]]:
    """Figures for TensorBoard, where it is installed and there is a folder. Steps from ``start`` on are told anew."""
    from importlib.util import find_spec

    if checkpoints is None or find_spec("tensorboard") is None:
        yield lambda row: None
        return
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(checkpoints.folder / "tensorboard"), purge_step=start) as writer:

        def tell(row: Row) -> None:
            flat = {**row, **{f"rates/{name}": rate for name, rate in row["rates"].items()}}
            for name, value in flat.items():
                if isinstance(value, int | float) and name != "epoch":
                    writer.add_scalar(name, value, row["epoch"])
            writer.flush()

        yield tell
