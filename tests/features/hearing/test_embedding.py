"""Embeddings of wav2vec2 and CLAP: the contract, the numbers of transformers by hand, and weights as published."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.contracts.extractor import PLACES
from tests.features.backbones.hub import FIRST, Hub, serving
from tests.worlds.weights import tiny
from triptych.errors import ExtractionError, FetchError, UsageError
from triptych.features.backbones.weights import PICKLED, WANTED, describe
from triptych.features.extractor import Extractor, Showing
from triptych.features.feature import Feature, Presence
from triptych.features.hearing import embedding
from triptych.features.hearing.embedding import Clap, Wav2Vec2, windows
from triptych.media.probe import Probe, SoundFacts
from triptych.media.reel import Reel, Sound

MAKERS: dict[str, Callable[..., Wav2Vec2 | Clap]] = {"wav2vec2": embedding.wav2vec2, "clap": embedding.clap}
RATES_HZ = {"wav2vec2": 16_000, "clap": 48_000}


def made(kind: str, **params: Any) -> Wav2Vec2 | Clap:
    return MAKERS[kind](**{"weights": tiny(kind), **params})


def asked(extractor: Extractor, samples: np.ndarray) -> Feature:
    [rate_hz] = extractor.needs.want.sound_rates_hz
    facts = SoundFacts(codec="raw", rate_hz=rate_hz, channels=1, language="")
    duration_s = len(samples) / rate_hz
    probe = Probe(container="raw", declared_s=None, duration_s=duration_s, picture=None, sounds=(facts,))
    reel = Reel(name="x", probe=probe, sounds={rate_hz: Sound(samples=samples, rate_hz=rate_hz)})
    [feature] = extractor.extract([Showing(item=PLACES["both"], reel=reel)])
    return feature


def measured(extractor: Extractor, samples: np.ndarray) -> np.ndarray:
    feature = asked(extractor, samples)
    assert feature.values is not None, feature.reason
    return feature.values


def noise(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.3, 0.3, count).astype(np.float32)


@pytest.mark.parametrize("kind", sorted(MAKERS))
def test_it_is_what_its_title_says(kind: str) -> None:
    assert made(kind).recipe.title == f"hearing/{kind}"
    assert made(kind).needs.want.sound_rates_hz == {RATES_HZ[kind]}


# The same numbers as the library by hand


def test_wav2vec2_is_that_of_transformers_by_hand() -> None:
    import torch
    from transformers import Wav2Vec2FeatureExtractor, Wav2Vec2ForCTC

    samples = noise(32_000) + np.float32(0.1)
    ready = Wav2Vec2FeatureExtractor.from_pretrained(tiny("wav2vec2"))(
        samples, sampling_rate=16_000, return_tensors="pt"
    )
    with torch.inference_mode():
        whole = Wav2Vec2ForCTC.from_pretrained(tiny("wav2vec2")).eval()
        due = whole(**ready, output_hidden_states=True).hidden_states[-1].mean(dim=1)[0].numpy()
    found = measured(made("wav2vec2"), samples)
    assert found.shape == (32,)
    assert due.std() > 0.1
    np.testing.assert_allclose(found, due, rtol=0, atol=1e-5)


def test_clap_is_that_of_transformers_by_hand() -> None:
    import torch
    from transformers import ClapFeatureExtractor, ClapModel

    samples = noise(3 * 48_000 - 10_000)
    extractor = ClapFeatureExtractor.from_pretrained(tiny("clap"))
    model = ClapModel.from_pretrained(tiny("clap")).eval()

    def one(window: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            ready = extractor(window, sampling_rate=48_000, return_tensors="pt")
            return model.get_audio_features(**ready).pooler_output[0].numpy()

    rows = [one(samples[start : start + 48_000]) for start in (0, 43_000, 86_000)]
    mean = np.mean(rows, axis=0)
    found = measured(made("clap", batch=2), samples)
    assert found.shape == (24,)
    assert np.ptp(rows, axis=0).max() > 1e-3
    np.testing.assert_allclose(found, mean / np.linalg.norm(mean), rtol=0, atol=1e-5)
    np.testing.assert_allclose(measured(made("clap"), samples[:20_000]), one(samples[:20_000]), rtol=0, atol=1e-5)


@pytest.mark.parametrize("kind", MAKERS)
def test_the_count_of_threads_moves_no_bit_and_short_floats_are_near(kind: str) -> None:
    import torch

    samples, before = noise(2 * RATES_HZ[kind]), torch.get_num_threads()
    try:
        found = []
        for threads in (1, 2):
            torch.set_num_threads(threads)
            found.append(measured(made(kind), samples))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert found[0].tobytes() == found[1].tobytes()
    short = measured(made(kind, dtype="bfloat16"), samples)
    assert short.tobytes() != found[0].tobytes()
    assert (short @ found[0]) / np.linalg.norm(short) / np.linalg.norm(found[0]) > 0.99


# What is listened to


def test_wav2vec2_listens_to_the_first_seconds_alone_and_to_no_loudness() -> None:
    samples = noise(3 * 16_000)
    due = measured(made("wav2vec2", limit_s=2.0), samples)
    louder_later = samples.copy()
    louder_later[2 * 16_000 :] *= 3
    assert measured(made("wav2vec2", limit_s=2.0), louder_later).tobytes() == due.tobytes()
    assert measured(made("wav2vec2"), samples[: 2 * 16_000]).tobytes() == due.tobytes()
    np.testing.assert_allclose(measured(made("wav2vec2", limit_s=2.0), samples / 2), due, rtol=0, atol=1e-4)
    assert made("wav2vec2").limit_s == 30.0


def test_wav2vec2_is_silent_where_sound_begins_after_what_it_listens_to() -> None:
    late = np.concatenate([np.full(2 * 16_000, 1e-4, np.float32), noise(16_000)])
    found = asked(made("wav2vec2", limit_s=2.0), late)
    assert found.presence is Presence.SILENT
    assert "the first 2 s" in found.reason
    assert asked(made("wav2vec2"), late).presence is Presence.PRESENT


def test_windows_cover_everything_and_copy_nothing() -> None:
    samples = np.arange(1_000, dtype=np.float32)
    for length in (300, 333, 500, 999, 1_000, 4_000):
        found = windows(samples, length)
        assert {len(window) for window in found} == {min(length, 1_000)}
        assert len(found) == -(-1_000 // length)
        assert all(np.shares_memory(window, samples) for window in found)
        assert np.unique(np.concatenate(found)).size == 1_000


def test_too_little_sound_is_missing_and_the_least_is_measured() -> None:
    for kind, least in (("wav2vec2", 400), ("clap", 1_024)):
        short = asked(made(kind), noise(least - 1))
        assert short.presence is Presence.MISSING
        assert f"{least - 1} samples at {RATES_HZ[kind]} Hz; one" in short.reason
        assert np.isfinite(measured(made(kind), noise(least))).all()


# Weights


def test_what_evaluation_needs_must_be_there(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    for kind, lacking in (
        ("wav2vec2", "wav2vec2.encoder.layer_norm.weight"),
        ("clap", "audio_projection.linear1.bias"),
    ):
        folder = Path(shutil.copytree(tiny(kind), tmp_path / kind))
        tensors = load_file(folder / "model.safetensors")
        assert not any(name.endswith("masked_spec_embed") for name in tensors)  # so it is published, and may be
        del tensors[lacking]
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
        told = rf"lack 1 of the tensors that config\.json asks for, '{lacking.removeprefix('wav2vec2.')}'"
        with pytest.raises(ExtractionError, match=told):
            measured(made(kind, weights=folder), noise(RATES_HZ[kind]))
        tensors[lacking] = load_file(tiny(kind) / "model.safetensors")[lacking] * float("nan")
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
        with pytest.raises(ExtractionError, match="makes NaN or infinity of 1 of 1 stretches of sound in float32"):
            measured(made(kind, weights=folder), noise(RATES_HZ[kind]))


def pickled_clap(folder: Path) -> Path:
    """As LAION's is published: tensors in a pickle, and none beside it."""
    import torch
    from safetensors.torch import load_file

    shutil.copytree(tiny("clap"), folder)
    torch.save(load_file(folder / "model.safetensors"), folder / PICKLED)
    (folder / "model.safetensors").unlink()
    return folder


