"""Every slot gets the cheapest picture that may stand for it, and no rejected span is entered."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from triptych.media.loader import without
from triptych.media.reel import Span
from triptych.media.sampling import TRACK, Sampling
from triptych.media.timeline import MAX_SLOTS, Slot, Timeline, choose, reading_share, slots

MS = Fraction(1, 1000)


def regular(count: int, *, step: int = 40, gop: int = 12, start: int = 0) -> Timeline:
    pts = [start + k * step for k in range(count)]
    timeline = Timeline.of(pts, pts[::gop], time_base=MS, last_ticks=step)
    assert timeline is not None
    return timeline


@st.composite
def timelines(draw: st.DrawFn) -> Timeline:
    """Up to 200 pictures, unevenly spaced, any of them keyframes, starting before or after zero."""
    gaps = draw(st.lists(st.integers(1, 400), min_size=0, max_size=200))
    start = draw(st.integers(-5000, 100_000))
    pts = start + np.concatenate([[0], np.cumsum(gaps)]).astype(int)
    flags = draw(st.lists(st.booleans(), min_size=len(pts), max_size=len(pts)))
    timeline = Timeline.of(
        pts.tolist(), pts[np.array(flags)].tolist(), time_base=MS, last_ticks=draw(st.integers(0, 200))
    )
    assert timeline is not None
    return timeline


@st.composite
def samplings(draw: st.DrawFn) -> Sampling:
    tolerance = draw(st.sampled_from([0.0, 0.1, 0.25, 0.5]))
    if draw(st.booleans()):
        return Sampling(count=draw(st.integers(1, 60)), tolerance=tolerance)
    return Sampling(count=None, every_s=draw(st.floats(0.05, 5.0)), tolerance=tolerance)


@st.composite
def stretches(draw: st.DrawFn, whole_s: float) -> list[tuple[float, float]]:
    edges = sorted(draw(st.lists(st.floats(0.0, 1.0), min_size=2, max_size=6, unique=True)))
    spans = [
        Span(start_s=a * whole_s, end_s=b * whole_s, reason="black")
        for a, b in zip(edges[::2], edges[1::2], strict=False)
    ]
    return without([(0.0, whole_s)], spans)


def test_times_count_from_the_first_picture() -> None:
    timeline = regular(50, start=7000)
    assert timeline.start_s == 7.0
    assert timeline.times_s[0] == 0.0
    assert timeline.duration_s == pytest.approx(2.0)


def test_the_last_picture_is_shown_as_long_as_it_says() -> None:
    held = Timeline.of([0, 100, 200], [0], time_base=MS, last_ticks=5000)
    silent = Timeline.of([0, 100, 200], [0], time_base=MS, last_ticks=0)
    brief = Timeline.of([0, 1000, 2000], [0], time_base=MS, last_ticks=100)
    assert held is not None
    assert silent is not None
    assert brief is not None
    assert held.duration_s == pytest.approx(5.2)
    assert brief.duration_s == pytest.approx(2.1)
    assert silent.duration_s == pytest.approx(0.3)  # as long as the others


def test_no_pictures_make_no_timeline() -> None:
    assert Timeline.of([], [], time_base=MS, last_ticks=0) is None


def test_a_wild_stamp_does_not_stretch_the_clip() -> None:
    for wild in (2**62, -(2**62), 10**10):
        timeline = Timeline.of([*range(0, 1000, 40), wild], [0], time_base=MS, last_ticks=40)
        assert timeline is not None
        assert timeline.duration_s == pytest.approx(1.0)


def test_entry_is_the_keyframe_at_or_before() -> None:
    timeline = regular(30, gop=10)
    assert [timeline.entry(pts) for pts in (0, 360, 400, 440, 1160)] == [0, 0, 400, 400, 800]


def test_slots_are_equal_and_fill_the_clip() -> None:
    cut = slots(Sampling(count=4), [(0.0, 10.0)])
    assert [(s.start_s, s.aim_s, s.end_s) for s in cut] == [
        (0.0, 1.25, 2.5),
        (2.5, 3.75, 5.0),
        (5.0, 6.25, 7.5),
        (7.5, 8.75, 10.0),
    ]


def test_the_track_is_six_a_second() -> None:
    assert len(slots(TRACK, [(0.0, 20.0)])) == 120
    assert len(slots(TRACK, [(0.0, 0.1)])) == 1


def test_a_pivot_is_the_middle_with_a_picture_for_each_second_before_and_after() -> None:
    pivot = Sampling(count=None, every_s=1.0, where="all", tolerance=0.0, pivot=True)
    aims = [slot.aim_s for slot in slots(pivot, [(0.0, 6.6)])]
    assert aims == pytest.approx([1.3, 2.3, 3.3, 4.3, 5.3])  # 0.3 and 6.3 would not have a whole second around them
    assert [slot.aim_s for slot in slots(pivot, [(0.0, 0.4)])] == [0.2]


def test_an_endless_clip_has_no_endless_slots() -> None:
    assert len(slots(TRACK, [(0.0, 1e12)])) == MAX_SLOTS


def test_nothing_valid_has_no_slots() -> None:
    assert slots(Sampling(), []) == []
    assert choose(regular(10), []) == []


@given(st.data(), samplings())
def test_slots_keep_out_of_rejected_spans(data: st.DataObject, sampling: Sampling) -> None:
    valid = data.draw(stretches(20.0))
    assume(sum(end - start for start, end in valid) > 0.01)
    cut = slots(sampling, valid)
    for slot in cut:
        assert slot.start_s <= slot.aim_s <= slot.end_s
        assert any(start <= slot.start_s and slot.end_s <= end for start, end in valid)
    for before, after in pairwise(cut):
        assert before.end_s <= after.start_s + 1e-9


@settings(max_examples=200)
@given(st.data(), timelines(), samplings())
def test_each_slot_with_a_picture_gets_one_of_its_own(
    data: st.DataObject, timeline: Timeline, sampling: Sampling
) -> None:
    cut = slots(sampling, data.draw(stretches(timeline.duration_s)))
    held = data.draw(st.sets(st.sampled_from(timeline.pts.tolist())))
    chosen = choose(timeline, cut, held)
    assert chosen == sorted(set(chosen))
    assert len(chosen) <= len(cut)
    assert set(chosen) <= set(timeline.pts.tolist())
    times = dict(zip(timeline.pts.tolist(), timeline.times_s.tolist(), strict=True))
    keys = set(timeline.keys.tolist())
    for slot in cut:
        inside = {p for p, at_s in times.items() if slot.start_s + 1e-6 <= at_s < slot.end_s - 1e-6}
        if not inside:
            continue
        near = {p for p, at_s in times.items() if slot.start_s - 1e-6 <= at_s <= slot.end_s + 1e-6} & set(chosen)
        assert near, "a slot that has pictures goes without one"
        if inside & held:
            assert near & held
        elif inside & keys:
            assert near & keys


@settings(max_examples=200)
@given(timelines(), st.integers(1, 60))
def test_without_tolerance_the_nearest_is_taken(timeline: Timeline, count: int) -> None:
    cut = slots(Sampling(count=count, tolerance=0.0), [(0.0, timeline.duration_s)])
    chosen = timeline.seconds(np.array(choose(timeline, cut), np.int64))
    for slot in cut:
        assert np.abs(chosen - slot.aim_s).min() == pytest.approx(np.abs(timeline.times_s - slot.aim_s).min())


@settings(max_examples=200)
@given(timelines(), st.integers(1, 40), st.sampled_from([0.1, 0.25, 0.5]))
def test_tolerance_never_costs_more(timeline: Timeline, count: int, tolerance: float) -> None:
    whole = [(0.0, timeline.duration_s)]
    exact = choose(timeline, slots(Sampling(count=count, tolerance=0.0), whole))
    loose = choose(timeline, slots(Sampling(count=count, tolerance=tolerance), whole))
    assume(len(loose) == len(exact))  # where pictures are few, tolerance finds one for a slot that had none
    assert reading_share(timeline, loose) <= reading_share(timeline, exact) + 1e-12


@settings(max_examples=100)
@given(st.data(), st.integers(60, 300), st.integers(1, 24))
def test_pictures_cover_what_is_valid(data: st.DataObject, pictures: int, count: int) -> None:
    timeline = regular(pictures, gop=data.draw(st.integers(1, 60)))
    valid = [(0.1 * timeline.duration_s, 0.4 * timeline.duration_s), (0.5 * timeline.duration_s, timeline.duration_s)]
    cut = slots(Sampling(count=count), valid)
    width_s = sum(end - start for start, end in valid) / count
    assume(width_s >= 0.08)  # two pictures a slot
    chosen = timeline.seconds(np.array(choose(timeline, cut), np.int64))
    assert len(chosen) == count
    # Laid end to end, without the rejected tenth between them.
    laid = np.where(chosen < 0.45 * timeline.duration_s, chosen, chosen - 0.1 * timeline.duration_s)
    assert np.diff(laid).max(initial=0.0) <= 2 * width_s + 1e-9


def test_a_clip_of_fewer_pictures_than_slots_gives_each_once() -> None:
    timeline = regular(5, gop=5)
    assert choose(timeline, slots(Sampling(count=120), [(0.0, timeline.duration_s)])) == timeline.pts.tolist()


@pytest.mark.parametrize("base", [Fraction(1, 1000), Fraction(1, 10_240), Fraction(1, 90_000), Fraction(1001, 30_000)])
@pytest.mark.parametrize("gop", [1, 7, 1000])
def test_as_many_slots_as_pictures_take_every_picture(base: Fraction, gop: int) -> None:
    """Each lies on the border of two slots, where a rounding error decides."""
    for count in (1, 2, 3, 7, 10, 30, 97, 240):
        step = max(round(1 / base / 10), 1)
        pts = list(range(0, count * step, step))
        timeline = Timeline.of(pts, pts[::gop], time_base=base, last_ticks=step)
        assert timeline is not None
        assert choose(timeline, slots(Sampling(count=count), [(0.0, timeline.duration_s)])) == pts


def test_keyframes_alone_are_read_where_each_slot_has_one() -> None:
    timeline = regular(1200, gop=12)
    chosen = choose(timeline, slots(Sampling(count=50), [(0.0, timeline.duration_s)]))
    assert set(chosen) <= set(timeline.keys.tolist())
    assert reading_share(timeline, chosen) == pytest.approx(50 / 1200)


def test_one_long_run_is_sampled_at_its_middles() -> None:
    """Where all must be decoded anyway, the best picture of a slot costs what its first one would."""
    timeline = regular(100, gop=100)
    cut = slots(Sampling(count=10), [(0.0, timeline.duration_s)])
    chosen = timeline.seconds(np.array(choose(timeline, cut), np.int64))
    off = np.abs(chosen - [slot.aim_s for slot in cut])
    assert off[1:-1].max() <= 0.04  # the first holds the keyframe, the last is not read beyond its beginning


def test_a_held_picture_is_taken_before_a_keyframe() -> None:
    timeline = regular(24, gop=12)
    slot = [Slot(start_s=0.4, aim_s=0.5, end_s=0.9)]
    assert choose(timeline, slot) == [480]
    assert choose(timeline, slot, held={800}) == [800]
    assert choose(timeline, slot, held={800, 520}) == [520]


def test_reading_share_counts_each_run_once() -> None:
    timeline = regular(40, gop=10)
    pts = timeline.pts.tolist()
    assert reading_share(timeline, [pts[4], pts[9]]) == pytest.approx(10 / 40)
    assert reading_share(timeline, [pts[4], pts[10]]) == pytest.approx(6 / 40)
    assert reading_share(timeline, pts) == 1.0
