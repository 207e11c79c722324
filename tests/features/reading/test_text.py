"""Text: whether there is a plot is decided alike by all who read it; what is read of one, and what is told."""

from __future__ import annotations

import pytest

from tests.worlds.texts import tiny_bert
from triptych.catalogue.records import Item
from triptych.features.extractor import Extractor, Showing
from triptych.features.reading.bert import bert_plot
from triptych.features.reading.entities import Entities
from triptych.features.reading.knowledge import Knowledge
from triptych.features.reading.sentence import Sentence, SentenceMean
from triptych.features.reading.text import PLOT_CHARACTERS, TITLE_CHARACTERS, plot_of, title_of
from triptych.features.reading.text_statistics import TextStatistics
from triptych.features.reading.tfidf import tfidf_plot

TAUGHT = Item(item_id="a", plot="A thief robs a train.")


@pytest.fixture(scope="module")
def readers() -> list[Extractor]:
    learned = tfidf_plot().learn([TAUGHT])
    others = (Entities(), Sentence(), SentenceMean(), bert_plot(weights=tiny_bert()), Knowledge())
    return [learned, TextStatistics(), *others]


@pytest.mark.parametrize(
    ("plot", "why"),
    [
        *((plot, "the item has no plot") for plot in ("", " \n", "\0\a", "\ufeff\u200b", "\ud800 \udfff", "\ufffd")),
        *(
            (plot, "there is no word in the item's plot")
            for plot in ("…!?", "🚀 🌕", "___", "\u0301\u0302", "$", "(" * 100_000, ". —Bob", "\u02bc")
        ),
    ],
)
def test_what_holds_no_word_is_a_plot_for_nobody(readers: list[Extractor], plot: str, why: str) -> None:
    for reader in readers:
        [feature] = reader.extract([Showing(item=Item(item_id="x", title="A title alone", plot=plot))])
        assert feature.values is None, reader
        assert feature.reason.endswith(why), reader


def test_what_is_too_long_is_read_in_part_and_says_so() -> None:
    long = Item(item_id="x", title="t" * (TITLE_CHARACTERS + 1), plot="p" * (PLOT_CHARACTERS + 1))
    assert len(plot_of(long).text) == PLOT_CHARACTERS
    assert plot_of(long).warnings == ("the plot has 32,769 characters; the first 32,768 were read",)
    assert title_of(long).warnings == ("the title has 513 characters; the first 512 were read",)
    assert plot_of(TAUGHT).warnings == ()
    assert plot_of(Item(item_id="x", plot="A \ud83d\ude80 \ud800")).text == "A 🚀 \ufffd"
