"""hearing/acoustic: what moves it, what must not, and what it says when there is nothing to hear."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from triptych.catalogue.records import Item
from triptych.errors import ExtractionError
from triptych.features.extractor import Extractor, Showing
from triptych.features.feature import Feature, Presence
from triptych.features.hearing.acoustic import PITCH_CLASSES, Acoustic
from triptych.media.probe import Probe, SoundFacts
from triptych.media.reel import Reel, Sound

RATE_HZ = 22050
COLUMNS = Acoustic.columns()


def showing(samples: np.ndarray | None) -> Showing:
    track = () if samples is None else (SoundFacts(codec="pcm", rate_hz=RATE_HZ, channels=1, language=""),)
    sounds = {} if samples is None else {RATE_HZ: Sound(samples=samples.astype(np.float32), rate_hz=RATE_HZ)}
    duration_s = 0.0 if samples is None else len(samples) / RATE_HZ
    probe = Probe(container="wav", declared_s=None, duration_s=duration_s, picture=None, sounds=track)
    return Showing(item=Item(item_id="i"), reel=Reel(name="clip.wav", probe=probe, sounds=sounds))


def extracted(samples: np.ndarray | None, **options: int) -> Feature:
    [feature] = Acoustic(**options).extract([showing(samples)])
    return feature


def vector(samples: np.ndarray, **options: int) -> np.ndarray:
    values = extracted(samples, **options).values
    assert values is not None
    return values


def measured(samples: np.ndarray) -> dict[str, float]:
    return dict(zip(COLUMNS, vector(samples).tolist(), strict=True))


def times_s(seconds: float) -> np.ndarray:
    return np.arange(round(seconds * RATE_HZ)) / RATE_HZ


def tone(hz: float, seconds: float = 1.0) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * hz * times_s(seconds))


def noise(seconds: float = 1.0, seed: int = 0) -> np.ndarray:
    return 0.1 * np.random.default_rng(seed).standard_normal(round(seconds * RATE_HZ))


def struck(at_s: np.ndarray, seconds: float) -> np.ndarray:
    """Bursts of noise that begin at the given times and die within 50 ms, over faint noise."""
    samples = 0.005 * noise(seconds)
    burst = noise(0.2, seed=1) * np.exp(-times_s(0.2) * 60) * 5
    for start in np.round(at_s * RATE_HZ).astype(int):
        samples[start : start + len(burst)] += burst[: len(samples) - start]
    return samples


def music(seconds: float = 6.0) -> np.ndarray:
    """Notes of a scale with overtones, two a second, that swell and fade, over faint noise."""
    samples = 0.001 * noise(seconds)
    for index, start_s in enumerate(np.arange(0, seconds, 0.5)):
        at = times_s(0.5)
        hz = 261.63 * 2 ** ((index * 7 % 12) / 12)
        note = sum(np.sin(2 * np.pi * hz * part * at) / part for part in range(1, 6))
        start = round(start_s * RATE_HZ)
        samples[start : start + len(at)] += (0.2 * note * np.sin(np.pi * at / 0.5) ** 0.5)[: len(samples) - start]
    return samples


# --- the contract ---------------------------------------------------------------------------------------------------


def test_it_is_an_extractor_that_asks_for_sound_alone() -> None:
    extractor: Extractor = Acoustic()
    extractor.ready()
    assert extractor.recipe.title == "hearing/acoustic"
    assert extractor.recipe.version == 1
    assert extractor.needs.want.sound_rates_hz == {RATE_HZ}
    assert not extractor.needs.want.samplings
    assert not extractor.needs.fields


def test_the_block_size_is_no_part_of_the_recipe() -> None:
    assert Acoustic(block_frames=7).recipe.hash == Acoustic().recipe.hash


def test_columns_name_each_dimension_once() -> None:
    assert len(vector(noise())) == len(COLUMNS) == len(set(COLUMNS)) == 82


def test_columns_say_what_stands_under_them() -> None:
    """A full-scale sine's RMS is −3.01 dBFS, it crosses zero twice a period and has one frequency."""
    of = measured(2 * tone(1000, seconds=20))
    assert of["level_db_mean"] == pytest.approx(-3.01, abs=0.05)
    assert of["zero_crossings_mean"] == pytest.approx(2000 / RATE_HZ, rel=0.01)
    assert of["centroid_hz_mean"] == pytest.approx(1000, rel=0.01)
    assert of["rolloff_hz_mean"] == pytest.approx(1000, rel=0.03)
    assert of["flatness_mean"] < 1e-4
    assert (of["silent_share"], of["onsets_per_s"]) == (0, 0)
    assert of["rhythm_strength"] < 0.01
    assert sum(of[f"chroma_{name}_mean"] for name in PITCH_CLASSES) == pytest.approx(1, abs=1e-4)


