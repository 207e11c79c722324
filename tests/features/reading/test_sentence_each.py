"""reading/sentence-each: the vectors that reading/sentence-mean averages, in the order of the plot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.worlds.texts import save_sentence
from triptych.catalogue.records import Item
from triptych.features.extractor import Showing
from triptych.features.feature import Presence
from triptych.features.reading import sentence
from triptych.features.reading.sentence import Sentence, SentenceEach, SentenceMean

PLOT = "Ship moon storm. Love bread?  Rose night road ship! Love bread?"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder: Path = save_sentence(tmp_path_factory.mktemp("tiny"), seed=1)
    return str(folder)


def showing(plot: str) -> Showing:
    return Showing(item=Item(item_id="x", title="Night Road", plot=plot))


def test_each_sentence_is_a_row_and_their_mean_is_the_other_feature(model: str) -> None:
    (found,), (mean,) = (
        SentenceEach(model=model).extract([showing(PLOT)]),
        SentenceMean(model=model).extract([showing(PLOT)]),
    )
    assert found.values is not None
    assert found.times_s is not None
    assert found.values.dtype == np.float32
    assert found.values.shape == (4, Sentence(model=model).described.hidden_size)
    assert found.times_s.tolist() == [0.0, 1.0, 2.0, 3.0]
    np.testing.assert_array_equal(found.values.mean(axis=0, dtype=np.float64).astype(np.float32), mean.values)
    np.testing.assert_array_equal(found.values[1], found.values[3])
    assert not np.allclose(found.values[0], found.values[1], atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(found.values, axis=1), 1, atol=1e-5)
    (same,) = Sentence(model=model, over="each").extract([showing(PLOT)])
    assert same.values is not None
    assert same.values.tobytes() == found.values.tobytes()


def test_sentences_past_the_last_that_is_read_are_told_and_no_plot_is_missing(model: str) -> None:
    longer, none = SentenceEach(model=model).extract([showing("Ship moon. " * (sentence.SENTENCES + 1)), showing(" ")])
    assert longer.values is not None
    assert len(longer.values) == sentence.SENTENCES
    assert longer.warnings == ("the plot has 65 sentences; the first 64 were read, the others were not",)
    assert (none.presence, none.reason) == (Presence.MISSING, "the item has no plot")


def test_it_is_a_recipe_of_its_own_and_the_others_are_what_they_were() -> None:
    ways = (Sentence(), Sentence(over="sentences"), SentenceMean(), SentenceEach(), Sentence(over="each"))
    assert len({way.recipe.hash for way in ways}) == 5
    assert SentenceEach().recipe.title == "reading/sentence-each"
    assert SentenceEach().needs.fields == ("plot",)
    # Those whose rows stand in catalogues.
    assert "each" not in SentenceMean().recipe.to_json()
    assert "over" not in Sentence().recipe.params
