"""Losses equal loops in float64, have the gradients that they should, and behave at the edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from triptych.errors import UnknownName
from triptych.models.siamese import losses

METRICS = ("cosine", "euclidean")


def vectors(seed: int, n: int = 40, d: int = 9) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of rows, among them equal ones, opposite ones, parallel ones and a row of 0."""
    rng = np.random.default_rng(seed)
    first, second = rng.normal(size=(2, n, d))
    second[0], second[1], second[2] = first[0], -first[1], 3 * first[2]
    second[3] = 0
    return first, second


def far(a: np.ndarray, b: np.ndarray, metric: str) -> float:
    """As the definition has it, one number at a time."""
    if metric == "euclidean":
        return math.sqrt(math.fsum((float(x) - float(y)) ** 2 for x, y in zip(a, b, strict=True)))
    dot, one, other = (
        math.fsum(float(x) * float(y) for x, y in zip(p, q, strict=True)) for p, q in ((a, b), (a, a), (b, b))
    )
    return 1 - dot / math.sqrt(one * other) if one * other else 1.0


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("seed", [0, 1])
def test_losses_equal_loops(metric: str, seed: int) -> None:
    first, second = vectors(seed)
    third = np.random.default_rng(seed + 9).normal(size=first.shape)
    alike = np.random.default_rng(seed + 5).random(len(first)) < 0.5
    single = [torch.from_numpy(rows.astype(np.float32)) for rows in (first, second, third)]
    near = losses.distances(single[0], single[1], metric=metric)
    away = losses.distances(single[0], single[2], metric=metric)
    expected = [far(a, b, metric) for a, b in zip(first, second, strict=True)]
    # Three times as long is the same direction: float32 keeps what the cosine is off by below 1e-6.
    np.testing.assert_allclose(near, expected, atol=1e-6 * max(1.0, *expected))

    exact = [torch.from_numpy(rows) for rows in (first, second, third)]
    near = losses.distances(exact[0], exact[1], metric=metric)
    away = losses.distances(exact[0], exact[2], metric=metric)
    for margin in (0.3, 1.2):
        terms = [d * d if y else max(0.0, margin - d) ** 2 for d, y in zip(expected, alike, strict=True)]
        whole = float(losses.contrastive(near, torch.from_numpy(alike), margin=margin))
        half = float(losses.contrastive(near, torch.from_numpy(alike), margin=margin, half=True))
        assert whole == pytest.approx(math.fsum(terms) / len(terms), abs=1e-9)
        assert half == pytest.approx(whole / 2)
        others = [far(a, c, metric) for a, c in zip(first, third, strict=True)]
        lacking = [max(0.0, p - n + margin) for p, n in zip(expected, others, strict=True)]
        found = float(losses.triplet(near, away, margin=margin))
        assert found == pytest.approx(math.fsum(lacking) / len(lacking), abs=1e-9)


@pytest.mark.parametrize("metric", METRICS)
def test_all_distances_are_those_of_each_pair(metric: str) -> None:
    first, second = (torch.from_numpy(rows.astype(np.float32)) for rows in vectors(3, n=12))
    found = losses.all_distances(first, second[:7], metric=metric)
    expected = [[far(a, b, metric) for b in second[:7].numpy()] for a in first.numpy()]
    np.testing.assert_allclose(found, expected, atol=1e-6 * np.max(expected))


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("half", [False, True])
def test_gradients_are_those_of_the_losses(metric: str, half: bool) -> None:
    rows = [torch.from_numpy(values).requires_grad_() for values in (*vectors(4, 8, 5), vectors(5, 8, 5)[0])]
    alike = torch.arange(8) % 2 == 0
    # Where two vectors are equal the Euclidean distance has no gradient.
    some = slice(4, 8)

    def contrastive(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        near = losses.distances(a[some], b[some], metric=metric)
        return losses.contrastive(near, alike[some], margin=4.0, half=half)

    def triplet(a: torch.Tensor, b: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
        near, away = (losses.distances(a[some], one[some], metric=metric) for one in (b, c))
        return losses.triplet(near, away, margin=3.0)

    assert torch.autograd.gradcheck(contrastive, tuple(rows[:2]))
    assert torch.autograd.gradcheck(triplet, tuple(rows))


@pytest.mark.parametrize("metric", METRICS)
def test_equal_and_zero_vectors_have_a_gradient_that_is_a_number(metric: str) -> None:
    first, second = (torch.from_numpy(rows).requires_grad_() for rows in vectors(6))
    near = losses.distances(first, second, metric=metric)
    losses.contrastive(near, torch.zeros(len(near), dtype=torch.bool), margin=5.0).backward(retain_graph=True)
    for one in (first, second):
        assert one.grad is not None
        assert bool(one.grad.isfinite().all())
    nothing = losses.triplet(near[:0], near[:0], margin=1.0)
    assert nothing.item() == 0
    nothing.backward()


def test_what_is_in_order_costs_nothing_and_what_is_not_does() -> None:
    near, margin = torch.tensor([0.0, 0.2, 0.9]), 0.8
    alike, unlike = torch.ones(3, dtype=torch.bool), torch.zeros(3, dtype=torch.bool)
    rising = [float(losses.contrastive(near[[k]], alike[[k]], margin=margin)) for k in range(3)]
    falling = [float(losses.contrastive(near[[k]], unlike[[k]], margin=margin)) for k in range(3)]
    assert rising == sorted(rising)
    assert rising[0] == 0
    assert falling == sorted(falling, reverse=True)
    assert falling[2] == 0
    assert float(losses.triplet(torch.tensor([0.1]), torch.tensor([0.5]), margin=0.3)) == 0
    assert float(losses.triplet(torch.tensor([0.1]), torch.tensor([0.3]), margin=0.3)) == pytest.approx(0.1)


def test_a_metric_that_there_is_not_is_refused() -> None:
    with pytest.raises(UnknownName, match="manhattan"):
        losses.distances(torch.ones(1, 2), torch.ones(1, 2), metric="manhattan")
    with pytest.raises(UnknownName, match="manhattan"):
        losses.all_distances(torch.ones(1, 2), torch.ones(1, 2), metric="manhattan")
