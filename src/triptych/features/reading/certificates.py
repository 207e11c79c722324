"""Certificates: from which age on an item may be seen, as the many systems of ratings say it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from triptych.features.extractor import Needs, Showing
from triptych.features.feature import Feature
from triptych.features.reading import spelling
from triptych.features.reading.rules import rules_of
from triptych.features.reading.spelling import key_of, spelt
from triptych.features.recipe import Recipe

ADULT = 18
#: The least age of each band; the last is open. FSK 6 and TV-Y7 are of the second, R (17) of the fourth.
BANDS: Mapping[str, int] = {"all": 0, "6_to_11": 6, "12_to_14": 12, "15_to_17": 15, "18": ADULT}
#: Longer than any certificate with its reasons is; what is longer is some other text.
CHARACTERS = 200
#: PG names no age: the BBFC says that it "should not unsettle a child aged around eight or older".
GUIDANCE = 8

#: Certificate → least age, where all who write it mean about the same. Spelling, case and hyphens do not count.
AGES: Mapping[str, int] = {
    # MPAA, with those of 1968 to 1990
    "G": 0,
    "GP": GUIDANCE,
    "PG": GUIDANCE,
    "PG-13": 13,
    "R": 17,
    "NC-17": 18,
    "X": 18,
    "M": GUIDANCE,
    "SMA": GUIDANCE,
    # American television
    "TV-Y": 0,
    "TV-G": 0,
    "TV-Y7": 7,
    "TV-PG": GUIDANCE,
    "TV-14": 14,
    "TV-MA": 17,
    # BBFC; Canada's and Australia's where they are unlike any other
    "U": 0,
    "Uc": 0,
    "AA": 14,
    "12A": 12,
    "15A": 15,
    "R18": 18,
    "14A": 14,
    "18A": 18,
    "MA": 15,
    "MA15+": 15,
    "R18+": 18,
    "X18+": 18,
    # India, since 2024 with ages
    "UA": 12,
    # elsewhere, for everyone
    "AL": 0,
    "Btl": 0,
    "TP": 0,
    "Tous publics": 0,
    "APTA": 0,
    "o.A.": 0,
    "ohne Altersbeschränkung": 0,
    "Livre": 0,
    "All": 0,
    "All ages": 0,
    "Everyone": 0,
    "General": 0,
    "Universal": 0,
    "Adult": 18,
    "Adults only": 18,
    # Hong Kong
    "IIA": 12,
    "IIB": 15,
    "III": 18,
    # in words
    "Parental guidance": GUIDANCE,
    "Parental guidance suggested": GUIDANCE,
    "Restricted": 17,
}
#: What the same letters mean elsewhere: country as it may stand before a colon → certificate → least age.
ELSEWHERE: Mapping[str, Mapping[str, int]] = {
    "Australia, AU, AUS": {"M": 15, "R": 18, "X": 18},
    "New Zealand, NZ, NZL": {"M": 16, "R": 18},
    "Canada, CA, CAN": {"R": 18, "A": 18, "E": 0},
    "India, IN, IND": {"A": 18, "S": 18},
    "UK, GB, GBR, United Kingdom": {"A": GUIDANCE, "H": 16},
    "Denmark, DK, DNK": {"A": 0},
    "Norway, NO, NOR": {"A": 0},
    "Finland, FI, FIN": {"S": 0, "T": 0},
    "Italy, IT, ITA": {"T": 0},
    "Spain, ES, ESP": {"A": 0, "T": 0},
    "Brazil, BR, BRA": {"L": 0},
    "Hong Kong, HK, HKG": {"I": 0},
    "Iceland, IS, ISL": {"L": 0},
}
#: What says that nobody has rated it.
UNRATED = ("Unrated", "Not rated", "NR", "UR", "TBC", "TBA", "Pending", "Exempt", "E/W")
#: What says that censors let it pass, as they did before there were ages.
PASSED = ("Passed", "Approved")

#: An age with what systems put before and behind it: FSK 12, K-12, VM14, R-15, 16+, 12A, ab 6, U/A 13+. Few parts, so
#: that no text takes long.
_AGED = re.compile(
    r"(?:fsk|ab|k|vm|pg|nc|r|ma|m|p|x|ages?|from|over|bbfc|kijkwijzer|icaa|kmrb|ua){0,2}"
    r"(\d{1,2})(?:a|pg|plus|up|over|and|years?|jahren?|ans|anos){0,3}"
)
#: American television says with letters what children may mind.
_TELEVISION = re.compile(r"(tv(?:y7|y|g|pg|14|ma))(?:fv|[dlsv]){0,5}")
#: The word "rated", and what it is rated for.
_REASONS = re.compile(r"(?i)^(?:rated|certificate|cert\.?)\s|\sfor\s.*")
#: Nobody rates for an older one; Korea's 19 and Singapore's R21 are as adult as 18.
_OLDEST = 21


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """From which age on the item may be seen: that age over 18, and its band.

    The certificates of the MPAA, American television, the BBFC, the FSK and of others that give an age are read; a
    country may stand before one, ``AU:M``. R is 17, as children need not come alone; what only asks for parental
    guidance is 8. A letter that means unlike things is refused, but for those of the MPAA: ``M`` is the American one
    of 1968, and a warning says so.

    Missing is what has no certificate, what is unrated, what censors merely passed, and what is not known, each with
    its reason: none of them says that children may see it.
    """

    @property
    def recipe(self) -> Recipe:
        params = {
            "ages": AGES,
            "elsewhere": ELSEWHERE,
            "no_age": [*UNRATED, *PASSED],
            "patterns": [_AGED.pattern, _TELEVISION.pattern, _REASONS.pattern],
            "spelling": rules_of(spelling),
            "characters": CHARACTERS,
            "oldest": _OLDEST,
            "adult": ADULT,
            "bands": BANDS,
        }
        return Recipe(panel="reading", name="certificate", version=1, params=params)

    @property
    def needs(self) -> Needs:
        return Needs(fields=("certificate",))

    def ready(self) -> None:
        """Needs nothing beyond the core."""

    def columns(self) -> tuple[str, ...]:
        return ("least_age", *(f"ages_{name}" for name in BANDS))

    def extract(self, showings: Sequence[Showing]) -> Sequence[Feature]:
        return [_feature(showing.item.certificate) for showing in showings]


def least_age(certificate: str) -> int | None:
    """From which age on, up to 18; None where the certificate does not say.

    >>> least_age("PG-13"), least_age("FSK 16"), least_age("AU:M"), least_age("Approved")
    (13, 16, 15, None)
    """
    country, key = _parts(certificate)
    if (age := _ELSEWHERE.get((country, key))) is not None:
        return age
    television = _TELEVISION.fullmatch(key)
    if (age := _AGES.get(television[1] if television else key)) is not None:
        return age
    aged = _AGED.fullmatch(key)
    return min(int(aged[1]), ADULT) if aged and int(aged[1]) <= _OLDEST else None


def _feature(certificate: str) -> Feature:
    written = certificate.strip()
    if not written:
        return Feature.missing("the item has no certificate")
    shown = f"the item's certificate is {written[:40]!r}"
    if len(written) > CHARACTERS:
        return Feature.missing(f"{shown} and so on, {len(written):,} characters; that is none")
    country, key = _parts(written)
    if not key:
        return Feature.missing(f"{shown}, which says nothing")
    if key in _UNRATED:
        return Feature.missing(f"{shown}: nobody has rated it")
    if key in _PASSED:
        return Feature.missing(f"{shown}: it was passed, and for which age is not said")
    age = least_age(written)
    if age is None:
        return Feature.missing(
            f"{shown}, which is not known, or unlike from country to country; write an age, such as 12, or the "
            "country before it, such as IN:A"
        )
    values = np.zeros(1 + len(BANDS), np.float32)
    values[0] = age / ADULT
    values[sum(age >= least for least in BANDS.values())] = 1
    american = ("M was read as the American one of 1968; the Australian, from 15, is AU:M",)
    return Feature(values=values, warnings=american if key == "m" and not country else ())


def _parts(certificate: str) -> tuple[str, str]:
    """The keys of the country that stands before a certificate, if one does, and of the certificate itself."""
    country, _, own = certificate.strip()[:CHARACTERS].rpartition(":")
    return _key(country), _key(own)


def _key(text: str) -> str:
    """What is compared: without the word "rated", what it is rated for, and all punctuation."""
    plain = _REASONS.sub("", text.strip().replace("+", " plus "))
    return key_of(spelt(plain))


_AGES = {_key(name): age for name, age in AGES.items()}
_ELSEWHERE = {
    (_key(country), _key(name)): age
    for countries, ages in ELSEWHERE.items()
    for country in countries.split(",")
    for name, age in ages.items()
}
_UNRATED = frozenset(_key(name) for name in UNRATED)
_PASSED = frozenset(_key(name) for name in PASSED)
