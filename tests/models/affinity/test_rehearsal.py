"""What is learned from is what is written down: loops in double precision say the same, and so do their slopes."""

from __future__ import annotations

from dataclasses import replace
from math import exp, log

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from triptych.models.affinity.co_likes import CoLikes
from triptych.models.affinity.content import Content
from triptych.models.affinity.rehearsal import Batch, rehearsed
from triptych.models.affinity.scoring import Scoring, Tastes, listwise
from triptych.spaces.blocks import Blocks

ITEMS, USERS = 9, 7


def blocks(*, seed: int = 0) -> Blocks:
    rng = np.random.default_rng(seed)
    mask = rng.random((ITEMS, 3)) < 0.7
    mask[0] = True
    parts = [np.where(mask[:, [p]], rng.normal(size=(ITEMS, d)), 0) for p, d in enumerate((2, 3, 1))]
    return Blocks(
        panels=("seeing", "hearing", "hearing"),
        names=("seeing/a", "hearing/b", "hearing/c"),
        values=tuple(part.astype(np.float32) for part in parts),
        mask=mask,
    )


def content() -> Content:
    found = Content.of_blocks(blocks(), np.ones(ITEMS, bool))
    return replace(found, values=tuple(v.double() for v in found.values), lacking=found.lacking.double())


def likes(*, seed: int = 1) -> np.ndarray:
    found = np.random.default_rng(seed).random((USERS, ITEMS)) < 0.4
    found[0] = False
    found[1] = np.arange(ITEMS) == 4
    return found.astype(np.float64)


def tastes(given: np.ndarray) -> Tastes:
    found = CoLikes.of(sp.csr_array(given), width=5)
    return Tastes(
        vectors=torch.from_numpy(found.vectors).double(),
        energy=torch.from_numpy(found.energy).double(),
        commonness=torch.from_numpy(found.commonness).double(),
        launches=torch.from_numpy(found.launches).double(),
    )


def loop(net: Scoring, distances: np.ndarray, given: np.ndarray, known: Tastes) -> float:
    """Item by item and user by user: each item made of the others by a regression of its own, each like taken off."""
    w, a, c = (one.detach().exp().numpy() for one in (net.weights, net.shares, net.alone))

    def k(i: int, j: int) -> float:
        d = distances[:, i, j]
        far = sum(a[m] * exp(-sum(w[m, p] * d[p] for p in range(len(d)))) for m in range(len(a)))
        return far + sum(c[p] * exp(-2 * d[p]) for p in range(len(d)))

    kernel = np.array([[k(i, j) for j in range(ITEMS)] for i in range(ITEMS)])
    ridge, held = exp(net.ridge.item()) + 1e-2, exp(net.held_back.item())
    energy = known.energy.numpy()
    e = known.vectors.numpy() * np.sqrt(energy / (energy + held))
    g = e / known.commonness.numpy()[:, None] ** net.correction
    g = g - g.mean(axis=0)
    scores = np.zeros((USERS, ITEMS))
    for i in range(ITEMS):
        others = [t for t in range(ITEMS) if t != i]
        made = np.linalg.solve(kernel[np.ix_(others, others)] + ridge * np.eye(ITEMS - 1), kernel[others, i])
        vector, launch = made @ g[others], made @ known.launches.numpy()[others]
        for u in range(USERS):
            own = sum((e[j] for j in others if given[u, j]), np.zeros(e.shape[1]))
            length = max(given[u].sum(), 1) ** -net.evenness.item()
            scores[u, i] = exp(net.sharpness.item()) * length * (own @ vector) + net.launch.item() * launch
    total = []
    for u in range(USERS):
        if given[u].any():
            whole = log(sum(exp(s - scores[u].max()) for s in scores[u])) + scores[u].max()
            total.append(np.mean([whole - scores[u, i] for i in range(ITEMS) if given[u, i]]))
    return float(np.mean(total))


@pytest.fixture(scope="module")
def net() -> Scoring:
    made = Scoring(3, opinions=2, correction=0.5, launch=True).double()
    drawn = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for one in made.parameters():
            one.add_(0.3 * torch.randn(one.shape, generator=drawn, dtype=torch.float64))
        made.sharpness.fill_(2.0)
    return made


