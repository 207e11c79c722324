"""hearing/acoustic: what moves it, what must not, and what it says when there is nothing to hear."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.fft import dct

from tests.worlds.clips import scene, write_clip
from triptych.catalogue.records import Item
from triptych.errors import ExtractionError
from triptych.features.extractor import Extractor, Showing
from triptych.features.feature import Feature, Presence
from triptych.features.hearing.acoustic import Acoustic
from triptych.features.hearing.harmony import Harmony
from triptych.features.hearing.spectrogram import Spectrogram, spectrogram_of
from triptych.features.measure import wanted
from triptych.features.pooling import EACH, Pooling
from triptych.features.seeing.colour import Colour
from triptych.media.loader import open_reel
from triptych.media.probe import Probe, SoundFacts
from triptych.media.reel import Reel, Sound

RATE_HZ = 22050
COLUMNS = Acoustic().columns()
WIDTH = 2 * 33 + 2


def showing(samples: np.ndarray | None) -> Showing:
    track = () if samples is None else (SoundFacts(codec="pcm", rate_hz=RATE_HZ, channels=1, language=""),)
    sounds = {} if samples is None else {RATE_HZ: Sound(samples=samples.astype(np.float32), rate_hz=RATE_HZ)}
    duration_s = 0.0 if samples is None else len(samples) / RATE_HZ
    probe = Probe(container="wav", declared_s=None, duration_s=duration_s, picture=None, sounds=track)
    return Showing(item=Item(item_id="i"), reel=Reel(name="clip.wav", probe=probe, sounds=sounds))


def extracted(samples: np.ndarray | None, **options: Pooling) -> Feature:
    [feature] = Acoustic(**options).extract([showing(samples)])
    return feature


def vector(samples: np.ndarray, **options: Pooling) -> np.ndarray:
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
    assert extractor.recipe.version == 2
    assert extractor.needs.want.sound_rates_hz == {RATE_HZ}
    assert not extractor.needs.want.samplings
    assert not extractor.needs.fields


def test_columns_name_each_dimension_once() -> None:
    assert len(vector(noise())) == len(COLUMNS) == len(set(COLUMNS)) == WIDTH


def test_columns_say_what_stands_under_them() -> None:
    """A full-scale sine's RMS is −3.01 dBFS, it crosses zero twice a period and has one frequency."""
    of = measured(2 * tone(1000, seconds=20))
    assert of["level_db_mean"] == pytest.approx(-3.01, abs=0.05)
    assert of["zero_crossings_mean"] == pytest.approx(2000 / RATE_HZ, rel=0.01)
    assert of["centroid_hz_mean"] == pytest.approx(1000, rel=0.01)
    assert of["rolloff_hz_mean"] == pytest.approx(1000, rel=0.03)
    assert of["flatness_mean"] < 1e-4
    assert of["silent_share"] == 0
    # A line far over what leaks from it, in the octave that holds it and in no other.
    assert max(range(7), key=lambda band: of[f"contrast_{band}_db_mean"]) == 3


def test_the_vector_is_the_spectrogram_over_its_audible_frames() -> None:
    """Which is held equal to librosa where it is made."""
    shown = showing(np.concatenate([np.zeros(RATE_HZ), music(3.0) / 3]))
    assert shown.reel is not None
    seen = shown.reel.once(spectrogram_of)
    assert isinstance(seen, Spectrogram)
    mfcc = dct(seen.mel_db.astype(np.float64), norm="ortho", axis=1)[:, :20]
    rows = {
        "level_db": seen.level_db + seen.peak_db,
        "zero_crossings": seen.zero_crossings,
        "centroid_hz": seen.centroid_hz,
        "bandwidth_hz": seen.bandwidth_hz,
        "rolloff_hz": seen.rolloff_hz,
        "flatness": seen.flatness,
        **{f"contrast_{band}_db": row for band, row in enumerate(seen.contrast.T)},
        **{f"mfcc_{index:02d}": row for index, row in enumerate(mfcc.T)},
    }
    [feature] = Acoustic().extract([shown])
    assert feature.values is not None
    ours = dict(zip(COLUMNS, feature.values.tolist(), strict=True))
    assert 0.2 < ours["silent_share"] == pytest.approx(1 - seen.audible.mean())
    for name, row in rows.items():
        assert ours[f"{name}_mean"] == pytest.approx(row[seen.audible].mean(), rel=1e-5, abs=1e-4), name
        assert ours[f"{name}_std"] == pytest.approx(row[seen.audible].std(), rel=1e-5, abs=1e-4), name


def test_a_batch_equals_one_by_one_bit_for_bit_and_so_does_a_second_run() -> None:
    clips = [music(2.0), None, noise(0.5), np.zeros(5000), tone(440)]
    batch = Acoustic().extract([showing(samples) for samples in clips])
    again = Acoustic().extract([showing(samples) for samples in reversed(clips)])[::-1]
    for together, alone, repeated in zip(batch, map(extracted, clips), again, strict=True):
        assert together.presence is alone.presence is repeated.presence
        if together.values is not None:
            assert together.values.tobytes() == alone.values.tobytes() == repeated.values.tobytes()


# --- subclips -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reel(tmp_path_factory: pytest.TempPathFactory) -> Reel:
    """Picture that outlasts its sound, quiet for half of it."""
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"

    def sound(at_s: np.ndarray) -> np.ndarray:
        return np.where(at_s < 2, 0.02, 0.4) * np.sin(2 * np.pi * 440 * at_s)

    write_clip(path, picture=scene((200, 90, 40)), sound=sound)
    return open_reel(path, wanted([Colour(), Acoustic()]))


