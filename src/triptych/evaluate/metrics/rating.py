"""Rating metrics: how far predicted ratings are from those that were given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from triptych.errors import UsageError
from triptych.evaluate.metrics.lists import F64, I64


@dataclass(frozen=True, kw_only=True, eq=False)
class Errors:
    """``values[metric]``: float64 ``[u]``, for each of ``users``, int64 ``[u]``, who have ``ratings``, int64 ``[u]``.

    ``whole``: the same metrics over all ratings at once, which is what is reported: the mean over users of RMSE is not
    RMSE, and who rates much counts for more in it. MSE and MAE of the whole are the means over users weighted by
    ``ratings``, so that an interval of them can be had by drawing users; the root of MSE's is that of RMSE.
    """

    users: I64
    ratings: I64
    values: dict[str, F64]
    whole: dict[str, float]


def rating_metrics(
    users: npt.NDArray[np.integer],
    rated: npt.NDArray[np.floating],
    predicted: npt.NDArray[np.floating],
    *,
    lowest: float,
    highest: float,
) -> Errors:
    """``mse``, ``rmse``, ``mae``, ``nrmse`` and ``nmae``: row k is a rating by ``users[k]``.

    ``lowest`` and ``highest``: the scale of the ratings, by whose range the last two are divided. Predictions beyond it
    are taken as they are.
    """
    if not highest > lowest:
        raise UsageError(f"a scale from {lowest} to {highest} has no range; give the lowest and the highest rating.")
    finite_rows(users, rated, predicted)
    off = predicted.astype(np.float64) - rated
    who, row, n = np.unique(users, return_inverse=True, return_counts=True)
    values = _metrics(np.bincount(row, off**2) / n, np.bincount(row, np.abs(off)) / n, highest - lowest)
    whole = _metrics((off**2).mean(keepdims=True), np.abs(off).mean(keepdims=True), highest - lowest)
    return Errors(
        users=who.astype(np.int64),
        ratings=n.astype(np.int64),
        values=values,
        whole={metric: float(value[0]) for metric, value in whole.items()},
    )


def finite_rows(
    users: npt.NDArray[np.integer], rated: npt.NDArray[np.floating], predicted: npt.NDArray[np.floating]
) -> None:
    """Columns of one length that hold only numbers; a rating that was not predicted must not vanish from the mean."""
    if not len(users) == len(rated) == len(predicted):
        raise UsageError(f"{len(users)} users, {len(rated)} ratings and {len(predicted)} predictions were given.")
    if not len(users):
        raise UsageError("there is no rating to measure predictions by.")
    if not np.isfinite(rated).all():
        raise UsageError("ratings hold NaN or infinite values; leave those rows out, and say how many they are.")
    if missing := int((~np.isfinite(predicted)).sum()):
        raise UsageError(
            f"{missing} of {len(rated)} ratings have no finite prediction; "
            "predict every one, as by the mean, or leave it out before and say so."
        )


def _metrics(mse: F64, mae: F64, width: float) -> dict[str, F64]:
    rmse = np.sqrt(mse)
    return {"rmse": rmse, "mae": mae, "mse": mse, "nrmse": rmse / width, "nmae": mae / width}
