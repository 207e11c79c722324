from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

from triptych.errors import UnknownName
from triptych.evaluate.metrics.content import calibration, diversity
from triptych.evaluate.metrics.definition import METRICS, Metric, metric
from triptych.evaluate.metrics.exposure import exposure_metrics
from triptych.evaluate.metrics.popularity import novelty, popularity_lift, serendipity
from triptych.evaluate.metrics.ranking import ranking_metrics
from triptych.evaluate.metrics.rating import rating_metrics
from triptych.evaluate.metrics.thresholds import threshold_metrics

PAGE = Path(__file__).resolve().parents[2] / "docs" / "metrics.md"


def row(one: Metric) -> str:
    low, high = ("no bound" if end is None else f"{end:.3g}".replace("-", "−") for end in one.range)
    return f"| `{one.key}` | {one.title} | {one.definition} | {one.better} | {low} to {high} | {one.unit} |"


def test_the_page_says_what_the_table_says() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert sorted(rows) == sorted(map(row, METRICS.values()))


def test_a_name_with_its_cut_off_gives_the_metric() -> None:
    found = metric("ndcg-graded@20")
    assert (found.at, found.key, found.label) == (20, "ndcg-graded@20", "Graded nDCG@20")
    assert metric("auc") is METRICS["auc"]


@pytest.mark.parametrize("name", ["ndgc@10", "ndcg", "ndcg@0", "ndcg@ten", "ndcg@", "rmse@10", "rmse@", "", "ndcg@١"])
def test_no_other_name_is_taken(name: str) -> None:
    with pytest.raises(UnknownName, match="no metric"):
        metric(name)


def test_all_that_is_measured_is_defined_and_lies_in_its_range() -> None:
    rng = np.random.default_rng(0)
    users, items = 60, 30
    ratings = rng.integers(1, 6, (users, items)) * (rng.random((users, items)) < 0.4)
    ratings[:, 0] = 5
    liked, seen = (sp.csr_array(one.astype(np.float64)) for one in (ratings >= 4, rng.random(ratings.shape) < 0.3))
    seen = seen + sp.csr_array(np.eye(users, items))
    seen = seen + sp.csr_array(np.full((users, 1), 1.0) @ np.eye(1, items))
    order = rng.permuted(np.tile(np.arange(items), (users, 1)), axis=1)
    lists = np.where(np.arange(10) < rng.integers(0, 12, users)[:, None], order[:, :10], -1)
    counts = np.diff(seen.tocsc().indptr)
    genres = (rng.random((items, 6)) < 0.4).astype(float)
    genres[0, 0] = 1
    at = np.nonzero(ratings)
    rows = at[0], at[1], ratings[at].astype(float), rng.uniform(0, 6, len(at[0]))
    errors = rating_metrics(rows[0], rows[2], rows[3], lowest=1, highest=5)
    chosen = threshold_metrics(*rows, seed=0)
    whole = exposure_metrics(lists, np.ones(items, np.bool_)) | errors.whole | chosen.whole
    found = {
        **ranking_metrics(lists, liked, gains=sp.csr_array(ratings.astype(np.float64))),
        **novelty(lists, counts, users),
        **serendipity(lists, liked, order[:, 10:20]),
        **popularity_lift(lists, counts, seen),
        **diversity(lists, genres),
        **calibration(lists, genres, seen),
        **errors.values,
        **chosen.values,
        **{name: np.array([value]) for name, value in whole.items()},
    }
    assert {metric(name).name for name in found} == set(METRICS) - {"auc"}
    for name, values in found.items():
        low, high = metric(name).range
        assert np.isfinite(values).all(), name
        assert low is None or values.min() >= low, name
        assert high is None or values.max() <= high + 1e-12, name
        # What only all lists together have is so named, and nothing else is.
        assert (name in whole and name not in errors.values) == (metric(name).unit == "whole"), name
