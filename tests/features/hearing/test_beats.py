"""Beats: where the clicks are, as the paper's loop finds them, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from tests.worlds.clips import Sound, silence
from tests.worlds.rhythms import both, clicks, drums, noise, reel_of, syllables
from triptych.features.feature import Feature
from triptych.features.hearing.beats import beats_of, tracked


def times_s(sound: Sound | np.ndarray, seconds: float = 12.0) -> np.ndarray:
    found = beats_of(reel_of(sound, seconds))
    assert isinstance(found, np.ndarray)
    return found


@pytest.mark.parametrize("bpm", [60, 100, 120, 174])
@pytest.mark.parametrize("level", [0.0, 0.01])
def test_each_click_is_a_beat_to_two_frames(bpm: int, level: float) -> None:
    clicked_s = np.arange(0.31, 12, 60 / bpm)
    found_s = times_s(both(clicks(bpm), noise(level=level)))
    assert abs(len(found_s) - len(clicked_s)) <= 1
    assert np.abs(found_s[:, None] - clicked_s).min(axis=1).max() < 0.03


def test_what_is_said_after_the_beat_has_none() -> None:
    beat, talk = drums(110), syllables()
    mixed = times_s(lambda at_s: np.where(at_s < 20, beat(at_s), talk(at_s)), 40.0)
    assert len(mixed) == pytest.approx(20 * 110 / 60, abs=8)
    assert mixed.max() < 26


@pytest.mark.parametrize("sound", [noise(), syllables(seed=1)], ids=["noise", "speech"])
def test_what_has_no_beat_has_none(sound: Sound) -> None:
    assert len(times_s(sound)) == 0


def test_the_beat_follows_the_onsets_when_they_drift() -> None:
    """Each interval a hundredth longer than the one before."""
    at = np.round(np.cumsum(20 * 1.01 ** np.arange(25))).astype(int)
    onset = np.zeros(at[-1] + 30)
    onset[at] = 5.0
    assert tracked(onset, period=22.5).tolist() == at.tolist()


def test_the_blocks_are_the_loop_of_the_paper() -> None:
    """Frame by frame, as the equation is written."""
    onset = np.random.default_rng(2).gamma(0.5, 2.0, 300)
    period = 13.7
    local = onset / onset.std()
    best, before = local.copy(), np.full(len(local), -1)
    for t in range(len(local)):
        for s in range(max(t - int(2 * period), 0), t - int(np.ceil(period / 2)) + 1):
            value = local[t] + best[s] - 100 * np.log((t - s) / period) ** 2
            if value > best[t] + 1e-12:
                best[t], before[t] = value, s
    at = len(local) - 14 + int(best[len(local) - 14 :].argmax())
    path: list[int] = []
    while at >= 0:
        path.append(at)
        at = int(before[at])
    found = tracked(onset, period=period).tolist()
    path.reverse()
    first = path.index(found[0])
    assert path[first : first + len(found)] == found
    assert len(found) > len(path) - 6


@pytest.mark.parametrize("onset", [np.zeros(100), np.ones(3), np.eye(1, 50, 20)[0]], ids=["still", "flat", "one"])
def test_little_to_go_by_is_no_fault(onset: np.ndarray) -> None:
    assert len(tracked(onset, period=20.0)) <= 1


def test_silence_is_a_mask() -> None:
    assert isinstance(beats_of(reel_of(silence)), Feature)
