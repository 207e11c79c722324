"""Sentences: where one ends and the next begins, by rules that need no model and know many scripts."""

from __future__ import annotations

import re

from triptych.features.reading.rules import listed

#: Changed whenever the rules find other sentences; the lists speak for themselves.
RULES = 1

#: Marks that end a sentence where white space follows: full stop, exclamation and question marks, ellipsis, and the
#: full stops of Armenian, Khmer, Myanmar and Ethiopic, which are written with a space.
_SPACED = ".!?…‽‼⁇⁈⁉։។៕။።፧፨"
#: Marks that end a sentence whatever follows: full-width and ideographic ones, Devanagari, Arabic and Urdu.
_WIDE = "。！？｡．।॥؟۔"
_CLOSERS = "\"'”’»›)\\]}）】〕〉》」』｣］｝＂＇"
_OPENERS = "\"'“‘„‚«‹»([{<¿¡（「『【《〈-–—―*_"

#: A run of marks with what closes after it, a note such as [12] included; or a gap between paragraphs or list entries.
_PLACE = re.compile(
    rf"(?P<marks>[{_SPACED}{_WIDE}]+)(?P<closed>(?:[{_CLOSERS}]|\[[0-9]{{1,3}}\])*)"
    r"|\n\s*\n|\n[^\S\n]*(?=[-*•·][^\S\n])|[\f\u2029]"
)
_NEWLINES = re.compile(r"\r\n?|[\v\x85\u2028]")
_SPACE = re.compile(r"\s*")
_WORD = re.compile(r"[^\W\d_]+")
#: What stands before a full stop: the last characters up to white space, a bracket, a quote or a dash.
_LAST = re.compile(r"[^\s([{\"'“‘„«‹<—–-]*\Z")
#: Letters with a full stop after each but the last, whose own stop is the one in question: U.S, e.g, Ph.D.
_LETTERS = re.compile(r"(?:[^\W\d_]{1,2}\.)+[^\W\d_]{1,2}")
#: Characters looked back for an abbreviation, and looked ahead past what opens; so the work is linear in the text.
_BACK, _AHEAD = 16, 8


_NEVER = listed(
    "Mr Mrs Ms Mx Dr Drs Prof Sgt Capt Cpt Cpl Pvt Lt Col Gen Maj Cmdr Adm Gov Sen Rep Rev Hon Pres Supt Insp Det "
    "Messrs Mt Ft vs cf viz approx ca Mme Mlle Mgr Sra Srta Hr Frl Dipl Ing bzw Sig Dott e.g i.e z.B d.h u.a"
)
#: The end of a sentence only where the next word can hardly be anything but the start of one.
_SELDOM = listed("Jr Sr St Ave Blvd Rd Inc Co Corp Ltd Bros Esq Dept Univ Assn est al")
_BEFORE_NUMBERS = listed(
    "No Nos Nr Vol Vols Ch Chap Fig Op Ep Pt Art Sec p pp nr vol Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec"
)
#: What follows an ordinal that is written with a full stop, as in German: am 3. Oktober, der 2. Weltkrieg.
_AFTER_ORDINALS = listed(
    "Januar Jänner Februar März April Mai Juni Juli August September Oktober November Dezember Jahrhundert "
    "Jahrhunderts Jahrhunderte Weltkrieg Weltkriegs Weltkrieges Klasse Stock Geburtstag"
)
_STARTERS = listed(
    "The This That These Those He She It They We You I His Her Its Their Our My A An In On At As After Before When "
    "While Where But And Or So Then There Here If Although Though However Meanwhile Now Soon Once With Without For "
    "From To By Until Since Because Despite During What Who Why How Not One All Both Each Everyone Later Eventually "
    "Finally Suddenly Also Er Sie Es Ein Eine Il Elle Ils Elles Ella Ellos"
)


