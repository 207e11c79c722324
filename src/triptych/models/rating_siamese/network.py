"""Network: encoders of each modality and of users, the Siamese that both go through, and what rates two of its ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

#: Widths of the layers of each encoder (Pingali 2022, §V.B); a modality is encoded by 200. The last two are of rating
#: vectors, of which the paper gives none: they are those of its users.
ENCODERS: Mapping[str, tuple[int, ...]] = {
    "seeing": (1600, 500, 200),
    "hearing": (256, 200),
    "reading": (100, 200),
    "meta": (100, 200),
    "ratings": (1024, 800),
}
#: How many of an encoder's first layers end in a sigmoid (§VI.A).
SIGMOIDS: Mapping[str, int] = {"seeing": 2}
#: Of the first layer of the users' encoder, whose second is as wide as an item.
USER = 1024
SIAMESE = (512, 256, 100)
PREDICTOR = (164, 50, 1)
#: LeakyReLU's slope below 0.
LEAK = 0.01
#: Deviation of the weights that a tower begins with.
SPREAD = 0.07


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that a network is built from, as JSON has it. ``widths``: of what goes into each item encoder, in order;
    ``user``: of what goes into the users'. ``product``: whether the predictor is given the product of both ends too;
    ``sigmoid``: whether the layers that the paper says end in one. ``towers``: 0, or how wide the only layer of each
    encoder is."""

    widths: Mapping[str, int] = field(default_factory=dict[str, int])
    user: int
    dropout: float = 0.0
    product: bool = False
    sigmoid: bool = True
    towers: int = 0

    @property
    def json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def item(self) -> int:
        """The width of an item."""
        return sum(self.encoded(name) for name in self.widths)

    @property
    def multiplied(self) -> bool:
        """Whether the predictor is given the product of both ends."""
        return self.product or self.towers > 0

    def encoded(self, name: str) -> int:
        """The width of what an encoder makes."""
        return self.towers or ENCODERS[name][-1]


class RatingNetwork(nn.Module):
    """Pingali 2022, §V and figure 5.

    An item is the concatenation of what the encoders make of its modalities; a user is what theirs makes of the vector
    that stands for what the user likes. Both go through one Siamese network, and the predictor rates its two ends,
    concatenated. All layers end in a LeakyReLU, but for the first of the users' and the first two of what is seen,
    which end in a sigmoid, and for the rating, which is left linear. A modality that an item has nothing of is encoded
    by a vector that is learned, and begins as zeros; the paper says nothing of such items.

    With ``towers`` it is another network, which is not in the paper: what an encoder makes is an end, and a rating is
    linear in both ends and in their product, of which it begins as the sum. Of rating vectors it is an asymmetric
    factor model, as NSVD is on the side of users (Paterek 2007), on both sides and with a tanh.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan
        self.unknown = nn.ParameterDict({name: torch.zeros(plan.encoded(name)) for name in plan.widths})
        if plan.towers:
            for name, width in plan.widths.items():
                self.add_module(name, tower(width, plan.towers, dropout=plan.dropout))
            self.user = tower(plan.user, plan.item, dropout=plan.dropout)
            self.siamese = nn.Sequential()
            self.predictor = nn.Sequential(_dot(plan.item))
            return
        for name, width in plan.widths.items():
            sigmoids = SIGMOIDS.get(name, 0) if plan.sigmoid else 0
            layers = dense((width, *ENCODERS[name]), sigmoids=sigmoids, dropout=plan.dropout)
            self.add_module(name, layers)
        self.user = dense((plan.user, USER, plan.item), sigmoids=int(plan.sigmoid), dropout=plan.dropout)
        self.siamese = dense((plan.item, *SIAMESE), dropout=plan.dropout)
        ends = SIAMESE[-1] * (3 if plan.product else 2)
        self.predictor = dense((ends, *PREDICTOR), dropout=plan.dropout)[:-1]

    @property
    def first(self) -> list[Tensor]:
        """The weights of the first layer of each encoder, users' too."""
        return [getattr(self, name)[0].weight for name in (*self.plan.widths, "user")]

    def users(self, vectors: Tensor) -> Tensor:
        """``[n, user]`` → ``[n, 100]``, or as wide as the towers: the users' end."""
        return self.siamese(self.user(vectors))

    def items(self, parts: Sequence[Tensor], known: Tensor) -> Tensor:
        """``parts``: ``[n, width]`` of each modality; ``known``: bool ``[n, modalities]``. Returns their end,
        as wide."""
        encoded: list[Tensor] = []
        for k, (name, part) in enumerate(zip(self.plan.widths, parts, strict=True)):
            made: Tensor = getattr(self, name)(part)
            encoded.append(torch.where(known[:, k, None], made, self.unknown[name]))
        return self.siamese(torch.cat(encoded, dim=1))

    def rate(self, users: Tensor, items: Tensor) -> Tensor:
        """Of each pair of ends, both ``[n, width]``: ``[n]``."""
        ends = [users, items, users * items] if self.plan.multiplied else [users, items]
        return self.predictor(torch.cat(ends, dim=1))[:, 0]


def dense(widths: Sequence[int], *, sigmoids: int = 0, dropout: float = 0.0) -> nn.Sequential:
    """Layers of these widths: linear, then a sigmoid in the first ``sigmoids`` and a LeakyReLU in the others, then
    dropout."""
    found: list[nn.Module] = []
    for number, (entering, leaving) in enumerate(pairwise(widths)):
        last = nn.Sigmoid() if number < sigmoids else nn.LeakyReLU(LEAK)
        found.append(nn.Linear(entering, leaving))
        found.append(nn.Sequential(last, nn.Dropout(dropout)) if dropout else last)
    return nn.Sequential(*found)


class Wide(nn.Module):
    """A linear layer of x/√width, by weights that begin as normal deviates of :data:`SPREAD`: a step of Adam then moves
    what a wide vector comes to no further than what a narrow one does."""

    def __init__(self, entering: int, leaving: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(SPREAD * torch.randn(leaving, entering))
        self.bias = nn.Parameter(torch.zeros(leaving))

    def forward(self, vectors: Tensor) -> Tensor:
        return functional.linear(vectors / self.weight.shape[1] ** 0.5, self.weight, self.bias)


def tower(entering: int, leaving: int, *, dropout: float = 0.0) -> nn.Sequential:
    return nn.Sequential(Wide(entering, leaving), nn.Tanh(), nn.Dropout(dropout))


def _dot(width: int) -> nn.Linear:
    """Linear in two ends and their product; as it begins, their dot product."""
    found = nn.Linear(3 * width, 1)
    with torch.no_grad():
        found.weight.zero_()
        found.weight[:, 2 * width :] = 1
        found.bias.zero_()
    return found


def cosine_loss(users: Tensor, items: Tensor, liked: Tensor) -> Tensor:
    """Eq. 3 as a mean: 1 − cos of the ends where the user liked the item, max(0, cos) where not."""
    cosine = functional.cosine_similarity(users, items, dim=1)
    return torch.where(liked, 1 - cosine, cosine.clamp(min=0)).mean()


def parameter_lines(net: RatingNetwork) -> dict[str, int]:
    """Trained numbers by part: each encoder, ``siamese``, ``predictor``, and ``unknown``, which the paper has not."""
    return {name: sum(one.numel() for one in part.parameters()) for name, part in net.named_children()}