def test_the_vector_is_what_librosa_measures_of_the_same_sound() -> None:
    """Of sound without anything under 60 Hz, from which balancing takes nothing but the bin at 0 Hz."""
    import librosa
    import librosa.feature

    bins = np.fft.rfft(music(3.0) + 0.03 * noise(3.0))
    bins[: 60 * 3] = 0
    samples = np.fft.irfft(bins).astype(np.float32).astype(np.float64)
    unit = samples / ((samples.max() - samples.min()) / 2)
    magnitude = np.abs(librosa.stft(unit))
    mel_db = librosa.power_to_db(librosa.feature.melspectrogram(S=magnitude**2, sr=RATE_HZ), ref=np.max)
    theirs = {
        "level_db": 20 * np.log10(librosa.feature.rms(y=samples)),
        "zero_crossings": librosa.feature.zero_crossing_rate(samples),
        "centroid_hz": librosa.feature.spectral_centroid(S=magnitude, sr=RATE_HZ),
        "bandwidth_hz": librosa.feature.spectral_bandwidth(S=magnitude, sr=RATE_HZ),
        "rolloff_hz": librosa.feature.spectral_rolloff(S=magnitude, sr=RATE_HZ),
        "flatness": librosa.feature.spectral_flatness(S=magnitude[1:]),
        **{f"mfcc_{index:02d}": row for index, row in enumerate(librosa.feature.mfcc(S=mel_db, n_mfcc=20))},
    }
    ours = measured(samples)
    assert ours["silent_share"] == 0
    for name, frames in theirs.items():
        assert ours[f"{name}_mean"] == pytest.approx(frames.mean(), rel=1e-3, abs=0.03 if "mfcc" in name else 0), name
        assert ours[f"{name}_std"] == pytest.approx(frames.std(), rel=5e-3, abs=0.03 if "mfcc" in name else 0), name


def test_a_batch_equals_one_by_one_bit_for_bit_and_so_does_a_second_run() -> None:
    clips = [music(2.0), None, noise(0.5), np.zeros(5000), tone(440)]
    batch = Acoustic().extract([showing(samples) for samples in clips])
    again = Acoustic().extract([showing(samples) for samples in reversed(clips)])[::-1]
    for together, alone, repeated in zip(batch, map(extracted, clips), again, strict=True):
        assert together.presence is alone.presence is repeated.presence
        if together.values is not None:
            assert together.values.tobytes() == alone.values.tobytes() == repeated.values.tobytes()


@pytest.mark.parametrize("block_frames", [1, 7])
def test_blocks_equal_the_whole(block_frames: int) -> None:
    samples = np.concatenate([np.zeros(9000), music(2.0), noise(0.3)])
    whole = vector(samples, block_frames=10**6)
    np.testing.assert_allclose(vector(samples, block_frames=block_frames), whole, rtol=1e-5, atol=1e-5)


# --- nothing to hear ------------------------------------------------------------------------------------------------


def test_no_track_and_a_silent_track_differ() -> None:
    missing, silent = extracted(None), extracted(np.full(RATE_HZ, 1e-5))
    assert (missing.presence, missing.reason) == (Presence.MISSING, "the clip has no sound track")
    assert (silent.presence, silent.reason) == (Presence.SILENT, "the sound track is silent (peak under -70 dBFS)")


