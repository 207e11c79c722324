from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats

from triptych.errors import UnknownName, UsageError
from triptych.evaluate.measured import Measured
from triptych.evaluate.significance import (
    adjusted,
    compare,
    compare_all,
    holm,
    interval,
    intervals,
    ratios,
    relative,
)


def measured(name: str, *, ids: list[str] | None = None, unit: str = "user", **values: np.ndarray) -> Measured:
    n = len(next(iter(values.values())))
    return Measured(
        name=name,
        unit=unit,
        ids=tuple(ids or [f"u{k}" for k in range(n)]),
        values={f"{metric}@10": value for metric, value in values.items()},
        whole={"coverage@10": 0.5},
    )


@pytest.fixture(scope="module")
def pair() -> tuple[Measured, Measured]:
    rng = np.random.default_rng(0)
    a, b = rng.beta(2, 5, 300), rng.beta(2, 6, 300)
    return measured("a", ndcg=a, mrr=a**2), measured("b", ndcg=b, mrr=b**2)


def test_a_95_percent_interval_holds_the_truth_about_95_times_in_a_hundred() -> None:
    rng = np.random.default_rng(1)
    held = []
    for seed in range(400):
        found = interval(rng.normal(1, 2, 60), seed=seed, draws=400)
        assert found.high is not None
        held.append(found.low <= 1 <= found.high)
    assert 0.9 <= np.mean(held) <= 0.98


def test_an_interval_is_as_wide_as_theory_has_it_and_wider_for_a_higher_level() -> None:
    values = np.random.default_rng(2).normal(size=2000)
    found = interval(values, seed=0, draws=4000)
    half = 1.96 * values.std() / np.sqrt(len(values))
    assert (found.low, found.high) == pytest.approx((values.mean() - half, values.mean() + half), abs=half / 15)
    wider = interval(values, seed=0, draws=4000, level=0.99)
    assert wider.low < found.low < found.value < found.high < wider.high  # type: ignore[operator]


