"""Entities: how many persons, organisations and places a plot names, by rules or by a spaCy pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import log1p

import numpy as np
import numpy.typing as npt

from triptych.catalogue.records import Item
from triptych.errors import UsageError
from triptych.features.extractor import Needs, Showing
from triptych.features.feature import Feature
from triptych.features.reading import gazetteer, grammar, mentions, pipeline, sentences
from triptych.features.reading import words as word_rules
from triptych.features.reading.mentions import Entity, Kind, entities_of, readable
from triptych.features.reading.rules import rules_of
from triptych.features.reading.text import plot_of, plot_params
from triptych.features.reading.words import words
from triptych.features.recipe import Recipe

#: The labels of spaCy's pipelines, in whatever language: OntoNotes (English and most others), WikiNER (PER),
#: Norwegian, Polish, Romanian, Swedish and Korean ones.
LABELS = {
    **dict.fromkeys(("PERSON", "PER", "PERSNAME", "PRS", "PS"), Kind.PERSON),
    **dict.fromkeys(("ORG", "ORGANIZATION", "ORGNAME", "OG", "GPE_ORG"), Kind.ORGANISATION),
    **dict.fromkeys(("GPE", "LOC", "FAC", "GPE_LOC", "PLACENAME", "GEOGNAME", "LC", "FACILITY"), Kind.PLACE),
}
_PLURAL = {Kind.PERSON: "persons", Kind.ORGANISATION: "organisations", Kind.PLACE: "places"}
_COLUMNS = (
    *(f"{_PLURAL[kind]}_{part}" for kind in Kind for part in ("log1p", "distinct_log1p", "share")),
    "entities_log1p",
    "entities_distinct_log1p",
    "named_word_share",
    "words_log1p",
)


@dataclass(frozen=True, kw_only=True)
class Entities:
    """How many persons, organisations and places the plot names, by rules.

    ``reading/entities`` is float32 ``[13]``; missing without a plot.

    For persons, organisations and places each: log(1 + mentions), log(1 + different names), and the kind's share of
    all mentions (0 where there are none); of all together the two logarithms, and the share of the plot's words that
    stand in a name; last log(1 + words), what the counts are out of. Names are different by their letters, whatever
    the case: "Ripley" and "Ellen Ripley" are two.

    ``model``: empty for the rules of :func:`~.mentions.entities_of`, which are made for English; a spaCy pipeline by
    name or folder for its entity recogniser, in whatever language it reads: that is ``reading/entities-spacy``. The
    recipe holds the pipeline's name, version and a digest of its files. Each plot goes through it alone.

    The rules go by capitals. A plot in a script that has none (Chinese, Arabic, Hindi), or in capitals only, tells them
    nothing: its feature is missing and says so, and a pipeline reads it.

    >>> len(Entities().columns())
    13
    """

    model: str = ""
    described: pipeline.Pipeline | None = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        # Fixed here and carried to worker processes, so that the recipe cannot change after the work is planned.
        if self.model:
            object.__setattr__(self, "described", _recogniser(self.model))

    @property
    def recipe(self) -> Recipe:
        how = (
            {"pipeline": self.described.recipe, "labels": dict(LABELS)}
            if self.described
            else {"rules": rules_of(mentions, gazetteer, grammar, sentences)}
        )
        name = "entities-spacy" if self.described else "entities"
        params = {"columns": list(_COLUMNS), "words": rules_of(word_rules), **plot_params(), **how}
        return Recipe(panel="reading", name=name, version=1, params=params)

    @property
    def needs(self) -> Needs:
        return Needs(fields=("plot",))

    def ready(self) -> None:
        if self.described is not None:
            pipeline.require("reading/entities-spacy")

    def columns(self) -> tuple[str, ...]:
        return _COLUMNS

    def extract(self, showings: Sequence[Showing]) -> Sequence[Feature]:
        return [self._feature(showing.item) for showing in showings]

    def _feature(self, item: Item) -> Feature:
        plot = plot_of(item)
        if plot.missing:
            return Feature.missing(plot.missing)
        text = plot.text
        if self.described is not None:
            found = entities_by(self.described, text)
        elif not readable(text):
            return Feature.missing(
                "the plot's letters are all large, or of a script without capitals, by which the rules know names; "
                "reading/entities-spacy reads it"
            )
        else:
            found = entities_of(text)
        return Feature(values=_vector(found, len(words(text))), warnings=plot.warnings)


def entities_spacy(*, model: str = "en_core_web_sm") -> Entities:
    """How many persons, organisations and places the plot names, by a spaCy pipeline.

    It is :class:`Entities` under a name of its own, so that one catalogue can hold both.
    """
    if not model:
        raise UsageError("reading/entities-spacy needs a pipeline, by name or folder, such as 'en_core_web_sm'.")
    return Entities(model=model)


def entities_by(described: pipeline.Pipeline, text: str) -> tuple[Entity, ...]:
    """The names that a pipeline's recogniser finds, of the three kinds."""
    document = pipeline.load(described)(text)
    return tuple(
        Entity(kind=LABELS[span.label_.upper()], text=span.text, start=span.start_char, end=span.end_char)
        for span in document.ents
        if span.label_.upper() in LABELS
    )


def _recogniser(model: str) -> pipeline.Pipeline:
    pipeline.require("reading/entities-spacy")
    described = pipeline.describe(model)
    labels = {label for _, labels in described.parts for label in labels}
    if not any(label.upper() in LABELS for label in labels):
        raise UsageError(
            f"the spaCy pipeline {model!r} knows no persons, organisations or places: its parts are "
            f"{', '.join(part for part, _ in described.parts) or 'none'}. Choose one with an entity recogniser."
        )
    return described


def _vector(found: Sequence[Entity], read: int) -> npt.NDArray[np.float32]:
    total = len(found)
    values: list[float] = []
    for kind in Kind:
        names = [entity.text.casefold() for entity in found if entity.kind is kind]
        values += [log1p(len(names)), log1p(len(set(names))), len(names) / total if total else 0.0]
    distinct = {(entity.kind, entity.text.casefold()) for entity in found}
    named = sum(len(words(entity.text)) for entity in found)
    values += [log1p(total), log1p(len(distinct)), min(named / read, 1.0), log1p(read)]
    return np.array(values, np.float32)
