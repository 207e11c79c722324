"""Distributions: numbers worked by hand, and what must hold whatever the numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triptych.curation.distributions import by_month, gini, histogram, summary, tail, tally
from triptych.drawing.axis import tidy_step


def test_a_summary_of_four_numbers() -> None:
    told = summary(np.array([4, 1, 3, 2]))
    assert told is not None
    assert (told.n, told.least, told.median, told.mean, told.most) == (4, 1, 2.5, 2.5, 4)
    assert (told.lower_quartile, told.upper_quartile) == (1.75, 3.25)
    assert told.sd == pytest.approx(np.sqrt(5 / 3))


def test_one_number_has_no_spread_and_none_no_summary() -> None:
    alone = summary(np.array([7.0]))
    assert alone is not None
    assert alone.sd is None
    assert summary(np.array([])) is None
    assert histogram(np.array([])) is None
    assert tail(np.array([0, 0])) is None


def test_gini_of_equals_is_nothing_and_of_one_who_has_all_nearly_one() -> None:
    assert gini(np.array([5] * 9)) == 0
    assert gini(np.array([0] * 9 + [5])) == pytest.approx(0.9)
    # Mean absolute difference over twice the mean: |1−3| twice of four pairs, /(2·2).
    assert gini(np.array([1, 3])) == pytest.approx(0.25)


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=40))
def test_gini_is_half_the_relative_mean_difference(counts: list[int]) -> None:
    x = np.array(counts)
    expected = np.abs(x[:, None] - x[None, :]).mean() / (2 * x.mean()) if x.sum() else 0.0
    assert gini(x) == pytest.approx(expected, abs=1e-9)
    assert gini(x * 3) == pytest.approx(gini(x), abs=1e-9)


def test_the_tail_of_ten_who_hold_100() -> None:
    found = tail(np.array([55, 5, 5, 5, 5, 5, 5, 5, 5, 5, 0]))
    assert found is not None
    assert (found.holders, found.total, found.half) == (10, 100, 1)
    assert [(top.holders, top.of_total) for top in found.top] == [(1, 0.55), (1, 0.55), (2, 0.60)]
    assert found.curve[0] == (0, 0)
    assert found.curve[1] == (0.1, 0.55)
    assert found.curve[-1] == (1, 1)
    assert found.ranks[0] == (1, 55)
    assert found.ranks[-1] == (10, 5)


@given(st.lists(st.integers(1, 500), min_size=1, max_size=600))
def test_a_tail_rises_and_bends_down(counts: list[int]) -> None:
    found = tail(np.array(counts))
    assert found is not None
    x, y = np.array(found.curve).T
    assert (np.diff(x) > 0).all()
    assert (np.diff(y) >= 0).all()
    assert (y >= x - 1e-9).all()  # the busiest hold at least their share
    slopes = np.diff(y) / np.diff(x)
    assert (np.diff(slopes) <= 1e-9).all()


def test_a_histogram_has_tidy_edges_and_counts_all() -> None:
    found = histogram(np.array([0.3, 0.31, 0.4, 0.99]), step=0.1)
    assert found is not None
    assert found.edges == (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
    assert found.counts == (2, 1, 0, 0, 0, 0, 1)
    assert found.n == 4


def test_what_is_far_out_is_beyond_and_counted() -> None:
    found = histogram(np.concatenate([np.arange(1000) % 100, [10_000]]))
    assert found is not None
    assert found.edges[-1] <= 110
    assert found.beyond == 1
    assert found.n == 1001


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=80), st.integers(2, 40))
def test_a_histogram_loses_nothing(values: list[float], bins: int) -> None:
    found = histogram(np.array(values), bins=bins)
    assert found is not None
    assert found.n == len(values)
    assert len(found.edges) == len(found.counts) + 1
    rounding = 1e-6 + 1e-8 * (found.edges[1] - found.edges[0])
    assert found.edges[0] <= min(values) + rounding


@given(st.floats(1e-6, 1e9), st.integers(2, 50))
def test_a_tidy_step_is_the_least_that_does(span: float, bins: int) -> None:
    step = tidy_step(span, bins)
    assert span / step <= bins * (1 + 1e-6)
    assert span / step > bins / 2.6  # the next finer would be too fine: 2 to 5 is the widest jump


def test_names_are_counted_once_each_and_the_nameless_apart() -> None:
    found = tally([["Drama", "War"], ["Drama", "Drama"], [], [""], ["Comedy"]])
    assert found.names == ("Drama", "Comedy", "War")
    assert found.counts == (2, 1, 1)
    assert (found.of, found.known, found.several) == (5, 3, 1)
    assert found.share(0) == pytest.approx(2 / 3)


def test_months_have_no_gap() -> None:
    seconds = [int(np.datetime64(day, "s").astype(int)) for day in ("1997-12-31", "1998-03-01", "1998-03-31")]
    assert by_month(np.array(seconds)) == (("1997-12", 1), ("1998-01", 0), ("1998-02", 0), ("1998-03", 2))
    assert by_month(np.array([], np.int64)) == ()
