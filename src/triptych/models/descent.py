"""Descent: steps down a task's loss through the batches of an epoch, and the optimiser that takes them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from itertools import chain
from typing import Any

import numpy as np
import torch

from triptych.errors import TrainingError, UnknownName, UsageError
from triptych.models.task import Task

#: By name, as `Trainer` is asked for them.
OPTIMISERS: Mapping[str, Any] = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam}
PRECISIONS: Mapping[str, torch.dtype | None] = {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}
#: The component of what no rate is given for.
REST = "*"
CURE = "Lower the rate, clip the gradients, or look at the inputs; the checkpoint of the epoch before stays."
#: Losses that an accelerator has in flight before they are looked at: to look is to wait for it.
IN_FLIGHT = 32
_END: Any = object()


class Descent:
    """``rates``: of the components, see `components`. ``accumulate``, ``clip``, ``precision``: as `Trainer` has them.

    The net is where it is trained already.
    """

    def __init__(
        self,
        net: torch.nn.Module,
        device: torch.device,
        *,
        optimiser: str,
        rate: float,
        rates: Mapping[str, float],
        weight_decay: float,
        accumulate: int,
        clip: float | None,
        precision: str,
    ) -> None:
        self._net, self._device, self._dtype = net, device, PRECISIONS[precision]
        self._accumulate, self._clip = accumulate, clip
        groups = components(net, rates)
        self._rates = {component: rates.get(component, rate) for component in groups}
        self._names = [name for name, _ in chain(*groups.values())]
        self._parameters = [one for _, one in chain(*groups.values())]
        # Fused: one call for all parameters, where the loop over them takes longer than a small net's own step.
        self._optimiser: torch.optim.Optimizer = OPTIMISERS[optimiser](
            [{"params": [one for _, one in held]} for held in groups.values()],
            lr=rate,
            weight_decay=weight_decay,
            fused=True,
        )
        half = precision == "float16"
        self._scaler = torch.GradScaler(device.type) if half else None

    def rates(self, scale: float) -> dict[str, float]:
        """Of each component from now on."""
        found = {name: rate * scale for name, rate in self._rates.items()}
        for group, rate in zip(self._optimiser.param_groups, found.values(), strict=True):
            group["lr"] = rate
        return found

    def state(self) -> dict[str, dict[str, torch.Tensor]]:
        """By each parameter's name, what the optimiser keeps of it."""
        state = self._optimiser.state_dict()["state"]
        return {name: state[k] for k, name in enumerate(self._names) if k in state}

    def scaling(self) -> dict[str, Any] | None:
        """How gradients are scaled, as JSON; None where they are not."""
        return None if self._scaler is None else self._scaler.state_dict()

    def restore(self, state: Mapping[str, Mapping[str, torch.Tensor]], scaling: Mapping[str, Any] | None) -> None:
        if odd := state.keys() - set(self._names):
            raise UsageError(f"the checkpoint is of a net that trains {min(odd)!r}, and this one does not; train anew.")
        whole = self._optimiser.state_dict()
        whole["state"] = {k: dict(state[name]) for k, name in enumerate(self._names) if name in state}
        self._optimiser.load_state_dict(whole)
        if self._scaler is not None and scaling is not None:
            self._scaler.load_state_dict(dict(scaling))

    def epoch(self, task: Task, number: int, generator: torch.Generator) -> dict[str, float]:
        """``train_loss``, the means of what else the task tells, ``gradient_norm`` where it is clipped;
        ``training_s``, ``loading_s`` of it spent waiting for batches, and ``steps_per_s``, in batches."""
        count, held, learned, loading_s = 0, 0, False, 0.0
        losses, norms, flying = list[float](), list[torch.Tensor](), list[torch.Tensor]()
        told: dict[str, list[float]] = {}
        room = 1 if self._device.type == "cpu" else IN_FLIGHT
        self._net.train()
        began = time.perf_counter()
        source = iter(task.batches(number, generator))
        while True:
            asked = time.perf_counter()
            batch = next(source, _END)
            loading_s += time.perf_counter() - asked
            if batch is _END:
                break
            with torch.autocast(self._device.type, dtype=self._dtype, enabled=self._dtype is not None):
                loss, extra = task.loss(batch)
            count, held = count + 1, held + 1
            for name, value in extra.items():
                told.setdefault(name, []).append(float(value))
            flying.append(loss.detach())
            if len(flying) >= room:
                losses += _landed(flying, before=count - len(flying), epoch=number, steps=task.steps)
                flying = []
            if loss.requires_grad:  # a batch with nothing to learn from is a gradient of 0
                learned = True
                (loss if self._scaler is None else self._scaler.scale(loss)).backward()
            if held == self._accumulate:
                norms += self._step(held)
                held = 0
        losses += _landed(flying, before=count - len(flying), epoch=number, steps=task.steps)
        if held:
            norms += self._step(held)
        if not learned:
            raise TrainingError(
                f"none of {count} batches of epoch {number} had a gradient; look at what the task takes for a batch."
            )
        if not bool(torch.stack([one.detach().isfinite().all() for one in self._parameters]).all()):
            raise TrainingError(f"weights are no numbers after epoch {number}, though its losses are. {CURE}")
        seconds = time.perf_counter() - began
        found = {"train_loss": sum(losses) / count, **{name: sum(ones) / len(ones) for name, ones in told.items()}}
        # Of a step that the scaler left out, the norm is no number.
        if whole := [norm for norm in map(float, norms) if np.isfinite(norm)]:
            found["gradient_norm"] = sum(whole) / len(whole)
        return {**found, "training_s": seconds, "loading_s": loading_s, "steps_per_s": count / seconds}

    def _step(self, held: int) -> list[torch.Tensor]:
        """One step on the gradients of so many batches; the norm that they had, where they are clipped."""
        gradients = [one.grad for one in self._parameters if one.grad is not None]
        if not gradients:
            return []
        if self._scaler is not None:
            self._scaler.unscale_(self._optimiser)
        # The mean is taken here, not of the losses: only here is it known how many batches the last step has.
        if held > 1:
            for gradient in gradients:
                gradient.div_(held)
        norms: list[torch.Tensor] = []
        if self._clip is not None:
            norms.append(torch.nn.utils.clip_grad_norm_(self._parameters, self._clip))
        if self._scaler is None:
            self._optimiser.step()
        else:
            self._scaler.step(self._optimiser)
            self._scaler.update()
        self._optimiser.zero_grad(set_to_none=True)
        return norms