def test_claps_tensors_may_be_in_the_older_form_and_run_nothing(tmp_path: Path) -> None:
    import torch

    folder, samples = pickled_clap(tmp_path / "clap"), noise(48_000)
    older = made("clap", weights=folder)
    assert PICKLED in older.recipe.params["weights"]["sha256"]
    # Other places in memory give other last bits.
    np.testing.assert_allclose(measured(older, samples), measured(made("clap"), samples), rtol=0, atol=1e-6)
    with pytest.raises(ExtractionError, match="is a pickle, which may run code"):  # only where it was asked for
        describe(str(folder))
    trace = tmp_path / "trace"

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str, str]]:
            return open, (str(trace), "w")

    torch.save({"logit_scale_a": Trap()}, folder / PICKLED)
    with pytest.raises(ExtractionError, match="cannot be loaded"):
        measured(made("clap", weights=folder), samples)
    assert not trace.exists()


def test_a_hub_is_asked_for_the_older_form_only_where_there_is_no_other(tmp_path: Path) -> None:
    name, wanted = "laion/clap-htsat-unfused", (*WANTED, PICKLED)
    for kind in ("older", "both"):
        folder = pickled_clap(tmp_path / kind)
        if kind == "both":
            shutil.copy(tiny("clap") / "model.safetensors", folder)
        with serving(Hub(repository=name, commits={FIRST: folder}, branches={"main": FIRST})) as hub:
            found = describe(name, wanted=wanted, endpoint=hub.endpoint, cache=tmp_path / f"cache-{kind}")
            taken, left = (PICKLED, "model.safetensors") if kind == "older" else ("model.safetensors", PICKLED)
            assert taken in dict(found.sha256)
            assert left not in dict(found.sha256)
            assert any(path.endswith(f"/{taken}") for path in hub.asked)
            assert not any(path.endswith(f"/{left}") for path in hub.asked)
        again = describe(name, revision=FIRST, wanted=wanted, endpoint=hub.endpoint, cache=tmp_path / f"cache-{kind}")
        assert again == found


