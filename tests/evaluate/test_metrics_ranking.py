from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from triptych.errors import UsageError
from triptych.evaluate.metrics.ranking import CUTOFFS, measurable, ranking_metrics

CASES, ITEMS, LIKED = 1000, 40, 4
#: The independent library takes 6 ms for each case.
COMPARED = CASES

#: Run apart: without its compiler the library needs a second for what it would spend half a minute compiling, and
#: leaves nothing behind where it is installed.
INDEPENDENT = """
import json, sys
from ranx import Qrels, Run, evaluate

given = json.load(open(sys.argv[1]))
run = Run(given["run"])
found = {}
binary = ["precision", "recall", "f1", "hit_rate", "mrr", "map", "ndcg"]
for kind, names in (("binary", binary), ("graded", ["ndcg_burges"])):
    qrels = Qrels(given[kind])
    asked = [f"{name}@{k}" for name in names for k in given["cutoffs"]]
    scores = evaluate(qrels, run, asked, return_mean=False)
    found |= {name: dict(zip(run.keys(), map(float, values))) for name, values in scores.items()}
json.dump(found, sys.stdout)
"""
NAMES = {"hit-rate": "hit_rate", "ndcg-graded": "ndcg_burges", "adjusted-recall": "recall"}


def world(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Lists ``[u, 10]``, many of them short, and ratings ``[u, items]`` from 1 to 5, 0 where there is none."""
    rng = np.random.default_rng(seed)
    order = rng.permuted(np.tile(np.arange(ITEMS), (CASES, 1)), axis=1)
    lists = np.where(np.arange(10) < rng.integers(1, 15, CASES)[:, None], order[:, :10], -1)
    ratings = rng.integers(1, 6, (CASES, ITEMS)) * (rng.random((CASES, ITEMS)) < rng.uniform(0.1, 0.9, (CASES, 1)))
    ratings[np.arange(CASES), rng.integers(ITEMS, size=CASES)] = 5
    return lists, ratings


def measured(lists: np.ndarray, ratings: np.ndarray, cutoffs: tuple[int, ...] = CUTOFFS) -> dict[str, np.ndarray]:
    return ranking_metrics(lists, matrix(ratings >= LIKED), gains=matrix(ratings), cutoffs=cutoffs)


def matrix(dense: Any) -> sp.csr_array:
    return sp.csr_array(np.asarray(dense, np.float64))


def test_random_cases_equal_an_independent_library(tmp_path: Path) -> None:
    lists, ratings = (one[:COMPARED] for one in world(0))
    found = measured(lists, ratings)

    def of(user: int, least: int, *, as_one: bool) -> dict[str, int]:
        return {f"i{k}": 1 if as_one else int(ratings[user, k]) for k in np.flatnonzero(ratings[user] >= least)}

    given = {
        "cutoffs": CUTOFFS,
        "run": {f"u{u}": {f"i{k}": 1 / (r + 1) for r, k in enumerate(lists[u]) if k >= 0} for u in range(COMPARED)},
        "binary": {f"u{u}": of(u, LIKED, as_one=True) for u in range(COMPARED)},
        "graded": {f"u{u}": of(u, 1, as_one=False) for u in range(COMPARED)},
    }
    (tmp_path / "given.json").write_text(json.dumps(given), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", INDEPENDENT, str(tmp_path / "given.json")],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1", "IR_DATASETS_HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        check=True,
    )
    other = json.loads(done.stdout)
    relevant = (ratings >= LIKED).sum(axis=1)
    assert len(found) == 9 * len(CUTOFFS)
    for name, values in found.items():
        plain, k = name.split("@")
        there = other[f"{NAMES.get(plain, plain)}@{k}"]
        expected = np.array([there[f"u{u}"] for u in range(COMPARED)])
        # The library divides average precision, as recall, by all that is relevant: the best list of k would then have
        # less than 1 wherever more than k items are. Ours divide by the smaller of the two.
        if plain in ("map", "adjusted-recall"):
            expected = expected * relevant / np.minimum(relevant, int(k))
        np.testing.assert_allclose(values, expected, rtol=0, atol=1e-9, err_msg=name)
        assert len(np.unique(values)) > 1, name


def test_known_answers() -> None:
    # The second and the fourth of five are relevant, of three that are.
    relevant = matrix([[0, 1, 0, 1, 0, 1]])
    found = {k: float(v[0]) for k, v in ranking_metrics(np.array([[0, 1, 2, 3, 4]]), relevant, cutoffs=(2, 5)).items()}
    log = np.log2([2, 3, 4, 5])
    assert found == pytest.approx(
        {
            "precision@2": 1 / 2,
            "recall@2": 1 / 3,
            "adjusted-recall@2": 1 / 2,
            "f1@2": 2 / 5,
            "hit-rate@2": 1,
            "mrr@2": 1 / 2,
            "map@2": (1 / 2) / 2,
            "ndcg@2": (1 / log[1]) / (1 / log[0] + 1 / log[1]),
            "precision@5": 2 / 5,
            "recall@5": 2 / 3,
            "adjusted-recall@5": 2 / 3,
            "f1@5": 4 / 8,
            "hit-rate@5": 1,
            "mrr@5": 1 / 2,
            "map@5": (1 / 2 + 2 / 4) / 3,
            "ndcg@5": (1 / log[1] + 1 / log[3]) / (1 / log[0] + 1 / log[1] + 1 / log[2]),
        }
    )


def test_a_list_can_win_on_ndcg_and_lose_on_map() -> None:
    # Appendix E of the audiovisual thesis: the first list has the two best items in front and misses the third, the
    # second recalls all three, the least of them first.
    ratings = np.array([[5, 5, 3.5, 1, 2, 1]] * 2)
    lists = np.array([[0, 1, 3, 4, 5], [2, 0, 3, 1, 4]])
    found = ranking_metrics(lists, matrix(ratings >= 3.5), gains=matrix(ratings), cutoffs=(5,))
    assert found["ndcg-graded@5"][0] > found["ndcg-graded@5"][1] + 0.05
    assert found["map@5"][0] < found["map@5"][1] - 0.05


def test_what_must_change_nothing_changes_nothing() -> None:
    lists, ratings = world(1)
    found = measured(lists, ratings)
    rng = np.random.default_rng(2)
    users, items = rng.permutation(CASES), rng.permutation(ITEMS)
    renamed = np.where(lists >= 0, np.argsort(items)[lists], -1)
    moved = measured(renamed[users], ratings[users][:, items])
    # Beyond the last cut-off anything may stand; and a list may end where only what is irrelevant would follow.
    tails = np.hstack([lists, np.full((CASES, 3), -1)])
    shortened = lists.copy()
    gains = np.where(lists >= 0, np.take_along_axis(ratings, np.maximum(lists, 0), 1), 0)
    shortened[np.cumsum(gains[:, ::-1], axis=1)[:, ::-1] == 0] = -1
    assert (shortened != lists).sum() > 500
    for name, values in found.items():
        np.testing.assert_array_equal(moved[name], values[users], err_msg=name)
        np.testing.assert_array_equal(measured(tails, ratings)[name], values, err_msg=name)
        np.testing.assert_array_equal(measured(shortened, ratings)[name], values, err_msg=name)


def test_ideal_lists_have_one_and_a_better_place_is_never_worse() -> None:
    lists, ratings = world(3)
    best = np.argsort(-ratings, axis=1, kind="stable")[:, :10]
    for name, values in measured(best, ratings).items():
        if name.startswith(("adjusted-recall", "hit-rate", "mrr", "map", "ndcg")):
            np.testing.assert_allclose(values, 1, atol=1e-12, err_msg=name)
    # Any liked item that moves one place up past one that is not liked.
    full = lists[(lists >= 0).all(axis=1)]
    mine = ratings[(lists >= 0).all(axis=1)]
    liked = np.take_along_axis(mine, full, 1) >= LIKED
    up = ~liked[:, :-1] & liked[:, 1:]
    row, at = np.flatnonzero(up.any(axis=1)), up.argmax(axis=1)[up.any(axis=1)]
    swapped = full.copy()
    swapped[row, at], swapped[row, at + 1] = full[row, at + 1], full[row, at]
    before, after = measured(full, mine), measured(swapped, mine)
    for name in before:
        assert (after[name] >= before[name] - 1e-12).all(), name
    assert (after["map@10"][row] > before["map@10"][row]).all()


def test_zeros_that_are_stored_are_not_relevant() -> None:
    stored = sp.csr_array((np.array([0.0, 1.0]), (np.array([0, 0]), np.array([1, 2]))), shape=(1, 3))
    assert ranking_metrics(np.array([[1, 2]]), stored, cutoffs=(2,))["recall@2"][0] == 1
    assert ranking_metrics(np.array([[1, 2]]), stored, cutoffs=(1,))["precision@1"][0] == 0


@pytest.mark.parametrize(
    ("lists", "cutoffs", "says"),
    [
        ([[0, 1]], (5,), "cannot be measured at 5"),
        ([[0, 0]], (2,), "twice"),
        ([[-1, 0]], (2,), "after its end"),
        ([[0, 3]], (2,), "there are 3 items"),
        ([[0, 1]], (0,), "1 or more"),
        ([[0, 1], [0, 1]], (2,), "same users"),
    ],
)
def test_lists_that_would_give_a_wrong_number_give_an_error(
    lists: list[list[int]], cutoffs: tuple[int, ...], says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        ranking_metrics(np.array(lists), matrix([[1, 0, 1]]), cutoffs=cutoffs)


def test_users_without_anything_relevant_are_for_the_caller_to_leave_out() -> None:
    relevant = matrix([[1, 0], [0, 0], [0, 1]])
    lists = np.array([[0, 1]] * 3)
    with pytest.raises(UsageError, match=r"1 of 3 users have nothing relevant.*row 1"):
        ranking_metrics(lists, relevant, cutoffs=(1,))
    kept = measurable(relevant)
    assert kept.tolist() == [True, False, True]
    assert ranking_metrics(lists[kept], relevant[kept], cutoffs=(1,))["recall@1"].tolist() == [1, 0]
    with pytest.raises(UsageError, match="no value above 0"):
        ranking_metrics(lists[kept], relevant[kept], gains=matrix([[1, 0], [0, 0]]), cutoffs=(1,))
