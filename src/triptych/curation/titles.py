"""Titles: what a title says once its spelling is taken away: name, part of a series, other names, year."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

#: At a title's end after a comma: "Apartment, The", "Misérables, Les".
_ARTICLES = (
    "the|a|an|le|la|les|l|un|une|des|el|los|las|una|il|lo|gli|i|o|os|as|um|uma|der|die|das|den|dem|ein|eine|de|het|een"
    "|en|ett|det"
)
#: At its beginning, where "Die Hard", "As Good as It Gets" and "I, Robot" must keep their first word.
_LEADING = frozenset(("the", "a", "an", "le", "la", "les", "el", "il", "der", "das"))
_MOVED = re.compile(rf",\s*({_ARTICLES})\s*(?=$|:|\s[-–—]\s)", re.IGNORECASE)
_YEAR = re.compile(r"\s*[(\[](\d{4})\s*(?:[-–—]\s*(?:\d{4})?)?[)\]]\s*$")
_BRACKET = re.compile(r"(?<=\s)[(\[]([^()\[\]]*)[)\]]")
_AKA = re.compile(r"^\s*(?:a\.?\s?k\.?\s?a\.?|also known as)[\s:]+", re.IGNORECASE)
#: Words in brackets that name no other title.
_REMARKS = frozenset(("tv", "v", "vg", "video", "short", "uncut", "unrated", "extended", "restored", "3d", "imax"))
_REMARK = re.compile(
    r"\b(cut|version|edition|remaster(ed)?|mini-?series|tv (series|movie)|director'?s)\b", re.IGNORECASE
)
_PIECES = re.compile(r"\s*:\s+|\s*:$|\s+[-–—]+\s+")
_KEYWORDS = frozenset(("part", "parts", "chapter", "episode", "vol", "volume", "no", "number", "book", "pt"))
_WORDS = {
    word: number
    for number, words in enumerate(
        (
            "one i",
            "two deux ii",
            "three trois iii",
            "four iv",
            "five v",
            "six vi",
            "seven vii",
            "eight viii",
            "nine ix",
            "ten x",
            "eleven xi",
            "twelve xii",
            "thirteen xiii",
            "fourteen xiv",
            "fifteen xv",
            "sixteen xvi",
            "seventeen xvii",
            "eighteen xviii",
            "nineteen xix",
            "twenty xx",
        ),
        start=1,
    )
    for word in words.split()
}
#: These count only after "Part" or its like, since without it something else is meant: "Malcolm X", "Fantastic Four".
_NOT_ALONE = frozenset(("i", "x", "one", "deux", "trois", "four", "five", "six", "seven", "eight", "nine", "ten"))
_MOST = 20
#: Kings and wars are numbered too, and are not sequels.
_NUMBERED = frozenset(
    (
        "henry",
        "richard",
        "george",
        "louis",
        "charles",
        "edward",
        "james",
        "pius",
        "paul",
        "ivan",
        "philip",
        "elizabeth",
        "nicholas",
        "frederick",
        "wilhelm",
        "war",
    )
)


@dataclass(frozen=True, kw_only=True)
class NormalTitle:
    """A title without article, case, accents and punctuation.

    ``key``: all of it, sequel numbers in digits and at their place. ``base``: the name before the number and the
    subtitle. ``leads``: what the title begins with up to each of its colons and dashes and up to its number, shortest
    first. ``number``: which part of a series it says it is, None where it does not. ``alternatives``: the keys of the
    names in brackets.
    """

    key: str
    base: str
    leads: tuple[str, ...] = ()
    number: int | None = None
    subtitle: str = ""
    alternatives: tuple[str, ...] = ()
    year: int | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.key, *self.alternatives)


@lru_cache(maxsize=1 << 15)
def normal_title(title: str) -> NormalTitle:
    """Read a title as catalogues write them.

    >>> sequel = normal_title("Godfather: Part II, The (1974)")
    >>> sequel.key, sequel.base, sequel.number, sequel.year
    ('godfather 2', 'godfather', 2, 1974)
    >>> normal_title("Star Wars: Episode IV - A New Hope (1977)").key
    'star wars 4 new hope'
    >>> normal_title("Maybe, Maybe Not (Bewegte Mann, Der) (1994)").alternatives
    ('bewegte mann',)
    """
    text = _plain(title).strip()
    year: int | None = None
    if found := _YEAR.search(text):
        text, year = text[: found.start()], int(found.group(1))
    others: list[str] = []

    def aside(bracket: re.Match[str]) -> str:
        said = bracket.group(1).strip()
        named = _AKA.sub("", said)
        tokens = _tokens(said)
        if tokens and tokens[0] in _KEYWORDS:
            return f" {said} "
        if tokens and tokens[0] not in _REMARKS and not _REMARK.search(said):
            others.append(named)
        return " "

    text = _BRACKET.sub(aside, text)
    key, leads, number, subtitle = _read(text)
    alternatives = dict.fromkeys(_read(other)[0] for other in others)
    return NormalTitle(
        key=key,
        base=leads[-1 if number is not None else 0] if leads else key,
        leads=tuple(leads),
        number=number,
        subtitle=subtitle,
        alternatives=tuple(name for name in alternatives if name and name != key),
        year=year,
    )


def _read(text: str) -> tuple[str, list[str], int | None, str]:
    """Key, leads, number and subtitle of a title without year and brackets."""
    pieces = [_tokens(piece) for piece in _PIECES.split(_MOVED.sub("", text.strip()))]
    pieces = [_without_article(tokens) for tokens in pieces if tokens]
    whole: list[str] = []
    name: list[str] = []
    leads: list[str] = []
    part: int | None = None
    after: list[str] = []
    for tokens in pieces:
        rest, number = _numbered(tokens, first=not name, more=tokens is not pieces[-1])
        whole += rest
        if part is None:
            name += rest
            if name and (not leads or leads[-1] != " ".join(name)):
                leads.append(" ".join(name))
        else:
            after += rest
        if number is not None:
            whole.append(str(number))
            part = number if part is None else part
    if part is None and len(pieces) > 1:
        after = [token for tokens in pieces[1:] for token in tokens]
    elif part is not None and len(leads) > 1 and leads[0] != leads[-1] and not after:
        after = leads[-1].removeprefix(leads[0]).split()
    return " ".join(whole), leads, part, " ".join(after)


def _numbered(tokens: list[str], *, first: bool, more: bool = False) -> tuple[list[str], int | None]:
    """The tokens of one piece without its sequel number, and the number.

    >>> _numbered("friday the 13th part 8".split(), first=True)
    (['friday', 'the', '13th'], 8)
    >>> _numbered(["apollo", "440"], first=True), _numbered(["henry", "v"], first=True)
    ((['apollo', '440'], None), (['henry', 'v'], None))
    """
    if len(tokens) > 3 and tokens[-2:] in (["1", "2"], ["1", "3"]) and tokens[-3].isdigit():
        return tokens[:-3], int(tokens[-3])  # The Naked Gun 2½ and 33⅓
    last = tokens[-1]
    number = int(last) if last.isascii() and last.isdigit() and len(last) < 4 else _WORDS.get(last)
    if number is None or not 1 <= number <= _MOST:
        return tokens, None
    if len(tokens) > 1 and tokens[-2] in _KEYWORDS:
        return (tokens, None) if first and len(tokens) == 2 else (tokens[:-2], number)
    alone = len(tokens) < 2 and first
    reigns = len(tokens) > 1 and tokens[-2] in _NUMBERED and not last.isdigit()
    # "Samurai I: Musashi Miyamoto" has a part, "Malcolm X" has none.
    unsure = (number == 1 or last in _NOT_ALONE) and not (more and last in ("i", "1"))
    return (tokens, None) if alone or unsure or reigns else (tokens[:-1], number)


def _plain(title: str) -> str:
    """Without accents, in lower case, superscript digits set apart, quotes gone."""
    bare = title
    if not title.isascii():
        spread = "".join(f" {sign}" if unicodedata.category(sign) == "No" else sign for sign in title)
        bare = unicodedata.normalize("NFKD", spread)
        bare = "".join(sign for sign in bare if not unicodedata.combining(sign))
    return re.sub(r"['’‘`´]", "", bare.casefold()).replace("&", " and ")


def _tokens(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text)


def _without_article(tokens: list[str]) -> list[str]:
    return tokens[1:] if len(tokens) > 1 and tokens[0] in _LEADING else tokens
