"""Predicate: what is said of a subject: the verb that says what is done, and what it is done to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from triptych.features.reading import grammar
from triptych.features.reading.grammar import Form
from triptych.features.reading.noun_phrase import NounPhrase, Verbal, noun_phrase, strength
from triptych.features.reading.rules import listed
from triptych.features.reading.tokens import Token

#: Verbs that hang on one another: wants to try to steal.
CHAIN = 4
_TIMES = listed("day night morning evening afternoon week month year time way summer winter weekend")
_ONCE = listed("one that this every each all next last")
#: What follows these without an article says what becomes of the subject: grows stronger, goes wrong.
_SOFT = listed("grow go turn feel look sound run come fall get prove")
_BEGINS = grammar.DETERMINERS | grammar.PRONOUNS | grammar.NUMERALS
#: After these, to … is where more often than what for.
_GOING = listed("go come return get send head move travel")
_ASKING = listed("what who whom how why whether if when where which")
#: They say when, and often a clause of its own follows.
_WHEN = listed("until till since after before")
_SECOND = listed("of to from with into for against on about")
_SUBJECT_ONLY = listed("he she they we i who there")


@dataclass(frozen=True, kw_only=True)
class Predicate:
    """See :class:`~triptych.features.reading.clauses.Clause`."""

    verb: str
    object: str
    kind: str


@dataclass(kw_only=True)
class _Group:
    """A group of verbs while it is read: its words so far, where it goes on, and what its last verb is."""

    at: int
    words: list[str] = field(default_factory=list[str])
    passive: bool = False
    linking: bool = False
    last: str = ""


def predicate(tokens: Sequence[Token], verb: int) -> Predicate | None:
    """What a finite verb says; None where nothing follows that could be an object."""
    group = _Group(at=verb)
    _finite(tokens, group)
    for _ in range(CHAIN):
        if not _chained(tokens, group):
            break
    at = _past_adverbs(tokens, group.at)
    if at >= len(tokens):
        return None
    low, after = tokens[at].low, tokens[at + 1].low if at + 1 < len(tokens) else ""
    if low in grammar.PARTICLES - {"in", "on", "along"} and not group.linking:
        if after in grammar.PREPOSITIONS - {low}:
            at += 1
            group.words.append(low)
            group.at = at
            if _chained(tokens, group):
                at = _past_adverbs(tokens, group.at)
        elif noun_phrase(tokens, at + 1, subject=False) is not None and not group.passive:
            group.words.append(low)
            return _object(tokens, at + 1, group, "object")
        elif after:
            at += 1
    if at >= len(tokens):
        return None
    if tokens[at].low in grammar.PREPOSITIONS:
        return _oblique(tokens, at, group)
    if group.passive:
        return None
    return _object(tokens, at, group, "attribute" if group.linking else "object")


def _finite(tokens: Sequence[Token], group: _Group) -> None:
    """Past the auxiliaries, to the verb that says what is done."""
    low = tokens[group.at].low
    at = _past_adverbs(tokens, group.at + 1)
    following = tokens[at].low if at < len(tokens) else ""
    form = grammar.forms().get(following, Form.NONE)
    if low in grammar.MODALS or (low in grammar.DO and Form.BASE in form):
        group.at = at
        if following in ("be", "have"):
            _finite(tokens, group)
        else:
            _take(tokens, group, at)
        return
    participle = Form.PARTICIPLE in form or (following.endswith("ed") and form is Form.NONE)
    if low in grammar.HAVE and (following == "been" or participle):
        group.at = at
        if following == "been":
            _finite(tokens, group)
        else:
            _take(tokens, group, at)
        return
    if low in grammar.BE or (low == "'s" and not group.words):
        if following in ("been", "being") or (low == "'s" and following in ("had", "got")):
            group.at = at
            _finite(tokens, group)
        elif Form.ING in form or participle:
            _take(tokens, group, at)
            group.passive = Form.ING not in form
        else:
            _take(tokens, group, group.at)
            group.linking = True
            if low == "'s":
                group.words[-1] = "is"
        return
    if grammar.base_of(low) == "get" and participle and Form.BASE not in form:
        _take(tokens, group, at)
        group.passive = True
        return
    _take(tokens, group, group.at)
    group.linking = grammar.base_of(low) in grammar.LINKING


def _take(tokens: Sequence[Token], group: _Group, at: int) -> None:
    if at < len(tokens):
        group.words.append(tokens[at].text)
        group.last = grammar.base_of(tokens[at].low)
    group.at = at + 1


def _chained(tokens: Sequence[Token], group: _Group) -> bool:
    """Take one more verb that hangs on the last: decides to rob, is forced to leave, starts killing, is about to."""
    at = _past_adverbs(tokens, group.at)
    low = tokens[at].low if at < len(tokens) else ""
    if group.linking and low in ("about", "able", "unable", "ready", "eager", "willing", "determined", "likely", "set"):
        skipped = at + 1
        if skipped < len(tokens) and tokens[skipped].low == "to":
            group.words.append(low)
            at, low = skipped, "to"
    if low == "to":
        verb = _past_adverbs(tokens, at + 1)
        if verb >= len(tokens):
            return False
        base = tokens[verb].low
        nominal = group.last in _GOING and not _bound(tokens, verb + 1)  # goes to jail
        if nominal or tokens[verb].capital or base in _BEGINS or not (_is_verb(base) or _bound(tokens, verb + 1)):
            return False
        group.words.append("to")
        group.passive = group.linking = False
        if base == "be":
            group.at = verb
            _finite(tokens, group)
            if group.words[-1] != "be":
                group.words.insert(-1, "be")
        else:
            _take(tokens, group, verb)
            group.linking = base in grammar.LINKING
        return True
    form = grammar.forms().get(low, Form.NONE)
    if Form.ING in form and not group.linking and not group.passive:
        _take(tokens, group, at)
        return True
    return False


def _is_verb(low: str) -> bool:
    return Form.BASE in grammar.forms().get(low, Form.NONE)


def _bound(tokens: Sequence[Token], at: int) -> bool:
    """Whether an object begins here: to decorate the doors, against: to school."""
    return at < len(tokens) and tokens[at].low in grammar.DETERMINERS | grammar.OBJECT_PRONOUNS


def _object(tokens: Sequence[Token], at: int, group: _Group, kind: str) -> Predicate | None:
    low = tokens[at].low if at < len(tokens) else ""
    if low in _ASKING or low in _SUBJECT_ONLY:
        return None
    found = noun_phrase(tokens, at, subject=False)
    if found is None or (low == "that" and _complement(tokens, at + 1)):
        return None
    if kind == "object":
        if _is_time(tokens, at, found):
            return _oblique(tokens, found.end, group)
        if low in grammar.OBJECT_PRONOUNS or group.last in grammar.GIVING:
            second = noun_phrase(tokens, found.end, subject=False)
            begins = found.end < len(tokens) and tokens[found.end].low in grammar.DETERMINERS | grammar.NUMERALS
            if group.last in grammar.GIVING and second is not None and begins:
                found = second
        if _clause_follows(tokens, at):
            return None
        if group.last in _SOFT and not _begun(tokens[at]):
            kind = "attribute"
    return Predicate(verb=" ".join(group.words), object=found.head, kind=kind)


def _begun(token: Token) -> bool:
    return token.capital or token.low in grammar.DETERMINERS | grammar.NUMERALS | grammar.PRONOUNS


def _oblique(tokens: Sequence[Token], at: int, group: _Group) -> Predicate | None:
    """What stands behind the first preposition; one more is taken where it follows directly: out of."""
    at = _past_adverbs(tokens, at)
    words = list(group.words)
    while at < len(tokens) and tokens[at].low in grammar.PREPOSITIONS - _WHEN:
        if len(words) > len(group.words) and tokens[at].low not in _SECOND:
            break
        words.append(tokens[at].low)
        at += 1
    if len(words) == len(group.words) or (words[-1] in ("as", "like") and _clause_follows(tokens, at)):
        return None
    if at < len(tokens) and Form.ING in grammar.forms().get(tokens[at].low, Form.NONE):
        follows = noun_phrase(tokens, at + 1, subject=False)
        if follows is not None:
            return Predicate(verb=" ".join([*words, tokens[at].text]), object=follows.head, kind="oblique")
    found = noun_phrase(tokens, at, subject=False)
    if found is None or tokens[at].low in _ASKING:
        return None
    return Predicate(verb=" ".join(words), object=found.head, kind="oblique")


def _past_adverbs(tokens: Sequence[Token], at: int) -> int:
    while at < len(tokens) and (grammar.is_adverb(tokens[at].low) and not tokens[at].capital):
        if tokens[at].low in ("only", "well") and at + 1 < len(tokens) and tokens[at + 1].low in ("child", "one"):
            break
        at += 1
    return at


def _complement(tokens: Sequence[Token], at: int) -> bool:
    """Whether the word before is a conjunction: that his son…, that she…; not: that house."""
    if at >= len(tokens):
        return False
    begins = tokens[at].low in grammar.DETERMINERS | grammar.PRONOUNS or tokens[at].capital
    return begins or _clause_follows(tokens, at)


def _clause_follows(tokens: Sequence[Token], at: int) -> bool:
    """Whether a clause of its own begins here: believes (that) his son is alive."""
    inside = noun_phrase(tokens, at, subject=True)
    if inside is None:
        return False
    return strength(tokens, inside.end, plural=inside.plural, name=inside.name) == Verbal.STRONG


def _is_time(tokens: Sequence[Token], at: int, found: NounPhrase) -> bool:
    """``leaves one night``: when, not what."""
    return tokens[at].low in _ONCE and found.head.lower() in _TIMES
