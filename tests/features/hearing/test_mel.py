"""hearing/mel: the contract, its definition by hand, what loudness leaves alone, and how much of a clip is kept."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from tests.contracts.extractor import PLACES
from triptych.errors import UsageError
from triptych.features.extractor import Showing
from triptych.features.feature import Feature, Presence
from triptych.features.hearing import banks
from triptych.features.hearing.mel import RATE_HZ, Mel
from triptych.media.probe import Probe, SoundFacts
from triptych.media.reel import Reel, Sound


def asked(samples: np.ndarray, **params: Any) -> Feature:
    facts = SoundFacts(codec="raw", rate_hz=RATE_HZ, channels=1, language="")
    duration_s = len(samples) / RATE_HZ
    probe = Probe(container="raw", declared_s=None, duration_s=duration_s, picture=None, sounds=(facts,))
    reel = Reel(name="x", probe=probe, sounds={RATE_HZ: Sound(samples=samples.astype(np.float32), rate_hz=RATE_HZ)})
    [feature] = Mel(**params).extract([Showing(item=PLACES["both"], reel=reel)])
    return feature


def measured(samples: np.ndarray, **params: Any) -> np.ndarray:
    feature = asked(samples, **params)
    assert feature.values is not None, feature.reason
    return feature.values


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.3, 0.3, round(seconds * RATE_HZ))


def test_equals_its_definition_by_hand() -> None:
    samples = noise(12, seed=4).astype(np.float32)
    even = (samples - samples.mean(dtype=np.float64)) / (float(np.ptp(samples)) / 2)
    bank = banks.mel_bank(RATE_HZ, 1024, 64)  # librosa's, as its own test shows
    found = measured(samples)
    for k in (0, 200, 300, len(found) - 1):  # of more than one block
        frame = even[512 * k : 512 * k + 1024] * (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(1024) / 1024))
        waves = np.exp(-2j * np.pi * np.outer(np.arange(513), np.arange(1024)) / 1024)
        power = bank @ np.abs(waves @ frame) ** 2
        due = 10 * np.log10(power / (256.0**2 * bank.max()))
        assert due.std() > 1
        np.testing.assert_allclose(found[k], due, rtol=0, atol=1e-3)


def test_a_clip_is_kept_by_the_seconds_in_its_middle() -> None:
    long = noise(75)
    found = asked(long)
    assert found.values is not None
    assert found.times_s is not None
    assert found.values.shape == (1 + (30 * RATE_HZ - 1024) // 512, 64) == (936, 64)
    assert (found.times_s[0], found.times_s[-1]) == pytest.approx((22.532, 52.452))
    changed = long.copy()
    changed[: 22 * RATE_HZ] *= 0.5
    changed[53 * RATE_HZ :] *= 0.5
    np.testing.assert_allclose(measured(changed), found.values, rtol=0, atol=0.02)
    assert len(measured(noise(5))) == 155
    assert measured(noise(5), every_s=1.0, bands=32).shape == (5, 32)
    assert measured(noise(0.064)).shape == (1, 64)


def test_loudness_moves_nothing_and_what_is_quiet_in_a_loud_clip_is_quiet() -> None:
    samples = noise(4)
    np.testing.assert_allclose(measured(0.1 * samples + 0.2), measured(samples), rtol=0, atol=0.01)
    loud_ends = np.concatenate([samples, np.zeros(4 * RATE_HZ), samples])
    assert measured(loud_ends, excerpt_s=2.0).max() < -70
    tone = np.sin(2 * np.pi * 60 * np.arange(RATE_HZ) / RATE_HZ)
    found = measured(tone)
    assert -3 < found.max() <= 0
    assert found.min() >= -100


def test_too_little_sound_is_missing() -> None:
    assert asked(noise(1)[:1023]).presence is Presence.MISSING


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"bands": 4}, "bands is 4"),
        ({"every_s": 0.0}, r"every_s is 0\.0"),
        ({"excerpt_s": 600.0}, "it may be 1 to 512 seconds, which are 16000 frames"),
        ({"excerpt_s": float("nan")}, "excerpt_s is nan"),
    ],
)
def test_parameters_that_cannot_be_honoured(params: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        partial(Mel, **params)()
