"""Listening: what can be heard, what is missing and what is silent."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.worlds.weights import tiny
from triptych.catalogue.records import Item
from triptych.errors import ExtractionError
from triptych.features.extractor import Showing
from triptych.features.feature import Feature, Presence
from triptych.features.hearing.listening import DECODING, Heard, heard, needs, reel_of, too_short
from triptych.features.registry import BUILT_IN, build
from triptych.media.probe import Probe, SoundFacts
from triptych.media.reel import Reel, Sound
from triptych.media.sound import MIXING

RATE_HZ = 8000
SILENCE_PEAK = Sound.SILENCE_PEAK


def reel(samples: np.ndarray | None) -> Reel:
    track = () if samples is None else (SoundFacts(codec="pcm", rate_hz=RATE_HZ, channels=1, language=""),)
    sounds = {} if samples is None else {RATE_HZ: Sound(samples=samples.astype(np.float32), rate_hz=RATE_HZ)}
    probe = Probe(container="wav", declared_s=None, duration_s=1.0, picture=None, sounds=track)
    return Reel(name="clip.wav", probe=probe, sounds=sounds)


def listened(samples: np.ndarray | None) -> Heard | Feature:
    return heard(reel(samples), RATE_HZ)


def square(low: float, high: float) -> np.ndarray:
    return np.tile([low, high], RATE_HZ // 2)


def test_it_asks_for_sound_at_its_rate_alone() -> None:
    assert needs(RATE_HZ).want.sound_rates_hz == {RATE_HZ}
    assert not needs(RATE_HZ).want.samplings
    assert not needs(RATE_HZ).fields


def test_what_can_be_heard_comes_as_it_was_decoded_with_its_mean_and_half_its_range() -> None:
    samples = np.tile([-0.25, 0.75, 0.0, 0.0], 2000)
    found = listened(samples)
    assert isinstance(found, Heard)
    assert (found.samples == samples.astype(np.float32)).all()
    assert (found.offset, found.peak, found.duration_s) == (0.125, 0.5, 1.0)


def test_it_is_the_same_for_all_that_ask() -> None:
    one = reel(square(-0.5, 0.5))
    assert one.once(heard, RATE_HZ) is one.once(heard, RATE_HZ)


@pytest.mark.parametrize(
    ("samples", "presence", "reason"),
    [
        (None, Presence.MISSING, "the clip has no sound track"),
        (np.zeros(0), Presence.SILENT, "the sound track is silent (it holds no samples)"),
        (square(-0.9 * SILENCE_PEAK, 0.9 * SILENCE_PEAK), Presence.SILENT, "peak under -70 dBFS"),
        (np.full(RATE_HZ, 0.3), Presence.SILENT, "silent but for a constant offset"),
        (0.3 + square(-0.9 * SILENCE_PEAK, 0.9 * SILENCE_PEAK), Presence.SILENT, "silent but for a constant offset"),
    ],
    ids=["no track", "no samples", "too quiet", "constant", "constant and too quiet"],
)
def test_what_cannot_be_heard_is_a_mask(samples: np.ndarray | None, presence: Presence, reason: str) -> None:
    found = listened(samples)
    assert isinstance(found, Feature)
    assert found.presence is presence
    assert reason in found.reason


def test_just_over_70_db_under_full_scale_is_heard() -> None:
    assert isinstance(listened(square(-1.1 * SILENCE_PEAK, 1.1 * SILENCE_PEAK)), Heard)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_samples_that_are_not_finite_are_an_error_that_counts_them(bad: float) -> None:
    samples = square(-0.5, 0.5)
    samples[[5, 700]] = bad
    with pytest.raises(ExtractionError, match=r"2 of 8000 samples in the sound of 'clip\.wav'"):
        listened(samples)


def test_too_short_is_missing_and_says_what_is_needed() -> None:
    found = listened(square(-0.5, 0.5))
    assert isinstance(found, Heard)
    assert too_short(found, 8000, "one frame") is None
    mask = too_short(found, 8001, "one frame")
    assert mask is not None
    assert mask.presence is Presence.MISSING
    assert mask.reason == "the sound is too short: 8000 samples at 8000 Hz; one frame takes 8001"


@pytest.mark.parametrize("title", sorted(title for title in BUILT_IN if title.startswith("hearing/")))
def test_every_recipe_says_how_sound_is_decoded_and_what_is_silent(title: str) -> None:
    """So that what is measured of it is measured again when that changes."""

    def holds(value: Any) -> bool:
        return value == DECODING or (isinstance(value, dict) and any(map(holds, value.values())))

    networks = [name for name in ("vggish", "wav2vec2", "clap") if title.startswith(f"hearing/{name}")]
    extractor = build(title, **({"weights": str(tiny(networks[0]))} if networks else {}))
    assert isinstance(extractor.recipe.params, dict)
    assert holds(extractor.recipe.params)
    assert DECODING.items() > MIXING.items()
    assert DECODING["silence_peak"] == Sound.SILENCE_PEAK


def test_an_item_without_a_reel_is_an_error_that_says_who_asked() -> None:
    with pytest.raises(ExtractionError, match="hearing/x was shown item 'i' without a reel"):
        reel_of(Showing(item=Item(item_id="i")), "hearing/x")
