"""Representativeness: halves that are alike, shifts that were planted, and scipy's numbers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import pytest
from scipy import stats

from triptych.curation.representativeness import (
    Comparison,
    compare_groups,
    compare_names,
    compare_numbers,
    compare_shares,
)


def sized(found: Comparison, name: str) -> float:
    return next(one.value for one in found.effects if one.name == name)


def test_the_same_numbers_on_either_side_differ_negligibly() -> None:
    years = [float(1920 + k % 90) for k in range(900)]
    found = compare_numbers("year", years, years, unit="years")
    assert found.verdict == "negligible"
    assert found.tests[0].statistic == 0
    assert found.tests[0].p == pytest.approx(1)
    assert sized(found, "Cohen's d") == pytest.approx(0)
    assert sized(found, "Cliff's delta") == 0
    assert sized(found, "Cramér's V") == 0
    assert sized(found, "Wasserstein distance, kept to removed") == 0


def test_a_planted_shift_is_found_and_its_size_is_told() -> None:
    rng = np.random.default_rng(0)
    kept, removed = rng.normal(1990, 10, 800), rng.normal(1980, 10, 400)
    found = compare_numbers("year", kept.tolist(), removed.tolist(), unit="years")
    assert found.verdict == "large"
    assert sized(found, "Cohen's d") == pytest.approx(1, abs=0.15)
    assert sized(found, "Wasserstein distance, kept to removed") == pytest.approx(10, abs=1)
    # What was kept is a part of all: it moved from all by the removed share of the difference, and no more.
    assert sized(found, "Wasserstein distance, kept to all") == pytest.approx(10 / 3, abs=0.5)
    assert found.kept.mean is not None
    assert found.removed.mean is not None
    assert found.everything.mean == pytest.approx((found.kept.mean * 2 + found.removed.mean) / 3)


def test_the_numbers_are_scipys() -> None:
    rng = np.random.default_rng(1)
    a, b = np.round(rng.normal(0.2, 1, 300), 1), np.round(rng.normal(0, 1.4, 200), 1)
    found = compare_numbers("year", a.tolist(), b.tolist())
    ks = stats.ks_2samp(a, b, method="asymp")
    assert (found.tests[0].statistic, found.tests[0].p) == (pytest.approx(ks.statistic), pytest.approx(ks.pvalue))
    small = compare_numbers("year", a[:40].tolist(), b[:30].tolist())
    ks = stats.ks_2samp(a[:40], b[:30], method="exact")
    assert (small.tests[0].p, small.tests[0].by) == (pytest.approx(ks.pvalue), "exact")


def test_a_spread_that_leaves_the_middle_alone_is_seen() -> None:
    rng = np.random.default_rng(2)
    kept, removed = rng.normal(0, 1, 1000), rng.normal(0, 4, 1000)
    found = compare_numbers("year", kept.tolist(), removed.tolist())
    assert abs(sized(found, "Cliff's delta")) < 0.147
    assert found.verdict in ("medium", "large")


def test_many_items_make_a_trifle_significant_but_not_large() -> None:
    rng = np.random.default_rng(4)
    found = compare_numbers("x", rng.normal(0.06, 1, 40_000).tolist(), rng.normal(0, 1, 40_000).tolist())
    assert found.tests[0].p < 1e-6
    assert (found.verdict, found.up_to) == ("negligible", "negligible")


def test_few_items_leave_it_open_how_large_it_is() -> None:
    found = compare_numbers("x", [1.0, 2, 3, 4, 5, 6], [6.0, 5, 4, 3, 2, 1])
    assert (found.verdict, found.up_to) == ("negligible", "large")


def test_unknown_numbers_are_counted_and_left_out() -> None:
    known = [float(k) for k in range(50)]
    told = compare_numbers("x", [*known, None, None], [None, *known])
    assert (told.kept.items, told.kept.known, told.removed.items, told.removed.known) == (52, 50, 51, 50)
    assert told.effects == compare_numbers("x", known, known).effects


@pytest.mark.parametrize("removed", [[], [None] * 9, [1.0, 2.0, 3.0, 4.0]])
def test_too_few_are_not_compared_and_it_is_said(removed: Sequence[float | None]) -> None:
    found = compare_numbers("x", [1.0] * 50, removed)
    assert found.verdict is None
    assert not found.tests
    assert "at least 5" in found.note


def test_groups_by_chi2() -> None:
    kept = ["1980s"] * 30 + ["1990s"] * 70 + [None]
    removed = ["1980s"] * 60 + ["1990s"] * 40
    found = compare_groups("decade", kept, removed, order=("1980s", "1990s"))
    expected = stats.chi2_contingency([[30, 70], [60, 40]], correction=False)
    assert found.tests[0].statistic == pytest.approx(expected.statistic)
    assert found.tests[0].p == pytest.approx(expected.pvalue)
    assert sized(found, "Cramér's V") == pytest.approx(np.sqrt((expected.statistic - 1) / 200))
    assert found.bars is not None
    assert (found.bars.kept, found.bars.removed) == ((30, 70), (60, 40))
    assert (found.kept.items, found.kept.known) == (101, 100)


def test_groups_that_are_all_one_cannot_differ() -> None:
    found = compare_groups("decade", ["1990s"] * 20, ["1990s"] * 20, order=("1990s",))
    assert found.verdict is None
    assert "nothing to compare" in found.note


def genres(rng: np.random.Generator, n: int, horror: float) -> list[tuple[str, ...]]:
    names = ["Drama", "Comedy", "War"]
    told: list[tuple[str, ...]] = []
    for _ in range(n):
        some = tuple(name for name in names if rng.random() < 0.4)
        told.append((*some, "Horror") if rng.random() < horror else some or ("Drama",))
    return told


def test_names_that_are_alike_differ_negligibly_and_a_planted_one_is_found_alone() -> None:
    rng = np.random.default_rng(5)
    alike, each = compare_names("genres", genres(rng, 900, 0.1), genres(rng, 500, 0.1), seed=0)
    assert alike.verdict == "negligible"
    assert alike.tests[0].p > 0.01
    assert all(one.magnitude == "negligible" for one in each)
    planted, each = compare_names("genres", genres(rng, 900, 0.05), genres(rng, 500, 0.4), seed=0)
    assert planted.verdict != "negligible"
    assert planted.tests[0].p == 0.001
    (found,) = [one for one in each if one.magnitude != "negligible"]
    assert found.name == "Horror"
    assert found.p_holm < 1e-6
    assert found.h < 0


def test_of_each_name_the_shares_and_the_standardised_difference_by_hand() -> None:
    kept = [("a",)] * 30 + [("b",)] * 70 + [()]
    removed = [("a",)] * 50 + [("b", "b")] * 50
    found, each = compare_names("genres", kept, removed, seed=0)
    b, a = each
    assert (a.name, a.kept, a.removed, a.of_kept, a.of_removed) == ("a", 30, 50, 0.3, 0.5)
    assert a.retained == pytest.approx(30 / 80)
    assert a.difference == pytest.approx(-0.2 / np.sqrt((0.21 + 0.25) / 2))
    expected = stats.chi2_contingency([[30, 70], [50, 50]], correction=False)
    assert a.p == pytest.approx(expected.pvalue)
    assert a.p_holm == pytest.approx(2 * expected.pvalue)
    assert found.tests[0].statistic == pytest.approx(expected.statistic)
    assert b.difference == pytest.approx(-a.difference)


def test_relabelling_items_keeps_its_level_where_each_stands_in_several_columns() -> None:
    """Genres that always come together double χ²; taken at its word it would cry wolf."""
    rng = np.random.default_rng(6)
    seen: list[float] = []
    for _ in range(40):
        sides = [[("a", "b") if rng.random() < 0.5 else ("c", "d") for _ in range(150)] for _ in range(2)]
        seen.append(compare_names("genres", sides[0], sides[1], seed=1)[0].tests[0].p)
    assert np.mean(np.array(seen) < 0.05) <= 0.15
    assert np.mean(seen) > 0.3


def test_the_same_seed_gives_the_same_numbers() -> None:
    rng = np.random.default_rng(7)
    a, b = genres(rng, 200, 0.2), genres(rng, 100, 0.3)
    assert compare_names("genres", a, b, seed=3) == compare_names("genres", a, b, seed=3)
    assert compare_names("genres", a, b, seed=3)[0].tests != compare_names("genres", a, b, seed=4)[0].tests


def test_shares_by_hand_and_resampled_by_item() -> None:
    hits, events = np.array([6.0] * 50 + [3.0] * 50), np.array([10.0] * 100)
    kept = np.arange(100) < 50
    found = compare_shares("share", hits, events, kept, seed=0)
    assert (found.kept.mean, found.removed.mean, found.everything.mean) == (0.6, 0.3, pytest.approx(0.45))
    gap = next(one for one in found.effects if one.name == "risk difference")
    # Every item is like the others of its side, so that resampling items brings no doubt.
    assert (gap.value, gap.low, gap.high) == (pytest.approx(0.3), pytest.approx(0.3), pytest.approx(0.3))
    assert found.tests[0].p == 0.001
    assert found.verdict == "medium"


def test_ratings_of_one_item_are_not_independent() -> None:
    """Whole items that are all liked or not: a thousand ratings each tell no more than one."""
    rng = np.random.default_rng(8)
    liked = (rng.random(60) < 0.5).astype(float)
    kept = np.arange(60) < 30
    lone = compare_shares("share", liked, np.ones(60), kept, seed=0)
    many = compare_shares("share", liked * 1000, np.full(60, 1000.0), kept, seed=0)
    assert many.effects == lone.effects
    assert many.tests[0].p == lone.tests[0].p
    gap = next(one for one in many.effects if one.name == "risk difference")
    assert gap.low is not None
    assert gap.high is not None
    assert gap.high - gap.low > 0.3


def test_items_nobody_rated_do_not_count() -> None:
    hits, events = np.array([1.0, 0] * 20 + [0.0] * 5), np.array([1.0] * 40 + [0.0] * 5)
    kept = np.array([True] * 20 + [False] * 20 + [True, False] * 2 + [True])
    found = compare_shares("share", hits, events, kept, seed=0)
    assert (found.kept.items, found.kept.known) == (23, 20)
    assert found.verdict == "negligible"
    nobody = compare_shares("share", np.zeros(9), np.zeros(9), np.arange(9) < 4, seed=0)
    assert nobody.verdict is None
    assert nobody.everything.mean is None


def test_all_of_it_is_json() -> None:
    for found in (
        compare_numbers("x", [1.0] * 10, [1.0] * 10),
        compare_numbers("x", [1.0] * 10, [2.0] * 10),
        compare_numbers("x", [], []),
        compare_groups("x", [], [], order=()),
        compare_names("x", [], [], seed=0)[0],
        compare_names("x", [("a",)] * 9, [("a",)] * 9, seed=0)[0],
    ):
        json.dumps(asdict(found), allow_nan=False)


def test_one_side_with_more_names_to_each_item_is_not_alike() -> None:
    # Every name has its share of what is said on either side, so χ² is 0; but each is three times as common.
    kept = [("drama", "war", "crime")] * 120
    removed = [("drama",), ("war",), ("crime",)] * 40
    found, named = compare_names("genres", kept, removed, seed=0)
    assert found.tests[0].statistic == pytest.approx(0)
    assert {one.magnitude for one in named} == {"large"}
    assert (found.verdict, found.at_least) == ("large", "large")


def test_names_that_differ_by_chance_do_not_make_a_verdict() -> None:
    rng = np.random.default_rng(5)
    names = [[(f"g{k}",) for k in rng.integers(0, 300, 400)] for _ in range(2)]
    found, named = compare_names("genres", names[0], names[1], seed=0)
    assert max(abs(one.h) for one in named) > 0.1
    assert "Cohen's h" not in {one.name for one in found.effects}


def test_an_exact_distribution_that_rounding_defeats_is_not_called_exact() -> None:
    # Five in turn with five: the smallest distance there can be, whose p sums to a hair over 1.
    sides = [([k + s for k in range(n)], [k + 0.5 for k in range(n)]) for n in (5, 9) for s in (0, 0.6)]
    told = [compare_numbers("x", one, other) for one, other in sides]
    for found in told:
        assert 0 <= found.tests[0].p <= 1
        assert found.tests[0].p == pytest.approx(1, abs=0.01)
    assert {found.tests[0].by for found in told} <= {"exact", "asymptotic"}


def test_a_large_difference_of_few_items_may_be_none() -> None:
    found = compare_numbers("x", [1.0, 2, 3, 4, 9], [3.0, 4, 5, 6, 8])
    assert (found.at_least, found.up_to) == ("negligible", "large")
