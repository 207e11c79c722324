"""Text statistics: how long, how plain, how loud a title and a plot are written; not what they say."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from triptych.catalogue.records import Item
from triptych.errors import UnknownName
from triptych.features.extractor import Needs, Showing
from triptych.features.feature import Feature
from triptych.features.reading import sentences as sentence_rules
from triptych.features.reading import syllables as syllable_rules
from triptych.features.reading import words as word_rules
from triptych.features.reading.rules import digest_of, rules_of
from triptych.features.reading.sentences import sentences
from triptych.features.reading.stop_words import LANGUAGES, bare, digest, language_of, stop_words
from triptych.features.reading.syllables import syllables
from triptych.features.reading.text import plot_of, plot_params, title_of, title_params
from triptych.features.reading.words import folded, words
from triptych.features.recipe import Recipe

#: Words of one window of the type-token ratio, so that it does not fall as texts grow.
WINDOW_WORDS = 50
#: A long word, of LIX, has more letters than this.
LONG_LETTERS = 6
#: Readability is kept to what a text that is meant to be read can have: lists, and walls of text without a full stop,
#: would have figures beyond any bound, and one of them would set the scale for all.
BOUNDS = {"flesch_reading_ease": (-100.0, 121.22), "flesch_kincaid_grade": (-3.4, 40.0), "lix": (0.0, 120.0)}

_OF_BOTH = (
    "characters_log",
    "words_log",
    "word_length_log",
    "stop_words",
    "capitals",
    "digits",
    "punctuation",
    "non_latin",
)
_OF_PLOT = (
    "sentences_log",
    "sentence_words_log",
    "sentence_words_spread",
    "type_token_ratio",
    "type_token_ratio_windows",
    "syllables",
    "long_words",
    "flesch_reading_ease",
    "flesch_kincaid_grade",
    "lix",
    "questions",
    "exclamations",
)
_ASKING, _EXCLAIMING = frozenset("?？؟⁇‽⁈⁉\u037e\u055e"), frozenset("!！‼⁈⁉\u055c")


@dataclass(frozen=True, kw_only=True)
class TextStatistics:
    """Lengths, stop words, variety, readability and typography of title and plot.

    float32 ``[28]``, see :meth:`columns`; missing without a plot. An item without a title has zeros for its title,
    which is then of no length; where a share is of nothing, it is 0.

    Of each, as ``title_…`` and ``plot_…``: ``characters_log, words_log``: ln(1 + number), of characters without white
    space, and of words; ``word_length_log``: ln of letters and digits of a word, in the mean; ``stop_words``: share of
    the words; ``capitals, non_latin``: share of the letters; ``digits, punctuation``: share of the characters.

    Of the plot: ``sentences_log``: ln(1 + number); ``sentence_words_log``: ln of the words of a sentence, in the mean;
    ``sentence_words_spread``: standard deviation of these numbers over their mean. ``type_token_ratio``: different
    words over words; ``type_token_ratio_windows``: its mean over all windows of 50 words, which does not hang on the
    length (Covington & McFall 2010, doi:10.1080/09296171003643098). ``syllables``: ln of the syllables of a word, in
    the mean; ``long_words``: share with more than 6 letters. ``questions, exclamations``: share of the sentences that
    end so. With w words a sentence, s syllables a word and l long words a word:

        Flesch reading ease  = 206.835 - 1.015 w - 84.6 s       (Flesch 1948, doi:10.1037/h0057532)
        Flesch-Kincaid grade = 0.39 w + 11.8 s - 15.59          (Kincaid et al. 1975)
        LIX                  = w + 100 l                        (Björnsson 1968)

    Syllables are counted by rules for English. For other languages with Latin letters they are near the number of
    groups of vowels, and Flesch's figures compare texts of one language; in other scripts each word counts as one
    syllable and they say no more than w does. LIX holds for any language that parts its words. All three are kept
    within bounds.

    ``language``: whose stop words are counted; empty for the one whose stop words are most of the plot's words, of
    those there is a list for (the title's are then counted in the same).
    """

    language: str = ""

    def __post_init__(self) -> None:
        if self.language and self.language not in LANGUAGES:
            raise UnknownName("list of stop words for the language", self.language, LANGUAGES)

    @property
    def recipe(self) -> Recipe:
        languages = (self.language,) if self.language else LANGUAGES
        return Recipe(
            panel="reading",
            name="text-statistics",
            version=1,
            params={
                "stop_words": [[language, digest(language)] for language in languages],
                "rules": rules_of(word_rules, sentence_rules, syllable_rules),
                "marks": digest_of([_ASKING, _EXCLAIMING]),
                **title_params(),
                **plot_params(),
                "window_words": WINDOW_WORDS,
                "long_letters": LONG_LETTERS,
                "bounds": {name: list(bounds) for name, bounds in BOUNDS.items()},
            },
        )

    @property
    def needs(self) -> Needs:
        return Needs(fields=("title", "plot"))

    def ready(self) -> None:
        """Needs nothing beyond the core."""

    def columns(self) -> tuple[str, ...]:
        """The name of each entry.

        >>> len(TextStatistics().columns())
        28
        """
        return (*(f"title_{name}" for name in _OF_BOTH), *(f"plot_{name}" for name in (*_OF_BOTH, *_OF_PLOT)))

    def extract(self, showings: Sequence[Showing]) -> Sequence[Feature]:
        return [self._feature(showing.item) for showing in showings]

    def _feature(self, item: Item) -> Feature:
        title, plot = title_of(item), plot_of(item)
        if plot.missing:
            return Feature.missing(plot.missing)
        spoken = [folded(word) for word in words(plot.text)]
        language = self.language or language_of(spoken, LANGUAGES)
        stopped = stop_words(language)
        named = [folded(word) for word in words(title.text)]
        values = [*_of_both(title.text, named, stopped), *_of_both(plot.text, spoken, stopped)]
        values += _of_plot(plot.text, spoken)
        return Feature(values=np.array(values, np.float32), warnings=title.warnings + plot.warnings)


def _of_both(text: str, spoken: Sequence[str], stopped: frozenset[str]) -> list[float]:
    kinds = Counter[str]()
    for character, number in Counter(text).items():
        if not character.isspace():
            for kind in _kinds(character):
                kinds[kind] += number
    seen, letters, count = kinds["seen"], kinds["letter"], len(spoken)
    return [
        float(np.log1p(seen)),
        float(np.log1p(count)),
        float(np.log(max(_mean_length(spoken), 1.0))),
        sum(word in stopped or bare(word) in stopped for word in spoken) / max(count, 1),
        kinds["capital"] / max(letters, 1),
        kinds["digit"] / max(seen, 1),
        kinds["mark"] / max(seen, 1),
        kinds["non-latin"] / max(letters, 1),
    ]


@lru_cache(maxsize=4096)
def _kinds(character: str) -> tuple[str, ...]:
    """What a character counts as: seen, and a letter (capital, not Latin), a digit, or a mark of punctuation."""
    category = unicodedata.category(character)
    if category[0] == "C":  # not to be seen, or half of something
        return ()
    if category[0] == "L":
        capital = ("capital",) if category in ("Lu", "Lt") else ()
        other = () if "LATIN" in unicodedata.name(character, "") else ("non-latin",)
        return ("seen", "letter", *capital, *other)
    return ("seen", *{"N": ("digit",), "P": ("mark",)}.get(category[0], ()))


def _mean_length(spoken: Sequence[str]) -> float:
    counts = Counter(spoken)
    return sum(_letters(word) * number for word, number in counts.items()) / max(len(spoken), 1)


def _letters(word: str) -> int:
    """Letters and digits of a word, without what joins them and without marks."""
    return len(word) if word.isalnum() else sum(map(str.isalnum, word))


def _of_plot(text: str, spoken: Sequence[str]) -> list[float]:
    told = [(sentence, len(words(sentence))) for sentence in sentences(text)]
    said = [sentence for sentence, number in told if number] or [text]
    lengths = np.array([number for _, number in told if number] or [len(spoken)], np.float64)
    counts = Counter(spoken)
    count = len(spoken)
    a_sentence = count / len(said)
    a_word = sum(syllables(word) * number for word, number in counts.items()) / count
    long = sum(number for word, number in counts.items() if _letters(word) > LONG_LETTERS) / count
    figures = {
        "flesch_reading_ease": 206.835 - 1.015 * a_sentence - 84.6 * a_word,
        "flesch_kincaid_grade": 0.39 * a_sentence + 11.8 * a_word - 15.59,
        "lix": a_sentence + 100 * long,
    }
    return [
        float(np.log1p(len(said))),
        float(np.log(a_sentence)),
        float(lengths.std() / lengths.mean()),
        len(counts) / count,
        _windows(spoken),
        float(np.log(a_word)),
        long,
        *(min(max(value, BOUNDS[name][0]), BOUNDS[name][1]) for name, value in figures.items()),
        sum(not _ASKING.isdisjoint(sentence[-4:]) for sentence in said) / len(said),
        sum(not _EXCLAIMING.isdisjoint(sentence[-4:]) for sentence in said) / len(said),
    ]


def _windows(spoken: Sequence[str]) -> float:
    """Mean over all windows of 50 words of different words over words; of the whole where it is shorter."""
    size = min(WINDOW_WORDS, len(spoken))
    inside = Counter(spoken[:size])
    different = total = len(inside)
    for gone, come in zip(spoken, spoken[size:], strict=False):
        inside[come] += 1
        different += inside[come] == 1
        inside[gone] -= 1
        different -= inside[gone] == 0
        total += different
    return total / (len(spoken) - size + 1) / size