@pytest.mark.parametrize("parts", [4, 7])
@pytest.mark.parametrize("kind", [Acoustic, Harmony])
def test_subclips_are_those_of_what_is_seen(reel: Reel, kind: type[Acoustic | Harmony], parts: int) -> None:
    pooling = Pooling(parts=parts, statistic="median-mad")
    shown = [Showing(item=Item(item_id="x"), reel=reel)]
    [seen], [found] = Colour(pooling=pooling).extract(shown), kind(pooling=pooling).extract(shown)
    assert seen.times_s is not None
    assert found.times_s is not None
    assert found.values is not None
    assert seen.times_s.tobytes() == found.times_s.tobytes()
    assert found.values.shape == (parts, len(kind(pooling=pooling).columns()))


def test_a_subclip_holds_what_is_heard_in_it(reel: Reel) -> None:
    extractor = Acoustic(pooling=Pooling(parts=4, statistic="median"))
    [found] = extractor.extract([Showing(item=Item(item_id="x"), reel=reel)])
    assert found.values is not None
    level_db = found.values[:, extractor.columns().index("level_db_median")]
    quiet_db, loud_db = (20 * np.log10(level / 2**0.5) for level in (0.02, 0.4))
    assert level_db == pytest.approx([quiet_db, quiet_db, loud_db, loud_db], abs=0.3)


def test_each_audible_frame_may_be_kept_with_its_time() -> None:
    samples = np.concatenate([np.zeros(RATE_HZ), noise()])
    found = extracted(samples, pooling=EACH)
    assert found.values is not None
    assert found.times_s is not None
    assert found.values.shape == (len(found.times_s), len(Acoustic(pooling=EACH).columns()))
    assert found.times_s[0] == pytest.approx(1.0, abs=0.05)
    assert np.diff(found.times_s) == pytest.approx(512 / RATE_HZ)


def test_the_pooling_is_part_of_the_recipe() -> None:
    assert Acoustic(pooling=Pooling(parts=10)).recipe.hash != Acoustic().recipe.hash


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
    assert len(vector(noise()[:2048])) == WIDTH


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
    for name in set(COLUMNS) - {"silent_share"}:
        # One or two frames at the seam hold but the beginning of the first note, as at any attack.
        assert led[name] == pytest.approx(bare[name], rel=0.05, abs=0.1), name


def test_zeros_before_sound_with_an_offset_are_silent_too() -> None:
    lead, sound = np.zeros(512 * 200), music(12.0) + 0.05
    bare, led = measured(sound), measured(np.concatenate([lead, sound]))
    assert led["silent_share"] == pytest.approx(len(lead) / (len(lead) + len(sound)), abs=0.01)
    # The mean of the whole is not that of the sound alone, so a little of the offset is left in it, and the step
    # between them is a click that can be heard: deviations may move, a mean hardly does.
    for name in ("level_db_mean", "zero_crossings_mean", "centroid_hz_mean", "bandwidth_hz_mean", "rolloff_hz_mean"):
        assert led[name] == pytest.approx(bare[name], rel=0.08), name


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
        assert feature.values.shape == (WIDTH,)
        assert np.isfinite(feature.values).all()


# --- encodings ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Acoustic, Harmony])
def test_a_re_encoding_moves_a_clip_less_than_another_clip_does(
    encoded: list[list[Reel]], kind: type[Acoustic | Harmony]
) -> None:
    """As MP4 with AAC and as WebM with Opus; each measure in units of how much it differs over all clips."""
    rows = [[kind().extract([Showing(item=Item(item_id="x"), reel=reel)])[0].values for reel in of] for of in encoded]
    values = np.array(rows, np.float64)  # [encodings, clips, d]
    scaled = values / np.maximum(values.std(axis=(0, 1)), 1e-9)
    apart = np.linalg.norm(scaled[0][:, None] - scaled[1], axis=-1)
    assert (apart.argmin(axis=1) == np.arange(3)).all()
    assert (apart.argmin(axis=0) == np.arange(3)).all()
    assert np.diag(apart).max() < 0.5 * apart[~np.eye(3, dtype=bool)].min()


@pytest.fixture(scope="module")
def encoded(tmp_path_factory: pytest.TempPathFactory) -> list[list[Reel]]:
    """Two encodings of three kinds of the same music: as it is, darker and faster, half of it noise."""
    folder = tmp_path_factory.mktemp("encoded")
    samples = music(3.0)
    kinds = [
        samples,
        np.convolve(np.tile(samples[::2], 2), np.ones(8) / 8, mode="same"),
        samples / 2 + 0.3 * noise(3.0),
    ]

    def sounding(kind: np.ndarray, at_s: np.ndarray) -> np.ndarray:
        return np.interp(at_s, np.arange(len(kind)) / RATE_HZ, 0.5 * kind)

    made: list[list[Reel]] = []
    for suffix in ("m4a", "webm"):
        paths = [folder / f"{k}.{suffix}" for k in range(3)]
        for path, kind in zip(paths, kinds, strict=True):
            write_clip(path, sound=partial(sounding, kind), seconds=3.0)
        made.append([open_reel(path, Acoustic().needs.want) for path in paths])
    return made
