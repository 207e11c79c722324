"""ZScore, Direction and RankScale: what is learned, what is constant, and what comes back from JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from triptych.errors import UsageError
from triptych.fusion.normalise import LEVELS, Direction, RankScale, ZScore

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
