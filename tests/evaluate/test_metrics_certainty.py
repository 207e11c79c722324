"""Certainty: shares and widths by hand, scores against the literature's closed forms, and just as sure as it may be."""

from __future__ import annotations

import math

import numpy as np
import pytest

from triptych.errors import UsageError
from triptych.evaluate.metrics.certainty import certainty


def test_by_hand() -> None:
    # 1.96 deviations hold 95 %: the first is within, the second beyond; the third is sure, and right.
    found = certainty(np.array([3.0, 5, 2]), np.array([2.0, 2, 2]), np.array([1.0, 1, 0]), levels=(0.95, 0.5))
    assert [one.tolist() for one in found.inside] == [[True, False, True], [False, False, True]]
    assert found.covered == (2 / 3, 1 / 3)
    assert found.widths[0] == pytest.approx(2 * 1.959964 * 2 / 3, abs=1e-6)
    assert found.nll is None
    # Of a sure prediction the score is the absolute error; of one that is right, a 0.2337 of its deviation.
    sure = certainty(np.array([5.0]), np.array([2.0]), np.array([0.0]))
    assert sure.crps == 3
    right = certainty(np.array([2.0]), np.array([2.0]), np.array([2.0]))
    assert right.crps == pytest.approx(2 * (math.sqrt(2 / math.pi) - 1 / math.sqrt(math.pi)))
    assert right.nll == pytest.approx(math.log(2) + math.log(2 * math.pi) / 2)


def test_who_is_as_sure_as_he_may_be_is_told_from_who_is_too_sure() -> None:
    rng = np.random.default_rng(0)
    mean, sd = rng.uniform(1, 5, 20_000), rng.uniform(0.5, 1.5, 20_000)
    rated = rng.normal(mean, sd)
    just, over, under = (certainty(rated, mean, sd * factor) for factor in (1.0, 0.7, 1.4))
    assert just.covered == pytest.approx(just.levels, abs=0.01)
    assert just.error < 0.01 < min(over.error, under.error)
    assert over.covered[1] < 0.75 < 0.85 < under.covered[1]
    assert just.nll is not None
    assert over.nll is not None
    assert under.nll is not None
    assert just.nll < min(over.nll, under.nll)
    assert just.crps < min(over.crps, under.crps)
    assert (np.diff(just.found) > 0).all()


def test_what_makes_no_sense_is_refused() -> None:
    one = np.ones(1)
    for rated, mean, sd in ((one, one, -one), (one * np.nan, one, one), (one, one, np.ones(2)), (one[:0],) * 3):
        with pytest.raises(UsageError):
            certainty(rated, mean, sd)
    with pytest.raises(UsageError, match="between 0 and 1"):
        certainty(one, one, one, levels=(80,))
