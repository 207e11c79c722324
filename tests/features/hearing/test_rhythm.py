"""hearing/rhythm: what moves it, what must not, and that a clip knows itself again in another encoding."""

from __future__ import annotations

import numpy as np
import pytest

from tests.worlds.clips import Sound, write_clip
from tests.worlds.rhythms import both, clicks, drums, noise, reel_of, syllables, tone
from triptych.catalogue.records import Item
from triptych.errors import ExtractionError
from triptych.features.extractor import Showing
from triptych.features.feature import Feature, Presence
from triptych.features.hearing.rhythm import CLIPWISE, FRAMEWISE, Rhythm, regularity
from triptych.features.pooling import EACH, Pooling
from triptych.media.loader import open_reel
from triptych.media.reel import Reel

COLUMNS = Rhythm().columns()


def extracted(reel: Reel, pooling: Pooling | None = None) -> Feature:
    extractor = Rhythm() if pooling is None else Rhythm(pooling=pooling)
    [feature] = extractor.extract([Showing(item=Item(item_id="i"), reel=reel)])
    return feature


def vector(reel: Reel) -> np.ndarray:
    values = extracted(reel).values
    assert values is not None
    return values


def measured(sound: Sound | np.ndarray, seconds: float = 15.0) -> dict[str, float]:
    return dict(zip(COLUMNS, vector(reel_of(sound, seconds)).tolist(), strict=True))


def test_columns_say_what_stands_under_them() -> None:
    of = measured(clicks(150))
    assert 120 * 2 ** of["tempo_octaves"] == pytest.approx(150, abs=0.5)
    assert of["beats_per_s"] == pytest.approx(2.5, abs=0.1)
    assert of["onsets_per_s_mean"] == pytest.approx(2.5, abs=0.1)
    assert of["beat_regularity"] > 0.9
    assert of["beat_share"] > 0.9
    assert of["rhythm_strength"] > 0.5
    assert of["percussive_share"] > 0.95
    assert of["percussive_mean"] > 0.5 > of["harmonic_mean"]
    profile = {name: value for name, value in of.items() if name.endswith("_bpm")}
    assert max(profile, key=profile.__getitem__) in ("tempo_148_bpm", "tempo_149_bpm", "tempo_150_bpm")


def test_speech_noise_and_a_tone_have_no_beat_and_no_number_for_one() -> None:
    for sound in (noise(), tone(), syllables()):
        of = measured(sound)
        beat = [name for name in CLIPWISE if name.startswith(("tempo", "beat")) and name != "tempo_strength"]
        assert max(abs(of[name]) for name in beat) < 0.2
        assert of["tempo_strength"] < 0.12


def test_two_that_have_no_beat_are_no_nearer_to_a_beat_of_120_than_to_one_of_90() -> None:
    """So the tempo that stands for none is nobody's."""
    at = [COLUMNS.index(name) for name in CLIPWISE if name.endswith("_bpm")]
    none, slow, middle = (vector(reel_of(sound))[at] for sound in (syllables(), clicks(90), clicks(120)))
    assert np.linalg.norm(none - slow) == pytest.approx(np.linalg.norm(none - middle), rel=0.25)


def test_a_gain_moves_nothing() -> None:
    sound = both(drums(100), syllables())
    loud, soft = (vector(reel_of(lambda times_s, gain=gain: gain * sound(times_s), 10.0)) for gain in (0.8, 0.4))
    np.testing.assert_allclose(loud, soft, rtol=1e-3, atol=1e-4)


def test_subclips_are_pooled_from_what_each_frame_says() -> None:
    beat, talk = clicks(110), tone()
    reel = reel_of(lambda times_s: np.where(times_s < 20, beat(times_s), talk(times_s)), 40.0)
    parts, each = Pooling(parts=4), extracted(reel, EACH)
    quarters = extracted(reel, parts)
    assert quarters.values is not None
    assert quarters.times_s is not None
    assert quarters.values.shape == (4, len(Rhythm(pooling=parts).columns())) == (4, 2 * len(FRAMEWISE))
    np.testing.assert_allclose(quarters.times_s, [5, 15, 25, 35])
    names = Rhythm(pooling=parts).columns()
    for name, first, last in (("pulse_mean", 0.5, 0.3), ("percussive_mean", 0.5, 0.1), ("onsets_per_s_mean", 1.5, 0.1)):
        column = quarters.values[:, names.index(name)]
        assert column[0] > first
        assert column[-1] < last
    assert quarters.values[-1, names.index("harmonic_mean")] > 0.95
    assert each.values is not None
    assert each.times_s is not None
    assert each.values.shape[1] == len(FRAMEWISE) == len(Rhythm(pooling=EACH).columns())
    assert (np.diff(each.times_s) > 0).all()


@pytest.fixture(scope="module")
def encoded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[np.ndarray]]:
    """The vectors of three sounds, each once as AAC and once as Opus."""
    at = tmp_path_factory.mktemp("encoded")
    sounds = {"slow": drums(90), "fast": drums(132, root_hz=147.0), "talk": syllables()}
    found: dict[str, list[np.ndarray]] = {}
    for name, sound in sounds.items():
        paths = [write_clip(at / f"{name}{suffix}", sound=sound, seconds=8) for suffix in (".mp4", ".webm")]
        found[name] = [vector(open_reel(path, Rhythm().needs.want, name=name, threads=1)) for path in paths]
    return found


def test_another_encoding_moves_it_less_than_another_clip(encoded: dict[str, list[np.ndarray]]) -> None:
    spread = np.std([vector for pair in encoded.values() for vector in pair], axis=0) + 1e-6
    for name, (aac, opus) in encoded.items():
        again = np.linalg.norm((aac - opus) / spread)
        others = [
            np.linalg.norm((aac - one) / spread) for other, pair in encoded.items() if other != name for one in pair
        ]
        assert 1.5 * again < min(others), name
    tempo = COLUMNS.index("tempo_octaves")
    for name in ("slow", "fast"):
        aac, opus = encoded[name]
        assert aac[tempo] == pytest.approx(opus[tempo], abs=0.01)


@pytest.mark.parametrize(
    "samples",
    [np.eye(1, 22050, 9000)[0], np.sign(tone(100)(np.arange(5000) / 22050)), 1e30 * tone()(np.arange(2048) / 22050)],
    ids=["impulse", "square", "one frame"],
)
def test_hard_and_short_sounds_give_numbers(samples: np.ndarray) -> None:
    assert np.isfinite(vector(reel_of(samples))).all()


def test_less_than_a_frame_is_missing_and_no_reel_is_an_error() -> None:
    assert extracted(reel_of(tone()(np.arange(2047) / 22050))).presence is Presence.MISSING
    with pytest.raises(ExtractionError, match="hearing/rhythm was shown item 'i' without a reel"):
        Rhythm().extract([Showing(item=Item(item_id="i"))])


def test_a_pause_is_not_uneven() -> None:
    even, wild = np.arange(12) * 0.5, np.cumsum(np.random.default_rng(0).uniform(0.3, 0.7, 12))
    paused = np.concatenate([even, even + 30])
    assert regularity(paused) == pytest.approx(regularity(even)) == pytest.approx(1)
    assert regularity(wild) < 0.3
    assert regularity(even[:3]) == 0
