"""Worlds: a small catalogue whose every field is awkward, and features whose numbers are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.interactions import INTERACTIONS
from triptych.catalogue.records import Item
from triptych.catalogue.sources.source import Addition
from triptych.catalogue.tags import TAGS
from triptych.catalogue.users import USERS
from triptych.features.feature import Feature
from triptych.features.recipe import Recipe
from triptych.features.store import FeatureStore

COLOUR = Recipe(panel="seeing", name="tint", params={"bins": 2})
SOUND = Recipe(panel="hearing", name="hum")
WORDS = Recipe(panel="reading", name="wit")

#: Ids and texts that something between here and there would like to take for something else.
AWKWARD = [
    'a "b" c',
    "tab\there",
    "two\nlines",
    "50% off",
    "%41",
    "%",
    "nan",
    "None",
    "NULL",
    "007",
    "1.0",
    "-",
    "../../etc/passwd",
    "é 🎬",
    "x" * 900,
    "\x1b[2J",
    "a,b;c|d",
    '"',
    "'",
    "\\",
    "#",
    "A",
    "a",
    "CON",
]


@dataclass(frozen=True, kw_only=True)
class Given:
    """A source that offers just this."""

    items: Sequence[Item] = ()
    interactions: pa.Table | None = None
    users: pa.Table | None = None
    tags: pa.Table | None = None

    def read(self, folder: Path) -> Addition:
        return Addition(items=self.items, interactions=self.interactions, users=self.users, tags=self.tags)


def catalogue_of(folder: Path, **parts: Any) -> Catalogue:
    made = Catalogue.init(folder)
    made.add(Given(**parts))
    return made


def events(*rows: tuple[str, str, float, int | None, str]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * 5
    return pa.table(dict(zip(INTERACTIONS.names, map(list, columns), strict=True)), schema=INTERACTIONS)


def awkward(folder: Path) -> Catalogue:
    """Every awkward text as an id, a title and a part of a list; floats, times and absences that are easily lost."""
    items = [
        Item(
            item_id=text,
            title=text,
            year=1900 + k,
            runtime_min=k / 7,
            genres=("Film Noir", text, "War"),
            plot=f"{text}\n\n  {text} ",
            people=(text,),
            certificate="N/A",
            imdb_rating=0.1 * k,
            imdb_votes=2**53 + k,
        )
        for k, text in enumerate(AWKWARD)
    ]
    items += [Item(item_id="bare"), Item(item_id="empty part", genres=("",)), Item(item_id="odd", title=" %20 ")]
    kinds = ("rating", "like", "play", "skip")
    values = [0.1, 1 / 3, 3.4028234663852886e38, 1e-45, 5.0, 16777216.0, -2.5]
    rows = [
        (user, item, values[(j + k) % len(values)], None if k % 5 == 0 else 2**60 + k, kinds[(j + k) % 4])
        for j, user in enumerate(AWKWARD)
        for k, item in enumerate(AWKWARD[:7])
    ]
    users = pa.table(
        {
            "user_id": AWKWARD,
            "age": [None if k % 3 else k for k in range(len(AWKWARD))],
            "gender": ["" if k % 2 else None for k in range(len(AWKWARD))],
            "occupation": AWKWARD,
            "region": [None] * len(AWKWARD),
        },
        schema=USERS,
    )
    said = {"user_id": ["u", "u"], "item_id": ["A", "a"], "tag": AWKWARD[:2], "timestamp": [1, None]}
    tags = pa.table(said, schema=TAGS)
    return catalogue_of(folder, items=items, interactions=events(*rows), users=users, tags=tags)


def store(catalogue: Catalogue, recipe: Recipe, vectors: Mapping[str, Sequence[float] | str]) -> None:
    """Write a feature: of each item the vector, or the reason why it is missing."""
    features = {
        item_id: Feature.missing(found) if isinstance(found, str) else Feature(values=np.array(found, np.float32))
        for item_id, found in vectors.items()
    }
    with catalogue.writing("test"):
        FeatureStore(catalogue.tables).write(recipe, features)


def same(one: Catalogue, other: Catalogue) -> bool:
    """Whether two catalogues hold the same items, interactions, users and tags, in whatever order."""

    def rows(table: pa.Table) -> list[str]:
        return sorted(map(repr, table.to_pylist()))

    def items(catalogue: Catalogue) -> dict[str, Item]:
        return {item.item_id: item for item in catalogue.items()}

    return items(one) == items(other) and all(
        rows(mine) == rows(theirs)
        for mine, theirs in (
            (one.interactions(), other.interactions()),
            (one.users(), other.users()),
            (one.tags(), other.tags()),
        )
    )
