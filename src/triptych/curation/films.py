"""Films: what the items of a catalogue are: their years, genres, languages, lengths, and how much is told of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from triptych.catalogue.records import Item
from triptych.curation.distributions import Histogram, Summary, Tally, histogram, summary, tally

#: The genres of which pairs and decades are counted; a catalogue may have hundreds.
GENRES = 24
FIELDS: dict[str, Callable[[Item], object]] = {
    "title": lambda item: item.title,
    "year": lambda item: item.year,
    "release date": lambda item: item.released_at,
    "runtime": lambda item: item.runtime_min,
    "genres": lambda item: item.genres,
    "plot": lambda item: item.plot,
    "people": lambda item: item.people,
    "directors": lambda item: item.directors,
    "languages": lambda item: item.languages,
    "countries": lambda item: item.countries,
    "certificate": lambda item: item.certificate,
    "link to a clip": lambda item: item.url,
    "poster": lambda item: item.poster,
    "IMDb id": lambda item: item.imdb_id,
    "TMDb id": lambda item: item.tmdb_id,
    "IMDb rating": lambda item: item.imdb_rating,
    "IMDb votes": lambda item: item.imdb_votes,
}


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """Of how many items a field is known."""

    field: str
    known: int
    of: int


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Genres that stand together. ``shares[a][b]``: of the items of genre a, the share that is of genre b too."""

    names: tuple[str, ...]
    shares: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Decades:
    """``items[d]`` of each decade have a year, and of those that have a genre too ``counts[g][d]`` are of genre g.

    ``shares[g][d]`` is that of the decade's items that have a genre; 0 where there are none.
    """

    names: tuple[str, ...]
    items: tuple[int, ...]
    genres: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    shares: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Films:
    """The items of a catalogue. ``years``: (year, items), without the years that have none."""

    coverage: tuple[Coverage, ...]
    year: Summary | None
    years: tuple[tuple[int, int], ...]
    decades: Decades
    genres: Tally
    genres_each: float | None
    pairs: Pairs
    languages: Tally
    countries: Tally
    runtime_min: Summary | None
    runtimes_min: Histogram | None
    plot_words: Summary | None
    plots_words: Histogram | None


def films_of(items: Sequence[Item]) -> Films:
    """Only what is known counts; of how many it is known, ``coverage`` tells."""
    years = np.array([item.year for item in items if item.year is not None], np.int64)
    runtimes = np.array([item.runtime_min for item in items if item.runtime_min is not None], np.float64)
    words = np.array([len(item.plot.split()) for item in items if item.plot], np.float64)
    genres = tally(item.genres for item in items)
    top = genres.names[:GENRES]
    each = [len(set(item.genres)) for item in items if item.genres]
    found, counts = np.unique(years, return_counts=True)
    return Films(
        coverage=tuple(
            Coverage(field=name, known=sum(read(item) not in (None, "", ()) for item in items), of=len(items))
            for name, read in FIELDS.items()
        ),
        year=summary(years),
        years=tuple(zip(found.tolist(), counts.tolist(), strict=True)),
        decades=_decades(items, top),
        genres=genres,
        genres_each=float(np.mean(each)) if each else None,
        pairs=_pairs(items, top),
        languages=tally(item.languages for item in items),
        countries=tally(item.countries for item in items),
        runtime_min=summary(runtimes),
        runtimes_min=histogram(runtimes),
        plot_words=summary(words),
        plots_words=histogram(words),
    )


def decade_of(item: Item) -> str | None:
    """
    >>> decade_of(Item(item_id="a", year=1994)), decade_of(Item(item_id="b"))
    ('1990s', None)
    """
    return None if item.year is None else f"{item.year // 10 * 10}s"


def decades_of(items: Sequence[Item]) -> tuple[str, ...]:
    """Those that the items are of, the earliest first."""
    starts = sorted({item.year // 10 * 10 for item in items if item.year is not None})
    return tuple(f"{start}s" for start in starts)


def _membership(items: Sequence[Item], names: Sequence[str]) -> NDArray[np.float32]:
    """float32 ``(items, names)``: 1 where an item is of a genre."""
    place = {name: k for k, name in enumerate(names)}
    held = np.zeros((len(items), len(names)), np.float32)
    for row, item in enumerate(items):
        for name in item.genres:
            if name in place:
                held[row, place[name]] = 1
    return held


def _pairs(items: Sequence[Item], names: Sequence[str]) -> Pairs:
    held = _membership(items, names)
    together = (held.T @ held).astype(np.float64)
    shares = together / np.maximum(np.diag(together), 1)[:, None]
    return Pairs(names=tuple(names), shares=tuple(tuple(row) for row in shares.tolist()))


def _decades(items: Sequence[Item], genres: Sequence[str]) -> Decades:
    names = decades_of(items)
    place = {name: k for k, name in enumerate(names)}
    dated = [(item, place[decade]) for item in items if (decade := decade_of(item)) is not None]
    at = np.array([decade for _, decade in dated], np.int64)
    told = np.array([bool(item.genres) for item, _ in dated], bool)
    held = _membership([item for item, _ in dated], genres)
    counts = np.zeros((len(genres), len(names)), np.int64)
    for decade in range(len(names)):
        counts[:, decade] = held[at == decade].sum(axis=0)
    with_genre = np.bincount(at[told], minlength=len(names))
    shares = counts / np.maximum(with_genre, 1)
    return Decades(
        names=names,
        items=tuple(np.bincount(at, minlength=len(names)).tolist()),
        genres=tuple(genres),
        counts=tuple(tuple(row) for row in counts.tolist()),
        shares=tuple(tuple(row) for row in shares.tolist()),
    )
