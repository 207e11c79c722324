"""Rating prediction, read as errors, as a choice by thresholds, and as a curve."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.metrics import f1_score, precision_score, recall_score, roc_auc_score
from sklearn.metrics import roc_curve as sk_curve

from triptych.errors import UsageError
from triptych.evaluate.metrics.rating import rating_metrics
from triptych.evaluate.metrics.roc import auc, auc_of_rows, roc_curve
from triptych.evaluate.metrics.thresholds import threshold_metrics


def rows(seed: int, n: int = 600) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Users, the first of whom likes nothing, items, ratings, and predictions with many ties."""
    rng = np.random.default_rng(seed)
    users, items = np.divmod(rng.choice(40 * 60, n, replace=False), 60)
    rated = rng.integers(1, 11, len(users)) / 2
    rated[users == 0] = 2
    return users, items, rated, (rated + rng.normal(0, 1, len(users))).round()


def test_errors_of_the_whole_are_over_all_ratings_and_not_the_mean_over_users() -> None:
    found = rating_metrics(
        np.array([7, 7, 7, 2]), np.array([5, 3, 1, 4.0]), np.array([4, 3, 1, 2.0]), lowest=1, highest=5
    )
    assert found.users.tolist() == [2, 7]
    assert found.ratings.tolist() == [1, 3]
    assert found.values["rmse"] == pytest.approx([2, np.sqrt(1 / 3)])
    assert found.values["mae"] == pytest.approx([2, 1 / 3])
    assert found.values["mse"] == pytest.approx([4, 1 / 3])
    assert found.whole == pytest.approx(
        {"rmse": np.sqrt(5 / 4), "mae": 3 / 4, "mse": 5 / 4, "nrmse": np.sqrt(5 / 4) / 4, "nmae": 3 / 16}
    )
    # So an interval of the whole can be drawn by users.
    assert np.average(found.values["mse"], weights=found.ratings) == pytest.approx(found.whole["mse"])
    with pytest.raises(UsageError, match="1 of 2 ratings have no finite prediction"):
        rating_metrics(np.array([0, 1]), np.array([1, 2.0]), np.array([np.nan, 2]), lowest=1, highest=5)


def test_thresholds_equal_their_definitions_spelled_out() -> None:
    users, items, rated, predicted = rows(0)
    predicted = predicted + np.arange(len(predicted)) * 1e-6  # no ties: the order is certain
    found = threshold_metrics(users, items, rated, predicted, seed=0)
    left_out = 0
    for u in np.unique(users):
        own = np.flatnonzero(users == u)
        own = own[np.argsort(-predicted[own])]
        liked = rated[own] >= 3.5
        chosen = own[predicted[own] >= 3.5]
        expected = found.lists[found.users.tolist().index(u)]
        assert expected[expected >= 0].tolist() == items[chosen][:10].tolist()
        if not liked.any():
            left_out += 1
            assert u not in found.measured
            continue
        row = found.measured.tolist().index(u)
        for k in (4, 10):
            hit = rated[chosen[:k]] >= 3.5
            precision = hit.mean() if len(hit) else 0
            recall = hit.sum() / min(k, liked.sum())
            at = [hit[: r + 1].mean() for r in np.flatnonzero(hit)]
            discount = 1 / np.log2(np.arange(k) + 2)
            gain, ideal = (2 ** rated[own][:k] - 1), np.sort(2 ** rated[own] - 1)[::-1][:k]
            spelled = {
                "precision": precision,
                "recall": recall,
                "f1": 2 * precision * recall / (precision + recall) if hit.any() else 0,
                "mrr": 1 / (np.argmax(hit) + 1) if hit.any() else 0,
                "map": sum(at) / min(k, liked.sum()),
                "ndcg": (gain * discount[: len(gain)]).sum() / (ideal * discount[: len(ideal)]).sum(),
            }
            for name, value in spelled.items():
                assert found.values[f"threshold-{name}@{k}"][row] == pytest.approx(value), name
    assert found.left_out == left_out == 1
    assert len(found.measured) + left_out == len(found.users)


def test_pooled_figures_equal_sklearns_with_unlike_thresholds() -> None:
    users, items, rated, predicted = rows(1)
    found = threshold_metrics(users, items, rated, predicted, seed=0, relevant_from=4, recommended_from=3.5).whole
    truth, said = rated >= 4, predicted >= 3.5
    assert found["pooled-precision"] == pytest.approx(precision_score(truth, said))
    assert found["pooled-recall"] == pytest.approx(recall_score(truth, said))
    assert found["pooled-f1"] == pytest.approx(f1_score(truth, said))
    assert found["recommended-length"] == pytest.approx(said.sum() / len(np.unique(users)))
    assert found["relevant-length"] == pytest.approx(truth.sum() / len(np.unique(users)))


