"""Correlation: equal to scikit-learn's regression, honest where items are held out, and sound where ranks are not."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import KFold

from triptych.errors import UsageError
from triptych.evaluate.embedding.correlation import correlation


def world(seed: int = 0, n: int = 200, width: int = 6, noise: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((n, width)).astype(np.float32)
    return vectors, 3 + vectors[:, 0] - vectors[:, 1] / 2 + noise * rng.standard_normal(n)


@pytest.mark.parametrize("ridge", [0.0, 20.0])
def test_it_is_what_scikit_learn_finds(ridge: float) -> None:
    vectors, target = world()
    found = correlation(vectors, target, ridge=ridge, folds=4, seed=5, draws=50)
    model = Ridge(alpha=ridge) if ridge else LinearRegression()
    wide = vectors.astype(np.float64)
    fitted = model.fit(wide, target).predict(wide)
    np.testing.assert_allclose(found.fitted, fitted, atol=1e-9)
    np.testing.assert_allclose(found.residuals, target - fitted, atol=1e-9)
    assert found.in_sample.r2 == pytest.approx(model.score(wide, target))
    assert found.in_sample.r == pytest.approx(np.corrcoef(target, fitted)[0, 1])
    predicted, means = np.zeros(200), np.zeros(200)
    for learned, held in KFold(4, shuffle=True, random_state=5).split(wide):
        predicted[held] = model.fit(wide[learned], target[learned]).predict(wide[held])
        means[held] = target[learned].mean()
    np.testing.assert_allclose(found.predicted, predicted, atol=1e-9)
    assert found.held_out.r2 == pytest.approx(1 - ((target - predicted) ** 2).sum() / ((target - means) ** 2).sum())
    assert found.held_out.r == pytest.approx(np.corrcoef(target, predicted)[0, 1])
    if not ridge:
        assert found.in_sample.r == pytest.approx(np.sqrt(found.in_sample.r2))
        assert found.adjusted_r2 == pytest.approx(1 - (1 - found.in_sample.r2) * 199 / (200 - 6 - 1))
    told = found.told
    assert json.loads(json.dumps(told)) == told


def test_noise_fits_in_sample_and_not_held_out() -> None:
    rng = np.random.default_rng(1)
    vectors, target = rng.standard_normal((300, 100)), rng.standard_normal(300)
    found = correlation(vectors, target, draws=200)
    assert found.in_sample.r2 == pytest.approx(100 / 299, abs=0.08)
    assert abs(found.adjusted_r2 or 0) < 0.12
    assert found.held_out.r2 < 0
    assert found.held_out.r_low < 0.1


def test_where_entries_hang_together_or_are_more_than_items() -> None:
    vectors, target = world()
    once = correlation(vectors, target, draws=50)
    twice = correlation(np.hstack([vectors, 2 * vectors, np.full((200, 1), 7)]), target, draws=50)
    assert (once.rank, twice.rank, twice.width) == (6, 6, 13)
    np.testing.assert_allclose(twice.predicted, once.predicted, atol=1e-9)
    assert twice.adjusted_r2 == pytest.approx(once.adjusted_r2)
    wide = correlation(np.random.default_rng(0).standard_normal((20, 50)), target[:20], draws=50)
    assert (wide.rank, wide.adjusted_r2) == (19, None)
    assert wide.in_sample.r2 == pytest.approx(1)
    assert wide.held_out.r2 < 0.5
    # Nothing varies: nothing is told.
    flat = correlation(np.full((200, 3), 0.1), target, draws=50)
    assert flat.rank == 0
    assert (flat.in_sample.r, flat.in_sample.r2, flat.held_out.r2) == (0, pytest.approx(0), pytest.approx(0))


def test_with_sides_given_nothing_is_learned_from_what_is_judged() -> None:
    vectors, target = world()
    train = np.arange(200) < 120
    found = correlation(vectors, target, train=train, draws=50)
    other = correlation(vectors, np.where(train, target, target[::-1]), train=train, draws=50)
    np.testing.assert_array_equal(found.fitted, other.fitted)
    np.testing.assert_array_equal(found.judged, ~train)
    assert (found.in_sample.n, found.held_out.n) == (120, 80)
    assert found.held_out.r2 > 0.2 > other.held_out.r2
    some = correlation(vectors, target, train=train, test=np.arange(200) >= 150, draws=50)
    assert some.held_out.n == 50


def test_intervals_hold_the_value_and_narrow_with_items() -> None:
    few, many = (correlation(*world(n=n), draws=400).held_out for n in (100, 2500))
    for one in (few, many):
        assert one.r_low < one.r < one.r_high
        assert one.r2_low < one.r2 < one.r2_high
    assert (many.r2_high - many.r2_low) < (few.r2_high - few.r2_low) / 3
    # Of a bivariate normal the standard error of r is (1 − r²) / √n.
    assert (many.r_high - many.r_low) / 2 == pytest.approx(1.96 * (1 - many.r**2) / 50, rel=0.25)
    # Neither units nor a turn of the space matter.
    vectors, target = world()
    turned = vectors @ np.linalg.qr(np.random.default_rng(3).standard_normal((6, 6)))[0]
    one, other = (
        correlation(vectors, target, draws=50).held_out,
        correlation(1000 * turned + 5, 2 * target - 9, draws=50).held_out,
    )
    assert (other.r, other.r2, other.r_low, other.r2_high) == pytest.approx((one.r, one.r2, one.r_low, one.r2_high))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"target": np.ones(200)}, "unlike targets"),
        ({"target": np.ones(3)}, "do not fit"),
        ({"target": np.full(200, np.nan)}, "NaN"),
        ({"ridge": -1.0}, "0 or above"),
        ({"folds": 1}, "folds"),
        ({"test": np.ones(200, bool)}, "give train as well"),
        ({"train": np.ones(200, bool), "test": np.ones(200, bool)}, "200 items are learned from and judged"),
        ({"level": 1.0}, "between 0 and 1"),
    ],
)
def test_what_cannot_be_honoured_is_told(change: dict[str, object], message: str) -> None:
    vectors, target = world()
    with pytest.raises(UsageError, match=message):
        correlation(**{"vectors": vectors, "target": target, **change})  # type: ignore[arg-type]
