"""reading/bert-title and reading/bert-plot: tiny random BERTs in folders as published, through the same loading."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.features.backbones.hub import FIRST, Hub, serving
from tests.worlds.texts import save_bert, tiny_bert
from triptych.catalogue.records import Item
from triptych.errors import ExtractionError, UnknownName, UsageError
from triptych.features.backbones.weights import describe
from triptych.features.extractor import Showing
from triptych.features.feature import Feature, Presence
from triptych.features.reading import bert
from triptych.features.reading.bert import Bert, bert_plot, bert_title

PLOT = "A ship is lost in a storm near the moon; love, bread and roses keep its crew alive."


def measure(plot: str, title: str = "Fog", *, made: Bert | None = None) -> Feature:
    (feature,) = (made or bert_plot(weights=tiny_bert())).extract(
        [Showing(item=Item(item_id="x", title=title, plot=plot))]
    )
    return feature


def by_hand(text: str, folder: Path) -> np.ndarray:
    """transformers as its documentation has it, with padding behind the text, which the mask must take out."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = AutoModel.from_pretrained(folder, local_files_only=True).eval()
    batch = tokenizer(text, truncation=True, max_length=128, padding="max_length", return_tensors="pt")
    assert batch["input_ids"].shape == (1, 128)
    with torch.inference_mode():
        states = model(**batch, output_hidden_states=True).hidden_states
    mask = batch["attention_mask"][0, :, None]
    return (((states[-1] + states[-2]) / 2)[0] * mask).sum(0).numpy() / mask.sum().item()


@pytest.mark.parametrize("text", [PLOT, "Rust", PLOT * 5])
def test_equals_transformers_by_hand(text: str) -> None:
    found = measure(text)
    assert found.values is not None
    np.testing.assert_allclose(found.values, by_hand(text, tiny_bert()), rtol=0, atol=1e-6)


def test_title_and_plot_are_read_apart_by_one_network() -> None:
    title, plot = bert_title(weights=tiny_bert()), bert_plot(weights=tiny_bert())
    assert (title.recipe.title, plot.recipe.title) == ("reading/bert-title", "reading/bert-plot")
    assert (title.needs.fields, plot.needs.fields) == (("title",), ("plot",))
    assert not plot.needs.reel
    crossed = measure("Fog", "anything", made=plot)
    np.testing.assert_array_equal(measure("anything", "Fog", made=title).values, crossed.values)
    assert bert.load(title.weights, "cpu", "float32") is bert.load(plot.weights, "cpu", "float32")


def test_a_batch_gives_the_bits_of_one_by_one() -> None:
    texts = [PLOT, "Rust", "", PLOT * 4, "moon"]
    shown = [Showing(item=Item(item_id="x", plot=text)) for text in texts]
    together = bert_plot(weights=tiny_bert()).extract(shown)
    for text, feature in zip(texts, together, strict=True):
        alone = measure(text)
        assert feature.presence is alone.presence
        np.testing.assert_array_equal(feature.values, alone.values)


def test_what_is_past_128_pieces_is_told_and_does_not_count() -> None:
    full, longer = measure("moon " * 126), measure("moon " * 126 + "rose")
    assert full.warnings == ()
    assert longer.warnings == ("the plot has 127 word pieces; the first 126 were read, the others were not",)
    np.testing.assert_array_equal(full.values, longer.values)
    characters, _ = measure("moon " * 2_000_000).warnings
    assert characters == "the plot has 9,999,999 characters; the first 32,768 were read"


@pytest.mark.parametrize("blank", ["", " \n", "\ufeff", "\ud800"])
def test_without_the_text_it_is_missing(blank: str) -> None:
    title = bert_title(weights=tiny_bert())
    for feature, told in ((measure(blank), "no plot"), (measure(PLOT, blank, made=title), "no title")):
        assert feature.presence is Presence.MISSING
        assert feature.reason == f"the item has {told}"


def test_any_script_gives_a_vector_and_one_that_is_not_known_a_warning() -> None:
    assert measure(PLOT).warnings == ()
    for text in ("宇宙飛行士は月で一人きりになる。", "broken \ud83d half \udfff", "\x00a\u202e"):
        feature = measure(text)
        assert feature.values is not None
        assert np.isfinite(feature.values).all()
    (warning,) = measure("宇宙飛行士は月で一人").warnings
    assert "unknown to the model" in warning


