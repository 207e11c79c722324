"""Alike: what two items have in common by what is written of them, in words that anyone can check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from triptych.catalogue.records import Item
from triptych.features.reading.stop_words import bare, stop_words
from triptych.features.reading.words import folded, words

#: Words of a plot that are given, the rarest first; shorter ones are not.
WORDS, LETTERS = 5, 4
#: Years apart that are still the same time.
YEARS = 5


@dataclass(frozen=True, kw_only=True)
class Alike:
    """What both have: in the order of the item that is explained. ``years``: of it and of the other, where they are
    ``YEARS`` apart or less. ``words``: of both plots, no stop words, the rarest of the catalogue first."""

    genres: tuple[str, ...] = ()
    directors: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    certificate: str = ""
    years: tuple[int, int] | None = None
    words: tuple[str, ...] = ()

    @classmethod
    def of(cls, item: Item, other: Item, *, rarity: Mapping[str, int] | None = None) -> Alike:
        """``rarity``: word → in how many plots of the catalogue it is, see :func:`rarity_of`; without it words come in
        their order in the plot."""
        near = item.year is not None and other.year is not None and abs(item.year - other.year) <= YEARS
        theirs = set(_terms(other.plot))
        shared = [word for word in dict.fromkeys(_terms(item.plot)) if word in theirs]
        if rarity is not None:
            shared.sort(key=lambda word: rarity.get(word, 0))
        return cls(
            genres=_both(item.genres, other.genres),
            directors=_both(item.directors, other.directors),
            people=_both(item.people, other.people),
            languages=_both(item.languages, other.languages),
            countries=_both(item.countries, other.countries),
            certificate=item.certificate if item.certificate == other.certificate else "",
            years=(item.year or 0, other.year or 0) if near else None,
            words=tuple(shared[:WORDS]),
        )

    @classmethod
    def with_any(cls, several: Sequence[Alike]) -> Alike:
        """What an item has in common with one of several at least."""

        def all_of(name: str) -> tuple[str, ...]:
            return tuple(dict.fromkeys(word for one in several for word in getattr(one, name)))

        return cls(
            genres=all_of("genres"),
            directors=all_of("directors"),
            people=all_of("people"),
            languages=all_of("languages"),
            countries=all_of("countries"),
            certificate=next((one.certificate for one in several if one.certificate), ""),
            years=next((one.years for one in several if one.years), None),
            words=all_of("words")[:WORDS],
        )


def rarity_of(items: Iterable[Item]) -> dict[str, int]:
    """Word → in how many plots it is. Made once for a catalogue; some seconds for ten thousand plots."""
    found: Counter[str] = Counter()
    for item in items:
        found.update(set(_terms(item.plot)))
    return dict(found)


def _both(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for word in dict.fromkeys(one) if word in other)


def _terms(plot: str) -> list[str]:
    found = (bare(folded(word)) for word in words(plot))
    stop = stop_words("en")
    return [word for word in found if len(word) >= LETTERS and word not in stop and not word.isdigit()]
