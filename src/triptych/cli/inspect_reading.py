"""Inspect reading: what is read of one item: its plot with the names in it, its language, its triples, its cards."""

from __future__ import annotations

from dataclasses import dataclass

from triptych.catalogue.records import Item
from triptych.features.reading.graph import triples_of
from triptych.features.reading.languages import LANGUAGES
from triptych.features.reading.lettering import Line, lettering_of
from triptych.features.reading.mentions import entities_of, readable
from triptych.features.reading.sentences import sentences
from triptych.features.reading.stop_words import LANGUAGES as LISTED
from triptych.features.reading.stop_words import language_of, stop_words
from triptych.features.reading.text import plot_of
from triptych.features.reading.words import folded, words
from triptych.media.reel import Reel

#: A language is told where so many of so many words are its stop words: a third to a half are, in a text of it.
LEAST_SHARE, LEAST_WORDS = 0.2, 8


@dataclass(frozen=True, kw_only=True)
class Name:
    """One mention in the plot; ``kind``: "person", "organisation" or "place". In characters of the plot as told."""

    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Edge:
    """One triple of the knowledge graph. ``sentence``: which of the plot's it was read from, 0 for metadata."""

    head: str
    relation: str
    tail: str
    sentence: int


@dataclass(frozen=True, kw_only=True)
class Cards:
    """What is written on the clip's cards. ``looked_at``: cards; ``left``: cards that were not read."""

    looked_at: int
    left: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What is written of one item.

    ``plot``: as it is read, so less the credit at its end, and no more than 32,768 characters; empty where there is
    none, and ``missing`` says why. ``warnings``: what was cut. ``language``: the plot's, by its stop words, in English;
    empty where they do not tell, and ``language_share`` is their share. ``nameless``: why names cannot be told.
    ``cards``: None where nobody read them, and ``cards_reason`` says why not.
    """

    plot: str = ""
    missing: str = ""
    warnings: tuple[str, ...] = ()
    words: int = 0
    sentences: int = 0
    language: str = ""
    language_share: float = 0.0
    names: tuple[Name, ...] = ()
    nameless: str = ""
    triples: tuple[Edge, ...] = ()
    cards: Cards | None = None
    cards_reason: str = ""


def reading_of(item: Item, *, cards: Cards | None = None, cards_reason: str = "") -> Reading:
    """All of it that takes no clip; ``cards`` are read before, see :func:`cards_of`."""
    read = plot_of(item)
    plot = read.text
    spoken = [folded(word) for word in words(plot)]
    language, share = _language(spoken)
    shouted = "its letters are all large, or of a script without capitals, by which the rules know names"
    return Reading(
        plot=plot,
        missing=read.missing,
        warnings=read.warnings,
        words=len(spoken),
        sentences=len(sentences(plot)) if spoken else 0,
        language=language,
        language_share=share,
        names=tuple(
            Name(kind=name.kind.value, text=name.text, start=name.start, end=name.end) for name in entities_of(plot)
        ),
        nameless=shouted if plot and not readable(plot) else "",
        triples=tuple(
            Edge(head=one.head.label, relation=one.relation, tail=one.tail.label, sentence=one.sentence)
            for one in triples_of(item)
        ),
        cards=cards,
        cards_reason=cards_reason,
    )


def cards_of(reel: Reel) -> Cards | None:
    """What is written on the cards of a reel that was opened with them; None without a picture track."""
    found = reel.once(lettering_of)
    return None if found is None else Cards(looked_at=found.cards, left=found.left, lines=found.lines)


def _language(spoken: list[str]) -> tuple[str, float]:
    """Of folded words; by the lists of stop words there are."""
    if len(spoken) < LEAST_WORDS:
        return "", 0.0
    code = language_of(spoken, LISTED)
    share = sum(map(stop_words(code).__contains__, spoken)) / len(spoken)
    if share < LEAST_SHARE:
        return "", 0.0
    [name] = LANGUAGES.slugs([code], most=1)
    return name.title(), share
