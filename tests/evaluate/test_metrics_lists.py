"""What is said of lists beside whether they hit: exposure, popularity and content."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
import scipy.sparse as sp

from triptych.errors import UsageError
from triptych.evaluate.metrics.content import ALPHA, calibration, diversity
from triptych.evaluate.metrics.exposure import exposure_metrics
from triptych.evaluate.metrics.popularity import novelty, popularity_lift, serendipity

USERS, ITEMS = 30, 25
CUTOFFS = (2, 5)


@pytest.fixture(scope="module")
def lists() -> np.ndarray:
    """Of every length from 0 to 5."""
    rng = np.random.default_rng(0)
    order = rng.permuted(np.tile(np.arange(ITEMS), (USERS, 1)), axis=1)[:, :5]
    return np.where(np.arange(5) < (np.arange(USERS) % 6)[:, None], order, -1)


def held(row: np.ndarray, k: int) -> list[int]:
    return [int(item) for item in row[:k] if item >= 0]


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / math.sqrt((a @ a) * (b @ b)))


def test_exposure_equals_its_definitions_spelled_out(lists: np.ndarray) -> None:
    candidates = np.arange(ITEMS + 5) != ITEMS + 2  # five more that nobody is shown, one of which cannot be
    found = exposure_metrics(lists, candidates, cutoffs=CUTOFFS)
    for k in CUTOFFS:
        shown = [held(row, k) for row in lists]
        times = np.array([sum(item in one for one in shown) for item in np.flatnonzero(candidates)])
        assert found[f"coverage@{k}"] == np.mean(times > 0)
        apart = np.abs(times[:, None] - times[None, :]).sum()
        assert found[f"gini@{k}"] == pytest.approx(apart / (2 * len(times) * times.sum()))
        pairs = [
            len(set(a) & set(b)) / math.sqrt(len(a) * len(b)) for a, b in combinations([one for one in shown if one], 2)
        ]
        assert found[f"personalisation@{k}"] == pytest.approx(1 - np.mean(pairs))


def test_exposure_at_its_ends() -> None:
    everyone, nothing = np.ones(4, np.bool_), np.full((3, 2), -1)
    same = exposure_metrics(np.array([[0, 1]] * 3), everyone, cutoffs=(2,))
    assert same == pytest.approx({"coverage@2": 0.5, "gini@2": 0.5, "personalisation@2": 0})
    apart = exposure_metrics(np.array([[0, 1], [2, 3]]), everyone, cutoffs=(2,))
    assert apart == {"coverage@2": 1, "gini@2": 0, "personalisation@2": 1}
    # Who recommends nothing must not win.
    assert exposure_metrics(nothing, everyone, cutoffs=(2,)) == {
        "coverage@2": 0,
        "gini@2": 1,
        "personalisation@2": 0,
    }
    with pytest.raises(UsageError, match="no candidate"):
        exposure_metrics(np.array([[0]]), np.array([False, True]), cutoffs=(1,))


def test_novelty_and_lift_equal_their_definitions_spelled_out(lists: np.ndarray) -> None:
    rng = np.random.default_rng(1)
    seen = rng.random((50, ITEMS)) < np.linspace(0, 0.9, ITEMS)  # the first item nobody has
    seen[:, -1] = True
    counts = seen.sum(axis=0)
    # Zeros are stored: what a user gave does not count here, only that they did.
    profile = sp.csr_array((np.zeros(int(seen[:USERS].sum())), np.nonzero(seen[:USERS])), shape=(USERS, ITEMS))
    new, lift = novelty(lists, counts, 50, cutoffs=CUTOFFS), popularity_lift(lists, counts, profile, cutoffs=CUTOFFS)
    for k in CUTOFFS:
        for u, row in enumerate(lists):
            items = held(row, k)
            bits = [-math.log2((counts[i] + 1) / 51) for i in items]
            assert new[f"novelty@{k}"][u] == pytest.approx(np.mean(bits) if items else 0)
            usual = counts[seen[u]].mean()
            assert lift[f"popularity-lift@{k}"][u] == pytest.approx((counts[items].mean() if items else 0) / usual - 1)
    # Nobody has it: as novel as anything can be, and no more than finite.
    assert novelty(np.array([[0]]), counts, 50, cutoffs=(1,))["novelty@1"][0] == pytest.approx(math.log2(51))
    with pytest.raises(UsageError, match="1 of 1 users have no profile"):
        popularity_lift(np.array([[0]]), counts, sp.csr_array((1, ITEMS)), cutoffs=(1,))


def test_serendipity_is_what_is_relevant_and_popularity_would_not_have_given() -> None:
    relevant = sp.csr_array(np.array([[1.0, 1, 1, 0, 0]] * 3))
    popular = np.array([[0, 3], [0, 3], [0, 1]])
    lists = np.array([[0, 1], [3, 4], [1, 0]])
    assert serendipity(lists, relevant, popular, cutoffs=(1, 2)) == {
        "serendipity@1": pytest.approx([0, 0, 1]),  # the third's list starts with what popularity has second
        "serendipity@2": pytest.approx([0.5, 0, 0]),
    }
    assert not serendipity(popular, relevant, popular, cutoffs=(2,))["serendipity@2"].any()


def test_diversity_equals_the_mean_over_pairs(lists: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = np.random.default_rng(2).normal(size=(ITEMS, 7)).astype(np.float32)
    vectors[3] = 0  # of which nothing is known
    vectors[4] *= 1e-30
    found = diversity(lists, vectors, cutoffs=(5, 2))
    for k in CUTOFFS:
        for u, row in enumerate(lists):
            known = [vectors[i].astype(np.float64) for i in held(row, k) if i != 3]
            pairs = [cosine(a, b) for a, b in combinations(known, 2)]
            assert found[f"diversity@{k}"][u] == pytest.approx(1 - np.mean(pairs) if pairs else 0, abs=1e-9)
    monkeypatch.setattr("triptych.evaluate.metrics.content._AT_ONCE", 100)
    np.testing.assert_array_equal(diversity(lists, vectors, cutoffs=(5, 2))["diversity@5"], found["diversity@5"])


def test_calibration_is_the_divergence_of_genres() -> None:
    # Four items: two of drama, one of comedy, one of both; the last has no genre.
    genres = np.array([[1, 0], [1, 0], [0, 1], [1, 1], [0, 0]])
    profile = sp.csr_array(np.array([[5.0, 1, 1, 0, 1]] * 4))  # 2/3 drama: how much a film was liked does not count
    lists = np.array([[0, 3, 4, -1], [0, 1, -1, -1], [2, -1, -1, -1], [4, -1, -1, -1]])
    found = calibration(lists, genres, profile, cutoffs=(4,))["calibration@4"]

    def divergence(drama: float, comedy: float) -> float:
        p, q = np.array([2 / 3, 1 / 3]), np.array([drama, comedy])
        return float((p * np.log(p / ((1 - ALPHA) * q + ALPHA * p))).sum())

    expected = [divergence(3 / 4, 1 / 4), divergence(1, 0), divergence(0, 1), math.log(1 / ALPHA)]
    assert found == pytest.approx(expected)
    same = calibration(np.array([[0, 1, 2]]), genres, profile[[0]], cutoffs=(3,))
    assert same["calibration@3"][0] == pytest.approx(0, abs=1e-12)
    with pytest.raises(UsageError, match="1 of 1 users have nothing with a genre"):
        calibration(np.array([[0]]), genres, sp.csr_array(np.array([[0, 0, 0, 0, 1.0]])), cutoffs=(1,))
