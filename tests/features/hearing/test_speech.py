"""hearing/speech: a planted voice is found and nothing else is; and the network is the one its makers gave."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.worlds.clips import write_clip
from tests.worlds.voice import chords, noise, spoken
from triptych.catalogue.records import Item
from triptych.errors import ExtractionError, MissingExtra, UsageError
from triptych.features.extractor import Showing
from triptych.features.feature import Feature, Presence
from triptych.features.hearing import silero
from triptych.features.hearing.silero import RATE_HZ, WINDOW
from triptych.features.hearing.speech import Speech, SpeechRules, Spoken, segments, speech_of
from triptych.features.pooling import EACH, Pooling
from triptych.media.loader import open_reel
from triptych.media.probe import Probe, SoundFacts
from triptych.media.reel import Reel, Sound


def reel(samples: np.ndarray) -> Reel:
    facts = SoundFacts(codec="raw", rate_hz=RATE_HZ, channels=1, language="")
    probe = Probe(container="raw", declared_s=None, duration_s=len(samples) / RATE_HZ, picture=None, sounds=(facts,))
    sound = Sound(samples=samples.astype(np.float32), rate_hz=RATE_HZ)
    return Reel(name="x", probe=probe, sounds={RATE_HZ: sound})


def feature(of: Reel, pooling: Pooling | None = None) -> Feature:
    extractor = Speech() if pooling is None else Speech(pooling=pooling)
    [found] = extractor.extract([Showing(item=Item(item_id="x"), reel=of)])
    return found


def named(of: Reel) -> dict[str, float]:
    values = feature(of).values
    assert values is not None
    return dict(zip(Speech().columns(), values.tolist(), strict=True))


# --- a planted voice ------------------------------------------------------------------------------------------------

#: Seconds before the voice and after it.
LEAD_S, TAIL_S = 6.0, 5.0


def planted(rate_hz: int) -> tuple[np.ndarray, float]:
    """Chords, noise and silence, then a voice, then noise and a tone; and when the voice ends."""
    voice = spoken(rate_hz)
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(3 * rate_hz) / rate_hz)
    lead = [chords(rate_hz, 3), noise(rate_hz, 2), np.zeros(rate_hz)]
    samples = np.concatenate([*lead, voice, noise(rate_hz, 2, seed=1), tone])
    return samples, LEAD_S + len(voice) / rate_hz


def check(of: Reel, end_s: float) -> None:
    found = of.once(speech_of)
    assert isinstance(found, Spoken)
    assert found.segments_s[0, 0] == pytest.approx(LEAD_S, abs=0.5)
    assert found.segments_s[-1, 1] == pytest.approx(end_s, abs=0.5)
    said_s = np.diff(found.segments_s).sum()
    assert said_s > 0.85 * (end_s - LEAD_S)
    named_of = named(of)
    assert named_of["speech_mean"] == pytest.approx(said_s / found.duration_s, abs=0.02)
    assert named_of["segments_per_min"] == pytest.approx(len(found.segments_s) * 60 / found.duration_s)
    assert named_of["segment_mean_s"] * len(found.segments_s) == pytest.approx(said_s, rel=1e-4)
    assert named_of["segment_longest_share"] == pytest.approx(np.diff(found.segments_s).max() / found.duration_s)


def test_a_planted_voice_is_found_where_it_is() -> None:
    samples, end_s = planted(RATE_HZ)
    check(reel(samples), end_s)


def test_a_planted_voice_is_found_in_a_file(tmp_path: Path) -> None:
    samples, end_s = planted(48_000)
    at_s = np.arange(len(samples)) / 48_000
    path = write_clip(
        tmp_path / "x.m4a", sound=lambda times_s: np.interp(times_s, at_s, samples), seconds=len(samples) / 48_000
    )
    opened = open_reel(path, Speech().needs.want)
    check(opened, end_s)
    rows = feature(opened, Pooling(parts=8)).values
    assert rows is not None
    borders_s = np.linspace(0, opened.probe.duration_s, 9)
    for share, start_s, stop_s in zip(rows[:, 1], borders_s[:-1], borders_s[1:], strict=True):
        inside_s = max(min(stop_s, end_s) - max(start_s, LEAD_S), 0.0)
        assert share == pytest.approx(inside_s / (stop_s - start_s), abs=0.3)


@pytest.mark.parametrize("make", [chords, noise])
def test_chords_and_noise_are_no_speech(make: Callable[[int, float], np.ndarray]) -> None:
    of = named(reel(make(RATE_HZ, 6.0)))
    assert of["probability_mean"] < 0.15
    assert [of[name] for name in Speech().columns()[1:]] == [0, 0, 0, 0]


# --- the network ----------------------------------------------------------------------------------------------------


def varied(seconds: float = 6.0) -> np.ndarray:
    """Buzz that glides and is cut into syllables, hiss between them: the network is of all opinions about it."""
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    phase = np.cumsum(120 + 40 * np.sin(2 * np.pi * 0.7 * at)) / RATE_HZ
    buzz = sum(np.sin(2 * np.pi * k * phase) * np.exp(-((k * 120 - 700) ** 2) / 1e6) for k in range(1, 25))
    beat = 0.5 + 0.5 * np.sin(2 * np.pi * 3.5 * at)
    return (0.15 * buzz * beat * (at % 2 < 1.5) + 0.05 * noise(RATE_HZ, seconds) * (1 - beat)).astype(np.float32)


def test_it_gives_what_the_standard_network_gives_window_by_window() -> None:
    import onnxruntime

    samples = varied()[:-100]  # the last window is not whole
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    standard: Any = onnxruntime.InferenceSession(
        str(silero.model_file().with_name("silero_vad.onnx")), options, providers=["CPUExecutionProvider"]
    )
    state, context, theirs = np.zeros((2, 1, 128), np.float32), np.zeros((1, 64), np.float32), []
    padded = np.pad(samples, (0, -len(samples) % WINDOW)).reshape(-1, 1, WINDOW)
    for window in padded:
        shown = np.concatenate([context, window], axis=1)
        value, state = standard.run(None, {"input": shown, "state": state, "sr": np.array(16_000)})
        context = shown[:, -64:]
        theirs.append(float(value[0, 0]))
    ours = silero.load().probabilities(samples)
    assert len(ours) == len(theirs) == 188
    assert np.ptp(ours) > 0.5, "or it would be little to compare"
    assert np.allclose(ours, theirs, rtol=0, atol=1e-5)


def test_how_many_windows_go_through_at_a_time_moves_nothing() -> None:
    network = silero.load()
    one, other = (network.probabilities(varied(), block_windows=count) for count in (1, 1000))
    assert np.allclose(one, other, rtol=0, atol=1e-5)
    again = network.probabilities(varied())
    assert again.tobytes() == network.probabilities(varied()).tobytes()


def their_segments() -> Callable[..., list[dict[str, int]]]:
    """Silero's own code, without the rest of its package, which would set torch's threads for the whole process."""
    path = silero.model_file().parents[1] / "utils_vad.py"
    spec = importlib.util.spec_from_file_location("their_vad", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.get_speech_timestamps_from_probs


def test_segments_are_those_of_its_makers() -> None:
    theirs_of, rng = their_segments(), np.random.default_rng(0)
    seen = 0
    for trial in range(120):
        count = int(rng.integers(1, 200))
        steps = rng.standard_normal(count).cumsum() * rng.uniform(0.1, 1.5)
        walk = (1 / (1 + np.exp(-steps))).astype(np.float32)
        samples = count * WINDOW - int(rng.integers(0, WINDOW))
        theirs = theirs_of(walk.tolist(), audio_length_samples=samples)
        assert segments(walk, samples).tolist() == [[one["start"], one["end"]] for one in theirs], trial
        seen += len(theirs)
    assert seen > 100


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [
        ([0.6] * 20, [(0, 20)]),
        ([0.9] * 7, []),  # 224 ms
        ([0.45] * 20, []),
        ([0.9] * 9 + [0.4] * 9, [(0, 18)]),  # it never falls under .35
        ([0.9] * 9 + [0.1] * 3 + [0.9] * 9, [(0, 21)]),  # 96 ms of pause are none
        ([0.9] * 9 + [0.1] * 5 + [0.9] * 9, [(0, 9), (14, 23)]),
    ],
)
def test_hysteresis(probabilities: list[float], expected: list[tuple[int, int]]) -> None:
    unpadded = SpeechRules(pad_s=0.0)
    found = segments(np.array(probabilities, np.float32), len(probabilities) * WINDOW, unpadded)
    assert found.tolist() == [[start * WINDOW, end * WINDOW] for start, end in expected]


def test_rules_that_cannot_be_are_refused() -> None:
    with pytest.raises(UsageError, match="leave"):
        SpeechRules(leave=0.6)
    with pytest.raises(UsageError, match="below 0"):
        SpeechRules(pad_s=-1)


# --- what there is, and what there is not ---------------------------------------------------------------------------


def test_sound_shorter_than_a_window_is_missing_and_one_window_is_not() -> None:
    found = feature(reel(varied()[: WINDOW - 1]))
    assert found.presence is Presence.MISSING
    assert "512" in found.reason
    assert feature(reel(varied()[RATE_HZ : RATE_HZ + WINDOW])).presence is Presence.PRESENT


def test_each_window_has_its_time() -> None:
    found = feature(reel(varied()), EACH)
    assert found.values is not None
    assert found.times_s is not None
    assert found.values.shape == (188, 2)
    assert found.times_s[[0, 1, -1]] == pytest.approx([0.016, 0.048, 0.016 + 187 * 0.032])
    assert set(np.unique(found.values[:, 1])) <= {0, 1}


def test_another_network_is_refused(tmp_path: Path) -> None:
    path = tmp_path / silero.FILE
    with pytest.raises(ExtractionError, match="cannot be read"):
        silero.read(path)
    path.write_bytes(silero.model_file().read_bytes()[:-1] + b"x")
    with pytest.raises(ExtractionError, match="pip install --force-reinstall") as caught:
        silero.read(path)
    assert silero.SHA256 in str(caught.value)
    assert silero.SHA256 in str(Speech().recipe.to_json())


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("onnxruntime", silero.WHEEL):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, package, None)  # Python's own way to say: cannot be imported
            with pytest.raises(MissingExtra, match=r"triptych\[speech\]") as caught:
                Speech().ready()
            assert package.replace("_", "-") in str(caught.value)


def test_neither_torch_nor_the_package_of_the_wheel_is_imported() -> None:
    code = (
        "import sys; from triptych.features.hearing.speech import Speech; Speech().ready(); Speech().recipe.hash\n"
        "assert 'onnxruntime' not in sys.modules\n"
        "from triptych.features.hearing import silero; silero.load()\n"
        "print([name for name in ('torch', 'silero_vad') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
