"""hearing/vggish: the front end by its published definition, the network once for all, and what is refused."""

from __future__ import annotations

import cmath
import math
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.contracts.extractor import PLACES, ExtractorContract, Make, opened
from tests.features.backbones.test_vggish import by_hand
from tests.worlds.weights import NARROW_VGGISH, tiny, vggish_tensors, vggish_whitening
from triptych.errors import ExtractionError, UsageError
from triptych.features.backbones import sound_network
from triptych.features.backbones.vggish import Whitening
from triptych.features.extractor import Extractor, Showing
from triptych.features.feature import Feature, Presence
from triptych.features.hearing import log_mel, vggish
from triptych.features.hearing.vggish import Vggish
from triptych.features.measure import wanted
from triptych.features.pooling import EACH, Pooling
from triptych.media.probe import Probe, SoundFacts
from triptych.media.reel import Reel, Sound
from triptych.media.subclips import members

RATE_HZ = 16_000
#: title → how it is made, and a parameter that counts.
MAKERS: dict[str, tuple[Callable[..., Vggish], dict[str, Any]]] = {
    "hearing/vggish": (vggish.vggish, {"every_s": 1.0}),
    "hearing/vggish-frames": (vggish.vggish_frames, {"postprocess": False}),
    "hearing/vggish-subclips": (vggish.vggish_subclips, {"parts": 10}),
}


def made(title: str, **params: Any) -> Vggish:
    return MAKERS[title][0](**{"weights": tiny("vggish"), **params})


def sounding(samples: np.ndarray, *, seconds: float | None = None) -> Reel:
    """A reel of sound alone, of a clip that may last longer."""
    facts = SoundFacts(codec="raw", rate_hz=RATE_HZ, channels=1, language="")
    duration_s = len(samples) / RATE_HZ if seconds is None else seconds
    probe = Probe(container="raw", declared_s=None, duration_s=duration_s, picture=None, sounds=(facts,))
    return Reel(name="x", probe=probe, sounds={RATE_HZ: Sound(samples=samples.astype(np.float32), rate_hz=RATE_HZ)})


def noise(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.3, 0.3, count).astype(np.float32)


def asked(extractor: Extractor, reel: Reel) -> Feature:
    [feature] = extractor.extract([Showing(item=PLACES["both"], reel=reel)])
    return feature


def measured(extractor: Extractor, reel: Reel) -> np.ndarray:
    feature = asked(extractor, reel)
    assert feature.values is not None, feature.reason
    return feature.values


VARIANTS = {
    "raw subclips in short floats": partial(
        made, "hearing/vggish-subclips", parts=3, postprocess=False, dtype="bfloat16", batch=3
    ),
}


class TestVariant(ExtractorContract):
    """Beside the built-in ones, which keep the contract as their makers give them."""

    @pytest.fixture(scope="class", params=sorted(VARIANTS))
    @classmethod
    def variant(cls, request: pytest.FixtureRequest) -> str:
        return request.param

    @pytest.fixture(scope="class")
    @classmethod
    def make(cls, variant: str) -> Make:
        return VARIANTS[variant]

    @pytest.fixture(scope="class")
    @classmethod
    def changed(cls, variant: str) -> Extractor | None:
        return made(VARIANTS[variant].args[0])


@pytest.mark.parametrize("title", MAKERS)
def test_each_is_what_its_title_says_and_a_parameter_that_counts_is_in_its_recipe(title: str) -> None:
    assert made(title).recipe.title == title
    hashes = {made(title, **changed).recipe.hash for changed in ({}, MAKERS[title][1], {"rectified": False})}
    assert len(hashes) == 3
    assert made(title, batch=3).recipe == made(title).recipe


# The front end


