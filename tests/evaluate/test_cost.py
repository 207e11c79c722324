"""Cost: seconds by the clocks that are given, and memory that was held for a while."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import count
from mmap import mmap

import pytest

from triptych.errors import UsageError
from triptych.evaluate.cost import Cost, Memory, Spent, held, spending

MIB = 1 << 20


def told(*figures: tuple[int, int]) -> Callable[[], Memory]:
    """Memory as it is looked at, one after the other, and then as at last."""
    left = list(figures)
    return lambda: Memory(now_bytes=left[0][0], most_bytes=left.pop(0)[1] if len(left) > 1 else left[0][1])


def test_seconds_are_those_of_the_clocks() -> None:
    with spending(clock=count(0.0, 2.5).__next__, cpu=count(10.0, 4.0).__next__) as meter, pytest.raises(UsageError):
        _ = meter.spent
    assert (meter.spent.wall_s, meter.spent.cpu_s) == (2.5, 4.0)


def test_a_block_that_fails_has_been_paid_for_too() -> None:
    with pytest.raises(ZeroDivisionError), spending(clock=count(0.0, 1.0).__next__) as meter:
        _ = 1 / 0
    assert meter.spent.wall_s == 1


def test_memory_is_the_most_above_the_start() -> None:
    # No thread gets to look; the system kept the most, which was raised.
    with spending(memory=told((100, 500), (150, 700)), every_s=60) as meter:
        pass
    assert meter.spent.peak_bytes == 600
    # It was not raised: more was held before than ever since.
    with spending(memory=told((100, 500), (150, 500)), every_s=60) as meter:
        pass
    assert meter.spent.peak_bytes == 50
    # Less than at the start is no peak below it.
    with spending(memory=told((100, 500), (40, 500)), every_s=60) as meter:
        pass
    assert meter.spent.peak_bytes == 0
    with spending(memory=lambda: None) as meter:
        pass
    assert meter.spent.peak_bytes is None


@pytest.mark.skipif(held() is None, reason="this system has no /proc")
def test_what_was_held_for_a_while_is_seen() -> None:
    looked = threading.Event()

    def look() -> Memory | None:
        found = held()
        looked.set()
        return found

    # Fresh from the system: numpy may be given what something freed had held, and then no more is held than before.
    with spending(memory=look, every_s=0.001) as meter, mmap(-1, 64 * MIB) as block:
        for start in range(0, 64 * MIB, MIB):
            block[start : start + MIB] = b"1" * MIB
        for _ in range(2):  # the first look may have begun before the block was there
            looked.clear()
            assert looked.wait(60), "nobody looks at memory"
    assert meter.spent.peak_bytes is not None
    assert 60 * MIB < meter.spent.peak_bytes < 200 * MIB


def test_of_a_model_the_larger_peak_counts() -> None:
    def spent(peak: int | None) -> Spent:
        return Spent(wall_s=1.0, cpu_s=2.0, peak_bytes=peak)

    assert Cost.of(spent(5), spent(7)).peak_bytes == 7
    assert Cost.of(spent(None), spent(None)).peak_bytes is None
    assert Cost.of(spent(5), spent(None)).fit_cpu_s == 2
