"""Film: what one answer of OMDb says, as the fields of an item."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar, cast

from triptych.catalogue.records import Item
from triptych.catalogue.sources.cell import number_of, text_of
from triptych.catalogue.sources.prose import prose_of

_T = TypeVar("_T")
#: More than anyone counts of films, votes or minutes.
_MOST = 1e12
_MONTHS: tuple[str, ...] = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_IMDB_ID = re.compile(r"(?:https?://)?(?:(?:www\.|m\.)?imdb\.com/(?:[a-z]{2}/)?title/)?(?:tt)?(\d{1,10})(?:[/?#].*)?")


@dataclass(frozen=True, kw_only=True)
class Film:
    """``fields`` as an item whose id is the film's; ``notes`` tell what could not be read of the answer."""

    imdb_id: str
    fields: Item
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Hit:
    """One line of a search."""

    imdb_id: str
    title: str
    year: int | None

    def __str__(self) -> str:
        return f"{self.title} ({self.year or 'no year'}) {self.imdb_id}"


def imdb_id_of(text: str) -> str | None:
    """An IMDb id in its full form, out of an id with or without its letters, or an address; None for what is none.

    >>> imdb_id_of("114709"), imdb_id_of("https://www.imdb.com/title/tt0114709/?ref_=x"), imdb_id_of("nm0000158")
    ('tt0114709', 'tt0114709', None)
    """
    found = _IMDB_ID.fullmatch(text.strip())
    return f"tt{int(found[1]):07}" if found and int(found[1]) else None


def film_of(body: Mapping[str, Any]) -> Film:
    """ValueError, as the end of a sentence, for an answer that is no film."""
    imdb_id = imdb_id_of(_text(body, "imdbID"))
    if imdb_id is None:
        raise ValueError("without an IMDb id")
    notes: list[str] = []

    def tried(name: str, read: Callable[[str], _T]) -> _T | None:
        text = _text(body, name)
        try:
            return read(text) if text else None
        except ValueError as fault:
            notes.append(f"its {name} {fault}")
            return None

    votes = tried("imdbVotes", _count_of)
    fields = Item(
        item_id=imdb_id,
        imdb_id=imdb_id,
        title=_text(body, "Title"),
        year=tried("Year", _year_of),
        released_at=tried("Released", _date_of) or "",
        runtime_min=tried("Runtime", _minutes_of),
        genres=_list(body, "Genre"),
        plot=_text(body, "Plot"),
        people=_list(body, "Actors"),
        directors=_list(body, "Director"),
        languages=_list(body, "Language"),
        countries=_list(body, "Country"),
        certificate=_text(body, "Rated"),
        poster=tried("Poster", _address_of) or "",
        imdb_rating=tried("imdbRating", _rating_of),
        imdb_votes=None if votes is None else round(votes),
    )
    return Film(imdb_id=imdb_id, fields=fields, notes=tuple(notes))


def hits_of(body: Mapping[str, Any]) -> tuple[list[Hit], int]:
    """The films of a page of a search, and how many there are on all its pages. ValueError for what is no page."""
    rows: Any = body.get("Search")
    if not isinstance(rows, list):
        raise ValueError("without a list of films")
    hits: list[Hit] = []
    for row in cast("list[Any]", rows):
        if not isinstance(row, dict):
            raise ValueError("with a film that is no object")
        cells = cast("dict[str, Any]", row)
        imdb_id = imdb_id_of(_text(cells, "imdbID"))
        if imdb_id is None:
            raise ValueError("with a film that has no IMDb id")
        year = re.match(r"\d{4}", _text(cells, "Year"))
        hits.append(Hit(imdb_id=imdb_id, title=_text(cells, "Title"), year=int(year[0]) if year else None))
    total = _count_of(_text(body, "totalResults"))
    return hits, max(len(hits), round(total or 0))


def _text(body: Mapping[str, Any], name: str) -> str:
    """Plain text, "" for "N/A" and for what is not there."""
    value = body.get(name)
    if isinstance(value, bool):
        raise ValueError(f"whose {name} is {value}, not text")
    try:
        return prose_of(value)
    except ValueError as fault:
        raise ValueError(f"whose {name} {fault}") from fault


def _list(body: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Names between commas, each once, without what is noted of them in brackets."""
    parts = (re.sub(r"\s*\([^()]*\)", "", part) for part in _text(body, name).split(","))
    return tuple(dict.fromkeys(text for part in parts if (text := text_of(part))))


def _year_of(text: str) -> int:
    found = re.fullmatch(r"(\d{4})(?:\s*[-–—]\s*(?:\d{4})?)?", text)
    if found is None or not 1870 <= int(found[1]) <= 2200:
        raise ValueError(f"{text[:40]!r} is no year")
    return int(found[1])


def _date_of(text: str) -> str:
    """ISO 8601. The months are English whatever the language of this computer."""
    found = re.fullmatch(r"(\d{1,2}) (\w{3}) (\d{4})", text)
    if found is None or found[2] not in _MONTHS:
        raise ValueError(f"{text[:40]!r} is no date")
    try:
        return date(int(found[3]), _MONTHS.index(found[2]) + 1, int(found[1])).isoformat()
    except ValueError as fault:
        raise ValueError(f"{text[:40]!r} is no date") from fault


def _minutes_of(text: str) -> float | None:
    if found := re.fullmatch(r"(\d{1,3}) ?h(?: ?(\d{1,2}) ?min)?", text):
        return 60.0 * int(found[1]) + int(found[2] or 0)
    if re.fullmatch(r"[\d,.]+( ?S)?( ?min)?", text) is None:
        raise ValueError(f"{text[:40]!r} is no number of minutes")
    return _count_of(text) or None


def _count_of(text: str) -> float | None:
    """A number that is also an integer of 64 bits when rounded."""
    number = number_of(text)
    if number is not None and number > _MOST:
        raise ValueError(f"{text[:40]!r} is more than there is of anything")
    return number


def _rating_of(text: str) -> float | None:
    number = number_of(text)
    if number is not None and not 0 <= number <= 10:
        raise ValueError(f"{text[:40]!r} is not within 0 to 10")
    return number


def _address_of(text: str) -> str:
    if re.fullmatch(r"https?://[^\s<>\"]+", text) is None:
        raise ValueError(f"{text[:40]!r} is no address")
    return text