def test_the_recipe_is_of_the_content_and_not_of_the_place(tmp_path: Path) -> None:
    here = bert_plot(weights=tiny_bert())
    there = bert_plot(weights=shutil.copytree(tiny_bert(), tmp_path / "copy"))
    assert there.recipe.hash == here.recipe.hash
    params = here.recipe.params
    assert (params["pieces"], params["layers"], params["dtype"]) == (128, 2, "float32")
    assert str(tiny_bert()) not in here.recipe.to_json()
    # The tokenizer decides the numbers too.
    words = tmp_path / "copy" / "tokenizer.json"
    words.write_text(words.read_text(encoding="utf-8").replace('"moon"', '"noon"'), encoding="utf-8")
    assert bert_plot(weights=tmp_path / "copy").recipe.hash != here.recipe.hash


def test_a_file_changed_after_the_recipe_was_made_is_refused(tmp_path: Path) -> None:
    made = bert_plot(weights=save_bert(tmp_path / "bert", seed=8))
    (tmp_path / "bert" / "tokenizer_config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ExtractionError, match="SHA-256"):
        measure(PLOT, made=made)


def test_of_a_hub_the_model_and_its_words_are_fetched_and_no_more(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_bert(), tmp_path / "published"))
    for other in ("vocab.txt", "pytorch_model.bin", "README.md"):
        (folder / other).write_bytes(b"another form of the same")
    with serving(Hub(repository="tiny/bert", commits={FIRST: folder}, branches={"main": FIRST})) as hub:
        found = describe("tiny/bert", wanted=bert.WANTED, endpoint=hub.endpoint, cache=tmp_path / "cache")
    words = ("tokenizer.json", "tokenizer_config.json")
    assert [name for name, _ in found.sha256] == ["config.json", "model.safetensors", *words]
    assert {file.name for file in Path(found.path).iterdir()} == dict(found.sha256).keys()
    fetched = replace(bert_plot(weights=tiny_bert()), weights=found)
    np.testing.assert_array_equal(measure(PLOT, made=fetched).values, measure(PLOT).values)


def test_half_the_bits_are_near_and_another_recipe() -> None:
    half, exact = measure(PLOT, made=bert_plot(weights=tiny_bert(), dtype="bfloat16")).values, measure(PLOT).values
    assert half is not None
    assert exact is not None
    assert not np.array_equal(half, exact)
    assert half @ exact / np.linalg.norm(half) / np.linalg.norm(exact) > 0.99


def test_what_cannot_be_read_is_refused_with_a_sentence(tmp_path: Path) -> None:
    folder = save_bert(tmp_path / "bert", seed=7)
    for wrong, offered in (({"dtype": "float16"}, "float32"), ({"device": "tpu"}, "cuda")):
        with pytest.raises((UnknownName, UsageError), match=offered):
            bert_plot(weights=folder, **wrong)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="'owner/name'"):
        bert_title(weights=tmp_path / "nothing")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps({**config, "is_encoder_decoder": True}), encoding="utf-8")
    with pytest.raises(UsageError, match="'bert'"):
        bert_plot(weights=folder)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ExtractionError, match=r"has no tokenizer\.json"):
        bert_plot(weights=folder)


def test_weights_that_are_not_all_there_are_refused_instead_of_drawn_at_random(tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    folder = Path(shutil.copytree(tiny_bert(), tmp_path / "bert"))
    tensors = load_file(folder / "model.safetensors")
    del tensors["bert.encoder.layer.1.attention.self.query.weight"]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ExtractionError, match=r"lack 1 of the tensors .*attention\.self\.query"):
        measure(PLOT, made=bert_plot(weights=folder))
    for name, what in (("model.safetensors", "weights"), ("tokenizer.json", "tokenizer")):
        damaged = Path(shutil.copytree(tiny_bert(), tmp_path / what))
        (damaged / name).write_bytes(b"neither tensors nor words")
        with pytest.raises(ExtractionError, match=f"the {what} in .* cannot be loaded: "):
            measure(PLOT, made=bert_plot(weights=damaged))
