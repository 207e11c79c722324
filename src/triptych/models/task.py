"""Task: what the trainer trains. The trainer owns device, steps and checkpoints; a task owns data and loss."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import torch


class Task(Protocol):
    """``net``: what is trained; ``fingerprint``: says which data and settings, so that a checkpoint of others is
    refused; ``steps``: batches of an epoch."""

    @property
    def net(self) -> torch.nn.Module: ...

    @property
    def fingerprint(self) -> str: ...

    @property
    def steps(self) -> int: ...

    def to(self, device: torch.device) -> None:
        """Move what batches are taken from; the trainer moves the net."""
        ...

    def batches(self, epoch: int, generator: torch.Generator) -> Iterable[Any]:
        """Of one epoch, 1 the first. All that is drawn is drawn from ``generator`` (CPU), which is new each epoch."""
        ...

    def loss(self, batch: Any) -> tuple[torch.Tensor, Mapping[str, float]]:
        """Scalar loss with its gradient, and what else is worth a mean over the epoch, such as mined triplets."""
        ...

    def judge(self) -> Mapping[str, float]:
        """Of the validation side, ``loss`` at least; called without gradients, the net in eval mode."""
        ...
