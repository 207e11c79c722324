"""Gap: whether ranking falls where classification rises, on paths of which it is known."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from triptych.studies.report.gap import (
    ALONE,
    APPEARS,
    FALLS,
    LATE,
    TOGETHER,
    UNDECIDED,
    UNTAUGHT,
    Mean,
    Step,
    gap_of,
)

EPOCHS = (0, 1, 5, 10, 15, 20)


def folds(auc: Callable[[int], float] | None, ranking: Callable[[int], float], n: int = 5) -> list[list[Step]]:
    """Paths of known shape, with a little noise that differs by fold."""
    rng = np.random.default_rng(0)
    return [
        [
            Step(
                epoch=epoch,
                ranking=ranking(epoch) + float(rng.normal(0, 0.001)),
                auc=None if auc is None else auc(epoch) + float(rng.normal(0, 0.001)),
            )
            for epoch in EPOCHS
        ]
        for _ in range(n)
    ]


def rising(epoch: int) -> float:
    return 0.9 - 0.3 * math.exp(-epoch / 5)


VERDICTS = {
    APPEARS: (rising, lambda epoch: 0.2 - 0.003 * epoch),
    TOGETHER: (rising, lambda epoch: 0.2 + 0.003 * epoch),
    LATE: (rising, lambda epoch: 0.2 - 0.0008 * (epoch - 5) ** 2 / 5 if epoch > 0 else 0.15),
    UNDECIDED: (rising, lambda epoch: 0.2),
    UNTAUGHT: (lambda epoch: 0.6 - 0.001 * epoch, lambda epoch: 0.2 - 0.003 * epoch),
    FALLS: (None, lambda epoch: 0.2 - 0.003 * epoch),
}


@pytest.mark.parametrize("verdict", VERDICTS)
def test_a_verdict_is_what_the_paths_were_made_by(verdict: str) -> None:
    found = gap_of(folds(*VERDICTS[verdict]))
    assert found is not None
    assert found.verdict == verdict


def test_figures_of_a_gap_are_those_of_its_paths() -> None:
    found = gap_of(folds(*VERDICTS[APPEARS]))
    assert found is not None
    assert found.first == (0,) * 5
    assert found.last == (20,) * 5
    assert found.epochs == EPOCHS
    assert found.rise is not None
    assert found.rise.value == pytest.approx(rising(20) - rising(0), abs=0.005)
    assert found.change.value == pytest.approx(-0.06, abs=0.005)
    assert found.spearman is not None
    assert found.spearman.value == pytest.approx(-1)
    assert found.trend is not None
    assert found.trend.value == pytest.approx(-1)
    assert found.peak == 0
    # A path that is a straight line has its own slope.
    straight = gap_of([[Step(epoch=k, auc=0.5 + 0.1 * k, ranking=0.3 - 0.02 * k) for k in range(4)] for _ in range(3)])
    assert straight is not None
    assert straight.slope is not None
    assert straight.slope.value == pytest.approx(-0.2)
    assert straight.descent is not None
    assert straight.descent.value == pytest.approx(-0.06)


def test_noise_alone_has_no_gap_though_its_best_epoch_is_looked_for() -> None:
    rng = np.random.default_rng(1)
    found = [
        gap_of([[Step(epoch=k, auc=0.5 + k / 100, ranking=float(rng.normal())) for k in range(12)] for _ in range(5)])
        for _ in range(60)
    ]
    descents = [one.descent.value for one in found if one is not None and one.descent is not None]
    assert len(descents) == 60
    # The highest of a fold's own twelve would stand 1.6 above its last one.
    assert abs(np.mean(descents)) < 0.3
    assert sum(1 for one in found if one is not None and one.verdict in (APPEARS, LATE)) <= 9


def test_folds_that_stop_elsewhere_are_each_followed_to_their_own_end() -> None:
    paths = folds(*VERDICTS[APPEARS], n=3)
    paths[1] = paths[1][:4]
    found = gap_of([*paths, paths[0][:1]])
    assert found is not None
    assert found.folds == 3
    assert found.last == (20, 10, 20)
    assert found.epochs == (0, 1, 5, 10)
    assert gap_of([paths[0][:1]]) is None
    assert gap_of([]) is None


def test_one_fold_has_figures_and_no_verdict() -> None:
    found = gap_of(folds(*VERDICTS[APPEARS], n=1))
    assert found is not None
    assert found.verdict == ALONE
    assert found.change.low is None
    assert found.change.sign == 0
    assert found.descent is None


def test_order_of_steps_and_of_folds_tells_nothing() -> None:
    paths = folds(*VERDICTS[APPEARS])
    one, other = gap_of(paths), gap_of([path[::-1] for path in paths[::-1]])
    assert one is not None
    assert other is not None
    assert one.verdict == other.verdict
    assert one.change.value == pytest.approx(other.change.value)
    assert one.change.low == pytest.approx(other.change.low)


def test_the_interval_of_a_mean_is_students() -> None:
    from scipy import stats

    values = [0.1, 0.4, 0.2, 0.5, 0.35]
    found = Mean.of(values)
    assert found is not None
    low, high = stats.t.interval(0.95, 4, loc=np.mean(values), scale=stats.sem(values))
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))
    assert Mean.of([]) is None
    bounded = Mean.of([0.9, -0.2], most=1)
    assert bounded is not None
    assert (bounded.low, bounded.high) == (-1, 1)
