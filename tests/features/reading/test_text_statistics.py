"""reading/text-statistics: figures worked out by hand, and what must not move them."""

from __future__ import annotations

import numpy as np
import pytest

from triptych.catalogue.records import Item
from triptych.errors import UnknownName
from triptych.features.extractor import Showing
from triptych.features.feature import Feature, Presence
from triptych.features.reading.syllables import syllables
from triptych.features.reading.text_statistics import BOUNDS, TextStatistics


def measure(plot: str, title: str = "", *, language: str = "") -> Feature:
    [feature] = TextStatistics(language=language).extract([Showing(item=Item(item_id="x", title=title, plot=plot))])
    return feature


def figures(plot: str, title: str = "", *, language: str = "") -> dict[str, float]:
    feature = measure(plot, title, language=language)
    assert feature.values is not None
    return dict(zip(TextStatistics().columns(), map(float, feature.values), strict=True))


def test_figures_worked_out_by_hand() -> None:
    found = figures("The cat sat on the mat. Why? Nobody noticed anything!", "IT Came 2 Us!")
    expected = {
        "title_characters_log": np.log1p(10),
        "title_words_log": np.log1p(4),
        "title_word_length_log": np.log(9 / 4),
        "title_stop_words": 2 / 4,
        "title_capitals": 4 / 8,
        "title_digits": 1 / 10,
        "title_punctuation": 1 / 10,
        "title_non_latin": 0,
        "plot_characters_log": np.log1p(44),
        "plot_words_log": np.log1p(10),
        "plot_word_length_log": np.log(41 / 10),
        "plot_stop_words": 6 / 10,  # the, on, the, why, nobody, anything
        "plot_capitals": 3 / 41,
        "plot_digits": 0,
        "plot_punctuation": 3 / 44,
        "plot_non_latin": 0,
        "plot_sentences_log": np.log1p(3),
        "plot_sentence_words_log": np.log(10 / 3),
        "plot_sentence_words_spread": np.std([6, 1, 3]) / np.mean([6, 1, 3]),
        "plot_type_token_ratio": 9 / 10,
        "plot_type_token_ratio_windows": 9 / 10,
        "plot_syllables": np.log(15 / 10),  # 6, 1, and 3 + 2 + 3
        "plot_long_words": 2 / 10,
        "plot_flesch_reading_ease": 206.835 - 1.015 * 10 / 3 - 84.6 * 1.5,
        "plot_flesch_kincaid_grade": 0.39 * 10 / 3 + 11.8 * 1.5 - 15.59,
        "plot_lix": 10 / 3 + 100 * 2 / 10,
        "plot_questions": 1 / 3,
        "plot_exclamations": 1 / 3,
    }
    assert found == pytest.approx(expected, rel=1e-6)


def test_no_plot_is_missing_and_no_title_is_of_no_length() -> None:
    for plot, reason in (("", "the item has no plot"), ("\ud800 …", "there is no word in the item's plot")):
        feature = measure(plot, "A title")
        assert (feature.presence, feature.reason) == (Presence.MISSING, reason)
    assert {value for name, value in figures("A dog.").items() if name.startswith("title_")} == {0}


def test_what_is_told_twice_is_written_alike() -> None:
    plot = "A keeper finds a letter in the fog. Who wrote it? He rows out, and learns nothing of it at all."
    once, twice = figures(plot), figures(f"{plot} {plot}")
    moved = {name for name in once if once[name] != pytest.approx(twice[name], rel=1e-5, abs=1e-7)}
    assert moved == {"plot_characters_log", "plot_words_log", "plot_sentences_log"} | {
        name for name in once if "type_token" in name
    }


def test_variety_in_windows_does_not_hang_on_the_length() -> None:
    few = " ".join(f"word{k % 40}" for k in range(400))
    more = " ".join(f"word{k % 40}" for k in range(4000))
    assert figures(few)["plot_type_token_ratio"] == pytest.approx(40 / 400)
    for plot in (few, more):
        assert figures(plot)["plot_type_token_ratio_windows"] == pytest.approx(40 / 50)


def test_stop_words_are_those_of_the_plots_language() -> None:
    german = "Ein Wärter findet im Nebel einen Brief und rudert hinaus, um zu erfahren, wer ihn schrieb."
    assert figures(german)["plot_stop_words"] > 0.4
    assert figures(german, language="en")["plot_stop_words"] == 0
    assert figures(german, "Das Boot")["title_stop_words"] == 0.5


@pytest.mark.parametrize("plot", ["Мальчик потерял игрушку. Где она?", "彼は走る。彼女は誰？", "एक आदमी। वह कौन है?"])
def test_other_scripts_are_measured_too(plot: str) -> None:
    found = figures(plot)
    assert found["plot_non_latin"] == 1
    assert found["plot_sentences_log"] == pytest.approx(np.log(3))
    assert found["plot_questions"] == 0.5


@pytest.mark.parametrize(
    "plot", ["x", "word " * 60_000, "é!" * 100_000, "x" * 300_000, "a" + "\u0301" * 200_000, "7", "Ａ\x00\ud800b"]
)
def test_hostile_texts_stay_in_bounds(plot: str) -> None:
    found = figures(plot, plot)
    for name, (low, high) in BOUNDS.items():
        assert np.float32(low) <= found[f"plot_{name}"] <= np.float32(high)
    assert all(-1 <= value < 121.3 for name, value in found.items() if "flesch" not in name)
    assert bool(measure(plot).warnings) == (len(plot) > 32_768)


def test_syllables_of_english_words() -> None:
    told = {
        1: "the loved named called eye queue true life we're don't games lives school young 1984 mr",
        2: "movie houses little people wanted handled quiet being careful movement didn't special faces heroes",
        3: "created radio violence detective adventure settlement element racism dangerous diamond family",
        4: "television american mysterious",
        5: "university's investigation",
    }
    expected = {word: count for count, words in told.items() for word in words.split()}
    assert {word: syllables(word) for word in expected} == expected
    assert syllables("café") == 2


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(UnknownName, match="'xx'"):
        TextStatistics(language="xx")
