"""GenreCont, the thesis's content k-NN on genres, beside its own definition in three loops: the same, and how fast?

    python benchmarks/genre_cont.py DATA            a folder with ml-100k's u1.base, u1.test and u.item

All 20,000 pairs of u1.test are predicted by what u1.base and the genres tell, k = 5, twice: by ``genre-cont``, and by
the *triple loop* of the thesis in plain Python: for each user, for each of the user's test items, for each of the
user's training items, the cosine of two multi-hot rows entry by entry; then they are sorted, and the k most alike
taken. The loop runs whole, nothing is scaled up. It decides as :mod:`triptych.models.content_rating.content_knn` says
where the equation is silent: equals share what room is left, 0 is nobody's neighbour, and cosines closer than 2⁻²⁴ are
equal, which the last bit of a square root would otherwise decide. Where there is no neighbour both say the bias.

What is timed is predicting: for the model from the pairs to the numbers, the median of runs; for the loop once, with
its rows and lists made beforehand. The model's fit, which the loop has no counterpart of, is told beside. Fails where
the largest difference is above 1e-9 or the loop takes less than 100 times as long. The last line is JSON; with --json
there is no other.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import History
from triptych.catalogue.sources.events import EventFile
from triptych.catalogue.sources.movielens.movielens import MovieLens
from triptych.evaluate import splits
from triptych.evaluate.metrics.rating import rating_metrics
from triptych.models.content_rating.content_knn import ContentKNN
from triptych.models.content_rating.told import BIAS
from triptych.models.predictor import Asked, RatingLessons
from triptych.models.written import written

F64 = npt.NDArray[np.float64]

SCALE = (1.0, 5.0)
NAMES = ("user_id", "item_id", "rating", "timestamp")
FILES = ("u1.base", "u1.test")
K, RUNS = 5, 7
GOAL, SAME = 100, 1e-9


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--json", action="store_true", help="no talk")
    arguments = parser.parse_args()
    report = compare(arguments.data, runs=arguments.runs)
    if not arguments.json:
        tell(report)
    print(json.dumps({"benchmark": "genre_cont", **report}))
    return 0 if report["passed"] else 1


def compare(data: Path, *, runs: int) -> dict[str, Any]:
    base, test = (EventFile(path=data / name, names=NAMES, separator="\t", scale=SCALE) for name in FILES)
    split = splits.given(base, test)
    with TemporaryDirectory() as folder:
        items = MovieLens(path=data).read(Path(folder)).items
    train, judged = split.train, split.test
    background = written(list(items), None, item_ids=train.item_ids, user_ids=train.user_ids)
    lessons = RatingLessons(train=train, scale=SCALE, background=background)
    asked = Asked.of(judged)

    start = time.perf_counter()
    predictor = ContentKNN.preset("genre-cont", k=K).fit(lessons)
    fit_s = time.perf_counter() - start
    taken: list[float] = []
    ours = np.zeros(0)
    for _ in range(max(runs, 1)):
        start = time.perf_counter()
        ours = predictor.predict(asked).mean
        taken.append(time.perf_counter() - start)
    predict_s = statistics.median(taken)

    bias = BIAS.fit(lessons).predict(asked).mean
    theirs, loop_s, alone = triple_loop(train, asked, background.items["genres"].dense(), bias)
    errors = rating_metrics(asked.users, judged.values, ours, lowest=SCALE[0], highest=SCALE[1]).whole
    apart = float(np.abs(ours - theirs).max())
    ratio = loop_s / predict_s
    return {
        "pairs": len(asked),
        "k": K,
        "largest_difference": apart,
        "fit_s": round(fit_s, 4),
        "predict_s": round(predict_s, 4),
        "loop_s": round(loop_s, 2),
        "ratio": round(ratio, 1),
        "ratio_with_fit": round(loop_s / (predict_s + fit_s), 1),
        "without_neighbour": alone,
        "rmse": round(errors["rmse"], 4),
        "mae": round(errors["mae"], 4),
        "passed": apart <= SAME and ratio >= GOAL,
    }


def triple_loop(train: History, asked: Asked, genres: npt.NDArray[np.float32], bias: F64) -> tuple[F64, float, int]:
    """Predictions, the seconds of the loop, and how many pairs had no neighbour."""
    rows: list[list[int]] = genres.astype(int).tolist()
    rated: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for user, item, value in zip(train.users.tolist(), train.items.tolist(), train.values.tolist(), strict=True):
        rated[user].append((item, value))
    wanted: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for row, (user, item) in enumerate(zip(asked.users.tolist(), asked.items.tolist(), strict=True)):
        wanted[user].append((row, item))
    otherwise: list[float] = bias.tolist()
    found, alone = [0.0] * len(asked), 0
    start = time.perf_counter()
    for user, own in wanted.items():
        for row, item in own:
            near: list[tuple[float, float]] = []
            for other, value in rated[user]:
                if other != item:
                    near.append((cosine(rows[item], rows[other]), value))
            near.sort(reverse=True)
            told = weighted(near)
            alone += told is None
            found[row] = otherwise[row] if told is None else told
    return np.array(found), time.perf_counter() - start, alone


def cosine(a: Sequence[int], b: Sequence[int]) -> float:
    together, left, right = 0, 0, 0
    for x, y in zip(a, b, strict=True):
        together += x * y
        left += x * x
        right += y * y
    return round(together / math.sqrt(left * right) * 2**24) / 2**24 if left and right else 0.0


def weighted(near: Sequence[tuple[float, float]]) -> float | None:
    """The mean of the first K ratings by likeness; those that are as like as the last share what places are left."""
    near = [one for one in near if one[0] > 0]
    if not near:
        return None
    last = near[min(K, len(near)) - 1][0]
    sure = [one for one in near if one[0] > last]
    tied = [one for one in near if one[0] == last]
    share = min((K - len(sure)) / len(tied), 1)
    weight = sum(like for like, _ in sure) + share * last * len(tied)
    return (sum(like * value for like, value in sure) + share * last * sum(value for _, value in tied)) / weight


def tell(report: dict[str, Any]) -> None:
    lines = (
        f"{report['pairs']:,} pairs of u1.test by genres alone, k = {report['k']}",
        f"  largest difference to the triple loop  {report['largest_difference']:.1e}",
        f"  seconds: the loop {report['loop_s']}, the model {report['predict_s']} (its fit {report['fit_s']})",
        f"  ratio {report['ratio']} (goal {GOAL}); with the fit {report['ratio_with_fit']}",
        f"  RMSE {report['rmse']}, MAE {report['mae']}; {report['without_neighbour']} pairs without a neighbour",
    )
    print("\n".join(lines), file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
