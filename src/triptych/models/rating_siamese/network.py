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


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that a network is built from, as JSON has it. ``widths``: of what goes into each item encoder, in order;
    ``user``: of what goes into the users'. ``product``: whether the predictor is given the product of both ends too;
    ``sigmoid``: whether the layers that the paper says end in one."""

    widths: Mapping[str, int] = field(default_factory=dict[str, int])
    user: int
    dropout: float = 0.0
    product: bool = False
    sigmoid: bool = True

    @property
    def json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def item(self) -> int:
        """The width of an item."""
        return sum(ENCODERS[name][-1] for name in self.widths)


class RatingNetwork(nn.Module):
    """Pingali 2022, §V and figure 5.

    An item is the concatenation of what the encoders make of its modalities; a user is what theirs makes of the vector
    that stands for what the user likes. Both go through one Siamese network, and the predictor rates its two ends,
    concatenated. All layers end in a LeakyReLU, but for the first of the users' and the first two of what is seen,
    which end in a sigmoid, and for the rating, which is left linear. A modality that an item has nothing of is encoded
    by a vector that is learned, and begins as zeros; the paper says nothing of such items.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan
        for name, width in plan.widths.items():
            sigmoids = SIGMOIDS.get(name, 0) if plan.sigmoid else 0
            layers = dense((width, *ENCODERS[name]), sigmoids=sigmoids, dropout=plan.dropout)
            self.add_module(name, layers)
        self.user = dense((plan.user, USER, plan.item), sigmoids=int(plan.sigmoid), dropout=plan.dropout)
        self.siamese = dense((plan.item, *SIAMESE), dropout=plan.dropout)
        ends = SIAMESE[-1] * (3 if plan.product else 2)
        self.predictor = dense((ends, *PREDICTOR), dropout=plan.dropout)[:-1]
        self.unknown = nn.ParameterDict({name: torch.zeros(ENCODERS[name][-1]) for name in plan.widths})

    def users(self, vectors: Tensor) -> Tensor:
        """``[n, user]`` → ``[n, 100]``: the users' end of the Siamese."""
        return self.siamese(self.user(vectors))

    def items(self, parts: Sequence[Tensor], known: Tensor) -> Tensor:
        """``parts``: ``[n, width]`` of each modality; ``known``: bool ``[n, modalities]``. Returns ``[n, 100]``."""
        encoded: list[Tensor] = []
        for k, (name, part) in enumerate(zip(self.plan.widths, parts, strict=True)):
            made: Tensor = getattr(self, name)(part)
            encoded.append(torch.where(known[:, k, None], made, self.unknown[name]))
        return self.siamese(torch.cat(encoded, dim=1))

    def rate(self, users: Tensor, items: Tensor) -> Tensor:
        """Of each pair of ends, both ``[n, 100]``: ``[n]``."""
        ends = [users, items, users * items] if self.plan.product else [users, items]
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


def cosine_loss(users: Tensor, items: Tensor, liked: Tensor) -> Tensor:
    """Eq. 3 as a mean: 1 − cos of the ends where the user liked the item, max(0, cos) where not."""
    cosine = functional.cosine_similarity(users, items, dim=1)
    return torch.where(liked, 1 - cosine, cosine.clamp(min=0)).mean()


def parameter_lines(net: RatingNetwork) -> dict[str, int]:
    """Trained numbers by part: each encoder, ``siamese``, ``predictor``, and ``unknown``, which the paper has not."""
    return {name: sum(one.numel() for one in part.parameters()) for name, part in net.named_children()}
