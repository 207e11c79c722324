"""Clauses: who does what to whom in a sentence, found by rules, or by a parser's tree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from triptych.features.reading import grammar
from triptych.features.reading.grammar import Form
from triptych.features.reading.noun_phrase import NounPhrase, Verbal, noun_phrase, strength
from triptych.features.reading.predicate import predicate
from triptych.features.reading.rules import listed
from triptych.features.reading.tokens import Token, tokens_of

#: Commas after which the main clause is looked for.
STARTS = 8
_TIMES = listed(
    "day days night nights morning mornings evening evenings afternoon week weeks month months year years hour "
    "hours summer winter decade decades century centuries minutes weekend time christmas"
)
#: The commonest small words of German, French, Spanish, Italian and Portuguese; and those of English.
_FOREIGN = listed(
    "der die das dem den des und ein eine einen einem einer ist im mit von zu sich auf nicht am le la les du un une et "
    "est dans pour qui que sur pas au el los las y una en es del con por para su se il lo gli di che per non della nel "
    "os o um uma do da em no na de"
)
_ENGLISH = listed("the a an of to and his her is with in by from for who that he she it they their on at as has")
_LATER = listed("later after afterwards ago earlier before")


@dataclass(frozen=True, kw_only=True)
class Clause:
    """Subject, verb and object of a sentence's main clause.

    ``subject`` and ``object`` are the heads of their noun phrases: a name whole, anything else as its one noun,
    without article, numeral or adjective. ``verb`` is the verb that says what is done, without auxiliaries; verbs
    that hang on it, a particle and a preposition stand with it: ``"invited"``, ``"decides to rob"``, ``"races to"``.
    ``kind``: ``"object"`` (what is done is done to it), ``"attribute"`` (what it is: ``is a spy``) or ``"oblique"``
    (after a preposition).
    """

    subject: str
    verb: str
    object: str
    kind: str = "object"


#: What finds the clause of one sentence; None where there is none to be found.
Reader = Callable[[str], Clause | None]


def clause_of(sentence: str) -> Clause | None:
    """The main clause of an English sentence by rules; None for questions without one, headings, other languages.

    What comes before the clause (when…, in 1942, years later) is passed over; so are relative clauses, participles and
    appositions between subject and verb. Which words are verbs is known from a list of the 900 commonest in plots
    and from the endings -s and -ed where an article follows.

    >>> clause_of("John Hammond invited four individuals.")
    Clause(subject='John Hammond', verb='invited', object='individuals', kind='object')
    """
    tokens = tokens_of(sentence)
    if _foreign(tokens):
        return None
    starts = [0, *(k + 1 for k, token in enumerate(tokens) if token.comma)][:STARTS]
    for start in starts:
        found = _main(tokens, start)
        if found is not None:
            return found
    return None


def _foreign(tokens: Sequence[Token]) -> bool:
    """Whether the small words are another language's: no verb of ours is one there."""
    foreign = sum(token.low in _FOREIGN for token in tokens)
    return foreign >= 2 and foreign > sum(token.low in _ENGLISH for token in tokens)


def _main(tokens: Sequence[Token], start: int) -> Clause | None:
    """The clause that begins at a token, or past what may stand before a subject."""
    at = _past_opening(tokens, start)
    if at is None:
        return None
    subject = noun_phrase(tokens, at, subject=True)
    if subject is None:
        return None
    verb = _verb(tokens, subject)
    if verb is None:
        return None
    found = predicate(tokens, verb)
    if found is None:
        return None
    return Clause(subject=subject.head, verb=found.verb, object=found.object, kind=found.kind)


