"""Change: a film of two hours is worked on a block at a time, and that must not show."""

from __future__ import annotations

import numpy as np
import pytest

from triptych.media.change import change


@pytest.mark.parametrize("size", [1, 4, 11])
def test_the_size_of_the_blocks_moves_not_a_bit(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (12, 13, 21, 3), np.uint8)
    times_s = np.arange(12) / 6
    whole = vars(change(frames, times_s))
    monkeypatch.setattr("triptych.media.change.BLOCK", size)
    parted = vars(change(frames, times_s))
    for name, part in whole.items():
        assert parted[name].shape == part.shape, name
        assert parted[name].tobytes() == part.tobytes(), name


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_pictures_have_no_difference(count: int) -> None:
    found = change(np.full((count, 8, 9, 3), 90, np.uint8), np.zeros(count))
    assert len(found.mean) == len(found.grid) == count
    assert len(found.pixels) == len(found.hue) == len(found.histogram) == len(found.similarity) == 0
