"""Graph: what is written of an item as triples of head, relation and tail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from triptych.catalogue.records import Item
from triptych.features.reading import pipeline
from triptych.features.reading.clauses import Clause, Reader, clause_of, clause_of_tree
from triptych.features.reading.sentences import sentences
from triptych.features.reading.text import TITLE_CHARACTERS, plot_of

#: Sentences of the plot that are read, as in Pingali 2022.
SENTENCES = 3
#: So many values of one field are read, and characters of one: who lists or writes more has written something else.
MOST_VALUES, LABEL_CHARACTERS = 200, 200
#: Fields of an item that the triples come from.
FIELDS = ("title", "year", "genres", "plot", "people", "directors", "languages", "countries", "certificate")


class NodeKind(StrEnum):
    """What a node stands for."""

    ITEM = "item"
    PERSON = "person"
    GENRE = "genre"
    YEAR = "year"
    LANGUAGE = "language"
    COUNTRY = "country"
    CERTIFICATE = "certificate"
    PLOT = "plot"


class Relation(StrEnum):
    """How metadata relates to its item. What a plot tells has its verb for a relation."""

    DIRECTED_BY = "directed_by"
    STARRING = "starring"
    HAS_GENRE = "has_genre"
    RELEASED_IN = "released_in"
    IN_LANGUAGE = "in_language"
    FROM_COUNTRY = "from_country"
    CERTIFIED = "certified"


@dataclass(frozen=True, kw_only=True)
class Node:
    """``key`` tells it from all others: an item by its id, anything else by its name, whatever the case."""

    kind: NodeKind
    label: str
    key: str


@dataclass(frozen=True, kw_only=True)
class Triple:
    """One edge. ``sentence``: which of the plot's sentences it was read from, from 1; 0 for metadata.

    ``place``: the how-manieth of its relation in the item's metadata, from 1: the second director has 2.
    """

    item_id: str
    head: Node
    relation: str
    tail: Node
    sentence: int = 0
    place: int = 0


def triples_of(item: Item, *, read: Reader = clause_of) -> tuple[Triple, ...]:
    """All triples of an item: of its metadata, then of its plot's first three sentences, as ``read`` reads them.

    >>> told = triples_of(Item(item_id="1", title="Jurassic Park", directors=("Steven Spielberg",), year=1993))
    >>> [(triple.head.label, triple.relation, triple.tail.label) for triple in told]
    [('Jurassic Park', 'directed_by', 'Steven Spielberg'), ('Jurassic Park', 'released_in', '1993')]
    """
    return (*metadata_triples(item), *plot_triples(item, read=read))


def metadata_triples(item: Item) -> tuple[Triple, ...]:
    """The item is the head of each; a value that is empty or stands twice under one relation gives none."""
    head = item_node(item)
    found: list[Triple] = []
    for relation, kind, values in _fields(item):
        seen: set[str] = set()
        for value in values[:MOST_VALUES]:
            tail = node(kind, value)
            if tail.key in seen or not tail.label:
                continue
            seen.add(tail.key)
            found.append(Triple(item_id=item.item_id, head=head, relation=relation.value, tail=tail, place=len(seen)))
    return tuple(found)


def plot_triples(item: Item, *, read: Reader = clause_of) -> tuple[Triple, ...]:
    """Subject, verb and object of the main clauses of the first three sentences; none where a sentence has none."""
    text = plot_of(item).text
    found: list[Triple] = []
    for number, sentence in enumerate(sentences(text)[:SENTENCES], start=1):
        clause = read(sentence)
        if clause is not None:
            head, tail = node(NodeKind.PLOT, clause.subject), node(NodeKind.PLOT, clause.object)
            found.append(Triple(item_id=item.item_id, head=head, relation=clause.verb, tail=tail, sentence=number))
    return tuple(found)


def item_node(item: Item) -> Node:
    label = " ".join(item.title[:TITLE_CHARACTERS].split()) or item.item_id
    return Node(kind=NodeKind.ITEM, label=label, key=f"item:{item.item_id}")


def node(kind: NodeKind, label: str) -> Node:
    label = " ".join(label[:LABEL_CHARACTERS].split())
    return Node(kind=kind, label=label, key=f"{kind}:{label.casefold()}")


def reader(parser: pipeline.Pipeline | None) -> Reader:
    """What reads a sentence's clause: the rules, or a spaCy pipeline's parse of the sentence alone."""
    if parser is None:
        return clause_of

    def read(sentence: str) -> Clause | None:
        return clause_of_tree(pipeline.load(parser)(sentence))

    return read


def _fields(item: Item) -> Iterator[tuple[Relation, NodeKind, tuple[str, ...]]]:
    yield Relation.DIRECTED_BY, NodeKind.PERSON, item.directors
    yield Relation.STARRING, NodeKind.PERSON, item.people
    yield Relation.HAS_GENRE, NodeKind.GENRE, item.genres
    yield Relation.RELEASED_IN, NodeKind.YEAR, () if item.year is None else (str(item.year),)
    yield Relation.IN_LANGUAGE, NodeKind.LANGUAGE, item.languages
    yield Relation.FROM_COUNTRY, NodeKind.COUNTRY, item.countries
    yield Relation.CERTIFIED, NodeKind.CERTIFICATE, (item.certificate,) if item.certificate.strip() else ()
