"""Teaching: the windows of items and what the three heads are to say of them, as the trainer takes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from triptych.models.trailer_net.network import Taught, TrailerNetwork
from triptych.models.trailer_net.sequences import Windows

F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]

#: Windows that are looked at together where no gradient is asked for.
TOGETHER = 256


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """What is known of each item. ``ratings``: float32 ``[n]``, and ``rated``, bool ``[n]``, where there is one;
    ``genres``: float32 ``[n, G]`` of 0 and 1, all 0 where none is known; ``trailers``: int64 ``[n]``, the number of the
    item among those that are told apart, −1 of the others."""

    ratings: F32
    rated: npt.NDArray[np.bool_]
    genres: F32
    trailers: I64


@dataclass(frozen=True, kw_only=True)
class Weights:
    """How much each head's loss counts. The paper gives none, its authors' code 1 each."""

    rating: float = 1.0
    genres: float = 1.0
    trailer: float = 1.0


class Teaching:
    """A task of the trainer. ``train`` and ``held`` are windows of the same frames.

    The loss is the weighted sum of the squared error of ratings, the binary cross-entropy of genres, mean over them,
    and the cross-entropy of trailers; each a mean over those windows of a batch of which it is known. The validation
    side is judged alike. Where the items of ``held`` are in none of ``train``, their trailers have no number, and
    their loss is of ratings and genres alone.
    """

    def __init__(
        self,
        *,
        net: Taught,
        train: Windows,
        held: Windows,
        answers: Answers,
        weights: Weights,
        batch: int,
        fingerprint: str,
    ) -> None:
        self._net = net
        self._fingerprint = fingerprint
        self._frames = torch.from_numpy(np.ascontiguousarray(train.frames))
        self._sides = (train, held)
        self._places = tuple(torch.from_numpy(side.places) for side in self._sides)
        self._counts = tuple(torch.from_numpy(side.counts) for side in self._sides)
        self._items = tuple(torch.from_numpy(side.items) for side in self._sides)
        self._ratings = torch.from_numpy(answers.ratings)
        self._genres = torch.from_numpy(answers.genres)
        self._trailers = torch.from_numpy(answers.trailers)
        self._known = (torch.from_numpy(answers.rated), self._genres.any(dim=1), self._trailers >= 0)
        self._weights = weights
        self._batch = batch
        self._device = torch.device("cpu")

    @property
    def net(self) -> Taught:
        return self._net

    @property
    def fingerprint(self) -> str:
        return self._fingerprint

    @property
    def steps(self) -> int:
        return -(-len(self._sides[0]) // self._batch)

    def to(self, device: torch.device) -> None:
        """Frames and answers go there; which window is where is looked up on the CPU."""
        self._device = device
        self._frames = self._frames.to(device)
        self._ratings, self._genres = self._ratings.to(device), self._genres.to(device)
        self._trailers = self._trailers.to(device)

    def batches(self, epoch: int, generator: torch.Generator) -> Iterable[Tensor]:
        """int64 ``[b]``: numbers of windows, each once an epoch."""
        del epoch
        yield from torch.randperm(len(self._sides[0]), generator=generator).split(self._batch)

    def loss(self, batch: Tensor) -> tuple[Tensor, Mapping[str, float]]:
        losses, _ = self._losses(0, batch)
        return self._summed(losses), {f"train_{name}": float(loss.detach()) for name, loss in losses.items()}

    def judge(self) -> Mapping[str, float]:
        """``rating``, ``genres`` and ``trailer`` where they can be told, and the ``loss`` that they sum to."""
        total: dict[str, float] = {}
        known: dict[str, int] = {}
        windows = len(self._sides[1])
        for start in range(0, windows, TOGETHER):
            losses, counts = self._losses(1, torch.arange(start, min(start + TOGETHER, windows)))
            for name, loss in losses.items():
                total[name] = total.get(name, 0.0) + float(loss) * counts[name]
                known[name] = known.get(name, 0) + counts[name]
        means = {name: total[name] / known[name] for name in total}
        return {"loss": sum(getattr(self._weights, name) * mean for name, mean in means.items()), **means}

    def _losses(self, side: int, which: Tensor) -> tuple[dict[str, Tensor], dict[str, int]]:
        """The loss of each head that knows any of these windows, and of how many."""
        items = self._items[side][which]
        frames = self._frames[self._places[side][which].to(self._device)]
        rating, genres, trailer = self._net(frames, self._counts[side][which])
        # Told on the CPU, which need not wait for the device to know what there is to compare.
        rated, named, told = (torch.nonzero(known[items])[:, 0] for known in self._known)
        losses: dict[str, Tensor] = {}
        if len(rated):
            truth = self._ratings[items[rated].to(self._device)]
            losses["rating"] = functional.mse_loss(rating[rated.to(self._device)].float(), truth)
        if len(named):
            truth = self._genres[items[named].to(self._device)]
            said = genres[named.to(self._device)].float()
            losses["genres"] = functional.binary_cross_entropy_with_logits(said, truth)
        if len(told):
            truth = self._trailers[items[told].to(self._device)]
            losses["trailer"] = functional.cross_entropy(trailer[told.to(self._device)].float(), truth)
        return losses, {"rating": len(rated), "genres": len(named), "trailer": len(told)}

    def _summed(self, losses: Mapping[str, Tensor]) -> Tensor:
        parts = [getattr(self._weights, name) * loss for name, loss in losses.items()]
        return torch.stack(parts).sum() if parts else torch.zeros((), device=self._device)


def embedded(net: TrailerNetwork, windows: Windows, layer: int) -> F32:
    """float32 ``[s, d]``: what the dense layer 0 or 1 makes of each window. The net is in eval mode, on any device."""
    device = next(net.parameters()).device
    found: list[F32] = []
    with torch.no_grad():
        for start in range(0, len(windows), TOGETHER):
            part = windows.take(np.arange(start, min(start + TOGETHER, len(windows))))
            frames = torch.from_numpy(np.ascontiguousarray(part.frames[part.places])).to(device)
            found.append(net(frames, torch.from_numpy(part.counts))[layer].float().cpu().numpy())
    return np.concatenate(found)
