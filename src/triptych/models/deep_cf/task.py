"""Task: ratings to say and ratings to be judged by, as the trainer takes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from triptych.catalogue.history import History
from triptych.models.deep_cf.network import Network

#: Rows that are judged, or answered, together.
TOGETHER = 1 << 16
#: Users, items and values of rows.
Columns = tuple[Tensor, Tensor, Tensor]


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """``users``, ``items``: int64 ``[b]``; ``values``: float32 ``[b]``; the other two, bool ``[b]``, whose embedding is
    taken away."""

    users: Tensor
    items: Tensor
    values: Tensor
    lost_users: Tensor | None
    lost_items: Tensor | None


class Rating:
    """A task of the trainer: the squared error, its mean over a batch (Eq. 47 but for its second term, which is the
    trainer's weight decay). ``forgetting``: how probable it is that the user of a row is taken for an unknown one, and
    that its item is, each by a lot of its own."""

    def __init__(
        self, net: Network, train: History, held: History, *, batch: int, forgetting: float, fingerprint: str
    ) -> None:
        self._net, self._fingerprint = net, fingerprint
        self._train: Columns = _columns(train)
        self._held: Columns = _columns(held)
        self._batch, self._forgetting = batch, forgetting

    @property
    def net(self) -> Network:
        return self._net

    @property
    def fingerprint(self) -> str:
        return self._fingerprint

    @property
    def steps(self) -> int:
        return -(-len(self._train[0]) // self._batch)

    def to(self, device: torch.device) -> None:
        self._train, self._held = _moved(self._train, device), _moved(self._held, device)

    def batches(self, epoch: int, generator: torch.Generator) -> Iterable[Batch]:
        """Each row once, in an order that is drawn."""
        del epoch
        users, items, values = self._train
        order = torch.randperm(len(users), generator=generator)
        for start in range(0, len(order), self._batch):
            which = order[start : start + self._batch].to(users.device)
            lost: Tensor | None = None
            if self._forgetting:
                lost = (torch.rand((2, len(which)), generator=generator) < self._forgetting).to(users.device)
            yield Batch(
                users=users[which],
                items=items[which],
                values=values[which],
                lost_users=None if lost is None else lost[0],
                lost_items=None if lost is None else lost[1],
            )

    def loss(self, batch: Batch) -> tuple[Tensor, Mapping[str, float]]:
        said = self._net(batch.users, batch.items, lost_users=batch.lost_users, lost_items=batch.lost_items)
        return (said - batch.values).square().mean(), {}

    def judge(self) -> Mapping[str, float]:
        """``loss``: the mean squared error, and ``rmse``."""
        users, items, values = self._held
        contents = self._net.all_content()
        squares = 0.0
        for start in range(0, len(users), TOGETHER):
            part = slice(start, start + TOGETHER)
            said = self._net(users[part], items[part], contents=contents)
            squares += float((said - values[part]).double().square().sum())
        loss = squares / len(users)
        return {"loss": loss, "rmse": loss**0.5}


def _columns(rows: History) -> Columns:
    users, items = torch.from_numpy(rows.users.astype(np.int64)), torch.from_numpy(rows.items.astype(np.int64))
    return users, items, torch.from_numpy(rows.values.astype(np.float32))


def _moved(columns: Columns, device: torch.device) -> Columns:
    users, items, values = columns
    return users.to(device), items.to(device), values.to(device)