def by_loops(samples: np.ndarray) -> list[list[float]]:
    """The published definition, one sum at a time, in float64."""

    def mel(hz: float) -> float:
        return 1127.0 * math.log(1.0 + hz / 700.0)

    window = [0.5 - 0.5 * math.cos(2 * math.pi * k / 400) for k in range(400)]
    turns = [cmath.exp(-2j * math.pi * k / 512) for k in range(512)]
    step = (mel(7500.0) - mel(125.0)) / 65
    edges = [mel(125.0) + step * k for k in range(66)]
    weights: list[list[tuple[int, float]]] = []
    for band in range(64):
        low, middle, high = edges[band : band + 3]
        found = []
        for j in range(1, 257):  # the bin at 0 Hz counts for nothing
            at = mel(j * 16000 / 512)
            share = min((at - low) / (middle - low), (high - at) / (high - middle))
            if share > 0:
                found.append((j, share))
        weights.append(found)
    rows = []
    for start in range(0, len(samples) - 400 + 1, 160):
        windowed = [float(samples[start + k]) * window[k] for k in range(400)]
        magnitude = [abs(sum(windowed[k] * turns[j * k % 512] for k in range(400))) for j in range(257)]
        rows.append([math.log(sum(share * magnitude[j] for j, share in band) + 0.01) for band in weights])
    return rows


def test_the_front_end_equals_the_published_definition_by_loops() -> None:
    count = 400 + 7 * 160 + 150  # eight frames, and what is left over
    times_s = np.arange(count) / RATE_HZ
    signal = 0.4 * np.sin(2 * np.pi * (200 + 20_000 * times_s) * times_s) + 0.1 * noise(count) + 0.05
    due = np.array(by_loops(signal.astype(np.float32)))
    frames = np.lib.stride_tricks.sliding_window_view(signal.astype(np.float32), 400)[::160].astype(np.float64)
    found = log_mel.log_mel(frames)
    assert found.shape == due.shape == (8, 64)
    assert found.dtype == np.float32
    assert due.std() > 0.5
    np.testing.assert_allclose(found, due, rtol=0, atol=1e-5)


def test_examples_are_whole_stretches_of_96_frames() -> None:
    samples = noise(15_600 + 2 * 96 * 160 + 1_500)
    whole = log_mel.examples(samples, step=96, first=0, last=3)
    assert log_mel.count(len(samples), 96) == 3
    assert whole.shape == (3, 96, 64)
    frames = log_mel.log_mel(np.lib.stride_tricks.sliding_window_view(samples, 400)[::160].astype(np.float64))
    np.testing.assert_allclose(whole.reshape(-1, 64), frames[:288], rtol=0, atol=1e-6)
    for step in (24, 100):  # overlapping, and a little apart
        some = log_mel.examples(samples, step=step, first=1, last=3)
        due = np.stack([frames[k * step : k * step + 96] for k in (1, 2)])
        np.testing.assert_allclose(some, due, rtol=0, atol=1e-6)


def test_nothing_is_the_logarithm_of_the_offset_and_a_tone_lights_its_band() -> None:
    assert log_mel.log_mel(np.zeros((1, 400))) == pytest.approx(math.log(0.01))
    mels = 1127 * np.log1p(np.array([125.0, 7500.0]) / 700)
    centres_hz = 700 * np.expm1(np.linspace(*mels, 66)[1:-1] / 1127)
    for band in (10, 30, 60):
        tone = np.sin(2 * np.pi * centres_hz[band] * np.arange(400) / RATE_HZ)
        assert log_mel.log_mel(tone[None]).argmax() == band


# The extractor


def test_the_numbers_are_the_networks_by_hand() -> None:
    import torch

    samples = noise(round(4.5 * RATE_HZ))
    reel = sounding(samples)
    examples = torch.from_numpy(log_mel.examples(samples, step=96, first=0, last=4))[:, None]
    due = by_hand(examples, vggish_tensors()).numpy()
    frames = asked(made("hearing/vggish-frames", postprocess=False), reel)
    np.testing.assert_allclose(frames.values, due, rtol=0, atol=1e-5)
    np.testing.assert_allclose(frames.times_s, 0.4875 + 0.96 * np.arange(4))
    mean = measured(made("hearing/vggish", postprocess=False), reel)
    np.testing.assert_allclose(mean, due.mean(axis=0, dtype=np.float64), rtol=0, atol=1e-5)
    arrays = vggish_whitening()
    levels = Whitening(vectors=arrays["pca_eigen_vectors"], means=arrays["pca_means"]).apply(due)
    found = measured(made("hearing/vggish-frames"), reel)
    assert (found == found.round()).all()
    assert found.min() >= 0
    assert 20 < found.std() < 128
    assert np.abs(found - levels).max() <= 1  # where a value lies on the border of two


