"""The four networks: the numbers that their layers add up to, their equations by hand, what is unknown, transfer."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch

from triptych.models.deep_cf.deep_cf import NETWORKS, DeepCf
from triptych.models.deep_cf.inputs import Panel
from triptych.models.deep_cf.network import Network
from triptych.models.deep_cf.transfer import transfer

USERS, ITEMS = 5, 4
F64 = np.ndarray


def panel(title: str, width: int, *, steps: int = 2, lacking: tuple[int, ...] = ()) -> Panel:
    rng = np.random.default_rng(len(title))
    mask = ~np.isin(np.arange(ITEMS), lacking)
    values = np.where(mask[:, None, None], rng.normal(size=(ITEMS, steps, width)), 0).astype(np.float32)
    return Panel(title=title, titles=(title,), values=values, mask=mask)


def network(name: str, *panels: Panel, seed: int = 0, cold: str = "mean", mean: float = 3.5, **sizes: Any) -> Network:
    """User 4 and item 3 are cold."""
    settings = replace(DeepCf.preset(name), dropout=0.0, cold=cold, **sizes)
    torch.manual_seed(seed)
    return Network(
        settings.plan,
        panels=panels if NETWORKS[name][1] else (),
        known_users=np.arange(USERS) < 4,
        known_items=np.arange(ITEMS) < 3,
        scale=(0.5, 5.0),
        mean=mean,
    ).eval()


def lstm(entering: int, units: int) -> int:
    """As Keras counts them, with one vector of biases."""
    return 4 * units * (entering + units + 1)


def dense(*widths: int) -> int:
    return sum((entering + 1) * leaving for entering, leaving in pairwise(widths))


def test_the_thesis_s_networks_have_the_numbers_that_its_layers_add_up_to() -> None:
    """Table 11, panels of 600 and 128 entries."""
    seen, heard = panel("seeing", 600), panel("hearing", 128)
    factors = 64 * (USERS + ITEMS)
    towers = lstm(600, 128) + lstm(128, 64) + lstm(128, 128) + lstm(128, 64)
    expected = {
        "deep-cf": factors + dense(128, 32, 16, 8, 1),
        "lstm-av-cont": 64 * USERS + towers + dense(192, 32, 16, 8, 1),
        "dcf-av-cont-1": factors + dense(128, 32, 16) + towers + dense(128, 32, 16) + dense(32, 8, 1),
        "dcf-av-cont-2": factors + dense(128, 32, 16) + 64 * USERS + towers + dense(192, 32, 16) + dense(32, 8, 1),
    }
    for name, count in expected.items():
        net = network(name, seen, heard)
        assert sum(one.numel() for one in net.parameters() if one.requires_grad) == count, name


def relu(x: F64) -> F64:
    return np.maximum(x, 0)


def sigmoid(x: F64) -> F64:
    return 1 / (1 + np.exp(-x))


def last_state(weights: dict[str, F64], steps: F64, layer: str) -> F64:
    """Gates i, f, g, o: c = f·c + i·g, h = o·tanh(c). ``[b, t, d]`` → ``[b, t, u]``."""
    entering, own, bias = (weights[f"{layer}.{name}"] for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0"))
    state = cell = np.zeros((len(steps), own.shape[1]))
    found = []
    for t in range(steps.shape[1]):
        i, f, g, o = np.split(steps[:, t] @ entering.T + state @ own.T + bias, 4, axis=1)
        cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
        state = sigmoid(o) * np.tanh(cell)
        found.append(state)
    return np.stack(found, axis=1)


@pytest.mark.parametrize("name", NETWORKS)
def test_each_network_is_its_equations(name: str) -> None:
    """Eq. 13 and 42–45, and 48: a sigmoid stretched to the scale, here from 0.5 to 5."""
    tiny: dict[str, Any] = {"factors": 3, "ratings": (4, 3), "units": (3, 2), "merge": (4, 3), "join": (2,)}
    seen, heard = panel("seeing", 3), panel("hearing", 2, steps=1)
    net = network(name, seen, heard, **tiny).double()
    for one in net.parameters():  # as large as what has learned
        if one.requires_grad:
            torch.nn.init.normal_(one, std=0.7)
    w = {key: one.detach().numpy() for key, one in net.state_dict().items()}
    users, items = np.array([0, 1, 2, 0, 3]), np.array([2, 1, 0, 1, 2])

    def layers(part: str, x: F64) -> F64:
        for key in sorted(k for k in w if k.startswith(f"{part}.") and k.endswith("weight")):
            x = relu(x @ w[key].T + w[key.replace("weight", "bias")])
        return x

    branches = []
    if name != "lstm-av-cont":
        branches.append(layers("ratings", np.hstack([w["users.weight"][users], w["items.weight"][items]])))
    if name != "deep-cf":
        read = []
        for one in (seen, heard):
            first = last_state(w, one.values[items].astype(float), f"panels.{one.title}.layers.0")
            read.append(last_state(w, first, f"panels.{one.title}.layers.1")[:, -1])
        if name != "dcf-av-cont-1":
            read.append(w["content_users.weight"][users])
        branches.append(layers("merge", np.hstack(read)))
    joined = layers("join", np.hstack(branches))
    expected = 0.5 + sigmoid(joined @ w["out.weight"][0] + w["out.bias"][0]) * 4.5

    asked = torch.from_numpy(users), torch.from_numpy(items)
    with torch.no_grad():
        np.testing.assert_allclose(net(*asked).numpy(), expected, rtol=1e-9)
        np.testing.assert_allclose(net(*asked, contents=net.all_content()).numpy(), expected, rtol=1e-9)
    assert np.ptp(expected) > 1e-3


def test_layers_begin_as_those_of_keras() -> None:
    net = network("lstm-av-cont", panel("seeing", 6), units=(8, 4))
    state = net.state_dict()
    assert state["panels.seeing.layers.0.bias_ih_l0"].tolist() == [0.0] * 8 + [1.0] * 8 + [0.0] * 16
    own = state["panels.seeing.layers.0.weight_hh_l0"]
    torch.testing.assert_close(own.T @ own, torch.eye(8))
    assert state["merge.0.weight"].abs().max() <= (6 / (4 + 64 + 32)) ** 0.5
    assert 0.045 < state["content_users.weight"].abs().max() <= 0.05
    assert not any(state[f"{part}.bias"].any() for part in ("merge.0", "merge.2", "join.0"))


@pytest.mark.parametrize("mean", [3.5, 5.0, 0.5])
def test_a_network_begins_at_the_mean_rating_or_near_the_end_of_the_scale_that_it_is(mean: float) -> None:
    net = network("deep-cf", mean=mean)
    with torch.no_grad():
        net.out.weight.zero_()
        said = float(net(torch.tensor([0]), torch.tensor([0])))
    assert said == pytest.approx(min(max(mean, 0.5 + 0.02 * 4.5), 5 - 0.02 * 4.5), rel=1e-5)


def test_the_cold_have_the_mean_of_the_known_or_what_was_drawn() -> None:
    mean, drawn = network("deep-cf"), network("deep-cf", cold="untrained")
    which = torch.arange(ITEMS)
    torch.testing.assert_close(mean.items(which)[3], mean.items.weight[:3].mean(dim=0))
    torch.testing.assert_close(mean.items(which)[:3], mean.items.weight[:3])
    torch.testing.assert_close(drawn.items(which), drawn.items.weight)
    lost = torch.tensor([True, False, False, False])
    torch.testing.assert_close(drawn.items(which, lost)[0], drawn.items.weight[:3].mean(dim=0))
    torch.testing.assert_close(drawn.items(which, lost)[1:], drawn.items.weight[1:])
    # The cold teach nothing, and what is lost teaches the known ones alone.
    mean.items(which, lost).sum().backward()
    assert mean.items.weight.grad is not None
    assert not mean.items.weight.grad[3].any()
    assert mean.items.weight.grad[:3].all()


def test_an_item_without_a_panel_has_the_learned_vector_or_the_mean_of_those_that_teach() -> None:
    cold = network("dcf-av-cont-1", panel("seeing", 3, lacking=(3,)), units=(3, 2)).panels["seeing"]
    assert not cold.missing.requires_grad
    torch.testing.assert_close(cold.all()[3], cold.all()[:3].mean(dim=0))
    warm = network("dcf-av-cont-1", panel("seeing", 3, lacking=(1, 3)), units=(3, 2)).panels["seeing"]
    with torch.no_grad():
        warm.missing.copy_(torch.tensor([5.0, 6.0]))
    assert warm.missing.requires_grad
    for found in (warm.all(), warm(torch.arange(ITEMS))):
        assert found[1].tolist() == found[3].tolist() == [5.0, 6.0]
    # A panel that nobody has any of is a vector, and nothing else.
    bare = network("dcf-av-cont-1", panel("seeing", 0, lacking=(0, 1, 2, 3)), units=(3, 2)).panels["seeing"]
    assert dict(bare.named_parameters()).keys() == {"missing"}
    assert bare.all().shape == (ITEMS, 2)


def test_a_transfer_copies_the_modules_and_leaves_what_joins_them() -> None:
    seen = panel("seeing", 3, lacking=(1,))
    ratings, content = network("deep-cf", seed=1), network("lstm-av-cont", seen, seed=2)
    joined = network("dcf-av-cont-2", seen, seed=3)
    before = {name: one.clone() for name, one in joined.state_dict().items()}
    moved = transfer(joined, ratings=ratings, content=content)
    after = joined.state_dict()
    assert set(after) - set(moved) == {"join.0.weight", "join.0.bias", "out.weight", "out.bias"}
    for name, one in after.items():
        source = ratings if name.split(".")[0] in ("users", "items", "ratings") else content
        expected = source.state_dict()[name] if name in moved else before[name]
        assert torch.equal(one, expected), name
    # So it begins with the branches of both, and not with copies that one would change with the other.
    users, items = torch.tensor([0, 2]), torch.tensor([1, 2])
    read = torch.cat([content.content(items), content.content_users(users)], dim=1)
    told = torch.cat([ratings.users(users), ratings.items(items)], dim=1)
    both = torch.cat([ratings.ratings(told), content.merge(read)], dim=1)
    torch.testing.assert_close(joined(users, items), 0.5 + 4.5 * torch.sigmoid(joined.out(joined.join(both))[:, 0]))
    with torch.no_grad():
        joined.users.weight.zero_()
    assert ratings.users.weight.abs().sum() > 0
