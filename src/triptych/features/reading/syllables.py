"""Syllables: how many a word has, by rules for English."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

#: Changed whenever the rules count otherwise; the patterns speak for themselves.
RULES = 1

_VOWELS = re.compile("[aeiouy]+")
#: Vowels that stand together and are spoken apart: radio, piano, previous (not nation, special, million, marriage);
#: quiet, society; being, playing; created. And one that is spoken and not written: prism, racism.
_APART = re.compile(r"(?<![cghstx])(?<!ll)i(?=a(?!ge)|o|u|et)|(?<=[aeiouy])ing\b|(?<=cre)at(?!u)|sm\b")
#: An e that is not spoken: at the end (not: little), before -s (not: houses), before -d (not: wanted, handled), and
#: before the endings of lovely, careful, homeless, movement.
_SILENT = re.compile(
    r"(?<=[^aeiouy])(?<![^aeiouylr]l)e\b"
    r"|(?<=[^aeioucgsxyz])(?<![^aeiouylr]l)(?<!ch)(?<!sh)es\b"
    r"|(?<=[^aeioudty])(?<![^aeiouylr]l)ed\b"
    r"|(?<=[bcdfghjkmnprstvz])e(?:ly|ful|less|ness|ments?)\b"
)
#: What is written off behind an apostrophe has no syllable of its own; but didn't has two, don't one.
_CLIPPED = re.compile(r"(?<=')(?:ve|re)\b")
_NEGATED = re.compile(r"[^aeiouy]n't\b")


@lru_cache(maxsize=65_536)
def syllables(word: str) -> int:
    """The syllables of a folded word: its groups of vowels, with what English leaves silent or speaks apart.

    Accents are passed over. At least 1, which is also what a word of digits, or of another script, has.

    >>> [syllables(word) for word in ("the", "movie", "houses", "little", "loved", "created", "nation", "radio")]
    [1, 2, 2, 2, 1, 3, 2, 3]
    """
    if not word.isascii():
        # An accent says that the vowel is spoken: café.
        word = "".join(
            "i" if len(parts) > 1 and parts[0] == "e" else parts[0]
            for parts in (unicodedata.normalize("NFKD", character) for character in word)
        )
    word = _CLIPPED.sub("", word)
    groups, apart, silent = (len(pattern.findall(word)) for pattern in (_VOWELS, _APART, _SILENT))
    return max(groups + apart - silent + len(_NEGATED.findall(word)), 1)
