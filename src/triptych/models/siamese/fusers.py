"""Fusers: networks that bring the vectors of an item's panels together into one.

Each takes a list of ``[n, d_p]``, one for each panel in order, and gives ``[n, width]`` as it comes: scaling it to
length 1 is the business of the metric (Table 5.1 of the thesis; the listings of its appendix E scale inside the
fusers, and thereby the Euclidean networks too, which leaves those no length to learn).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import nn
from torch.nn import functional

from triptych.errors import UnknownName, UsageError


class Hybrid(nn.Module):
    """The first panel, which is seeing where there is one, asks each other panel by attention (4 heads, dropout .2);
    with what it got from each → LayerNorm → Linear 2·width, ReLU, Dropout .4, Linear width.

    Each of the others is one key alone. So attention weighs it by 1 whatever the query asks, and what comes out is its
    value, of which dropout takes whole heads. The query and the keys, 43 % of the parameters with the towers of the
    thesis, are kept, for its network has them; as nothing can come of them they are not computed, and never learn.
    """

    gain = 2.0**0.5

    def __init__(self, widths: Mapping[str, int], *, width: int = 128, heads: int = 4) -> None:
        super().__init__()
        query, *rest = widths
        if not rest:
            raise UsageError(
                f"hybrid fusion has one panel ask others, and there is {query} alone; take fusion 'simple'."
            )
        size = widths[query]
        if size % heads:
            raise UsageError(f"{query} comes as {size} numbers, which {heads} heads cannot share; take a multiple.")
        self.query = nn.Linear(size, size)
        self.keys_values = nn.ModuleDict({panel: nn.Linear(widths[panel], 2 * size) for panel in rest})
        self.attention = nn.ModuleDict(
            {panel: nn.MultiheadAttention(size, heads, dropout=0.2, batch_first=True) for panel in rest}
        )
        self.norms = nn.ModuleDict({panel: nn.LayerNorm(size) for panel in rest})
        joined = size * (1 + len(rest))
        self.mlp = nn.Sequential(
            nn.LayerNorm(joined), nn.Linear(joined, 2 * width), nn.ReLU(), nn.Dropout(0.4), nn.Linear(2 * width, width)
        )
        _started(self, self.gain)

    def forward(self, panels: Sequence[torch.Tensor]) -> torch.Tensor:
        first, *rest = panels
        parts = [first]
        for values, name in zip(rest, self.norms, strict=True):
            attention = cast(nn.MultiheadAttention, self.attention[name])
            into, size = cast(nn.Linear, self.keys_values[name]), attention.embed_dim
            value = functional.linear(values, into.weight[size:], into.bias[size:])
            weight, bias = cast(torch.Tensor, attention.in_proj_weight), attention.in_proj_bias
            value = functional.linear(value, weight[2 * size :], bias[2 * size :])
            heads = torch.ones(len(value), cast(int, attention.num_heads), 1, device=value.device, dtype=value.dtype)
            heads = functional.dropout(heads, attention.dropout, self.training)
            told = attention.out_proj((value.unflatten(1, (attention.num_heads, -1)) * heads).flatten(1))
            parts.append(self.norms[name](first + told))
        return self.mlp(torch.cat(parts, dim=1))


class Simple(nn.Module):
    """All side by side → LayerNorm → Linear min(max(2·width, half of all), 1024) → ReLU → Dropout .5 → Linear width."""

    gain = 0.7

    def __init__(self, widths: Mapping[str, int], *, width: int = 128) -> None:
        super().__init__()
        joined = sum(widths.values())
        hidden = min(max(2 * width, joined // 2), 1024)
        self.mlp = nn.Sequential(
            nn.LayerNorm(joined), nn.Linear(joined, hidden), nn.ReLU(), nn.Dropout(0.5), nn.Linear(hidden, width)
        )
        _started(self, self.gain)

    def forward(self, panels: Sequence[torch.Tensor]) -> torch.Tensor:
        return self.mlp(torch.cat(list(panels), dim=1))


class UltraSimple(nn.Module):
    """All side by side → LayerNorm → Linear width."""

    gain = 0.1

    def __init__(self, widths: Mapping[str, int], *, width: int = 128) -> None:
        super().__init__()
        joined = sum(widths.values())
        self.mlp = nn.Sequential(nn.LayerNorm(joined), nn.Linear(joined, width))
        _started(self, self.gain)

    def forward(self, panels: Sequence[torch.Tensor]) -> torch.Tensor:
        return self.mlp(torch.cat(list(panels), dim=1))


#: What settings call them → the network, and its name in the tables of the thesis.
FUSERS: Mapping[str, tuple[type[Hybrid] | type[Simple] | type[UltraSimple], str]] = {
    "hybrid": (Hybrid, "Hybrid"),
    "simple": (Simple, "Simple"),
    "ultra-simple": (UltraSimple, "UltraSimple"),
}


def fuser(name: str, widths: Mapping[str, int], *, width: int) -> nn.Module:
    """By name. ``widths``: of each panel's vector, in order."""
    if name not in FUSERS:
        raise UnknownName("fusion", name, FUSERS)
    return FUSERS[name][0](widths, width=width)


def _started(net: nn.Module, gain: float) -> None:
    """Xavier, uniform with this gain; biases at 0. The joint projection inside attention keeps torch's own start."""
    for module in net.modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight, gain=gain)
            nn.init.zeros_(module.bias)
