"""Noun phrase: where one ends in an English sentence and which noun is its head; which words after it are verbs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from triptych.features.reading import grammar
from triptych.features.reading.grammar import Form
from triptych.features.reading.rules import listed
from triptych.features.reading.tokens import Token

_PLURALS = listed("men women children people police mice thieves wives lives folk cattle feet teeth")
_ADJECTIVES = listed(
    "young old big little small new tough poor rich bad good dark cold sick great large long short tall early "
    "late high low strong weak wild mad sad black white red blue green gay dead fat thin fine brave cruel shy "
    "smart quiet strange rude blind deaf mute raw hard soft hot warm evil mean vain first last next same former "
    "real true false"
)
_ADJECTIVAL = (
    *("ous", "ful", "ive", "al", "ic", "less", "able", "ible", "ish"),
    *("ed", "ing", "ary", "ant", "ent", "y", "ular", "ian"),
)
#: Of these a thing may be spoken after: dreams of, hears of. After other words in -s, ``of`` shows a noun.
_OF_VERBS = listed("dream think speak hear learn die consist dispose know tell approve complain")
#: Begin a phrase by themselves where nothing follows that they could belong to.
_EITHER = listed("this that these those both all another many few most each one none some any such her what several")

_COUNTERS = grammar.DETERMINERS | grammar.NUMERALS
_OBJECT_BEGINS = _COUNTERS | grammar.OBJECT_PRONOUNS
_STOPS = grammar.PREPOSITIONS | grammar.COORDINATORS | grammar.AUXILIARIES
_CLAUSE_BEGINS = grammar.SUBORDINATORS | grammar.RELATIVES | {"how", "why", "what"}
_PERSONAL = grammar.SUBJECT_PRONOUNS | grammar.OBJECT_PRONOUNS
_LEANT_ON = grammar.SUBJECT_PRONOUNS | {"that", "this", "what", "it"}
_BEFORE_NOUNS = grammar.DETERMINERS - {"all", "both", "each", "own", "that"} | {"'s"}
_FINITE = grammar.AUXILIARIES - {"being", "having"}
_CLOSED = _STOPS | grammar.RELATIVES | {",", ".", "'s"}
_AFTER_VERBS = grammar.PREPOSITIONS | grammar.SUBORDINATORS | grammar.RELATIVES | grammar.PRONOUNS | {"to", "and"}
_AFTER_BASES = grammar.PREPOSITIONS | {".", ",", "and", "that"}
_DIRECTIONS = grammar.PREPOSITIONS - {"of"}


class Verbal(IntEnum):
    """How surely a word in this place is a finite verb."""

    NO = 0
    WEAK = 1
    STRONG = 2


@dataclass(frozen=True, kw_only=True)
class NounPhrase:
    """``head`` as written; ``end``: the first token after the phrase. ``name``: the head is a name or a pronoun."""

    head: str
    end: int
    plural: bool
    name: bool


def noun_phrase(tokens: Sequence[Token], at: int, *, subject: bool, pending: bool = False) -> NounPhrase | None:
    """The noun phrase that begins at a token; None where none does.

    ``subject``: a verb may follow it directly. ``pending``: the verb of a subject in the plural is still to come.
    """
    start, heads = at, list[int]()
    counted = False
    while at < len(tokens):
        token = tokens[at]
        low = token.low
        previous = tokens[at - 1] if at > start else None
        if low == "'s":
            if not heads or tokens[heads[-1]].low in _LEANT_ON:
                break
            heads.clear()
            counted = True
        elif token.comma or low in ("and", "but"):
            if not (heads and _goes_on(tokens, at, start)):
                break
            heads.clear()
        elif low in grammar.PRONOUNS and low not in grammar.DETERMINERS and low not in grammar.NUMERALS:
            if heads or counted:
                break
            return _pronoun(tokens, at)
        elif low in _EITHER and not heads and not counted and not _belongs(tokens, at + 1):
            return _pronoun(tokens, at)
        elif low in _COUNTERS or low[:1].isdigit():
            if heads and low[:1].isdigit():
                at += 1
                continue
            numbered = low in grammar.NUMERALS and bool(heads) and _adjective(tokens[at - 1].low)
            if (heads and not numbered) or (
                previous is not None and previous.low[:1].isdigit() and low in grammar.ARTICLES
            ):
                break
            counted = True
        elif low == "." or low in _STOPS or low in _CLAUSE_BEGINS:
            break
        elif grammar.is_adverb(low) and not token.capital:
            if heads or not (at + 1 < len(tokens)) or not _belongs(tokens, at + 1):
                break
        else:
            bare = not heads and not counted and not token.capital and _bare_verb(tokens, at)
            if bare or (heads and _ends_before(tokens, at, subject=subject, pending=pending)):
                break
            heads.append(at)
        at += 1
        if previous is None and at - start > 24:
            break
    if not heads:
        return _number(tokens, at) if at > start else None
    while at > start and (tokens[at - 1].comma or tokens[at - 1].low in ("and", "but")):
        at -= 1
    return _phrase(tokens, heads, at)


def _phrase(tokens: Sequence[Token], heads: Sequence[int], end: int) -> NounPhrase:
    last = heads[-1]
    first = last
    if tokens[last].capital:
        while first - 1 in heads and tokens[first - 1].capital:
            first -= 1
        if first == 0 and first < last and (tokens[0].low in _ADJECTIVES or tokens[0].low.endswith(("ous", "ful"))):
            first = 1
    head = " ".join(tokens[k].text for k in range(first, last + 1))
    named = tokens[last].capital and (last > 0 or first < last)
    return NounPhrase(head=head, end=end, plural=_plural(tokens[last]) and not named, name=named)


def _pronoun(tokens: Sequence[Token], at: int) -> NounPhrase:
    low = tokens[at].low
    plural = low in (
        "they",
        "we",
        "you",
        "i",
        "these",
        "those",
        "both",
        "all",
        "many",
        "few",
        "most",
        "several",
        "some",
    )
    return NounPhrase(head=tokens[at].text, end=at + 1, plural=plural, name=True)


def _number(tokens: Sequence[Token], end: int) -> NounPhrase | None:
    """A year, or another number that stands for itself."""
    last = tokens[end - 1]
    return NounPhrase(head=last.text, end=end, plural=False, name=False) if last.low[:1].isdigit() else None


def _plural(token: Token) -> bool:
    low = token.low
    return low in _PLURALS or (low.endswith("s") and not low.endswith(("ss", "us", "is")) and len(low) > 3)


def _belongs(tokens: Sequence[Token], at: int) -> bool:
    """Whether a word can stand in a noun phrase before its head, or be it."""
    if at >= len(tokens):
        return False
    low = tokens[at].low
    if low in _CLOSED or low in _PERSONAL:
        return False
    form = grammar.forms().get(low, Form.NONE)
    return not (Form.S in form and at + 1 < len(tokens) and _object_begins(tokens[at + 1]))


def _goes_on(tokens: Sequence[Token], at: int, start: int) -> bool:
    """Whether a comma or ``and`` stands between two adjectives of one phrase: a very tough, rugged agent."""
    before, after = tokens[at - 1].low, at + 1
    if tokens[at].comma and after < len(tokens) and tokens[after].low in ("and", "but"):
        after += 1
    if after + 1 >= len(tokens) or not _adjective(before) or tokens[at - 1].capital:
        return False
    first, then = tokens[after].low, tokens[after + 1]
    begun = before.endswith(("ous", "al", "ic", "ive", "ful", "less")) or any(
        tokens[k].low in grammar.DETERMINERS for k in range(start, at)
    )
    return begun and _adjective(first) and not tokens[after].capital and _belongs(tokens, after + 1) and not then.comma


def _adjective(low: str) -> bool:
    return low in _ADJECTIVES or (low.endswith(_ADJECTIVAL) and len(low) > 4) or "-" in low


def _bare_verb(tokens: Sequence[Token], at: int) -> bool:
    """A verb form that no noun phrase begins with where there is no article."""
    form = grammar.forms().get(tokens[at].low, Form.NONE)
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    directed = after is not None and (_object_begins(after) or after.low in _DIRECTIONS)
    past = bool(form) and not form & (Form.BASE | Form.S | Form.ING)
    return form in (Form.PAST, Form.PARTICIPLE) or ((past or form is Form.S) and directed)


def _ends_before(tokens: Sequence[Token], at: int, *, subject: bool, pending: bool) -> bool:
    """Whether a word that follows a noun belongs no more to its phrase."""
    token = tokens[at]
    if token.capital:
        return False
    form = grammar.forms().get(token.low, Form.NONE)
    before = tokens[at - 1]
    plural = _plural(before) and not before.capital if subject else None
    found = strength(tokens, at, plural=plural, name=before.capital)
    if found == Verbal.STRONG or (found == Verbal.WEAK and (subject or before.capital)):
        return True
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    directed = after is not None and (_object_begins(after) or after.low in grammar.PREPOSITIONS)
    if pending and (directed or before.capital) and strength(tokens, at, plural=True, name=False) == Verbal.STRONG:
        return True
    if subject and before.capital and at == 1 and strength(tokens, at, plural=True, name=True) == Verbal.STRONG:
        return True  # Friends discover: a sentence's first word has a capital whatever it is
    if Form.ING in form:
        return not _adjective(before.low) or _bound(tokens, at + 1)  # an honest living, a man living in…
    if form in (Form.PARTICIPLE, Form.PAST):
        return True
    if form & Form.PARTICIPLE and not (form & Form.BASE):
        return not _belongs(tokens, at + 1) or token.low in grammar.NAMING
    return token.low in grammar.NAMING


def _bound(tokens: Sequence[Token], at: int) -> bool:
    return at < len(tokens) and _object_begins(tokens[at])


def _object_begins(token: Token) -> bool:
    low = token.low
    return low in _OBJECT_BEGINS or low.endswith(("self", "selves")) or low[:1].isdigit()


def strength(tokens: Sequence[Token], at: int, *, plural: bool | None, name: bool) -> Verbal:
    """How surely the word at a place, with a noun before it, is a finite verb.

    ``plural``: number of the subject; None where another phrase stands between, and either may be right.
    ``name``: the subject is a name or a pronoun, after which no word can be part of the phrase.
    """
    if at >= len(tokens):
        return Verbal.NO
    token, low = tokens[at], tokens[at].low
    before = tokens[at - 1] if at else None
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    if low in grammar.AUXILIARIES:
        if low == "am" and (before is None or before.low != "i"):
            return Verbal.NO  # a preposition in German
        return Verbal.STRONG if low not in ("be", "been", "being", "having") else Verbal.NO
    if low == "'s":
        return Verbal.STRONG if before is not None and before.low in grammar.PRONOUNS else Verbal.NO
    if token.capital or (not name and before is not None and before.low in _BEFORE_NOUNS):
        return Verbal.NO
    form = grammar.forms().get(low, Form.NONE)
    objects = after is not None and (_object_begins(after) or after.capital)
    if form in (Form.NONE, Form.ING):
        return _unknown(low, after, objects=objects, plural=plural, name=name) if form is Form.NONE else Verbal.NO
    if Form.PAST in form and Form.PARTICIPLE not in form and Form.BASE not in form:
        return Verbal.STRONG
    if Form.S in form and plural is not True:
        return _third_person(tokens, at)
    if Form.BASE in form and plural is not False and (plural or objects or name):
        adverbial = after is None or after.low in _AFTER_BASES
        if objects or adverbial or (plural and (name or Form.PAST not in form)):
            return Verbal.STRONG
        return Verbal.NO
    if Form.PAST in form:
        return _past(low, after, objects=objects, name=name)
    return Verbal.NO


def _third_person(tokens: Sequence[Token], at: int) -> Verbal:
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    if after is None or after.low in (".", ","):
        return Verbal.WEAK
    if after.low == "of" and grammar.base_of(tokens[at].low) not in _OF_VERBS:
        return Verbal.NO
    if after.low in _FINITE or after.low == "'s":
        return Verbal.NO
    form = grammar.forms().get(after.low, Form.NONE)
    following = tokens[at + 2] if at + 2 < len(tokens) else None
    # Of two words in -s the second is the verb: the gang plans fails.
    if Form.S in form and following is not None and _object_begins(following):
        return Verbal.NO
    sure = _object_begins(after) or after.capital or after.low in _AFTER_VERBS or grammar.is_adverb(after.low)
    return Verbal.STRONG if sure or Form.ING in form else Verbal.WEAK


def _past(low: str, after: Token | None, *, objects: bool, name: bool) -> Verbal:
    """Of a form that may be past or participle: invited four…, against named Andy, wanted by…, trapped in…"""
    if low in grammar.NAMING or (after is not None and after.low == "by"):
        return Verbal.NO if not (name and objects) or low in ("named", "called", "aged", "born") else Verbal.WEAK
    if objects:
        return Verbal.STRONG
    if name:
        return Verbal.WEAK if after is not None and after.low in grammar.PREPOSITIONS else Verbal.STRONG
    return Verbal.WEAK


def _unknown(low: str, after: Token | None, *, objects: bool, plural: bool | None, name: bool) -> Verbal:
    """Of a word that is not in the list: its ending, if an object or a preposition follows."""
    if len(low) < 4 or "'" in low:
        return Verbal.NO
    if low.endswith("s") and not low.endswith(("ss", "us", "is", "ous")) and plural is not True:
        directed = after is not None and after.low in ("to", "into", "onto", "through", "with", "for", "at", "from")
        return (
            Verbal.STRONG if (objects and after is not None and not after.capital) or (name and directed) else Verbal.NO
        )
    if low.endswith("ed") and objects:
        return Verbal.STRONG if name else Verbal.WEAK
    return Verbal.NO
