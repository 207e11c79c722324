"""Inspect reading words: what is read of one item in sentences, and its fields as names and words."""

from __future__ import annotations

from collections.abc import Sequence

from triptych.catalogue.records import Item
from triptych.cli.inspect_reading import Reading
from triptych.cli.report_figure import plural
from triptych.drawing.axis import share_text

#: So many names of one field are told.
NAMES = 12


def fields(item: Item) -> list[tuple[str, str]]:
    """What is written of the item, but for its plot; what is not there is left out."""
    told = [
        ("Title", " ".join(item.title.split())),
        ("Year", "" if item.year is None else str(item.year)),
        ("Released", item.released_at),
        ("Runtime", "" if item.runtime_min is None else f"{item.runtime_min:g} minutes"),
        ("Genres", _listed(item.genres)),
        ("Directors", _listed(item.directors)),
        ("People", _listed(item.people)),
        ("Languages", _listed(item.languages)),
        ("Countries", _listed(item.countries)),
        ("Certificate", item.certificate),
    ]
    return [(name, words) for name, words in told if words.strip()]


def reading_says(item: Item, told: Reading) -> str:
    """The plot, its language, its names and the graph in sentences; what is missing is said."""
    lost = [
        name
        for name, there in (("title", item.title.strip()), ("genres", item.genres), ("people", item.people))
        if not there
    ]
    says = [f"The catalogue has no {' and no '.join(lost)} of it."] if lost else []
    if not told.plot:
        says.append(f"{told.missing[:1].upper()}{told.missing[1:]}.")
    else:
        says.append(
            f"Its plot has {plural(told.words, 'word')} in {plural(told.sentences, 'sentence')}, {_tongue(told)}."
        )
        says.append(_names(told))
    if told.triples:
        says.append(f"The knowledge graph has {plural(len(told.triples), 'edge')} of it.")
    else:
        says.append("The knowledge graph has nothing of it.")
    return " ".join([*says, *(f"{words[:1].upper()}{words[1:]}." for words in told.warnings)])


def read_opening(told: Reading) -> str:
    """The text in one sentence, for the terminal and the sheet."""
    if not told.words and not told.triples:
        return ""
    parts = [f"a plot of {plural(told.words, 'word')}" if told.words else "no plot"]
    counts = [(kind, sum(name.kind == kind for name in told.names)) for kind in ("person", "organisation", "place")]
    named = [plural(count, kind) for kind, count in counts if count]
    if named:
        parts.append(f"{', '.join(named)} named in it")
    if told.triples:
        parts.append(plural(len(told.triples), "edge") + " in the knowledge graph")
    if told.cards is not None:
        parts.append(f"{plural(len(told.cards.lines), 'line')} on its cards")
    return f"Read: {'; '.join(parts)}."


def cards_say(told: Reading) -> str:
    """What was read on the cards, or why nothing was."""
    if told.cards is None:
        if told.cards_reason.startswith("not asked for"):
            return "Nobody read them; it takes a second a card: triptych inspect CATALOGUE ITEM --read."
        return f"They were not read: {told.cards_reason}."
    if not told.cards.looked_at:
        return "The clip has no card at its ends."
    told_of = f"{plural(told.cards.looked_at, 'card')} at the clip's ends"
    left = f" {told.cards.left} of them were not read; rolling credits are cards too." if told.cards.left else ""
    if not told.cards.lines:
        return f"{told_of}; nothing could be read there.{left}"
    return f"{plural(len(told.cards.lines), 'line')} on {told_of}, each as it was read most surely.{left}"


def _tongue(told: Reading) -> str:
    if not told.language:
        return "in a language that its commonest words do not tell"
    return f"in {told.language} ({share_text(told.language_share)} are its stop words)"


def _names(told: Reading) -> str:
    if told.nameless:
        return f"Names in it are not told: {told.nameless}."
    if not told.names:
        return "It names nobody and no place."
    different = len({(name.kind, name.text.casefold()) for name in told.names})
    several = f", {different} of them different" if 1 < different < len(told.names) else ""
    return f"{plural(len(told.names), 'name')} in it, by rules made for English{several}."


def _listed(names: Sequence[str]) -> str:
    more = f" … and {len(names) - NAMES:,} more" if len(names) > NAMES else ""
    return ", ".join(names[:NAMES]) + more
