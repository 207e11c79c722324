"""Two-pass sampling against the truth of generated trailers: what is planted at their ends is left out, and no more."""

from __future__ import annotations

import numpy as np
import pytest

from triptych.catalogue.sources.synthetic import World, make_world
from triptych.media.loader import open_reel
from triptych.media.reel import Reel, Want
from triptych.media.sampling import CARDS, TWO_PASS, Sampling

STEP_S = 0.02
PLAIN = Sampling(where="all")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"), clips=12, users=2)


@pytest.fixture(scope="module")
def reels(world: World) -> list[Reel]:
    want = Want(samplings=frozenset({TWO_PASS, PLAIN}))
    return [open_reel(clip, want) for clip in world.clips]


def ends(world: World, index: int) -> tuple[float, float]:
    """Where the content of a clip begins and ends; fades and cards inside it are of the film.

    A text card that stands right beside the logo or the title is one with it.
    """
    shots = [part for part in world.truths[index].parts if part.kind == "shot"]
    return shots[0].start_s, shots[-1].end_s


def test_what_is_planted_at_the_ends_is_found_and_little_else(world: World, reels: list[Reel]) -> None:
    hit = false = missed = 0
    for index, reel in enumerate(reels):
        begins_s, ends_s = ends(world, index)
        times_s = np.arange(0, reel.probe.duration_s, STEP_S)
        planted = (times_s < begins_s) | (times_s >= ends_s)
        found = np.zeros(len(times_s), bool)
        for span in reel.rejected:
            found |= (times_s >= span.start_s) & (times_s < span.end_s)
        hit += int((planted & found).sum())
        false += int((~planted & found).sum())
        missed += int((planted & ~found).sum())
    # The benchmark of rejects measures .99 of both over a hundred clips.
    assert hit / (hit + missed) >= 0.97
    assert hit / (hit + false) >= 0.97


def test_the_borders_are_known_to_three_tenths(world: World, reels: list[Reel]) -> None:
    for index, reel in enumerate(reels):
        begins_s, ends_s = ends(world, index)
        assert len(reel.rejected) == 2
        first, last = reel.rejected
        assert (first.start_s, last.end_s) == pytest.approx((0.0, reel.probe.duration_s), abs=0.1)
        assert (first.end_s, last.start_s) == pytest.approx((begins_s, ends_s), abs=0.3)


def test_the_sampled_pictures_are_of_the_film(world: World, reels: list[Reel]) -> None:
    for index, reel in enumerate(reels):
        begins_s, ends_s = ends(world, index)
        content, plain = reel.frames[TWO_PASS], reel.frames[PLAIN]
        inside = (content.times_s >= begins_s - 0.15) & (content.times_s <= ends_s + 0.15)
        assert inside.mean() >= 0.9
        assert ((plain.times_s < begins_s) | (plain.times_s > ends_s)).mean() > 0.2  # without the first pass
        for span in reel.rejected:
            assert not ((content.times_s >= span.start_s) & (content.times_s < span.end_s)).any()


def test_the_rest_is_covered_evenly(reels: list[Reel]) -> None:
    for reel in reels:
        times_s = reel.frames[TWO_PASS].times_s
        left_s = reel.probe.duration_s - sum(span.end_s - span.start_s for span in reel.rejected)
        gaps = np.diff(times_s)
        inner = [
            gap
            for gap, start_s in zip(gaps, times_s, strict=False)
            if not any(start_s < span.end_s and start_s + gap > span.start_s for span in reel.rejected)
        ]
        step_s = max(left_s / 120, 1 / 15)  # a slot, or a picture where those are longer
        assert max(inner) <= 2 * step_s + 1e-6


def test_the_same_clip_gives_the_same_pictures(world: World, reels: list[Reel]) -> None:
    for threads in (1, 2):
        again = open_reel(world.clips[0], Want(samplings=frozenset({TWO_PASS})), threads=threads)
        assert np.array_equal(again.frames[TWO_PASS].rgb, reels[0].frames[TWO_PASS].rgb)
        assert again.rejected == reels[0].rejected


def test_cards_are_sampled_where_writing_was_rejected_and_nowhere_else(world: World, reels: list[Reel]) -> None:
    written = 0
    for index in range(6):
        reel = open_reel(world.clips[index], Want(samplings=frozenset({CARDS})))
        assert reel.rejected == reels[index].rejected
        frames = reel.frames_of(CARDS)
        assert frames is not None
        cards = [span for span in reel.rejected if span.reason in ("card", "text")]
        for at_s in frames.times_s:
            assert any(span.start_s - STEP_S <= at_s <= span.end_s + STEP_S for span in cards)
        assert bool(cards) == bool(len(frames))
        written += len(frames)
        both = open_reel(world.clips[index], Want(samplings=frozenset({CARDS, TWO_PASS})))
        alone, beside = reels[index].frames_of(TWO_PASS), both.frames_of(TWO_PASS)
        assert alone is not None
        assert beside is not None
        assert alone.rgb.tobytes() == beside.rgb.tobytes()
    assert written
