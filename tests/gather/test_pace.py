"""The pace: turns in order and apart, a quota that runs out and comes back."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest

from triptych.errors import UsageError
from triptych.gather.pace import DAY_S, Pace


@dataclass
class Time:
    """Passes only for those who sleep."""

    now_s: float = 0.0
    slept: list[float] = field(default_factory=list)

    def clock(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_s += seconds


def test_turns_are_evenly_apart_and_a_pause_saves_nothing_up() -> None:
    time = Time()
    pace = Pace(per_second=4, clock=time.clock, sleep=time.sleep)
    at = []
    for _ in range(5):
        assert pace.take()
        at.append(time.now_s)
    assert at == [0, 0.25, 0.5, 0.75, 1.0]
    time.now_s = 100
    assert [pace.take() and time.now_s for _ in range(3)] == [100, 100.25, 100.5]


def test_a_quota_is_not_waited_for_and_comes_back_a_day_later() -> None:
    time = Time()
    pace = Pace(per_second=1, per_day=3, clock=time.clock, sleep=time.sleep)
    for now_s in (0, 10, 20):
        time.now_s = now_s
        assert not pace.spent
        assert pace.take()
    assert pace.spent
    assert not pace.take()
    time.now_s = DAY_S - 0.5
    assert not pace.take()
    time.now_s = DAY_S + 0.5  # the first turn is a day old, the second is not
    assert [pace.take(), pace.take()] == [True, False]
    time.now_s = DAY_S + 100
    assert [pace.take(), pace.take(), pace.take()] == [True, True, False]


def test_threads_share_one_pace() -> None:
    """Nobody's clock moves, so that the waits asked for tell the turns: each its own."""
    waits: list[float] = []
    pace = Pace(per_second=10, clock=lambda: 0.0, sleep=waits.append)
    threads = [threading.Thread(target=lambda: [pace.take() for _ in range(25)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(waits) == pytest.approx([k / 10 for k in range(1, 100)])


@pytest.mark.parametrize("speed", [0, -1, float("nan"), float("inf")])
def test_a_speed_that_is_none_is_refused(speed: float) -> None:
    with pytest.raises(UsageError, match="above 0"):
        Pace(per_second=speed)


def test_a_quota_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="above 0"):
        Pace(per_second=1, per_day=0)