def test_each_second_is_every_hundredth_frame() -> None:
    samples = noise(5 * RATE_HZ)
    each = asked(made("hearing/vggish-frames", every_s=1.0), sounding(samples))
    assert each.times_s is not None
    assert each.values is not None
    np.testing.assert_allclose(each.times_s, 0.4875 + np.arange(5))
    for k in range(5):
        alone = measured(made("hearing/vggish-frames"), sounding(samples[k * RATE_HZ : k * RATE_HZ + 15_600]))
        assert np.abs(each.values[k] - alone[0]).max() <= 1


def test_subclips_are_pooled_on_the_borders_of_the_pictures() -> None:
    reel = sounding(noise(4 * RATE_HZ), seconds=6.0)  # pictures go on after the sound
    rows = asked(made("hearing/vggish-frames"), reel)
    found = asked(made("hearing/vggish-subclips", parts=4), reel)
    assert rows.values is not None
    assert rows.times_s is not None
    due = [
        np.concatenate([rows.values[part].mean(axis=0), rows.values[part].var(axis=0)])
        for part in members(rows.times_s, 6.0, 4)
    ]
    np.testing.assert_allclose(found.values, np.stack(due), rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(found.times_s, [0.75, 2.25, 3.75, 5.25])
    names = made("hearing/vggish-subclips", parts=4).columns()
    assert (names[0], names[-1]) == ("vggish_000_mean", "vggish_015_var")
    assert made("hearing/vggish-subclips").pooling == Pooling(parts=20, statistic="mean-var")
    assert made("hearing/vggish-frames").pooling == EACH


def test_all_three_go_through_the_network_once_and_no_more_is_held_than_a_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held: list[int] = []
    whole = log_mel.examples

    def counted(samples: np.ndarray, *, step: int, first: int, last: int) -> np.ndarray:
        held.append(last - first)
        return whole(samples, step=step, first=first, last=last)

    monkeypatch.setattr(log_mel, "examples", counted)
    reel = sounding(noise(20 * RATE_HZ))
    for title in MAKERS:
        measured(made(title, batch=8), reel)
    assert held == [8, 8, 4]


def test_the_count_of_threads_moves_no_bit_and_the_batch_the_last_ones_at_most() -> None:
    import torch

    samples, before = noise(5 * RATE_HZ), torch.get_num_threads()
    raw = made("hearing/vggish-frames", postprocess=False)
    try:
        found = []
        for threads in (1, 2):
            torch.set_num_threads(threads)
            found.append(measured(raw, sounding(samples)))
    finally:
        torch.set_num_threads(before)
    assert found[0].tobytes() == found[1].tobytes()
    other = measured(made("hearing/vggish-frames", postprocess=False, batch=1), sounding(samples))
    np.testing.assert_allclose(other, found[0], rtol=0, atol=1e-5)


def test_less_sound_than_one_example_is_missing() -> None:
    for title in MAKERS:
        short = asked(made(title), sounding(noise(15_599)))
        assert short.presence is Presence.MISSING
        assert short.reason == ("the sound is too short: 15599 samples at 16000 Hz; one example of 0.975 s takes 15600")
        assert np.isfinite(measured(made(title), sounding(noise(15_600)))).all()


# Weights


def test_files_and_their_folder_are_the_same(tmp_path: Path) -> None:
    folder = tiny("vggish")
    files = {"weights": folder / "vggish-tiny.pth", "pca": folder / "vggish_pca_params-tiny.pth"}
    assert made("hearing/vggish", **files).recipe == made("hearing/vggish").recipe
    assert str(folder) not in made("hearing/vggish").recipe.to_json()
    raw = made("hearing/vggish", postprocess=False)
    assert raw.recipe == made("hearing/vggish", weights=files["weights"], postprocess=False).recipe
    assert "whitening" not in raw.recipe.params


def test_one_file_may_hold_both(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    arrays = {f"pproc.{name}": torch.from_numpy(array) for name, array in vggish_whitening().items()}
    save_file({**vggish_tensors(), **arrays}, tmp_path / "both.safetensors")
    torch.save({**vggish_tensors(), **arrays}, tmp_path / "both.pth")
    reel = sounding(noise(3 * RATE_HZ))
    due = measured(made("hearing/vggish"), reel)
    for name in ("both.safetensors", "both.pth"):
        extractor = made("hearing/vggish", weights=tmp_path / name)
        assert measured(extractor, reel).tobytes() == due.tobytes()
        assert extractor.recipe.params["whitening"]["from"] == "in weights"


def test_weights_that_are_not_given_are_asked_for_with_what_to_type() -> None:
    for make, _ in MAKERS.values():
        with pytest.raises(
            UsageError, match=r"fetch https://\S+vggish-10086976\.pth \(289 MB\) and https://\S+970ea276"
        ):
            make()
    with pytest.raises(UsageError, match=r"no weights at 'some/vggish': there is no such file or folder"):
        vggish.vggish(weights="some/vggish")


def test_no_whitening_is_an_error_that_names_it_and_no_other_number() -> None:
    file = tiny("vggish") / "vggish-tiny.pth"
    with pytest.raises(UsageError, match=r"has no 'pproc\.pca_eigen_vectors' and 'pproc\.pca_means': .*postprocess=no"):
        vggish.vggish(weights=file)
    with pytest.raises(UsageError, match=r"no file at 'nowhere\.pth', given as pca"):
        vggish.vggish(weights=file, pca="nowhere.pth")
    swapped = vggish.vggish(weights=file, pca=file)
    with pytest.raises(ExtractionError, match="lacks 'pca_eigen_vectors'"):
        measured(swapped, sounding(noise(RATE_HZ)))


def test_a_folder_must_leave_no_choice(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="with no file of weights"):
        vggish.vggish(weights=tmp_path)
    for name in ("a.pth", "b.safetensors"):
        (tmp_path / name).touch()
    with pytest.raises(UsageError, match=r"with a\.pth, b\.safetensors\. One file"):
        vggish.vggish(weights=tmp_path)


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"device": "gpu"}, "the device is 'gpu'"),
        ({"dtype": "float16"}, "no dtype 'float16'"),
        ({"batch": -1}, "batch is -1"),
        ({"every_s": 0.0}, r"every_s is 0\.0"),
        ({"every_s": 0.965}, "a whole number of hundredths"),
        ({"parts": 0}, "parts is 0"),
    ],
)
def test_parameters_that_cannot_be_honoured(params: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        made("hearing/vggish-subclips", **params)


def test_making_one_imports_no_torch_and_a_missing_package_is_said_when_it_is_to_run() -> None:
    program = f"""
import sys
sys.modules["torch"] = None  # as if it were not installed
from triptych.errors import MissingExtra
from triptych.features.hearing import embedding, vggish
made = vggish.vggish(weights={str(tiny("vggish"))!r})
others = [getattr(embedding, name)(weights=at) for name, at in {[(k, str(tiny(k))) for k in ("wav2vec2", "clap")]!r}]
for one in [made, *others]:
    one.recipe.hash, one.needs
    try:
        one.ready()
    except MissingExtra as error:
        print(error)
print("transformers" in sys.modules, "scipy" in sys.modules)
"""
    command = [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}\n{program}"]
    found = subprocess.run(command, capture_output=True, check=True, text=True).stdout.splitlines()
    advice = "needs the optional package 'torch', which is not installed. Run: pip install 'triptych[deep]'"
    assert found == [f"hearing/{name} {advice}" for name in ("vggish", "wav2vec2", "clap")] + ["False False"]


def test_the_network_is_as_wide_as_its_weights() -> None:
    extractor = made("hearing/vggish")
    loaded = sound_network.load_vggish(extractor.weights, True)
    assert loaded.width == NARROW_VGGISH[-1] == len(extractor.columns())


def test_a_real_clip_gives_one_row_each_096_s() -> None:
    frames, mean = made("hearing/vggish-frames"), made("hearing/vggish")
    reel = opened("both", wanted([frames, mean]))
    rows = measured(frames, reel)
    assert len(rows) == log_mel.count(len(reel.sounds[RATE_HZ].samples), 96) == 4
    np.testing.assert_allclose(measured(mean, reel), rows.mean(axis=0), rtol=1e-6)
