"""Inspect hearing: what is told and drawn of sound whose beat, loudness and silence are known."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest

from tests.worlds.rhythms import clicks, reel_of
from triptych.cli.inspect_hearing import Hearing, hearing_of, rates_hz, spectrum_of
from triptych.cli.inspect_hearing_figure import folded_spectrum, lanes, merged
from triptych.cli.inspect_hearing_words import heard_opening, hearing_says, speech_text
from triptych.cli.inspect_lane import stretches
from triptych.drawing.axis import Axis
from triptych.features.hearing import silero
from triptych.features.hearing.spectrogram import RATE_HZ
from triptych.media.reel import Reel, Sound

AXIS = Axis(low=0, high=12, start=46, end=1046)


@pytest.fixture(scope="module")
def reel() -> Reel:
    """Twelve seconds of clicks, 120 a minute, at both rates."""
    slow = reel_of(clicks(120), 12.0)
    samples = slow.sounds[RATE_HZ].samples
    times_s = np.arange(round(len(samples) / RATE_HZ * silero.RATE_HZ)) / silero.RATE_HZ
    other = np.interp(times_s, np.arange(len(samples)) / RATE_HZ, samples).astype(np.float32)
    return replace(slow, sounds={**slow.sounds, silero.RATE_HZ: Sound(samples=other, rate_hz=silero.RATE_HZ)})


@pytest.fixture(scope="module")
def told(reel: Reel) -> Hearing:
    return hearing_of(reel)[0]


def test_clicks_are_beats_and_struck(told: Hearing) -> None:
    assert told.state == "heard"
    assert told.bpm == pytest.approx(120, abs=1)
    assert np.diff(told.beats_s) == pytest.approx(0.5, abs=0.05)
    assert len(told.moments) == 24
    for one in told.moments:
        assert one.speech + one.music + one.other + one.silent == pytest.approx(1)
        assert one.kind == max(("speech", "music", "other", "silent"), key=lambda kind: getattr(one, kind))
        assert one.harmonic + one.percussive <= 1 + 1e-9
    assert np.mean([one.percussive for one in told.moments]) > 3 * np.mean([one.harmonic for one in told.moments])
    assert "120 beats a minute" in heard_opening(told)
    assert f"{len(told.beats_s)} beats are ticked" in hearing_says(told)


def test_the_lanes_are_to_scale(told: Hearing, reel: Reel) -> None:
    _, spectrum = hearing_of(reel)
    assert spectrum is not None
    parts, foot = lanes(told, spectrum, (), AXIS, 100.0)
    drawn = "".join(parts)
    beats = re.search(r'<path class="beat" d="([^"]+)"', drawn)
    assert beats is not None
    places = [float(x) for x in re.findall(r"M([\d.]+)", beats[1])]
    assert places == pytest.approx([AXIS(at_s) for at_s in told.beats_s], abs=0.06)
    assert foot > 400
    assert len(drawn) < 60_000


@pytest.mark.skipif(find_spec("silero_vad") is None, reason="the extra speech is not installed")
def test_speech_is_listened_for_or_says_how_to(told: Hearing, reel: Reel, monkeypatch: pytest.MonkeyPatch) -> None:
    assert rates_hz() == {RATE_HZ, silero.RATE_HZ}
    assert told.speech_s is not None
    assert "speech" not in told.without
    monkeypatch.setitem(sys.modules, silero.WHEEL, None)  # Python's own way to say: cannot be imported
    assert rates_hz() == {RATE_HZ}
    without, _ = hearing_of(replace(reel))
    assert without.speech_s is None
    assert speech_text(without, short=True) == "not listened for: pip install 'triptych[speech]'"
    assert "pip install 'triptych[speech]'" in hearing_says(without)
    assert "not listened for" in "".join(lanes(without, None, (), AXIS, 0.0)[0])


@pytest.mark.parametrize(
    ("samples", "state", "reason"),
    [
        (np.zeros(RATE_HZ, np.float32), "silent", "silent"),
        (np.full(RATE_HZ, np.nan, np.float32), "broken", "NaN"),
        (np.full(500, 0.1, np.float32) * np.tile([1, -1], 250).astype(np.float32), "heard", "too short"),
    ],
)
def test_what_cannot_be_heard_says_why(samples: np.ndarray, state: str, reason: str) -> None:
    told, spectrum = hearing_of(reel_of(samples))
    assert (told.state, spectrum) == (state, None)
    assert reason in hearing_says(told)
    parts, _ = lanes(told, spectrum, (), AXIS, 0.0)
    assert parts
    assert not re.search(r"\b(nan|inf|None)\b", "".join(parts))


def test_thinning_keeps_means_and_stretches(told: Hearing) -> None:
    few = merged(told.moments, 5)
    assert [start_s for start_s, _, _ in few] == [0.0, 2.5, 5.0, 7.5, 10.0]
    assert few[-1][1] == told.moments[-1].end_s
    assert few[0][2][5] == pytest.approx(np.mean([one.percussive for one in told.moments[:5]]))
    assert stretches([0.0, 0.5, 1.0, 9.0, 9.4], 0.6) == [(0.0, 1.0), (9.0, 9.4)]
    picture = spectrum_of(np.full((3, 128), -80, np.float32))
    assert (picture.shape, float(picture.min())) == ((3, 32), 1.0)
    ramp = np.repeat(np.linspace(0, 1, 400, dtype=np.float32)[:, None], 32, axis=1)
    assert folded_spectrum(ramp, 100)[:, 0] == pytest.approx(ramp.reshape(100, 4, 32).mean(axis=1)[:, 0])
