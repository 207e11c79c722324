"""MovieLens: the source. A folder of any generation becomes items, interactions, users and tags."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from triptych.catalogue.records import Item
from triptych.catalogue.sources.clipfile import SUFFIXES
from triptych.catalogue.sources.movielens.account import Account
from triptych.catalogue.sources.movielens.enhanced import enhance
from triptych.catalogue.sources.movielens.films import GENRES, read_films, read_genres, read_links
from triptych.catalogue.sources.movielens.generation import Generation, generation_at
from triptych.catalogue.sources.movielens.ratings import read_ratings
from triptych.catalogue.sources.movielens.tags import read_tags
from triptych.catalogue.sources.movielens.textfile import TextFile
from triptych.catalogue.sources.movielens.users import read_users
from triptych.catalogue.sources.source import Addition

_RATINGS = {"u": "u.data", "dat": "ratings.dat", "csv": "ratings.csv"}
_FILMS = {"u": "u.item", "dat": "movies.dat", "csv": "movies.csv"}
_USERS = {"u": "u.user", "dat": "users.dat"}
_TAGS = {"dat": "tags.dat", "csv": "tags.csv"}


@dataclass(frozen=True, kw_only=True)
class MovieLens:
    """A folder as it was unpacked, or the one around it. Each file may be missing; what is there is read.

    100K: ``u.data``, ``u.item``, ``u.user``, ``u.genre``, and the enhanced table ``items.csv``. 1M and 10M:
    ``ratings.dat``, ``movies.dat``, ``users.dat``, ``tags.dat``. 20M and later: ``ratings.csv``, ``movies.csv``,
    ``tags.csv``, ``links.csv``. The tag genome is a feature, see :func:`~.genome.genome`; splits such as ``u1.base``
    are not read. ``progress``: told how many bytes of how many of the ratings are read.
    """

    path: Path
    progress: Callable[[int, int], None] | None = None

    def read(self, folder: Path) -> Addition:
        generation = generation_at(self.path)
        account = Account()
        account.notes.append(f"this is MovieLens {generation.name}: {', '.join(generation.files())}")
        if any(entry.suffix.lower() in SUFFIXES for entry in generation.folder.iterdir()):
            account.notes.append("there are clips among the files, which were not looked at; add them as a folder")
        items = _items(generation, account)
        layout = generation.layout
        events: pa.Table | None = None
        users: pa.Table | None = None
        tags: pa.Table | None = None
        if (path := generation.file(_RATINGS[layout])) is not None:
            events = read_ratings(generation, path, account, progress=self.progress)
        if layout in _USERS and (path := generation.file(_USERS[layout])) is not None:
            users = read_users(layout, path, account)
        if layout in _TAGS and (path := generation.file(_TAGS[layout])) is not None:
            tags = read_tags(layout, path, account)
        return Addition(
            items=list(items.values()),
            interactions=events,
            users=users,
            tags=tags,
            refused=tuple(account.refused),
            notes=tuple(account.notes),
            unused_columns=tuple(sorted(account.unused)),
        )


def _items(generation: Generation, account: Account) -> dict[str, Item]:
    films = generation.file(_FILMS[generation.layout])
    genres: Sequence[str] = GENRES
    if generation.layout == "u" and (named := generation.file("u.genre")) is not None:
        genres = read_genres(named, account) or GENRES
    items = {} if films is None else read_films(generation.layout, films, genres, account)
    if generation.layout == "u" and (table := generation.file("items.csv")) is not None:
        items = enhance(items, TextFile.open(table, account), account, alone=films is None)
    if generation.layout == "csv" and (links := generation.file("links.csv")) is not None:
        items = read_links(links, items, account)
    return items
