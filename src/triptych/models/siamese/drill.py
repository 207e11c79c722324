"""Drill: pairs as the trainer takes them, batch by batch, and how a network is judged by pairs that were held back.

Items stand ready as tensors, and a batch is rows of those. Contrastive batches are of pairs of both kinds. Triplet
batches are of alike pairs alone: the negative of each is mined from the other pairs' items, and which of the two is the
anchor is drawn anew each time. (The thesis has it so in §4.5.2; in §5.3.2 it says that batches are of single items.)
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from triptych.errors import UnknownName, UsageError
from triptych.models.siamese import diagnosis, losses, mining
from triptych.models.siamese.inputs import Inputs
from triptych.models.siamese.network import Network
from triptych.models.siamese.pairs import Pairs

I64 = npt.NDArray[np.int64]

LOSSES = ("contrastive", "triplet")
#: Triplets made of each alike pair that was held back.
NEGATIVES = 8
#: Margins that triplets of a pair network are told to be satisfied by: those of Table F.1's triplet networks.
SATISFIED = {"cosine": 0.3, "euclidean": 1.0}
#: Triplets that satisfaction is measured by each epoch.
LOOKED_AT = 100_000


@dataclass(frozen=True, kw_only=True)
class Aim:
    """``loss``: contrastive or triplet; ``metric``, ``margin``; ``half``: of the contrastive loss; ``batch``: pairs in
    a batch; ``unlike``: genres that share less than this by Jaccard make a negative that is taken before others."""

    loss: str = "contrastive"
    metric: str = "cosine"
    margin: float = 0.8
    half: bool = False
    batch: int = 16
    unlike: float = 0.1

    def __post_init__(self) -> None:
        if self.loss not in LOSSES:
            raise UnknownName("loss", self.loss, LOSSES)
        if self.metric not in losses.METRICS:
            raise UnknownName("metric", self.metric, losses.METRICS)
        if not 0 < self.margin < float("inf"):
            raise UsageError(f"the margin is {self.margin:g}; it is above 0.")
        if self.batch < 2:
            raise UsageError(f"a batch of {self.batch} pairs has none to compare with; ask for 2 or more.")

    @property
    def satisfied(self) -> float:
        return self.margin if self.loss == "triplet" else SATISFIED[self.metric]


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """``inputs``: of 2b rows, the first item of each pair, then the second; ``rows``: their places; ``alike``: [b]."""

    inputs: Inputs
    rows: torch.Tensor
    alike: torch.Tensor


class Drill:
    """A task for the trainer. ``pairs`` teach, ``held`` judge; places in both are rows of ``inputs`` and ``genres``."""

    def __init__(
        self,
        net: Network,
        inputs: Inputs,
        *,
        pairs: Pairs,
        held: Pairs,
        genres: npt.NDArray[np.float32],
        aim: Aim,
        seed: int = 0,
    ) -> None:
        self.net, self.inputs, self.aim, self.held, self.seed = net, inputs, aim, held, seed
        if aim.metric != net.plan.metric:
            raise UsageError(f"a network for the {net.plan.metric} metric cannot be drilled by the {aim.metric} one.")
        self.pairs = pairs.take(pairs.alike) if aim.loss == "triplet" else pairs
        if len(self.pairs) < 2:
            raise UsageError(f"{len(self.pairs)} pairs are left to learn from; give 2 at least.")
        self._genres = torch.from_numpy((genres > 0).astype(np.float32))
        self._ends = torch.from_numpy(np.stack([self.pairs.first, self.pairs.second]))
        self._alike = torch.from_numpy(self.pairs.alike.copy())
        self._items = held.items
        first, second = (np.searchsorted(self._items, ends) for ends in (held.first, held.second))
        self._held = Pairs(first=first, second=second, alike=held.alike, users=held.users)
        self._negatives = _drawn(self._items, self._held, genres, aim.unlike, seed) if aim.loss == "triplet" else None

    @property
    def fingerprint(self) -> str:
        found = hashlib.blake2b(digest_size=16)
        told: Any = {"aim": vars(self.aim), "plan": self.net.plan.json, "seed": self.seed}
        found.update(json.dumps(told, sort_keys=True).encode())
        found.update(self.inputs.digest.encode())
        found.update(self._genres.cpu().numpy().tobytes())
        for pairs in (self.pairs, self.held):
            for column in (pairs.first, pairs.second, pairs.alike):
                found.update(np.ascontiguousarray(column).data)
        return f"siamese {found.hexdigest()}"

    @property
    def steps(self) -> int:
        return -(-len(self.pairs) // self.aim.batch)

    def to(self, device: torch.device) -> None:
        self.inputs = self.inputs.to(device)
        self._genres, self._ends = self._genres.to(device), self._ends.to(device)
        self._alike = self._alike.to(device)

    def batches(self, epoch: int, generator: torch.Generator) -> Iterator[Batch]:
        n, device = len(self.pairs), self._ends.device
        order = torch.randperm(n, generator=generator)
        turned = torch.zeros(n, dtype=torch.bool)
        if self.aim.loss == "triplet":
            turned = torch.rand(n, generator=generator) < 0.5
        order, turned = order.to(device), turned.to(device)
        ends = self._ends[:, order]
        ends = torch.where(turned, ends.flip(0), ends)
        alike = self._alike[order]
        for start in range(0, n, self.aim.batch):
            part = slice(start, start + self.aim.batch)
            rows = ends[:, part].reshape(-1)
            yield Batch(inputs=self.inputs.take(rows), rows=rows, alike=alike[part])

    def loss(self, batch: Batch) -> tuple[torch.Tensor, Mapping[str, float]]:
        aim = self.aim
        vectors: torch.Tensor = self.net(batch.inputs).float()
        first, second = vectors.chunk(2)
        near = losses.distances(first, second, metric=aim.metric)
        if aim.loss == "contrastive":
            return losses.contrastive(near, batch.alike, margin=aim.margin, half=aim.half), {}
        anchors, positives = batch.rows.chunk(2)
        with torch.no_grad():
            negatives = mining.semi_hard(
                losses.all_distances(first, vectors, metric=aim.metric),
                near,
                margin=aim.margin,
                allowed=mining.others(anchors, positives, batch.rows),
                preferred=mining.unlike(anchors, batch.rows, self._genres, below=aim.unlike),
            )
            mined = (negatives != mining.NONE).nonzero().squeeze(1)
        away = losses.distances(first[mined], vectors[negatives[mined]], metric=aim.metric)
        return losses.triplet(near[mined], away, margin=aim.margin), {"mined": len(mined) / len(near)}

    def judge(self) -> Mapping[str, float]:
        """By the pairs that were held back. The ``loss`` of triplets is over fixed ones, of negatives drawn by lot once
        and not mined: a mined loss is of other triplets in every epoch, and always between 0 and the margin."""
        aim, device = self.aim, self.inputs.present.device
        vectors = self.net.embed(self.inputs.take(torch.from_numpy(self._items).to(device))).cpu().numpy()
        far = diagnosis.distances(vectors, self._held.first, self._held.second, aim.metric)
        distance, alike = torch.from_numpy(far), torch.from_numpy(self._held.alike)
        if self._negatives is None:
            loss = losses.contrastive(distance, alike, margin=aim.margin, half=aim.half)
        else:
            pair, anchor, negative = self._negatives
            away = torch.from_numpy(diagnosis.distances(vectors, anchor, negative, aim.metric))
            loss = losses.triplet(distance[torch.from_numpy(pair)], away, margin=aim.margin)
        told = {"loss": float(loss), "auc": diagnosis.auc(far, self._held.alike)}
        kept = diagnosis.satisfaction(
            vectors, self._held, metric=aim.metric, margin=aim.satisfied, most=LOOKED_AT, seed=self.seed
        )
        if kept["satisfied"] is not None:
            told |= {"satisfaction": kept["satisfied"], "ordered": kept["ordered"]}
        return told


def _drawn(items: I64, pairs: Pairs, genres: npt.NDArray[np.float32], below: float, seed: int) -> tuple[I64, I64, I64]:
    """Triplets, ``[t]`` each: the place of an alike pair, its anchor (either end) and a negative, places in ``items``.

    Negatives are items of other genres than the anchor's where there are any, else any other; ``NEGATIVES`` of each
    pair, drawn with replacement.
    """
    pair = np.flatnonzero(pairs.alike).repeat(NEGATIVES)
    rng = np.random.default_rng([seed, 7])
    turned = rng.random(len(pair)) < 0.5
    anchor = np.where(turned, pairs.second[pair], pairs.first[pair])
    positive = np.where(turned, pairs.first[pair], pairs.second[pair])
    own = torch.from_numpy((genres[items] > 0).astype(np.float32))
    places = torch.arange(len(items))
    apart = mining.unlike(places, places, own, below=below).numpy()
    found = np.full(len(pair), -1, np.int64)
    for here in np.unique(anchor).tolist():
        which = np.flatnonzero(anchor == here)
        among = np.flatnonzero(apart[here])
        if not len(among):
            among = np.flatnonzero(np.arange(len(items)) != here)
        found[which] = among[rng.integers(len(among), size=len(which))] if len(among) else here
    proper = (found != positive) & (found != anchor)
    return pair[proper], anchor[proper], found[proper]
