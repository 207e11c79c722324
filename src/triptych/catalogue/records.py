"""Records: the item and the clip, as they are spoken of everywhere above the tables."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Item:
    """One recommendable video. Absent text is an empty string, absent lists are empty, absent numbers None.

    ``people`` are the cast, in their order; ``url`` is where its clip can be had, ``poster`` where its poster is.
    ``imdb_id`` is written with its letters (``tt0114709``). ``imdb_rating`` [0, 10] and ``imdb_votes`` tell what
    another audience thought: facts for an account, which no panel reads.
    """

    item_id: str
    title: str = ""
    year: int | None = None
    released_at: str = ""
    runtime_min: float | None = None
    genres: tuple[str, ...] = ()
    plot: str = ""
    people: tuple[str, ...] = ()
    directors: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    certificate: str = ""
    url: str = ""
    poster: str = ""
    imdb_id: str = ""
    tmdb_id: str = ""
    imdb_rating: float | None = None
    imdb_votes: int | None = None


@dataclass(frozen=True, kw_only=True)
class Clip:
    """The media file that stands for an item.

    ``fingerprint`` changes when the file's content does, so that a replaced file is measured again.
    """

    item_id: str
    path: str
    bytes: int
    fingerprint: str
