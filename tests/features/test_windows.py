"""Windows: whole ones only, as a view."""

from __future__ import annotations

import numpy as np
import pytest

from triptych.errors import UsageError
from triptych.features.windows import windows


@pytest.mark.parametrize(("rows", "starts"), [(9, []), (10, [0]), (14, [0]), (15, [0, 5]), (31, [0, 5, 10, 15, 20])])
def test_each_window_is_a_stretch_of_the_sequence(rows: int, starts: list[int]) -> None:
    values = np.random.default_rng(0).random((rows, 4)).astype(np.float32)
    view, begins = windows(values, length=10, stride=5)
    assert begins.dtype == np.int64
    assert begins.tolist() == starts
    assert view.shape == (len(starts), 10, 4)
    assert view.dtype == np.float32
    for window, start in zip(view, begins, strict=True):
        np.testing.assert_array_equal(window, values[start : start + 10])


def test_it_is_a_view_that_cannot_be_written_to() -> None:
    values = np.zeros((20, 3))
    view, _ = windows(values, length=10, stride=5)
    assert np.shares_memory(view, values)
    assert not view.flags.writeable


def test_what_is_no_sequence_and_no_window_is_refused() -> None:
    with pytest.raises(UsageError, match=r"of shape \[5\]"):
        windows(np.zeros(5), length=2, stride=1)
    with pytest.raises(UsageError, match="length is 0 and stride is 1"):
        windows(np.zeros((5, 2)), length=0, stride=1)
