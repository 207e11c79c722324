"""Titles: whether the ids of a file mean the films that the same ids mean in a catalogue."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from triptych.catalogue.records import Item

#: With fewer titles to compare, two spellings of one film would decide.
FEWEST = 5
_YEAR = re.compile(r"\(\d{4}\)\s*$")


def doubt(pairs: Iterable[tuple[str, Item]]) -> str:
    """A note where most titles of a file differ from those of the items that its ids chose; "" where they do not.

    The same numbers often number other films: those of MovieLens 100K are not those of its successors.
    """
    both = [(theirs, item) for theirs, item in pairs if words(theirs) and words(item.title)]
    strange = [(theirs, item) for theirs, item in both if not alike(theirs, item.title)]
    if len(both) < FEWEST or 2 * len(strange) <= len(both):
        return ""
    theirs, item = strange[0]
    return (
        f"of {len(both):,} items whose title the file tells too, {len(strange):,} are called otherwise there: "
        f"{item.item_id!r} is {item.title[:60]!r} here and {theirs[:60]!r} there. Its ids seem to be of another "
        "numbering; give --map, and --replace to take these vectors out"
    )


def alike(one: str, other: str) -> bool:
    """Whether two titles have as good as the same words: all words of the shorter one, or half of all there are.

    >>> alike("Usual Suspects, The (1995)", "The Usual Suspects"), alike("Toy Story (1995)", "GoldenEye")
    (True, False)
    """
    mine, theirs = words(one), words(other)
    shared = len(mine & theirs)
    return shared == min(len(mine), len(theirs)) or 2 * shared >= len(mine | theirs)


def words(title: str) -> frozenset[str]:
    """Without the year at its end, marks over letters, large letters and English articles."""
    plain = unicodedata.normalize("NFKD", _YEAR.sub("", title)).casefold()
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return frozenset(re.findall(r"\w+", plain)) - {"the", "a", "an"}