def test_an_empty_track_is_silent() -> None:
    assert extracted(np.zeros(0)).presence is Presence.SILENT


def test_a_constant_is_silent_as_no_one_can_hear_it() -> None:
    feature = extracted(np.full(RATE_HZ, 0.3))
    assert feature.presence is Presence.SILENT
    assert "constant offset" in feature.reason


def test_less_than_one_frame_is_missing_and_one_frame_is_enough() -> None:
    feature = extracted(noise()[:2047])
    assert feature.presence is Presence.MISSING
    assert "too short: 2047 samples" in feature.reason
    assert len(vector(noise()[:2048])) == 82


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_samples_that_are_not_finite_are_an_error_that_counts_them(bad: float) -> None:
    samples = noise()
    samples[[5, 700]] = bad
    with pytest.raises(ExtractionError, match=r"2 of 22050 samples in the sound of 'clip\.wav'"):
        extracted(samples)


def test_an_item_without_a_reel_is_an_error() -> None:
    with pytest.raises(ExtractionError, match="without a reel"):
        Acoustic().extract([Showing(item=Item(item_id="i"))])


# --- what moves it, and what must not -------------------------------------------------------------------------------


@pytest.mark.parametrize("gain", [2.0, 0.013, 0.7])
def test_a_gain_moves_the_level_by_its_decibels_and_nothing_else(gain: float) -> None:
    samples = np.concatenate([np.zeros(RATE_HZ // 3), music(3.0)]) / 2
    quiet, loud = vector(samples), vector(gain * samples)
    level = COLUMNS.index("level_db_mean")
    assert loud[level] - quiet[level] == pytest.approx(20 * np.log10(gain), abs=0.01)
    np.testing.assert_allclose(np.delete(loud, level), np.delete(quiet, level), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("offset", [0.2, -0.4])
def test_a_constant_offset_moves_nothing(offset: float) -> None:
    np.testing.assert_allclose(vector(music(2.0) / 2 + offset), vector(music(2.0) / 2), rtol=1e-3, atol=1e-3)


def test_a_silent_lead_in_is_told_by_the_silent_share_and_puts_no_outlier() -> None:
    lead, sound = np.zeros(512 * 200), music(12.0)
    bare, led = measured(sound), measured(np.concatenate([lead, sound]))
    share = len(lead) / (len(lead) + len(sound))
    assert bare["silent_share"] == 0
    assert led["silent_share"] == pytest.approx(share, abs=0.01)
    assert led["onsets_per_s"] == pytest.approx(bare["onsets_per_s"] * (1 - share), rel=0.1)
    for name in set(COLUMNS) - {"silent_share", "onsets_per_s", "rhythm_strength"}:
        # One or two frames at the seam hold but the beginning of the first note, as at any attack.
        assert led[name] == pytest.approx(bare[name], rel=0.05, abs=0.1), name


def test_zeros_before_sound_with_an_offset_are_silent_too() -> None:
    lead, sound = np.zeros(512 * 200), music(12.0) + 0.05
    bare, led = measured(sound), measured(np.concatenate([lead, sound]))
    assert led["silent_share"] == pytest.approx(len(lead) / (len(lead) + len(sound)), abs=0.01)
    # The step between them is a click that can be heard, so deviations may move; a mean hardly does.
    for name in ("level_db_mean", "zero_crossings_mean", "centroid_hz_mean", "bandwidth_hz_mean", "rolloff_hz_mean"):
        assert led[name] == pytest.approx(bare[name], rel=0.03), name


@pytest.mark.parametrize("octave", [1, 2, 8])
def test_a_pure_tone_lights_its_pitch_class(octave: float) -> None:
    for index, name in enumerate(PITCH_CLASSES):
        of = measured(tone(octave * 440 * 2 ** ((index - 9) / 12), seconds=0.3))
        shares = {other: of[f"chroma_{other}_mean"] for other in PITCH_CLASSES}
        assert max(shares, key=shares.__getitem__) == name
        assert shares[name] > (0.5 if octave == 1 else 0.9)


def test_a_tone_too_low_to_name_lights_no_class() -> None:
    of = measured(tone(98))
    assert sum(of[f"chroma_{name}_mean"] for name in PITCH_CLASSES) < 0.2


def test_brighter_sound_lies_higher() -> None:
    bright = noise(2.0)
    dull = np.convolve(bright, np.ones(16) / 16, mode="same")
    of_bright, of_dull = measured(bright), measured(dull)
    for name in ("centroid_hz_mean", "rolloff_hz_mean", "zero_crossings_mean", "flatness_mean"):
        assert of_bright[name] > 1.5 * of_dull[name], name


def test_noise_is_flat_and_a_tone_is_not() -> None:
    assert measured(noise())["flatness_mean"] > 0.5
    assert measured(tone(440))["flatness_mean"] < 1e-4


def test_dynamics_are_the_range_of_the_level() -> None:
    steps = np.concatenate([noise(2.0), 0.1 * noise(2.0)])
    assert measured(steps)["level_range_db"] == pytest.approx(20, abs=1)
    assert measured(noise(2.0))["level_range_db"] < 1


@pytest.mark.parametrize("per_s", [1, 2, 4])
def test_onsets_are_counted(per_s: int) -> None:
    of = measured(struck(np.arange(0.25, 10, 1 / per_s), seconds=10))
    assert of["onsets_per_s"] == pytest.approx(per_s, rel=0.05)
    assert measured(noise(10.0))["onsets_per_s"] == 0


def test_regular_blows_have_a_rhythm_and_scattered_ones_have_not() -> None:
    regular = measured(struck(np.arange(0.25, 20, 0.5), seconds=20))
    scattered = measured(struck(np.random.default_rng(5).uniform(0.2, 19.7, 40), seconds=20))
    assert regular["rhythm_strength"] > 0.8
    assert scattered["rhythm_strength"] < 0.4


# --- hard signals ---------------------------------------------------------------------------------------------------


def impulse(at: int) -> np.ndarray:
    samples = np.zeros(RATE_HZ)
    samples[at] = 1.0
    return samples


@pytest.mark.parametrize(
    "samples",
    [
        noise(),
        impulse(0),
        impulse(10_000),
        impulse(RATE_HZ - 1),
        np.sign(tone(100)),
        np.clip(20 * music(1.0), -1, 1),
        noise(0.1),
        tone(5),
        np.arange(RATE_HZ) / RATE_HZ,
        1e30 * noise(),
    ],
    ids=["noise", "first", "impulse", "last", "square", "clipped", "0.1 s", "5 Hz", "ramp", "huge"],
)
def test_hard_signals_give_finite_vectors(samples: np.ndarray) -> None:
    assert np.isfinite(vector(samples)).all()


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(
        np.float32,
        st.integers(2048, 4500),
        elements=st.floats(allow_nan=False, allow_infinity=False, width=32),
        fill=st.floats(allow_nan=False, allow_infinity=False, width=32),
    )
)
def test_any_finite_sound_gives_a_finite_vector_or_is_silent(samples: np.ndarray) -> None:
    feature = extracted(samples)
    spread = float(samples.max()) - float(samples.min())
    if feature.values is None:
        assert feature.presence is Presence.SILENT
        assert spread < 2 * Sound.SILENCE_PEAK
    else:
        assert feature.values.shape == (82,)
        assert np.isfinite(feature.values).all()


def test_memory_stays_below_that_of_the_sound_itself_and_a_half() -> None:
    """A whole spectrogram would take eight times the sound."""
    held = showing(noise(90.0))
    Acoustic().extract([held])
    tracemalloc.start()
    try:
        Acoustic().extract([held])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1.5 * 4 * 90 * RATE_HZ + 2**23
