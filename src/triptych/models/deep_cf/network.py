"""Network: a branch of user and item factors, a branch of content in time, and layers that join them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from triptych.models.deep_cf.inputs import Panel

Bools = npt.NDArray[np.bool_]
#: Items whose content is looked at together where no gradient is asked for.
TOGETHER = 512
#: Embeddings begin between minus this and this, as those of Keras do.
FACTOR = 0.05
#: So near the ends of the scale, as a share of it, the output begins at most.
NEAR = 0.02


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a network is built from. ``factors``: of each embedding. ``ratings``, ``merge``, ``join``: widths of the
    dense layers of the rating branch, of the content branch and behind both; ``units``: of the recurrent layers of
    each panel. ``rating_branch``, ``content_branch``: whether there is one. ``content_users``: whether the content
    branch has a user embedding of its own. ``cold``: what stands for an embedding that nothing was learned of."""

    factors: int
    ratings: tuple[int, ...]
    units: tuple[int, ...]
    merge: tuple[int, ...]
    join: tuple[int, ...]
    rating_branch: bool
    content_branch: bool
    content_users: bool
    dropout: float
    cold: str


class Factors(nn.Module):
    """An embedding, ``[n, width]``: a row for each user, or for each item.

    ``known``: bool ``[n]``, of whom training rows tell. Others have the mean of the known rows, as it is at that
    moment, or with ``cold`` "untrained" what was drawn for them.
    """

    def __init__(self, known: Bools, width: int, *, cold: str) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(len(known), width).uniform_(-FACTOR, FACTOR))
        self.register_buffer("unknown", torch.from_numpy(~known), persistent=False)
        self.register_buffer("places", torch.from_numpy(np.flatnonzero(known)), persistent=False)
        self._mean = cold == "mean"

    def forward(self, which: Tensor, lost: Tensor | None = None) -> Tensor:
        """``which``: int64 ``[b]``; ``lost``: bool ``[b]``, those that are taken for unknown."""
        found = functional.embedding(which, self.weight)
        away = cast(Tensor, self.unknown)[which] if self._mean else torch.zeros_like(which, dtype=torch.bool)
        away = away if lost is None else away | lost
        return torch.where(away[:, None], self.mean(), found) if bool(away.any()) else found

    def mean(self) -> Tensor:
        return functional.embedding(cast(Tensor, self.places), self.weight).mean(dim=0)


class InTime(nn.Module):
    """One panel of the content: recurrent layers one above the other, of which the last state of the last is taken;
    ``[b, steps, width]`` → ``[b, units[-1]]``.

    ``missing``: what stands for an item that has nothing of the panel. It is learned where some item that teaches
    lacks it, and is else the mean of what the layers make of those that teach.
    """

    def __init__(self, panel: Panel, learned: Bools, units: Sequence[int]) -> None:
        super().__init__()
        width = panel.values.shape[2]
        known = panel.mask & (width > 0)
        self.register_buffer("values", torch.from_numpy(np.ascontiguousarray(panel.values)), persistent=False)
        self.register_buffer("known", torch.from_numpy(known), persistent=False)
        self.register_buffer("teaching", torch.from_numpy(known & learned), persistent=False)
        self.layers = nn.ModuleList(_lstm(*sizes) for sizes in pairwise((width, *units))) if width else None
        self.missing = nn.Parameter(torch.zeros(units[-1]), requires_grad=bool((learned & ~known).any()))

    def forward(self, items: Tensor) -> Tensor:
        """int64 ``[b]`` → ``[b, units[-1]]``, as items are taught."""
        known = cast(Tensor, self.known)[items]
        if self.layers is None:
            return self.missing.expand(len(items), -1)
        states = cast(Tensor, self.values)[items]
        for layer in self.layers:
            states = _once(layer, states) if states.shape[1] == 1 else layer(states)[0]
        last = states[:, -1]
        return last if bool(known.all()) else torch.where(known[:, None], last, self.missing)

    def all(self) -> Tensor:
        """Of every item, as they are judged."""
        known = cast(Tensor, self.known)
        places = torch.arange(len(known), device=known.device)
        found = torch.cat([self(places[start : start + TOGETHER]) for start in range(0, len(known), TOGETHER)])
        if self.missing.requires_grad or self.layers is None:
            return found
        return torch.where(known[:, None], found, found[cast(Tensor, self.teaching)].mean(dim=0))