def test_ties_of_predictions_are_drawn_by_the_seed_and_not_by_the_order_of_rows() -> None:
    n = 400
    users, items = np.repeat(np.arange(n), 10), np.tile(np.arange(10), n)
    rated = np.where(items < 5, 5.0, 1.0)  # the first half of the items is liked, and no prediction says so
    predicted = np.full(len(users), 4.0)
    found = threshold_metrics(users, items, rated, predicted, seed=0, cutoffs=(4,))
    assert found.values["threshold-precision@4"].mean() == pytest.approx(0.5, abs=0.05)
    order = np.random.default_rng(1).permutation(len(users))
    again = threshold_metrics(users[order], items[order], rated[order], predicted, seed=0, cutoffs=(4,))
    np.testing.assert_array_equal(again.lists, found.lists)
    other = threshold_metrics(users, items, rated, predicted, seed=1, cutoffs=(4,))
    assert (other.lists != found.lists).any()


def test_who_recommends_nothing_gets_nothing_but_an_order() -> None:
    found = threshold_metrics(
        np.zeros(3, int), np.arange(3), np.array([5.0, 4, 1]), np.array([3.0, 2, 1]), seed=0, cutoffs=(2,)
    )
    assert found.values["threshold-ndcg@2"][0] == pytest.approx(1)
    assert not any(found.values[f"threshold-{name}@2"][0] for name in ("precision", "recall", "f1", "mrr", "map"))
    assert found.whole["pooled-precision"] == found.whole["recommended-length"] == 0


def test_auc_equals_sklearns_with_ties_and_candidates(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    scores = rng.integers(0, 6, (40, 30)).astype(np.float32)
    scores[:, 7] = -np.inf  # not to be recommended: last, but ranked
    candidates = rng.random(scores.shape) < 0.8
    relevant = (rng.random(scores.shape) < 0.3) & candidates
    relevant[:, 0] = candidates[:, 0] = candidates[:, 1] = True
    relevant[:, 1] = False
    held = np.where(np.isneginf(scores), -1e9, scores)
    found = auc(scores, sp.csr_array(relevant.astype(float)), candidates=candidates)
    expected = [roc_auc_score(relevant[u, candidates[u]], held[u, candidates[u]]) for u in range(40)]
    np.testing.assert_allclose(found, expected, atol=1e-12)
    monkeypatch.setattr("triptych.evaluate.metrics.roc._AT_ONCE", 90)  # three users at a time
    np.testing.assert_array_equal(auc(scores, sp.csr_array(relevant.astype(float)), candidates=candidates), found)
    user, item = np.nonzero(candidates)
    who, flat = auc_of_rows(user, relevant[user, item], scores[user, item])
    np.testing.assert_allclose(flat, found)
    assert who.tolist() == list(range(40))
    with pytest.raises(UsageError, match="1 of 2 users have nothing relevant"):
        auc(scores[:2], sp.csr_array(np.vstack([relevant[0], np.zeros(30)])))
    with pytest.raises(UsageError, match="no candidate"):
        auc(scores, sp.csr_array(np.ones(scores.shape)), candidates=candidates)


def test_of_rows_who_has_one_kind_alone_has_no_auc() -> None:
    who, found = auc_of_rows(
        np.array([5, 5, 3, 3, 3]), np.array([True, True, False, True, False]), np.array([1, 2, 0, 1, 1.0])
    )
    assert who.tolist() == [3]
    assert found.tolist() == [0.75]


def test_the_curve_is_sklearns() -> None:
    rng = np.random.default_rng(4)
    positive = rng.random(500) < 0.3
    scores = (rng.normal(size=500) + positive).round(1)
    found = roc_curve(positive, scores)
    false, true, thresholds = sk_curve(positive, scores, drop_intermediate=False)
    np.testing.assert_allclose(found.false_positives, false)
    np.testing.assert_allclose(found.true_positives, true)
    np.testing.assert_allclose(found.thresholds, thresholds)
    assert found.area == pytest.approx(roc_auc_score(positive, scores), abs=1e-12)
    with pytest.raises(UsageError, match="both kinds"):
        roc_curve(np.ones(3, np.bool_), np.arange(3.0))


def test_columns_that_do_not_fit_are_said_to() -> None:
    two, nan = np.array([1.0, 2]), np.array([1.0, np.nan])
    with pytest.raises(UsageError, match="ratings hold NaN"):
        rating_metrics(np.arange(2), nan, two, lowest=1, highest=5)
    for items in (np.zeros(0, int), np.arange(3)):
        with pytest.raises(UsageError, match=f"2 users and {len(items)} items"):
            threshold_metrics(np.arange(2), items, two, two, seed=0)


def test_auc_of_floats_that_are_nearly_equal_and_of_zeros_with_signs() -> None:
    near = np.nextafter(np.float32(0.5), np.float32(1))
    scores = np.array([[0.5, near, 0.0, -np.inf], [-0.0, 0.0, 0.0, -0.0]], np.float32)
    relevant = sp.csr_array(np.array([[0, 1, 0, 0], [1, 0, 0, 0]], float))
    assert auc(scores, relevant).tolist() == [1, 0.5]
    without = np.array([[True, True, False, True], [True, False, True, True]])
    assert auc(scores, relevant, candidates=without).tolist() == [1, 0.5]
