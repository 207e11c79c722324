"""Words: a text cut into words, in any script; and how two words are compared."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

#: Changed whenever words are cut or folded otherwise; the lists speak for themselves.
RULES = 1
#: Only so many characters of a word are compared: the longest words of any dictionary have fewer than 200, and to
#: bring a longer run of combining marks into order would take quadratic time.
FOLDED_CHARACTERS = 256

#: Other signs for the apostrophe and the hyphen; the modifier letters are apostrophes in Ukrainian and Hawaiian.
_PLAIN = {
    "'": "\u2019\u2018\u201b\u02bc\u02bb\uff07",
    "-": "\u2010\u2011\uff0d",
    " ": "_",
    # Soft hyphens, byte-order marks and what steers the direction of writing stand inside words and are not seen.
    "": "\u00ad\ufeff\u2060\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
}
#: What may stand between two letters of one word: apostrophe, hyphen, the raised dot of Catalan, geresh and
#: gershayim of Hebrew, and the two joiners of Persian and Indic scripts, which are not seen.
_INNER = "'\\-\u00b7\u05f3\u05f4\u200c\u200d"
_UNSEEN = re.compile("[\u200c\u200d]")
#: Written without spaces, so each letter is a word: Han, Hiragana; Thai, Lao, Burmese, Khmer (without their digits).
_ALONE = (
    "\u3005\u3007\u3021-\u3029\u3038-\u303b\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"
    "\u3041-\u3096\u309d-\u309f\U0001b001-\U0001b11f"
    "\u0e01-\u0e4e\u0e81-\u0ece\u0edc-\u0edf\u1000-\u103f\u1050-\u108f\u109a-\u109f\ua9e0-\ua9e5\uaa60-\uaa7f"
    "\u1780-\u17d3\u17d7\u17dc\u17dd"
)
#: Runs of Katakana are mostly one name or one borrowed word.
_KATAKANA = "\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f"
#: After these a consonant is written below the one before.
_STACKING = "\u1039\u17d2"


def words(text: str) -> list[str]:
    """The words of a text, in their order, as written: letters, their marks, and digits.

    Apostrophes and hyphens between two letters belong to the word, and typographic ones become the plain ones.
    What is not seen inside a word is left out. All other signs part words, also the point and the comma inside a
    number, control characters and lone surrogates.

    Han, Hiragana, Thai, Lao, Burmese and Khmer put no spaces between words, and to find them takes a dictionary:
    there each letter, with its marks and what is stacked below it, is one word. A run of Katakana is one word.

    Takes time in proportion to the text, whatever stands in it: no pattern here ever goes back.

    >>> words("Don\u2019t say \u201csci-fi\u201d \u2014 it\u2019s the \u201990s!")
    ["Don't", 'say', 'sci-fi', "it's", 'the', '90s']
    >>> words("千と千尋 トイ・ストーリー2")
    ['千', 'と', '千', '尋', 'トイ', 'ストーリー', '2']
    """
    if text.isascii():
        return _ascii_word().findall(text)
    for plain, others in _PLAIN.items():
        for other in others:
            text = text.replace(other, plain)
    word, unspaced = _patterns()
    return word.findall(" ".join(unspaced.split(text)))


def folded(word: str) -> str:
    """A word as it is compared: without regard to case, to how its accents are encoded, or to the width of its letters.

    Accents count. Of a word of more than 256 characters, the first 256 are compared. This is Unicode's
    NFKC_Casefold (The Unicode Standard, section 3.13); of what is not seen, only the two joiners can be in a word here.

    >>> folded("\uff26\uff21\uff32\uff27\uff2f"), folded("Stra\u00dfe"), folded("Cafe\u0301") == folded("CAF\u00c9")
    ('fargo', 'strasse', True)
    """
    word = word[:FOLDED_CHARACTERS]
    if word.isascii():
        return word.lower()
    word = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", word).casefold())
    return _UNSEEN.sub("", word)


@lru_cache(maxsize=1)
def _ascii_word() -> re.Pattern[str]:
    return re.compile(r"[A-Za-z0-9]++(?:['\-][A-Za-z0-9]++)*+")


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """A word, and what is set apart before words are looked for. Made when they are first asked for: 0.1 s."""
    marks = _marks()
    letters = rf"[^\W_][\w{marks}]*+"
    word = re.compile(rf"{letters}(?:[{_INNER}]{letters})*+")
    alone = rf"[{_ALONE}][{marks}]*+"
    return word, re.compile(rf"({alone}(?:(?<=[{_STACKING}]){alone})*+|[{_KATAKANA}][{_KATAKANA}{marks}]*+)")


def _marks() -> str:
    """All combining marks, as the inside of a character class."""
    points = [point for point in range(0x300, 0xE01F0) if unicodedata.category(chr(point))[0] == "M"]
    ranges: list[list[int]] = []
    for point in points:
        if ranges and point == ranges[-1][1] + 1:
            ranges[-1][1] = point
        else:
            ranges.append([point, point])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)
