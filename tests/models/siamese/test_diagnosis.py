"""Diagnosis: equal to loops over pairs and triplets, right where the answer is known, and it sees a collapse."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, f1_score, precision_score, recall_score, roc_auc_score

from triptych.errors import UnknownName, UsageError
from triptych.models.siamese.diagnosis import best_threshold, diagnose, distances, satisfaction, spread
from triptych.models.siamese.pairs import Pairs

SEEDS = st.integers(0, 2**20)
#: Four items on a circle, at 0°, 30°, 90° and 180°.
ROUND = np.array([[1, 0], [np.sqrt(3) / 2, 0.5], [0, 3], [-2, 0]], np.float32)


def pairs_of(*rows: tuple[int, int, bool]) -> Pairs:
    first, second, alike = (np.array(column) for column in zip(*rows, strict=True))
    return Pairs(first=first, second=second, alike=alike, users=np.full(len(first), -1))


def drawn(seed: int, items: int = 12, n: int = 60) -> tuple[np.ndarray, Pairs]:
    rng = np.random.default_rng(seed)
    first = rng.integers(items, size=n)
    second = (first + rng.integers(1, items, size=n)) % items
    alike = rng.random(n) < 0.4
    alike[:2] = True, False
    # Few different vectors, so that there are ties.
    vectors = rng.integers(-2, 3, (items, 3)).astype(np.float32)
    return vectors, Pairs(first=first, second=second, alike=alike, users=np.full(n, -1))


def apart(vectors: np.ndarray, a: int, b: int, metric: str) -> float:
    one, other = vectors[a].astype(float), vectors[b].astype(float)
    if metric == "euclidean":
        return float(np.linalg.norm(one - other))
    scale = np.linalg.norm(one) * np.linalg.norm(other)
    return float(1 - one @ other / scale) if scale else 1.0


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@settings(max_examples=12, deadline=None)
@given(seed=SEEDS)
def test_it_is_what_the_definitions_say(metric: str, seed: int) -> None:
    vectors, pairs = drawn(seed)
    far = distances(vectors, pairs.first, pairs.second, metric)
    expected = [apart(vectors, a, b, metric) for a, b in zip(pairs.first, pairs.second, strict=True)]
    np.testing.assert_allclose(far, expected, atol=1e-12)

    found = diagnose(vectors, pairs, metric=metric, margin=1.7, bins=7)
    assert json.loads(json.dumps(found)) == found
    assert found["auc"] == pytest.approx(roc_auc_score(pairs.alike, -far), abs=1e-12)
    called = far < 0.85
    (tn, fp), (fn, tp) = confusion_matrix(pairs.alike, called, labels=[False, True]).tolist()
    assert found["confusion"] == {
        "true_positive": tp, "false_positive": fp, "true_negative": tn, "false_negative": fn
    }  # fmt: skip
    assert found["accuracy"] == pytest.approx((tp + tn) / len(pairs))
    for name, score in (("precision", precision_score), ("recall", recall_score), ("f1", f1_score)):
        assert found[name] == pytest.approx(score(pairs.alike, called, zero_division=0))
    histogram = found["histogram"]
    assert len(histogram["edges"]) == 8
    assert sum(histogram["alike"]) == pairs.alike.sum()
    assert sum(histogram["unlike"]) == (~pairs.alike).sum()

    limit = best_threshold(vectors, pairs, metric=metric)

    def balanced(at: float) -> float:
        return float((far[pairs.alike] < at).mean() - (far[~pairs.alike] < at).mean())

    assert balanced(limit) == pytest.approx(max(balanced(at) for at in [0.0, *np.nextafter(far, np.inf)]))


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@settings(max_examples=12, deadline=None)
@given(seed=SEEDS)
def test_triplets_are_those_of_pairs_that_share_an_item(metric: str, seed: int) -> None:
    vectors, pairs = drawn(seed, n=30)
    rows = list(zip(pairs.first.tolist(), pairs.second.tolist(), pairs.alike.tolist(), strict=True))
    satisfied, ordered, semi = [], [], []
    for (a, b, yes), (c, d, no) in itertools.product(rows, rows):
        for (anchor, p), (other, n) in itertools.product([(a, b), (b, a)], [(c, d), (d, c)]):
            if yes and not no and anchor == other and p != n:
                near, away = (distances(vectors, np.array([anchor]), np.array([k]), metric)[0] for k in (p, n))
                satisfied.append(near + 0.3 < away)
                ordered.append((near < away) + (near == away) / 2)
                semi.append(near < away <= near + 0.3)
    found = satisfaction(vectors, pairs, metric=metric, margin=0.3)
    assert found["triplets"] == found["looked_at"] == len(satisfied)
    assert found["satisfied"] == pytest.approx(np.mean(satisfied))
    assert found["ordered"] == pytest.approx(np.mean(ordered))
    assert found["semi_hard"] == pytest.approx(np.mean(semi))


def test_known_answers_on_a_circle() -> None:
    pairs = pairs_of((0, 1, True), (0, 2, True), (0, 3, False), (1, 3, False))
    assert distances(ROUND, pairs.first, pairs.second, "cosine") == pytest.approx(
        [1 - np.sqrt(3) / 2, 1, 2, 1 + np.sqrt(3) / 2]
    )
    found = diagnose(ROUND, pairs, metric="cosine", margin=0.8, bins=4)
    assert (found["auc"], found["threshold"], found["threshold_by"]) == (1.0, 0.4, "half the margin")
    assert (found["precision"], found["recall"], found["accuracy"]) == (1.0, 0.5, 0.75)
    assert (found["histogram"]["alike"], found["histogram"]["unlike"]) == ([1, 0, 1, 0], [0, 0, 0, 2])
    assert diagnose(ROUND, pairs, metric="cosine", margin=0.8, threshold=1.5)["accuracy"] == 1.0
    # Beyond the reach of the histogram: in its last bin.
    assert diagnose(ROUND, pairs, metric="euclidean", margin=1, bins=2, reach=1.0)["histogram"]["unlike"] == [0, 2]
    # 0 is alike 1 and 2 and unlike 3; 1 is alike 0 and unlike 3.
    kept = satisfaction(ROUND, pairs, metric="cosine", margin=1.0)
    assert kept["triplets"] == 3
    assert kept["satisfied"] == pytest.approx(2 / 3)
    assert kept["ordered"] == 1.0
    nothing = satisfaction(ROUND, pairs_of((0, 1, True), (2, 3, False)), metric="cosine", margin=1.0)
    assert (nothing["triplets"], nothing["satisfied"], nothing["ordered"]) == (0, None, None)


def test_of_many_triplets_some_are_drawn_and_tell_the_same() -> None:
    rng = np.random.default_rng(0)
    vectors, pairs = rng.standard_normal((40, 4)), drawn(1, items=40, n=2000)[1]
    whole = satisfaction(vectors, pairs, metric="cosine", margin=0.2)
    part = satisfaction(vectors, pairs, metric="cosine", margin=0.2, most=10_000, seed=3)
    assert part["looked_at"] <= 10_000 < whole["looked_at"] <= part["triplets"]
    assert part["satisfied"] == pytest.approx(whole["satisfied"], abs=0.02)
    assert part == satisfaction(vectors, pairs, metric="cosine", margin=0.2, most=10_000, seed=3)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_a_collapse_is_seen(metric: str) -> None:
    rng = np.random.default_rng(0)
    healthy = rng.standard_normal((400, 16))
    tight = np.repeat(rng.standard_normal((4, 16)), 100, axis=0) + 0.01 * healthy
    point = 10 + 0.01 * healthy
    line = np.outer(rng.standard_normal(400), np.arange(1, 17))
    worlds = {"healthy": healthy, "tight": tight, "point": point, "line": line}
    found = {name: spread(vectors, metric=metric) for name, vectors in worlds.items()}
    assert abs(found["healthy"]["mean_cosine"]) < 0.02
    assert found["point"]["mean_cosine"] > 0.999
    assert found["healthy"]["participation"] > 14
    assert found["healthy"]["effective_rank"] > 15
    assert found["tight"]["effective_rank"] < 4
    assert found["line"]["participation"] == pytest.approx(1)
    assert found["line"]["effective_rank"] == pytest.approx(1)
    assert found["tight"]["crowding"] < 0.1 * found["healthy"]["crowding"]
    # By definition, of three items.
    three = ROUND[:3]
    apart_by = [[apart(three, a, b, metric) for b in range(3) if b != a] for a in range(3)]
    one = spread(three, metric=metric)
    assert one["nearest"] == pytest.approx(np.mean([min(row) for row in apart_by]))
    assert one["mean_distance"] == pytest.approx(np.mean(apart_by))
    assert one["mean_cosine"] == pytest.approx((np.sqrt(3) / 2 + 0 + 0.5) / 3)


def test_all_at_one_place_is_no_division_by_zero() -> None:
    flat = np.ones((5, 3), np.float32)
    found = spread(flat, metric="euclidean")
    assert (found["participation"], found["effective_rank"], found["crowding"]) == (0.0, 0.0, None)
    pairs = pairs_of((0, 1, True), (0, 2, False))
    told = diagnose(flat, pairs, metric="euclidean", margin=1.2)
    assert told["auc"] == 0.5
    assert satisfaction(flat, pairs, metric="euclidean", margin=1.0)["ordered"] == 0.5
    assert best_threshold(flat, pairs, metric="euclidean") == 0.0
    # One row asked of two is the same as ever: what was drawn decides nothing else.
    assert spread(ROUND, most=2, seed=1)["looked_at"] == 2


def test_what_cannot_be_honoured_is_told() -> None:
    with pytest.raises(UsageError, match="both kinds"):
        diagnose(ROUND, pairs_of((0, 1, True)), metric="cosine", margin=1)
    with pytest.raises(UnknownName, match="metric 'dot'"):
        distances(ROUND, np.array([0]), np.array([1]), "dot")
    with pytest.raises(UsageError, match="finite"):
        spread(np.full((3, 2), np.nan))
    with pytest.raises(UsageError, match="2 or more"):
        spread(ROUND[:1])