def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a text, in order, each with its marks and with single blanks for its white space.

    Nothing is lost but white space. A sentence holds a letter or a digit, unless the whole text has none: dots and
    rows of stars on their own go with the sentence before them. Time is linear in the text.

    A sentence ends at ``. ! ? …`` or their kin in other scripts, with the quotes and brackets that close after
    them. It goes on where the next word has a small letter (unless the text has no capitals at all), after titles
    and other abbreviations, initials, ordinals and inside numbers. A blank line and an entry of a list end one too; a
    single line break does not, since plots come wrapped. The rules know English best.

    >>> sentences('Dr. J. R. Ewing paid $3.5 million. "Why?" she asked… Nobody knew!')
    ('Dr. J. R. Ewing paid $3.5 million.', '"Why?" she asked…', 'Nobody knew!')
    >>> sentences("彼は走る。彼女は「待って！」と叫ぶ。")
    ('彼は走る。', '彼女は「待って！」と叫ぶ。')
    """
    text = _NEWLINES.sub("\n", text)
    cased = text.lower() != text
    found: list[tuple[int, int]] = []
    start = 0
    for place in _PLACE.finditer(text):
        end = place.end()
        if place["marks"] is None or _ends(text, start, place, cased):
            _keep(found, text, start, end)
            start = end
    _keep(found, text, start, len(text))
    return tuple(" ".join(text[a:b].split()) for a, b in found)


def _keep(found: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    """Add one piece; what holds no letter or digit goes with the one before, or waits for the one after."""
    piece = text[start:end]
    if not piece or piece.isspace():
        return
    if found and not _says(piece):
        found[-1] = (found[-1][0], end)
    elif len(found) == 1 and not _says(text[slice(*found[0])]):
        found[0] = (found[0][0], end)
    else:
        found.append((start, end))


def _says(piece: str) -> bool:
    return any(map(str.isalnum, piece))


def _ends(text: str, start: int, place: re.Match[str], cased: bool) -> bool:
    """Whether a sentence that began at ``start`` ends with these marks."""
    at, end, marks, closed = place.start(), place.end(), place["marks"], place["closed"]
    if end == len(text):
        return True
    after = text[end]
    if not after.isspace():
        if marks[-1] in _WIDE:
            if marks == "．" and after.isdigit():
                return False
            # A particle after a quote in Japanese: he said "…", and the sentence goes on.
            return not (closed and "\u3041" <= after <= "\u309f")
        if marks[-1] in "!?‽‼⁇⁈⁉" and "\u3041" <= after <= "\u9fff":
            return not (closed and after <= "\u309f")
        return after in "—―" and len(marks) == 1 and not _goes_on(text, end, cased)
    if _goes_on(text, end, cased):
        return False
    return marks != "." or bool(closed) or not _short(text, start, at, end)


def _goes_on(text: str, end: int, cased: bool) -> bool:
    """Whether the next word begins with a small letter, past quotes, brackets and dashes."""
    if not cased:
        return False
    k = _past_space(text, end)
    for character in text[k : k + _AHEAD]:
        if character not in _OPENERS and not character.isspace():
            return character.islower()
    return False


def _past_space(text: str, k: int) -> int:
    space = _SPACE.match(text, k)
    return k if space is None else space.end()


def _short(text: str, start: int, at: int, end: int) -> bool:
    """Whether the full stop at ``at`` is an abbreviation's, an initial's or an ordinal's, and ends nothing."""
    window = text[max(start, at - _BACK) : at]
    last = _LAST.search(window)
    word = last[0] if last is not None else ""
    if not word:
        return False
    if word in _NEVER:
        return True
    initial = len(word) == 1 and word.isalpha()
    numbered = word.isdecimal()
    if not (initial or numbered or word in _SELDOM or word in _BEFORE_NUMBERS or _LETTERS.fullmatch(word)):
        return False
    k = _past_space(text, end)
    following = _WORD.match(text, k, k + 32)
    if numbered:
        # The number of a list at the start of a sentence, or an ordinal.
        listed = len(word) <= 3 and at - start < _BACK and not text[start : at - len(word)].strip()
        return listed or (following is not None and following[0] in _AFTER_ORDINALS)
    if word in _BEFORE_NUMBERS:
        return text[k : k + 1].isdecimal()
    starts = following is not None and following[0] in _STARTERS and text[following.end() : following.end() + 1] != "."
    return not starts
