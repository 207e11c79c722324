"""ZScore: what is learned, what is constant, and what comes back from JSON."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from triptych.fusion.normalise import ZScore

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