class Network(nn.Module):
    """What the output is, for users and items ``[b]``: ``low + σ(θ) · (high − low)`` (Eq. 48).

    All begins as Keras begins it, but for the bias of the output: with that the network says the training ratings'
    ``mean`` at first. From 0, the middle of the scale, everything is too low for the first hundreds of steps, which
    can leave the few ReLU that join the branches dead for good, and one number for all pairs.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        panels: Sequence[Panel],
        known_users: Bools,
        known_items: Bools,
        scale: tuple[float, float],
        mean: float,
    ) -> None:
        super().__init__()
        self.plan, self.scale = plan, scale
        entering = 0
        if plan.rating_branch:
            self.users = Factors(known_users, plan.factors, cold=plan.cold)
            self.items = Factors(known_items, plan.factors, cold=plan.cold)
            self.ratings = _dense((2 * plan.factors, *plan.ratings), plan.dropout)
            entering += plan.ratings[-1]
        if plan.content_branch:
            self.panels = nn.ModuleDict({one.title: InTime(one, known_items, plan.units) for one in panels})
            merged = len(panels) * plan.units[-1] + plan.factors * plan.content_users
            if plan.content_users:
                self.content_users = Factors(known_users, plan.factors, cold=plan.cold)
            self.merge = _dense((merged, *plan.merge), plan.dropout)
            entering += plan.merge[-1]
        self.join = _dense((entering, *plan.join), plan.dropout)
        self.out = nn.Linear(plan.join[-1], 1)
        for one in self.modules():
            if isinstance(one, nn.Linear):
                nn.init.xavier_uniform_(one.weight)
                nn.init.zeros_(one.bias)
        share = min(max((mean - scale[0]) / (scale[1] - scale[0]), NEAR), 1 - NEAR)
        nn.init.constant_(self.out.bias, math.log(share / (1 - share)))

    def content(self, items: Tensor) -> Tensor:
        """``[b, panels · units]``: of these items, with a gradient."""
        return torch.cat([one(items) for one in self.panels.values()], dim=1)

    def all_content(self) -> Tensor | None:
        """``[items, panels · units]``, for what is judged; None without a content branch."""
        if not self.plan.content_branch:
            return None
        return torch.cat([cast(InTime, one).all() for one in self.panels.values()], dim=1)

    def forward(
        self,
        users: Tensor,
        items: Tensor,
        *,
        lost_users: Tensor | None = None,
        lost_items: Tensor | None = None,
        contents: Tensor | None = None,
    ) -> Tensor:
        """int64 ``[b]`` and ``[b]`` → ``[b]``. ``contents``: what :meth:`all_content` gave, where that is known; else
        an item that is in several rows goes through its recurrent layers once."""
        low, high = self.scale
        branches: list[Tensor] = []
        if self.plan.rating_branch:
            branches.append(self.ratings(torch.cat([self.users(users, lost_users), self.items(items, lost_items)], 1)))
        if self.plan.content_branch:
            if contents is None:
                once, places = cast("tuple[Tensor, Tensor]", torch.unique(items, return_inverse=True))
                read = self.content(once)[places]
            else:
                read = contents[items]
            if self.plan.content_users:
                read = torch.cat([read, self.content_users(users, lost_users)], 1)
            branches.append(self.merge(read))
        joined = self.join(branches[0] if len(branches) == 1 else torch.cat(branches, 1))
        return low + torch.sigmoid(self.out(joined)[:, 0]) * (high - low)


def _dense(widths: Sequence[int], dropout: float) -> nn.Sequential:
    """Dense layers with a ReLU behind each, and dropout before each."""
    found: list[nn.Module] = []
    for entering, leaving in pairwise(widths):
        found += [nn.Dropout(dropout)] if dropout else []
        found += [nn.Linear(entering, leaving), nn.ReLU()]
    return nn.Sequential(*found)


def _lstm(entering: int, units: int) -> nn.LSTM:
    """As Keras begins one: input weights uniform by Glorot, recurrent ones orthogonal, biases 0 but those of the forget
    gate, which are 1. Of the two vectors of biases that PyTorch adds up, the second is 0 and stays so."""
    layer = nn.LSTM(entering, units, batch_first=True)
    own = dict(layer.named_parameters())
    nn.init.xavier_uniform_(own["weight_ih_l0"])
    nn.init.orthogonal_(own["weight_hh_l0"])
    with torch.no_grad():
        own["bias_ih_l0"].zero_()[units : 2 * units] = 1
        own["bias_hh_l0"].zero_()
    own["bias_hh_l0"].requires_grad_(False)
    return layer


def _once(layer: nn.Module, states: Tensor) -> Tensor:
    """What a layer makes of a single step, ``[b, 1, d]``, for half the price: with no state before it there is nothing
    to forget, and c = i·g."""
    own = dict(layer.named_parameters())
    gates = functional.linear(states, own["weight_ih_l0"], own["bias_ih_l0"])
    enter, _, new, leave = gates.chunk(4, dim=-1)
    return torch.sigmoid(leave) * torch.tanh(torch.sigmoid(enter) * torch.tanh(new))