def test_the_loss_and_its_slopes_are_those_of_loops_in_double_precision(net: Scoring) -> None:
    """Items twice in a shuffled order: a batch says which of them it is of."""
    given, shown = likes(), content()
    order = torch.randperm(ITEMS, generator=torch.Generator().manual_seed(5))
    batch = Batch(
        items=order,
        likes=torch.from_numpy(given[:, order.numpy()]),
        hide=torch.zeros(ITEMS, 2, dtype=torch.bool),
    )
    known = tastes(given)
    places = torch.arange(ITEMS)
    distances = shown.distances(places, places).numpy()
    net.zero_grad()
    loss = rehearsed(net, shown.take(order), known, batch)
    assert loss.item() == pytest.approx(loop(net, distances, given, known), abs=1e-9)
    loss.backward()
    step = 1e-5
    for one in net.parameters():
        flat, slope = one.data.view(-1), one.grad
        assert slope is not None
        for k in range(min(len(flat), 2)):
            ends: list[float] = []
            for move in (step, -2 * step):
                flat[k] += move
                ends.append(loop(net, distances, given, known))
            flat[k] += step
            assert slope.view(-1)[k].item() == pytest.approx((ends[0] - ends[1]) / (2 * step), abs=1e-6)


def test_an_own_like_changes_no_own_score(net: Scoring) -> None:
    """What a user likes of an item is not among what its score is made of: all others' scores may move, not that."""
    shown, known = content(), tastes(likes())
    places = torch.arange(ITEMS)
    made = net.left_out(net.kernel(shown.distances(places, places)))
    liked, met = net.liked_and_met(known)
    assert not made.diagonal().any()
    weights = liked @ (met.T @ made)
    weights = weights - torch.diag(weights.diagonal())
    row = torch.from_numpy(likes()[[3]])
    other = row.clone()
    other[0, 4] = 1 - other[0, 4]
    moved = (row @ weights - other @ weights).abs()[0]
    assert moved[4] == 0
    assert (moved > 0).sum() == ITEMS - 1


def test_whatever_is_missing_a_kernel_can_be_solved(net: Scoring) -> None:
    """Distances are those of points in some space, so that no sum of kernels has an eigenvalue below 0."""
    for seed in range(5):
        shown = Content.of_blocks(blocks(seed=seed), np.ones(ITEMS, bool))
        hide = torch.rand(ITEMS, 2, generator=torch.Generator().manual_seed(seed)) < 0.4
        places = torch.arange(ITEMS)
        for one in (shown, shown.hidden(hide)):
            kernel = net.kernel(one.distances(places, places).double())
            assert torch.equal(kernel, kernel.T) or torch.allclose(kernel, kernel.T, atol=1e-6)
            assert torch.linalg.eigvalsh(kernel)[0] > -1e-5
    pairs = Content.of_blocks(blocks(), np.ones(ITEMS, bool)).distances(places, places)
    whole = blocks().mask[:, 0]
    assert pairs[0][whole][:, whole].mean().item() == pytest.approx(1, abs=1e-5)
    lacked = np.flatnonzero(~whole)
    assert pairs[0][lacked[0], lacked[1]].item() == pytest.approx(1)


def test_hidden_panels_are_as_if_they_had_never_been_there() -> None:
    shown = Content.of_blocks(blocks(), np.ones(ITEMS, bool))
    hide = torch.zeros(ITEMS, 2, dtype=torch.bool)
    hide[2, 0] = True  # panels in the order of their names: hearing, seeing
    found = shown.hidden(hide)
    assert found.lacking[2, 1:].all()
    assert found.lacking[2, 0] == shown.lacking[2, 0]
    assert not found.values[1][2].any()
    assert torch.equal(found.values[0], shown.values[0])


def test_co_likes_are_the_components_of_the_likes_either_way() -> None:
    """Few users with many items, and many users with few items, go two ways to the same thing."""
    given = likes()
    for one in (given, np.vstack([given, given, given])):
        found = CoLikes.of(sp.csr_array(one), width=20)
        square = (found.vectors * found.energy) @ found.vectors.T * len(one)
        assert square == pytest.approx(one.T @ one, abs=1e-5)
        assert found.vectors.T @ found.vectors == pytest.approx(np.eye(found.vectors.shape[1]), abs=1e-5)
        assert (found.vectors.max(axis=0) >= np.abs(found.vectors).max(axis=0)).all()
        assert found.launches == pytest.approx(np.log1p(one.sum(0)) - np.log1p(one.sum(0)).mean(), abs=1e-6)
    assert CoLikes.of(sp.csr_array(given), width=2).vectors.shape == (ITEMS, 2)


def test_nobody_who_likes_anything_is_a_loss_of_nothing() -> None:
    scores = torch.randn(3, 4, generator=torch.Generator().manual_seed(0), requires_grad=True)
    loss = listwise(scores, torch.zeros(3, 4))
    loss.backward()
    assert loss.item() == 0
    assert scores.grad is not None
    assert not scores.grad.any()
