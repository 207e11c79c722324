"""hearing/harmony: which tones light which classes, what makes a key, and what must not move it."""

from __future__ import annotations

import numpy as np
import pytest

from triptych.catalogue.records import Item
from triptych.features.extractor import Showing
from triptych.features.feature import Feature, Presence
from triptych.features.hearing.harmony import PITCH_CLASSES, Harmony, keys, tonnetz, tonnetz_basis
from triptych.features.pooling import Pooling
from triptych.media.probe import Probe, SoundFacts
from triptych.media.reel import Reel, Sound

RATE_HZ = 22050
MAJOR, MINOR = (0, 4, 7), (0, 3, 7)


def extracted(samples: np.ndarray, **options: Pooling) -> Feature:
    facts = SoundFacts(codec="pcm", rate_hz=RATE_HZ, channels=1, language="")
    duration_s = len(samples) / RATE_HZ
    probe = Probe(container="wav", declared_s=None, duration_s=duration_s, picture=None, sounds=(facts,))
    sound = Sound(samples=samples.astype(np.float32), rate_hz=RATE_HZ)
    reel = Reel(name="x", probe=probe, sounds={RATE_HZ: sound})
    [found] = Harmony(**options).extract([Showing(item=Item(item_id="x"), reel=reel)])
    return found


def measured(samples: np.ndarray) -> dict[str, float]:
    values = extracted(samples).values
    assert values is not None
    return dict(zip(Harmony().columns(), values.tolist(), strict=True))


def chord(*pitches: float, seconds: float = 0.5) -> np.ndarray:
    """Tones with overtones, that many semitones over middle C."""
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    fade = np.minimum(1.0, np.minimum(at, seconds - at) * 100)
    tones = [np.sin(2 * np.pi * 261.63 * 2 ** (pitch / 12) * k * at) / k**2 for pitch in pitches for k in range(1, 4)]
    return 0.1 * fade * np.sum(tones, axis=0)


def piece(tonic: int, triads: tuple[tuple[int, tuple[int, ...]], ...]) -> np.ndarray:
    """Triads, each a root over the tonic and its tones."""
    return np.concatenate([chord(*(tonic + root + tone for tone in triad)) for root, triad in triads])


CADENCE = ((0, MAJOR), (5, MAJOR), (7, MAJOR), (0, MAJOR))
SAD_CADENCE = ((0, MINOR), (5, MINOR), (7, MAJOR), (0, MINOR))


@pytest.mark.parametrize("octave", [-1, 0, 2])
def test_a_pure_tone_lights_its_pitch_class(octave: int) -> None:
    at = np.arange(RATE_HZ // 3) / RATE_HZ
    for index, name in enumerate(PITCH_CLASSES):
        of = measured(0.5 * np.sin(2 * np.pi * 440 * 2 ** (octave + (index - 9) / 12) * at))
        lit = {other: of[f"chroma_{other}_mean"] for other in PITCH_CLASSES}
        assert max(lit, key=lit.__getitem__) == name
        assert lit[name] > 0.95
        # Low tones are wider than a semitone; high ones leave all but their neighbours dark.
        assert sorted(lit.values())[-2] < (0.9 if octave < 0 else 0.5)
        assert of["concentration"] > (0.2 if octave < 0 else 0.5)


def test_six_decibels_and_an_offset_move_nothing() -> None:
    samples = piece(2, CADENCE)
    values = extracted(samples).values
    for other in (extracted(2 * samples).values, extracted(0.5 * samples + 0.3).values):
        assert values is not None
        assert other is not None
        np.testing.assert_allclose(other, values, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("tonic", [0, 5, 10])
def test_a_cadence_makes_a_key_and_says_whether_it_is_major(tonic: int) -> None:
    major, minor = measured(piece(tonic, CADENCE)), measured(piece(tonic, SAD_CADENCE))
    for of, triads in ((major, CADENCE), (minor, SAD_CADENCE)):
        mean = np.array([of[f"chroma_{name}_mean"] for name in PITCH_CLASSES])
        mode, root = np.unravel_index(keys(mean).argmax(), (2, 12))
        assert (mode, root) == (triads is SAD_CADENCE, tonic)
        assert of["key_strength"] > 0.7
        assert of["key_margin"] > 0.03
    assert major["major"] > 0.05 > -0.05 > minor["major"]


def test_a_transposed_piece_has_its_chroma_turned_and_its_key_as_strong() -> None:
    low, high = measured(piece(0, CADENCE)), measured(piece(3, CADENCE))
    turned = np.roll([low[f"chroma_{name}_mean"] for name in PITCH_CLASSES], 3)
    assert [high[f"chroma_{name}_mean"] for name in PITCH_CLASSES] == pytest.approx(turned, abs=0.1)
    assert high["key_strength"] == pytest.approx(low["key_strength"], abs=0.05)


def test_noise_has_hardly_a_key_and_is_spread_over_all_classes() -> None:
    of, tuned = measured(0.1 * np.random.default_rng(2).standard_normal(8 * RATE_HZ)), measured(piece(0, CADENCE))
    assert of["concentration"] < 0.01 < 0.05 < tuned["concentration"]
    assert of["key_margin"] < tuned["key_margin"]


def test_no_key_where_no_class_stands_out() -> None:
    assert not keys(np.full(12, 0.7)).any()


def test_harmony_changes_where_chords_do() -> None:
    still, moving = piece(0, ((0, MAJOR),) * 8), piece(0, ((0, MAJOR), (6, MAJOR)) * 4)
    assert measured(moving)["harmonic_change"] > 5 * measured(still)["harmonic_change"]
    assert measured(chord(0, seconds=0.3))["harmonic_change"] == 0  # shorter than what is compared


def test_tonal_centroids_of_a_fifth_lie_nearer_than_those_of_a_tritone() -> None:
    of = tonnetz(np.eye(12))
    fifth, tritone = np.linalg.norm(of[0] - of[7]), np.linalg.norm(of[0] - of[6])
    assert fifth < tritone
    np.testing.assert_allclose(tonnetz(np.ones((1, 12))), 0, atol=1e-12)
    assert not tonnetz(np.zeros((1, 12))).any()
    with pytest.raises(ValueError, match="read-only"):
        tonnetz_basis()[0, 0] = 1


def test_silence_and_subclips() -> None:
    assert extracted(np.zeros(RATE_HZ)).presence is Presence.SILENT
    pooling = Pooling(parts=2, statistic="mean")
    found = extracted(np.concatenate([chord(0, seconds=1.0), chord(7, seconds=1.0)]), pooling=pooling)
    assert found.values is not None
    assert found.values.shape == (2, len(Harmony(pooling=pooling).columns())) == (2, 18)
    assert found.values[:, :12].argmax(axis=1).tolist() == [0, 7]
