"""Mentions: the persons, organisations and places that a text names, found by rules."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from triptych.features.reading import grammar
from triptych.features.reading.gazetteer import (
    ACRONYMS,
    GIVEN_NAMES,
    LOCATIVES,
    NOT_NAMES,
    ORGANISATIONS,
    ORGANISATIONS_OF,
    PARTICLES,
    PLACE_FRONTS,
    PLACE_HEADS,
    PLACES,
    TITLES,
)
from triptych.features.reading.rules import listed
from triptych.features.reading.sentences import sentences

#: Changed whenever the rules give other names; the lists speak for themselves.
RULES = 1
#: Words of one name; a longer run of capitals is a heading.
LONGEST = 6
#: Of the words inside sentences, so many with a capital, and of all so many of these, show a German text.
GERMAN_CAPITALS, GERMAN_WORDS = 0.2, 0.08
_GERMAN = listed("der die das und ein eine einen einem einer ist mit von den dem des im zu nicht sich auf für als auch")
#: Of the words of two letters and more, so many all in capitals show a text whose capitals say nothing.
SHOUTED = 0.5

_WORD = re.compile(r"[^\W\d_]+(?:[.'’&-][^\W\d_]+)*|\d+(?:[.,]\d+)*")

_INITIALS = re.compile(r"[^\W\d_](?:\.[^\W\d_])*")

#: Nouns that begin a sentence without an article: by their ending, and others.
_ABSTRACT = (
    "ship",
    "ness",
    "ment",
    "tion",
    "sion",
    "ity",
    "ism",
    "dom",
    "hood",
    "ance",
    "ence",
    "ing",
    "ery",
    "one",
    "body",
)
_UNCOUNTED = listed(
    "time love life death war peace money trouble tragedy disaster chaos hell humanity man mankind woman history "
    "fate luck crime fear evil hope truth news reality society nature art beauty music work home school help word "
    "everything nothing something anything adventure comedy drama horror romance panic revenge mayhem hilarity "
    "law what who where when why how whoever whatever today tomorrow tonight nobody pandemonium mystery murder "
    "action suspense terror justice faith magic power passion greed jealousy desire"
)

#: Words that begin sentences and no names.
_CLOSED = (
    grammar.DETERMINERS
    | grammar.PRONOUNS
    | grammar.PREPOSITIONS
    | grammar.SUBORDINATORS
    | grammar.AUXILIARIES
    | grammar.COORDINATORS
    | grammar.NUMERALS
)


class Kind(StrEnum):
    """What a name names."""

    PERSON = "person"
    ORGANISATION = "organisation"
    PLACE = "place"


@dataclass(frozen=True, kw_only=True)
class Entity:
    """One mention: ``text`` as written, ``start`` and ``end`` its place in the whole text, in characters."""

    kind: Kind
    text: str
    start: int
    end: int


def entities_of(text: str) -> tuple[Entity, ...]:
    """The names in a text, in order, by rules for English that others pass without harm.

    A name is a run of words with capitals, joined by what joins names (``of``, ``de``, ``van``…). The first word of
    a sentence counts where it is a known name, bears a capital elsewhere in the text too, or is followed by another.
    Of which kind it is, is told by what stands before it (``Dr``, ``in``), by its last word (``Police``, ``River``),
    and by lists of given names and places; a name of which nothing is known is a person's, as nearly all in plots are.
    What follows ``the`` and is in no list (the Titanic), and nations, days and feasts are left out.

    In German, where all nouns bear capitals, only what the lists know is a name. Writing without capitals, or all in
    capitals, gives none: see :func:`readable`.

    >>> [(entity.kind.value, entity.text) for entity in entities_of("In Paris, Dr. Ellie Sattler calls the FBI.")]
    [('place', 'Paris'), ('person', 'Dr. Ellie Sattler'), ('organisation', 'FBI')]
    """
    words = [_Word(match[0], match.start(), match.end()) for match in _WORD.finditer(text)]
    if not words or not readable(text):
        return ()
    opening = _openings(text, words)
    inside = {word.text for k, word in enumerate(words) if k not in opening and word.capital}
    strict = _german(words, opening)
    found: list[Entity] = []
    at = 0
    while at < len(words):
        end = _run(text, words, at, opening, inside)
        if end == at:
            at += 1
            continue
        found += _named(text, words, at, end, strict=strict)
        at = end
    return tuple(found)


def readable(text: str) -> bool:
    """Whether capitals say anything in this text: it has small letters and capitals, and is not shouted."""
    words = [match[0] for match in _WORD.finditer(text) if len(match[0]) > 1]
    shouted = sum(word.isupper() for word in words)
    cased = any(word != word.swapcase() for word in words)
    return cased and shouted <= SHOUTED * len(words)


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    start: int
    end: int

    @property
    def capital(self) -> bool:
        return self.text[0].isupper()


def _openings(text: str, words: Sequence[_Word]) -> set[int]:
    """Which words are the first of their sentence, or of what is quoted or listed: their capital says nothing."""
    # Sentences come with their white space changed, so they are laid on the text by counting what is none.
    marks = [k for k, character in enumerate(text) if not character.isspace()]
    starts, count = [0], 0
    for sentence in sentences(text):
        starts.append(marks[count] if count < len(marks) else len(text))
        count += len(sentence) - sentence.count(" ")
    found: set[int] = set()
    last = -1
    for k, word in enumerate(words):
        sentence = bisect_right(starts, word.start)
        before = text[words[k - 1].end : word.start] if k else ""
        if sentence != last or any(mark in before for mark in ':"“«(—–…'):
            found.add(k)
        last = sentence
    return found


def _german(words: Sequence[_Word], opening: set[int]) -> bool:
    inner = [word for k, word in enumerate(words) if k not in opening]
    capitals = sum(word.capital for word in inner)
    known = sum(word.text.lower() in _GERMAN for word in words)
    return capitals > GERMAN_CAPITALS * len(inner) and known > GERMAN_WORDS * len(words)


def _run(text: str, words: Sequence[_Word], at: int, opening: set[int], inside: set[str]) -> int:
    """The end of the run of name words that begins at a word; ``at`` itself where none does."""
    if not _starts(text, words, at, opening, inside):
        return at
    end = at + 1
    while end < len(words) and end - at < LONGEST and end not in opening:
        gap = text[words[end - 1].end : words[end].start]
        if not (gap in (" ", "\n") or (gap.strip() == "." and _dotted(words[end - 1].text)) or gap == " & "):
            break
        word = words[end]
        if word.text in PARTICLES:
            last = end + 1
            while last < len(words) and words[last].text in PARTICLES | {"the"} and last - end < 2:
                last += 1
            joined = (
                last < len(words) and words[last].capital and " ".join(text[word.start : words[last].start].split())
            )
            if not joined or not _joins(words, at, end):
                break
            end = last + 1
        elif (word.capital and word.text not in NOT_NAMES and word.text.lower() not in grammar.PRONOUNS) or (
            word.text.isdigit() and len(word.text) <= 3 and end - at >= 1 and words[end - 1].text.isupper()
        ):
            end += 1
        else:
            break
    return end


def _starts(text: str, words: Sequence[_Word], at: int, opening: set[int], inside: set[str]) -> bool:
    word = words[at]
    bare = _bare(word.text)
    if not word.capital or word.text in NOT_NAMES or bare in NOT_NAMES:
        return False
    if at not in opening:
        return bare.lower() not in grammar.PRONOUNS | grammar.ARTICLES
    if _common(bare):
        # The first word of a sentence, and one that begins many.
        return (bare in GIVEN_NAMES or bare in TITLES) and _followed(text, words, at)
    known = bare in GIVEN_NAMES or bare in PLACES or bare in ACRONYMS or bare in TITLES
    if known or bare in inside or word.text in inside:
        return bare not in TITLES or _followed(text, words, at)
    return (
        _acts(words, at, opening)
        or _followed(text, words, at)
        or text[word.end : word.end + 2] in ("'s", "’s")
        or word.text.endswith(("'s", "’s"))
    )


def _acts(words: Sequence[_Word], at: int, opening: set[int]) -> bool:
    """Whether a verb in the singular follows: a common noun would have its article, if it is not of those without."""
    if at + 1 >= len(words) or at + 1 in opening:
        return False
    low, verb = words[at].text.lower(), words[at + 1].text
    abstract = low.endswith(_ABSTRACT) or low in _UNCOUNTED
    third = grammar.Form.S in grammar.forms().get(verb, grammar.Form.NONE) or verb in ("is", "was", "has", "must")
    return third and not abstract and not low.endswith("s")


def _followed(text: str, words: Sequence[_Word], at: int) -> bool:
    """Whether another word with a capital follows directly."""
    if at + 1 >= len(words):
        return False
    gap = text[words[at].end : words[at + 1].start]
    following = words[at + 1]
    if following.text in PARTICLES and gap == " " and at + 2 < len(words):
        return words[at + 2].capital and text[following.end : words[at + 2].start] == " " and following.text != "of"
    near = gap == " " or (gap == ". " and _dotted(words[at].text))
    return near and following.capital and _bare(following.text) not in NOT_NAMES


def _common(word: str) -> bool:
    low = word.lower()
    adverb = grammar.is_adverb(low) and word not in GIVEN_NAMES  # Emily
    return low in _CLOSED or adverb or low in grammar.forms()


def _joins(words: Sequence[_Word], at: int, particle: int) -> bool:
    """``of`` joins only what is not a person's name: University of Texas, but Robin of Locksley is left whole too."""
    if words[particle].text != "of":
        return True
    return _bare(words[particle - 1].text) in ORGANISATIONS_OF | PLACE_HEADS | TITLES | {
        "United",
        "States",
        "Robin",
        "Joan",
    }


