"""Effects: against numbers worked by hand, tables of every pair, and scipy."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from triptych.curation.contingency import chi2_of, p_of_two
from triptych.curation.effect import (
    cliffs_delta,
    cohens_d,
    cohens_h,
    cramers_v,
    effect,
    holm,
    jensen_shannon,
    magnitude_of,
)

Few = st.lists(st.integers(0, 6), min_size=2, max_size=9)


def test_cohens_d_by_hand() -> None:
    # Means 3 and 5, both variances 1: d = −2. se² = 6/9 + 4/12 = 1.
    found = cohens_d(np.array([2.0, 3.0, 4.0]), np.array([4.0, 5.0, 6.0]))
    assert found is not None
    assert found.value == pytest.approx(-2)
    assert (found.low, found.high) == (pytest.approx(-3.96, abs=0.001), pytest.approx(-0.04, abs=0.001))
    assert (found.magnitude, found.up_to) == ("large", "large")


def test_what_does_not_vary_has_no_d_but_where_all_are_equal_none_differs() -> None:
    same = cohens_d(np.array([2.0, 2.0]), np.array([2.0, 2.0]))
    assert same is not None
    assert same.value == 0
    assert cohens_d(np.array([2.0, 2.0]), np.array([3.0, 3.0])) is None
    assert cohens_d(np.array([2.0]), np.array([3.0, 4.0])) is None


@given(Few, Few)
def test_cliffs_delta_is_the_mean_over_all_pairs(a: list[int], b: list[int]) -> None:
    found = cliffs_delta(np.array(a, float), np.array(b, float))
    assert found is not None
    pairs = np.array([[np.sign(x - y) for y in b] for x in a])
    assert found.value == pytest.approx(pairs.mean())
    # Cliff's unbiased variance, from the table itself.
    n, m = pairs.shape
    rows, columns = pairs.mean(axis=1) - pairs.mean(), pairs.mean(axis=0) - pairs.mean()
    variance = (m**2 * (rows**2).sum() + n**2 * (columns**2).sum() - ((pairs - pairs.mean()) ** 2).sum()) / (
        n * m * (n - 1) * (m - 1)
    )
    variance = max(variance, (1 - pairs.mean() ** 2) / (n * m - 1))
    if found.low is not None and found.high is not None:
        delta = pairs.mean()
        spread = 1.959964 * math.sqrt(variance) * math.sqrt((1 - delta**2) ** 2 + 1.959964**2 * variance)
        scale = 1 - delta**2 + 1.959964**2 * variance
        assert found.low == pytest.approx(max((delta - delta**3 - spread) / scale, -1), abs=1e-5)
        assert found.high == pytest.approx(min((delta - delta**3 + spread) / scale, 1), abs=1e-5)


def test_cliffs_delta_turns_its_sign_and_agrees_with_mann_whitney() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(0.4, 1, 70), rng.normal(0, 1, 50)
    there, back = cliffs_delta(a, b), cliffs_delta(b, a)
    assert there is not None
    assert back is not None
    assert there.value == pytest.approx(-back.value)
    assert there.low == pytest.approx(-(back.high or 0))
    u = stats.mannwhitneyu(a, b).statistic
    assert there.value == pytest.approx(2 * u / (70 * 50) - 1)


def test_the_interval_of_delta_holds_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    truth = 2 * stats.norm.cdf(0.5 / math.sqrt(2)) - 1
    held = 0
    for _ in range(400):
        found = cliffs_delta(rng.normal(0.5, 1, 60), rng.normal(0, 1, 40))
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        held += found.low <= truth <= found.high
    assert 0.92 <= held / 400 <= 0.98


def test_cohens_h_by_hand() -> None:
    assert cohens_h(0.5, 0.5) == 0
    assert cohens_h(1, 0) == pytest.approx(math.pi)
    assert cohens_h(0.75, 0.25) == pytest.approx(2 * (math.pi / 3 - math.pi / 6))


def test_chi2_is_scipys() -> None:
    table = np.array([[40, 30, 20, 10], [20, 30, 40, 30]])
    found = chi2_of(table)
    assert found is not None
    expected = stats.chi2_contingency(table, correction=False)
    assert found == (pytest.approx(expected.statistic), 3, pytest.approx(expected.pvalue), 220)


def test_thin_columns_are_joined_and_one_column_is_no_table() -> None:
    # Expected in the second row: a tenth of each column. Only the last two are too thin, together they are not.
    table = np.array([[90, 90, 27, 27], [10, 10, 3, 3]])
    joined = np.array([[90, 90, 54], [10, 10, 6]])
    found = chi2_of(table)
    assert found is not None
    assert found[1] == 2
    assert found[0] == pytest.approx(stats.chi2_contingency(joined, correction=False).statistic)
    assert chi2_of(np.array([[50, 0], [50, 0]])) is None
    assert chi2_of(np.array([[50, 1], [50, 1]])) is None


def test_two_shares_by_chi2_or_where_few_are_expected_by_fisher() -> None:
    many = stats.chi2_contingency([[30, 70], [45, 55]], correction=False).pvalue
    assert p_of_two(30, 100, 45, 100) == pytest.approx(many)
    few = stats.fisher_exact([[1, 9], [5, 5]]).pvalue
    assert p_of_two(1, 10, 5, 10) == pytest.approx(few)
    assert p_of_two(10, 10, 10, 10) == 1.0


def test_cramers_v_takes_away_what_chance_brings() -> None:
    assert cramers_v(3.0, 3, 100).value == 0
    found = cramers_v(103.0, 3, 400)
    assert found.value == pytest.approx(0.5)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.5 < found.high
    # At the ends of the interval, what was found lies at the edges of what is likely.
    for end, share in ((found.low, 0.975), (found.high, 0.025)):
        assert stats.ncx2.cdf(103.0, 3, end**2 * 400) == pytest.approx(share, abs=1e-4)
    assert cramers_v(206.0, 3, 400, inflation=2).value == pytest.approx(math.sqrt(200 / 400))


def test_v_of_nothing_is_negligible_and_so_is_the_end_of_its_interval() -> None:
    found = cramers_v(0.0, 4, 10_000)
    assert (found.value, found.low) == (0, 0)
    assert found.up_to == "negligible"


def test_jensen_shannon_of_the_same_of_apart_and_by_hand() -> None:
    assert jensen_shannon(np.array([1.0, 3.0]), np.array([10.0, 30.0])) == 0
    assert jensen_shannon(np.array([1.0, 0.0]), np.array([0.0, 5.0])) == pytest.approx(1)
    p, q = np.array([0.5, 0.5]), np.array([1.0, 0.0])
    m = (p + q) / 2
    divergence = 0.5 * sum(a * math.log2(a / c) for a, c in zip(p, m, strict=True)) + 0.5 * math.log2(1 / m[0])
    assert jensen_shannon(p, q) == pytest.approx(math.sqrt(divergence))


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.02, 0.03, 0.04]) == pytest.approx([0.04, 0.06, 0.06, 0.06])
    assert holm([0.5, 0.001]) == pytest.approx([0.5, 0.002])
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_keeps_the_order_and_never_lowers(p: list[float]) -> None:
    adjusted = holm(p)
    assert all(raw <= new <= 1 for raw, new in zip(p, adjusted, strict=True))
    for a, b in itertools.combinations(range(len(p)), 2):
        if p[a] < p[b]:
            assert adjusted[a] <= adjusted[b]


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("Cohen's d", 0.19, "negligible"),
        ("Cohen's d", -0.2, "small"),
        ("Cohen's h", 0.5, "medium"),
        ("Cliff's delta", 0.147, "small"),
        ("Cliff's delta", -0.474, "large"),
        ("Cramér's V", 0.09, "negligible"),
        ("Cramér's V", 0.3, "medium"),
    ],
)
def test_words_for_sizes(name: str, value: float, word: str) -> None:
    assert magnitude_of(name, value) == word


def test_an_interval_over_zero_may_be_no_difference_at_all() -> None:
    wide = effect("Cohen's d", 0.9, -0.1, 1.9)
    assert (wide.at_least, wide.magnitude, wide.up_to) == ("negligible", "large", "large")
    sure = effect("Cohen's d", -0.6, -0.9, -0.3)
    assert (sure.at_least, sure.magnitude, sure.up_to) == ("small", "medium", "large")
    assert effect("Wasserstein distance", 3.0).at_least is None
