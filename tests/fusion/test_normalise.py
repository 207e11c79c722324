"""Scalings: what is learned, what is constant, what unseen rows become, and what comes back from JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from triptych.errors import UsageError
from triptych.fusion.normalise import LEVELS, SCALINGS, Direction, MinMax, RankScale, Robust, ZScore

TABLES = hnp.arrays(
    np.float32,
    st.tuples(st.integers(2, 12), st.integers(1, 5)),
    elements=st.floats(-1e6, 1e6, width=32),
)


@settings(max_examples=80, deadline=None)
@given(TABLES, st.integers(0, 2**31))
def test_training_rows_have_mean_0_and_deviation_1_or_0(values: np.ndarray, seed: int) -> None:
    mask = np.random.default_rng(seed).random(len(values)) < 0.7
    mask[:2] = True
    scaled = ZScore.fit(values, mask)(values, mask)
    assert scaled.dtype == np.float32
    assert np.isfinite(scaled).all()
    assert (scaled[~mask] == 0).all()
    for column, before in zip(scaled[mask].T.astype(float), values[mask].T.astype(float), strict=True):
        if np.ptp(before) == 0:
            assert (column == 0).all()
        if column.any():
            assert abs(column.mean()) < 1e-3
            assert abs(column.std() - 1) < 1e-3


@settings(max_examples=40, deadline=None)
@given(TABLES)
def test_masked_rows_teach_nothing(values: np.ndarray) -> None:
    mask = np.ones(len(values), bool)
    more = np.concatenate([values, np.full((3, values.shape[1]), 7e5, np.float32)])
    fit = ZScore.fit(values, mask)
    other = ZScore.fit(more, np.concatenate([mask, np.zeros(3, bool)]))
    assert fit.mean.tobytes() == other.mean.tobytes()
    assert fit.std.tobytes() == other.std.tobytes()


@settings(max_examples=40, deadline=None)
@given(TABLES)
def test_json_keeps_every_bit(values: np.ndarray) -> None:
    mask = np.ones(len(values), bool)
    fit = ZScore.fit(values, mask)
    again = ZScore.from_json(json.loads(json.dumps(fit.to_json(), allow_nan=False)))
    assert again(values, mask).tobytes() == fit(values, mask).tobytes()


def test_rounding_is_not_information() -> None:
    """A value that only its last bit tells apart is constant; a small one that really varies is not."""
    one = np.float32(1)
    values = np.array([[1, 1e-5], [np.nextafter(one, np.float32(2)), 2e-5], [1, 3e-5]], np.float32)
    scaled = ZScore.fit(values, np.ones(3, bool))(values, np.ones(3, bool))
    assert (scaled[:, 0] == 0).all()
    np.testing.assert_allclose(scaled[:, 1], [-np.sqrt(1.5), 0, np.sqrt(1.5)], atol=1e-5)


def ranked(values: np.ndarray, **settings: bool) -> RankScale:
    return RankScale.fit(values, np.ones(len(values), bool), **settings)


def placed(scale: RankScale, values: np.ndarray) -> np.ndarray:
    return scale(values, np.ones(len(values), bool))


def column(*values: float) -> np.ndarray:
    return np.array(values, np.float32)[:, None]


def test_values_become_the_middle_of_their_ranks() -> None:
    values = column(-2, 5, 5, 3e15)
    np.testing.assert_allclose(placed(ranked(values), values)[:, 0], [0.125, 0.5, 0.5, 0.875])
    np.testing.assert_allclose(
        placed(ranked(values, normal=True), values)[:, 0], [-1.150349, 0, 0, 1.150349], rtol=1e-6
    )


def test_unseen_values_are_placed_in_between_and_never_beyond_the_ends() -> None:
    scale = ranked(column(0, 10, 20, 30))
    unseen = column(-3e38, -1, 5, 25, 29, 31, 3e38)
    np.testing.assert_allclose(placed(scale, unseen)[:, 0], [0.125, 0.125, 0.25, 0.75, 0.85, 0.875, 0.875])


def test_one_huge_value_leaves_the_others_apart() -> None:
    """It is what the z-score does not do."""
    values = column(*range(100), 3e15)
    ones = np.ones(101, bool)
    assert np.ptp(ZScore.fit(values, ones)(values, ones)[:100]) < 1e-6
    np.testing.assert_allclose(np.diff(placed(ranked(values), values)[:, 0]), 1 / 101, rtol=1e-4)


@settings(max_examples=80, deadline=None)
@given(TABLES, TABLES, st.booleans(), st.integers(0, 2**31))
def test_ranks_keep_the_order_and_stay_within_the_ends(
    values: np.ndarray, others: np.ndarray, normal: bool, seed: int
) -> None:
    mask = np.random.default_rng(seed).random(len(values)) < 0.7
    mask[0] = True
    scale = RankScale.fit(values, mask, normal=normal)
    others = np.resize(others, (len(others), values.shape[1]))
    among, unseen = scale(values, mask), placed(scale, others)
    assert among.dtype == unseen.dtype == np.float32
    assert (among[~mask] == 0).all()
    for k in range(values.shape[1]):
        trained = among[mask, k]
        both = np.concatenate([values[mask, k], others[:, k]])
        scores = np.concatenate([trained, unseen[:, k]])
        order = np.argsort(both, kind="stable")
        assert (np.diff(scores[order]) >= 0).all()
        assert trained.min() <= unseen[:, k].min()
        assert unseen[:, k].max() <= trained.max()
        if not normal:
            assert scores.min() > 0
            assert scores.max() < 1
            assert abs(trained.mean(dtype=float) - 0.5) < 1e-6


@settings(max_examples=40, deadline=None)
@given(hnp.arrays(np.float32, st.tuples(st.integers(2, 12), st.just(2)), elements=st.integers(-99, 99), unique=True))
def test_any_rising_function_of_the_values_has_the_same_ranks(values: np.ndarray) -> None:
    bent = (values.astype(np.float64) ** 3 * 1e6 - 7).astype(np.float32)
    np.testing.assert_array_equal(placed(ranked(bent), bent), placed(ranked(values), values))


@settings(max_examples=40, deadline=None)
@given(TABLES, st.booleans())
def test_masked_rows_have_no_rank(values: np.ndarray, normal: bool) -> None:
    mask = np.ones(len(values), bool)
    more = np.concatenate([values, np.full((3, values.shape[1]), 7e5, np.float32)])
    other = RankScale.fit(more, np.concatenate([mask, np.zeros(3, bool)]), normal=normal)
    assert other.to_json() == ranked(values, normal=normal).to_json()


@settings(max_examples=40, deadline=None)
@given(TABLES, st.booleans())
def test_json_keeps_every_bit_of_the_ranks(values: np.ndarray, normal: bool) -> None:
    fit = ranked(values, normal=normal)
    again = RankScale.from_json(json.loads(json.dumps(fit.to_json(), allow_nan=False)))
    assert placed(again, values).tobytes() == placed(fit, values).tobytes()


@pytest.mark.parametrize(("normal", "middle"), [(False, 0.5), (True, 0.0)])
def test_what_does_not_vary_becomes_the_middle_whatever_comes_later(normal: bool, middle: float) -> None:
    one = np.float32(1)
    values = np.array([[1, 0], [np.nextafter(one, np.float32(2)), 0], [1, 0]], np.float32)
    scale = ranked(values, normal=normal)
    assert (placed(scale, np.array([[1, 0], [5, -5]], np.float32)) == middle).all()


def test_of_many_values_so_many_are_kept_and_none_is_far_from_its_rank() -> None:
    values = np.random.default_rng(0).lognormal(0, 3, (10_000, 1)).astype(np.float32)
    scale = ranked(values)
    assert len(scale.values[0]) <= LEVELS
    exact = (np.argsort(np.argsort(values[:, 0])) + 0.5) / len(values)
    assert np.abs(placed(scale, values)[:, 0] - exact).max() < 1 / LEVELS
    ends = placed(scale, np.array([values.min(axis=0), values.max(axis=0)]))[:, 0]
    np.testing.assert_allclose(ends, [0.5 / 10_000, 1 - 0.5 / 10_000], rtol=1e-5)


def test_ranks_need_a_row_to_be_learned_from() -> None:
    with pytest.raises(UsageError, match="no row to learn"):
        RankScale.fit(np.zeros((3, 2), np.float32), np.zeros(3, bool))


@settings(max_examples=60, deadline=None)
@given(TABLES)
def test_directions_are_z_scores_of_one_length(values: np.ndarray) -> None:
    mask = np.ones(len(values), bool)
    mask[-1] = False
    scale = Direction.fit(values, mask)
    scaled, z = scale(values, mask), ZScore.fit(values, mask)(values, mask)
    assert scaled.dtype == np.float32
    assert (scaled[~mask] == 0).all()
    lengths = np.sqrt(np.square(scaled, dtype=np.float64).mean(axis=1))
    for row, length in enumerate(lengths):
        if z[row].any():
            assert length == pytest.approx(1, rel=1e-4)
            cosine = float(scaled[row].astype(float) @ z[row]) / np.linalg.norm(scaled[row]) / np.linalg.norm(z[row])
            assert cosine == pytest.approx(1, rel=1e-4)
        else:
            assert length == 0
    again = Direction.from_json(json.loads(json.dumps(scale.to_json())))
    assert again(values, mask).tobytes() == scaled.tobytes()


# -- min-max and robust --------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(TABLES, st.integers(0, 2**31))
def test_least_and_greatest_of_the_training_become_0_and_1(values: np.ndarray, seed: int) -> None:
    mask = np.random.default_rng(seed).random(len(values)) < 0.7
    mask[:2] = True
    scaled = MinMax.fit(values, mask)(values, mask)
    assert scaled.dtype == np.float32
    assert (scaled[~mask] == 0).all()
    assert scaled.min() >= 0
    assert scaled.max() <= 1
    for column_, before in zip(scaled[mask].T, values[mask].T, strict=True):
        if column_.any():
            assert (column_.min(), column_.max()) == (0, 1)
            assert column_[before.argmin()] == 0
            assert column_[before.argmax()] == 1


def test_unseen_values_stand_at_the_ends_of_min_max_and_beyond_those_of_robust() -> None:
    trained = column(0, 1, 2, 3, 4)
    ones = np.ones(5, bool)
    unseen = column(-8, 1, 3, 3.5, 1e9)
    np.testing.assert_allclose(MinMax.fit(trained, ones)(unseen, ones)[:, 0], [0, 0.25, 0.75, 0.875, 1])
    np.testing.assert_allclose(Robust.fit(trained, ones)(unseen, ones)[:, 0], [-5, -0.5, 0.5, 0.75, 5e8])


def test_one_huge_value_does_not_move_what_is_robust() -> None:
    values = np.random.default_rng(0).normal(5, 3, (101, 1)).astype(np.float32)
    ones = np.ones(101, bool)
    spoilt = values.copy()
    spoilt[values.argmax()] = 3e15
    clean = Robust.fit(values, ones)
    assert clean.arrays()["median"] == np.median(values)
    assert Robust.fit(spoilt, ones).to_json() == clean.to_json()
    assert np.ptp(ZScore.fit(spoilt, ones)(values, ones)) < 1e-6


def test_a_rare_genre_is_not_lost_though_its_quartiles_are_one() -> None:
    """Of a normal entry both spreads agree; of one that is 0 in nine rows of ten, only the deviation is left."""
    rare = np.zeros((100, 2), np.float32)
    rare[:10, 0] = 1
    rare[:, 1] = np.random.default_rng(0).standard_normal(100)
    ones = np.ones(100, bool)
    scaled = Robust.fit(rare, ones)(rare, ones)
    np.testing.assert_allclose(np.unique(scaled[:, 0]), [0, 1 / (1.349 * 0.3)], rtol=1e-4)
    normal = np.random.default_rng(1).normal(2, 5, (20_000, 1)).astype(np.float32)
    assert Robust.fit(normal, np.ones(20_000, bool)).spread[0] == pytest.approx(1.349 * 5, rel=0.02)


@pytest.mark.parametrize("name", SCALINGS)
def test_every_scaling_survives_the_largest_numbers_and_lets_constants_say_nothing(name: str) -> None:
    largest = np.finfo(np.float32).max
    values = np.array([[-largest, 7, 1e-9], [largest, 7, 2e-9], [0, 7, 3e-9], [1, 7, 3e-9]], np.float32)
    ones = np.ones(4, bool)
    step = SCALINGS[name](values, ones)
    unseen = np.array([[largest, largest, largest], [-largest] * 3, [0, 7, 0], [1, 8, 1]], np.float32)
    for rows in (values, unseen):
        scaled = step(rows, ones)
        assert scaled.dtype == np.float32
        assert np.isfinite(scaled).all()
        assert (scaled[:, 1] == 0).all()
        assert np.isfinite(np.concatenate([part.ravel() for part in step.arrays().values()])).all()


@pytest.mark.parametrize("name", SCALINGS)
def test_units_do_not_matter(name: str) -> None:
    """Seconds or milliseconds, counted from whenever: what comes out is the same."""
    values = np.random.default_rng(2).standard_normal((40, 3)).astype(np.float32)
    mask = np.arange(40) % 5 > 0
    bent = (values.astype(np.float64) * [1000, 0.25, 8] + [3, -200, 0]).astype(np.float32)
    first, second = (SCALINGS[name](rows, mask)(rows, mask) for rows in (values, bent))
    np.testing.assert_allclose(first, second, atol=2e-4)


@pytest.mark.parametrize("name", SCALINGS)
def test_what_cannot_be_scaled_is_said(name: str) -> None:
    values = np.random.default_rng(2).standard_normal((4, 3)).astype(np.float32)
    with pytest.raises(UsageError, match="there is no row to learn"):
        SCALINGS[name](values, np.zeros(4, bool))
    with pytest.raises(UsageError, match="rows of 1 entries were given to a step that learned from rows of 3"):
        SCALINGS[name](values, np.ones(4, bool))(values[:, :1], np.ones(4, bool))


@settings(max_examples=30, deadline=None)
@given(TABLES)
def test_json_keeps_every_bit_of_the_newer_ones(values: np.ndarray) -> None:
    mask = np.ones(len(values), bool)
    for made in (MinMax, Robust):
        fit = made.fit(values, mask)
        again = made.from_json(json.loads(json.dumps(fit.to_json(), allow_nan=False)))
        assert again(values, mask).tobytes() == fit(values, mask).tobytes()
