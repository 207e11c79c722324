"""Titles: one film's name in the spellings of a catalogue, and whether two of them are the same."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

#: What is moved behind a comma so that titles sort: "Godfather, The".
_ARTICLES = "the|an?|l[aeo]|les|l'|une?|il|i|gli|el|l[oa]s|un[oa]|der|die|das|de[nt]|de|het|eine?|en|ett|et|os?|as|uma?"
_MOVED = re.compile(rf"(?P<rest>.+), ?(?P<article>{_ARTICLES})", re.IGNORECASE | re.DOTALL)
_YEAR = re.compile(r"\s*[(\[]\s*(\d{4})\s*(?:[-–—/]\s*(?:\d{2,4})?\s*)?[)\]]\s*(?:\((?:V|TV)\)\s*)?$")
_ALSO = re.compile(r"\s*\b(?:a\.\s?k\.\s?a\.?|aka)\s*:?\s+|\s*;\s*", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """``names`` by which a film may be known, the likeliest first, and the year that stands behind its title."""

    names: tuple[str, ...]
    year: int | None


def read_title(title: str) -> Reading:
    """The article goes to the front, other titles come out of their brackets, the year comes off the end.

    >>> read_title("City of Lost Children, The (Cité des enfants perdus, La) (1995)")
    Reading(names=('The City of Lost Children', 'La Cité des enfants perdus'), year=1995)
    >>> read_title("(500) Days of Summer").names
    ('(500) Days of Summer',)
    """
    rest, year = title.strip(), None
    if (found := _YEAR.search(rest)) and found.start() and 1870 <= int(found[1]) <= 2200:
        rest, year = rest[: found.start()], int(found[1])
    others: list[str] = []
    while (opened := _last_bracket(rest)) > 0:
        others[:0] = _ALSO.split(rest[opened + 1 :].rstrip()[:-1])
        rest = rest[:opened].rstrip()
    names = dict.fromkeys(_front(part) for part in (rest, *others) if part.strip())
    return Reading(names=tuple(names), year=year)


def folded(title: str) -> str:
    """What is left of a title when case, accents and punctuation do not count.

    >>> folded("WALL·E & the Misérables’ song") == folded("Wall E and the miserables' song")
    True
    """
    text = unicodedata.normalize("NFKD", title).casefold().replace("&", " and ")
    text = "".join(c for c in text if not unicodedata.combining(c) and c not in "'’‘`´")
    return " ".join(re.findall(r"\w+", text)) or title.strip().casefold()


def _front(name: str) -> str:
    name = " ".join(name.split())
    found = _MOVED.fullmatch(name)
    if found is None:
        return name
    return f"{found['article']}{'' if found['article'].endswith(chr(39)) else ' '}{found['rest']}"


def _last_bracket(text: str) -> int:
    """Where the bracket opens that closes at the end of the text; -1 where there is none."""
    text = text.rstrip()
    depth = 0
    for at in range(len(text) - 1, -1, -1):
        depth += (text[at] == ")") - (text[at] == "(")
        if depth == 0:
            return at if text[at] == "(" else -1
    return -1
