"""Rating prediction: how far what a predictor says is from what users said, row by row and nothing dropped.

What is no answer is an error: a predictor that passed over the hard pairs would win.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import History
from triptych.errors import UnknownName, UsageError
from triptych.evaluate.measured import Measured
from triptych.evaluate.metrics.rating import rating_metrics
from triptych.evaluate.protocols.full_ranking import ROWS, sides
from triptych.evaluate.split import Split
from triptych.models.predictor import Asked, RatingPredictor

F64 = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Predicted:
    """One row. ``judged``: the ratings that were asked for, and ``predicted`` float64 ``[n]`` what was answered.

    ``measured.values`` are of each user, ``measured.whole`` of all ratings at once, which is what tables of RMSE show;
    nothing where no rating is in the row. ``left_out``: how many users have none.
    """

    measured: Measured
    judged: History
    predicted: F64
    left_out: Mapping[str, int]


def rating_prediction(
    predictor: RatingPredictor,
    split: Split,
    *,
    name: str = "rating prediction",
    rows: Sequence[str] = ROWS,
    side: str = "test",
    scale: tuple[float, float] | None = None,
    batch: int = 1 << 20,
) -> dict[str, Predicted]:
    """Row → what was found. *warm*: ratings by users and of items of which something was learned; *cold*: all others.

    ``scale``: the least and the greatest rating there can be, by which nrmse and nmae are divided; without it, those
    that were learned from. ``batch``: pairs that are asked about at a time.
    """
    for row in rows:
        if row not in ROWS:
            raise UnknownName("row", row, ROWS)
    judged, _ = sides(split, side)
    lowest, highest = scale or _scale(split.train)
    predicted = _asked(predictor, judged, batch)
    cold = split.cold_items[judged.items] | split.cold_users[judged.users]
    among = {"overall": np.ones_like(cold), "warm": ~cold, "cold": cold}
    found: dict[str, Predicted] = {}
    for row in rows:
        part, said = judged.take(among[row]), predicted[among[row]]
        found[row] = Predicted(
            measured=_measured(f"{name}, {row}", part, said, lowest, highest),
            judged=part,
            predicted=said,
            left_out={"nothing to judge by": int(np.count_nonzero(part.user_counts == 0))},
        )
    return found


def _measured(name: str, part: History, said: F64, lowest: float, highest: float) -> Measured:
    if not len(part):
        return Measured(name=name, unit="user", ids=(), values={}, whole={})
    errors = rating_metrics(part.users, part.values, said, lowest=lowest, highest=highest)
    places: list[int] = errors.users.tolist()
    ids = tuple(part.user_ids[k] for k in places)
    return Measured(name=name, unit="user", ids=ids, values=errors.values, whole=errors.whole)


def _scale(train: History) -> tuple[float, float]:
    if not len(train):
        raise UsageError("nothing is learned from, so that the scale of the ratings is not known; give scale.")
    return float(train.values.min()), float(train.values.max())


def _asked(predictor: RatingPredictor, judged: History, batch: int) -> F64:
    found, every = np.zeros(len(judged)), Asked.of(judged)
    for start in range(0, len(judged), batch):
        part = slice(start, start + batch)
        asked = every.take(part)
        prediction = predictor.predict(asked)
        if len(prediction.mean) != len(asked):
            raise UsageError(
                f"a predictor gave {len(prediction.mean)} answers for {len(asked)} pairs; every pair has one."
            )
        found[part] = prediction.mean
    return found
