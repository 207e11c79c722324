"""Rehearsal: each item that teaches is ranked as if it were new, and that is what the trainer makes better.

A batch is some items and some users. Every item's vector is made of the others' alone, and a user's own like of it is
taken off what is known of the user, so that all are cold, and all are ranked against one another. What is judged has
taught nothing: other items, for other users, who are known by their likes of the items that teach.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from triptych.models.affinity.content import Content
from triptych.models.affinity.scoring import Scoring, Tastes, listwise

I64 = npt.NDArray[np.int64]

#: Distances of so many pairs and features are kept from one epoch to the next; of more they are found anew.
ROOM = 1 << 27


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """``items``: int64 ``[b]``, places among those that teach; ``likes``: float32 ``[u, b]``; ``hide``: bool
    ``[b, panels]``, what an item is shown without."""

    items: torch.Tensor
    likes: torch.Tensor
    hide: torch.Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class Held:
    """``items``: int64 ``[m]``, places among all items; ``known``: float32 ``[u, n]``, what the users who judge like of
    the items that teach; ``likes``: float32 ``[u, m]``, and of these."""

    items: torch.Tensor
    known: torch.Tensor
    likes: torch.Tensor


class Rehearsal:
    """A task for the trainer. ``content``: of all items; ``items``: places of the n that teach; ``likes``: sparse
    ``[users, n]``; ``tastes``: of those. ``forgetting``: how probable it is that an item is shown without a panel;
    ``batch``: items at a time, ``users`` at a time, and ``steps`` an epoch."""

    def __init__(
        self,
        net: Scoring,
        content: Content,
        *,
        items: I64,
        likes: Any,
        tastes: Tastes,
        held: Held,
        forgetting: float,
        batch: int,
        users: int,
        steps: int,
    ) -> None:
        self._net, self._content, self._tastes, self._held = net, content, tastes, held
        self._items, self._likes = torch.from_numpy(items), likes
        self._forgetting, self._batch, self._users, self._steps = forgetting, batch, users, steps
        self._device = torch.device("cpu")
        self._stage: tuple[torch.Tensor, torch.Tensor] | None = None

    @property
    def net(self) -> torch.nn.Module:
        return self._net

    @property
    def fingerprint(self) -> str:
        digest = hashlib.blake2b(digest_size=16)
        tensors = (*self._content.values, self._content.lacking, self._content.panel, self._items)
        told = (self._tastes.vectors, self._tastes.energy, self._held.items, self._held.known, self._held.likes)
        for one in (*tensors, *told):
            digest.update(repr(tuple(one.shape)).encode() + one.cpu().numpy().tobytes())
        for one in (self._likes.indptr, self._likes.indices):
            digest.update(np.ascontiguousarray(one, np.int64).tobytes())
        net = (*self._net.weights.shape, self._net.correction, self._net.launch.requires_grad)
        own = (self._content.names, self._forgetting, self._batch, self._users, self._steps, net)
        digest.update(repr(own).encode())
        return f"affinity:{digest.hexdigest()}"

    @property
    def steps(self) -> int:
        return self._steps

    def to(self, device: torch.device) -> None:
        self._device, self._stage = device, None
        self._content, self._tastes = self._content.to(device), self._tastes.to(device)
        held = self._held
        self._held = Held(items=held.items.to(device), known=held.known.to(device), likes=held.likes.to(device))
        self._items = self._items.to(device)

    def batches(self, epoch: int, generator: torch.Generator) -> Iterator[Batch]:
        users, n = self._likes.shape
        panels = int(self._content.panel.max()) + 1
        for _ in range(self._steps):
            items = torch.randperm(n, generator=generator)[: self._batch]
            who = torch.randperm(users, generator=generator)[: self._users].numpy()
            hide = torch.rand((len(items), panels), generator=generator) < self._forgetting
            likes: npt.NDArray[Any] = self._likes[who][:, items.numpy()].toarray()
            yield Batch(
                items=items.to(self._device),
                likes=torch.from_numpy(likes.astype(np.float32)).to(self._device),
                hide=hide.to(self._device),
            )

    def loss(self, batch: Batch) -> tuple[torch.Tensor, Mapping[str, float]]:
        return rehearsed(self._net, self._content.take(self._items[batch.items]), self._tastes, batch), {}

    def judge(self) -> Mapping[str, float]:
        net, held = self._net, self._held
        among, towards = self._stage or self._distances()
        if self._stage is None and among.numel() <= ROOM:
            self._stage = among, towards
        made = net.made_of(net.kernel(among), net.kernel(towards))
        liked, met = net.liked_and_met(self._tastes)
        scores = net.scores(held.known, liked @ (met.T @ made), self._tastes.launches @ made)
        return {"loss": float(listwise(scores, held.likes))}

    def _distances(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Of the items that teach, to one another and to those that judge."""
        return (
            self._content.distances(self._items, self._items),
            self._content.distances(self._items, self._held.items),
        )


def rehearsed(net: Scoring, content: Content, tastes: Tastes, batch: Batch) -> torch.Tensor:
    """The loss of a batch; ``content``: of its items."""
    places = torch.arange(len(batch.items), device=batch.items.device)
    made = net.left_out(net.kernel(content.hidden(batch.hide).distances(places, places)))
    liked, met = net.liked_and_met(tastes)
    weights = liked[batch.items] @ (met[batch.items].T @ made)
    weights = weights - torch.diag(weights.diagonal())
    return listwise(net.scores(batch.likes, weights, tastes.launches[batch.items] @ made), batch.likes)