def _dotted(word: str) -> bool:
    """Before a full stop that ends no sentence: initials, Dr., St."""
    return _INITIALS.fullmatch(word) is not None or word in TITLES or word in ("St", "Mt", "Ft", "Jr", "Sr")


def _bare(word: str) -> str:
    """Without the possessive."""
    return word[:-2] if word.endswith(("'s", "’s")) else word


def _named(text: str, words: Sequence[_Word], at: int, end: int, *, strict: bool) -> list[Entity]:
    """The entities that a run holds: none, one, or two where a possessive parts it."""
    for k in range(at, end - 1):
        if words[k].text.endswith(("'s", "’s")):
            return [
                *_named(text, words, at, k + 1, strict=strict),
                *_named(text, words, k + 1, end, strict=strict),
            ]
    run = words[at:end]
    while run and (
        _bare(run[0].text) in NOT_NAMES
        or (len(run) > 1 and _common(run[0].text) and run[0].text not in TITLES | GIVEN_NAMES)
    ):
        run = run[1:]
    if not run:
        return []
    before = words[at - 1] if at else None
    led = before.text.lower() if before is not None and text[before.end : run[0].start].isspace() else ""
    kind = _kind([_bare(word.text) for word in run], led, strict=strict)
    if kind is None:
        return []
    last = run[-1]
    stop = last.start + len(_bare(last.text))
    return [Entity(kind=kind, text=text[run[0].start : stop], start=run[0].start, end=stop)]


