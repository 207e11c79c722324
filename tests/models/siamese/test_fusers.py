"""Fusers have the parameters and the start that the thesis gives them; and what of the largest never learns."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from triptych.errors import UnknownName, UsageError
from triptych.models.siamese.fusers import Hybrid, fuser

WIDTHS = {"seeing": 256, "hearing": 192, "reading": 384}


def panels(n: int = 6) -> list[torch.Tensor]:
    torch.manual_seed(0)
    return [torch.nn.functional.normalize(torch.randn(n, width)) for width in WIDTHS.values()]


@pytest.mark.parametrize(
    ("name", "gain", "parameters"),
    [("hybrid", 2**0.5, 1_120_384), ("simple", 0.7, 401_568), ("ultra-simple", 0.1, 108_288)],
)
def test_parameters_and_their_start(name: str, gain: float, parameters: int) -> None:
    torch.manual_seed(0)
    net = fuser(name, WIDTHS, width=128)
    assert sum(one.numel() for one in net.parameters()) == parameters
    assert net(panels()).shape == (6, 128)
    for module in net.modules():
        if isinstance(module, nn.Linear):
            bound = gain * math.sqrt(6 / sum(module.weight.shape))
            assert 0.99 * bound < float(module.weight.detach().abs().max()) <= bound
            assert not module.bias.any()


@pytest.mark.parametrize(("joined", "hidden"), [((100,), 256), ((400, 432), 416), ((2000, 1000), 1024)])
def test_the_width_inside_simple_follows_what_comes_in(joined: tuple[int, ...], hidden: int) -> None:
    net = fuser("simple", {str(k): width for k, width in enumerate(joined)}, width=128)
    assert net.mlp[1].weight.shape == (hidden, sum(joined))


def by_attention(net: Hybrid, given: list[torch.Tensor]) -> torch.Tensor:
    """As the thesis has it, with all that attention computes."""
    query, parts = net.query(given[0])[:, None], [given[0]]
    for values, name in zip(given[1:], ("hearing", "reading"), strict=True):
        key, value = net.keys_values[name](values)[:, None].chunk(2, dim=-1)
        told, _ = net.attention[name](query, key, value)
        parts.append(net.norms[name](given[0] + told[:, 0]))
    return net.mlp(torch.cat(parts, dim=1))


def test_attention_over_one_key_never_hears_the_query() -> None:
    """43 % of hybrid's parameters have no gradient, whatever it is shown."""
    torch.manual_seed(0)
    net = Hybrid(WIDTHS).train()
    by_attention(net, panels()).square().sum().backward()
    size, still = 256, 0
    for name, one in net.named_parameters():
        assert one.grad is not None
        idle = one.grad == 0
        if name.startswith("query"):
            assert bool(idle.all())
            still += one.numel()
        elif "keys_values" in name:
            assert bool(idle[:size].all())
            assert not bool(idle[size:].all())
            still += one[:size].numel()
        elif "in_proj" in name:
            assert bool(idle[: 2 * size].all())
            still += one[: 2 * size].numel()
    assert still == 476_928
    assert still / sum(one.numel() for one in net.parameters()) == pytest.approx(0.4257, abs=1e-4)


def test_hybrid_equals_attention_that_is_computed_in_full() -> None:
    """In what comes out, and in the gradients of all that has one."""
    torch.manual_seed(0)
    net, given = Hybrid(WIDTHS).eval(), panels()
    found: list[list[torch.Tensor]] = []
    for made in (net(given), by_attention(net, given)):
        net.zero_grad()
        made.square().sum().backward()
        gradients = (torch.zeros_like(one) if one.grad is None else one.grad for one in net.parameters())
        found.append([made.detach(), *gradients])
    for mine, theirs in zip(*found, strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-4, rtol=1e-4)


def test_dropout_takes_whole_heads_of_what_attention_tells() -> None:
    """A fifth of them, and what stays counts the more: as dropout of the one weight of attention does."""
    torch.manual_seed(0)
    net = Hybrid({"seeing": 8, "hearing": 8}, width=4).train()
    net.norms["hearing"], net.mlp = nn.Identity(), nn.Identity()
    nn.init.eye_(net.attention["hearing"].out_proj.weight)
    given = [torch.zeros(4000, 8), torch.ones(4000, 8)]
    told = net(given)[:, 8:].unflatten(1, (4, 2))
    whole = net.eval()(given)[0, 8:].unflatten(0, (4, 2))
    gone = (told == 0).all(dim=2)
    assert float(gone.float().mean()) == pytest.approx(0.2, abs=0.02)
    torch.testing.assert_close(told[~gone], (whole / 0.8).expand(4000, 4, 2)[~gone])


def test_hybrid_asks_with_the_first_panel_there_is_and_needs_another() -> None:
    net = Hybrid({"hearing": 192, "reading": 384}, width=16)
    assert net.query.weight.shape == (192, 192)
    with pytest.raises(UsageError, match="simple"):
        Hybrid({"reading": 384})
    with pytest.raises(UsageError, match="heads"):
        Hybrid({"seeing": 30, "reading": 384})
    with pytest.raises(UnknownName, match="hybrid"):
        fuser("hybird", WIDTHS, width=128)
