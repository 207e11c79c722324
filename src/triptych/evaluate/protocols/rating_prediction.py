"""Rating prediction: how far what a predictor says is from what users said, row by row and nothing dropped.

What is no answer is an error: a predictor that passed over the hard pairs would win.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import History
from triptych.errors import UnknownName, UsageError
from triptych.evaluate.measured import Measured
from triptych.evaluate.metrics.certainty import Certainty, certainty
from triptych.evaluate.metrics.rating import rating_metrics
from triptych.evaluate.protocols.choosing import Choosing
from triptych.evaluate.protocols.full_ranking import ROWS, sides
from triptych.evaluate.significance import Interval, intervals, ratios
from triptych.evaluate.split import Split
from triptych.models.predictor import Asked, Prediction, RatingPredictor

F64 = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Predicted:
    """One row. ``judged``: the ratings that were asked for, and ``predicted`` float64 ``[n]`` what was answered; ``sd``
    float64 ``[n]`` how unsure, where the predictor says.

    ``measured.values`` are of each user, ``measured.whole`` of all ratings at once, which is what tables of RMSE show;
    nothing where no rating is in the row. ``chosen``: the same of predictions as a choice, of users who like something,
    where that was asked for. ``scale``: what nrmse and nmae are divided by the width of. ``left_out``: how many users
    have no rating in the row.
    """

    measured: Measured
    judged: History
    predicted: F64
    sd: F64 | None
    scale: tuple[float, float]
    choosing: Choosing | None
    chosen: Measured | None
    left_out: Mapping[str, int]

    @property
    def certainty(self) -> Certainty | None:
        """None where the predictor does not say how sure it is, or there is no rating."""
        return certainty(self.judged.values, self.predicted, self.sd) if self.sd is not None and len(self.sd) else None

    def intervals(self, *, seed: int, level: float = 0.95, draws: int = 1000) -> dict[str, Interval]:
        """Of the metrics over all ratings, users being drawn: ``rmse`` and the like, ``pooled-precision``, ``-recall``
        and ``-f1`` if they were asked for, and ``covered-80``, the share of ratings within the interval of 80 %, and
        so on. Nothing of a single user."""
        ratings = self.judged.user_counts[self.judged.user_counts > 0].astype(np.float64)
        if len(ratings) < 2:
            return {}
        means = {metric: self.measured.values[metric] for metric in ("mse", "mae")}
        width = self.scale[1] - self.scale[0]
        found = intervals(means, weights=ratings, seed=seed, level=level, draws=draws)
        found["rmse"] = _root(found["mse"])
        found |= {"nrmse": _shrunk(found["rmse"], width), "nmae": _shrunk(found["mae"], width)}
        sums: dict[str, tuple[F64, F64]] = {}
        if self.choosing is not None:
            sums |= self.choosing.sums(self.judged, self.predicted)
        if (told := self.certainty) is not None:
            for share, inside in zip(told.levels, told.inside, strict=True):
                within = np.bincount(self.judged.users, inside, minlength=len(self.judged.user_ids)).astype(np.float64)
                sums[f"covered-{share * 100:g}"] = (within[self.judged.user_counts > 0], ratings)
        return found | ratios(sums, seed=seed, level=level, draws=draws)


def rating_prediction(
    predictor: RatingPredictor,
    split: Split,
    *,
    name: str = "rating prediction",
    rows: Sequence[str] = ROWS,
    side: str = "test",
    scale: tuple[float, float] | None = None,
    choosing: Choosing | None = None,
    batch: int = 1 << 20,
) -> dict[str, Predicted]:
    """Row → what was found. *warm*: ratings by users and of items of which something was learned; *cold*: all others.

    ``scale``: the least and the greatest rating there can be, by which nrmse and nmae are divided; without it, those
    that were learned from. ``choosing``: on which terms predictions are a choice too; nothing of that unless given.
    ``batch``: pairs that are asked about at a time.
    """
    said = asked(predictor, sides(split, side)[0], batch)
    return judged(said, split, name=name, rows=rows, side=side, scale=scale, choosing=choosing)


def judged(
    said: Prediction,
    split: Split,
    *,
    name: str = "rating prediction",
    rows: Sequence[str] = ROWS,
    side: str = "test",
    scale: tuple[float, float] | None = None,
    choosing: Choosing | None = None,
) -> dict[str, Predicted]:
    """The same of what was said already of the rows of that side, in their order."""
    for row in rows:
        if row not in ROWS:
            raise UnknownName("row", row, ROWS)
    test, _ = sides(split, side)
    if len(said.mean) != len(test):
        raise UsageError(f"{len(said.mean)} predictions do not fit {len(test)} ratings to judge by.")
    scale = scale or scale_of(split.train)
    cold = split.cold_items[test.items] | split.cold_users[test.users]
    among = {"overall": np.ones_like(cold), "warm": ~cold, "cold": cold}
    found: dict[str, Predicted] = {}
    for row in rows:
        part, mean = test.take(among[row]), said.mean[among[row]]
        of = f"{name}, {row}"
        found[row] = Predicted(
            measured=_measured(of, part, mean, *scale),
            judged=part,
            predicted=mean,
            sd=None if said.sd is None else said.sd[among[row]],
            scale=scale,
            choosing=choosing,
            chosen=None if choosing is None else choosing.of(of, part, mean),
            left_out={"nothing to judge by": int(np.count_nonzero(part.user_counts == 0))},
        )
    return found


def scale_of(train: History) -> tuple[float, float]:
    """The least and the greatest rating that were learned from."""
    if not len(train):
        raise UsageError("nothing is learned from, so that the scale of the ratings is not known; give scale.")
    return float(train.values.min()), float(train.values.max())


def _measured(name: str, part: History, said: F64, lowest: float, highest: float) -> Measured:
    if not len(part):
        return Measured(name=name, unit="user", ids=(), values={}, whole={})
    errors = rating_metrics(part.users, part.values, said, lowest=lowest, highest=highest)
    places: list[int] = errors.users.tolist()
    ids = tuple(part.user_ids[k] for k in places)
    return Measured(name=name, unit="user", ids=ids, values=errors.values, whole=errors.whole)


def asked(predictor: RatingPredictor, rows: History, batch: int = 1 << 20) -> Prediction:
    """What a predictor says of the rows, some at a time; UsageError unless it answers for each."""
    mean, sd, every = np.zeros(len(rows)), np.zeros(len(rows)), Asked.of(rows)
    unsure: set[bool] = set()
    for start in range(0, len(rows), batch):
        part = slice(start, start + batch)
        pairs = every.take(part)
        prediction = predictor.predict(pairs)
        if len(prediction.mean) != len(pairs):
            raise UsageError(
                f"a predictor gave {len(prediction.mean)} answers for {len(pairs)} pairs; every pair has one."
            )
        mean[part] = prediction.mean
        unsure.add(prediction.sd is not None)
        if prediction.sd is not None:
            sd[part] = prediction.sd
    if len(unsure) > 1:
        raise UsageError("a predictor said of some pairs how sure it is and of others not; it says so of all or none.")
    return Prediction(mean=mean, sd=sd if True in unsure else None)


def _root(squared: Interval) -> Interval:
    assert squared.high is not None
    return replace(squared, value=math.sqrt(squared.value), low=math.sqrt(squared.low), high=math.sqrt(squared.high))


def _shrunk(one: Interval, width: float) -> Interval:
    assert one.high is not None
    return replace(one, value=one.value / width, low=one.low / width, high=one.high / width)
