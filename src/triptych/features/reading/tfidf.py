"""TF-IDF: how much each term of a learned vocabulary stands out in an item's title or plot."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise
from typing import Any, Literal

import numpy as np

from triptych.catalogue.records import Item
from triptych.errors import ExtractionError, UsageError
from triptych.features.extractor import Needs, Showing, learned_from
from triptych.features.feature import Feature
from triptych.features.reading import words as word_rules
from triptych.features.reading.rules import rules_of
from triptych.features.reading.stop_words import bare, digest, stop_words
from triptych.features.reading.text import Text, plot_of, plot_params, title_of, title_params
from triptych.features.reading.words import folded, words
from triptych.features.recipe import Recipe

#: Inverse document frequencies are kept to so many decimals: their last bits differ from one maths library to the
#: next, and with them the recipe's hash would.
IDF_DECIMALS = 9

Field = Literal["title", "plot"]


def tfidf_title(*, terms: int = 50, languages: tuple[str, ...] = ("en",), min_items: int = 1, ngrams: int = 1) -> Tfidf:
    """TF-IDF of the title, over its 50 most frequent terms in the items that were learned from."""
    return Tfidf(
        name="tfidf-title", field="title", terms=terms, languages=languages, min_items=min_items, ngrams=ngrams
    )


def tfidf_plot(*, terms: int = 100, languages: tuple[str, ...] = ("en",), min_items: int = 1, ngrams: int = 1) -> Tfidf:
    """TF-IDF of the plot, over its 100 most frequent terms in the items that were learned from."""
    return Tfidf(name="tfidf-plot", field="plot", terms=terms, languages=languages, min_items=min_items, ngrams=ngrams)


def tfidf_plot_5000(
    *, terms: int = 5000, languages: tuple[str, ...] = ("en",), min_items: int = 1, ngrams: int = 1
) -> Tfidf:
    """TF-IDF of the plot, over its 5,000 most frequent terms in the items that were learned from."""
    return Tfidf(
        name="tfidf-plot-5000", field="plot", terms=terms, languages=languages, min_items=min_items, ngrams=ngrams
    )


@dataclass(frozen=True, kw_only=True)
class Tfidf:
    """Learns which terms are worth a column, and how rare each is, from a title or plot of many items.

    A term is a word, folded, without possession or elided article (:func:`~.stop_words.bare`), that is no stop word
    of the ``languages`` and no single letter of an alphabet with capitals; all punctuation falls away. With
    ``ngrams=2`` two neighbouring terms are a term too. The ``terms`` that occur most often in all texts are kept, of
    equals the first in order of the alphabet; those in fewer than ``min_items`` texts are not. Their order is the
    alphabet's, and the items' order moves nothing.

    Of n texts df(t) hold the term t, this one tf(t) times (Salton & Buckley 1988, doi:10.1016/0306-4573(88)90021-0;
    smoothed as in scikit-learn's TfidfVectorizer, whose numbers these are):

        idf(t) = ln((1 + n) / (1 + df(t))) + 1,    v(t) = tf(t) idf(t) / sqrt(sum over u of (tf(u) idf(u))^2)

    A text without any word is no text: it is not counted in n.
    """

    name: str = "tfidf-plot"
    field: Field = "plot"
    terms: int = 100
    languages: tuple[str, ...] = ("en",)
    min_items: int = 1
    ngrams: int = 1

    def __post_init__(self) -> None:
        # From JSON or a setting it may come as a list, of which no hash can be had.
        object.__setattr__(self, "languages", tuple(self.languages))
        for language in self.languages:
            stop_words(language)
        if self.field not in ("title", "plot"):
            raise UsageError(f"{self.title} cannot read {self.field!r}; it reads 'title' or 'plot'.")
        if self.terms < 1 or self.min_items < 1:
            raise UsageError(
                f"{self.title} was asked for {self.terms} terms that are in at least {self.min_items} items; both must "
                "be 1 or more."
            )
        if self.ngrams not in (1, 2):
            raise UsageError(f"{self.title} was asked for terms of up to {self.ngrams} words; it may be 1 or 2.")

    @property
    def title(self) -> str:
        return f"reading/{self.name}"

    @property
    def asked(self) -> Mapping[str, Any]:
        return {
            "field": self.field,
            "terms": self.terms,
            "stop_words": {language: digest(language) for language in self.languages},
            "min_items": self.min_items,
            "ngrams": self.ngrams,
            "words": rules_of(word_rules),
            "tf": "count",
            "idf": "ln((1 + n) / (1 + df)) + 1",
            "normalise": "l2",
            **(plot_params() if self.field == "plot" else title_params()),
        }

    def ready(self) -> None:
        """Needs nothing beyond the core."""

    def learn(self, items: Sequence[Item]) -> Terms:
        """The extractor that these items teach. 30,000 plots take seconds, and as much memory as their terms."""
        counts, holders, texts = Counter[str](), Counter[str](), 0
        reader = _Reader(self)
        for item in items:
            text = self.text_of(item)
            if text.missing:
                continue
            found = reader.terms(text.text)
            texts += 1
            counts.update(found)
            holders.update(set(found))
        known = (term for term, number in holders.items() if number >= self.min_items)
        chosen = sorted(sorted(known, key=lambda term: (-counts[term], term))[: self.terms])
        idf = [round(math.log((1 + texts) / (1 + holders[term])) + 1, IDF_DECIMALS) for term in chosen]
        learned = {"terms": chosen, "idf": idf, "texts": texts}
        return Terms(learner=self, recipe=self._recipe(learned, learned_from(items)))

    def again(self, recipe: Recipe) -> Terms:
        """What :meth:`learn` gave when it wrote this recipe, to the bit."""
        params = recipe.params
        mine = self._recipe(params.get("learned"), params.get("learned_from"))
        if recipe != mine:
            raise ExtractionError(
                f"a recipe of {recipe.title} is not one that {self.title} wrote with these settings; learn anew."
            )
        return Terms(learner=self, recipe=mine)

    def terms_in(self, text: str) -> list[str]:
        """The terms of a text in their order, each as often as it occurs, whether or not they are worth a column.

        >>> Tfidf(ngrams=2).terms_in("The dogs of War")
        ['dogs', 'war', 'dogs war']
        """
        return _Reader(self).terms(text)

    def text_of(self, item: Item) -> Text:
        return title_of(item) if self.field == "title" else plot_of(item)

    def _recipe(self, learned: Any, source: Any) -> Recipe:
        return Recipe(
            panel="reading",
            name=self.name,
            version=1,
            params={"asked": self.asked, "learned": learned, "learned_from": source},
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Terms:
    """float32 ``[terms]``, each >= 0, of length 1: the TF-IDF of a learned vocabulary, see :class:`Tfidf`.

    Terms that were not learned are passed over. A text that holds none of those that were is a vector of zeros, for
    it was read, and that none is in it is what was found. Missing is only what has no word at all; and everything, if
    there was nothing to learn from.
    """

    learner: Tfidf
    #: Made once, since it holds all terms, and is asked for often.
    recipe: Recipe
    _columns: Mapping[str, int] = field(init=False, repr=False)
    _idf: tuple[float, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        learned = self.recipe.params["learned"]
        columns = {term: k for k, term in enumerate(learned["terms"])}
        idf = tuple(float(value) for value in learned["idf"])
        if len(columns) != len(learned["terms"]) or len(idf) != len(columns):
            raise ExtractionError(
                f"the recipe of {self.recipe.title} has {len(learned['terms'])} terms, {len(columns)} of them "
                f"different, and {len(idf)} idf; there must be one idf for each term, and no term twice."
            )
        object.__setattr__(self, "_columns", columns)
        object.__setattr__(self, "_idf", idf)

    @property
    def needs(self) -> Needs:
        return Needs(fields=(self.learner.field,))

    def ready(self) -> None:
        """Needs nothing beyond the core."""

    def columns(self) -> tuple[str, ...]:
        """The terms, in order of the alphabet."""
        return tuple(self._columns)

    def extract(self, showings: Sequence[Showing]) -> Sequence[Feature]:
        reader = _Reader(self.learner)
        return [self._feature(self.learner.text_of(showing.item), reader) for showing in showings]

    def _feature(self, text: Text, reader: _Reader) -> Feature:
        if text.missing:
            return Feature.missing(text.missing)
        found = reader.terms(text.text)
        if not self._columns:
            return Feature.missing(f"no {self.learner.field} was there to learn terms from; learn anew, with --relearn")
        weights = {
            column: number * self._idf[column]
            for term, number in Counter(found).items()
            if (column := self._columns.get(term)) is not None
        }
        values = np.zeros(len(self._columns), np.float32)
        if weights:
            # An exact sum: in whichever order the words stand, the last bit is the same.
            length = math.sqrt(math.fsum(weight * weight for weight in weights.values()))
            values[list(weights)] = np.array(list(weights.values())) / length
        return Feature(values=values, warnings=text.warnings)


class _Reader(dict[str, str]):
    """Word → what it counts as, empty for nothing; filled as words are met, for the same few come again and again."""

    def __init__(self, learner: Tfidf) -> None:
        super().__init__()
        self._stopped = frozenset(chain.from_iterable(stop_words(language) for language in learner.languages))
        self._ngrams = learner.ngrams

    def terms(self, text: str) -> list[str]:
        """Each term as often as it occurs."""
        terms = [term for word in words(text) if (term := self[word])]
        if self._ngrams == 2:
            terms += [f"{a} {b}" for a, b in pairwise(terms)]
        return terms

    def __missing__(self, word: str) -> str:
        term = folded(word)
        if term in self._stopped or (term := bare(term)) in self._stopped or (len(term) == 1 and term.upper() != term):
            term = ""
        self[word] = term
        return term
