"""Task: ratings of some users at a time, each user encoded once an epoch, as the trainer takes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from triptych.models.rating_siamese.network import RatingNetwork, cosine_loss
from triptych.models.rating_siamese.start import Base, Told
from triptych.models.rating_siamese.vectors import I64, Vectors

#: Users or items that are encoded together where no gradient is asked for.
TOGETHER = 512


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """What a step needs: the vectors of some users and items, and pairs of them with what they are to come to."""

    users: Tensor
    items: list[Tensor]
    known: Tensor
    of_user: Tensor
    of_item: Tensor
    rests: Tensor
    liked: Tensor


class Rating:
    """A task of the trainer. ``train`` is learned from, ``held`` judged by; ratings are told by what the base leaves
    of them, in units of ``unit`` ratings.

    A batch is some users with all their ratings, about ``batch`` of them. Where ``hidden`` is above 0, it is some users
    and that share of the items, and their ratings of those: an epoch still tells each rating once, by vectors of user
    and item that hold none of the batch. Where it is 0, the vector of a user holds the very rating that it is to tell.
    ``scattered``: a batch is that share of all ratings, drawn one by one, whatever ``batch`` says.

    The loss is the mean squared error, ``cosine`` times the cosine embedding loss and ``shrink`` times the sum of
    squares of the weights of all encoders' first layers. ``judged``: whether the epoch is chosen by the error on
    ``held``; the last one is the best where it is not.
    """

    def __init__(
        self,
        *,
        net: RatingNetwork,
        vectors: Vectors,
        base: Base,
        train: Told,
        held: Told,
        like: float,
        unit: float,
        batch: int,
        hidden: float,
        cosine: float,
        fingerprint: str,
        scattered: bool = False,
        shrink: float = 0.0,
        judged: bool = True,
    ) -> None:
        self._net, self._vectors, self._base, self._fingerprint = net, vectors, base, fingerprint
        self._train, self._held, self._judged = train, held, judged
        self._like, self._unit, self._cosine, self._shrink = like, unit, cosine, shrink
        self._people, self._firsts, self._counts = np.unique(self._train.users, return_index=True, return_counts=True)
        steps = max(1, round(len(train) / batch))
        self._parts = max(2, round(1 / hidden)) if hidden else 1  # of the items
        self._groups = min(max(1, round(steps / self._parts)), len(self._people))
        self._scattered = scattered and self._parts > 1
        if self._scattered:
            self._parts, self._groups = min(self._parts, len(train)), 1
        self._per_item = np.bincount(self._train.items)
        self._epoch = 0
        self._device = torch.device("cpu")

    @property
    def net(self) -> RatingNetwork:
        return self._net

    @property
    def fingerprint(self) -> str:
        return self._fingerprint

    @property
    def steps(self) -> int:
        return self._parts * self._groups

    def to(self, device: torch.device) -> None:
        """Vectors are made on the CPU, batch by batch."""
        self._device = device

    def batches(self, epoch: int, generator: torch.Generator) -> Iterable[Batch]:
        """Users, and items where some are hidden, in groups that are drawn anew, of about as many ratings each; each
        group of users with each of items, in an order that is drawn too."""
        self._epoch = epoch
        if self._scattered:
            part = torch.randperm(len(self._train), generator=generator).numpy() % self._parts
            yield from (self._drawn(part == one) for one in range(self._parts))
            return
        users, items = (
            _parted(counts, number, torch.rand(len(counts), generator=generator).numpy())
            for counts, number in ((self._counts, self._groups), (self._per_item, self._parts))
        )
        steps = cast("list[int]", torch.randperm(self.steps, generator=generator).tolist())
        for step in steps:
            group, part = divmod(step, self._parts)
            batch = self._batch(np.flatnonzero(users == group), items == part)
            if batch is not None:
                yield batch

    def _batch(self, people: I64, hidden: npt.NDArray[np.bool_]) -> Batch | None:
        """None where no user of these rated any of the items."""
        counts = self._counts[people]
        starts = np.cumsum(counts) - counts
        rows: I64 = np.arange(int(counts.sum())) + np.repeat(self._firsts[people] - starts, counts)
        own, places = self._train.take(rows), np.repeat(np.arange(len(people)), counts)
        base, shown, asked, of_user, out = self._base, own, own, places, None
        if self._parts > 1:
            hide = hidden[own.items]
            if not hide.any():
                return None
            shown, asked, of_user = own.take(~hide), own.take(hide), places[hide]
            base, out, places = base.without(shown, asked), asked, places[~hide]
        return self._made(self._people[people], places, of_user, shown, asked, base, out)

    def _drawn(self, hide: npt.NDArray[np.bool_]) -> Batch:
        """Of the ratings at ``hide``, told by all others."""
        shown, asked, base = self._train.take(~hide), self._train.take(hide), self._base
        if base.counts is not None and len(shown):
            base = Base.of("bias", shown, users=len(base.users), items=len(base.items))
        places = np.repeat(np.arange(len(self._people)), self._counts)
        return self._made(self._people, places[~hide], places[hide], shown, asked, base, asked)

    def _made(
        self, people: I64, places: I64, of_user: I64, shown: Told, asked: Told, base: Base, out: Told | None
    ) -> Batch:
        """``people``: the users; ``places`` among them of the rows of ``shown``, ``of_user`` of those of ``asked``.
        ``out``: what items' vectors must not hold."""
        which, of_item = np.unique(asked.items, return_inverse=True)
        parts, known = self._vectors.items(which, base, out)
        # As if they were all users that there are, so that there are no vectors of others.
        told = Told(users=places, items=shown.items, values=shown.values)
        named = Base(start=base.start, users=base.users[people], items=base.items)
        rests = asked.values - base(asked.users, asked.items)
        return Batch(
            users=self._there(self._vectors.users(told, named, first=0, count=len(people))),
            items=[self._there(part) for part in parts],
            known=self._there(known),
            of_user=self._there(of_user),
            of_item=self._there(of_item),
            rests=self._there((rests / self._unit).astype(np.float32)),
            liked=self._there(asked.values >= self._like),
        )

    def loss(self, batch: Batch) -> tuple[Tensor, Mapping[str, float]]:
        users = self._net.users(batch.users)[batch.of_user]
        items = self._net.items(batch.items, batch.known)[batch.of_item]
        loss, told = self._losses(users, items, batch.rests, batch.liked)
        if self._shrink:
            loss = loss + self._shrink * torch.stack([one.square().sum() for one in self._net.first]).sum()
        return loss, told

    def judge(self) -> Mapping[str, float]:
        """``mse`` and ``cosine`` of the validation side and the ``loss`` that they sum to; ``chosen_by``, least where
        the best epoch is."""
        held = self._held
        count = int(held.users.max()) + 1
        users, items = ends(self._net, self._vectors, self._train, self._base, users=count, device=self._device)
        pairs = users[self._there(held.users)], items[self._there(held.items)]
        rests = self._there(((held.values - self._base(held.users, held.items)) / self._unit).astype(np.float32))
        loss, told = self._losses(*pairs, rests, self._there(held.values >= self._like))
        found = {"mse": told["train_mse"], "cosine": told["train_cosine"]}
        return {"loss": float(loss), **found, "chosen_by": found["mse"] if self._judged else 1 / self._epoch}

    def _losses(self, users: Tensor, items: Tensor, rests: Tensor, liked: Tensor) -> tuple[Tensor, dict[str, float]]:
        error = functional.mse_loss(self._net.rate(users, items), rests)
        cosine = cosine_loss(users, items, liked)
        found = {"train_mse": float(error.detach()), "train_cosine": float(cosine.detach())}
        return error + self._cosine * cosine, found

    def _there(self, values: npt.NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(self._device)


def _parted(counts: npt.NDArray[np.integer], number: int, lots: npt.NDArray[np.float32]) -> I64:
    """int64 ``[n]``: which of ``number`` groups each is in, of about as many ratings each."""
    order = np.argsort(lots, kind="stable")
    before = np.cumsum(counts[order]) - counts[order]
    found = np.empty(len(counts), np.int64)
    found[order] = np.minimum(before * number // max(int(counts.sum()), 1), number - 1)
    return found


def ends(
    net: RatingNetwork, vectors: Vectors, told: Told, base: Base, *, users: int, device: torch.device
) -> tuple[Tensor, Tensor]:
    """``[users, 100]`` and ``[items, 100]``: both ends of the Siamese, also of whom nothing is told."""
    left, right = list[Tensor](), list[Tensor]()
    with torch.no_grad():
        for start in range(0, users, TOGETHER):
            end = min(start + TOGETHER, users)
            first, last = (int(np.searchsorted(told.users, one)) for one in (start, end))
            own = told.take(np.arange(first, last))
            made = vectors.users(own, base, first=start, count=end - start)
            left.append(net.users(torch.from_numpy(made).to(device)))
        for start in range(0, vectors.count, TOGETHER):
            parts, known = vectors.items(np.arange(start, min(start + TOGETHER, vectors.count)), base)
            there = [torch.from_numpy(one).to(device) for one in parts]
            right.append(net.items(there, torch.from_numpy(known).to(device)))
    return torch.cat(left), torch.cat(right)
