"""Onsets: peaks that stand out, and how regularly they return."""

from __future__ import annotations

import numpy as np

from triptych.features.hearing import onsets


def test_onsets_are_peaks_that_stand_out() -> None:
    strength = np.full(200, 1.0)
    strength[[40, 41, 100, 150]] = [8.0, 9.0, 6.0, 2.0]
    assert onsets.onset_frames(strength).tolist() == [41, 100]
    assert onsets.onset_frames(strength, rise_db=0.9).tolist() == [41, 100, 150]
    assert onsets.onset_frames(np.zeros(5)).tolist() == []


def test_rhythm_is_strong_when_onsets_return_and_weak_when_they_scatter() -> None:
    rng = np.random.default_rng(3)
    regular, scattered = np.zeros(1200), np.zeros(1200)
    regular[::24] = 10
    scattered[rng.choice(1200, size=50, replace=False)] = 10
    assert onsets.rhythm_strength(regular) > 0.85
    assert onsets.rhythm_strength(scattered) < 0.45
    assert onsets.rhythm_strength(regular[:20]) == 0
    assert onsets.rhythm_strength(np.zeros(1200)) == 0
