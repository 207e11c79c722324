"""Hosts: how long one that has had enough is left alone."""

from __future__ import annotations

import math

from triptych.gather.trailers.hosts import MANY_VAIN, Hosts
from triptych.gather.trailers.reason import Reason
from triptych.gather.trailers.settings import Settings
from triptych.gather.trailers.verdict import Verdict

ENOUGH = Verdict(reason=Reason.RATE_LIMITED)
BROKEN = Verdict(reason=Reason.SERVER_ERROR)


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def hosts(clock: Clock) -> Hosts:
    return Hosts(Settings(first_wait_s=2.0, longest_wait_s=60.0), clock)


def test_an_address_waits_twice_as_long_each_time_and_its_host_does_not() -> None:
    known = hosts(Clock())
    assert [known.heard("a", BROKEN, tries=tries) for tries in (1, 2, 3, 50)] == [2.0, 4.0, 8.0, 60.0]
    assert known.open_at("a") == -math.inf


def test_a_host_that_has_had_enough_is_left_alone_as_a_whole() -> None:
    clock = Clock()
    known = hosts(clock)
    assert known.heard("a", ENOUGH, tries=1) == 2.0
    # Three that were under way are no further strikes.
    assert [known.heard("a", ENOUGH, tries=1) for _ in range(3)] == [2.0, 2.0, 2.0]
    assert (known.open_at("a"), known.open_at("b")) == (102.0, -math.inf)
    for wait_s in (4.0, 8.0):
        clock.now_s = known.open_at("a")
        assert known.heard("a", ENOUGH, tries=1) == wait_s
    clock.now_s = known.open_at("a")
    known.heard("a", None, tries=1)
    assert known.heard("a", ENOUGH, tries=1) == 2.0


def test_what_the_host_says_goes_and_too_long_is_for_the_rest_of_the_run() -> None:
    known = hosts(Clock())
    assert known.heard("a", Verdict(reason=Reason.SERVER_ERROR, retry_after_s=30.0), tries=1) == 30.0
    assert known.open_at("a") == 130.0
    assert known.closed("a") is None
    known.heard("a", Verdict(reason=Reason.RATE_LIMITED, retry_after_s=3600.0), tries=1)
    closed = known.closed("a")
    assert closed is not None
    assert closed.reason is Reason.RATE_LIMITED
    assert known.closed("b") is None


def test_a_host_that_is_never_reached_is_given_up() -> None:
    known = hosts(Clock())
    lost = Verdict(reason=Reason.NETWORK)
    for _ in range(MANY_VAIN - 1):
        known.heard("a", lost, tries=1)
    known.heard("a", BROKEN, tries=1)
    for _ in range(MANY_VAIN):
        assert known.closed("a") is None
        known.heard("a", lost, tries=1)
    closed = known.closed("a")
    assert closed is not None
    assert closed.reason is Reason.NETWORK