def test_weights_make_it_an_interval_of_the_whole() -> None:
    # Users who rated 1, 2 or 3 times: drawn with all their ratings, as a loop would.
    rng = np.random.default_rng(3)
    n = rng.integers(1, 4, 50)
    ratings = [rng.normal(size=k) ** 2 for k in n]
    found = interval(np.array([one.mean() for one in ratings]), weights=n.astype(float), seed=0, draws=2000)
    assert found.value == pytest.approx(np.concatenate(ratings).mean())
    drawn = [np.concatenate([ratings[k] for k in rng.integers(50, size=50)]).mean() for _ in range(2000)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert (found.low, found.high) == pytest.approx((low, high), abs=(high - low) / 10)


def test_each_metric_is_as_it_is_alone_and_memory_changes_nothing(
    pair: tuple[Measured, Measured], monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = pair
    together, both = intervals(a.values, seed=4), compare_all(a, b, seed=4)
    monkeypatch.setattr("triptych.evaluate.significance._AT_ONCE", 5000)
    for metric in a.values:
        assert interval(a.values[metric], seed=4) == together[metric]
        assert together[metric].value == a.mean(metric)
        assert compare(a, b, metric, seed=4) == both[metric]
    assert interval(a.values["ndcg@10"], seed=5) != together["ndcg@10"]


def test_a_comparison_of_known_differences() -> None:
    d = np.array([3.0, 1, 2, -1.5, 0, 4, 2.5, 0, 5])
    b = np.linspace(1, 2, len(d))
    found = compare(measured("a", x=b + d), measured("b", x=b), "x@10", seed=0, permutations=20_000)
    assert found.difference == pytest.approx(d.mean())
    assert (found.a, found.b, found.n, found.ties) == ("a", "b", 9, 2)
    every = [abs(sum(s * v for s, v in zip(signs, d, strict=True))) for signs in product((1, -1), repeat=len(d))]
    assert found.p_permutation == pytest.approx(np.mean(np.array(every) >= abs(d.sum()) - 1e-9), abs=0.005)
    assert found.p_wilcoxon == pytest.approx(stats.wilcoxon(d[d != 0], method="exact").pvalue)
    assert found.d_z == pytest.approx(d.mean() / d.std(ddof=1))
    assert found.rank_biserial == pytest.approx((28 - 2 * 2) / 28)  # only −1.5 is against, the second least of seven
    assert found.low < found.difference < found.high


def test_turned_round_it_says_the_opposite(pair: tuple[Measured, Measured]) -> None:
    a, b = pair
    there, back = compare(a, b, "ndcg@10", seed=1), compare(b, a, "ndcg@10", seed=1)
    assert there.difference > 0 > back.difference == -there.difference
    assert (back.low, back.high) == pytest.approx((-there.high, -there.low))
    assert back.rank_biserial == pytest.approx(-there.rank_biserial)
    assert (back.p_permutation, back.p_wilcoxon) == pytest.approx((there.p_permutation, there.p_wilcoxon))
    assert there.p_permutation < 0.01
    assert there.low > 0


def test_p_is_uniform_where_nothing_is_the_matter() -> None:
    rng = np.random.default_rng(5)
    p = []
    for seed in range(200):
        a, b = measured("a", x=rng.random(40)), measured("b", x=rng.random(40))
        p.append(compare(a, b, "x@10", seed=seed, draws=20, permutations=199).p_permutation)
    assert stats.kstest(p, "uniform").pvalue > 0.01
    assert min(p) >= 1 / 200


def test_no_difference_at_all_is_no_news() -> None:
    x = np.random.default_rng(6).random(30)
    # The same numbers added up otherwise differ in their last bit.
    found = compare(measured("a", x=x), measured("b", x=x * (1 + 1e-15)), "x@10", seed=0)
    assert (found.difference, found.low, found.high, found.d_z, found.rank_biserial) == (0, 0, 0, 0, 0)
    assert (found.p_permutation, found.p_wilcoxon, found.ties) == (1, 1, 30)
    always = compare(measured("a", x=x + 0.25), measured("b", x=x), "x@10", seed=0)
    assert always.d_z is None  # nothing varies, so that there is nothing to measure it by
    assert always.rank_biserial == 1


def test_users_are_joined_by_id(pair: tuple[Measured, Measured]) -> None:
    a, b = pair
    turned = measured("b", ids=list(b.ids)[::-1], **{k.split("@")[0]: v[::-1] for k, v in b.values.items()})
    assert compare(a, turned, "mrr@10", seed=0) == compare(a, b, "mrr@10", seed=0)
    other = measured("c", ids=["u0", "u1", "w"], x=np.zeros(3))
    with pytest.raises(UsageError, match="2 are of one side only, such as 'u2'"):
        compare(measured("a", x=np.zeros(3)), other, "x@10", seed=0)
    with pytest.raises(UsageError, match="not the same"):
        compare(measured("a", x=np.zeros(3)), measured("b", x=np.zeros(3), unit="item"), "x@10", seed=0)


def test_what_cannot_be_compared_says_why(pair: tuple[Measured, Measured]) -> None:
    a, b = pair
    with pytest.raises(UsageError, match="of all lists together"):
        compare(a, b, "coverage@10", seed=0)
    with pytest.raises(UnknownName, match="mrr@10"):
        compare(a, b, "mrr@5", seed=0)
    with pytest.raises(UsageError, match="needs two"):
        interval(np.ones(1), seed=0)
    with pytest.raises(UsageError, match="between 0 and 1"):
        interval(np.ones(2), seed=0, level=95)
    with pytest.raises(UsageError, match="NaN"):
        interval(np.array([1, np.nan]), seed=0)
    with pytest.raises(UsageError, match="above 0"):
        interval(np.ones(2), seed=0, weights=np.array([1.0, 0]))


def test_holm_is_worked_down_from_the_least(pair: tuple[Measured, Measured]) -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    told = adjusted(list(compare_all(*pair, seed=0).values()))
    assert [one.p_holm for one in told] == pytest.approx(holm([one.p_permutation for one in told]))


def test_a_ratio_of_means(pair: tuple[Measured, Measured]) -> None:
    a, b = pair
    found = relative(a, b, "ndcg@10", seed=0)
    assert found.value == pytest.approx(a.mean("ndcg@10") / b.mean("ndcg@10"))
    assert found.high is not None
    assert 1 < found.low < found.value < found.high
    doubled = measured("d", ndcg=2 * b.values["ndcg@10"])
    exact = relative(doubled, b, "ndcg@10", seed=0)  # every user has twice as much: no draw can say otherwise
    assert (exact.low, exact.value, exact.high) == pytest.approx((2, 2, 2))
    rare = measured("r", x=np.array([1.0, 0, 0, 0, 0, 0, 0, 0, 0, 0]))
    assert relative(measured("a", x=np.ones(10)), rare, "x@10", seed=0).high is None
    with pytest.raises(UsageError, match="some above 0"):
        relative(rare, measured("z", x=np.zeros(10)), "x@10", seed=0)


def test_who_is_measured_twice_cannot_be_paired() -> None:
    with pytest.raises(UsageError, match="'a' measures a user twice"):
        measured("a", ids=["x", "x", "y"], ndcg=np.array([1.0, 2, 3]))


def test_a_ratio_of_sums_is_that_of_all_together() -> None:
    rng = np.random.default_rng(0)
    whole = rng.integers(0, 20, 200).astype(np.float64)
    part = rng.binomial(whole.astype(np.int64), 0.3).astype(np.float64)
    found = ratios({"a": (part, whole), "none": (part * 0, whole * 0)}, seed=0)
    one = found["a"]
    assert one.value == part.sum() / whole.sum()
    assert one.high is not None
    assert one.low < one.value < one.high
    # Weighted by how much there is of each user, the mean of their shares is the same.
    held = whole > 0
    same = interval(part[held] / whole[held], weights=whole[held], seed=0)
    assert same.value == pytest.approx(one.value)
    assert same.high is not None
    assert one.high - one.low == pytest.approx(same.high - same.low, rel=0.15)
    assert (found["none"].value, found["none"].high) == (0, 0)
    assert ratios({"a": (part, whole)}, seed=0)["a"] == one
    assert ratios({}, seed=0) == {}
    with pytest.raises(UsageError, match="0 or more"):
        ratios({"a": (-part, whole)}, seed=0)
