"""Z-scored nearest neighbours of ratings beside scikit-surprise's KNNWithZScore: the same numbers, and in which time.

    python benchmarks/neighbours_of_ratings.py DATA       DATA: ml-100k's folder; u1.base teaches, u1.test is asked

By users and by items, with k of 40 and of 20, msd and pearson; both ways by turns in one process of one thread. Seconds
are of processor time, of fit and predict together: from the ratings in memory to 20,000 numbers, the median of several
runs. Theirs are as its `fit` and `test` take them.

The numbers must be the same to 1e-6 where ours is told to break ties by the order of the rows, and to say the mean of
all ratings of what is cold, as theirs does. How far ours are from theirs as they are by default, where equals share
the last places and what is cold is told by its bias, is printed beside it. The last line is JSON; with --json there is
no other.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

# Before numpy is there: one core against one core.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import numpy as np
import pyarrow as pa

from triptych.catalogue.history import History
from triptych.evaluate import splits
from triptych.evaluate.split import Split
from triptych.models.collaborative.knn import RatingKNN
from triptych.models.predictor import Asked, RatingLessons

SCALE = (1.0, 5.0)
GOAL = 1e-6
WAYS = [(of, similarity, k) for of in ("users", "items") for similarity in ("msd", "pearson") for k in (40, 20)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path, help="the folder of ml-100k")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="no talk")
    arguments = parser.parse_args()

    def say(text: str) -> None:
        if not arguments.json:
            print(text, file=sys.stderr, flush=True)

    split = u1(arguments.data)
    say(
        f"u1: {len(split.train):,} ratings learned from, {len(split.test):,} pairs asked; "
        f"{arguments.runs} runs by turns"
    )
    say(
        f"  {'':<20}{'theirs s':>9}{'ours s':>8}{'ratio':>7}{'unlike by':>11}{'by default':>12}{'RMSE':>8}{'theirs':>8}"
    )
    found = [compared(split, *way, runs=arguments.runs, say=say) for way in WAYS]
    passed = all(way["largest_difference"] <= GOAL for way in found)
    ratio = statistics.median(way["ratio"] for way in found)
    report = {"pairs": len(split.test), "ways": found, "ratio": round(ratio, 2), "passed": passed}
    print(json.dumps({"benchmark": "neighbours_of_ratings", **report}))


def compared(
    split: Split, of: str, similarity: str, k: int, *, runs: int, say: Callable[[str], None]
) -> dict[str, Any]:
    preset = {"users": "user-knn-z", "items": "item-knn-z"}[of]
    settings = {"similarity": similarity, "k": k, "support": 1, "shrink": 0.0, "min_k": 1}
    same = RatingKNN.preset(preset, ties="rows", cold="mean", **settings)
    given, asked = surprised(split)
    seconds: dict[str, list[float]] = {"theirs": [], "ours": []}
    for _ in range(runs):
        began = time.process_time()
        theirs = reference(given, asked, of, similarity, k)
        seconds["theirs"].append(time.process_time() - began)
        began = time.process_time()
        ours = told(same, split)
        seconds["ours"].append(time.process_time() - began)
    default = told(RatingKNN.preset(preset, **settings), split)
    off = np.abs(ours - theirs)
    taken = {name: statistics.median(runs) for name, runs in seconds.items()}
    answer = {
        "of": of,
        "similarity": similarity,
        "k": k,
        "largest_difference": float(off.max()),
        "unlike": int((off > GOAL).sum()),
        "largest_difference_by_default": float(np.abs(default - theirs).max()),
        "unlike_by_default": int((np.abs(default - theirs) > GOAL).sum()),
        "seconds": {name: round(one, 3) for name, one in taken.items()},
        "ratio": round(taken["theirs"] / taken["ours"], 2),
        "rmse": rmse(ours, split),
        "rmse_theirs": rmse(theirs, split),
        "rmse_by_default": rmse(default, split),
    }
    say(
        f"  {f'{of} {similarity} {k}':<20}{taken['theirs']:>9.2f}{taken['ours']:>8.2f}{answer['ratio']:>7.1f}"
        f"{answer['largest_difference']:>11.1e}{answer['largest_difference_by_default']:>12.3f}{answer['rmse']:>8.4f}"
        f"{answer['rmse_theirs']:>8.4f}"
    )
    return answer


def u1(folder: Path) -> Split:
    """Its rows are tab-separated, in files that no reader of tables knows by their names."""
    parts = []
    for name in ("u1.base", "u1.test"):
        user, item, value, at = np.loadtxt(folder / name, np.int64).T
        columns = {"user_id": user.astype(str), "item_id": item.astype(str), "value": value.astype(np.float32)}
        columns |= {"timestamp": at, "kind": np.full(len(user), "rating")}
        parts.append(History.of_table(pa.table(columns)))
    return splits.given(*parts)


def told(model: RatingKNN, split: Split) -> np.ndarray:
    predictor = model.fit(RatingLessons(train=split.train, scale=SCALE))
    return predictor.predict(Asked.of(split.test)).mean


def surprised(split: Split) -> tuple[Any, list[tuple[int, int, float]]]:
    """The same rows in the same order as scikit-surprise wants them; places stand for ids."""
    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from surprise import Dataset, Reader

    rows = [
        pd.DataFrame({"user": part.users, "item": part.items, "value": part.values.astype(np.float64)})
        for part in (split.train, split.test)
    ]
    given = Dataset.load_from_df(rows[0], Reader(rating_scale=SCALE)).build_full_trainset()
    return given, list(rows[1].itertuples(index=False, name=None))


def reference(given: Any, asked: list[tuple[int, int, float]], of: str, similarity: str, k: int) -> np.ndarray:
    from surprise import KNNWithZScore

    options = {"name": similarity, "user_based": of == "users"}
    model = KNNWithZScore(k=k, min_k=1, sim_options=options, verbose=False).fit(given)
    return np.array([one.est for one in model.test(asked)])


def rmse(predicted: np.ndarray, split: Split) -> float:
    return round(float(np.sqrt(np.mean((predicted - split.test.values) ** 2))), 4)


if __name__ == "__main__":
    main()