def _kind(run: Sequence[str], led: str, *, strict: bool) -> Kind | None:
    """Of which kind a name is; ``led``: the word before it. None for what is none of the three, or not known to be."""
    whole, first, last = " ".join(run), run[0], run[-1]
    if whole in PLACES:
        return Kind.PLACE
    if first in TITLES and len(run) > 1:
        return Kind.PERSON
    if whole in ACRONYMS or (first in ACRONYMS and last not in PLACE_HEADS and len(run) == 1):
        return Kind.ORGANISATION
    if len(run) > 1 and (last in ORGANISATIONS or (first in ORGANISATIONS_OF and run[1] in ("of", "for"))):
        return Kind.ORGANISATION
    if first in GIVEN_NAMES and last not in PLACE_HEADS:
        return Kind.PERSON
    if len(run) > 1 and (last in PLACE_HEADS or first in PLACE_FRONTS or last in PLACES):
        return Kind.PLACE
    if any(word in GIVEN_NAMES for word in run):
        return Kind.PERSON
    if any(word in ACRONYMS for word in run):
        return Kind.ORGANISATION
    if strict or led == "the" or first in TITLES | ORGANISATIONS | PLACE_HEADS:
        return None
    if len(run) == 1 and led in LOCATIVES:
        return Kind.PLACE if not first.isupper() else None
    if led in ("a", "an") or (len(run) == 1 and first.isupper() and len(first) > 1):
        return None
    return Kind.PERSON