def components(net: torch.nn.Module, rates: Mapping[str, float]) -> dict[str, list[tuple[str, torch.nn.Parameter]]]:
    """Trainable parameters by the prefix that they have their rate from, the longest that fits; the rest is last.

    ``fusion`` is a prefix of ``fusion.0.weight``, and not of ``fusion_network.weight``.
    """
    found: dict[str, list[tuple[str, torch.nn.Parameter]]] = {prefix: [] for prefix in [*sorted(rates), REST]}
    trainable = [(name, one) for name, one in net.named_parameters() if one.requires_grad]
    if not trainable:
        raise UsageError("the net has no parameter that may change; there is nothing to train.")
    for name, one in trainable:
        fitting = [prefix for prefix in rates if name == prefix or name.startswith(f"{prefix}.")]
        found[max(fitting, key=len, default=REST)].append((name, one))
    for prefix in rates:
        if not found[prefix]:
            raise UnknownName("component to give a rate to", prefix, {name.split(".")[0] for name, _ in trainable})
    return {component: held for component, held in found.items() if held}


def _landed(flying: list[torch.Tensor], *, before: int, epoch: int, steps: int) -> list[float]:
    """Losses as numbers; ``before``: how many batches came before them."""
    values = [float(loss) for loss in (flying if len(flying) < 2 else torch.stack(flying).cpu())]
    for k, value in enumerate(values):
        if not np.isfinite(value):
            raise TrainingError(f"the loss is {value} in epoch {epoch}, step {before + k + 1} of {steps}. {CURE}")
    return values
