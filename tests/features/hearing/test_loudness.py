"""hearing/loudness: what a loudness meter is tested with, and what must not move it."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from triptych.catalogue.records import Item
from triptych.features.extractor import Showing
from triptych.features.feature import Feature, Presence
from triptych.features.hearing.listening import Heard
from triptych.features.hearing.loudness import (
    CLIPWISE,
    RATE_HZ,
    Loudness,
    LoudnessCurve,
    k_weighting,
    loudness_of,
    measured,
)
from triptych.features.pooling import EACH, Pooling
from triptych.media.probe import Probe, SoundFacts
from triptych.media.reel import Reel, Sound


def tone(dbfs: float, seconds: float, *, hz: float = 1000.0) -> np.ndarray:
    return 10 ** (dbfs / 20) * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE_HZ)) / RATE_HZ)


def music(seconds: float = 12.0) -> np.ndarray:
    """Notes and hiss whose level wanders over 20 dB."""
    times_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    level = 10 ** (-0.5 + 0.5 * np.sin(times_s))
    hiss = np.random.default_rng(0).standard_normal(len(times_s))
    return 0.2 * level * (np.sin(2 * np.pi * 300 * times_s) + 0.2 * hiss)


def reel(samples: np.ndarray) -> Reel:
    facts = SoundFacts(codec="raw", rate_hz=RATE_HZ, channels=1, language="")
    probe = Probe(container="raw", declared_s=None, duration_s=len(samples) / RATE_HZ, picture=None, sounds=(facts,))
    sound = Sound(samples=samples.astype(np.float32), rate_hz=RATE_HZ)
    return Reel(name="x", probe=probe, sounds={RATE_HZ: sound})


def curve(samples: np.ndarray) -> LoudnessCurve:
    found = reel(samples).once(loudness_of)
    assert isinstance(found, LoudnessCurve)
    return found


def feature(samples: np.ndarray, pooling: Pooling | None = None) -> Feature:
    extractor = Loudness() if pooling is None else Loudness(pooling=pooling)
    [found] = extractor.extract([Showing(item=Item(item_id="x"), reel=reel(samples))])
    return found


def named(samples: np.ndarray) -> dict[str, float]:
    values = feature(samples).values
    assert values is not None
    return dict(zip(Loudness().columns(), values.tolist(), strict=True))


# --- against the standards ------------------------------------------------------------------------------------------


def test_the_filter_is_the_listed_one_and_at_our_rate_does_the_same() -> None:
    """BS.1770-4, tables 1 and 2; the rest within 0.04 dB up to 10.9 kHz."""
    from scipy.signal import sosfreqz

    listed = [
        [1.53512485958697, -2.69169618940638, 1.19839281085285, 1.0, -1.69065929318241, 0.73248077421585],
        [1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621],
    ]
    assert np.allclose(k_weighting(48_000), listed, rtol=0, atol=1e-8)
    hz = np.geomspace(20, 10_900, 200)
    theirs, ours = (20 * np.log10(np.abs(sosfreqz(k_weighting(rate), hz, fs=rate)[1])) for rate in (48_000, RATE_HZ))
    assert np.abs(ours - theirs).max() < 0.04


def test_a_sine_of_997_hz_at_full_scale_reads_minus_3_01() -> None:
    found = curve(tone(0, 4, hz=997))
    assert found.integrated_lufs == pytest.approx(-3.01, abs=0.05)
    assert found.momentary_lufs == pytest.approx(-3.01, abs=0.05)
    assert found.short_term_lufs == pytest.approx(-3.01, abs=0.05)
    assert np.median(found.crest_db) == pytest.approx(3.01, abs=0.01)
    assert (found.range_lu, found.silent_share) == (pytest.approx(0, abs=0.01), 0)


@pytest.mark.parametrize(
    "parts",
    [
        [(-36, 10), (-23, 60), (-36, 10)],
        [(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)],
        [(-26, 20), (-20, 20.1), (-26, 20)],
    ],
    ids=["case 3", "case 4", "case 5"],
)
def test_the_gates_do_what_a_meter_must(parts: list[tuple[float, float]]) -> None:
    """EBU Tech 3341, whose −23 LUFS in two channels are 3.01 LU less in one."""
    found = curve(np.concatenate([tone(dbfs, seconds) for dbfs, seconds in parts]))
    assert found.integrated_lufs == pytest.approx(-26.01, abs=0.1)


@pytest.mark.parametrize(("levels", "range_lu"), [((-20, -30), 10), ((-20, -15), 5), ((-40, -20), 20)])
def test_the_range_is_what_a_meter_must_show(levels: tuple[float, float], range_lu: float) -> None:
    """EBU Tech 3342, cases 1 to 3."""
    found = curve(np.concatenate([tone(dbfs, 20) for dbfs in levels]))
    assert found.range_lu == pytest.approx(range_lu, abs=0.3)


def test_the_range_leaves_out_what_is_far_under_the_rest() -> None:
    """EBU Tech 3342, case 4."""
    found = curve(np.concatenate([tone(dbfs, 20) for dbfs in (-50, -35, -20, -35, -50)]))
    assert found.range_lu == pytest.approx(15, abs=0.3)


# --- what moves it, and what does not -------------------------------------------------------------------------------


def test_6_db_more_are_6_lu_more_and_nothing_else() -> None:
    soft, loud = named(music()), named(10 ** (6 / 20) * music())
    for name in ("integrated_lufs", "momentary_max_lufs", "short_term_max_lufs", "momentary_lufs_mean"):
        assert loud[name] - soft[name] == pytest.approx(6, abs=0.01), name
    for name in (
        "range_lu",
        "peak_to_loudness_db",
        "silent_share",
        "momentary_lufs_std",
        "crest_db_mean",
        "crest_db_std",
    ):
        assert loud[name] == pytest.approx(soft[name], abs=1e-3), name
    assert soft["range_lu"] > 5  # or it would not say much that this stands still


def test_silence_around_it_is_told_and_moves_little_else() -> None:
    still = np.zeros(10 * RATE_HZ)
    alone, padded = named(music(40)), named(np.concatenate([still, music(40), still]))
    # The three blocks at either end that reach into the silence are all that is new.
    assert padded["integrated_lufs"] == pytest.approx(alone["integrated_lufs"], abs=0.06)
    assert padded["momentary_max_lufs"] == pytest.approx(alone["momentary_max_lufs"], abs=1e-3)
    assert padded["short_term_max_lufs"] == pytest.approx(alone["short_term_max_lufs"], abs=1e-3)
    assert padded["crest_db_mean"] == pytest.approx(alone["crest_db_mean"], abs=0.5)
    assert (alone["silent_share"], padded["silent_share"]) == (0, pytest.approx(20 / 60, abs=0.01))


def test_a_constant_offset_moves_nothing() -> None:
    assert curve(music() + 0.2).momentary_lufs == pytest.approx(curve(music()).momentary_lufs, abs=0.01)


def test_the_curve_stands_where_the_sound_is() -> None:
    samples = np.zeros(10 * RATE_HZ)
    samples[5 * RATE_HZ : 6 * RATE_HZ] = tone(-10, 1)
    found = curve(samples)
    loudest = found.times_s[found.momentary_lufs > found.momentary_lufs.max() - 0.1]
    assert loudest.min() == pytest.approx(5.2, abs=0.11)
    assert loudest.max() == pytest.approx(5.8, abs=0.11)
    assert np.diff(found.times_s) == pytest.approx(0.1)
    assert (found.momentary_lufs[:40] == -70).all()


def test_the_block_it_is_filtered_in_moves_nothing() -> None:
    samples = music().astype(np.float32)
    sound = Heard(samples=samples, rate_hz=RATE_HZ, offset=float(samples.mean()), peak=float(np.abs(samples).max()))
    one, other = (measured(sound, block_steps=steps) for steps in (7, 1000))
    assert one.momentary_lufs.tobytes() == other.momentary_lufs.tobytes()


# --- little to hear -------------------------------------------------------------------------------------------------


def test_what_is_under_the_gate_and_not_silent_reads_minus_70() -> None:
    """A tone of 30 Hz whose peak is −66 dBFS."""
    of = named(tone(-66, 5, hz=30))
    assert (of["integrated_lufs"], of["momentary_lufs_mean"], of["momentary_max_lufs"]) == (-70, -70, -70)
    assert (of["range_lu"], of["momentary_lufs_std"], of["silent_share"]) == (0, 0, 1)
    assert of["crest_db_mean"] == pytest.approx(3.01, abs=0.1)
    assert of["peak_to_loudness_db"] == pytest.approx(4, abs=0.01)


@pytest.mark.parametrize("seconds", [0.4, 0.45, 1.0, 2.95, 3.0])
def test_short_sound_has_a_loudness(seconds: float) -> None:
    of = named(tone(-20, seconds))
    assert of["integrated_lufs"] == pytest.approx(of["short_term_max_lufs"], abs=0.1) == pytest.approx(-23.01, abs=0.2)


def test_sound_shorter_than_a_block_is_missing() -> None:
    found = feature(tone(-20, 0.39))
    assert found.presence is Presence.MISSING
    assert "400 ms" in found.reason


def test_a_click_in_silence_breaks_nothing() -> None:
    samples = np.zeros(4 * RATE_HZ)
    samples[-5] = 0.5  # where no whole step is left
    for at in (samples, samples[::-1]):
        values = feature(at).values
        assert values is not None


# --- pooling --------------------------------------------------------------------------------------------------------


def test_figures_of_the_clip_stand_only_where_it_is_pooled_into_one() -> None:
    parts, each = feature(music(), Pooling(parts=6)), feature(music(), EACH)
    assert parts.values is not None
    assert each.values is not None
    assert parts.values.shape == (6, 4)
    assert each.values.shape == (117, 2)
    whole = named(music())
    assert set(CLIPWISE) < set(whole)
    assert not set(CLIPWISE) & set(Loudness(pooling=EACH).columns())
    assert each.values[:, 0].mean() == pytest.approx(whole["momentary_lufs_mean"], abs=1e-3)
    loudest = partial(np.argmax, axis=0)
    assert loudest(parts.values)[0] == 0  # sin(t) is highest in the first of six parts of 2 s, at 1.57 s
