"""Spelling: when two spellings of a genre, a language or a person are one name, and which are none."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

#: Goes into the recipe of whatever compares names: names that are folded otherwise fall into other columns.
RULES = 1
#: No more of a name is read. The longest credits have fewer, and a name of megabytes is a mistake of the source.
CHARACTERS = 200

#: Accents of Latin, Greek and Cyrillic letters; the marks of other scripts are letters of their own.
_ACCENTS = re.compile("[\u0300-\u036f]")
#: What stands inside a word and parts nothing: apostrophes, and what is not seen.
_INNER = re.compile("['\u2019\u2018\u02bc\u02bb`\u00b4\u00ad\ufeff\u200b-\u200f\u202a-\u202e\u2060-\u2069]")
_BRACKETS = re.compile(r"\s*(?:\([^()]*\)|\[[^\[\]]*\])")
_BETWEEN = re.compile(r"[,;/|]")
#: What people and programs write where there is no name.
_NOTHING = frozenset(
    ("n_a", "nan", "none", "null", "nil", "undefined", "unknown", "not_available", "no_genres_listed", "no_genre")
)


def spelt(name: str) -> str:
    """The name in small letters without accents, its words joined by ``_``; empty if it is no name.

    All but letters, their marks and digits parts words; apostrophes do not. A lone surrogate parts them too.

    >>> spelt("Film-Noir"), spelt("Penélope  Cruz"), spelt("Children's"), spelt("(no genres listed)")
    ('film_noir', 'penelope_cruz', 'childrens', '')
    """
    whole = name[:CHARACTERS].encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", _INNER.sub("", whole).replace("&", " and ")))
    plain = unicodedata.normalize("NFC", plain.casefold())
    kept = "".join(letter if unicodedata.category(letter)[0] in "LMN" else " " for letter in plain)
    slug = "_".join(kept.split())
    return "" if slug in _NOTHING else slug


def key_of(slug: str) -> str:
    """What is compared of a name: neither spaces nor hyphens count.

    >>> key_of(spelt("Sci-Fi")) == key_of(spelt("SciFi")) == key_of(spelt("sci fi"))
    True
    """
    return slug.replace("_", "")


def most_held(held: Iterable[Iterable[str]], *, limit: int, min_items: int) -> list[str]:
    """The slugs that the most items hold, of equals the first in order of the alphabet; not those that fewer than
    ``min_items`` hold. Of several spellings the most frequent is given. ``held`` has each slug of an item once.

    >>> most_held([["sci_fi"], ["drama", "scifi"], ["sci_fi", "war"]], limit=2, min_items=1)
    ['sci_fi', 'drama']
    """
    spellings: dict[str, Counter[str]] = {}
    for slugs in held:
        for slug in slugs:
            spellings.setdefault(key_of(slug), Counter())[slug] += 1
    counts = {key: found.total() for key, found in spellings.items() if found.total() >= min_items}
    chosen = sorted(counts, key=lambda key: (-counts[key], key))[:limit]
    return [min(spellings[key].items(), key=lambda pair: (-pair[1], pair[0]))[0] for key in chosen]


@dataclass(frozen=True, kw_only=True)
class Thesaurus:
    """Names that are known, and what else each is called.

    ``table``: lines of ``name: other, other``. ``nothing``: what says that there is none, such as the code of no
    language. ``tags``: whether ``en-GB`` and ``en_US`` are what ``en`` is.
    """

    table: str
    nothing: tuple[str, ...] = ()
    tags: bool = False

    @property
    def digest(self) -> str:
        """What the recipe says of it."""
        text = repr((self.table, self.nothing, self.tags))
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def slugs(self, names: Sequence[str], *, most: int) -> list[str]:
        """The slug of each of the first ``most`` names, in their order and each once, a known one as it is known.

        What is noted in brackets does not count. One that is not known as a whole, but part by part, is several.
        """
        found: dict[str, str] = {}
        for name in names[:most]:
            for slug in self._read(name):
                found.setdefault(key_of(slug), slug)
        return list(found.values())

    def _read(self, name: str) -> list[str]:
        short = name[:CHARACTERS]
        bare = _BRACKETS.sub("", short)
        whole = spelt(bare) or spelt(short)
        if (known := self._known(whole)) is not None:
            return [known] if known else []
        parts = [self._known(spelt(part)) for part in _BETWEEN.split(bare)]
        if len(parts) > 1 and None not in parts:
            return [part for part in parts if part]
        return [whole] if whole else []

    def _known(self, slug: str) -> str | None:
        """The slug that a name is known by, empty for one that says nothing, None for one that is not known."""
        if not slug:
            return ""
        if (known := self._slugs.get(key_of(slug))) is not None:
            return known
        head, tagged, _ = slug.partition("_")
        return self._slugs.get(head) if self.tags and tagged and len(head) <= 3 else None

    @cached_property
    def _slugs(self) -> dict[str, str]:
        """Key of whatever a name is called → its slug."""
        slugs = {key_of(spelt(name)): "" for name in self.nothing}
        for line in self.table.strip().splitlines():
            first, _, others = line.partition(":")
            slug = spelt(first)
            slugs |= {key: slug for name in (first, *others.split(",")) if (key := key_of(spelt(name)))}
        return slugs