def test_weights_of_another_kind_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="are of the model_type 'clap'; 'wav2vec2' is due"):
        embedding.wav2vec2(weights=tiny("clap"))
    with pytest.raises(UsageError, match="of the family clap are a folder"):
        embedding.clap(weights=tiny("vggish") / "vggish-tiny.pth")
    folder = Path(shutil.copytree(tiny("clap"), tmp_path / "clap"))

    def said(file: str, **changed: Any) -> None:
        path = folder / file
        path.write_text(json.dumps(json.loads((tiny("clap") / file).read_text()) | changed))

    said("preprocessor_config.json", truncation="fusion")
    with pytest.raises(ExtractionError, match="truncation is 'fusion'; implemented is 'rand_trunc'"):
        embedding.clap(weights=folder)
    said("preprocessor_config.json", sampling_rate="high")
    with pytest.raises(ExtractionError, match="sampling_rate is 'high'"):
        embedding.clap(weights=folder)
    said("preprocessor_config.json", feature_extractor_type="Other")
    with pytest.raises(ExtractionError, match="feature_extractor_type is 'Other'"):
        embedding.clap(weights=folder)
    said("preprocessor_config.json")
    said("config.json", audio_config={"enable_fusion": True})
    with pytest.raises(UsageError, match="fuse excerpts that are chosen at random"):
        embedding.clap(weights=folder)


@pytest.mark.parametrize(
    ("kind", "params", "told"),
    [
        ("wav2vec2", {"limit_s": 0.0}, r"limit_s is 0\.0; it may be 1 to 600 seconds"),
        ("wav2vec2", {"limit_s": float("nan")}, "limit_s is nan"),
        ("wav2vec2", {"dtype": "float16"}, "no dtype 'float16'"),
        ("clap", {"batch": -1}, "batch is -1"),
        ("clap", {"device": "gpu"}, "the device is 'gpu'"),
        ("clap", {"weights": "clap"}, "hearing/clap has no weights at 'clap'"),
    ],
)
def test_parameters_that_cannot_be_honoured(kind: str, params: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        made(kind, **params)


def test_no_network_and_no_weights_is_one_sentence_with_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """Through the maker's own way, whatever hub this machine would ask."""
    import huggingface_hub.hf_api

    monkeypatch.setattr(huggingface_hub.hf_api.constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(FetchError, match=r"\(378 MB\) of hearing/wav2vec2 cannot be fetched.*json model\.safetensors"):
        embedding.wav2vec2()
    with pytest.raises(FetchError, match=r"\(615 MB\) of hearing/clap cannot be fetched.*json pytorch_model\.bin"):
        embedding.clap()
