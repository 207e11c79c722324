"""Described: what is told of items and users in files or a catalogue, as the background of rating models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa

from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.history import History
from triptych.catalogue.records import Item
from triptych.catalogue.sources.movielens.account import Account
from triptych.catalogue.sources.movielens.enhanced import enhance
from triptych.catalogue.sources.movielens.films import GENRES, read_films
from triptych.catalogue.sources.movielens.generation import recognises
from triptych.catalogue.sources.movielens.movielens import MovieLens
from triptych.catalogue.sources.movielens.textfile import TextFile, first_line
from triptych.catalogue.sources.movielens.users import read_users
from triptych.errors import SourceError, UsageError
from triptych.features.recipe import Recipe
from triptych.features.store import FeatureStore
from triptych.features.table import FeatureTable
from triptych.models.background import Background, Field
from triptych.models.written import written


@dataclass(frozen=True, kw_only=True, eq=False)
class Described:
    """``features``: by title, of a catalogue's items, one vector each; ``running``: those in time, whose rows ``store``
    has. ``told``: sentences of what was left out or repaired, without their full stops."""

    items: tuple[Item, ...] = ()
    users: pa.Table | None = None
    features: Mapping[str, FeatureTable] = field(default_factory=dict[str, FeatureTable])
    running: Mapping[str, Recipe] = field(default_factory=dict[str, Recipe])
    store: FeatureStore | None = None
    told: tuple[str, ...] = ()

    @classmethod
    def of(cls, items: Path | None, users: Path | None) -> Described:
        """``items``: a catalogue's folder, one of MovieLens, the table ``items.csv``, ``u.item``, ``movies.dat`` or
        ``movies.csv``. ``users``: a folder of either, ``u.user`` or ``users.dat``."""
        found = cls() if items is None else _of_items(items)
        if users is None:
            return replace(found, users=None)
        other, told = _of_users(users)
        return replace(found, users=other, told=(*found.told, *told))

    def background(self, history: History) -> Background:
        """In the order of the history's ids; UsageError where none of them is described here."""
        of_users: list[str] = [] if self.users is None else [str(one) for one in self.users["user_id"].to_pylist()]
        for what, own, ids in (
            ("item", [item.item_id for item in self.items], history.item_ids),
            ("user", of_users, history.user_ids),
        ):
            if own and not set(own) & set(ids):
                raise UsageError(
                    f"no {what} that was described was rated or has rated; are their ids those of the ratings? "
                    f"{min(own)!r} is described, {min(ids)!r} is in the ratings."
                )
        plain = written(self.items, self.users, item_ids=history.item_ids, user_ids=history.user_ids)
        fields = dict(plain.items)
        for title, table in self.features.items():
            values, mask = table.aligned(history.item_ids)
            if mask.any():
                fields[title] = Field(values=values, mask=mask)
        return replace(plain, items=fields)


def _of_items(path: Path) -> Described:
    if path.is_dir():
        return _of_folder(path)
    account, first = _opened(path), first_line(path)
    names = [name.strip().strip('"') for name in first.split(",")]
    if {"movie id", "movie title"} <= set(names):
        found = enhance({}, TextFile.open(path, account), account, alone=True)
    elif {"movieid", "title"} <= set(names):
        found = read_films("csv", path, GENRES, account)
    elif "::" in first:
        found = read_films("dat", path, GENRES, account)
    elif first.count("|") >= 3:
        found = read_films("u", path, GENRES, account)
    else:
        raise SourceError(
            f"{str(path)!r} is no table of items that is known here: items.csv of 100K, u.item, movies.dat or "
            "movies.csv. Add it to a catalogue (triptych add), and give its folder."
        )
    return Described(items=tuple(found.values()), told=_told(account))


def _of_users(path: Path) -> tuple[pa.Table | None, tuple[str, ...]]:
    if path.is_dir():
        found = _of_folder(path)
        return found.users, ()
    account, first = _opened(path), first_line(path)
    if "::" not in first and first.count("|") != 4:
        raise SourceError(
            f"{str(path)!r} is no table of users that is known here: u.user or users.dat. Add it to a catalogue, and "
            "give its folder."
        )
    rows = read_users("dat" if "::" in first else "u", path, account)
    return rows, _told(account)


def _of_folder(path: Path) -> Described:
    if recognises(path):
        found = MovieLens(path=path).read(path)
        told = (*(f"left out of {one.what}: {one.reason}" for one in found.refused), *found.notes)
        return Described(items=tuple(found.items), users=found.users, told=told)
    catalogue = Catalogue.open(path)
    store, told = FeatureStore(catalogue.tables), list[str]()
    features: dict[str, FeatureTable] = {}
    running: dict[str, Recipe] = {}
    for title in sorted({recipe.title for recipe in store.recipes()}):
        recipe = store.recipe_of(title)
        if "learned_from" in recipe.params:
            told.append(f"{title} was not read: it has learned from items, and perhaps from those that are judged")
        elif store.holds_sequences(recipe):
            running[title] = recipe
        else:
            features[title] = store.read(recipe)
    users = catalogue.users()
    return Described(
        items=tuple(catalogue.items()),
        users=users if users.num_rows else None,
        features=features,
        running=running,
        store=store,
        told=tuple(told),
    )


def _opened(path: Path) -> Account:
    if not path.exists():
        raise SourceError(f"{str(path)!r} is not there; give a file or a folder that is.")
    return Account()


def _told(account: Account) -> tuple[str, ...]:
    return (*(f"left out of {one.what}: {one.reason}" for one in account.refused), *account.notes)


def few(told: Sequence[str], most: int = 5) -> list[str]:
    """The first ``most`` of many, and how many more there are."""
    rest = len(told) - most
    return [*told[:most], *([f"{rest:,} more of the kind"] if rest > 0 else [])]