def _past_opening(tokens: Sequence[Token], at: int) -> int | None:
    """Where the subject begins; None where what begins here is no main clause."""
    for _ in range(6):
        if at >= len(tokens):
            return None
        low = tokens[at].low
        after = tokens[at + 1].low if at + 1 < len(tokens) else ""
        timed = _time(tokens, at)
        if timed is not None:
            at = timed
        elif low == "there":
            if after in grammar.AUXILIARIES or not after:
                return None
            at += 1
        elif low in grammar.COORDINATORS or low == "," or (grammar.is_adverb(low) and low not in ("only", "even")):
            at += 1
        elif low in grammar.SUBORDINATORS or low in grammar.RELATIVES - {"that"} or low in ("how", "why", "what"):
            return None
        elif low in grammar.PREPOSITIONS:
            inside = noun_phrase(tokens, at + 1, subject=False)
            if inside is None or inside.end >= len(tokens) or tokens[inside.end].low in grammar.RELATIVES | {","}:
                return None
            at = inside.end
        else:
            form = grammar.forms().get(low, Form.NONE)
            participle = Form.ING in form or (
                Form.PARTICIPLE in form and after in grammar.PREPOSITIONS and not tokens[at].capital
            )
            bare = Form.BASE in form and Form.PARTICIPLE not in form and after in grammar.ARTICLES
            opens = Form.PARTICIPLE in form and after in grammar.PREPOSITIONS
            return None if participle or bare or opens or low == "to" else at
    return None


def _time(tokens: Sequence[Token], at: int) -> int | None:
    """Past ``one day``, ``two years later``, ``the next morning``; None where no time stands."""
    for k in range(at, min(at + 5, len(tokens))):
        token = tokens[k]
        if token.low in _TIMES and k > at:
            after = k + 1
            if after < len(tokens) and tokens[after].low in _LATER:
                return after + 1
            first = tokens[at].low
            following = tokens[after] if after < len(tokens) else None
            if following is not None and following.low in ("after", "before", "since", "into"):
                return after
            if following is None or (first in ("a", "an", "the", "his", "her") and not following.capital):
                return None
            starts = following.low in grammar.SUBJECT_PRONOUNS | grammar.DETERMINERS or following.capital
            return after if starts else None
        if not (token.low in grammar.DETERMINERS | grammar.NUMERALS or token.low in ("next", "same", "late", "early")):
            return None
    return None


def _verb(tokens: Sequence[Token], subject: NounPhrase) -> int | None:
    """Where the finite verb of a subject stands, past what stands between the two."""
    at, plural, owed = subject.end, subject.plural, 0
    weak: int | None = None
    for _ in range(40):
        if at >= len(tokens) or tokens[at].low == ".":
            break
        token = tokens[at]
        if token.comma:
            closed = _closed(tokens, at, plural)
            if closed is None:
                break
            if tokens[closed - 1].comma or owed == 0:
                return closed
            at = closed
            continue
        if token.low in ("and", "or"):
            if owed == 0 and (verb := strength(tokens, at + 1, plural=plural, name=False)) and verb == Verbal.STRONG:
                break  # the second of two verbs, whose first was not known
            other = noun_phrase(tokens, at + 1, subject=True, pending=True)
            if other is None:
                break
            at, plural = other.end, True
            continue
        if token.low in grammar.RELATIVES:
            owed += 1
            inside = noun_phrase(tokens, at + 1, subject=True)
            at = at + 1 if inside is None else inside.end
            continue
        found = strength(tokens, at, plural=None if at > subject.end else plural, name=subject.name)
        if found == Verbal.NO and plural and at > subject.end:
            found = strength(tokens, at, plural=True, name=False)
        if found == Verbal.STRONG:
            if not owed:
                return at
            owed -= 1
            at = _past_verb(tokens, at, pending=plural)
        elif found == Verbal.WEAK:
            weak = at if weak is None and not owed else weak
            owed = max(owed - 1, 0)
            at = _past_verb(tokens, at, pending=plural)
        elif token.low in grammar.PREPOSITIONS:
            at = _past_object(tokens, at + 1, pending=plural)
        elif grammar.forms().get(token.low, Form.NONE) & (Form.ING | Form.PARTICIPLE):
            at = _past_verb(tokens, at, pending=plural)
        elif grammar.is_adverb(token.low) or token.low == "to" or token.low == "'s":
            at += 1
        else:
            break
    return weak


def _closed(tokens: Sequence[Token], comma: int, plural: bool) -> int | None:
    """The verb behind what two commas enclose: ``Haru, as he is called, never fits in``."""
    commas = [k for k in range(comma, min(comma + 40, len(tokens))) if tokens[k].comma]
    sure, maybe = list[int](), list[int]()
    for k in commas[1:] or commas:
        at = k + 1
        while at < len(tokens) and grammar.is_adverb(tokens[at].low):
            at += 1
        if strength(tokens, at, plural=plural, name=True) == Verbal.STRONG:
            participle = tokens[at].low.endswith("ed")
            (maybe if participle else sure).append(at)
    return next(iter(sure or maybe), None)


