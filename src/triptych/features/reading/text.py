"""Text: what is read of an item's title and plot, and whether there is anything to read; for all readers alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from triptych.catalogue.records import Item
from triptych.features.reading import credit
from triptych.features.reading.credit import uncredited
from triptych.features.reading.rules import rules_of
from triptych.features.reading.words import words

#: A title longer than this is a mistake of the source.
TITLE_CHARACTERS = 512
#: No more of a plot is read: about 5,000 English words, three times what a sentence model's windows hold.
PLOT_CHARACTERS = 32_768


@dataclass(frozen=True, kw_only=True)
class Text:
    """``text``: what is read, well-formed; empty where there is no word, and ``missing`` says why."""

    text: str
    missing: str = ""
    warnings: tuple[str, ...] = ()


def title_params() -> dict[str, Any]:
    """In recipes of those who read titles."""
    return {"title_characters": TITLE_CHARACTERS}


def plot_params() -> dict[str, Any]:
    """In recipes of those who read plots."""
    return {"plot_characters": PLOT_CHARACTERS, "credits_left_out": rules_of(credit)}


def title_of(item: Item) -> Text:
    """The title. That of a film called ``$`` has no word, and is missing."""
    return _read(item.title, "title", TITLE_CHARACTERS)


def plot_of(item: Item) -> Text:
    """The plot less the credit at its end.

    >>> plot_of(Item(item_id="1", plot="They rob a bank. —John Doe <doe@example.org>")).text
    'They rob a bank.'
    >>> plot_of(Item(item_id="1", plot="…")).missing
    "there is no word in the item's plot"
    """
    return _read(uncredited(item.plot.strip()), "plot", PLOT_CHARACTERS)


def repaired(text: str) -> str:
    """The text as well-formed Unicode: surrogate pairs joined, a lone surrogate replaced by U+FFFD.

    JSON and some databases let halves of characters through, which no tokenizer takes.

    >>> repaired("a\\ud83d\\ude00b\\ud800")
    'a😀b\\ufffd'
    """
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _read(given: str, what: str, most: int) -> Text:
    whole = given.strip()
    text = repaired(whole[:most])
    if not any(map(_seen, text)):
        return Text(text="", missing=f"the item has no {what}")
    if not words(text):
        return Text(text="", missing=f"there is no word in the item's {what}")
    cut = (f"the {what} has {len(whole):,} characters; the first {most:,} were read",) if len(whole) > most else ()
    return Text(text=text, warnings=cut)


def _seen(character: str) -> bool:
    """Byte-order marks, control characters and halves of characters are not."""
    return character.isprintable() and character not in " \ufffd"