def _past_verb(tokens: Sequence[Token], at: int, *, pending: bool) -> int:
    """Past a verb that is not the one that was looked for, with its auxiliaries and its object."""
    at += 1
    while at < len(tokens):
        low = tokens[at].low
        verbal = grammar.forms().get(low, Form.NONE) & (Form.BASE | Form.PARTICIPLE | Form.ING)
        previous = tokens[at - 1].low
        if grammar.is_adverb(low) or low == "to" or (verbal and previous in grammar.AUXILIARIES | {"to"}):
            at += 1
        else:
            break
    return _past_object(tokens, at, pending=pending)


def _past_object(tokens: Sequence[Token], at: int, *, pending: bool) -> int:
    if at < len(tokens) and Form.ING in grammar.forms().get(tokens[at].low, Form.NONE):
        at += 1
    inside = noun_phrase(tokens, at, subject=False, pending=pending)
    return at if inside is None else inside.end


# By a parser's tree

_SUBJECTS = ("nsubj", "nsubj:pass", "nsubjpass", "sb", "csubj")
_OBJECTS = ("dobj", "obj", "oa")
_ATTRIBUTES = ("attr", "acomp", "oprd", "pd")
_NAME_PARTS = ("compound", "flat", "flat:name", "name", "pnc", "nmod")
_OBLIQUE = ("pobj", "nk")


def clause_of_tree(document: Any) -> Clause | None:
    """The same of a sentence that a spaCy pipeline has parsed, by its labels: nsubj, ROOT, dobj or obj; then attr; then
    what stands after a preposition (prep and pobj, or obl and case). Labels of the English models, of Universal
    Dependencies and of the German models are known.
    """
    for root in document:
        if root.dep_ not in ("ROOT", "root"):
            continue
        subject = _child(root, _SUBJECTS)
        if subject is None:
            continue
        found = _of_verb(root)
        if found is not None:
            verb, head, kind = found
            return Clause(subject=_written(subject), verb=verb, object=_written(head), kind=kind)
    return None


def _of_verb(root: Any) -> tuple[str, Any, str] | None:
    """Verb, head of the object, and kind; follows what the verb governs without a subject of its own."""
    words, verb = [root.text], root
    copula = _child(root, ("cop",))
    if copula is not None:
        return copula.text, root, "attribute"
    for _ in range(3):
        words += [child.text for child in verb.children if child.dep_ in ("prt", "compound:prt", "svp")]
        for labels, kind in ((_OBJECTS, "object"), (_ATTRIBUTES, "attribute")):
            head = _child(verb, labels)
            if head is not None:
                return " ".join(words), head, kind
        further = _child(verb, ("xcomp",))
        if further is None or _child(further, _SUBJECTS) is not None:
            break
        words += [child.text for child in further.children if child.dep_ in ("aux", "mark") and child.lower_ == "to"]
        words.append(further.text)
        verb = further
    for child in verb.children:
        if child.dep_ in ("prep", "agent", "mo"):
            head = _child(child, _OBLIQUE)
            if head is not None:
                return " ".join([*words, child.text]), head, "oblique"
        if child.dep_.startswith("obl"):
            case = _child(child, ("case",))
            return " ".join([*words, case.text] if case is not None else words), child, "oblique"
    return None


def _child(token: Any, labels: Sequence[str]) -> Any | None:
    return next((child for child in token.children if child.dep_ in labels), None)


def _written(head: Any) -> str:
    """A name whole, any other head alone."""
    if not head.text[:1].isupper() or (head.i == head.sent.start and head.pos_ not in ("PROPN", "")):
        return head.text
    around = (*head.lefts, *head.rights)
    parts = [head, *(part for part in around if part.dep_ in _NAME_PARTS and part.text[:1].isupper())]
    return " ".join(part.text for part in sorted(parts, key=lambda part: part.i))
